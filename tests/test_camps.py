"""What a strict reading of camps found: whole limits, one count of people, places to flee from, days that line up."""

from __future__ import annotations

import numpy as np
import pytest

from agents.errors import InputError
from agents.vocabulary import ABROAD
from experiments.validation.suite import Loaded, run_suite
from sim.displacement.conflict import Closure, ClosureKind, Conflict, Kind
from sim.displacement.network import build_network
from sim.displacement.simulate import camp_counts
from tests.conflicts import camp_days, conflict, model_of, place, rising, scenario_of, two_ways


def test_day_by_day_the_counts_are_those_of_the_evening() -> None:
    """Day 0 holds the camps' own first counts, day t the people on evening t: nothing is a day early or late."""
    world = two_ways(first={"Uno": 70, "Tre": 30}, people=rising(30, 900, 100))
    counts = camp_counts(scenario_of(world), seed=3)
    assert counts[0].tolist() == [70, 0, 30]
    model = model_of(scenario_of(world), seed=3)
    model.run_for(12)
    assert counts[11].tolist() == model.state.people[:, world.camps].sum(axis=0).tolist()


@pytest.mark.parametrize("capacity", [51, 52])
def test_half_of_an_odd_capacity_is_a_whole_limit(capacity: int) -> None:
    """Nobody sets out for half a place: when all camps are full people stay, whether the capacity is odd or even."""
    world = two_ways(capacities=(capacity, capacity, capacity), people=rising(30, 900))
    levers = {name: [("admission", 0.5, 0, 99)] for name in ("left", "right")}
    model = model_of(scenario_of(world, governments={"left": "Left", "right": "Right"}), levers)
    model.run_for(25)
    on_the_road = int(model.state.inland.sum()) - int(model.record.latest("region", "region", "queued"))
    assert model.state.people[:, world.camps].sum(axis=0).tolist() == [capacity // 2] * 3
    assert on_the_road == 0
    assert int(model.state.people[:, 0].sum()) > 0, "the others stay where they are"


def test_people_without_papers_fill_a_camp_like_all_others() -> None:
    """Revoked cards free no room: choice and admission count the same people, so nobody circles between full camps."""
    world = two_ways(capacities=(300, 300, 300), people=rising(40, 2000))
    scenario = scenario_of(world, governments={"left": "Left", "right": "Right"}, deportation_capacity=2.0)
    rows = [("deportation/registered", 1.0, 20, 30)]
    model = model_of(scenario, {"left": rows, "right": rows})
    model.run_for(38)
    camps = world.camps
    without = [b.first for b in model.setting.populations.blocks if b.status is ABROAD[-1]]
    rows_without = [r for first in without for r in range(first, first + len(model.setting.world.homes[0]))]
    assert model.state.people[rows_without][:, camps].sum() > 0, "some cards are revoked, or the test shows nothing"
    room = 900 - int(model.state.people[:, camps].sum())
    on_the_road = int(model.state.inland.sum()) - int(model.record.latest("region", "region", "queued"))
    assert on_the_road <= room + 12, "only those for whom there is room, and the deported on their way home"


def test_where_people_are_adds_up_to_those_who_entered() -> None:
    """Also after some have gone home."""
    world = two_ways(zones={"Alma": [1.0] * 8 + [0.0]}, people=[*rising(8, 800), *[800] * 300])
    model = model_of(scenario_of(world, returns=True)).run()
    row = model.outcomes
    parts = ("in_camps", "at_stops", "in_fighting", "on_the_way", "waiting", "at_home")
    assert row["at_home"] > 0.0
    assert sum(int(row[name]) for name in parts) == int(row["entered"]) == 800


def town_at_war() -> Conflict:
    """The file names a town, and no place is typed as a conflict zone that ever sees fighting."""
    places = [
        place("Alma", "Home", Kind.CONFLICT, 4000, "North"), place("Cola", "Home", Kind.TOWN, 900, "South"),
        place("Uno", "Left", Kind.CAMP, 0),
    ]
    return conflict(places, [("Alma", "Cola", 50), ("Cola", "Uno", 100)], {"Cola": [1.0]}, rising(20, 500))


def test_a_town_with_fighting_is_a_place_to_flee_from() -> None:
    scenario = scenario_of(town_at_war())
    assert scenario.setting.reservoir is not None
    assert scenario.setting.reservoir.origins[5].tolist() == [0.0, 1.0, 0.0, 0.0]
    assert "South" in scenario.setting.world.homes[0]
    assert camp_counts(scenario)[-1, 0] > 400


def test_people_without_any_place_to_flee_from_are_one_line() -> None:
    places = [place("Cola", "Home", Kind.TOWN, 900), place("Uno", "Left", Kind.CAMP, 0)]
    world = conflict(places, [("Cola", "Uno", 100)], {}, rising(20, 500))
    with pytest.raises(InputError, match="no place is ever a conflict zone"):
        scenario_of(world)


def test_closed_and_opened_on_one_day_is_open() -> None:
    row = Closure(ClosureKind.COUNTRY, "Home", "Left", 4, 4)
    assert build_network(two_ways(closures=[row])).road_open.all()
    lasting = Closure(ClosureKind.COUNTRY, "Home", "Left", 4, 0)
    network = build_network(two_ways(closures=[lasting]))
    assert not network.road_open[network.phase[29]].all() and network.road_open[network.phase[3]].all()


def test_a_closure_that_ends_on_the_last_day_is_over_on_it() -> None:
    row = Closure(ClosureKind.COUNTRY, "Home", "Left", 4, 29)
    network = build_network(two_ways(closures=[row]))
    assert not network.road_open[network.phase[28]].all() and network.road_open[network.phase[29]].all()


def test_of_two_roads_between_the_same_places_the_shorter_counts() -> None:
    places = [place("Alma", "Home", Kind.CONFLICT, 10), place("Uno", "Left", Kind.CAMP, 0)]
    for roads in ([("Alma", "Uno", 90.0), ("Alma", "Uno", 40.0)], [("Uno", "Alma", 40.0), ("Alma", "Uno", 90.0)]):
        network = build_network(conflict(places, roads, {"Alma": [1.0]}, rising(5, 10)))
        assert network.distances(0, np.ones(1))[0, 1] == 40.0


def test_crossings_of_the_first_border_are_booked() -> None:
    """Everybody in a camp of Left has crossed the border of Home and Left, the first one."""
    world = two_ways()
    model = model_of(scenario_of(world)).run()
    assert model.setting.world.crossings[0] == "Home - Left"
    passed = model.record.series("crossing", "Home - Left", "passed").sum()
    there = model.state.people[:, world.camps[:2]].sum()
    assert there <= passed <= there + 600 and there > 1000


def test_a_way_longer_than_the_ring_of_days_loses_nobody() -> None:
    """A closure makes the way forty times as long; people arrive early rather than never."""
    places = [
        place("Alma", "Home", Kind.CONFLICT, 10), place("Cola", "Home", Kind.TOWN, 1), place("Uno", "Left", Kind.CAMP, 0),
    ]
    row = Closure(ClosureKind.LINK, "Alma", "Uno", 5, 0)
    world = conflict(
        places, [("Alma", "Uno", 100.0), ("Alma", "Cola", 2000.0), ("Cola", "Uno", 2000.0)], {"Alma": [1.0]}, rising(40, 4000), closures=[row]
    )
    model = model_of(scenario_of(world))
    camp_days(model)
    assert model.state.head_count() == 0
    assert int(model.state.people.sum() + model.state.inland.sum()) == 4000


def test_the_last_day_and_the_mean_are_told_apart() -> None:
    """A simulation that is right on all days but the last has the error of the last day alone."""
    world = two_ways(people=rising(10, 900), first={"Uno": 10})
    world.counts[:] = 100

    def simulate(conflict: Conflict, *, capacities: str, rule: str, seed: int, parameters: object) -> np.ndarray:
        counts = conflict.counts.copy()
        counts[-1, 0] += 30 * seed
        return counts

    result = run_suite([Loaded(world, 0.0)], simulate, seeds=3, modes=("withheld",))
    measures = result.modes[0].conflicts[0].measures
    assert measures["ard_final"].mean == pytest.approx(0.2)  # 30, 60 and 90 of 300 people
    assert measures["ard_mean"].mean == pytest.approx(0.02)
