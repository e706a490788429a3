"""``marchland sweep``: a design over any fields of the config, run in chunks that survive anything.

Words with a range (``KEY=0.2..0.6``), with commas (``KEY=a,b``) or a bare ``KEY=`` (its declared range) are factors; every
other word is an override as for ``marchland run``. Going on with a study is the same command again.
"""

from __future__ import annotations

import datetime as dt
import secrets
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from agents.errors import InputError
from experiments.manifest_study import Execution, write_study_manifest
from experiments.study import named
from experiments.study.claim import writing
from experiments.study.designs import make_design
from experiments.study.executors import find_executor
from experiments.study.factors import Fields
from experiments.study.joined import study_results
from experiments.study.parts import content_hash, write_table
from experiments.study.plan import Plan, make_plan, named_classes, same_plan, write_plan
from experiments.study.remember import Remembered, recall, remember
from experiments.study.runner import Swept, sweep
from experiments.study.shards import SCRIPT, started, write_script
from experiments.study.site import Site, make_site
from experiments.study.task import Payload
from experiments.study.words import Words
from sim.compose import compose
from sim.scenario import Scenario
from sim.settings import to_tree, validate

_SHARDS = "shards"
_MOST_WORKERS = 10_000


def main(words: Sequence[str]) -> int:
    """Plan and check every run, then run those that the folder does not have."""
    asked = Words(named.expand(words), words)  # `experiment=NAME` written out; the user's words win
    unique = f"{dt.datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    output = Path(asked.given["output"] or f"outputs/sweep-{unique}")
    executor, workers = asked.given["executor"], asked.number("workers", 1, _MOST_WORKERS)
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
    print(f"{len(plan.design.points):,} points, {plan.replicates} replicates, {plan.rows.num_rows:,} runs, in {output}", file=sys.stderr)
    began = dt.datetime.now(dt.UTC)

    def finish(swept: Swept) -> None:
        """While the folder is still ours alone."""
        if swept.counts and not (swept.interrupted and swept.missing):
            _finish(plan, output, began, words, swept, executor, workers)

    swept = sweep(
        list(plan.runs()), base, output, executor=executor, workers=workers, retry_failed=told.retry_failed, force=asked.force, site=site,
        prepare=lambda: _prepare(plan, output, told, site), finish=finish,
    )  # fmt: skip
    if swept.interrupted and swept.missing:  # stopped during the last run, all is there
        return 130
    missed = swept.planned - swept.counts.get("ok", 0)
    if executor == _SHARDS and (swept.missing or (told.retry_failed and missed)):
        _how_to_submit(site)
        if not swept.counts:
            return 1 if started(output) else 0
    return 1 if missed else 0


def _prepare(plan: Plan, output: Path, told: Remembered, site: Site) -> None:
    """Write what a folder must hold before its first run: a sweep that is killed can be read, and gone on with."""
    try:
        before = recall(output).shards
    except InputError:  # a new folder, or a damaged file: written below
        before = 0
    if told.shards and before and before != told.shards and started(output):
        raise InputError(f"shards={told.shards}: this study was cut into {before} and some have begun; give shards={before}")
    if not same_plan(output / "plan.parquet", plan):
        if (output / "plan.parquet").is_file():
            report = "; analysis/ is still of the former one" if (output / "analysis").is_dir() else ""
            print(f"note: {output} held another plan; its results become those of this one, runs that both have are kept{report}", file=sys.stderr)
        with writing(output):  # they are of another plan; what its runs gave stays in the parts
            for name in ("results.parquet", "manifest.json"):
                (output / name).unlink(missing_ok=True)
    write_plan(plan, output / "plan.parquet")
    remember(output, told)
    if told.shards:
        write_script(site, plan.trusted)


def _how_to_submit(site: Site) -> None:
    """Say how the shards are run, and what comes after them."""
    script = shlex.quote(str(site.folder / SCRIPT))
    print(f"{site.shards} shards: on a cluster  sbatch {script}", file=sys.stderr)
    print(f"  without SLURM  for i in $(seq 0 {site.shards - 1}); do bash {script} $i; done", file=sys.stderr)
    print("  then this command again, which takes in what they left", file=sys.stderr)


def _plan(asked: Words) -> Plan:
    """Compose once, make the design, and check every row."""
    composed = compose(asked.overrides, trusted=True)
    trusted = asked.trusted(composed.trusted_classes)
    scenario = Scenario.from_config(composed.config, composed.folder, trusted)
    tree = to_tree(validate(composed.config))
    assert isinstance(tree, dict)
    fields = Fields(tree, trusted)
    file, levels = asked.given["file"], asked.given["levels"]
    design = make_design(
        asked.given["design"], asked.factors, fields, n=asked.number("n", 1), seed=asked.number("design_seed", 0),
        second_order=asked.switch("second_order"), trajectories=asked.number("trajectories", 1),
        levels=asked.number("levels", 2) if levels else None, file=Path(file) if file else None,
    )
    cornered = [word for word in asked.overrides if word.startswith("corner=")]
    if cornered and any(factor.kind == "policy" for factor in design.factors):
        raise InputError(f"{cornered[0]}: a corner gives policies answers of its own, which a policy as a factor would lose; leave one out")
    # A class counts when the user typed it, never when a table or a study file names it.
    classes = asked.trusted(named_classes(design.factors)) if design.kind != "file" else ()
    return make_plan(
        design, tree, composed.folder, trusted=(*trusted, *classes), replicates=asked.number("replicates", 1),
        seeds=asked.given["seeds"], seed=scenario.config.seed,
    )


def _finish(plan: Plan, output: Path, began: dt.datetime, words: Sequence[str], swept: Swept, executor: str, workers: int) -> None:
    """Write the results of the plan as one table, and the manifest."""
    table = study_results(output, plan)
    with writing(output):
        write_table(table, output / "results.parquet")
        execution = Execution(executor, workers, swept.seconds, swept.reused)
        write_study_manifest(plan, output, table, started=began, command=("sweep", *words), execution=execution)
    print(f"results in {output}/results.parquet, a row a run; content {content_hash(table)[:12]}")
