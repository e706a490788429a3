"""Where people go who flee: a nested choice, first a country, then a camp in it.

Some people choose for themselves, by gravity over everything that can be reached; the others follow those
of their own home region who went before them. Reception systems send people on to camps that have opened
since the crisis began, until these are as big as the others. With ``f = (km + softening)^-power`` times how far a camp
still takes people, ``s`` the shares of camps among those who came from the same home region, and ``m`` the
share of followers:

    P(country) = (1 - m) sum f / sum f  + m s(country)
    P(camp | country) = (1 - n) f / sum f + n s(camp | country),   n = 1 - (1 - m)^2
"""

from __future__ import annotations

import numpy as np
import pydantic.dataclasses
from numpy.typing import NDArray

from agents.parameters import STRICT, par

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class GravityParameters:
    """Choice of a destination over everything that can be reached."""

    power: float = par(0.6, 0.0, 4.0, "-", "fitted", "how fast a destination loses weight with distance")
    followers: float = par(0.7, 0.0, 1.0, "-", "fitted", "share of people who follow those of their home region who went before")
    softening: float = par(50.0, 0.0, 300.0, "km", "assumption", "distance added to every way")
    speed: float = par(300.0, 20.0, 1000.0, "km/day", "assumption", "speed of travel")
    new_camps: float = par(1.0, 0.0, 1.0, "-", "assumption", "how far people are sent to camps that have opened since the crisis began")
    origin_power: float = par(0.5, 0.0, 1.0, "-", "assumption", "power of residents in the number of people who leave a place of fighting")
    news_days: int = par(1, 1, 90, "days", "assumption: telephones", "age of the news of who is where")
    access: float = par(1.0, 0.0, 3.0, "-", "assumption", "power of the distance to the nearest place abroad in the number of people who leave")
    buffer: float = par(0.9, 0.0, 0.999, "-", "assumption", "share of its limit from which a camp takes fewer people")
    border_km: float = par(0.0, 0.0, 500.0, "km", "assumption", "what crossing a border counts for")


def takes(people: IntArray, limit: FloatArray, buffer: float) -> FloatArray:
    """How far a place still takes people, 0..1: all up to ``buffer`` of its limit, nobody when it is full."""
    room = np.clip(limit, 1.0, 1e18)  # no limit is a very large one, and a limit of 0 is full with anybody or nobody
    left = (limit.clip(0.0, 1e18) - people) / ((1.0 - buffer) * room)
    return np.asarray(left.clip(0.0, 1.0))


def newness(people: IntArray, opened: IntArray, day: int, open_now: NDArray[np.bool_]) -> FloatArray:
    """How new each camp is, 0..1: 1 when empty, 0 once it is as big as the biggest other one, or was there from the start."""
    new = open_now & (opened > 0) & (opened <= day)
    if not new.any():
        return np.zeros(len(people))
    largest = int(people.argmax())
    second = int(np.delete(people, largest).max(initial=0))
    other = np.where(np.arange(len(people)) == largest, second, people[largest])
    return np.where(new & (people < other), 1.0 - people / np.maximum(other, 1), 0.0)


def destination_shares(
    pull: FloatArray, before: FloatArray, country: FloatArray, new: FloatArray, opened: IntArray, parameters: GravityParameters
) -> FloatArray:
    """Shares of destinations for groups of people.

    Parameters
    ----------
    pull
        (groups, camps) gravity: distance and how far a camp still takes people; 0 = cannot be chosen.
    before
        (groups, camps) people of the same home region who are there (anybody where nobody is).
    country
        (camps, countries) one-hot.
    new
        (camps,) how new a camp is (:func:`newness`).
    opened
        (camps,) day on which it opened, 0 for the start.

    Returns
    -------
    (groups, camps) weights; a row of zeros where nothing can be chosen.
    """
    m = parameters.followers
    can = pull > 0.0
    by_country = pull @ country
    total = by_country.sum(axis=1, keepdims=True)
    followed = np.where(can, before, 0.0)
    followed_by_country = followed @ country
    followed_in_all = followed_by_country.sum(axis=1, keepdims=True)
    chosen = by_country / np.maximum(total, 1e-300)
    chosen = np.where(followed_in_all > 0.0, (1.0 - m) * chosen + m * followed_by_country / np.maximum(followed_in_all, 1e-300), chosen)
    own = pull / np.maximum(by_country @ country.T, 1e-300)
    there = followed_by_country @ country.T
    n = 1.0 - (1.0 - m) ** 2
    camp = np.where(there > 0.0, (1.0 - n) * own + n * followed / np.maximum(there, 1e-300), own)
    if new.any():
        camp = _newest_first(camp, can, country, new, opened, parameters.new_camps)
    shares = (chosen @ country.T) * camp
    if new.any():
        shares = _sent_to_new(shares, pull, new, (1.0 - m) * parameters.new_camps)
    return np.asarray(shares)


def _newest_first(
    camp: FloatArray, can: NDArray[np.bool_], country: FloatArray, new: FloatArray, opened: IntArray, strength: float
) -> FloatArray:
    """Within a country the newest camp takes a part of the arrivals that falls as it fills."""
    for column in country.T > 0.0:
        here = np.flatnonzero(column & (new > 0.0))
        if not len(here):
            continue
        newest = here[opened[here].argmax()]
        part = strength * new[newest] * can[:, newest : newest + 1]
        sent = np.zeros(len(new))
        sent[newest] = 1.0
        camp = np.where(column[None, :], (1.0 - part) * camp + part * sent[None, :], camp)
    return camp


def _sent_to_new(shares: FloatArray, pull: FloatArray, new: FloatArray, strength: float) -> FloatArray:
    """Of those who do not follow, new camps anywhere take a part, by gravity among them."""
    weight = pull * new[None, :]
    total = weight.sum(axis=1, keepdims=True)
    part = strength * np.where(pull > 0.0, new[None, :], 0.0).max(axis=1, keepdims=True)
    return np.where(total > 0.0, (1.0 - part) * shares + part * weight / np.maximum(total, 1e-300), shares)
