"""Policies of governments and groups, by name."""

from __future__ import annotations

from types import MappingProxyType

from agents.errors import InputError, one_of
from agents.policies.base import (
    EMPTY,
    AnyPolicy,
    GovernmentPolicy,
    GroupPolicy,
    Memory,
    NoParameters,
    load_class,
    make_policy,
)
from agents.policies.conciliatory import Conciliatory
from agents.policies.contract import check_policy
from agents.policies.hardline import Hardline
from agents.policies.manual import Manual
from agents.policies.richardson import Richardson
from agents.policies.scripted import Scripted, ScriptedGroup
from agents.policies.status_quo import StatusQuo
from agents.policies.steady import Steady
from agents.policies.threshold import Threshold
from agents.policies.tit_for_tat import TitForTat

__all__ = [
    "EMPTY",
    "GOVERNMENT_POLICIES",
    "GROUP_POLICIES",
    "AnyPolicy",
    "GovernmentPolicy",
    "GroupPolicy",
    "InputError",
    "Memory",
    "NoParameters",
    "check_policy",
    "find_policy",
    "load_class",
    "make_policy",
]

GOVERNMENT_POLICIES = MappingProxyType(
    {p.name: p for p in (StatusQuo, Scripted, Threshold, TitForTat, Conciliatory, Hardline, Richardson, Manual)}
)
GROUP_POLICIES = MappingProxyType({p.name: p for p in (Steady, ScriptedGroup)})


def find_policy(name: str, *, group: bool, where: str, trusted: tuple[str, ...] = ()) -> type:
    """Return a policy class by registered name, or a user's own class by ``module:Class``.

    Parameters
    ----------
    name
        Registered name or ``module:Class``.
    group
        Whether a group asks (else a government).
    where
        Config key for messages.
    trusted
        The ``module:Class`` names given on the command line or from Python; others are refused,
        so that a folder from a stranger runs no code.
    """
    registry = GROUP_POLICIES if group else GOVERNMENT_POLICIES
    kind = GroupPolicy if group else GovernmentPolicy
    if ":" in name:
        if name not in trusted:
            raise InputError(f"{where}: a class ({name!r}) is taken from the command line only, never from a file")
        found = load_class(name, where)
        if not issubclass(found, kind):
            raise InputError(f"{where}: {name!r} is no policy for a {'group' if group else 'government'}")
        return found
    if name not in registry:
        raise InputError(f"{where}: unknown policy {name!r}; known: {one_of(sorted(registry))}, or module:Class")
    return registry[name]
