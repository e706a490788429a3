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

import pyarrow.parquet as pq

from agents.errors import InputError, one_of
from experiments.manifest import FILE, make_manifest, write_json
from experiments.study.designs import KINDS, make_design
from experiments.study.factors import Fields, is_factor
from experiments.study.parts import content_hash
from experiments.study.plan import Plan, make_plan, named_classes, write_plan
from experiments.study.runner import results, sweep
from experiments.study.task import Payload
from sim.complaints import did_you_mean
from sim.compose import compose
from sim.fingerprint import config_hash
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
    ("executor", "processes", "serial or processes"),
    ("workers", "2", "how many processes"),
    ("timeout", "0", "seconds a run may take; 0: no limit"),
    ("series", "false", "keep the daily series of every run too"),
    ("retry_failed", "false", "run those again that failed"),
    ("output", "", "the study's folder (default: a new one in outputs/); the same folder goes on with it"),
)
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
            if word.startswith("-") or not equals:
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
    asked = Words(words)
    plan = _plan(asked)
    unique = f"{dt.datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    output = Path(asked.given["output"] or f"outputs/sweep-{unique}")
    base = Payload(
        base=plan.base, folder=str(plan.folder), trusted=plan.trusted, timeout=asked.seconds("timeout"), series=asked.switch("series")
    )
    runs = list(plan.runs())
    print(f"{len(plan.design.points):,} points, {plan.replicates} replicates, {len(runs):,} runs, in {output}", file=sys.stderr)
    started = dt.datetime.now(dt.UTC)
    swept = sweep(
        runs, base, output, executor=asked.given["executor"], workers=asked.number("workers", 1),
        retry_failed=asked.switch("retry_failed"), force=asked.force,
    )
    write_plan(plan, output / "plan.parquet")
    if swept.interrupted:
        return 130
    _finish(plan, output, started, words)
    return 0 if swept.counts.get("ok", 0) == swept.planned else 1


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


def _finish(plan: Plan, output: Path, started: dt.datetime, words: Sequence[str]) -> None:
    """Write all results as one table, and the manifest."""
    table = results(output)
    scratch = output / ".results.parquet"
    pq.write_table(table, scratch, compression="zstd")
    scratch.replace(output / "results.parquet")
    composed = compose(Words(words).overrides, trusted=True)
    files = Scenario.from_config(composed.config, composed.folder, composed.trusted_classes).tables.files
    manifest = make_manifest(
        config_hash=config_hash(plan.base, files), seeds={"seed": plan.seed, "replicates": plan.replicates}, inputs=files,
        folder=plan.folder, tables={"plan": plan.rows}, started=started, finished=dt.datetime.now(dt.UTC),
        command=("marchland", "sweep", *words),
    )
    write_json(output / FILE, {**manifest, "results_hash": content_hash(table)})
    print(f"results in {output}/results.parquet, a row a run; content {content_hash(table)[:12]}")
