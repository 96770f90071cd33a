"""The reports that need the bridge's own tables: they know what Mollie said."""

from __future__ import annotations

from typing import Final

from bridge.domain.reports import ColumnKind, Report, Severity, columns_of

K = ColumnKind

_OWN = (("cart_id", "cart", K.CART), ("id_shop", "shop", K.SHOP))

SURPLUS_PAYMENTS: Final = Report(
    name="surplus_payments",
    title="Surplus money not given back",
    question="Which money was taken for a cart that another payment had settled, and has not been given back?",
    severity=Severity.ACT,
    needs_bridge_tables=True,
    columns=columns_of(
        *_OWN,
        ("payment_id", "payment", K.IDENTIFIER),
        ("transaction_id", "transaction", K.TRANSACTION),
        ("state", "state", K.STATUS),
        ("currency", "currency", K.CURRENCY),
        ("paid", "paid", K.MONEY, True),
        ("on_its_way_back", "on its way back", K.MONEY, True),
        ("at_risk", "at risk", K.MONEY, True),
        ("refund_state", "refund", K.STATUS),
        ("processed_at", "paid at", K.UTC_TIME),
    ),
)
REFUNDS_FOR_A_PERSON: Final = Report(
    name="refunds_for_a_person",
    title="Refunds that wait for somebody",
    question="Which refunds wait for somebody?",
    severity=Severity.ACT,
    needs_bridge_tables=True,
    columns=columns_of(
        ("refund_id", "refund", K.IDENTIFIER),
        ("state", "state", K.STATUS),
        *_OWN,
        ("payment_id", "payment", K.IDENTIFIER),
        ("transaction_id", "transaction", K.TRANSACTION),
        ("currency", "currency", K.CURRENCY),
        ("amount", "amount", K.MONEY, True),
        ("last_error", "last error", K.TEXT),
        ("created_at", "asked for", K.UTC_TIME),
    ),
)
REFUNDS_ABOVE_PAID: Final = Report(
    name="refunds_above_paid",
    title="More given back than paid",
    question="Where was more given back than was paid?",
    severity=Severity.ACT,
    needs_bridge_tables=True,
    unknown="Refunds made in Mollie's dashboard of which no webhook came.",
    columns=columns_of(
        *_OWN,
        ("payment_id", "payment", K.IDENTIFIER),
        ("transaction_id", "transaction", K.TRANSACTION),
        ("currency", "currency", K.CURRENCY),
        ("paid", "paid", K.MONEY),
        ("refunded", "refunded here", K.MONEY),
        ("seen_refunded", "refunded at Mollie", K.MONEY),
        ("too_much", "too much", K.MONEY, True),
        ("created_at", "made", K.UTC_TIME),
    ),
)
DELIVERIES_FOR_A_PERSON: Final = Report(
    name="deliveries_for_a_person",
    title="Webhooks given up",
    question="Which webhooks has the bridge given up?",
    severity=Severity.ACT,
    needs_bridge_tables=True,
    columns=columns_of(
        ("delivery_id", "delivery", K.IDENTIFIER),
        ("transaction_id", "transaction", K.TRANSACTION),
        *_OWN,
        ("source", "source", K.STATUS),
        ("mollie_said", "Mollie said", K.STATUS),
        ("decision", "decision", K.STATUS),
        ("tries", "tries", K.COUNT),
        ("last_error", "last error", K.TEXT),
        ("received_at", "received", K.UTC_TIME),
        ("updated_at", "updated", K.UTC_TIME),
    ),
)
UNVERIFIED_ORDERS: Final = Report(
    name="unverified_orders",
    title="Settled, and the order does not fit",
    question="Which carts were settled, and their order could not be verified?",
    severity=Severity.ACT,
    needs_bridge_tables=True,
    columns=columns_of(
        *_OWN,
        ("transaction_id", "transaction", K.TRANSACTION),
        ("currency", "currency", K.CURRENCY),
        ("paid", "paid", K.MONEY, True),
        ("mismatches", "mismatches", K.TEXT),
        ("tries_left", "tries left", K.FLAG),
        ("processed_at", "paid at", K.UTC_TIME),
    ),
)
MOLLIE_DISAGREEMENT: Final = Report(
    name="mollie_disagreement",
    title="The module's table and Mollie disagree",
    question="Where do the module's table and Mollie say different things about the money of a payment?",
    severity=Severity.LOOK,
    needs_bridge_tables=True,
    columns=columns_of(
        *_OWN,
        ("transaction_id", "transaction", K.TRANSACTION),
        ("mollie_said", "Mollie said", K.STATUS),
        ("module_says", "module says", K.STATUS),
        ("updated_at", "updated", K.UTC_TIME),
    ),
)
LOCKS_HELD: Final = Report(
    name="locks_held",
    title="Carts being worked on now",
    question="Which carts are being worked on now, by whom and since when?",
    severity=Severity.FIGURES,
    needs_bridge_tables=True,
    takes_since=False,
    columns=columns_of(
        ("id_shop", "shop", K.SHOP),
        ("id_cart", "cart", K.CART),
        ("purpose", "purpose", K.TEXT),
        ("holder", "holder", K.TEXT),
        ("since", "since", K.UTC_TIME),
        ("held_seconds", "seconds", K.SECONDS),
        ("expires_at", "expires", K.UTC_TIME),
        ("expired", "expired", K.FLAG),
        ("settled_transaction_id", "settled by", K.TRANSACTION),
        ("order_phase", "order", K.STATUS),
    ),
)

OF_THE_BRIDGE: Final = tuple(report for report in tuple(vars().values()) if isinstance(report, Report))
"""In the order in which they are to be read."""
