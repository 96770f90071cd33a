"""Small builders for what the domain and the services are given: each names only what its test is about."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from bridge.domain.attempt import Attempt, AttemptState
from bridge.domain.cart import CartRef
from bridge.domain.money import Money
from bridge.domain.observed import ObservedPayment, PaymentStatus
from bridge.domain.shop import MOLLIE_MODULE, OrderRecord, ShopOrder, ShopPayment, ShopView
from bridge.ports.mollie import NewPayment
from bridge.services.reservation import InitiationRequest
from tests.fakes.clock import START

CART = CartRef(shop_id=1, cart_id=42)
CUSTOMER = 7
WEBHOOK_URL = "http://shop.example/module/mollie/webhook?security_token=abc"


def eur(value: str) -> Money:
    return Money.parse(value, "EUR")


PRICE = eur("14.40")
OTHER_PRICE = eur("28.80")


def checkout(transaction_id: str) -> str:
    return f"https://mollie.example/checkout/{transaction_id}"


def an_attempt(
    state: AttemptState | str = AttemptState.OPEN,
    transaction_id: str | None = "tr_own",
    *,
    attempt_id: str = "attempt-own",
    money: Money = PRICE,
    age: timedelta = timedelta(minutes=1),
    mollie_key: str | None = None,
    checkout_url: str | None = None,
) -> Attempt:
    """An attempt for the cart, `age` old; with a transaction it has a checkout page, unless it is told another one."""
    made = START - age
    return Attempt(
        id=attempt_id,
        cart=CART,
        state=AttemptState(state),
        money=money,
        customer_id=CUSTOMER,
        created_at=made,
        updated_at=made,
        transaction_id=transaction_id,
        checkout_url=checkout_url or (checkout(transaction_id) if transaction_id else None),
        mollie_key=mollie_key,
    )


def observed(
    status: PaymentStatus | str = PaymentStatus.OPEN,
    transaction_id: str = "tr_own",
    *,
    money: Money = PRICE,
    refunded: int = 0,
    charged_back: int = 0,
    cancelable: bool = False,
    attempt_id: str | None = None,
    created_at: datetime | None = None,
) -> ObservedPayment:
    """A payment at Mollie; while it can be paid it has a checkout page."""
    status = PaymentStatus(status)
    live = status in (PaymentStatus.OPEN, PaymentStatus.PENDING)
    return ObservedPayment(
        transaction_id=transaction_id,
        status=status,
        money=money,
        refunded_minor=refunded,
        charged_back_minor=charged_back,
        cart_id=CART.cart_id,
        attempt_id=attempt_id,
        method="ideal",
        checkout_url=checkout(transaction_id) if live else None,
        is_cancelable=cancelable,
        created_at=created_at,
        webhook_url=WEBHOOK_URL,
    )


def a_row(
    transaction_id: str = "tr_row",
    bank_status: str = "open",
    *,
    order_id: int = 0,
    age: timedelta = timedelta(minutes=1),
) -> ShopPayment:
    """A row of the module's table."""
    return ShopPayment(
        transaction_id=transaction_id,
        cart_id=CART.cart_id,
        order_id=order_id,
        method="ideal",
        bank_status=bank_status,
        age=age,
    )


def an_order(
    order_id: int = 1, reference: str = "ABCDEFGHI", *, module: str = MOLLIE_MODULE, total: str = "14.40"
) -> ShopOrder:
    """A row of `ps_orders`."""
    return ShopOrder(order_id=order_id, reference=reference, module=module, total=Decimal(total))


def a_view(*, orders: tuple[ShopOrder, ...] = (), payments: tuple[ShopPayment, ...] = ()) -> ShopView:
    """The cart as the shop knows it."""
    return ShopView(shop_id=CART.shop_id, customer_id=CUSTOMER, orders=orders, payments=payments)


def a_record(
    *orders: ShopOrder,
    total: str = "14.40",
    currency: str = "EUR",
    invoices: tuple[int, ...] = (1,),
    expects_invoice: bool = True,
    paid_by: dict[str, str] | None = None,
    counts_as_paid: bool = True,
) -> OrderRecord:
    """All that was written for the cart's order; paid by `tr_own` unless it is told otherwise."""
    paid = {"tr_own": total} if paid_by is None else paid_by
    return OrderRecord(
        view=a_view(orders=orders or (an_order(),)),
        total=Decimal(total),
        currency=currency,
        invoice_numbers=invoices,
        expects_invoice=expects_invoice,
        paid_by={transaction: Decimal(amount) for transaction, amount in paid.items()},
        counts_as_paid=counts_as_paid,
    )


def a_request(
    key: str = "key-1",
    *,
    money: Money = PRICE,
    cart: CartRef = CART,
    customer_id: int = CUSTOMER,
    fingerprint: str | None = None,
    by_bridge: bool = False,
) -> InitiationRequest:
    """An initiation; its fingerprint follows from cart and amount. With `by_bridge` the bridge makes the payment."""
    creation = NewPayment(
        money=money,
        description="Cart 42",
        redirect_url="https://shop.example/return",
        webhook_url=WEBHOOK_URL,
        metadata={"order_reference": "mol_42"},
    )
    return InitiationRequest(
        cart=cart,
        customer_id=customer_id,
        money=money,
        key=key,
        scope="shop",
        fingerprint=fingerprint or f"{cart}|{money}|{by_bridge}",
        method="ideal",
        creation=creation if by_bridge else None,
    )
