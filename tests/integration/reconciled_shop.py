"""A shop in every state that reconciling knows, a Mollie that can be stopped at any page, and the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from bridge.demo.simulator import MollieSimulator
from tests.integration.sidecar import _toml
from tests.integration.world import World
from tests.services.process import ServerFailed
from tests.services.waiting import wait_until

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ROOT = Path(__file__).parents[2]
LIST = "/v2/payments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question to Mollie; `begin` is the first payment of a page that is asked for (None: the newest)."""

    method: str
    path: str
    begin: str | None

    @property
    def is_page(self) -> bool:
        return self.path == LIST and self.method == "GET"


@dataclass(slots=True, kw_only=True)
class Turnstile:
    """Mollie, one account for each key, giving pages of `size`; one question can be kept waiting until it is let go."""

    accounts: Mapping[str, WSGIApplication]
    size: int
    asked: list[Asked] = field(default_factory=list)
    before: Callable[[Asked], None] | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        query = parse_qs(environ.get("QUERY_STRING", ""))
        asked = Asked(method=environ["REQUEST_METHOD"], path=environ["PATH_INFO"], begin=query.get("from", [None])[0])
        self.asked.append(asked)
        if asked.is_page:
            wanted = {"limit": str(self.size)} | ({"from": asked.begin} if asked.begin else {})
            environ["QUERY_STRING"] = "&".join(f"{name}={value}" for name, value in wanted.items())
        if self.before is not None:
            self.before(asked)
        key = environ.get("HTTP_AUTHORIZATION", "").rpartition(" ")[2]
        return self.accounts.get(key, self.accounts[""])(environ, start_response)

    @contextmanager
    def stopping_at(self, which: Callable[[Asked], bool]) -> Iterator[threading.Event]:
        """Keep the first such question waiting as long as the block lasts; the event says that it has come."""
        has_come, let_go = threading.Event(), threading.Event()

        def stop(asked: Asked) -> None:
            if not has_come.is_set() and which(asked):
                has_come.set()
                let_go.wait(60)

        self.before = stop
        try:
            yield has_come
        finally:
            self.before = None
            let_go.set()

    def pages(self) -> list[str | None]:
        """The beginnings of the pages that were asked for, in this order."""
        return [asked.begin for asked in self.asked if asked.is_page]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A run of the command that is over."""

    code: int
    out: str
    error: str

    @property
    def told(self) -> dict[str, Any]:
        """Its JSON."""
        told = json.loads(self.out)
        assert isinstance(told, dict)
        return told

    @property
    def findings(self) -> Counter[tuple[str, str]]:
        """Kind and transaction of each finding."""
        return Counter((each["kind"], each["transaction"]) for each in self.told["findings"])


@dataclass(slots=True, kw_only=True)
class Command:
    """`mollie-bridge reconcile` as a process of its own, in a folder of its own, with a configuration of its own."""

    folder: Path
    config: dict[str, dict[str, Any]]

    @property
    def notebook(self) -> Path:
        return self.folder / "mollie-bridge-reconcile.jsonl"

    def start(self, *options: str, **sections: dict[str, Any]) -> subprocess.Popen[str]:
        """Begin; the rate is high unless `--rate` says otherwise."""
        config = self.folder / f"config-{os.urandom(4).hex()}.toml"
        merged = {name: self.config.get(name, {}) | sections.get(name, {}) for name in self.config | sections}
        config.write_text(_toml(merged))
        rate = () if "--rate" in options else ("--rate", "50")
        return subprocess.Popen(
            [sys.executable, "-m", "bridge.cli", "reconcile", "--config", str(config), *rate, *options],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *options: str, **sections: dict[str, Any]) -> Ended:
        """From beginning to end."""
        return ended(self.start(*options, **sections))

    def pages_kept(self) -> int:
        """How many whole lines of pages stand in the notebook."""
        return max(0, self.notebook.read_bytes().count(b"\n") - 1) if self.notebook.exists() else 0


def ended(process: subprocess.Popen[str]) -> Ended:
    """Wait for the end."""
    with process:
        try:
            out, error = process.communicate(timeout=150)
        except subprocess.TimeoutExpired:
            process.kill()
            raise ServerFailed(f"reconcile did not end: {process.communicate()}") from None
        return Ended(code=process.returncode, out=out, error=error)


def command_of(world: World, folder: Path, mollie_url: str) -> Command:
    """The command beside the world's sidecar: same database, same locks; Mollie through the turnstile."""
    config: dict[str, dict[str, Any]] = tomllib.loads(world.sidecar.config.read_text())
    config["mollie"] = {"endpoint": mollie_url}
    config.pop("server", None)
    return Command(folder=folder, config=config)


# --- the shop's states ------------------------------------------------------------------------------------------------

Expected = Counter[tuple[str, str]]
"""Kind and transaction of each finding that is to be."""


@dataclass(frozen=True, slots=True)
class Populace:
    """Makes payments in each state of the table, and says what is to be found of them."""

    world: World

    def everything(self) -> Expected:
        """One payment or more of each state."""
        expected: Expected = Counter()
        for make in (
            self.well_paid,
            self.of_others,
            self.order,
            self.still_open,
            self.orphan,
            self.of_an_unknown_cart,
            self.without_order,
            self.missed,
            self.of_another_amount,
            self.surplus,
            self.of_another_module,
            self.of_nobody_knows_whom,
            self.ended,
            self.ended_beside_the_settling_one,
            self.marked_paid,
            self.given_back,
        ):
            expected.update(make())
        return expected

    def bare(self, *, metadata: dict[str, Any] | None = None, paid: bool = False) -> str:
        """A payment of which the shop knows nothing."""
        body = {
            "amount": {"currency": "EUR", "value": "9.99"},
            "description": "by hand",
            "redirectUrl": "http://shop.test/return",
            "metadata": metadata,
            "method": "banktransfer",
        }
        made = self.world.mollie.create_payment(body).id
        if paid:
            self.world.mollie.pay(made)
        return made

    def started(self, amount: str = "14.40") -> tuple[int, str]:
        """A cart and its payment, made by the module, of which nobody will be told."""
        cart_id = self.world.shop.add_cart(amount)
        return cart_id, self.again(cart_id)

    def again(self, cart_id: int) -> str:
        """Another payment of the cart."""
        transaction_id = self.world.shop.pay(cart_id, "bancontact").transaction_id
        self.world.mollie.webhooks.lose(transaction_id)
        return transaction_id

    def paid(self, amount: str = "14.40") -> tuple[int, str]:
        cart_id, transaction_id = self.started(amount)
        self.world.mollie.pay(transaction_id)
        return cart_id, transaction_id

    def ordered(self) -> tuple[int, str]:
        """Paid, and the module has made its order of it."""
        cart_id, transaction_id = self.paid()
        answer = self.world.shop.webhook(transaction_id, self.world.shop.token_of(cart_id))
        assert answer.status == 200, answer
        return cart_id, transaction_id

    # --- one after the other

    def well_paid(self) -> list[tuple[str, str]]:
        self.ordered()
        return []

    def order(self) -> list[tuple[str, str]]:
        """Of the Orders API: neither of its payments came to anything; the module knows the order alone."""
        world = self.world
        cart_id = world.shop.add_cart("14.40")
        order = world.mollie.orders.create(
            {
                "amount": {"currency": "EUR", "value": "14.40"},
                "orderNumber": str(cart_id),
                "locale": "en_US",
                "lines": [{"name": "a thing"}],
                "redirectUrl": "http://shop.test/return",
                "metadata": {"cart_id": cart_id},
                "method": "bancontact",
            }
        )
        world.mollie.fail(order.payment_ids[0])
        world.mollie.orders.add_payment(order.id, {})
        world.mollie.orders.expire(order.id)
        world.shop.rows.add_open(order.id, cart_id, method="bancontact", reference="x")
        return [("status_disagreement", order.id)]

    def of_others(self) -> list[tuple[str, str]]:
        """The account has more to do than this shop; nobody has paid any of it."""
        for _ in range(12):
            self.bare()
        return []

    def still_open(self) -> list[tuple[str, str]]:
        self.started()
        return []

    def orphan(self) -> list[tuple[str, str]]:
        return [("orphan", self.bare(paid=True))]

    def of_an_unknown_cart(self) -> list[tuple[str, str]]:
        return [("orphan", self.bare(metadata={"cart_id": 999_999}, paid=True))]

    def without_order(self) -> list[tuple[str, str]]:
        return [("paid_without_order", self.paid()[1])]

    def missed(self) -> list[tuple[str, str]]:
        _, transaction_id = self.ordered()
        self.world.rows("UPDATE ps_mollie_payments SET bank_status = 'open' WHERE transaction_id = %s", transaction_id)
        return [("missed_webhook", transaction_id)]

    def of_another_amount(self) -> list[tuple[str, str]]:
        cart_id, transaction_id = self.ordered()
        self.world.rows(
            "UPDATE ps_orders SET total_paid = 14.41, total_paid_tax_incl = 14.41 WHERE id_cart = %s", cart_id
        )
        return [("amount_mismatch", transaction_id)]

    def surplus(self) -> list[tuple[str, str]]:
        cart_id, _ = self.ordered()
        second = self.again(cart_id)
        self.world.mollie.pay(second)
        return [("surplus_not_refunded", second)]

    def of_another_module(self) -> list[tuple[str, str]]:
        cart_id, transaction_id = self.ordered()
        self.world.rows("UPDATE ps_orders SET module = 'ps_wirepayment' WHERE id_cart = %s", cart_id)
        return [("surplus_not_refunded", transaction_id)]

    def of_nobody_knows_whom(self) -> list[tuple[str, str]]:
        cart_id, first = self.ordered()
        second = self.again(cart_id)
        self.world.mollie.pay(second)
        self.world.rows("UPDATE ps_mollie_payments SET order_id = 0, bank_status = 'open' WHERE cart_id = %s", cart_id)
        return [("owner_unknown", first), ("owner_unknown", second)]

    def ended(self) -> list[tuple[str, str]]:
        _, transaction_id = self.started()
        self.world.mollie.expire(transaction_id)
        return [("status_disagreement", transaction_id)]

    def ended_beside_the_settling_one(self) -> list[tuple[str, str]]:
        cart_id, _ = self.ordered()
        second = self.again(cart_id)
        self.world.mollie.cancel(second)
        return [("status_disagreement", second)]

    def marked_paid(self) -> list[tuple[str, str]]:
        _, transaction_id = self.started()
        self.world.rows("UPDATE ps_mollie_payments SET bank_status = 'paid' WHERE transaction_id = %s", transaction_id)
        return [("status_disagreement", transaction_id)]

    def given_back(self) -> list[tuple[str, str]]:
        _, transaction_id = self.ordered()
        self.world.mollie.create_refund(transaction_id, {"amount": {"currency": "EUR", "value": "14.40"}})
        return []

    # --- what the bridge knows of

    def held(self) -> str:
        """The cart was changed: its first payment was paid, its second may still be."""
        world = self.world
        cart_id, _ = world.new_cart("14.40")
        _, first = world.open_payment(cart_id, "14.40")
        world.shop.change_cart(cart_id, "28.80")
        _, second = world.open_payment(cart_id, "28.80")
        for each in (first, second):
            world.mollie.webhooks.lose(each)
        world.mollie.pay(first)
        assert world.route(first) == 200
        return first

    def proposed(self) -> tuple[str, str]:
        """Surplus, and a refund was proposed; the transaction and the refund."""
        cart_id, first = self.paid()
        second = self.again(cart_id)
        self.world.mollie.pay(second)
        for each in (first, second):
            assert self.world.route(each) == 200
        ((refund_id,),) = self.world.rows("SELECT id FROM {p}refund WHERE transaction_id = %s", second)
        return second, str(refund_id)


def checksums(world: World) -> dict[str, Any]:
    """The contents of every table of the database, as the server sums them up."""
    names = [name for (name,) in world.rows("SHOW TABLES")]
    return dict(world.rows(f"CHECKSUM TABLE {', '.join(f'`{name}`' for name in names)}"))


def transactions(mollie: MollieSimulator) -> list[str]:
    """All payments, the newest first."""
    return [payment.id for payment in reversed(mollie.payments())]


def wait_for(event: threading.Event, process: subprocess.Popen[str]) -> None:
    """Wait for it, or fail with what the process said."""
    wait_until(lambda: event.is_set() or process.poll() is not None, 100)
    if not event.is_set():
        raise ServerFailed(f"reconcile ended before, with {ended(process).error!r}")
