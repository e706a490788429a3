"""Interventions: dated changes of who decides for a government or a group.

On its date the actor gets another policy and decides at once, also between the weekly decision days; then the
window is the days that are left of the week, so that a script is played once. What the old policy still planned is
dropped, and the new one starts with an empty memory.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pydantic.dataclasses
from pydantic import Field

from agents.errors import InputError, one_of
from agents.parameters import STRICT
from agents.policies import GovernmentPolicy, GroupPolicy, find_policy, make_policy
from agents.policies.manual import Manual, ManualParameters, named_slot, said

if TYPE_CHECKING:
    from sim.cast import Cast
    from sim.setting import Setting
    from sim.state import State
    from sim.today import Today

Policy = GovernmentPolicy[Any] | GroupPolicy[Any]
#: Parameters of a policy as a config gives them; a mapping of numbers is for the levels of ``manual``.
Params = dict[str, float | int | bool | str | dict[str, float]]
#: What an actor plays when the config names nothing.
DEFAULT_GOVERNMENT, DEFAULT_GROUP = "status_quo", "steady"


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class Intervention:
    """From ``date`` on ``actor`` is led by ``policy``, a registered name (or ``module:Class`` from the command line).

    The policy that the config has for the actor comes with the parameters that the config gives it, unless there are ``params``.
    """

    date: dt.date
    actor: str
    policy: str
    params: Params = Field(default_factory=dict)


def checked_policy(
    cast: Cast, actor: str, name: str, params: Mapping[str, object], where: tuple[str, str], trusted: Sequence[str] = ()
) -> Policy:
    """Return a policy of an actor, checked; levels set by hand must be slots of the government.

    Parameters
    ----------
    where
        For messages: the key of the policy's name, and the key above its ``params``.
    trusted
        ``module:Class`` names that may be imported.

    Raises
    ------
    InputError
        In one line: the key and what would be right.
    """
    found = find_policy(name, group=actor in cast.groups, where=where[0], trusted=tuple(trusted))
    policy = make_policy(found, params, where[1])
    if isinstance(policy, Manual):
        held: ManualParameters = policy.params
        for text, level in held.levels.items():
            cast.named_column(cast.government_index(actor), text, level, f"{where[1]}.params.levels.{text}")
    return policy


def check_intervention(change: Intervention, setting: Setting, where: str, trusted: Sequence[str] = ()) -> Policy:
    """Return the policy of an intervention; its date, actor and policy suit the scenario.

    Raises
    ------
    InputError
        In one line: the field and what would be right.
    """
    cast = setting.cast
    actors = (*cast.governments, *cast.groups)
    if not 0 <= setting.day_of(change.date) < setting.days:
        raise InputError(f"{where}.date: {change.date} is outside the run; give a day from {setting.start} to {setting.date(setting.days - 1)}")
    if change.actor not in actors:
        raise InputError(f"{where}.actor: no government or group {change.actor!r}; known: {one_of(actors) or 'none in this scenario'}")
    chosen = setting.config.policies.get(change.actor)
    own = chosen.params if chosen is not None and chosen.name == change.policy else {}
    return checked_policy(cast, change.actor, change.policy, change.params or own, (f"{where}.policy", where), trusted)


class Roster:
    """Who decides in one run, and from when.

    Parameters
    ----------
    setting
        The run's setting.
    policies
        Policies on the evening on which the run begins, by actor.
    day
        That evening's ``state.day``.
    listed
        Interventions of the run; those before ``day`` are kept for the record only.
    trusted
        ``module:Class`` names that an intervention may name.

    Raises
    ------
    InputError
        When an intervention does not suit the scenario, or two are for the same actor and date.
    """

    def __init__(
        self, setting: Setting, policies: Mapping[str, Policy], day: int, listed: Sequence[Intervention] = (), trusted: Sequence[str] = ()
    ) -> None:
        self._setting = setting
        self._first = dict(policies)
        self._begins = day
        self.trusted = tuple(trusted)
        self._dated: dict[int, dict[str, tuple[Intervention, Policy]]] = {}
        self._replaced: list[tuple[int, str, Policy]] = []
        for k, change in enumerate(listed):
            policy = check_intervention(change, setting, f"interventions[{k}]", trusted)
            if change.actor in self._dated.get(setting.day_of(change.date), {}):
                raise InputError(f"interventions[{k}].date: a second one for {change.actor} on {change.date}; give one for an actor and day")
            self._put(change, policy)

    @property
    def listed(self) -> tuple[Intervention, ...]:
        """All interventions in order of date, then of the scenario's actors."""
        return tuple(change for _, due in sorted(self._dated.items()) for change, _ in due.values())

    def due(self, day: int) -> Mapping[str, tuple[Intervention, Policy]]:
        """Interventions of a day by actor, in the order of the scenario's actors."""
        return self._dated.get(day, {})

    def add(self, change: Intervention, coming: int) -> None:
        """Add an intervention that is still to come; it replaces one of the same actor and date."""
        policy = check_intervention(change, self._setting, "intervention", self.trusted)
        if self._setting.day_of(change.date) < coming:
            raise InputError(f"intervention.date: {change.date} is over; give {self._setting.date(coming)} or a later day")
        self._put(change, policy)

    def remove(self, date: dt.date, actor: str, coming: int) -> None:
        """Take out an intervention that is still to come."""
        day = self._setting.day_of(date)
        if day < coming or actor not in self.due(day):
            ahead = [f"{one.date} {one.actor}" for one in self.listed if self._setting.day_of(one.date) >= coming]
            raise InputError(f"withdraw: no intervention to come for {actor} on {date}; to come: {one_of(ahead) or 'none'}")
        del self._dated[day][actor]

    def replaced(self, day: int, actor: str, policy: Policy) -> None:
        """Note that an actor got another policy on an evening, from Python."""
        self._replaced.append((day, actor, policy))

    def replaced_on(self, day: int) -> tuple[str, ...]:
        """Return who got another policy on an evening, from Python."""
        return tuple(dict.fromkeys(actor for when, actor, _ in self._replaced if when == day))

    def in_force(self, day: int) -> dict[str, Policy]:
        """Return every actor's policy on the evening before ``day``; what was replaced by hand later is forgotten."""
        self._replaced = [item for item in self._replaced if item[0] <= day]
        turns = [(when, 1, actor, policy) for when, actor, policy in self._replaced]
        turns += [
            (when + 1, 0, actor, policy)
            for when, due in self._dated.items() if self._begins <= when < day
            for actor, (_, policy) in due.items()
        ]  # fmt: skip
        return {**self._first, **{actor: policy for _, _, actor, policy in sorted(turns, key=lambda turn: turn[:2])}}

    def kept_for(self, named: Mapping[str, Policy], coming: int) -> tuple[Intervention, ...]:
        """Interventions of a branch: whoever is given a policy for it keeps that one."""
        return tuple(one for one in self.listed if one.actor not in named or self._setting.day_of(one.date) < coming)

    def _put(self, change: Intervention, policy: Policy) -> None:
        day = self._setting.day_of(change.date)
        due = {**self._dated.get(day, {}), change.actor: (change, policy)}
        self._dated[day] = {actor: due[actor] for actor in self._first if actor in due}


def forget_plans(state: State, setting: Setting, actor: str) -> None:
    """Drop what an actor's policy still planned and remembered: dated changes, acts, announcements, truces, memory."""
    cast = setting.cast
    if actor in cast.governments:
        i = cast.government_index(actor)
        state.agenda = tuple(item for item in state.agenda if item[0] != i)
        state.acts_due = tuple(item for item in state.acts_due if item[0] != i)
        state.announced = tuple(item for item in state.announced if item[0] != i or item[1].day < state.day)
    else:
        g = cast.groups.index(actor)
        state.truces_due = tuple(item for item in state.truces_due if item[0] != g)
    state.memories = {name: memory for name, memory in state.memories.items() if name != actor}


def note_intervention(setting: Setting, today: Today, change: Intervention, before: Policy, policy: Policy) -> None:
    """Write an intervention into the day's events, in plain words."""
    actor, since = change.actor, f"from {change.date}"
    chosen = setting.config.policies.get(actor)
    first = chosen.name if chosen is not None else DEFAULT_GROUP if actor in setting.cast.groups else DEFAULT_GOVERNMENT
    if isinstance(policy, Manual):
        held: ManualParameters = policy.params
        levels = said({named_slot(text): level for text, level in held.levels.items()})
        text = f"{actor} is led by hand {since}: {levels or 'everything stays as it is'}"
    elif change.policy == first and before.name != policy.name:
        text = f"{actor} goes back to {policy.name}"
    else:
        text = f"{actor} is led by {policy.name} {since}"
    today.event("intervention", actor, "", "", 0.0, text)
