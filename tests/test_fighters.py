"""Fighters: a bounded pool of recruits, attrition, relocation, sanctuary, splinters and mergers."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from conftest import Bench, Pinned, bench, model_with, play

from agents.decisions import Announcement, GroupDecision
from sim.accounts import FIGHTER_INDEX
from sim.fighters import grievance, hazards, recruit, turn_over
from sim.strikes import strike
from sim.violence import attack

SPLIT = ("parameters.fighters.splinter=2", "parameters.fighters.splinter_share=0.5")


def recruits(lab: Bench, days: int, group: str = "north_front") -> int:
    """Recruits of a group with everything else held."""
    total = 0
    for day in range(days):
        today = lab.today(day)
        recruit(lab.state, lab.setting, lab.streams, today)
        total += int(today.recruits[lab.group(group)])
    return total


def deployed(lab: Bench, group: str) -> int:
    g = lab.group(group)
    home = lab.setting.world.country == lab.setting.cast.country[lab.setting.cast.group_target[g]]
    return int(lab.state.fighters[g, home].sum())


def books(lab: Bench) -> int:
    return int(lab.state.fighters.sum() + lab.state.fighter_accounts.sum())


# -- recruitment ---------------------------------------------------------------------------------------


def test_recruits_come_at_the_yearly_rate_out_of_the_people() -> None:
    lab = bench("two_states", "groups.south_front.recruits=0")
    people, fighters = lab.state.people.sum(), lab.state.fighters.sum()
    found = recruits(lab, 365)
    tolerant = (1.0 + 0.4 * 0.7) / 1.2  # the host cooperates at 0.3
    assert found == pytest.approx(500 * tolerant, abs=4.0 * math.sqrt(500))
    assert lab.state.people.sum() == people - found
    assert lab.state.fighters.sum() == fighters + found
    assert lab.state.accounts[1].sum() == found
    assert lab.state.fighter_accounts[FIGHTER_INDEX["recruited"]].sum() == -found


def test_no_recruits_at_rate_zero() -> None:
    assert recruits(bench("two_states", "groups.north_front.recruits=0"), 365) == 0


def test_recruits_are_no_share_of_fighters() -> None:
    few, many = bench(), bench()
    many.state.fighters *= 50
    assert recruits(few, 200) == recruits(many, 200)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_home_share_says_where_they_join(share: float) -> None:
    lab = bench("two_states", f"groups.north_front.home_share={share}")
    before = lab.state.fighters.copy()
    assert recruits(lab, 200) > 0
    joined = (lab.state.fighters - before)[lab.group("north_front")]
    north = lab.setting.world.country == lab.country("Northland")
    assert (joined[north].sum() > 0) == (share == 1.0)
    assert (joined[~north].sum() > 0) == (share == 0.0)


def test_tolerated_sanctuary_recruits_more() -> None:
    closed, open_ = bench(), bench()
    closed.pull("south", "cooperation/north", 1.0)
    open_.pull("south", "cooperation/north", 0.0)
    few, many = recruits(closed, 2000), recruits(open_, 2000)
    assert many / few == pytest.approx(1.4, abs=0.15)
    none = bench("two_states", "parameters.fighters.sanctuary=0")
    none.pull("south", "cooperation/north", 1.0)
    same = bench("two_states", "parameters.fighters.sanctuary=0")
    same.pull("south", "cooperation/north", 0.0)
    assert recruits(none, 500) == recruits(same, 500)


def test_grievance_is_one_at_the_start() -> None:
    lab = bench()
    assert grievance(lab.state, lab.setting, lab.gov("north")) == pytest.approx(1.0)


@pytest.mark.parametrize(("name", "sign"), [
    ("legitimacy", 0.0), ("legitimacy", 1.0),
    *((name, sign) for name in ("civilian_harm", "hardship", "refugees") for sign in (-1.0, 0.0, 1.0)),
])
def test_grievance_follows_each_contested_sign(name: str, sign: float) -> None:
    lab = bench("two_states", "parameters.fighters.legitimacy=0", "parameters.fighters.civilian_harm=0",
                "parameters.fighters.hardship=0", "parameters.fighters.refugees=0")
    lab = lab.with_parameters("fighters", **{name: 0.1 * sign})
    north = lab.gov("north")
    lab.state.legitimacy[north] -= 0.3
    lab.state.civilian_harm[north] *= 20.0
    lab.state.economy[north] -= 0.3
    rows = np.concatenate([np.arange(lab.rows("Southland", s).start, lab.rows("Southland", s).stop) for s in _abroad()])
    lab.state.people[rows] *= 3
    value = grievance(lab.state, lab.setting, north)
    assert np.sign(round(math.log(value), 12)) == sign


def _abroad() -> tuple[object, ...]:
    from agents.vocabulary import ABROAD

    return tuple(ABROAD)


@pytest.mark.parametrize(("legitimacy", "bound"), [(-50.0, 1.4), (50.0, -1.4)])
def test_grievance_is_clipped(legitimacy: float, bound: float) -> None:
    lab = bench()
    lab.state.legitimacy[lab.gov("north")] = legitimacy
    assert grievance(lab.state, lab.setting, lab.gov("north")) == pytest.approx(math.exp(bound))


def returned(chi: float) -> tuple[int, float]:
    """Recruits of both groups, and people coerced home, under a campaign with this share recruited."""
    over = (f"parameters.fighters.deportees={chi}", "parameters.returns.fear_peak=0.03",
            *(f"groups.{g}.home_share=1" for g in ("north_front", "south_front")),
            *(f"groups.{g}.recruits=1e-9" for g in ("north_front", "south_front")))
    model = play(
        {"north": {"deportation/undocumented": 1.0}, "south": {"deportation/undocumented": 1.0}}, 90, *over,
        notes={name: (Announcement(("undocumented",), 0, 30, 1.0),) for name in ("north", "south")},
    )
    coerced = model.record.series("region", "region", "returns_fear") + model.record.series("region", "region", "returns_deportation")
    joined = sum(model.record.series("group", g, "recruits").sum() for g in ("north_front", "south_front"))
    return int(joined), float(coerced.sum())


def test_deportees_are_recruited() -> None:
    joined, coerced = returned(1e-3)
    assert coerced > 10_000
    assert joined == pytest.approx(1e-3 * coerced, abs=4.0 * math.sqrt(1e-3 * coerced) + 2.0)


def test_deportees_at_zero_have_no_effect() -> None:
    joined, coerced = returned(0.0)
    assert coerced > 10_000 and joined == 0


# -- attrition and relocation --------------------------------------------------------------------------


def rates(lab: Bench, group: str = "north_front") -> tuple[np.ndarray, np.ndarray]:
    """Yearly hazards (taken, leaving, moving) of a deployed and of a sheltered fighter."""
    table = hazards(lab.state, lab.setting)[:, lab.group(group)] * 365.25
    return table[:, lab.place("North Capital")], table[:, lab.place("South West March")]


def test_operations_take_deployed_fighters() -> None:
    lab = bench()
    lab.pull("north", "operations", 0.0)
    home, shelter = rates(lab)
    assert home[0] == 0.0
    lab.pull("north", "operations", 1.0)
    stronger, same = rates(lab)
    assert stronger[0] == pytest.approx(lab.setting.parameters.fighters.attrition)
    assert np.array_equal(shelter, same)
    assert rates(lab, "south_front")[1][0] != stronger[0]


@pytest.mark.parametrize("exposure", [0.0, 0.6, 2.0])
def test_exposure_scales_attrition(exposure: float) -> None:
    lab = bench("two_states", f"groups.north_front.exposure={exposure}")
    assert rates(lab)[0][0] == pytest.approx(0.25 * 0.3 * exposure)


def test_cooperation_takes_sheltered_fighters_and_stops_infiltration() -> None:
    lab = bench()
    found = []
    for level in (0.0, 0.5, 1.0):
        lab.pull("south", "cooperation/north", level)
        found.append(rates(lab)[1])
    assert found[0][0] == pytest.approx(0.02) and found[2][0] == pytest.approx(0.32)
    assert found[0][2] > found[1][2] > found[2][2] == 0.0


def test_a_group_without_sanctuary_does_not_relocate() -> None:
    lab = bench("pakistan_afghanistan")
    taken, _, moving = hazards(lab.state, lab.setting)
    assert (moving[lab.group("baloch")] == 0.0).all() and taken[lab.group("baloch")].max() > 0.0
    assert moving[lab.group("ttp")].max() > 0.0


def test_campaign_multiplies_infiltration_and_withdrawal() -> None:
    lab = bench()
    home, shelter = rates(lab)
    weights = lab.setting.cast.weights
    lab.state.campaigns = tuple(GroupDecision(effort=w, infiltration=2.0, withdrawal=0.0) for w in weights)
    changed_home, changed_shelter = rates(lab)
    assert changed_home[2] == 0.0 and home[2] > 0.0
    assert changed_shelter[2] == pytest.approx(2.0 * shelter[2])


def test_turnover_keeps_every_fighter_in_the_books() -> None:
    lab = bench("two_states", "parameters.fighters.infiltration=4", "parameters.fighters.withdrawal=2",
                "parameters.fighters.attrition=1", "groups.north_front.attack_rate=5")
    lab.pull("north", "operations", 1.0)
    lab.pull("south", "cooperation/north", 0.5)
    start, people = books(lab), lab.state.head_count()
    for day in range(200):
        today = lab.today(day)
        attack(lab.state, lab.setting, lab.streams, today)
        turn_over(lab.state, lab.setting, lab.streams, today)
        assert books(lab) == start
        assert (lab.state.fighters >= 0).all()
    accounts = lab.state.fighter_accounts.sum(axis=1)
    assert accounts[FIGHTER_INDEX["killed"]] > 0 and accounts[FIGHTER_INDEX["captured"]] > 0
    assert accounts[FIGHTER_INDEX["left"]] > 0
    assert lab.state.head_count() == people


def run_days(lab: Bench, days: int) -> None:
    for day in range(days):
        turn_over(lab.state, lab.setting, lab.streams, lab.today(day))


def test_infiltration_fills_the_front_and_stops_with_full_cooperation() -> None:
    over = ("groups.north_front.recruits=0", "parameters.fighters.withdrawal=0")
    tolerated, stopped = bench("two_states", *over), bench("two_states", *over)
    tolerated.pull("south", "cooperation/north", 0.0)
    stopped.pull("south", "cooperation/north", 1.0)
    start = deployed(stopped, "north_front")
    run_days(tolerated, 200)
    run_days(stopped, 200)
    assert deployed(tolerated, "north_front") > start
    assert deployed(stopped, "north_front") < start
    assert stopped.state.fighters.sum() < tolerated.state.fighters.sum()


def test_attacks_cost_fighters() -> None:
    over = ("groups.north_front.recruits=0", "parameters.fighters.leaving=0", "parameters.fighters.attrition=0",
            "parameters.fighters.host_floor=0", "parameters.fighters.attack_loss=1")
    lab = bench("two_states", *over)
    lab.pull("south", "cooperation/north", 0.0)
    g, place = lab.group("north_front"), lab.place("North West March")
    today = lab.today()
    today.attacks[g, place] = 7
    before = lab.state.fighters[g].sum()
    turn_over(lab.state, lab.setting, lab.streams, today)
    assert lab.state.fighters[g].sum() == before - 7
    assert today.fighters_killed[g] == 7
    today = lab.today(1)
    today.attacks[g, place] = 10**6  # never more than there are
    turn_over(lab.state, lab.setting, lab.streams, today)
    assert (lab.state.fighters >= 0).all()


@pytest.mark.parametrize("selectivity", [0.0, 1.0])
def test_operations_harm_civilians_unless_selective(selectivity: float) -> None:
    lab = bench("two_states", f"parameters.strikes.selectivity={selectivity}", "parameters.fighters.attrition=1",
                "parameters.fighters.civilians=3")
    lab.state.fighters *= 10
    lab.pull("north", "operations", 1.0)
    harmed = 0
    for day in range(100):
        today = lab.today(day)
        turn_over(lab.state, lab.setting, lab.streams, today)
        harmed += int(today.civilians_killed[lab.gov("north")])
        south = lab.setting.world.country == lab.country("Southland")
        assert today.people_killed[south].sum() == today.civilians_killed[lab.gov("south")]
    assert (harmed > 0) == (selectivity == 0.0)


def test_no_operations_no_civilian_harm() -> None:
    lab = bench("two_states", "parameters.strikes.selectivity=0", "parameters.fighters.civilians=3")
    lab.pull("north", "operations", 0.0)
    lab.pull("south", "operations", 0.0)
    for day in range(60):
        today = lab.today(day)
        turn_over(lab.state, lab.setting, lab.streams, today)
        assert today.civilians_killed.sum() == 0


# -- splinters and mergers -----------------------------------------------------------------------------


def test_splinters_and_mergers_are_off_by_default() -> None:
    lab = bench()
    assert lab.setting.parameters.fighters.splinter == 0.0 and lab.setting.parameters.fighters.merger == 0.0
    assert lab.setting.cast.groups == ("north_front", "south_front")
    lab.state.truce_until[:] = 10**6
    lab.state.fighters[:] = lab.state.fighters // 20  # weak as well
    for day in range(100):
        today = lab.today(day)
        turn_over(lab.state, lab.setting, lab.streams, today)
        assert not today.events


def split_run(truce: bool) -> tuple[Bench, list[str]]:
    lab = bench("two_states", *SPLIT)
    if truce:
        lab.state.truce_until[lab.group("north_front")] = 10**6
    start, kinds = books(lab), []
    for day in range(700):
        today = lab.today(day)
        turn_over(lab.state, lab.setting, lab.streams, today)
        kinds += [event.kind for event in today.events]
        assert books(lab) == start
    return lab, kinds


def test_splinter_breaks_away_in_a_truce() -> None:
    lab, kinds = split_run(truce=True)
    assert "splinter" in kinds
    assert lab.state.fighters[lab.group("north_front_splinter")].sum() > 0
    assert lab.state.fighters[lab.group("south_front_splinter")].sum() == 0


def test_no_splinter_without_truce() -> None:
    lab, kinds = split_run(truce=False)
    assert not kinds
    assert lab.state.fighters[lab.group("north_front_splinter")].sum() == 0


def test_splinter_fights_on() -> None:
    lab = bench("two_states", *SPLIT)
    parent, child = lab.group("north_front"), lab.group("north_front_splinter")
    lab.state.fighters[child] = 20 * lab.state.fighters[parent]
    attacks = 0
    for day in range(300):
        today = lab.today(day)
        attack(lab.state, lab.setting, lab.streams, today)
        attacks += int(today.attacks[child].sum())
    assert attacks > 0
    assert hazards(lab.state, lab.setting)[2, child].max() > 0.0


def test_splinter_is_not_bound_by_the_truce() -> None:
    lab = bench("two_states", *SPLIT)
    lab.state.truce_until[lab.group("north_front")] = 100
    assert lab.state.truce_until[lab.group("north_front_splinter")] == -1


def merger_run(rate: float, strong: int) -> tuple[Bench, list[str]]:
    lab = bench("pakistan_afghanistan", "groups.ttp.recruits=0", "groups.baloch.recruits=0", f"parameters.fighters.merger={rate}")
    weak = lab.group("baloch")
    lab.state.fighters[weak] = np.minimum(lab.state.fighters[weak], 5)
    lab.state.fighters[lab.group("ttp")] = lab.state.fighters[lab.group("ttp")] * strong
    start, kinds = books(lab), []
    for day in range(700):
        today = lab.today(day)
        turn_over(lab.state, lab.setting, lab.streams, today)
        kinds += [event.kind for event in today.events]
        assert books(lab) == start
    return lab, kinds


def test_weak_group_joins_the_strongest_with_the_same_target() -> None:
    lab, kinds = merger_run(2.0, 1)
    assert kinds.count("merger") == 1
    assert lab.state.fighters[lab.group("baloch")].sum() == 0


@pytest.mark.parametrize(("rate", "strong"), [(0.0, 1), (2.0, 0)])
def test_no_merger_at_rate_zero_or_without_a_stronger_group(rate: float, strong: int) -> None:
    assert merger_run(rate, strong)[1] == []


def test_strong_groups_do_not_merge() -> None:
    lab = bench("pakistan_afghanistan", "parameters.fighters.merger=2", "parameters.fighters.merger_size=0")
    run_days(lab, 300)
    assert (lab.state.fighters.sum(axis=1) > 0).all()


# -- strikes on fighters -------------------------------------------------------------------------------


def test_strike_kills_fighters_and_civilians_where_it_hits() -> None:
    from sim.state import PendingStrike

    lab = bench("two_states", "parameters.strikes.kill_share=0.5", "parameters.strikes.selectivity=0")
    place = lab.place("South West March")
    g, north, south = lab.group("north_front"), lab.gov("north"), lab.gov("south")
    before = lab.state.fighters.copy()
    today = lab.today()
    today.strikes.append(PendingStrike(north, south, (place,)))
    strike(lab.state, lab.setting, lab.streams, today)
    lost = before - lab.state.fighters
    assert lost[g, place] > 50 and lost.sum() == lost[g, place]  # south's own enemies there are spared
    assert today.fighters_killed[g] == lost.sum() == lab.state.fighter_accounts[FIGHTER_INDEX["killed"], g]
    assert 5 < today.people_killed[place] == today.civilians_killed[north] < 70
    assert today.people_killed.sum() == today.people_killed[place]
    assert lab.state.strike_memory[g] == 1.0 and lab.state.strike_memory[lab.group("south_front")] == 0.0
    assert lab.state.strikes_made[north] == 1.0
    for day in range(28):
        strike(lab.state, lab.setting, lab.streams, lab.today(1 + day))
    assert lab.state.strike_memory[g] == pytest.approx(math.exp(-1.0))


def test_two_strikes_on_one_place_and_day_have_their_own_luck() -> None:
    from sim.state import PendingStrike

    lab = bench("two_states", "parameters.strikes.kill_share=0", "parameters.strikes.selectivity=0")
    order = PendingStrike(lab.gov("north"), lab.gov("south"), (lab.place("South West March"),))
    killed = []
    for day in range(200):
        today = lab.today(day)
        today.strikes += [order, order]
        strike(lab.state, lab.setting, lab.streams, today)
        killed.append([event.value for event in today.events])
    first, second = np.array(killed).T
    assert (first != second).mean() > 0.5 and abs(np.corrcoef(first, second)[0, 1]) < 0.25
    assert first.mean() == pytest.approx(second.mean(), rel=0.15)


def test_fully_selective_harmless_strike() -> None:
    from sim.state import PendingStrike

    lab = bench("two_states", "parameters.strikes.kill_share=0", "parameters.strikes.selectivity=1")
    today = lab.today()
    today.strikes.append(PendingStrike(lab.gov("north"), lab.gov("south"), (lab.place("South West March"),)))
    before = lab.state.fighters.copy()
    strike(lab.state, lab.setting, lab.streams, today)
    assert np.array_equal(before, lab.state.fighters) and today.people_killed.sum() == 0


def test_strikes_on_an_empty_country_hit_nothing() -> None:
    # Without fighters in the rival's country there is nothing to strike.
    model = model_with("two_states", {n: Pinned({f"strikes/{r}": 1.0}) for n, r in (("north", "south"), ("south", "north"))})
    model.state.fighters[:] = 0
    model._fighters = 0
    campaigns = model.setting.cast.group_settings
    model.setting = dataclasses.replace(model.setting, cast=dataclasses.replace(
        model.setting.cast, group_settings=tuple(dataclasses.replace(s, recruits=0.0) for s in campaigns)))
    model.run_for(60)
    assert not [event for event in model.record.raw_events if event.kind == "strike"]
