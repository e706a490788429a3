"""The rule ``flee``: counting changes nothing, nobody is lost, closures and readings do what the docs say.

Counted against one by one: :mod:`reference.flee_walk` moves every person alone. Three made-up conflicts
(:mod:`reference.flee_cases`) of 16 days and up to 440 people, 60 seeds of each (200 with ``make test-thorough``), compared in the mean number of
people at each place on each evening. Welch's t for each, Bonferroni at 0.001 for all together. Power with 200 seeds: a
mean of N people whose spread is sqrt(N) is found off with 80 % when it is off by 0.55 sqrt(N), 6 % at N = 100 (with 60 seeds 1.06 sqrt(N));
``test_a_planted_error_is_found`` shows what that means for the rule.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest
from conflicts import DATA
from reference.flee_cases import DAYS, RISING, conflict, crossroads, parameters, place, valley
from reference.flee_walk import walk
from scipy import stats
from thorough import repeats

from agents.errors import InputError
from sim.displacement.conflict import Closure, ClosureKind, Conflict, Kind
from sim.displacement.flee_course import build_course, newcomers
from sim.displacement.flee_parameters import FleeParameters
from sim.displacement.flee_routes import build_links, build_routes
from sim.displacement.flee_rule import batches_needed, flee_day, kappa
from sim.displacement.flee_walkers import Walkers, together
from sim.displacement.read import read_conflict
from sim.displacement.simulate import simulate
from sim.settings import Parameters
from sim.streams import Streams

SEEDS = repeats(200, quick=60)
LEVEL = 1e-3
CASES = {
    "ours": (valley, parameters()),
    "flee": (valley, parameters(readings="flee")),
    "two links ahead": (crossroads, parameters(awareness_level=2, pruning_threshold=8.0)),
}


def simulate_flee(world: Conflict, p: FleeParameters, seed: int) -> np.ndarray:
    """People by day and place under the rule, through the model itself."""
    return simulate(world, capacities="limits", rule="flee", seed=seed, parameters=Parameters(flee=p))


@functools.cache
def counted(name: str) -> np.ndarray:
    build, p = CASES[name]
    return np.array([simulate_flee(build(), p, seed) for seed in range(SEEDS)], dtype=float)


def one_by_one(name: str, seeds: int = SEEDS, **changes: object) -> np.ndarray:
    build, p = CASES[name]
    return np.array([walk(build(), dataclasses.replace(p, **changes), 10_000 + seed) for seed in range(seeds)], dtype=float)


def scores(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Welch's z of every place and day; a Poisson's spread guards numbers that are almost always 0."""
    pooled = (a.mean(axis=0) + b.mean(axis=0)) / 2
    floor = np.where(pooled < 2.0, pooled, 0.0) * (1 / len(a) + 1 / len(b))
    error = np.maximum(a.var(axis=0, ddof=1) / len(a) + b.var(axis=0, ddof=1) / len(b), floor)
    return (a.mean(axis=0) - b.mean(axis=0)) / np.sqrt(np.maximum(error, 1e-12))


def limit(numbers: int) -> float:
    return float(stats.t.isf(LEVEL / numbers / 2, 2 * SEEDS - 2))


def numbers() -> int:
    return sum(build().counts.size for build, _ in CASES.values())


@pytest.mark.parametrize("name", CASES)
def test_counted_and_one_by_one_agree(name: str) -> None:
    z = scores(counted(name), one_by_one(name))
    worst = np.unravel_index(np.abs(z).argmax(), z.shape)
    assert np.abs(z).max() < limit(numbers()), f"day {worst[0]}, place {worst[1]}: z = {z[worst]:.1f}"
    varied = np.abs(z)[z != 0.0]
    assert varied.mean() < 1.15, "many small differences: |z| averages 0.80 by chance"


@pytest.mark.parametrize("change", [{"default_movechance": 0.42}, {"max_walk_speed": 30.0}, {"softening": 22.0}, {"capacity_buffer": 0.75}], ids=str)
def test_a_planted_error_is_found(change: dict[str, float]) -> None:
    assert np.abs(scores(counted("ours"), one_by_one("ours", 60, **change))).max() > limit(numbers())


def test_something_happens() -> None:
    """The comparison means something only where camps fill up, closures bite and people rest."""
    for name, (build, p) in CASES.items():
        mean = counted(name).mean(axis=0)
        world = build()
        names = [x.name for x in world.places]
        assert mean[-1, names.index("Uno")] > 0.7 * world.places[names.index("Uno")].capacity, name
        assert mean[:, names.index("Dore")].max() > 3, name
        assert (~build_course(world, p).link_open).any()


# -- invariants ------------------------------------------------------------------------------------


@pytest.mark.parametrize("readings", ["ours", "flee"])
def test_nobody_is_lost_and_labels_stay(readings: str) -> None:
    p = parameters(readings=readings, awareness_level=2)
    course = build_course(valley(), p)
    walkers = together(
        Walkers.set_out(np.array([0, 3]), np.array([0, 1]), np.array([200, 70])), Walkers.set_out(np.array([3]), np.array([5]), np.array([9]))
    )
    streams = Streams(4)
    for t in range(DAYS):
        before = walkers.copy()
        after = flee_day(walkers, course.day(t), p, streams.generator("flee", "test", t))
        assert np.array_equal(walkers.state, before.state) and np.array_equal(walkers.count, before.count), "the argument is not changed"
        walkers = after
        assert walkers.total() == 279 and (walkers.count > 0).all()
        table = walkers.at_places(4, 9).sum(axis=1) + walkers.on_links(4, len(course.links.start)).sum(axis=1)
        assert table.tolist() == [200, 0, 0, 79]
        here, away = walkers.place >= 0, walkers.link >= 0
        assert (here ^ away).all()
        assert np.unique(np.vstack([walkers.state]), axis=1).shape[1] == len(walkers.count), "each state once"


def test_the_same_seed_gives_the_same_run() -> None:
    p = FleeParameters()
    assert np.array_equal(simulate_flee(valley(), p, 3), simulate_flee(valley(), p, 3))
    assert not np.array_equal(simulate_flee(valley(), p, 3), simulate_flee(valley(), p, 4))


def test_totals_follow_the_known_numbers() -> None:
    """Falls make a debt that later growth pays; nobody is taken out."""
    world = conflict([place("A", "X", Kind.CONFLICT, 10), place("B", "Y", Kind.CAMP)], [("A", "B", 10)], {"A": [1.0]}, [5, 9, 7, 8, 12, 12])
    assert newcomers(world, FleeParameters()).tolist() == [0, 4, 0, 0, 3, 0]
    assert newcomers(world, FleeParameters(insert_day0=False)).tolist() == [5, 4, 0, 0, 3, 0]
    total = dataclasses.replace(world, total=np.array([0, 1, 3, 3, 3, 4]))
    assert newcomers(total, FleeParameters(sum_from_camps=False)).tolist() == [0, 1, 2, 0, 0, 1]
    assert simulate_flee(world, FleeParameters(), 1).sum(axis=1).tolist() == [0, 4, 4, 4, 7, 7]


# -- one mechanism at a time -----------------------------------------------------------------------


def test_kappa() -> None:
    people = np.array([0, 90, 95, 100, 500, 500])
    capacity = np.array([100.0, 100.0, 100.0, 100.0, 100.0, 0.5])
    assert np.allclose(kappa(people, capacity, 0.9), [1.0, 1.0, 0.5, 0.0, 0.0, 1.0])


def test_batches_only_where_a_camp_can_fill_up() -> None:
    p = FleeParameters(capacity_batches=8)
    assert batches_needed(50, np.array([10, 0]), np.array([1000.0, 0.0]), p) == 1
    assert batches_needed(50, np.array([2000, 0]), np.array([1000.0, 0.0]), p) == 1
    assert batches_needed(250, np.array([880, 0]), np.array([1000.0, 0.0]), p) == 3
    assert batches_needed(9999, np.array([880, 0]), np.array([1000.0, 0.0]), p) == 8


def line(km: float, people: int = 100, **changes: object) -> np.ndarray:
    """People at the end of a road, by day."""
    world = conflict([place("A", "X", Kind.CONFLICT, 10), place("B", "X", Kind.CAMP)], [("A", "B", km)], {"A": [1.0]}, [0, people, people, people, people])
    p = dataclasses.replace(FleeParameters(camp_movechance=0.0), **changes)  # type: ignore[arg-type]
    return simulate_flee(world, p, 1)[:, 1]


def test_the_first_link_is_on_foot() -> None:
    assert line(69.0).tolist() == [0, 0, 100, 100, 100]
    assert line(71.0).tolist() == [0, 0, 0, 100, 100]
    assert line(71.0, start_on_foot=False).tolist() == [0, 100, 100, 100, 100]


def test_a_link_of_exactly_a_day() -> None:
    """Flee asks for more than the length of a link, so a link of exactly a day's way takes two days."""
    assert line(35.0).tolist() == [0, 100, 100, 100, 100]
    assert line(35.0, readings="flee").tolist() == [0, 0, 100, 100, 100]


def test_a_day_has_one_days_length() -> None:
    """In Flee the next link gets a full day again: 100 and 190 km on one day at 200 km a day."""
    world = conflict(
        [place("A", "X", Kind.CONFLICT, 10), place("H", "X", Kind.HUB), place("B", "X", Kind.CAMP)], [("A", "H", 100), ("H", "B", 190)],
        {"A": [1.0]}, [0, 50, 50, 50],
    )  # fmt: skip
    quick = FleeParameters(start_on_foot=False, camp_movechance=0.0, softening=0.0)
    for seed in range(3):
        ours, flee = (simulate_flee(world, dataclasses.replace(quick, readings=r), seed)[:, 2] for r in ("ours", "flee"))
        assert ours[1] == 0
        assert flee[1] > 0


def test_short_stints() -> None:
    """Who has come a few km only does not rest in a town."""
    world = conflict(
        [place("A", "X", Kind.CONFLICT, 10), place("T", "X", Kind.TOWN), place("B", "X", Kind.CAMP)], [("A", "T", 5), ("T", "B", 20)],
        {"A": [1.0]}, [0, 200, 200],
    )  # fmt: skip
    still = FleeParameters(default_movechance=0.0, conflict_movechance=1.0, camp_movechance=0.0)
    assert simulate_flee(world, dataclasses.replace(still, avoid_short_stints=False), 1)[1].tolist() == [0, 200, 0]
    assert simulate_flee(world, still, 1)[2, 1] == 0


def closed(row: Closure, readings: str = "ours") -> np.ndarray:
    """People at B and C, with a closure."""
    world = conflict(
        [place("A", "X", Kind.CONFLICT, 10), place("B", "Y", Kind.CAMP), place("C", "X", Kind.CAMP)], [("A", "B", 30), ("A", "C", 30)],
        {"A": [1.0]}, [0, 100, 100, 200, 200, 200], closures=[row],
    )  # fmt: skip
    return simulate_flee(world, FleeParameters(camp_movechance=0.0, readings=readings), 1)[:, 1:]  # type: ignore[arg-type]


def test_closures() -> None:
    country = closed(Closure(ClosureKind.COUNTRY, "Y", "X", 0, 3))
    assert country[2, 0] == 0 and country[2, 1] == 100 and country[4, 0] > 20
    assert closed(Closure(ClosureKind.COUNTRY, "X", "Y", 0, -1))[:, 0].max() == 0
    assert closed(Closure(ClosureKind.LINK, "A", "B", 0, -1))[:, 0].max() == 0
    assert closed(Closure(ClosureKind.LINK, "A", "B", 0, -1), "flee")[2, 0] > 20, "in Flee it does nothing"
    assert closed(Closure(ClosureKind.LOCATION, "A", "B", 0, -1))[-1].tolist() == [0, 200], "the road between two places"
    assert closed(Closure(ClosureKind.LOCATION, "A", "B", 0, -1), "flee")[-1].tolist() == [0, 0], "every road of the first place"
    for readings in ("ours", "flee"):
        assert closed(Closure(ClosureKind.LOCATION, "A", "Nowhere", 0, -1), readings)[-1].tolist() == [0, 0]


def test_who_meets_a_closed_end_is_put_back() -> None:
    world = conflict(
        [place("A", "X", Kind.CONFLICT, 10), place("B", "Y", Kind.CAMP)], [("A", "B", 60)], {"A": [1.0]}, [0, 100, 100, 100, 100, 100, 100],
        closures=[Closure(ClosureKind.LINK, "A", "B", 2, 4)],
    )  # fmt: skip
    people = simulate_flee(world, FleeParameters(camp_movechance=0.0), 1)
    assert people[1].tolist() == [0, 0], "on the way"
    assert people[2].tolist() == [100, 0] and people[3].tolist() == [100, 0]
    assert people[4].tolist() == [0, 100], "by vehicle now: the first link has been walked"


def test_a_closed_camp_is_a_town() -> None:
    course = build_course(valley(), FleeParameters())
    due = 6
    assert course.town[:4, due].all() and not course.town[4:, due].any()
    assert (course.move_chance[:4, due] == 0.5).all() and (course.move_chance[4:, due] == 0.001).all()
    assert course.score[3, due] == 1.0 and course.score[4, due] == 2.0


def test_forced_redirection() -> None:
    """All who set out at Hub go to Uno, until the redirection is lifted; in Flee it only counts a link twice."""
    ours, flee = (build_course(valley(), FleeParameters(readings=r)) for r in ("ours", "flee"))  # type: ignore[arg-type]
    hub = 4
    assert (ours.redirect[:6, hub] >= 0).all() and (ours.redirect[6:, hub] == -1).all() and (flee.redirect == -1).all()
    assert len(flee.links.start) == len(ours.links.start) + 2
    world = conflict(
        [place("A", "X", Kind.CONFLICT, 10), place("H", "X", Kind.HUB), place("B", "X", Kind.CAMP), place("C", "X", Kind.CAMP, 20)],
        [("A", "H", 10), ("H", "B", 10), ("H", "C", 500, 2)], {"A": [1.0]}, [0, 10, 10, 10, 200, 200, 200, 200, 200, 200, 200, 200],
    )  # fmt: skip
    end = simulate_flee(world, FleeParameters(camp_movechance=0.0, max_move_speed=1000.0, conflict_weight=0.001), 1)
    assert end[3].tolist()[2:] == [0, 10]
    assert end[-1, 2] > 0, "not to a camp that is full"


def test_conflict_zones() -> None:
    """Flee keeps the first intensity of an outbreak, and starts a zone of day 0 whatever the first day says."""
    world = conflict(
        [place("A", "X", Kind.CONFLICT, 10), place("Z", "X", Kind.CONFLICT, 10), place("B", "X", Kind.CAMP)], [("A", "B", 10)],
        {"A": [0.5, 0.5, 1.0, 0.0, 0.2, 0.2], "Z": [0.0, 0.0, 0.0, 1.0, 0.0, 0.0]}, [0, 1, 2, 3, 4, 5],
    )  # fmt: skip
    ours, flee = (build_course(world, FleeParameters(readings=r)).zones for r in ("ours", "flee"))  # type: ignore[arg-type]
    assert ours.intensity[:, 0].tolist() == [0.5, 0.5, 1.0, 0.0, 0.2, 0.2] and ours.intensity[:, 1].tolist() == [0, 0, 0, 1, 0, 0]
    assert flee.intensity[:, 0].tolist() == [0.5, 0.5, 0.5, 0.0, 0.2, 0.2] and flee.intensity[:, 1].tolist() == [1, 1, 1, 1, 0, 0]
    assert ours.age[:, 0].tolist() == [0, 1, 2, 3, 0, 1]
    assert build_course(world, FleeParameters()).spawn_weight[2].tolist() == [10.0, 0.0, 0.0]


def test_capacities_of_day_0() -> None:
    """Flee takes the people of day 0 off the capacity, and counts them as occupants too."""
    ours, flee = (build_course(valley(), FleeParameters(readings=r)).capacity for r in ("ours", "flee"))  # type: ignore[arg-type]
    assert ours[0, 5] == pytest.approx(1.25 * 110) and flee[0, 5] == pytest.approx(1.25 * 70)
    assert ours[0, 8] == pytest.approx(1.25 * 62) and ours[-1, 8] == pytest.approx(1.25 * (60 + 2 * DAYS))
    assert (build_course(valley(), FleeParameters(), limits=False).capacity == 0.0).all()


# -- zero and extreme ------------------------------------------------------------------------------


def test_full_camps_turn_people_away() -> None:
    world = conflict(
        [place("A", "X", Kind.CONFLICT, 10), place("T", "X", Kind.TOWN), place("B", "X", Kind.CAMP, 8)], [("A", "T", 10), ("T", "B", 10)],
        {"A": [1.0]}, [0, *range(5, 300, 5)],
    )  # fmt: skip
    for p in (FleeParameters(camp_movechance=0.0), FleeParameters(camp_movechance=0.0, awareness_level=2)):
        people = simulate_flee(world, p, 1)
        assert 8 <= people[-1, 2] <= 25, "about 10, and who is let in while it does not look full yet"
        assert people[-1].sum() > 200


def test_nowhere_to_go() -> None:
    world = conflict([place("A", "X", Kind.CONFLICT, 10), place("B", "X", Kind.CAMP)], [], {"A": [1.0]}, [0, 10, 20])
    for level in (1, 2, 3):
        assert simulate_flee(world, FleeParameters(awareness_level=level), 1)[-1].tolist() == [20, 0]


def test_a_road_without_length_ends_with_the_day() -> None:
    world = conflict(
        [place("A", "X", Kind.CONFLICT, 10), place("H", "X", Kind.HUB), place("I", "X", Kind.HUB)], [("A", "H", 0), ("H", "I", 0)],
        {"A": [1.0]}, [0, 10, 20],
    )  # fmt: skip
    for readings in ("ours", "flee"):
        assert build_course(world, FleeParameters()).links.metres.max() == 0
        for softening in (0.0, 10.0):
            people = simulate_flee(world, FleeParameters(readings=readings, softening=softening), 1)  # type: ignore[arg-type]
            assert 0 <= people[-1].sum() <= 20


def test_nobody_comes_and_nobody_moves() -> None:
    world = dataclasses.replace(valley(), known=np.zeros(DAYS, dtype=np.int64), counts=np.zeros_like(valley().counts))
    assert simulate_flee(world, FleeParameters(), 1).sum() == 0
    frozen = FleeParameters(default_movechance=0, conflict_movechance=0, camp_movechance=0, idpcamp_movechance=0, hub_movechance=0)
    people = simulate_flee(valley(), frozen, 1)
    assert people[-1].sum() == 60 + newcomers(valley(), frozen).sum() == 60 + RISING[-1] - RISING[0]


def test_people_without_a_place_to_flee_from() -> None:
    world = conflict([place("A", "X", Kind.CONFLICT, 10), place("B", "X", Kind.CAMP)], [("A", "B", 10)], {}, [0, 10, 20])
    with pytest.raises(InputError, match="no place with population is ever a conflict zone"):
        simulate_flee(world, FleeParameters(), 1)
    late = conflict([place("A", "X", Kind.CONFLICT, 10), place("B", "X", Kind.CAMP)], [("A", "B", 10)], {"A": [0.0, 0.0, 1.0]}, [0, 10, 20])
    assert simulate_flee(late, FleeParameters(), 1)[-1].sum() == 20, "they wait until there is one"


def test_routes_look_as_far_ahead_as_they_should() -> None:
    world = crossroads()
    names = [x.name for x in world.places]
    for level, expected in ((1, {"Cola", "Dore"}), (2, {"Cola", "Dore", "Uno", "Due", "Tre", "Alma"} - {"Alma"})):
        p = FleeParameters(awareness_level=level)
        routes = build_routes(world, build_links(world, p), p)
        ends = {names[e] for e, s in zip(routes.end, routes.start, strict=True) if names[s] == "Alma"}
        assert ends == expected, "crossroads cost no step and are no destination"


@pytest.mark.skipif(not (DATA / "mali2012").is_dir(), reason="no conflict folders; set MARCHLAND_DISPLACEMENT_DATA to the folder that holds them")
def test_docking_mali2012() -> None:
    """Flee, 24 seeds with a twentieth of the people: ARD 0.397, standard deviation 0.004 (docs/flee.md)."""
    world = read_conflict(DATA / "mali2012")
    people = simulate_flee(world, FleeParameters(readings="flee"), 1)
    difference = np.abs(people - world.counts).sum(axis=1) / np.maximum(world.counts.sum(axis=1), 1)
    assert difference.mean() == pytest.approx(0.397, abs=0.008)
    last = dict(zip([world.places[i].name for i in world.camps], people[-1].tolist(), strict=True))
    assert last["Fassala-Mbera"] == pytest.approx(51_300, rel=0.015) and last["Abala"] == pytest.approx(12_700, rel=0.02)
