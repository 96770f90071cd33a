"""What tests look at after webhooks were worked on: the shop's order, Mollie's refunds, the bridge's queues."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.integration.test_paused_holder import standing
from tests.integration.world import World
from tests.services.waiting import WaitedInVain, wait_until


def order_states(world: World, cart_id: int) -> list[int]:
    """The states that the cart's orders went through, oldest first."""
    sql = (
        "SELECT h.id_order_state FROM ps_order_history h JOIN ps_orders o ON o.id_order = h.id_order "
        "WHERE o.id_cart = %s ORDER BY h.id_order_history"
    )
    return [int(state) for (state,) in world.rows(sql, cart_id)]


def paid_by(world: World, cart_id: int) -> list[str]:
    """The transactions that the shop has written as payments of the cart's orders."""
    sql = (
        "SELECT p.transaction_id FROM ps_order_payment p JOIN ps_orders o ON o.reference = p.order_reference "
        "WHERE o.id_cart = %s"
    )
    return [str(transaction_id) for (transaction_id,) in world.rows(sql, cart_id)]


def refunded(world: World, transaction_id: str) -> list[str]:
    """The amounts that Mollie gave back of a payment, each refund one."""
    return [refund.amount.value for refund in world.mollie.books.refunds_of(transaction_id) if refund.counts]


def attempt_state(world: World, transaction_id: str) -> str:
    """The state of a payment's attempt."""
    ((state,),) = world.rows("SELECT state FROM {p}attempt WHERE transaction_id = %s", transaction_id)
    return str(state)


def deliveries(world: World, transaction_id: str) -> list[tuple[str, str | None]]:
    """State and last error of each delivery of a payment, oldest first."""
    sql = "SELECT state, last_error FROM {p}delivery WHERE transaction_id = %s ORDER BY received_at"
    return [(str(state), error) for state, error in world.rows(sql, transaction_id)]


def undone(world: World) -> tuple[tuple[Any, ...], ...]:
    """Deliveries and refunds that still stand in a queue, or need a person."""
    return world.rows(
        "SELECT transaction_id, state, last_error FROM {p}delivery WHERE state <> 'done' UNION ALL "
        "SELECT transaction_id, state, last_error FROM {p}refund WHERE state NOT IN ('refunded', 'dropped')"
    )


def all_done(world: World) -> bool:
    """Whether every queue is empty and nothing needs a person."""
    return not undone(world)


def wait_until_all_done(world: World, timeout: float) -> None:
    """Wait for `all_done`; a failure says what is left."""
    try:
        wait_until(partial(all_done, world), timeout, interval=0.2)
    except WaitedInVain as error:
        raise WaitedInVain(f"not done after {timeout:g} s: {undone(world)[:10]}") from error


def order_of(world: World, cart_id: int) -> dict[str, object]:
    """Everything that the shop has written about the cart's order, and nothing of what only the module has."""
    return {name: rows for name, rows in standing(world, cart_id).items() if name.startswith("ps_order")}
