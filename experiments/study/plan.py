"""A plan: every run of a study with its id, seed and values, checked before the first one starts."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from agents.errors import InputError, one_of
from experiments.files import whole_file, writing
from experiments.study.designs import MOST, RESERVED, Design, make_design
from experiments.study.factors import Factor, Fields, FloatArray, check_factors, is_factor, parse_factor
from experiments.study.inputs import FOLDER, nameless, placed
from experiments.study.rowcheck import check_rows
from sim.complaints import did_you_mean
from sim.fingerprint import canonical

__all__ = [
    "CRN", "INDEPENDENT", "Design", "Factor", "Fields", "Plan", "check_factors", "is_factor", "make_design",
    "make_plan", "named_classes", "parse_factor", "read_plan", "roles_of", "run_id", "write_plan",
]  # fmt: skip

CRN, INDEPENDENT = "crn", "independent"
ROLES = ("uncertainties", "levers", "constants", "outcomes")
#: Keys that a government, a group or a mediator decides; all other factors are uncertainties by default.
_LEVER = re.compile(r"^(policy@|policies\.|levers\.|governments\.\w+\.(baseline\.|money$|forces$|deportation_capacity$))")
_ABOUT = b"marchland"


@dataclass(frozen=True)
class Plan:
    """What a study runs.

    Attributes
    ----------
    design
        The design.
    base
        The resolved config of the scenario as a plain tree.
    folder
        The scenario's folder.
    trusted
        Policies ``module:Class`` that the user named.
    replicates
        Runs of each point.
    seeds
        ``crn``: all points meet the same luck, so that their differences are their own; ``independent``: a
        seed of its own for each run.
    seed
        The base seed.
    rows
        A row a run: ``run_id``, ``point``, ``replicate``, ``seed``, and a column a factor.
    """

    design: Design
    base: dict[str, object]
    folder: Path
    trusted: tuple[str, ...]
    replicates: int
    seeds: str
    seed: int
    rows: pa.Table

    def params(self, point: int) -> dict[str, object]:
        """Return the values of a point by key: policies first, so that their parameters are set after them."""
        return self.design.params(point)

    def runs(self) -> Iterator[tuple[str, int, int, int, dict[str, object]]]:
        """Yield the runs in order: id, point, replicate, seed, values."""
        names = ("run_id", "point", "replicate", "seed")
        last, params = -1, dict[str, object]()
        for run, point, replicate, seed in zip(*(self.rows[name].to_pylist() for name in names), strict=True):
            if point != last:
                last, params = point, self.params(point)
            yield run, point, replicate, seed, params


def make_plan(
    design: Design,
    base: Mapping[str, object],
    folder: Path,
    *,
    trusted: Sequence[str] = (),
    replicates: int = 1,
    seeds: str = CRN,
    seed: int = 1,
    model: str = "scenario",
) -> Plan:
    """Plan the runs of a design; every row is checked first.

    Parameters
    ----------
    design
        The design.
    base
        The resolved config of the scenario as a plain tree (:func:`sim.settings.to_tree`).
    folder
        The scenario's folder.
    trusted
        Policies ``module:Class`` that the user named.
    replicates, seeds, seed
        See :class:`Plan`.
    model
        What is run, part of a run's id. Only rows of ``scenario`` are checked against its schema.

    Raises
    ------
    InputError
        In one line: the option, or the first wrong point with key and range.
    """
    if seeds not in (CRN, INDEPENDENT):
        raise InputError(f"seeds={seeds}: unknown{did_you_mean(seeds, (CRN, INDEPENDENT))}; known: {one_of((CRN, INDEPENDENT))}")
    if replicates < 1:
        raise InputError(f"replicates={replicates}: must be at least 1; give for example replicates=10")
    if not 0 <= seed < 2**63:
        raise InputError(f"seed={seed}: must be a whole number from 0 to 2^63 - 1; give for example seed=1")
    if len(design.points) * replicates > MOST:
        raise InputError(f"replicates={replicates}: {len(design.points) * replicates:,} runs are more than {MOST:,}; give fewer")
    if model == "scenario":
        check_rows(design, base, Path(folder), trusted)
    rows = _rows(design, replicates, seeds, seed, model)
    return Plan(design, dict(base), Path(folder), tuple(trusted), replicates, seeds, seed, rows)


def run_id(params: Mapping[str, object], replicate: int, seed: int, model: str = "scenario") -> str:
    """Return the id of a run: BLAKE2b with 96 bits of the canonical JSON of what it is."""
    return _hash(canonical([params, replicate, seed, model]))


def named_classes(factors: Sequence[Factor]) -> tuple[str, ...]:
    """Return the ``module:Class`` policies among factors that the user wrote; never call it for a table of points."""
    names = [str(value) for factor in factors if factor.kind == "policy" for value in factor.values]
    return tuple(dict.fromkeys(name for name in names if ":" in name))


def roles_of(
    design: Design, outcomes: Sequence[str] = (), *, constants: Sequence[str] = (), levers: Sequence[str] | None = None
) -> dict[str, tuple[str, ...]]:
    """Tell uncertainties, levers, constants and outcomes apart, as the EMA workbench does.

    Parameters
    ----------
    design
        The design.
    outcomes
        Columns of results.
    constants
        Keys that the study set to one value.
    levers
        Keys of factors that somebody decides; by default policies with their parameters, costs of levers, and
        governments' means and baselines.

    Raises
    ------
    InputError
        When a lever is no factor.
    """
    keys = [factor.key for factor in design.factors]
    for key in levers or ():
        if key not in keys:
            raise InputError(f"levers: {key!r} is no factor{did_you_mean(key, keys)}; known: {one_of(keys)}")
    chosen = [key for key in keys if (key in levers if levers is not None else _LEVER.match(key))]
    others = tuple(key for key in keys if key not in chosen)
    return dict(zip(ROLES, (others, tuple(chosen), tuple(constants), tuple(outcomes)), strict=True))


def write_plan(plan: Plan, path: Path) -> None:
    """Write a plan as Parquet, whole or not at all; where the scenario lies on this machine is not in it.

    Raises
    ------
    InputError
        When the file cannot be written.
    """
    design = plan.design
    about = {
        "kind": design.kind, "extra": design.extra, "base": nameless(plan.base), "trusted": plan.trusted,
        "replicates": plan.replicates, "seeds": plan.seeds, "seed": plan.seed,
        "json": [f.key for index, f in enumerate(design.factors) if _type(f, _kinds(p[index] for p in design.points)) is None],
        "factors": [[f.key, f.kind, f.low, f.high, list(f.values)] for f in design.factors],
    }  # fmt: skip
    table = plan.rows
    if design.unit is not None:
        flat = pa.array(np.repeat(design.unit, plan.replicates, axis=0).ravel(), pa.float64())
        table = table.append_column("unit", pa.FixedSizeListArray.from_arrays(flat, design.unit.shape[1]))
    table = table.replace_schema_metadata({_ABOUT: canonical(about)})
    with writing(path, advice="give a folder that can be, with room"), whole_file(path) as file:
        pq.write_table(table, file, compression="zstd")


def read_plan(path: Path) -> Plan:
    """Read a plan back; its folder is that of the copied tables, ``scenario/`` beside the file.

    Raises
    ------
    InputError
        When there is no such file, or it holds no plan.
    """
    try:
        table = pq.read_table(path)
        about = json.loads((table.schema.metadata or {})[_ABOUT])
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; give the folder of a study") from None
    except (OSError, pa.ArrowException, KeyError, ValueError):
        raise InputError(f"{path}: holds no plan, or is damaged; plan the study anew") from None
    factors = tuple(Factor(key, kind, low, high, tuple(values)) for key, kind, low, high, values in about["factors"])
    replicates = int(about["replicates"])
    unit: FloatArray | None = None
    if "unit" in table.column_names:
        flat = table["unit"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        unit = np.ascontiguousarray(flat.reshape(table.num_rows, len(factors))[::replicates])
        table = table.drop_columns(["unit"])
    first = table.take(pa.array(range(0, table.num_rows, replicates), pa.int64()))
    columns = [first[factor.key].to_pylist() for factor in factors]
    for index, factor in enumerate(factors):
        if factor.key in about["json"]:
            columns[index] = [json.loads(value) for value in columns[index]]
    design = Design(about["kind"], factors, tuple(zip(*columns, strict=True)), unit, dict(about["extra"]))
    rows = table.replace_schema_metadata(None)
    folder = path.resolve().parent / FOLDER
    base = placed(cast(dict[str, object], about["base"]), folder)
    return Plan(design, base, folder, tuple(about["trusted"]), replicates, about["seeds"], int(about["seed"]), rows)


def _hash(text: bytes) -> str:
    return hashlib.blake2b(text, digest_size=12).hexdigest()


def _rows(design: Design, replicates: int, seeds: str, seed: int, model: str) -> pa.Table:
    count = len(design.points)
    drawn = [seed] * (count * replicates) if seeds == CRN else _independent(seed, count, replicates)
    tail, ids, met = canonical(model).decode(), list[str](), dict[str, int]()
    for point in range(count):
        params = canonical(design.params(point)).decode()
        for replicate in range(replicates):
            # The text of canonical([params, replicate, seed, model]), with params written once a point.
            text = f"[{params},{replicate},{drawn[point * replicates + replicate]},{tail}"
            run = _hash(f"{text}]".encode())
            again = met[run] = met.get(run, -1) + 1
            # Points of whole numbers and choices may coincide: every row is a run of its own all the same.
            ids.append(run if not again else _hash(f"{text},{again}]".encode()))
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
    kind = _type(factor, _kinds(values))
    if kind is None:
        return pa.array([json.dumps(value, sort_keys=True) for value in values], pa.string())
    return pa.array(values, kind)


def _kinds(values: Iterable[object]) -> set[type]:
    return set(map(type, values)) - {type(None)}


def _type(factor: Factor, kinds: set[type]) -> pa.DataType | None:
    """Return the type that holds values of some kinds; nothing when only JSON does."""
    if factor.kind in ("float", "log") and kinds <= {int, float}:
        return pa.float64()
    plain = ((bool, pa.bool_()), (int, pa.int64()), (float, pa.float64()), (str, pa.string()))
    return next((kind for python, kind in plain if kinds == {python}), None)
