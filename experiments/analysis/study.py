"""A finished study as analyses read it: its plan, a row a run, and what every figure must print about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from agents.errors import InputError, one_of
from experiments.manifest import FILE as MANIFEST
from experiments.study import parts
from experiments.study.claim import FILE as CLAIM
from experiments.study.claim import PARTS, read_claim
from experiments.study.designs import RESERVED
from experiments.study.joined import joined, study_results
from experiments.study.plan import Plan, read_plan, roles_of
from experiments.study.task import OK
from sim.complaints import did_you_mean
from sim.fingerprint import table_hash

FloatArray = NDArray[np.float64]

PLAN = "plan.parquet"
RESULTS = "results.parquet"


@dataclass(frozen=True)
class Study:
    """A study's plan and its results.

    Attributes
    ----------
    folder
        Where it lies.
    plan
        What was planned: design, factors, replicates, seeds.
    results
        A row a run that has one, sorted by point and replicate: ``run_id``, ``point``, ``replicate``, ``seed``,
        a column a factor, a column an outcome, ``status``, ``error``, ``seconds``.
    config_hash
        Hash of config and tables that the study was started with.
    results_hash
        Hash of the results' content, the same as in the manifest of a finished study.
    """

    folder: Path
    plan: Plan
    results: pd.DataFrame
    config_hash: str
    results_hash: str = ""

    @cached_property
    def outcomes(self) -> tuple[str, ...]:
        """Names of outcomes that at least one run has."""
        factors = {factor.key for factor in self.plan.design.factors}
        names = [name for name in self.results.columns if name not in factors and name not in RESERVED]
        return tuple(name for name in names if self.results[name].notna().any())

    @cached_property
    def roles(self) -> Mapping[str, tuple[str, ...]]:
        """Uncertainties, levers, constants and outcomes."""
        return roles_of(self.plan.design, self.outcomes)

    @cached_property
    def points(self) -> pd.DataFrame:
        """The points of the design, a row a point and a column a factor."""
        design = self.plan.design
        return pd.DataFrame(list(design.points), columns=[factor.key for factor in design.factors])

    @property
    def ok(self) -> pd.DataFrame:
        """The runs that finished."""
        return self.results[self.results["status"] == OK]

    def values(self, outcome: str) -> FloatArray:
        """Return an outcome as (points, replicates); NaN where a run failed, is missing or has no such value.

        Raises
        ------
        InputError
            When there is no such outcome.
        """
        if outcome not in self.outcomes:
            raise InputError(f"outcome {outcome!r}: the study has none{did_you_mean(outcome, self.outcomes)}; known: {one_of(self.outcomes)}")
        table = np.full((len(self.plan.design.points), self.plan.replicates), np.nan)
        done = self.ok
        table[done["point"].to_numpy(), done["replicate"].to_numpy()] = done[outcome].to_numpy(dtype=np.float64)
        return table

    def caption(self, n: int | None = None, interval: str | None = "") -> str:
        """Return what every figure prints: n, interval, seeds and config hash.

        Parameters
        ----------
        n
            Runs that the figure shows; all finished ones by default.
        interval
            What its intervals are, as ``95 % bootstrap interval over points``; empty when it has none, ``None`` where no
            figure is meant.
        """
        plan = self.plan
        runs = len(self.ok) if n is None else n
        seeds = f"seed {plan.seed}, the same luck at all points" if plan.seeds == "crn" else f"seeds independent, from {plan.seed}"
        size = f"({_many(len(plan.design.points), 'point')} x {_many(plan.replicates, 'replicate')})"
        words = [f"n = {runs:,} of {_many(plan.rows.num_rows, 'run')} {size}"]
        words += [] if interval is None else [interval or "no interval"]
        return "; ".join([*words, seeds, f"design {plan.design.kind}", f"config {self.config_hash[:12]}"])


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' if number != 1 else ''}"


def load_study(folder: Path | str) -> Study:
    """Read a study that ``marchland sweep`` left, finished or not.

    Raises
    ------
    InputError
        In one line: what the folder lacks, or which file is damaged.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give the folder of a study (marchland sweep)")
    if not (folder / CLAIM).is_file():
        raise InputError(f"{folder}: holds no study ({CLAIM} is missing); give a folder that marchland sweep left")
    claim = read_claim(folder) or {}
    plan = read_plan(folder / PLAN)
    table = stored_results(folder, plan)
    if not table.num_rows:
        raise InputError(f"{folder}: has no finished run yet; run the sweep again, it goes on")
    frame = table.to_pandas().sort_values(["point", "replicate"], ignore_index=True)
    return Study(folder, plan, frame, str(claim.get("config_hash", "")), parts.content_hash(table))


def stored_results(folder: Path, plan: Plan) -> pa.Table:
    """Return the results of a plan: from ``results.parquet`` when it is of this plan, else from the parts.

    A sweep that extends a plan and is stopped leaves no such file, or one of the plan before.

    Raises
    ------
    InputError
        When the files are damaged, or are no results.
    """
    path = folder / RESULTS
    if not path.is_file() or ((folder / PARTS).is_dir() and not _of_plan(folder, plan)):
        return study_results(folder, plan)
    try:
        table = _plain(pq.read_table(path))
        _check(table)
        return joined(plan, [table])
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
        why = " ".join(str(error).split())[:150]
        raise InputError(f"{path}: cannot be read, or holds no results ({why}); run the sweep again, it writes it anew") from None


def _of_plan(folder: Path, plan: Plan) -> bool:
    """Return whether the manifest, and so the results beside it, are of this plan."""
    try:
        said = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["outputs"]["plan"]["content_sha256"]
    except (OSError, KeyError, TypeError, ValueError):
        return False
    return bool(said == table_hash(plan.rows))


def _plain(table: pa.Table) -> pa.Table:
    """Return a table whose text is Arrow's plain kind, also where pandas has written it."""
    return table.cast(pa.schema([one.with_type(pa.string()) if pa.types.is_large_string(one.type) else one for one in table.schema]))


def _check(table: pa.Table) -> None:
    """Refuse a table that is none of results."""
    kinds = dict(parts.TAIL)
    for name in ("run_id", "status", "error", "seconds"):
        if name not in table.column_names:
            raise ValueError(f"no column {name}")
        if table.schema.field(name).type != kinds.get(name, pa.string()) or table[name].null_count:
            raise ValueError(f"column {name} is not as a sweep writes it")
    if pc.count_distinct(table["run_id"]).as_py() != table.num_rows:
        raise ValueError("a run_id comes twice")
