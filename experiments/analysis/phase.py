"""Phase diagrams: the mean of an outcome over two factors, how far replicates disagree, and where they form two groups."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from agents.errors import InputError
from experiments.analysis.bimodal import DipTest, lattice, two_groups
from experiments.analysis.finding import Finding
from experiments.analysis.groups import (
    choose_outcomes,
    column,
    distinct,
    find_factor,
    is_number,
    missing_note,
    short_key,
    stem,
    words,
    write,
)
from experiments.analysis.phase_figure import FEW, NONE, ONE, TWO, UNTESTED, Side, draw_phase
from experiments.analysis.study import Study

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Values up to this number are columns (or rows) of their own.
_MOST_VALUES = 12


def phase(
    study: Study,
    outcome: str | None = None,
    *,
    x: str | None = None,
    y: str | None = None,
    bins: int = 6,
    threshold: float | None = None,
    test: bool = True,
    min_runs: int = 10,
    draws: int = 2000,
    level: float = 0.05,
    seed: int = 1,
) -> list[Finding]:
    """Draw an outcome over two factors, with the disagreement of replicates and the cells where they form two groups.

    Parameters
    ----------
    study
        A study of any design but ``oat``, with at least two factors.
    outcome
        The outcome; stability by default.
    x, y
        The factors; the first two by default.
    bins
        Bins of a factor that has more than twelve values.
    threshold
        With it, disagreement is the share of a cell's runs on the minority's side of it; without, the standard
        deviation of replicates over that of the cells' means.
    test
        Whether cells are tested for two groups.
    min_runs
        Fewer runs in a cell are not tested for two groups.
    draws, seed
        Samples of the dip test's null, and their luck.
    level
        False discovery rate over the cells (Benjamini and Hochberg): in a study without any cell with two groups,
        the chance that some cell is said to have them is at most this.

    Returns
    -------
    list
        One finding.

    Raises
    ------
    InputError
        When the design has no plane of two factors, or a name or option is wrong.
    """
    _check(study, bins, min_runs, draws)
    name = choose_outcomes(study, None if outcome is None else [outcome])[0]
    i, j = _pair(study, x, y)
    sides = (_side(study, i, bins), _side(study, j, bins))
    values = study.values(name)
    shared = study.plan.seeds == "crn"
    table = _cells(values, sides, threshold, DipTest(draws, seed) if test else None, min_runs, shared)
    tested = table["p"].notna().to_numpy()
    table["q"] = np.nan
    if tested.any():
        table.loc[tested, "q"] = false_discovery_control(table.loc[tested, "p"].to_numpy())
    table["verdict"] = np.select(
        [table["n"] == 0, ~tested, table["q"].to_numpy() <= level], [NONE, FEW if test else UNTESTED, TWO], default=ONE
    )  # fmt: skip
    says = _says(name, table, sides, threshold, level, min_runs if test else None)
    notes = _notes(study, values, table, sides, min_runs if test else None, threshold, i, j)

    def draw() -> Figure:
        return draw_phase(study, name, table, sides, threshold, level)

    return [Finding(f"phase_{stem(name)}", f"Phase diagram of {words(name)}", says, table, notes, draw)]


def _check(study: Study, bins: int, min_runs: int, draws: int) -> None:
    design = study.plan.design
    if design.kind == "oat":
        raise InputError("phase: design=oat varies one factor at a time and has no plane of two; run design=grid over two factors, or lhs")
    if len(design.factors) < 2:
        raise InputError("phase: needs two factors, the study has one; run design=grid or lhs over two")
    if bins < 2 or min_runs < 4 or draws < 100:
        raise InputError(f"phase: bins={bins} min_runs={min_runs} draws={draws}; give at least bins=2, min_runs=4, draws=100")


def _pair(study: Study, x: str | None, y: str | None) -> tuple[int, int]:
    order = list(range(len(study.plan.design.factors)))
    i = find_factor(study, x, "x") if x is not None else None
    j = find_factor(study, y, "y") if y is not None else None
    if i is not None and i == j:
        raise InputError(f"y={y}: is the same factor as x; give two factors")
    free = [index for index in order if index not in (i, j)]
    i = free.pop(0) if i is None else i
    return i, free.pop(0) if j is None else j


def _side(study: Study, index: int, bins: int) -> Side:
    """Return a side: the factor's own values where they are few, else bins of equal width (in the logarithm for log)."""
    factor, values = study.plan.design.factors[index], column(study, index)
    met = distinct(factor, values)
    title = short_key(factor.key)
    if len(met) <= _MOST_VALUES or not is_number(factor, values):
        if len(met) > 2 * _MOST_VALUES:
            raise InputError(f"phase: {factor.key} has {len(met)} choices, too many for a side; name other factors with x= and y=")
        return Side(title, tuple(write(value) for value in met), np.array([met.index(value) for value in values]), False)
    numbers = np.array([float(str(value)) for value in values])
    low = factor.low if factor.low is not None else float(numbers.min())
    high = factor.high if factor.high is not None else float(numbers.max())
    log = factor.kind == "log"
    edges = np.geomspace(low, high, bins + 1) if log else np.linspace(low, high, bins + 1)
    cell = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, bins - 1)
    labels = tuple(f"{a:.3g} to\n{b:.3g}" for a, b in itertools.pairwise(edges))
    return Side(title, labels, cell, True)


def _cells(values: FloatArray, sides: tuple[Side, Side], threshold: float | None, test: DipTest | None, least: int, shared: bool) -> pd.DataFrame:
    """Return a row a cell: runs, mean, disagreement, dip and its p-value, and the best cut in two groups.

    Under shared luck the runs of a replicate in a cell are no independent draws: their mean is tested then.
    """
    rows: list[dict[str, object]] = []
    step = lattice(values)  # of the outcome: a cell alone may have too few values to show it
    for b in range(len(sides[1].labels)):
        for a in range(len(sides[0].labels)):
            mine = values[(sides[0].cell == a) & (sides[1].cell == b)]
            runs = mine[~np.isnan(mine)]
            row: dict[str, object] = {
                sides[0].title: sides[0].labels[a].replace("\n", " "), sides[1].title: sides[1].labels[b].replace("\n", " "),
                "points": len(mine), "n": len(runs), "mean": math.fsum(runs.tolist()) / len(runs) if len(runs) else math.nan,
                "sd_replicates": _within(mine), "dip": math.nan, "p": math.nan,
            }  # fmt: skip
            if threshold is not None:
                above = float((runs > threshold).mean()) if len(runs) else math.nan
                row["share_above"], row["minority"] = above, min(above, 1.0 - above)
            mine = mine[~np.isnan(mine).all(axis=1)]  # points that never finished
            together = shared and len(mine) > 1
            sample = _by_replicate(mine) if together else runs
            row["units"] = len(sample)
            if test is not None and len(sample) >= least:
                row["dip"], row["p"] = test.test(sample, step / len(mine) if together else step)
            row["low_group"], row["high_group"], row["share_high"] = two_groups(sample)
            rows.append(row)
    table = pd.DataFrame(rows)
    spread = float(np.nanstd(table["mean"], ddof=1)) if table["mean"].notna().sum() > 1 else 0.0
    table["disagreement"] = table["minority"] if threshold is not None else (table["sd_replicates"] / spread if spread > 0.0 else math.nan)
    return table.drop(columns=["minority"], errors="ignore")


def _by_replicate(values: FloatArray) -> FloatArray:
    """Return the mean over points of each replicate that all points have, from (points, replicates).

    Means over different points would differ by the points.
    """
    whole = values[:, ~np.isnan(values).any(axis=0)]
    return np.asarray(whole.mean(axis=0)) if whole.size else np.empty(0)


def _within(values: FloatArray) -> float:
    """Return the standard deviation of replicates about their point's mean, (points, replicates); NaN without two."""
    count = (~np.isnan(values)).sum(axis=1)
    many = values[count > 1]
    if not len(many):
        return math.nan
    apart = many - np.nanmean(many, axis=1, keepdims=True)
    return math.sqrt(float(np.nansum(apart**2)) / float((count[count > 1] - 1).sum()))


def _at(table: pd.DataFrame, index: int, sides: tuple[Side, Side]) -> str:
    return ", ".join(f"{side.title} {table[side.title].iloc[index]}" for side in sides)


def _says(name: str, table: pd.DataFrame, sides: tuple[Side, Side], threshold: float | None, level: float, least: int | None) -> str:
    if not table["n"].sum():
        return f"No finished run has {words(name)}."
    high, low = int(table["mean"].argmax()), int(table["mean"].argmin())
    said = [f"Mean {words(name)} runs from {table['mean'].iloc[low]:.4g} (at {_at(table, low, sides)}) to {table['mean'].iloc[high]:.4g} (at {_at(table, high, sides)})."]
    if table["mean"].nunique() == 1:
        said = [f"Mean {words(name)} is {table['mean'].iloc[high]:.4g} in every cell."]
    known = table["disagreement"].dropna()
    if len(known):
        worst = int(table["disagreement"].argmax())
        where = f" ({_at(table, worst, sides)})" if known.max() > known.min() else ""
        what = f"the minority's share at {threshold:g}" if threshold is not None else "the sd of replicates, in sd of the cells' means,"
        said.append(f"Over cells, {what} is {known.median():.2f} at the median and {known.max():.2f} at most{where}.")
    tested, two = int(table["p"].notna().sum()), table[table["verdict"] == TWO]
    if least is None:
        return " ".join(said)
    if not tested:
        said.append(f"Not enough runs in any cell to ask whether they form two groups (at most {int(table['units'].max())} with luck of their own, the test wants {least}).")
    elif len(two):
        first = int(np.flatnonzero(table["verdict"] == TWO)[table.loc[table["verdict"] == TWO, "p"].to_numpy().argmin()])
        row = table.iloc[first]
        said.append(f"In {len(two)} of {tested} tested cells the runs form two groups (dip test, false discovery rate {100 * level:g} %); clearest at "
                    f"{_at(table, first, sides)}: {100 * row['share_high']:.0f} % of runs near {row['high_group']:.4g}, the others near {row['low_group']:.4g}.")  # fmt: skip
    else:
        said.append(f"In none of {tested} tested cells do the runs form two groups (dip test, false discovery rate {100 * level:g} %).")
    return " ".join(said)


def _notes(study: Study, values: FloatArray, table: pd.DataFrame, sides: tuple[Side, Side], least: int | None, threshold: float | None, i: int, j: int) -> tuple[str, ...]:
    notes = list(missing_note(values))
    if study.plan.replicates == 1:
        notes.append("one replicate a point: the disagreement of replicates cannot be told; sweep with replicates=10 or more")
    if int((table["points"] > 1).sum()):
        others = [short_key(f.key) for k, f in enumerate(study.plan.design.factors) if k not in (i, j)]
        why = f"differ in {', '.join(others)}" if others else "lie apart within the cell"
        notes.append(f"cells hold up to {int(table['points'].max())} points that {why}" + ("" if least is None else ": two groups there may be sorted by that and not by luck"))
        if study.plan.seeds == "crn" and least is not None:
            notes.append("under shared luck, runs of a replicate in one cell count once: the test takes their mean, of replicates that all its points have")
    few = int(((table["n"] > 0) & table["p"].isna()).sum())
    if few and least is not None:
        notes.append(f"{few} of {len(table)} cells have fewer than {least} runs with luck of their own: not tested for two groups")
    empty = int((table["n"] == 0).sum())
    if empty:
        notes.append(f"{empty} of {len(table)} cells have no finished run")
    if table["p"].notna().any() and int(table["units"].max()) < 20:
        notes.append("with fewer than 20 runs a cell, the test misses most groups less than 10 sd apart, and half of those at 10 sd with 12 runs: 'one group' is then no proof")
    if threshold is None and table["mean"].nunique() == 1:
        notes.append("the cells' means do not differ, so disagreement has no scale")
    return tuple(notes)
