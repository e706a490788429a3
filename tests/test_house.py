"""The house: imports run downwards, files and functions stay small, nothing is kept in modules, numbers are declared."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.government import GovernmentSettings
from agents.levers import BY_NAME, CATALOGUE, LeverCost
from agents.mediator import MediatorSettings
from agents.militant_group import GroupSettings
from agents.parameters import Parameter, par, parameters_of
from agents.policies import GOVERNMENT_POLICIES, GROUP_POLICIES
from agents.vocabulary import GOLDSTEIN
from sim.settings import Config, Parameters, ScenarioSettings, default_levers, default_tree, validate

ROOT = Path(__file__).parent.parent
FLOORS = ("agents", "sim", "experiments")  # from the ground up
OURS = (*FLOORS, "configs", "tests")
FILES = sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))
NAMES = [str(path.relative_to(ROOT)) for path in FILES]
LONGEST_MODULE, LONGEST_FUNCTION = 320, 70
THIRD_PARTIES = {  # what the lower floors may import
    "agents": {"mesa", "numpy", "pydantic"},
    "sim": {"mesa", "numpy", "pydantic", "scipy", "pandas", "pyarrow", "hydra", "omegaconf", "yaml"},
}


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(path: Path) -> Iterator[str]:
    """Top-level packages that a file imports, within functions and for types too."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield (node.module or "").split(".")[0]


def test_there_is_something_to_check() -> None:
    assert len(FILES) > 50
    assert all((ROOT / floor / "__init__.py").exists() for floor in FLOORS)


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_imports_run_downwards(path: Path) -> None:
    floor = path.relative_to(ROOT).parts[0]
    allowed = {*FLOORS[: FLOORS.index(floor) + 1], *(("configs",) if floor != "agents" else ())}
    upwards = {name for name in imported(path) if name in OURS} - allowed
    assert not upwards


@pytest.mark.parametrize("path", [p for p in FILES if p.relative_to(ROOT).parts[0] in THIRD_PARTIES], ids=str)
def test_lower_floors_need_little(path: Path) -> None:
    import sys

    floor = path.relative_to(ROOT).parts[0]
    foreign = {n for n in imported(path) if n not in OURS and n not in sys.stdlib_module_names}
    assert foreign <= THIRD_PARTIES[floor]


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_modules_and_functions_are_small(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST_MODULE, f"{lines} lines"
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= LONGEST_FUNCTION, f"{node.name} has {length} lines"


MUTABLE_CALLS = {"dict", "list", "set", "defaultdict", "Counter", "deque", "OrderedDict", "bytearray", "zeros", "ones", "empty"}


def mutable(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Dict | ast.List | ast.Set | ast.DictComp | ast.ListComp | ast.SetComp):
        return True
    if isinstance(value, ast.Call):
        called = value.func
        name = called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
        return name in MUTABLE_CALLS
    return False


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_modules_hold_nothing_that_changes(path: Path) -> None:
    """No dict, list or set at module level (wrap it in MappingProxyType, make it a tuple), and no ``global``."""
    module = tree(path)
    found: list[str] = []
    for node in module.body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        if targets and mutable(node.value):  # type: ignore[union-attr]
            found += [ast.unparse(target) for target in targets if ast.unparse(target) != "__all__"]
    assert not found
    assert not [node.names for node in ast.walk(module) if isinstance(node, ast.Global)]
    cached = [
        node.name
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if any(word in ast.unparse(decorator) for word in ("lru_cache", "functools.cache"))
    ]
    assert not cached, "caches outlive a run"


#: Checks of a user's own policy, outside any run.
OUTSIDE = ("contract.py", "check.py")


@pytest.mark.parametrize("path", [path for path in FILES if path.name not in OUTSIDE], ids=str)
def test_nobody_draws_outside_the_streams(path: Path) -> None:
    """NumPy's and Python's global luck, time and Mesa's own generators are no source of draws."""
    text = path.read_text(encoding="utf-8")
    for word in ("np.random.seed", "np.random.rand", "np.random.default_rng", "import random", "model.random", "self.random", "model.rng"):
        assert word not in text, word
    if path.relative_to(ROOT).parts[0] != "experiments":
        for word in ("import time", "datetime.now", "date.today", "os.environ"):
            assert word not in text or path.name == "compose.py", word


#: Built-in sums of whole numbers, which are the same everywhere.
WHOLE_SUMS = ("row.fighters", "other.name ==", "situation.displaced", "e.value >", "sum(home)", "sum(outward)")


@pytest.mark.parametrize("path", [path for path in FILES if "experiments" not in path.parts], ids=str)
def test_no_built_in_sum_of_floats(path: Path) -> None:
    """Since Python 3.12 the built-in sum of floats is compensated: another last digit, another hash. Use math.fsum."""
    calls = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
    sums = [ast.unparse(call) for call in calls if isinstance(call.func, ast.Name) and call.func.id == "sum"]
    assert not [text for text in sums if not any(known in text for known in WHOLE_SUMS)]


def everything() -> list[Parameter]:
    """Every declared number: mechanisms, actors, lever costs, policies, the scenario."""
    rows = list(parameters_of(Parameters, "parameters."))
    rows += parameters_of(GovernmentSettings(country="x"), "governments.X.")
    rows += parameters_of(GroupSettings(target="x"), "groups.X.")
    rows += parameters_of(MediatorSettings, "mediators.X.")
    rows += parameters_of(ScenarioSettings, "scenario.")
    rows += parameters_of(LeverCost, "levers.X.")
    for policy in (*GOVERNMENT_POLICIES.values(), *GROUP_POLICIES.values()):
        rows += parameters_of(policy.parameters, f"policies.{policy.name}.")
    return rows


#: Contested, but of one sign by what they are: a chance to be recruited (design: 0 to 1e-3), and the two
#: opposed pulls on a neighbour, of which either may be zero.
ONE_SIGN = ("fighters.deportees", ".spiral", ".deterrence")


@pytest.mark.parametrize("row", everything(), ids=lambda row: row.path)
def test_every_number_is_declared_whole(row: Parameter) -> None:
    assert row.low <= row.default <= row.high
    assert row.low < row.high, "a range of one value"
    assert row.unit.strip() and row.source.strip() and row.meaning.strip()
    assert "\n" not in row.meaning + row.source + row.unit
    assert "TODO" not in row.source and "?" not in row.source


@pytest.mark.parametrize("row", [row for row in everything() if "contested" in row.source], ids=lambda row: row.path)
def test_contested_numbers_range_over_both_signs(row: Parameter) -> None:
    """Where evidence is contested, the range covers zero and both signs."""
    assert row.low < 0.0 < row.high or (row.path.endswith(ONE_SIGN) and row.low == 0.0)


def test_there_are_contested_numbers() -> None:
    assert sum(row.contested for row in everything()) >= 8
    assert sum(row.fitted for row in parameters_of(Parameters)) <= 6, "at most six scalars are fitted"


def test_every_field_of_the_numbers_is_declared() -> None:
    """No number of a mechanism escapes the table: each float or int field comes from ``par``."""
    rows = {row.path for row in parameters_of(Parameters)}
    for section in dataclasses.fields(Parameters):
        value = getattr(Parameters(), section.name)
        for field in dataclasses.fields(value):
            if isinstance(getattr(value, field.name), bool | str | tuple):
                continue  # switches, choices and tables of decay are no numbers with a range
            assert f"{section.name}.{field.name}" in rows


def test_par_checks_its_range() -> None:
    with pytest.raises(ValueError, match="outside"):
        par(2.0, 0.0, 1.0, "-", "assumption", "x")


def test_every_lever_has_a_cost_and_a_known_act() -> None:
    costs = default_levers()
    assert list(costs) == [lever.name for lever in CATALOGUE] == list(BY_NAME)
    assert len(set(costs)) == len(CATALOGUE) == 18
    for lever in CATALOGUE:
        assert lever.act is None or lever.act in GOLDSTEIN, lever.name
        assert lever.meaning and lever.low in (0.0, -1.0)
    assert all(-10.0 <= weight <= 10.0 for weight in GOLDSTEIN.values())


def test_the_defaults_pass_their_own_check() -> None:
    tree_of_defaults = default_tree()
    assert validate(tree_of_defaults) == Config()


@pytest.mark.parametrize("policy", [*GOVERNMENT_POLICIES.values(), *GROUP_POLICIES.values()], ids=lambda p: p.__name__)
def test_every_policy_tells_its_theory(policy: type) -> None:
    assert policy.theory.strip() and policy.looks_at and policy.__doc__  # type: ignore[attr-defined]
    lines = len((ROOT / f"{policy.__module__.replace('.', '/')}.py").read_text(encoding="utf-8").splitlines())
    assert lines <= 120, "one small class a policy"
