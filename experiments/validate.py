"""``marchland validate``: run a suite of real conflicts, score it beside the baselines, and leave a folder."""

from __future__ import annotations

import datetime as dt
import re
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import cast

import pydantic
import yaml
from omegaconf import OmegaConf
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from agents.errors import InputError, one_of
from experiments.manifest import FILE, make_manifest, write_json
from experiments.runfolder import check_output, discard_empty, scratch_folder, writing
from experiments.validation import suite
from experiments.validation.files import SCORES_CSV, SCORES_JSON, score_tree, write_scores
from experiments.validation.table import explanation, score_tables
from sim import complaints, settings
from sim.complaints import did_you_mean
from sim.fingerprint import canonical, config_hash, digest
from sim.settings import Parameters

SUITES = ("displacement",)
#: Rules, and the modes that each can be run in: in Flee nobody is attracted by a capacity.
RULES: Mapping[str, tuple[str, ...]] = MappingProxyType({"gravity": tuple(suite.MODES), "flee": ("withheld", "limits")})
MOST_SEEDS = 10_000
#: What can be given, and what it means.
KEYS: tuple[tuple[str, str], ...] = (
    ("suite", "displacement (the only one)"),
    ("suite.folder", "one conflict folder (input_csv/, source_data/) or a folder of them; must be given"),
    ("suite.modes", f"[{','.join(suite.MODES)}], or some of them: what the rule is told about capacities (flee knows no attraction)"),
    ("suite.conflicts", "[NAME,...]: only these conflicts of the folder"),
    ("seeds", "number of seeds, 1 to that number (20)"),
    ("rule", "gravity, or flee: how people choose where to go; scenario.rule means the same"),
    ("parameters.SECTION.NAME", "any number that marchland parameters lists"),
    ("output", "folder of the results (default: a new one in outputs/); hydra.run.dir means the same"),
    ("figures", "true, or false: draw no figures"),
)
_NAMES = tuple(name for name, _ in KEYS if not name.startswith("parameters"))
#: Names that mean the same, as the other commands have them.
_SAME: Mapping[str, str] = MappingProxyType({"hydra.run.dir": "output", "scenario.rule": "rule"})
_WIDTH = 150  # of the table where there is no terminal


@dataclass(frozen=True)
class Request:
    """What the command line asks for."""

    folder: Path
    seeds: int
    modes: tuple[str, ...]
    conflicts: tuple[str, ...]
    rule: str
    parameters: Parameters
    changed: bool  #: whether a parameter was given
    output: Path
    figures: bool
    force: bool


def main(words: Sequence[str]) -> int:
    """Read everything first, then run, score, and write a folder that is whole or not there."""
    asked = parse(words)
    from sim.displacement.simulate import simulate  # late: the model is slow to import, a slip of the pen is not

    _, complete = validate(asked, simulate, command=("marchland", "validate", *words))
    return 0 if complete else 2


def validate(request: Request, simulate: suite.Simulate, command: Sequence[str] = ()) -> tuple[suite.SuiteResult, bool]:
    """Run the suite with ``simulate``, write the folder and print the table.

    Returns
    -------
    The scores, and whether every conflict of the folder could be read; those that could not are left out.
    """
    console = Console(stderr=True)
    started = dt.datetime.now(dt.UTC)
    folders, skipped = suite.find_conflicts(request.folder, request.conflicts)
    loaded, wrong = suite.load_conflicts(folders)
    if not loaded:
        raise wrong[0]
    for error in wrong:
        print(f"error: {error}; left out", file=sys.stderr)
    if skipped:
        print(f"note: skipped in {request.folder}, not conflict folders: {', '.join(skipped)}", file=sys.stderr)
    for item in loaded:
        for remark in item.conflict.remarks:
            print(f"note: {item.conflict.name}: {remark}", file=sys.stderr)
    existed = request.output.exists()
    with _said_as_output():
        check_output(request.output, force=request.force)
    try:
        with _said_as_output(), scratch_folder(request.output, force=request.force) as scratch:
            with _progress(console, len(loaded), request) as progress:
                result = suite.run_suite(
                    loaded, simulate, modes=request.modes, rule=request.rule, seeds=request.seeds,
                    parameters=request.parameters if request.changed else None, progress=progress,
                )  # fmt: skip
            with writing(request.output):
                _write(request, loaded, result, scratch, started, command)
    except BaseException:
        if not existed:
            discard_empty(request.output)
        raise
    _show(result, request)
    return result, not wrong


def _write(
    request: Request,
    loaded: Sequence[suite.Loaded],
    result: suite.SuiteResult,
    scratch: Path,
    started: dt.datetime,
    command: Sequence[str],
) -> None:
    """Write scores, tables, config, figures, and last the manifest."""
    config = _config(request, loaded)
    files = [file for item in loaded for file in item.conflict.files]
    stamp = config_hash(config, files)
    OmegaConf.save(OmegaConf.create(config), scratch / "config.yaml")
    tables = write_scores(result, scratch, score_tree(result, stamp, digest(canonical(config["parameters"]))))
    if request.figures:
        from experiments.validation.plots import draw_scores  # late: matplotlib is slow to import

        draw_scores(result, scratch / "figures", stamp)
    manifest = make_manifest(
        config_hash=stamp,
        seeds={"first": 1, "last": request.seeds},
        inputs=files,
        folder=request.folder if len(loaded) > 1 else loaded[0].conflict.folder.parent,
        tables=tables,
        started=started,
        finished=dt.datetime.now(dt.UTC),
        command=command,
    )
    write_json(scratch / FILE, manifest)


def _config(request: Request, loaded: Sequence[suite.Loaded]) -> dict[str, object]:
    """Return all that decides the scores, but for the files of the conflicts."""
    return {
        "suite": "displacement",
        "conflicts": [item.conflict.name for item in loaded],
        "modes": list(request.modes),
        "rule": request.rule,
        "seeds": request.seeds,
        "parameters": settings.to_tree(request.parameters),
    }


def _show(result: suite.SuiteResult, request: Request) -> None:
    """Print the table, what it means, and where the files are."""
    out = Console()
    screen = out if out.is_terminal else Console(width=_WIDTH)
    for table in score_tables(result, screen.width):
        screen.print(table)
    print("\n".join(explanation(result)))
    print(f"Files in {request.output}/")
    print(f"  {SCORES_JSON}, {SCORES_CSV}  every score with intervals, camps and baselines")
    print("  daily.parquet, camps.parquet  the ARD of each day; each camp on each day beside the registered count")
    if request.figures:
        print("  figures/  scores.png and one figure a conflict")
    print("  manifest.json, config.yaml  versions, hashes of all files read, every number of the runs")


@contextmanager
def _progress(console: Console, conflicts: int, request: Request) -> Iterator[suite.Progress]:
    """Show a bar on a terminal, one plain line elsewhere."""
    text = f"validating: conflicts {conflicts}, modes {len(request.modes)}, seeds {request.seeds}"
    if not console.is_terminal:
        print(text, file=sys.stderr)
        yield lambda done, total, what: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as bar:  # its thread would cost timed CPU
        task = bar.add_task(text, total=None)
        yield lambda done, total, what: bar.update(task, completed=done, total=total, description=what, refresh=True)


@contextmanager
def _said_as_output() -> Iterator[None]:
    """Let messages about the folder of the results name the key that sets it here."""
    try:
        yield
    except InputError as error:
        raise InputError(str(error).replace("hydra.run.dir:", "output:", 1)) from None


# ---------------------------------------------------------------- the command line


def parse(words: Sequence[str]) -> Request:
    """Read the command line.

    Raises
    ------
    InputError
        In one line: the word and what would be right.
    """
    given: dict[str, str] = {}
    force = False
    for word in words:
        key, equals, value = word.partition("=")
        key = _SAME.get(key, key)
        if word == "--force":
            force = True
        elif key.startswith("-"):
            raise InputError(f"{word}: unknown option{did_you_mean(key, ['--force', '--help'])}; see marchland validate --help")
        elif not equals or not key:
            raise InputError(f"{word}: cannot be read; write KEY=VALUE, for example seeds=20")
        elif key not in _NAMES and not key.startswith("parameters."):
            raise InputError(f"{key}: unknown key{did_you_mean(key, _NAMES)}; known: {one_of([name for name, _ in KEYS])}")
        elif key in given:
            raise InputError(f"{word}: {key} is given twice; give it once")
        elif not value.strip():
            raise InputError(f"{word}: is empty; give a value")
        else:
            given[key] = value.strip()
    _one("suite", given.get("suite", SUITES[0]), SUITES)
    if "suite.folder" not in given:
        raise InputError("suite.folder: missing; give a conflict folder or a folder of them, suite.folder=DIR")
    rule = _one("rule", given.get("rule", next(iter(RULES))), tuple(RULES))
    modes = _list(given.get("suite.modes", ",".join(RULES[rule])))
    for mode in modes or ("",):
        _one("suite.modes", mode, tuple(suite.MODES))
        if mode not in RULES[rule]:
            raise InputError(f"suite.modes: the rule {rule} knows no {mode}; give {' or '.join(RULES[rule])}")
    unique = f"{dt.datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    numbers = {key: value for key, value in given.items() if key.startswith("parameters.")}
    return Request(
        folder=Path(given["suite.folder"]).expanduser(),
        seeds=_seeds(given.get("seeds", "20")),
        modes=tuple(mode for mode in suite.MODES if mode in modes),
        conflicts=_list(given["suite.conflicts"]) if "suite.conflicts" in given else (),
        rule=rule,
        parameters=_parameters(numbers),
        changed=bool(numbers),
        output=Path(given["output"]).expanduser() if "output" in given else Path("outputs") / f"validate-displacement-{unique}",
        figures=_one("figures", given.get("figures", "true").lower(), ("true", "false")) == "true",
        force=force,
    )


def _one(key: str, value: str, known: Sequence[str]) -> str:
    """Return a value that is one of the known ones."""
    if value not in known:
        raise InputError(f"{key}: {value!r} is not known{did_you_mean(value, known)}; give {' or '.join(known)}")
    return value


def _list(text: str) -> tuple[str, ...]:
    """Return the names in ``[a,b]``, ``a,b`` or ``a``."""
    bare = text.strip().removeprefix("[").removesuffix("]")
    return tuple(dict.fromkeys(word for part in bare.split(",") if (word := part.strip().strip("'\""))))


def _seeds(text: str) -> int:
    """Return the number of seeds."""
    if not re.fullmatch(r"\d{1,6}", text) or not 1 <= int(text) <= MOST_SEEDS:
        raise InputError(f"seeds: {text!r} is no number of seeds; give a whole number from 1 to {MOST_SEEDS:,}")
    return int(text)


def _parameters(given: dict[str, str]) -> Parameters:
    """Return the numbers of all mechanisms, the defaults but for what is given.

    No scenario is composed: a number that a scenario's file sets has no business in a validation.
    """
    tree = settings.default_tree()
    known = [f"parameters.{key}" for key in complaints.flat_keys(cast(dict[str, object], tree["parameters"]))]
    for key, text in given.items():
        *path, name = key.split(".")
        node = tree
        for part in path:
            inner = node.get(part)
            if not isinstance(inner, dict):
                raise InputError(f"{key}={text}: unknown key{did_you_mean(key, known)}; see marchland parameters")
            node = inner
        if name not in node or isinstance(node[name], dict):
            raise InputError(f"{key}={text}: unknown key{did_you_mean(key, known)}; see marchland parameters")
        try:
            node[name] = yaml.safe_load(text)
        except yaml.YAMLError:
            raise InputError(f"{key}={text}: cannot be read as a number") from None
    try:
        return settings.validate(tree).parameters
    except pydantic.ValidationError as error:
        raise complaints.from_pydantic(error, settings.Config, _origin(given)) from None


def _origin(given: dict[str, str]) -> complaints.Origin:
    """Return a function that tells how a key was given."""
    return lambda key: f"{key}={given[key]}: " if key in given else ""


if __name__ == "__main__":
    from experiments.cli import main as cli_main

    sys.exit(cli_main(["validate", *sys.argv[1:]]))
