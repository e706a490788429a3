"""A plan: every run of a study with its id, seed and values, checked before the first one starts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from agents.errors import InputError, one_of
from experiments.files import whole_file, writing
from experiments.study.designs import MOST, Design, make_design
from experiments.study.factors import Factor, Fields, FloatArray, check_factors, is_factor, parse_factor
from experiments.study.inputs import FOLDER, nameless, placed
from experiments.study.planrows import check_plan_rows, kinds_of, plan_rows, short_hash, type_of
from experiments.study.rowcheck import check_rows
from sim.complaints import did_you_mean
from sim.fingerprint import canonical

__all__ = [
    "CRN", "INDEPENDENT", "Design", "Factor", "Fields", "Plan", "check_factors", "is_factor", "make_design",
    "make_plan", "named_classes", "parse_factor", "read_plan", "roles_of", "run_id", "same_plan", "write_plan",
]  # fmt: skip

CRN, INDEPENDENT = "crn", "independent"
ROLES = ("uncertainties", "levers", "constants", "outcomes")
#: Keys that a government, a group or a mediator decides; all other factors are uncertainties by default.
_LEVER = re.compile(r"^(policy@|policies\.|levers\.|governments\.\w+\.(baseline\.|money$|forces$|deportation_capacity$))")
_ABOUT = b"marchland"
_NUMBERS = ("float", "log", "int")
_FACTORS = (*_NUMBERS, "choice", "policy")


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
    rows = plan_rows(design, replicates, seed, model, same_luck=seeds == CRN)
    return Plan(design, dict(base), Path(folder), tuple(trusted), replicates, seeds, seed, rows)


def run_id(params: Mapping[str, object], replicate: int, seed: int, model: str = "scenario") -> str:
    """Return the id of a run: BLAKE2b with 96 bits of the canonical JSON of what it is."""
    return short_hash(canonical([params, replicate, seed, model]))


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
        "json": [f.key for index, f in enumerate(design.factors) if type_of(f, kinds_of(p[index] for p in design.points)) is None],
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
        return _plan_of(table, json.loads((table.schema.metadata or {})[_ABOUT]), path.resolve().parent / FOLDER)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; give the folder of a study") from None
    except (OSError, pa.ArrowException, AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        why = f" ({' '.join(str(error).split())[:100]})" if type(error) is ValueError else ""
        raise InputError(f"{path}: holds no plan, or is damaged{why}; plan the study anew") from None


def _plan_of(table: pa.Table, about: dict[str, object], folder: Path) -> Plan:
    """Return the plan in a table and its metadata; whatever is not as :func:`write_plan` left it raises an error."""
    factors = tuple(_factor(*said) for said in cast(list[list[object]], about["factors"]))
    replicates, base, seed, extra = about["replicates"], about["base"], about["seed"], about["extra"]
    texts = cast(list[object], about["trusted"]), cast(list[object], about["json"])
    if not (isinstance(replicates, int) and replicates >= 1 and table.num_rows and table.num_rows % replicates == 0):
        raise ValueError(f"replicates {replicates!r} of {table.num_rows} rows")
    if not (isinstance(base, dict) and isinstance(extra, dict) and isinstance(seed, int) and about["seeds"] in (CRN, INDEPENDENT)):
        raise ValueError("base, extra, seed or seeds")
    if not all(isinstance(text, list) and all(isinstance(one, str) for one in text) for text in texts):
        raise ValueError("trusted or json")
    keys = [factor.key for factor in factors]
    unit: FloatArray | None = None
    if "unit" in table.column_names:
        flat = table["unit"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        unit = np.ascontiguousarray(flat.reshape(table.num_rows, len(factors))[::replicates])
        table = table.drop_columns(["unit"])
    rows = table.replace_schema_metadata(None)
    check_plan_rows(rows, keys, replicates)
    for factor in factors:
        number = factor.kind in _NUMBERS or (factor.values and all(isinstance(value, int | float) for value in factor.values))
        if number and factor.key not in texts[1] and pa.types.is_string(rows[factor.key].type):
            raise ValueError(f"text in {factor.key}")
    first = table.take(pa.array(range(0, table.num_rows, replicates), pa.int64()))
    columns = [first[key].to_pylist() for key in keys]
    for index, key in enumerate(keys):
        if key in texts[1]:
            columns[index] = [json.loads(value) for value in columns[index]]
    design = Design(str(about["kind"]), factors, tuple(zip(*columns, strict=True)), unit, dict(extra))
    trusted = tuple(str(name) for name in texts[0])
    return Plan(design, placed(cast(dict[str, object], base), folder), folder, trusted, replicates, str(about["seeds"]), seed, rows)


def _factor(key: object, kind: object, low: object, high: object, values: object) -> Factor:
    numbers = all(one is None or isinstance(one, int | float) for one in (low, high))
    if not (isinstance(key, str) and key and kind in _FACTORS and numbers and isinstance(values, list)):
        raise ValueError(f"factor {key!r}")
    return Factor(key, str(kind), cast(float, low), cast(float, high), tuple(values))


def same_plan(path: Path, plan: Plan) -> bool:
    """Return whether a file holds the runs of a plan, at the same points."""
    try:
        return bool(read_plan(path).rows.equals(plan.rows))
    except InputError:  # none yet, or a damaged one
        return False
