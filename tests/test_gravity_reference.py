"""The rule ``gravity``, counted and with one object a person: the same people at the same places.

:mod:`reference.gravity_walk` moves every person alone, from the rules as they are written down. Four made-up conflicts
(:mod:`reference.gravity_cases`) of 30 days and up to 1,200 people, 80 seeds of each (200 with ``make test-thorough``, and all
figures here are for 200), compared in the mean number of people
at each of their places on each evening, 750 numbers in all:

* ``choosing``: camps near and far, little else, so that the choice shows;
* ``filling``: every camp fills up: room shrinks from the buffer on, people are turned away, choose again, wait at the gate;
* ``closing``: no limits; countries, roads, places and camps close and open, new camps, ways of several days, old news, people cut off;
* ``returning``: returns home and flight from there, capacities that attract, moves between camps.

The test (:mod:`reference.agreement`), which passes chance in 99 of 100 runs of all cases together: Welch's t of each mean,
Bonferroni over all 750 at 0.5 % (|t| > 4.6), and Hotelling's T squared at 0.5 % / 4 on all places on five days. The largest differences
were |t| = 1.2, 2.6, 3.4 and 2.2, with p = 0.95, 0.13, 0.21 and 0.91 for all places together; of 600 other seeds |t| = 2.1, 2.9, 3.5 and 3.0.

Power, from the spread that is observed: a bias at a single place and day is found with 90 % chance from 19, 3, 6 and 10 people on
(the median over numbers above 20; the largest: 43, 20, 12 and 29), which is 14, 7, 6 and 10 % of those who are there (followers
spread far: what the first ones choose the others repeat). All places together are found 0.6-0.7 standard deviations of a run apart.
``test_a_planted_error_is_found`` shows what that means for the rule, with 50 seeds.

On mali2012 (a fiftieth of the people, 300 days): ``python benchmarks/agreement.py FOLDER``; a few seeds of it here.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest
from conflicts import DATA
from reference.agreement import Agreement, compare
from reference.gravity_cases import CASES, DAYS, counted
from reference.gravity_walk import RETURNEE, Case, Land, Walk, walk
from thorough import repeats

from sim.displacement.read import read_conflict

SEEDS = repeats(200, quick=80)
FEW = 50
TOGETHER = (6, 12, 18, 24, 29)


@functools.cache
def engine(name: str) -> np.ndarray:
    return counted(CASES[name](), SEEDS)


def numbers() -> int:
    return sum(build().conflict.counts.size for build in CASES.values())


def one_by_one(case: Case, seeds: int) -> np.ndarray:
    land = Land(case)
    return np.array([walk(land, 10_000 + seed) for seed in range(seeds)])


def against(name: str, single: np.ndarray) -> Agreement:
    return compare(engine(name), single, days=TOGETHER, comparisons=len(CASES), numbers=numbers())


@pytest.mark.parametrize("name", CASES)
def test_counted_and_one_by_one_agree(name: str) -> None:
    found = against(name, one_by_one(CASES[name](), SEEDS))
    assert found.agrees, found.worst
    many = found.counted > 20.0
    assert many.sum() > DAYS
    assert np.median((found.detectable / np.maximum(found.counted, 1.0))[many]) < 0.2 * (200 / SEEDS) ** 0.5, "the comparison could not see a bias"
    assert found.far < (0.9 if SEEDS == 200 else 1.0 * (200 / SEEDS) ** 0.5), "nor many small ones"


def changed(case: Case, section: str, **values: float) -> Case:
    """The same case with other numbers of one mechanism."""
    part = dataclasses.replace(getattr(case.parameters, section), **values)
    return dataclasses.replace(case, parameters=dataclasses.replace(case.parameters, **{section: part}))


PLANTED = {
    "power 0.7 instead of 0.57": ("choosing", lambda case: changed(case, "gravity", power=0.7)),
    "followers 0.6 instead of 0.72": ("closing", lambda case: changed(case, "gravity", followers=0.6)),
    "nobody is sent to new camps": ("closing", lambda case: changed(case, "gravity", new_camps=0.0)),
    "news at once": ("closing", lambda case: changed(case, "gravity", news_days=1)),
    "borders cost nothing": ("closing", lambda case: changed(case, "gravity", border_km=0.0)),
    "travel takes a day longer": ("closing", lambda case: dataclasses.replace(case, days_late=1)),
    "the buffer is ignored": ("filling", lambda case: changed(case, "gravity", buffer=0.999)),
    "residents do not matter": ("filling", lambda case: changed(case, "gravity", origin_power=0.0)),
    "stops are left twice as fast": ("filling", lambda case: changed(case, "displaced", go_on=0.6)),
    "returns at 0.7 of the rate": ("returning", lambda case: changed(case, "returns", idp_return=0.007, voluntary=0.0035)),
}


@pytest.mark.parametrize("error", PLANTED)
def test_a_planted_error_is_found(error: str) -> None:
    """The comparison can fail: one number that is wrong in the reference alone is found."""
    name, wrong = PLANTED[error]
    found = against(name, one_by_one(wrong(CASES[name]()), FEW))
    assert not found.agrees, f"{error}: {found.worst}"


def test_everything_meant_to_happen_happens() -> None:
    """The comparison means something only where camps fill up, people wait, are stuck, return and open camps fill."""
    filling = Walk(Land(CASES["filling"]()), 1)
    filling.run()
    assert filling.turned > 150 and filling.waits > 50 and filling.stuck > 30
    closing = Land(CASES["closing"]())
    assert len(set(closing.shut)) == 9 and sorted(closing.opened.values())[-2:] == [9, 12]
    assert closing.travel(0, 0, 3) > 1 and closing.travel(15, 0, 7) > 4
    walked = Walk(closing, 1)
    walked.run()
    assert walked.stuck > 20 and walked.turned > 10 and sum(person.due >= 0 for person in walked.crowd) > 50
    returning = Walk(Land(CASES["returning"]()), 1)
    mean = returning.run()
    back = sum(person.status == RETURNEE and person.due < 0 for person in returning.crowd)
    assert back > 2 and mean[20, :3].sum() > 50
    assert engine("returning").mean(axis=0)[-1, 0] < engine("returning").mean(axis=0)[20, 0], "who has come home flees again"


@pytest.mark.parametrize("name", CASES)
def test_nobody_is_lost(name: str) -> None:
    """Who came and is at no place is on the way: the reference loses nobody either."""
    land = Land(CASES[name]())
    run = Walk(land, 3)
    places = run.run()
    assert len(run.crowd) == land.entered[-1]
    assert places[-1].sum() + sum(person.due >= 0 for person in run.crowd) == land.entered[-1]


@pytest.mark.skipif(not (DATA / "mali2012").is_dir(), reason="no conflict folders; set MARCHLAND_DISPLACEMENT_DATA to the folder that holds them")
def test_mali2012() -> None:
    """A real conflict, few seeds: first and last months of camps, with limits and buffer."""
    case = Case(read_conflict(DATA / "mali2012"), scale=0.02)
    seeds = 10
    a, b = counted(case, seeds), one_by_one(case, seeds)
    found = compare(a, b, days=(60, 290), comparisons=1, numbers=a[0].size)
    assert found.agrees, found.worst
