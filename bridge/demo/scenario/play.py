"""Playing an act twice on a scaled clock, and judging what came of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from bridge.demo.playground import Playground
from bridge.demo.scenario.acts import Act
from bridge.demo.scenario.outcome import Outcome
from bridge.demo.scenario.story import Story

SCALE: Final = 0.012
"""Real seconds for a second of the timeline: quick enough to wait for, slow enough that the order of things is real."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way through an act: what was seen at each beat, and what became of the cart."""

    cart_id: int
    seen: tuple[str, ...]
    outcome: Outcome
    told: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """An act, played without the bridge and with it."""

    act: Act
    before: Way
    after: Way

    @property
    def faults(self) -> tuple[str, ...]:
        """Why the act does not prove what it should; empty when it does."""
        return (*_without_proof(self.before.outcome), *_unclean(self.after.outcome), *self._own())

    def _own(self) -> tuple[str, ...]:
        fault = self.act.find_fault(self.after.outcome, self.after.told)
        return (fault,) if fault else ()


def play(act: Act, ground: Playground, *, scale: float = SCALE) -> Played:
    """Both ways through the act, each with a cart of its own."""
    ground.mollie.webhooks.hold()
    try:
        return Played(
            act=act,
            before=_go(act, Story(ground, with_bridge=False), scale),
            after=_go(act, Story(ground, with_bridge=True), scale),
        )
    finally:
        ground.guard(on=True)
        ground.mollie.webhooks.release()


def _go(act: Act, story: Story, scale: float) -> Way:
    story.guard(on=act.installed)
    began = time.monotonic()
    seen = []
    for beat in act.beats:
        _wait_until(began + beat.second * scale)
        seen.append(beat.do(story))
    return Way(cart_id=story.cart_id, seen=tuple(seen), outcome=story.outcome(), told=tuple(story.told))


def _wait_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


def _without_proof(outcome: Outcome) -> tuple[str, ...]:
    if len(outcome.paid) < 2 or outcome.too_much.minor == 0:
        return ("without the bridge the cart was not paid twice, so nothing is proven",)
    return ()


def _unclean(outcome: Outcome) -> tuple[str, ...]:
    faults = []
    if len(outcome.references) != 1:
        faults.append(f"with the bridge there are {len(outcome.references)} orders instead of one")
    if outcome.too_much.minor:
        faults.append(f"with the bridge {outcome.too_much.value} {outcome.owed.currency} were taken too much")
    elif outcome.held != outcome.owed:
        faults.append("with the bridge the order is not paid in full")
    return tuple(faults)
