"""The rule ``gravity`` as formulas: room in camps, new camps, shares of destinations; limits, directions, symmetries."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from conflicts import model_of, numbers, rising, scenario_of, two_ways

from agents.displaced import CERTAIN, ConflictSituation, DisplacedParameters, conflict_intentions, hazard_of
from agents.gravity import GravityParameters, destination_shares, newness, own_choice, takes
from agents.refugee_population import ReturnParameters
from agents.vocabulary import ABROAD, Account, Reason, Status
from sim.accounts import ACCOUNT_INDEX
from sim.displacement.conflict import Closure, ClosureKind

INF = np.inf
#: Five camps in three countries.
COUNTRY = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]], dtype=float)
START = np.zeros(5, dtype=np.int64)
NONE_NEW = np.zeros(5)


def gravity(**values: float) -> GravityParameters:
    return dataclasses.replace(GravityParameters(), **values)


def shares(
    pull: np.ndarray, before: np.ndarray | None = None, new: np.ndarray | None = None, opened: np.ndarray | None = None, **values: float
) -> np.ndarray:
    pull = np.atleast_2d(np.asarray(pull, dtype=float))
    before = np.zeros_like(pull) if before is None else np.atleast_2d(np.asarray(before, dtype=float))
    return destination_shares(
        own_choice(pull, COUNTRY), before, COUNTRY, None if new is None else np.asarray(new, dtype=float),
        START if opened is None else np.asarray(opened), gravity(**values),
    )


def random_case(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pulls (some 0), people who went before (some nobody), newness and opening days of the five camps, all of them tie-free."""
    rng = np.random.Generator(np.random.Philox(seed))
    pull = rng.random((6, 5)) * (rng.random((6, 5)) < 0.7)
    pull[0] = 0.0
    before = rng.integers(0, 500, (6, 5)) * (rng.random((6, 5)) < 0.6)
    before[1] = 0
    new = np.where(rng.random(5) < 0.5, rng.random(5), 0.0)
    opened = np.where(new > 0.0, rng.permutation(5) + 1, 0)
    return pull, before.astype(float), new, opened


# -- room ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("people", "limit", "expected"), [
    (0, 100, 1.0), (89, 100, 1.0), (90, 100, 1.0), (95, 100, 0.5), (99, 100, 0.1), (100, 100, 0.0), (5000, 100, 0.0),
    (0, INF, 1.0), (10**9, INF, 1.0), (0, 0, 0.0), (7, 0, 0.0), (0, 1, 1.0), (1, 1, 0.0), (0, 0.5, 1.0), (1, 0.5, 0.0),
])  # fmt: skip
def test_how_far_a_camp_takes_people(people: int, limit: float, expected: float) -> None:
    assert takes(np.array([people]), np.array([limit], dtype=float), 0.9)[0] == pytest.approx(expected)


def test_room_falls_evenly_beyond_the_buffer() -> None:
    people = np.arange(0, 1201)
    for buffer in (0.0, 0.5, 0.9, 0.999):
        room = takes(people, np.full(len(people), 1000.0), buffer)
        assert (np.diff(room) <= 0.0).all() and room[0] == 1.0 and (room[1000:] == 0.0).all()
        assert room[: int(1000 * buffer) + 1] == pytest.approx(1.0)
        if buffer < 0.999:
            half = round(1000 * (1.0 + buffer) / 2)
            assert room[half] == pytest.approx(0.5, abs=0.01)


# -- new camps -------------------------------------------------------------------------------------------


def new_of(people: list[int], opened: list[int], day: int = 50, shut: tuple[int, ...] = ()) -> list[float]:
    is_open = np.array([i not in shut for i in range(len(people))])
    found = newness(np.array(people), np.array(opened), day, is_open)
    return [0.0] * len(people) if found is None else found.tolist()


def test_newness_falls_from_one_to_nothing_as_a_camp_fills() -> None:
    assert new_of([1000, 0], [0, 10]) == [0.0, 1.0]
    assert new_of([1000, 250], [0, 10]) == [0.0, 0.75]
    assert new_of([1000, 1000], [0, 10]) == [0.0, 0.0] == new_of([1000, 4000], [0, 10])


def test_what_was_there_from_the_start_is_not_new() -> None:
    assert new_of([1000, 0, 30], [0, 0, 0]) == [0.0, 0.0, 0.0]


def test_a_camp_is_new_from_the_day_it_opens() -> None:
    assert [new_of([100, 0], [0, 10], day)[1] for day in (0, 9, 10, 11)] == [0.0, 0.0, 1.0, 1.0]


def test_a_camp_that_cannot_be_chosen_is_not_new() -> None:
    assert new_of([1000, 0, 0], [0, 10, 20], shut=(1,)) == [0.0, 0.0, 1.0]


def test_two_new_camps_are_compared_with_the_biggest_other_one() -> None:
    assert new_of([0, 0], [3, 4]) == [0.0, 0.0], "nobody anywhere: none has to catch up"
    assert new_of([400, 100, 200], [5, 6, 0]) == [0.0, 0.75, 0.0]
    assert new_of([200, 200, 50], [5, 6, 0]) == [0.0, 0.0, 0.0]


def test_a_single_camp_is_never_new() -> None:
    assert new_of([0], [10]) == [0.0] and new_of([70], [10]) == [0.0]


# -- shares ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("followers", [0.0, 0.5, 0.72, 1.0])
def test_shares_sum_to_one_where_anything_can_be_chosen(seed: int, followers: float) -> None:
    pull, before, new, opened = random_case(seed)
    for strength in (0.0, 0.4, 1.0):
        found = shares(pull, before, new, opened, followers=followers, new_camps=strength)
        assert (found >= 0.0).all()
        assert (found[pull == 0.0] == 0.0).all(), "closed, full and unreachable camps get exactly nothing"
        total = found.sum(axis=1)
        assert total[pull.any(axis=1)] == pytest.approx(1.0) and (total[~pull.any(axis=1)] == 0.0).all()


def test_without_distance_and_followers_all_camps_get_the_same() -> None:
    """Countries count by their camps: P(country) = sum f / sum f, so camps are equal, and countries are not."""
    assert shares(np.ones(5), followers=0.0)[0] == pytest.approx(0.2)
    some = shares(np.array([1, 0, 1, 1, 1]), followers=0.0)[0]
    assert some.tolist() == pytest.approx([0.25, 0.0, 0.25, 0.25, 0.25])


@pytest.mark.parametrize("seed", range(5))
def test_without_followers_shares_are_gravity(seed: int) -> None:
    pull, before, _, _ = random_case(seed)
    some = pull.any(axis=1)
    assert shares(pull, before, followers=0.0)[some] == pytest.approx(pull[some] / pull[some].sum(axis=1, keepdims=True))


@pytest.mark.parametrize("seed", range(5))
def test_followers_of_one_copy_those_before(seed: int) -> None:
    pull, before, _, _ = random_case(seed)
    pull += 0.1
    found = shares(pull, before, followers=1.0)
    some = before.any(axis=1)
    assert found[some] == pytest.approx(before[some] / before[some].sum(axis=1, keepdims=True))
    assert found[~some] == pytest.approx(pull[~some] / pull[~some].sum(axis=1, keepdims=True)), "nobody before: gravity"


def test_followers_cannot_follow_into_what_cannot_be_chosen() -> None:
    found = shares(np.array([0, 1, 1, 1, 1]), np.array([900, 50, 50, 0, 0]), followers=1.0)[0]
    assert found.tolist() == pytest.approx([0.0, 0.5, 0.5, 0.0, 0.0])


def test_the_formula_by_hand() -> None:
    """The module's two lines, worked out for one group: m = 0.6, n = 1 - 0.4^2 = 0.84."""
    pull, before = np.array([2.0, 1.0, 1.0, 0.0, 4.0]), np.array([10.0, 30.0, 0.0, 0.0, 60.0])
    country = [0.4 * 3 / 8 + 0.6 * 0.4, 0.4 * 1 / 8, 0.4 * 4 / 8 + 0.6 * 0.6]
    camps = [country[0] * (0.16 * 2 / 3 + 0.84 * 0.25), country[0] * (0.16 * 1 / 3 + 0.84 * 0.75), country[1], 0.0, country[2]]
    assert shares(pull, before, followers=0.6)[0].tolist() == pytest.approx(camps)


def test_more_before_draws_more_and_more_pull_draws_more() -> None:
    base = np.array([1.0, 0.7, 1.2, 0.3, 0.9])
    before = np.array([50.0, 20.0, 80.0, 10.0, 40.0])
    for camp in range(5):
        for what in ("pull", "before"):
            last = -1.0
            for more in (0.5, 1.0, 2.0, 10.0):
                pull, went = base.copy(), before.copy()
                (pull if what == "pull" else went)[camp] *= more
                now = float(shares(pull, went, followers=0.5)[0, camp])
                assert now > last, (what, camp)
                last = now


@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_camps_and_countries_plays_no_part(seed: int) -> None:
    pull, before, new, opened = random_case(seed)
    expected = shares(pull, before, new, opened)
    for order in list(itertools.permutations(range(5)))[3::25]:
        o = list(order)
        columns = COUNTRY[o][:, [2, 0, 1]]
        found = destination_shares(own_choice(pull[:, o], columns), before[:, o], columns, new[o], opened[o], gravity())
        assert found == pytest.approx(expected[:, o], abs=1e-12)
    groups = [5, 3, 1, 0, 2, 4]
    assert shares(pull[groups], before[groups], new, opened) == pytest.approx(expected[groups], abs=1e-12)


def test_units_of_pull_and_of_people_play_no_part() -> None:
    pull, before, new, opened = random_case(3)
    expected = shares(pull, before, new, opened)
    assert shares(pull * 1e-9, before, new, opened) == pytest.approx(expected)
    assert shares(pull, before * 1e6, new, opened) == pytest.approx(expected)


# -- new camps in the shares ---------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(10))
def test_new_camps_of_zero_is_as_if_no_camp_were_new(seed: int) -> None:
    pull, before, new, opened = random_case(seed)
    without = shares(pull, before, None, opened)
    assert np.array_equal(shares(pull, before, new, opened, new_camps=0.0), without)
    assert np.array_equal(shares(pull, before, NONE_NEW, opened, new_camps=1.0), without)


def test_an_empty_new_camp_takes_all_of_its_country_and_those_who_do_not_follow() -> None:
    new, opened = np.array([0, 1.0, 0, 0, 0]), np.array([0, 9, 0, 0, 0])
    before = np.array([40.0, 0.0, 60.0, 0.0, 0.0])
    found = shares(np.ones(5), before, new, opened, followers=0.6)[0]
    country = 0.4 * 0.4 + 0.6 * 0.4
    assert found[0] == 0.0 and found[1] == pytest.approx(country * 0.6 + 0.4), "of its country those who follow, of the others all"
    assert found[2:].sum() == pytest.approx(0.6 * (1.0 - country))


def test_a_new_camp_draws_less_as_it_fills() -> None:
    opened = np.array([0, 9, 0, 0, 0])
    before = np.array([40.0, 5.0, 60.0, 0.0, 5.0])
    parts = [float(shares(np.ones(5), before, np.array([0, new, 0, 0, 0]), opened)[0, 1]) for new in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert (np.diff(parts) > 0.0).all()
    by_strength = [float(shares(np.ones(5), before, np.array([0, 0.5, 0, 0, 0]), opened, new_camps=s)[0, 1]) for s in (0.0, 0.3, 0.7, 1.0)]
    assert (np.diff(by_strength) > 0.0).all() and by_strength[0] == parts[0]


def test_who_cannot_reach_a_new_camp_goes_where_he_would_without() -> None:
    pull = np.array([[1.0, 0.0, 1.0, 1.0, 1.0], [1.0, 0.5, 1.0, 1.0, 1.0]])
    before = np.full((2, 5), 10.0)
    new, opened = np.array([0, 1.0, 0, 0, 0]), np.array([0, 9, 0, 0, 0])
    found = shares(pull, before, new, opened)
    assert found[0] == pytest.approx(shares(pull, before)[0]) and found[1, 1] > 0.3


def test_of_two_new_camps_in_a_country_the_newest_comes_first() -> None:
    new, opened = np.array([0.9, 0.9, 0, 0, 0]), np.array([5, 9, 0, 0, 0])
    found = shares(np.ones(5), np.full(5, 10.0), new, opened)[0]
    assert found[1] > found[0]
    assert shares(np.ones(5), np.full(5, 10.0), new, opened[[1, 0, 2, 3, 4]])[0] == pytest.approx(found[[1, 0, 2, 3, 4]])


# -- distances in a scenario -----------------------------------------------------------------------------


def first_choice(**values: float) -> dict[str, float]:
    """Where those who leave Alma go on the first day, by camp (nobody went before)."""
    world = two_ways(people=[0, 1_000_000, 1_000_000], idp=True)
    model = model_of(scenario_of(world, parameters=numbers(gravity=values))).run_for(2)
    gone = model.state.people + model.state.inland.sum(axis=0)
    return {world.places[c].name: float(gone[:, c].sum()) / 1e6 for c in world.camps}


KM = {"Uno": 150.0, "Due": 270.0, "Tre": 200.0, "Idp": 80.0}


@pytest.mark.parametrize("values", [
    {"power": 0.0}, {"power": 0.57}, {"power": 1.5, "softening": 0.0}, {"power": 2.0, "softening": 200.0}, {"power": 1.0, "border_km": 150.0},
])  # fmt: skip
def test_a_run_draws_from_the_formula(values: dict[str, float]) -> None:
    p = gravity(**values)
    weight = {camp: (km + (p.border_km if camp != "Idp" else 0.0) + p.softening) ** -p.power for camp, km in KM.items()}
    total = sum(weight.values())
    for camp, share in first_choice(**values).items():
        assert share == pytest.approx(weight[camp] / total, abs=0.003), camp


def test_nearer_camps_get_more_and_the_more_the_higher_the_power() -> None:
    last = {"Idp": 0.0}
    for power in (0.0, 0.5, 1.0, 2.0, 4.0):
        found = first_choice(power=power)
        if power:
            assert found["Idp"] > found["Uno"] > found["Tre"] > found["Due"]
        assert found["Idp"] > last["Idp"]
        last = found
    assert first_choice(power=4.0, softening=0.0)["Idp"] > 0.85, "in the end all go to the nearest"


def test_crossing_a_border_keeps_people_at_home() -> None:
    assert first_choice(border_km=300.0)["Idp"] > first_choice(border_km=0.0)["Idp"]


def test_closed_and_full_camps_get_nobody() -> None:
    shut = Closure(ClosureKind.CAMP, "Uno", "", 0, 20)
    world = two_ways(people=rising(30, 5800), first={"Tre": 100}, capacities=(0, 0, 100), closures=[shut])
    scenario = scenario_of(world)
    model = model_of(scenario)
    names = [world.places[c].name for c in world.camps]
    seen = []
    for _ in range(world.days):
        model.step()
        seen.append(model.state.people[:, world.camps].sum(axis=0))
        coming = model.state.inland.sum(axis=(0, 1))
        assert coming[world.index("Tre")] == 0, "full from the first day: nobody sets out for it"
        assert model.state.day > 20 or coming[world.index("Uno")] == 0
    counts = np.array(seen)
    assert (counts[:, names.index("Tre")] == 100).all()
    assert (counts[:20, names.index("Uno")] == 0).all() and counts[20, names.index("Uno")] > 0


def test_a_camp_that_opens_later_catches_up_sooner_with_new_camps() -> None:
    world = two_ways(people=rising(60, 60_000), closures=[Closure(ClosureKind.CAMP, "Due", "", 0, 20)])
    due = world.index("Due")
    ends = {s: int(model_of(scenario_of(world, parameters=numbers(gravity={"new_camps": s}))).run().state.people[:, due].sum()) for s in (0.0, 1.0)}
    assert ends[1.0] > 1.5 * ends[0.0] > 0


def test_people_follow_those_of_their_own_region() -> None:
    """Whose neighbours are all in Tre goes there too, and hardly more than elsewhere without followers."""
    drawn = {}
    for followers in (0.0, 0.9):
        parameters = numbers(gravity={"followers": followers, "new_camps": 0.0, "power": 0.0})
        model = model_of(scenario_of(two_ways(people=[0, 100_000, 200_000]), parameters=parameters))
        setting = model.setting
        row = setting.reservoir.row_at[0]  # type: ignore[union-attr]
        tre = setting.world.places.index("Tre")
        model.run_for(1)
        model.state.people[row[tre], tre] += 50_000
        model.state.accounts[ACCOUNT_INDEX[Account.OUTSIDE], row[tre]] -= 50_000  # out of the reservoir: nobody is invented
        model.step()
        arrived = model.state.people.sum(axis=0) + model.state.inland.sum(axis=(0, 1))
        drawn[followers] = float(arrived[tre] - 50_000) / 50_000
    assert drawn[0.0] == pytest.approx(1 / 3, abs=0.02) and drawn[0.9] > 0.9


# -- leaving, going on, going home ------------------------------------------------------------------------


def situation(status: Status, *, safety: float = 0.0, returns: bool = False) -> ConflictSituation:
    """Places: a zone at war, a weaker one, a stop, a camp."""
    intensity = np.array([1.0, 0.4, 0.0, 0.0])
    stop, camp = np.array([False, False, True, False]), np.array([False, False, False, True])
    return ConflictSituation(status.value, intensity, stop, camp, np.array([safety, 0.0]), returns)


def test_chances_of_leaving() -> None:
    chances = {"leave": 0.8, "go_on": 0.3, "onward": 0.01}
    decided = conflict_intentions(situation(Status.IDP), DisplacedParameters(**chances), ReturnParameters())
    flight, onward = (1.0 - np.exp(-decided.hazards[reason][0]) for reason in (Reason.FLIGHT, Reason.ONWARD))
    assert flight == pytest.approx([0.8, 0.32, 0.3, 0.0]) and onward == pytest.approx([0.0, 0.0, 0.0, 0.01])
    assert Reason.ONWARD not in conflict_intentions(situation(Status.IDP), DisplacedParameters(), ReturnParameters()).hazards


def test_certainty_is_a_large_hazard() -> None:
    assert hazard_of(np.array([0.0, 0.5, 1.0])) == pytest.approx([0.0, np.log(2.0), CERTAIN])


@pytest.mark.parametrize("status", [Status.IDP, *ABROAD])
def test_who_is_displaced_goes_home_when_it_is_safe(status: Status) -> None:
    p = ReturnParameters()
    for safety, share in ((0.0, 0.0), (p.threshold, 0.5), (1.0, 1.0)):
        decided = conflict_intentions(situation(status, safety=safety, returns=True), DisplacedParameters(), p)
        hazard = decided.hazards[Reason.VOLUNTARY]
        rate = p.idp_return if status is Status.IDP else p.voluntary
        assert hazard.shape == (2, 4) and hazard[0, 2:] == pytest.approx(rate * share, rel=0.02, abs=1e-6)
        assert (hazard[:, :2] == 0.0).all(), "nobody packs for home under fire"
        assert (hazard[1] < 1e-6).all()
    assert Reason.VOLUNTARY not in conflict_intentions(situation(status, safety=1.0), DisplacedParameters(), p).hazards


@pytest.mark.parametrize("status", [Status.CITIZEN, Status.RETURNEE])
def test_who_is_at_home_does_not_go_home(status: Status) -> None:
    decided = conflict_intentions(situation(status, safety=1.0, returns=True), DisplacedParameters(), ReturnParameters())
    assert Reason.VOLUNTARY not in decided.hazards
