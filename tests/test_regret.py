"""Regret and Pareto fronts: worked by hand, alternatives told from worlds, luck shared or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agents.errors import InputError
from experiments.analysis.groups import direction, fit_labels
from experiments.analysis.pareto import front, pareto
from experiments.analysis.regret import interval, regret, regrets
from experiments.analysis.study import Study
from experiments.analysis.worlds import worlds_of
from experiments.figures.style import save
from experiments.study.designs import lhs
from experiments.study.factors import Factor
from tests.made_studies import choice, grid_of, made


def luck(shape: tuple[int, ...], seed: int = 1) -> NDArray[np.float64]:
    return np.random.Generator(np.random.Philox(seed)).normal(size=shape)


#: Savage's table: three acts (rows) in four states of the world; more is better.
ACTS = np.array([[10.0, 2.0, 3.0, 4.0], [6.0, 6.0, 5.0, 4.0], [0.0, 8.0, 1.0, 4.0]])


def savage() -> Study:
    return made(grid_of(policy=["a", "b", "c"], world=[1, 2, 3, 4]), {"stability": ACTS.reshape(12, 1), "attacks": -ACTS.reshape(12, 1)})


def test_regret_by_hand() -> None:
    """Best of each world: 10, 8, 5, 4. Largest regret: a 6, b 4, c 10, so b is chosen, which is best in two of four."""
    expected = np.array([[0.0, 6.0, 2.0, 0.0], [4.0, 2.0, 0.0, 0.0], [10.0, 0.0, 4.0, 0.0]])
    assert np.array_equal(regrets(ACTS, 1), expected) and np.array_equal(regrets(-ACTS, -1), expected)
    for name in ("stability", "attacks"):  # the same table upside down
        found = regret(savage(), [name])[0]
        table = found.table.set_index("alternative")
        assert list(found.table["alternative"]) == ["b", "a", "c"]
        assert list(table.loc[["a", "b", "c"], "max_regret"]) == [6.0, 4.0, 10.0] and list(table.loc[["a", "b", "c"], "mean_regret"]) == [2.0, 1.5, 3.5]
        assert list(table.loc[["a", "b", "c"], "share_best"]) == [0.5, 0.5, 0.5] and (table["worlds"] == 4).all()
        assert table.loc["a", "p90_regret"] == pytest.approx(np.quantile([0.0, 6.0, 2.0, 0.0], 0.9)) and "smallest for b (4)" in found.says


def test_the_order_of_worlds_does_not_matter() -> None:
    """In a grid with the policy last, points of one world lie together: they must be matched, not counted off."""
    turned = made(grid_of(world=[1, 2, 3, 4], policy=["a", "b", "c"]), {"stability": ACTS.T.reshape(12, 1)})
    assert regret(turned)[0].table.equals(regret(savage(), ["stability"])[0].table)


def test_shared_luck_makes_worlds_and_other_luck_does_not() -> None:
    """b is one better than a in every replicate, under noise of 100: never regretted under shared luck."""
    noise = 100.0 * luck((1, 20))
    study = made(grid_of(policy=["a", "b"]), {"stability": np.concatenate([noise, noise + 1.0])})
    table = regret(study)[0].table.set_index("alternative")
    assert table.loc["b", "max_regret"] == 0.0 and table.loc["b", "share_best"] == 1.0 and table.loc["a", "mean_regret"] == pytest.approx(1.0)
    assert (table.loc["a", "low"], table.loc["a", "high"]) == pytest.approx((1.0, 1.0)) and (table["worlds"] == 20).all()
    apart = made(grid_of(policy=["a", "b"], world=[1, 2]), {"stability": np.arange(12.0).reshape(4, 3)}, seeds="independent")
    assert (regret(apart)[0].table["worlds"] == 2).all()
    with pytest.raises(InputError, match="seeds=crn"):
        regret(made(grid_of(policy=["a", "b"]), {"stability": np.zeros((2, 3))}, seeds="independent"))


def test_failed_runs_take_their_world_with_them() -> None:
    values = np.arange(24.0).reshape(4, 6)
    found = regret(made(grid_of(policy=["a", "b"], world=[1, 2]), {"stability": values}, failed=[(0, 0), (3, 5)]))[0]
    assert (found.table["worlds"] == 10).all() and any("2 of 12 worlds" in note for note in found.notes)
    with pytest.raises(InputError, match="no state of the world"):
        regret(made(grid_of(policy=["a", "b"]), {"stability": np.zeros((2, 2))}, failed=[(0, 0), (1, 1)]))


def test_a_constant_is_nothing_to_regret(tmp_path: Path) -> None:
    found = regret(made(grid_of(policy=["a", "b"]), {"stability": np.ones((2, 1))}))[0]
    assert "nothing to regret" in found.says and (found.table["share_best"] == 1.0).all() and any("one world" in note for note in found.notes)
    assert found.draw is not None and save(found.draw(), tmp_path / "a.png").exists()


def test_fronts_by_hand() -> None:
    goods = np.array([[1.0, 5.0], [2.0, 4.0], [2.0, 3.0], [5.0, 1.0], [5.0, 1.0], [0.0, 0.0], [np.nan, 9.0]])
    assert list(front(goods)) == [True, True, False, True, True, False, False]  # equals stand beside each other
    assert list(front(np.zeros((3, 2)))) == [True, True, True]
    cube = luck((60, 3), 4)
    by_loop = [not any((other >= one).all() and (other > one).any() for other in cube) for one in cube]
    assert list(front(cube)) == by_loop


def test_the_front_and_how_sure_it_is(tmp_path: Path) -> None:
    """a is best in stability, b in attacks, c is worse than a in both; d ties with a up to luck."""
    noise = luck((4, 12), 2)
    noise += 0.05 - noise.mean(axis=1, keepdims=True)
    stability = np.array([3.0, 1.0, 2.0, 3.0])[:, None] + np.array([0.0, 0.0, 0.0, 0.3])[:, None] * noise
    attacks = np.array([30.0, 10.0, 40.0, 30.0])[:, None] + np.array([0.0, 0.0, 0.0, -3.0])[:, None] * noise
    found = pareto(made(grid_of(policy=["a", "b", "c", "d"]), {"stability": stability, "attacks": attacks}))[0]
    table = found.table.set_index("alternative")
    assert table.loc["b", "share_on_front"] == 1.0 and table.loc["c", "share_on_front"] == 0.0 and not table.loc["c", "on_front"]
    share = table["share_on_front"]  # of a and d one dominates the other, as the mean of the noise of d has it
    assert 0.02 < share["d"] < 0.98 and share["a"] + share["d"] == pytest.approx(1.0) and table.loc["a", "on_front"] != table.loc["d", "on_front"]
    assert table.loc["a", "stability"] == pytest.approx(3.0) and table.loc["b", "attacks"] == pytest.approx(10.0)
    assert found.draw is not None and save(found.draw(), tmp_path / "a.png").stat().st_size > 20_000
    turned = pareto(made(grid_of(policy=["a", "b"]), {"x": np.array([[1.0], [2.0]]), "y": np.array([[1.0], [2.0]])}), ["x:up", "y:down"])[0]
    assert turned.table["on_front"].all() and turned.table["share_on_front"].isna().all() and any("one run" in note for note in turned.notes)
    assert turned.draw is not None and save(turned.draw(), tmp_path / "b.png").exists()


def test_a_failed_run_takes_its_world_from_the_front_too() -> None:
    """b is 2 worse than a in every world; only luck 9 is bad, and b has no run there: its mean must not gain by that."""
    bad: NDArray[np.float64] = np.zeros((1, 10))
    bad[0, 9] = 100.0
    values = {name: np.concatenate([bad, bad + 2.0]) for name in ("attacks", "deaths")}
    found = pareto(made(grid_of(policy=["a", "b"]), values, failed=[(1, 9)]))[0]
    table = found.table.set_index("alternative")
    assert list(table["on_front"][["a", "b"]]) == [True, False] and list(table["attacks"][["a", "b"]]) == [0.0, 2.0]
    assert (table["runs"] == 9).all() and any("1 of 10 worlds" in note for note in found.notes) and any("1 of 20 runs" in note for note in found.notes)
    apart = pareto(made(grid_of(policy=["a", "b"], world=[1, 2]), {n: np.arange(12.0).reshape(4, 3) for n in values}, seeds="independent", failed=[(0, 0), (1, 0)]))[0]
    assert not any("worlds are left out" in note for note in apart.notes)  # each alternative still has runs in both worlds
    with pytest.raises(InputError, match="no state of the world"):
        pareto(made(grid_of(policy=["a", "b"]), {name: np.ones((2, 2)) for name in values}, failed=[(0, 0), (1, 1)]))


def test_the_interval_of_regret_counts_replicates() -> None:
    """Six worlds share their luck: intervals over worlds would be too narrow. Regret is skewed, so t holds 95 % only roughly."""
    drawn, hits, times = np.random.Generator(np.random.Philox(7)), 0, 300
    for _ in range(times):
        values = drawn.uniform(0.0, 2.0, (1, 8)) + 0.1 * drawn.uniform(-1.0, 1.0, (6, 8))  # mean 1
        low, high = interval(values.ravel(), np.tile(np.arange(8), 6))
        hits += low <= 1.0 <= high
    assert 0.91 <= hits / times <= 0.985
    noise = luck((4, 4), 9)
    few = regret(made(grid_of(policy=["a", "b"], world=[1, 2]), {"stability": noise}))[0]
    assert few.table["low"].isna().all() and any("no interval with fewer than 5" in note for note in few.notes)
    one = regret(savage(), ["stability"])[0]
    assert one.table["low"].isna().all() and any("one replicate: no interval" in note for note in one.notes)


def test_labels_are_cut_and_still_told_apart() -> None:
    same = "baseline of a government with a long name.cooperation/another"
    for labels in (
        [f"{same} {value}" for value in (0, 0.5, 1)],
        [f"{same} {a}, deportation of the undocumented from everywhere {b}" for a in (0, 1) for b in (0, 0.027)],
        ["a policy with a name that is long, one", "a policy with a name that is long, two"],
        ["x" * 60 + "a" + "y" * 60, "x" * 60 + "b" + "y" * 60], [f"{'x' * 30}{k}{'y' * 60}" for k in range(3)],
    ):  # fmt: skip
        short = fit_labels(labels, 36)
        assert len(set(short)) == len(labels) and max(map(len, short)) <= 42
    found = fit_labels([f"{same} {value}" for value in (0, 0.5, 1)], 36)
    assert [text.rpartition(" ")[2] for text in found] == ["0", "0.5", "1"]
    assert fit_labels(["a", "b"], 36) == ["a", "b"] and fit_labels([f"{same} 0.25"], 36)[0].endswith(" 0.25")


def test_levers_are_told_from_uncertainties() -> None:
    study = made(grid_of(policy=["a", "b"], world=[1, 2, 3]), {"stability": np.zeros((6, 1))})
    found = worlds_of(study, None, "regret")
    assert found.labels == ("a", "b") and [len(mine) for mine in found.points] == [3, 3] and found.crossed
    both = worlds_of(study, ["policy of north", "world"], "regret")
    assert len(both.labels) == 6 and both.labels[0] == "a, world 1"


def test_a_sample_has_a_front_but_no_regret() -> None:
    sample = lhs([choice("policy@policies.north", "a", "b"), Factor("world", "float", 0.0, 1.0)], 16)
    study = made(sample, {"stability": luck((16, 3)), "attacks": luck((16, 3), 2)})
    assert any("did not meet the same worlds" in note for note in pareto(study)[0].notes)
    with pytest.raises(InputError, match="design=grid"):
        regret(study)


def test_wrong_use_is_one_line() -> None:
    plain = made(grid_of(policy=["a", "b"]), {"stability": np.zeros((2, 2)), "odd": np.ones((2, 2))})
    numbers = made(lhs([Factor("x", "float", 0.0, 1.0), Factor("y", "float", 0.0, 1.0)], 40), {"stability": np.zeros((40, 1))})
    for wrong, told in (
        (lambda: regret(plain, ["odd"]), "odd:up or odd:down"), (lambda: regret(plain, ["stability:best"]), "no direction"), (lambda: pareto(plain), "two outcomes"),
        (lambda: regret(plain, levers=["south"]), "levers=south"), (lambda: regret(numbers), "varies nothing"), (lambda: regret(numbers, levers=["x"]), "40 combinations"),
        (lambda: pareto(plain, ["stability", "odd:up"], draws=5), "draws=5"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=told) as caught:
            wrong()
        assert "\n" not in str(caught.value)


def test_directions() -> None:
    assert [direction(name) for name in ("stability_trade", "first_rupture", "attacks_2023", "coerced_returns", "ruptures", "returns")] == [1, 1, -1, -1, -1, 0]
