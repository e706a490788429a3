"""A stored run, run again."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import yaml

from agents.errors import InputError
from experiments.reproduction.verdict import (
    COMPATIBLE,
    DIFFERENT,
    SUMMARY,
    Verdict,
    compare_summary,
    compare_tables,
    compatible,
    environment_differences,
    is_number,
    read_manifest,
    read_summary,
    worse,
)
from experiments.runner import result_tables
from experiments.study.inputs import placed
from experiments.summary import summary_row
from sim import Scenario
from sim.fingerprint import ELSEWHERE


def reproduce_run(folder: Path, *, replicates: int = 0, trusted: Sequence[str] = ()) -> Verdict:
    """Run a stored run again and compare.

    Parameters
    ----------
    folder
        A folder that ``marchland run`` left.
    replicates
        How many other replicates to run when the results differ; 0 for none.
    trusted
        ``module:Class`` names of policies that may be imported.

    Raises
    ------
    InputError
        When the folder is no finished run, or cannot be read.
    """
    manifest = read_manifest(folder)
    scenario = stored_scenario(folder, trusted)
    print(f"running {folder} again: seed {scenario.config.seed}, replicate {scenario.config.replicate}", file=sys.stderr)
    model = scenario.build().run()
    tables = result_tables(model)
    summary = read_summary(folder)
    grade, where, notes = compare_tables(folder, manifest, tables)
    row = summary_row(model.outcomes, scenario.config, str(manifest.get("config_hash", "")))
    grade, where = worse((grade, where), compare_summary(summary, row))
    if grade == DIFFERENT and replicates:
        drawn = [scenario.build(replicate=scenario.config.replicate + 1 + k).run().outcomes for k in range(replicates)]
        stored = {name: float(cast(float, value)) for name, value in summary.items() if is_number(value)}
        grade = COMPATIBLE if compatible(stored, drawn) else grade
    return Verdict(grade, where, environment_differences(manifest), checked=f"tables {', '.join(tables)}, {SUMMARY}", notes=notes)


def stored_scenario(folder: Path, trusted: Sequence[str]) -> Scenario:
    """Return the scenario from a run's own config and its copy of the tables."""
    copy = folder / "scenario"
    try:
        tree = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{folder / 'config.yaml'}: cannot be read ({' '.join(str(error).split())})") from None
    if not isinstance(tree, dict) or not isinstance(tree.get("scenario"), dict) or not copy.is_dir():
        raise InputError(f"{folder}: config.yaml or scenario/ is not what a run leaves; give the folder of a finished run")
    moved = placed(tree, copy)
    chosen = cast("dict[str, object]", moved["scenario"])
    for key in ELSEWHERE:  # a run's copy of a file from elsewhere keeps the file's own name
        name = Path(str(tree["scenario"].get(key) or "")).name
        own = next((path for path in sorted(copy.rglob("*")) if path.name == name and path.is_file()), None)
        chosen[key] = str(own) if own else chosen[key]
    return Scenario.from_config(moved, copy, tuple(trusted))
