"""The levers of a government as the page shows them, and who is in charge of what.

A level that is changed by hand is a new intervention for the coming day. It holds all levels that were set by hand
before, so that they add up; a second one on the same evening takes the place of the first.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from agents.levers import BY_NAME, LeverCost, Slot
from agents.policies import GOVERNMENT_POLICIES, GROUP_POLICIES
from agents.policies.manual import Manual, named_slot
from experiments.app.course import Course
from experiments.geography import short_place
from sim.interventions import DEFAULT_GOVERNMENT, DEFAULT_GROUP, Intervention, Params
from sim.settings import PolicyChoice

#: Target of a row that moves all crossings of a government at once.
ALL = "*"
#: Differences of levels below this are not shown.
TINY = 0.005
MANUAL = Manual.name
#: Headings of the page, and the levers below each.
GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "Borders": ("close_people", "close_trade"),
    "Force": ("operations", "strikes", "cooperation"),
    "Trade": ("sanctions", "transit"),
    "Diplomacy": ("engagement", "demand", "denounce", "rebut", "forum_support"),
    "Refugees": ("deportation", "registration", "regularisation", "admission", "aid", "integration"),
})  # fmt: skip
#: What a lever is called on the page; ``{}`` is its target.
_CALLED: Mapping[str, str] = MappingProxyType({
    "close_people": "Close {} to people", "close_trade": "Close {} to trade", "operations": "Operations against groups at home",
    "strikes": "Strikes on groups in {}", "cooperation": "Act against enemies of {}", "sanctions": "Sanctions on {}",
    "transit": "Restrict transit of {}", "engagement": "Talks with {}", "demand": "Demand action of {}",
    "denounce": "Denounce {}", "rebut": "Rebut accusations of {}", "forum_support": "Support {} at forums (-1: oppose)",
    "deportation": "Deport {} people", "registration": "Register the undocumented", "regularisation": "Give papers",
    "admission": "Limit admission to camps", "aid": "Aid for refugees and hosts", "integration": "Integrate returnees",
})  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One lever of a government.

    Attributes
    ----------
    key
        The slot as text (``cooperation/south``), or ``LEVER/*`` for all crossings.
    label, hint
        What it is called; what it does and costs.
    group
        Heading that it stands below.
    single
        Whether it is one crossing of several, which a row for all of them stands above.
    low
        Lowest level, 0 or -1; the highest is 1.
    asked
        Level that will be in force or was asked for, whichever is later.
    granted
        Level in force on the evening shown.
    pending
        Whether ``asked`` was set by hand this evening and acts from the coming day.
    held
        Whether the level is set by hand.
    """

    key: str
    label: str
    hint: str
    group: str
    single: bool
    low: float
    asked: float
    granted: float
    pending: bool
    held: bool

    @property
    def short(self) -> bool:
        """Whether less was granted than asked, for lack of money or forces."""
        return not self.pending and abs(self.granted - self.asked) > TINY


@dataclass(frozen=True)
class Charge:
    """Who decides for an actor: a policy (``manual`` is by hand), since when; None is since the first day."""

    policy: str
    since: dt.date | None
    coming: bool  #: whether only from the coming day
    original: str

    @property
    def by_hand(self) -> bool:
        """Whether it is led by hand, or will be from the coming day."""
        return self.policy == MANUAL

    @property
    def text(self) -> str:
        """The state in words."""
        who = "by hand" if self.by_hand else f"by its policy {self.policy}" if self.policy == self.original else f"by {self.policy}"
        when = f" {'from' if self.coming else 'since'} {self.since}" if self.since else ""
        return f"Led {who}{when}"


def actors(course: Course) -> tuple[str, ...]:
    """Return the governments, then the groups."""
    return (*course.setting.cast.governments, *course.setting.cast.groups)


def original(course: Course, actor: str) -> PolicyChoice:
    """Return the policy that the config gives an actor."""
    fallback = DEFAULT_GROUP if actor in course.setting.cast.groups else DEFAULT_GOVERNMENT
    return course.scenario.config.policies.get(actor) or PolicyChoice(fallback)


def policies_for(course: Course, actor: str) -> tuple[str, ...]:
    """Return the policies that an actor may be handed to; classes only when the command line named them."""
    group = actor in course.setting.cast.groups
    known = tuple(name for name in (GROUP_POLICIES if group else GOVERNMENT_POLICIES) if name != MANUAL)
    own = original(course, actor).name
    return tuple(dict.fromkeys((own, *known) if own != MANUAL else known))


def since_when(changes: Sequence[Intervention]) -> dt.date:
    """Return the date since which the policy of the last change decides: that of the first of its changes in a row."""
    since = changes[-1].date
    for change in reversed(changes):
        if change.policy != changes[-1].policy:
            break
        since = change.date
    return since


def charge(course: Course, actor: str) -> Charge:
    """Return who decides for an actor on the evening shown, or from the coming day."""
    last = _latest(course, actor)
    own = original(course, actor).name
    if last is None:
        return Charge(own, None, coming=False, original=own)
    since = since_when(_until_now(course, actor))
    return Charge(last.policy, since, coming=since == course.date_of(course.day), original=own)


def held_levels(course: Course, actor: str) -> dict[str, float]:
    """Return the levels that are set by hand, by slot; empty when a policy decides."""
    last = _latest(course, actor)
    name, params = (original(course, actor).name, original(course, actor).params) if last is None else (last.policy, last.params)
    levels = params.get("levels", {}) if name == MANUAL else {}
    return dict(levels) if isinstance(levels, Mapping) else {}


def rows(course: Course, government: str) -> list[Row]:
    """Return the levers of a government in the order of the page."""
    cast, state = course.setting.cast, course.model.state
    i = cast.government_index(government)
    held = held_levels(course, government)
    latest = _latest(course, government)
    coming = not course.day if latest is None else latest.date == course.date_of(course.day)
    pending = held if coming else {}
    columns, slots = cast.slots_of[i]
    found: dict[str, list[Row]] = {}
    for column, slot in zip(columns.tolist(), slots, strict=True):
        asked, granted = float(state.asked[i, column]), float(state.granted[i, column])
        key = str(slot)
        later = key in pending and abs(pending[key] - asked) > TINY
        found.setdefault(slot.lever, []).append(Row(
            key, label_of(slot, course), _hint(course, slot), _group_of(slot.lever), False, BY_NAME[slot.lever].low,
            pending[key] if later else asked, granted, later, key in held,
        ))  # fmt: skip
    return [row for levers in GROUPS.values() for lever in levers for row in _with_all(lever, found.get(lever, []), course)]


def set_level(course: Course, government: str, key: str, level: float) -> Intervention:
    """Set a lever by hand from the coming day; ``LEVER/*`` sets it on all crossings."""
    slot = named_slot(key)
    owned = course.setting.cast.slots_of[course.setting.cast.government_index(government)][1]
    keys = [str(own) for own in owned if own.lever == slot.lever] if slot.target == ALL else [key]
    value = round(float(level), 3)
    return course.take_over(government, {**held_levels(course, government), **dict.fromkeys(keys, value)})


def take_over(course: Course, government: str) -> Intervention:
    """Lead a government by hand from the coming day: everything stays as it is until a lever is moved."""
    return course.take_over(government, held_levels(course, government))


def hand_over(course: Course, actor: str, policy: str) -> None:
    """Hand an actor to a policy from the coming day; to its own one with the parameters of the config.

    An intervention of this evening that has changed nothing yet is withdrawn instead.
    """
    own, coming = original(course, actor), course.date_of(course.day)
    before = [change for change in _until_now(course, actor) if change.date < coming]
    in_force = before[-1].policy if before else own.name
    if policy == in_force and policy != MANUAL and _latest(course, actor) not in (None, *before):
        course.model.withdraw(coming, actor)
        return
    params: Params = dict(own.params) if policy == own.name else {}
    course.hand_over(actor, policy, params)


def listed(course: Course) -> list[tuple[Intervention, str, bool]]:
    """Return the interventions in order of date: each with words, and whether it is still to come."""
    coming = course.date_of(course.day)
    return [(change, said_of(course, change), change.date >= coming) for change in course.interventions]


def said_of(course: Course, change: Intervention) -> str:
    """Return an intervention in words."""
    if change.policy != MANUAL:
        back = change.policy == original(course, change.actor).name
        return f"{change.actor}: {'back to' if back else 'led by'} {change.policy}"
    levels = change.params.get("levels", {})
    held: dict[Slot, float] = {named_slot(text): level for text, level in levels.items()} if isinstance(levels, Mapping) else {}
    return f"{change.actor}: by hand, {_folded(course, change.actor, held) or 'everything stays as it is'}"


def label_of(slot: Slot, course: Course) -> str:
    """Return what a slot is called on the page; rivals go by their country."""
    cast = course.setting.cast
    if slot.target in cast.governments:
        return _CALLED[slot.lever].format(cast.settings[cast.government_index(slot.target)].country)
    return _CALLED[slot.lever].format("all crossings" if slot.target == ALL else short_place(slot.target))


def _inside(label: str) -> str:
    """Return a label as it stands inside a sentence."""
    return label[:1].lower() + label[1:]


def _folded(course: Course, government: str, held: Mapping[Slot, float]) -> str:
    """Say levels; a lever with one level on all crossings is said once."""
    owned = course.setting.cast.slots_of[course.setting.cast.government_index(government)][1]
    words: list[str] = []
    done: set[Slot] = set()
    for slot, level in held.items():
        same = [own for own in owned if own.lever == slot.lever] if slot.lever in GROUPS["Borders"] else []
        if slot in done:
            continue
        if len(same) > 1 and all(held.get(own) == level for own in same):
            done.update(same)
            words.append(f"{_inside(label_of(Slot(slot.lever, ALL), course))} {level:.2f}")
        else:
            words.append(f"{_inside(label_of(slot, course))} {level:.2f}")
    return ", ".join(words)


def _until_now(course: Course, actor: str) -> Sequence[Intervention]:
    """Interventions of an actor up to the coming day, in order."""
    coming = course.date_of(course.day)
    return [change for change in course.interventions if change.actor == actor and change.date <= coming]


def _latest(course: Course, actor: str) -> Intervention | None:
    """The last intervention of an actor that is in force, or will be from the coming day."""
    found = _until_now(course, actor)
    return found[-1] if found else None


def _group_of(lever: str) -> str:
    return next(group for group, levers in GROUPS.items() if lever in levers)


def _with_all(lever: str, own: Sequence[Row], course: Course) -> Iterator[Row]:
    """Put a row for all crossings above those of a lever that has several."""
    several = lever in GROUPS["Borders"] and len(own) > 1
    if several:
        count = len(own)
        slot = Slot(lever, ALL)
        yield Row(
            str(slot), label_of(slot, course), _hint(course, *(named_slot(row.key) for row in own)), own[0].group, False, 0.0, math.fsum(row.asked for row in own) / count,
            math.fsum(row.granted for row in own) / count, any(row.pending for row in own), any(row.held for row in own),
        )  # fmt: skip
    for row in own:
        label = named_slot(row.key).target if several else ""
        yield Row(
            row.key, short_place(label) if several else row.label, row.hint, row.group, several, row.low, row.asked, row.granted,
            row.pending, row.held,
        )  # fmt: skip


def _hint(course: Course, *slots: Slot) -> str:
    """What a lever does, and what it costs at level 1 on all of its slots together."""
    lever = slots[0].lever
    cost: LeverCost = course.setting.config.levers[lever]
    weight = math.fsum(course.setting.cast.slot_share(slot) for slot in slots)
    parts = [
        f"{cost.money * weight:,.0f} million US$ a year" if cost.money else "",
        f"{cost.forces * weight:,.1f} thousand personnel" if cost.forces else "",
        f"{abs(cost.standing * weight):.2f} points of standing {'lost' if cost.standing > 0 else 'gained'} a year" if cost.standing else "",
    ]
    text = ", ".join(part for part in parts if part)
    return f"{BY_NAME[lever].meaning}. At level 1: {text or 'no cost'}"
