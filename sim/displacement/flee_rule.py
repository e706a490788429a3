"""The movement rule ``flee``: one day of the travellers, counted.

The rule is Flee's. A day has two phases. In the first, everybody at a place leaves it with the move
chance of the place and chooses a route by ::

    weight = [(ws + score_E * near) / (softening + km)^p * kappa_E]^q

In the second, those on the way travel; who reaches a place with part of the day left decides again. Who
has hardly travelled lately does not rest in a town (short stints). ``kappa`` falls from 1 to 0 as the end
E fills up; a route to a camp with ``kappa`` below 1/2 is given up at the first step.

``kappa`` is the only thing by which travellers act on each other. It is fixed at the start of each phase
(as in Flee's parallel version), so within a phase all draws are independent, and counts with binomials and
multinomials have exactly the law of the people one by one.

With ``readings="flee"`` a link that is entered on the way gets a full day's speed again, and a link of
exactly a day's length takes two. With ``"ours"`` a day has one day's length: what is left of it is kept in
thousandths, and the way made with it rounded to a km.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.displacement.flee_parameters import FleeParameters
from sim.displacement.flee_routes import Links, Routes
from sim.displacement.flee_walkers import FIRST, MEMORY, METRES, MOVED, PLAN, USED, WHERE, Walkers, together
from sim.draws import Table, share_out, spread

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: A camp whose kappa is below this turns away who has chosen it.
TURNED_AWAY = 0.5
#: Thousandths of a day.
DAY_PARTS = 1000
#: Routes of more than the best weight over the threshold are dropped only if it is above this (Flee).
_PRUNING = 1.001
#: Links a day; ends the day on loops of roads without length.
_MOST_LINKS = 200


@dataclass(frozen=True)
class FleeDay:
    """What travellers meet on a day.

    Parameters
    ----------
    links, routes
        The network (of all days).
    link_open
        (links,) which can be entered. Who is on a closed one goes on to its end and is put back at its start.
    score
        (places,) attractiveness.
    move_chance
        (places,) chance to leave.
    town
        (places,) towns, where nobody rests after a short stint.
    camp
        (places,) open camps, which turn people away when they are nearly full.
    capacity
        (places,) scaled capacity; below 1 it is unlimited.
    redirect
        (places,) link that all who set out there must take, -1 for none.
    others
        (places,) people besides the travellers who fill the place.
    """

    links: Links
    routes: Routes
    link_open: BoolArray
    score: FloatArray
    move_chance: FloatArray
    town: BoolArray
    camp: BoolArray
    capacity: FloatArray
    redirect: IntArray
    others: IntArray


def kappa(people: IntArray, capacity: FloatArray, buffer: float) -> FloatArray:
    """How far a place still takes people: 1 up to ``buffer`` of its capacity, 0 when full, linear between."""
    room = np.where(capacity < 1.0, 1.0, capacity)
    share = 1.0 - (people - buffer * room) / ((1.0 - buffer) * room)
    return np.asarray(np.where(capacity < 1.0, 1.0, np.clip(share, 0.0, 1.0)))


@dataclass(frozen=True)
class _Choices:
    """What can be chosen in one phase."""

    day: FleeDay
    table: Table
    route_at: IntArray
    first_open: IntArray
    turned_away: BoolArray


def _choices(day: FleeDay, people: IntArray, parameters: FleeParameters, first_open: IntArray) -> _Choices:
    """Weights of all open routes, for the people who are at places now."""
    routes, places = day.routes, day.links.n_places
    takes = kappa(people + day.others, day.capacity, parameters.capacity_buffer)
    turned_away = day.camp & (takes < TURNED_AWAY)
    usable: BoolArray = np.asarray(day.link_open[routes.links].all(axis=1))
    score = parameters.weight_softening + day.score[routes.end] * routes.near
    # A metre guards against roads without length and no softening.
    distance: FloatArray = np.maximum(parameters.softening + routes.km, 0.001) ** parameters.distance_power
    weight: FloatArray = (score / distance * takes[routes.end]) ** parameters.weight_power
    weight[~usable] = 0.0
    weights = routes.table(weight, places)
    if parameters.pruning_threshold > _PRUNING:
        weights[weights < weights.max(axis=1, keepdims=True) / parameters.pruning_threshold] = 0.0
    open_ways = routes.table(usable.astype(np.float64), places)
    # Where no route has any weight, all are alike (and most are given up again).
    weights = np.where(weights.sum(axis=1, keepdims=True) > 0.0, weights, open_ways)
    route_at = routes.table(np.arange(len(routes.start)), places, -1.0).astype(np.int64)
    link = day.redirect[routes.start]
    ordered = (routes.links[:, 0] == link) & (routes.rest == 0) & usable & ~turned_away[routes.end]
    if ordered.any():
        weights[routes.start[ordered]] = 0.0
        weights[routes.start[ordered], routes.column[ordered]] = 1.0
    return _Choices(day, Table(weights), route_at, first_open, turned_away)


def flee_day(walkers: Walkers, day: FleeDay, parameters: FleeParameters, rng: np.random.Generator) -> Walkers:
    """Let everybody decide and travel for a day.

    Parameters
    ----------
    walkers
        Everybody, those who set out today included. Not changed.
    day
        What they meet.

    Returns
    -------
    Everybody in the evening, each state once.
    """
    places = day.links.n_places
    first_open = day.links.first_open(day.link_open)
    at_start = walkers.at_places(int(walkers.row.max(initial=0)) + 1, places).sum(axis=0)
    here = walkers.state[WHERE] >= 0
    morning = _choices(day, at_start, parameters, first_open)
    no_haste = np.zeros(int(here.sum()), dtype=np.bool_)
    decided = _decide(walkers.part(here), no_haste, morning, rng)
    staying = decided.state[WHERE] >= 0
    done = [decided.part(staying)]
    away = together(decided.part(~staying), walkers.part(~here)).merged()
    people = _here(done[0], places)
    for batch in _batches(away, batches_needed(away.total(), people + day.others, day.capacity, parameters), rng):
        moved = _move(batch, day, _choices(day, people, parameters, first_open), parameters, rng)
        people += _here(moved, places)
        done.append(moved)
    return _evening(together(*done), parameters)


def _here(walkers: Walkers, places: int) -> IntArray:
    """People at each place."""
    here = walkers.state[WHERE] >= 0
    return np.bincount(walkers.state[WHERE, here], weights=walkers.count[here], minlength=places).astype(np.int64)


def batches_needed(away: int, people: IntArray, capacity: FloatArray, parameters: FleeParameters) -> int:
    """How many batches let no camp fill up unseen.

    Enough that a batch is no larger than the room of the camp that is nearest to look full, and 1 where no
    camp can change its look today.
    """
    starts = parameters.capacity_buffer * capacity
    may_change = (capacity >= 1.0) & (people < capacity) & (people + away > starts)
    if not may_change.any():
        return 1
    room = np.maximum(capacity - starts, starts - people)[may_change].min()
    return int(min(max(-(-away // max(int(room), 1)), 1), parameters.capacity_batches))


def _batches(away: Walkers, number: int, rng: np.random.Generator) -> list[Walkers]:
    """Cut the travellers into batches of one size, at random."""
    size = -(-away.total() // number)
    batches = []
    left = away.count
    for _ in range(number - 1):
        taken = share_out(rng, left, size)
        left = left - taken
        batches.append(Walkers(away.state, taken).part(taken > 0))
    return [*batches, Walkers(away.state, left).part(left > 0)]


def _move(away: Walkers, day: FleeDay, choices: _Choices, parameters: FleeParameters, rng: np.random.Generator) -> Walkers:
    """Let those on the way travel until all are done for the day."""
    done: list[Walkers] = []
    for _ in range(_MOST_LINKS):
        if away.count.size == 0:
            break
        resting, arrived = _travel(away, day, parameters, rng)
        after = _decide(arrived, _in_haste(arrived, day, parameters), choices, rng)
        staying = after.state[WHERE] >= 0
        done += [resting, after.part(staying)]
        away = after.part(~staying).merged()
    return together(*done, away)


def _in_haste(arrived: Walkers, day: FleeDay, parameters: FleeParameters) -> BoolArray:
    """Which do not rest: in a town, after less than a full day's way in two days."""
    state = arrived.state
    if not parameters.avoid_short_stints:
        return np.zeros(state.shape[1], dtype=np.bool_)
    recent = state[MEMORY] * parameters.memory_quantum + state[MOVED] / (1000.0 * parameters.max_move_speed)
    return np.asarray((recent / 2.0 < 0.5) & day.town[state[WHERE]])


def _decide(walkers: Walkers, forced: BoolArray, choices: _Choices, rng: np.random.Generator) -> Walkers:
    """Let people at places leave, or not. Who leaves is at the start of a link afterwards."""
    day, state = choices.day, walkers.state
    if walkers.count.size == 0:
        return walkers
    planned = state[PLAN] > 0
    chance = np.where(forced | planned, 1.0, day.move_chance[state[WHERE]])
    leaving = rng.binomial(walkers.count, chance)
    leaving[~planned & ~choices.table.possible[state[WHERE]]] = 0
    staying = Walkers(state, walkers.count - leaving)
    fresh = np.flatnonzero(~planned & (leaving > 0))
    place = state[WHERE, fresh]
    which, column, count = spread(rng, leaving[fresh], choices.table, place)
    chosen = choices.route_at[place[which], column]
    setting_out = Walkers(state[:, fresh[which]], count)
    routes = day.routes
    waypoint = day.links.end[routes.links[chosen, 0]]
    _enter(setting_out, waypoint, routes.end[chosen], routes.rest[chosen], choices)
    old = np.flatnonzero(planned & (leaving > 0))
    going_on = Walkers(state[:, old], leaving[old])
    plan = going_on.state[PLAN].copy()
    _enter(going_on, routes.plan_next[plan], routes.plan_end[plan], routes.plan_after[plan], choices)
    return together(staying.part(staying.count > 0), setting_out, going_on)


def _enter(walkers: Walkers, waypoint: IntArray, end: IntArray, plan: IntArray, choices: _Choices) -> None:
    """Put people on the link to the next place of their route, or drop the route and leave them where they are."""
    state = walkers.state
    link = choices.first_open[state[WHERE], waypoint]
    enters = (link >= 0) & ~choices.turned_away[end]
    state[PLAN] = np.where(enters, plan, 0)
    state[WHERE] = np.where(enters, ~link, state[WHERE])
    state[METRES] = 0


def _travel(away: Walkers, day: FleeDay, parameters: FleeParameters, rng: np.random.Generator) -> tuple[Walkers, Walkers]:
    """Travel on; returns those who are done for the day and those who may decide again."""
    away, speed = _speeds(away, day.links, parameters, rng)
    links, state = day.links, away.state
    link = ~state[WHERE]
    if parameters.as_flee:
        step = speed
        arrived = state[METRES] + step > links.metres[link]
    else:
        left = np.maximum(DAY_PARTS - state[USED], 0)
        step = np.where(left == DAY_PARTS, speed, 1000 * ((speed * left + 500 * DAY_PARTS) // (1000 * DAY_PARTS)))
        arrived = state[METRES] + step >= links.metres[link]
    way = np.where(arrived, np.maximum(links.metres[link] - state[METRES], 0), step)
    state[MOVED] += way
    # Each link takes some time, so that a day ends.
    state[USED] += 0 if parameters.as_flee else np.maximum((way * DAY_PARTS + speed // 2) // speed, 1)
    state[METRES] = np.where(arrived, 0, state[METRES] + step)
    shut = arrived & ~day.link_open[link]
    state[FIRST] = np.where(arrived, 0, state[FIRST])
    if not parameters.as_flee:  # Flee lets them try to go on with a route that does not start there
        state[PLAN] = np.where(shut, 0, state[PLAN])
    state[WHERE] = np.where(shut, links.start[link], np.where(arrived, links.end[link], state[WHERE]))
    more = state[MOVED] < speed if parameters.as_flee else state[USED] < DAY_PARTS
    again = arrived & ~shut & more
    return away.part(~again), away.part(again)


def _speeds(away: Walkers, links: Links, parameters: FleeParameters, rng: np.random.Generator) -> tuple[Walkers, IntArray]:
    """Metres a day of everybody on the way; where some walk and some drive, they part."""
    walking = round(1000.0 * parameters.max_walk_speed)
    link = ~away.state[WHERE]
    given = links.speed[link]
    driving = np.rint(1000.0 * np.where(np.isnan(given), parameters.max_move_speed, given)).astype(np.int64)
    speed = np.where(away.state[FIRST] > 0, walking, driving) if parameters.start_on_foot else driving
    mixed = np.flatnonzero((links.walk[link] > 0.0) & (speed != walking))
    if mixed.size == 0:
        return Walkers(away.state.copy(), away.count), speed
    on_foot = rng.binomial(away.count[mixed], np.minimum(links.walk[link[mixed]], 1.0))
    count = away.count.copy()
    count[mixed] -= on_foot
    both = together(Walkers(away.state, count), Walkers(away.state[:, mixed], on_foot))
    speed = np.concatenate([speed, np.full(len(mixed), walking, dtype=np.int64)])
    some = both.count > 0
    return both.part(some), speed[some]


def _evening(walkers: Walkers, parameters: FleeParameters) -> Walkers:
    """Take today's way into the memory, and forget what belongs to the day."""
    state = walkers.state
    if parameters.avoid_short_stints:
        quantum = parameters.memory_quantum
        recent = (state[MEMORY] * quantum + state[MOVED] / (1000.0 * parameters.max_move_speed)) / 2.0
        state[MEMORY] = np.rint(recent / quantum).astype(np.int64)
    else:
        state[MEMORY] = 0
    if not parameters.start_on_foot:
        state[FIRST] = 0
    state[MOVED] = 0
    state[USED] = 0
    return walkers.merged()
