"""Daily series in parts, read and merged a piece at a time: those of a whole study may be larger than the memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

#: Rows that are read, and written, at a time.
ROWS = 1 << 18


def ids_of(path: Path) -> set[str]:
    """Return the ids of the runs in a part."""
    found: set[str] = set()
    with _opened(path) as file:
        for batch in file.iter_batches(batch_size=ROWS, columns=["run_id"]):
            found.update(pc.unique(batch.column(0)).to_pylist())
    return found


def once(paths: Sequence[Path]) -> Iterator[pa.Table]:
    """Yield the rows of parts piece by piece, each run's once: the first time that it is met.

    A run's rows follow each other; when they come again, in another part or later in the same, they are dropped.
    """
    known: set[str] = set()
    for path in paths:
        last = ""  # a run goes on from one piece to the next, not from one part to the next
        keeps = False
        with _opened(path) as file:
            for batch in file.iter_batches(batch_size=ROWS):
                table = pa.Table.from_batches([batch])
                encoded = table["run_id"].combine_chunks().dictionary_encode()
                names, codes = encoded.dictionary.to_pylist(), encoded.indices.to_numpy()
                starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]])
                kept = np.empty(len(starts), dtype=bool)
                for at, start in enumerate(starts):
                    name = names[codes[start]]
                    if name != last:
                        last, keeps = name, name not in known
                        known.add(name)
                    kept[at] = keeps
                if kept.all():
                    yield table
                elif kept.any():
                    yield table.filter(pa.array(np.repeat(kept, np.diff(np.r_[starts, len(codes)]))))


def merge(paths: Sequence[Path], file: object) -> None:
    """Write the rows of parts into one file, each run's once.

    Parameters
    ----------
    paths
        Parts, oldest first.
    file
        A binary file to write to.
    """
    schemas = [pq.read_schema(path) for path in paths]
    schema = schemas[0]
    if any(not schema.equals(other) for other in schemas[1:]):  # names as categories of different kinds
        schema = pa.unify_schemas([_plain(one) for one in schemas], promote_options="permissive")
    with pq.ParquetWriter(file, schema, compression="zstd", write_statistics=False, write_page_checksum=True) as writer:
        for table in once(paths):
            writer.write_table(_as(table, schema))


def _opened(path: Path) -> pq.ParquetFile:
    # No read of the whole file ahead: the pieces of one part are enough to hold.
    return pq.ParquetFile(path, page_checksum_verification=True, pre_buffer=False)


def _plain(schema: pa.Schema) -> pa.Schema:
    return pa.schema([(one.name, one.type.value_type if pa.types.is_dictionary(one.type) else one.type) for one in schema])


def _as(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return a table with the columns of a schema, null where it lacks one."""
    columns = [
        table[one.name].cast(one.type) if one.name in table.column_names else pa.nulls(table.num_rows, one.type) for one in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)
