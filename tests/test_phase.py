"""Phase diagrams: cells hold what they should, two states are found and one is not, and the dip is exactly the dip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import linprog

from agents.errors import InputError
from experiments.analysis.bimodal import DipTest, dip, lattice, spread_ties, two_groups
from experiments.analysis.phase import phase
from experiments.figures.style import save
from experiments.study.designs import lhs, oat
from experiments.study.factors import Factor
from tests.made_studies import grid_of, made


def luck(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def least_distance(values: NDArray[np.float64]) -> float:
    """The dip by its definition: the nearest distribution with one mode, by linear programming over every mode."""
    x = np.sort(values)
    n = len(x)
    best = 1.0
    for mode in range(n):  # unknown: the value at each point, the value left of the mode's jump, the distance
        rows, bound = [], []

        def add(row: NDArray[np.float64], limit: float, rows: list[NDArray[np.float64]] = rows, bound: list[float] = bound) -> None:
            rows.append(row)
            bound.append(limit)

        def unit(index: int) -> NDArray[np.float64]:
            return np.eye(n + 2)[index]

        def slope(i: int, mode: int = mode) -> NDArray[np.float64]:
            return (unit(n if i + 1 == mode else i + 1) - unit(i)) / (x[i + 1] - x[i])

        for i in range(n):
            add(unit(n if i == mode else i) - unit(n + 1), i / n)
            add(-unit(i) - unit(n + 1), -(i + 1) / n)
        add(unit(n) - unit(mode), 0.0)
        for i in range(n - 2):
            if i + 2 <= mode:
                add(slope(i) - slope(i + 1), 0.0)
            elif i >= mode:
                add(slope(i + 1) - slope(i), 0.0)
        for i in range(n - 1):
            add(-slope(i), 0.0)
        best = min(best, float(linprog(unit(n + 1), A_ub=np.array(rows), b_ub=bound, bounds=[(0, 1)] * (n + 2)).fun))
    return best


@pytest.mark.parametrize("n", [4, 7, 11])
def test_the_dip_is_the_distance_to_the_nearest_single_hump(n: int) -> None:
    for seed in range(4):
        drawn = luck(seed)
        for values in (drawn.random(n), np.concatenate([drawn.normal(0, 0.1, n // 2), drawn.normal(2, 0.1, n - n // 2)])):
            assert dip(values) == pytest.approx(least_distance(values), abs=1e-7)


def test_extremes_of_the_dip() -> None:
    assert dip(np.full(6, 3.0)) == pytest.approx(1 / 12)
    assert dip(np.arange(10.0)) == pytest.approx(0.05)  # evenly spread: as small as it can be
    assert dip(np.array([0.0] * 50 + [1.0] * 50)) == pytest.approx(0.25, abs=0.01)
    assert np.isnan(dip(np.array([])))
    assert two_groups(np.array([0.0, 0.0, 4.0])) == (0.0, 4.0, pytest.approx(1 / 3))


def test_counts_that_repeat_are_not_two_states() -> None:
    """Runs with 0 or 1 truces differ by one event; spread over their units, the counts are one hump."""
    test = DipTest(1000, 1)
    counts = np.array([0.0] * 10 + [1.0] * 10)
    assert np.all(np.diff(spread_ties(counts)) > 0) and test.test(counts)[1] > 0.5
    assert test.test(np.array([0.0] * 10 + [40.0] * 10))[1] < 0.01


def test_the_step_of_a_lattice() -> None:
    counts = luck(2).poisson(2.0, 60).astype(float)
    assert lattice(counts) == 1.0 and lattice(np.array([0.0, 40.0])) == 1.0
    assert lattice(counts / 365.0) == pytest.approx(1 / 365) and lattice(0.3 + counts / 12.0) == pytest.approx(1 / 12)
    assert lattice(np.array([0.0, 1.0, 2.5])) == pytest.approx(0.5) and lattice(np.array([0.0, 2 / 7, 5 / 7, np.nan])) == pytest.approx(1 / 7)
    assert lattice(luck(3).normal(size=40)) == 0.0 and lattice(1e6 + luck(3).random(200)) == 0.0
    assert np.all(np.diff(spread_ties(counts / 365.0)) > 0)
    continuous = luck(4).normal(size=30)
    assert np.array_equal(spread_ties(continuous), np.sort(continuous))


@pytest.mark.parametrize("what", ["means of counts", "rates"])
def test_means_and_rates_of_counts_are_not_two_states(what: str) -> None:
    """One Poisson everywhere: its means over the points of a cell, and counts a year, repeat as counts do."""
    drawn, flagged = luck(12), 0
    for _ in range(20):
        counts = drawn.poisson(0.7, (18 if what == "means of counts" else 9, 40)).astype(float)
        design = grid_of(a=[1, 2, 3], b=[1, 2, 3], c=[1, 2]) if what == "means of counts" else grid_of(a=[1, 2, 3], b=[1, 2, 3])
        table = phase(made(design, {"attacks": counts if what == "means of counts" else counts / 365.0}), draws=300)[0].table
        assert table["p"].notna().all()
        flagged += bool((table["verdict"] == "two groups").any())
    assert flagged <= 4  # P(more than 4 of 20 at 5 %) < 0.003
    apart = np.where(np.arange(40) < 20, 0.0, 40.0)[None, :] / 365.0 + np.zeros((4, 1))
    apart[0, :] = np.arange(40) % 3 / 365.0
    table = phase(made(grid_of(a=[1, 2], b=[1, 2]), {"attacks": apart}), draws=300)[0].table
    assert (table["verdict"] == "two groups").tolist() == [False, True, True, True]  # the study's step, not the cell's


def test_a_diagram_that_tests_nothing_says_so(tmp_path: Path) -> None:
    study = made(grid_of(a=[1, 2], b=[1, 2]), {"stability": cusp(40, 1)[1:5]})
    for test in (True, False):
        found = phase(study, test=test)[0]
        assert found.draw is not None
        figure = found.draw()
        texts = " ".join(text.get_text() for text in figure.texts)
        assert ("Diamonds" in texts) == ("dip test" in texts) == ("two groups" in found.says) == test
        assert (set(found.table["verdict"]) == {"not tested"}) == (not test) and not any("not tested" in note for note in found.notes)
        save(figure, tmp_path / "a.png")
    few = phase(made(grid_of(a=[1, 2], b=[1, 2]), {"stability": cusp(4, 1)[1:5]}))[0]
    assert few.draw is not None and "Diamonds" not in few.draw().texts[1].get_text()


def test_replicates_that_lack_a_point_are_no_second_state() -> None:
    """Two points far apart in a cell, each without a third of its runs: means over what is there would form groups."""
    values = np.array([0.0, 100.0])[None, :, None] + luck(3).normal(size=(4, 2, 30))
    gone = [(2 * cell + point, r) for cell in range(4) for point in range(2) for r in range(10 * point, 10 * point + 10)]
    table = phase(made(grid_of(a=[1, 2], b=[1, 2], c=[1, 2]), {"stability": values.reshape(8, 30)}, failed=gone), draws=300)[0].table
    assert (table["units"] == 10).all() and not (table["verdict"] == "two groups").any()


def cusp(runs: int, seed: int) -> NDArray[np.float64]:
    """Final states of dx = r + 1.2 x - x^3 with noise, from both sides of 0, for six r from -1.2 to 1.2, (6, runs)."""
    drawn, r = luck(seed), np.linspace(-1.2, 1.2, 6)[:, None]
    x = drawn.normal(0.0, 0.5, (6, runs))
    for _ in range(400):
        x = x + 0.05 * (r + 1.2 * x - x**3) + 0.03 * drawn.standard_normal(x.shape)
    return x


def test_two_states_are_flagged_where_they_are_and_only_there() -> None:
    """The fold of dx = r + 1.2 x - x^3 lies at |r| = 0.506: two states at r = -0.24 and 0.24, one elsewhere."""
    state = cusp(40, 1)
    study = made(grid_of(r=[-1.2, -0.72, -0.24, 0.24, 0.72, 1.2], other=[1, 2]), {"stability": np.repeat(state, 2, axis=0) + 1e-9 * np.arange(12)[:, None]})
    found = phase(study)[0]
    table = found.table
    assert set(table.loc[table["verdict"] == "two groups", "r"]) == {"-0.24", "0.24"}
    assert set(table["verdict"]) == {"two groups", "one group"} and "4 of 12 tested cells" in found.says
    inner = table[(table["r"] == "0.24") & (table["other"] == "1")].iloc[0]
    assert inner["n"] == 40 and inner["low_group"] < -0.7 and inner["high_group"] > 0.9
    assert inner["disagreement"] > table.loc[table["r"] == "1.2", "disagreement"].max() * 10


def test_noise_with_one_hump_is_flagged_at_no_more_than_the_stated_rate() -> None:
    """Skewed, normal and uniform noise, 36 cells x 12 replicates: some cell is flagged in at most 5 % of studies (binomial, p > 0.001)."""
    drawn, flagged, studies = luck(5), 0, 40
    for at in range(studies):
        noise = (drawn.exponential(1.0, (36, 12)), drawn.normal(size=(36, 12)), drawn.random((36, 12)))[at % 3]
        table = phase(made(grid_of(a=list(range(6)), b=list(range(6))), {"stability": noise + np.arange(36)[:, None]}), draws=1000)[0].table
        assert (table["p"] > 0).all()
        flagged += bool((table["verdict"] == "two groups").any())
    assert flagged <= 7  # P(more than 7 of 40 at 5 %) < 0.001


def test_shared_luck_within_a_cell_is_no_second_state() -> None:
    """Three points a cell under the same 12 lucks: 36 runs are 12 draws three times, and clumps of three are not two groups."""
    drawn, flagged = luck(8), 0
    design = grid_of(a=[1, 2, 3, 4], b=[1, 2, 3], c=[1, 2, 3])
    for _ in range(30):
        noise = drawn.random((12, 1, 12)) + 1e-6 * drawn.random((12, 3, 12))
        table = phase(made(design, {"stability": noise.reshape(36, 12)}), draws=500)[0].table
        assert (table["units"] == 12).all() and (table["n"] == 36).all()
        flagged += bool((table["verdict"] == "two groups").any())
    assert flagged <= 6
    apart = made(design, {"stability": drawn.random((36, 12))}, seeds="independent")
    assert (phase(apart, draws=500)[0].table["units"] == 36).all()


def test_means_threshold_and_disagreement_by_hand() -> None:
    values = np.array([[0.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0], [2.0, 4.0, 2.0, 4.0], [0.0, 0.0, 1.0, 1.0]])
    study = made(grid_of(x=[1, 2], y=[1, 2]), {"stability": values})
    table = phase(study, x="x", y="y", threshold=0.5)[0].table.set_index(["x", "y"])
    assert table.loc[("1", "1"), "mean"] == 0.75 and table.loc[("1", "1"), "disagreement"] == 0.25
    assert table.loc[("2", "1"), "mean"] == 3.0 and table.loc[("2", "1"), "share_above"] == 1.0 and table.loc[("2", "2"), "disagreement"] == 0.5
    without = phase(study)[0]
    spread = np.std([0.75, 0.0, 3.0, 0.5], ddof=1)
    assert without.table["disagreement"].max() == pytest.approx(np.sqrt(4 / 3) / spread)
    assert set(without.table["verdict"]) == {"not enough runs"} and "Not enough runs in any cell" in without.says


def test_bins_of_a_sample_hold_its_points(tmp_path: Path) -> None:
    design = lhs([Factor("a", "float", 0.0, 1.0), Factor("b", "log", 1.0, 100.0), Factor("c", "float", 0.0, 1.0)], 60)
    a = np.array([float(str(point[0])) for point in design.points])
    study = made(design, {"stability": a[:, None] + np.zeros((60, 3))})
    found = phase(study, bins=5)[0]
    assert len(found.table) == 25 and found.table["n"].sum() == 180 and found.table["points"].sum() == 60
    for label, rows in found.table.groupby("a"):
        low, high = (float(word) for word in str(label).split(" to "))
        assert rows["mean"].dropna().between(low, high).all()
    assert any("differ in c" in note for note in found.notes)
    assert found.draw is not None and save(found.draw(), tmp_path / "a.png").stat().st_size > 20_000


@pytest.mark.parametrize("shape", ["constant", "one replicate", "failed", "all of a cell failed"])
def test_extremes_are_drawn_and_told(shape: str, tmp_path: Path) -> None:
    values = np.ones((4, 1 if shape == "one replicate" else 12)) * (1.0 if shape == "constant" else np.arange(4.0)[:, None])
    failed = {"failed": [(0, 0)], "all of a cell failed": [(1, r) for r in range(12)]}.get(shape, [])
    found = phase(made(grid_of(x=[1, 2], policy=["a", "b"]), {"stability": values}, failed=failed))[0]
    told = {"constant": "do not differ", "one replicate": "one replicate", "failed": "1 of 48", "all of a cell failed": "1 of 4 cells have no"}[shape]
    assert any(told in note for note in found.notes) and not (found.table["verdict"] == "two groups").any()
    assert found.draw is not None and save(found.draw(), tmp_path / "a.png").exists()


def test_wrong_use_is_one_line() -> None:
    study = made(grid_of(x=[1, 2], y=[1, 2]), {"stability": np.zeros((4, 2))})
    base = oat([Factor("x", "float", 0.0, 1.0), Factor("y", "float", 0.0, 1.0)], [0.5, 0.5])
    for wrong, told in (
        (lambda: phase(study, "stabilty"), "did you mean 'stability'"), (lambda: phase(study, x="z"), "x=z"), (lambda: phase(study, x="x", y="x"), "same factor"),
        (lambda: phase(study, bins=1), "bins=1"), (lambda: phase(made(base, {"stability": np.zeros((5, 2))})), "design=oat"),
        (lambda: phase(made(grid_of(x=[1, 2]), {"stability": np.zeros((2, 2))})), "needs two factors"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=told) as caught:
            wrong()
        assert "\n" not in str(caught.value)
