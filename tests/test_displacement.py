"""Displacement as a whole: nobody is lost, camps admit whom they have room for, borders and levers do what they say.

Every run here is of a made-up conflict; the same holds for any folder, and :mod:`test_policy_levers` looks at a real one.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import numpy as np
import pytest
from conflicts import camp_days, conflict, model_of, numbers, place, rising, scenario_of, two_ways

from agents.vocabulary import REASONS, Account, Reason, Status
from sim.accounts import ACCOUNT_INDEX
from sim.displacement.conflict import Closure, ClosureKind, Conflict, Kind
from sim.displacement.reservoir import entered
from sim.model import MarchlandModel
from sim.schedule import DAY
from sim.today import Today

OUTSIDE = ACCOUNT_INDEX[Account.OUTSIDE.value]
HOSTS = {"left": "Left", "right": "Right"}
RULES = ("gravity", "flee")


def days(model: MarchlandModel, number: int | None = None) -> Iterator[Today]:
    """Play days, one at a time, and show what happened."""
    for _ in range(model.setting.days - model.state.day if number is None else number):
        today = model.begin_day()
        for stage in model.stages:
            stage.run(model, today)
        model.end_day()
        yield today


def at(model: MarchlandModel, name: str) -> int:
    """People at a place."""
    return int(model.state.people[:, model.setting.world.places.index(name)].sum())


def rows(model: MarchlandModel, status: Status) -> slice:
    return model.setting.populations.block(0, status).rows


def left(today: Today, reason: Reason) -> int:
    return int(today.left[REASONS.index(reason)].sum())


def eventful() -> Conflict:
    """Two zones, totals that fall and rise, closures of several kinds, camps that fill up, one at home, one new."""
    return conflict(
        [
            place("Alma", "Home", Kind.CONFLICT, 4000, "North"), place("Bera", "Home", Kind.CONFLICT, 900, "East"),
            place("Cola", "Home", Kind.TOWN, 900, "South"), place("Uno", "Left", Kind.CAMP, 700), place("Due", "Left", Kind.CAMP, 500),
            place("Tre", "Right", Kind.CAMP, 0), place("Idp", "Home", Kind.IDP_CAMP, 300, "South"), place("Mark", "Home", Kind.MARKER),
        ],
        [
            ("Alma", "Bera", 40), ("Alma", "Cola", 50), ("Bera", "Mark", 80), ("Mark", "Uno", 60), ("Cola", "Uno", 100),
            ("Uno", "Due", 1300), ("Alma", "Tre", 900), ("Cola", "Idp", 30),
        ],
        {"Alma": [1.0] * 18 + [0.3] * 9 + [0.0], "Bera": [0.0] * 6 + [1.0] * 14 + [0.0]},
        [300, 310, 280, 250, 400, 900, 1000, 960, 990, 1300, *rising(20, 2600, 1300), *[2550] * 5, *rising(5, 2900, 2560)],
        first={"Uno": 100, "Tre": 150, "Idp": 30},
        closures=[
            Closure(ClosureKind.COUNTRY, "Home", "Right", 8, 15), Closure(ClosureKind.CAMP, "Due", "", 0, 12),
            Closure(ClosureKind.LINK, "Cola", "Uno", 10, 20), Closure(ClosureKind.LOCATION, "Cola", "", 22, 24),
        ],
    )  # fmt: skip


# -- people in the books -----------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("capacities", ["limits", "withheld"])
def test_nobody_is_lost_and_everybody_comes_from_the_reservoir(rule: str, capacities: str) -> None:
    world = eventful()
    due = entered(world)
    highest = np.maximum.accumulate(world.known)
    assert due.tolist() == (highest - highest[0] + world.counts[0].sum()).tolist()
    model = model_of(scenario_of(world, rule=rule, capacities=capacities))
    for day, today in enumerate(days(model)):
        assert model.state.head_count() == 0, "people and the account outside add up to nobody"
        inside = int(model.state.people.sum() + model.state.inland.sum()) + model.state.on_links()
        assert inside == -int(model.state.accounts[OUTSIDE].sum()) <= due[day]
        assert inside == due[day] or (rule == "flee" and day >= 27), "Flee lets people in only where there is fighting"
        for table in (model.state.people, model.state.inland, today.left, today.crossed):
            assert (table >= 0).all()
    assert (model.state.people[:, 7] == 0).all() or rule == "flee", "nobody lives at a crossroads"
    assert (model.state.people[:, len(world.places) :] == 0).all(), "nobody lives on a border"


def test_nobody_is_lost_with_governments_returns_and_onward_moves() -> None:
    parameters = numbers(displaced={"onward": 0.05, "calm_days": 5.0}, returns={"voluntary": 0.005, "idp_return": 0.01})
    scenario = scenario_of(eventful(), governments={"home": "Home", **HOSTS}, returns=True, parameters=parameters, deportation_capacity=20.0)
    levers = {
        "left": [("deportation/registered", 1.0, 5, 30), ("admission", 0.4, 12, 25), ("close_people/Home - Left", 0.7, 20, 26)],
        "right": [("close_people/Home - Right", 1.0, 16, 20), ("admission", 1.0, 20, 30), ("registration", 1.0, 0, 40), ("regularisation", 1.0, 0, 40)],
        "home": [("integration", 1.0, 0, 40)],
    }
    model = model_of(scenario, levers)
    due = entered(eventful())
    for day, _ in enumerate(days(model)):
        state = model.state
        assert state.head_count() == 0 and -int(state.accounts[OUTSIDE].sum()) == due[day]
        assert (state.people >= 0).all() and (state.inland >= 0).all()


@pytest.mark.parametrize("rule", RULES)
def test_the_first_evening_is_that_of_the_data(rule: str) -> None:
    world = eventful()
    model = model_of(scenario_of(world, rule=rule)).run_for(1)
    inside = model.state.people[:, world.camps].sum(axis=0)
    if rule == "gravity":
        assert inside.tolist() == [100, 0, 150, 30] and model.state.people.sum() == 280
    else:  # in Flee people in camps move on the first day too, one in a thousand
        assert np.abs(inside - [100, 0, 150, 30]).max() <= 3
    assert int(model.state.people.sum()) + model.state.on_links() == 280 and model.state.inland.sum() == 0


def test_a_fall_is_paid_before_new_people_enter() -> None:
    world = two_ways(people=[100, 100, 60, 80, 100, 130, 90, 131])
    model = model_of(scenario_of(world))
    inside = [-int(model.state.accounts[OUTSIDE].sum()) for _ in days(model)]
    assert inside == [0, 0, 0, 0, 0, 30, 30, 31]


def test_people_come_from_places_of_fighting() -> None:
    world = eventful()
    model = model_of(scenario_of(world, parameters=numbers(displaced={"leave": 0.0, "go_on": 0.0})))
    bera = []
    for _ in days(model):
        bera.append(at(model, "Bera"))
        assert at(model, "Cola") == 0
    assert bera[:6] == [0] * 6 and np.diff(bera[6:20]).max() > 50 and at(model, "Alma") > 0
    assert bera[20:26] == [bera[20]] * 6, "once it is calm nobody comes from there"


def test_many_residents_near_a_border_send_more() -> None:
    """Chances of origins: residents^origin_power * intensity * (km to the nearest place abroad + softening)^-access."""
    def origins(**values: float) -> np.ndarray:
        scenario = scenario_of(eventful(), parameters=numbers(gravity=values))
        return scenario.setting.reservoir.origins  # type: ignore[union-attr]

    even = origins(origin_power=0.0, access=0.0)
    assert even[10, :2].tolist() == [0.5, 0.5] and even[20, 0] == 1.0 and even[0, 0] == 1.0
    assert (even[:, 2:] == 0.0).all() and even.sum(axis=1) == pytest.approx(1.0)
    assert even[19, 0] == pytest.approx(0.3 / 1.3)
    by_residents = origins(origin_power=1.0, access=0.0)
    assert by_residents[10, 0] == pytest.approx(4001 / (4001 + 901))
    by_access = origins(origin_power=0.0, access=2.0, softening=10.0)  # to Uno: 150 from Alma, 140 from Bera
    assert by_access[7, 0] == pytest.approx(160.0**-2 / (160.0**-2 + 150.0**-2))
    assert even[27:, :2].sum() == pytest.approx(13.0), "no fighting anywhere: all conflict zones"


# -- admission ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_no_camp_admits_beyond_its_limit(seed: int) -> None:
    world = eventful()
    limits = np.array([700, 500, np.inf, 300])
    counts = camp_days(model_of(scenario_of(world), seed=seed))
    assert (counts <= limits).all()
    assert (counts[-1][[0, 1, 3]] > 0.9 * limits[[0, 1, 3]]).all(), "the limits mean something here"
    free = camp_days(model_of(scenario_of(world, capacities="withheld"), seed=seed))
    assert (free[-1] > limits).any()


def test_who_is_above_the_limit_from_the_start_stays_and_nobody_more_comes() -> None:
    world = two_ways(capacities=(50, 0, 0), first={"Uno": 80, "Tre": 5}, people=rising(20, 2000, 85))
    model = model_of(scenario_of(world))
    counts = camp_days(model)
    assert (counts[:, 0] == 80).all() and counts[-1].sum() + model.state.inland.sum() == 2000
    assert counts[-1, 1] > 400 and counts[-1, 2] > 400


def test_overflow_goes_elsewhere() -> None:
    """All find the camps empty in the morning and set out; whom the small one turns away finds room in the others."""
    world = two_ways(people=[0, 3000, *[3000] * 8], capacities=(200, 0, 0))
    free, limited = (camp_days(model_of(scenario_of(world, capacities=mode))) for mode in ("withheld", "limits"))
    assert free[-1].sum() == limited[-1].sum() == 3000
    assert free[-1, 0] > 800 and limited[-1, 0] == 200
    assert (limited[-1, 1:] > free[-1, 1:]).all()
    assert limited[1].sum() < free[1].sum(), "the turned away are on the road a day longer"


def crowded(**levers: list[tuple[str, float, int, int]]) -> MarchlandModel:
    """600 people for three camps of 50, from day 1 on."""
    world = two_ways(people=[0, 600, *[600] * 28], capacities=(50, 50, 50))
    return model_of(scenario_of(world, governments=HOSTS, deportation_capacity=10.0), levers)


def test_where_all_is_full_people_wait_at_the_gate() -> None:
    model = crowded()
    seen = [(today.waiting, at(model, "Uno") + at(model, "Due") + at(model, "Tre"), int(model.state.inland.sum())) for today in days(model)]
    assert seen[-1] == (450, 150, 450)
    assert all(inside + outside == 600 for _, inside, outside in seen[1:])
    assert model.record.latest("region", "region", "queued") == 450
    assert model.record.latest("region", "region", "travelling") == 450


def test_who_waits_is_admitted_when_there_is_room() -> None:
    model = crowded(left=[("admission", 0.6, 0, 15)], right=[("admission", 0.6, 0, 15)])
    inside = []
    for _ in days(model):
        inside.append([at(model, name) for name in ("Uno", "Due", "Tre")])
    assert inside[14] == [20, 20, 20] and inside[-1] == [50, 50, 50], "the limits were lifted on day 15"
    assert sum(inside[15]) > 60


def test_room_that_others_leave_is_taken() -> None:
    model = crowded(right=[("deportation/registered", 1.0, 10, 12)])
    for day, today in enumerate(days(model)):
        if day >= 6:
            assert at(model, "Tre") == 50, "the place of a deported person is taken on the same evening"
        assert int(today.deported.sum()) <= (10 if day in (10, 11) else 0)


def test_people_at_home_stay_while_all_is_full_in_the_morning() -> None:
    world = two_ways(people=[150, 150, 150, 700, *[700] * 6], capacities=(50, 50, 50), first={"Uno": 50, "Due": 50, "Tre": 50})
    model = model_of(scenario_of(world)).run()
    assert at(model, "Alma") == 550 and model.state.inland.sum() == 0


# -- statuses -------------------------------------------------------------------------------------------


def test_displaced_at_home_and_refugees_are_told_apart() -> None:
    world = eventful()
    model = model_of(scenario_of(world))
    setting = model.setting
    abroad = setting.world.country > 0
    camp = np.zeros(setting.world.n_places, dtype=bool)
    camp[world.camps] = True
    for _ in days(model):
        people = model.state.people
        assert people[rows(model, Status.IDP)][:, abroad].sum() == 0
        assert people[rows(model, Status.REGISTERED)][:, ~(abroad & camp)].sum() == 0
        assert people[rows(model, Status.UNDOCUMENTED)].sum() == 0, "abroad all are in camps"
    assert at(model, "Idp") == int(people[rows(model, Status.IDP), world.index("Idp")].sum()) > 0
    assert at(model, "Uno") == int(people[rows(model, Status.REGISTERED), world.index("Uno")].sum()) > 0


def test_home_regions_are_kept() -> None:
    """People of a region are counted to it wherever they are; those of the first day are of unknown home."""
    world = eventful()
    scenario = scenario_of(world)
    homes = scenario.setting.world.homes[0]
    assert homes == ("North", "East", "(unknown)")
    model = model_of(scenario)
    came = np.zeros(3, dtype=int)
    for _ in days(model):
        table = model.state.people.sum(axis=1) + model.state.inland.sum(axis=(0, 2))
        now = np.array([sum(int(table[rows(model, s).start + h]) for s in (Status.IDP, Status.REGISTERED)) for h in range(3)])
        assert (now >= came).all()
        came = now
    assert came[2] == 280 and came[1] > 200 and came[0] > 200 and came.sum() == entered(world)[-1]


# -- borders --------------------------------------------------------------------------------------------


def test_who_can_go_nowhere_stays_and_leaves_when_the_border_opens() -> None:
    shut = [Closure(ClosureKind.COUNTRY, "Home", "Left", 0, 10), Closure(ClosureKind.LINK, "Alma", "Tre", 0, 12)]
    model = model_of(scenario_of(two_ways(people=rising(20, 1900), closures=shut)))
    for day, today in enumerate(days(model)):
        if day < 10:
            assert at(model, "Alma") == model.state.people.sum() == day * 100 and model.state.inland.sum() == 0
            assert left(today, Reason.FLIGHT) == 0, "who stays has not left"
        if day == 10:
            assert left(today, Reason.FLIGHT) == 1000 and at(model, "Alma") == 0 and at(model, "Tre") == 0
    assert at(model, "Tre") > 0 and at(model, "Uno") + at(model, "Due") >= 1000


def test_who_waits_at_home_when_fighting_ends_goes_on_from_there() -> None:
    """A calm place is a stop on the way for those who are displaced: they look for a camp at the rate of stops."""
    zones = {"Alma": [1.0] * 5 + [0.0]}
    shut = [Closure(ClosureKind.COUNTRY, "Home", "Left", 0, 10), Closure(ClosureKind.COUNTRY, "Home", "Right", 0, 10)]
    world = two_ways(people=[0, 40_000, *[40_000] * 28], zones=zones, closures=shut)
    model = model_of(scenario_of(world, parameters=numbers(displaced={"go_on": 0.25})))
    gone = [left(today, Reason.FLIGHT) for today in days(model)]
    assert gone[:10] == [0] * 10
    assert gone[10] == pytest.approx(10_000, rel=0.05) and gone[11] == pytest.approx(7500, rel=0.05)


@pytest.mark.parametrize(("border", "country"), [("Home - Left", "Left"), ("Home - Right", "Right")])
@pytest.mark.parametrize(("start", "end"), [(0, 12), (5, 17), (20, 99)])
def test_a_lever_closes_a_border_as_a_closure_in_the_folder_does(border: str, country: str, start: int, end: int) -> None:
    row = Closure(ClosureKind.COUNTRY, "Home", country, start, end)
    room = (2000, 2000, 0)
    by_file = model_of(scenario_of(two_ways(closures=[row], capacities=room), governments=HOSTS))
    by_lever = model_of(scenario_of(two_ways(capacities=room), governments=HOSTS), {country.lower(): [(f"close_people/{border}", 1.0, start, end)]})
    free = camp_days(model_of(scenario_of(two_ways(capacities=room), governments=HOSTS)))
    found = camp_days(by_lever)
    assert np.array_equal(camp_days(by_file), found) and not np.array_equal(found, free)
    for model in (by_file, by_lever):
        is_open = model.record.series("crossing", border, "open")
        assert [day for day, share in enumerate(is_open) if share == 0.0] == list(range(start, min(end, 30)))


@pytest.mark.parametrize("country", ["Left", "Right"])
def test_with_several_zones_lever_and_closure_are_the_same_too(country: str) -> None:
    """Where people come from counts ways abroad over the folder's roads, so that part is switched off here."""
    world = eventful()
    more = dataclasses.replace(world, closures=(*world.closures, Closure(ClosureKind.COUNTRY, "Home", country, 6, 25)))
    anywhere = numbers(gravity={"access": 0.0})
    by_file = camp_days(model_of(scenario_of(more, governments=HOSTS, parameters=anywhere)))
    levers = {country.lower(): [(f"close_people/Home - {country}", 1.0, 6, 25)]}
    assert np.array_equal(by_file, camp_days(model_of(scenario_of(world, governments=HOSTS, parameters=anywhere), levers)))
    assert not np.array_equal(by_file, camp_days(model_of(scenario_of(world, governments=HOSTS, parameters=anywhere))))


def test_a_border_closed_by_both_sides_or_by_one_is_closed() -> None:
    levers = [("close_people/Home - Right", 1.0, 0, 99)]
    scenario = scenario_of(two_ways(), governments={"home": "Home", **HOSTS})
    one, other, both = (camp_days(model_of(scenario, pulled)) for pulled in ({"right": levers}, {"home": levers}, {"right": levers, "home": levers}))
    assert np.array_equal(one, other) and np.array_equal(one, both) and (one[:, 2] == 0).all()


def test_a_half_open_border_sends_fewer_people_across() -> None:
    scenario = scenario_of(two_ways(people=rising(30, 58_000)), governments=HOSTS)
    ends = [camp_days(model_of(scenario, {"right": [("close_people/Home - Right", level, 0, 99)]}))[-1, 2] for level in (0.0, 0.5, 0.9, 1.0)]
    assert (np.diff(ends) < 0).all() and ends[-1] == 0


# -- the levers admission and deportation ----------------------------------------------------------------


@pytest.mark.parametrize("governments", [{"home": "Home"}, HOSTS, {"home": "Home", **HOSTS}], ids=len)
@pytest.mark.parametrize("capacities", ["limits", "withheld", "attraction"])
def test_governments_that_pull_no_lever_change_nothing(governments: dict[str, str], capacities: str) -> None:
    # Displaced people may settle where they are when there is somebody to give them papers; not in this test.
    still = numbers(status={"idp_settling": 0.0})
    without = camp_days(model_of(scenario_of(eventful(), capacities=capacities, parameters=still)))
    idle = camp_days(model_of(scenario_of(eventful(), capacities=capacities, governments=governments, parameters=still), {name: [] for name in governments}))
    assert np.array_equal(without, idle)
    quo = camp_days(model_of(scenario_of(eventful(), capacities=capacities, governments=governments, parameters=still)))
    assert np.array_equal(without, quo)


def test_without_governments_their_stages_are_skipped() -> None:
    alone, governed = (model_of(scenario_of(two_ways(), governments=g)) for g in ({}, HOSTS))
    assert governed.stages == DAY
    assert [stage.name for stage in alone.stages] == ["events", "decide", "movement", "record"]
    assert [stage for stage in DAY if stage in alone.stages] == list(alone.stages), "in the day's order"


@pytest.mark.parametrize("capacities", ["limits", "withheld"])
def test_admission_from_nothing_to_all(capacities: str) -> None:
    world = two_ways(capacities=(900, 1200, 0), people=rising(30, 5800))
    scenario = scenario_of(world, capacities=capacities, governments=HOSTS)
    ends = {}
    for level in (0.0, 0.5, 1.0):
        model = model_of(scenario, {"left": [("admission", level, 10, 99)]})
        counts = camp_days(model)
        ends[level] = counts
        assert model.state.head_count() == 0
    assert np.array_equal(ends[0.0], camp_days(model_of(scenario))), "level 0 is as if there were no lever"
    assert np.array_equal(ends[1.0][9], ends[0.0][9]) and (ends[1.0][10:, :2] == ends[1.0][9, :2]).all(), "from day 10 nobody more is admitted"
    assert ends[1.0][-1, 2] > ends[0.0][-1, 2], "they go elsewhere"
    half = np.maximum([450, 600], ends[0.0][9, :2])
    if capacities == "limits":
        assert ends[0.5][-1, :2].tolist() == half.tolist(), "half of the capacity"
    else:
        assert np.array_equal(ends[0.5], ends[0.0]), "where capacities are withheld no half of them is known"


def test_admission_of_one_counts_for_camps_without_a_stated_capacity_too() -> None:
    scenario = scenario_of(two_ways(), governments=HOSTS)
    half, whole = (camp_days(model_of(scenario, {"right": [("admission", level, 8, 99)]})) for level in (0.5, 1.0))
    assert half[-1, 2] > half[8, 2], "half of an unlimited place is unlimited"
    assert (whole[8:, 2] == whole[7, 2]).all()


def deporting(days_of_war: int = 60, capacity: float = 40.0, **values: object) -> MarchlandModel:
    world = two_ways(people=[0, 3000, *[3000] * 58], zones={"Alma": [1.0] * days_of_war + [0.0]})
    scenario = scenario_of(world, governments=HOSTS, deportation_capacity=capacity, **values)  # type: ignore[arg-type]
    return model_of(scenario, {"right": [("deportation/registered", 1.0, 20, 40)]})


def test_deported_people_go_home_and_flee_again_while_there_is_fighting() -> None:
    model = deporting()
    deported, fled = [], []
    for day, today in enumerate(days(model)):
        deported.append(left(today, Reason.DEPORTATION))
        fled.append(left(today, Reason.FLIGHT))
        assert int(today.deported.sum()) == deported[-1] <= 40, "never more than the capacity of a day"
        assert day < 3 or at(model, "Alma") + at(model, "Uno") + at(model, "Due") + at(model, "Tre") + model.state.inland.sum() == 3000
    assert deported[:20] == [0] * 20 and min(deported[20:40]) > 15 and deported[40:] == [0] * 20
    assert fled[4:20] == [0] * 16 and sum(fled[20:]) == sum(deported), "who was sent into the fighting leaves it again"
    assert model.state.people[rows(model, Status.RETURNEE)].sum() == 0 and at(model, "Tre") < 3000 / 3
    assert model.record.series("region", "region", "returns_deportation").sum() == sum(deported)


def test_deported_people_stay_where_it_is_calm_at_home() -> None:
    model = deporting(days_of_war=10, parameters=numbers(status={"settling": 0.0}))
    seen = list(days(model))
    deported = sum(left(today, Reason.DEPORTATION) for today in seen)
    assert at(model, "Alma") == int(model.state.people[rows(model, Status.RETURNEE)].sum()) == deported > 300
    assert sum(left(today, Reason.FLIGHT) for today in seen[15:]) == 0, "a calm home is no stop on the way"


def test_who_has_no_way_home_cannot_be_deported() -> None:
    shut = [Closure(ClosureKind.LINK, "Alma", "Tre", 15, -1)]
    world = two_ways(people=[0, 3000, *[3000] * 38], closures=shut)
    model = model_of(scenario_of(world, governments=HOSTS), {"right": [("deportation/registered", 1.0, 20, 40)]})
    for today in days(model):
        assert left(today, Reason.DEPORTATION) == 0 and (today.deported == 0).all()
    assert (model.state.removals == 0.0).all()


# -- going home, moving on -------------------------------------------------------------------------------

HOMEWARD = numbers(returns={"voluntary": 0.005, "idp_return": 0.01}, displaced={"calm_days": 10.0}, status={"settling": 0.0})


def homeward(returns: bool, war: int = 15) -> tuple[MarchlandModel, list[Today]]:
    world = two_ways(people=[900, *[60_000] * 79], zones={"Alma": [1.0] * war + [0.0]}, first={"Tre": 400, "Uno": 500}, idp=True)
    model = model_of(scenario_of(world, returns=returns, parameters=HOMEWARD))
    return model, list(days(model))


def test_people_return_once_fighting_has_ended_and_not_before() -> None:
    model, seen = homeward(returns=True)
    home = [left(today, Reason.VOLUNTARY) for today in seen]
    assert sum(home[:15]) <= 1, "while there is fighting nobody goes (the threshold is soft: next to nobody)"
    assert sum(home[15:20]) < sum(home[40:45]) and min(home[40:]) > 100, "with delay: home counts as safe when it has been calm for long"
    came = at(model, "Alma")
    assert came == int(model.state.people[rows(model, Status.RETURNEE)].sum()) > 5000
    assert came + model.state.inland.sum() == sum(home)
    assert sum(left(today, Reason.FLIGHT) for today in seen[25:]) == 0, "who is back stays while it is calm"


def test_nobody_returns_where_returns_are_off() -> None:
    model, seen = homeward(returns=False)
    assert sum(left(today, Reason.VOLUNTARY) for today in seen) == 0
    assert model.state.people[rows(model, Status.RETURNEE)].sum() == 0 and at(model, "Alma") == 0


def test_nobody_returns_into_a_war_that_goes_on_wherever_he_comes_from() -> None:
    """Nor do those of whom it is not known where they come from, like all in the camps on the first day."""
    model, seen = homeward(returns=True, war=80)
    assert sum(left(today, Reason.VOLUNTARY) for today in seen) <= 20  # of 60,000 in 80 days
    assert at(model, "Alma") == 0


def test_returnees_flee_again_when_fighting_comes_back() -> None:
    world = two_ways(people=[0, *[20_000] * 99], zones={"Alma": [1.0] * 10 + [0.0] * 70 + [1.0]})
    model = model_of(scenario_of(world, returns=True, parameters=HOMEWARD))
    seen = list(days(model, 80))
    back = at(model, "Alma")
    assert back > 500
    seen += list(days(model))
    assert left(seen[80], Reason.FLIGHT) >= back and at(model, "Alma") == 0
    assert model.state.people[rows(model, Status.RETURNEE)].sum() == 0


def test_people_move_on_between_camps_where_they_may() -> None:
    world = two_ways(people=rising(40, 4000), closures=[Closure(ClosureKind.COUNTRY, "Home", "Right", 0, 20)])
    parameters = numbers(gravity={"power": 0.0, "followers": 0.0})
    settled = camp_days(model_of(scenario_of(world, parameters=parameters)))
    roaming = numbers(gravity={"power": 0.0, "followers": 0.0}, displaced={"onward": 0.1})
    model = model_of(scenario_of(world, parameters=roaming))
    moves, counts = [], []
    for today in days(model):
        moves.append(left(today, Reason.ONWARD))
        counts.append(model.state.people[:, world.camps].sum(axis=0))
    assert sum(moves) > 1000
    assert counts[-1][2] > 1.5 * settled[-1, 2], "the camp that was out of reach catches up"
    inside = np.array(counts).sum(axis=1)
    assert moves[30] == pytest.approx(0.1 * inside[29], rel=0.25)
    assert (np.diff(settled, axis=0) >= 0).all(), "by default nobody leaves a camp"


# -- luck, copies, scale -----------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES)
def test_the_same_seed_is_the_same_run(rule: str) -> None:
    scenario = scenario_of(eventful(), rule=rule)
    first = camp_days(model_of(scenario, seed=3, replicate=2))
    assert np.array_equal(first, camp_days(model_of(scenario, seed=3, replicate=2)))
    assert np.array_equal(first, camp_days(model_of(scenario_of(eventful(), rule=rule), seed=3, replicate=2)))
    assert not np.array_equal(first, camp_days(model_of(scenario, seed=3, replicate=1)))
    assert not np.array_equal(first, camp_days(model_of(scenario, seed=2, replicate=2)))


def branching(rule: str) -> MarchlandModel:
    parameters = numbers(displaced={"onward": 0.02}, gravity={"news_days": 3})
    if rule == "flee":
        return model_of(scenario_of(eventful(), rule=rule))
    scenario = scenario_of(eventful(), governments=HOSTS, parameters=parameters)
    return model_of(scenario, {"left": [("close_people/Home - Left", 1.0, 17, 22)], "right": [("admission", 0.5, 10, 30)]})


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("day", [1, 11, 18])
def test_a_fork_and_a_step_back_go_on_exactly(rule: str, day: int) -> None:
    whole = camp_days(branching(rule))
    model = branching(rule).run_for(day)
    kept = model.state.copy()
    fork = model.fork()
    assert np.array_equal(camp_days(fork), whole[day:])
    assert np.array_equal(camp_days(model), whole[day:])
    model.restore(kept)
    assert model.state.day == day
    assert np.array_equal(camp_days(model), whole[day:]), "stepped back from the end"
    again = branching(rule)
    replay = MarchlandModel(again.setting, again.policies, state=kept.copy())
    replay.record = again.run_for(day).record.copy()
    assert np.array_equal(camp_days(replay), whole[day:]), "another model from a copy of the state"


@pytest.mark.parametrize("rule", RULES)
def test_a_state_of_another_course_is_played_as_it_is(rule: str) -> None:
    """What a model has worked out for its own course must not reach into another one of the same day."""
    other = branching(rule)
    other.streams.seed = 5
    other.run_for(11)
    expected = camp_days(other.fork())
    model = branching(rule).run_for(12)
    model.restore(other.state)
    model.streams = type(model.streams)(5, 0)
    assert np.array_equal(camp_days(model), expected)


def test_a_thousand_times_the_people_have_the_same_shares() -> None:
    world = two_ways(idp=True, people=rising(30, 8000), capacities=(900, 0, 2000), first={"Due": 300})
    seeds = [camp_days(model_of(scenario_of(world), seed=seed))[-1] / 8000.0 for seed in range(20)]
    many = [camp_days(model_of(scenario_of(world, scale=1000.0), seed=seed))[-1] / 8e6 for seed in range(3)]
    assert math.isclose(float(np.mean(many, axis=0).sum()), float(np.mean(seeds, axis=0).sum()), abs_tol=2e-3)
    error = np.std(seeds, axis=0) / math.sqrt(len(seeds))
    assert (np.abs(np.mean(many, axis=0) - np.mean(seeds, axis=0)) < 4.0 * error + 2e-3).all()
    assert (np.std(many, axis=0) < 0.3 * np.std(seeds, axis=0) + 1e-3).all(), "and less luck"


def test_scale_multiplies_limits_and_first_counts() -> None:
    world = two_ways(capacities=(100, 0, 0), first={"Uno": 60})
    scenario = scenario_of(world, scale=10.0)
    model = model_of(scenario).run_for(1)
    assert at(model, "Uno") == 600
    model.run()
    assert at(model, "Uno") == 1000
    assert scenario.setting.world.limit[world.index("Uno")] == 1000.0


def test_days_of_travel_follow_speed() -> None:
    """At 160 km a day Tre, 200 km away, is reached after a day by three in four who set out on day 1, and by all after two."""
    for speed, evening, then in ((50.0, 5, 1.0), (80.0, 3, 0.5), (100.0, 3, 1.0), (160.0, 2, 0.75), (200.0, 2, 1.0), (800.0, 1, 0.75)):
        world = two_ways(people=[0, 90_000, *[90_000] * 10], closures=[Closure(ClosureKind.COUNTRY, "Home", "Left", 0, -1)])
        inside = camp_days(model_of(scenario_of(world, parameters=numbers(gravity={"speed": speed}))))[:, 2]
        assert (inside[:evening] == 0).all() and (inside[evening + 1 :] == 90_000).all()
        assert inside[evening] == pytest.approx(90_000 * then, rel=0.02)


def test_leaving_takes_time_where_it_is_not_certain() -> None:
    world = two_ways(people=[0, 100_000, *[100_000] * 10])
    model = model_of(scenario_of(world, parameters=numbers(displaced={"leave": 0.3})))
    stayed = [at(model, "Alma") for _ in days(model)]
    assert stayed[1:6] == pytest.approx([100_000 * 0.7**k for k in range(1, 6)], rel=0.02)
    weaker = dataclasses.replace(world, intensity=world.intensity * 0.5)
    model = model_of(scenario_of(weaker))
    assert [at(model, "Alma") for _ in days(model)][1] == pytest.approx(50_000, rel=0.02)
