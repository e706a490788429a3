"""Tornado charts: what an outcome changes by when each factor goes to the low and the high end of its range."""

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
    choose_outcomes,
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
from experiments.figures import style

FloatArray = NDArray[np.float64]

_INSTEAD = (
    ("sobol", "take Sobol' indices (marchland analyze STUDY analyses=sobol)"),
    ("morris", "take Morris' elementary effects (marchland analyze STUDY analyses=morris)"),
    ("lhs", "take PAWN or feature scores (marchland analyze STUDY analyses=pawn)"),
    ("file", "take PAWN or feature scores (marchland analyze STUDY analyses=pawn)"),
    ("grid", "take phase (marchland analyze STUDY analyses=phase), or give each factor two values"),
)
_COLUMNS = ("factor", "end", "value", "change", "low", "high", "pairs", "sure")
#: Most factors in the figure; the table has all.
_SHOWN = 20
#: From so many pairs on, changes that are all equal are no chance: of counts two or three often agree.
ENOUGH = 5


@dataclass(frozen=True)
class Change:
    """Mean change of an outcome with its interval; NaN bounds where luck cannot be told (:func:`change`)."""

    mean: float
    low: float
    high: float
    pairs: int


def change(differences: FloatArray, level: float, certain: bool = False) -> Change:
    """Return the mean of paired differences, (pairs,), and its Student t interval; NaN are left out.

    There is no interval for one pair, and none for fewer than :data:`ENOUGH` pairs that agree exactly, unless the
    outcome is ``certain``, which is to say that luck does not move it (:func:`is_certain`).
    """
    known = differences[~np.isnan(differences)]
    n = len(known)
    if not n:
        return Change(math.nan, math.nan, math.nan, 0)
    mean = math.fsum(known.tolist()) / n
    if n < 2:
        return Change(mean, math.nan, math.nan, n)
    spread = float(known.std(ddof=1))
    if spread <= 1e-9 * abs(mean) and n < ENOUGH and not certain:
        return Change(mean, math.nan, math.nan, n)
    half = float(student.ppf(0.5 + level / 2.0, n - 1)) * spread / math.sqrt(n)
    return Change(mean, mean - half, mean + half, n)


def is_certain(values: FloatArray) -> bool:
    """Return whether the replicates of each point agree, (points, replicates), so that luck plays no part."""
    several = values[(~np.isnan(values)).sum(axis=1) > 1]
    return bool(len(several)) and bool((np.nanmax(several, axis=1) == np.nanmin(several, axis=1)).all())


def tornado(study: Study, outcomes: Sequence[str] | None = None, *, level: float = 0.95) -> list[Finding]:
    """Draw the change of an outcome at the low and the high end of each factor, the largest first.

    Parameters
    ----------
    study
        A study of design ``oat`` (changes from the scenario's own values), or of a grid whose factors have two
        values each (changes from the mean of both, over all settings of the others).
    outcomes
        Outcomes; by default stability, attacks, deaths and coerced returns, those that the study has.
    level
        Coverage of the intervals: Student's t over replicates of the paired difference.

    Returns
    -------
    list
        A finding an outcome; its table has a row a factor and end.

    Raises
    ------
    InputError
        When the design has no low and high ends, with the analysis to use instead.
    """
    design = study.plan.design
    if not 0.0 < level < 1.0:
        raise InputError(f"level={level:g}: must be between 0 and 1; give for example level=0.95")
    two = design.kind == "grid" and all(len(distinct(f, column(study, k))) == 2 for k, f in enumerate(design.factors))
    if design.kind != "oat" and not two:
        instead = next(text for kind, text in _INSTEAD if kind == design.kind)
        raise InputError(f"tornado: needs design=oat, or a grid with two values a factor; this study is design={design.kind}: {instead}")
    findings: list[Finding] = []
    for name in choose_outcomes(study, outcomes):
        values = study.values(name)
        table = pd.DataFrame(_grid(study, values, level) if two else _oat(study, values, level), columns=list(_COLUMNS))
        findings.append(_finding(study, name, values, _ordered(table), level, two))
    return findings


def _oat(study: Study, values: FloatArray, level: float) -> list[tuple[object, ...]]:
    """Return rows of changes from point 0: for numbers at both ends, for choices at the lowest and highest outcome."""
    rows: list[tuple[object, ...]] = []
    base, certain = study.plan.design.points[0], is_certain(values)
    for index, factor in enumerate(study.plan.design.factors):
        col = column(study, index)
        points = [p for p in range(1, len(col)) if col[p] != base[index]]
        found = {p: change(values[p] - values[0], level, certain) for p in points}
        if is_number(factor, col) and factor.kind != "choice":
            by_value = sorted(points, key=lambda p: float(str(col[p])))
            below = [p for p in by_value if float(str(col[p])) < float(str(base[index]))]
            above = [p for p in by_value if float(str(col[p])) > float(str(base[index]))]
            ends = [("low", below[0])] if below else []
            ends += [("high", above[-1])] if above else []
        else:
            known = sorted((p for p in points if found[p].pairs), key=lambda p: found[p].mean)
            ends = [("choice", p) for p in dict.fromkeys((known[0], known[-1]))] if known else [("choice", p) for p in points[:1]]
        rows += [_row(short_key(factor.key), end, write(col[p]), found[p]) for end, p in ends]
    return rows


def _grid(study: Study, values: FloatArray, level: float) -> list[tuple[object, ...]]:
    """Return rows of half the main effect of each factor, either way; a pair has the same other factors and replicate."""
    rows: list[tuple[object, ...]] = []
    points, certain = study.plan.design.points, is_certain(values)
    for index, factor in enumerate(study.plan.design.factors):
        first, second = distinct(factor, column(study, index))
        place = {(*point[:index], *point[index + 1 :], point[index]): at for at, point in enumerate(map(_hashable, points))}
        others = dict.fromkeys((*point[:index], *point[index + 1 :]) for point in map(_hashable, points))
        apart = np.array([values[place[(*rest, *_hashable([second]))]] - values[place[(*rest, *_hashable([first]))]] for rest in others])
        # A mean over the other factors for each replicate: replicates are what is independent.
        whole = ~np.isnan(apart).any(axis=0)
        per = np.array([math.fsum(apart[:, r].tolist()) / len(apart) / 2.0 if whole[r] else math.nan for r in range(apart.shape[1])])
        rows.append(_row(short_key(factor.key), "low", write(first), change(-per, level, certain)))
        rows.append(_row(short_key(factor.key), "high", write(second), change(per, level, certain)))
    return rows


def _hashable(point: Sequence[object]) -> tuple[str, ...]:
    return tuple(repr(value) for value in point)


def _row(factor: str, end: str, value: str, found: Change) -> tuple[object, ...]:
    """Return a row; a change is sure when its interval lies on one side of 0, and when all pairs agree without spread."""
    sure = not math.isnan(found.low) and found.mean != 0.0 and (found.low > 0.0 or found.high < 0.0)
    return factor, end, value, found.mean, found.low, found.high, found.pairs, sure


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table sorted by the larger change of each factor; factors without any known change last."""
    size = table["change"].abs().groupby(table["factor"], sort=False).max().fillna(-1.0).sort_values(ascending=False, kind="stable")
    rank = {factor: at for at, factor in enumerate(size.index)}
    return table.assign(rank=table["factor"].map(rank)).sort_values("rank", kind="stable", ignore_index=True).drop(columns="rank")


def _finding(study: Study, name: str, values: FloatArray, table: pd.DataFrame, level: float, two: bool) -> Finding:
    base = values if two else values[0]
    known = base[~np.isnan(base)]
    start = math.fsum(known.tolist()) / len(known) if len(known) else math.nan
    notes = list(missing_note(values))
    no_interval = bool(table["low"].isna().all())
    if no_interval:
        notes.append(f"fewer than two pairs, or fewer than {ENOUGH} that agree exactly: no interval, so luck cannot be told from effect; sweep with replicates=10 or more")
    elif study.plan.seeds != "crn":
        notes.append("seeds are independent: pairs share no luck, so intervals are wider than with seeds=crn")
    tested = int(table["low"].notna().sum())
    untold = int(((table["pairs"] > 0) & table["low"].isna()).sum())
    if untold and not no_interval:
        notes.append(f"{untold} of {len(table)} changes have fewer than two pairs, or fewer than {ENOUGH} that agree exactly: they cannot be told from luck and have no interval")
    includes = list(dict.fromkeys(table.loc[table["low"].notna() & ~table["sure"], "factor"]))
    includes = [f for f in includes if not table.loc[table["factor"] == f, "sure"].any()]
    if includes:
        notes.append(f"the interval includes 0 at every end shown for: {', '.join(includes)}")
    if tested:
        notes.append(f"{tested} intervals: about {tested * (1.0 - level):.1f} of them would miss 0 if no factor did anything")
    if two:
        notes.append("changes are from the mean of both values over all settings of the other factors (half the main effect); interactions are not shown")
    else:
        notes.append("one factor at a time from the scenario's own values: interactions are not shown")

    def draw() -> Figure:
        return _draw(study, name, table, start, level, two, no_interval)

    return Finding(f"tornado_{stem(name)}", f"What moves {words(name)}", _says(name, table, start, two), table, tuple(notes), draw)


def _says(name: str, table: pd.DataFrame, start: float, two: bool) -> str:
    known = table[table["change"].notna()]
    where = "over the grid" if two else "at the scenario's own values"
    if not len(known):
        return f"No pair of finished runs has {words(name)}."
    said = f"{words(name).capitalize()} is {style.short(start)} {where}."
    if (known["change"] == 0.0).all():
        return f"{said} No factor changes it."
    sure = known[known["sure"]]
    if len(sure):
        first = sure.loc[sure["change"].abs().idxmax()]
        said += f" The largest change that is told from luck: {first['change']:+.3g} at {first['factor']} = {first['value']} ({first['low']:+.3g} to {first['high']:+.3g})."
        return said + f" {sure['factor'].nunique()} of {table['factor'].nunique()} factors have a change whose interval leaves out 0."
    if known["low"].isna().all():
        first = known.loc[known["change"].abs().idxmax()]
        return f"{said} The largest change is {first['change']:+.3g} at {first['factor']} = {first['value']}; with so few pairs, luck cannot be told from effect."
    return f"{said} No change can be told from luck: no interval leaves out 0."


def _draw(study: Study, name: str, table: pd.DataFrame, start: float, level: float, two: bool, no_interval: bool) -> Figure:
    """Draw a bar an end, solid where the change is sure, its interval as a whisker, its value beside the axis."""
    factors = list(dict.fromkeys(table["factor"]))[:_SHOWN]
    interval = "no interval (too few pairs)" if no_interval else f"whiskers: {100 * level:g} % t interval of the paired difference over replicates"
    base = "the mean of both values" if two else "the scenario's own values"
    n = int(np.isfinite(study.values(name)).sum())
    figure = style.new_figure(
        f"What moves {words(name)}, from {style.short(start)}",
        f"Change from {base} at the low (orange) and high (blue) end of each factor; choices in green. Pale: cannot be told from no change",
        study.caption(n, interval), max(3.0, 1.35 + 0.42 * len(factors)),
    )  # fmt: skip
    tall = float(figure.get_size_inches()[1])
    axes = figure.add_axes((0.25, 0.62 / tall, 0.60, 1.0 - 1.45 / tall))
    style.plain(axes)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color=style.GRID, linewidth=0.7)
    said: list[str] = []
    for at, factor in enumerate(factors):
        rows = table[table["factor"] == factor]
        for k, (_, row) in enumerate(rows.iterrows()):
            place = at + (0.0 if len(rows) == 1 else (-0.19, 0.19)[k])
            colour = {"low": style.ORANGE, "high": style.BLUE}.get(str(row["end"]), style.GREEN)
            axes.barh(place, row["change"], height=0.34, color=colour, alpha=1.0 if row["sure"] else 0.35)
            if not math.isnan(float(row["low"])):
                axes.plot([row["low"], row["high"]], [place, place], color=style.INK, linewidth=1.0)
        said.append(", ".join(str(value) for value in rows["value"]))
    axes.axvline(0.0, color=style.INK, linewidth=0.8)
    axes.set_ylim(len(factors) - 0.4, -0.6)
    axes.set_yticks(range(len(factors)), labels=fit_labels(factors, 36))
    axes.set_xlabel(f"change of {words(name)}", size=style.TEXT, color=style.INK)
    for at, text in enumerate(said):
        axes.text(1.02, at, fit_labels([text], 24)[0], transform=axes.get_yaxis_transform(), size=style.SMALL, color=style.MUTED, va="center")
    axes.text(1.02, -0.75, "values", transform=axes.get_yaxis_transform(), size=style.SMALL, weight="bold", color=style.MUTED, va="center")
    return figure
