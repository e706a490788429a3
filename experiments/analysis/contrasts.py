"""What one factor of a grid changes in each part of the grid, and whether its effect keeps its sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from agents.errors import InputError
from experiments.analysis.finding import Finding
from experiments.analysis.groups import generator, short_key, stem, words, write
from experiments.analysis.study import Study
from experiments.figures import style

FloatArray = NDArray[np.float64]

DESIGNS, EXTRA = ("grid",), ""
LEVEL = 0.95
DRAWS = 2000


@dataclass(frozen=True)
class Contrast:
    """The change of an outcome from a factor's first to its last value, in one part of the grid.

    ``low`` is the mean outcome at the first value, ``change`` the mean difference, ``down`` the share of pairs in which the
    outcome falls, ``pairs`` how many pairs of points there are.
    """

    factor: str
    value: str
    low: float
    change: float
    least: float
    most: float
    down: float
    pairs: int


def contrasts(study: Study, outcomes: Sequence[str], *, lever: str, seed: int = 1) -> list[Finding]:
    """Compare the ends of one factor of a grid, all else equal, over the whole grid and at each value of the others.

    Parameters
    ----------
    study
        A finished study with a grid.
    outcomes
        What is compared.
    lever
        Key of the factor.
    seed
        Luck of the bootstrap.

    Raises
    ------
    InputError
        When the design is no grid, or the factor is none of its.
    """
    keys = [factor.key for factor in study.plan.design.factors]
    if study.plan.design.kind != "grid":
        raise InputError(f"contrasts: need design=grid, and this is {study.plan.design.kind}; take regression or pawn")
    if lever not in keys:
        raise InputError(f"contrasts: {lever} is no factor of this study; known: {', '.join(keys)}")
    return [_finding(study, outcome, lever, seed) for outcome in outcomes]


def _finding(study: Study, outcome: str, lever: str, seed: int) -> Finding:
    rows = _rows(study, outcome, lever, seed)
    values = study.plan.design.factors[[factor.key for factor in study.plan.design.factors].index(lever)].values
    table = pd.DataFrame([vars(row) for row in rows])
    return Finding(
        name=f"contrasts_{stem(outcome)}", title=f"What {short_key(lever)} does to {words(outcome)}, part by part", says=_says(rows, outcome, lever, values),
        table=table, notes=_notes(rows), draw=lambda: _draw(study, rows, outcome, lever, values),
    )  # fmt: skip


def _rows(study: Study, outcome: str, lever: str, seed: int) -> list[Contrast]:
    """Return the contrast over the whole grid, then at each value of every other factor."""
    points, values = study.points, study.values(outcome)
    ends = (points[lever].iloc[0], points[lever].iloc[-1])  # the grid goes from a factor's first value to its last
    others = [key for key in points.columns if key != lever]
    index = points.assign(point=np.arange(len(points)))
    first, last = (index[index[lever] == end].set_index(others)["point"] for end in ends)
    pairs = pd.DataFrame({"first": first, "last": last}).dropna().astype(int).reset_index()
    change, start = values[pairs["last"]] - values[pairs["first"]], values[pairs["first"]]
    rows: list[Contrast] = []
    for factor, value in [("", ""), *((key, value) for key in others for value in dict.fromkeys(points[key]))]:
        part = np.ones(len(pairs), dtype=bool) if not factor else (pairs[factor] == value).to_numpy()
        least, most = _interval(change[part], generator(seed, f"contrasts/{outcome}/{factor}={value}"))
        here = change[part][np.isfinite(change[part])]
        rows.append(Contrast(
            factor, write(value), float(np.nanmean(start[part])), float(here.mean()), least, most, float((here < 0.0).mean()), int(part.sum()),
        ))  # fmt: skip
    return rows


def _interval(change: FloatArray, luck: np.random.Generator) -> tuple[float, float]:
    """Return the bootstrap interval of the mean of (pairs, replicates), both resampled: luck is shared over a replicate."""
    count, replicates = change.shape
    means = np.empty(DRAWS)
    for draw in range(DRAWS):
        sample = change[luck.integers(0, count, count)][:, luck.integers(0, replicates, replicates)]
        means[draw] = np.nanmean(sample) if np.isfinite(sample).any() else np.nan
    low, high = np.nanquantile(means, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0])
    return float(low), float(high)


def _says(rows: Sequence[Contrast], outcome: str, lever: str, values: Sequence[object]) -> str:
    """Return in words: the change over the whole grid, and whether its sign holds in every part."""
    whole, parts = rows[0], rows[1:]
    said = (
        f"From {short_key(lever)} {write(values[0])} to {write(values[-1])}, {words(outcome)} changes by {_number(whole.change)} on average "
        f"({_number(whole.least)} to {_number(whole.most)}), from {style.short(whole.low)}."
    )
    lowest, highest = min(parts, key=lambda row: row.change), max(parts, key=lambda row: row.change)
    said += f" It is {_number(lowest.change)} where {_name(lowest)} and {_number(highest.change)} where {_name(highest)}."
    up, down = [row for row in parts if row.least > 0.0], [row for row in parts if row.most < 0.0]
    if up and down:
        return f"{said} The sign depends on the assumption: the interval lies above zero where {_name(highest)} and below zero where {_name(lowest)}."
    if len(up) == len(parts) or len(down) == len(parts):
        return f"{said} The interval lies {'above' if up else 'below'} zero in every part of the grid."
    unclear = len(parts) - len(up) - len(down)
    return f"{said} In {unclear} of {len(parts)} parts of the grid the interval holds zero."


def _notes(rows: Sequence[Contrast]) -> tuple[str, ...]:
    whole = rows[0]
    return (f"{whole.pairs} pairs of points that differ in nothing else; the outcome falls in {whole.down:.0%} of paired runs.",)


def _draw(study: Study, rows: Sequence[Contrast], outcome: str, lever: str, values: Sequence[object]) -> Figure:
    """Draw the changes with their intervals, one line a part of the grid."""
    figure = style.new_figure(
        f"{short_key(lever)} from {write(values[0])} to {write(values[-1])}: change of {words(outcome)}",
        "each line is a part of the grid: all points with that value; paired runs that differ in nothing else",
        study.caption(interval=f"95 % bootstrap interval over points{' and replicates' if study.plan.replicates > 1 else ''}"), height=max(3.2, 1.5 + 0.32 * len(rows)),
    )  # fmt: skip
    height = figure.get_size_inches()[1]
    axes = figure.add_axes((0.30, 0.75 / height, 0.66, 1.0 - 1.45 / height))
    style.plain(axes)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color=style.GRID, linewidth=0.7)
    for line, row in enumerate(rows):
        y = len(rows) - 1 - line
        colour = style.MUTED if row.least <= 0.0 <= row.most else style.VERMILLION if row.change > 0.0 else style.BLUE
        axes.plot([row.least, row.most], [y, y], color=colour, linewidth=2.0, solid_capstyle="butt")
        axes.plot([row.change], [y], "o" if line else "D", color=colour, markersize=5.5)
    axes.axvline(0.0, color=style.INK, linewidth=0.9)
    axes.set_yticks(range(len(rows)), [_name(row) for row in reversed(rows)])
    axes.tick_params(axis="y", labelsize=style.TEXT, labelcolor=style.INK, length=0)
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.set_xlabel(f"change of {words(outcome)} (grey: the interval holds zero)", size=style.SMALL, color=style.MUTED)
    axes.margins(x=0.06)
    return figure


def _name(row: Contrast) -> str:
    return f"{short_key(row.factor)} = {row.value}" if row.factor else "the whole grid"


def _number(value: float) -> str:
    return f"{'+' if value > 0 else '-' if value < 0 else ''}{style.short(abs(value))}"
