"""`mollie-bridge reconcile` as a process: what it finds, how it says it, and what it says when it can not begin."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable

import pytest

from tests.integration.reconcile_process import Ended
from tests.integration.reconcile_scene import SECOND_KEY, Scene, is_complete
from tests.integration.reconciled_shop import checksums

pytestmark = [pytest.mark.req("B7"), pytest.mark.mariadb, pytest.mark.slow, pytest.mark.timeout(300)]

SITUATIONS = {
    *("orphan", "paid_without_order", "missed_webhook", "amount_mismatch"),
    *("surplus_not_refunded", "owner_unknown", "status_disagreement"),
}


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
