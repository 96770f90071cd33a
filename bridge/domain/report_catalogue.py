"""The reports that there are, in the order in which a merchant wants to read them: what costs money first."""

from __future__ import annotations

from typing import Final

from bridge.domain.report_catalogue_bridge import OF_THE_BRIDGE
from bridge.domain.reports import ColumnKind, Report, Severity, columns_of

K = ColumnKind

_NO_REFUNDS: Final = "Refunds made already, and payments whose webhook was lost: the shop's tables hold neither."


_PAYMENT = (("transaction_id", "transaction", K.TRANSACTION), ("cart_id", "cart", K.CART), ("id_shop", "shop", K.SHOP))
_ORDER = (
    ("id_order", "order", K.ORDER),
    ("reference", "reference", K.REFERENCE),
    ("id_cart", "cart", K.CART),
    ("id_shop", "shop", K.SHOP),
    ("current_state", "state", K.NUMBER),
    ("currency", "currency", K.CURRENCY),
    ("total_paid", "total", K.MONEY, True),
)

DUPLICATE_PAYMENTS: Final = Report(
    name="duplicate_payments",
    title="Carts paid more than once",
    question="Which carts were paid more than once, and how much money is at risk?",
    severity=Severity.ACT,
    unknown=_NO_REFUNDS,
    columns=columns_of(
        ("cart_id", "cart", K.CART),
        ("id_shop", "shop", K.SHOP),
        ("payments", "payments", K.COUNT, True),
        ("order_references", "orders", K.COUNT),
        ("currency", "currency", K.CURRENCY),
        ("taken", "taken", K.MONEY, True),
        ("worth", "worth", K.MONEY, True),
        ("at_risk", "at risk", K.MONEY, True),
        ("first_at", "first payment", K.SHOP_TIME),
        ("last_at", "last payment", K.SHOP_TIME),
        ("transactions", "transactions", K.TRANSACTIONS),
    ),
)
DUPLICATE_ORDERS: Final = Report(
    name="duplicate_orders",
    title="Carts with more than one order",
    question="Which carts became more than one order (not counting orders split into packages)?",
    severity=Severity.ACT,
    columns=columns_of(
        ("id_cart", "cart", K.CART),
        ("id_shop", "shop", K.SHOP),
        ("order_references", "orders", K.COUNT, True),
        ("orders", "rows", K.COUNT),
        ("counting", "paid", K.COUNT),
        ("currency", "currency", K.CURRENCY),
        ("too_much", "too much", K.MONEY, True),
        ("first_at", "first order", K.SHOP_TIME),
        ("last_at", "last order", K.SHOP_TIME),
        ("references_made", "references", K.REFERENCE),
        ("order_ids", "order ids", K.TEXT),
    ),
)
CROSS_CART_DUPLICATES: Final = Report(
    name="cross_cart_duplicates",
    title="The same bought twice in two carts",
    question="Who bought the same thing twice within half an hour, in two carts?",
    severity=Severity.ACT,
    unknown="A first payment that never became an order.",
    columns=columns_of(
        ("id_customer", "customer", K.CUSTOMER),
        ("first_cart", "first cart", K.CART),
        ("second_cart", "second cart", K.CART),
        ("id_shop", "shop", K.SHOP),
        ("first_reference", "first order", K.REFERENCE),
        ("second_reference", "second order", K.REFERENCE),
        ("currency", "currency", K.CURRENCY),
        ("too_much", "too much", K.MONEY, True),
        ("seconds_between", "seconds between", K.SECONDS),
        ("second_at", "second at", K.SHOP_TIME),
    ),
)
PAID_WITHOUT_ORDER: Final = Report(
    name="paid_without_order",
    title="Paid, and no order",
    question="Which payments brought in money and have no order?",
    severity=Severity.ACT,
    unknown="Payments whose webhook never came: the shop's tables show them as open (stuck_payments).",
    columns=columns_of(
        *_PAYMENT,
        ("method", "method", K.STATUS),
        ("bank_status", "recorded", K.STATUS),
        ("created_at", "made", K.SHOP_TIME),
        ("updated_at", "updated", K.SHOP_TIME),
    ),
)
STATUS_DISAGREEMENT: Final = Report(
    name="status_disagreement",
    title="Order and payment disagree",
    question="Where do the shop's order and the module's payments say different things about the money?",
    severity=Severity.ACT,
    unknown="Which of the two is right.",
    columns=columns_of(
        ("disagreement", "disagreement", K.STATUS),
        *_ORDER[:-1],
        ("total_paid", "total", K.MONEY),
        ("transaction_id", "transaction", K.TRANSACTION),
        ("bank_status", "recorded", K.STATUS),
        ("created_at", "payment made", K.SHOP_TIME),
    ),
)
AMOUNT_MISMATCH: Final = Report(
    name="amount_mismatch",
    title="Ordered and booked amounts differ",
    question="Which orders do not cost what the shop booked for them?",
    severity=Severity.ACT,
    unknown="What Mollie really charged.",
    columns=columns_of(
        ("reference", "reference", K.REFERENCE),
        ("id_cart", "cart", K.CART),
        ("id_shop", "shop", K.SHOP),
        ("orders", "rows", K.COUNT),
        ("currency", "currency", K.CURRENCY),
        ("ordered", "ordered", K.MONEY, True),
        ("booked_currency", "booked in", K.STATUS),
        ("booked", "booked", K.MONEY),
        ("difference", "difference", K.MONEY, True),
        ("date_add", "ordered at", K.SHOP_TIME),
    ),
)
ORDER_WITHOUT_PAYMENT: Final = Report(
    name="order_without_payment",
    title="Paid orders without any payment",
    question="Which orders count as paid without any payment on record?",
    severity=Severity.ACT,
    unknown="Whether there is a payment at Mollie that the module's table has lost.",
    columns=columns_of(*_ORDER, ("date_add", "ordered at", K.SHOP_TIME)),
)
STUCK_PAYMENTS: Final = Report(
    name="stuck_payments",
    title="Payments that were never heard of again",
    question="Which payments were begun and never heard of again?",
    severity=Severity.LOOK,
    unknown="Which of these are paid: a lost webhook and an abandoned payment look the same. Mollie has to be asked.",
    columns=columns_of(
        *_PAYMENT,
        ("method", "method", K.STATUS),
        ("bank_status", "recorded", K.STATUS),
        ("order_id", "order", K.ORDER),
        ("paid_otherwise", "paid otherwise", K.FLAG),
        ("minutes", "minutes", K.MINUTES),
        ("created_at", "made", K.SHOP_TIME),
    ),
)
PENDING_RATIO: Final = Report(
    name="pending_ratio",
    title="Payments begun and paid, by month and method",
    question="How many payments are begun for each one that is paid?",
    severity=Severity.FIGURES,
    columns=columns_of(
        ("month", "month", K.NUMBER),
        ("method", "method", K.STATUS),
        ("begun", "begun", K.COUNT, True),
        ("paid", "paid", K.COUNT, True),
        ("unfinished", "unfinished", K.COUNT, True),
        ("pending_percent", "unfinished %", K.PERCENT),
    ),
)
TIME_TO_ORDER: Final = Report(
    name="time_to_order",
    title="From payment to order, by month",
    question="How long does it take from the making of a payment to its order?",
    severity=Severity.FIGURES,
    columns=columns_of(
        ("month", "month", K.NUMBER),
        ("orders", "orders", K.COUNT, True),
        ("average_seconds", "average seconds", K.SECONDS),
        ("up_to_1_minute", "up to 1 min", K.COUNT, True),
        ("up_to_30_minutes", "up to 30 min", K.COUNT, True),
        ("longer", "longer", K.COUNT, True),
    ),
)
CATALOGUE: Final = (*tuple(one for one in tuple(vars().values()) if isinstance(one, Report)), *OF_THE_BRIDGE)
"""All of them."""

BY_NAME: Final = {report.name: report for report in CATALOGUE}
