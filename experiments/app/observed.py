"""What was observed, in the unit of the charts: totals per 28 days, to lay over the simulated lines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.observations import MONTH, OUTCOMES, YEAR, is_rough, of_length, scale_of
from sim import Scenario

#: Days over which flows are summed up.
WINDOW = 28


@dataclass(frozen=True)
class Point:
    """An observed total, per 28 days.

    A month compares with the line's value on the evening of day ``last``, a year with the line's mean over the year.
    """

    first: int
    last: int
    value: float
    low: float
    high: float
    basis: str
    rough: bool


@dataclass(frozen=True)
class Observed:
    """Observations to lay over one line."""

    series: str
    label: str
    points: tuple[Point, ...]


def observed(scenario: Scenario) -> list[Observed]:
    """Return what was observed, per 28 days; empty for scenarios without observations.

    Months, and those years of which some month is missing: a year that has all its months would count them twice.
    """
    table = scenario.tables.observed
    if table.empty:
        return []
    setting = scenario.setting
    end = pd.Timestamp(setting.start) + pd.Timedelta(days=setting.days - 1)
    table = table[(table["start"] >= pd.Timestamp(setting.start)) & (table["end"] <= end)]
    found: list[Observed] = []
    for outcome, (series, _, _) in OUTCOMES.items():
        months, years = of_length(table, outcome, MONTH), of_length(table, outcome, YEAR)
        whole = [int(((months["start"] >= a) & (months["end"] <= b)).sum()) == 12 for a, b in zip(years["start"], years["end"], strict=True)]
        used = pd.concat([months, years[~np.array(whole, dtype=bool)]])
        if len(used):
            points = tuple(_points(used, setting.start, scale_of(outcome, setting.scale)))
            found.append(Observed(series, _label(used["basis"].tolist()), points))
    return found


def _points(table: pd.DataFrame, start: dt.date, scale: float) -> Iterator[Point]:
    for row in table.to_dict("records"):
        first, last = ((row[name].date() - start).days for name in ("start", "end"))
        factor = scale * WINDOW / (last - first + 1)
        low, value, high = (round(float(row[name]) * factor, 2) for name in ("low", "value", "high"))
        yield Point(first, last, value, low, high, str(row["basis"]), is_rough(str(row["basis"])))


def _label(bases: Sequence[str]) -> str:
    """Return the name of the observations: with the source where all of them begin with the same acronym."""
    words = {basis.split(" ")[0].rstrip(":,;") for basis in bases}
    word = words.pop() if len(words) == 1 else ""
    return f"observed ({word})" if len(word) > 1 and word.isupper() else "observed"
