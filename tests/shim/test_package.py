"""The zip that a merchant uploads: the same bytes each time, all that belongs in it, and texts in every language."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest

from bridge import __version__
from tests.unit.pages import page, section, table

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "ps_module_shim" / "molliebridge"
LOCALES = ("en-US", "nl-NL", "de-DE", "fr-FR")
DOMAINS = ("Admin", "Shop")
XLIFF = "{urn:oasis:names:tc:xliff:document:1.2}"


def build(target: Path) -> zipfile.ZipFile:
    subprocess.run([sys.executable, ROOT / "scripts" / "shim", target], check=True, capture_output=True)
    return zipfile.ZipFile(target)


def php_files() -> list[Path]:
    return sorted(MODULE.rglob("*.php"))


def without_comments(source: str) -> str:
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", source, flags=re.DOTALL)


def catalogue(locale: str, domain: str) -> dict[str, str]:
    file = MODULE / "translations" / locale / f"ModulesMolliebridge{domain}.{locale}.xlf"
    units = ET.parse(file).iter(f"{XLIFF}trans-unit")
    return {str(unit.findtext(f"{XLIFF}source")): str(unit.findtext(f"{XLIFF}target")) for unit in units}


def said() -> set[tuple[str, str]]:
    """Every text that the module says, with its domain."""
    found = set()
    for file in php_files():
        calls = r"trans\(\s*'((?:[^'\\]|\\.)*)',\s*\[.*?\],\s*'Modules\.Molliebridge\.(\w+)'\s*\)"
        for text, domain in re.findall(calls, file.read_text(encoding="utf-8"), re.DOTALL):
            found.add((domain, text.replace("\\'", "'")))
    for file in MODULE.rglob("*.tpl"):
        calls = r"\{l s='([^']*)'[^}]*d='Modules\.Molliebridge\.(\w+)'\}"
        found.update((domain, text) for text, domain in re.findall(calls, file.read_text(encoding="utf-8")))
    return found


# The zip


def test_it_is_the_same_bytes_each_time_and_on_each_machine(tmp_path: Path) -> None:
    build(tmp_path / "first.zip")
    before = os.umask(0o077)
    try:
        (MODULE / "index.php").touch()
        build(tmp_path / "second.zip")
    finally:
        os.umask(before)

    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()


def test_another_version_has_other_times_so_that_opcache_reads_it(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "shim", tmp_path / "scripts" / "shim")
    module = shutil.copytree(MODULE, tmp_path / "ps_module_shim" / "molliebridge")
    build = [sys.executable, str(tmp_path / "scripts" / "shim")]
    subprocess.run([*build, str(tmp_path / "old.zip")], check=True, capture_output=True)
    with (module / "autoload.php").open("a", encoding="utf-8") as file:
        file.write("// a later version\n")
    subprocess.run([*build, str(tmp_path / "new.zip")], check=True, capture_output=True)

    old, new = (
        {entry.date_time for entry in zipfile.ZipFile(tmp_path / name).infolist()} for name in ("old.zip", "new.zip")
    )

    assert (len(old), len(new)) == (1, 1)
    assert old != new


def test_it_holds_the_module_and_nothing_else(tmp_path: Path) -> None:
    names = build(tmp_path / "a.zip").namelist()

    assert names == sorted(names)
    assert {name.partition("/")[0] for name in names} == {"molliebridge"}
    assert {Path(name).suffix for name in names if Path(name).name != "LICENSE"} <= {
        ".php",
        ".tpl",
        ".js",
        ".css",
        ".xlf",
        ".png",
    }
    assert set(names) == {f"molliebridge/{p.relative_to(MODULE)}" for p in MODULE.rglob("*") if p.is_file()}


def test_what_lies_about_is_refused(tmp_path: Path) -> None:
    stray = MODULE / "notes.txt"
    stray.write_text("not for merchants")
    try:
        run = subprocess.run(
            [sys.executable, ROOT / "scripts" / "shim", tmp_path / "a.zip"], capture_output=True, text=True, check=False
        )
    finally:
        stray.unlink()

    assert run.returncode != 0
    assert "notes.txt" in run.stderr


def test_its_version_is_the_bridges() -> None:
    assert f"$this->version = '{__version__}';" in (MODULE / "molliebridge.php").read_text(encoding="utf-8")


# What PrestaShop's validator looks for


def test_no_folder_can_be_listed() -> None:
    folders = [MODULE, *(path for path in MODULE.rglob("*") if path.is_dir())]

    assert [str(folder) for folder in folders if not (folder / "index.php").is_file()] == []


def test_every_file_names_its_licence() -> None:
    files = [path for kind in ("php", "tpl", "js", "css") for path in MODULE.rglob(f"*.{kind}")]

    assert [path.name for path in files if "@license" not in path.read_text(encoding="utf-8")[:5000]] == []


def test_no_file_can_be_called_by_itself() -> None:
    open_files = [path.name for path in php_files() if "if (!defined('_PS_VERSION_'))" not in path.read_text()]

    assert set(open_files) <= {"index.php"}


def test_the_main_file_survives_being_read_by_eval() -> None:
    source = without_comments((MODULE / "molliebridge.php").read_text(encoding="utf-8"))

    assert not re.search(r"^(?:use|namespace) |declare\(", source, re.MULTILINE)


# Its reference


def documented(heading: str) -> set[str]:
    return {row[0].strip("`") for row in table(section(page("reference/shim.md"), heading))}


def test_every_setting_is_documented() -> None:
    store = (MODULE / "src" / "SettingsStore.php").read_text(encoding="utf-8")

    assert documented("## Settings") == set(re.findall(r"'(MOLLIEBRIDGE_\w+)'", store))


def test_every_hook_is_documented_and_has_its_method() -> None:
    named = set(re.findall(r"'(action\w+)'", (MODULE / "src" / "Installer.php").read_text(encoding="utf-8")))
    methods = re.findall(r"function hook(\w+)\(", (MODULE / "molliebridge.php").read_text(encoding="utf-8"))

    assert documented("## Hooks") == named == {name[0].lower() + name[1:] for name in methods}


# Texts


def test_something_is_said() -> None:
    assert len(said()) > 40


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("locale", LOCALES)
def test_every_text_is_in_every_language_and_no_other(locale: str, domain: str) -> None:
    assert set(catalogue(locale, domain)) == {text for where, text in said() if where == domain}


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("locale", LOCALES)
def test_every_placeholder_survives_translation(locale: str, domain: str) -> None:
    names = re.compile(r"%[a-z]+%")
    broken = [
        source
        for source, target in catalogue(locale, domain).items()
        if sorted(names.findall(source)) != sorted(names.findall(target)) or not target.strip()
    ]

    assert broken == []


def test_other_languages_do_not_speak_english() -> None:
    for locale in LOCALES[1:]:
        same = [source for source, target in catalogue(locale, "Shop").items() if source == target]
        assert same == [], locale
