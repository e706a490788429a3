"""The generated blocks of the documentation: tables read from the code, so that they cannot disagree with it.

A block stands in a page between ``<!-- generated: NAME -->`` and ``<!-- end -->``; NAME may carry a word
(``parameters violence``). Links are relative to ``docs/``.
"""

from __future__ import annotations

import ast
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import yaml

from agents.errors import InputError
from agents.levers import CATALOGUE, Target
from agents.mediator import MediatorSettings
from agents.parameters import Parameter, parameters_of
from agents.policies import GOVERNMENT_POLICIES, GROUP_POLICIES
from agents.vocabulary import GOLDSTEIN
from experiments.parameters import all_parameters
from sim.options import responses
from sim.schedule import DAY
from sim.settings import default_levers
from sim.stability import COMPONENTS

#: Module of each mechanism, in the order of the day.
MECHANISMS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "events": ("sim/events.py", "sim/deciding.py", "sim/granting.py"),
    "diplomacy": ("sim/diplomacy.py",),
    "violence": ("sim/violence.py",),
    "strikes": ("sim/strikes.py",),
    "fighters": ("sim/fighters.py",),
    "deadlines": ("sim/deadlines.py",),
    "movement": ("sim/movement.py", "sim/ways.py", "sim/gates.py"),
    "gravity": ("agents/gravity.py", "sim/displacement/choice.py", "sim/displacement/movement.py", "sim/displacement/routes.py"),
    "displaced": ("agents/displaced.py", "sim/displacement/reservoir.py", "sim/displacement/observe.py", "sim/displacement/network.py"),
    "flee": ("sim/displacement/flee_rule.py", "sim/displacement/flee_course.py", "sim/displacement/flee_movement.py"),
    "flight": ("agents/refugee_population.py",),
    "returns": ("agents/refugee_population.py",),
    "borders": ("sim/borders.py",),
    "status": ("sim/status.py",),
    "economy": ("sim/economy.py",),
    "society": ("sim/society.py",),
    "mediation": ("sim/mediation.py", "agents/mediator.py"),
    "outcomes": ("sim/stability.py", "sim/turning.py", "sim/outcomes.py"),
})
#: Tests that exercise a mechanism within whole models, besides those named after it or its modules.
WHOLE: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "events": ("tests/test_levers.py", "tests/test_policies.py"),
    "movement": ("tests/test_reference.py", "tests/test_conservation.py"),
    "gravity": ("tests/test_gravity_reference.py", "tests/test_displacement.py"),
    "displaced": ("tests/test_displacement.py", "tests/test_policy_levers.py"),
    "flee": ("tests/test_flee_rule.py",),
})
#: What is wrong in the example of ``scenario-format.md``, by file: the text replaced, and by what.
MISTAKES: tuple[tuple[str, str, str], ...] = (
    ("places.csv", "Hilltop,Uplands,city", "Hilltop,Uplands,town"),
    ("places.csv", "Hilltop,Uplands,city,1.0,-25.0,500000", "Hilltop,Uplands,city,1.0,-25.0,-5"),
    ("places.csv", "population,", "people,"),
    ("routes.csv", "Hilltop,Old Bridge,80", "Hilltop,Old Brigde,80"),
    ("routes.csv", "Hilltop,Old Bridge,80\n", ""),
    ("populations.csv", "undocumented,Shore", "citizen,Shore"),
    ("groups.csv", "ridge_men,Hilltop", "ridge_people,Hilltop"),
    ("history.csv", "2001-03-01,", "2001-03,"),
    ("history.csv", "close_people,Old Bridge", "close_border,Old Bridge"),
    ("exogenous.csv", "2001-05-01,2001-05-08", "2001-05-01,"),
    ("scenario.yaml", "schema_version: 1\n", ""),
    ("scenario.yaml", "policy: status_quo", "policy: statusquo"),
    ("scenario.yaml", "operations: 0.3", "operations: high"),
)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table in Markdown."""
    names = list(head)
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def parameters() -> list[Parameter]:
    """Return every parameter once: the config's, those of actors, and those of policies."""
    rows = [*all_parameters(), *parameters_of(MediatorSettings(), "mediators.NAME.")]
    return list({row.path: row for row in rows}.values())


def contested(row: Parameter) -> bool:
    """Whether the evidence on a parameter is contested: its source says so, or its sourced range has both signs."""
    return row.contested


def _marks(row: Parameter) -> str:
    return " ".join(mark for mark, holds in (("contested", contested(row)), ("fitted", row.fitted)) if holds)


def _parameter_table(rows: Iterable[Parameter]) -> str:
    return table(
        ("parameter", "default", "range", "unit", "meaning", "source", "mark"),
        (
            (f"`{row.path}`", f"{row.default:g}", f"{row.low:g} to {row.high:g}", row.unit, row.meaning, row.source, _marks(row))
            for row in rows
        ),
    )


def day(_: str, __: Path) -> str:
    """The stages of a day."""
    rows = ((str(i), f"`{s.name}`", s.does, _link(f"{s.module.replace('.', '/')}.py")) for i, s in enumerate(DAY, start=1))
    return table(("", "stage", "what happens", "code"), rows)


def parameter_section(prefix: str, _: Path) -> str:
    """The parameters below a prefix."""
    rows = [row for row in parameters() if row.path.startswith(prefix)]
    if not rows:
        raise InputError(f"docs: no parameter starts with {prefix!r}; write the start of a path of marchland parameters")
    return _parameter_table(rows)


def run_parameters(_: str, __: Path) -> str:
    """All parameters of mechanisms, a section each, then those of a run, of actors, levers and policies."""
    groups: dict[str, list[Parameter]] = {}
    for row in parameters():
        head = row.path.split(":")[0] if ":" in row.path else ".".join(row.path.split(".")[:2])
        if row.path.startswith("levers."):
            head = "levers"
        groups.setdefault(head, []).append(row)
    order = sorted(groups, key=lambda head: (not head.startswith("parameters."), head.startswith("policy/"), head == "levers"))
    return "\n\n".join(f"## {head}\n\n{_parameter_table(groups[head])}" for head in order)


def fitted(_: str, root: Path) -> str:
    """The scalars that were fitted, from the schema and from the comments of the flagship's ``scenario.yaml``."""
    rows = [(f"`{row.path}`", f"{row.default:g}", f"{row.low:g} to {row.high:g}", row.unit, row.source) for row in parameters() if row.fitted]
    path = root / "configs" / "scenarios" / "pakistan_afghanistan" / "scenario.yaml"
    above: list[tuple[int, str]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        found = re.match(r"( *)([\w/]+): *([^#]*?) *(?:# *(.*))?$", line)
        if not found:
            continue
        depth, key, value, comment = len(found[1]), found[2], found[3], found[4] or ""
        above = [item for item in above if item[0] < depth] + [(depth, key)]
        if re.search(r"\bfitted\b", comment):
            span = re.search(r"\(([^)]*)\)", comment)
            name = ".".join(item[1] for item in above)
            rows.append((f"`{name}`", value, span[1].replace("-", " to ") if span else "", comment.split(";")[0], "fitted: scenario.yaml of the flagship"))
    return table(("scalar", "value", "range", "unit", "source"), rows)


def corners(_: str, root: Path) -> str:
    """What each corner sets."""
    rows: list[tuple[str, str, str]] = []
    for file in sorted((root / "configs" / "corner").glob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        said = next((line[2:] for line in text.splitlines() if line.startswith("# ") and "@package" not in line), "")
        flat = _flat(yaml.safe_load(text) or {})
        answers = list(responses().get(file.stem, {}).values())  # the same for every policy: the ends of shared ranges
        flat += [(f"policies.NAME.params.{key}", value) for key, value in (answers[0] if answers else {}).items()]
        rows.append((f"`corner={file.stem}`", said, ", ".join(f"`{key}={value}`" for key, value in flat) or "nothing"))
    return table(("corner", "meaning", "sets"), rows)


def _flat(tree: Mapping[str, object], prefix: str = "") -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for key, value in tree.items():
        found += _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else [(f"{prefix}{key}", value)]
    return found


def levers(_: str, __: Path) -> str:
    """The catalogue of levers with targets, acts and costs."""
    costs = default_levers()
    aims = {Target.NONE: "own country", Target.STATUS: "a legal status", Target.CROSSING: "a crossing", Target.RIVAL: "a rival"}
    rows = (
        (
            f"`{lever.name}`", lever.meaning, aims[lever.target], f"{lever.low:g} to 1",
            f"{lever.act} ({GOLDSTEIN[lever.act]:+g})" if lever.act else "-",
            f"{costs[lever.name].money:g}", f"{costs[lever.name].forces:g}", f"{costs[lever.name].standing:g}",
        )
        for lever in CATALOGUE
    )
    head = ("lever", "what it does", "target", "range", "act (Goldstein)", "money, M US$/year", "forces, thousand", "standing, points/year")
    return table(head, rows)


def policies(kind: str, _: Path) -> str:
    """The policies of governments or of groups."""
    registry: Mapping[str, type] = GROUP_POLICIES if kind == "groups" else GOVERNMENT_POLICIES
    parts: list[str] = []
    for name, policy in sorted(registry.items()):
        doc = " ".join((policy.__doc__ or "").split())
        file = f"{policy.__module__.replace('.', '/')}.py"
        own = list(parameters_of(getattr(policy, "parameters"), "params."))  # noqa: B009 (a class attribute of every policy)
        looks = ", ".join(f"`{field}`" for field in getattr(policy, "looks_at"))  # noqa: B009
        lines = [f"### {name}", "", doc, "", f"- Theory: {getattr(policy, 'theory')}", f"- Looks at: {looks or 'nothing'}"]  # noqa: B009
        whole = getattr(policy, "parameters")  # noqa: B009
        loose = [] if own else list(getattr(whole, "__pydantic_fields__", {}))  # of no number, so in no table
        plain = f"Parameters: {', '.join(f'`params.{field}`' for field in loose)}. {whole.__doc__}" if loose else "No parameters."
        lines += [f"- Code: {_link(file)}", "", _parameter_table(own) if own else plain.replace("``", "`")]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def mechanism(name: str, root: Path) -> str:
    """Where a mechanism's code, tests and parameters are."""
    files = MECHANISMS[name]
    rows = [row for row in parameters() if row.path.startswith(f"parameters.{name}.")]
    tests = _tests(name, files, root)
    said = [f"Code: {', '.join(_link(file) for file in files)}"]
    said.append(f"Tests: {', '.join(_link(file) for file in tests) or 'none yet'}")
    if rows:
        said.append(f"Parameters: [`parameters.{name}.*`](parameters.md#parameters{name}) ({len(rows)})")
    return "\n".join(f"- {line}" for line in said)


def _tests(name: str, files: Iterable[str], root: Path) -> list[str]:
    """Tests named after a mechanism or its modules, and those in :data:`WHOLE`; else those that import the modules."""
    stems = dict.fromkeys([name, *(Path(file).stem for file in files)])
    named = [*(f"tests/test_{stem}.py" for stem in stems), *WHOLE.get(name, ())]
    found = [file for file in named if (root / file).is_file()]
    if found:
        return found
    modules = "|".join(re.escape(file.removesuffix(".py").replace("/", ".")) for file in files)
    wanted = re.compile(rf"^\s*(?:from|import) (?:{modules})\b", re.MULTILINE)
    return [f"tests/{path.name}" for path in sorted((root / "tests").glob("test_*.py")) if wanted.search(path.read_text(encoding="utf-8"))]


def streams(_: str, root: Path) -> str:
    """The named random streams, from the calls in the code."""
    found: dict[str, str] = {}
    for path in sorted((root / "sim").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                continue
            first = node.args[0]
            if node.func.attr in ("generator", "uniforms") and isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.setdefault(first.value, path.relative_to(root).as_posix())
    return table(("stream", "drawn in"), ((f"`{name}`", _link(file)) for name, file in sorted(found.items())))


def components(_: str, __: Path) -> str:
    """The components of the index, in order."""
    return ", ".join(f"`stability_{name}`" for name in COMPONENTS)


def example_files(page: str) -> dict[str, str]:
    """Return the files of the worked example: a bold file name, then a fenced block."""
    return {found[1]: found[2] for found in re.finditer(r"\*\*`([\w./]+)`\*\*[^\n]*\n\n```\w*\n(.*?)```", page, re.DOTALL)}


def errors(_: str, root: Path) -> str:
    """What is said about mistakes in the worked example."""
    from sim import Scenario

    files = example_files((root / "docs" / "scenario-format.md").read_text(encoding="utf-8"))
    rows: list[tuple[str, str]] = []
    for file, before, after in MISTAKES:
        if before not in files[file]:
            raise InputError(f"docs/scenario-format.md: the example's {file} no longer holds {before!r}")
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "my_border"
            folder.mkdir()
            for name, text in files.items():
                (folder / name).write_text(text.replace(before, after, 1) if name == file else text, encoding="utf-8")
            try:
                Scenario.load(path=folder)
            except InputError as error:
                said = str(error).replace(f"{folder.resolve()}/", "my_border/").replace(f"{folder}/", "my_border/")
                rows.append((f"`{(after or '(left out) ' + before).strip()}`", said))
            else:
                raise InputError(f"docs/scenario-format.md: no complaint about {after!r} in {file}")
    return table(("you write", "you read"), rows)


def _link(file: str) -> str:
    return f"[`{file}`](../{file})"


Block = Callable[[str, Path], str]
BLOCKS: Mapping[str, Block] = MappingProxyType({
    "day": day, "parameters": parameter_section, "all-parameters": run_parameters, "fitted": fitted, "corners": corners,
    "levers": levers, "policies": policies, "mechanism": mechanism, "streams": streams, "components": components, "errors": errors,
})  # fmt: skip
