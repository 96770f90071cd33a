"""How the reader finds a shop's settings on a database: Mollie's key, invoices, groups and multishop."""

from __future__ import annotations

import pytest

from bridge.ports.shop import MollieAccess
from tests.contract.shop_tables import WrittenShop


def test_the_environment_chooses_the_key(sqlite_rig: WrittenShop) -> None:
    sqlite_rig.configure("MOLLIE_API_KEY_TEST", "test_1")
    sqlite_rig.configure("MOLLIE_API_KEY", " live_1 ")
    sqlite_rig.configure("MOLLIE_ENVIRONMENT", "0")
    assert sqlite_rig.shop.find_mollie_access(1) == MollieAccess(api_key="test_1", live=False)

    sqlite_rig.configure("MOLLIE_ENVIRONMENT", "1")
    assert sqlite_rig.shop.find_mollie_access(1) == MollieAccess(api_key="live_1", live=True)


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_mode_without_a_key_is_no_access(sqlite_rig: WrittenShop, value: str | None) -> None:
    sqlite_rig.configure("MOLLIE_ENVIRONMENT", "1")
    sqlite_rig.configure("MOLLIE_API_KEY", value)

    assert sqlite_rig.shop.find_mollie_access(1) is None


def test_the_shops_own_key_comes_before_the_groups_and_that_before_the_global_one(sqlite_rig: WrittenShop) -> None:
    for shop, group in ((2, 5), (3, 5), (4, 6)):
        sqlite_rig.add_shop(shop, group)
    sqlite_rig.configure("MOLLIE_API_KEY_TEST", "test_global")
    sqlite_rig.configure("MOLLIE_API_KEY_TEST", "test_group5", group=5)
    sqlite_rig.configure("MOLLIE_API_KEY_TEST", "test_shop2", shop=2, group=5)

    keys = [access.api_key for shop in (2, 3, 4, 1) if (access := sqlite_rig.shop.find_mollie_access(shop))]

    assert keys == ["test_shop2", "test_group5", "test_global", "test_global"]


def test_each_setting_is_looked_up_by_itself(sqlite_rig: WrittenShop) -> None:
    sqlite_rig.add_shop(2, 5)
    sqlite_rig.configure("MOLLIE_API_KEY", "live_global")
    sqlite_rig.configure("MOLLIE_ENVIRONMENT", "1", shop=2, group=5)

    assert sqlite_rig.shop.find_mollie_access(2) == MollieAccess(api_key="live_global", live=True)


def test_null_in_the_shops_own_row_falls_back_but_an_empty_key_does_not(sqlite_rig: WrittenShop) -> None:
    sqlite_rig.add_shop(2, 5)
    sqlite_rig.add_shop(3, 5)
    sqlite_rig.configure("MOLLIE_API_KEY_TEST", "test_global")
    sqlite_rig.configure("MOLLIE_API_KEY_TEST", None, shop=2, group=5)
    sqlite_rig.configure("MOLLIE_API_KEY_TEST", "", shop=3, group=5)

    access = sqlite_rig.shop.find_mollie_access(2)

    assert access is not None
    assert access.api_key == "test_global"
    assert sqlite_rig.shop.find_mollie_access(3) is None


def test_zero_means_global_as_null_does(sqlite_rig: WrittenShop) -> None:
    sqlite_rig.configure("MOLLIE_API_KEY_TEST", None)
    sqlite_rig.configure("MOLLIE_API_KEY_TEST", "test_zero", shop=0, group=0)

    access = sqlite_rig.shop.find_mollie_access(1)

    assert access is not None
    assert access.api_key == "test_zero"


def test_with_multishop_switched_off_only_global_settings_count(sqlite_rig: WrittenShop) -> None:
    sqlite_rig.configure("MOLLIE_API_KEY_TEST", "test_global")
    sqlite_rig.configure("MOLLIE_API_KEY_TEST", "test_left_over", shop=1, group=1)
    sqlite_rig.configure("PS_MULTISHOP_FEATURE_ACTIVE", "0")

    access = sqlite_rig.shop.find_mollie_access(1)

    assert access is not None
    assert access.api_key == "test_global"


def test_the_key_does_not_show_when_the_access_is_printed(sqlite_rig: WrittenShop) -> None:
    assert "storefront" not in repr(sqlite_rig.shop.find_mollie_access(1))


def test_a_shop_that_makes_no_invoices_expects_none(sqlite_rig: WrittenShop) -> None:
    cart = sqlite_rig.add_cart()
    sqlite_rig.add_order(cart, invoice=False)
    sqlite_rig.configure("PS_INVOICE", "0")

    record = sqlite_rig.shop.find_record(cart)

    assert record is not None
    assert not record.expects_invoice
