"""The model: a ``mesa.Model`` that runs the day over one state, with agents as views of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mesa
import numpy as np

from agents.decisions import PopulationRules
from agents.displaced import ConflictRules
from agents.errors import InputError
from agents.government import Government
from agents.mediator import Mediator
from agents.militant_group import MilitantGroup
from agents.policies import GovernmentPolicy, GroupPolicy
from agents.refugee_population import RefugeePopulation, Rules
from sim import observe
from sim.collector import RecordCollector
from sim.deciding import play_agenda
from sim.displacement.flee_movement import FleeMovement
from sim.displacement.movement import NetworkMovement
from sim.events import build_calendar
from sim.flows import FlowBook
from sim.interventions import Intervention, Roster, forget_plans
from sim.mesa_compat import free_dead_models, take_back_days
from sim.outcomes import outcomes
from sim.people import Block
from sim.record import Record
from sim.rounds import decide_as_due
from sim.schedule import DAY
from sim.setting import Setting
from sim.start import first_state
from sim.state import State
from sim.streams import Streams
from sim.today import Today, new_day
from sim.ways import Ways, read_news

free_dead_models()
Policies = Mapping[str, GovernmentPolicy[Any] | GroupPolicy[Any]]


class MarchlandModel(mesa.Model):  # type: ignore[misc]  # Mesa ships no types
    """One run of a scenario.

    Parameters
    ----------
    setting
        Everything fixed (see :meth:`sim.scenario.Scenario.build`).
    policies
        A policy for every government and group, by name.
    seed, replicate
        The run's luck.
    state, record
        Start from here instead of from the scenario's first evening.
    interventions
        Dated changes of who decides (:mod:`sim.interventions`).
    trusted_classes
        ``module:Class`` names of policies that an intervention may name.
    """

    def __init__(
        self,
        setting: Setting,
        policies: Policies,
        *,
        seed: int = 1,
        replicate: int = 0,
        state: State | None = None,
        record: Record | None = None,
        interventions: Sequence[Intervention] = (),
        trusted_classes: Sequence[str] = (),
    ) -> None:
        super().__init__(rng=int(seed))
        self.setting = setting
        self.streams = Streams(seed, replicate)
        self.calendar = build_calendar(setting)
        self.state = state if state is not None else first_state(setting)
        self.record = record if record is not None else Record(setting)
        self.policies = dict(policies)
        self.roster = Roster(setting, self.policies, self.state.day, interventions, trusted_classes)
        self.thinking = True
        self.ways = Ways(setting) if setting.network is None else None
        self.network: NetworkMovement | FleeMovement | None = None
        if setting.network is not None:
            self.network = FleeMovement(setting) if setting.config.scenario.rule == "flee" else NetworkMovement(setting)
        self.stages = tuple(stage for stage in DAY if setting.cast.governments or not stage.governed)
        self._first_day = self.state.day
        self._people = self.state.head_count()
        self._fighters = int(self.state.fighters.sum() + self.state.fighter_accounts.sum())
        self._create_agents()
        self.datacollector: mesa.DataCollector | None = RecordCollector(self)

    # -- agents -------------------------------------------------------------------------------------

    def _create_agents(self) -> None:
        """Create every agent as a shell with a view of its part of the state."""
        cast = self.setting.cast
        self.governments = [
            Government(self, name, cast.settings[i], self.policies[name], self._government_view(i))  # type: ignore[arg-type]
            for i, name in enumerate(cast.governments)
        ]
        self.militant_groups = [
            MilitantGroup(self, name, cast.group_settings[g], self.policies[name], self._fighter_view(g))  # type: ignore[arg-type]
            for g, name in enumerate(cast.groups)
        ]
        self.mediators = [
            Mediator(self, name, self.setting.config.mediators[name], self._attention_view(m))
            for m, name in enumerate(cast.mediators)
        ]
        p = self.setting.parameters
        rules: PopulationRules = Rules(p.flight, p.returns)
        if self.setting.network is not None:
            rules = ConflictRules(p.displaced, p.returns)
        self.populations = [
            RefugeePopulation(
                self, block.name, self.setting.world.countries[block.nationality], block.status.value,
                self._people_view(block), rules,
            )
            for block in self.setting.populations.blocks
        ]

    def _government_view(self, government: int) -> Callable[[str], float]:
        return lambda field: float(getattr(self.state, field)[government])

    def _fighter_view(self, group: int) -> Callable[[], int]:
        return lambda: int(self.state.fighters[group].sum())

    def _attention_view(self, mediator: int) -> Callable[[], float]:
        return lambda: float(self.state.attention[mediator])

    def _people_view(self, block: Block) -> Callable[[], Any]:
        return lambda: self.state.people[block.rows]

    # -- the day --------------------------------------------------------------------------------------

    def step(self) -> None:
        """Run one day: the stages of :data:`sim.schedule.DAY` in order."""
        if self.state.day >= self.setting.days:
            self.running = False
            return
        self._play(self.begin_day())

    def watched_step(self) -> Today:
        """Run one day as :meth:`step` does, with a book of who went where (:mod:`sim.flows`), and return the day.

        Raises
        ------
        ValueError
            When the last day has been played.
        """
        if self.state.day >= self.setting.days:
            raise ValueError(f"the scenario has {self.setting.days} days, and all are done")
        today = self.begin_day()
        today.flows = FlowBook()
        self._play(today)
        self.steps += 1  # Mesa counts calls of step() only
        return today

    def _play(self, today: Today) -> None:
        for stage in self.stages:
            stage.run(self, today)
        self.end_day()

    def begin_day(self) -> Today:
        """Return an empty day to be filled by the stages."""
        cast, world = self.setting.cast, self.setting.world
        today = new_day(
            self.state.day, len(cast.governments), len(cast.groups), world.n_places,
            self.setting.populations.n_rows, world.n_crossings, len(world.countries),
        )
        if cast.governments or self.network is None:
            today.by_country = self.state.people @ self.setting.country_onehot
        if self.network is None and self.state.day % self.setting.config.scenario.decision_interval == 0:
            read_news(self.state, self.setting)
        return today

    def end_day(self) -> None:
        """Close the day: the clock moves on, collectors collect."""
        self.state.day += 1
        self.running = self.state.day < self.setting.days
        if self.datacollector is not None:
            self.datacollector.collect(self)

    def decide(self, today: Today) -> None:
        """Let everybody decide whose day it is, all on the same snapshot of the evening before."""
        state, setting = self.state, self.setting
        if self.thinking:
            decide_as_due(self, today)
        if setting.cast.governments:
            play_agenda(state, setting, today)
        if self.network is not None:
            today.intentions = self.network.ask(self.populations, state, setting)
            return
        peopled = np.add.reduceat(np.add.reduce(today.by_country, axis=1), setting.block_bounds[:-1]).tolist()
        shared = observe.SharedView(state, setting, today.by_country)
        for agent, block, people in zip(self.populations, setting.populations.blocks, peopled, strict=True):
            if people:
                today.intentions[block.name] = agent.decide(observe.population_situation(state, setting, block, shared))

    # -- a run ----------------------------------------------------------------------------------------

    def run(self, progress: Callable[[int, int], None] | None = None) -> MarchlandModel:
        """Run to the end of the scenario.

        Parameters
        ----------
        progress
            Called with (days done, days in all) now and then.
        """
        while self.state.day < self.setting.days:
            self.step()
            if progress is not None and (self.state.day % 14 == 0 or self.state.day == self.setting.days):
                progress(self.state.day, self.setting.days)
        self.running = False
        return self

    def run_for(self, days: int) -> MarchlandModel:
        """Run some days, at most to the end."""
        for _ in range(min(days, self.setting.days - self.state.day)):
            self.step()
        return self

    @property
    def outcomes(self) -> dict[str, float]:
        """One row of outcomes up to now; see :func:`sim.outcomes.outcomes`."""
        return outcomes(self.record, self.setting)

    def check_counts(self) -> None:
        """Nobody is lost: people and fighters add up to those of the start, or the run stops here.

        Raises
        ------
        AssertionError
            When a mechanism loses or invents somebody: a defect of the program, never of the input.
        """
        people = self.state.head_count()
        fighters = int(np.add.reduce(self.state.fighters, axis=None) + np.add.reduce(self.state.fighter_accounts, axis=None))
        if people != self._people or fighters != self._fighters:
            raise AssertionError(
                f"day {self.state.day}: {people - self._people:+d} people, {fighters - self._fighters:+d} fighters appeared"
            )

    # -- branching ----------------------------------------------------------------------------------

    def fork(self, policies: Policies | None = None) -> MarchlandModel:
        """Return an independent model that goes on from this evening with the same luck."""
        unknown = [name for name in policies or {} if name not in self.policies]
        if unknown:
            raise InputError(f"fork: no government or group {unknown[0]!r}; known: {', '.join(self.policies)}")
        chosen = {**self.policies, **(policies or {})}
        other = MarchlandModel(
            self.setting, chosen, seed=self.streams.seed, replicate=self.streams.replicate,
            state=self.state.copy(), record=self.record.copy(),
            interventions=self.roster.kept_for(policies or {}, self.state.day), trusted_classes=self.roster.trusted,
        )
        return other

    def restore(self, state: State) -> None:
        """Go back to an earlier evening kept with ``model.state.copy()``: policies, Mesa's own clock and collector follow."""
        if not self._first_day <= state.day <= self.record.length:
            raise InputError(
                f"restore: day {state.day} is not on record here; this model has days {self._first_day} to {self.record.length}"
            )
        self.state = state.copy()
        self.record.rewind(state.day)
        for actor, policy in self.roster.in_force(state.day).items():
            self._seat(actor, policy)
        for actor in self.roster.replaced_on(state.day):  # the state may have been kept before that: it has the old one's plans
            forget_plans(self.state, self.setting, actor)
        self.steps = state.day - self._first_day
        if isinstance(self.datacollector, RecordCollector):
            self.datacollector.take_back(state.day - self._first_day)
        elif self.datacollector is not None:
            take_back_days(self.datacollector, state.day - self._first_day)
        self.running = self.state.day < self.setting.days

    def replace_policy(self, actor: str, policy: GovernmentPolicy[Any] | GroupPolicy[Any]) -> None:
        """Give an actor another policy from the next decision day; what its script still held is dropped."""
        kind = GovernmentPolicy if actor in self.setting.cast.governments else GroupPolicy
        if actor not in self.policies:
            raise InputError(f"replace_policy: no government or group {actor!r}; known: {', '.join(self.policies)}")
        if not isinstance(policy, kind):
            raise InputError(f"replace_policy: {actor} needs a {kind.__name__} object (see Scenario.make_policy), not {policy!r}")
        self.roster.replaced(self.state.day, actor, policy)
        self.change_hands(actor, policy)

    def change_hands(self, actor: str, policy: GovernmentPolicy[Any] | GroupPolicy[Any]) -> None:
        """Give an actor another policy; plans and memory of the old one are dropped."""
        self._seat(actor, policy)
        forget_plans(self.state, self.setting, actor)

    def _seat(self, actor: str, policy: GovernmentPolicy[Any] | GroupPolicy[Any]) -> None:
        self.policies[actor] = policy
        agents: list[Government | MilitantGroup] = [*self.governments, *self.militant_groups]
        next(agent for agent in agents if agent.name == actor).policy = policy

    # -- interventions --------------------------------------------------------------------------------

    @property
    def interventions(self) -> tuple[Intervention, ...]:
        """Dated changes of who decides, past and to come, in order of date."""
        return self.roster.listed

    def intervene(self, change: Intervention) -> None:
        """Add an intervention for the coming day or later; it replaces one of the same actor and date."""
        self.roster.add(change, self.state.day)

    def withdraw(self, date: dt.date, actor: str) -> None:
        """Take out an intervention that is still to come."""
        self.roster.remove(date, actor, self.state.day)
