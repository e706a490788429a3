"""Run a conflict under the rule ``flee``: newcomers, then a day of everybody, camp counts in the evening."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.displacement.flee_course import Course, build_course, check_origins
from sim.displacement.flee_rule import flee_day
from sim.displacement.flee_walkers import Walkers, together
from sim.draws import split
from sim.streams import Streams

if TYPE_CHECKING:
    from sim.displacement.conflict import Conflict
    from sim.displacement.flee_parameters import FleeParameters

IntArray = NDArray[np.int64]


def first_walkers(course: Course) -> Walkers:
    """Put the counted people of day 0 into their camps."""
    if not course.parameters.insert_day0:
        return Walkers.empty()
    camps = course.conflict.camps
    return Walkers.set_out(np.zeros_like(camps), camps, course.conflict.counts[0])


def draw_newcomers(course: Course, t: int, number: int, rng: np.random.Generator) -> Walkers:
    """Draw where ``number`` people set out on day ``t``; nobody where there is no place to flee from."""
    weights = course.spawn_weight[t]
    if number <= 0 or weights.sum() <= 0.0:
        return Walkers.empty()
    counts = split(rng, np.array([number], dtype=np.int64), weights[None, :])[0]
    return Walkers.set_out(np.zeros_like(counts), np.arange(len(counts)), counts)


def simulate_flee(conflict: Conflict, parameters: FleeParameters, seed: int, *, limits: bool = True) -> IntArray:
    """Run a conflict and return the people in each scored camp every evening, (days, camps).

    Parameters
    ----------
    limits
        Whether camps have the capacities of the folder; without, all are unlimited.

    Raises
    ------
    InputError
        If people arrive but there never is a place to flee from.
    """
    course = build_course(conflict, parameters, limits=limits)
    check_origins(course)
    streams = Streams(seed)
    walkers = first_walkers(course)
    places = course.links.n_places
    counts = np.zeros((conflict.days, len(conflict.camps)), dtype=np.int64)
    waiting = 0
    for t in range(conflict.days):
        rng = streams.generator("flee", "walkers", t)
        waiting += int(course.newcomers[t])
        new = draw_newcomers(course, t, waiting, rng)
        waiting -= new.total()
        walkers = flee_day(together(walkers, new).merged(), course.day(t), parameters, rng)
        counts[t] = walkers.at_places(1, places)[0, conflict.camps]
    return counts
