"""Draws: exact in distribution, monotone in their rates, and sound at every extreme."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sim import draws

ALPHA = 1e-4
N = 40_000


def uniforms(seed: int = 0, size: int = N) -> np.ndarray:
    return np.random.default_rng(seed).random(size)


def chi_square(counts: np.ndarray, chances: np.ndarray) -> float:
    """P-value of observed counts per category, categories expected less than ten times pooled."""
    expected = chances * counts.sum()
    order = np.argsort(-expected)
    keep = int(max(2, (expected >= 10).sum()))
    seen, wanted = counts[order].astype(float), expected[order]
    seen = np.append(seen[: keep - 1], seen[keep - 1 :].sum())
    wanted = np.append(wanted[: keep - 1], wanted[keep - 1 :].sum())
    return float(stats.chisquare(seen, wanted * seen.sum() / wanted.sum()).pvalue)


def law_of(counts: np.ndarray, law: object, top: int) -> float:
    seen = np.bincount(np.minimum(counts, top), minlength=top + 1)
    chances = law.pmf(np.arange(top + 1))  # type: ignore[attr-defined]
    chances[-1] = law.sf(top - 1)  # type: ignore[attr-defined]
    return chi_square(seen, chances)


# ---------------------------------------------------------------- counts by inversion


@pytest.mark.parametrize("mean", [1e-4, 0.02, 0.7, 3.0, 29.5, 180.0, 499.0, 501.0, 3000.0])
def test_poisson_has_the_law(mean: float) -> None:
    counts = draws.poisson(uniforms(1), np.full(N, mean))
    assert law_of(counts, stats.poisson(mean), int(mean + 8 * np.sqrt(mean) + 8)) > ALPHA


@pytest.mark.parametrize("mean", [1e-9, 0.3, 12.0, 450.0, 900.0])
def test_poisson_is_the_quantile_function(mean: float) -> None:
    u = uniforms(2, 5000)
    assert np.array_equal(draws.poisson(u, np.full(5000, mean)), stats.poisson(mean).ppf(u).astype(int))


@pytest.mark.parametrize(
    ("trials", "chance"),
    [(1, 0.3), (5, 0.02), (40, 0.5), (40, 0.97), (300, 0.9), (700, 0.7), (900, 0.5), (2000, 0.001), (5000, 0.4), (10**9, 1e-8)],
)
def test_binomial_has_the_law(trials: int, chance: float) -> None:
    """Large chances among them: (1-p)^n underflows there."""
    counts = draws.binomial(uniforms(3), np.full(N, trials), np.full(N, chance))
    law = stats.binom(trials, chance)
    low, high = (int(law.ppf(q)) for q in (1e-9, 1 - 1e-9))
    seen = np.bincount(np.clip(counts, low, high) - low, minlength=high - low + 1)
    chances = law.pmf(np.arange(low, high + 1))
    chances[0], chances[-1] = law.cdf(low), law.sf(high - 1)
    assert abs(counts.mean() - law.mean()) < 5 * law.std() / np.sqrt(N) + 1e-12
    assert chi_square(seen, chances) > ALPHA


@given(st.lists(st.floats(0, 600), min_size=2, max_size=2), st.integers(0, 2**32 - 1))
@settings(max_examples=80, deadline=None)
def test_poisson_is_monotone_in_its_mean(means: list[float], seed: int) -> None:
    u = uniforms(seed, 60)
    low, high = (draws.poisson(u, np.full(60, mean)) for mean in sorted(means))
    assert (low <= high).all()


@given(st.lists(st.floats(0, 1), min_size=2, max_size=2), st.integers(0, 2000), st.integers(0, 2**32 - 1))
@settings(max_examples=80, deadline=None)
def test_binomial_is_monotone_in_its_chance(chances: list[float], trials: int, seed: int) -> None:
    u = uniforms(seed, 60)
    low, high = (draws.binomial(u, np.full(60, trials), np.full(60, chance)) for chance in sorted(chances))
    assert (low <= high).all()
    assert (low >= 0).all() and (high <= trials).all()


def test_counts_do_not_depend_on_the_other_cells() -> None:
    """A cell's count is its own: the same alone as beside a cell with a large mean, or in another place."""
    u, mean = uniforms(4, 200), np.linspace(0, 20, 200)
    alone = np.array([draws.poisson(u[i : i + 1], mean[i : i + 1])[0] for i in range(200)])
    assert np.array_equal(draws.poisson(u, mean), alone)
    beside = draws.poisson(np.append(u, 0.5), np.append(mean, 2000.0))
    assert np.array_equal(beside[:-1], alone)
    trials, chance = np.arange(200), np.linspace(0, 1, 200)
    alone = np.array([draws.binomial(u[i : i + 1], trials[i : i + 1], chance[i : i + 1])[0] for i in range(200)])
    assert np.array_equal(draws.binomial(u, trials, chance), alone)
    beside = draws.binomial(np.append(u, 0.5), np.append(trials, 10_000), np.append(chance, 0.5))
    assert np.array_equal(beside[:-1], alone)


def test_extremes_of_poisson() -> None:
    none = np.zeros(0)
    assert draws.poisson(none, none).shape == (0,)
    assert draws.poisson(uniforms(5, 6).reshape(2, 3), np.zeros((2, 3))).tolist() == [[0, 0, 0], [0, 0, 0]]
    assert draws.poisson(np.zeros(3), np.array([0.0, 1.0, 20.0])).tolist() == [0, 0, 0]
    last = np.nextafter(1.0, 0.0)
    for mean in (0.01, 1.0, 30.0):
        assert draws.poisson(np.array([last]), np.array([mean]))[0] < mean + 10 * np.sqrt(mean) + 15, "rounding must not run away"
    big = draws.poisson(uniforms(6, 2000), np.full(2000, 1e10))
    assert abs(big.mean() - 1e10) < 5 * 1e5 / np.sqrt(2000)
    assert big.dtype == np.int64


def test_extremes_of_binomial() -> None:
    u = uniforms(7, 50)
    assert draws.binomial(np.zeros(0), np.zeros(0, dtype=np.int64), np.zeros(0)).shape == (0,)
    assert not draws.binomial(u, np.zeros(50, dtype=np.int64), np.ones(50)).any()
    assert not draws.binomial(u, np.full(50, 30), np.zeros(50)).any()
    for trials in (1, 30, 400, 5000, 10**6):
        assert (draws.binomial(u, np.full(50, trials), np.ones(50)) == trials).all(), trials
    last = np.array([np.nextafter(1.0, 0.0)])
    assert draws.binomial(last, np.array([100_000]), np.array([1e-5]))[0] < 40, "rounding must not run away"


# ---------------------------------------------------------------- competing risks


def test_risks_follow_the_formula() -> None:
    rng = np.random.default_rng(8)
    h = rng.exponential(0.3, size=(50, 4, 5)) * (rng.random((50, 4, 5)) < 0.7)
    h[0] = 0.0
    chances = draws.risks_to_chances(h)
    total = h.sum(axis=-1)
    with np.errstate(invalid="ignore"):
        expected = np.where(total[..., None] > 0, (1 - np.exp(-total))[..., None] * h / total[..., None], 0.0)
    assert chances.shape == (50, 4, 6)
    np.testing.assert_allclose(chances[..., :-1], expected, rtol=1e-12)
    np.testing.assert_allclose(chances[..., -1], np.exp(-total), rtol=1e-9)
    np.testing.assert_allclose(chances.sum(axis=-1), 1.0, rtol=0, atol=1e-15)
    assert chances[0].tolist() == [[0, 0, 0, 0, 0, 1]] * 4


@given(st.lists(st.floats(0, 1e6) | st.floats(0, 1e-12), min_size=1, max_size=7))
@settings(max_examples=150, deadline=None)
def test_risks_are_chances_that_numpy_takes(hazards: list[float]) -> None:
    chances = draws.risks_to_chances(np.array(hazards))
    assert (chances >= 0.0).all() and abs(chances.sum() - 1.0) < 1e-12
    assert ((chances[:-1] == 0.0) == (np.array(hazards) == 0.0)).all() or min(h for h in hazards if h) < 1e-300
    assert np.random.default_rng(0).multinomial(10**14, chances).sum() == 10**14


def test_zero_reason_does_not_change_the_draws() -> None:
    """A reason without hazard in the table leaves everybody's draw as it is (stay is last)."""
    h = np.array([[0.02, 0.01], [0.3, 0.0]])
    wider = np.insert(h, 1, 0.0, axis=1)
    counts = np.array([1000, 50])
    a = np.random.default_rng(3).multinomial(counts, draws.risks_to_chances(h))
    b = np.random.default_rng(3).multinomial(counts, draws.risks_to_chances(wider))
    assert np.array_equal(a, np.delete(b, 1, axis=1))


# ---------------------------------------------------------------- sharing out over targets


@given(
    st.lists(st.lists(st.sampled_from([0.0, 0.0, 1e-300, 1e-9, 0.1, 1 / 3, 1.0, 7e8]), min_size=4, max_size=4), min_size=1, max_size=5),
    st.sampled_from([0, 1, 7, 10**6, 10**14]),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=200, deadline=None)
def test_split_gives_all_and_nothing_to_zero_weights(rows: list[list[float]], number: int, seed: int) -> None:
    weights = np.array(rows)
    usable = weights.sum(axis=1) > 0.0
    counts = np.where(usable, number, 0)
    drawn = draws.split(np.random.default_rng(seed), counts, weights)
    assert (drawn.sum(axis=1) == counts).all()
    assert (drawn >= 0).all()
    assert not drawn[weights <= 0.0].any()


def test_shares_survive_rounding() -> None:
    """Weights whose shares add up to a hair more than 1 before the last: NumPy alone would refuse."""
    rng = np.random.default_rng(9)
    weights = np.hstack([rng.random((3000, 19)) ** 8, np.zeros((3000, 1))])
    chances = draws.shares(weights)
    assert (chances[:, :-1].sum(axis=1) <= 1.0).all()
    drawn = draws.split(rng, np.full(3000, 10**14), weights)
    assert (drawn.sum(axis=1) == 10**14).all() and not drawn[:, -1].any()


def test_split_has_the_law() -> None:
    weights = np.array([3.0, 0.0, 1.0, 6.0, 0.0])
    drawn = draws.split(np.random.default_rng(10), np.full(N, 10), np.tile(weights, (N, 1)))
    assert drawn[:, [1, 4]].sum() == 0
    for target, chance in ((0, 0.3), (2, 0.1), (3, 0.6)):
        assert law_of(drawn[:, target], stats.binom(10, chance), 10) > ALPHA


def test_huge_counts_keep_their_moments() -> None:
    """10^14 people: mean and spread of a multinomial, so a billion-fold scale stays exact."""
    n, p = 10**14, np.array([0.2, 0.3, 0.5])
    drawn = draws.split(np.random.default_rng(11), np.full(4000, n), np.tile(p, (4000, 1)))
    for k in range(3):
        spread = np.sqrt(n * p[k] * (1 - p[k]))
        z = (drawn[:, k] - n * p[k]) / spread
        assert stats.kstest(z, "norm").pvalue > ALPHA


# ---------------------------------------------------------------- without replacement


@pytest.mark.parametrize("take", [draws.pick, draws.share_out])
@pytest.mark.parametrize("number", [1, 3, 6, 9])
def test_taking_is_hypergeometric(take: object, number: int) -> None:
    """Both ways (few of many and many of few) follow the multivariate hypergeometric law."""
    counts = np.array([5, 0, 1, 12, 12])
    rng = np.random.default_rng(12)
    taken = np.array([take(rng, counts, number) for _ in range(6000)])  # type: ignore[operator]
    assert (taken.sum(axis=1) == number).all() and (taken <= counts).all()
    for cell in (0, 2, 3, 4):
        assert law_of(taken[:, cell], stats.hypergeom(30, int(counts[cell]), number), number) > ALPHA


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=8), st.integers(-1, 3000), st.integers(0, 2**32 - 1))
@settings(max_examples=150, deadline=None)
def test_taking_keeps_within_what_is_there(counts: list[int], number: int, seed: int) -> None:
    here = np.array(counts)
    for take in (draws.pick, draws.share_out):
        before = here.copy()
        taken = take(np.random.default_rng(seed), here, number)
        assert np.array_equal(here, before), "the argument must not change"
        assert taken.sum() == min(max(number, 0), here.sum())
        assert (taken >= 0).all() and (taken <= here).all()
        assert taken.dtype == np.int64 and taken is not here


def test_taking_from_nobody() -> None:
    rng = np.random.default_rng(0)
    assert draws.pick(rng, np.zeros(3, dtype=np.int64), 5).tolist() == [0, 0, 0]
    assert draws.pick(rng, np.zeros(0, dtype=np.int64), 5).tolist() == []
    assert draws.share_out(rng, np.zeros((2, 2), dtype=np.int64), 5).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("scale", [10**8, 10**9, 10**14, 10**16])
def test_share_out_of_huge_counts(scale: int) -> None:
    """Above a billion by rounded proportion: exact in sum, off by at most one person a cell (or rounding)."""
    counts = np.array([[3, 0, 1], [2, 3, 1]]) * scale // 10
    for number in (1, 17, counts.sum() // 3, counts.sum() - 1):
        taken = draws.share_out(np.random.default_rng(1), counts, int(number))
        assert taken.sum() == number and (taken >= 0).all() and (taken <= counts).all()
        assert taken.shape == counts.shape
        if scale > 10**8:
            assert np.abs(taken - counts * (number / counts.sum())).max() <= 1 + 1e-15 * counts.sum()


def test_pick_of_a_billionfold_place_is_quick_and_exact() -> None:
    counts = np.full(40, 25 * 10**14)
    taken = draws.pick(np.random.default_rng(2), counts, 500)
    assert taken.sum() == 500
    assert chi_square(taken, np.full(40, 1 / 40)) > ALPHA


# -- few are counted out without NumPy's checks, and are the same ---------------------------------------


@pytest.mark.parametrize("scale", [1e-7, 1e-6, 4e-6])
def test_few_are_drawn_as_numpy_draws_them(scale: float) -> None:
    """The same stream gives the same counts, whether NumPy draws or the few are counted out; cells without a chance draw nothing."""
    rng = np.random.default_rng(5)
    counts = rng.integers(1, 2_000_000, 40)
    chance = np.where(rng.random(40) < 0.2, 0.0, scale * rng.random(40))
    seen = 0
    for seed in range(200):
        found = draws.binomials(np.random.default_rng(seed), counts, chance)
        assert np.array_equal(found, np.random.default_rng(seed).binomial(counts, chance))
        seen += int(found.sum())
    assert seen > 0


def test_many_and_likely_are_left_to_numpy() -> None:
    for counts, chance in (([10**9, 3], [1e-3, 0.2]), ([4, 5, 6], [0.9, 0.1, 0.6])):
        trials, p = np.array(counts), np.array(chance)
        assert np.array_equal(draws.binomials(np.random.default_rng(1), trials, p), np.random.default_rng(1).binomial(trials, p))
    assert draws.binomials(np.random.default_rng(1), np.zeros(0, dtype=np.int64), np.zeros(0)).tolist() == []


@given(st.integers(0, 10_000), st.floats(0.0, 30.0))
@settings(max_examples=60, deadline=None)
def test_rare_counts_are_those_of_whole_arrays(seed: int, mean: float) -> None:
    rng = np.random.default_rng(seed)
    uniforms, means = rng.random((3, 20)), mean * rng.random((3, 20)) ** 4
    assert np.array_equal(draws.poisson_rare(uniforms, means), draws.poisson(uniforms, means))
    trials, chance = rng.integers(0, 400, (3, 20)), 0.5 * rng.random((3, 20)) ** 3
    assert np.array_equal(draws.binomial_rare(uniforms, trials, chance), draws.binomial(uniforms, trials, chance))
    likely = np.where(rng.random((3, 20)) < 0.5, 1.0, chance)  # certainty is no trouble
    assert np.array_equal(draws.binomial_rare(uniforms, trials, likely), draws.binomial(uniforms, trials, likely))
    nobody = np.full((3, 20), -1.0)  # a uniform below every chance: nobody, however many there are
    assert not draws.binomial_rare(nobody, np.full((3, 20), 10**12), np.full((3, 20), 0.3)).any()
