"""The levers of a government: what it can pull, towards whom, and what pulling costs.

A lever's level runs from 0 (absent) to 1 (as hard as the capacity allows); ``forum_support`` runs
from -1 to 1. A *slot* is a lever with its target: ``deportation/undocumented``,
``close_trade/Torkham crossing``, ``sanctions/afghanistan``, ``operations``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

import pydantic.dataclasses

from agents.parameters import STRICT, par


class Target(StrEnum):
    """What a lever is aimed at."""

    NONE = "none"  #: the own country
    STATUS = "status"  #: foreigners of one legal status in the own country
    CROSSING = "crossing"  #: one border crossing of the own country
    RIVAL = "rival"  #: another government


@dataclass(frozen=True)
class Lever:
    """One lever of the catalogue.

    Parameters
    ----------
    name
        Name in configs, decisions and results.
    target
        What it is aimed at.
    low
        Lowest level: 0, or -1 where the lever has two directions.
    act
        Key of :data:`agents.vocabulary.GOLDSTEIN` of the act that raising the lever is, if it is one.
    meaning
        One line for help texts.
    """

    name: str
    target: Target
    act: str | None
    meaning: str
    low: float = 0.0


CATALOGUE: tuple[Lever, ...] = (
    Lever("deportation", Target.STATUS, "deportation", "formal deportation of foreigners of a legal status"),
    Lever("close_people", Target.CROSSING, "closure", "closes a crossing to people"),
    Lever("close_trade", Target.CROSSING, "closure", "closes a crossing to trade"),
    Lever("sanctions", Target.RIVAL, "sanctions", "sanctions on direct trade with a rival"),
    Lever("transit", Target.RIVAL, "transit_restriction", "restricts a rival's transit trade"),
    Lever("operations", Target.NONE, None, "security operations against groups at home"),
    Lever("strikes", Target.RIVAL, "strike", "cross-border strikes on groups in a rival's country"),
    Lever("cooperation", Target.RIVAL, "cooperation", "acts against a rival's enemies on own soil (0 = sanctuary)"),
    Lever("forum_support", Target.RIVAL, "support", "supports (1) or opposes (-1) a rival at international forums", -1.0),
    Lever("demand", Target.RIVAL, "demand", "demands that the rival act against groups"),
    Lever("denounce", Target.RIVAL, "denunciation", "denounces the rival in public"),
    Lever("rebut", Target.RIVAL, "rebuttal", "rebuts the rival's accusations"),
    Lever("engagement", Target.RIVAL, "talks", "offers and holds talks with the rival"),
    Lever("registration", Target.NONE, None, "registers undocumented foreigners"),
    Lever("regularisation", Target.NONE, None, "gives papers and, in the end, naturalisation"),
    Lever("admission", Target.NONE, None, "limits admission to camps and other places with a capacity (1 = nobody more is admitted)"),
    Lever("aid", Target.NONE, None, "aid for refugees and for the people who host them"),
    Lever("integration", Target.NONE, None, "absorbs returnees: land, schools, work"),
)

BY_NAME: Mapping[str, Lever] = MappingProxyType({lever.name: lever for lever in CATALOGUE})

_COST = "assumption: order of magnitude; vary it, since policy rankings depend on what levers cost"


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class LeverCost:
    """What a lever costs at level 1 for as long as it is pulled (per slot)."""

    money: float = par(0.0, 0.0, 100_000.0, "million US$ a year", _COST, "money the lever takes at level 1")
    forces: float = par(0.0, 0.0, 1000.0, "thousand personnel", _COST, "personnel the lever binds at level 1")
    standing: float = par(0.0, -1.0, 1.0, "points of standing a year", _COST, "international standing lost at level 1")


class Slot(NamedTuple):
    """A lever with its target; ``target`` is empty for levers without one."""

    lever: str
    target: str = ""

    def __str__(self) -> str:
        return f"{self.lever}/{self.target}" if self.target else self.lever


def slots_of(
    levers: tuple[str, ...], statuses: tuple[str, ...], crossings: tuple[str, ...], rivals: tuple[str, ...]
) -> tuple[Slot, ...]:
    """Return every slot of a government, in catalogue order, for the registered ``levers``."""
    targets: dict[Target, tuple[str, ...]] = {
        Target.NONE: ("",),
        Target.STATUS: statuses,
        Target.CROSSING: crossings,
        Target.RIVAL: rivals,
    }
    return tuple(
        Slot(lever.name, target) for lever in CATALOGUE if lever.name in levers for target in targets[lever.target]
    )
