"""Early warning: a fold is seen coming, noise is not, and each part of the method does what it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import kendalltau, mannwhitneyu

from agents.errors import InputError
from experiments.analysis.finding import Finding
from experiments.analysis.slowing import auc, auc_interval, detrended, kendall, roc, rolling, surrogates
from experiments.analysis.warning import segments, warning
from experiments.figures.style import save
from tests.made_studies import grid_of, made, write_series

WEEKS = 100
HOSTILITY = ("government", "north", "hostility/south")


def luck(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def fold(runs: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """dx = r + x - x^3 with noise; in the first half of the runs r rises to the fold at 0.385, in the others it stays."""
    drawn, x = luck(seed), np.full(runs, -1.0)
    moves = np.arange(runs) < runs // 2
    out, first = np.empty((runs, 7 * WEEKS)), np.full(runs, np.nan)
    for week in range(WEEKS):
        r = np.where(moves, -0.3 + 0.685 * week / (0.85 * WEEKS), -0.3)
        for _ in range(10):
            x = x + 0.1 * (r + x - x**3) + 0.028 * drawn.standard_normal(runs)
        out[:, 7 * week : 7 * week + 7] = x[:, None]
        first[moves & np.isnan(first) & (x > 0.3)] = 7 * week
    return out, first


def noise(runs: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """White noise with events at random days in the first half of the runs."""
    drawn = luck(seed)
    out = np.repeat(drawn.standard_normal((runs, WEEKS)), 7, axis=1)
    return out, np.where(np.arange(runs) < runs // 2, drawn.integers(330, 7 * WEEKS, runs).astype(float), np.nan)


def asked(made_up: tuple[NDArray[np.float64], NDArray[np.float64]], folder: Path, **options: int) -> Finding:
    """Ask for a warning of a study of two points; the first has the events."""
    out, first = made_up
    study = made(grid_of(x=[1, 2]), {"first_rupture": first.reshape(2, -1), "days": np.full((2, len(first) // 2), 7.0 * WEEKS)}, folder=folder)
    write_series(study, {HOSTILITY: out})
    return warning(study, ["rupture"], **options)[0]


def test_a_fold_is_seen_coming(tmp_path: Path) -> None:
    found = asked(fold(120, 4), tmp_path / "a")
    table = found.table.set_index("indicator")
    assert table.loc["variance", "verdict"] == "signal" and table.loc["variance", "low"] > 0.5 and "rise" in found.says
    assert table.loc["variance", "share_beyond_surrogates"] > 0.15 and table.loc["variance", "tau_with"] > 0.2
    assert found.draw is not None
    figure = found.draw()
    footer = figure.texts[2].get_text()
    assert "n = " in footer and "0123456789ab" in footer and save(figure, tmp_path / "a.png").stat().st_size > 20_000


def test_noise_is_not_beyond_the_stated_rate(tmp_path: Path) -> None:
    """White noise, 40 studies of 40 runs at level 5 %: at most 6 false signals (binomial, p > 0.003)."""
    signals = [asked(noise(40, seed), tmp_path / str(seed), surrogates=60) for seed in range(40)]
    assert sum((found.table["verdict"] == "signal").any() for found in signals) <= 6
    assert sum("No early warning" in found.says for found in signals) >= 30
    assert np.mean([found.table["share_beyond_surrogates"].mean() for found in signals]) == pytest.approx(0.05, abs=0.025)


def test_the_series_end_before_the_event_and_dates_match(tmp_path: Path) -> None:
    """Days carry their own number: weeks end 28 days before the event; those without it end on a date that an event had."""
    runs = 12
    out = np.tile(np.arange(7.0 * WEEKS), (runs, 1))
    first = np.where(np.arange(runs) < 6, 400.0 + 10.0 * np.arange(runs), np.nan)
    first[0] = 100.0  # too early for 40 weeks before it
    study = made(grid_of(x=[1, 2]), {"first_rupture": first.reshape(2, 6), "days": np.full((2, 6), 7.0 * WEEKS)}, folder=tmp_path / "s")
    write_series(study, {HOSTILITY: out})
    before, without, early = segments(study, "rupture", 40, 1)
    last = before.weeks[:, -1] + 3.0  # a week's mean is its fourth day
    assert early == 1 and list(last) == list(first[1:6] - 28.0) and before.weeks.shape == (5, 40) and (before.units, without.units) == (5, 6)
    assert set(without.weeks[:, -1] + 3.0) <= set(last)


def test_indicators_by_hand_and_by_library() -> None:
    series = luck(1).normal(size=(3, 30))
    variance, lag = rolling(series, 10)
    part = series[1, 4:14]
    apart = part - part.mean()
    assert variance[1, 4] == pytest.approx(part.var(ddof=1)) and lag[1, 4] == pytest.approx((apart[1:] * apart[:-1]).sum() / (apart**2).sum())
    assert kendall(series) == pytest.approx([kendalltau(np.arange(30), one).statistic for one in series])
    tied = np.array([1.0, 1.0, 2.0, 2.0, 3.0])
    assert kendall(tied) == pytest.approx(kendalltau(np.arange(5), tied).statistic) and kendall(np.ones(9)) == 0.0
    still = rolling(np.ones((1, 20)), 10)
    assert (still[0] == 0.0).all() and (still[1] == 0.0).all() and np.abs(detrended(np.full(20, 5.0))).max() < 1e-12


def test_surrogates_keep_what_they_should() -> None:
    drawn, series = luck(2), np.empty(4000)
    series[0] = 0.0
    for t in range(1, 4000):
        series[t] = 0.6 * series[t - 1] + drawn.normal()
    made_up = surrogates(series, 30, luck(3))
    lag = [np.corrcoef(one[1:], one[:-1])[0, 1] for one in made_up]
    assert np.mean(lag) == pytest.approx(0.6, abs=0.02) and made_up.std() == pytest.approx(series.std(), rel=0.05)
    assert (surrogates(np.ones(50), 3, luck(1)) == 0.0).all()


def test_areas_and_their_intervals() -> None:
    a, b = luck(1).normal(1.0, 1.0, 30), np.round(luck(2).normal(0.0, 1.0, 25), 1)
    assert auc(a, b) == pytest.approx(mannwhitneyu(a, b).statistic / (30 * 25))
    false, true = roc(a, b)
    assert np.trapezoid(true, false) == pytest.approx(auc(a, b)) and (false[-1], true[-1]) == (1.0, 1.0)
    assert auc(np.ones(4), np.ones(5)) == 0.5 and auc(np.ones(4), np.zeros(5)) == 1.0
    low, high = auc_interval(1.0, 10, 10, 0.95)
    assert 0.6 < low < 0.95 and high == 1.0 and auc_interval(0.0, 10, 10, 0.95) == (0.0, pytest.approx(1.0 - low))
    truth, hits = 0.5 * (1.0 + 0.5204998778), 0  # P(X > Y) for normals sqrt(2) * erfinv apart: Phi(1 / sqrt 2)
    for seed in range(300):
        drawn = luck(100 + seed)
        low, high = auc_interval(auc(drawn.normal(1.0, 1.0, 20), drawn.normal(0.0, 1.0, 20)), 20, 20, 0.95)
        hits += low <= truth <= high
    assert 0.92 <= hits / 300 <= 0.985


def test_too_few_runs_give_no_answer(tmp_path: Path) -> None:
    found = asked(noise(8, 1), tmp_path / "a")
    assert (found.table["verdict"] == "not enough runs").all() and found.draw is None and "Not enough to tell: 4 replicates" in found.says


def test_wrong_use_is_one_line(tmp_path: Path) -> None:
    values = {"first_rupture": np.full((2, 3), np.nan), "days": np.full((2, 3), 7.0 * WEEKS)}
    bare = made(grid_of(x=[1, 2]), values)
    calm = made(grid_of(x=[1, 2]), values, folder=tmp_path / "calm")
    write_series(calm, {HOSTILITY: np.zeros((6, 7 * WEEKS))})
    for wrong, told in (
        (lambda: warning(bare), "series=true"), (lambda: warning(calm), "nothing to be warned of"), (lambda: warning(calm, ["quarrel"]), "known: rupture"),
        (lambda: warning(calm, weeks=5), "weeks=5"), (lambda: warning(calm, surrogates=1), "surrogates=1"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=told) as caught:
            wrong()
        assert "\n" not in str(caught.value)
    assert "Not enough to tell: 0" in warning(calm, ["rupture"])[0].says
