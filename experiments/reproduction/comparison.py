"""A stored comparison, run again."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from agents.errors import InputError
from experiments.compare import ARMS, compare, tables_of
from experiments.reproduction.verdict import Verdict, compare_tables, environment_differences, read_manifest
from experiments.study.inputs import FOLDER as INPUTS
from experiments.study.inputs import placed
from sim.scenario import Scenario


def reproduce_comparison(folder: Path, *, trusted: Sequence[str] = ()) -> Verdict:
    """Run all arms of a comparison again and compare every run and every daily difference.

    Parameters
    ----------
    folder
        A folder that ``marchland compare`` left.
    trusted
        ``module:Class`` names of policies that may be imported.

    Raises
    ------
    InputError
        When the folder is no finished comparison, or cannot be read.
    """
    manifest = read_manifest(folder)
    path = folder / ARMS
    try:
        stored = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read ({' '.join(str(error).split())}); compare again with this version") from None
    seeds = manifest.get("seeds")
    replicates = seeds.get("replicates") if isinstance(seeds, dict) else None
    arms = stored.get("arms") if isinstance(stored, dict) else None
    whole = isinstance(arms, dict) and len(arms) > 1 and all(isinstance(tree, dict) for tree in arms.values())
    if not whole or not isinstance(arms, dict) or not isinstance(replicates, int) or replicates < 2:
        raise InputError(f"{path}: does not name the arms, or the manifest not their replicates; compare again with this version")
    copy = folder / INPUTS
    scenarios = [Scenario.from_config(placed(tree, copy), copy, tuple(trusted)) for tree in arms.values()]
    print(f"running {folder} again: {len(arms)} arms, {replicates} replicates of each", file=sys.stderr)
    result = compare(tuple(map(str, arms)), scenarios, replicates)
    grade, where, notes = compare_tables(folder, manifest, tables_of(result, scenarios[0]))
    return Verdict(grade, where, environment_differences(manifest), checked=f"{len(arms)} arms x {replicates} replicates", notes=notes)
