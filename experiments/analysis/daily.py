"""Daily series of a study in memory: only the variables that are asked for, a row a run and a column a day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from agents.errors import InputError, one_of
from experiments.analysis.study import Study
from experiments.study.claim import SERIES
from experiments.study.parts import list_parts
from experiments.study.task import OK
from sim.complaints import did_you_mean

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

WINDOW = 28  # days of a sum NAME_28, as in the rule of an escalation
_COLUMNS = ("run_id", "day", "kind", "actor", "variable", "value")
_SUM = f"_{WINDOW}"
NONE_KEPT = "series: the study kept no daily series; run the sweep again with series=true (into a new folder)"


@dataclass(frozen=True)
class Wanted:
    """One series as a user names it.

    Attributes
    ----------
    name
        As written.
    kind, actor, variable
        Where it stands in the daily table; actor ``*`` is the mean over all that have it, and a variable that
        ends in ``/*`` the mean over all that begin so.
    summed
        Whether it is summed over 28 days.
    """

    name: str
    kind: str
    actor: str
    variable: str
    summed: bool


@dataclass(frozen=True)
class Daily:
    """Series of finished runs.

    Attributes
    ----------
    points, replicates
        Point and replicate of each run, (runs,).
    dates
        Dates of the days, (days,).
    values
        By name (runs, days); NaN on days without a value, as on the first 27 of a sum over 28.
    """

    points: IntArray
    replicates: IntArray
    dates: NDArray[np.datetime64]
    values: Mapping[str, FloatArray]


def parse_variable(name: str) -> Wanted:
    """Read the name of a series: ``hostility``, ``displaced``, ``attacks_28``, ``government:north:legitimacy``.

    Raises
    ------
    InputError
        When it has two parts.
    """
    base, summed = (name.removesuffix(_SUM), True) if name.endswith(_SUM) else (name, False)
    if base == "hostility":
        return Wanted(name, "government", "*", "hostility/*", summed)
    if base == "legitimacy":
        return Wanted(name, "government", "*", "legitimacy", summed)
    if ":" not in base:
        return Wanted(name, "region", "region", base, summed)
    parts = base.split(":")
    if len(parts) != 3 or not all(parts):
        raise InputError(f"variables={name}: cannot be read; write a series of the region, or KIND:ACTOR:VARIABLE, as government:north:legitimacy")
    return Wanted(name, parts[0], parts[1], parts[2], summed)


def read_daily(study: Study, names: Sequence[str], *, lowest: Sequence[str] = (), optional: bool = False) -> Daily:
    """Read series of all finished runs.

    Parameters
    ----------
    names
        Series as :func:`parse_variable` takes them.
    lowest
        Those of them of which the lowest of the actors is taken rather than their mean.
    optional
        Leave out series that the study has not, rather than to refuse them.

    Raises
    ------
    InputError
        When the study kept none, or has no such series.
    """
    done = study.ok
    if not has_series(study):
        raise InputError(NONE_KEPT)
    wanted = [parse_variable(name) for name in names]
    row_of = pd.Series(np.arange(len(done)), index=done["run_id"].to_numpy())
    blocks: dict[str, list[tuple[IntArray, FloatArray]]] = {one.name: [] for one in wanted}
    start, known = np.datetime64(0, "D"), list[str]()
    for frame, names_there in _frames(study, wanted, set(done["run_id"])):
        known = names_there
        if not len(frame):
            continue
        rows, where = np.unique(row_of.loc[frame["run_id"].astype(str)].to_numpy(), return_inverse=True)
        frame["row"] = where
        days = int(frame["day"].max()) + 1
        if "date" in frame:
            start = np.datetime64(pd.Timestamp(frame["date"].iloc[0]).date()) - int(frame["day"].iloc[0])
        for one in wanted:
            mine = _rows(frame, one)
            if len(mine):
                blocks[one.name].append((rows, _fill(mine, one, len(rows), days, one.name in lowest)))
    if not known:
        raise InputError(NONE_KEPT)
    for one in wanted:
        if not blocks[one.name] and not optional:
            raise InputError(f"variables={one.name}: the study has no such series{did_you_mean(one.variable, known)}; of the region it has {one_of(known)}")
    length = max((block.shape[1] for found in blocks.values() for _, block in found), default=0)
    values = {name: _whole(found, len(done), length) for name, found in blocks.items() if found}
    return Daily(done["point"].to_numpy(np.int64), done["replicate"].to_numpy(np.int64), start + np.arange(length), values)


def _whole(blocks: Sequence[tuple[IntArray, FloatArray]], runs: int, days: int) -> FloatArray:
    """Put the blocks of parts together, (runs, days); NaN where there is nothing."""
    out = np.full((runs, days), np.nan)
    for rows, block in blocks:
        out[rows, : block.shape[1]] = block
    return out


def _frames(study: Study, wanted: Sequence[Wanted], ok: set[str]) -> Iterator[tuple[pd.DataFrame, list[str]]]:
    """Yield, part by part, the rows of the wanted variables, each run's once, and the names of the region's series.

    One part at a time, so that the memory needed is that of the wanted series and not of all.
    """
    seen: set[str] = set()
    known: list[str] = []
    for part in list_parts(study.folder / SERIES):
        names = pq.read_schema(part.path).names
        absent = [name for name in _COLUMNS if name not in names]
        if absent:
            raise InputError(f"{part.path}: has no column {absent[0]}; these series are not those of a scenario")
        table = pq.read_table(part.path, columns=[name for name in (*_COLUMNS, "date") if name in names], partitioning=None)
        if not known:
            region = _where(table["kind"], lambda kind: kind == "region")
            known = sorted(pc.unique(table["variable"].filter(region)).to_pylist()) or ["nothing"]
        table = _plain(table.filter(_where(table["variable"], lambda name: any(_is(name, one) for one in wanted))))
        ids = set(pc.unique(table["run_id"]).to_pylist())
        fresh, seen = (ids - seen) & ok, seen | ids  # as experiments.study.parts.series: the first part counts
        table = table.filter(_where(table["run_id"], fresh.__contains__))
        yield table.to_pandas(), known


def _is(name: str, one: Wanted) -> bool:
    return name.startswith(one.variable[:-1]) if one.variable.endswith("/*") else name == one.variable


def _where(names: pa.ChunkedArray, keep: Callable[[str], bool]) -> pa.ChunkedArray:
    """Return where a column of names has one to keep; each name is asked once."""
    chosen = [name for name in pc.unique(names).to_pylist() if keep(name)]
    kind = names.type.value_type if pa.types.is_dictionary(names.type) else names.type
    return pc.is_in(names, value_set=pa.array(chosen, kind))


def _plain(table: pa.Table) -> pa.Table:
    """Return a table whose names are categories of text, whatever they were."""
    for name in ("run_id", "kind", "actor", "variable"):
        table = table.set_column(table.column_names.index(name), name, table[name].cast(pa.string()).dictionary_encode())
    return table.unify_dictionaries()


def _rows(frame: pd.DataFrame, one: Wanted) -> pd.DataFrame:
    found = frame["kind"] == one.kind
    if one.actor != "*":
        found &= frame["actor"] == one.actor
    if one.variable.endswith("/*"):
        return frame[found & frame["variable"].str.startswith(one.variable[:-1])]
    return frame[found & (frame["variable"] == one.variable)]


def _fill(rows: pd.DataFrame, one: Wanted, runs: int, days: int, lowest: bool) -> FloatArray:
    """Return a series as (runs, days), actors taken together."""
    at = rows["row"].to_numpy(np.int64) * days + rows["day"].to_numpy(np.int64)
    value = rows["value"].to_numpy(np.float64)
    if lowest:
        flat = np.full(runs * days, np.inf)
        np.minimum.at(flat, at, value)
        flat[np.isinf(flat)] = np.nan
    else:
        count = np.bincount(at, minlength=runs * days)
        total = np.bincount(at, weights=value, minlength=runs * days)
        flat = np.divide(total, count, out=np.full(runs * days, np.nan), where=count > 0)
    table = flat.reshape(runs, days)
    return summed(table, WINDOW) if one.summed else table


def summed(values: FloatArray, window: int) -> FloatArray:
    """Return sums over the last ``window`` days, (runs, days); NaN before there are as many."""
    out = np.full(values.shape, np.nan)
    if values.shape[1] >= window:
        out[:, window - 1 :] = np.lib.stride_tricks.sliding_window_view(values, window, axis=1).sum(axis=-1)
    return out


def has_series(study: Study) -> bool:
    """Return whether the study kept daily series of finished runs."""
    return (study.folder / SERIES).is_dir() and bool((study.results["status"] == OK).any())
