"""The charts of the page: which lines they have, and their numbers day by day.

Everything is plain data for JSON. Days count from 0; the evening of day d is row d. A flow is shown as the sum of
the last 28 days (in the first four weeks: of the days so far), so that a line moves every day without jumping.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, count, permutations
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from agents.vocabulary import Status
from experiments.app.course import Course
from experiments.app.observed import WINDOW, observed
from sim.columns import Column
from sim.record import Record
from sim.setting import Setting

FloatArray = NDArray[np.float64]
# The palette of experiments/figures/style.py, which imports a plotting library that the page does not need.
BLUE, ORANGE, GREEN, VERMILLION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PURPLE, BLACK = "#56B4E9", "#CC79A7", "#1A1A1A"
_COLOURS, _DASHES = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY), ("solid", "dashed", "dotted", "dashdot", "long")
COMPONENTS = (
    ("violence", VERMILLION, "dashdot", "1 when attacks are as few as the scenario's anchor, 0 when they are many"),
    ("movement", ORANGE, "dashed", "1 when few people flee or are forced back, 0 when many are"),
    ("relations", BLUE, "long", "1 when governments are as hostile as at rest or less, 0 when they are close to war"),
    ("legitimacy", PURPLE, "dotted", "how rightful people find their governments, mean over governments"),
    ("trade", GREEN, "solid", "trade between the governments' countries, 1 = as before"),
)
STATUSES = (
    (Status.REGISTERED, "registered", BLUE, "solid", "recognised refugees abroad, with a card"),
    (Status.DOCUMENTED, "documented", GREEN, "dashed", "abroad with papers, but not recognised as refugees"),
    (Status.UNDOCUMENTED, "undocumented", VERMILLION, "long", "abroad without papers"),
    (Status.RETURNEE, "returnees", PURPLE, "dotted", "recently back in their own country"),
    (Status.IDP, "IDPs", ORANGE, "dashdot", "displaced inside their own country"),
)
RETURNS = (
    ("voluntary", GREEN, "dashed", "went home of their own accord, more of them the safer home is"),
    ("fear", ORANGE, "long", "went home for fear of arrest and deportation"),
    ("deportation", VERMILLION, "dotted", "were formally deported"),
)


@dataclass(frozen=True)
class SeriesSpec:
    """A line: how it is named and drawn, and the columns of the record that it adds up, over its last ``days`` days."""

    key: str
    label: str
    unit: str
    colour: str
    dash: str  #: solid, dashed, dotted, dashdot or long: no two lines of a chart alike, for eyes and prints without colour
    about: str  #: what it is, in a sentence
    columns: tuple[Column, ...]
    days: int = 1
    strong: bool = False  #: drawn thicker than the others


@dataclass(frozen=True)
class ChartSpec:
    """A chart: its title with the unit, what it shows, and its lines.

    ``top`` fixes the upper end of its axis; ``room`` is how many letters its numbers take, and ``columns`` in how many columns they
    stand; ``log`` offers an axis in powers of ten.
    """

    key: str
    title: str
    unit: str
    about: str
    series: tuple[SeriesSpec, ...]
    top: float | None = None
    room: int = 4
    columns: int = 2
    log: bool = False


class SpecData(TypedDict):
    """What the page is told once."""

    start: str
    days: int
    charts: list[dict[str, object]]


class MarkData(TypedDict):
    """A vertical line: a day and what happened."""

    day: int
    text: str


# -- lines ------------------------------------------------------------------------------------------------


def charts(course: Course) -> list[ChartSpec]:
    """Return the charts of a course; lines that could only be constant in its scenario are left out."""
    setting = course.setting
    found = [_stability(setting), _violence(setting), _people(setting), _returns(course.model.record, setting), *_relations(setting)]
    return [chart for chart in found if chart.series]


def _stability(setting: Setting) -> ChartSpec:
    n = len(setting.cast.governments)
    idle = (() if setting.cast.groups else ("violence",)) + (() if n > 1 else ("relations", "trade"))
    index = SeriesSpec(
        "stability", "stability", "0 to 1", BLACK, "solid", "the mean of the five components", (_region("stability"),), strong=True,
    )
    parts = [
        SeriesSpec(f"stability_{name}", name, "0 to 1", colour, dash, about, (_region(f"stability_{name}"),))
        for name, colour, dash, about in COMPONENTS if name not in idle
    ]
    about = "The stability index and its components: 1 is good, 0 is bad. Two policies with the same index can differ in every component."
    return ChartSpec("stability", "Stability", "1 = good, 0 = bad", about, (index, *parts) if n else (), top=1.0)


def _violence(setting: Setting) -> ChartSpec:
    lines = (
        SeriesSpec("attacks", "attacks", "in 28 days", BLUE, "solid", "attacks by all groups", (_region("attacks"),), WINDOW, strong=True),
        SeriesSpec("deaths", "deaths", "in 28 days", VERMILLION, "dashed", "people killed in these attacks", (_region("deaths"),), WINDOW),
    )
    about = "Attacks by militant groups, and people killed in them, in the last 28 days."
    return ChartSpec("violence", "Violence", "in 28 days", about, lines if setting.cast.groups else (), room=5, log=True)


def _people(setting: Setting) -> ChartSpec:
    lines: list[SeriesSpec] = []
    for status, label, colour, dash, about in STATUSES:
        blocks = tuple(("population", block.name, "people") for block in setting.populations.blocks if block.status == status)
        if blocks:
            lines.append(SeriesSpec(status.value, label, "people", colour, dash, about, blocks))
    return ChartSpec("people", "People", "by status", "People away from home or just back, this evening. Those on the road are not among them.", tuple(lines), room=5, log=True)


def _returns(record: Record, setting: Setting) -> ChartSpec:
    governed = bool(setting.cast.governments)
    total = SeriesSpec("returns", "all", "people in 28 days", BLACK, "solid", "all who crossed into their own country", (_region("returns"),), WINDOW, strong=True)
    kinds = [
        SeriesSpec(f"returns_{name}", name, "people in 28 days", colour, dash, f"returned: {about}", (_region(f"returns_{name}"),), WINDOW)
        for name, colour, dash, about in RETURNS
    ]
    # Without governments nobody is deported or has to fear it: all returns are of one kind.
    lines = (total, *kinds) if governed else (total,)
    about = "People who crossed into their own country in the last 28 days. Returns for fear and deportations are harm, not success."
    return ChartSpec("returns", "Returns", "people in 28 days", about, lines if record.has_flows else (), room=5, log=True)


def _relations(setting: Setting) -> Iterator[ChartSpec]:
    """Hostility and trade between governments."""
    names = setting.cast.governments
    title = {name: settings.country for name, settings in zip(names, setting.cast.settings, strict=True)}
    two = len(names) == 2  # then it goes without saying who the other one is
    hostile = [
        SeriesSpec(
            f"hostility/{a}/{b}", f"of {title[a]}" if two else f"{title[a]} → {title[b]}", "points a week", *style, f"hostility of {title[a]} towards {title[b]}",
            (("government", a, f"hostility/{b}"),),
        )
        for (a, b), style in zip(permutations(names, 2), _cycle(), strict=False)
    ]
    about = "Hostility rises with what the other does and fades in time, back to its rest."
    yield ChartSpec("hostility", "Hostility", "points a week", about, tuple(hostile), columns=1)
    lines: list[tuple[str, str, str, Column]] = []
    for a, b in combinations(names, 2):
        between = "" if two else f" {title[a]}–{title[b]}"
        lines.append((
            f"direct_trade/{a}/{b}", f"direct{between}", f"trade between {title[a]} and {title[b]}", ("government", a, f"direct_trade/{b}"),
        ))
        for through, of in ((a, b), (b, a)):
            said = f"goods of {title[of]} that pass through {title[through]}"
            lines.append((
                f"transit_trade/{through}/{of}", f"via {title[through]}" if two else f"{title[of]} via {title[through]}", said,
                ("government", through, f"transit_trade/{of}"),
            ))
    trade = [
        SeriesSpec(key, label, "1 = as before", *style, said, (column,))
        for (key, label, said, column), style in zip(lines, _cycle(), strict=False)
    ]
    yield ChartSpec("trade", "Trade", "1 = as before", "Trade on both channels; 1 is as before the run.", tuple(trade), columns=1)


def _cycle() -> Iterator[tuple[str, str]]:
    """Colours with dashes, one after the other; the first 30 all differ, and neighbours in both."""
    for k in count():
        yield _COLOURS[k % len(_COLOURS)], _DASHES[(k + k // len(_COLOURS)) % len(_DASHES)]


def _region(variable: str) -> Column:
    return "region", "region", variable


# -- numbers ----------------------------------------------------------------------------------------------


def rows(course: Course, from_day: int, to_day: int) -> list[list[float]]:
    """Return the values of all lines, a row a day from ``from_day`` to before ``to_day``, in the order of :func:`charts`.

    Days that have not been played have no row.
    """
    return _plain(_values(course, from_day, to_day))


def differences(a: Course, b: Course, from_day: int, to_day: int) -> list[list[float]]:
    """Return rows of ``b`` minus those of ``a``, for the days that both have played."""
    to_day = min(to_day, a.day, b.day)
    return _plain(_values(b, from_day, to_day) - _values(a, from_day, to_day))


def _plain(values: FloatArray) -> list[list[float]]:
    """Return values as lists, with the five decimals that a chart can show."""
    return [[float(value) for value in row] for row in np.round(values, 5).tolist()]


def _values(course: Course, from_day: int, to_day: int) -> FloatArray:
    """Return the values of all lines, (days, lines)."""
    record = course.model.record
    last = min(to_day, record.length)
    first = min(max(from_day, 0), last)
    lines = [series for chart in charts(course) for series in chart.series]
    return np.stack([_line(record, series, first, last) for series in lines], axis=1) if lines else np.zeros((last - first, 0))


def _line(record: Record, series: SeriesSpec, first: int, last: int) -> FloatArray:
    """Return one line from day ``first`` to before ``last``, (days,)."""
    early = max(first - series.days + 1, 0)
    total = np.zeros(last - early)
    for column in series.columns:
        total += record.series(*column)[early:last]
    if series.days == 1:
        return total
    sums = np.concatenate([[0.0], np.cumsum(total)])  # counts, so sums are exact
    ends = np.arange(first, last) + 1 - early
    return np.asarray(sums[ends] - sums[np.maximum(ends - series.days, 0)])


# -- for the browser --------------------------------------------------------------------------------------


def spec(course: Course) -> SpecData:
    """Return the charts and the observations as plain data for ``MarchlandCharts``."""
    seen = observed(course.scenario)
    found: list[dict[str, object]] = []
    for chart in charts(course):
        keys = [series.key for series in chart.series]
        found.append({
            "key": chart.key, "title": chart.title, "unit": chart.unit, "about": chart.about, "top": chart.top, "room": chart.room, "columns": chart.columns, "log": chart.log,
            "series": [
                {"key": s.key, "label": s.label, "unit": s.unit, "colour": s.colour, "dash": s.dash, "about": s.about, "strong": s.strong}
                for s in chart.series
            ],
            "observed": [
                {"series": keys.index(o.series), "label": o.label, "points": [vars(point) for point in o.points]}
                for o in seen if o.series in keys
            ],
        })
    return SpecData(start=str(course.setting.start), days=course.days, charts=found)


def marks(course: Course) -> list[MarkData]:
    """Return the days on which somebody else began to decide, up to the evening shown."""
    start = course.setting.start
    found = [((item.date - start).days, f"{item.actor}: {item.policy}") for item in course.interventions]
    return [MarkData(day=day, text=text) for day, text in found if day < course.day]
