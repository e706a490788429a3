"""Save what is on the screen as a config file that ``marchland run FILE.yaml`` plays again, digit for digit.

The file says what differs from the composition of its scenario, corner and policies. Before it is handed out it is
composed once more: a file that does not give the very config that it was made from is never written.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import shlex
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from agents.errors import InputError
from experiments.app.course import Course
from experiments.files import whole_file
from sim.compose import compose
from sim.composed import Composed
from sim.fingerprint import config_hash
from sim.settings import Config, to_tree, validate
from sim.study_options import WITHOUT

#: Where files are written, in the folder in which the server was started.
FOLDER = Path("saved")
DEFAULT_CORNER = "default"
_NOT_IN_NAMES = re.compile(r"[^\w-]+", re.ASCII)
#: Keys whose values are dates.
_DATES = frozenset({"start", "end", "date"})
Tree = dict[str, object]


def file_name(text: str) -> str:
    """Return a text as the name of a file in a folder: names of scenarios may come from strangers."""
    return _NOT_IN_NAMES.sub("_", text)


@dataclass(frozen=True)
class Saved:
    """A config file in the making.

    Attributes
    ----------
    name
        A name for the file, without its ending.
    text
        What it says.
    words
        Words that the command needs besides the file: classes of policies, which no file may name.
    hash
        First 12 hex digits of the config hash of the run that it makes.
    """

    name: str
    text: str
    words: tuple[str, ...]
    hash: str


@dataclass(frozen=True)
class Wanted:
    """What a config file is to say, read off a course that may go on meanwhile.

    Attributes
    ----------
    config
        The config of the run with what was done on the page.
    left_out
        How many interventions lie after its end.
    tables
        Files of the scenario's tables.
    """

    config: Config
    left_out: int
    tables: tuple[Path, ...]


def saved(course: Course, *, to_end: bool = False, corner: str = DEFAULT_CORNER) -> Saved:
    """Return a config file of a course; see :func:`wanted_of` and :func:`made`."""
    return made(wanted_of(course, to_end=to_end), corner=corner)


def wanted_of(course: Course, *, to_end: bool = False) -> Wanted:
    """Read off a course what a file of it is to say; takes no time.

    Parameters
    ----------
    course
        What is on the screen.
    to_end
        Whether the run goes on to the scenario's end; else it ends on the evening shown.

    Raises
    ------
    InputError
        When no day has been played.
    """
    if not course.day and not to_end:
        raise InputError("save: no day has been played yet; play one, or save to the end of the scenario")
    config, left_out = _wanted(course, to_end)
    return Wanted(config, left_out, course.scenario.tables.files)


def made(wish: Wanted, *, corner: str = DEFAULT_CORNER) -> Saved:
    """Make a config file; takes a second or more, since it is composed to see whether it says what it should.

    Parameters
    ----------
    wish
        What it is to say.
    corner
        Name of the built-in corner that the config was composed with, if it was: the file is shorter then.

    Raises
    ------
    InputError
        When no file can say it.
    """
    wanted = wish.config
    actors = {name: choice.name for name, choice in wanted.policies.items()}
    words = tuple(f"policy@policies.{actor}={name}" for actor, name in actors.items() if ":" in name)
    path = wanted.scenario.path
    base = [f"scenario.path={path}" if path else f"scenario={wanted.scenario.name}", f"corner={corner}"]
    plain = _tree(compose(base))
    choices = {actor: name for actor, name in actors.items() if ":" not in name and _policy(plain, actor) not in ("", name)}
    chosen = [*base, *(f"policy@policies.{actor}={name}" for actor, name in choices.items()), *words]
    start = _tree(compose(chosen, trusted=True)) if len(chosen) > len(base) else plain
    target = _as_tree(wanted)
    tree, without = difference(start, target)
    if without:
        tree[WITHOUT] = without
    defaults: list[object] = ["config"]
    if not path:
        defaults.append({"override scenario": wanted.scenario.name})
    if corner != DEFAULT_CORNER:
        defaults.append({"override corner": corner})
    defaults += [{f"override policy@policies.{actor}": name} for actor, name in choices.items()]
    if path:
        tree["scenario"] = {"path": _near(str(path)), **_section(tree, "scenario")}
    body = {"defaults": [*defaults, "_self_"], **_ordered(tree)}
    digest = config_hash(target, wish.tables)[:12]
    name = file_name(f"{wanted.scenario.name}-seed{wanted.seed}-{wanted.scenario.end}")
    found = Saved(name, _header(wanted, digest, words, wish.left_out) + _dumped(body), words, digest)
    _check(found, wanted)
    return found


def write(found: Saved, folder: Path = FOLDER) -> Path:
    """Write a file into a folder under a name that is free, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{found.name}.yaml"
    count = 2
    while True:
        try:
            with path.open("x", encoding="utf-8"):
                pass
        except FileExistsError:
            path = folder / f"{found.name}-{count}.yaml"
            count += 1
            continue
        with whole_file(path) as file:
            file.write(found.text.encode())
        return path


def command(path: Path, words: Sequence[str]) -> str:
    """Return what to type to run a saved file."""
    return shlex.join(["marchland", "run", _near(str(path)), *words])


def difference(start: Mapping[str, object], target: Mapping[str, object], above: str = "") -> tuple[Tree, list[str]]:
    """Return what a file must set to turn ``start`` into ``target``, and the keys that it must take out.

    Whole values are set, mappings key by key; what ``target`` lacks is named with dots.
    """
    changed: Tree = {}
    gone = [f"{above}{key}" for key in start if key not in target]
    for key, value in target.items():
        old = start.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            below, lost = difference(old, value, f"{above}{key}.")
            gone += lost
            if below:
                changed[key] = below
        elif key not in start or value != old:
            changed[key] = value
    return changed, gone


def _wanted(course: Course, to_end: bool) -> tuple[Config, int]:
    """The config with what was done on the page, and how many interventions lie after its end."""
    config = course.scenario.config
    end = course.setting.date(course.days - 1) if to_end else course.date
    kept = tuple(change for change in course.interventions if change.date <= end)
    said = config.scenario
    near = [_near(path) if path else path for path in (said.path, said.history, said.exogenous)]
    scenario = replace(said, end=end, path=near[0], history=near[1], exogenous=near[2])
    return replace(config, scenario=scenario, interventions=kept), len(course.interventions) - len(kept)


def _tree(composed: Composed) -> Tree:
    """The checked tree of a composition."""
    return _as_tree(validate(composed.config))


def _as_tree(config: Config) -> Tree:
    tree = to_tree(config)
    assert isinstance(tree, dict)
    return tree


def _policy(tree: Mapping[str, object], actor: str) -> str:
    """The policy that a tree gives an actor."""
    policies = tree["policies"]
    choice = policies.get(actor) if isinstance(policies, Mapping) else None
    return str(choice["name"]) if isinstance(choice, Mapping) else ""


def _section(tree: Tree, key: str) -> Tree:
    found = tree.get(key)
    return dict(found) if isinstance(found, Mapping) else {}


def _ordered(tree: Tree) -> Tree:
    """Short things first, the interventions last."""
    first = [key for key in ("seed", "replicate", "scenario", "policies") if key in tree]
    rest = [key for key in tree if key not in (*first, "interventions", WITHOUT)]
    last = [key for key in (WITHOUT, "interventions") if key in tree]
    return {key: tree[key] for key in (*first, *rest, *last)}


def _near(path: str) -> str:
    """Write a path as seen from where the server was started, when it lies below."""
    try:
        there = Path(path).expanduser().resolve()
        return os.path.relpath(there) if there.is_relative_to(Path.cwd()) else str(there)
    except OSError:
        return path


def _header(config: Config, digest: str, words: Sequence[str], left_out: int) -> str:
    """The comment on top of a file."""
    lines = [
        f"{config.scenario.title or config.scenario.name}: saved from the page of marchland app.",
        f"Run it:     {shlex.join(['marchland', 'run', 'FILE.yaml', *words])}",
        f"Go on here: {shlex.join(['marchland', 'app', 'FILE.yaml', *words])}",
        f"Config hash {digest}; the run ends on {config.scenario.end}.",
    ]
    if words:
        lines.append("The policy classes are named in the command, since no file may name code to run. A policy that looks ahead sees")
        lines.append("no further than the last day: what it decides close to it may differ from the page.")
    if config.scenario.path:
        lines.append("Run it in the folder in which it was saved: the path of the scenario begins there.")
    if left_out:
        lines.append(f"{left_out} intervention{'s' if left_out > 1 else ''} after the last day {'are' if left_out > 1 else 'is'} left out.")
    return "".join(f"# {' '.join(line.split())}\n" for line in lines)


def _dumped(body: Tree) -> str:
    """Write YAML: short lists and mappings in one line."""
    text = yaml.safe_dump(_dated(body), sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)
    return str(text)


def _dated(value: object, key: str = "") -> object:
    """Turn everything into what a YAML file holds, dates without quotes."""
    if isinstance(value, Mapping):
        return {str(name): _dated(item, str(name)) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_dated(item) for item in value]
    return dt.date.fromisoformat(value) if key in _DATES and isinstance(value, str) else value


def _check(found: Saved, wanted: Config) -> None:
    """Compose the file, and refuse it when it does not say what it should.

    Raises
    ------
    InputError
        With the first key that no file can say.
    """
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / f"{found.name}.yaml").write_text(found.text, encoding="utf-8")
        composed = compose(found.words, config_dir=Path(place), config_name=found.name, trusted=True)
    again, target = _tree(composed), _as_tree(wanted)
    if again != target:
        changed, gone = difference(again, target)
        raise InputError(f"save: no config file can say {(*changed, *gone)[0]!r} of this run; start it from the command line with words of its own")
