"""Between notices and their rows, both ways."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Row

from bridge.adapters.ledger.rows import Values, cart_columns, to_cart
from bridge.domain.money import Money
from bridge.domain.notices import Notice, NoticeKind, NoticeState


def notice_values(notice: Notice) -> Values:
    """The row of a notice."""
    return {
        "id": notice.id,
        "notice_case": notice.case,
        "channel": notice.channel,
        "kind": notice.kind.value,
        **cart_columns(notice.cart),
        "transaction_id": notice.transaction_id,
        "amount_minor": notice.money.minor if notice.money else None,
        "currency": notice.money.currency if notice.money else None,
        "detail": json.dumps(dict(notice.detail), sort_keys=True),
        "state": notice.state.value,
        "tries": notice.tries,
        "next_try_at": notice.next_try_at,
        "last_error": notice.last_error,
        "at": notice.at,
    }


def to_notice(row: Row[Any]) -> Notice:
    """A notice from its row."""
    return Notice(
        id=row.id,
        case=row.notice_case,
        channel=row.channel,
        kind=NoticeKind(row.kind),
        at=row.at,
        cart=to_cart(row),
        transaction_id=row.transaction_id,
        money=Money(currency=row.currency, minor=row.amount_minor) if row.amount_minor is not None else None,
        detail=json.loads(row.detail),
        state=NoticeState(row.state),
        tries=row.tries,
        next_try_at=row.next_try_at,
        last_error=row.last_error,
    )
