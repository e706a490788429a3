"""What an agent may answer: levers and dated acts, campaigns, movement intentions, offers.

Decisions are plain immutable data. Every decision carries its reasons in words with the numbers
that the agent saw, so that a reader can ask *why*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from agents.levers import Slot
from agents.vocabulary import Reason

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Announcement:
    """A public deadline: foreigners of these statuses are told to leave by a day.

    ``salience`` in [0, 1] says how seriously it is announced (press, arrests, registration of
    holding centres); ``implemented`` says whether the deadline will be enforced, which raises or
    lowers the host's credibility when the day comes.
    """

    statuses: tuple[str, ...]
    day: int
    deadline: int
    salience: float
    implemented: bool = True


@dataclass(frozen=True)
class DatedChange:
    """A change of a lever on a day, at midnight before that day's events."""

    day: int
    slot: Slot
    level: float


@dataclass(frozen=True)
class Act:
    """An act of one government towards another, with its Goldstein weight in [-10, 10]."""

    day: int
    target: str
    kind: str
    goldstein: float
    text: str
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class GovernmentDecision:
    """Answer of a government: levels asked from now on, and what it does on dates of the coming week.

    ``levels`` holds only the slots that change; a slot that is not named keeps its level.
    """

    levels: Mapping[Slot, float] = field(default_factory=dict)
    agenda: tuple[DatedChange, ...] = ()
    acts: tuple[Act, ...] = ()
    announcements: tuple[Announcement, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class GroupDecision:
    """Answer of a militant group: shares of effort, relocation and its stance on a truce.

    ``effort`` is a weight a place (mean 1 over the group's own targets), ``infiltration`` and
    ``withdrawal`` multiply the group's base rates, ``truce_until`` is the day a declared truce ends
    (-1 = none), ``accepts_talks`` whether it would accept a mediated truce.
    """

    effort: FloatArray
    infiltration: float = 1.0
    withdrawal: float = 1.0
    truce_from: int = -1
    truce_until: int = -1
    accepts_talks: bool = False
    reasons: tuple[str, ...] = ()


class PopulationIntentions(NamedTuple):
    """Answer of a population: a hazard of leaving by reason, per home region and place.

    ``hazards[reason]`` has shape ``(homes, places)`` or broadcasts to it; unit 1/day. Populations decide daily: they say
    why when asked (:meth:`PopulationRules.reasons`), which costs a day nothing.
    """

    hazards: Mapping[Reason, FloatArray]


class PopulationRules(Protocol):
    """The rules by which populations form intentions, one kind of situation for one kind of rules."""

    def intentions(self, situation: Any, /) -> PopulationIntentions:
        """Hazards of setting out for one nationality and status."""
        ...

    def reasons(self, situation: Any, /) -> tuple[str, ...]:
        """Say in words why :meth:`intentions` answers this situation as it does."""
        ...


@dataclass(frozen=True)
class MediatorDecision:
    """Answer of a mediator: whom it offers talks, how much aid it funds, whom it sanctions."""

    offers: tuple[tuple[str, str], ...] = ()
    aid: Mapping[str, float] = field(default_factory=dict)
    sanctions: Mapping[str, float] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
