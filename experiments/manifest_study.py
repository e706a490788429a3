"""The manifest of a study: what was planned, from what, with what code, where, how it went, and hashes of what came out."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pyarrow as pa

from experiments.manifest import FILE, diff_hash, environment, without_home, write_json
from experiments.study.claim import FILE as CLAIM
from experiments.study.inputs import FOLDER as INPUTS
from experiments.study.parts import content_hash
from experiments.study.plan import Plan
from sim.fingerprint import PATHS, canonical, digest, file_hash, table_hash

SCHEMA_VERSION = 2


@dataclass(frozen=True)
class Execution:
    """How a study was run.

    Attributes
    ----------
    executor, workers
        Who ran it, and how many at a time.
    seconds
        Time on the clock, of the last sweep only.
    reused
        Runs that earlier sweeps had left.
    """

    executor: str
    workers: int
    seconds: float
    reused: int = 0


def write_study_manifest(
    plan: Plan, folder: Path, results: pa.Table, *, started: dt.datetime, command: Sequence[str], execution: Execution
) -> dict[str, object]:
    """Write the manifest of a study whole or not at all, and return it.

    Parameters
    ----------
    plan
        The plan.
    folder
        The study's folder, with its ``study.json`` and the copy of its tables.
    results
        A row a run.
    started
        When the sweep began, with time zone.
    command
        The words after ``marchland``; home folders and user names are left out.
    execution
        How it was run.
    """
    manifest = study_manifest(plan, folder, results, started=started, command=command, execution=execution)
    write_json(folder / FILE, manifest)
    return manifest


def study_manifest(
    plan: Plan, folder: Path, results: pa.Table, *, started: dt.datetime, command: Sequence[str], execution: Execution
) -> dict[str, object]:
    """Return the manifest of a study; see :func:`write_study_manifest`."""
    claim = cast("dict[str, object]", json.loads((folder / CLAIM).read_text(encoding="utf-8")))
    here = environment()
    # Not part of the environment, but of the code.
    code = {key: here.pop(key) for key in ("version", "commit", "dirty")}
    finished = dt.datetime.now(dt.UTC)
    outputs = {
        "plan": {"rows": plan.rows.num_rows, "columns": plan.rows.column_names, "content_sha256": table_hash(plan.rows)},
        "results": {"rows": results.num_rows, "columns": results.column_names, "content_sha256": content_hash(results)},
    }
    statuses = Counter(cast("list[str]", results["status"].to_pylist())) if "status" in results.column_names else Counter[str]()
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "study",
        "study_id": digest(canonical([claim["config_hash"], claim["code_hash"], outputs["plan"]["content_sha256"]]))[:16],
        "started": started.astimezone(dt.UTC).isoformat(timespec="seconds"),
        "finished": finished.isoformat(timespec="seconds"),
        "duration_seconds": round((finished - started).total_seconds(), 3),
        "command": ["marchland", *(without_home(word) for word in command)],
        "config_hash": claim["config_hash"],
        "config": _without_paths(plan.base),
        "design": _design(plan),
        "seeds": {"seed": plan.seed, "replicates": plan.replicates, "scheme": plan.seeds},
        "code": {**code, "code_hash": claim["code_hash"], "diff_sha256": diff_hash(), "mixed_with": claim.get("mixed_with", [])},
        "inputs": _inputs(folder / INPUTS),
        **here,
        "execution": {
            "executor": execution.executor, "workers": execution.workers, "wall_seconds": round(execution.seconds, 3),
            "reused": execution.reused, "planned": plan.rows.num_rows, "counts": dict(sorted(statuses.items())),
        },
        "outputs": outputs,
        "outputs_hash": digest(canonical({name: output["content_sha256"] for name, output in outputs.items()})),
        "results_hash": outputs["results"]["content_sha256"],
    }  # fmt: skip


def _design(plan: Plan) -> dict[str, object]:
    """Return the design: its kind, size, factors with bounds or values, and seeds."""
    design = plan.design
    return {
        "kind": design.kind,
        "n_points": len(design.points),
        "n_runs": plan.rows.num_rows,
        "replicates": plan.replicates,
        "seed_scheme": plan.seeds,
        "extra": design.extra,
        "factors": [
            {"key": one.key, "kind": one.kind, "low": one.low, "high": one.high, "values": list(one.values)} for one in design.factors
        ],
        "plan_sha256": table_hash(plan.rows),
    }


def _without_paths(config: Mapping[str, object]) -> dict[str, object]:
    """Return a config as JSON holds it, without the places of files on this machine."""
    tree = cast("dict[str, object]", json.loads(canonical(config)))
    if isinstance(chosen := tree.get("scenario"), dict):
        tree["scenario"] = {key: value for key, value in chosen.items() if key not in PATHS}
    return tree


def _inputs(folder: Path) -> list[dict[str, object]]:
    """Return name, size and hash of each file of the copy."""
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    return [{"name": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size, "sha256": file_hash(path)} for path in files]
