"""When something that failed is tried again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.adapters.mollie.errors import Hiccup
from bridge.domain.errors import MollieUnavailable
from bridge.services.backoff import LONGEST_ERROR, pause_after, reason_of
from bridge.services.settings import Pauses

PAUSES = Pauses(first=5.0, longest=3600.0)


@pytest.mark.req("B6")
@pytest.mark.parametrize(("tries", "longest"), [(1, 5), (2, 10), (3, 20), (10, 2560), (11, 3600), (29, 3600)])
def test_the_pause_doubles_up_to_an_hour_and_is_jittered(tries: int, longest: float) -> None:
    pauses = [pause_after(tries, PAUSES) for _ in range(20)]

    assert all(timedelta(seconds=longest / 2) <= pause <= timedelta(seconds=longest) for pause in pauses)
    assert len(set(pauses)) > 1


@pytest.mark.req("B6")
def test_who_says_when_to_come_again_is_not_asked_earlier() -> None:
    assert pause_after(1, PAUSES, MollieUnavailable("429", retry_after=90.0)) == timedelta(seconds=90)


def test_nobody_may_ask_for_more_patience_than_the_longest_pause() -> None:
    assert pause_after(1, PAUSES, MollieUnavailable("429", retry_after=1e9)) == timedelta(hours=1)


def test_an_error_keeps_its_name_and_no_payload() -> None:
    assert reason_of(RuntimeError("down")) == "RuntimeError: down"
    assert len(reason_of(RuntimeError("x" * 10_000))) == LONGEST_ERROR


def test_an_adapters_own_error_is_shown_by_the_name_that_the_how_tos_list() -> None:
    assert reason_of(Hiccup("Mollie's answer (500) can not be used")) == (
        "MollieUnavailable: Mollie's answer (500) can not be used"
    )
