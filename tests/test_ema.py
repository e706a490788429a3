"""The EMA workbench on our studies: its tables, feature scores, and planted boxes that PRIM and CART must find."""

from __future__ import annotations

import importlib.util
import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from study_in_memory import FloatArray, floats, generator, noisy, of, study_of

from agents.errors import InputError
from experiments.analysis import cart, ema, features, prim, to_ema
from experiments.analysis.boxes import Box, Limit, Merit, box_of, merit, pruned, quasi_p
from experiments.analysis.cases import cases_of, rules_of
from experiments.analysis.finding import Finding
from experiments.analysis.study import Study
from experiments.figures import style
from experiments.study import designs
from experiments.study.designs import Design
from experiments.study.factors import Factor

HAVE = importlib.util.find_spec("ema_workbench") is not None and importlib.util.find_spec("sklearn") is not None
needs_ema = pytest.mark.skipif(not HAVE, reason="needs the EMA workbench: pip install 'marchland[ema]'")
POLICY = Factor("policy@policies.north", "policy", values=("status_quo", "hardline", "conciliatory"))
FACTORS = (*floats(3), Factor("parameters.section.days", "int", 1.0, 8.0), POLICY)


def planted(design: Design) -> FloatArray:
    """One in the box x1 > 0.6, x2 < 0.5, policy not status_quo; zero elsewhere."""
    return np.array([float(p[0] > 0.6 and p[1] < 0.5 and p[4] != "status_quo") for p in design.points])  # type: ignore[operator]


@pytest.fixture(scope="module")
def study() -> Study:
    design = designs.lhs(FACTORS, 400)
    return study_of(design, noisy(planted(design), 3, 0.2))


# ---------------------------------------------------------------- to_ema


def test_columns_are_those_of_the_workbench(study: Study) -> None:
    experiments, outcomes = to_ema(study)
    assert list(experiments.columns) == [*(factor.key for factor in FACTORS), "scenario", "policy", "model"]
    assert experiments["parameters.section.x1"].dtype == np.float64
    assert experiments["parameters.section.days"].dtype == np.int64
    assert isinstance(experiments[POLICY.key].dtype, pd.CategoricalDtype)
    assert list(experiments[POLICY.key].cat.categories) == list(POLICY.values)
    assert set(experiments["policy"]) == {"policy of north=status quo", "policy of north=hardline", "policy of north=conciliatory"}
    assert len(experiments) == 400 and experiments["scenario"].nunique() == 400
    np.testing.assert_allclose(outcomes["attacks"], study.values("attacks").mean(axis=1))


def test_one_world_is_one_scenario() -> None:
    design = designs.grid([Factor("parameters.section.x1", "choice", values=(0.1, 0.2)), POLICY])
    experiments, _ = to_ema(study_of(design, np.arange(6.0)))
    assert experiments["scenario"].tolist() == [0, 0, 0, 1, 1, 1]
    assert experiments["policy"].nunique() == 3


def test_ways_of_replicates(study: Study) -> None:
    table = study.results.copy()
    table.loc[table["point"] == 7, "status"] = "failed"  # a point without any finished run
    table.loc[3, "status"] = "failed"  # point 1, replicate 0
    table.loc[table["status"] == "failed", "attacks"] = np.nan
    broken = replace(study, results=table)
    for way, shape in (("mean", (399,)), ("keep", (399, 3)), ("runs", (1196,))):
        experiments, outcomes = to_ema(broken, ["attacks"], replicates=way)
        assert outcomes["attacks"].shape == shape and len(experiments) == shape[0]
    kept = to_ema(broken, replicates="keep")[1]["attacks"]
    assert np.isnan(kept[1, 0]) and np.isnan(kept).sum() == 1
    assert to_ema(broken)[1]["attacks"][1] == pytest.approx(study.values("attacks")[1, 1:].mean())
    experiments, outcomes = to_ema(broken, replicates="runs")
    row = int(np.flatnonzero(experiments["parameters.section.x1"] == study.points["parameters.section.x1"][2])[0])
    np.testing.assert_array_equal(outcomes["attacks"][row : row + 3], study.values("attacks")[2])
    with pytest.raises(InputError, match="replicates=all"):
        to_ema(study, replicates="all")
    with pytest.raises(InputError, match="attcks"):
        to_ema(study, ["attcks"])


def test_series_are_runs_by_days(study: Study, tmp_path: Path) -> None:
    (tmp_path / "series").mkdir()
    done = study.results
    frame = pd.DataFrame({"run_id": np.repeat(done["run_id"].to_numpy(), 4), "day": np.tile(np.arange(4, dtype=np.int32), len(done))})
    frame["date"] = pd.Timestamp("2001-01-01") + pd.to_timedelta(frame["day"], unit="D")
    frame["kind"], frame["actor"], frame["variable"] = "region", "region", "deaths"
    frame["value"] = np.repeat(done["point"].to_numpy() * 10.0 + done["replicate"].to_numpy(), 4) + frame["day"]
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), tmp_path / "series" / "part-00000000-0.parquet")
    kept = replace(study, folder=tmp_path)
    days = np.arange(4.0)
    _, outcomes = to_ema(kept, series=["deaths"])
    np.testing.assert_allclose(outcomes["deaths"], np.arange(400)[:, None] * 10.0 + 1.0 + days)
    assert to_ema(kept, series=["deaths"], replicates="keep")[1]["deaths"].shape == (400, 3, 4)
    runs = to_ema(kept, series=["deaths"], replicates="runs")[1]["deaths"]
    np.testing.assert_allclose(runs[:4, 0], [0.0, 1.0, 2.0, 10.0])
    with pytest.raises(InputError, match="no daily series"):
        to_ema(study, series=["deaths"])


@needs_ema
def test_the_workbench_analyses_our_tables(study: Study) -> None:
    experiments, outcomes = to_ema(study)
    scoring = ema.workbench("test", "analysis.feature_scoring")
    scores = scoring.get_feature_scores_all(experiments.drop(columns=["policy"]), outcomes, random_state=1, max_features=2)
    assert set(scores["attacks"].nlargest(3).index) == {"parameters.section.x1", "parameters.section.x2", POLICY.key}
    limits = ema.find_boxes(experiments.drop(columns=["policy", "model", "parameters.section.days"]), outcomes["attacks"] > 0.5, 0.05)[-1]
    assert limits["parameters.section.x1"][0] == pytest.approx(0.6, abs=0.05)
    assert limits[POLICY.key][0] == {"hardline", "conciliatory"}
    tree = ema.workbench("test", "analysis.cart")
    grown = tree.CART(experiments[[factor.key for factor in FACTORS[:3]]], (outcomes["attacks"] > 0.5).astype(int))
    grown.build_tree()
    assert max(one["density"] for one in grown.stats) > 0.5


# ---------------------------------------------------------------- cases


def test_rules(study: Study) -> None:
    (rule,) = rules_of(study, ["attacks"], "")
    assert (rule.outcome, rule.sign) == ("attacks", ">=") and "the worst" in rule.why
    assert cases_of(study, rule).case.mean() == pytest.approx(0.25, abs=0.01)
    two = rules_of(study, [], "attacks<0.5; attacks >= 1e-1")
    assert [one.stem for one in two] == ["attacks", "attacks_2"]
    assert [(one.sign, one.limit) for one in two] == [("<", 0.5), (">=", 0.1)]
    mean = study.values("attacks").mean(axis=1)
    np.testing.assert_array_equal(cases_of(study, two[0]).case, mean < 0.5)
    (low,) = rules_of(study_of(study.plan.design, mean, name="stability"), ["stability"], "")
    assert low.sign == "<="


@pytest.mark.parametrize(("text", "message"), [("attacks", "cannot be read"), ("attacks=3", "cannot be read"), ("attcks<3", "attcks"), (" ; ", "names no case"), ("attacks<1.2.3", "no number")])
def test_bad_rules_are_refused(study: Study, text: str, message: str) -> None:
    with pytest.raises(InputError, match=f"^interest=.*{message}"):
        rules_of(study, ["attacks"], text)


# ---------------------------------------------------------------- features, PRIM, CART


@needs_ema
def test_feature_scores_part_factors_from_a_dummy(study: Study) -> None:
    (found,) = features.features(study, ["attacks"], trees=60, resamples=8)
    assert found.table["above"].tolist() == [True, True, False, False, True]
    assert found.table["R2_unseen"][0] > 0.4 and found.table["score"].sum() < 1.0  # the rest is the dummy's


@needs_ema
def test_prim_finds_the_planted_box(study: Study) -> None:
    found, path = prim.prim(study, [], cases="attacks>0.5", resamples=4)
    table = found.table.set_index("factor")
    assert set(table.index) == {"parameters.section.x1", "parameters.section.x2", POLICY.key}
    assert table["value"]["parameters.section.x1"] == pytest.approx(0.6, abs=0.03)
    assert table["value"]["parameters.section.x2"] == pytest.approx(0.5, abs=0.03)
    assert table["choices"][POLICY.key] == "hardline conciliatory"
    assert (table["coverage"] > 0.9).all() and (table["density"] > 0.9).all()
    assert (table["quasi_p"] < 1e-4).all() and (table["reappears"] > 0.8).all()
    assert (table["value_low"].dropna() <= table["value"].dropna() + 0.02).all()
    assert path.table["taken"].sum() == 1 and path.table["coverage"][0] == 1.0
    again = prim.prim(study, [], cases="attacks>0.5", resamples=4)[0].table
    assert found.table.equals(again)


@needs_ema
def test_prim_finds_nothing_in_noise() -> None:
    design = designs.lhs(floats(4), 200)
    found = prim.prim(study_of(design, generator(4).standard_normal(200)), ["attacks"], resamples=4)
    doubt = found[0].table.empty or found[0].table["reappears"].min() < prim.SURE
    assert doubt and (found[0].table.empty or any("not to be relied on" in note for note in found[0].notes))


@needs_ema
def test_cart_finds_the_planted_box(study: Study) -> None:
    (found,) = cart.cart(study, [], cases="attacks>0.5")
    top = found.table.iloc[0]
    assert top["density"] > 0.9 and top["coverage"] > 0.8
    for word in ("section.x1 > 0.", "section.x2 <= 0.", "policy of north is not status quo"):
        assert word in top["leaf"]
    assert found.table["points"].sum() == 400 and found.table["mass"].sum() == pytest.approx(1.0)
    assert found.table["coverage"].sum() == pytest.approx(1.0)
    assert "section.x3" not in "".join(found.table["leaf"]) and "section.days" not in "".join(found.table["leaf"])


@needs_ema
def test_cart_finds_nothing_in_noise() -> None:
    design = designs.lhs(floats(4), 300)
    (found,) = cart.cart(study_of(design, generator(5).standard_normal(300)), ["attacks"])
    assert found.table.empty and "no split tells" in found.says


def copied(seed: int) -> Study:
    """Noise over 48 worlds, each copied over the four values of a factor without effect."""
    sides = {"a": 4, "b": 4, "c": 3, "inert": 4}
    design = designs.grid([Factor(f"parameters.section.{name}", "choice", values=tuple(range(1, count + 1))) for name, count in sides.items()])
    return study_of(design, np.repeat(generator(seed).standard_normal(48), 4), seeds="crn")


@needs_ema
def test_copies_of_unseen_points_are_unseen() -> None:
    """Noise alone. Before, trees had a skill of 20 to 70 % on points not seen."""
    found = [cart.cart(copied(seed), ["attacks"])[0] for seed in range(12)]
    assert sum(not one.table.empty for one in found) <= 3
    scored = [features.features(copied(seed), ["attacks"], trees=40, resamples=6)[0] for seed in range(3)]
    assert all(one.table["R2_unseen"][0] < 0.2 for one in scored)
    assert sum(int(one.table["above"].sum()) for one in scored) <= 1
    assert "192 points are 48 different worlds" in " ".join(scored[0].notes)


@needs_ema
def test_an_effect_is_seen_through_copies() -> None:
    noise = copied(1)
    level = noise.points["parameters.section.a"].to_numpy(dtype=np.float64)
    study = study_of(noise.plan.design, noise.values("attacks")[:, 0] + 3.0 * level, seeds="crn")
    assert "section.a > " in cart.cart(study, ["attacks"])[0].says
    (found,) = features.features(study, ["attacks"], trees=40, resamples=8)
    assert found.table["above"].tolist() == [True, False, False, False] and found.table["R2_unseen"][0] > 0.5


@needs_ema
def test_cases_are_counted_in_worlds() -> None:
    study = copied(2)
    limit = float(np.sort(study.values("attacks")[:, 0])[-4 * 6])
    (found,) = cart.cart(study, [], cases=f"attacks>={limit:.17g}")
    assert found.table.empty and "6 of 48 different worlds are cases" in found.says


@needs_ema
@pytest.mark.parametrize("analysis", [prim.prim, cart.cart])
def test_too_few_cases_are_refused(analysis: Callable[..., list[Finding]], study: Study) -> None:
    found = analysis(study, [], cases="attacks>9")
    assert len(found) == 1 and found[0].table.empty and "0 of 400 points are cases" in found[0].says


@needs_ema
@pytest.mark.parametrize("analysis", [features.features, prim.prim, cart.cart])
def test_figures_say_n_seeds_and_config(analysis: Callable[..., list[Finding]], study: Study, tmp_path: Path) -> None:
    few = {} if analysis is cart.cart else {"resamples": 2}
    for finding in analysis(study, ["attacks"], **few):
        assert finding.draw is not None
        figure = finding.draw()
        for word in ("n = 1,200 of 1,200 runs", "seeds independent", "config 0123456789ab"):
            assert word in figure.texts[2].get_text().replace("\n", " ")
        assert style.save(figure, tmp_path / "one.png").stat().st_size > 10_000


def test_boxes() -> None:
    frame = pd.DataFrame({"a": np.linspace(0.0, 1.0, 100), "c": pd.Categorical(np.tile([0, 1], 50), categories=[0, 1])})
    case = (frame["a"] > 0.5).to_numpy() & (frame["c"] == 1).to_numpy()
    limits = pd.DataFrame({"a": [0.5, 1.0], "c": [{1}, {1}]}, dtype=object)
    box = box_of(limits, frame)
    assert box == Box((Limit("a", "low", 0.5), Limit("c", "only", frozenset({1}))))
    assert merit(box, frame, case) == Merit(1.0, 1.0, 0.25)
    assert merit(Box(()), frame, case) == Merit(1.0, 0.25, 1.0)
    idle = Limit("a", "high", 0.99)
    wide = Box((*box.limits, idle))
    assert quasi_p(wide, idle, frame, case) > 0.5 and quasi_p(wide, wide.limits[0], frame, case) < 0.001
    assert pruned(wide, frame, case) == box


@pytest.mark.parametrize("analysis", [features.features, prim.prim])
def test_without_the_workbench_it_says_what_to_install(analysis: Callable[..., list[Finding]], study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "ema_workbench"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ema_workbench", None)
    with pytest.raises(InputError, match=r"needs the EMA workbench; install it with pip install 'marchland\[ema\]'"):
        analysis(study, ["attacks"])


@needs_ema
def test_the_workbench_is_quiet_and_its_log_is_put_back(study: Study, caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("EMA")
    logger.setLevel(logging.DEBUG)
    experiments, outcomes = to_ema(study)
    ema.find_boxes(experiments[["parameters.section.x1"]], outcomes["attacks"] > 0.5, 0.05)
    assert not caplog.records and logger.level == logging.DEBUG
    logger.setLevel(logging.NOTSET)


def test_designs_that_are_not_spread_are_refused() -> None:
    with pytest.raises(InputError, match="needs design=lhs or sobol or file"):
        prim.prim(of(designs.morris(floats(2), 4), lambda unit: unit[:, 0]), ["attacks"])
