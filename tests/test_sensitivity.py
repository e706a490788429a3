"""Sensitivity analyses on formulas whose truth is known: indices, intervals, noise of replicates, and what is refused."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from study_in_memory import FIRST, TOTAL, FloatArray, floats, generator, ishigami, noisy, of, study_of

from agents.errors import InputError
from experiments.analysis import bars, noise, samples
from experiments.analysis.finding import Finding
from experiments.analysis.morris import effects_of, morris
from experiments.analysis.pawn import distances, pawn, slice_of
from experiments.analysis.regression import regression
from experiments.analysis.saltelli import blocks_of, estimate
from experiments.analysis.sobol import sobol
from experiments.analysis.study import Study
from experiments.figures import style
from experiments.study import designs
from experiments.study.designs import Design
from experiments.study.factors import Factor

needs_salib = pytest.mark.skipif(importlib.util.find_spec("SALib") is None, reason="needs SALib: pip install 'marchland[analysis]'")
POLICY = Factor("policy@policies.north", "policy", values=("status_quo", "hardline", "conciliatory"))


def linear(unit: FloatArray) -> FloatArray:
    return np.asarray(3.0 * unit[:, 0] + unit[:, 1] - 2.0 * unit[:, 2])


def column(finding: Finding, name: str) -> FloatArray:
    return finding.table[name].to_numpy(dtype=np.float64)


def holes(study: Study, rows: list[int]) -> Study:
    """Return the study with the outcome of some of its runs gone."""
    table = study.results.copy()
    table.loc[rows, "attacks"] = np.nan
    return Study(study.folder, study.plan, table, study.config_hash)


# ---------------------------------------------------------------- Sobol


@needs_salib
def test_sobol_meets_the_truth_without_noise() -> None:
    (found,) = sobol(of(designs.sobol(floats(3), 2048), ishigami), ["attacks"])
    np.testing.assert_allclose(column(found, "S1"), FIRST, atol=0.03)
    np.testing.assert_allclose(column(found, "ST"), TOTAL, atol=0.03)
    assert (column(found, "S1_low") <= column(found, "S1")).all() and (column(found, "ST") <= column(found, "ST_high")).all()


@needs_salib
@pytest.mark.parametrize("second", [False, True])
def test_with_one_replicate_the_figures_are_those_of_salib(second: bool) -> None:
    from SALib.analyze import sobol as salib

    study = of(designs.sobol(floats(3), 128, second_order=second), ishigami)
    problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[0.0, 1.0]] * 3}
    theirs = salib.analyze(problem, study.values("attacks")[:, 0], calc_second_order=second, seed=1)
    found = sobol(study, ["attacks"], resamples=20)
    for name in ("S1", "ST"):
        np.testing.assert_allclose(column(found[0], name), theirs[name], atol=1e-12)
        np.testing.assert_allclose(column(found[0], f"{name}_raw"), theirs[name], atol=1e-12)
    assert len(found) == 1 + second
    if second:
        np.testing.assert_allclose(column(found[1], "S2"), theirs["S2"][np.triu_indices(3, 1)], atol=1e-12)


@needs_salib
@pytest.mark.parametrize("replicates", [2, 5])
def test_noise_of_replicates_is_taken_off_and_told(replicates: int) -> None:
    """Noise of sd 4 (variance 16, that of the function is 13.8) makes raw totals far too large."""
    (found,) = sobol(of(designs.sobol(floats(3), 2048), ishigami, replicates, 4.0), ["attacks"])
    share = 16.0 / replicates / (13.84 + 16.0 / replicates)
    assert column(found, "noise_share")[0] == pytest.approx(share, abs=0.03)
    np.testing.assert_allclose(column(found, "ST_raw"), np.array(TOTAL) + share * (1.0 - np.array(TOTAL)), atol=0.04)
    np.testing.assert_allclose(column(found, "ST"), TOTAL, atol=0.06)
    np.testing.assert_allclose(column(found, "S1"), FIRST, atol=0.08)
    told = f"replicate noise is {column(found, 'noise_share')[0]:.0%} of the variance"
    assert any(told in note and "replicates=1" in note for note in found.notes), "about 11 would do"


@needs_salib
def test_with_one_replicate_the_guard_fires_with_its_figure() -> None:
    (found,) = sobol(of(designs.sobol(floats(3), 1024), ishigami, 1, 4.0), ["attacks"], resamples=50)
    assert any("cannot be told from effects" in note and "replicates=5" in note for note in found.notes)
    bound = next(note for note in found.notes if "may be as much as" in note)
    assert f"{column(found, 'ST').min():.0%}" in bound and column(found, "ST").min() > 0.5


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """60 studies with luck of their own: 95 % intervals miss each of six indices in few of them."""
    missed = np.zeros((2, 3))
    for seed in range(60):
        design = designs.sobol(floats(3), 128, seed=seed + 1)
        blocks = blocks_of(of(design, ishigami, 2, 4.0, seed=seed + 1), "attacks")
        pairs = samples.weights(generator(seed), 100, len(blocks.y), 2, False)
        drawn = [estimate(blocks, *pair) for pair in pairs]
        for at, (truth, values) in enumerate(((FIRST, [one.first for one in drawn]), (TOTAL, [one.total for one in drawn]))):
            low, high = samples.span(np.array(values), 0.95)
            missed[at] += (np.array(truth) < low) | (np.array(truth) > high)
    assert missed.max() <= 9, missed  # 3 expected; more than 9 of 60 comes by chance once in 1,000
    assert missed.sum() >= 3, "intervals so wide that they say nothing"


@needs_salib
def test_luck_that_all_points_share_moves_no_index() -> None:
    """Paired replicates: a shift of a whole replicate is no noise, and totals of idle factors are exactly zero."""
    design = designs.sobol([*floats(3), Factor("parameters.section.idle", "float", 0.0, 1.0)], 512)
    assert design.unit is not None
    clean = ishigami(design.unit)
    shift = 50.0 * generator(3).standard_normal(5)
    (found,) = sobol(study_of(design, clean[:, None] + shift, seeds="crn"), ["attacks"], resamples=100)
    np.testing.assert_allclose(column(found, "ST")[:3], TOTAL, atol=0.06)
    assert abs(column(found, "ST")[3]) < 1e-9
    assert column(found, "noise_share")[0] < 0.01 and not any("noise" in note for note in found.notes)


def test_luck_that_works_through_a_factor_is_taken_off_and_shown_when_paired() -> None:
    """Shared lucks turn the effect of the last factor up or down; over all lucks it has none."""
    design = designs.sobol(floats(2), 32)
    assert design.unit is not None
    totals, raw, covered = [], [], 0
    for seed in range(60):
        luck = generator(seed).standard_normal(6)
        y = 4.0 * design.unit[:, [0]] + 4.0 * (design.unit[:, [1]] - 0.5) * luck
        blocks = blocks_of(study_of(design, y, seeds="crn"), "attacks")
        totals.append(estimate(blocks).total[1])
        raw.append(estimate(blocks, clean=False).total[1])
        drawn = [estimate(blocks, *pair).total for pair in samples.weights(generator(seed), 60, len(blocks.y), 6, True)]
        low, high = samples.span(np.array(drawn), 0.95)
        covered += bool(low[1] <= 0.0 <= high[1])
    assert np.mean(raw) > 0.1 and abs(np.mean(totals)) < 0.05
    assert covered >= 48, "the intervals know that six lucks are few"


@needs_salib
def test_two_shared_lucks_are_too_few_to_correct_by() -> None:
    design = designs.sobol(floats(2), 64)
    assert design.unit is not None
    y = design.unit[:, [0]] + design.unit[:, [1]] * np.array([1.0, 0.5])
    (found,) = sobol(study_of(design, y, seeds="crn"), ["attacks"], resamples=20)
    np.testing.assert_allclose(column(found, "ST"), column(found, "ST_raw"), atol=1e-12)
    assert any("share two lucks" in note and "replicates=5" in note for note in found.notes)


@needs_salib
def test_a_failed_run_zeroes_nothing() -> None:
    study = of(designs.sobol(floats(3), 256), ishigami)
    (whole,) = sobol(study, ["attacks"], resamples=20)
    (found,) = sobol(holes(study, [7, 8, 501]), ["attacks"], resamples=20)
    np.testing.assert_allclose(column(found, "ST"), column(whole, "ST"), atol=0.05)
    assert column(found, "blocks")[0] == 254
    assert any(note.startswith("2 of 256 blocks") for note in found.notes)


@needs_salib
def test_a_missing_replicate_costs_that_replicate_only() -> None:
    study = of(designs.sobol(floats(3), 256), ishigami, 4, 1.0)
    (found,) = sobol(holes(study, [0, 400, 401]), ["attacks"], resamples=20)
    assert column(found, "blocks")[0] == 256
    assert any(note.startswith("3 replicates of blocks are left out") for note in found.notes)
    np.testing.assert_allclose(column(found, "ST"), TOTAL, atol=0.15)


@needs_salib
def test_too_many_failures_are_refused() -> None:
    study = of(designs.sobol(floats(3), 64), ishigami)
    (found,) = sobol(holes(study, list(range(0, 5 * 14, 5))), ["attacks"])
    assert found.table.empty and found.draw is None
    assert "14 of 64 blocks" in found.says and "20%" in found.says


@needs_salib
@pytest.mark.parametrize("seeds", ["crn", "independent"])
def test_constants_are_refused(seeds: str) -> None:
    design = designs.sobol(floats(2), 32)
    (found,) = sobol(study_of(design, np.full((len(design.points), 2), 0.1 + 0.2), seeds=seeds), ["attacks"])
    assert found.table.empty and "does not differ between points" in found.notes[0]


@needs_salib
def test_a_shared_luck_without_any_effect_is_a_constant() -> None:
    design = designs.sobol(floats(2), 32)
    (found,) = sobol(study_of(design, np.tile([1.0, 2.0, 7.0], (len(design.points), 1)), seeds="crn"), ["attacks"])
    assert found.table.empty


@needs_salib
def test_noise_alone_is_refused() -> None:
    design = designs.sobol(floats(3), 128)
    (found,) = sobol(study_of(design, noisy(np.zeros(len(design.points)), 3, 1.0)), ["attacks"])
    assert found.table.empty and "noise of replicates" in found.says
    assert "cannot be told apart from luck" in found.says and "replicates=" not in found.says


@needs_salib
def test_few_blocks() -> None:
    (few,) = sobol(of(designs.sobol(floats(2), 8), linear_two), ["attacks"])
    (some,) = sobol(of(designs.sobol(floats(2), 32), linear_two), ["attacks"], resamples=20)
    assert few.table.empty and "too few" in few.says
    assert any("32 blocks are few" in note for note in some.notes)


def linear_two(unit: FloatArray) -> FloatArray:
    return np.asarray(unit[:, 0] + 2.0 * unit[:, 1])


@needs_salib
def test_policies_and_whole_numbers_enter_by_the_unit_cube() -> None:
    """Half the variance by a policy that is met in a third of the points, the rest by a whole number."""
    factors = [POLICY, Factor("parameters.section.days", "int", 1.0, 4.0)]
    design = designs.sobol(factors, 1024)
    hard = np.array([point[0] == "hardline" for point in design.points], dtype=np.float64)
    days = np.array([float(str(point[1])) for point in design.points])
    (found,) = sobol(study_of(design, hard / np.sqrt(2.0 / 9.0) + days / np.sqrt(1.25)), ["attacks"], resamples=20)
    np.testing.assert_allclose(column(found, "S1"), [0.5, 0.5], atol=0.05)
    np.testing.assert_allclose(column(found, "ST"), [0.5, 0.5], atol=0.05)


# ---------------------------------------------------------------- Morris


@needs_salib
def test_morris_meets_the_truth() -> None:
    def formula(unit: FloatArray) -> FloatArray:
        return linear(unit) + 0.0 * unit[:, 3]

    (found,) = morris(of(designs.morris(floats(4), 20), formula), ["attacks"])
    np.testing.assert_allclose(column(found, "mu"), [3.0, 1.0, -2.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(column(found, "mu_star"), [3.0, 1.0, 2.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(column(found, "sigma"), 0.0, atol=1e-9)


@needs_salib
def test_morris_is_that_of_salib() -> None:
    from SALib.analyze import morris as salib

    study = of(designs.morris(floats(3), 16), ishigami)
    problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[0.0, 1.0]] * 3}
    theirs = salib.analyze(problem, study.plan.design.unit, study.values("attacks")[:, 0], seed=1)
    (found,) = morris(study, ["attacks"], resamples=50)
    for ours, name in (("mu_star", "mu_star"), ("mu", "mu"), ("sigma", "sigma"), ("sigma_raw", "sigma")):
        np.testing.assert_allclose(column(found, ours), np.asarray(theirs[name], dtype=float), rtol=1e-9, atol=1e-12)


@needs_salib
def test_morris_tells_luck_from_effect() -> None:
    def formula(unit: FloatArray) -> FloatArray:
        return linear(unit) + 0.0 * unit[:, 3]

    (found,) = morris(of(designs.morris(floats(4), 40), formula, 4, 1.0), ["attacks"])
    # An effect is a difference of two means of 4 over a step of 2/3: its noise has sd sqrt(2 / 4) * 1.5.
    np.testing.assert_allclose(column(found, "noise"), np.sqrt(2.0 / np.pi) * np.sqrt(0.5) * 1.5, rtol=0.2)
    assert np.mean(column(found, "sigma_raw") ** 2) == pytest.approx(1.125, rel=0.3)
    assert np.mean(column(found, "sigma") ** 2) < 0.4
    assert any("section.x4" in note and "luck" in note for note in found.notes)
    assert not any("section.x1" in note for note in found.notes)


@needs_salib
def test_morris_drops_whole_trajectories() -> None:
    study = of(designs.morris(floats(3), 20), linear)
    (found,) = morris(holes(study, [5, 6, 79]), ["attacks"])
    assert column(found, "trajectories")[0] == 18
    np.testing.assert_allclose(column(found, "mu_star"), [3.0, 1.0, 2.0], atol=1e-9)
    assert any(note.startswith("2 trajectories are left out") for note in found.notes)
    (refused,) = morris(holes(study, list(range(0, 80, 8))), ["attacks"])
    assert refused.table.empty and "10 of 20 trajectories" in refused.says


def test_effects_keep_the_factor_that_stepped() -> None:
    study = of(designs.morris(floats(3), 6, levels=6), linear)
    effects, dropped, lost = effects_of(study, "attacks")
    np.testing.assert_allclose(effects[:, :, 0], np.tile([3.0, 1.0, -2.0], (6, 1)), atol=1e-9)
    assert (dropped, lost) == (0, 0)


# ---------------------------------------------------------------- PAWN, regression


def test_distances_are_those_of_scipy() -> None:
    from scipy.stats import ks_2samp

    y, cut = np.round(generator(1).standard_normal(300), 1), generator(2).integers(0, 4, 300)
    np.testing.assert_allclose(distances(y, cut), [ks_2samp(y[cut == at], y).statistic for at in range(4)], atol=1e-12)


def test_slices_are_even_and_never_part_equal_values() -> None:
    assert np.bincount(slice_of(generator(1).random(200), 8)).tolist() == [25] * 8
    assert slice_of(np.repeat([3.0, 1.0, 2.0], 10), 10).tolist() == [2] * 10 + [0] * 10 + [1] * 10
    tied = np.concatenate([np.zeros(50), np.arange(1, 51)])
    assert len(set(slice_of(tied, 10)[:50])) == 1


def test_pawn_parts_factors_with_an_effect_from_others() -> None:
    found = [pawn(of(designs.lhs([*floats(4), POLICY], 500, seed), ishigami), ["attacks"], resamples=60)[0] for seed in (1, 2, 3, 4)]
    for one in found:
        assert one.table["above"][:2].all()
        assert (column(one, "PAWN_low") <= column(one, "PAWN")).all() and (column(one, "PAWN") <= column(one, "PAWN_high")).all()
    assert sum(int(one.table["above"][3:].sum()) for one in found) <= 2, "eight times a factor without effect, at 5 % each"
    assert found[0].table["slices"].tolist() == [10, 10, 10, 10, 3]


def test_pawn_is_near_that_of_salib() -> None:
    salib = pytest.importorskip("SALib.analyze.pawn", reason="needs SALib")
    study = of(designs.lhs(floats(3), 1000), ishigami)
    problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[0.0, 1.0]] * 3}
    theirs = salib.analyze(problem, study.plan.design.unit, study.values("attacks")[:, 0], S=10)
    (found,) = pawn(study, ["attacks"], resamples=5)
    np.testing.assert_allclose(column(found, "PAWN"), theirs["median"], atol=0.01)


def test_pawn_takes_the_independent_points_of_a_sobol_design() -> None:
    study = of(designs.sobol(floats(3), 128, second_order=True), ishigami)
    (found,) = pawn(study, ["attacks"], resamples=5)
    assert column(found, "rows")[0] == 256
    assert samples.spread_rows(study)[:4].tolist() == [0, 7, 8, 15]


def test_regression_meets_the_truth() -> None:
    design = designs.lhs([*floats(4), POLICY], 400)
    assert design.unit is not None
    hard = np.array([point[4] == "hardline" for point in design.points], dtype=np.float64)
    (found,) = regression(study_of(design, linear(design.unit) + hard), ["attacks"], resamples=100)
    spread = np.sqrt((9.0 + 1.0 + 4.0) / 12.0 + 2.0 / 9.0)
    expected = np.array([3.0, 1.0, -2.0, 0.0]) / np.sqrt(12.0) / spread
    np.testing.assert_allclose(column(found, "SRC"), [*expected, np.sqrt(2.0 / 9.0) / spread], atol=0.02)
    assert column(found, "R2")[0] == pytest.approx(1.0, abs=1e-9)
    assert column(found, "PRCC_low")[3] < 0.0 < column(found, "PRCC_high")[3]
    assert found.table["signed"].tolist() == [True] * 4 + [False]


def test_partial_rank_correlation_is_that_of_its_definition() -> None:
    from scipy.stats import rankdata

    design = designs.lhs(floats(3), 100)
    assert design.unit is not None
    y = ishigami(design.unit)
    (found,) = regression(study_of(design, y), ["attacks"], resamples=5)
    ranks = np.column_stack([rankdata(one) for one in (*design.unit.T, y)])
    inverse = np.linalg.inv(np.corrcoef(ranks.T))
    expected = [-inverse[at, 3] / np.sqrt(inverse[at, at] * inverse[3, 3]) for at in range(3)]
    np.testing.assert_allclose(column(found, "PRCC"), expected, atol=1e-9)
    assert any("explains" in note and "not monotonic" in note for note in found.notes)


# ---------------------------------------------------------------- noise, refusals, figures


@pytest.mark.parametrize("paired", [False, True])
def test_share_of_noise(paired: bool) -> None:
    y = noisy(generator(2).standard_normal(4000), 4, 2.0)
    y[:100, 0] = np.nan
    assert noise.share_of(y + (100.0 * np.arange(4) if paired else 0.0), paired) == pytest.approx(0.5, abs=0.03)
    assert noise.share_of(np.repeat(y[:, 1:2], 3, axis=1), paired) == pytest.approx(0.0, abs=1e-12)
    assert np.isnan(noise.share_of(y[:, :1], paired))
    assert noise.replicates_for(0.5, 4) == 36  # noise 4 over signal 1: 4 / 36 is a tenth of the sum


@pytest.mark.parametrize(("analysis", "kind"), [(sobol, "lhs"), (morris, "sobol"), (pawn, "morris"), (regression, "morris")])
def test_other_designs_are_refused(analysis: Callable[..., list[Finding]], kind: str) -> None:
    design = {"lhs": designs.lhs(floats(2), 16), "sobol": designs.sobol(floats(2), 16), "morris": designs.morris(floats(2), 4)}[kind]
    with pytest.raises(InputError, match=f"needs design=.*this study has design={kind}"):
        analysis(study_of(design, np.arange(len(design.points)) * 1.0), ["attacks"])


@needs_salib
@pytest.mark.parametrize(
    ("options", "message"),
    [({"level": 1.5}, "level=1.5 must lie between"), ({"resamples": 0}, "resamples=0 must be at least 1"), ({"seed": -1}, "seed=-1")],
)
def test_bad_options_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        sobol(of(designs.sobol(floats(2), 32), linear_two), ["attacks"], **options)  # type: ignore[arg-type]


def test_outcomes_are_checked() -> None:
    study = of(designs.lhs(floats(3), 64), linear)
    with pytest.raises(InputError, match="attcks"):
        pawn(study, ["attcks"])
    with pytest.raises(InputError, match="none given"):
        pawn(study, [])


def test_without_salib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "SALib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "SALib", None)
    for analysis, design in ((sobol, designs.sobol(floats(2), 32)), (morris, designs.morris(floats(2), 8))):
        with pytest.raises(InputError, match=r"needs SALib; install it with pip install 'marchland\[analysis\]'"):
            analysis(of(design, linear_two), ["attacks"])


def figures() -> list[tuple[Callable[..., list[Finding]], Design]]:
    return [
        (sobol, designs.sobol(floats(3), 64, second_order=True)), (morris, designs.morris(floats(30), 8)),
        (pawn, designs.lhs(floats(3), 64)), (regression, designs.lhs(floats(3), 64)),
    ]  # fmt: skip


@needs_salib
@pytest.mark.parametrize(("analysis", "design"), figures(), ids=lambda part: getattr(part, "__name__", ""))
def test_figures_say_n_interval_seeds_and_config(analysis: Callable[..., list[Finding]], design: Design, tmp_path: Path) -> None:
    for finding in analysis(of(design, linear, 2, 0.1), ["attacks"], resamples=20):
        assert finding.draw is not None
        figure = finding.draw()
        footer = figure.texts[2].get_text().replace("\n", " ")
        for word in ("n = ", "95% bootstrap interval", "seeds independent", "config 0123456789ab"):
            assert word in footer
        assert style.save(figure, tmp_path / f"{finding.name}.png").stat().st_size > 10_000
        assert finding.says and not finding.table.empty


@needs_salib
def test_the_same_seed_gives_the_same_figures() -> None:
    study = of(designs.sobol(floats(3), 64), ishigami, 2, 1.0)
    first, second = (sobol(study, ["attacks"], resamples=30)[0].table for _ in range(2))
    assert first.equals(second)
    assert not first.equals(sobol(study, ["attacks"], resamples=30, seed=2)[0].table)


def test_the_largest_are_shown_first() -> None:
    assert bars.shown(np.array([0.1, -3.0, np.nan, 2.0])).tolist() == [1, 3, 0, 2]
