"""Standardized regression and partial rank correlation: direction and size of effects that are roughly monotonic.

Both tell a sign, which variance-based indices do not, and both say by R2 how much of the outcome they can speak of
at all (Saltelli & Marivoet 1990; Helton et al. 2006). A choice without order is one block of indicator columns: its
figures have no sign.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import norm as normal
from scipy.stats import rankdata
from scipy.stats import t as student

from experiments.analysis import bars, noise, samples
from experiments.analysis.finding import Finding
from experiments.analysis.groups import generator, short_key, stem, words
from experiments.analysis.luck import point_means
from experiments.analysis.study import Study
from experiments.figures import style

FloatArray = NDArray[np.float64]

DESIGNS = samples.SPREAD
#: Rows needed for each column of the regression.
ROWS_A_COLUMN = 4
#: A correlation without sign whose interval lies above this is told as one.
UNSIGNED = 0.2
#: Below this R2 of ranks the figures say little.
LITTLE = 0.5


@dataclass(frozen=True)
class Fit:
    """A regression: R2, and per factor the standardized coefficient and the partial correlation, (factors,)."""

    r2: float
    coefficients: FloatArray
    partial: FloatArray


def regression(study: Study, outcomes: Sequence[str], *, resamples: int = 500, level: float = 0.95, seed: int = 1) -> list[Finding]:
    """Compute standardized regression coefficients and partial rank correlations with bootstrap intervals.

    Parameters
    ----------
    study
        A study of design ``lhs``, ``sobol`` (its independent points) or ``file``.
    outcomes
        Which outcomes; of each the mean over replicates.
    resamples, level, seed
        Of the bootstrap over points.

    Raises
    ------
    InputError
        When the design is another one.
    """
    samples.need_design(study, "regression", DESIGNS, "its points are not spread over the space")
    samples.check_options("regression", resamples=resamples, level=level)
    return [_one(study, outcome, resamples, level, seed) for outcome in samples.chosen_outcomes(study, outcomes)]


def columns_of(x: FloatArray, nominal: Sequence[bool], ranked: bool) -> list[FloatArray]:
    """Return the columns of every factor: itself or its ranks, of a choice an indicator each but the first."""
    found = []
    for column, choice in zip(x.T, nominal, strict=True):
        if choice:
            found.append((column[:, None] == np.unique(column)[None, 1:]).astype(np.float64))
        else:
            found.append((rankdata(column) if ranked else column)[:, None])
    return found


def fit(blocks: Sequence[FloatArray], nominal: Sequence[bool], y: FloatArray, rows: FloatArray) -> Fit:
    """Fit a weighted linear regression.

    Parameters
    ----------
    blocks
        Columns of every factor, (rows, columns) each.
    nominal
        Whether a factor has no order, and so no sign.
    y
        (rows,).
    rows
        Weights, summing to 1.
    """
    root = np.sqrt(rows)
    centred = [(block - rows @ block) * root[:, None] for block in blocks]
    target = (y - rows @ y) * root
    spread = float(target @ target)
    if spread <= 0.0:
        return Fit(math.nan, np.full(len(blocks), np.nan), np.full(len(blocks), np.nan))
    design = np.concatenate(centred, axis=1)
    # Normal equations with a pseudo-inverse: a column that does not vary gets a coefficient of zero.
    inverse = np.linalg.pinv(design.T @ design, hermitian=True)
    slope = inverse @ (design.T @ target)
    rest = max(spread - float(slope @ (design.T @ target)), 0.0)
    coefficients, partial, start = np.zeros(len(blocks)), np.zeros(len(blocks)), 0
    for index, (block, choice) in enumerate(zip(centred, nominal, strict=True)):
        part = slice(start, start + block.shape[1])
        start = part.stop
        own = block @ slope[part]
        sign = 1.0 if choice else float(np.sign(slope[part][0]))
        coefficients[index] = sign * math.sqrt(float(own @ own) / spread)
        # What the fit loses without the block: b' (inverse of its part of the inverse) b.
        lost = float(slope[part] @ np.linalg.pinv(inverse[part, part], hermitian=True) @ slope[part])
        partial[index] = sign * math.sqrt(lost / (lost + rest)) if lost + rest > 1e-15 * spread else 0.0
    return Fit(1.0 - rest / spread, coefficients, partial)


def interval(value: FloatArray, draws: FloatArray, sample: samples.Sample, level: float) -> tuple[FloatArray, FloatArray]:
    """Return the central ``level`` of draws, wider where all points share few lucks.

    Resamples of R lucks vary less than means of R lucks do, and their tails are those of many: draws are spread by
    sqrt(R / (R - 1)) and Student's t over the normal quantile, on Fisher's scale, where a coefficient has no bounds.
    """
    lucks = sample.y.shape[1]
    if sample.paired and lucks > 1:
        tail = 0.5 + level / 2.0
        wider = math.sqrt(lucks / (lucks - 1)) * float(student.ppf(tail, lucks - 1) / normal.ppf(tail))
        middle = np.arctanh(np.clip(value, -1.0 + 1e-9, 1.0 - 1e-9))
        draws = np.tanh(middle + wider * (np.arctanh(np.clip(draws, -1.0 + 1e-9, 1.0 - 1e-9)) - middle))
        draws = np.where(np.array(sample.nominal), np.maximum(draws, 0.0), draws)  # a size
    return samples.span(draws, level)


def _one(study: Study, outcome: str, resamples: int, level: float, seed: int) -> Finding:
    title = f"Regression and rank correlation of {words(outcome)}"
    sample = samples.sample_of(study, outcome)
    rows, paired = len(sample.points), samples.is_paired(study)
    plain, ranks = columns_of(sample.x, sample.nominal, False), columns_of(sample.x, sample.nominal, True)
    need = max(ROWS_A_COLUMN * sum(block.shape[1] for block in plain), 12)
    if rows < need:
        return samples.refused("regression", outcome, title, f"{rows} points with a value are too few; at least {need} are needed")
    if samples.is_constant(sample.y):
        return samples.refused("regression", outcome, title, f"{words(outcome)} does not differ between points")
    even, y = np.full(rows, 1.0 / rows), sample.mean
    best = fit(plain, sample.nominal, y, even), fit(ranks, sample.nominal, rankdata(y), even)
    drawn: list[tuple[Fit, Fit]] = []
    for weight, lots in samples.weights(generator(seed, f"regression {outcome}"), resamples, rows, sample.y.shape[1], paired, sample.copies):
        values = point_means(sample.y, paired, lots)
        drawn.append((fit(plain, sample.nominal, values, weight), fit(ranks, sample.nominal, rankdata(values), weight)))
    table = pd.DataFrame({"factor": [factor.key for factor in sample.factors]})
    for name, value, draws in (
        ("SRC", best[0].coefficients, [one.coefficients for one, _ in drawn]),
        ("PRCC", best[1].partial, [one.partial for _, one in drawn]),
    ):
        table[name] = value
        table[f"{name}_low"], table[f"{name}_high"] = interval(value, np.array(draws), sample, level)
    table["signed"] = [not choice for choice in sample.nominal]
    table["R2"], table["R2_ranks"], table["rows"] = best[0].r2, best[1].r2, rows
    share = noise.share_of(sample.y, paired)
    notes = [*sample.notes, *noise.notes_on(share, study.plan.replicates, paired, outcome, corrected=False)]
    if best[1].r2 < LITTLE:
        notes.append(f"the regression of ranks explains {best[1].r2:.0%} only: effects are not monotonic, interact, or are noise; look at pawn or sobol")
    if not table["signed"].all():
        notes.append("choices without order have a size but no sign")
    caption = study.caption(sample.runs, samples.interval_words(level, resamples, paired, sample.y.shape[1], "points"))
    return Finding(f"regression_{stem(outcome)}", title, _says(table, outcome, samples.for_lucks(paired, sample.y.shape[1])), table, tuple(notes), lambda: _draw(table, title, caption))


def _says(table: pd.DataFrame, outcome: str, lucks: str) -> str:
    # A size without sign is never below zero: it tells something only when well above what chance gives.
    sure = [table.loc[at] for at in bars.shown(table["PRCC"].to_numpy())]
    sure = [row for row in sure if (row["PRCC_low"] * row["PRCC_high"] > 0.0 if row["signed"] else row["PRCC_low"] > UNSIGNED)]
    told = ", ".join(f"{short_key(row['factor'])} ({row['PRCC']:{'+' if row['signed'] else ''}.2f})" for row in sure[:4])
    text = f"Partial rank correlations with {words(outcome)} that differ from none: {told}." if sure else f"No factor goes along with {words(outcome)} beyond doubt."
    return lucks + text + f" The regression explains {table['R2'].iloc[0]:.0%} of the variance between points (of ranks {table['R2_ranks'].iloc[0]:.0%})."


def _draw(table: pd.DataFrame, title: str, caption: str) -> Figure:
    order = bars.shown(table["PRCC"].to_numpy())
    part = table.iloc[order]
    labels = [short_key(row["factor"]) + ("" if row["signed"] else " (size)") for _, row in part.iterrows()]
    series = [
        bars.Series(label, part[name].to_numpy(), part[f"{name}_low"].to_numpy(), part[f"{name}_high"].to_numpy(), colour)
        for name, label, colour in (("PRCC", "partial rank correlation", style.BLUE), ("SRC", "standardized regression", style.ORANGE))
    ]
    subtitle = f"R2 of the regression {table['R2'].iloc[0]:.2f}, of ranks {table['R2_ranks'].iloc[0]:.2f}"
    if len(part) < len(table):
        subtitle += f"; the {len(part)} largest of {len(table)}"
    return bars.draw_bars(title, subtitle, caption, labels, series, "coefficient, -1 to 1")
