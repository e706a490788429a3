"""Results of a study: what the runs of its plan gave, whatever else its folder has seen.

Parts keep what a run gave under its id. Point, replicate, seed and factors come from the plan, with the plan's types: the
same run may be another point of a plan that was extended in the same folder. So the content is a matter of plan and
outcomes only, and not of the way there.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa

from agents.errors import InputError
from experiments.study.claim import PARTS
from experiments.study.parts import IDENTITY, TAIL, UNREADABLE, list_parts, read_rows
from experiments.study.plan import Plan

_NO_OUTCOME = frozenset(name for name, _ in (*IDENTITY, *TAIL))


def study_results(folder: Path, plan: Plan) -> pa.Table:
    """Return the results of a plan from the parts in a study's folder.

    Parameters
    ----------
    folder
        The study's folder.
    plan
        Its plan.

    Returns
    -------
    pyarrow.Table
        A row a run that has one, sorted by run_id: run_id, point, replicate, seed, factors, outcomes by name, status,
        error, seconds.

    Raises
    ------
    InputError
        When a part cannot be read.
    """
    try:
        return joined(plan, (read_rows(part) for part in list_parts(folder / PARTS)))
    except UNREADABLE as error:
        raise InputError(f"{folder / PARTS}: cannot be read ({' '.join(str(error).split())}); run the sweep again, it goes on") from None


def joined(plan: Plan, tables: Iterable[pa.Table]) -> pa.Table:
    """Return the results of a plan from tables of rows; see :func:`study_results`.

    Parameters
    ----------
    plan
        The plan.
    tables
        Rows with run_id, outcomes, status, error and seconds; later ones win. Other runs' are left out.

    Raises
    ------
    ValueError
        When an outcome holds no numbers.
    """
    planned = plan.rows["run_id"].to_pylist()
    count = len(planned)
    order = np.array(sorted(range(count), key=planned.__getitem__), dtype=np.int64)
    rank = np.empty(count, dtype=np.int64)
    rank[order] = np.arange(count)
    place = dict(zip(planned, rank.tolist(), strict=True))
    factors = _factors(plan)
    status = np.full(count, None, dtype=object)
    error = np.full(count, None, dtype=object)
    seconds = np.zeros(count)
    outcomes: dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]] = {}
    absent: dict[str, np.ndarray[tuple[int], np.dtype[np.bool_]]] = {}
    for table in tables:  # one at a time: their sum is what is held
        where = np.array([place.get(run_id, -1) for run_id in table["run_id"].to_pylist()], dtype=np.int64)
        mine = np.flatnonzero(where >= 0)
        where = where[mine]
        status[where] = np.array(table["status"].to_pylist(), dtype=object)[mine]
        error[where] = np.array(table["error"].to_pylist(), dtype=object)[mine]
        seconds[where] = table["seconds"].to_numpy()[mine]
        names = [name for name in table.column_names if name not in _NO_OUTCOME and name not in factors]
        for name in names:
            column = table[name].combine_chunks()
            if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
                raise ValueError(f"column {name} holds no numbers")
            if name not in outcomes:
                outcomes[name], absent[name] = np.zeros(count), np.ones(count, dtype=bool)
            absent[name][where] = column.is_null().to_numpy(zero_copy_only=False)[mine]
            outcomes[name][where] = column.fill_null(0.0).to_numpy(zero_copy_only=False)[mine]
        for name in outcomes.keys() - set(names):  # a row that takes the place of another takes all of it
            absent[name][where] = True
    there = np.array([one is not None for one in status], dtype=bool)
    kept = slice(None) if there.all() else np.flatnonzero(there)
    rows = plan.rows.select([*(name for name, _ in IDENTITY), *factors]).take(pa.array(order[kept]))
    for name in sorted(outcomes):
        hidden, values = absent.pop(name)[kept], outcomes.pop(name)[kept]
        if not hidden.all():
            rows = rows.append_column(name, pa.array(values, pa.float64(), mask=hidden))
    for name, kind, column in zip(*zip(*TAIL, strict=True), (status, error, seconds), strict=True):
        rows = rows.append_column(name, pa.array(column[kept], kind))
    return rows.combine_chunks()


def _factors(plan: Plan) -> tuple[str, ...]:
    """Return the plan's factors in the order in which a run's values are set: policies first."""
    keys = [factor.key for factor in plan.design.factors]
    return tuple(sorted(keys, key=lambda key: not key.startswith("policy@")))
