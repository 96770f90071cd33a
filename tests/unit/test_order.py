"""In which order the tests are begun."""

from __future__ import annotations

import pytest

from tests.services.order import spread


def test_each_stretch_begins_with_its_share_of_the_long_ones() -> None:
    assert spread(["A", "B", "C"], [1, 2, 3, 4, 5, 6, 7], 2) == ["A", "C", 1, 2, 3, "B", 4, 5, 6, 7]


@pytest.mark.parametrize(("long", "others", "stretches"), [(0, 7, 3), (5, 0, 4), (9, 2, 4), (1, 1, 8), (20, 100, 1)])
def test_none_is_left_out_and_none_comes_twice(long: int, others: int, stretches: int) -> None:
    first, then = range(long), range(100, 100 + others)

    assert sorted(spread(first, then, stretches)) == [*first, *then]
