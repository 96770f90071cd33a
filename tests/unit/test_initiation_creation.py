"""The bridge creates the payment at Mollie itself: once, under a key and with a payload that were stored before."""

from __future__ import annotations

import pytest

from bridge.domain.errors import (
    KeyInProgress,
    MollieConflict,
    MollieError,
    MollieRefused,
    MollieTimeout,
    MollieUnavailable,
    Unavailable,
)
from bridge.services.answers import Action
from tests.fakes.mollie import MollieRequest
from tests.unit.builders import OTHER_PRICE, checkout
from tests.unit.initiating import initiate
from tests.unit.world import Killed, World


@pytest.mark.req("L5", "P12")
def test_the_bridge_creates_the_payment_once_under_its_stored_key(world: World) -> None:
    answer = initiate(world, by_bridge=True)

    (request,) = world.mollie.requests_of("create_payment")
    (attempt,) = world.attempts
    assert (answer.is_new, answer.transaction_id) == (True, attempt.transaction_id)
    assert answer.checkout_url == checkout(str(attempt.transaction_id))
    assert (request.key, attempt.state) == (attempt.mollie_key, "open")
    assert request.payment is not None
    assert request.payment.metadata == {
        "order_reference": "mol_42",
        "cart_id": 42,
        "molbridge_attempt": attempt.id,
    }


@pytest.mark.req("P12")
def test_key_and_payload_are_stored_before_mollie_is_asked(world: World) -> None:
    stored: list[tuple[str, bool]] = []

    def look(request: MollieRequest) -> None:
        (attempt,) = world.attempts
        stored.append((attempt.state, attempt.mollie_key == request.key and attempt.mollie_request is not None))

    world.mollie.before = look
    initiate(world, by_bridge=True)

    assert stored == [("reserved", True)]


@pytest.mark.req("L1")
def test_the_repeat_of_a_created_payment_gets_the_same_page(world: World) -> None:
    first = initiate(world, by_bridge=True)
    again = initiate(world, by_bridge=True)

    assert (again.is_new, again.action, again.checkout_url) == (False, Action.RESUME, first.checkout_url)
    assert len(world.mollie.requests_of("create_payment")) == 1


@pytest.mark.req("L1")
def test_while_the_first_request_with_a_key_runs_the_repeat_waits(world: World) -> None:
    refused: list[type[Exception]] = []

    def repeat(request: MollieRequest) -> None:
        world.mollie.before = None
        with pytest.raises(KeyInProgress) as raised:
            initiate(world, by_bridge=True)
        refused.append(raised.type)

    world.mollie.before = repeat
    initiate(world, by_bridge=True)

    assert refused == [KeyInProgress]
    assert len(world.attempts) == 1


@pytest.mark.req("B9", "P12")
@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("error", [MollieTimeout("slow"), MollieConflict("in progress")])
def test_an_uncertain_creation_is_repeated_with_the_same_key_and_payload(
    world: World, done: bool, error: MollieError
) -> None:
    world.mollie.fail("create_payment", error, done=done)
    with pytest.raises(Unavailable):
        initiate(world, by_bridge=True)
    assert [attempt.state for attempt in world.attempts] == ["uncertain"]

    answer = initiate(world, by_bridge=True)

    first, second = world.mollie.requests_of("create_payment")
    assert (first.key, first.payment) == (second.key, second.payment)
    assert (answer.is_new, answer.status) == (True, "open")
    assert len(world.mollie.payments) == 1
    assert len(world.attempts) == 1


@pytest.mark.req("B9")
def test_an_uncertain_creation_is_found_out_by_another_request_too(world: World) -> None:
    world.mollie.fail("create_payment", MollieTimeout("slow"), done=True)
    with pytest.raises(Unavailable):
        initiate(world, "key-1", by_bridge=True)

    answer = initiate(world, "key-2", by_bridge=True)

    assert answer.status == "open"
    assert len(world.mollie.payments) == 1


@pytest.mark.req("B9")
def test_an_uncertain_creation_stays_uncertain_when_the_repeat_was_not_done(world: World) -> None:
    world.mollie.fail("create_payment", MollieTimeout("slow"), done=True)
    world.mollie.fail("create_payment", MollieUnavailable("503"))
    for _ in range(2):
        with pytest.raises(Unavailable):
            initiate(world, by_bridge=True)

    answer = initiate(world, by_bridge=True)

    assert answer.status == "open"
    assert len(world.mollie.payments) == 1


@pytest.mark.req("B8", "B9")
def test_a_creation_cut_off_by_a_crash_is_found_out_under_its_key(world: World) -> None:
    def kill(_: MollieRequest) -> None:
        world.mollie.before = None
        raise Killed

    world.mollie.before = kill
    with pytest.raises(Killed):
        initiate(world, by_bridge=True)
    world.run()
    world.clock.advance(seconds=60)

    answer = initiate(world, by_bridge=True)

    assert (answer.status, answer.is_new) == ("open", True)
    assert len(world.mollie.payments) == 1


def test_after_an_hour_an_uncertain_creation_gives_way(world: World) -> None:
    world.mollie.fail("create_payment", MollieTimeout("slow"), done=True)
    with pytest.raises(Unavailable):
        initiate(world, by_bridge=True)
    world.clock.advance(minutes=55)

    assert initiate(world, "key-2", by_bridge=True).is_new
    assert [attempt.state for attempt in world.attempts] == ["superseded", "open"]


@pytest.mark.parametrize("error", [MollieRefused("no", status=422), MollieUnavailable("503")])
def test_a_creation_that_mollie_did_not_do_frees_the_cart_and_the_key(world: World, error: MollieError) -> None:
    world.mollie.fail("create_payment", error)
    with pytest.raises(type(error)):
        initiate(world, by_bridge=True)
    assert [attempt.state for attempt in world.attempts] == ["released"]

    assert initiate(world, by_bridge=True).status == "open"
    first, second = world.mollie.requests_of("create_payment")
    assert first.key != second.key


def test_held_money_settles_the_cart_when_the_other_payment_could_not_be_created(world: World) -> None:
    world.add_payment("tr_old", "paid", state="superseded")
    world.mollie.fail("create_payment", MollieRefused("no", status=422))

    def the_old_one_is_paid_meanwhile(request: MollieRequest) -> None:
        if request.call == "create_payment":
            world.mollie.before = None
            world.deliver("tr_old")

    world.mollie.before = the_old_one_is_paid_meanwhile
    with pytest.raises(MollieRefused):
        initiate(world, money=OTHER_PRICE, by_bridge=True)
    assert world.attempt("tr_old").state == "held"
    world.work_off()

    assert world.state.settled_transaction_id == "tr_old"


def test_a_webhook_that_overtakes_the_creations_answer_does_no_harm(world: World) -> None:
    def paid_at_once(request: MollieRequest) -> None:
        (attempt,) = world.attempts
        world.mollie.before = None
        world.mollie.add("tr_fake000001", "paid", attempt_id=attempt.id)
        world.deliver("tr_fake000001")
        world.mollie.payments.clear()

    world.mollie.before = paid_at_once
    answer = initiate(world, by_bridge=True)

    assert not answer.is_new or answer.action is not Action.CREATE
    assert world.states() == {"tr_fake000001": "paid"}
