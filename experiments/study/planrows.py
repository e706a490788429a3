"""The rows of a plan: ids, seeds, and columns of factors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from agents.errors import InputError
from experiments.study.designs import RESERVED, Design
from experiments.study.factors import Factor
from sim.fingerprint import canonical


def short_hash(text: bytes) -> str:
    """Return the BLAKE2b of 96 bits in hexadecimal digits."""
    return hashlib.blake2b(text, digest_size=12).hexdigest()


def plan_rows(design: Design, replicates: int, seed: int, model: str, *, same_luck: bool) -> pa.Table:
    """Return a row a run: run_id, point, replicate, seed, and a column a factor."""
    count = len(design.points)
    drawn = [seed] * (count * replicates) if same_luck else _independent(seed, count, replicates)
    tail, ids, met = canonical(model).decode(), list[str](), dict[str, int]()
    for point in range(count):
        params = canonical(design.params(point)).decode()
        for replicate in range(replicates):
            # The text of canonical([params, replicate, seed, model]), with params written once a point.
            text = f"[{params},{replicate},{drawn[point * replicates + replicate]},{tail}"
            run = short_hash(f"{text}]".encode())
            again = met[run] = met.get(run, -1) + 1
            # Points of whole numbers and choices may coincide: every row is a run of its own all the same.
            ids.append(run if not again else short_hash(f"{text},{again}]".encode()))
    columns: dict[str, pa.Array] = {
        "run_id": pa.array(ids, pa.string()),
        "point": pa.array(np.repeat(np.arange(count, dtype=np.int32), replicates)),
        "replicate": pa.array(np.tile(np.arange(replicates, dtype=np.int32), count)),
        "seed": pa.array(drawn, pa.int64()),
    }
    for index, factor in enumerate(design.factors):
        if factor.key in RESERVED:
            raise InputError(f"{factor.key}: is a column of results and no factor")
        values = [point[index] for point in design.points]
        repeated = [value for value in values for _ in range(replicates)]
        columns[factor.key] = _column(factor, repeated)
    return pa.table(columns)


def _independent(seed: int, points: int, replicates: int) -> list[int]:
    """Return a seed for each run; 53 bits, so that a table read as floating point still tells them apart."""
    return [
        int(np.random.SeedSequence(seed, spawn_key=(point, replicate)).generate_state(1, np.uint64)[0] >> np.uint64(11))
        for point in range(points)
        for replicate in range(replicates)
    ]


def _column(factor: Factor, values: list[object]) -> pa.Array:
    """Return a column: numbers, truth values and text as they are, mixed values as JSON."""
    kind = type_of(factor, kinds_of(values))
    if kind is None:
        return pa.array([json.dumps(value, sort_keys=True) for value in values], pa.string())
    return pa.array(values, kind)


def kinds_of(values: Iterable[object]) -> set[type]:
    """Return the kinds of some values, nothing apart."""
    return set(map(type, values)) - {type(None)}


def type_of(factor: Factor, kinds: set[type]) -> pa.DataType | None:
    """Return the type that holds values of some kinds; nothing when only JSON does."""
    if factor.kind in ("float", "log") and kinds <= {int, float}:
        return pa.float64()
    plain = ((bool, pa.bool_()), (int, pa.int64()), (float, pa.float64()), (str, pa.string()))
    return next((kind for python, kind in plain if kinds == {python}), None)


def check_plan_rows(rows: pa.Table, keys: Sequence[str], replicates: int) -> None:
    """Refuse rows that are none of a plan.

    Raises
    ------
    ValueError
        When a column is missing or of another kind, or runs are not in order, or come twice.
    """
    names = ["run_id", "point", "replicate", "seed", *keys]
    if rows.column_names != names:
        raise ValueError(f"columns {', '.join(rows.column_names[:6])}")
    kinds = dict(zip(names, rows.schema.types, strict=True))
    if not pa.types.is_string(kinds["run_id"]) or not all(pa.types.is_integer(kinds[name]) for name in names[1:4]):
        raise ValueError("kinds of columns")
    ids = rows["run_id"]
    if any(rows[name].null_count for name in names[:4]) or pc.count_distinct(ids).as_py() != rows.num_rows:
        raise ValueError("run_id missing or twice")
    point, replicate = divmod(np.arange(rows.num_rows), replicates)
    if not (np.array_equal(rows["point"].to_numpy(), point) and np.array_equal(rows["replicate"].to_numpy(), replicate)):
        raise ValueError("order of points and replicates")
