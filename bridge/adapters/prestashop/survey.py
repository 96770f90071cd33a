"""What is installed in a shop, by its tables: PrestaShop, the Mollie module with its keys, and the bridge's module."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, bindparam, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bridge.adapters.ledger.faults import NO_TABLE, number_of
from bridge.adapters.prestashop.settings import effective_settings
from bridge.adapters.prestashop.statements import statements_for
from bridge.domain.errors import ConfigurationError, StoreDown

_SETTINGS: Final = (
    *("MOLLIE_ENVIRONMENT", "MOLLIE_API_KEY", "MOLLIE_API_KEY_TEST", "PS_MULTISHOP_FEATURE_ACTIVE"),
    *("MOLLIEBRIDGE_LOCK_DIR", "MOLLIEBRIDGE_TOKEN"),
)

_REFUSED: Final = {
    1045: "refuses its user and password",
    1044: "does not let its user into the database",
    1049: "has no such database",
    2003: "does not answer",
    2002: "does not answer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopSurvey:
    """What was found. Of the keys only whether there is one; `mollie_version` is None without the module."""

    mollie_version: str | None
    has_payments: bool
    live: bool
    has_live_key: bool
    has_test_key: bool
    shim_version: str | None
    shim_has_token: bool
    shim_lock_directory: str


def survey_shop(engine: Engine, prefix: str) -> ShopSurvey:
    """Look at the shop. Raises `StoreDown` without its database, `ConfigurationError` when its tables are not there."""
    statements_for(prefix)  # refuses what is no prefix, before it stands in a statement
    try:
        with engine.connect() as db:
            settings = _settings(db, prefix)
            modules = _modules(db, prefix)
            has_payments = _has_table(db, f"{prefix}mollie_payments")
    except DBAPIError as error:
        number = number_of(error)
        if number in NO_TABLE:
            raise ConfigurationError(
                [f"the database {engine.url.database} has no PrestaShop tables with the prefix {prefix!r}"]
            ) from error
        raise StoreDown(f"the shop's database {_REFUSED.get(number or 0) or f'answers with error {number}'}") from error
    except SQLAlchemyError as error:
        raise StoreDown("the shop's database does not answer") from error
    except UnicodeEncodeError as error:
        raise StoreDown("the shop's database can not be sent its password") from error
    return ShopSurvey(
        mollie_version=modules.get("mollie"),
        has_payments=has_payments,
        live=settings.get("MOLLIE_ENVIRONMENT", "").strip() == "1",
        has_live_key=bool(settings.get("MOLLIE_API_KEY", "").strip()),
        has_test_key=bool(settings.get("MOLLIE_API_KEY_TEST", "").strip()),
        shim_version=modules.get("molliebridge"),
        shim_has_token=bool(settings.get("MOLLIEBRIDGE_TOKEN")),
        shim_lock_directory=settings.get("MOLLIEBRIDGE_LOCK_DIR", ""),
    )


def _settings(db: Connection, prefix: str) -> dict[str, str]:
    asked = text(
        f"SELECT name, value, id_shop, id_shop_group FROM `{prefix}configuration` "  # noqa: S608  (a checked prefix)
        "WHERE name IN :names AND (id_shop IS NULL OR id_shop IN (0, 1)) "
        "AND (id_shop_group IS NULL OR id_shop_group IN (0, 1))"
    ).bindparams(bindparam("names", expanding=True))
    rows: Any = db.execute(asked, {"names": list(_SETTINGS)}).all()
    return effective_settings(rows)


def _modules(db: Connection, prefix: str) -> dict[str, str]:
    if not _has_table(db, f"{prefix}module"):
        return {}
    asked = text(f"SELECT name, version FROM `{prefix}module` WHERE name IN ('mollie', 'molliebridge')")  # noqa: S608
    return {str(row.name): str(row.version) for row in db.execute(asked)}


def _has_table(db: Connection, name: str) -> bool:
    asked = text(
        "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = :name"
    )
    return bool(db.execute(asked, {"name": name}).scalar_one())
