"""Sobol' indices of the mean response, freed of the luck of replicates.

The estimators are those of :mod:`experiments.analysis.saltelli`; SALib computes the same from the means of replicates,
their luck included (columns ``*_raw``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from agents.errors import InputError
from experiments.analysis import bars, noise, samples
from experiments.analysis.finding import Finding
from experiments.analysis.groups import generator, short_key, stem, words
from experiments.analysis.saltelli import Blocks, Indices, blocks_of, estimate, pairs_of
from experiments.analysis.study import Study
from experiments.figures import style

FloatArray = NDArray[np.float64]

DESIGNS = ("sobol",)
#: Fewer blocks than the first are refused, fewer than the second get a note.
FEWEST, FEW = 16, 64
#: Refused when a larger share of the blocks lacks runs, or when more of the variance between points is noise.
MOST_DROPPED, MOST_NOISE = 0.20, 0.90
#: Refused when the variance of the mean response may be less than this share of the variance between points.
LEAST_SIGNAL = 0.10


def sobol(study: Study, outcomes: Sequence[str], *, resamples: int = 500, level: float = 0.95, seed: int = 1) -> list[Finding]:
    """Compute Sobol' indices with bootstrap intervals over blocks (and over replicates that all points share).

    Parameters
    ----------
    study
        A study of design ``sobol``.
    outcomes
        Which outcomes.
    resamples, level, seed
        Of the bootstrap.

    Raises
    ------
    InputError
        When the design is another one, or SALib is not installed.
    """
    samples.need_design(study, "sobol", DESIGNS, "pawn takes any spread-out sample, morris its own design")
    samples.check_options("sobol", resamples=resamples, level=level)
    need_salib("sobol")
    found: list[Finding] = []
    for outcome in samples.chosen_outcomes(study, outcomes):
        found += _one(study, outcome, resamples, level, seed)
    return found


def need_salib(what: str) -> None:
    """Say how to get SALib when it is absent.

    Raises
    ------
    InputError
        When it is.
    """
    try:
        import SALib.analyze  # noqa: F401
    except ImportError:
        raise InputError(f"{what}: needs SALib; install it with pip install 'marchland[analysis]'") from None


def _one(study: Study, outcome: str, resamples: int, level: float, seed: int) -> list[Finding]:
    title = f"Sobol indices of {words(outcome)}"
    blocks = blocks_of(study, outcome)
    why = _why_not(study, outcome, blocks)
    if why:
        return [samples.refused("sobol", outcome, title, why)]
    paired, replicates = samples.is_paired(study), blocks.y.shape[2]
    best, raw = estimate(blocks), estimate(blocks, clean=False)
    share = 1.0 - best.variance / raw.variance if blocks.clean else np.nan
    if share > MOST_NOISE:
        advice = noise.advice_on(float(share), replicates)
        return [samples.refused("sobol", outcome, title, f"{share:.0%} of the variance between points is noise of replicates; {advice}")]
    drawn = [estimate(blocks, *pair) for pair in samples.weights(generator(seed, f"sobol {outcome}"), resamples, len(blocks.y), replicates, paired)]
    sure = float(samples.span(np.array([one.variance for one in drawn]), level)[0])
    if blocks.clean and sure < LEAST_SIGNAL * raw.variance:
        why = (f"{share:.0%} of the variance between points is noise of replicates, and {len(blocks.y):,} blocks do not show for certain that points differ at all; "
               f"give replicates={noise.replicates_for(share, replicates)}, or more blocks")  # fmt: skip
        return [samples.refused("sobol", outcome, title, why)]
    alone = samples.span(np.array([one.first.sum() for one in drawn]), level)
    notes = _notes(study, outcome, blocks, float(share), best)
    interval = samples.interval_words(level, resamples, paired, replicates, "blocks")
    caption = study.caption(blocks.runs, interval)
    keys = [factor.key for factor in study.plan.design.factors]
    table = pd.DataFrame({"factor": keys})
    salib = _salib(study, blocks)
    for name, value, draws in (("S1", best.first, [one.first for one in drawn]), ("ST", best.total, [one.total for one in drawn])):
        table[name] = value
        table[f"{name}_low"], table[f"{name}_high"] = samples.span(np.array(draws), level)
    table["S1_raw"], table["ST_raw"] = salib
    table["noise_share"], table["blocks"] = share, len(blocks.y)
    found = [Finding(f"sobol_{stem(outcome)}", title, _says(table, outcome, alone, samples.for_lucks(paired, replicates)), table, notes, lambda: _draw(table, title, caption))]
    if len(best.pairs):
        found.append(_pair_finding(keys, outcome, best.pairs, np.array([one.pairs for one in drawn]), level, caption, notes))
    return found


def _why_not(study: Study, outcome: str, blocks: Blocks) -> str:
    """Return why the indices cannot be computed, or nothing."""
    values = study.values(outcome)
    if samples.is_constant(values):
        return f"{words(outcome)} does not differ between points, so there is no variance to share out"
    every = len(blocks.y) + blocks.dropped
    if blocks.dropped > MOST_DROPPED * every:
        return (f"{blocks.dropped:,} of {every:,} blocks of the design lack runs (failed, not yet run, or without a value), more than "
                f"{MOST_DROPPED:.0%}; finish the sweep, or mend what fails")  # fmt: skip
    if len(blocks.y) < FEWEST:
        return f"{len(blocks.y)} blocks are too few; give n={FEW} or more"
    if samples.is_constant(np.where(blocks.used[:, None, :], blocks.y, np.nan)):
        return f"{words(outcome)} does not differ between points, so there is no variance to share out"
    return ""


def _notes(study: Study, outcome: str, blocks: Blocks, share: float, best: Indices) -> tuple[str, ...]:
    paired, replicates = samples.is_paired(study), blocks.y.shape[2]
    if paired and replicates == 2:
        notes = ["all points share two lucks, for which alone the figures hold: too few to free them of noise; give replicates=5 or more"]
    else:
        notes = list(noise.notes_on(share, replicates, paired, outcome, corrected=True))
    if replicates == 1 and not paired and best.total.min() > noise.TOLD:
        notes.append(f"noise may be as much as {best.total.min():.0%} of the variance between points, the least total index: totals may be too large by that much")
    if paired and 2 < replicates < 5:
        notes.append(f"all points share {replicates} replicates: the intervals know little of luck; give replicates=5 or more")
    every = len(blocks.y) + blocks.dropped
    if blocks.dropped:
        notes.append(f"{blocks.dropped:,} of {every:,} blocks of the design are left out, since runs of theirs failed or have no value")
    lost = int((~blocks.used).sum())
    if lost:
        notes.append(f"{lost:,} replicates of blocks are left out, since runs of theirs failed or have no value")
    if len(blocks.y) < FEW:
        notes.append(f"{len(blocks.y)} blocks are few: expect wide intervals; n=512 or more is usual")
    return tuple(notes)


def _salib(study: Study, blocks: Blocks) -> tuple[FloatArray, FloatArray]:
    """Return SALib's first and total indices of the means of replicates."""
    from SALib.analyze import sobol as salib  # late: an extra

    design = study.plan.design
    share = blocks.used / blocks.used.sum(axis=1, keepdims=True)
    mean = np.matmul(blocks.y, share[:, :, None])[:, :, 0].ravel()
    problem = {"num_vars": blocks.factors, "names": [factor.key for factor in design.factors], "bounds": [[0.0, 1.0]] * blocks.factors}
    found = salib.analyze(problem, mean, calc_second_order=bool(design.extra.get("second_order")), num_resamples=2, seed=1)
    return np.asarray(found["S1"]), np.asarray(found["ST"])


def _says(table: pd.DataFrame, outcome: str, alone: tuple[FloatArray, FloatArray], lucks: str) -> str:
    order = bars.shown(table["ST"].to_numpy())
    top = table.iloc[order[0]]
    text = (f"{lucks}{short_key(top['factor'])} matters most for {words(outcome)}: total index {top['ST']:.2f} ({top['ST_low']:.2f} to {top['ST_high']:.2f}), "
            f"alone {top['S1']:.2f}.")  # fmt: skip
    together = float(table["S1"].sum())
    low, high = (min(max(float(bound), 0.0), 1.0) for bound in alone)
    text += f" Factors alone explain {min(max(together, 0.0), 1.0):.0%} of the variance of the mean response ({low:.0%} to {high:.0%})"
    text += ", the rest are interactions." if high < 1.0 else "; interactions are not shown for certain."
    small = [short_key(row["factor"]) for _, row in table.iterrows() if row["ST_high"] < 0.05]
    return text + (f" Totals below 0.05 with their whole interval: {', '.join(small)}." if small else "")


def _draw(table: pd.DataFrame, title: str, caption: str) -> Figure:
    order = bars.shown(table["ST"].to_numpy())
    part = table.iloc[order]
    labels = [short_key(key) for key in part["factor"]]
    series = [
        bars.Series(label, part[name].to_numpy(), part[f"{name}_low"].to_numpy(), part[f"{name}_high"].to_numpy(), colour)
        for name, label, colour in (("ST", "total, with interactions", style.BLUE), ("S1", "first order, alone", style.ORANGE))
    ]
    subtitle = "Share of the variance of the mean response that hangs on a factor"
    if len(part) < len(table):
        subtitle += f"; the {len(part)} largest of {len(table)}"
    return bars.draw_bars(title, subtitle, caption, labels, series, "share of variance")


def _pair_finding(
    keys: Sequence[str], outcome: str, best: FloatArray, draws: FloatArray, level: float, caption: str, notes: tuple[str, ...]
) -> Finding:
    left, right = pairs_of(len(keys))
    low, high = samples.span(draws, level)
    table = pd.DataFrame({"factor": [keys[at] for at in left], "with": [keys[at] for at in right], "S2": best, "S2_low": low, "S2_high": high})
    labels = [f"{short_key(a)} x {short_key(b)}" for a, b in zip(table["factor"], table["with"], strict=True)]
    order = bars.shown(best)
    sure = [labels[at] for at in order if low[at] > 0.0]
    says = f"Pairs that interact beyond doubt in {words(outcome)}: {', '.join(sure)}." if sure else f"No pair interacts beyond doubt in {words(outcome)}."
    title = f"Second-order Sobol indices of {words(outcome)}"

    def draw() -> Figure:
        series = [bars.Series("", best[order], low[order], high[order], style.GREEN)]
        subtitle = "Share of the variance of the mean response that two factors share beyond their own"
        return bars.draw_bars(title, subtitle, caption, [labels[at] for at in order], series, "share of variance")

    return Finding(f"sobol_pairs_{stem(outcome)}", title, says, table, notes, draw)
