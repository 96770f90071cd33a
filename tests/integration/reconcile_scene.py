"""A shop in every state, what is to be found in it, and the command that is to find it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bridge.demo.serving import serve_in_thread
from bridge.demo.simulator import MollieSimulator
from bridge.demo.simulator import create_app as create_mollie
from tests.integration.reconcile_process import Command, Ended, Turnstile, command_of
from tests.integration.reconciled_shop import Expected, Populace, transactions
from tests.integration.world import World, running_world
from tests.services.mariadb import Database

ROUNDS = 8
"""Of each state of the table: with those of others, nearly three hundred payments."""

PAGE = 64
SECOND_KEY = "test_secondshop000000000000000000"


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
def reconciled(module_database: Database) -> Iterator[Scene]:
    """The scene of all tests of a module."""
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


@pytest.fixture
def scene(reconciled: Scene) -> Scene:
    """The scene without what the test before has left."""
    reconciled.turnstile.asked.clear()
    reconciled.world.mollie.faults.clear()
    reconciled.command.notebook.unlink(missing_ok=True)
    return reconciled


def is_complete(scene: Scene, run: Ended) -> None:
    """Everything was found, once; each payment was compared, once; nothing is left of the walk."""
    assert run.code == 1, run.error
    assert run.findings == scene.expected
    assert run.told["payments"] == len(transactions(scene.world.mollie))
    assert not scene.command.notebook.exists()
