"""A course: one run that can go forth and back, day by day, and remembers why everybody did what they did.

States are kept every :data:`KEPT_EVERY` days and for the last :data:`LATELY` days; any other evening is reached by
playing forward from the one before it. Streams are keyed by day, so the days come out the same: going
back is exact, over the whole run.
"""

from __future__ import annotations

import datetime as dt
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from agents.errors import InputError
from agents.government import Government
from agents.mediator import Mediator
from agents.militant_group import MilitantGroup
from experiments.app import following
from sim import Scenario
from sim.family import Family
from sim.flows import FlowBook, Trip
from sim.interventions import Intervention, Params
from sim.model import MarchlandModel
from sim.state import State
from sim.today import Event, Today
from sim.turning import turning_points

#: Days between the states that are kept for the whole run.
KEPT_EVERY = 28
#: Latest days whose states are all kept: going back a few days is at once.
LATELY = 14
#: Trips of a day that are kept for the map, largest first.
MOST_TRIPS = 60


class StepError(Exception):
    """A day that could not be played; the course stands on the evening before."""

    def __init__(self, day: int, date: dt.date, cause: Exception) -> None:
        where = traceback.extract_tb(cause.__traceback__)[-1]
        place = f"{Path(where.filename).name}, line {where.lineno}, in {where.name}"
        super().__init__(f"day {day + 1} ({date}) could not be played: {type(cause).__name__}: {cause} ({place})")
        self.day = day
        self.cause = cause
        self.beside = False  #: whether on the right half of a split screen


@dataclass(frozen=True)
class Why:
    """What an agent said when it last decided."""

    day: int
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class DayLog:
    """What a day leaves besides its state: trips, deaths by group and place, events."""

    trips: tuple[Trip, ...] = ()
    worst: int = 0  #: most deaths by one group at one place
    worst_text: str = ""
    worst_place: int = -1  #: -1 when nobody was killed


class _Speaker(Protocol):
    """An agent that says why it decided."""

    @property
    def name(self) -> str: ...

    @property
    def last_reasons(self) -> tuple[str, ...]: ...


@dataclass
class _Whys:
    """Reasons of one agent, a change a row."""

    rows: list[Why] = field(default_factory=list)

    def at(self, day: int) -> Why | None:
        """Return the last reasons given before a day."""
        return next((why for why in reversed(self.rows) if why.day < day), None)

    def cut(self, day: int) -> None:
        """Forget what was said from a day on."""
        while self.rows and self.rows[-1].day >= day:
            self.rows.pop()


class Course:
    """One run of a scenario.

    Parameters
    ----------
    scenario
        What is run.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.model: MarchlandModel = scenario.build()
        self.setting = self.model.setting
        self._kept: dict[int, State] = {0: self.model.state.copy()}
        self._days: list[DayLog] = []
        self._whys: dict[str, _Whys] = {name: _Whys() for name in self._agents()}
        self._turning: tuple[int, list[Event]] = (-1, [])
        self.book: FlowBook | None = None  #: who moved on the last day
        self.family: Family | None = None  #: the family that is followed

    # -- where we are ---------------------------------------------------------------------------------

    @property
    def day(self) -> int:
        """Days done: 0 on the evening before the first day."""
        return self.model.state.day

    @property
    def days(self) -> int:
        """Days of the whole scenario."""
        return self.setting.days

    @property
    def date(self) -> dt.date:
        """Date of the evening shown; of the evening before the first day at the start."""
        return self.setting.start + dt.timedelta(days=self.day - 1)

    @property
    def done(self) -> bool:
        """Whether the last day has been played."""
        return self.day >= self.days

    def date_of(self, day: int) -> dt.date:
        """Date of a day; day 0 is the first."""
        return self.setting.start + dt.timedelta(days=day)

    # -- forth and back -------------------------------------------------------------------------------

    def step(self) -> None:
        """Play one day.

        Raises
        ------
        StepError
            When a mechanism or a policy fails; the evening before is restored first.
        """
        if self.done:
            return
        model, day = self.model, self.day
        before = model.state.copy()
        try:
            today = model.watched_step()
        except Exception as error:  # whatever a user's policy raises: the page shows it and goes on
            model.restore(before)
            self._remind(day)
            raise StepError(day, self.date_of(day), error) from error
        self.book = today.flows
        if today.flows is not None:
            following.live(self.family, today.flows, before)
        self._note(today)

    def _note(self, today: Today) -> None:
        """Remember what the day leaves, and its evening."""
        day, model = today.day, self.model
        names = self.setting.world.places
        trips = tuple(today.flows.trips(self.setting, most=MOST_TRIPS)) if today.flows is not None else ()
        worst, text, place = 0, "", -1
        if today.deaths.size and today.deaths.any():
            g, place = divmod(int(today.deaths.argmax()), today.deaths.shape[1])
            worst = int(today.deaths[g, place])
            text = f"attacks by {self.setting.cast.groups[g]} at {names[place]} kill {worst}"
        del self._days[day:]
        self._days.append(DayLog(trips, worst, text, place))
        window = self.setting.config.scenario.decision_interval
        silent = {block.name for block in self.setting.populations.blocks} - today.intentions.keys()
        for name, agent in self._agents().items():
            if name in silent:  # a population with nobody in it decides nothing
                continue
            reasons = agent.last_reasons
            known = self._whys[name].at(day)
            if reasons and (known is None or known.reasons != reasons or day % window == 0):
                self._whys[name].rows.append(Why(day, reasons))
        self._kept[self.day] = model.state.copy()
        old = self.day - LATELY - 1
        if old > 0 and old % KEPT_EVERY:
            self._kept.pop(old, None)

    def go_to(self, day: int) -> None:
        """Go to the evening on which ``day`` days are done: back exactly, or forward by playing.

        Raises
        ------
        InputError
            When the day lies outside the scenario.
        """
        if not 0 <= day <= self.days:
            raise InputError(f"day {day}: the scenario has days 0 to {self.days}")
        if day < self.day:
            # The last day is played again, so that its book is there: who went where.
            nearest = max(kept for kept in self._kept if kept <= max(day - 1, 0))
            self.model.restore(self._kept[nearest])
            self._forget(nearest)
        while self.day < day:
            self.step()
        if self.family is not None and day < self.family.first_day:
            self.family = None

    def back(self, days: int = 1) -> None:
        """Go back some days, at most to the start."""
        self.go_to(max(self.day - days, 0))

    def _forget(self, day: int) -> None:
        """Drop what came from ``day`` on."""
        for kept in [kept for kept in self._kept if kept > day]:
            del self._kept[kept]
        del self._days[day:]
        for whys in self._whys.values():
            whys.cut(day)
        self._remind(day)
        following.cut(self.family, day)
        self._turning = (-1, [])
        self.book = None

    def _remind(self, day: int) -> None:
        """Give agents that decide once a week back what they said before ``day``: the rest is not said yet."""
        weekly: tuple[Government | MilitantGroup | Mediator, ...] = (*self.model.governments, *self.model.militant_groups, *self.model.mediators)
        for agent in weekly:
            why = self._whys[agent.name].at(day)
            agent.last_reasons = why.reasons if why is not None else ()

    # -- who decides ----------------------------------------------------------------------------------

    @property
    def interventions(self) -> Sequence[Intervention]:
        """Changes of who decides, past and to come."""
        return self.model.interventions

    def take_over(self, actor: str, levels: dict[str, float]) -> Intervention:
        """Lead a government by hand from the coming day; levers that are not named stay as they are."""
        return self._intervene(actor, "manual", {"levels": dict(levels)})

    def hand_over(self, actor: str, policy: str, params: Params | None = None) -> Intervention:
        """Give an actor another policy from the coming day."""
        return self._intervene(actor, policy, dict(params or {}))

    def follow(self, other: Course) -> None:
        """Make the interventions to come those of another course."""
        coming = self.date_of(self.day)
        for change in self.interventions:
            if change.date >= coming and change not in other.interventions:
                self.model.withdraw(change.date, change.actor)
        for change in other.interventions:
            if change.date >= coming and change not in self.interventions:
                self.model.intervene(change)

    def _intervene(self, actor: str, policy: str, params: Params) -> Intervention:
        if self.done:
            raise InputError("the scenario is over: go back a day to change who decides")
        found = Intervention(date=self.date_of(self.day), actor=actor, policy=policy, params=params)
        self.model.intervene(found)
        return found

    # -- what was said and done -----------------------------------------------------------------------

    def why(self, agent: str) -> Why | None:
        """What an agent said when it last decided; None before its first decision."""
        return self._whys[agent].at(self.day) if agent in self._whys else None

    def log(self, day: int) -> DayLog:
        """What a day left; an empty log for days that have not been played."""
        return self._days[day] if 0 <= day < len(self._days) else DayLog()

    @property
    def today(self) -> DayLog:
        """What the last day left."""
        return self.log(self.day - 1)

    def events(self) -> list[Event]:
        """Events so far with the turning points of the run, by day."""
        return sorted([*self.model.record.raw_events, *self.turning()], key=lambda event: event.day)

    def turning(self) -> list[Event]:
        """Ruptures, escalations and collapses so far."""
        if self._turning[0] != self.day:
            self._turning = (self.day, turning_points(self.model.record, self.setting) if self.model.record.length else [])
        return self._turning[1]

    def _agents(self) -> dict[str, _Speaker]:
        model = self.model
        speakers: tuple[_Speaker, ...] = (*model.governments, *model.militant_groups, *model.mediators, *model.populations)
        return {agent.name: agent for agent in speakers}
