"""PHP's own locks and ours exclude each other: the real Symfony stores, in both directions."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bridge.adapters.lock_files import key_of, lock_file_name
from bridge.ports.locks import CartLocks
from tests.contract.locks.backends import Backend, RedisBackend
from tests.contract.locks.contender import Contender
from tests.contract.locks.moves import KEY, LONG, SOON, granted, refused, shared, take, waits
from tests.services.php import php, start_php
from tests.services.waiting import wait_until

PROGRAMS = Path(__file__).parent / "php"

pytestmark = [pytest.mark.php, pytest.mark.req("P2", "P7")]


def php_contender(backend: Backend) -> Contender:
    where = [backend.where]
    if isinstance(backend, RedisBackend):
        where = [backend.server.host, str(backend.server.port), backend.server.password]
    return Contender([php(), str(PROGRAMS / "contender.php"), backend.kind, *where])


@pytest.fixture
def shop(backend: Backend) -> Iterator[Contender]:
    """A PHP process of the shop."""
    with php_contender(backend) as contender:
        yield contender


@shared
def test_what_php_holds_we_do_not_get(locks: CartLocks, shop: Contender) -> None:
    assert shop.acquire(KEY)

    assert refused(locks)
    assert refused(locks, timeout=SOON)


@shared
def test_what_we_hold_php_does_not_get(locks: CartLocks, shop: Contender) -> None:
    take(locks)

    assert shop.acquire(KEY) is None


@shared
def test_we_get_what_php_gives_back(backend: Backend, locks: CartLocks, shop: Contender) -> None:
    shop.acquire(KEY)
    shop.release(KEY, "held")

    assert granted(locks)


@shared
def test_php_gets_what_we_give_back(locks: CartLocks, shop: Contender) -> None:
    grant = take(locks)
    locks.release(KEY, grant.token)

    assert shop.acquire(KEY)


@shared
def test_php_gets_what_we_gave_up_waiting_for(locks: CartLocks, shop: Contender, backend: Backend) -> None:
    with php_contender(backend) as another:
        another.acquire(KEY)
        assert refused(locks, timeout=SOON)
        another.release(KEY, "held")

        assert shop.acquire(KEY)


@shared
def test_we_wait_for_php(backend: Backend, locks: CartLocks, shop: Contender, threads: ThreadPoolExecutor) -> None:
    shop.acquire(KEY)
    waiting = threads.submit(granted, locks, timeout=LONG)
    wait_until(lambda: waits(backend, os.getpid()), what="the thread to wait")

    shop.release(KEY, "held")

    assert waiting.result(30)
    assert shop.acquire(KEY) is None


@shared
def test_php_waits_for_us(locks: CartLocks, shop: Contender) -> None:
    grant = take(locks)
    shop.tell(do="acquire", key=KEY, timeout=LONG, lifetime=LONG)

    locks.release(KEY, grant.token)

    assert shop.answer() == "held"
    assert refused(locks)


@shared
@pytest.mark.req("B8")
def test_the_lock_of_a_killed_php_process_comes_free(locks: CartLocks, shop: Contender) -> None:
    shop.acquire(KEY, lifetime=SOON)
    assert refused(locks)

    shop.kill()

    assert granted(locks, timeout=LONG)


@shared
@pytest.mark.req("B8")
def test_php_gets_the_lock_of_a_killed_contender(backend: Backend, shop: Contender) -> None:
    with Contender.of(backend) as ours:
        ours.acquire(KEY, lifetime=SOON)
        assert shop.acquire(KEY) is None

        ours.kill()

        wait_until(lambda: shop.acquire(KEY), what="PHP to get the lock")


@shared
@pytest.mark.req("B8")
def test_php_gets_the_lock_whose_lifetime_has_passed(locks: CartLocks, shop: Contender) -> None:
    grant = take(locks, lifetime=SOON, keep=False)

    wait_until(lambda: shop.acquire(KEY), what="PHP to get the lock")
    assert not locks.release(KEY, grant.token)


@shared
@pytest.mark.req("P6")
def test_what_php_holds_can_be_seen(backend: Backend, locks: CartLocks, shop: Contender) -> None:
    shop.acquire(KEY)

    (hold,) = locks.held()

    assert hold.key == KEY
    if backend.kind == "flock":
        assert hold.holder == f"pid {shop.process.pid} (php)"


@pytest.mark.slow
@shared
@pytest.mark.req("B8")
def test_a_thousand_mixed_rounds_lose_no_count(backend: Backend, tmp_path: Path) -> None:
    number = tmp_path / "number"
    number.write_text("0")
    contenders = [make(backend) for make in (Contender.of, php_contender) for _ in range(4)]
    for contender in contenders:  # until all are there, so that nobody has the lock to himself
        assert contender.acquire(f"webhook-cart-{contender.process.pid}")

    # Symfony looks every 100 ms whether a lock in Redis is free, so it only ever gets one that is not always wanted.
    for contender, pause in zip(contenders, [0.05] * 4 + [0.02] * 4, strict=True):
        contender.tell(do="count", key=KEY, file=str(number), rounds=125, pause=pause)
    ours: set[int] = set()
    shops: set[int] = set()
    for contender, turns in zip(contenders, [ours] * 4 + [shops] * 4, strict=True):
        with contender:
            turns.update(contender.answer())

    assert ours | shops == set(range(1, 1001))
    # Otherwise one side may have waited until the other was done, and nothing would be shown.
    changes = sum(turn + 1 in shops for turn in ours)
    assert changes > 20


@pytest.fixture(scope="module")
def name_by_symfony(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """What Symfony's FlockStore calls the file of a key; one PHP process answers for all."""
    with start_php(PROGRAMS / "names.php", str(tmp_path_factory.mktemp("names"))) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        ask, answer = process.stdin, process.stdout

        def name(key: str) -> str:
            ask.write(base64.b64encode(key.encode()).decode() + "\n")
            ask.flush()
            return base64.b64decode(answer.readline()).decode()

        yield name


def test_the_name_is_the_known_one() -> None:
    assert lock_file_name("webhook-cart-123") == "sf.webhook-cart-123.6LaH_+s.lock"


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example("webhook-cart-123")
@example("shop2-webhook-cart-123")
@example("a" * 51)
@example("\u017f\u017fK \u0130 \xdf")  # letters whose other case is plain, or two letters
@example("x\n")
@example("\x00/../../etc/passwd")
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=120))
def test_every_name_is_symfonys(name_by_symfony: Callable[[str], str], key: str) -> None:
    assert lock_file_name(key) == name_by_symfony(key)


@given(st.integers(min_value=0))
def test_a_carts_key_can_be_read_from_its_files_name(cart_id: int) -> None:
    key = f"webhook-cart-{cart_id}"[:50]

    assert key_of(lock_file_name(key)) == key
