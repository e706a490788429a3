"""The band of a run: the same config under further luck, for the figure of simulated against observed.

One run is one possible history. A handful of replicates says how far luck alone carries the outcomes,
so that an observation is compared with a band and not with a line.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.model import MarchlandModel
from sim.scenario import Scenario
from sim.settings import to_tree

FloatArray = NDArray[np.float64]
#: Bounds of the band.
LOW, HIGH = 0.05, 0.95


def observed_totals(model: MarchlandModel, scenario: Scenario) -> FloatArray:
    """Simulated total of every observed row, (rows,); NaN where the run does not cover the row's days."""
    setting = scenario.setting
    values = np.full(len(scenario.tables.observed), np.nan)
    series = {name: model.record.series("region", "region", name) for name in ("attacks", "deaths", "returns")}
    for i, row in enumerate(scenario.tables.observed.itertuples(index=False)):
        first = setting.day_of(pd.Timestamp(row.start).date())
        last = setting.day_of(pd.Timestamp(row.end).date())
        if 0 <= first <= last < model.record.length:
            values[i] = float(series[str(row.outcome)][first : last + 1].sum())
    return values


def _replicate(tree: Mapping[str, object], folder: str, classes: tuple[str, ...], replicate: int) -> FloatArray:
    """Run one replicate in a worker process."""
    scenario = Scenario.from_config(tree, Path(folder), classes)
    return observed_totals(scenario.build(replicate=replicate).run(), scenario)


def make_band(
    scenario: Scenario, own: FloatArray, size: int, progress: Callable[[int, int], None] | None = None
) -> pd.DataFrame:
    """Run further replicates and return mean and band of every observed row.

    Parameters
    ----------
    scenario
        The scenario of the run.
    own
        Totals of the run itself, which counts as one of the band.
    size
        Number of further replicates.
    progress
        Called with (replicates done, replicates in all).

    Returns
    -------
    Columns ``outcome``, ``start``, ``end``, ``mean``, ``low``, ``high``, ``n``, ``interval``.
    """
    tree = to_tree(scenario.config)
    assert isinstance(tree, dict)
    first = scenario.config.replicate + 1
    rows = [own]
    workers = max(min(size, os.cpu_count() or 1), 1)
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        jobs = [
            pool.submit(_replicate, tree, str(scenario.tables.folder), scenario.trusted_classes, first + k) for k in range(size)
        ]
        try:
            for done, _ in enumerate(as_completed(jobs), start=1):
                if progress is not None:
                    progress(done, size)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        rows += [job.result() for job in jobs]  # in the order of the replicates, not of their ends
    totals = np.stack(rows)
    table = scenario.tables.observed[["outcome", "start", "end"]].copy()
    table["mean"] = totals.mean(axis=0)
    table["low"], table["high"] = np.quantile(totals, [LOW, HIGH], axis=0)
    table["n"] = len(totals)
    table["interval"] = f"{100 * LOW:.0f}-{100 * HIGH:.0f} %"
    return table.dropna(subset=["mean"]).reset_index(drop=True)
