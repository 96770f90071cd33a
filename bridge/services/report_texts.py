"""Reports as text that goes elsewhere: JSON, CSV for spreadsheets, Markdown, HTML."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from bridge.domain.reports import Cell, Column, ColumnKind, Report, ReportResult, Row, Total, write_money

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for the beginning of a formula, in ASCII and in full width."""

_NUMERIC: Final = ' class="n"'
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")


def cell_text(report: Report, column: Column, row: Row, value: Cell) -> str:
    """A value in words of one line; nothing for what is not known."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Decimal() if column.kind is ColumnKind.MONEY:
            return write_money(value, _currency(report, row))
        case datetime() if value.tzinfo is not None:
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case str():
            return "".join(c if c.isprintable() else " " for c in value)
        case _:
            return str(value)


def json_value(report: Report, column: Column, row: Row, value: Cell) -> int | bool | str | None:
    """A value for JSON: whole numbers and flags as they are, money and times as strings."""
    return value if value is None or isinstance(value, bool | int) else cell_text(report, column, row, value)


def total_text(total: Total, report: Report) -> str:
    """`331.20 EUR`, `42`; and what is not in it."""
    column = next(column for column in report.columns if column.name == total.column)
    money = column.kind is ColumnKind.MONEY
    text = f"{write_money(total.amount, total.currency)} {total.currency or '?'}" if money else f"{total.amount:f}"
    return f"{text} (and {total.unknown} of unknown amount)" if money and total.unknown else text


def totals_line(result: ReportResult) -> str:
    """All totals in one line; empty where there is nothing to add up."""
    titles = {column.name: column.title for column in result.report.columns}
    return ", ".join(f"{titles[total.column]} {total_text(total, result.report)}" for total in result.totals)


def rows_text(result: ReportResult) -> str:
    """How many rows there are, and that some are not shown."""
    count = f"{result.row_count} row{'' if result.row_count == 1 else 's'}"
    return f"{count}, the first {len(result.rows)} shown" if result.truncated else count


def as_mapping(result: ReportResult) -> dict[str, Any]:
    """The report as one JSON object."""
    report = result.report
    return {
        "name": report.name,
        "title": report.title,
        "question": report.question,
        "severity": report.severity.value,
        "needs_a_person": result.needs_a_person,
        "unknown": report.unknown,
        "columns": [{"name": c.name, "title": c.title, "kind": c.kind.value} for c in report.columns],
        "rows": [
            {
                column.name: json_value(report, column, row, value)
                for column, value in zip(report.columns, row, strict=True)
            }
            for row in result.rows
        ],
        "row_count": result.row_count,
        "truncated": result.truncated,
        "totals": [
            {
                "column": total.column,
                "amount": write_money(total.amount, total.currency) if total.currency else f"{total.amount:f}",
                "currency": total.currency,
                "unknown": total.unknown,
            }
            for total in result.totals
        ],
    }


def to_json(summary: str, results: Sequence[ReportResult], skipped: Sequence[str]) -> str:
    """All results as one JSON object."""
    reports = [as_mapping(result) for result in results]
    return json.dumps({"summary": summary, "reports": reports, "not_run": list(skipped)}, indent=2, ensure_ascii=False)


def to_csv(results: Sequence[ReportResult]) -> str:
    """One table; several reports one after the other, each under its name, with an empty line between them.

    RFC 4180 with CRLF. A cell that a spreadsheet would take for a formula is led by an apostrophe.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    for number, result in enumerate(results):
        if len(results) > 1:
            if number:
                writer.writerow([])
            writer.writerow([result.report.name])
        writer.writerow([column.name for column in result.report.columns])
        writer.writerows([_tame(text) for text in _texts(result.report, row)] for row in result.rows)
    return out.getvalue()


def _tame(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def to_markdown(summary: str, results: Sequence[ReportResult], skipped: Sequence[str]) -> str:
    """A document with a table for each report."""
    lines = [f"# {_md(summary)}", ""]
    for result in results:
        report = result.report
        lines += [f"## {report.title}", "", report.question, ""]
        if result.rows:
            lines += [_md_row([column.title for column in report.columns]), "|" + "---|" * len(report.columns)]
            lines += [_md_row(_texts(report, row)) for row in result.rows]
            lines.append("")
        line = totals_line(result)
        lines += [f"{rows_text(result)}{'; ' if line else ''}{line}.", ""]
        if report.unknown:
            lines += [f"Not known without Mollie: {report.unknown}", ""]
    lines += [f"Not run: {_md(one)}" for one in skipped]
    return "\n".join(lines).rstrip() + "\n"


def _md_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_md(cell) for cell in cells) + " |"


def _md(text: str) -> str:
    return re.sub(r"([\\`*_\[\]|#~])", r"\\\1", html.escape(text, quote=False))


_STYLE: Final = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;margin:.5rem 0}"
    "th,td{border-bottom:1px solid #ddd;padding:.25rem .6rem;text-align:left}"
    "td.n{text-align:right;font-variant-numeric:tabular-nums}.act{border-left:4px solid #c0392b;padding-left:.8rem}"
    "small{color:#666}div{overflow-x:auto}"
)


def to_html(summary: str, results: Sequence[ReportResult], skipped: Sequence[str]) -> str:
    """A page that stands by itself: no script, nothing loaded from anywhere."""
    title = html.escape(summary)
    parts = [
        "<!doctype html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style></head><body>',
        f"<h1>{title}</h1>",
        *[_html_report(result) for result in results],
        *[f"<p><small>Not run: {html.escape(one)}</small></p>" for one in skipped],
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _html_report(result: ReportResult) -> str:
    report = result.report
    kind = "act" if result.needs_a_person else "calm"
    parts = [f'<section class="{kind}">', f"<h2>{html.escape(report.title)}</h2>"]
    parts.append(f"<p>{html.escape(report.question)}</p>")
    if result.rows:
        heads = "".join(f"<th>{html.escape(column.title)}</th>" for column in report.columns)
        rows = "".join(f"<tr>{_html_cells(report, row)}</tr>" for row in result.rows)
        parts.append(f"<div><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>")
    line = totals_line(result)
    parts.append(f"<p>{html.escape(rows_text(result))}{'; ' if line else ''}{html.escape(line)}.</p>")
    if report.unknown:
        parts.append(f"<p><small>Not known without Mollie: {html.escape(report.unknown)}</small></p>")
    return "\n".join([*parts, "</section>"])


def _html_cells(report: Report, row: Row) -> str:
    return "".join(
        f"<td{_NUMERIC if isinstance(value, int | Decimal) and not isinstance(value, bool) else ''}>"
        f"{html.escape(text)}</td>"
        for value, text in zip(row, _texts(report, row), strict=True)
    )


def _texts(report: Report, row: Row) -> list[str]:
    return [cell_text(report, column, row, value) for column, value in zip(report.columns, row, strict=True)]


def _currency(report: Report, row: Row) -> str | None:
    at = report.currency_at
    return None if at is None or row[at] is None else str(row[at])
