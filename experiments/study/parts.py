"""Rows of a sweep on disk: one Parquet part a chunk, whole or not there, merged while the sweep goes on."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from experiments.files import PARTIAL, remove_partial, whole_file
from experiments.study import daily_parts
from sim.fingerprint import table_hash

#: Parts of one tier that are merged into one of the next. Three tiers hold ``MERGE ** 3`` chunks in fewer than 600 files.
MERGE = 150
#: Number, tier, and the hash of the file's bytes, which finds any bit that a disk has turned.
_NAME = re.compile(r"^part-(\d{8})-(\d)(?:-([0-9a-f]{24}))?\.parquet$")
#: Columns that differ between two runs of the same row.
_NOT_CONTENT = ("seconds",)
#: What a row says besides outcomes. Values of factors are in the plan, which may change, and not in the parts.
IDENTITY = (("run_id", pa.string()), ("point", pa.int32()), ("replicate", pa.int32()), ("seed", pa.int64()))
TAIL = (("status", pa.string()), ("error", pa.string()), ("seconds", pa.float64()))
_OTHER = frozenset(name for name, _ in (*IDENTITY, *TAIL))
#: In the metadata of parts of a former version: how many columns stand before the outcomes.
_HEADS = b"columns_before_outcomes"
#: What reading a file that is no part of ours may raise.
UNREADABLE = (pa.ArrowException, OSError, KeyError, TypeError, ValueError)


class DamagedPart(ValueError):
    """A part that does not hold what was written."""


@dataclass(frozen=True)
class Part:
    """One file: its number (later ones win), how often its rows were merged, and the hash of its bytes."""

    path: Path
    number: int
    tier: int
    digest: str = ""


class Parts:
    """The parts in one folder; one process writes at a time (see the lock of the study).

    Parameters
    ----------
    folder
        Made when the first part is written.
    daily
        Whether its rows are days of runs, rather than a row a run.
    """

    def __init__(self, folder: Path, *, daily: bool = False) -> None:
        self.folder = folder
        self.daily = daily
        self._list = list_parts(folder)

    def write(self, table: pa.Table) -> None:
        """Write a part; it is there whole, or not at all.

        Raises
        ------
        OSError
            When the disk is full or the folder cannot be written; nothing is left of the part then.
        """
        number = self._list[-1].number + 1 if self._list else 0
        self._list.append(self._write(lambda file: _put(table, file), number, 0))
        self._compact()

    def _write(self, fill: Callable[[_Hashed], None], number: int, tier: int) -> Part:
        self.folder.mkdir(parents=True, exist_ok=True)
        scratch = self.folder / f"{PARTIAL}{os.getpid()}-{number:08d}-{tier}"
        with whole_file(scratch) as raw:
            file = _Hashed(raw)
            fill(file)
        path = self.folder / f"part-{number:08d}-{tier}-{file.digest}.parquet"
        scratch.replace(path)
        return Part(path, number, tier, file.digest)

    def _compact(self) -> None:
        """Merge the parts of a full tier. A kill in between leaves rows twice, which readers put right."""
        for tier in (0, 1):
            full = [part for part in self._list if part.tier == tier]
            if len(full) < MERGE:
                return
            try:
                fill = self._merging(full)
            except DamagedPart:
                return  # the next sweep sets it aside
            merged = self._write(fill, full[-1].number, tier + 1)
            self._list = sorted([part for part in self._list if part.tier != tier] + [merged], key=_order)
            for part in full:
                part.path.unlink()

    def _merging(self, full: Sequence[Part]) -> Callable[[_Hashed], None]:
        """Return what writes some parts as one: series a piece at a time, for those of many runs fill the memory."""
        if self.daily:
            for part in full:
                check_bytes(part)
            return lambda file: daily_parts.merge([part.path for part in full], file)
        table = _merge([read_rows(part) for part in full])
        return lambda file: _put(table, file)

    def scan(self) -> tuple[dict[str, str], list[Path]]:
        """Return the status of every run that is there, and files that are damaged and were set aside.

        Series have no status; each run with some has ``ok``.
        """
        remove_partial(self.folder)  # of a writer that was killed
        status: dict[str, str] = {}
        damaged: list[Path] = []
        for part in list(self._list):
            try:
                status |= self._status(part)
            except UNREADABLE as error:
                if isinstance(error, OSError) and not isinstance(error, pa.ArrowException) and error.errno:
                    raise  # the disk or its rights, not the file
                aside = part.path.with_suffix(".damaged")
                part.path.replace(aside)
                damaged.append(aside)
                self._list.remove(part)
        return status, damaged

    def _status(self, part: Part) -> dict[str, str]:
        if self.daily:
            check_bytes(part)
            if not part.digest:  # of a version without hashes in names: all of it, against its checksums
                pq.read_table(part.path, page_checksum_verification=True, partitioning=None)
            return dict.fromkeys(daily_parts.ids_of(part.path), "ok")
        table = read_rows(part)
        return dict(zip(table["run_id"].to_pylist(), table["status"].to_pylist(), strict=True))


class _Hashed:
    """A file that hashes what is written to it."""

    closed = False

    def __init__(self, file: object) -> None:
        self._file = file
        self._hash = hashlib.blake2b(digest_size=12)

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        return int(self._file.write(data))  # type: ignore[attr-defined]

    def flush(self) -> None:
        """Nothing: the file is brought to the disk as a whole."""

    def close(self) -> None:
        """Nothing: whoever opened the file closes it."""

    def writable(self) -> bool:
        return True

    @property
    def digest(self) -> str:
        """The hash so far."""
        return self._hash.hexdigest()


def _order(part: Part) -> tuple[int, int]:
    return part.number, part.tier


def list_parts(folder: Path) -> list[Part]:
    """Return the parts in a folder, oldest first."""
    if not folder.is_dir():
        return []
    names = ((path, _NAME.match(path.name)) for path in folder.iterdir())
    return sorted((Part(path, int(name[1]), int(name[2]), name[3] or "") for path, name in names if name), key=_order)


def write_table(table: pa.Table, path: Path) -> None:
    """Write a Parquet file so that it is there whole, or not at all, whatever happens meanwhile."""
    with whole_file(path) as file:
        _put(table, file)


def _put(table: pa.Table, file: object) -> None:
    pq.write_table(table, file, compression="zstd", write_statistics=False, write_page_checksum=True)


def check_bytes(part: Part) -> None:
    """Refuse a part whose bytes are not those that were written.

    Raises
    ------
    DamagedPart
        When they are others.
    """
    if not part.digest:
        return
    hashed = hashlib.blake2b(digest_size=12)
    with part.path.open("rb") as file:
        while data := file.read(1 << 20):
            hashed.update(data)
    if hashed.hexdigest() != part.digest:
        raise DamagedPart(f"{part.path.name} is damaged")


def read_rows(part: Part) -> pa.Table:
    """Return the rows of a part of results: identity, outcomes by name, status, error, seconds.

    Raises
    ------
    DamagedPart
        When it does not hold what was written.
    """
    check_bytes(part)
    try:
        table = pq.read_table(part.path, page_checksum_verification=True, partitioning=None)
        before = int((table.schema.metadata or {}).get(_HEADS, b"0"))
        own = set(table.column_names[len(IDENTITY) : before])  # factors, which a former version kept here too
        names = [*(name for name, _ in IDENTITY), *sorted(set(table.column_names) - own - _OTHER), *(name for name, _ in TAIL)]
        kinds = dict((*IDENTITY, *TAIL))
        return table.select(names).cast(pa.schema([(name, kinds.get(name, pa.float64())) for name in names]))
    except FileNotFoundError:
        raise
    except UNREADABLE as error:
        raise DamagedPart(f"{part.path.name} is damaged ({' '.join(str(error).split())[:100]})") from None


def _merge(tables: Sequence[pa.Table]) -> pa.Table:
    """Put parts of results together: one row a run, and an outcome that a part lacks is null in its rows."""
    table = pa.concat_tables(tables, promote_options="default")
    outcomes = sorted(set(table.column_names) - _OTHER)  # the same order whatever the chunks were
    table = table.select([*(name for name, _ in IDENTITY), *outcomes, *(name for name, _ in TAIL)])
    return latest(table).combine_chunks()


def latest(table: pa.Table) -> pa.Table:
    """Return one row a run, the last one where there are several, sorted by run_id."""
    ids = table["run_id"]
    if table.num_rows < 2 or pc.all(pc.less(ids.slice(0, table.num_rows - 1), ids.slice(1))).as_py():
        return table  # no copy of what is in order
    last = {run_id: index for index, run_id in enumerate(ids.to_pylist())}
    return table.take([last[run_id] for run_id in sorted(last)])


def results(folder: Path) -> pa.Table:
    """Return the rows in a folder of parts as one table, a row a run, sorted by run_id; without values of factors."""
    tables = [read_rows(part) for part in list_parts(folder)]
    return _merge(tables) if tables else pa.table({"run_id": pa.array([], pa.string())})


def series(folder: Path, wanted: Iterable[str] | None = None) -> pa.Table:
    """Return the daily series in a folder of parts, each run's once, in order of the parts.

    Parameters
    ----------
    folder
        ``series/`` of a study.
    wanted
        Ids of the runs to return; all by default.
    """
    chosen = None if wanted is None else pa.array(list(wanted), pa.string())
    kept: list[pa.Table] = []
    for table in daily_parts.once([part.path for part in list_parts(folder)]):
        kept.append(table if chosen is None else table.filter(pc.is_in(table["run_id"], chosen)))
    return pa.concat_tables(kept, promote_options="permissive") if kept else pa.table({"run_id": pa.array([], pa.string())})


def content_hash(table: pa.Table) -> str:
    """Return the hash of results: of values only, in order of run_id, without what a clock says."""
    kept = table.drop_columns([name for name in _NOT_CONTENT if name in table.column_names])
    return table_hash(latest(kept))
