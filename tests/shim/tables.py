"""Whether anything in the shop's own tables has changed."""

from __future__ import annotations

from tests.services.mariadb import Database


def checksums(database: Database) -> dict[str, int]:
    """The checksum of every table that is no table of the bridge's own."""
    names = [str(name) for (name,) in database.execute("SHOW TABLES")]
    kept = [name for name in names if not name.startswith("ps_molbridge_")]
    return {name: database.execute(f"CHECKSUM TABLE `{name}`")[0][1] for name in kept}
