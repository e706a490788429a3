"""Regret of alternatives: how far each is from the best that could have been chosen, had the world been known.

References
----------
.. [1] Savage, L. J. (1951). The theory of statistical decision. JASA 46, 55-67. (largest regret)
.. [2] McPhail, C. et al. (2018). Robustness metrics: how are they calculated, when should they be used and why do they
   give different results? Earth's Future 6, 169-191.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import t as student

from agents.errors import InputError
from experiments.analysis.finding import Finding
from experiments.analysis.groups import directed, fit_labels, stem, words
from experiments.analysis.study import Study
from experiments.analysis.tornado import ENOUGH
from experiments.analysis.worlds import Worlds, in_worlds, worlds_of
from experiments.figures import style

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_COLUMNS = ("alternative", "mean", "mean_regret", "low", "high", "p90_regret", "max_regret", "share_best", "worlds")


def regrets(values: FloatArray, sign: int) -> FloatArray:
    """Return the regret of each alternative in each world, (alternatives, worlds), never negative.

    Parameters
    ----------
    values
        The outcome, (alternatives, worlds).
    sign
        1 where more is better, -1 where less is.
    """
    good = sign * values
    return np.asarray(good.max(axis=0) - good, dtype=np.float64)


def regret(study: Study, outcomes: Sequence[str] | None = None, *, levers: Sequence[str] | None = None) -> list[Finding]:
    """Compare alternatives by regret: its mean, 90th percentile and largest value over worlds, and how often each is best.

    Parameters
    ----------
    study
        A study that runs every alternative in the same worlds: a grid, or a file of points.
    outcomes
        Outcomes, as ``NAME`` or, where the better direction is not known, ``NAME:up`` or ``NAME:down``. By default
        stability (up), attacks, deaths and coerced returns (down).
    levers
        Factors that somebody decides; those of the study by default. All other factors and the luck are the worlds.

    Returns
    -------
    list
        A finding an outcome; its table has a row an alternative, the smallest largest regret first.

    Raises
    ------
    InputError
        When there are no alternatives, or they did not meet the same worlds.
    """
    worlds = worlds_of(study, levers, "regret")
    if not worlds.crossed:
        raise InputError(f"regret: the alternatives of a design={study.plan.design.kind} did not meet the same worlds; run design=grid over levers and uncertainties")
    if study.plan.seeds != "crn" and len(worlds.points[0]) == 1:
        raise InputError("regret: with seeds=independent and no uncertainties there is one world only; run the sweep with seeds=crn")
    return [_finding(study, worlds, name, sign) for name, sign in directed(study, outcomes)]


def _finding(study: Study, worlds: Worlds, name: str, sign: int) -> Finding:
    values, replicate = in_worlds(study, worlds, name)
    lost = regrets(values, sign)
    table = _table(worlds, values, lost, replicate)
    sampled, lucks = bool(table["low"].notna().any()), len(np.unique(replicate))
    count = values.shape[1]
    planned = len(worlds.points[0]) * (study.plan.replicates if study.plan.seeds == "crn" else 1)
    notes: list[str] = []
    if count < planned:
        notes.append(f"{planned - count} of {planned} worlds are left out: a run of theirs failed or has no such value")
    notes.append("a world is a set of the other factors with a replicate's luck: the best is the best in hindsight, luck included"
                 if study.plan.seeds == "crn" else "seeds are independent: a world is a set of the other factors, its value the mean over replicates")  # fmt: skip
    if lucks == 1:
        why = "one replicate" if study.plan.seeds == "crn" else "independent seeds, so that alternatives share no luck"
        notes.append(f"{why}: no interval, as the worlds of a design are set and not drawn; sweep with seeds=crn and replicates=10 or more")
    elif lucks < ENOUGH:
        notes.append(f"{lucks} replicates: no interval with fewer than {ENOUGH}; sweep with replicates=10 or more")
    notes.append("the largest regret rests on one world and grows with their number; compare it between alternatives only")

    def draw() -> Figure:
        return _draw(study, worlds, name, sign, table, count, sampled)

    return Finding(f"regret_{stem(name)}", f"Regret in {words(name)}", _says(name, sign, table, count), table, tuple(notes), draw)


def interval(lost: FloatArray, replicate: IntArray, level: float = 0.95) -> tuple[float, float]:
    """Return Student's t interval of the mean regret over replicates, each a cluster of worlds that share its luck.

    The worlds of a replicate are set, so replicates are what varies; where worlds are left out, a replicate counts by
    those it has. NaN for fewer than five: regret is skewed, and the interval then holds the truth far too seldom.

    Parameters
    ----------
    lost
        Regret in each world, (worlds,).
    replicate
        The replicate of each world, (worlds,).
    """
    met = np.unique(replicate)
    mean = math.fsum(lost.tolist()) / len(lost)
    apart = [math.fsum((lost[replicate == r] - mean).tolist()) for r in met]
    spread = math.sqrt(math.fsum(a * a for a in apart))
    if len(met) < ENOUGH:
        return math.nan, math.nan
    half = float(student.ppf(0.5 + level / 2.0, len(met) - 1)) * spread * math.sqrt(len(met) / (len(met) - 1)) / len(lost)
    return max(0.0, mean - half), mean + half  # regret is never negative


def _table(worlds: Worlds, values: FloatArray, lost: FloatArray, replicate: IntArray) -> pd.DataFrame:
    rows: list[tuple[object, ...]] = []
    for at, label in enumerate(worlds.labels):
        mine = lost[at]
        low, high = interval(mine, replicate)
        n = len(mine)
        rows.append((label, math.fsum(values[at].tolist()) / n, math.fsum(mine.tolist()) / n, low, high,
                     float(np.quantile(mine, 0.9)), float(mine.max()), float((mine == 0.0).mean()), n))  # fmt: skip
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    return table.sort_values(["max_regret", "mean_regret"], kind="stable", ignore_index=True)


def _says(name: str, sign: int, table: pd.DataFrame, count: int) -> str:
    way = "more" if sign > 0 else "less"
    if (table["max_regret"] == 0.0).all():
        return f"All alternatives give the same {words(name)} in each of {count} worlds: there is nothing to regret."
    best, often = table.iloc[0], table.loc[table["share_best"].idxmax()]
    least = table.loc[table["mean_regret"].idxmin()]
    tied = list(table.loc[table["max_regret"] == best["max_regret"], "alternative"])
    said = f"{words(name).capitalize()} ({way} is better), {count} worlds: the largest regret is smallest for {' and '.join(tied)} ({style.short(best['max_regret'])})"
    said += f"; the mean regret for {least['alternative']} ({style.short(least['mean_regret'])})"
    said += f"; {often['alternative']} is best, or as good as the best, in {100 * often['share_best']:.0f} % of worlds."
    worst = table.iloc[-1]
    return f"{said} Largest of all: {worst['alternative']} ({style.short(worst['max_regret'])})."


def _draw(study: Study, worlds: Worlds, name: str, sign: int, table: pd.DataFrame, count: int, sampled: bool) -> Figure:
    """Draw a row an alternative: a line to its largest regret, a tick at its 90th percentile, a dot at its mean."""
    bar = "bar: 95 % t interval of the mean regret over replicates" if sampled else ""
    figure = style.new_figure(
        f"Regret in {words(name)}, by {' and '.join(worlds.levers)}",
        f"Dot: mean over {count} worlds; tick: 90th percentile; end of the line: largest. {'More' if sign > 0 else 'Less'} {words(name)} is better; no regret is 0",
        study.caption(count * len(table), bar), max(3.0, 1.5 + 0.40 * len(table)),
    )  # fmt: skip
    tall = float(figure.get_size_inches()[1])
    axes = figure.add_axes((0.25, 0.68 / tall, 0.58, 1.0 - 1.50 / tall))
    style.plain(axes)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color=style.GRID, linewidth=0.7)
    for at, row in table.iterrows():
        axes.plot([0.0, row["max_regret"]], [at, at], color=style.FAINT, linewidth=2.2, solid_capstyle="butt")
        axes.plot(row["max_regret"], at, "|", color=style.MUTED, markersize=9, markeredgewidth=1.6)
        axes.plot(row["p90_regret"], at, "|", color=style.ORANGE, markersize=13, markeredgewidth=2.2)
        if sampled:
            axes.plot([row["low"], row["high"]], [at, at], color=style.BLUE, linewidth=4.0, alpha=0.4, solid_capstyle="butt")
        axes.plot(row["mean_regret"], at, "o", color=style.BLUE, markersize=6)
        axes.text(1.03, at, f"{100 * row['share_best']:.0f} %", transform=axes.get_yaxis_transform(), size=style.TEXT, color=style.INK, va="center")
    axes.text(1.03, -0.85, "best or as good in", transform=axes.get_yaxis_transform(), size=style.SMALL, weight="bold", color=style.MUTED, va="center")
    axes.set_ylim(len(table) - 0.4, -0.6)
    axes.set_yticks(range(len(table)), labels=fit_labels(table["alternative"].tolist(), 36))
    top = float(table["max_regret"].max())
    axes.set_xlim(-0.02 * (top or 1.0), 1.04 * (top or 1.0))
    axes.set_xlabel(f"regret, in {words(name)}", size=style.TEXT, color=style.INK)
    return figure
