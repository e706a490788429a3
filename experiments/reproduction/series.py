"""The daily series of a study's runs, stored and made again."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from agents.errors import InputError
from experiments.reproduction.verdict import DAMAGED, DIFFERENT, IDENTICAL, compare_table
from experiments.study import parts
from experiments.study.claim import SERIES
from experiments.study.task import Row
from sim.fingerprint import table_hash


def series_hashes(folder: Path, wanted: Collection[str]) -> dict[str, str]:
    """Return the hash of the daily series of each wanted run that has one, a part in memory at a time.

    Raises
    ------
    InputError
        When a part is damaged.
    """
    found: dict[str, str] = {}
    for part in parts.list_parts(folder / SERIES):
        for run_id, table in _by_run(part.path):
            if run_id in wanted and run_id not in found:
                try:
                    found[run_id] = table_hash(table)
                except DAMAGED as error:
                    raise _damaged(part.path, error) from None
    return found


def compare_series(row: Row, folder: Path, again: Path, hashes: tuple[Mapping[str, str], Mapping[str, str]]) -> tuple[str, str]:
    """Return the grade of a run's daily series, and the first place that differs.

    Parameters
    ----------
    row
        The run.
    folder, again
        The stored study, and the one made now.
    hashes
        What :func:`series_hashes` says of both. A run without a stored series has nothing to compare.
    """
    then, now = (one.get(row[0]) for one in hashes)
    if then is None or then == now:
        return IDENTICAL, ""
    name = f"daily series of run {row[0]} (point {row[1]}, replicate {row[2]})"
    if now is None:
        return DIFFERENT, f"{name}: none now"
    stored, made = (_series_of(one, row[0]) for one in (folder, again))
    return compare_table(name, stored, made)


def _series_of(folder: Path, run_id: str) -> pa.Table:
    return next(table for part in parts.list_parts(folder / SERIES) for name, table in _by_run(part.path) if name == run_id)


def _by_run(path: Path) -> Iterator[tuple[str, pa.Table]]:
    """Yield the runs of a part: their rows follow each other."""
    try:
        table = pq.read_table(path, page_checksum_verification=True, partitioning=None).combine_chunks()
        ids = np.asarray(table["run_id"].to_pylist(), dtype=object)
    except DAMAGED as error:
        raise _damaged(path, error) from None
    edges = [0, *(np.flatnonzero(ids[1:] != ids[:-1]) + 1).tolist(), len(ids)] if len(ids) else []
    for start, end in itertools.pairwise(edges):
        yield str(ids[start]), table.slice(start, end - start)


def _damaged(path: Path, error: Exception) -> InputError:
    reason = " ".join(str(error).split())
    return InputError(f"{path}: cannot be read ({reason}); give the sweep again, which makes it anew, or leave the folder series/ out")
