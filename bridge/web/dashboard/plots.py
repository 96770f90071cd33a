"""Plots as plain numbers: where each bar, point and label of an SVG stands. The templates draw them.

An SVG is as wide as its card, and a card is about as wide as a phone: so that its letters keep their size everywhere.
What a plot shows stands once more in its table, for those who can not see it and those who want the number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

WIDTH: Final = 360
HEIGHT: Final = 190
LEFT: Final = 50
RIGHT: Final = 6
TOP: Final = 12
BOTTOM: Final = 26

_LABEL_EVERY: Final = 7
_GAP: Final = 0.28
"""Of the width of a day, what is left empty beside its bars."""

LEAST_BAR: Final = 1.5
"""Height of a bar that is not nothing: one payment is seen beside a thousand."""

Text = Callable[[int], str]
Ticks = Callable[[int], tuple[int, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What is shown in one colour: a number for each day, None where there is none. `look` is a class of the CSS."""

    name: str
    look: str
    values: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A rectangle with what it says when it is pointed at."""

    x: float
    y: float
    width: float
    height: float
    look: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A text at a place of an axis."""

    at: float
    text: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A plot, ready to be drawn, and its table: the newest day first. `left`, `right`: where its axis ends."""

    id: str
    title: str
    says: str
    unit: str
    series: tuple[Series, ...]
    marks: tuple[Mark, ...]
    lines: tuple[Label, ...]
    days: tuple[Label, ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to see."""
        return not self.marks


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The two axes of a plot: which days, and how high."""

    days: tuple[date, ...]
    ticks: tuple[int, ...]

    @property
    def step(self) -> float:
        """The width of a day."""
        return (WIDTH - LEFT - RIGHT) / len(self.days)

    def x(self, number: int) -> float:
        """Where a day begins."""
        return LEFT + number * self.step

    def y(self, value: float) -> float:
        """How far from the top a value stands."""
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / self.ticks[-1]

    def lines(self, text: Text) -> tuple[Label, ...]:
        """The labels of the upright axis."""
        return tuple(Label(at=round(self.y(tick), 1), text=text(tick), anchor="end") for tick in self.ticks)

    def labels(self) -> tuple[Label, ...]:
        """A day of each week, counted back from the last."""
        last = len(self.days) - 1
        return tuple(
            Label(
                at=round(self.x(number + 1) if number == last else self.x(number) + self.step / 2, 1),
                text=day_text(day),
                anchor="end" if number == last else "middle",
            )
            for number, day in enumerate(self.days)
            if (last - number) % _LABEL_EVERY == 0
        )


def day_text(day: date) -> str:
    """`1 Mar`."""
    return f"{day.day} {day:%b}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a plot is about, and how its numbers are written: `text`, and shorter `beside` the axis.

    `ticks`: the axis for a highest value.
    """

    id: str
    title: str
    unit: str
    ticks: Ticks
    text: Text
    beside: Text


def stacked(look: Look, days: tuple[date, ...], series: tuple[Series, ...], *, says: str) -> Plot:
    """Bars that stand on each other: parts of a whole."""
    frame = _frame(look, days, [sum(each.values[n] or 0 for each in series) for n in range(len(days))])
    marks = []
    for number, day in enumerate(days):
        floor = frame.y(0)
        for each in series:
            value = each.values[number]
            if value:
                height = max(LEAST_BAR, frame.y(0) - frame.y(value))
                floor -= height
                marks.append(_bar(frame, number, floor, height, each.look, _says(day, each.name, look.text(value))))
    return _plot(look, frame, series, tuple(marks), says)


def beside(look: Look, days: tuple[date, ...], series: tuple[Series, ...], *, says: str) -> Plot:
    """Bars that stand beside each other: things to be compared."""
    frame = _frame(look, days, [value or 0 for each in series for value in each.values])
    marks = []
    for number, day in enumerate(days):
        for place, each in enumerate(series):
            value = each.values[number]
            if value:
                height = max(LEAST_BAR, frame.y(0) - frame.y(value))
                says_it = _says(day, each.name, look.text(value))
                bar = _bar(frame, number, frame.y(0) - height, height, each.look, says_it, place, len(series))
                marks.append(bar)
    return _plot(look, frame, series, tuple(marks), says)


def from_to(look: Look, days: tuple[date, ...], low: Series, high: Series, *, says: str) -> Plot:
    """For each day a span from one value to another."""
    frame = _frame(look, days, [value or 0 for value in high.values])
    marks = []
    for number, (day, least, most) in enumerate(zip(days, low.values, high.values, strict=True)):
        if least is None or most is None:
            continue
        said = f"{day_text(day)}: {low.name} {look.text(least)}, {high.name} {look.text(most)}"
        top, middle = frame.y(most), frame.y(least)
        marks.append(_bar(frame, number, top, max(LEAST_BAR, middle - top), high.look, said))
        marks.append(_bar(frame, number, middle - LEAST_BAR, 2 * LEAST_BAR, low.look, said))
    return _plot(look, frame, (low, high), tuple(marks), says)


def _frame(look: Look, days: tuple[date, ...], heights: Sequence[int]) -> Frame:
    return Frame(days=days, ticks=look.ticks(max(1, *heights)))


def _bar(
    frame: Frame, number: int, top: float, height: float, look: str, says: str, place: int = 0, places: int = 1
) -> Mark:
    width = frame.step * (1 - _GAP) / places
    left = frame.x(number) + frame.step * _GAP / 2 + place * width
    return Mark(x=round(left, 1), y=round(top, 1), width=round(width, 1), height=round(height, 1), look=look, says=says)


def _says(day: date, name: str, text: str) -> str:
    return f"{day_text(day)}: {name} {text}"


def _plot(look: Look, frame: Frame, series: tuple[Series, ...], marks: tuple[Mark, ...], says: str) -> Plot:
    rows = [
        (day.isoformat(), *("" if value is None else look.text(value) for value in (s.values[n] for s in series)))
        for n, day in enumerate(frame.days)
    ]
    return Plot(
        id=look.id,
        title=look.title,
        says=says,
        unit=look.unit,
        series=series,
        marks=marks,
        lines=frame.lines(look.beside),
        days=frame.labels(),
        head=("day (UTC)", *(each.name for each in series)),
        rows=tuple(reversed(rows)),
    )
