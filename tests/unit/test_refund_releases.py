"""Surplus money that is only reserved: it is let go of, and never refunded; once it is taken, it is refunded."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridge.domain.errors import BridgeError, InvalidRequest, MollieRefused, MollieTimeout
from bridge.domain.records import RefundKind, RefundState
from bridge.services.refunds import RefundRequest
from tests.unit.builders import eur
from tests.unit.money_back import an_hour_later, given_back, notices, paid_twice, refunds_of, sent, states_of
from tests.unit.world import Killed, World

S = RefundState


@pytest.fixture
def world() -> Iterator[World]:
    """`tr_2` (14.40) is authorised for a cart that is paid; its release is queued."""
    made = paid_twice("refund", status="authorized")
    yield made
    made.close()


@pytest.mark.req("P3")
def test_what_is_reserved_is_let_go_of(world: World) -> None:
    world.services.refunds.work_due()

    (release,) = refunds_of(world)
    assert (release.kind, release.state, release.mollie_refund_id) == (RefundKind.RELEASE, S.REFUNDED, None)
    assert sent(world) == ["release_authorization"]
    assert world.mollie.payments["tr_2"].status == "canceled"
    assert world.attempt("tr_2").state == "refunded"
    assert world.shop.find_payment("tr_2").bank_status == "refunded"  # type: ignore[union-attr]


@pytest.mark.req("P3")
def test_the_news_of_the_release_reaches_nobody(world: World) -> None:
    world.services.refunds.work_due()
    world.deliver("tr_2")

    assert world.told == ["tr_1"]
    assert world.state.settled_transaction_id == "tr_1"
    assert states_of(world) == ["refunded"]


@pytest.mark.req("P3", "L15", "B9")
@pytest.mark.parametrize("kills", [True, False])
def test_a_release_that_breaks_off_anywhere_is_made_once(*, kills: bool) -> None:
    for at in range(1, 40):
        world = paid_twice("refund", status="authorized")
        world.fuse.set(at, kills=kills)
        try:
            world.services.refunds.work_due()
        except Killed:
            world.run()
        except BridgeError:
            pass
        world.fuse.set(None, kills=False)
        for _ in range(5):
            an_hour_later(world)
            world.services.refunds.work_due()
        assert states_of(world) == ["refunded"], f"at crossing {at}"
        assert world.mollie.payments["tr_2"].status == "canceled"
        assert "refund_failed" not in [notice.kind.value for notice in notices(world)]
        world.close()


@pytest.mark.req("P3")
def test_what_was_taken_before_the_release_was_sent_is_refunded_instead(world: World) -> None:
    world.mollie.set("tr_2", "paid")
    world.services.refunds.work_due()
    assert states_of(world) == ["dropped"]
    assert refunds_of(world)[0].last_error == "nothing is reserved any more: the payment is paid"
    assert sent(world) == []

    world.deliver("tr_2")
    world.services.refunds.work_due()

    assert [(each.kind, each.state) for each in refunds_of(world)] == [
        (RefundKind.RELEASE, S.DROPPED),
        (RefundKind.REFUND, S.REFUNDED),
    ]
    assert given_back(world) == 1440


@pytest.mark.req("P3", "B9")
def test_what_was_taken_while_nobody_knew_of_the_release_is_refunded(world: World) -> None:
    world.mollie.fail("release_authorization", MollieTimeout("slow"))
    world.services.refunds.work_due()
    assert states_of(world) == ["uncertain"]
    world.mollie.set("tr_2", "paid")
    world.deliver("tr_2")
    for _ in range(3):
        an_hour_later(world)
        world.services.refunds.work_due()

    assert states_of(world) == ["dropped", "refunded"]
    assert given_back(world) == 1440


@pytest.mark.req("P3", "B9")
@pytest.mark.parametrize("status", ["canceled", "expired", "failed"])
def test_what_ended_by_itself_while_nobody_knew_is_let_go_of(world: World, status: str) -> None:
    world.mollie.fail("release_authorization", MollieTimeout("slow"))
    world.services.refunds.work_due()
    world.mollie.set("tr_2", status)
    an_hour_later(world)
    world.services.refunds.work_due()

    assert states_of(world) == ["refunded"]
    assert sent(world) == ["release_authorization"]


@pytest.mark.req("P3")
def test_a_release_that_mollie_refuses_is_told(world: World) -> None:
    world.mollie.fail("release_authorization", MollieRefused("a capture is under way", status=422))
    world.services.refunds.work_due()

    assert states_of(world) == ["failed"]
    assert [notice.kind.value for notice in notices(world)] == ["surplus", "refund_failed"]
    assert notices(world)[0].detail["authorized"] is True


@pytest.mark.req("P3")
def test_a_proposed_release_is_let_go_of_when_it_is_approved() -> None:
    world = paid_twice("propose", status="authorized")

    assert world.services.refunds.approve(refunds_of(world)[0].id).state is S.REFUNDED
    assert sent(world) == ["release_authorization"]
    world.close()


@pytest.mark.req("L8")
def test_an_admin_can_not_refund_what_is_only_reserved(world: World) -> None:
    request = RefundRequest(payment_id=world.attempt("tr_2").id, amount="1.00", reason="x", key="key-1")

    with pytest.raises(InvalidRequest, match="authorised, not paid"):
        world.services.refunds.refund(request)


@pytest.mark.req("P3")
def test_an_order_of_the_orders_api_is_let_go_of_too() -> None:
    world = paid_twice("refund")
    world.add_payment("ord_3", "authorized", state="superseded")
    world.deliver("ord_3")
    world.services.refunds.work_due()

    assert [request.transaction_id for request in world.mollie.requests_of("release_authorization")] == ["ord_3"]
    assert [refund.money for refund in refunds_of(world, "ord_3")] == [eur("14.40")]
    world.close()
