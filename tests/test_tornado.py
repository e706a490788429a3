"""Tornado charts: changes from the base are those of pairs, their intervals those of Student, and luck is not taken for effect."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import ttest_1samp

from agents.errors import InputError
from experiments.analysis.study import Study
from experiments.analysis.tornado import change, tornado
from experiments.figures.style import save
from experiments.study.designs import Design, lhs, oat
from experiments.study.factors import Factor
from tests.made_studies import choice, grid_of, made

STRONG, WEAK, POLICY = Factor("strong", "float", 0.0, 10.0), Factor("weak", "float", 0.0, 1.0), choice("policy@policies.north", "soft", "firm", "hard")


def luck(shape: tuple[int, ...], seed: int = 1) -> NDArray[np.float64]:
    return np.random.Generator(np.random.Philox(seed)).normal(size=shape)


def base_design() -> Design:
    return oat([STRONG, WEAK, POLICY], [4.0, 0.5, "firm"])


def outcome(design: Design, noise: NDArray[np.float64]) -> NDArray[np.float64]:
    """3 a unit of the strong factor, nothing for the weak one, -5 for hard; the same luck at all points."""
    mean = [3.0 * float(str(p[0])) - 5.0 * (p[2] == "hard") for p in design.points]
    return np.array(mean)[:, None] + noise


def test_changes_are_those_of_pairs_and_sorted_by_size() -> None:
    design = base_design()
    found = tornado(made(design, {"stability": outcome(design, 100.0 * luck((1, 6)))}))[0]
    table = found.table.set_index(["factor", "value"])
    assert table.loc[("strong", "0"), "change"] == pytest.approx(-12.0) and table.loc[("strong", "10"), "change"] == pytest.approx(18.0)
    assert table.loc[("policy of north", "hard"), "change"] == pytest.approx(-5.0) and table.loc[("policy of north", "soft"), "change"] == pytest.approx(0.0)
    assert list(dict.fromkeys(found.table["factor"])) == ["strong", "policy of north", "weak"]
    assert table.loc[("strong", "10"), "sure"] and (table["pairs"] == 6).all() and "strong = 10" in found.says


def test_intervals_are_students_over_replicates() -> None:
    design = base_design()
    values = outcome(design, luck((len(design.points), 7)))
    found = tornado(made(design, {"stability": values}), level=0.9)[0].table.set_index(["factor", "end"])
    high = next(p for p, point in enumerate(design.points) if point[0] == 10.0)
    by_library = ttest_1samp(values[high] - values[0], 0.0).confidence_interval(0.9)
    assert tuple(found.loc[("strong", "high"), ["low", "high"]]) == pytest.approx((by_library.low, by_library.high))


def test_luck_alone_is_sure_as_often_as_stated() -> None:
    """Twelve ends without effect, 150 studies: 5 % of intervals leave out 0 (within 4 standard errors)."""
    design = oat([Factor(f"f{k}", "float", 0.0, 1.0) for k in range(6)], [0.5] * 6)
    sure = [tornado(made(design, {"stability": luck((13, 5), seed)}))[0].table["sure"] for seed in range(150)]
    rate = float(np.concatenate(sure).mean())
    assert abs(rate - 0.05) < 4 * math.sqrt(0.05 * 0.95 / 150 / 3)  # ends share their base: fewer than 1800 are independent


def test_equal_counts_are_no_proof() -> None:
    """Counts under no effect, two replicates: differences that agree (+1, +1) are chance, in a quarter of studies before."""
    design = oat([Factor("a", "float", 0.0, 1.0), Factor("b", "float", 0.0, 1.0)], [0.5, 0.5])
    drawn = np.random.Generator(np.random.Philox(4))
    told = sum(bool(tornado(made(design, {"attacks": drawn.poisson(0.5, (5, 2)).astype(float)}))[0].table["sure"].any()) for _ in range(150))
    assert told / 150 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 150)
    twice = np.array([[1.0, 2.0], [2.0, 3.0], [1.0, 2.0], [1.0, 3.0], [1.0, 2.0]])
    found = tornado(made(design, {"attacks": twice}))[0]
    assert not found.table["sure"].any() and "No change can be told" in found.says and any("agree exactly" in note for note in found.notes)
    alike = made(design, {"attacks": np.repeat(np.array([[1.0], [2.0], [1.0], [1.0], [1.0]]), 2, axis=1)})
    assert tornado(alike)[0].table["sure"].sum() == 1  # replicates agree everywhere: no luck in this outcome
    assert not math.isnan(change(np.ones(5), 0.95).low) and math.isnan(change(np.ones(4), 0.95).low)


def test_a_grid_of_two_levels_gives_half_main_effects() -> None:
    """y = 2 a + 10 b with b 0 or 3, a 1 or 5, and an interaction that has no main effect."""
    a, b = np.array([1, 1, 5, 5.0]), np.array([0, 3, 0, 3.0])
    values = (2 * a + 10 * b + 7 * (a - 3) * (b - 1.5))[:, None] + luck((1, 4))
    found = tornado(made(grid_of(a=[1, 5], b=[0, 3]), {"stability": values}))[0]
    table = found.table.set_index(["factor", "end"])["change"]
    assert table.to_dict() == pytest.approx({("b", "low"): -15.0, ("b", "high"): 15.0, ("a", "low"): -4.0, ("a", "high"): 4.0})
    assert any("interactions" in note for note in found.notes)


@pytest.fixture
def bare() -> Study:
    design = base_design()
    return made(design, {"stability": outcome(design, luck((1, 1)))})


def test_one_replicate_has_changes_but_no_interval(bare: Study, tmp_path: Path) -> None:
    found = tornado(bare)[0]
    assert found.table["low"].isna().all() and not found.table["sure"].any() and any("no interval" in note for note in found.notes)
    assert "luck cannot be told" in found.says and found.draw is not None and save(found.draw(), tmp_path / "a.png").exists()


def test_constants_failures_and_missing_bases(tmp_path: Path) -> None:
    design = base_design()
    still = tornado(made(design, {"stability": np.ones((len(design.points), 5))}))[0]
    assert (still.table["change"] == 0.0).all() and not still.table["sure"].any() and "No factor changes it" in still.says
    values = outcome(design, luck((1, 4)))
    some = tornado(made(design, {"stability": values}, failed=[(0, 1), (1, 2)]))[0]
    assert set(some.table["pairs"]) == {2, 3} and any("2 of 28" in note for note in some.notes)
    none = tornado(made(design, {"stability": values}, failed=[(0, r) for r in range(4)]))[0]
    assert (none.table["pairs"] == 0).all() and none.table["change"].isna().all() and "No pair" in none.says
    for found in (still, some, none):
        assert found.draw is not None and save(found.draw(), tmp_path / "a.png").exists()
    assert math.isnan(change(np.array([np.nan]), 0.95).mean)


def test_other_designs_are_told_what_to_use_instead() -> None:
    sample = made(lhs([STRONG, WEAK], 8), {"stability": np.zeros((8, 2))})
    cross = made(grid_of(a=[1, 2, 3], b=[1, 2]), {"stability": np.zeros((6, 2))})
    for wrong, told in ((lambda: tornado(sample), "pawn"), (lambda: tornado(cross), "phase"), (lambda: tornado(cross, level=2.0), "level=2")):
        with pytest.raises(InputError, match=told) as caught:
            wrong()
        assert "\n" not in str(caught.value)
