"""The network of a conflict: phases of closures, ways over open roads, borders, opening days of camps, orders of rows."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from conflicts import conflict, model_of, numbers, place, rising, scenario_of, two_ways

from sim.displacement.choice import opening_days
from sim.displacement.conflict import Closure, ClosureKind, Conflict, Kind
from sim.displacement.network import Network, build_network
from sim.movement import Movers

DAYS = 12


def closed(*rows: tuple[ClosureKind, str, str, int, int]) -> Network:
    return build_network(two_ways(people=rising(DAYS, 100), closures=[Closure(*row) for row in rows], idp=True))


def index(network: Network, name: str) -> int:
    return network.conflict.index(name)


def road(network: Network, a: str, b: str) -> int:
    names = [{network.conflict.places[i].name for i in ends} for ends in network.ends.tolist()]
    return names.index({a, b})


def open_by_day(network: Network, which: int, *, places: bool = False) -> list[bool]:
    table = network.place_open if places else network.road_open
    return [bool(x) for x in table[network.phase, which]]


def km(network: Network, a: str, b: str, *, day: int = 0, is_open: Sequence[float] | None = None, border_km: float = 0.0) -> float:
    borders = np.ones(len(network.borders)) if is_open is None else np.array(is_open)
    table = network.distances(int(network.phase[day]), borders, border_km)
    return float(table[index(network, a), index(network, b)])


# -- phases ------------------------------------------------------------------------------------------


def test_without_closures_there_is_one_phase_and_all_is_open() -> None:
    network = closed()
    assert network.phase.tolist() == [0] * DAYS
    assert network.road_open.shape == (1, 5) and network.place_open.shape == (1, 6)
    assert network.road_open.all() and network.place_open.all() and (network.border_open == 1.0).all()


@pytest.mark.parametrize(("start", "end", "shut"), [
    (3, 6, {3, 4, 5}),  # from the start to the day before the end
    (0, 1, {0}),
    (0, -1, set(range(DAYS))), (4, -1, set(range(4, DAYS))),  # never undone
    (4, 4, set()), (0, 0, set()),  # closed and opened on one day: nothing, as in Flee
    (4, 2, set(range(4, DAYS))), (5, 0, set(range(5, DAYS))),  # an end before the start is none
    (DAYS - 1, -1, {DAYS - 1}), (DAYS, -1, set()), (DAYS + 5, DAYS + 9, set()),
    (7, DAYS, set(range(7, DAYS))), (7, 99, set(range(7, DAYS))),
    (-4, 3, {0, 1, 2}), (-4, -1, set(range(DAYS))), (-4, 0, set()),  # from day 0 on
])  # fmt: skip
def test_first_and_last_day_of_a_closure(start: int, end: int, shut: set[int]) -> None:
    network = closed((ClosureKind.LINK, "Alma", "Tre", start, end))
    here = open_by_day(network, road(network, "Alma", "Tre"))
    assert {day for day, is_open in enumerate(here) if not is_open} == shut
    others = [k for k in range(5) if k != road(network, "Alma", "Tre")]
    assert network.road_open[:, others].all() and network.place_open.all()
    assert set(network.phase.tolist()) == set(range(len(network.road_open))), "every phase has a day"


@pytest.mark.parametrize(("row", "roads", "places"), [
    ((ClosureKind.COUNTRY, "Home", "Left"), {("Cola", "Uno")}, set()),
    ((ClosureKind.COUNTRY, "Left", "Home"), {("Cola", "Uno")}, set()),
    ((ClosureKind.COUNTRY, "Left", "Right"), set(), set()),
    ((ClosureKind.COUNTRY, "Left", "Left"), {("Uno", "Due")}, set()),
    ((ClosureKind.LINK, "Uno", "Cola"), {("Cola", "Uno")}, set()),
    ((ClosureKind.LOCATION, "Alma", "Tre"), {("Alma", "Tre")}, set()),
    ((ClosureKind.LOCATION, "Uno", ""), {("Cola", "Uno"), ("Uno", "Due")}, {"Uno"}),
    ((ClosureKind.LOCATION, "Uno", "Left"), {("Cola", "Uno"), ("Uno", "Due")}, {"Uno"}),
    ((ClosureKind.CAMP, "Uno", ""), set(), {"Uno"}),
    ((ClosureKind.IDP_CAMP, "Idp", ""), set(), {"Idp"}),
    ((ClosureKind.CAMP, "Cola", ""), set(), set()),
    ((ClosureKind.REDIRECTION, "Cola", "Uno"), set(), set()),
], ids=lambda value: "-".join(value) if isinstance(value, tuple) else f"{len(value)}")  # a set has no fixed order
def test_what_each_kind_closes(row: tuple[ClosureKind, str, str], roads: set[tuple[str, str]], places: set[str]) -> None:
    network = closed((*row, 2, 5))
    for day in (0, 1, 2, 4, 5, DAYS - 1):
        shut = 2 <= day < 5
        for k in range(len(network.ends)):
            a, b = (network.conflict.places[i].name for i in network.ends[k])
            assert open_by_day(network, k)[day] == (not (shut and (a, b) in roads)), (day, a, b)
        for i, p in enumerate(network.conflict.places):
            assert open_by_day(network, i, places=True)[day] == (not (shut and p.name in places)), (day, p.name)


def test_overlapping_closures_hold_until_the_last_one_ends() -> None:
    network = closed((ClosureKind.LINK, "Alma", "Tre", 2, 6), (ClosureKind.COUNTRY, "Home", "Right", 4, 8), (ClosureKind.LINK, "Alma", "Tre", 3, 5))
    assert network.phase.tolist() == [0, 0, 1, 2, 3, 4, 5, 5, 6, 6, 6, 6]
    assert [day for day, is_open in enumerate(open_by_day(network, road(network, "Alma", "Tre"))) if not is_open] == [2, 3, 4, 5, 6, 7]
    border = network.conflict.border_names.index("Home - Right")
    assert network.border_open[network.phase, border].tolist() == [1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1]


def test_a_border_is_open_while_any_road_over_it_is() -> None:
    world = two_ways(people=rising(DAYS, 100), closures=[Closure(ClosureKind.LINK, "Cola", "Uno", 2, 4), Closure(ClosureKind.LINK, "Alma", "Due", 3, 5)])
    more = dataclasses.replace(world, roads=(*world.roads, dataclasses.replace(world.roads[0], a=0, b=3, distance=500.0)))
    network = build_network(more)
    border = more.border_names.index("Home - Left")
    assert network.border_open[network.phase, border].tolist() == [1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1]


def test_opening_days_of_camps() -> None:
    network = closed((ClosureKind.CAMP, "Uno", "", 0, 4), (ClosureKind.CAMP, "Due", "", 3, 6), (ClosureKind.LOCATION, "Tre", "", 0, -1))
    camps = [index(network, name) for name in ("Uno", "Due", "Tre", "Idp")]
    opened = opening_days(network.place_open[:, camps], network.phase)
    assert opened.tolist() == [4, 0, 0, 0], "closed later is not new; never open is not new either"
    early = closed((ClosureKind.CAMP, "Uno", "", -3, 4))
    assert opening_days(early.place_open[:, camps], early.phase).tolist() == [4, 0, 0, 0]


# -- ways --------------------------------------------------------------------------------------------


def test_ways_are_the_shortest_over_open_roads() -> None:
    network = closed((ClosureKind.LINK, "Alma", "Cola", 5, 8))
    assert km(network, "Alma", "Due") == 50 + 100 + 120
    assert km(network, "Tre", "Idp") == 200 + 50 + 30
    assert km(network, "Alma", "Due", day=5) == np.inf and km(network, "Alma", "Tre", day=5) == 200
    table = network.distances(0, np.ones(len(network.borders)))
    assert np.array_equal(table, table.T) and (np.diag(table) == 0.0).all()


def test_of_two_roads_between_the_same_places_the_shorter_open_one_counts() -> None:
    world = two_ways()
    for extra, expected in ((40.0, 40.0), (60.0, 50.0)):
        again = dataclasses.replace(world.roads[0], a=1, b=0, distance=extra)
        assert km(build_network(dataclasses.replace(world, roads=(*world.roads, again))), "Alma", "Cola") == expected


def test_closed_and_half_open_borders() -> None:
    network = closed()
    names = network.conflict.border_names
    assert names == ("Home - Left", "Home - Right")
    left = [float(name != "Home - Left") for name in names]
    assert km(network, "Alma", "Due", is_open=left) == np.inf and km(network, "Uno", "Due", is_open=left) == 120
    assert km(network, "Alma", "Tre", is_open=left) == 200, "the other border is another matter"
    half = [0.5 if name == "Home - Left" else 1.0 for name in names]
    assert km(network, "Alma", "Due", is_open=half) == 50 + 2 * 100 + 120, "half open: as long as two"
    tenth = [0.1 if name == "Home - Left" else 1.0 for name in names]
    assert km(network, "Alma", "Uno", is_open=tenth) == pytest.approx(50 + 10 * 100)


def test_what_a_border_counts_for() -> None:
    network = closed()
    assert km(network, "Alma", "Due", border_km=70.0) == 50 + (100 + 70) + 120
    assert km(network, "Alma", "Idp", border_km=70.0) == 80 and km(network, "Uno", "Due", border_km=70.0) == 120
    half = [0.5] * len(network.borders)
    assert km(network, "Alma", "Uno", is_open=half, border_km=70.0) == 50 + 2 * (100 + 70)


def test_borders_are_pairs_of_countries_that_a_road_joins() -> None:
    world = conflict(
        [place("a", "A", Kind.CONFLICT, 5), place("c", "C", Kind.CAMP), place("b", "B", Kind.CAMP), place("b2", "B", Kind.TOWN), place("d", "D", Kind.CAMP)],
        [("c", "a", 10), ("b", "a", 20), ("a", "b2", 25), ("b", "b2", 5), ("b2", "c", 7)], {"a": [1.0]}, rising(3, 9),
    )  # fmt: skip
    network = build_network(world)
    assert network.countries == ("A", "C", "B", "D") and world.border_names == ("A - C", "A - B", "C - B")
    assert network.borders.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert network.border.tolist() == [0, 1, 1, -1, 2]
    assert km(network, "a", "d") == np.inf and network.home.tolist() == [True, False, False, False, False]
    reservoir = scenario_of(world).setting.reservoir
    assert reservoir is not None
    between = reservoir.border_between
    assert between[0].tolist() == [-1, 0, 1, 0], "no border of their own: booked at one of the country that is left"
    assert between[1, 2] == between[2, 1] == 2 and between[3].tolist() == [-1, -1, -1, -1]


def test_a_conflict_without_roads_over_borders_has_none() -> None:
    world = conflict([place("a", "A", Kind.CONFLICT, 5), place("b", "A", Kind.CAMP)], [("a", "b", 10)], {"a": [1.0]}, rising(4, 40))
    network = build_network(world)
    assert network.borders.shape == (0, 2) and network.border_open.shape == (1, 0)
    assert network.distances(0, np.ones(0))[0, 1] == 10.0
    model = model_of(scenario_of(world)).run()
    assert int(model.state.people[:, 1].sum()) + int(model.state.inland[:, :, 1].sum()) == 40


# -- names and orders ----------------------------------------------------------------------------------


def shares(world: Conflict) -> dict[tuple[str, str], float]:
    """Expected share of each camp for somebody of unknown home at each place, on day 5, by name."""
    model = model_of(scenario_of(world, parameters=numbers(gravity={"power": 1.2, "followers": 0.4, "border_km": 30.0})))
    choice, setting = model.network.choice, model.setting  # type: ignore[union-attr]
    stock = np.array([40 + 13 * sorted(p.name for p in world.places).index(p.name) for p in world.places])
    camps = np.array([i for i, p in enumerate(world.places) if p.is_camp])
    unknown = len(setting.world.homes[0]) - 1
    model.state.people[setting.reservoir.row_at[unknown, camps], camps] = stock[camps]  # type: ignore[union-attr]
    model.state.day = 5
    today = model.begin_day()
    model.network.routes.open_borders(model.state, setting, today)  # type: ignore[union-attr]
    choice.look(model.state, setting, model.network.routes, today)  # type: ignore[union-attr]
    here = np.arange(len(world.places))
    movers = Movers(setting.reservoir.row_at[unknown, here], here, np.zeros(len(here), dtype=np.int64), np.ones(len(here), dtype=np.int64))  # type: ignore[union-attr]
    weights = choice.shares(setting, movers) * choice.possible(movers)[:, None]
    places = [p.name for p in world.places]
    return {(places[i], places[c]): float(weights[i, k]) for i in here for k, c in enumerate(choice.targets)}


def reordered(world: Conflict, places: Sequence[int], roads: Sequence[int]) -> Conflict:
    """The same conflict with its rows in another order; the first place, which tells the home country, stays first."""
    where = {old: new for new, old in enumerate(places)}
    return dataclasses.replace(
        world, places=tuple(world.places[i] for i in places), intensity=world.intensity[:, list(places)],
        roads=tuple(dataclasses.replace(world.roads[k], a=where[world.roads[k].b], b=where[world.roads[k].a]) for k in roads),
        camps=np.array([where[int(c)] for c in world.camps]),
    )


CLOSURES = [Closure(ClosureKind.CAMP, "Due", "", 0, 4), Closure(ClosureKind.LINK, "Cola", "Idp", 7, 9)]


def test_the_order_of_rows_changes_no_expected_share() -> None:
    world = two_ways(idp=True, capacities=(0, 900, 60), closures=CLOSURES)
    expected = shares(world)
    assert len({round(x, 9) for x in expected.values()}) > 8
    orders = list(itertools.permutations(range(1, 6)))[7::17]
    for order in orders:
        found = shares(reordered(world, [0, *order], [4, 2, 0, 3, 1]))
        assert found.keys() == expected.keys()
        assert all(found[key] == pytest.approx(value, abs=1e-12) for key, value in expected.items())


def test_names_play_no_part() -> None:
    world = two_ways(idp=True, capacities=(0, 900, 60), closures=CLOSURES)
    # Names keep their order of the alphabet, by which the stocks of `shares` are given out.
    new = {p.name: f"{p.name}-{k}" for k, p in enumerate(world.places)}
    renamed = dataclasses.replace(
        world, places=tuple(dataclasses.replace(p, name=new[p.name], country=p.country[::-1], region=p.region * 2) for p in world.places),
        closures=tuple(dataclasses.replace(c, name1=new[c.name1], name2=new.get(c.name2, "")) for c in world.closures), home="emoH",
    )
    assert list(shares(renamed).values()) == list(shares(world).values())


def test_the_order_of_rows_changes_no_mean_of_a_run() -> None:
    world = two_ways(idp=True, capacities=(0, 900, 600), closures=CLOSURES)
    other = reordered(world, [0, 5, 3, 1, 4, 2], [4, 2, 0, 3, 1])
    ends = []
    for version, seeds in ((world, range(30)), (other, range(100, 130))):
        scenario = scenario_of(version)
        ends.append(np.array([model_of(scenario, seed=seed).run().state.people[:, version.camps].sum(axis=0) for seed in seeds]))
    assert [world.places[c].name for c in world.camps] == [other.places[c].name for c in other.camps]
    error = np.sqrt((ends[0].var(axis=0) + ends[1].var(axis=0)) / 30) + 1e-9
    assert (np.abs(ends[0].mean(axis=0) - ends[1].mean(axis=0)) < 4.0 * error + 0.5).all()
