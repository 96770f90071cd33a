"""What the unit tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridge.demo.storefront import BridgeShim
from bridge.domain.gate_policy import ChangedCartPolicy, GatePolicy, SameAmountPolicy
from bridge.services.settings import GateLimits
from tests.fakes.services import Limits
from tests.unit.fake_sidecar import TOKEN, Bridge, open_sidecar
from tests.unit.money_back import ask, paid_twice, states_of
from tests.unit.storefront_scene import Scene, open_scene, sqlite_engine
from tests.unit.world import World


@pytest.fixture
def world() -> Iterator[World]:
    """A shop, Mollie and a running bridge, all in memory; nothing is there but the cart."""
    made = World()
    yield made
    made.close()


@pytest.fixture
def strict() -> Iterator[World]:
    """A gate whose policies block and deny."""
    policy = GatePolicy(same_amount=SameAmountPolicy.BLOCK, changed_cart=ChangedCartPolicy.DENY)
    made = World(Limits(gate=GateLimits(policy=policy)))
    yield made
    made.close()


# --- money that came in twice -----------------------------------------------------------------------------------------


@pytest.fixture
def refunding() -> Iterator[World]:
    """Paid twice: `tr_2` (14.40) is surplus, its refund is queued."""
    made = paid_twice("refund")
    yield made
    made.close()


@pytest.fixture
def proposing() -> Iterator[World]:
    """Paid twice: `tr_2` (14.40) is surplus, its refund is proposed."""
    made = paid_twice("propose")
    yield made
    made.close()


@pytest.fixture
def reporting() -> Iterator[World]:
    """Paid twice: `tr_2` (14.40) is surplus and only reported; an admin gives back what he likes."""
    made = paid_twice("report")
    yield made
    made.close()


@pytest.fixture
def given(reporting: World) -> World:
    """5.00 of `tr_2` (14.40, surplus) went back, as an admin asked; Mollie took it."""
    ask(reporting, "5.00")
    assert states_of(reporting) == ["refunded"]
    reporting.mollie.requests.clear()
    return reporting


# --- the toy shop -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The toy shop for all tests of a module."""
    folder = tmp_path_factory.mktemp("storefront")
    with open_scene(sqlite_engine(folder), folder) as opened:
        yield opened


@pytest.fixture
def scene(stage: Scene) -> Scene:
    """The toy shop without what a test before had set."""
    stage.calm()
    return stage


@pytest.fixture
def paid(scene: Scene) -> tuple[int, str]:
    """A cart, and the transaction that paid it and is not yet announced."""
    cart = scene.shop.add_cart()
    return cart, scene.paid(cart)


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    """A sidecar that answers what it is told to, and a shim that asks it."""
    with open_sidecar() as (sidecar, url):
        yield sidecar, BridgeShim(base_url=url, token=TOKEN)
