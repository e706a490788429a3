"""What each kind of agent may know on a decision day: a snapshot of the evening before.

Situations are plain immutable data, so a policy can be tested with no simulation at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.levers import Slot

if TYPE_CHECKING:
    from agents.decisions import Act, Announcement, DatedChange, GovernmentDecision

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class RivalView:
    """What a government knows of another one.

    Parameters
    ----------
    hostility
        Own hostility towards the rival, Goldstein/10 points a week.
    hostility_received
        The rival's hostility towards this government.
    acts_received
        Sum of -w/10 over the rival's acts of the last ``window`` days (positive = hostile).
    tolerated_attacks
        Attacks of the last 28 days by groups that shelter in the rival's country.
    cooperation
        The rival's cooperation against those groups, 0..1.
    pressure
        Levers that the rival pulls against this government (sanctions, transit, closures), 0..1.
    talks
        Strength of talks with the rival, 0..1.
    """

    name: str
    hostility: float
    hostility_received: float
    acts_received: float
    tolerated_attacks: float
    cooperation: float
    pressure: float
    talks: float


@dataclass(frozen=True)
class GovernmentSituation:
    """What a government may know.

    Parameters
    ----------
    day, window
        Today, and the days until the next decision.
    levels
        Granted level of every slot the government has.
    attacks, attacks_before
        Attacks at home in the last 28 days, and a month on average over the last year.
    deaths
        Deaths by violence at home in 28 days, of an exponential 30-day memory.
    refugees
        Foreigners at home by legal status.
    script
        The government's own dated history that falls into the coming window.
    imagine
        ``imagine(decision, days)`` plays the coming days with this decision on a copy of the world,
        everybody else keeping to what they do, and returns named outcomes. Absent in tests.
    """

    name: str
    day: int
    window: int
    levels: Mapping[Slot, float]
    baseline: Mapping[Slot, float]
    rivals: tuple[RivalView, ...]
    attacks: float
    attacks_before: float
    deaths: float
    legitimacy: float
    tension: float
    economy: float
    standing: float
    refugees: Mapping[str, int]
    script: Script
    imagine: Callable[[GovernmentDecision, int], Mapping[str, float]] | None = None

    def rival(self, name: str) -> RivalView:
        """Return the view of a rival by name."""
        return next(view for view in self.rivals if view.name == name)


@dataclass(frozen=True)
class Script:
    """The dated history of one agent that falls into the coming window."""

    changes: tuple[DatedChange, ...] = ()
    acts: tuple[Act, ...] = ()
    announcements: tuple[Announcement, ...] = ()
    truces: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class GroupSituation:
    """What a militant group may know.

    ``fighters`` and ``weights`` are (places,): its fighters, and the place's weight as a target.
    ``operations`` is the level of operations against it, ``baseline_operations`` the scenario's level
    at the start; ``tolerance`` is how far its sanctuary is left alone (1 = entirely).
    """

    name: str
    day: int
    window: int
    fighters: IntArray
    weights: FloatArray
    deployed: int
    sheltered: int
    operations: float
    baseline_operations: float
    tolerance: float
    attacks: float
    losses: float
    in_truce: bool
    script: Script = field(default_factory=Script)


class Names(NamedTuple):
    """Names for words: what an index of a country, place or home region stands for."""

    countries: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    homes: tuple[tuple[str, ...], ...] = ()  #: by country

    def country(self, index: int) -> str:
        """Name of a country, or its number where names are not given."""
        return self.countries[index] if index < len(self.countries) else f"country {index}"

    def place(self, index: int) -> str:
        """Name of a place, or its number where names are not given."""
        return self.places[index] if index < len(self.places) else f"place {index}"

    def homes_of(self, country: int) -> tuple[str, ...]:
        """Names of the home regions of a country, where they are given."""
        return self.homes[country] if country < len(self.homes) else ()


#: For situations built by hand.
NAMELESS = Names()


class HostView(NamedTuple):
    """What a population abroad knows of its host country."""

    country: int
    fear: float  #: nearness to a credible deadline, 0..1
    removals: float  #: formal deportations per 1,000 of the status and 30 days, recent memory
    campaign: bool  #: whether an enforced campaign is in force
    exposed: float = 1.0  #: share of the status that reacts to deadlines, 0..1
    climate: HostView | None = None  #: what undocumented people face there; None for themselves

    @property
    def frightens(self) -> bool:
        """Whether there is anything to fear."""
        return self.fear > 0.0 or self.removals > 0.0 or (self.climate is not None and self.climate.frightens)


class PopulationSituation(NamedTuple):
    """What a population may know, daily: a tuple, because there are many of them.

    Parameters
    ----------
    counts
        (homes, places) people.
    country
        (places,) index of the country, -1 at crossings.
    own_country
        Index of the country of nationality.
    violence
        (places,) deaths of the last 30 days per 100,000 people.
    safety
        Base safety of the own country, 0..1.
    home_violence
        (homes,) deaths of the last 30 days per 100,000 people in the home regions.
    livelihood
        Economy of the own country less the load of recent returnees, 1 = as before.
    exodus
        (countries,) extra hazard of emigration to each country from dated events, 1/day.
    emigration
        Everyday hazard of citizens to emigrate, 1/year.
    names
        What the indices stand for.
    """

    name: str
    status: str
    day: int
    day_of_year: int
    counts: IntArray
    country: IntArray
    own_country: int
    violence: FloatArray
    safety: float
    home_violence: FloatArray
    livelihood: float
    hosts: tuple[HostView, ...]
    exodus: FloatArray
    emigration: float = 0.0
    names: Names = NAMELESS


@dataclass(frozen=True)
class PairView:
    """What a mediator knows of two governments."""

    a: str
    b: str
    hostility: float
    weariness: float
    talks: float


@dataclass(frozen=True)
class MediatorSituation:
    """What a mediator may know."""

    name: str
    day: int
    window: int
    attention: float
    pairs: tuple[PairView, ...]
    displaced: Mapping[str, int]
    strikes: Mapping[str, float]
