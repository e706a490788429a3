"""A stored run, run again."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import yaml

from agents.errors import InputError
from experiments.reproduction.verdict import (
    COMPATIBLE,
    DIFFERENT,
    Verdict,
    compare_tables,
    compatible,
    environment_differences,
    read_manifest,
)
from experiments.runner import result_tables
from sim import Scenario


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
    tables = result_tables(scenario.build().run())
    grade, where = compare_tables(folder, manifest, tables)
    if grade == DIFFERENT and replicates:
        stored = _stored_outcomes(folder)
        drawn = [scenario.build(replicate=scenario.config.replicate + 1 + k).run().outcomes for k in range(replicates)]
        grade = COMPATIBLE if compatible(stored, drawn) else grade
    return Verdict(grade, where, environment_differences(manifest), checked=f"tables {', '.join(tables)}")


def stored_scenario(folder: Path, trusted: Sequence[str]) -> Scenario:
    """Return the scenario from a run's own config and its copy of the tables."""
    copy = folder / "scenario"
    try:
        tree = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{folder / 'config.yaml'}: cannot be read ({' '.join(str(error).split())})") from None
    if not isinstance(tree, dict) or not isinstance(tree.get("scenario"), dict) or not copy.is_dir():
        raise InputError(f"{folder}: config.yaml or scenario/ is not what a run leaves; give the folder of a finished run")
    chosen = cast("dict[str, object]", tree["scenario"])
    chosen["path"] = str(copy)
    for key in ("history", "exogenous"):  # the copy holds what was read, under the file's own name where it has no place there
        own = copy / Path(str(chosen.get(key) or "")).name
        chosen[key] = str(own) if chosen.get(key) and own.is_file() else None
    return Scenario.from_config(tree, copy, tuple(trusted))


def _stored_outcomes(folder: Path) -> dict[str, float]:
    row = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return {key: float(value) for key, value in row.items() if isinstance(value, int | float) and not isinstance(value, bool)}
