"""Studies made in memory, with outcomes and series that are known, for tests of analyses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from experiments.analysis.study import Study
from experiments.study.designs import Design, grid
from experiments.study.factors import Factor
from experiments.study.plan import make_plan

FloatArray = NDArray[np.float64]


def choice(key: str, *values: object) -> Factor:
    return Factor(key, "policy" if key.startswith("policy@") else "choice", values=values)


def grid_of(**sides: Sequence[object]) -> Design:
    """A grid over factors named by keyword; ``policy`` stands for the policy of north."""
    names = {"policy": "policy@policies.north"}
    return grid([choice(names.get(key, key), *values) for key, values in sides.items()])


def made(
    design: Design, outcomes: Mapping[str, FloatArray], *, folder: Path = Path("nowhere"), seeds: str = "crn", failed: Sequence[tuple[int, int]] = ()
) -> Study:
    """A study whose outcomes are (points, replicates); failed runs have a row without outcomes."""
    first = next(iter(outcomes.values()))
    plan = make_plan(design, {}, folder, replicates=first.shape[1], seeds=seeds, model="trivial")
    frame = plan.rows.to_pandas()
    bad = np.array([(p, r) in set(failed) for p, r in zip(frame["point"], frame["replicate"], strict=True)])
    for name, values in outcomes.items():
        column = np.asarray(values, dtype=np.float64).ravel().copy()
        column[bad] = np.nan
        frame[name] = column
    frame["status"] = np.where(bad, "failed", "ok")
    frame["error"], frame["seconds"] = "", 0.1
    return Study(folder, plan, frame, "0123456789abcdef")


def write_series(study: Study, series: Mapping[tuple[str, str, str], FloatArray], parts: int = 2) -> None:
    """Write daily series by (kind, actor, variable), (runs, days), as a sweep does: in parts, of finished runs."""
    done = study.ok
    (study.folder / "series").mkdir(parents=True)
    for part, rows in enumerate(np.array_split(np.arange(len(done)), parts)):
        frames = []
        for (kind, actor, variable), values in series.items():
            days = values.shape[1]
            frames.append(pd.DataFrame({
                "run_id": np.repeat(done["run_id"].to_numpy()[rows], days), "day": np.tile(np.arange(days, dtype=np.int32), len(rows)),
                "date": np.tile(np.datetime64("2001-01-01", "ms") + np.arange(days) * np.timedelta64(1, "D"), len(rows)),
                "kind": pd.Categorical([kind] * (days * len(rows))), "actor": pd.Categorical([actor] * (days * len(rows))),
                "variable": pd.Categorical([variable] * (days * len(rows))), "value": values[rows].ravel(),
            }))  # fmt: skip
        frame = pd.concat(frames, ignore_index=True)
        for name in ("kind", "actor", "variable"):
            frame[name] = frame[name].astype("category")
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), study.folder / "series" / f"part-{part:08d}-0.parquet")
