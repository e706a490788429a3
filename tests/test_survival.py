"""Survival curves: worked by hand, at their extremes, and compared in pairs that share luck."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binomtest

from agents.errors import InputError
from experiments.analysis.study import Study
from experiments.analysis.survival import Lives, compare, curve, survival
from experiments.figures.style import save
from experiments.study.designs import oat
from experiments.study.factors import Factor
from tests.made_studies import choice, grid_of, made

NEVER = math.nan


def lives(days: list[float], event: list[int]) -> Lives:
    return Lives(np.array(days), np.array(event, dtype=bool))


def test_a_curve_worked_by_hand() -> None:
    """Freireich et al. (1963), 6-MP arm, as in every textbook: S(6) = 0.857, S(10) = 0.753, S(23) = 0.448."""
    days = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    event = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    table = curve(lives([float(d) for d in days], event)).set_index("day")
    expected, share = {}, 1.0
    for day, at_risk, dead in ((6, 21, 3), (7, 17, 1), (10, 15, 1), (13, 12, 1), (16, 11, 1), (22, 7, 1), (23, 6, 1)):
        share *= 1.0 - dead / at_risk
        expected[day] = (at_risk, dead, share)
    for day, (at_risk, dead, share) in expected.items():
        assert tuple(table.loc[day, ["at_risk", "events", "survival"]]) == pytest.approx((at_risk, dead, share))
    assert table.loc[6, "survival"] == pytest.approx(0.857, abs=5e-4) and table.loc[23, "survival"] == pytest.approx(0.448, abs=5e-4)
    # Greenwood on the log-log scale at day 7, by hand.
    s, greenwood = expected[7][2], 3 / (21 * 18) + 1 / (17 * 16)
    width = 1.959964 * math.sqrt(greenwood) / abs(math.log(s))
    assert tuple(table.loc[7, ["low", "high"]]) == pytest.approx((s ** math.exp(width), s ** math.exp(-width)), abs=1e-6)


def test_no_event_and_all_events() -> None:
    none = curve(lives([100.0] * 8, [0] * 8)).iloc[-1]
    exact = binomtest(8, 8).proportion_ci(0.95)
    assert none["survival"] == 1.0 and (none["low"], none["high"]) == (pytest.approx(exact.low), 1.0)
    every = curve(lives([5.0, 6.0, 7.0], [1, 1, 1]))
    assert list(every["survival"]) == pytest.approx([1.0, 2 / 3, 1 / 3, 0.0])
    assert (every["low"].iloc[-1], every["high"].iloc[-1]) == (0.0, pytest.approx(binomtest(0, 3).proportion_ci(0.95).high))
    assert curve(lives([0.0, 9.0], [1, 0]))["survival"].iloc[0] == 0.5  # an event on the first day
    assert not len(curve(lives([], [])))
    for table in (curve(lives([100.0] * 8, [0] * 8)), every):
        assert not table.isna().any(axis=None) and (table["low"] <= table["survival"]).all() and (table["survival"] <= table["high"]).all()


def test_intervals_cover_as_stated() -> None:
    """Exponential lives censored at 1, 60 runs, 400 times: the interval at the end covers exp(-1) in 93 to 97 %."""
    drawn = np.random.Generator(np.random.Philox(3))
    hits = 0
    for _ in range(400):
        life = drawn.exponential(1.0, 60)
        last = curve(Lives(np.minimum(life, 1.0), life < 1.0)).iloc[-1]
        hits += bool(last["low"] <= math.exp(-1) <= last["high"])
    assert 0.93 <= hits / 400 <= 0.975


def test_intervals_cover_as_stated_when_runs_share_luck() -> None:
    """12 lucks at 5 points that share them wholly: 60 runs that are 12. Taken for 60, intervals would cover 60 %."""
    drawn = np.random.Generator(np.random.Philox(5))
    hits = alone = 0
    for _ in range(400):
        life = np.tile(drawn.exponential(1.0, 12), 5)
        runs = Lives(np.minimum(life, 1.0), life < 1.0, np.tile(np.arange(12), 5))
        last, naive = curve(runs).iloc[-1], curve(Lives(runs.days, runs.event)).iloc[-1]
        hits += bool(last["low"] <= math.exp(-1) <= last["high"])
        alone += bool(naive["low"] <= math.exp(-1) <= naive["high"])
    assert 0.92 <= hits / 400 <= 0.985 and alone / 400 < 0.75
    own = Lives(np.arange(1.0, 9.0), np.ones(8, dtype=bool), np.arange(8))
    assert curve(own).equals(curve(Lives(own.days, own.event)))  # a unit a run: Greenwood's own


def test_logrank_by_hand() -> None:
    """Days 1, 3 against 2, 4, all events: O - E = 2 - (1/2 + 1/3 + 1/2), variance 1/4 + 2/9 + 1/4."""
    [(i, j, p)] = compare([lives([1.0, 3.0], [1, 1]), lives([2.0, 4.0], [1, 1])])
    z = (2 - (1 / 2 + 1 / 3 + 1 / 2)) / math.sqrt(1 / 4 + 2 / 9 + 1 / 4)
    assert (i, j) == (0, 1) and p == pytest.approx(math.erfc(abs(z) / math.sqrt(2)), abs=1e-9)
    nothing = compare([lives([9.0], [0]), lives([9.0], [0])])
    assert math.isnan(nothing[0][2])
    three = compare([lives([1.0, 2, 3, 4], [1] * 4), lives([90.0, 91, 92, 93], [1] * 4), lives([1.0, 2, 3, 4], [1] * 4)])
    assert three[1][2] == pytest.approx(1.0) and three[0][2] == three[2][2] <= 0.05 * 3


def paired(replicates: int, gain: float) -> Study:
    """Two policies under the same luck: the second has its rupture ``gain`` days later; runs last 400 days."""
    drawn = np.random.Generator(np.random.Philox(11)).uniform(20.0, 500.0, replicates)
    first = np.stack([drawn, drawn + gain])
    first[first >= 400.0] = NEVER
    return made(grid_of(policy=["soft", "firm"]), {"days": np.full(first.shape, 400.0), "first_rupture": first})


def test_the_paired_difference_finds_what_the_logrank_test_cannot() -> None:
    curves, pairs = survival(paired(30, 10.0))
    row = pairs.table.iloc[0]
    assert (row["group"], row["against"]) == ("firm", "soft")
    assert 0.0 < row["low"] < row["days_more"] < 10.0 and row["pairs"] == 30 and row["logrank_p_holm"] > 0.5
    assert "Share without one at the end" in curves.says and "firm has" in curves.says
    same = survival(paired(30, 0.0))[1].table.iloc[0]
    assert (same["days_more"], same["low"], same["high"]) == (0.0, 0.0, 0.0)


def test_numbers_at_risk_censoring_and_groups_add_up(tmp_path: Path) -> None:
    study = paired(30, 10.0)
    found = survival(study, ["rupture"])[0]
    for at, (label, rows) in enumerate(found.table.groupby("group", sort=False)):
        first = study.values("first_rupture")[at]
        assert label == ("soft", "firm")[at] and rows["at_risk"].iloc[0] == 30
        assert rows["events"].sum() == np.isfinite(first).sum() and rows["survival"].iloc[-1] == pytest.approx(np.isnan(first).mean())
    assert found.draw is not None and save(found.draw(), tmp_path / "a.png").stat().st_size > 20_000
    assert len(survival(study, by="none")) == 1


def test_the_largest_of_many_pairs_is_no_finding() -> None:
    """Six policies that do nothing, 15 pairs: some difference is told from luck in about 5 % of studies, not in half."""
    drawn, told, times = np.random.Generator(np.random.Philox(6)), 0, 60
    for _ in range(times):
        first = drawn.exponential(400.0, (6, 20))
        first[first > 365.0] = NEVER
        curves, pairs = survival(made(grid_of(policy=list("abcdef")), {"days": np.full((6, 20), 365.0), "first_rupture": first}))
        told += "Largest difference told from luck" in curves.says
    assert told / times <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / times)
    assert any("15 pairs" in note and "Bonferroni" in note for note in pairs.notes)


@pytest.mark.parametrize("shape", ["no event", "all at once", "one replicate", "failed"])
def test_extremes_are_drawn(shape: str, tmp_path: Path) -> None:
    first: NDArray[np.float64] = np.full((2, 1 if shape == "one replicate" else 6), NEVER if shape == "no event" else 50.0)
    study = made(grid_of(policy=["a", "b"]), {"days": np.full(first.shape, 400.0), "first_escalation": first}, failed=[(0, 0)] if shape == "failed" else [])
    found = survival(study)
    told = {"no event": "No run of 12 had an escalation: its chance within a run is below 39 % (one-sided 95 % bound from 6 runs", "all at once": "12 of 12", "one replicate": "2 of 2", "failed": "11 of 11"}[shape]
    assert told in found[0].says and any("before day 364" in note for note in found[0].notes)
    assert (len(found) == 1) == (shape == "no event")
    assert any("1 of 12 runs failed" in note for note in found[0].notes) == (shape == "failed")
    assert found[0].draw is not None and save(found[0].draw(), tmp_path / "a.png").exists()


def test_the_own_value_of_a_design_one_at_a_time_is_a_group_too() -> None:
    """The scenario's own policy is none of the factor's choices, yet point 0 runs it."""
    design = oat([choice("policy@policies.north", "soft", "hard"), Factor("x", "float", 0.0, 1.0)], ["own", 0.5])
    first = np.full((5, 3), 50.0)
    curves = survival(made(design, {"days": np.full((5, 3), 400.0), "first_rupture": first}))[0]
    assert curves.table.groupby("group", sort=False)["at_risk"].first().to_dict() == {"soft": 3.0, "hard": 3.0, "own": 9.0}


def test_wrong_use_is_one_line() -> None:
    bare = made(grid_of(x=[1, 2]), {"stability": np.zeros((2, 2))})
    for wrong, told in ((lambda: survival(bare), "first_rupture"), (lambda: survival(paired(3, 1.0), ["quarrel"]), "known: rupture"), (lambda: survival(paired(3, 1.0), level=1.5), "level=1.5")):
        with pytest.raises(InputError, match=told) as caught:
            wrong()
        assert "\n" not in str(caught.value)
