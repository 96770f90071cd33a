"""The server as a process: how it starts, stops, refuses a bad configuration and comes back to its database."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from bridge.adapters.migrations import HEAD
from tests.integration.sidecar import Reply, Sidecar
from tests.integration.world import World, running_world
from tests.services.mariadb import Database, PrivateMariaDB
from tests.services.waiting import wait_until

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow

BIND = "MOLLIE_BRIDGE_SERVER__BIND"


def run_cli(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bridge.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **environment},
    )


@pytest.mark.req("L12")
def test_a_bad_configuration_is_refused_with_one_clear_line_for_each_fault(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[auth]\nshop_token = "short"\n[gate]\npending_limits = 900\n[database]\nurl = "postgres://x"\n')

    refused = run_cli("serve", "--config", str(config))

    assert refused.returncode == 2
    assert refused.stderr.splitlines() == [
        "mollie-bridge: auth.shop_token: is too short: 32 characters at least",
        "mollie-bridge: auth.admin_token: must be set",
        "mollie-bridge: database.url: must begin with mysql+pymysql:// or sqlite:///",
        "mollie-bridge: gate.pending_limits: there is no such setting",
    ]


def test_a_configuration_that_is_not_there_is_refused_with_one_line() -> None:
    refused = run_cli("serve", "--config", "/nowhere/config.toml")

    assert refused.returncode == 2
    assert refused.stderr == "mollie-bridge: /nowhere/config.toml can not be read: No such file or directory\n"


def test_the_environment_alone_is_enough_and_wins_over_the_file(tmp_path: Path) -> None:
    variables = {
        "MOLLIE_BRIDGE_AUTH__SHOP_TOKEN": "a" * 40,
        "MOLLIE_BRIDGE_AUTH__ADMIN_TOKEN": "b" * 40,
        "MOLLIE_BRIDGE_DATABASE__URL": f"sqlite:///{tmp_path}/bridge.db",
    }

    migrated = run_cli("migrate", **variables)

    assert (migrated.returncode, migrated.stderr) == (0, "")
    assert migrated.stdout == f"tables ps_molbridge_* are at version {HEAD}\n"


@pytest.mark.parametrize("command", ["migrate", "serve"])
def test_a_database_that_is_down_is_one_clear_line(tmp_path: Path, command: str) -> None:
    variables = {
        "MOLLIE_BRIDGE_AUTH__SHOP_TOKEN": "a" * 40,
        "MOLLIE_BRIDGE_AUTH__ADMIN_TOKEN": "b" * 40,
        "MOLLIE_BRIDGE_LOCKS__DIRECTORY": str(tmp_path),
        "MOLLIE_BRIDGE_DATABASE__URL": "mysql+pymysql://nobody:secret-word@127.0.0.1:9/shop",
    }

    refused = run_cli(command, **variables)

    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert "secret-word" not in refused.stderr


@pytest.mark.mariadb
def test_a_request_in_hand_is_finished_when_the_server_is_told_to_stop(world: World) -> None:
    cart_id, _ = world.new_cart()
    world.mollie.faults.delay(1.0, method="POST", path="/v2/payments", times=1)
    creation = {"description": "Order", "redirect_url": "https://shop.example/return"}
    replies: list[Reply] = []
    asking = threading.Thread(target=lambda: replies.append(world.initiate(cart_id, mollie=creation)))
    asking.start()
    wait_until(lambda: world.rows("SELECT 1 FROM {p}attempt WHERE id_cart = %s", cart_id))

    world.sidecar.stop()
    asking.join()
    world.sidecar.start()

    assert [reply.status for reply in replies] == [201]
    assert world.rows("SELECT state FROM {p}attempt WHERE id_cart = %s", cart_id) == (("open",),)


def test_a_server_that_is_told_to_stop_while_it_starts_stops_at_once(tmp_path: Path) -> None:
    """Else it would go on starting, and be killed after `server.stop_within` (20 s)."""
    sidecar = Sidecar(database={"url": f"sqlite:///{tmp_path}/bridge.db"})
    with sidecar.log.open("wb") as log:
        server = subprocess.Popen(sidecar.command(), stdout=log, stderr=log, start_new_session=True)
    try:
        # At work for a moment: in the instant of the fork itself a signal can be lost.
        wait_until(lambda: ticks_of_worker(server.pid) >= 3, 60, interval=0.005, what="the worker to begin")
        server.terminate()
        assert server.wait(timeout=60) == 0
        assert "Killing" not in sidecar.log.read_text()
    finally:
        with suppress(ProcessLookupError):  # its worker too, which would outlive it
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        sidecar.close()


def ticks_of_worker(server: int) -> int:
    """Processor time of the server's worker, in hundredths of a second; 0 without one."""
    found = [child for task in Path(f"/proc/{server}/task").glob("*/children") for child in task.read_text().split()]
    return max(map(processor_ticks, found), default=0)


def processor_ticks(process: str) -> int:
    """As `/proc/<process>/stat` has it; 0 of a process that has gone."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0
    return int(fields[11]) + int(fields[12])


@pytest.mark.mariadb
def test_a_database_that_is_killed_and_comes_back_is_503_in_between_and_nothing_else(
    mariadb: PrivateMariaDB, mariadb_database: Database
) -> None:
    with running_world(mariadb_database) as world:
        cart_id, customer_id = world.new_cart()
        mariadb.kill()

        down = world.sidecar.initiate(cart_id, customer_id, key="while-down")
        readiness = requests.get(f"{world.sidecar.url}/readyz", timeout=10).status_code
        alive = requests.get(f"{world.sidecar.url}/healthz", timeout=10).status_code
        mariadb.start()
        again = world.sidecar.initiate(cart_id, customer_id, key="while-down")

        assert (down.status, readiness, alive) == (503, 503, 200)
        assert int(down.headers["Retry-After"]) >= 1
        assert again.status == 201


@pytest.mark.mariadb
def test_the_server_listens_on_a_unix_socket(mariadb_database: Database, tmp_path: Path) -> None:
    path = tmp_path / "bridge.sock"
    sidecar = Sidecar(database={"url": mariadb_database.url})
    sidecar.bind = f"unix:{path}"
    with sidecar:
        assert path.is_socket()
        assert oct(path.stat().st_mode)[-3:] == "660"


@pytest.mark.mariadb
def test_a_second_sidecar_of_the_same_shop_with_file_locks_is_refused(world: World) -> None:
    refused = run_cli("serve", "--config", str(world.sidecar.config), MOLLIE_BRIDGE_SERVER__BIND="127.0.0.1:1")

    assert refused.returncode == 2
    assert refused.stderr == (
        "mollie-bridge: another sidecar of this shop runs already; several need the Redis locks\n"
    )


def test_a_lock_directory_that_is_not_there_is_refused_with_one_line(tmp_path: Path) -> None:
    variables = {
        "MOLLIE_BRIDGE_AUTH__SHOP_TOKEN": "a" * 40,
        "MOLLIE_BRIDGE_AUTH__ADMIN_TOKEN": "b" * 40,
        "MOLLIE_BRIDGE_DATABASE__URL": f"sqlite:///{tmp_path}/bridge.db",
        "MOLLIE_BRIDGE_LOCKS__DIRECTORY": f"{tmp_path}/locks",
    }

    refused = run_cli("serve", **variables)

    assert refused.returncode == 2
    assert refused.stderr == f"mollie-bridge: locks.directory: {tmp_path}/locks is no directory\n"


@pytest.mark.mariadb
def test_a_killed_servers_socket_is_taken_over_and_a_living_ones_is_not(
    mariadb_database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "bridge.sock"
    sidecar = Sidecar(database={"url": mariadb_database.url})
    sidecar.bind = f"unix:{path}"
    with sidecar:
        refused = run_cli(
            "serve",
            "--config",
            str(sidecar.config),
            MOLLIE_BRIDGE_LOCKS__DIRECTORY=str(tmp_path),
            **{BIND: sidecar.bind},
        )
        assert (refused.returncode, refused.stderr) == (
            2,
            f"mollie-bridge: server.bind: another process listens on {path}\n",
        )
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    again = Sidecar(database={"url": mariadb_database.url})
    again.bind = sidecar.bind
    with again:
        assert path.is_socket()


def test_a_file_in_place_of_the_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "bridge.sock"
    path.write_text("precious")
    variables = {
        "MOLLIE_BRIDGE_AUTH__SHOP_TOKEN": "a" * 40,
        "MOLLIE_BRIDGE_AUTH__ADMIN_TOKEN": "b" * 40,
        "MOLLIE_BRIDGE_DATABASE__URL": f"sqlite:///{tmp_path}/bridge.db",
        "MOLLIE_BRIDGE_LOCKS__DIRECTORY": str(tmp_path),
        BIND: f"unix:{path}",
    }

    refused = run_cli("serve", **variables)

    assert (refused.returncode, path.read_text()) == (2, "precious")
    assert refused.stderr == f"mollie-bridge: server.bind: {path} is there already and no socket\n"
