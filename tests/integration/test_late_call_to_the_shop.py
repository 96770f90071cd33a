"""A sidecar that goes on after its lease while another one's module is just about to insert the order.

Its call to the shop bears the end of the lease: to the shim it is a call like any other by then, and has to claim the
cart that somebody else works on.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from bridge.demo.storefront import Stage
from tests.integration.shop_process import is_stopped
from tests.integration.test_paused_holder import paid
from tests.integration.test_stopped_sidecar import Two, route, takes_over, two
from tests.services.waiting import wait_until

__all__ = ["two"]

pytestmark = [pytest.mark.mariadb, pytest.mark.redis, pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(300)]

ROUNDS = 10


@pytest.fixture
def apart(two: Two) -> Iterator[Two]:
    """Each sidecar passes on to a web server of its own."""
    own = two.other.sections["webhooks"] | {"shop_url": two.world.shops[1].base_url}
    two.other.stop()
    two.other.sections = two.other.sections | {"webhooks": own}
    two.other.start()
    yield two
    two.world.shops[1].pause = 0.0


@pytest.mark.req("B8", "P3")
def test_a_call_that_comes_after_its_lease_makes_no_second_order(apart: Two) -> None:
    for _ in range(ROUNDS):
        about_to_insert, go_on = threading.Event(), threading.Event()

        def pause(stage: Stage, there: threading.Event = about_to_insert, go: threading.Event = go_on) -> None:
            if stage is Stage.CHECKED:
                there.set()
                go.wait(0.2)

        apart.world.shops[1].pause = pause
        cart_id, transaction_id = paid(apart.world)
        apart.arm(("before the call to the shop",))
        with ThreadPoolExecutor(2) as pool:
            late = pool.submit(route, apart.world.sidecar, transaction_id)
            wait_until(lambda: is_stopped(apart.world.sidecar.pid), 20)
            over = pool.submit(takes_over, apart.other, transaction_id)
            assert about_to_insert.wait(20)

            os.kill(apart.world.sidecar.pid, signal.SIGCONT)

            assert late.result() == 503
            go_on.set()
            over.result()
        wait_until(apart.is_through, 10)
        assert len(apart.world.references(cart_id)) == 1
