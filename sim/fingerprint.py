"""Content hashes: of files, of a configuration, of result tables.

A hash says *the same content*, on any machine: no paths, no times, no host, no bytes of a file format.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

#: Keys that do not change what a run computes, or that differ between machines (content counts instead).
_LEFT_OUT = frozenset({"figures", "band"})
ELSEWHERE = ("history", "exogenous")
PATHS = ("path", *ELSEWHERE)


def canonical(value: object) -> bytes:
    """Return canonical JSON: sorted keys, no spaces, dates as text, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str).encode()


def digest(data: bytes) -> str:
    """Return the SHA-256 of bytes in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    return digest(path.read_bytes())


def config_hash(config: Mapping[str, object], files: Sequence[Path]) -> str:
    """Return the hash of a resolved configuration with the content of the tables it reads.

    An empty list of interventions counts as none at all.

    Parameters
    ----------
    config
        The whole configuration as plain data (:func:`sim.settings.to_tree`).
    files
        The scenario's tables in a fixed order (:attr:`sim.tables.Tables.files`).
    """
    kept = {key: value for key, value in config.items() if key not in _LEFT_OUT and (value or key != "interventions")}
    scenario = kept.get("scenario")
    if isinstance(scenario, Mapping):
        kept["scenario"] = {key: value for key, value in scenario.items() if key not in PATHS}
    return digest(canonical({"config": kept, "tables": [file_hash(file) for file in files]}))


def table_hash(table: pa.Table) -> str:
    """Return the hash of a table's content.

    Column by column: name, kind of values, validity, then values as little-endian bytes (text: lengths
    and UTF-8). Integers count as 64 bits, dates as days, all NaN as one, and -0.0 as 0.0.
    """
    whole = hashlib.sha256()
    whole.update(canonical([table.num_rows, table.column_names]))
    for name in table.column_names:
        for part in _parts(table.column(name)):
            whole.update(part)
    return whole.hexdigest()


def _parts(column: pa.ChunkedArray) -> tuple[bytes, ...]:
    """Return a column as bytes: kind, validity, values."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    valid = np.asarray(pc.is_valid(column).to_numpy(zero_copy_only=False), dtype=np.uint8).tobytes()
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        text = pc.fill_null(column.cast(pa.large_string()), "")
        lengths = pc.binary_length(text).to_numpy().astype("<i8").tobytes()
        return b"text", valid, lengths, "".join(text.to_pylist()).encode()
    if pa.types.is_floating(kind):
        floats = np.array(pc.fill_null(column.cast(pa.float64()), 0.0).to_numpy(), dtype="<f8") + 0.0
        floats[np.isnan(floats)] = np.nan
        return b"float", valid, floats.tobytes()
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        days = pc.fill_null(column.cast(pa.timestamp("us")).cast(pa.int64()), 0)
        return b"date", valid, days.to_numpy().astype("<i8").tobytes()
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        integers = pc.fill_null(column.cast(pa.int64()), 0)
        return b"integer", valid, integers.to_numpy().astype("<i8").tobytes()
    if pa.types.is_null(kind):
        return b"null", valid
    raise TypeError(f"a result table holds numbers, text and dates, not {kind}")
