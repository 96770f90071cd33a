"""`mollie-bridge reconcile` killed, stopped or refused, and while Mollie fails: it goes on, and misses nothing."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from tests.integration.reconcile_process import Asked, Ended, ended, wait_for
from tests.integration.reconcile_scene import PAGE, Scene, is_complete

pytestmark = [pytest.mark.req("B7"), pytest.mark.mariadb, pytest.mark.slow, pytest.mark.timeout(300)]


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
