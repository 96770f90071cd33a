"""`mollie-bridge janitor` and `replay` as an administrator types them: real processes, a real database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

import pytest
from click.testing import CliRunner

from bridge.cli import commands
from bridge.demo.serving import serve_in_thread
from tests.integration.administrator import UNKNOWN, command, paid_twice, paid_unseen, settled
from tests.integration.world import World, running_world
from tests.services.mariadb import Database

pytestmark = [pytest.mark.mariadb, pytest.mark.slow, pytest.mark.usefixtures("started")]


class Merchant:
    """A receiver of notices, as a WSGI application; what it was told is in `told`."""

    def __init__(self) -> None:
        self.told: list[dict[str, object]] = []

    def __call__(self, environ: dict[str, object], start_response: Callable[..., object]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(str(environ["CONTENT_LENGTH"])))  # type: ignore[attr-defined]
        self.told.append(json.loads(body))
        start_response("204 No Content", [])
        return [b""]


@pytest.fixture(scope="module")
def merchant() -> Merchant:
    return Merchant()


@pytest.fixture(scope="module")
def world(module_database: Database, merchant: Merchant) -> Iterator[World]:
    """Refunds of surplus money are proposed; nothing is looked for in the background while a test is at it."""
    with (
        serve_in_thread(merchant) as receiver,
        running_world(
            module_database,
            surplus={"policy": "propose"},
            janitor={"every": 3600},
            notices={"webhook_url": receiver.url, "webhook_secret": "s" * 40},
        ) as running,
    ):
        yield running


def state_of(world: World, transaction_id: str) -> list[str]:
    rows = world.rows("SELECT state FROM {p}delivery WHERE transaction_id = %s ORDER BY received_at", transaction_id)
    return [str(state) for (state,) in rows]


def bury(world: World, transaction_id: str) -> str:
    """The payment's delivery was given up; its id."""
    world.rows("UPDATE {p}delivery SET state = 'dead', tries = 30 WHERE transaction_id = %s", transaction_id)
    ((delivery_id,),) = world.rows("SELECT id FROM {p}delivery WHERE transaction_id = %s", transaction_id)
    return str(delivery_id)


# --- janitor ----------------------------------------------------------------------------------------------------------


@pytest.mark.req("B15", "B6")
def test_a_pass_settles_what_was_paid_and_never_told(world: World) -> None:
    cart_id, transaction_id = paid_unseen(world)
    world.sidecar.stop()
    world.rows("UPDATE {p}attempt SET updated_at = updated_at - INTERVAL 1 HOUR WHERE id_cart = %s", cart_id)
    world.rows("INSERT INTO {p}audit (at, event, detail) VALUES (UTC_TIMESTAMP() - INTERVAL 500 DAY, 'ancient', '{}')")

    done = command(world, "janitor", "--once")

    assert done.returncode == 0, done.stderr
    assert len(world.references(cart_id)) == 1
    assert state_of(world, transaction_id) == ["done"]
    figures = {line.strip().split(" ", 1)[1]: int(line.strip().split(" ", 1)[0]) for line in done.stdout.splitlines()}
    assert figures["payments asked about"] >= 1
    assert figures["deliveries worked on"] >= 1
    assert figures["rows removed"] >= 1
    assert world.rows("SELECT * FROM {p}audit WHERE event = 'ancient'") == ()


@pytest.mark.req("B6")
def test_a_pass_is_left_to_another_sidecar_and_what_is_due_is_worked_on_all_the_same(world: World) -> None:
    cart_id, transaction_id = settled(world)
    world.sidecar.stop()
    world.rows("UPDATE {p}delivery SET state = 'failed' WHERE transaction_id = %s", transaction_id)
    world.rows("DELETE FROM {p}task")
    world.rows("INSERT INTO {p}task VALUES ('janitor', 'another', UTC_TIMESTAMP() + INTERVAL 1 HOUR, NULL)")
    done = command(world, "janitor", "--once")
    world.rows("DELETE FROM {p}task")

    assert done.returncode == 0
    assert done.stdout.startswith("Another sidecar's janitor is at work")
    assert state_of(world, transaction_id) == ["done"]
    assert len(world.references(cart_id)) == 1


@pytest.mark.req("P3", "P10")
def test_the_merchant_is_told_of_surplus_money_once(world: World, merchant: Merchant) -> None:
    _, _, transaction_id = paid_twice(world)
    for _ in range(2):
        assert command(world, "janitor", "--once").returncode == 0

    about = [notice for notice in merchant.told if transaction_id in json.dumps(notice)]
    assert len(about) == 1
    assert "security_token" not in json.dumps(about)
    assert world.rows("SELECT state FROM {p}notice WHERE transaction_id = %s", transaction_id) == (("sent",),)


@pytest.mark.req("B9")
def test_a_mollie_that_is_down_is_said_and_seen(world: World) -> None:
    cart_id, _ = paid_unseen(world)
    world.sidecar.stop()
    world.rows("UPDATE {p}attempt SET updated_at = updated_at - INTERVAL 1 HOUR WHERE id_cart = %s", cart_id)
    world.mollie.faults.answer(503, method="GET", times=None)
    done = command(world, "janitor", "--once")
    world.mollie.faults.clear()

    assert done.returncode == 1
    assert "failed: payments (see the log)" in done.stdout
    assert "Traceback" not in done.stderr
    assert command(world, "janitor", "--once").returncode == 0
    assert len(world.references(cart_id)) == 1


def test_the_janitor_is_not_started_for_good() -> None:
    assert CliRunner().invoke(commands, ["janitor"]).exit_code == 2


# --- replay -----------------------------------------------------------------------------------------------------------


@pytest.mark.req("B6")
@pytest.mark.parametrize("by", ["id", "cart", "dead"])
def test_a_dead_delivery_is_worked_on_again(world: World, by: str) -> None:
    cart_id, transaction_id = settled(world)
    world.sidecar.stop()
    delivery_id = bury(world, transaction_id)

    done = command(world, "replay", *{"id": [delivery_id], "cart": ["--cart", str(cart_id)], "dead": ["--dead"]}[by])

    assert done.returncode == 0, done.stderr
    assert delivery_id in done.stdout
    assert state_of(world, transaction_id) == ["done"]
    assert world.rows("SELECT source, tries FROM {p}delivery WHERE id = %s", delivery_id) == (("replay", 1),)
    assert len(world.references(cart_id)) == 1


@pytest.mark.req("B6")
def test_a_replay_that_fails_again_says_so(world: World) -> None:
    _, transaction_id = settled(world)
    world.sidecar.stop()
    delivery_id = bury(world, transaction_id)
    world.mollie.faults.answer(503, method="GET", times=None)
    done = command(world, "replay", delivery_id)
    world.mollie.faults.clear()

    assert done.returncode == 1
    assert "failed" in done.stdout
    assert state_of(world, transaction_id) == ["failed"]
    assert command(world, "replay", delivery_id).returncode == 0


@pytest.mark.req("B6")
@pytest.mark.parametrize("words", [[UNKNOWN], ["--cart", "999999"]])
def test_what_does_not_exist_is_said_in_one_line(world: World, words: list[str]) -> None:
    done = command(world, "replay", *words)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith("mollie-bridge: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [[], [UNKNOWN, "--dead"], ["--cart", "1", "--dead"], ["--cart", "0"]])
def test_a_replay_names_one_thing(words: list[str]) -> None:
    assert CliRunner().invoke(commands, ["replay", *words]).exit_code == 2


def test_with_nothing_dead_there_is_nothing_to_replay(world: World) -> None:
    done = command(world, "replay", "--dead")

    assert (done.returncode, done.stdout) == (0, "There is nothing to replay.\n")
