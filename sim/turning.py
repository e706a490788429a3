"""Turning points, found in the record afterwards: ruptures, escalations, collapses of legitimacy.

Each is a rule with a duration, so a bad day is no rupture. Thresholds are parameters
(:class:`sim.stability.OutcomeParameters`); counts of escalations hang on the factor and are reported
for several.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.stability import normalise
from sim.today import Event

if TYPE_CHECKING:
    from sim.record import Record
    from sim.setting import Setting

FloatArray = NDArray[np.float64]


def spells(values: FloatArray, above: float, below: float, days: int) -> list[int]:
    """Days on which a spell begins: ``days`` days in a row above a level; it ends after as many below another."""
    found: list[int] = []
    high = low = 0
    inside = False
    for day, value in enumerate(values.tolist()):
        high = high + 1 if value > above else 0
        low = low + 1 if value < below else 0
        if not inside and high == days:
            found.append(day)
            inside = True
        elif inside and low == days:
            inside = False
    return found


def lasting(condition: Iterable[bool | np.bool_], days: int) -> list[int]:
    """Days on which a condition has held for ``days`` days in a row for the first time in its spell."""
    found: list[int] = []
    run = 0
    for day, holds in enumerate(condition):
        run = run + 1 if holds else 0
        if run == days:
            found.append(day)
    return found


def escalations(attacks: FloatArray, factor: float) -> list[int]:
    """Days on which an escalation begins.

    None can begin in the first 13 windows (364 days), which have no year before. 28-day attacks are at least ``factor`` times the mean of the twelve windows before and stand out of
    Poisson noise by two standard deviations; the episode ends below 1.3 times that mean.
    """
    window = np.convolve(attacks, np.ones(28), mode="full")[: len(attacks)]
    total = np.cumsum(attacks)
    found: list[int] = []
    inside = False
    for day in range(28 * 13, len(attacks)):
        before = (total[day - 28] - total[day - 28 * 13]) / 12.0
        if inside:
            inside = window[day] >= 1.3 * before
        elif window[day] >= factor * before and window[day] >= before + 2.0 * np.sqrt(4.3 * max(before, 1.0)):
            found.append(day)
            inside = True
    return found


def relations_from_index(record: Record, setting: Setting) -> FloatArray:
    """Normalised hostility day by day, from the hostilities on record."""
    names = setting.cast.governments
    pairs = [(a, b) for a in names for b in names if a != b]
    if not pairs:
        return np.zeros(record.length)
    mean: FloatArray = np.mean([record.series("government", a, f"hostility/{b}") for a, b in pairs], axis=0)
    hostility: FloatArray = normalise(mean, setting)
    return hostility


def turning_points(record: Record, setting: Setting) -> list[Event]:
    """Find all turning points of a run."""
    p, cast = setting.parameters.outcomes, setting.cast
    relations = relations_from_index(record, setting)
    events = [
        Event(day, "rupture", "region", "", "", 1.0, f"rupture: normalised hostility above {p.rupture:g} for 28 days")
        for day in spells(relations, p.rupture, 0.8 * p.rupture, 28)
    ]
    # Closed to people; trade crossings are not on record by crossing.
    shut = np.array([record.series("crossing", name, "open") < 0.05 for name in setting.world.crossings])
    if len(shut):
        events += [
            Event(day, "rupture", "region", "", "", 2.0, "rupture: all crossings closed to people for 21 days")
            for day in lasting(np.asarray(shut.all(axis=0)).tolist(), 21)
        ]
    attacks = record.series("region", "region", "attacks")
    events += [
        Event(day, "escalation", "region", "", "", p.escalation, f"escalation: attacks reach {p.escalation:g} times the year before")
        for day in escalations(attacks, p.escalation)
    ]
    for i, name in enumerate(cast.governments):
        legitimacy = record.series("government", name, "legitimacy")
        low = (legitimacy < p.collapse) & (legitimacy < 0.5 * cast.settings[i].legitimacy)
        events += [Event(day, "collapse", name, "", "", p.collapse, f"legitimacy of {name} below {p.collapse:g} for 90 days") for day in lasting(low, 90)]
    return events
