"""A finished study as analyses read it: its plan, a row a run, and what every figure must print about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from agents.errors import InputError, one_of
from experiments.study import parts
from experiments.study.claim import FILE as CLAIM
from experiments.study.claim import PARTS
from experiments.study.designs import RESERVED
from experiments.study.plan import Plan, read_plan, roles_of
from experiments.study.task import OK
from sim.complaints import did_you_mean

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

    def caption(self, n: int | None = None, interval: str = "") -> str:
        """Return what every figure prints: n, interval, seeds and config hash.

        Parameters
        ----------
        n
            Runs that the figure shows; all finished ones by default.
        interval
            What its intervals are, as ``95 % bootstrap interval over points``; empty when it has none.
        """
        plan = self.plan
        runs = len(self.ok) if n is None else n
        seeds = f"seed {plan.seed}, the same luck at all points" if plan.seeds == "crn" else f"seeds independent, from {plan.seed}"
        words = [f"n = {runs:,} of {plan.rows.num_rows:,} runs ({len(plan.design.points):,} points x {plan.replicates} replicates)"]
        words += [interval] if interval else ["no interval"]
        return "; ".join([*words, seeds, f"design {plan.design.kind}", f"config {self.config_hash[:12]}"])


def load_study(folder: Path) -> Study:
    """Read a study that ``marchland sweep`` left, finished or not.

    Raises
    ------
    InputError
        In one line: what the folder lacks, or which file is damaged.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give the folder of a study (marchland sweep)")
    if not (folder / CLAIM).is_file():
        raise InputError(f"{folder}: holds no study ({CLAIM} is missing); give a folder that marchland sweep left")
    plan = read_plan(folder / PLAN)
    try:
        claim = json.loads((folder / CLAIM).read_text(encoding="utf-8"))
        table = pq.read_table(folder / RESULTS) if (folder / RESULTS).is_file() else parts.results(folder / PARTS)
    except (OSError, ValueError) as error:
        raise InputError(f"{folder}: cannot be read ({' '.join(str(error).split())}); run the sweep again, it goes on") from None
    table = table.filter(pc.is_in(table["run_id"], plan.rows["run_id"].combine_chunks()))  # not those of a former plan
    if not table.num_rows:
        raise InputError(f"{folder}: has no finished run yet; run the sweep again, it goes on")
    frame = table.to_pandas().sort_values(["point", "replicate"], ignore_index=True)
    return Study(folder, plan, frame, str(claim.get("config_hash", "")), parts.content_hash(table))

