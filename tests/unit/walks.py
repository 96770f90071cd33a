"""Walks of reconciling over a world in memory, and what they find."""

from __future__ import annotations

from bridge.domain.reconciliation import Finding, FindingKind, Remedy
from bridge.services.reconciliation import Walk
from tests.unit.world import World

K, R = FindingKind, Remedy


def walk(world: World, shop_id: int = 1, **named: object) -> list[Finding]:
    """All findings of a walk."""
    pages = world.services.reconciliation.pages(Walk(shop_id=shop_id, rate=1e9, **named))  # type: ignore[arg-type]
    return [finding for page in pages for finding in page.findings]


def only(world: World, shop_id: int = 1) -> Finding:
    """The one finding of a walk."""
    (finding,) = walk(world, shop_id)
    return finding
