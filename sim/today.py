"""What happened today: flows and events, written by the mechanisms and read by the record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.decisions import PopulationIntentions
from agents.vocabulary import REASONS
from sim.state import PendingStrike

if TYPE_CHECKING:
    from sim.flows import FlowBook

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Event:
    """A row of the event table."""

    day: int
    kind: str
    actor: str
    target: str
    place: str
    value: float
    text: str


@dataclass
class Today:
    """Flows of one day.

    ``left`` counts departures by reason and row, ``crossed`` by reason, row and crossing, ``irregular``
    those of them who crossed a closed border.
    """

    day: int
    acts: FloatArray  #: (governments, governments) hostile points of i towards j
    attacks: IntArray  #: (groups, places)
    deaths: IntArray  #: (groups, places) in attacks
    civilians_killed: IntArray  #: (governments,) by operations and strikes of the government
    people_killed: IntArray  #: (places,) all killed today
    recruits: IntArray  #: (groups,)
    fighters_killed: IntArray  #: (groups,)
    fighters_taken_at_home: IntArray  #: (groups,) killed in operations of the target government
    by_country: IntArray  #: (rows, countries) people at places, of the evening before, later of today
    left: IntArray  #: (reasons, rows)
    deported: IntArray  #: (countries, rows) deported from each country
    crossed: IntArray  #: (reasons, rows, crossings)
    is_open: FloatArray  #: (crossings,) how far each is open to people, 0..1
    irregular: int = 0
    waiting: int = 0  #: people whom camps turned away and who can go nowhere else
    refused: int = 0  #: deportations that the daily capacity could not take
    strikes: list[PendingStrike] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    intentions: dict[str, PopulationIntentions] = field(default_factory=dict)
    flows: FlowBook | None = None  #: who went where, person for person; kept only for those who ask for it

    def event(self, kind: str, actor: str, target: str, place: str, value: float, text: str) -> None:
        """Note an event of today."""
        self.events.append(Event(self.day, kind, actor, target, place, float(value), text))


def new_day(day: int, governments: int, groups: int, places: int, rows: int, crossings: int, countries: int) -> Today:
    """Return an empty day."""

    def counts(*shape: int) -> IntArray:
        return np.zeros(shape, dtype=np.int64)

    return Today(
        day=day, acts=np.zeros((governments, governments)), attacks=counts(groups, places), deaths=counts(groups, places),
        civilians_killed=counts(governments), people_killed=counts(places), recruits=counts(groups),
        by_country=counts(rows, countries), fighters_killed=counts(groups), fighters_taken_at_home=counts(groups), left=counts(len(REASONS), rows), deported=counts(countries, rows),
        crossed=counts(len(REASONS), rows, crossings),
        is_open=np.ones(crossings),
    )
