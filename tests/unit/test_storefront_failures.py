"""The ways in which the toy shop's webhook can be made to fail."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from bridge.demo.storefront import ConnectionBroken, Failure
from tests.services.waiting import wait_until
from tests.unit.storefront_scene import Scene


@pytest.mark.parametrize(
    ("failure", "status"), [(Failure.ANSWER_500, 500), (Failure.ANSWER_409, 409), (Failure.ANSWER_405, 405)]
)
def test_an_error_answer_does_nothing_and_is_given_once(
    scene: Scene, paid: tuple[int, str], failure: Failure, status: int
) -> None:
    cart, transaction_id = paid
    scene.shop.failures.next(failure)

    assert scene.shop.webhook(transaction_id, "t").status == status
    assert scene.references(cart) == set()
    assert scene.shop.webhook(transaction_id, "t").status == 200
    assert len(scene.references(cart)) == 1


def test_a_broken_connection_can_come_before_or_after_the_work(scene: Scene, paid: tuple[int, str]) -> None:
    cart, transaction_id = paid
    scene.shop.failures.next(Failure.CLOSE, Failure.CLOSE_AFTER)

    with pytest.raises(ConnectionBroken):
        scene.shop.webhook(transaction_id, "t")
    assert scene.references(cart) == set()
    with pytest.raises(ConnectionBroken):
        scene.shop.webhook(transaction_id, "t")
    assert len(scene.references(cart)) == 1


def test_half_done_answers_200_with_an_order_and_an_open_row(scene: Scene, paid: tuple[int, str]) -> None:
    cart, transaction_id = paid
    scene.shop.failures.next(Failure.HALF_DONE)

    assert scene.shop.webhook(transaction_id, "t").status == 200

    (row,) = scene.shop.payments_of(cart)
    assert len(scene.references(cart)) == 1
    assert (row["bank_status"], row["order_id"]) == ("open", 0)


def test_half_done_is_put_right_by_the_next_delivery(scene: Scene, paid: tuple[int, str]) -> None:
    cart, transaction_id = paid
    scene.shop.failures.next(Failure.HALF_DONE)
    scene.shop.webhook(transaction_id, "t")

    assert scene.shop.webhook(transaction_id, "t").status == 200

    (row,) = scene.shop.payments_of(cart)
    assert len(scene.references(cart)) == 1
    assert row["bank_status"] == "paid"


def test_a_hanging_webhook_does_its_work_once_it_is_let_go(scene: Scene, paid: tuple[int, str]) -> None:
    cart, transaction_id = paid
    scene.shop.failures.always = Failure.HANG

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(scene.shop.webhook, transaction_id, "t")
        wait_until(lambda: scene.shop.failures.hanging == 1, what="the webhook to hang")
        assert scene.references(cart) == set()
        scene.shop.failures.resume()
        assert running.result(30).status == 200

    assert len(scene.references(cart)) == 1
