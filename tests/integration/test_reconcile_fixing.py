"""`mollie-bridge reconcile --fix`: one order and one refund, whatever happens beside it and in between."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.findings import refunded
from tests.integration.reconcile_process import Asked, ended, wait_for
from tests.integration.reconcile_scene import ROUNDS, Scene
from tests.integration.reconciled_shop import transactions
from tests.integration.world import World
from tests.services.waiting import wait_until

pytestmark = [pytest.mark.req("B7"), pytest.mark.mariadb, pytest.mark.slow, pytest.mark.timeout(300)]


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
