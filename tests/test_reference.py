"""People counted by cells and people followed one by one agree in distribution.

The engine draws a multinomial a cell; :mod:`reference.persons` lets each of about 6,000 people draw alone.
Both play the same three small worlds (:mod:`reference.cases`) for 21 days: a deadline with a crossing
that is too small, a closed and a half-closed crossing (irregular, diverted, given up), and deportation
at its daily capacity with every change of legal status. 50 seeds of each (110 with ``make test-thorough``), compared in 342 numbers a
world: people by population and place, by row, on the way, waiting, passed, and the flows by reason.

The tests, each at a level of 0.001 for all numbers of all worlds together:

* means: Welch's t for each number, Bonferroni (|t| > 5.0 with 110 seeds);
* spreads: z of the log ratio of variances, its error from the pooled kurtosis, Bonferroni (|z| > 4.9);
* all together: Hotelling's T squared on 33 main numbers against its F law.

Power at 110 seeds: a flow of N people whose spread is about sqrt(N) is found off with 80 %
power when its mean is off by 0.79 sqrt(N): 8 % at N = 100, and a spread 1.7 times too wide is found.
Hotelling's test finds smaller ones when several numbers move. ``test_a_planted_error_is_found`` shows it:
an irregular crossing, giving up, diversion, fear or a change of status at another rate is found in 40 seeds of the wrong kind.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest
from reference.cases import CASES, Case, build, counted, labels, one_by_one
from scipy import stats
from thorough import THOROUGH, repeats

from sim import Scenario

SEEDS = repeats(110, quick=50)
LEVEL = 1e-3
MAIN = 33


@functools.cache
def world(case: Case) -> Scenario:
    return build(case)


@functools.cache
def engine(case: Case, seeds: int = SEEDS) -> np.ndarray:
    return np.array([counted(case, world(case), seed) for seed in range(seeds)], dtype=float)


@functools.cache
def reference(case: Case) -> np.ndarray:
    return np.array([one_by_one(case, world(case), 10_000 + seed) for seed in range(SEEDS)], dtype=float)


def limit(numbers: int) -> float:
    """|t| that chance passes once in 1,000 of all three worlds."""
    return float(stats.t.isf(LEVEL / len(CASES) / numbers / 2, 2 * SEEDS - 2))


def spread_limit(numbers: int) -> float:
    """|z| that chance passes once in 1,000 of all three worlds."""
    return float(stats.norm.isf(LEVEL / len(CASES) / numbers / 2))


def mean_scores(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Welch's z of every number; a spread of at least a Poisson's guards numbers that are almost always 0."""
    pooled = (a.mean(axis=0) + b.mean(axis=0)) / 2
    floor = np.where(pooled < 2.0, pooled, 0.0) * (1 / len(a) + 1 / len(b))
    error = np.maximum(a.var(axis=0, ddof=1) / len(a) + b.var(axis=0, ddof=1) / len(b), floor)
    gap = a.mean(axis=0) - b.mean(axis=0)
    return np.where(gap == 0.0, 0.0, gap / np.sqrt(np.where(error > 0.0, error, 1e-12)))


def spread_scores(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Z of the log ratio of variances; only for numbers that are not rare counts."""
    common = (a.mean(axis=0) + b.mean(axis=0) > 4.0) & (a.std(axis=0) > 0.5) & (b.std(axis=0) > 0.5)
    a, b = a[:, common], b[:, common]
    centred = np.concatenate([(x - x.mean(axis=0)) / x.std(axis=0) for x in (a, b)])
    kurtosis = np.maximum((centred**4).mean(axis=0), 3.0)
    error = np.sqrt((kurtosis - 1.0) * (1 / len(a) + 1 / len(b)))
    return np.asarray(np.log(a.var(axis=0, ddof=1) / b.var(axis=0, ddof=1)) / error)


def hotelling(a: np.ndarray, b: np.ndarray) -> float:
    """P-value of Hotelling's two-sample T squared on numbers that are not linearly dependent."""
    n, m = len(a), len(b)
    pooled = ((n - 1) * np.cov(a.T) + (m - 1) * np.cov(b.T)) / (n + m - 2)
    scale = np.sqrt(np.diag(pooled))
    values, vectors = np.linalg.eigh(pooled / np.outer(scale, scale))
    kept = values > 1e-6
    gap = ((a.mean(axis=0) - b.mean(axis=0)) / scale) @ vectors[:, kept] / np.sqrt(values[kept])
    rank = int(kept.sum())
    f = n * m / (n + m) * float(gap @ gap) * (n + m - rank - 1) / ((n + m - 2) * rank)
    return float(stats.f.sf(f, rank, n + m - rank - 1))


def main_numbers(a: np.ndarray, b: np.ndarray) -> list[int]:
    """Of the flows, queues and travellers at the end of the vector, those that vary."""
    tail = range(a.shape[1] - MAIN, a.shape[1])
    return [i for i in tail if min(a[:, i].std(), b[:, i].std()) > 0.3]


ids = [case.name for case in CASES]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_everything_meant_to_happen_happens(case: Case) -> None:
    """The comparison means something only where people really queue, divert, are deported, and so on."""
    means = dict(zip(labels(world(case)), reference(case).mean(axis=0), strict=True))
    assert world(case).setting.initial.sum() > 3000
    assert means["flights"] > 50 and means["voluntary"] > 3 and means["outward"] > 30 and means["reentry"] > 0.5
    if case.name == "deadline":
        assert means["waiting at West Gate>Northland"] + means["passed West Gate"] > 50 and means["fear"] > 50
    if case.name == "closed crossing":
        assert means["irregular"] > 20 and means["waiting at West Gate>Northland"] > 3
    if case.name == "deportation at capacity":
        assert means["deportation"] > 50 and means["naturalised"] > 2


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_nobody_is_lost_either_way(case: Case) -> None:
    total = world(case).setting.initial.sum()
    names = labels(world(case))
    parts = [i for i, name in enumerate(names) if " at " in name and "waiting" not in name]
    parts += [i for i, name in enumerate(names) if "travelling" in name or "on the way" in name or "waiting" in name]
    parts.append(names.index("naturalised"))
    assert (engine(case)[:, parts].sum(axis=1) == total).all()
    assert (reference(case)[:, parts].sum(axis=1) == total).all()


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_means_agree(case: Case) -> None:
    z = mean_scores(engine(case), reference(case))
    names = labels(world(case))
    far = {names[i]: (engine(case)[:, i].mean(), reference(case)[:, i].mean(), z[i]) for i in np.flatnonzero(abs(z) > limit(len(z)))}
    assert not far


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_spreads_agree(case: Case) -> None:
    z = spread_scores(engine(case), reference(case))
    assert len(z) > 60
    assert np.abs(z).max() < spread_limit(len(z)), np.sort(np.abs(z))[-5:]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_all_together_agree(case: Case) -> None:
    a, b = engine(case), reference(case)
    main = main_numbers(a, b)
    assert len(main) > 15
    assert hotelling(a[:, main], b[:, main]) > LEVEL / len(CASES)


PLANTED = (
    (1, "irregular", 1.3), (1, "give_up", 2.0), (1, "divert", 1.5), (0, "fear", 1.2), (0, "flight", 1.1),
    (2, "registered", 1.5), (2, "returnee", 1.5),
)  # fmt: skip


@pytest.mark.parametrize(("number", "what", "factor"), PLANTED)
def test_a_planted_error_is_found(number: int, what: str, factor: float) -> None:
    """The comparison can fail: a rate that is wrong in the reference alone is found; with fewer seeds it must be half as wrong again."""
    case, seeds = CASES[number], 40
    factor = factor if THOROUGH else 1.0 + 1.5 * (factor - 1.0)
    wrong = np.array([one_by_one(case, world(case), 20_000 + seed, {what: factor}) for seed in range(seeds)], dtype=float)
    right = engine(case)
    z = mean_scores(right, wrong)
    main = main_numbers(right, wrong)
    assert np.abs(z).max() > limit(len(z)) or hotelling(right[:, main], wrong[:, main]) < LEVEL / len(CASES)
