"""Feature scores of extremely randomized trees, by the EMA workbench (Jaxa-Rozen & Kwakkel 2018).

A score is the share of the variance that splits on a factor take away, so scores add up to 1 whatever the trees can
explain: read them beside the R2 of points that a tree has not seen. A dummy factor, numbers at random, shows the score
that a factor without effect gets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from experiments.analysis import bars, ema, noise, samples
from experiments.analysis.finding import Finding
from experiments.analysis.groups import generator, short_key, stem, words
from experiments.analysis.study import Study
from experiments.figures import style

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

DESIGNS = (*samples.SPREAD, "grid")
#: Fewer rows are refused.
FEWEST = 40
_DUMMY = "(dummy)"
#: Parts of the points, of which each is once unseen, where points are copies of others.
_FOLDS = 5


def features(
    study: Study, outcomes: Sequence[str], *, trees: int = 100, resamples: int = 20, level: float = 0.95, seed: int = 1
) -> list[Finding]:
    """Score factors by extra trees, with bootstrap intervals over points.

    Parameters
    ----------
    study
        A study of design ``lhs``, ``sobol`` (its independent points), ``grid`` or ``file``.
    outcomes
        Which outcomes; of each the mean over replicates.
    trees
        Trees of a forest.
    resamples, level, seed
        Of the bootstrap; a forest is grown for each resample.

    Raises
    ------
    InputError
        When the design is another one, or the EMA workbench is not installed.
    """
    samples.need_design(study, "features", DESIGNS, "its points are not spread over the space")
    samples.check_options("features", trees=trees, resamples=resamples, level=level)
    ema.workbench("features", "analysis.feature_scoring")
    return [_one(study, outcome, trees, resamples, level, seed) for outcome in samples.chosen_outcomes(study, outcomes)]


def _one(study: Study, outcome: str, trees: int, resamples: int, level: float, seed: int) -> Finding:
    title = f"Feature scores of {words(outcome)}"
    sample = samples.sample_of(study, outcome)
    rows = len(sample.points)
    if rows < FEWEST:
        return samples.refused("features", outcome, title, f"{rows} points with a value are too few; at least {FEWEST} are needed")
    if samples.is_constant(sample.y):
        return samples.refused("features", outcome, title, f"{words(outcome)} does not differ between points")
    luck = generator(seed, f"features {outcome}")
    keys = [factor.key for factor in sample.factors]
    best, r2 = _scores(sample.x, sample.mean, keys, trees, luck, sample.copies)
    paired, drawn = samples.is_paired(study), np.empty((resamples, len(keys) + 1))
    for at in range(resamples):
        again, mean, draw = samples.resampled(luck, sample)
        drawn[at], _ = _scores(sample.x[again], mean, keys, trees, luck, draw)
    low, high = samples.span(drawn, level)
    # A resample repeats points, which flattens scores a little; the interval is moved back to the estimate.
    low, high = (np.clip(bound - drawn.mean(axis=0) + best, 0.0, 1.0) for bound in (low, high))
    table = pd.DataFrame({"factor": keys, "score": best[:-1], "score_low": low[:-1], "score_high": high[:-1]})
    table["dummy"], table["above"] = high[-1], low[:-1] > high[-1]
    table["R2_unseen"], table["rows"] = r2, rows
    share = noise.share_of(sample.y, paired)
    notes = [*sample.notes, *noise.notes_on(share, study.plan.replicates, paired, outcome, corrected=False)]
    if r2 < 0.3:
        notes.append(f"the trees explain {r2:.0%} of points that they have not seen: the scores share out little")
    caption = study.caption(sample.runs, samples.interval_words(level, resamples, paired, sample.y.shape[1], "points"))
    return Finding(f"features_{stem(outcome)}", title, _says(table, outcome, _lucks(paired, sample.y.shape[1], share)), table, tuple(notes), lambda: _draw(table, title, caption))


def _scores(
    x: FloatArray, y: FloatArray, keys: Sequence[str], trees: int, luck: np.random.Generator, copies: IntArray
) -> tuple[FloatArray, float]:
    """Return the scores of the factors and of a dummy, (factors + 1,), and the R2 of points that trees have not seen.

    Points of one world (``copies``) have one number of the dummy, and are all seen or all unseen.
    """
    worlds = int(copies.max()) + 1
    table = np.column_stack([x, luck.random(worlds)[copies]])
    scores, r2, _ = _forest(table, y, keys, trees, luck)
    if worlds == len(y):
        return scores, r2
    fold = luck.permutation(worlds)[copies] % _FOLDS
    told = np.empty(len(y))
    for part in range(_FOLDS):
        told[fold == part] = _forest(table[fold != part], y[fold != part], keys, trees, luck)[2](table[fold == part])
    return scores, 1.0 - float(np.mean((y - told) ** 2) / y.var())


def _forest(
    table: FloatArray, y: FloatArray, keys: Sequence[str], trees: int, luck: np.random.Generator
) -> tuple[FloatArray, float, Callable[[FloatArray], FloatArray]]:
    """Grow a forest: its scores, (columns,), the R2 of points left out of a tree, and what it says of other points."""
    tools = ema.workbench("features", "analysis.feature_scoring")
    modes = ema.workbench("features", "analysis.scenario_discovery_util")
    names = [*keys, _DUMMY]
    frame = pd.DataFrame(table, columns=names)
    found, forest = tools.get_ex_feature_scores(
        frame, y, mode=modes.RuleInductionType.REGRESSION, nr_trees=trees,
        max_features=max(1, round(len(names) / 3)), random_state=int(luck.integers(2**31)),
    )  # fmt: skip
    return found[1].reindex(names).to_numpy(dtype=np.float64), float(forest.oob_score_), forest.predict


def _lucks(paired: bool, replicates: int, share: float) -> str:
    """Return how the sentence begins: scores have no sign, so that no number of shared lucks tells effects that turn with luck."""
    told = samples.for_lucks(paired, replicates)
    return told or (f"For these {replicates} lucks: " if paired and share > noise.TOLD else "")


def _says(table: pd.DataFrame, outcome: str, lucks: str) -> str:
    order = bars.shown(table["score"].to_numpy())
    above = [f"{short_key(table['factor'][at])} ({table['score'][at]:.2f})" for at in order if table["above"][at]]
    text = f"Scored above a dummy factor for {words(outcome)}: {', '.join(above)}." if above else f"No factor scores above a dummy factor for {words(outcome)}."
    return lucks + text + f" The trees explain {table['R2_unseen'].iloc[0]:.0%} of the variance of points that they have not seen."


def _draw(table: pd.DataFrame, title: str, caption: str) -> Figure:
    part = table.iloc[bars.shown(table["score"].to_numpy())]
    series = [bars.Series("", part["score"].to_numpy(), part["score_low"].to_numpy(), part["score_high"].to_numpy(), style.BLUE)]
    mark = bars.Mark(part["dummy"].to_numpy(), "a dummy factor stays below")
    subtitle = f"Share of the reduction in variance by splits on a factor; R2 of unseen points {table['R2_unseen'].iloc[0]:.2f}"
    if len(part) < len(table):
        subtitle += f"; the {len(part)} largest of {len(table)}"
    return bars.draw_bars(title, subtitle, caption, [short_key(key) for key in part["factor"]], series, "score, all together 1", mark)
