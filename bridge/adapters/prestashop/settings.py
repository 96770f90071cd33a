"""The shop's settings as PrestaShop looks them up: the shop's own, else its group's, else everybody's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from bridge.ports.shop import MollieAccess

_SHOP, _GROUP, _GLOBAL = 2, 1, 0
_OFF: Final = frozenset({"", "0"})


class SettingRow(Protocol):
    """A row of the configuration table: of the asked shop, of its group, or global (both ids NULL or 0)."""

    name: str
    value: str | None
    id_shop: int | None
    id_shop_group: int | None


def effective_settings(rows: Iterable[SettingRow]) -> dict[str, str]:
    """The values in force, by name.

    | row | counts |
    |---|---|
    | of the shop | before its group's and the global one |
    | of the group | before the global one |
    | NULL at any level | as absent (`Configuration::hasKey` is an `isset`) |
    | of shop or group, multishop switched off | not at all (`Shop::isFeatureActive`) |
    """
    levels: dict[int, dict[str, str]] = {_SHOP: {}, _GROUP: {}, _GLOBAL: {}}
    for row in rows:
        if row.value is not None:
            level = _SHOP if row.id_shop else _GROUP if row.id_shop_group else _GLOBAL
            levels[level][row.name] = row.value
    if levels[_GLOBAL].get("PS_MULTISHOP_FEATURE_ACTIVE") in _OFF:
        return levels[_GLOBAL]
    return levels[_GLOBAL] | levels[_GROUP] | levels[_SHOP]


def mollie_access(settings: dict[str, str]) -> MollieAccess | None:
    """The key of the mode that the module is in; None when that mode has no key.

    MOLLIE_ENVIRONMENT is 1 for live; all else, also its absence, is test, as for the module.
    """
    live = settings.get("MOLLIE_ENVIRONMENT", "").strip() == "1"
    key = settings.get("MOLLIE_API_KEY" if live else "MOLLIE_API_KEY_TEST", "").strip()
    return MollieAccess(api_key=key, live=live) if key else None


def makes_invoices(settings: dict[str, str]) -> bool:
    """Whether the shop numbers invoices at all (PS_INVOICE, on in a new shop)."""
    return settings.get("PS_INVOICE", "1").strip() not in _OFF
