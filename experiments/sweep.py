"""``marchland sweep``: a design over any fields of the config, run in chunks that survive anything.

Words with a range (``KEY=0.2..0.6``), with commas (``KEY=a,b``) or a bare ``KEY=`` (its declared range) are factors; every
other word is an override as for ``marchland run``. Going on with a study is the same command again.
"""

from __future__ import annotations

import datetime as dt
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pyarrow.compute as pc

from agents.errors import InputError, one_of
from experiments.manifest_study import Execution, write_study_manifest
from experiments.study import named
from experiments.study.claim import writing
from experiments.study.designs import KINDS, make_design
from experiments.study.executors import EXECUTORS, find_executor
from experiments.study.factors import Fields, is_factor
from experiments.study.parts import content_hash, write_table
from experiments.study.plan import Plan, make_plan, named_classes, write_plan
from experiments.study.remember import Remembered, recall, remember
from experiments.study.runner import Swept, results, sweep
from experiments.study.shards import SCRIPT, started, write_script
from experiments.study.site import KEYS as SITE_KEYS
from experiments.study.site import Site, make_site
from experiments.study.task import Payload
from sim.complaints import did_you_mean
from sim.compose import compose
from sim.scenario import Scenario
from sim.settings import to_tree, validate

#: What can be given besides factors and overrides: name, default, meaning.
KEYS: tuple[tuple[str, str, str], ...] = (
    ("design", "", f"{one_of(KINDS)}; must be given"),
    ("n", "128", "points of lhs; base samples of sobol (a power of two)"),
    ("trajectories", "20", "trajectories of morris"),
    ("levels", "", "levels of morris (4) and oat (2)"),
    ("second_order", "false", "sobol: also the rows that second-order indices need"),
    ("file", "", "design=file: a CSV with a column a factor"),
    ("replicates", "1", "runs of each point"),
    ("seeds", "crn", "crn: all points meet the same luck; independent: a seed a run"),
    ("design_seed", "1", "the design's own luck"),
    ("executor", "processes", f"{one_of(tuple(EXECUTORS))}; docs/cluster.md says when to use which"),
    ("workers", "2", "how many runs go on at a time"),
    ("timeout", "0", "seconds a run may take; 0: no limit"),
    ("series", "false", "keep the daily series of every run too"),
    ("retry_failed", "false", "run those again that failed"),
    ("output", "", "the study's folder (default: a new one in outputs/); the same folder goes on with it"),
    *SITE_KEYS,
)
_SHARDS = "shards"
_NAMES = tuple(name for name, _, _ in KEYS)
_SWITCH: Mapping[str, bool] = MappingProxyType({"true": True, "false": False})


class Words:
    """The words of the command line, sorted into settings, factors and overrides."""

    def __init__(self, words: Sequence[str]) -> None:
        self.force = "--force" in words
        given: dict[str, str] = {}
        self.factors: list[str] = []
        self.overrides: list[str] = []
        for word in words:
            key, equals, value = word.partition("=")
            if word == "--force":
                continue
            if word.startswith("-") or not (equals or word.startswith("~")):
                raise InputError(f"{word}: unknown option; write KEY=VALUE, or see marchland sweep --help")
            if key in _NAMES:
                given[key] = value
            elif is_factor(word):
                self.factors.append(word)
            else:
                self.overrides.append(word)
        self.given = {name: given.get(name, default) for name, default, _ in KEYS}
        if not self.given["design"]:
            raise InputError(f"design: must be given, for example design=lhs; known: {one_of(KINDS)}")

    def number(self, name: str, least: int) -> int:
        """Return a whole number."""
        text = self.given[name]
        if not text.isdecimal() or int(text) < least:
            raise InputError(f"{name}={text}: write a whole number from {least} on")
        return int(text)

    def switch(self, name: str) -> bool:
        """Return true or false."""
        text = self.given[name].lower()
        if text not in _SWITCH:
            raise InputError(f"{name}={self.given[name]}: write true or false{did_you_mean(text, tuple(_SWITCH))}")
        return _SWITCH[text]

    def seconds(self, name: str) -> float:
        """Return seconds."""
        try:
            value = float(self.given[name])
        except ValueError:
            value = -1.0
        if not 0.0 <= value < 1e9:
            raise InputError(f"{name}={self.given[name]}: write seconds, 0 for no limit")
        return value


def main(words: Sequence[str]) -> int:
    """Plan and check every run, then run those that the folder does not have."""
    asked = Words(named.expand(words))  # `experiment=NAME` written out; the user's words win
    unique = f"{dt.datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    output = Path(asked.given["output"] or f"outputs/sweep-{unique}")
    executor, workers = asked.given["executor"], asked.number("workers", 1)
    find_executor(executor)
    site = make_site(asked.given, output, executor)
    told = Remembered(
        tuple(words), executor, asked.seconds("timeout"), asked.switch("series"), asked.switch("retry_failed"),
        site.shards if executor == _SHARDS else 0,
    )  # fmt: skip
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))  # last: a user's own policy classes, never in place of ours
    plan = _plan(asked)
    base = Payload(base=plan.base, folder=str(plan.folder), trusted=plan.trusted, timeout=told.timeout, series=told.series)
    runs = list(plan.runs())
    print(f"{len(plan.design.points):,} points, {plan.replicates} replicates, {len(runs):,} runs, in {output}", file=sys.stderr)
    began = dt.datetime.now(dt.UTC)
    swept = sweep(
        runs, base, output, executor=executor, workers=workers, retry_failed=told.retry_failed, force=asked.force, site=site,
        prepare=lambda: _prepare(plan, output, told, site),
    )
    if executor == _SHARDS and swept.missing:
        _how_to_submit(site)
        if not swept.counts:
            return 1 if started(output) else 0
    if swept.interrupted:
        return 130
    _finish(plan, output, began, words, swept, executor, workers)
    return 0 if swept.counts.get("ok", 0) == swept.planned else 1


def _prepare(plan: Plan, output: Path, told: Remembered, site: Site) -> None:
    """Write what a folder must hold before its first run: a sweep that is killed can be read, and gone on with."""
    try:
        before = recall(output).shards
    except InputError:  # a new folder, or a damaged file: written below
        before = 0
    if told.shards and before and before != told.shards and started(output):
        raise InputError(f"shards={told.shards}: this study was cut into {before} and some have begun; give shards={before}")
    write_plan(plan, output / "plan.parquet")
    remember(output, told)
    if told.shards:
        write_script(site, plan.trusted)


def _how_to_submit(site: Site) -> None:
    """Say how the shards are run, and what comes after them."""
    script = site.folder / SCRIPT
    print(f"{site.shards} shards: on a cluster  sbatch {script}", file=sys.stderr)
    print(f"  without SLURM  for i in $(seq 0 {site.shards - 1}); do bash {script} $i; done", file=sys.stderr)
    print("  then this command again, which takes in what they left", file=sys.stderr)


def _plan(asked: Words) -> Plan:
    """Compose once, make the design, and check every row."""
    composed = compose(asked.overrides, trusted=True)
    scenario = Scenario.from_config(composed.config, composed.folder, composed.trusted_classes)
    tree = to_tree(validate(composed.config))
    assert isinstance(tree, dict)
    fields = Fields(tree, composed.trusted_classes)
    file, levels = asked.given["file"], asked.given["levels"]
    design = make_design(
        asked.given["design"], asked.factors, fields, n=asked.number("n", 1), seed=asked.number("design_seed", 0),
        second_order=asked.switch("second_order"), trajectories=asked.number("trajectories", 1),
        levels=asked.number("levels", 2) if levels else None, file=Path(file) if file else None,
    )
    cornered = [word for word in asked.overrides if word.startswith("corner=")]
    if cornered and any(factor.kind == "policy" for factor in design.factors):
        raise InputError(f"{cornered[0]}: a corner gives policies answers of its own, which a policy as a factor would lose; leave one out")
    # A class counts when the words name it, never when a table does.
    named = named_classes(design.factors) if design.kind != "file" else ()
    return make_plan(
        design, tree, composed.folder, trusted=(*composed.trusted_classes, *named), replicates=asked.number("replicates", 1),
        seeds=asked.given["seeds"], seed=scenario.config.seed,
    )


def _finish(plan: Plan, output: Path, began: dt.datetime, words: Sequence[str], swept: Swept, executor: str, workers: int) -> None:
    """Write the results of the plan as one table, and the manifest."""
    table = results(output)
    # What former plans of this folder left stays in its parts; its points are not this plan's.
    table = table.filter(pc.is_in(table["run_id"], plan.rows["run_id"].combine_chunks()))
    with writing(output):
        write_table(table, output / "results.parquet")
        execution = Execution(executor, workers, swept.seconds, swept.reused)
        write_study_manifest(plan, output, table, started=began, command=("sweep", *words), execution=execution)
    print(f"results in {output}/results.parquet, a row a run; content {content_hash(table)[:12]}")
