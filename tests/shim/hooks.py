"""What a shop's module and hook tables hold before the shim comes: the Mollie module, and the hooks of the version."""

from __future__ import annotations

from typing import Final

from tests.services.mariadb import Database

EVERYWHERE: Final = (
    *("moduleRoutes", "actionDispatcherBefore", "actionDispatcher", "actionDispatcherAfter", "displayHeader"),
    *("actionFrontControllerSetMedia", "actionValidateOrder", "actionOrderStatusUpdate", "actionOrderStatusPostUpdate"),
    *("paymentOptions", "displayBackOfficeHeader"),
)
FROM: Final = {"actionPresentPaymentOptions": (8, 2), "actionValidateOrderBefore": (9, 0)}
"""Hooks that the fixtures of a version name; the front controller's own ones are called, but stand in no fixture."""


def seed_hooks(database: Database, version: str) -> None:
    """Fill `ps_hook` as the version's installer does, and install the Mollie module."""
    number = tuple(int(part) for part in version.split(".")[:2])
    names = [*EVERYWHERE, *(name for name, since in FROM.items() if number >= since)]
    for name in names:
        database.execute("INSERT INTO ps_hook (name, title) VALUES (%s, %s)", name, name)
    database.execute("INSERT INTO ps_module (name, active, version) VALUES ('mollie', 1, '6.4.4')")
    for group, name in enumerate(("Visitor", "Guest", "Customer"), start=1):
        database.execute("INSERT INTO ps_group (id_group) VALUES (%s)", group)
        database.execute("INSERT INTO ps_group_lang (id_group, id_lang, name) VALUES (%s, 1, %s)", group, name)
    database.execute("INSERT INTO ps_module_group SELECT id_module, 1, id_group FROM ps_module, ps_group")
    database.execute("INSERT INTO ps_module_shop (id_module, id_shop) SELECT id_module, 1 FROM ps_module")
