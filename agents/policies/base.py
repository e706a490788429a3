"""What a policy is, and how one is found by name.

A policy is one small class with a frozen dataclass of checked parameters. Its ``decide`` is pure:
``decide(situation, memory, rng) -> (decision, memory)``. Memory is a mapping of numbers.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Generic, TypeVar

import numpy as np
import pydantic
import pydantic.dataclasses

from agents.decisions import GovernmentDecision, GroupDecision
from agents.errors import InputError
from agents.parameters import STRICT
from agents.situations import GovernmentSituation, GroupSituation

Memory = Mapping[str, float]
EMPTY: Memory = MappingProxyType({})
P = TypeVar("P")


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class NoParameters:
    """For policies without parameters."""


class GovernmentPolicy(ABC, Generic[P]):
    """Base of the policies of governments.

    Attributes
    ----------
    name
        Name in configs.
    theory
        The idea and its citation, one line.
    looks_at
        Which fields of the situation it reads.
    parameters
        Class of the parameters (a frozen pydantic dataclass).
    """

    name: ClassVar[str]
    theory: ClassVar[str]
    looks_at: ClassVar[tuple[str, ...]]
    parameters: ClassVar[type]

    def __init__(self, params: P) -> None:
        self.params = params

    @abstractmethod
    def decide(
        self, situation: GovernmentSituation, memory: Memory, rng: np.random.Generator
    ) -> tuple[GovernmentDecision, Memory]:
        """Answer a situation with levers, dated acts and reasons."""


class GroupPolicy(ABC, Generic[P]):
    """Base of the policies of militant groups; attributes as in :class:`GovernmentPolicy`."""

    name: ClassVar[str]
    theory: ClassVar[str]
    looks_at: ClassVar[tuple[str, ...]]
    parameters: ClassVar[type]

    def __init__(self, params: P) -> None:
        self.params = params

    @abstractmethod
    def decide(
        self, situation: GroupSituation, memory: Memory, rng: np.random.Generator
    ) -> tuple[GroupDecision, Memory]:
        """Answer a situation with effort, relocation and a stance on truce."""


AnyPolicy = GovernmentPolicy[object] | GroupPolicy[object]


def make_policy(policy_class: type, params: Mapping[str, object], where: str) -> AnyPolicy:
    """Build a policy from its class and unchecked parameters.

    Raises
    ------
    InputError
        When a parameter is unknown, of the wrong type or out of range.
    """
    try:
        checked = pydantic.TypeAdapter(policy_class.parameters).validate_python(dict(params))  # type: ignore[attr-defined]
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        known = ", ".join(getattr(policy_class.parameters, "__pydantic_fields__", {})) or "none"  # type: ignore[attr-defined]
        raise InputError(f"{where}.params.{key}: {first['msg']} (parameters of this policy: {known})") from None
    policy: AnyPolicy = policy_class(checked)
    return policy


def load_class(path: str, where: str) -> type:
    """Import a policy class named ``module:Class``.

    Raises
    ------
    InputError
        When there is no such module or class, or the class keeps no policy contract.
    """
    module_name, _, class_name = path.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise InputError(f"{where}: cannot import {module_name!r} ({error}); give module:Class on the Python path") from None
    found = getattr(module, class_name, None)
    if not isinstance(found, type) or not issubclass(found, GovernmentPolicy | GroupPolicy):
        raise InputError(
            f"{where}: {path!r} is no policy; give a class derived from agents.policies.GovernmentPolicy or GroupPolicy"
        )
    missing = [name for name in ("name", "theory", "looks_at", "parameters") if not hasattr(found, name)]
    if missing:
        raise InputError(f"{where}: policy class {path!r} lacks the attribute {missing[0]!r}")
    return found
