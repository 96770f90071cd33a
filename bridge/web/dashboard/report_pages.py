"""The reports: a list that asks the database for nothing, and a page for each that runs it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from flask import Blueprint, Response, render_template, request

from bridge.domain.errors import ReportNotFound, ReportUnavailable
from bridge.domain.report_catalogue import CATALOGUE
from bridge.domain.reports import WHOLE_NUMBERS, ColumnKind, Report, ReportResult
from bridge.services.container import Services
from bridge.services.report_texts import as_mapping, cell_text, to_csv, total_text
from bridge.services.reports import MOST_ROWS, get_report
from bridge.web.auth import Scope, route
from bridge.web.dashboard.door import TurnedAway, session_now

ON_A_PAGE: Final = 100

_CARTS: Final = frozenset({ColumnKind.CART})
_NUMERIC: Final = WHOLE_NUMBERS | {ColumnKind.MONEY, ColumnKind.PERCENT}
_EARLIEST: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A cell: its text, whether it is a number, and the cart that it names."""

    text: str
    is_number: bool
    cart_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Which rows of a report a page shows: from `first` to `last`, counted from 1."""

    page: int
    first: int
    last: int
    has_next: bool


def add_report_pages(site: Blueprint, services: Services) -> None:
    """Their routes."""

    @site.get("/reports")
    @route(scope=Scope.SESSION)
    def reports() -> str:
        """All of them, with their questions; none is run."""
        return render_template("dashboard/reports.html", reports=CATALOGUE, form_token=session_now().form_token)

    @site.get("/reports/<name>")
    @route(scope=Scope.SESSION)
    def report(name: str) -> Response:
        """One report, run now."""
        found, since, page = _find(name), _since(), _page_number()
        shown: dict[str, object] = {
            "report": found,
            "advice": services.dashboard.advice(name),
            "since": since,
            "form_token": session_now().form_token,
        }
        try:
            result = services.reports.run(found, since=since, limit=page * ON_A_PAGE)
        except ReportUnavailable as error:
            return Response(render_template("dashboard/report.html", result=None, fault=str(error), **shown), 409)
        page_html = render_template(
            "dashboard/report.html",
            result=result,
            fault=None,
            rows=_rows(result, page),
            part=_part(result, page),
            totals=_totals(result),
            most=MOST_ROWS,
            numeric=_NUMERIC,
            **shown,
        )
        return Response(page_html)

    @site.get("/reports/<name>.csv")
    @route(scope=Scope.SESSION)
    def report_csv(name: str) -> Response:
        """For spreadsheets."""
        return _download(services.reports.run(_find(name), since=_since()), "csv")

    @site.get("/reports/<name>.json")
    @route(scope=Scope.SESSION)
    def report_json(name: str) -> Response:
        """For programs."""
        return _download(services.reports.run(_find(name), since=_since()), "json")


def _find(name: str) -> Report:
    try:
        return get_report(name)
    except ReportNotFound:
        raise TurnedAway(404, "There is no such report.") from None


def _since() -> date | None:
    """The day in the address, if there is one. Raises `TurnedAway` for what is no day."""
    given = request.args.get("since", "").strip()
    if not given:
        return None
    try:
        day = date.fromisoformat(given)
    except ValueError:
        raise TurnedAway(422, "The day must be written as 2026-03-01.") from None
    if day < _EARLIEST:
        raise TurnedAway(422, "The day must be 1970-01-01 or later.")
    return day


def _page_number() -> int:
    """The page in the address, 1 for the first. Raises `TurnedAway` for what is none."""
    given = request.args.get("page", "1")
    last = MOST_ROWS // ON_A_PAGE
    if not (given.isascii() and given.isdigit() and len(given) < 6 and 1 <= int(given) <= last):
        raise TurnedAway(422, f"There is no such page: 1 to {last} are possible.")
    return int(given)


def _part(result: ReportResult, page: int) -> Part:
    first = (page - 1) * ON_A_PAGE
    last = min(page * ON_A_PAGE, len(result.rows))
    return Part(page=page, first=first + 1, last=last, has_next=last < min(result.row_count, MOST_ROWS))


def _rows(result: ReportResult, page: int) -> tuple[tuple[Shown, ...], ...]:
    columns = result.report.columns
    return tuple(
        tuple(
            Shown(
                text=cell_text(result.report, column, row, value),
                is_number=isinstance(value, int | Decimal) and not isinstance(value, bool),
                cart_id=value if column.kind in _CARTS and isinstance(value, int) else None,
            )
            for column, value in zip(columns, row, strict=True)
        )
        for row in result.rows[(page - 1) * ON_A_PAGE :]
    )


def _totals(result: ReportResult) -> tuple[tuple[str, str], ...]:
    titles = {column.name: column.title for column in result.report.columns}
    return tuple((titles[total.column], total_text(total, result.report)) for total in result.totals)


def _download(result: ReportResult, form: str) -> Response:
    text = to_csv([result]) if form == "csv" else json.dumps(as_mapping(result), indent=2, ensure_ascii=False)
    kind = "text/csv; charset=utf-8; header=present" if form == "csv" else "application/json"
    response = Response(text, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{result.report.name}.{form}"'
    response.headers["X-Row-Count"] = str(result.row_count)
    response.headers["X-Truncated"] = "true" if result.truncated else "false"
    return response
