"""The notebook of a walk: what was compared, page by page, so that a walk that was broken off can be taken up."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Self

from bridge.domain.cart import CartRef
from bridge.domain.errors import ConfigurationError, InvalidMoney
from bridge.domain.money import Money
from bridge.domain.reconciliation import Finding, FindingKind, Remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page that was compared; `next_begin` is the payment with which the next one begins."""

    payments: int
    findings: tuple[Finding, ...]
    next_begin: str


class Notebook:
    """A line of JSON for each page, through to the disk before the next is asked for; the first says what is walked.

    A line that a kill left unfinished is not believed, nor what stands behind it: the walk goes on before it. One walk
    at a time has it open. Raises `ConfigurationError` when it is of another walk, no notebook at all, in use, or when
    it can not be read or written.
    """

    def __init__(self, path: Path, *, shop_id: int, since: datetime | None) -> None:
        self.path = path
        self._head = {"shop_id": shop_id, "since": since.isoformat() if since else None}
        self._file = self._open()
        try:
            self.pages = self._read()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """A notebook in which no page stands is of no use to anybody."""
        if not self._file.closed and not self.pages:
            self.finish()
        self._file.close()

    @property
    def next_begin(self) -> str | None:
        """The payment with which the walk goes on; None where it begins."""
        return self.pages[-1].next_begin if self.pages else None

    def keep(self, *, payments: int, findings: Sequence[Finding], next_begin: str | None) -> None:
        """Write a page down. The last one is not: there is nothing behind it to go on with."""
        if next_begin is None:
            return
        with self._told("written"):
            self._append({"payments": payments, "findings": [_to_json(each) for each in findings], "next": next_begin})
        self.pages.append(Page(payments=payments, findings=tuple(findings), next_begin=next_begin))

    def finish(self) -> None:
        """The walk is through: nobody needs the notebook any more."""
        with self._told("removed"):
            self.path.unlink(missing_ok=True)
        self._file.close()

    def _open(self) -> BinaryIO:
        with self._told("written"):
            while True:
                # Unbuffered: what could not be written (a full disk) is not tried again while the file is closed.
                book: BinaryIO = self.path.open("a+b", buffering=0)
                if self._is_ours(book):
                    return book
                book.close()

    def _is_ours(self, book: BinaryIO) -> bool:
        """Whether this is still the file of that name: whoever had it locked may have been through and removed it."""
        try:
            fcntl.flock(book, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            book.close()
            raise ConfigurationError([f"{self.path} is in use: another walk is writing in it"]) from None
        try:
            return os.path.samestat(os.fstat(book.fileno()), self.path.stat())
        except FileNotFoundError:
            return False

    def _read(self) -> list[Page]:
        with self._told("read"):
            self._file.seek(0)
            whole = self._file.read()
            head = json.dumps(self._head).encode() + b"\n"
            if head.startswith(whole):
                self._cut(0)
                self._append(self._head)
                return []
            if not whole.startswith(head):
                raise ConfigurationError([self._refusal(whole)])
            pages, end = [], len(head)
            for line in whole[len(head) :].splitlines(keepends=True):
                page = _page(line)
                if page is None:
                    self._cut(end)
                    break
                pages.append(page)
                end += len(line)
            return pages

    def _refusal(self, whole: bytes) -> str:
        try:
            first = json.loads(whole.split(b"\n", 1)[0])
        except ValueError:
            first = None
        is_a_notebook = isinstance(first, dict) and first.keys() == self._head.keys()
        what = "is of another walk; remove it" if is_a_notebook else "is no notebook of a walk; move it away"
        return f"{self.path} {what}, or name another with --notebook"

    def _cut(self, length: int) -> None:
        self._file.truncate(length)

    def _append(self, line: Mapping[str, Any]) -> None:
        rest = json.dumps(line).encode() + b"\n"
        while rest:
            rest = rest[self._file.write(rest) :]
        os.fsync(self._file.fileno())

    @contextmanager
    def _told(self, done: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ConfigurationError([f"{self.path} can not be {done}: {error.strerror}"]) from error


def _page(line: bytes) -> Page | None:
    """The page of a line; None when it is not whole."""
    if not line.endswith(b"\n"):
        return None
    try:
        found = json.loads(line)
        return Page(
            payments=int(found["payments"]),
            findings=tuple(_from_json(each) for each in found["findings"]),
            next_begin=str(found["next"]),
        )
    except (ValueError, KeyError, TypeError, InvalidMoney):
        return None


def _to_json(finding: Finding) -> dict[str, Any]:
    return {
        **asdict(finding),
        "cart": [finding.cart.shop_id, finding.cart.cart_id] if finding.cart else None,
        "money": [finding.money.currency, finding.money.minor],
    }


def _from_json(line: dict[str, Any]) -> Finding:
    cart, (currency, minor) = line["cart"], line["money"]
    return Finding(
        kind=FindingKind(line["kind"]),
        transaction_id=line["transaction_id"],
        cart=CartRef(shop_id=cart[0], cart_id=cart[1]) if cart else None,
        money=Money(currency=currency, minor=minor),
        at_risk=line["at_risk"],
        seen=line["seen"],
        next_step=line["next_step"],
        remedy=Remedy(line["remedy"]),
    )
