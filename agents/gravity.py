"""Where people go who flee: a nested choice, first a country, then a camp in it.

Some people choose for themselves, by gravity over everything that can be reached; the others follow those
of their own home region who went before them. Reception systems send people on to camps that have opened
since the crisis began, until these are as big as the others. With ``f = (km + softening)^-power`` times how far a camp
still takes people, ``s`` the shares of camps among those who came from the same home region, and ``m`` the
share of followers:

    P(country) = (1 - m) sum f / sum f  + m s(country)
    P(camp | country) = (1 - n) f / sum f + n s(camp | country),   n = 1 - (1 - m)^closeness

With ``v`` how new a camp is (1 when empty, 0 when as big as the biggest other one, or there from the start), the
newest camp of a country takes the part ``new_camps v`` of the country's arrivals, and the part
``(1 - m) new_camps max v`` of all arrivals is shared out over new camps by ``f v``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pydantic.dataclasses
from numpy.typing import NDArray

from agents.parameters import STRICT, par

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
#: Stands in for 0 where the quotient is not used.
_TINY = 1e-300


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class GravityParameters:
    """Choice of a destination over everything that can be reached."""

    power: float = par(
        0.6, 0.0, 4.0, "-", "calibrated: benchmarks/calibration.py, five conflicts (flat from 0.4 to 0.8); gravity studies of migration have 1-2, Flee 0.75-1",
        "how fast a destination loses weight with distance",
    )
    followers: float = par(
        0.7, 0.0, 1.0, "-", "calibrated: benchmarks/calibration.py, five conflicts; networks moderate destinations (Adhikari 2013)",
        "share of people who follow those of their home region who went before",
    )
    closeness: float = par(
        2.0, 1.0, 5.0, "-", "assumption, compared on the five conflicts (ssudan2013 alone speaks for it): inside a country people follow more closely",
        "how much more people follow inside a country: the share who do not is to this power",
    )
    softening: float = par(
        50.0, 0.0, 300.0, "km", "assumption, compared on the five conflicts: from place to place within a district; scores hardly move between 10 and 100", "distance added to every way"
    )
    speed: float = par(300.0, 20.0, 1000.0, "km/day", "assumption, compared on the five conflicts: bus and lorry with stops; Flee's settings have 200-500", "speed of travel")
    new_camps: float = par(
        1.0, 0.0, 1.0, "-", "assumption, compared on the five conflicts: reception systems send new arrivals to the camps they have just opened",
        "how far people are sent on to camps that have opened since the crisis began, until these are as big as the others",
    )
    origin_power: float = par(
        0.5, 0.0, 1.0, "-", "assumption, compared on the five conflicts: large places are never wholly at war, so a displaced person of a city is rarer than a resident",
        "power of residents in the number of people who leave a place of fighting",
    )
    access: float = par(
        1.0, 0.0, 3.0, "-", "assumption, compared on the five conflicts: those who live near a border are likelier to be among those counted abroad",
        "power of the distance to the nearest place abroad in the number of people who leave",
    )
    news_days: int = par(1, 1, 90, "days", "assumption: telephones", "age of the news of who is where")
    buffer: float = par(
        0.9, 0.0, 0.999, "-", "Flee's capacity_buffer: 0.9", "share of its limit from which a camp takes fewer people"
    )
    border_km: float = par(0.0, 0.0, 500.0, "km", "assumption: calibration gains nothing from it", "what crossing a border counts for")


def takes(people: IntArray, limit: FloatArray, buffer: float) -> FloatArray:
    """How far a place still takes people, 0..1: all up to ``buffer`` of its limit, nobody when it is full."""
    room = np.clip(limit, 1.0, 1e18)  # no limit is a very large one, and a limit of 0 is full with anybody or nobody
    left = (limit.clip(0.0, 1e18) - people) / ((1.0 - buffer) * room)
    return np.asarray(left.clip(0.0, 1.0))


def newness(people: IntArray, opened: IntArray, day: int, open_now: NDArray[np.bool_]) -> FloatArray | None:
    """How new each camp is, 0..1: 1 when empty, 0 once it is as big as the biggest other one, or was there from the start; None where no camp is."""
    new = open_now & (opened > 0) & (opened <= day)
    if not new.any():
        return None
    largest = int(people.argmax())
    second = int(np.delete(people, largest).max(initial=0))
    other = np.where(np.arange(len(people)) == largest, second, people[largest])
    return np.where(new & (people < other), 1.0 - people / np.maximum(other, 1), 0.0)


@dataclass(frozen=True)
class OwnChoice:
    """The part of the choice that people make for themselves, by gravity alone.

    Parameters
    ----------
    pull
        (groups, camps) gravity: distance and how far a camp still takes people; 0 = cannot be chosen.
    can
        (groups, camps) whether a camp can be chosen.
    countries
        (groups, countries) shares of countries.
    within
        (groups, camps) share of a camp within its country.
    """

    pull: FloatArray
    can: NDArray[np.bool_]
    countries: FloatArray
    within: FloatArray

    def of(self, groups: IntArray) -> OwnChoice:
        """Return the choice of some groups."""
        return OwnChoice(self.pull[groups], self.can[groups], self.countries[groups], self.within[groups])


def own_choice(pull: FloatArray, country: FloatArray) -> OwnChoice:
    """Work out the shares by gravity alone; ``country`` is (camps, countries) one-hot."""
    by_country = pull @ country
    total = by_country.sum(axis=1, keepdims=True)
    within = pull / np.maximum(by_country @ country.T, _TINY)
    return OwnChoice(pull, pull > 0.0, by_country / np.maximum(total, _TINY), within)


def destination_shares(
    own: OwnChoice, before: FloatArray, country: FloatArray, new: FloatArray | None, opened: IntArray, parameters: GravityParameters
) -> FloatArray:
    """Shares of destinations for groups of people.

    Parameters
    ----------
    own
        What they would choose for themselves.
    before
        (groups, camps) people of the same home region who are there (anybody where nobody is).
    country
        (camps, countries) one-hot.
    new
        (camps,) how new a camp is (:func:`newness`), or None where no camp is.
    opened
        (camps,) day on which it opened, 0 for the start.

    Returns
    -------
    (groups, camps) shares; a row of zeros where nothing can be chosen.
    """
    m = parameters.followers
    n = 1.0 - (1.0 - m) ** parameters.closeness
    followed = before * own.can
    in_country = followed @ country
    in_all = in_country.sum(axis=1, keepdims=True)
    there = in_country @ country.T
    m_here = m * (in_all > 0.0)
    n_here = n * (there > 0.0)
    countries = own.countries + m_here * (in_country / np.maximum(in_all, _TINY) - own.countries)
    camp = own.within + n_here * (followed / np.maximum(there, _TINY) - own.within)
    if new is not None:
        camp = _newest_first(camp, own.can, country, new, opened, parameters.new_camps)
    shares = (countries @ country.T) * camp
    if new is not None:
        shares = _sent_to_new(shares, own.pull, new, (1.0 - m) * parameters.new_camps)
    return np.asarray(shares)


def _newest_first(
    camp: FloatArray, can: NDArray[np.bool_], country: FloatArray, new: FloatArray, opened: IntArray, strength: float
) -> FloatArray:
    """Within a country the camps that opened last take a part of the arrivals that falls as they fill."""
    for column in country.T > 0.0:
        here = can & (column & (new > 0.0))[None, :]
        if not here.any():
            continue
        last = (here * opened[None, :]).max(axis=1, keepdims=True)
        sent = new[None, :] * (here & (opened[None, :] == last))
        part = strength * sent.max(axis=1, keepdims=True)
        sent = sent / np.maximum(sent.sum(axis=1, keepdims=True), _TINY)
        camp = np.where(column[None, :], (1.0 - part) * camp + part * sent, camp)
    return camp


def _sent_to_new(shares: FloatArray, pull: FloatArray, new: FloatArray, strength: float) -> FloatArray:
    """Of those who do not follow, new camps anywhere take a part, by gravity among them."""
    weight = pull * new[None, :]
    total = weight.sum(axis=1, keepdims=True)
    part = strength * np.where(pull > 0.0, new[None, :], 0.0).max(axis=1, keepdims=True)
    return np.where(total > 0.0, (1.0 - part) * shares + part * weight / np.maximum(total, _TINY), shares)
