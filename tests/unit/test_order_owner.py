"""For which payment the cart's order was made, as far as the shop's tables tell."""

from __future__ import annotations

import pytest

from bridge.domain.shop import (
    OrderOwner,
    OwnedBy,
    OwnedElsewhere,
    OwnerUnknown,
    ShopOrder,
    ShopPayment,
    find_order_owner,
)
from tests.unit.builders import a_row, a_view, an_order

ORDER = an_order(5, "MADE")
SPLIT = an_order(6, "MADE")
WIRE = an_order(4, "WIRE", module="ps_wirepayment")


@pytest.mark.parametrize(
    ("orders", "payments", "owner"),
    [
        pytest.param((), (), None, id="no order"),
        pytest.param((), (a_row("tr_1", "paid"),), None, id="paid, and no order yet"),
        pytest.param((WIRE,), (), OwnedElsewhere("ps_wirepayment"), id="another module"),
        pytest.param(
            (WIRE,), (a_row("tr_1", "paid", order_id=4),), OwnedElsewhere("ps_wirepayment"), id="absorbed by another's"
        ),
        pytest.param((WIRE, ORDER), (), OwnedElsewhere("ps_wirepayment"), id="another module first"),
        pytest.param((ORDER,), (a_row("tr_1", "paid", order_id=5),), OwnedBy("tr_1"), id="linked and paid"),
        pytest.param((ORDER,), (a_row("tr_1", "authorized", order_id=5),), OwnedBy("tr_1"), id="linked, authorised"),
        pytest.param((ORDER,), (a_row("tr_1", "open", order_id=5),), OwnedBy("tr_1", paid=False), id="bank transfer"),
        pytest.param(
            (ORDER,),
            (a_row("tr_1", "open", order_id=5), a_row("tr_2", "paid", order_id=5)),
            OwnedBy("tr_2"),
            id="the paid row of two linked ones",
        ),
        pytest.param(
            (ORDER,),
            (a_row("tr_1", "paid", order_id=5), a_row("tr_2", "paid", order_id=5)),
            OwnedBy("tr_1"),
            id="the oldest paid row: the other was absorbed",
        ),
        pytest.param(
            (ORDER,),
            (a_row("tr_1", "paid", order_id=0), a_row("tr_2", "paid", order_id=5)),
            OwnedBy("tr_2"),
            id="linked before paid and unlinked",
        ),
        pytest.param((ORDER, SPLIT), (a_row("tr_1", "paid", order_id=6),), OwnedBy("tr_1"), id="split order"),
        pytest.param((ORDER,), (a_row("tr_1", "open"),), OwnedBy("tr_1", paid=False), id="the only row, not linked"),
        pytest.param((ORDER,), (a_row("tr_1"), a_row("tr_2")), OwnerUnknown(), id="several, none linked"),
        pytest.param((ORDER,), (), OwnerUnknown(), id="no row at all"),
    ],
)
@pytest.mark.req("P3")
def test_the_tables_tell_for_which_payment_an_order_was_made(
    orders: tuple[ShopOrder, ...], payments: tuple[ShopPayment, ...], owner: OrderOwner | None
) -> None:
    assert find_order_owner(a_view(orders=orders, payments=payments)) == owner


def test_a_split_order_has_one_reference() -> None:
    assert a_view(orders=(ORDER, SPLIT)).references == ("MADE",)


def test_a_duplicate_order_has_two() -> None:
    assert a_view(orders=(ORDER, an_order(7, "AGAIN"), SPLIT)).references == ("MADE", "AGAIN")
