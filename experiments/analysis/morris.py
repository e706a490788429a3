"""Morris' elementary effects: a cheap screening of many factors, with intervals over trajectories.

An elementary effect is the change of the outcome when one factor makes a step, over the length of the step in the
unit cube (Morris 1991). ``mu*`` is the mean of its size (Campolongo et al. 2007), ``mu`` its mean with sign,
``sigma`` its spread over trajectories. Luck makes effects of its own: ``noise`` is the ``mu*`` that luck alone would
give a factor without any effect.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from experiments.analysis import bars, noise, samples
from experiments.analysis.finding import Finding
from experiments.analysis.groups import generator, short_key, stem, words
from experiments.analysis.luck import mean_of
from experiments.analysis.sobol import need_salib
from experiments.analysis.study import Study
from experiments.figures import style

FloatArray = NDArray[np.float64]

DESIGNS = ("morris",)
#: Fewer trajectories than the first are refused, fewer than the second get a note.
FEWEST, FEW = 4, 10
#: Refused when a larger share of trajectories lacks runs.
MOST_DROPPED = 0.20


def morris(study: Study, outcomes: Sequence[str], *, resamples: int = 1000, level: float = 0.95, seed: int = 1) -> list[Finding]:
    """Compute mu*, mu and sigma with bootstrap intervals over trajectories (and replicates that all points share).

    Parameters
    ----------
    study
        A study of design ``morris``.
    outcomes
        Which outcomes.
    resamples, level, seed
        Of the bootstrap.

    Raises
    ------
    InputError
        When the design is another one, or SALib is not installed.
    """
    samples.need_design(study, "morris", DESIGNS, "pawn and regression take any spread-out sample")
    samples.check_options("morris", resamples=resamples, level=level)
    need_salib("morris")
    return [_one(study, outcome, resamples, level, seed) for outcome in samples.chosen_outcomes(study, outcomes)]


def effects_of(study: Study, outcome: str) -> tuple[FloatArray, int, int]:
    """Return the elementary effects of whole trajectories, how many were dropped, and the replicates lost in others.

    A trajectory counts when it has a replicate (of several, two and at least half of them) that finished at all its
    points; a replicate counts in a trajectory when it did.

    Returns
    -------
    tuple
        Effects (trajectories, factors, replicates), NaN where a replicate does not count; dropped; lost.
    """
    design = study.plan.design
    assert design.unit is not None
    count = len(design.factors)
    table = study.values(outcome)
    y = table.reshape(-1, count + 1, table.shape[1])
    used = np.asarray(np.isfinite(y).all(axis=1))
    kept = used.sum(axis=1) >= (1 if y.shape[2] == 1 else max(2, -(-y.shape[2] // 2)))
    steps = np.diff(design.unit.reshape(-1, count + 1, count), axis=1)[kept]
    change = np.where(used[kept][:, None, :], np.diff(y[kept], axis=1), np.nan)
    factor = np.abs(steps).argmax(axis=2)
    length = np.take_along_axis(steps, factor[:, :, None], axis=2)
    effects = np.empty_like(change)
    np.put_along_axis(effects, np.broadcast_to(factor[:, :, None], change.shape), change / length, axis=1)
    return effects, int((~kept).sum()), int((~used[kept]).sum())


def measures(effects: FloatArray, rows: FloatArray, lots: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return mu*, mu, sigma (freed of luck where there are replicates) and the noise of mu*, each (factors,).

    Parameters
    ----------
    effects
        (trajectories, factors, replicates).
    rows, lots
        Weights of trajectories, summing to 1, and of replicates.
    """
    weight = np.isfinite(effects) * lots
    share = weight / weight.sum(axis=2, keepdims=True)
    own = np.where(np.isfinite(effects), effects, 0.0)
    mean = (own * share).sum(axis=2)
    even = (share**2).sum(axis=2)
    # Variance of the mean over replicates, from their spread within a trajectory; not known from a single one.
    spread = ((own - mean[:, :, None]) ** 2 * share).sum(axis=2)
    luck = rows @ np.divide(spread * even, 1.0 - even, out=np.full(mean.shape, np.nan), where=1.0 - even > 1e-12)
    star, mu = rows @ np.abs(mean), rows @ mean
    between = (rows @ (mean - mu) ** 2) / max(1.0 - float((rows**2).sum()), 1e-12)
    sigma = np.sqrt(np.maximum(between - np.nan_to_num(luck), 0.0))
    return star, mu, sigma, np.sqrt(2.0 / math.pi * luck)


def _one(study: Study, outcome: str, resamples: int, level: float, seed: int) -> Finding:
    title = f"Elementary effects on {words(outcome)} (Morris)"
    effects, dropped, lost = effects_of(study, outcome)
    number, _, replicates = effects.shape
    every = number + dropped
    if samples.is_constant(study.values(outcome)):
        return samples.refused("morris", outcome, title, f"{words(outcome)} does not differ between points")
    if number < FEWEST or dropped > MOST_DROPPED * every:
        why = f"{dropped:,} of {every:,} trajectories lack runs (failed, not yet run, or without a value)" if dropped else f"{number} trajectories are too few"
        return samples.refused("morris", outcome, title, f"{why}; at least {FEWEST} are needed and at most {MOST_DROPPED:.0%} may be left out")
    paired = samples.is_paired(study)
    even = np.full(number, 1.0 / number)
    star, mu, sigma, floor = measures(effects, even, np.ones(replicates))
    drawn = [measures(effects, *pair) for pair in samples.weights(generator(seed, f"morris {outcome}"), resamples, number, replicates, paired)]
    table = pd.DataFrame({"factor": [factor.key for factor in study.plan.design.factors]})
    for at, (name, value) in enumerate((("mu_star", star), ("mu", mu), ("sigma", sigma))):
        table[name] = value
        draws = np.array([one[at] for one in drawn])
        low, high = samples.span(draws, level)
        if name == "mu_star":
            # Reweighted lucks average less, so that sizes grow with every draw; the interval is moved back to the estimate.
            low, high = (np.maximum(bound - draws.mean(axis=0) + value, 0.0) for bound in (low, high))
        table[f"{name}_low"], table[f"{name}_high"] = low, high
    table["noise"] = floor
    if not (dropped or lost):
        table["sigma_raw"] = _salib(study, outcome)
    table["trajectories"] = number
    caption = study.caption(
        int(np.isfinite(effects[:, 0]).sum()) * (effects.shape[1] + 1),
        samples.interval_words(level, resamples, paired, replicates, "trajectories"),
    )
    notes = _notes(study, table, outcome, dropped, lost)
    return Finding(f"morris_{stem(outcome)}", title, _says(table, outcome, paired, replicates), table, notes, lambda: _draw(table, title, caption))


def _salib(study: Study, outcome: str) -> FloatArray:
    """Return SALib's sigma of the means of replicates, with their luck."""
    from SALib.analyze import morris as salib  # late: an extra

    design = study.plan.design
    count = len(design.factors)
    problem = {"num_vars": count, "names": [factor.key for factor in design.factors], "bounds": [[0.0, 1.0]] * count}
    mean = mean_of(study.values(outcome))
    found = salib.analyze(problem, design.unit, mean, num_resamples=2, num_levels=design.extra["levels"], seed=1)
    return np.asarray(found["sigma"], dtype=np.float64)


def _notes(study: Study, table: pd.DataFrame, outcome: str, dropped: int, lost: int) -> tuple[str, ...]:
    replicates, paired = study.plan.replicates, samples.is_paired(study)
    notes: list[str] = []
    if replicates == 1:
        notes += noise.notes_on(math.nan, 1, paired, outcome, corrected=False)
    else:
        doubted = [short_key(row["factor"]) for _, row in table.iterrows() if 0.0 < row["mu_star"] < 2.0 * row["noise"]]
        if doubted:
            notes.append(f"not told from luck (mu* less than twice what luck alone gives): {', '.join(doubted)}; more replicates would tell")
        if paired and replicates < 5:
            notes.append(f"all points share {replicates} replicates: the intervals know little of luck; give replicates=5 or more")
    if any(samples.is_nominal(factor) for factor in study.plan.design.factors):
        notes.append("choices without order are met at the levels of the grid in the order given: read their mu*, not their mu")
    if dropped:
        notes.append(f"{dropped:,} trajectories are left out, since runs of theirs failed or have no value")
    if lost:
        notes.append(f"{lost:,} replicates of trajectories are left out, since runs of theirs failed or have no value")
    number = int(table["trajectories"].iloc[0])
    if number < FEW:
        notes.append(f"{number} trajectories are few; give trajectories=20 or more")
    return tuple(notes)


def _says(table: pd.DataFrame, outcome: str, paired: bool, replicates: int) -> str:
    order = bars.shown(table["mu_star"].to_numpy())
    top = table.iloc[order[0]]
    text = (f"{short_key(top['factor'])} moves {words(outcome)} most: mu* {style.short(top['mu_star'])} "
            f"({style.short(top['mu_star_low'])} to {style.short(top['mu_star_high'])}).")  # fmt: skip
    bent = [short_key(table["factor"][at]) for at in order if table["sigma"][at] > table["mu_star"][at] > 0.1 * top["mu_star"]]
    text = samples.for_lucks(paired, replicates) + text
    return text + (f" Effects that hang on the other factors or turn (sigma above mu*): {', '.join(bent)}." if bent else "")


def _draw(table: pd.DataFrame, title: str, caption: str) -> Figure:
    order = bars.shown(table["mu_star"].to_numpy())
    part = table.iloc[order]
    star = bars.Series("", part["mu_star"].to_numpy(), part["mu_star_low"].to_numpy(), part["mu_star_high"].to_numpy(), style.BLUE)
    mark = bars.Mark(part["noise"].to_numpy(), "what luck alone gives") if (part["noise"] > 0.0).any() else None
    subtitle = "Change of the outcome over the whole range of a factor, as its steps say"
    if len(part) < len(table):
        subtitle += f"; the {len(part)} largest of {len(table)}"
    return bars.draw_morris(title, subtitle, caption, [short_key(key) for key in part["factor"]], star, part["sigma"].to_numpy(), mark)
