"""Reports: what there are, and each as JSON or as CSV."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus
from typing import Annotated, Any, Final

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from bridge.domain.reports import ReportResult
from bridge.services.container import Services
from bridge.services.report_texts import as_mapping, rows_text, to_csv
from bridge.services.reports import MOST_ROWS, get_report
from bridge.web import kinds
from bridge.web.answers import reply
from bridge.web.auth import Scope, route
from bridge.web.report_answers import (
    CSV_EXAMPLE,
    ColumnRow,
    ReportData,
    ReportList,
    ReportListed,
    ReportListReply,
    ReportReply,
)
from bridge.web.schemas import Path, Query


class ReportPath(Path):
    """A report by its name."""

    name: Annotated[str, Field(max_length=64, json_schema_extra={"example": "duplicate_payments"})]


class ReportQuery(Query):
    """`since`: a day (the shop's, or UTC where the bridge's tables are asked); `limit`: rows at most."""

    since: Annotated[date, Field(ge=date(1970, 1, 1))] | None = Field(
        default=None, json_schema_extra={"example": "2026-01-01"}
    )
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 1000


_CSV: Final[dict[str | int | HTTPStatus, type[BaseModel] | dict[Any, Any] | None]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}, "example": CSV_EXAMPLE}}}
}


def report_routes(services: Services) -> APIBlueprint:
    """The routes of reports."""
    api = APIBlueprint("reports", __name__, abp_tags=[Tag(name="reports", description="What went wrong, what it cost")])

    def found(path: ReportPath, query: ReportQuery) -> ReportResult:
        return services.reports.run(get_report(path.name), since=query.since, limit=query.limit)

    @api.get("/v1/reports", summary="The reports that there are", responses={200: ReportListReply})
    @route(kinds.CONFLICT, scope=Scope.ADMIN)
    def reports() -> Response:
        """Those that this shop's database can answer."""
        listed = tuple(
            ReportListed(
                name=report.name,
                title=report.title,
                question=report.question,
                severity=report.severity.value,
                unknown=report.unknown,
                columns=tuple(ColumnRow(name=c.name, title=c.title, kind=c.kind.value) for c in report.columns),
                takes_since=report.takes_since,
                needs_bridge_tables=report.needs_bridge_tables,
            )
            for report in services.reports.available()
        )
        message = f"{len(listed)} report{'' if len(listed) == 1 else 's'}"
        return reply(ReportListReply(data=ReportList(reports=listed), message=message))

    @api.get("/v1/reports/<name>", summary="A report", responses={200: ReportReply})
    @route(kinds.NOT_FOUND, kinds.CONFLICT, scope=Scope.ADMIN)
    def report(path: ReportPath, query: ReportQuery) -> Response:
        """Reads the shop's database now, in a session that can not write. Totals are of all rows, shown or not."""
        return _as_json(found(path, query))

    @api.get("/v1/reports/<name>.json", summary="A report as JSON", responses={200: ReportReply})
    @route(kinds.NOT_FOUND, kinds.CONFLICT, scope=Scope.ADMIN)
    def report_json(path: ReportPath, query: ReportQuery) -> Response:
        """The same as without `.json`."""
        return _as_json(found(path, query))

    @api.get("/v1/reports/<name>.csv", summary="A report as CSV", responses=_CSV)
    @route(kinds.NOT_FOUND, kinds.CONFLICT, scope=Scope.ADMIN)
    def report_csv(path: ReportPath, query: ReportQuery) -> Response:
        """For spreadsheets: no cell is a formula. X-Row-Count and X-Truncated say whether rows are missing."""
        result = found(path, query)
        response = Response(to_csv([result]), content_type="text/csv; charset=utf-8; header=present")
        response.headers["Content-Disposition"] = f'attachment; filename="{result.report.name}.csv"'
        response.headers["X-Row-Count"] = str(result.row_count)
        response.headers["X-Truncated"] = "true" if result.truncated else "false"
        return response

    return api


def _as_json(result: ReportResult) -> Response:
    return reply(ReportReply(data=ReportData.model_validate(as_mapping(result)), message=rows_text(result)))
