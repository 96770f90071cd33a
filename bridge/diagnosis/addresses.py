"""Where the shop is reached: from `ps_shop_url` where it may be read, else from the shop's configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.diagnosis.untestable import NoAddress, Untestable
from bridge.diagnosis.web import ShopAddress

if TYPE_CHECKING:
    from bridge.diagnosis.installation import Installation

_MOST = 20
"""Shops of a multishop that are looked at."""


def find_addresses(installation: Installation) -> tuple[ShopAddress, ...]:
    """The main address of each shop. Raises `Untestable`."""
    settings = installation.shop_settings
    secure = settings.get("PS_SSL_ENABLED") == "1"
    try:
        rows = installation.rows(
            "SELECT domain, domain_ssl, physical_uri, virtual_uri "  # noqa: S608  (a checked prefix)
            f"FROM {installation.table('shop_url')} WHERE main = 1 AND active = 1 ORDER BY id_shop LIMIT {_MOST}"
        )
        found = [(row.domain_ssl if secure else row.domain, f"{row.physical_uri}{row.virtual_uri}") for row in rows]
    except Untestable:
        found = []
    named = settings.get("PS_SHOP_DOMAIN_SSL" if secure else "PS_SHOP_DOMAIN") or settings.get("PS_SHOP_DOMAIN")
    if not found and named:
        found = [(named, "/")]
    if not found:
        raise NoAddress("the shop's database names no address of it")
    return tuple(
        ShopAddress(
            base=f"{'https' if secure else 'http'}://{domain}/{path.strip('/')}".rstrip("/") + "/",
            rewrites=settings.get("PS_REWRITING_SETTINGS") == "1",
            through=installation.settings.webhooks.shop_url,
        )
        for domain, path in found
    )
