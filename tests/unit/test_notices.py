"""Notices: what leaves the program, and in which words."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.money import Money
from bridge.domain.notice_words import subject_of, text_of
from bridge.domain.notices import FACTS, LONGEST_FACT, NoticeKind, clean, facts_of
from tests.unit.notices import DETAILS, NOTICE_ID, PAYMENT_ID, PRICE, REFUND_ID, a_notice

KINDS = pytest.mark.parametrize("kind", NoticeKind)


# What was done, what is to be done


def section(text: str, heading: str) -> str:
    """What stands under a heading of the text."""
    return re.split(r"^(?:What .*|Notice .*)$", text.split(heading, 1)[1], maxsplit=2, flags=re.MULTILINE)[0]


def did(text: str) -> str:
    return section(text, "What the bridge did\n").strip()


def to_do(text: str) -> str:
    return section(text, "What to do\n").strip()


def test_surplus_money_that_is_only_reported_names_the_call_that_gives_it_back() -> None:
    notice = a_notice(action="report", refund_id=None)

    assert subject_of(notice) == "Cart 42 was paid once too often: 14.40 EUR was not given back"
    assert did(text_of(notice)) == "Nothing but this report (policy `report`)."
    command = to_do(text_of(notice, api="http://10.0.0.5:8787")).partition("\n\n")[2]
    assert shlex.split(command.replace("\\\n", "")) == [
        "curl",
        *("-X", "POST", f"http://10.0.0.5:8787/v1/payments/{PAYMENT_ID}/refund"),
        *("-H", "Authorization: Bearer $ADMIN_TOKEN"),
        *("-H", "Idempotency-Key: surplus-tr_second"),
        *("-H", "Content-Type: application/json"),
        *("-d", '{"reason": "Paid once too often"}'),
    ]


def test_a_proposed_refund_names_the_command_that_approves_it() -> None:
    notice = a_notice(action="propose")

    assert subject_of(notice) == "Cart 42 was paid once too often: 14.40 EUR waits for your approval"
    assert did(text_of(notice)).startswith("It wrote down a refund of 14.40 EUR and waits for your approval")
    assert to_do(text_of(notice)).endswith(f"\n    mollie-bridge refunds approve {REFUND_ID}")


def test_a_refund_under_way_leaves_nothing_to_do() -> None:
    notice = a_notice(action="refund")

    assert subject_of(notice) == "Cart 42 was paid once too often: 14.40 EUR is on its way back"
    assert to_do(text_of(notice)) == "Nothing. You are told if it fails."


@pytest.mark.parametrize("action", ["propose", "refund"])
def test_money_that_is_only_reserved_is_released_not_refunded(action: str) -> None:
    text = text_of(a_notice(action=action, authorized=True))

    assert "authorised (reserved, not taken)" in text
    assert "a release of 14.40 EUR" in did(text)


def test_reserved_money_that_is_only_reported_is_no_case_for_the_refund_call() -> None:
    text = text_of(a_notice(action="report", authorized=True))

    assert "curl" not in text
    assert to_do(text).startswith("Cancel the payment in Mollie's dashboard")


def test_a_refund_that_failed_can_be_asked_for_again_under_another_key() -> None:
    text = text_of(a_notice(NoticeKind.REFUND_FAILED))

    assert "Reason: The balance is too low.\n" in text
    assert f"Idempotency-Key: again-{REFUND_ID}" in to_do(text)
    assert '"amount": "14.40"' in to_do(text)


def test_an_uncertain_refund_is_not_to_be_made_by_hand() -> None:
    assert "Make none there by hand" in to_do(text_of(a_notice(NoticeKind.REFUND_UNCERTAIN)))


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        (NoticeKind.REFUND_FAILED, "the release of 14.40 EUR failed"),
        (NoticeKind.REFUND_UNCERTAIN, "it is not known whether 14.40 EUR was let go of"),
        (NoticeKind.RELEASE_UNDONE, "14.40 EUR is still reserved"),
    ],
)
def test_money_that_is_only_reserved_is_released_by_hand_and_never_refunded(kind: NoticeKind, subject: str) -> None:
    notice = replace(a_notice(kind), detail={**a_notice(kind).detail, "kind": "release"})
    text = text_of(notice)

    assert subject_of(notice) == f"Cart 42: {subject}"
    assert "curl" not in text
    assert "release it there: that is safe" in to_do(text)


def test_a_release_that_waits_is_called_so() -> None:
    notice = a_notice(NoticeKind.REFUND_WAITING)
    notice = replace(notice, detail={**notice.detail, "kind": "release"})

    assert "refund" not in subject_of(notice) + text_of(notice).replace("refund_waiting", "")


def test_a_dead_delivery_names_the_command_that_tries_it_again() -> None:
    text = text_of(a_notice(NoticeKind.DELIVERY_DEAD))

    assert "in 30 tries. Reason: the shop's webhook did not answer." in text
    assert to_do(text).endswith("\n    mollie-bridge replay delivery-1")


@pytest.mark.parametrize(("money", "paid"), [(PRICE, "was paid with 14.40 EUR in"), (None, "was paid in")])
def test_a_mismatch_says_what_does_not_fit(money: Money | None, paid: str) -> None:
    text = text_of(a_notice(NoticeKind.ORDER_MISMATCH, money=money))

    fault = "order XKBK does not fit: order of 12.00 EUR, payment of 14.40 EUR."
    assert f"\nCart 42 of shop 1 {paid} transaction tr_second, and {fault}\n" in text


@KINDS
def test_every_notice_says_which_one_it_is_and_when_it_happened(kind: NoticeKind) -> None:
    text = text_of(a_notice(kind))

    assert "What happened (2026-03-01 12:00:00 UTC)\n" in text
    assert f"Notice {NOTICE_ID}, case {kind}:tr_second." in text


@KINDS
def test_what_is_not_known_is_called_unknown(kind: NoticeKind) -> None:
    bare = replace(a_notice(kind, cart=None, transaction_id=None, money=None), detail={})
    text = subject_of(bare) + text_of(bare)

    assert "None" not in text
    assert "unknown cart" in text.lower()


@KINDS
def test_no_notice_suggests_a_call_for_a_payment_that_is_not_known(kind: NoticeKind) -> None:
    assert "curl" not in text_of(a_notice(kind, action="report", payment_id=None))


def test_a_refund_call_without_a_name_of_its_own_is_keyed_by_the_payment() -> None:
    assert f"Idempotency-Key: again-{PAYMENT_ID}" in text_of(a_notice(NoticeKind.REFUND_FAILED, refund_id=None))


@pytest.mark.parametrize("hostile", ["x; rm -rf /", "$(id)", "`id`", "a b", "x'y", "--all", "", "x" * 65])
def test_a_command_holds_nothing_that_a_shell_would_take_for_more(hostile: str) -> None:
    for notice in [a_notice(refund_id=hostile), a_notice(NoticeKind.DELIVERY_DEAD, delivery_id=hostile)]:
        assert to_do(text_of(notice)).endswith(" unknown")


# What leaves the program


@KINDS
def test_a_notice_tells_all_the_facts_of_its_kind_and_no_others(kind: NoticeKind) -> None:
    notice = replace(a_notice(kind), detail={"customer": "Jane", "error": None})

    assert facts_of(notice) == dict.fromkeys(FACTS[kind])


@KINDS
def test_the_tests_know_all_facts(kind: NoticeKind) -> None:
    assert tuple(DETAILS[kind]) == FACTS[kind]


@KINDS
def test_nothing_else_of_the_detail_is_in_the_words(kind: NoticeKind) -> None:
    notice = a_notice(kind, customer="Jane Doe", iban="NL55INGB0000000000")

    assert "Jane" not in subject_of(notice) + text_of(notice)
    assert "NL55" not in subject_of(notice) + text_of(notice)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("jane@example.test was told", "[address] was told"),
        ("mysql://root:hunter2@10.0.0.1/shop is down", "[address] is down"),
        ("one\r\nBcc: two", "one Bcc: two"),
        ("one\u2028two\x00three\u202efour", "one two three four"),
        ("  a \t b ", "a b"),
        ("Köln 5 €", "Köln 5 €"),
        ("\ud800x", "x"),
    ],
)
def test_a_text_is_one_line_without_addresses(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(st.text(max_size=2000))
def test_whatever_others_send_stays_one_short_line(text: str) -> None:
    cleaned = clean(text)

    assert len(cleaned) <= LONGEST_FACT
    assert cleaned == "" or (cleaned.isprintable() and "@" not in cleaned)


@KINDS
def test_a_subject_is_one_line_whatever_its_facts_are(kind: NoticeKind) -> None:
    hostile = "x\r\nBcc: jane@example.test\r\n"
    notice = a_notice(kind, transaction_id=hostile, order_reference=hostile, error=hostile)

    assert subject_of(notice).isprintable()
    assert "@" not in subject_of(notice) + text_of(notice)
