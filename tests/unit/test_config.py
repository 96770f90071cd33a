"""The configuration: the example holds every setting, and what can not be meant is refused in words."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from bridge.config import CONFIG_VARIABLE, Settings, find_config, load_settings
from bridge.config_example import REQUIRED, render
from bridge.config_reference import render as render_reference
from bridge.domain.errors import ConfigurationError

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config.example.toml"

GOOD: dict[str, dict[str, Any]] = {
    "auth": {"shop_token": "s" * 40, "admin_token": "a" * 40},
    "database": {"url": "mysql+pymysql://user:p4ssw@127.0.0.1/shop"},
}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CONFIG_VARIABLE, raising=False)


def write(folder: Path, **changes: dict[str, Any]) -> Path:
    sections = {name: {**GOOD.get(name, {}), **changes.get(name, {})} for name in {**GOOD, **changes}}
    lines = []
    for section, values in sections.items():
        lines.append(f"[{section}]")
        lines += [f"{name} = {value!r}".replace("'", '"').replace("True", "true") for name, value in values.items()]
    path = folder / "config.toml"
    path.write_text("\n".join(lines))
    return path


def faults(path: Path) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        load_settings(path)
    return refused.value.faults


@pytest.mark.req("L12")
def test_the_example_is_what_the_program_renders() -> None:
    assert EXAMPLE.read_text() == render()
    assert (ROOT / "docs/reference/settings.md").read_text() == render_reference()


@pytest.mark.req("L12")
def test_the_example_names_every_setting_and_loads() -> None:
    text = EXAMPLE.read_text()
    for section, field in Settings.model_fields.items():
        model = field.annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        part = text.partition(f"[{section}]\n")[2].partition("\n[")[0]
        for name, setting in model.model_fields.items():
            assert re.search(rf"^(# )?{name} = ", part, re.MULTILINE), f"{section}.{name}"
            assert setting.description, f"{section}.{name} has no description"
    assert load_settings(EXAMPLE).auth.shop_token.get_secret_value() == REQUIRED["auth.shop_token"]


@pytest.mark.req("L12", "P7")
def test_the_commented_lines_of_the_example_are_the_defaults() -> None:
    text = re.sub(r"^# (\w+ = .*)$", r"\1", EXAMPLE.read_text(), flags=re.MULTILINE).replace("  (not set)", "")
    shown = tomllib.loads(text)
    settings = load_settings(EXAMPLE)

    assert shown["gate"]["pending_limit"] == settings.gate.pending_limit == 1800
    assert shown["locks"]["lifetime"] == settings.locks.lifetime == 60
    assert shown["locks"]["backend"] == settings.locks.backend == "flock"
    for section in ("server", "gate", "idempotency", "webhooks", "log"):
        for name, value in shown[section].items():
            if value not in ("", []):
                assert getattr(getattr(settings, section), name) == value, f"{section}.{name}"


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOLLIE_BRIDGE_GATE__PENDING_LIMIT", "900")

    assert load_settings(write(tmp_path, gate={"pending_limit": 600})).gate.pending_limit == 900


def test_the_environment_may_name_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONFIG_VARIABLE, str(tmp_path / "config.toml"))

    assert find_config() == tmp_path / "config.toml"


def test_secrets_stay_out_of_the_settings_text(tmp_path: Path) -> None:
    text = repr(load_settings(write(tmp_path)))

    assert "p4ssw" not in text
    assert "s" * 40 not in text


@pytest.mark.parametrize(
    ("section", "values", "fault"),
    [
        ("auth", {"shop_token": "short"}, "auth.shop_token: is too short: 32 characters at least"),
        ("auth", {"admin_token": "s" * 40}, "configuration: auth.shop_token and auth.admin_token must differ"),
        ("database", {"url": "postgres://x"}, "database.url: must begin with mysql+pymysql:// or sqlite:///"),
        ("database", {"prefix": "ps-"}, "database.prefix: "),
        ("gate", {"pending_limit": 0}, "gate.pending_limit: Input should be greater than 0"),
        ("gate", {"same_amount": "perhaps"}, "gate.same_amount: Input should be 'resume' or 'block'"),
        ("gate", {"pending_limits": 1}, "gate.pending_limits: there is no such setting"),
        ("server", {"processes": 2}, "configuration: server.processes above 1 needs locks.backend = 'redis'"),
        ("locks", {"backend": "redis"}, "configuration: locks.backend = 'redis' needs locks.redis_url"),
        ("webhooks", {"shop_timeout": 60}, "configuration: webhooks.shop_timeout must be less than locks.lifetime"),
        ("surplus", {"release_within": 3600}, "surplus.release_within: Input should be greater than 3600"),
        ("mollie", {"endpoint": "ftp://x"}, "mollie.endpoint: "),
        ("nonsense", {"a": 1}, "nonsense: there is no such setting"),
    ],
)
@pytest.mark.req("L12")
def test_what_can_not_be_meant_is_refused(tmp_path: Path, section: str, values: dict[str, Any], fault: str) -> None:
    (found,) = faults(write(tmp_path, **{section: values}))

    assert found.startswith(fault)


def test_every_fault_has_a_line(tmp_path: Path) -> None:
    path = write(tmp_path, gate={"wait": -1, "waiting": 0}, log={"level": "loud"})

    assert len(faults(path)) == 3


@pytest.mark.parametrize("content", ["= 3", "[auth\n", "\x00"])
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(content)

    (found,) = faults(path)

    assert found.startswith(f"{path} is not valid TOML: ")
