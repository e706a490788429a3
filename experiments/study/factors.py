"""Factors of a design: what is varied, over which values, and how a number of the unit interval becomes one of them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pydantic
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from numpy.typing import NDArray

from agents.errors import InputError, one_of
from agents.levers import BY_NAME
from agents.parameters import Parameter, parameters_of
from agents.policies import find_policy
from sim.complaints import did_you_mean, flat_keys, from_pydantic
from sim.settings import Config, validate

FloatArray = NDArray[np.float64]
Tree = Mapping[str, object]

_POLICY = re.compile(r"^policy@policies\.(\w+)$")
#: Mappings with free keys below them: a factor may name one that the scenario does not set.
_OPEN = re.compile(r"^(policies\.(\w+)\.params|governments\.(\w+)\.baseline)\.[^.]+$")
_RANGE = re.compile(r"^[-+\d.eE]+?\.\.[-+\d.eE]+(,\s*(log|int))?$")
#: What cannot be a factor, with the way to have it all the same.
_NOT_VARIED: Mapping[str, str] = MappingProxyType({
    "seed": "seeds are planned; give replicates=10, and seed=7 for other luck",
    "replicate": "replicates are planned; give replicates=10",
    "scenario": "a study has one scenario; make a study of each",
    "scenario.name": "a study has one scenario; make a study of each",
    "scenario.path": "a study has one scenario; make a study of each",
    "scenario.history": "a study has one set of tables; make a study of each",
    "scenario.exogenous": "a study has one set of tables; make a study of each",
    "corner": "a corner sets many values; vary the contested parameters themselves, or make a study of each corner",
    "figures": "figures are drawn from a study, not from its runs",
    "band": "a study has replicates instead of a band",
})  # fmt: skip


@dataclass(frozen=True)
class Factor:
    """One thing that is varied.

    Attributes
    ----------
    key
        Config key, ``parameters.violence.branching`` or ``policy@policies.north``.
    kind
        ``float``, ``log`` (a float, even in its logarithm), ``int``, ``choice`` or ``policy``.
    low, high
        Bounds, both included; nothing for choices.
    values
        The choices; nothing for numbers with bounds.
    """

    key: str
    kind: str
    low: float | None = None
    high: float | None = None
    values: tuple[object, ...] = ()


class Fields:
    """The config fields of a scenario: which keys there are, and the ranges that they declare.

    Parameters
    ----------
    base
        The resolved config as a plain tree.
    trusted
        Policies ``module:Class`` that the user named.
    """

    def __init__(self, base: Tree, trusted: Sequence[str] = ()) -> None:
        try:
            config = validate(base)
        except pydantic.ValidationError as error:
            raise from_pydantic(error, Config) from None
        self.base, self.trusted = base, tuple(trusted)
        self.keys = flat_keys(base)
        self.policies = tuple(config.policies)
        rows = {row.path: row for row in parameters_of(config)}
        for actor, chosen in config.policies.items():
            found = find_policy(chosen.name, group=actor in config.groups, where=f"policies.{actor}", trusted=self.trusted)
            schema = found.parameters  # type: ignore[attr-defined]
            rows |= {row.path: row for row in parameters_of(schema, f"policies.{actor}.params.")}
        self.declared: Mapping[str, Parameter] = rows

    def bounds(self, key: str) -> tuple[float, float, bool] | None:
        """Return the declared range of a field and whether it is whole; nothing where none is declared."""
        row = self.declared.get(key)
        if row is not None:
            return row.low, row.high, row.integer
        if _OPEN.match(key) and ".baseline." in key:
            lever = BY_NAME.get(key.rpartition(".")[2].partition("/")[0])
            return (lever.low, 1.0, False) if lever is not None else None
        return None

    def default(self, key: str) -> object:
        """Return the value of a field in the scenario (of a policy, its name); of a policy's parameter its default."""
        node: object = self.base
        for step in key.removeprefix("policy@").split("."):
            node = node.get(step) if isinstance(node, Mapping) else None
        if _POLICY.match(key) and isinstance(node, Mapping):
            return node.get("name")
        if node is None and (row := self.declared.get(key)) is not None:
            return int(row.default) if row.integer else row.default
        return node

    def check(self, key: str, where: str) -> None:
        """Refuse a key that the config has not, or that cannot be varied.

        Raises
        ------
        InputError
            In one line, with the nearest known key.
        """
        if key in _NOT_VARIED:
            raise InputError(f"{where}: {key} cannot be a factor; {_NOT_VARIED[key]}")
        policy = _POLICY.match(key)
        if policy is not None:
            if policy[1] not in self.policies:
                raise InputError(f"{where}: no actor {policy[1]!r}{did_you_mean(policy[1], self.policies)}; known: {one_of(self.policies)}")
            return
        if key in self.keys:
            node = self.default(key)
            if isinstance(node, Mapping):
                raise InputError(f"{where}: {key} is a group of values; name one, for example {key}.{next(iter(node), 'KEY')}")
            return
        named = _OPEN.match(key)
        if named is None or (named[2] or named[3]) not in (*self.policies, *_names(self.base.get("governments"))):
            raise InputError(f"{where}: unknown key {key!r}{did_you_mean(key, self.keys)}; marchland parameters lists the keys")


def parse_factor(text: str, fields: Fields) -> Factor:
    """Read a factor.

    Parameters
    ----------
    text
        ``KEY=low..high`` (``,log`` or ``,int`` behind it), ``KEY=`` for the declared range (``KEY=,log``), or choices
        in the grammar of ``-m``: ``KEY=a,b``, ``KEY=choice(a,b)``, ``KEY=range(1,4)``, ``policy@policies.north=a,b``.
    fields
        The fields of the scenario.

    Raises
    ------
    InputError
        In one line: the text and what would be right.
    """
    key, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not key:
        raise InputError(f"{text}: cannot be read as a factor; write KEY=low..high, KEY=a,b or KEY= for the declared range")
    fields.check(key, text)
    if value in ("", "log", "int", ",log", ",int"):
        return _with_bounds(key, None, value.lstrip(","), text, fields)
    body, _, kind = value.rpartition(",")
    if kind.strip() in ("log", "int") and ".." in body:
        return _with_bounds(key, body.strip(), kind.strip(), text, fields)
    if ".." in value:
        return _with_bounds(key, value, "", text, fields)
    return parse_choice(text, fields)


def parse_choice(text: str, fields: Fields) -> Factor:
    """Read a factor of a grid, in exactly the grammar of Hydra's ``-m``.

    Raises
    ------
    InputError
        When the text cannot be read, has one value only, or has values that ``-m`` cannot list.
    """
    key, _, value = (part.strip() for part in text.partition("="))
    if ".." in value or not value:
        raise InputError(f"{text}: a grid needs its values; write {key}=1,2,3 or {key}=range(1,4), or take design=lhs for a range")
    fields.check(key, text)
    override = _parsed(value, text)
    if not override.is_sweep_override():
        raise InputError(f"{text}: one value only is no factor; give several ({key}={value},...) or a range ({key}=low..high)")
    if not override.is_discrete_sweep() or "glob(" in value or "shuffle" in value:
        raise InputError(f"{text}: not a list of values; write {key}=a,b, {key}=choice(a,b) or {key}=range(1,4)")
    values = tuple(evened(_plain(item) for item in override.sweep_iterator()))
    if not values:
        raise InputError(f"{text}: has no values; range(1,4) gives 1, 2 and 3")
    twice = next((item for index, item in enumerate(values) if item in values[:index]), values)
    if twice is not values:
        raise InputError(f"{text}: {twice} is given twice; give each value once")
    if _POLICY.match(key):
        return Factor(key, "policy", values=tuple(str(item) for item in values))
    return Factor(key, "choice", values=values)


def is_factor(text: str) -> bool:
    """Return whether ``KEY=...`` names several values (a factor) rather than one (an override, a constant of the study)."""
    _, equals, value = (part.strip() for part in text.partition("="))
    if not equals:
        return False
    if value in ("", "log", "int", ",log", ",int") or _RANGE.match(value):
        return True
    try:
        return bool(_parsed(value, text).is_sweep_override())
    except InputError:
        return False


def check_factors(factors: Sequence[Factor]) -> tuple[Factor, ...]:
    """Refuse a design without factors, or with one factor twice.

    Raises
    ------
    InputError
        In one line.
    """
    if not factors:
        raise InputError("design: no factors; give at least one, for example parameters.violence.branching=0.4..0.6")
    keys = [factor.key for factor in factors]
    for index, key in enumerate(keys):
        if key in keys[:index]:
            raise InputError(f"{key}: is a factor twice; give it once")
        if any(other.startswith(f"{key}.") for other in keys):
            raise InputError(f"{key}: holds another factor; vary one or the other")
    return tuple(factors)


def scale(factor: Factor, unit: FloatArray) -> list[object]:
    """Turn numbers of the unit interval into values of a factor.

    Whole numbers and choices each get an equal share of the interval (the last one also its end).
    """
    if factor.values:
        count = len(factor.values)
        return [factor.values[index] for index in np.minimum((unit * count).astype(np.int64), count - 1)]
    assert factor.low is not None and factor.high is not None
    low, high = factor.low, factor.high
    if factor.kind == "int":
        return [int(item) for item in np.minimum(low + np.floor(unit * (high - low + 1.0)), high)]
    if factor.kind == "log":
        # math and not numpy: numpy's exp differs between processors in the last digit, and run ids are hashes.
        first, width = math.log(low), math.log(high) - math.log(low)
        ends = {0.0: low, 1.0: high}  # the ends as they were given
        return [ends.get(item, min(max(math.exp(first + width * item), low), high)) for item in unit.tolist()]
    return [min(max(low + (high - low) * item, low), high) for item in unit.tolist()]


def evened(values: Iterable[object]) -> list[object]:
    """Return values with whole numbers as fractions where both occur, so that a column has one type."""
    found = list(values)
    if {type(value) for value in found} >= {int, float}:
        return [float(value) if type(value) is int else value for value in found]
    return found


def _with_bounds(key: str, bounds: str | None, kind: str, text: str, fields: Fields) -> Factor:
    """Make a factor of numbers between bounds, by default the declared ones."""
    declared = fields.bounds(key)
    if bounds is None:
        if declared is None:
            raise InputError(f"{text}: declares no range; give one ({key}=low..high) or choices ({key}=a,b)")
        low, high, whole = declared
    else:
        low, high = _two_numbers(bounds, text)
        whole = declared[2] if declared is not None else type(fields.default(key)) is int and kind != "log"
        if declared is None and (isinstance(fields.default(key), bool) or not isinstance(fields.default(key), int | float | None)):
            raise InputError(f"{text}: {key} is no number; give choices ({key}=a,b)")
        outside = [item for item in (low, high) if declared is not None and not declared[0] <= item <= declared[1]]
        if declared is not None and outside:
            raise InputError(f"{text}: {outside[0]:g} is outside the declared range; give bounds within {declared[0]:g}..{declared[1]:g}")
    if not low < high:
        raise InputError(f"{text}: the lower bound must be below the upper; write {key}=low..high")
    if kind == "log":
        if whole:
            raise InputError(f"{text}: log is for numbers with a fraction, {key} is whole; leave log out")
        if low <= 0.0:
            raise InputError(f"{text}: log needs a lower bound above 0, not {low:g}; give {key}=low..{high:g},log")
        return Factor(key, "log", low, high)
    if whole or kind == "int":
        if not (low.is_integer() and high.is_integer()):
            raise InputError(f"{text}: bounds of whole numbers are whole; give for example {key}={math.ceil(low)}..{math.floor(high)}")
        return Factor(key, "int", low, high)
    return Factor(key, "float", low, high)


def _two_numbers(bounds: str, text: str) -> tuple[float, float]:
    parts = bounds.split("..")
    try:
        low, high = (float(part) for part in parts)
    except ValueError:
        raise InputError(f"{text}: {bounds!r} is no range; write two numbers, for example 0.2..0.8") from None
    if not (math.isfinite(low) and math.isfinite(high)):
        raise InputError(f"{text}: bounds must be finite; write two numbers, for example 0.2..0.8")
    return low, high


def _parsed(value: str, text: str) -> Override:
    """Parse a value with Hydra's grammar; the key stands apart, since ours may hold signs that Hydra's may not."""
    try:
        return OverridesParser.create().parse_override(f"x={value}")
    except HydraException:
        raise InputError(f"{text}: cannot be read; write KEY=a,b or KEY=range(1,4) (quote a value with special characters)") from None


def _plain(item: object) -> object:
    """Return a value of Hydra's parser as plain data."""
    if isinstance(item, list):
        return [_plain(part) for part in item]
    if isinstance(item, dict):
        return {str(key): _plain(part) for key, part in item.items()}
    return item if item is None or isinstance(item, bool | int | float) else str(getattr(item, "text", item))


def _names(node: object) -> tuple[str, ...]:
    return tuple(str(name) for name in node) if isinstance(node, Mapping) else ()
