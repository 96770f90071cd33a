"""The notebook of a walk: cut off at any byte it is usable, and no other file is taken for one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.commands.walk_notebook import Notebook
from bridge.domain.cart import CartRef
from bridge.domain.errors import ConfigurationError
from bridge.domain.money import Money
from bridge.domain.reconciliation import Finding, FindingKind, Remedy

pytestmark = pytest.mark.req("B7")

DAY = datetime(2026, 3, 1, tzinfo=UTC)


def finding(transaction_id: str, cart: CartRef | None = None) -> Finding:
    return Finding(
        kind=FindingKind.ORPHAN,
        transaction_id=transaction_id,
        cart=cart,
        money=Money(currency="EUR", minor=1440),
        at_risk=True,
        seen="zażółć \n [red]",
        next_step="look",
        remedy=Remedy.PERSON,
    )


def open_book(path: Path, *, shop_id: int = 1, since: datetime | None = None) -> Notebook:
    return Notebook(path, shop_id=shop_id, since=since)


def write(path: Path, pages: Sequence[str]) -> None:
    with open_book(path) as book:
        for begin in pages:
            book.keep(payments=250, findings=[finding(f"tr_of_{begin}")], next_begin=begin)


def begins(path: Path) -> list[str]:
    with open_book(path) as book:
        return [page.next_begin for page in book.pages]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "walk.jsonl"


def test_what_was_written_down_is_read_again(path: Path) -> None:
    kept = finding("tr_1", CartRef(shop_id=2, cart_id=42))
    with open_book(path, since=DAY) as book:
        book.keep(payments=250, findings=[kept], next_begin="tr_2")

    with open_book(path, since=DAY) as again:
        (page,) = again.pages
        assert (page.payments, page.findings, page.next_begin, again.next_begin) == (250, (kept,), "tr_2", "tr_2")


def test_a_walk_that_wrote_nothing_down_leaves_nothing(path: Path) -> None:
    with open_book(path) as book:
        assert book.next_begin is None
        book.keep(payments=3, findings=[], next_begin=None)

    assert not path.exists()


def test_a_walk_that_is_through_leaves_nothing(path: Path) -> None:
    with open_book(path) as book:
        book.keep(payments=250, findings=[], next_begin="tr_2")
        book.finish()

    assert not path.exists()


@pytest.mark.slow
def test_cut_off_at_any_byte_it_goes_on_after_its_last_whole_line(path: Path) -> None:
    write(path, ["tr_a", "tr_b", "tr_c"])
    whole = path.read_bytes()
    ends = [place + 1 for place, byte in enumerate(whole) if byte == 0x0A]

    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        expected = ["tr_a", "tr_b", "tr_c"][: max(0, sum(end <= length for end in ends) - 1)]
        with open_book(path) as book:
            assert [page.next_begin for page in book.pages] == expected
            # What is written behind a torn line must not become one line with it.
            book.keep(payments=1, findings=[], next_begin="tr_new")
        assert begins(path) == [*expected, "tr_new"]
        path.unlink()


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"null\n",
        b"[]\n",
        b"\xff\xfe\n",
        b'{"payments": 250}\n',
        b'{"payments": 250, "findings": [{}], "next": "tr_x"}\n',
    ],
)
def test_what_stands_behind_a_damaged_line_is_not_believed(path: Path, line: bytes) -> None:
    write(path, ["tr_a", "tr_b"])
    head, first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(head + first + line + second)

    assert begins(path) == ["tr_a"]
    assert path.read_bytes() == head + first


@pytest.mark.parametrize(("shop_id", "since"), [(2, None), (1, DAY)])
def test_a_notebook_of_another_walk_is_refused_and_stays(path: Path, shop_id: int, since: datetime | None) -> None:
    write(path, ["tr_a"])
    before = path.read_bytes()

    with pytest.raises(ConfigurationError, match="of another walk; remove it, or name another with --notebook"):
        open_book(path, shop_id=shop_id, since=since)

    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"dear diary\n", b"\x00\x01\xff", b'{"a": 1}\n', b"[1]", b"\n"])
def test_a_file_that_is_no_notebook_is_refused_and_stays(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    with pytest.raises(ConfigurationError, match="is no notebook of a walk"):
        open_book(path)

    assert path.read_bytes() == content


def test_two_walks_do_not_write_in_one_notebook(path: Path) -> None:
    with open_book(path) as first:
        first.keep(payments=250, findings=[], next_begin="tr_a")
        with pytest.raises(ConfigurationError, match="in use: another walk is writing in it"):
            open_book(path)

    assert begins(path) == ["tr_a"]


@pytest.mark.parametrize("name", ["missing/walk.jsonl", "a-file/walk.jsonl", "."])
def test_a_place_that_can_not_be_written_is_told_in_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "a-file").touch()

    with pytest.raises(ConfigurationError) as refused:
        open_book(tmp_path / name)

    (fault,) = refused.value.faults
    assert "can not be written: " in fault


def test_a_full_disk_is_told_and_the_pages_before_stand(path: Path) -> None:
    write(path, ["tr_a"])
    with open_book(path) as book, Path("/dev/full").open("ab", buffering=0) as full:
        book._file.close()
        book._file = full
        with pytest.raises(ConfigurationError, match="can not be written: No space left on device"):
            book.keep(payments=250, findings=[], next_begin="tr_b")

    assert begins(path) == ["tr_a"]


def test_each_line_is_json(path: Path) -> None:
    write(path, ["tr_a", "tr_b"])

    assert [set(json.loads(line)) for line in path.read_text().splitlines()] == [
        {"shop_id", "since"},
        {"payments", "findings", "next"},
        {"payments", "findings", "next"},
    ]
