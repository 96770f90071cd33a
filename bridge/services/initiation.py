"""Initiating a payment: the gate that lets one payment per cart be made.

The first round of an undisturbed initiation is one lock, one transaction, one commit. Mollie is asked only when
something may stand in the way, between two transactions and under the same lock; the second one checks the fence.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.domain.attempt import Attempt
from bridge.domain.errors import KeyInProgress, KeyReused, LeaseLost, LockTimeout
from bridge.domain.initiation import (
    AlreadyOrdered,
    AskMollie,
    InitiationDecision,
    InitiationFacts,
    InProgress,
    Proceed,
    Recover,
    Supersede,
    decide_initiation,
)
from bridge.domain.observed import Observation, Unanswered
from bridge.domain.records import KeyState
from bridge.domain.shop import ShopView
from bridge.ports.clock import Clock
from bridge.ports.ledger import CartTransaction, Ledger
from bridge.services.answers import PaymentAnswer
from bridge.services.changes import Changes
from bridge.services.creation import Creation
from bridge.services.deliveries import wake_held
from bridge.services.gate_answers import answer_of
from bridge.services.gate_report import audit_entry, report
from bridge.services.leases import Leases, check_fence, raise_fence
from bridge.services.looking import Look, look
from bridge.services.observing import Observing
from bridge.services.reservation import InitiationRequest, key_record, new_reservation, owned_view
from bridge.services.settings import GateLimits, KeyLimits
from bridge.services.standing import apply_decision, record_truths
from bridge.services.truths import Truths

ROUNDS = 4
"""Ask, cancel, ask again, decide. A cart that changes more often under its own lock is not decided here."""

HEAD_START = 0.2
"""Seconds that whoever is at work on the cart is given before others look: many times what an initiation takes."""

LOOK_AGAIN = 0.25
"""Seconds after which a waiting request looks at the database even without news: another process may have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What was decided. `attempt` is the one that was reserved (or is to be recovered); `fence` None: without lock."""

    decision: InitiationDecision
    view: ShopView
    fence: int | None = None
    attempt: Attempt | None = None


@dataclass(slots=True)
class _Learned:
    """What the rounds of one initiation found out at Mollie; `fence` is None before the first round."""

    fence: int | None = None
    truths: dict[str, Observation] = field(default_factory=dict)
    uncancelable: set[str] = field(default_factory=set)


class Initiation:
    """Answers whether a cart may be paid now, and reserves the cart for the one request that may."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        leases: Leases,
        truths: Truths,
        creation: Creation,
        observing: Observing,
        changes: Changes,
        clock: Clock,
        gate: GateLimits,
        keys: KeyLimits,
    ) -> None:
        self._ledger = ledger
        self._leases = leases
        self._truths = truths
        self._creation = creation
        self._observing = observing
        self._changes = changes
        self._clock = clock
        self._gate = gate
        self._keys = keys

    def initiate(self, request: InitiationRequest) -> PaymentAnswer:
        """Decide, and create the payment at Mollie where the caller wants that.

        The decision takes `gate.answer_within` seconds at most, or the caller's own shorter patience; creating the
        payment comes on top.

        Raises `CartNotFound`, `ForeignCart`, `KeyReused`, `KeyInProgress`, `LockTimeout`, `StoreDown`, `LeaseLost`
        and, when the bridge creates the payment, Mollie's errors. A cart that is not guarded may always be paid; where
        the bridge creates the payment, it is always guarded.
        """
        patience = self._gate.answer_within
        if request.patience is not None:
            patience = min(patience, request.patience)
        until = self._clock.monotonic() + patience
        if request.creation is None and self._observing.only_watches(request.cart):
            return self._observing.initiation(request, until)
        found = self._decide(request, until)
        if isinstance(found.decision, InProgress):
            found = self._wait_for(request, found, until)
        report(request, found.decision, found.attempt, has_order=bool(found.view.orders))
        if request.creation is not None and found.attempt is not None:
            again = isinstance(found.decision, Recover)
            return self._creation.create(found.attempt, scope=request.scope, key=request.key, again=again)
        return answer_of(found.decision, found.attempt, found.view, wait=self._gate.wait)

    def _wait_for(self, request: InitiationRequest, found: Round, until: float) -> Round:
        """Wait for the request that is creating the cart's payment, if there is a place to wait."""
        until = min(until, self._clock.monotonic() + self._gate.wait)
        with self._changes.place(request.cart) as taken:
            while taken and (left := until - self._clock.monotonic()) > 0:
                seen = self._changes.seen(request.cart)
                if not isinstance(self._look(request).decision, InProgress):
                    return self._decide(request, until)
                self._changes.wait(request.cart, seen, min(LOOK_AGAIN, left))
        return found

    def _decide(self, request: InitiationRequest, until: float) -> Round:
        """Decide under the cart's lock; without it when somebody else works on the cart and the answer is plain.

        A thousand tabs at once then do not queue for a lock only to hear, one after the other, that the first was
        quicker. They leave the database to the first for a moment before they look at what it did.
        """
        try:
            with self._leases.locked_soon(request.cart, purpose="initiation", timeout=HEAD_START) as locked:
                if locked:
                    return self._rounds(request, until)
            if plain := self._find_plain_answer(request):
                return plain
            wait = max(0.0, until - self._clock.monotonic())
            with self._leases.locked(request.cart, purpose="initiation", timeout=wait):
                return self._rounds(request, until)
        except LockTimeout:
            # Also where the lock was free and the cart's row shows a lease: its holder died, its work may go on.
            if plain := self._find_plain_answer(request):
                return plain
            raise

    def _find_plain_answer(self, request: InitiationRequest) -> Round | None:
        """What can be answered without the lock: that there is an order, or that another request is at it."""
        seen = self._look(request)
        if not isinstance(seen.decision, InProgress | AlreadyOrdered):
            return None
        self._ledger.audit(audit_entry(request, seen.decision, None, self._clock.now()))
        return Round(decision=seen.decision, view=seen.view)

    def _look(self, request: InitiationRequest) -> Look:
        seen = look(self._ledger, request.cart, request.money, clock=self._clock, policy=self._gate.policy)
        owned_view(seen.view, request)
        return seen

    def _rounds(self, request: InitiationRequest, until: float) -> Round:
        """Rounds of deciding and finding out, all under one hold of the cart's lock."""
        learned = _Learned()
        for _ in range(ROUNDS):
            found = self._ledger.in_cart(request.cart, lambda tx: self._round(tx, request, learned))
            learned.fence = found.fence
            match found.decision:
                case AskMollie(transaction_ids):
                    learned.truths |= self._truths.ask(request.cart.shop_id, transaction_ids, until=until)
                case Supersede(cancel=(_, *_) as cancel):
                    self._cancel(request.cart.shop_id, cancel, learned, until)
                case _:
                    return found
        raise LeaseLost("the cart's payments kept changing; try again")

    def _cancel(self, shop_id: int, transaction_ids: tuple[str, ...], learned: _Learned, until: float) -> None:
        """Cancel at Mollie before the database says so: a crash in between leaves a dead payment, not a live one."""
        learned.uncancelable |= self._truths.cancel(shop_id, transaction_ids, until=until)
        now = self._truths.ask(shop_id, transaction_ids, until=until)
        # Where no time was left to hear of it, what Mollie said a moment ago is better than a guess.
        learned.truths |= {tr: truth for tr, truth in now.items() if not isinstance(truth, Unanswered)}

    def _round(self, tx: CartTransaction, request: InitiationRequest, learned: _Learned) -> Round:
        now = self._clock.now()
        replay = self._find_replay(tx, request)
        view = owned_view(tx.shop.find_view(request.cart), request)
        fence = raise_fence(tx, now) if learned.fence is None else check_fence(tx, learned.fence).fence
        record_truths(tx, learned.truths, view, now)
        facts = self._facts(tx, request, view, replay, learned)
        decision = decide_initiation(facts, self._gate.policy)
        if isinstance(decision, AskMollie) or (isinstance(decision, Supersede) and decision.cancel):
            return Round(decision=decision, fence=fence, view=view)
        apply_decision(tx, decision, facts)
        attempt = self._reserve(tx, request, decision)
        wake_held(tx, now)
        tx.audit(audit_entry(request, decision, attempt, now))
        return Round(decision=decision, fence=fence, view=view, attempt=attempt)

    def _find_replay(self, tx: CartTransaction, request: InitiationRequest) -> Attempt | None:
        """The attempt that was made under the request's key. A crashed first request leaves the key to the next."""
        now = self._clock.now()
        record = tx.find_key(request.scope, request.key, now)
        if record is None:
            return None
        if record.fingerprint != request.fingerprint:
            raise KeyReused("this idempotency key was used with another payload; use a new key for another payment")
        if record.state is KeyState.DONE:
            return next((a for a in tx.attempts() if a.id == record.attempt_id), None)
        if record.locked_until is not None and record.locked_until > now:
            raise KeyInProgress("the first request with this idempotency key is still running")
        return None

    def _facts(
        self,
        tx: CartTransaction,
        request: InitiationRequest,
        view: ShopView,
        replay: Attempt | None,
        learned: _Learned,
    ) -> InitiationFacts:
        return InitiationFacts(
            now=self._clock.now(),
            money=request.money,
            view=view,
            attempts=tx.attempts(),
            replay=replay,
            truths=learned.truths,
            uncancelable=frozenset(learned.uncancelable),
            creates_at_mollie=request.creation is not None,
        )

    def _reserve(self, tx: CartTransaction, request: InitiationRequest, decision: InitiationDecision) -> Attempt | None:
        """Write the reservation and the idempotency key; nothing for a decision that creates nothing."""
        now = self._clock.now()
        match decision:
            case Recover(attempt):
                pass
            case Proceed() | Supersede():
                attempt = new_reservation(request, now)
                tx.add_attempt(attempt)
            case _:
                return None
        tx.save_key(key_record(request, attempt, self._keys, now))
        return attempt
