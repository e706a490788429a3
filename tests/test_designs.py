"""Designs and plans: sizes, ranges, the order that SALib expects, seeds, and what is refused before the first run."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.errors import InputError
from experiments.study.designs import Design, grid, make_design, morris, oat, sobol
from experiments.study.factors import Factor, Fields, evened, is_factor, parse_factor, scale
from experiments.study.inputs import placed
from experiments.study.plan import (
    Plan,
    make_plan,
    named_classes,
    read_plan,
    roles_of,
    run_id,
    write_plan,
)
from experiments.study.task import with_values
from sim.compose import compose, session
from sim.scenario import Scenario
from sim.settings import to_tree, validate

BRANCHING, MEMORY, NEWS = "parameters.violence.branching", "parameters.violence.memory", "parameters.gravity.news_days"
X, Y = Factor("x", "float", 0.0, 1.0), Factor("y", "float", 0.0, 1.0)


@pytest.fixture(scope="module")
def folder() -> Path:
    return compose(["scenario=two_states"]).folder


@pytest.fixture(scope="module")
def base() -> dict[str, object]:
    tree = to_tree(validate(compose(["scenario=two_states"]).config))
    assert isinstance(tree, dict)
    return tree


@pytest.fixture(scope="module")
def fields(base: dict[str, object]) -> Fields:
    return Fields(base)


def design_of(kind: str, texts: list[str], fields: Fields, **options: Any) -> Design:
    return make_design(kind, texts, fields, **options)


# ---------------------------------------------------------------- factors


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{BRANCHING}=0.4..0.6", Factor(BRANCHING, "float", 0.4, 0.6)),
        (f"{MEMORY}=1..10,log", Factor(MEMORY, "log", 1.0, 10.0)),
        ("scenario.people_scale=1e-1..1e1, log", Factor("scenario.people_scale", "log", 0.1, 10.0)),
        (f"{NEWS}=1..5", Factor(NEWS, "int", 1.0, 5.0)),
        (f"{MEMORY}=2..9,int", Factor(MEMORY, "int", 2.0, 9.0)),
        (f"{BRANCHING}=0.1,0.2", Factor(BRANCHING, "choice", values=(0.1, 0.2))),
        (f"{BRANCHING}=choice(0.1,0.2)", Factor(BRANCHING, "choice", values=(0.1, 0.2))),
        (f"{NEWS}=range(1,4)", Factor(NEWS, "choice", values=(1, 2, 3))),
        ("scenario.returns=true,false", Factor("scenario.returns", "choice", values=(True, False))),
        ("scenario.rule=gravity,flee", Factor("scenario.rule", "choice", values=("gravity", "flee"))),
        (f"{MEMORY}=1,2.5", Factor(MEMORY, "choice", values=(1.0, 2.5))),
        ("policy@policies.north=hardline,conciliatory", Factor("policy@policies.north", "policy", values=("hardline", "conciliatory"))),
        ("governments.north.baseline.deportation=", Factor("governments.north.baseline.deportation", "float", 0.0, 1.0)),
        ("governments.north.baseline.cooperation/south=0.1..0.3", Factor("governments.north.baseline.cooperation/south", "float", 0.1, 0.3)),
    ],
)
def test_factors_are_read(text: str, expected: Factor, fields: Fields) -> None:
    assert parse_factor(text, fields) == expected
    assert is_factor(text)


@pytest.mark.parametrize("key", [BRANCHING, NEWS, "policies.north.params.calm", "groups.north_front.attack_rate", "levers.aid.money"])
def test_declared_ranges_are_the_default(key: str, fields: Fields) -> None:
    row = fields.declared[key]
    assert parse_factor(f"{key}=", fields) == Factor(key, "int" if row.integer else "float", row.low, row.high)


@pytest.mark.parametrize("text", ["seed=3", "scenario=two_states", "scenario.history=../a.csv", "scenario.path=/a/b.csv", "x"])
def test_one_value_is_no_factor(text: str) -> None:
    assert not is_factor(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x", "write KEY=low..high"),
        ("parameters.violence.brnching=", "did you mean 'parameters.violence.branching'"),
        ("parameters.violence=1,2", "name one, for example parameters.violence."),
        (f"{BRANCHING}=0.6..0.4", "lower bound"),
        (f"{BRANCHING}=0.6..7", "7 is outside the declared range"),
        (f"{BRANCHING}=a..b", "no range"),
        (f"{BRANCHING}=nan..0.5", "finite"),
        (f"{BRANCHING}=0..0.5,log", "above 0"),
        (f"{NEWS}=1..5,log", "whole"),
        (f"{NEWS}=1.5..5", "whole"),
        (f"{BRANCHING}=0.5", "one value only"),
        (f"{BRANCHING}=0.5,0.5", "given twice"),
        (f"{BRANCHING}=interval(0,1)", "not a list of values"),
        (f"{BRANCHING}=range(3,3)", "has no values"),
        (f"{BRANCHING}=[1", "cannot be read"),
        ("scenario.title=", "declares no range"),
        ("scenario.rule=0..1", "is no number"),
        ("seed=1,2", "give replicates=10"),
        ("scenario=two_states,pakistan_afghanistan", "make a study of each"),
        ("corner=zero,spiral", "make a study of each"),
        ("policy@policies.nort=hardline,steady", "did you mean 'north'"),
        ("policies.nobody.params.calm=0..1", "unknown key"),
    ],
)
def test_wrong_factors_are_told_in_one_line(text: str, says: str, fields: Fields) -> None:
    with pytest.raises(InputError) as caught:
        parse_factor(text, fields)
    assert says in str(caught.value) and "\n" not in str(caught.value)
    assert str(caught.value).startswith(text)


def test_the_unit_interval_is_shared_equally() -> None:
    unit = np.array([0.0, 0.249, 0.25, 0.5, 0.75, 0.9999, 1.0])
    assert scale(Factor("k", "int", 3.0, 6.0), unit) == [3, 3, 4, 5, 6, 6, 6]
    assert scale(Factor("k", "choice", values=("a", "b")), unit) == ["a", "a", "a", "b", "b", "b", "b"]
    assert scale(Factor("k", "float", -1.0, 1.0), unit[[0, 3, 6]]) == [-1.0, 0.0, 1.0]
    logs = scale(Factor("k", "log", 0.1, 1000.0), unit[[0, 2, 3, 6]])
    assert logs == [0.1, pytest.approx(1.0), pytest.approx(10.0), 1000.0]
    assert all(type(item) is int for item in scale(Factor("k", "int", 3.0, 6.0), unit))
    assert evened([1, 2.5, True]) == [1.0, 2.5, True]


# ---------------------------------------------------------------- designs


def test_the_grid_is_hydras_own_product(fields: Fields) -> None:
    texts = [f"{BRANCHING}=0.1,0.2,0.3", "policy@policies.north=hardline,conciliatory", f"{NEWS}=range(1,4)", "scenario.returns=choice(true,false)"]
    design = design_of("grid", texts, fields)
    with session(["scenario=two_states", *texts], multirun=True) as opened:
        jobs = [dict(text.split("=", 1) for text in job) for job in opened.jobs()]
    ours = [{factor.key: str(value) for factor, value in zip(design.factors, point, strict=True)} for point in design.points]
    theirs = [{key: value for key, value in job.items() if key != "scenario"} for job in jobs]
    assert ours == theirs and len(ours) == 3 * 2 * 3 * 2


def test_a_grid_takes_no_range(fields: Fields) -> None:
    for text in (f"{BRANCHING}=0.1..0.5", f"{BRANCHING}="):
        with pytest.raises(InputError, match="a grid needs its values"):
            design_of("grid", [text], fields)


def test_a_grid_without_end_is_refused() -> None:
    many = Factor("x", "choice", values=tuple(range(1000)))
    with pytest.raises(InputError, match="1,000,000,000 points"):
        grid([many, many, many])


def test_latin_hypercube_meets_every_part_once(fields: Fields) -> None:
    design = design_of("lhs", [f"{BRANCHING}=0.2..0.6", f"{NEWS}="], fields, n=50, seed=3)
    assert design.unit is not None and design.unit.shape == (50, 2)
    for column in design.unit.T:
        assert sorted(math.floor(value * 50) for value in column) == list(range(50))
    assert all(0.2 <= float(str(point[0])) <= 0.6 and type(point[1]) is int for point in design.points)


@pytest.mark.parametrize("kind", ["lhs", "sobol", "morris"])
def test_designs_follow_their_seed(kind: str, fields: Fields) -> None:
    texts = [f"{BRANCHING}=", f"{MEMORY}=1..9,log"]
    first, again, other = (design_of(kind, texts, fields, n=16, seed=seed) for seed in (5, 5, 6))
    assert first.points == again.points != other.points
    with pytest.raises(InputError, match="must not be negative"):
        design_of(kind, texts, fields, n=16, seed=-1)


def test_sobol_rows_stand_in_salibs_order() -> None:
    """Two factors, by hand: A, AB_1, AB_2, (BA_1, BA_2,) B for each base sample."""
    full = sobol([X, Y], 4, seed=2, second_order=True).unit
    short = sobol([X, Y], 4, seed=2).unit
    assert full is not None and short is not None
    assert full.shape == (4 * 6, 2) and short.shape == (4 * 4, 2)
    for block, brief in zip(full.reshape(4, 6, 2), short.reshape(4, 4, 2), strict=True):
        (a1, a2), (b1, b2) = block[0], block[5]
        assert block.tolist() == [[a1, a2], [b1, a2], [a1, b2], [a1, b2], [b1, a2], [b1, b2]]
        assert brief.tolist() == [[a1, a2], [b1, a2], [a1, b2], [b1, b2]]


def test_sobol_rows_with_three_factors() -> None:
    unit = sobol([X, Y, Factor("z", "float", 0.0, 1.0)], 2, second_order=True).unit
    assert unit is not None
    for block in unit.reshape(2, 8, 3):
        is_b = block == block[7]
        assert is_b.astype(int).tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 0], [1, 1, 1]]


def test_sobol_estimates_a_sum() -> None:
    """Total effects of x + 2y by Jansen's formula on our rows: 1/5 and 4/5."""
    unit = sobol([X, Y], 1024).unit
    assert unit is not None
    y = (unit[:, 0] + 2.0 * unit[:, 1]).reshape(1024, 4)
    total = [float(np.mean((y[:, 0] - y[:, 1 + k]) ** 2) / 2.0 / np.var(y[:, [0, 3]])) for k in range(2)]
    assert total == pytest.approx([0.2, 0.8], abs=0.01)


@pytest.mark.parametrize(("n", "near"), [(1000, "n=512 or n=1024"), (3, "n=2 or n=4"), (0, "n=512"), (-4, "n=512"), (1, "n=512")])
def test_sobol_wants_a_power_of_two(n: int, near: str) -> None:
    with pytest.raises(InputError, match=f"power of two; give.* {near}"):
        sobol([X], n)


def test_morris_trajectories_step_once_a_factor() -> None:
    """Each trajectory has D + 1 rows; each step moves one factor by 2/3 on the grid 0, 1/3, 2/3, 1."""
    factors = [Factor(name, "float", 0.0, 1.0) for name in "abc"]
    design = morris(factors, 400, seed=4)
    assert design.unit is not None and design.unit.shape == (400 * 4, 3)
    assert design.extra["trajectories"] == 400 and design.extra["levels"] == 4
    assert set(np.round(design.unit * 3.0, 9).ravel()) == {0.0, 1.0, 2.0, 3.0}
    orders = set()
    for rows in design.unit.reshape(400, 4, 3):
        steps = np.diff(rows, axis=0)
        assert np.allclose(np.abs(steps).sum(axis=1), 2.0 / 3.0)
        order = tuple(int(np.argmax(np.abs(step))) for step in steps)
        assert sorted(order) == [0, 1, 2]
        orders.add((order, tuple(bool(step.sum() > 0) for step in steps)))
    assert len(orders) == 6 * 8, "every order and direction comes up"


@pytest.mark.parametrize(("options", "says"), [({"levels": 3}, "even"), ({"levels": 0}, "even"), ({"trajectories": 1}, "at least two")])
def test_morris_is_told_what_is_wrong(options: Mapping[str, int], says: str, fields: Fields) -> None:
    with pytest.raises(InputError, match=says):
        design_of("morris", [f"{BRANCHING}="], fields, **options)


def test_one_at_a_time_starts_from_the_scenarios_values(fields: Fields) -> None:
    design = design_of("oat", [f"{BRANCHING}=0.2..0.6", f"{NEWS}=1..3", "policy@policies.north=hardline,tit_for_tat"], fields, levels=3)
    own = (fields.default(BRANCHING), fields.default(NEWS), "tit_for_tat")
    assert design.points[0] == own
    assert [point[0] for point in design.points[1:4]] == [pytest.approx(0.2), pytest.approx(0.4), pytest.approx(0.6)]
    assert all(sum(a != b for a, b in zip(point, own, strict=True)) == 1 for point in design.points[1:])
    assert [point[2] for point in design.points].count("hardline") == 1
    assert len(design.points) == 1 + 3 + 2 + 1
    with pytest.raises(InputError, match="levels=2 or more"):
        oat([X], [0.5], levels=1)


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "points.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_a_design(tmp_path: Path, fields: Fields) -> None:
    path = table(tmp_path, f"\ufeff{BRANCHING}, {NEWS},policy@policies.north,scenario.returns\n0.5,2,hardline,TRUE\n\n0.4,3,status_quo,false\n")
    design = design_of("file", [], fields, file=path)
    assert design.points == ((0.5, 2, "hardline", True), (0.4, 3, "status_quo", False))
    assert [factor.kind for factor in design.factors] == ["float", "int", "policy", "choice"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no points"),
        (f"{BRANCHING}\n", "has no points"),
        (f"{BRANCHING},\n0.5,1\n", "points.csv:1: column 2 has no name"),
        (f"{BRANCHING},seed\n0.5,1\n", "points.csv:1: column 'seed'"),
        ("parameters.violence.brnching\n0.5\n", "points.csv:1: unknown key"),
        (f"{BRANCHING},{BRANCHING}\n0.5,0.5\n", "twice"),
        (f"{BRANCHING},{NEWS}\n0.5,1\n0.5\n", "points.csv:3: 1 cells under 2 columns"),
        (f"{BRANCHING},{NEWS}\n0.5,1\n0.5,\n", f"points.csv:3: column {NEWS}: is empty"),
        (f"{BRANCHING}\n0.5\nhigh\n", f"points.csv:3: column {BRANCHING}: 'high' is no number"),
        (f"{BRANCHING}\nnan\n", f"points.csv:2: column {BRANCHING}: 'nan' is not finite"),
        ("scenario.returns\nyes\n", "points.csv:2: column scenario.returns: 'yes' is not right; give true or false"),
    ],
)
def test_wrong_files_are_told_with_line_and_column(text: str, says: str, tmp_path: Path, fields: Fields) -> None:
    with pytest.raises(InputError) as caught:
        design_of("file", [], fields, file=table(tmp_path, text))
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_designs_are_told_apart(tmp_path: Path, fields: Fields) -> None:
    for kind, texts, options, says in (
        ("soboll", [], {}, "did you mean 'sobol'"),
        ("file", [], {}, "give file=TABLE.csv"),
        ("lhs", [], {}, "no factors"),
        ("lhs", [f"{BRANCHING}=", f"{BRANCHING}="], {}, "is a factor twice"),
        ("lhs", [f"{BRANCHING}="], {"n": 0}, "at least one point"),
        ("file", [], {"file": tmp_path / "none.csv"}, "no such file"),
    ):
        with pytest.raises(InputError, match=says):
            design_of(kind, texts, fields, **options)  # type: ignore[arg-type]


# ---------------------------------------------------------------- plans


def planned(design: Design, base: dict[str, object], folder: Path, **options: Any) -> Plan:
    return make_plan(design, base, folder, **options)


def test_common_luck_and_luck_of_ones_own(base: dict[str, object], folder: Path, fields: Fields) -> None:
    design = design_of("lhs", [f"{BRANCHING}=0.2..0.6"], fields, n=10)
    common = planned(design, base, folder, replicates=3, seed=9).rows
    own = planned(design, base, folder, replicates=3, seed=9, seeds="independent").rows
    assert set(common["seed"].to_pylist()) == {9}
    assert len(set(own["seed"].to_pylist())) == 30
    assert own.equals(planned(design, base, folder, replicates=3, seed=9, seeds="independent").rows)
    assert common["replicate"].to_pylist() == [0, 1, 2] * 10
    assert common["point"].to_pylist() == [point for point in range(10) for _ in range(3)]
    assert len(set(common["run_id"].to_pylist())) == 30


def test_a_runs_id_says_what_it_is(base: dict[str, object], folder: Path, fields: Fields) -> None:
    plan = planned(design_of("grid", ["policies.north.params.calm=0.1,0.2", "policy@policies.north=hardline,conciliatory"], fields), base, folder, replicates=2)
    for run, point, replicate, seed, params in plan.runs():
        assert run == run_id(params, replicate, seed) and len(run) == 24
        assert next(iter(params)) == "policy@policies.north", "a policy is set before its parameters"
        assert params == plan.params(point)
    assert run_id({"a": 1}, 0, 1) != run_id({"a": 1}, 0, 1, "other")
    assert run_id({"a": 1, "b": 2}, 0, 1) == run_id({"b": 2, "a": 1}, 0, 1)


def test_points_that_coincide_are_runs_of_their_own(base: dict[str, object], folder: Path, fields: Fields) -> None:
    plan = planned(design_of("sobol", ["scenario.returns=true,false"], fields, n=8), base, folder)
    assert len(set(plan.rows["run_id"].to_pylist())) == 8 * 3


@pytest.mark.parametrize("options", [{"seeds": "other"}, {"replicates": 0}, {"seed": -1}, {"replicates": 10**7}])
def test_wrong_options_of_a_plan(options: dict[str, Any], base: dict[str, object], folder: Path) -> None:
    with pytest.raises(InputError, match=next(iter(options))):
        planned(grid([Factor(BRANCHING, "choice", values=(0.1, 0.2))]), base, folder, **options)


@pytest.mark.parametrize(
    ("factor", "says"),
    [
        (Factor(BRANCHING, "choice", values=(0.1, 0.2, 7.0, 8.0)), f"point 2: {BRANCHING}: 7.0 is not right; give a number from"),
        (Factor(BRANCHING, "choice", values=(0.1, math.nan, 0.3)), f"point 1: {BRANCHING}: nan is not right"),
        (Factor(BRANCHING, "choice", values=(0.1, "high")), f"point 1: {BRANCHING}: 'high' is not right"),
        (Factor(NEWS, "choice", values=(1, 2.5)), f"point 1: {NEWS}: 2.5 is not right; give a whole number"),
        (Factor("scenario.rule", "choice", values=("gravity", "walk")), "point 1: scenario.rule: 'walk' is not right; give one of"),
        (Factor("policy@policies.north", "policy", values=("hardline", "soft")), "point 1: policies.north: unknown policy 'soft'"),
        (Factor("policy@policies.north", "policy", values=("hardline", "os:path")), "point 1: policies.north: a class"),
        (Factor("policies.north.params.calm", "choice", values=(0.1, 99.0)), "point 1: policies.north.params.calm"),
        (Factor("governments.north.baseline.deportation", "choice", values=(0.1, 0.2)), "point 0: governments.north.baseline.deportation: no such slot"),
        (Factor("parameters.diplomacy.fatigue", "choice", values=(0.3, 0.1)), "point 1: parameters.diplomacy.fatigue: 0.1 must be larger"),
    ],
)
def test_the_first_wrong_row_is_told_before_any_run(factor: Factor, says: str, base: dict[str, object], folder: Path) -> None:
    with pytest.raises(InputError) as caught:
        planned(grid([factor]), base, folder)
    assert str(caught.value).startswith(says) and "\n" not in str(caught.value)


def test_a_parameter_that_one_of_the_policies_has_not(base: dict[str, object], folder: Path) -> None:
    policy = Factor("policy@policies.north", "policy", values=("tit_for_tat", "hardline"))
    with pytest.raises(InputError, match=r"point 2: policies\.north\.params\.gain"):
        planned(grid([policy, Factor("policies.north.params.gain", "choice", values=(0.1, 0.2))]), base, folder)


def test_what_is_refused_is_what_a_scenario_refuses(base: dict[str, object], folder: Path) -> None:
    """Richardson's condition, row by row, against the scenario itself."""
    reaction, fatigue = (Factor(f"parameters.diplomacy.{name}", "choice", values=values) for name, values in (("reaction", (0.05, 0.2, 0.3)), ("fatigue", (0.1, 0.25))))
    for point in grid([reaction, fatigue]).points:
        one = Design("grid", (reaction, fatigue), (point,))
        outcomes = []
        for attempt in (lambda one=one: planned(one, base, folder), lambda point=point: Scenario.from_config(with_values(base, dict(zip((reaction.key, fatigue.key), point, strict=True))), folder)):
            try:
                attempt()
                outcomes.append(True)
            except InputError:
                outcomes.append(False)
        assert outcomes[0] == outcomes[1], point


def test_every_row_of_a_design_passes_the_schema(base: dict[str, object], folder: Path, fields: Fields) -> None:
    texts = [f"{row.path}=" for row in fields.declared.values() if row.path.startswith("parameters.") and ".diplomacy." not in row.path]
    assert len(texts) > 100
    plan = planned(design_of("lhs", texts, fields, n=8), base, folder)
    for point in range(8):
        validate(with_values(base, plan.params(point)))


def test_plans_are_written_and_read_whole(tmp_path: Path, base: dict[str, object], folder: Path, fields: Fields) -> None:
    texts = [f"{MEMORY}=1..9,log", f"{NEWS}=", "policy@policies.north=hardline,conciliatory", "scenario.title=null,a", "scenario.returns=true,false"]
    for kind in ("sobol", "morris", "lhs", "oat"):
        plan = planned(design_of(kind, texts, fields, n=8), base, folder, replicates=2, trusted=("a:B",), model="trivial")
        write_plan(plan, tmp_path / "plan.parquet")
        again = read_plan(tmp_path / "plan.parquet")
        assert again.rows.equals(plan.rows)
        assert [run[4] for run in again.runs()] == [run[4] for run in plan.runs()]
        assert (again.design.kind, again.design.factors, again.design.points, again.design.extra) == (kind, plan.design.factors, plan.design.points, plan.design.extra)
        assert (again.trusted, again.replicates, again.seeds, again.seed) == (("a:B",), 2, "crn", 1)
        copy = (tmp_path / "scenario").resolve()  # where a scenario lay is not in the file; its tables are copied beside it
        assert again.folder == copy and again.base == placed(base, copy)
        assert str(folder).encode() not in (tmp_path / "plan.parquet").read_bytes()
        assert (again.design.unit is None) == (plan.design.unit is None)
        if plan.design.unit is not None and again.design.unit is not None:
            assert again.design.unit.tolist() == plan.design.unit.tolist()
    assert [path.name for path in tmp_path.iterdir()] == ["plan.parquet"], "no scratch files"


def test_plans_that_cannot_be_written_or_read(tmp_path: Path, base: dict[str, object], folder: Path) -> None:
    plan = planned(grid([Factor(BRANCHING, "choice", values=(0.1, 0.2))]), base, folder)
    with pytest.raises(InputError, match="cannot be written"):
        write_plan(plan, tmp_path / "none" / "plan.parquet")
    with pytest.raises(InputError, match="no such file"):
        read_plan(tmp_path / "plan.parquet")
    (tmp_path / "plan.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError, match="damaged"):
        read_plan(tmp_path / "plan.parquet")


def test_roles_are_told_apart(fields: Fields) -> None:
    design = design_of("lhs", [f"{BRANCHING}=", "policies.north.params.calm=", "policy@policies.south=hardline,richardson"], fields, n=4)
    roles = roles_of(design, ["deaths"], constants=["scenario.people_scale"])
    assert roles == {
        "uncertainties": (BRANCHING,),
        "levers": ("policies.north.params.calm", "policy@policies.south"),
        "constants": ("scenario.people_scale",),
        "outcomes": ("deaths",),
    }
    assert roles_of(design, levers=[BRANCHING])["levers"] == (BRANCHING,)
    with pytest.raises(InputError, match="is no factor"):
        roles_of(design, levers=["x"])
    assert named_classes([Factor("policy@policies.north", "policy", values=("mod:Cls", "hardline"))]) == ("mod:Cls",)


def test_a_hundred_thousand_rows_are_planned_soon(base: dict[str, object], folder: Path, fields: Fields) -> None:
    texts = [f"{BRANCHING}=", f"{MEMORY}=1..9,log", f"{NEWS}=", "policy@policies.north=hardline,conciliatory", "policies.south.params.calm="]
    start = time.process_time()
    plan = planned(design_of("sobol", texts, fields, n=8192, second_order=True), base, folder)
    assert plan.rows.num_rows == 8192 * 12 and time.process_time() - start < 5.0


def test_a_parameter_that_a_policy_does_not_have_is_named_with_those_it_has(base: dict[str, object], folder: Path, fields: Fields) -> None:
    """One at a time starts from the scenario's own policy, which may have no such parameter."""
    design = make_design("oat", ["policies.south.params.level=0..1"], fields)
    with pytest.raises(InputError, match=r"policies.south.params.level: .*parameters of this policy: spiral"):
        planned(design, base, folder)
