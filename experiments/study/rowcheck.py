"""Check every row of a plan before the first run, fast.

A whole config takes about 0.2 ms to check, so 100,000 of them 20 s. But a field of the schema accepts a
closed range or a set of choices, whatever the other fields are: a column is right when its least and its
greatest number, and each distinct other value, are. What joins fields (a policy and its parameters,
Richardson's condition) is checked for itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import pydantic

from agents.errors import InputError
from agents.policies import find_policy, make_policy
from experiments.study.designs import Design
from experiments.study.task import with_values
from sim.complaints import from_pydantic
from sim.scenario import Scenario
from sim.settings import Config, PolicyChoice, validate

Tree = Mapping[str, object]
_DIPLOMACY = "parameters.diplomacy."
_PARAM = re.compile(r"policies\.\w+\.params\.")


def check_rows(design: Design, base: Tree, folder: Path | None = None, trusted: Sequence[str] = ()) -> None:
    """Check all points of a design on a scenario.

    Parameters
    ----------
    design
        The design.
    base
        The resolved config of the scenario as a plain tree.
    folder
        The scenario's folder; with it, a few points are built whole, tables and all.
    trusted
        Policies ``module:Class`` that the user named.

    Raises
    ------
    InputError
        In one line: number and values of the first wrong point, the key and what would be right.
    """
    checks: list[tuple[int, str]] = []
    for index, factor in enumerate(design.factors):
        if _PARAM.match(factor.key):
            continue  # which parameters there are depends on the policy: see _policies
        column = [point[index] for point in design.points]
        found = _first_wrong(column, lambda value, key=factor.key: _one(base, key, value))  # type: ignore[misc]
        checks += [found] if found is not None else []
    if not checks:  # what joins fields presupposes that each is right
        checks += _policies(design, base, tuple(trusted))
        checks += _richardson(design, base)
    if not checks and folder is not None:
        checks += _built(design, base, folder, tuple(trusted))
    if checks:
        point, message = min(checks)
        raise InputError(f"point {point}: {message}")


def _first_wrong(column: Sequence[object], check: Callable[[object], str]) -> tuple[int, str] | None:
    """Return the row and the message of the first wrong value of a column, if any is wrong."""
    if not any(check(value) for value in _ends(column)):
        return None
    known: dict[str, str] = {}
    for row, value in enumerate(column):
        name = _name(value)
        if name not in known:
            known[name] = check(value)
        if known[name]:
            return row, known[name]
    raise AssertionError("an end of the column was wrong, but no value")


def _ends(column: Sequence[object]) -> list[object]:
    """Return the values that stand for a column: least and greatest of each kind of number, all others."""
    numbers: dict[type, list[object]] = {}
    others: dict[str, object] = {}
    for kind in set(map(type, column)):
        values = [value for value in column if type(value) is kind]
        if kind in (int, float):
            # NaN compares with nothing, so it would hide among the others.
            numbers[kind] = [min(values), max(values), *(value for value in values if value != value)][:3]  # type: ignore[type-var]
        else:
            others |= {_name(value): value for value in values}
    return [*(value for ends in numbers.values() for value in ends), *others.values()]


def _one(base: Tree, key: str, value: object) -> str:
    """Return what is wrong with one value of one field, or nothing."""
    try:
        validate(with_values(base, {key: value}))
    except pydantic.ValidationError as error:
        return str(from_pydantic(error, Config))
    except InputError as error:
        return str(error)
    return ""


def _policies(design: Design, base: Tree, trusted: tuple[str, ...]) -> list[tuple[int, str]]:
    """Check each policy met, and each of its parameters with each policy met."""
    keys = [factor.key for factor in design.factors]
    config = validate(base)
    found: list[tuple[int, str]] = []
    for actor, chosen in config.policies.items():
        group, where = actor in config.groups, f"policies.{actor}"
        names = [index for index, key in enumerate(keys) if key in (f"policy@{where}", f"{where}.name")]
        params = [index for index, key in enumerate(keys) if key.startswith(f"{where}.params.")]
        if not names and not params:
            continue

        check = partial(_fault, chosen=chosen, group=group, where=where, trusted=trusted)
        policy_of = [point[names[0]] if names else None for point in design.points]
        if not params:
            wrong = _first_wrong(policy_of, lambda name, check=check: check(name, "", None))  # type: ignore[misc]
            found += [wrong] if wrong is not None else []
        for index in params:
            param = keys[index].removeprefix(f"{where}.params.")
            wrong = _by_policy(policy_of, [point[index] for point in design.points], param, check)
            found += [wrong] if wrong is not None else []
    return found


def _fault(
    name: object, param: str, value: object, *, chosen: PolicyChoice, group: bool, where: str, trusted: tuple[str, ...]
) -> str:
    """Return what is wrong with a policy (nothing: the scenario's own) with one of its parameters, or nothing."""
    try:
        policy = find_policy(chosen.name if name is None else str(name), group=group, where=where, trusted=trusted)
        own = chosen.params if name is None else {}
        make_policy(policy, {**own, **({param: value} if param else {})}, where)
    except InputError as error:
        return str(error)
    return ""


def _by_policy(
    policy_of: Sequence[object], values: Sequence[object], param: str, check: Callable[[object, str, object], str]
) -> tuple[int, str] | None:
    """Check a parameter's values apart for each policy that it is given to."""
    found: list[tuple[int, str]] = []
    for name in dict.fromkeys(policy_of):
        rows = [row for row, other in enumerate(policy_of) if other == name]
        wrong = _first_wrong([values[row] for row in rows], lambda value, name=name: check(name, param, value))  # type: ignore[misc]
        found += [(rows[wrong[0]], wrong[1])] if wrong is not None else []
    return min(found) if found else None


def _richardson(design: Design, base: Tree) -> list[tuple[int, str]]:
    """Check every point for a process of action and reaction that runs away, as a scenario does when it is built."""
    names = ("reaction", "reciprocity", "fatigue")
    keys = [factor.key for factor in design.factors]
    if not any(f"{_DIPLOMACY}{name}" in keys for name in names):
        return []
    diplomacy = validate(base).parameters.diplomacy
    columns: list[Sequence[object]] = []
    for name in names:
        key = f"{_DIPLOMACY}{name}"
        own = getattr(diplomacy, name)
        columns.append([point[keys.index(key)] for point in design.points] if key in keys else [own] * len(design.points))
    for row, values in enumerate(zip(*columns, strict=True)):
        reaction, reciprocity, fatigue = (float(str(value)) for value in values)
        if reaction * reciprocity >= fatigue:
            message = (
                f"{_DIPLOMACY}fatigue: {fatigue:g} must be larger than reaction * reciprocity = {reaction * reciprocity:g} "
                "(Richardson's condition); give ranges that keep it so, for example a higher lower bound of fatigue"
            )
            return [(row, message)]
    return []


def _built(design: Design, base: Tree, folder: Path, trusted: tuple[str, ...]) -> list[tuple[int, str]]:
    """Build a few points as a run would: a key may suit the schema and not the scenario (a slot of no lever)."""
    last = len(design.points) - 1
    for point in sorted({0, last // 3, 2 * last // 3, last}):
        try:
            Scenario.from_config(with_values(base, design.params(point)), folder, trusted)
        except InputError as error:
            return [(point, str(error))]
    return []


def _name(value: object) -> str:
    return f"{type(value).__name__} {json.dumps(value, sort_keys=True, default=str)}"
