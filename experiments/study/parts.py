"""Results of a sweep on disk: one Parquet part a chunk, whole or not there, merged while the sweep goes on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from experiments.files import remove_partial, whole_file
from sim.fingerprint import table_hash

#: Parts of one tier that are merged into one of the next. Three tiers hold ``MERGE ** 3`` chunks in fewer than 600 files.
MERGE = 150
_NAME = re.compile(r"^part-(\d{8})-(\d)\.parquet$")
#: Columns that differ between two runs of the same row.
_NOT_CONTENT = ("seconds",)
#: Key in a part's metadata: how many columns stand before the outcomes.
HEADS = b"columns_before_outcomes"
_TAIL = ("status", "error", "seconds")


@dataclass(frozen=True)
class Part:
    """One file: its number (later ones win) and how often its rows were merged."""

    path: Path
    number: int
    tier: int


class Parts:
    """The parts in one folder; one process writes at a time (see the lock of the study).

    Parameters
    ----------
    folder
        Made when the first part is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._list = list_parts(folder)

    def write(self, table: pa.Table) -> None:
        """Write a part; it is there whole, or not at all.

        Raises
        ------
        OSError
            When the disk is full or the folder cannot be written; nothing is left of the part then.
        """
        number = self._list[-1].number + 1 if self._list else 0
        self._list.append(self._write(table, number, 0))
        self._compact()

    def _write(self, table: pa.Table, number: int, tier: int) -> Part:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"part-{number:08d}-{tier}.parquet"
        write_table(table, path)
        return Part(path, number, tier)

    def _compact(self) -> None:
        """Merge the parts of a full tier. A kill in between leaves rows twice, which readers put right."""
        for tier in (0, 1):
            full = [part for part in self._list if part.tier == tier]
            if len(full) < MERGE:
                return
            merged = self._write(_merge([_read(part.path) for part in full]), full[-1].number, tier + 1)
            self._list = sorted([part for part in self._list if part.tier != tier] + [merged], key=_order)
            for part in full:
                part.path.unlink()

    def scan(self) -> tuple[dict[str, str], list[Path]]:
        """Return the status of every run that is there, and files that are damaged and were set aside."""
        remove_partial(self.folder)  # of a writer that was killed
        status: dict[str, str] = {}
        damaged: list[Path] = []
        for part in list(self._list):
            try:
                table = _read(part.path)  # all of it, against its checksums
                if "status" in table.column_names:  # series have none
                    status |= dict(zip(table["run_id"].to_pylist(), table["status"].to_pylist(), strict=True))
            except (pa.ArrowInvalid, OSError, KeyError) as error:
                if isinstance(error, PermissionError):
                    raise
                aside = part.path.with_suffix(".damaged")
                part.path.replace(aside)
                damaged.append(aside)
                self._list.remove(part)
        return status, damaged


def _order(part: Part) -> tuple[int, int]:
    return part.number, part.tier


def list_parts(folder: Path) -> list[Part]:
    """Return the parts in a folder, oldest first."""
    if not folder.is_dir():
        return []
    names = ((path, _NAME.match(path.name)) for path in folder.iterdir())
    return sorted((Part(path, int(name[1]), int(name[2])) for path, name in names if name), key=_order)


def write_table(table: pa.Table, path: Path) -> None:
    """Write a Parquet file so that it is there whole, or not at all, whatever happens meanwhile."""
    with whole_file(path) as file:
        pq.write_table(table, file, compression="zstd", write_statistics=False, write_page_checksum=True)


def _read(path: Path) -> pa.Table:
    return pq.read_table(path, page_checksum_verification=True, partitioning=None)


def _merge(tables: Sequence[pa.Table]) -> pa.Table:
    """Put parts together. Results: one row a run, and an outcome that a part lacks is null in its rows."""
    table = pa.concat_tables(tables, promote_options="default")
    if "status" not in table.column_names:
        return table
    heads = int((tables[0].schema.metadata or {}).get(HEADS, b"0"))
    outcomes = sorted(set(table.column_names[heads:]) - set(_TAIL))  # the same order whatever the chunks were
    table = table.select([*table.column_names[:heads], *outcomes, *_TAIL])
    return latest(table).combine_chunks().replace_schema_metadata({HEADS: str(heads)})


def latest(table: pa.Table) -> pa.Table:
    """Return one row a run, the last one where there are several, sorted by run_id."""
    last = {run_id: index for index, run_id in enumerate(table["run_id"].to_pylist())}
    return table.take([last[run_id] for run_id in sorted(last)])


def results(folder: Path) -> pa.Table:
    """Return the results in a folder of parts as one table, a row a run, sorted by run_id."""
    tables = [_read(part.path) for part in list_parts(folder)]
    return _merge(tables).replace_schema_metadata(None) if tables else pa.table({"run_id": pa.array([], pa.string())})


def series(folder: Path) -> pa.Table:
    """Return the daily series in a folder of parts, each run's once, in order of the parts."""
    seen: set[str] = set()
    kept: list[pa.Table] = []
    for part in list_parts(folder):
        table = _read(part.path)
        ids = table["run_id"].to_pylist()
        kept.append(table.filter(pa.array([run_id not in seen for run_id in ids])))
        seen |= set(ids)
    return pa.concat_tables(kept, promote_options="default") if kept else pa.table({"run_id": pa.array([], pa.string())})


def content_hash(table: pa.Table) -> str:
    """Return the hash of results: of values only, in order of run_id, without what a clock says."""
    kept = table.drop_columns([name for name in _NOT_CONTENT if name in table.column_names])
    return table_hash(latest(kept))
