"""A stored study, run again: all of it, or a sample of its runs."""

from __future__ import annotations

import json
import math
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from rich.console import Console

from agents.errors import InputError
from experiments.analysis.study import RESULTS, Study, load_study
from experiments.manifest import FILE
from experiments.reproduction.series import compare_series, series_hashes
from experiments.reproduction.verdict import (
    COMPATIBLE,
    DAMAGED,
    DIFFERENT,
    ENOUGH,
    EQUAL,
    IDENTICAL,
    ROUNDING,
    Verdict,
    environment_differences,
    outside,
    worse,
)
from experiments.study.claim import FILE as CLAIM
from experiments.study.claim import SERIES, Claim, code_hash, read_claim
from experiments.study.designs import RESERVED
from experiments.study.inputs import FOLDER as INPUTS
from experiments.study.parts import content_hash
from experiments.study.runner import results, sweep
from experiments.study.task import FAILED, OK, Payload, Row
from sim.fingerprint import table_hash

#: Points at which other replicates are drawn, when asked for.
_POINTS = 10
#: What a sweep says of its progress. Its other words are about a folder that can be gone on with, which ours cannot.
_PROGRESS = re.compile(r"\d+ runs planned|\d+ of \d+ runs, ")


@dataclass(frozen=True)
class Asked:
    """What the user asks.

    Attributes
    ----------
    sample
        How many runs; 0 for all.
    sample_seed
        The luck of the choice.
    workers
        Processes.
    replicates
        Other replicates to draw where runs differ; 0 for none.
    trusted
        Policies ``module:Class`` that the user named.
    """

    sample: int = 0
    sample_seed: int = 1
    workers: int = 2
    replicates: int = 0
    trusted: tuple[str, ...] = ()

    @property
    def executor(self) -> str:
        """One worker needs no process of its own."""
        return "processes" if self.workers > 1 else "serial"


class Progress(Console):
    """Standard error, without what a sweep says of its folder and of going on with it."""

    def __init__(self) -> None:
        super().__init__(stderr=True)

    def print(self, *objects: object, **options: object) -> None:
        """Print bars and lines of progress."""
        if all(not isinstance(one, str) or _PROGRESS.match(one) for one in objects):
            super().print(*objects, **options)  # type: ignore[arg-type]


def reproduce_study(folder: Path, asked: Asked) -> Verdict:
    """Run runs of a study again and compare each with its row.

    Runs that were killed or took too long say nothing about the model, and are left out; runs that failed must
    fail again in the same words.

    Parameters
    ----------
    folder
        A folder that ``marchland sweep`` left.
    asked
        Which runs, and what to do when they differ.

    Raises
    ------
    InputError
        When the folder cannot be read, lacks its tables, or names a policy class that the user did not.
    """
    study = load_study(folder)
    _check_classes(study, asked.trusted)
    if not (folder / INPUTS).is_dir():
        raise InputError(f"{folder / INPUTS}: no such folder; the study lacks the copy of its tables, so it cannot be run again from itself")
    manifest = _manifest(folder)
    payload = Payload(
        base=study.plan.base, folder=str(folder / INPUTS), trusted=asked.trusted, series=(folder / SERIES).is_dir()
    )
    rows, notes = _chosen(study, asked)
    notes += _claims(study, manifest, payload)
    print(f"running {len(rows):,} of {len(study.results):,} runs of {folder} again", file=sys.stderr)
    differing: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="marchland-") as name:
        again = Path(name)
        now = _sweep(rows, payload, again, asked).set_index("run_id")
        found, largest = (IDENTICAL, ""), 0.0
        wanted = {row[0] for row in rows}
        series = series_hashes(folder, wanted), series_hashes(again, wanted)
        stored = study.results.set_index("run_id")
        for row in rows:
            here, place, size = _compare_run(row, stored.loc[row[0]], now.loc[row[0]])
            if here == IDENTICAL:
                here, place = compare_series(row, folder, again, series)
            largest = max(largest, size)
            if here == DIFFERENT:
                differing.append(row)
            found = worse(found, (here, place))
    grade, where = found
    if lacking := len(series[1].keys() - series[0].keys()):
        notes.append(f"{lacking:,} runs have no daily series in the folder to compare with")
    if differing and asked.replicates and _compatible(study, payload, differing, asked):
        grade = COMPATIBLE
    if differing:
        notes.append(f"{len(differing):,} of {len(rows):,} runs differ")
    checked = f"{len(rows):,} of {len(study.results):,} runs" + (f", drawn with sample_seed={asked.sample_seed}" if asked.sample else "")
    return Verdict(grade, where, (*_code(study.folder, payload), *environment_differences(manifest)), checked, largest, tuple(notes))


def _check_classes(study: Study, trusted: Sequence[str]) -> None:
    """Refuse a study whose policies are classes that the command line does not name."""
    choices = [factor.key for factor in study.plan.design.factors if factor.kind == "policy" or factor.key.endswith(".name")]
    named = {str(value) for key in choices for value in study.points[key]}
    policies = study.plan.base.get("policies")
    for choice in policies.values() if isinstance(policies, dict) else ():
        named.add(str(choice.get("name") if isinstance(choice, dict) else choice))
    for name in sorted(named):
        if ":" in name and name not in trusted:
            raise InputError(f"{study.folder}: plays the policy {name}, whose code is run only when you name it; give trust={name}")


def _sweep(rows: Sequence[Row], payload: Payload, folder: Path, asked: Asked) -> pd.DataFrame:
    """Run rows in a passing folder; Ctrl-C ends the command, since some of the runs make no verdict."""
    swept = sweep(rows, payload, folder, executor=asked.executor, workers=min(asked.workers, len(rows)), console=Progress())
    if swept.interrupted:
        raise KeyboardInterrupt
    return results(folder).to_pandas()


def _manifest(folder: Path) -> Mapping[str, object]:
    """Return the manifest, or nothing when the sweep did not come to its end."""
    try:
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / FILE}: cannot be read ({' '.join(str(error).split())}); give the sweep again, it writes it anew") from None
    if not isinstance(content, dict):
        raise InputError(f"{folder / FILE}: is no manifest; give the sweep again, it writes it anew")
    return content


def _chosen(study: Study, asked: Asked) -> tuple[list[Row], list[str]]:
    """Return the runs to run again, in order of point and replicate."""
    status = dict(zip(study.results["run_id"], study.results["status"], strict=True))
    rows: list[Row] = [row for row in study.plan.runs() if status.get(row[0]) in (OK, FAILED)]
    notes: list[str] = []
    missing = study.plan.rows.num_rows - len(rows)
    if missing:
        notes.append(f"{missing:,} of {study.plan.rows.num_rows:,} planned runs were killed, took too long or are missing, and are left out")
    if not rows:
        raise InputError(f"{study.folder}: has no run that can be run again")
    if asked.sample and asked.sample < len(rows):
        drawn = np.random.Generator(np.random.Philox(asked.sample_seed)).choice(len(rows), asked.sample, replace=False)
        rows = [rows[index] for index in sorted(map(int, drawn))]
    return rows, notes


def _claims(study: Study, manifest: Mapping[str, object], payload: Payload) -> list[str]:
    """Return what the folder says of itself that is not so: its config, its results."""
    claim = Claim.of(payload)
    said = read_claim(study.folder) or {}
    notes: list[str] = []
    if claim.config_hash != said.get("config_hash"):
        notes.append(f"config and tables in the folder have the hash {claim.config_hash[:12]}, but {CLAIM} says {str(said.get('config_hash'))[:12]}")
    if said.get("mixed_with"):
        notes.append("the study was mixed with --force: its runs come from more than one config or code")
    if not manifest:
        notes.append(f"there is no {FILE}: the sweep did not come to its end")
    elif not is_of_plan(study, manifest):
        notes.append(f"{FILE} is of a former plan: the sweep was gone on with, and did not come to its end")
    elif is_changed(study, manifest):
        notes.append(f"results.parquet has not the content that {FILE} says: it was changed after the sweep")
    return notes


def is_of_plan(study: Study, manifest: Mapping[str, object]) -> bool:
    """Whether a manifest is of the plan that the folder holds."""
    outputs = manifest.get("outputs")
    said = outputs.get("plan") if isinstance(outputs, Mapping) else None
    return isinstance(said, Mapping) and said.get("content_sha256") == table_hash(study.plan.rows)


def is_changed(study: Study, manifest: Mapping[str, object]) -> bool:
    """Whether the results in the folder are others than those that its manifest names."""
    path = study.folder / RESULTS
    try:
        now = content_hash(pq.read_table(path, partitioning=None)) if path.is_file() else study.results_hash
    except DAMAGED:
        return True
    return manifest.get("results_hash") != now


def _code(folder: Path, payload: Payload) -> tuple[tuple[str, str, str], ...]:
    """Return the difference of the model's code, if there is one."""
    then, now = str((read_claim(folder) or {}).get("code_hash")), code_hash(payload.trusted)
    return (("code of the model", then[:12], now[:12]),) if then != now else ()


def _compare_run(row: Row, stored: pd.Series, now: pd.Series) -> tuple[str, str, float]:
    """Return the grade of a run, the first column that differs, and the largest relative difference."""
    place = f"run {row[0]} (point {row[1]}, replicate {row[2]})"
    for column in ("status", "error"):
        if stored[column] != now[column]:
            return DIFFERENT, f"{place}, column {column}: {stored[column] or 'empty'} stored, {now[column] or 'empty'} now", math.inf
    names = sorted({name for name in (*stored.index, *now.index) if name not in RESERVED and name not in row[4]})
    grade, where, largest = IDENTICAL, "", 0.0
    for name in names:
        a, b = (_number(one.get(name)) for one in (stored, now))
        if a == b or (math.isnan(a) and math.isnan(b)):
            continue
        size = math.inf if math.isnan(a) or math.isnan(b) else abs(a - b) / max(abs(a), abs(b))
        largest = max(largest, size)
        here = EQUAL if size <= ROUNDING or abs(a - b) <= ROUNDING else DIFFERENT
        if here == DIFFERENT != grade or not where:
            grade, where = here, f"{place}, column {name}: {a!r} stored, {b!r} now"
    return grade, where, largest


def _number(value: object) -> float:
    return math.nan if value is None or value is pd.NA else float(cast(float, value))


def _compatible(study: Study, payload: Payload, differing: Sequence[Row], asked: Asked) -> bool:
    """Whether stored outcomes of differing runs lie among those of other replicates of their points."""
    points = list(dict.fromkeys(row[1] for row in differing))[:_POINTS]
    first = study.plan.replicates
    params = {row[1]: row for row in differing}
    rows: list[Row] = [
        (f"other-{point}-{k}", point, first + k, params[point][3], params[point][4]) for point in points for k in range(asked.replicates)
    ]
    print(f"running {len(rows):,} other replicates of {len(points)} points", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="marchland-") as name:
        table = _sweep(rows, payload, Path(name), asked)
    drawn = {point: [_outcomes(one, params[point]) for _, one in part.iterrows()] for point, part in table[table["status"] == OK].groupby("point")}
    out = judged = 0
    stored = study.results.set_index("run_id")
    for row in differing:
        if row[1] in points and len(drawn.get(row[1], [])) >= 2:
            away, seen = outside(_outcomes(stored.loc[row[0]], row), drawn[row[1]])
            out, judged = out + away, judged + seen
    return judged > 0 and out <= (1.0 - ENOUGH) * judged


def _outcomes(row: pd.Series, planned: Row) -> dict[str, float]:
    return {str(name): _number(row[name]) for name in row.index if name not in RESERVED and name not in planned[4]}
