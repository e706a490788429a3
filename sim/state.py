"""All that changes in a run: one State of arrays and small immutable records.

Copying a state is copying its arrays: stepping back, branching from a date, replay and look-ahead
all use :meth:`State.copy`, never a deep copy of Mesa objects.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.decisions import Act, Announcement, DatedChange, GroupDecision
from agents.vocabulary import ABROAD, ACCOUNTS, FIGHTER_ACCOUNTS, REASONS
from sim.displacement.flee_walkers import Walkers

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Surge:
    """A dated exogenous multiplier on a group's attacks."""

    group: int
    factor: float
    until: int
    places: tuple[int, ...]


@dataclass(frozen=True)
class Exodus:
    """A dated exogenous wave of emigration: ``people`` of a nationality to a country, e-folding in days."""

    nationality: int
    country: int
    people: float
    start: int
    decay: float


@dataclass(frozen=True)
class PendingStrike:
    """A strike ordered for today."""

    government: int
    rival: int
    places: tuple[int, ...]


@dataclass
class State:
    """The state on the evening of ``day - 1`` (while a day runs: of that day so far).

    Axes: rows = populations (nationality x status x home), places, crossings, countries,
    governments, groups, slots = levers with targets, reasons, statuses (abroad).
    """

    day: int
    # -- people --
    people: IntArray  #: (rows, places) at places
    inland: IntArray  #: (slots of the ring, rows, places) travelling inside a country, by arrival day
    toward: IntArray  #: (slots of the ring, reasons, rows, gates) travelling to a gate
    queue: IntArray  #: (reasons, rows, gates) waiting at a gate
    accounts: IntArray  #: (accounts, rows) dead, recruited, naturalised, outside
    mass: FloatArray  #: (countries, places) news: mass of places as destinations, by nationality
    haven: FloatArray  #: (places,) news: attractiveness of calm places inside a country
    exodus: FloatArray  #: (countries, countries) news: hazard of a dated exodus from, to, 1/day
    # -- fighters --
    fighters: IntArray  #: (groups, places)
    fighter_accounts: IntArray  #: (accounts, groups)
    excitation: FloatArray  #: (groups, places) self-excitation, attacks/day
    truce_until: IntArray  #: (groups,) last day of a truce, -1 = none
    truces_due: tuple[tuple[int, int, int], ...]  #: (group, first day, day after the last)
    campaigns: tuple[GroupDecision, ...]
    surges: tuple[Surge, ...]
    losses: FloatArray  #: (groups,) fighters killed a day, 90-day memory
    # -- violence --
    death_memory: FloatArray  #: (places,) deaths a day, 30-day memory
    group_deaths: FloatArray  #: (groups,) deaths in the group's attacks a day, 30-day memory
    attack_window: FloatArray  #: (28, governments) attacks of the last 28 days
    tolerated_window: FloatArray  #: (28, governments) of them by groups with sanctuary
    attack_year: FloatArray  #: (governments,) attacks a day, 365-day memory
    civilian_harm: FloatArray  #: (governments,) civilians killed by the state a day, 30-day memory
    strike_memory: FloatArray  #: (groups,) strikes on the group, 28-day memory
    strikes_made: FloatArray  #: (governments,) strikes by the government, 28-day memory
    # -- diplomacy --
    hostility: FloatArray  #: (governments, governments) of i towards j, Goldstein/10 points a week
    acts_memory: FloatArray  #: (governments, governments) points of i towards j since the last decision
    talks: FloatArray  #: (governments, governments) strength of talks, symmetric
    weariness: FloatArray  #: (governments,)
    attention: FloatArray  #: (mediators,)
    mediator_aid: FloatArray  #: (governments,) aid level funded by mediators
    mediator_sanctions: FloatArray  #: (governments,) sanctions level joined by mediators
    # -- levers --
    granted: FloatArray  #: (governments, slots) level in force
    asked: FloatArray  #: (governments, slots)
    baseline: FloatArray  #: (governments, slots)
    agenda: tuple[tuple[int, DatedChange], ...]  #: dated changes to come: (government, change)
    acts_due: tuple[tuple[int, Act], ...]  #: dated acts to come: (government, act)
    announced: tuple[tuple[int, Announcement], ...]  #: deadlines announced and not yet past
    memories: Mapping[str, Mapping[str, float]]
    # -- deadlines --
    fear: FloatArray  #: (governments, statuses) nearness to a credible deadline, 0..1
    removals: FloatArray  #: (governments, statuses) deportations per 1,000 and 30 days, 14-day memory
    credibility: FloatArray  #: (governments,)
    unexposed: FloatArray  #: (governments, statuses) people who do not react to deadlines; 0 before the first one
    campaign: BoolArray  #: (governments, statuses) enforced campaign in force
    exoduses: tuple[Exodus, ...]
    # -- borders --
    exogenous_people: FloatArray  #: (crossings,) closure by events, 0..1
    exogenous_trade: FloatArray  #: (crossings,)
    # -- society --
    safety: FloatArray  #: (countries,) base safety
    legitimacy: FloatArray  #: (governments,)
    tension: FloatArray  #: (governments,)
    economy: FloatArray  #: (governments,) output, 1 = without conflict
    standing: FloatArray  #: (governments,)
    direct_trade: FloatArray  #: (governments, governments) of i with j, 1 = as before; symmetric
    transit_trade: FloatArray  #: (governments, governments) of j through i, 1 = as before
    diversion: FloatArray  #: (governments, governments) share of lost transit recovered elsewhere
    known: IntArray  #: (homes, camps) news over a network: people of each home region in each camp
    known_day: int  #: day of that news
    walkers: Walkers | None  #: travellers of the rule ``flee``; those at places are in ``people`` as well
    return_memory: FloatArray  #: (countries,) coerced returns a day into the country, 30-day memory
    flight_memory: FloatArray  #: (countries,) departures in flight a day from populations of the country, 30-day memory

    def copy(self) -> State:
        """Return an independent copy: arrays are copied, records are immutable and shared."""
        other = dataclasses.replace(self)
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                setattr(other, field.name, value.copy())
        return other

    def send_inland(self, arrival: IntArray, row: IntArray, place: IntArray, number: IntArray) -> None:
        """Put people on the road inside a country: they arrive on ring slot ``arrival``. Groups may recur."""
        _, rows, places = self.inland.shape
        # One flat index: NumPy adds along it several times faster than along three.
        np.add.at(self.inland.reshape(-1), (arrival * rows + row) * places + place, number)

    def send_to_gates(self, arrival: IntArray, reason: IntArray, row: IntArray, gate: IntArray, number: IntArray) -> None:
        """Put people on the road to gates: they arrive on ring slot ``arrival``. Groups may recur."""
        _, reasons, rows, gates = self.toward.shape
        np.add.at(self.toward.reshape(-1), ((arrival * reasons + reason) * rows + row) * gates + gate, number)

    def travelling(self) -> IntArray:
        """People on the way or waiting at a crossing, (rows,)."""
        total: IntArray = self.inland.sum(axis=(0, 2)) + self.toward.sum(axis=(0, 1, 3)) + self.queue.sum(axis=(0, 2))
        return total

    def head_count(self) -> int:
        """Everybody who is or was in the books: constant over a run."""
        counted = self.on_links()
        for part in (self.people, self.inland, self.accounts, self.toward, self.queue):
            counted += int(np.add.reduce(part, axis=None))
        return counted

    def on_links(self) -> int:
        """People on links under the rule ``flee``."""
        return 0 if self.walkers is None else int(self.walkers.count[self.walkers.place < 0].sum())


def empty_state(
    *, rows: int, places: int, crossings: int, countries: int, governments: int, groups: int, mediators: int,
    slots: int, ring: int, gates: int,
) -> State:
    """Return a state of zeros with the right shapes."""

    def zeros(*shape: int) -> FloatArray:
        return np.zeros(shape)

    def counts(*shape: int) -> IntArray:
        return np.zeros(shape, dtype=np.int64)

    square = (governments, governments)
    statuses = len(ABROAD)
    return State(
        day=0,
        people=counts(rows, places), inland=counts(ring, rows, places),
        toward=counts(ring, len(REASONS), rows, gates), queue=counts(len(REASONS), rows, gates),
        accounts=counts(len(ACCOUNTS), rows),
        mass=zeros(countries, places), haven=zeros(places), exodus=zeros(countries, countries),
        fighters=counts(groups, places), fighter_accounts=counts(len(FIGHTER_ACCOUNTS), groups),
        excitation=zeros(groups, places), truce_until=np.full(groups, -1, dtype=np.int64),
        truces_due=(), campaigns=(), surges=(), losses=zeros(groups),
        death_memory=zeros(places), group_deaths=zeros(groups),
        attack_window=zeros(28, governments), tolerated_window=zeros(28, governments),
        attack_year=zeros(governments), civilian_harm=zeros(governments),
        strike_memory=zeros(groups), strikes_made=zeros(governments),
        hostility=zeros(*square), acts_memory=zeros(*square), talks=zeros(*square), weariness=zeros(governments),
        attention=zeros(mediators), mediator_aid=zeros(governments), mediator_sanctions=zeros(governments),
        granted=zeros(governments, slots), asked=zeros(governments, slots), baseline=zeros(governments, slots),
        agenda=(), acts_due=(), announced=(), memories={},
        fear=zeros(governments, statuses), removals=zeros(governments, statuses),
        credibility=np.ones(governments), unexposed=zeros(governments, statuses), campaign=np.zeros((governments, statuses), dtype=np.bool_), exoduses=(),
        exogenous_people=zeros(crossings), exogenous_trade=zeros(crossings),
        safety=zeros(countries), legitimacy=zeros(governments), tension=zeros(governments),
        economy=np.ones(governments), standing=zeros(governments),
        direct_trade=np.ones(square), transit_trade=np.ones(square), diversion=zeros(*square),
        known=counts(0, 0), known_day=-1, walkers=None, return_memory=zeros(countries), flight_memory=zeros(countries),
    )
