"""A guarded shop in good health for the doctor's tests: the stand-in shop with the real module, a sidecar, rights as in
sql/grants.sql, and a configuration of the doctor's own in which a test may change what it likes.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from bridge.adapters.clock import SystemClock
from bridge.adapters.prestashop.parameters import read_parameters
from bridge.config import load_settings
from bridge.demo.serving import serve_in_thread
from bridge.diagnosis.examination import examine
from bridge.diagnosis.findings import Finding, Outcome
from bridge.diagnosis.installation import Installation
from tests.integration.sidecar import ADMIN_TOKEN, SHOP_TOKEN, _toml
from tests.services.mariadb import Database
from tests.services.program import run_program
from tests.shim.world import ShimWorld, running_world

ROOT = Path(__file__).parents[2]
PASSWORD = "choose-a-password"
USER = "mollie_bridge"


@dataclass(kw_only=True)
class Patient:
    """What is examined. `sections` are the doctor's configuration."""

    world: ShimWorld
    folder: Path
    sections: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def database(self) -> Database:
        return self.world.database

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    @property
    def shop(self) -> Path:
        return self.world.server.folder

    def write(self, **changes: dict[str, Any]) -> None:
        """Write the configuration, with sections changed."""
        names = {**dict.fromkeys(self.sections), **dict.fromkeys(changes)}
        merged = {name: {**self.sections.get(name, {}), **changes.get(name, {})} for name in names}
        self.config.write_text(_toml(merged))
        self.config.chmod(0o600)

    def systemctl(self, *private: str) -> Path:
        """A systemctl that knows an Apache without, and the named units with a /tmp of their own."""
        script = self.folder / "systemctl"
        blocks = ["Id=apache2.service\nPrivateTmp=no\nActiveState=active"]
        blocks += [f"Id={unit}\nPrivateTmp=yes\nActiveState=active" for unit in private]
        text = "\n\n".join(blocks)
        script.write_text(f"#!/bin/sh\ncat <<'END'\n{text}\nEND\n")
        script.chmod(0o755)
        return script

    def examined(self, *, with_shop: bool = True, behind: float = 0.0, private: tuple[str, ...] = ()) -> Examined:
        """Every check made. `behind`: seconds that this host's clock is behind all others."""
        installation = Installation(
            load_settings(self.config),
            config=self.config,
            shop=read_parameters(self.shop) if with_shop else None,
            systemctl=str(self.systemctl(*private)),
        )
        if behind:
            installation.clock = _Behind(behind)
        try:
            return Examined({finding.check: finding for finding in examine(installation)})
        finally:
            installation.close()

    def told(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`mollie-bridge doctor` as a person runs it."""
        path = {"PATH": f"{self.folder}:{os.environ['PATH']}", "COLUMNS": "200"}
        self.systemctl()
        return run_program("doctor", "--config", str(self.config), *arguments, cwd=self.folder, env=os.environ | path)

    def configure_shop(self, name: str, value: str | None) -> None:
        """A row of the shop's configuration; None removes it."""
        self.database.execute("DELETE FROM ps_configuration WHERE name = %s", name)
        if value is not None:
            self.database.execute(
                "INSERT INTO ps_configuration (name, value, date_add, date_upd) VALUES (%s, %s, NOW(), NOW())",
                name,
                value,
            )


class Examined:
    """The findings, by check."""

    def __init__(self, findings: Mapping[str, Finding]) -> None:
        self.findings = findings

    def __getitem__(self, check: str) -> Finding:
        return self.findings[check]

    def with_outcome(self, outcome: Outcome) -> set[str]:
        return {name for name, finding in self.findings.items() if finding.outcome is outcome}

    @property
    def failed(self) -> set[str]:
        return self.with_outcome(Outcome.FAILED)

    @property
    def warned(self) -> set[str]:
        return self.with_outcome(Outcome.WARNING)


class _Behind(SystemClock):
    """The system's clock, set back."""

    def __init__(self, seconds: float) -> None:
        self._by = timedelta(seconds=seconds)

    def now(self) -> datetime:
        return super().now() - self._by


@contextmanager
def running_patient(database: Database, folder: Path) -> Iterator[Patient]:
    """The shop, its sidecar and the configuration, all as they should be."""
    folder.mkdir(parents=True, exist_ok=True)
    with running_world(database, guarded=True) as world:
        assert world.sidecar is not None
        grants = (ROOT / "sql" / "grants.sql").read_text().replace("'localhost'", "'127.0.0.1'")
        database.run_script(grants)
        host = world.server.url.removeprefix("http://")
        url = f"mysql+pymysql://{USER}:{PASSWORD}@{database.host}:{database.port}/{database.name}?charset=utf8mb4"
        patient = Patient(
            world=world,
            folder=folder,
            sections={
                "server": {"bind": f"{world.sidecar.host}:{world.sidecar.port}"},
                "auth": {"shop_token": SHOP_TOKEN, "admin_token": ADMIN_TOKEN},
                "database": {"url": url},
                "locks": {"directory": str(world.server.temp)},
                "mollie": {"endpoint": world.mollie_url},
            },
        )
        patient.configure_shop("PS_SHOP_DOMAIN", host)
        patient.configure_shop("PS_VERSION_DB", "9.1.4")
        patient.write()
        try:
            yield patient
        finally:
            database.execute("DROP USER IF EXISTS 'mollie_bridge'@'127.0.0.1', 'mollie_bridge_migrate'@'127.0.0.1'")


@contextmanager
def configured(patient: Patient, name: str, value: str | None) -> Iterator[None]:
    """Inside the block the shop's configuration has that value."""
    before = patient.database.execute("SELECT value FROM ps_configuration WHERE name = %s", name)
    patient.configure_shop(name, value)
    try:
        yield
    finally:
        patient.configure_shop(name, before[0][0] if before else None)


@contextmanager
def changed(patient: Patient, do: str, undo: str) -> Iterator[None]:
    """Inside the block one statement is done, at its end another."""
    patient.database.execute(do)
    try:
        yield
    finally:
        patient.database.execute(undo)


Answering = Callable[[Request], Response]


@contextmanager
def answering(answer: Answering) -> Iterator[str]:
    """Somebody else's server; its URL."""
    with serve_in_thread(Request.application(answer)) as server:
        yield server.url


@pytest.fixture(scope="module")
def shared(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Patient]:
    """One patient for all tests of a module."""
    with running_patient(module_database, tmp_path_factory.mktemp("doctor")) as running:
        yield running


@pytest.fixture
def patient(shared: Patient) -> Patient:
    """In good health again, as far as the configuration goes; a test takes back what it does to the shop."""
    shared.write()
    return shared
