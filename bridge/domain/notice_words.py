"""Notices in words: what happened, what the bridge did, what to do next. No name, no address, no secret."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, assert_never

from bridge.domain.notices import Fact, Notice, NoticeKind, clean, facts_of

DEFAULT_API: Final = "http://127.0.0.1:8787"
"""Where the sidecar listens unless it is told otherwise."""

_UNKNOWN: Final = "unknown"
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")


def subject_of(notice: Notice) -> str:
    """The notice in one line."""
    return _words(notice, DEFAULT_API).subject


def text_of(notice: Notice, *, api: str = DEFAULT_API) -> str:
    """The notice in full, as lines of plain text. `api` is where the reader calls the sidecar, without a slash."""
    words = _words(notice, api)
    lines = [
        *(f"What happened ({notice.at:%Y-%m-%d %H:%M:%S} UTC)", words.happened, ""),
        *("What the bridge did", words.did, ""),
        *("What to do", words.todo, ""),
        f"Notice {notice.id}, case {clean(notice.case)}. Another one with this id is the same, delivered again.",
    ]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    subject: str
    happened: str
    did: str
    todo: str


def _words(notice: Notice, api: str) -> _Words:
    facts = facts_of(notice)
    match notice.kind:
        case NoticeKind.SURPLUS:
            return _surplus(notice, facts, api)
        case NoticeKind.REFUND_FAILED:
            return _refund_failed(notice, facts, api)
        case NoticeKind.REFUND_UNCERTAIN:
            return _refund_uncertain(notice, facts)
        case NoticeKind.REFUND_WAITING:
            return _refund_waiting(notice, facts)
        case NoticeKind.RELEASE_UNDONE:
            return _release_undone(notice, facts)
        case NoticeKind.DELIVERY_DEAD:
            return _delivery_dead(notice, facts)
        case NoticeKind.ORDER_MISMATCH:
            return _order_mismatch(notice, facts)
        case _:
            assert_never(notice.kind)


def _surplus(notice: Notice, facts: Mapping[str, Fact], api: str) -> _Words:
    reserved = facts["authorized"] is True
    did, todo, short = _surplus_action(notice, facts, api, back="release" if reserved else "refund")
    money = f"{_money(notice)} was {'authorised (reserved, not taken)' if reserved else 'paid'}"
    by = f"paid by transaction {facts['settled_by']}" if facts["settled_by"] else "ordered in another way"
    return _Words(
        subject=f"{_short(notice)} was paid once too often: {_money(notice)} {short}",
        happened=_capital(
            f"{money} for {_cart(notice)} in {_transaction(notice)}. The cart was {by} before. "
            "The shop's Mollie module was not told of this payment, so the order stays as it is."
        ),
        did=did,
        todo=todo,
    )


def _surplus_action(notice: Notice, facts: Mapping[str, Fact], api: str, *, back: str) -> tuple[str, str, str]:
    """What was done and what is to be done, by the policy; and how it stands, for the subject."""
    match facts["action"]:
        case "refund":
            did = f"It wrote down a {back} of {_money(notice)} and carries it out by itself (policy `refund`)."
            return did, "Nothing. You are told if it fails.", "is on its way back"
        case "propose":
            did = f"It wrote down a {back} of {_money(notice)} and waits for your approval (policy `propose`)."
            approve = f"mollie-bridge refunds approve {_token(facts['refund_id'])}"
            return did, f"Approve it:\n\n    {approve}", "waits for your approval"
        case _ if back == "release":
            todo = "Cancel the payment in Mollie's dashboard: until then the shopper's money is reserved."
            return _REPORTED, todo, "is still reserved"
        case _:
            key = ("surplus", notice.transaction_id)
            todo = _capital(_refund_call(facts, api, key=key, body={"reason": "Paid once too often"}))
            return _REPORTED, todo, "was not given back"


_REPORTED: Final = "Nothing but this report (policy `report`)."


def _refund_failed(notice: Notice, facts: Mapping[str, Fact], api: str) -> _Words:
    if _is_release(facts):
        return _Words(
            subject=f"{_short(notice)}: the release of {_money(notice)} failed",
            happened=f"{_money(notice)} that is reserved for {_cart(notice)} ({_transaction(notice)}) was not let go "
            f"of. Reason: {_error(facts)}.",
            did="It gave this release up.",
            todo=_LET_GO,
        )
    body = {**({"amount": notice.money.value} if notice.money else {}), "reason": "Refund"}
    again = _refund_call(facts, api, key=("again", facts["refund_id"]), body=body)
    return _Words(
        subject=f"{_short(notice)}: the refund of {_money(notice)} failed",
        happened=f"The refund of {_money(notice)} for {_cart(notice)} ({_transaction(notice)}) was not made. "
        f"Reason: {_error(facts)}.",
        did="It gave this refund up: by it no money went back.",
        todo=f"See to the reason (it may be that the balance at Mollie is too low), then {again}",
    )


_LET_GO: Final = (
    "Look at the payment in Mollie's dashboard. If it is still authorised, release it there: that is safe, nothing can "
    "be given back twice. Do not capture it. Left alone, it ends when the authorisation expires."
)


def _is_release(facts: Mapping[str, Fact]) -> bool:
    """Whether it is about money that is only reserved: it is let go of, and can not be refunded."""
    return facts["kind"] == "release"


def _refund_uncertain(notice: Notice, facts: Mapping[str, Fact]) -> _Words:
    if _is_release(facts):
        return _Words(
            subject=f"{_short(notice)}: it is not known whether {_money(notice)} was let go of",
            happened=f"Mollie was asked to let go of {_money(notice)} that is reserved for {_cart(notice)} "
            f"({_transaction(notice)}), and no sure answer came back. Reason: {_error(facts)}.",
            did=f"It keeps release {_token(facts['refund_id'])} as `uncertain`, and looks at the payment before it "
            "asks again.",
            todo=_LET_GO,
        )
    return _Words(
        subject=f"{_short(notice)}: it is not known whether {_money(notice)} was refunded",
        happened=f"The refund of {_money(notice)} for {_cart(notice)} ({_transaction(notice)}) was sent to Mollie, and "
        f"no sure answer came back. Reason: {_error(facts)}.",
        did=f"It keeps refund {_token(facts['refund_id'])} as `uncertain` and sends nothing again before it has looked "
        "for it in Mollie's list of refunds.",
        todo=f"Look at the refunds of {_transaction(notice)} in Mollie's dashboard. Make none there by hand as long as "
        "this one is uncertain: it might be given back twice.",
    )


def _refund_waiting(notice: Notice, facts: Mapping[str, Fact]) -> _Words:
    word = "release" if _is_release(facts) else "refund"
    return _Words(
        subject=f"{_short(notice)}: the {word} of {_money(notice)} still waits to be sent",
        happened=f"The {word} of {_money(notice)} for {_cart(notice)} ({_transaction(notice)}) could not be sent to "
        f"Mollie for hours. Reason: {_error(facts)}.",
        did=f"It keeps {word} {_token(facts['refund_id'])} in the queue and tries it again, every hour at least. The "
        "money was not given back yet.",
        todo="See to the reason: the shop's Mollie key, or the way to Mollie. Once that is right it is sent by itself; "
        f"you are not told of this {word}'s waiting again.",
    )


def _release_undone(notice: Notice, facts: Mapping[str, Fact]) -> _Words:
    return _Words(
        subject=f"{_short(notice)}: {_money(notice)} is still reserved",
        happened=f"Mollie was asked to let go of {_money(notice)} that is reserved for {_cart(notice)} "
        f"({_transaction(notice)}). It said yes, and hours later it has not done so. Reason: {_error(facts)}.",
        did=f"It asks Mollie again, and keeps release {_token(facts['refund_id'])} as `uncertain` until the payment "
        "has ended. You are not told of this one again.",
        todo=f"Wait a day. {_LET_GO}",
    )


def _delivery_dead(notice: Notice, facts: Mapping[str, Fact]) -> _Words:
    return _Words(
        subject=f"{_short(notice)}: news of {_transaction(notice)} could not be worked off",
        happened=f"Mollie had news of {_transaction(notice)} for {_cart(notice)}. It could not be worked off in "
        f"{facts['tries'] or 'all its'} tries. Reason: {_error(facts)}.",
        did="It stopped trying and keeps the delivery as `dead`. If the payment was paid, the shop may not know it.",
        todo=f"See to the reason, then have it tried again:\n\n    mollie-bridge replay {_token(facts['delivery_id'])}",
    )


def _order_mismatch(notice: Notice, facts: Mapping[str, Fact]) -> _Words:
    order = f"order {facts['order_reference']}" if facts["order_reference"] else "the shop's order"
    return _Words(
        subject=f"{_short(notice)}: {order} does not fit its payment",
        happened=_capital(
            f"{_cart(notice)} was paid {f'with {notice.money} ' if notice.money else ''}in {_transaction(notice)}, "
            f"and {order} does not fit: "
            f"{facts['mismatches'] or 'no reason was given'}."
        ),
        did="It compared the shop's order with Mollie's payment and changed nothing in the order.",
        todo="Open the order in the back office and put it right. Where there is none, make it by hand or give the "
        "money back.",
    )


def _refund_call(facts: Mapping[str, Fact], api: str, *, key: tuple[str, Fact], body: Mapping[str, str]) -> str:
    """The call that gives the money back; without the payment's id only Mollie's dashboard can.

    `key` makes its Idempotency-Key, so that the call made twice refunds once: what for, and for which one.
    """
    payment = _token(facts["payment_id"])
    if payment == _UNKNOWN:
        return "give the money back in Mollie's dashboard."
    purpose, of = key
    one = payment if _token(of) == _UNKNOWN else _token(of)
    lines = [
        f"    curl -X POST {api}/v1/payments/{payment}/refund",
        '-H "Authorization: Bearer $ADMIN_TOKEN"',
        f'-H "Idempotency-Key: {purpose}-{one}"',
        f"-H \"Content-Type: application/json\" -d '{json.dumps(body)}'",
    ]
    return "give the money back:\n\n" + " \\\n      ".join(lines)


def _token(fact: Fact) -> str:
    """What may stand in a command that somebody copies into a shell: nothing that a shell would take for more."""
    return fact if isinstance(fact, str) and _TOKEN.fullmatch(fact) else _UNKNOWN


def _money(notice: Notice) -> str:
    return str(notice.money) if notice.money else "an unknown amount"


def _transaction(notice: Notice) -> str:
    return f"transaction {clean(notice.transaction_id)}" if notice.transaction_id else "an unknown transaction"


def _cart(notice: Notice) -> str:
    return str(notice.cart) if notice.cart else "an unknown cart"


def _short(notice: Notice) -> str:
    """The cart for a subject, which a telephone shows in part: its number alone is unique in the shop's database."""
    return f"Cart {notice.cart.cart_id}" if notice.cart else "Unknown cart"


def _error(facts: Mapping[str, Fact]) -> str:
    return str(facts["error"] or "none was given").rstrip(".")


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
