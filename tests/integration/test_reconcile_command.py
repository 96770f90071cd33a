"""`mollie-bridge reconcile` as a process: what it finds, what it changes, and what becomes of it when it is killed."""

from __future__ import annotations

import csv
import io
import itertools
import json
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bridge.demo.serving import serve_in_thread
from bridge.demo.simulator import MollieSimulator
from bridge.demo.simulator import create_app as create_mollie
from tests.integration.findings import refunded
from tests.integration.reconciled_shop import (
    Asked,
    Command,
    Ended,
    Expected,
    Populace,
    Turnstile,
    checksums,
    command_of,
    ended,
    transactions,
    wait_for,
)
from tests.integration.world import World, running_world
from tests.services.mariadb import Database
from tests.services.waiting import wait_until

pytestmark = [pytest.mark.req("B7"), pytest.mark.mariadb, pytest.mark.slow, pytest.mark.timeout(300)]

ROUNDS = 8
"""Of each state of the table: with those of others, nearly three hundred payments."""

PAGE = 64
SECOND_KEY = "test_secondshop000000000000000000"
SITUATIONS = {
    *("orphan", "paid_without_order", "missed_webhook", "amount_mismatch"),
    *("surplus_not_refunded", "owner_unknown", "status_disagreement"),
}


@dataclass(kw_only=True)
class Scene:
    """A shop in every state, and what is to be found in it."""

    world: World
    turnstile: Turnstile
    command: Command
    second: MollieSimulator
    expected: Expected
    held: str
    proposed: tuple[str, str]

    @property
    def begins(self) -> list[str | None]:
        """With which payment each page begins."""
        return [None, *transactions(self.world.mollie)[PAGE::PAGE]]


@pytest.fixture(scope="module")
def scene(module_database: Database) -> Iterator[Scene]:
    with ExitStack() as stack:
        webhooks = {"shop_timeout": 2.0, "working": 4.0, "lease_wait": 3.0, "first_pause": 0.2, "longest_pause": 0.5}
        world = stack.enter_context(
            running_world(module_database, surplus={"policy": "propose"}, webhooks=webhooks, locks={"lifetime": 3.0})
        )
        second = MollieSimulator()
        stack.callback(second.close)
        accounts = {"": create_mollie(world.mollie), SECOND_KEY: create_mollie(second)}
        turnstile = Turnstile(accounts=accounts, size=PAGE)
        url = stack.enter_context(serve_in_thread(turnstile)).url
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="molbridge-reconcile-")))
        populace = Populace(world)
        held, proposed = populace.held(), populace.proposed()
        expected: Expected = Counter({("paid_without_order", held): 1, ("surplus_not_refunded", proposed[0]): 1})
        for _ in range(ROUNDS):
            expected += populace.everything()
        # Nobody else is to write into the tables: they are compared.
        world.sidecar.stop()
        yield Scene(
            world=world,
            turnstile=turnstile,
            command=command_of(world, folder, url),
            second=second,
            expected=expected,
            held=held,
            proposed=proposed,
        )


@pytest.fixture(autouse=True)
def quiet(scene: Scene) -> None:
    scene.turnstile.asked.clear()
    scene.world.mollie.faults.clear()
    scene.command.notebook.unlink(missing_ok=True)


def is_complete(scene: Scene, run: Ended) -> None:
    """Everything was found, once; each payment was compared, once; nothing is left of the walk."""
    assert run.code == 1, run.error
    assert run.findings == scene.expected
    assert run.told["payments"] == len(transactions(scene.world.mollie))
    assert not scene.command.notebook.exists()


# --- what it finds, and how it says it --------------------------------------------------------------------------------


def test_every_state_is_found_and_nothing_is_changed(scene: Scene, publish: Callable[[str], None]) -> None:
    before, sent = checksums(scene.world), len(scene.world.mollie.traffic.requests("POST|PATCH|DELETE"))

    run = scene.command.run("--format", "json")

    is_complete(scene, run)
    assert {kind for kind, _ in run.findings} == SITUATIONS
    assert checksums(scene.world) == before
    assert len(scene.world.mollie.traffic.requests("POST|PATCH|DELETE")) == sent
    assert scene.turnstile.pages() == scene.begins
    assert run.error == ""
    says_what_to_do_next(scene, run)
    sums_up_the_money_at_risk(run)
    publish(f"{run.told['payments']} payments on {len(scene.begins)} pages, {run.findings.total()} findings, no change")


def says_what_to_do_next(scene: Scene, run: Ended) -> None:
    rows = {row["transaction"]: row for row in run.told["findings"]}
    transaction_id, refund_id = scene.proposed
    assert rows[transaction_id]["next_step"] == f"mollie-bridge refunds approve {refund_id}"
    assert (rows[scene.held]["remedy"], rows[scene.held]["at_risk"]) == ("person", False)


def sums_up_the_money_at_risk(run: Ended) -> None:
    cents = sum(int(row["amount"].replace(".", "")) for row in run.told["findings"] if row["at_risk"])
    assert run.told["at_risk"] == {"EUR": f"{cents // 100}.{cents % 100:02d}"}


def test_csv_and_table_tell_the_same(scene: Scene) -> None:
    written = scene.command.run("--format", "csv")
    table = scene.command.run()

    rows = list(csv.DictReader(io.StringIO(written.out)))
    assert Counter((row["kind"], row["transaction"]) for row in rows) == scene.expected
    assert [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t"))] == []
    assert all(transaction_id in table.out for _, transaction_id in scene.expected)
    assert f"{len(rows)} that do not fit" in table.out
    assert "Nothing was changed. --fix does what is safe." in table.out
    assert (written.code, written.error, table.code, table.error) == (1, "", 1, "")


def test_since_a_day_to_come_there_is_nothing(scene: Scene) -> None:
    run = scene.command.run("--since", "2999-01-01", "--format", "json")

    assert (run.code, run.told) == (0, {"payments": 0, "put_right": 0, "at_risk": {}, "findings": []})
    assert scene.turnstile.pages() == [None]


def test_another_shop_is_walked_and_put_right_with_its_own_key(scene: Scene) -> None:
    world = scene.world
    world.rows(
        "INSERT INTO ps_shop (id_shop, id_shop_group, id_category, name, theme_name, color) "
        "SELECT 2, id_shop_group, id_category, 'The second shop', theme_name, color FROM ps_shop"
    )
    setting = "INSERT INTO ps_configuration (name, value, id_shop, date_add, date_upd) VALUES (%s, %s, 2, NOW(), NOW())"
    world.rows(setting, "MOLLIE_API_KEY_TEST", SECOND_KEY)
    cart_id = world.shop.add_cart("14.40")
    world.rows("UPDATE ps_cart SET id_shop = 2 WHERE id_cart = %s", cart_id)
    body = {"amount": {"currency": "EUR", "value": "14.40"}, "description": "2", "redirectUrl": "http://shop.test/"}
    orphan, expired = (scene.second.create_payment(body).id for _ in range(2))
    scene.second.pay(orphan)
    scene.second.expire(expired)
    world.shop.rows.add_open(expired, cart_id, method="bancontact", reference="x")

    looked = scene.command.run("--shop-id", "2", "--format", "json")
    fixed = scene.command.run("--shop-id", "2", "--format", "json", "--fix")

    assert looked.findings == Counter([("orphan", orphan), ("status_disagreement", expired)])
    assert (fixed.code, fixed.findings, fixed.told["put_right"]) == (1, Counter([("orphan", orphan)]), 1)


# --- killed -----------------------------------------------------------------------------------------------------------


def is_order(asked: Asked) -> bool:
    return asked.path.startswith("/v2/orders/")


def test_killed_at_every_page_it_goes_on_and_compares_each_payment_once(
    scene: Scene, publish: Callable[[str], None]
) -> None:
    """While a page is asked for (that before it stands in the notebook just now), and while it is compared."""
    kills = 0
    for number, begin in enumerate(scene.begins):

        def is_this_page(asked: Asked, begin: str | None = begin) -> bool:
            return asked.is_page and asked.begin == begin

        for which in (is_this_page, is_order):
            with scene.turnstile.stopping_at(which) as has_come:
                process = scene.command.start("--format", "json")
                wait_for(has_come, process)
                process.kill()
                assert ended(process).code == -signal.SIGKILL
            kills += 1
            assert scene.command.pages_kept() == number

    run = scene.command.run("--format", "json")

    is_complete(scene, run)
    assert "Going on after" in run.error
    asked = Counter(scene.turnstile.pages())
    # Killed before its answer, killed before its line, and once to the end.
    assert set(asked) == set(scene.begins)
    assert set(asked.values()) == {3}
    publish(f"{kills} times killed on {len(scene.begins)} pages; {run.findings.total()} findings, each once")


def test_stopped_refused_and_torn_one_walk_goes_on_and_says_how(scene: Scene) -> None:
    for page, number in enumerate((signal.SIGTERM, signal.SIGINT), 1):
        stopped = stopped_at(scene, page, number)
        said = f"stopped. The same command goes on after {page * PAGE} payments, by {scene.command.notebook.name}"
        assert (stopped.code, stopped.out) == (1, "")
        assert stopped.error.splitlines()[-1] == f"mollie-bridge: {said}"
        assert len(stopped.error.splitlines()) == page  # the second one says that it goes on, too

    refused = with_fault_at(scene, 3, partial(scene.world.mollie.faults.answer, 401))
    assert (refused.code, refused.out) == (1, "")
    assert "Mollie does not accept the API key. The same command goes on after" in refused.error

    with scene.command.notebook.open("a") as book:
        book.write('{"payments": 64, "findi')
    is_complete(scene, scene.command.run("--format", "json"))


def stopped_at(scene: Scene, page: int, number: signal.Signals) -> Ended:
    """A run that gets the signal while it waits for a page."""
    with scene.turnstile.stopping_at(lambda asked: asked.is_page and asked.begin == scene.begins[page]) as has_come:
        process = scene.command.start("--format", "json")
        wait_for(has_come, process)
        process.send_signal(number)
    return ended(process)


def with_fault_at(scene: Scene, page: int, fault: Callable[[], None]) -> Ended:
    def suffer(asked: Asked) -> None:
        if asked.is_page and asked.begin == scene.begins[page]:
            fault()

    scene.turnstile.before = suffer
    try:
        return scene.command.run("--format", "json")
    finally:
        scene.turnstile.before = None


# --- Mollie's faults --------------------------------------------------------------------------------------------------


def test_faults_at_every_page_are_waited_out(scene: Scene) -> None:
    faults = scene.world.mollie.faults
    kinds = [
        partial(faults.answer, 429, headers={"Retry-After": "2"}),
        partial(faults.html, 502, times=3),
        partial(faults.answer, 503, headers={"Retry-After": "0"}),
        partial(faults.hang),
        partial(faults.drop_before, times=3),
    ]
    seen: set[str | None] = set()

    def suffer(asked: Asked) -> None:
        if asked.is_page and asked.begin not in seen:
            kinds[len(seen) % len(kinds)](path="/v2/payments")
            seen.add(asked.begin)

    scene.turnstile.before = suffer
    try:
        endpoint = scene.command.config["mollie"] | {"read_timeout": 2.0}
        run = scene.command.run("--format", "json", mollie=endpoint)
    finally:
        scene.turnstile.before = None

    is_complete(scene, run)
    assert len(seen) == len(scene.begins) >= 4
    assert "reconcile.waiting" in run.error


# --- one clear line ---------------------------------------------------------------------------------------------------


def one_line(run: Ended, code: int) -> str:
    assert (run.code, run.out, run.error.count("\n")) == (code, "", 1), run.error
    return run.error


def test_a_notebook_of_another_walk(scene: Scene) -> None:
    scene.command.notebook.write_text('{"shop_id": 2, "since": null}\n')

    assert "is of another walk; remove it, or name another with --notebook" in one_line(scene.command.run(), 2)
    assert scene.command.notebook.exists()


def test_a_notebook_that_goes_on_at_a_payment_of_another_account(scene: Scene) -> None:
    head, page = {"shop_id": 1, "since": None}, {"payments": 1, "findings": [], "next": "tr_elsewhere"}
    scene.command.notebook.write_text(f"{json.dumps(head)}\n{json.dumps(page)}\n")

    run = scene.command.run()

    assert (run.code, run.out) == (1, "")
    assert "Mollie does not know tr_elsewhere" in run.error
    assert f"Remove {scene.command.notebook.name} to begin again" in run.error


def test_a_folder_that_can_not_be_written(scene: Scene) -> None:
    run = scene.command.run("--notebook", "/proc/walk.jsonl")

    assert "/proc/walk.jsonl can not be written" in one_line(run, 2)
    assert scene.turnstile.asked == []


def test_a_shop_that_there_is_not(scene: Scene) -> None:
    assert "--shop-id 7: the shops are 1" in one_line(scene.command.run("--shop-id", "7"), 2)


def test_a_shop_without_a_key(scene: Scene) -> None:
    everybodys = "WHERE name = 'MOLLIE_API_KEY_TEST' AND id_shop IS NULL"
    set_key = f"UPDATE ps_configuration SET value = %s {everybodys}"
    ((key,),) = scene.world.rows(f"SELECT value FROM ps_configuration {everybodys}")
    scene.world.rows(set_key, "")
    try:
        run = scene.command.run()
    finally:
        scene.world.rows(set_key, key)

    assert "shop 1 has no Mollie key for the mode it is in" in one_line(run, 1)
    assert not scene.command.notebook.exists()


# --- putting right ----------------------------------------------------------------------------------------------------

NOBODYS = {"orphan", "amount_mismatch", "owner_unknown"}
"""What only a person can put right."""

KILLED_AT = (1, 8, 30)
"""The question about a payment at which a run that puts right is killed."""


@pytest.mark.req("B4", "P3", "B7")
def test_put_right_by_many_at_once_and_killed_in_between_there_is_one_order_and_one_refund(
    scene: Scene, publish: Callable[[str], None]
) -> None:
    world, command = scene.world, scene.command
    world.sidecar.sections["surplus"] = {"policy": "refund"}
    command.config["surplus"] = {"policy": "refund"}
    world.sidecar.start()
    for number in KILLED_AT:
        kill_at_question(scene, number)

    decided = {"paid_without_order", "missed_webhook", "surplus_not_refunded"}
    paid = [transaction_id for kind, transaction_id in scene.expected if kind in decided]
    with ThreadPoolExecutor(4) as pool:
        running = [command.start("--fix", "--format", "json", "--notebook", name) for name in ("a.jsonl", "b.jsonl")]
        statuses = list(pool.map(world.route, paid))
        both = [ended(process) for process in running]
    assert {run.code for run in both} == {1}, both
    assert set(statuses) <= {200, 503}
    wait_until(lambda: unfinished(world) == (), 60, interval=0.2, what="the sidecar to finish")

    last = command.run("--fix", "--format", "json")

    assert {row["remedy"] for row in last.told["findings"]} == {"person"}, last.out
    assert [row for row in last.told["findings"] if row["error"]] == []
    left = Counter(kind for kind, _ in last.findings)
    assert {kind: left[kind] for kind in NOBODYS} == {
        kind: sum(of == kind for of, _ in scene.expected) for kind in NOBODYS
    }
    refunds = nothing_is_there_twice(scene)
    publish(f"{len(KILLED_AT)} times killed, twice at once, {len(paid)} webhooks beside: {refunds} refunds, each once")


def kill_at_question(scene: Scene, number: int) -> None:
    asked_about = itertools.count(1)

    def is_it(asked: Asked) -> bool:
        return asked.path.startswith("/v2/payments/tr_") and next(asked_about) == number

    with scene.turnstile.stopping_at(is_it) as has_come:
        process = scene.command.start("--fix")
        wait_for(has_come, process)
        process.kill()
        ended(process)
    assert scene.command.notebook.exists()


def unfinished(world: World) -> tuple[tuple[object, ...], ...]:
    """What the sidecar has still to do; what was proposed waits for a person."""
    return world.rows(
        "SELECT transaction_id, state, last_error FROM {p}delivery WHERE state <> 'done' UNION ALL "
        "SELECT transaction_id, state, last_error FROM {p}refund WHERE state NOT IN ('refunded', 'dropped', 'proposed')"
    )


def nothing_is_there_twice(scene: Scene) -> int:
    """No cart has two orders, no payment two refunds; the number of refunds of surplus money."""
    world = scene.world
    doubled = "SELECT id_cart FROM ps_orders GROUP BY id_cart HAVING COUNT(DISTINCT reference) > 1"
    assert world.rows(doubled) == ()
    surplus = {tr for kind, tr in scene.expected if kind == "surplus_not_refunded"} - {scene.proposed[0]}
    ordered = {tr for kind, tr in scene.expected if kind == "paid_without_order"} - {scene.held}
    assert len(ordered) == ROUNDS
    paid = {str(tr) for (tr,) in world.rows("SELECT transaction_id FROM ps_order_payment")}
    assert ordered <= paid
    refunds = {tr: refunded(world, tr) for tr in surplus}
    foreign = [tr for tr in surplus if refunds[tr] == []]
    assert len(foreign) == ROUNDS  # another module's orders: money for those is at most proposed
    assert [refunds[tr] for tr in surplus if tr not in foreign] == [["14.40"]] * ROUNDS
    assert all(len(refunded(world, tr)) <= 1 for tr in transactions(world.mollie))
    return ROUNDS
