"""Races on a real server, brought about on purpose: each transaction has read before any of them writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier, Event
from typing import TypeVar

import pytest

from bridge.adapters.ledger import SqlLedger
from bridge.domain.attempt import AttemptState
from bridge.domain.errors import Conflict, KeyReused
from bridge.ports.ledger import CartTransaction
from tests.contract.ledger_backends import sql_ledger
from tests.contract.ledger_builders import (
    CART,
    NOW,
    OTHER_CART,
    a_dead_attempt,
    a_key,
    add,
    an_attempt,
    an_entry,
    raise_fence,
    store,
)
from tests.services.mariadb import Database
from tests.services.waiting import wait_until

pytestmark = pytest.mark.mariadb

T = TypeVar("T")


@pytest.fixture
def ledger(mariadb_database: Database) -> Iterator[SqlLedger]:
    with sql_ledger(mariadb_database.url) as on_mariadb:
        yield on_mariadb


class Meeting:
    """Lets the first runs of `count` works wait for each other; later runs pass."""

    def __init__(self, count: int) -> None:
        self.runs = 0
        self._barrier = Barrier(count)
        self._count = count

    def wait(self) -> None:
        self.runs += 1
        if self.runs <= self._count:
            self._barrier.wait(timeout=30)


def together(*works: Callable[[], T]) -> list[T]:
    with ThreadPoolExecutor(len(works)) as pool:
        running = [pool.submit(work) for work in works]
        return [future.result(timeout=30) for future in running]


@pytest.mark.req("P12")
@pytest.mark.req("L16")
def test_of_many_that_saw_no_row_one_reserves_and_the_others_find_it(ledger: SqlLedger) -> None:
    meeting = Meeting(8)

    def reserve(tx: CartTransaction) -> str:
        live = [attempt.id for attempt in tx.attempts() if attempt.is_live]
        meeting.wait()
        if not live:
            attempt = an_attempt()
            tx.add_attempt(attempt)
            return attempt.id
        return live[0]

    answers = together(*[lambda: ledger.in_cart(CART, reserve)] * 8)
    (only,) = ledger.attempts_of(CART)
    assert set(answers) == {only.id}
    assert meeting.runs > 8


def test_of_two_that_made_the_row_the_second_sees_the_firsts_changes(ledger: SqlLedger) -> None:
    meeting = Meeting(2)

    def work(tx: CartTransaction) -> int:
        fence = raise_fence(tx)
        tx.audit(an_entry())
        meeting.wait()
        return fence

    assert sorted(together(*[lambda: ledger.in_cart(CART, work)] * 2)) == [1, 2]
    assert meeting.runs == 3
    assert len(ledger.audit_of(CART, 9)) == 2


def test_a_row_is_waited_for(ledger: SqlLedger, mariadb_database: Database) -> None:
    ledger.in_cart(CART, raise_fence)
    holding = Event()
    entered: list[str] = []

    def hold(tx: CartTransaction) -> None:
        holding.set()
        # InnoDB shows anything new only to who has not looked for a tenth of a second.
        wait_until(lambda: _waiting_for_locks(mariadb_database), what="the second transaction to wait", interval=0.15)
        entered.append("first")

    def follow() -> None:
        holding.wait(timeout=30)
        ledger.in_cart(CART, lambda _: entered.append("second"))

    together(lambda: ledger.in_cart(CART, hold), follow)
    assert entered == ["first", "second"]


def test_a_transaction_that_another_cart_took_meanwhile_is_refused(ledger: SqlLedger) -> None:
    mine, theirs = an_attempt(), an_attempt(OTHER_CART)
    add(ledger, mine, theirs)
    meeting = Meeting(2)

    def bind(tx: CartTransaction) -> bool:
        (attempt,) = tx.attempts()
        meeting.wait()
        try:
            tx.save_attempt(replace(attempt, state=AttemptState.OPEN, transaction_id="tr_same"))
        except Conflict:
            return False
        return True

    bound = together(lambda: ledger.in_cart(CART, bind), lambda: ledger.in_cart(OTHER_CART, bind))
    assert sorted(bound) == [False, True]


@pytest.mark.req("L1")
def test_the_same_request_on_two_carts_finds_the_key_that_came_in_between(ledger: SqlLedger) -> None:
    meeting = Meeting(2)

    def use(tx: CartTransaction) -> str:
        found = tx.find_key("payments", "key-1", NOW)
        meeting.wait()
        if found is not None:
            return "found"
        tx.save_key(a_key())
        return "stored"

    used = together(lambda: ledger.in_cart(CART, use), lambda: ledger.in_cart(OTHER_CART, use))
    assert sorted(used) == ["found", "stored"]


@pytest.mark.req("L1")
def test_another_request_under_a_key_that_came_in_between_is_refused(ledger: SqlLedger) -> None:
    meeting = Meeting(2)

    def use(tx: CartTransaction, fingerprint: str) -> None:
        tx.find_key("payments", "key-1", NOW)
        meeting.wait()
        tx.save_key(a_key(fingerprint=fingerprint))
        tx.add_attempt(an_attempt(tx.state.cart))

    def try_it(cart_is_first: bool) -> str:
        cart, fingerprint = (CART, "0" * 64) if cart_is_first else (OTHER_CART, "1" * 64)
        try:
            ledger.in_cart(cart, lambda tx: use(tx, fingerprint))
        except KeyReused:
            return "refused"
        return "stored"

    assert sorted(together(lambda: try_it(True), lambda: try_it(False))) == ["refused", "stored"]
    assert len(ledger.attempts_of(CART) + ledger.attempts_of(OTHER_CART)) == 1


@pytest.mark.req("L1")
def test_an_expired_key_that_was_replaced_meanwhile_is_not_replaced_again(ledger: SqlLedger) -> None:
    ledger.in_cart(CART, lambda tx: tx.save_key(a_key(expires_at=NOW)))
    mine = a_key(fingerprint="1" * 64)

    def work(tx: CartTransaction) -> None:
        assert tx.find_key("payments", "key-1", NOW) is None
        ledger.in_cart(OTHER_CART, replace_first)
        tx.save_key(mine)

    def replace_first(tx: CartTransaction) -> None:
        tx.find_key("payments", "key-1", NOW)
        tx.save_key(a_key(fingerprint="2" * 64))

    with pytest.raises(KeyReused):
        ledger.in_cart(CART, work)


def test_a_cart_whose_row_is_gone_but_whose_attempts_are_not_heals(
    ledger: SqlLedger, mariadb_database: Database
) -> None:
    """Somebody restored one table and not the other."""
    live = an_attempt()
    add(ledger, live, a_dead_attempt())
    mariadb_database.execute("DELETE FROM ps_molbridge_cart")

    def supersede(tx: CartTransaction) -> None:
        for attempt in tx.attempts():
            if attempt.is_live:
                tx.save_attempt(attempt.moved(AttemptState.SUPERSEDED, NOW))
        tx.add_attempt(an_attempt())

    ledger.in_cart(CART, supersede)
    assert [attempt.state for attempt in ledger.attempts_of(CART)] == [
        AttemptState.SUPERSEDED,
        AttemptState.CANCELED,
        AttemptState.RESERVED,
    ]
    with pytest.raises(Conflict):
        store(ledger, an_attempt())


def _waiting_for_locks(database: Database) -> bool:
    ((count,),) = database.execute("SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'")
    return int(count) > 0
