"""What one factor of a grid changes in each part of the grid, and whether its effect keeps its sign.

The points of a grid are set and not drawn, so intervals hold the luck of the replicates alone (Student's t).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import t as student

from agents.errors import InputError
from experiments.analysis.finding import Finding
from experiments.analysis.groups import (
    column,
    distinct,
    fit_labels,
    is_number,
    missing_note,
    short_key,
    stem,
    words,
    write,
)
from experiments.analysis.study import Study
from experiments.analysis.tornado import ENOUGH, Change, change, is_certain
from experiments.figures import style

FloatArray = NDArray[np.float64]

DESIGNS = ("grid",)
LEVEL = 0.95
#: With fewer replicates a note says how wide Student's t makes the intervals.
FEW = 5


@dataclass(frozen=True)
class Contrast:
    """The change of an outcome from a factor's lowest (first) to its highest (last) value, in one part of the grid.

    ``low`` is the mean outcome at the first value, ``change`` the mean difference with its interval from ``least`` to
    ``most`` (NaN where luck cannot be told), ``down`` the share of paired runs in which the outcome falls, ``pairs`` how
    many pairs of points there are, ``runs`` how many paired runs.
    """

    factor: str
    value: str
    low: float
    change: float
    least: float
    most: float
    down: float
    pairs: int
    runs: int


@dataclass(frozen=True)
class Pairs:
    """Pairs of points of a grid that differ in the lever only.

    Attributes
    ----------
    others
        The other factors, a row a pair; those whose every value gives the same runs are left out.
    start, change
        The outcome at the lever's first value and its difference at the last, (pairs, replicates).
    ends
        The two values of the lever.
    unused
        Values of the lever between them.
    inert
        Factors that are left out.
    certain
        Whether replicates agree at each point.
    """

    others: pd.DataFrame
    start: FloatArray
    change: FloatArray
    ends: tuple[object, object]
    unused: tuple[object, ...]
    inert: tuple[str, ...]
    certain: bool


def contrasts(study: Study, outcomes: Sequence[str], *, lever: str) -> list[Finding]:
    """Compare the ends of one factor of a grid, all else equal, over the whole grid and at each value of the others.

    Parameters
    ----------
    study
        A finished study with a grid.
    outcomes
        What is compared.
    lever
        Key of the factor: numbers, or two choices.

    Raises
    ------
    InputError
        When the design is no grid, the factor is none of its, or has one value, or more than two without order.
    """
    factors = study.plan.design.factors
    keys = [factor.key for factor in factors]
    if study.plan.design.kind != "grid":
        raise InputError(f"contrasts: need design=grid, and this is {study.plan.design.kind}; take regression or pawn")
    if lever not in keys:
        raise InputError(f"contrasts: {lever} is no factor of this study; known: {', '.join(keys)}")
    met = distinct(factors[keys.index(lever)], column(study, keys.index(lever)))
    if len(met) < 2:
        raise InputError(f"contrasts: {lever} has the one value {write(met[0])}; run the grid with two or more of it")
    if len(met) > 2 and not is_number(factors[keys.index(lever)], met):
        raise InputError(f"contrasts: {lever} has {len(met)} choices without order, and no ends; take overview or regret, or run the grid with two of them")
    return [_finding(study, outcome, lever, met) for outcome in outcomes]


def _finding(study: Study, outcome: str, lever: str, met: Sequence[object]) -> Finding:
    values = study.values(outcome)
    pairs = _pairs(study, values, lever, met)
    rows = _rows(pairs, crn=study.plan.seeds == "crn")
    return Finding(
        name=f"contrasts_{stem(outcome)}", title=f"What {short_key(lever)} does to {words(outcome)}, part by part", says=_says(rows, outcome, lever, pairs.ends),
        table=pd.DataFrame([vars(row) for row in rows]), notes=_notes(study, values, rows, pairs, lever, outcome), draw=lambda: _draw(study, rows, outcome, lever, pairs.ends),
    )  # fmt: skip


def _pairs(study: Study, values: FloatArray, lever: str, met: Sequence[object]) -> Pairs:
    """Return the pairs; of a factor that changes nothing, whose points are copies of each other, one value only."""
    design = study.plan.design
    points = pd.DataFrame([[repr(value) for value in point] for point in design.points], columns=[factor.key for factor in design.factors])  # choices may be lists
    certain, inert = is_certain(values), list[str]()
    for key in [key for key in points.columns if key != lever and points[key].nunique() > 1]:
        rest = [other for other in points.columns if other != key]
        copies = list(points.groupby(rest, sort=False).indices.values())
        tables = [values[at] for at in copies]
        twice = any(((~np.isnan(table)).sum(axis=0) > 1).any() for table in tables)
        if twice and all((np.fmax.reduce(table) == np.fmin.reduce(table))[~np.isnan(table).all(axis=0)].all() for table in tables):
            values = np.array([np.fmax.reduce(table) for table in tables])
            points = points.iloc[[at[0] for at in copies]].drop(columns=key).reset_index(drop=True)
            inert.append(key)
    first, last = (np.flatnonzero(points[lever] == repr(end)) for end in (met[0], met[-1]))
    others = [key for key in points.columns if key != lever]
    place = {tuple(points[others].iloc[at]): at for at in last}
    last = np.array([place[tuple(points[others].iloc[at])] for at in first])
    return Pairs(points[others].iloc[first].reset_index(drop=True), values[first], values[last] - values[first], (met[0], met[-1]), tuple(met[1:-1]), tuple(inert), certain)


def _rows(pairs: Pairs, crn: bool) -> list[Contrast]:
    """Return the contrast over the whole grid, then at each value of every other factor that has several."""
    rows: list[Contrast] = []
    parts = [(key, value) for key in pairs.others for value in dict.fromkeys(pairs.others[key]) if pairs.others[key].nunique() > 1]
    for factor, value in [("", ""), *parts]:
        part = np.ones(len(pairs.change), dtype=bool) if not factor else (pairs.others[factor] == value).to_numpy()
        moved = pairs.change[part]
        have = ~np.isnan(moved).all(axis=1)  # a pair that never finished is none
        moved, start = moved[have], pairs.start[part][have]
        found = (_shared if crn else _apart)(moved, pairs.certain)
        known = moved[~np.isnan(moved)]
        low = math.fsum(np.nanmean(start, axis=1).tolist()) / len(start) if len(start) else math.nan
        down = float((known < 0.0).mean()) if len(known) else math.nan
        rows.append(Contrast(factor, _written(value), low, found.mean, found.low, found.high, down, len(moved), len(known)))
    return rows


def _written(text: str) -> str:
    """Return a value as figures write it, from its ``repr``."""
    try:
        return write(float(text) if "." in text or "e" in text else int(text))
    except ValueError:
        return write(text.strip("'\""))


def _shared(moved: FloatArray, certain: bool) -> Change:
    """Return the mean change of (pairs, replicates) under shared luck: Student's t over the replicates that all pairs have."""
    whole = ~np.isnan(moved).any(axis=0)
    if len(moved) and whole.any():
        return change(np.array([math.fsum(column.tolist()) / len(moved) for column in moved[:, whole].T]), LEVEL, certain)
    return Change(_mean(moved), math.nan, math.nan, 0)


def _apart(moved: FloatArray, certain: bool) -> Change:
    """Return the mean change of (pairs, replicates) with luck of its own in every run.

    The pairs are set, so the error is that within pairs; its degrees of freedom are Satterthwaite's, where pairs
    differ in their spread.
    """
    known = [row[~np.isnan(row)] for row in moved]
    several = [row for row in known if len(row) > 1]
    mean = _mean(moved)
    if not several:
        return Change(mean, math.nan, math.nan, 0)
    pooled = sum(float(((row - row.mean()) ** 2).sum()) for row in several) / sum(len(row) - 1 for row in several)
    each = [(row.var(ddof=1) if len(row) > 1 else pooled) / len(row) for row in known]
    of_mean = math.fsum(each) / len(known) ** 2
    if of_mean <= 1e-18 * mean**2 and sum(map(len, known)) < ENOUGH and not certain:
        return Change(mean, math.nan, math.nan, 0)
    own = sum((row.var(ddof=1) / len(row)) ** 2 / (len(row) - 1) for row in several)
    freedom = max(1.0, math.fsum(each) ** 2 / own) if own > 0.0 else 1.0
    half = float(student.ppf(0.5 + LEVEL / 2.0, freedom)) * math.sqrt(of_mean)
    return Change(mean, mean - half, mean + half, sum(map(len, known)))


def _mean(moved: FloatArray) -> float:
    """Return the mean over pairs of the mean over replicates."""
    return math.fsum(np.nanmean(moved, axis=1).tolist()) / len(moved) if len(moved) else math.nan


def _says(rows: Sequence[Contrast], outcome: str, lever: str, ends: tuple[object, object]) -> str:
    """Return in words: the change over the whole grid, and whether its sign holds in every part."""
    whole, parts = rows[0], [row for row in rows[1:] if math.isfinite(row.change)]
    if not whole.pairs:
        return f"No pair of finished runs has {words(outcome)}."
    told = f" ({_number(whole.least)} to {_number(whole.most)})" if math.isfinite(whole.least) else ""
    said = f"From {short_key(lever)} {write(ends[0])} to {write(ends[1])}, {words(outcome)} changes by {_number(whole.change)} on average{told}, from {style.short(whole.low)}."
    if len(parts) > 1:
        lowest, highest = min(parts, key=lambda row: row.change), max(parts, key=lambda row: row.change)
        said += f" It is {_number(lowest.change)} where {_name(lowest)} and {_number(highest.change)} where {_name(highest)}."
    tested = [row for row in parts if math.isfinite(row.least)]
    if not math.isfinite(whole.least) and not tested:
        return f"{said} With so few replicates, luck cannot be told from effect."
    up, down = [row for row in tested if row.least > 0.0], [row for row in tested if row.most < 0.0]
    if up and down:
        above, below = max(up, key=lambda row: row.change), min(down, key=lambda row: row.change)
        return f"{said} The sign depends on the assumption: the interval lies above zero where {_name(above)} and below zero where {_name(below)}."
    if parts and len(parts) == len(rows) - 1 and len(parts) in (len(up), len(down)):
        return f"{said} The interval lies {'above' if up else 'below'} zero in every part of the grid."
    unclear = len(tested) - len(up) - len(down)
    return f"{said} In {unclear} of {len(tested)} parts of the grid the interval holds zero." if tested else said


def _notes(study: Study, values: FloatArray, rows: Sequence[Contrast], pairs: Pairs, lever: str, outcome: str) -> tuple[str, ...]:
    whole, replicates = rows[0], study.plan.replicates
    notes = list(missing_note(values))
    if whole.pairs:
        notes.append(f"{whole.pairs} pairs of points that differ in nothing else; the outcome falls in {whole.down:.0%} of {whole.runs:,} paired runs.")
    if len(pairs.change) > whole.pairs:
        notes.append(f"{len(pairs.change) - whole.pairs} of {len(pairs.change)} pairs have no paired run and are left out: parts of the grid may then differ in more than their value")
    if pairs.inert:
        notes.append(f"{words(outcome)} is the same at all values of {', '.join(map(short_key, pairs.inert))}: these copies count once and are no part of their own")
    if pairs.unused:
        notes.append(f"only the ends of {short_key(lever)} are compared: runs at {', '.join(map(write, pairs.unused))} are not used here")
    tested = sum(math.isfinite(row.least) for row in rows)
    if replicates == 1:
        notes.append("one replicate: no interval, so luck cannot be told from effect; sweep with replicates=10 or more")
    elif replicates < FEW:
        notes.append(f"{replicates} replicates: intervals are those of Student's t over {replicates} lucks, and wide; sweep with replicates=10 or more")
    if replicates > 1 and tested < sum(row.pairs > 0 for row in rows):
        notes.append(f"parts without an interval have fewer than two whole replicates, or fewer than {ENOUGH} that agree exactly")
    if tested > 1:
        notes.append(f"{tested} intervals: about {tested * (1.0 - LEVEL):.1f} of them would miss 0 if {short_key(lever)} did nothing")
    return tuple(notes)


def _draw(study: Study, rows: Sequence[Contrast], outcome: str, lever: str, ends: tuple[object, object]) -> Figure:
    """Draw the changes with their intervals, one line a part of the grid."""
    over = "over replicates" if study.plan.seeds == "crn" else "over paired runs, within pairs"
    figure = style.new_figure(
        f"{short_key(lever)} from {write(ends[0])} to {write(ends[1])}: change of {words(outcome)}",
        "each line is a part of the grid: all points with that value; paired runs that differ in nothing else",
        study.caption(2 * rows[0].runs, f"95 % t interval {over}" if any(math.isfinite(row.least) for row in rows) else ""), height=max(3.2, 1.5 + 0.32 * len(rows)),
    )  # fmt: skip
    height = figure.get_size_inches()[1]
    names = fit_labels([_name(row) for row in rows], 70)
    left = min(0.45, max(0.14, 0.035 + 0.0056 * max(map(len, names))))
    axes = figure.add_axes((left, 0.75 / height, 0.96 - left, 1.0 - 1.50 / height))
    style.plain(axes)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color=style.GRID, linewidth=0.7)
    for line, row in enumerate(rows):
        y = len(rows) - 1 - line
        colour = style.VERMILLION if row.least > 0.0 else style.BLUE if row.most < 0.0 else style.MUTED
        axes.plot([row.least, row.most], [y, y], color=colour, linewidth=2.0, solid_capstyle="butt")
        axes.plot([row.change], [y], "o" if line else "D", color=colour, markersize=5.5)
    axes.axvline(0.0, color=style.INK, linewidth=0.9)
    axes.set_yticks(range(len(rows)), names[::-1])
    axes.tick_params(axis="y", labelsize=style.TEXT, labelcolor=style.INK, length=0)
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.set_xlabel(f"change of {words(outcome)} (grey: the interval holds zero, or there is none)", size=style.SMALL, color=style.MUTED)
    axes.margins(x=0.06)
    return figure


def _name(row: Contrast) -> str:
    return f"{short_key(row.factor)} = {row.value}" if row.factor else "the whole grid"


def _number(value: float) -> str:
    return f"{'+' if value > 0 else '-' if value < 0 else ''}{style.short(abs(value))}"
