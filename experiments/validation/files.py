"""What a validation leaves: ``scores.json``, ``scores.csv``, and the days as Parquet tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from experiments.manifest import write_json
from experiments.validation.baselines import BASELINES
from experiments.validation.suite import HIGH, LOW, MODES, CampScore, ConflictScore, Measure, ModeScore, SuiteResult

SCORES_JSON, SCORES_CSV = "scores.json", "scores.csv"
_COLUMNS = ("mode", "conflict", "camp", "source", "measure", "value", "low", "high", "seeds")
_Row = tuple[str, str, str, str, str, float, float, float, int]


def score_tree(result: SuiteResult, config_hash: str, parameters_hash: str) -> dict[str, object]:
    """Return the content of ``scores.json``: ``modes``, and beside it what was run."""
    return {
        "modes": {mode.mode: _mode_tree(mode) for mode in result.modes},
        "suite": "displacement",
        "rule": result.rule,
        "seeds": result.seeds,
        "measure": "averaged relative difference (ARD), normal unless a name says rescaled; plain mean over days and conflicts",
        "interval": "none (one seed)" if result.seeds == 1 else f"{100 * LOW:.0f}-{100 * HIGH:.0f} % of seeds",
        "baselines": {name: line.does for name, line in BASELINES.items()},
        "config_hash": config_hash,
        "parameters_hash": parameters_hash,
    }


def _mode_tree(mode: ModeScore) -> dict[str, object]:
    """Return one mode of ``scores.json``."""
    return {
        "ard_mean": mode.ard_mean.mean,
        "ard_mean_interval": _interval(mode.ard_mean),
        "ard_final": mode.measure("ard_final"),
        "ard_rescaled_mean": mode.measure("ard_rescaled_mean"),
        "ard_rescaled_final": mode.measure("ard_rescaled_final"),
        "baselines": mode.baselines,
        "meaning": MODES[mode.mode],
        "conflicts": [_conflict_tree(score) for score in mode.conflicts],
    }


def _conflict_tree(score: ConflictScore) -> dict[str, object]:
    """Return one conflict of one mode."""
    return {
        "conflict": score.conflict.name,
        **{name: measure.mean for name, measure in score.measures.items()},
        "intervals": {name: _interval(measure) for name, measure in score.measures.items()},
        "baselines": dict(score.baselines),
        "days": score.conflict.days,
        "people": score.people,
        "seeds": score.seeds,
        "cpu_seconds": score.cpu_seconds,
        "camps": [_camp_tree(camp) for camp in score.camps],
    }


def _camp_tree(camp: CampScore) -> dict[str, object]:
    """Return one camp: counts are those of the last day."""
    return {
        "camp": camp.name,
        "country": camp.country,
        "capacity": camp.capacity or None,
        "data_peak": camp.peak,
        "mean_absolute_error": camp.error.mean_absolute_error,
        "simulated": camp.error.simulated,
        "simulated_interval": _interval(camp.simulated),
        "data": camp.error.data,
        "relative_error": camp.error.relative_error,
    }


def _interval(measure: Measure) -> list[float] | None:
    """Return low and high, or nothing for a single seed."""
    return None if measure.interval is None else list(measure.interval)


def score_frame(result: SuiteResult) -> pd.DataFrame:
    """Return ``scores.csv``: one row a number; no times, so the same seeds give the same file."""
    rows = [row for mode in result.modes for row in _rows(mode)]
    return pd.DataFrame.from_records(rows, columns=list(_COLUMNS))


def _rows(mode: ModeScore) -> Iterator[_Row]:
    """Yield the rows of one mode: the mean over conflicts first, with ``conflict`` empty."""
    yield mode.mode, "", "", "model", "ard_mean", mode.ard_mean.mean, *_ends(mode.ard_mean), mode.conflicts[0].seeds
    for name, value in mode.baselines.items():
        yield mode.mode, "", "", name, "ard_mean", value, np.nan, np.nan, 0
    for score in mode.conflicts:
        place = score.conflict.name
        for name, measure in score.measures.items():
            yield mode.mode, place, "", "model", name, measure.mean, *_ends(measure), score.seeds
        for name, value in score.baselines.items():
            yield mode.mode, place, "", name, "ard_mean", value, np.nan, np.nan, 0
        for camp in score.camps:
            error = camp.error
            head = (mode.mode, place, camp.name)
            yield *head, "model", "mean_absolute_error", error.mean_absolute_error, np.nan, np.nan, score.seeds
            yield *head, "model", "simulated", error.simulated, *_ends(camp.simulated), score.seeds
            yield *head, "data", "data", error.data, np.nan, np.nan, 0
            yield *head, "model", "relative_error", error.relative_error, np.nan, np.nan, score.seeds


def _ends(measure: Measure) -> tuple[float, float]:
    """Return low and high as numbers."""
    return measure.interval or (np.nan, np.nan)


def daily_frame(result: SuiteResult) -> pd.DataFrame:
    """Return the ARD of every day: ``mode, conflict, day, date``, then normal and rescaled with low and high."""
    frames = []
    for mode in result.modes:
        for score in mode.conflicts:
            low, mean, high = score.daily
            scaled_low, scaled, scaled_high = score.daily_rescaled
            frames.append(pd.DataFrame({
                "mode": mode.mode, "conflict": score.conflict.name,
                "day": np.arange(score.conflict.days), "date": dates(score),
                "ard": mean, "ard_low": low, "ard_high": high,
                "ard_rescaled": scaled, "ard_rescaled_low": scaled_low, "ard_rescaled_high": scaled_high,
            }))  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def camp_frame(result: SuiteResult) -> pd.DataFrame:
    """Return every camp on every day: the median over seeds with low and high, beside the registered count."""
    frames = []
    for mode in result.modes:
        for score in mode.conflicts:
            for index, camp in enumerate(score.camps):
                low, middle, high = score.counts[:, :, index]
                frames.append(pd.DataFrame({
                    "mode": mode.mode, "conflict": score.conflict.name, "camp": camp.name,
                    "day": np.arange(score.conflict.days), "date": dates(score),
                    "simulated": middle, "low": low, "high": high, "data": score.conflict.counts[:, index],
                }))  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def dates(score: ConflictScore) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    """Return the dates of a conflict's days."""
    return np.datetime64(score.conflict.start, "D") + np.arange(score.conflict.days).astype("timedelta64[D]")


def write_scores(result: SuiteResult, folder: Path, tree: dict[str, object]) -> dict[str, pa.Table]:
    """Write all of it into a folder and return the tables, whose hashes go into the manifest."""
    frame = score_frame(result)
    frame.to_csv(folder / SCORES_CSV, index=False, float_format="%.10g", lineterminator="\n")
    write_json(folder / SCORES_JSON, tree)
    tables = {"daily": daily_frame(result), "camps": camp_frame(result)}
    arrow = {name: pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None) for name, table in tables.items()}
    for name, table in arrow.items():
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
    return {"scores": pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None), **arrow}
