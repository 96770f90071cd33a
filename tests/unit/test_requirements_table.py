"""The requirement ledger and its table."""

from __future__ import annotations

import pytest

from tests.services import requirements

pytest_plugins = ["pytester"]

LEDGER = {"P1": "the first", "P2": "the second"}

TESTS = """
    import pytest

    @pytest.mark.req("P1")
    @pytest.mark.parametrize("case", [1, 2, 3])
    def test_cases(case):
        raise AssertionError("the table runs nothing")

    @pytest.mark.req("P1", "{other}")
    class TestTwoRows:
        def test_once(self):
            pass
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setattr(requirements, "rows", lambda: LEDGER)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini("[pytest]\nmarkers = req(*rows): rows\n")
    return pytester


def run(suite: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return suite.runpytest_inprocess("-p", "tests.services.requirements", *arguments)


def test_each_row_stands_with_its_tests_and_their_cases(suite: pytest.Pytester) -> None:
    suite.makepyfile(TESTS.replace("{other}", "P2"))
    result = run(suite, "--requirements")
    result.stdout.fnmatch_lines(
        ["P1 *the first", "*::test_cases  (3 cases)", "*::test_once", "P2 *the second", "*::test_once", "2 of 2 *"]
    )
    assert result.ret == pytest.ExitCode.OK


def test_a_row_without_a_test_is_named_plainly(suite: pytest.Pytester) -> None:
    suite.makepyfile("import pytest\n@pytest.mark.req('P2')\ndef test_it(): pass")
    result = run(suite, "--requirements")
    result.stdout.fnmatch_lines(
        ["P1 *the first", "*NO TEST YET", "1 of 2 requirements have tests", "without a test: P1"]
    )


def test_an_unknown_row_fails_the_table(suite: pytest.Pytester) -> None:
    suite.makepyfile(TESTS.replace("{other}", "P99"))
    result = run(suite, "--requirements")
    result.stdout.fnmatch_lines(["*::test_once: unknown requirement 'P99'"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("mark", ["req('P99')", "req()", "req"])
def test_a_wrong_mark_fails_the_test_that_bears_it(suite: pytest.Pytester, mark: str) -> None:
    suite.makepyfile(f"import pytest\n@pytest.mark.{mark}\ndef test_it(): pass")
    run(suite).assert_outcomes(errors=1)


@pytest.mark.slow
def test_a_file_that_can_not_be_read_fails_the_table(suite: pytest.Pytester) -> None:
    suite.makepyfile("import nothing_of_this_name")
    assert run(suite, "--requirements").ret != pytest.ExitCode.OK


def test_the_ledger_holds_every_row_once() -> None:
    expected = [f"{letter}{n}" for letter, last in [("P", 12), ("L", 18), ("B", 15)] for n in range(1, last + 1)]
    assert list(requirements.rows()) == expected
