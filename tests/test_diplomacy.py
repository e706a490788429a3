"""Hostility: Richardson's rest point and path, Goldstein weights of acts, measures in force, blame."""

from __future__ import annotations

import math

import numpy as np
import pytest
from conftest import Bench, bench, model_with, run_stages, scenario, slot

from agents.decisions import Act, DatedChange, GovernmentDecision
from agents.errors import InputError
from agents.levers import CATALOGUE, Slot
from agents.policies.richardson import Richardson, RichardsonParameters
from agents.vocabulary import GOLDSTEIN
from sim.deciding import play_agenda, take_decision
from sim.diplomacy import attributed, maintenance, move_hostility, points, rest_point
from sim.strikes import order_strikes

SILENT = ("parameters.diplomacy.attribution=0", "parameters.diplomacy.maintenance=0")


def silent(*overrides: str) -> Bench:
    return bench("two_states", *SILENT, *overrides)


def days(lab: Bench, number: int) -> None:
    for day in range(number):
        move_hostility(lab.state, lab.setting, lab.today(day))


# -- the process -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("g_north", "g_south"), [(0.3, 0.3), (0.0, 0.6), (0.0, 0.0)])
def test_rest_point_stays_at_rest(g_north: float, g_south: float) -> None:
    lab = silent(f"governments.north.grievance={g_north}", f"governments.south.grievance={g_south}")
    k, a = 0.15, 0.30
    start = lab.state.hostility.copy()
    assert start[0, 1] == pytest.approx(a * (a * g_north + k * g_south) / (a * a - k * k))
    assert rest_point(k, a, 1.0, g_north, g_south) == pytest.approx(start[0, 1])
    days(lab, 100)
    assert lab.state.hostility == pytest.approx(start)


def test_hostility_returns_to_rest_from_both_sides() -> None:
    for shock in (-3.0, 3.0):
        lab = silent()
        rest = lab.state.hostility[0, 1]
        lab.state.hostility[0, 1] += shock
        lab.state.hostility[1, 0] += shock
        gaps = []
        for day in range(7 * 40):
            move_hostility(lab.state, lab.setting, lab.today(day))
            gaps.append(abs(lab.state.hostility[0, 1] - rest))
        assert (np.diff(gaps) < 0).all()
        # Both sides hostile: the slow mode of the linear core, (a - k) a week.
        assert gaps[-1] == pytest.approx(3.0 * (1.0 - (0.30 - 0.15) / 7.0) ** (7 * 40), rel=1e-6)


def test_runaway_when_reaction_beats_fatigue_and_not_otherwise() -> None:
    with pytest.raises(InputError, match="fatigue"):
        silent("parameters.diplomacy.reaction=0.4", "parameters.diplomacy.fatigue=0.3")
    unstable = silent().with_parameters("diplomacy", reaction=0.4)
    stable = silent("parameters.diplomacy.reaction=0.28", "parameters.diplomacy.fatigue=0.3")
    for lab, grows in ((unstable, True), (stable, False)):
        lab.state.hostility[~np.eye(2, dtype=bool)] = 10.0
        days(lab, 7 * 52)
        assert (lab.state.hostility[0, 1] > 10.0) == grows


def test_without_reaction_only_the_own_grievance_counts() -> None:
    lab = silent("parameters.diplomacy.reaction=0", "governments.south.grievance=0.6")
    assert lab.state.hostility[0, 1] == pytest.approx(0.3)
    today = lab.today()
    today.acts[:] = 2.0
    move_hostility(lab.state, lab.setting, today)
    assert lab.state.hostility[0, 1] == pytest.approx(0.3)


@pytest.mark.parametrize("reaction", [0.0, 1.0, 2.0])
def test_richardson_policy_follows_the_solution(reaction: float) -> None:
    policies = {name: Richardson(RichardsonParameters(reaction=reaction)) for name in ("north", "south")}
    over = (*SILENT, "parameters.diplomacy.reciprocity=0", "parameters.diplomacy.reaction=0.12",
            "governments.south.grievance=0.1")
    model = model_with("two_states", policies, *over)
    model.state.hostility[0, 1], model.state.hostility[1, 0] = 1.5, 0.2
    k, a, grievance = 0.12, 0.30, np.array([0.3, 0.1])
    h = np.array([1.5, 0.2])
    acts = np.zeros(2)
    for day in range(7 * 30):
        run_stages(model, "decide", "diplomacy")
        if day % 7 == 0:
            acts = reaction * h / 7.0  # held for a week: decisions are weekly
        h = h + k * acts[::-1] - a / 7.0 * (h - grievance)
        assert model.state.hostility[0, 1] == pytest.approx(h[0], abs=1e-9)
        assert model.state.hostility[1, 0] == pytest.approx(h[1], abs=1e-9)
    kr = k * reaction
    rest = a * (a * grievance + kr * grievance[::-1]) / (a * a - kr * kr)
    if reaction <= 1.0:
        assert h == pytest.approx(rest, abs=0.01)
    assert np.isfinite(h).all() and (np.abs(h) < 10.0).all()


# -- acts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weight", [-10.0, -4.0, 0.0, 7.4, 10.0])
def test_an_act_moves_the_hostility_of_its_target_by_its_weight(weight: float) -> None:
    lab = silent()
    before = lab.state.hostility.copy()
    today = lab.today()
    today.acts[0, 1] = points(weight)
    move_hostility(lab.state, lab.setting, today)
    assert lab.state.hostility[1, 0] - before[1, 0] == pytest.approx(-0.15 * weight / 10.0)
    assert lab.state.hostility[0, 1] == pytest.approx(before[0, 1])
    assert lab.state.acts_memory[0, 1] == pytest.approx(-weight / 10.0)


def test_absurd_days_are_clipped() -> None:
    lab = silent()
    before = lab.state.hostility[1, 0]
    today = lab.today()
    today.acts[0, 1] = 1e6
    move_hostility(lab.state, lab.setting, today)
    assert lab.state.hostility[1, 0] - before == pytest.approx(0.15 * 2.0)


def acts_of(levels: dict[str, float], lab: Bench | None = None) -> float:
    """Points that north does to south by deciding for these levels."""
    lab = lab or bench()
    today = lab.today()
    decision = GovernmentDecision(levels={slot(text): level for text, level in levels.items()})
    take_decision(lab.state, lab.setting, today, lab.gov("north"), decision)
    assert today.acts[1].sum() == 0.0
    return float(today.acts[0, 1])


@pytest.mark.parametrize(
    ("text", "level", "expected"),
    [
        ("deportation/undocumented", 0.5, 0.5 * 0.5),
        ("close_people/West Gate", 1.0, 0.4 * 0.6),
        ("close_trade/East Gate", 0.5, 0.4 * 0.4 * 0.5),
        ("sanctions/south", 0.8, 0.65 * 0.8),
        ("transit/south", 1.0, 0.65),
        ("strikes/south", 1.0, 0.0),
        ("cooperation/south", 0.8, -0.74 * 0.5),
        ("cooperation/south", 0.0, 0.74 * 0.3),
        ("forum_support/south", 1.0, -0.35),
        ("forum_support/south", -1.0, 0.35),
        ("demand/south", 1.0, 0.5),
        ("denounce/south", 1.0, 0.4),
        ("rebut/south", 1.0, 0.2),
        ("engagement/south", 0.5, -0.35),
        ("operations", 1.0, 0.0),
        ("registration", 1.0, 0.0),
        ("regularisation", 1.0, 0.0),
        ("aid", 0.5, 0.0),
        ("integration", 0.5, 0.0),
    ],
)
def test_raising_a_lever_is_an_act_of_its_goldstein_weight(text: str, level: float, expected: float) -> None:
    rich = bench("two_states", "governments.north.money=1000000", "governments.north.forces=5000")
    assert acts_of({text: level}, rich) == pytest.approx(expected)
    assert acts_of({text: level}, rich) == 0.0  # the same again is no act


def test_the_table_of_acts_knows_every_lever() -> None:
    assert {lever.act for lever in CATALOGUE if lever.act} <= set(GOLDSTEIN)
    assert GOLDSTEIN["strike"] == min(GOLDSTEIN.values()) == -10.0


def test_letting_a_hostile_lever_go_is_no_friendly_act() -> None:
    lab = bench("two_states", "governments.north.money=1000000", "governments.north.forces=5000")
    acts_of({"sanctions/south": 1.0, "deportation/undocumented": 1.0}, lab)
    assert acts_of({"sanctions/south": 0.0, "deportation/undocumented": 0.0}, lab) == 0.0


def test_scripted_changes_and_strikes_count_once() -> None:
    lab = bench("two_states", "governments.north.money=1000000", "governments.north.forces=5000")
    today = lab.today()
    decision = GovernmentDecision(
        agenda=(DatedChange(0, Slot("sanctions", "south"), 1.0), DatedChange(0, Slot("deportation", "undocumented"), 1.0)),
        acts=(Act(0, "south", "airstrike", -6.5, "sanctions", ()), Act(0, "south", "strike", -10.0, "a strike", ("South Hills",)),
              Act(0, "south_front", "operation", -7.2, "against a group", ())),
    )
    take_decision(lab.state, lab.setting, today, lab.gov("north"), decision)
    assert today.acts.sum() == 0.0
    play_agenda(lab.state, lab.setting, today)
    order_strikes(lab.state, lab.setting, lab.streams, today)
    assert lab.level("north", "sanctions/south") == 1.0
    assert today.acts[0, 1] == pytest.approx(0.65 + 1.0) and today.acts[1, 0] == 0.0
    assert len(today.strikes) == 1
    assert not lab.state.agenda and not lab.state.acts_due


def test_strikes_by_lever_are_acts_on_the_day_they_are_flown() -> None:
    lab = bench("two_states", "parameters.strikes.rate=365", "groups.north_front.recruits=0")
    lab.pull("north", "strikes/south", 1.0)
    flown = 0
    for day in range(60):
        today = lab.today(day)
        order_strikes(lab.state, lab.setting, lab.streams, today)
        assert today.acts[0, 1] == pytest.approx(float(len(today.strikes))) and today.acts[1, 0] == 0.0
        south = lab.setting.world.country == lab.country("Southland")
        assert all(south[place] for order in today.strikes for place in order.places)
        flown += len(today.strikes)
    assert flown == pytest.approx(60 * -math.expm1(-365 / 365.25), abs=15)
    lab.pull("north", "strikes/south", 0.0)
    today = lab.today(99)
    order_strikes(lab.state, lab.setting, lab.streams, today)
    assert not today.strikes


# -- measures in force, blame, talks -------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "weight"), [("sanctions/south", 0.65), ("close_people/West Gate", 0.24), ("demand/south", 0.5),
                                              ("deportation/registered", 0.5), ("rebut/south", 0.2)])
def test_measures_in_force_are_maintained(text: str, weight: float) -> None:
    lab = bench()
    assert maintenance(lab.state, lab.setting).sum() == 0.0
    lab.pull("north", text, 0.5)
    found = maintenance(lab.state, lab.setting)
    assert found[0, 1] == pytest.approx(0.1 / 7.0 * weight * 0.5) and found[1, 0] == 0.0
    off = lab.with_parameters("diplomacy", maintenance=0.0)
    assert maintenance(off.state, off.setting).sum() == 0.0


def test_friendly_levers_are_not_maintained_as_hostile() -> None:
    lab = bench()
    for text in ("cooperation/south", "engagement/south", "forum_support/south", "operations", "aid"):
        lab.pull("north", text, 1.0)
    assert maintenance(lab.state, lab.setting).sum() == 0.0


def test_attacks_are_blamed_on_those_who_tolerate_the_group() -> None:
    lab = bench()
    g, north, south = lab.group("north_front"), lab.gov("north"), lab.gov("south")
    lab.state.group_deaths[:] = 0.0
    assert attributed(lab.state, lab.setting).sum() == 0.0
    lab.state.group_deaths[g] = 3.0
    lab.pull("south", "cooperation/north", 0.0)
    found = attributed(lab.state, lab.setting)
    assert found[south, north] == pytest.approx(0.15 * math.log1p(21.0) / 7.0) and found[north, south] == 0.0
    lab.state.group_deaths[g] = 6.0
    assert attributed(lab.state, lab.setting)[south, north] > found[south, north]
    lab.pull("south", "cooperation/north", 1.0)
    assert attributed(lab.state, lab.setting).sum() == 0.0


def test_groups_without_sanctuary_are_blamed_on_nobody() -> None:
    lab = bench("pakistan_afghanistan")
    lab.state.group_deaths[:] = 0.0
    lab.state.group_deaths[lab.group("baloch")] = 5.0
    assert attributed(lab.state, lab.setting).sum() == 0.0


def test_talks_in_force_cool_both_sides() -> None:
    lab = silent()
    before = lab.state.hostility.copy()
    lab.state.talks[0, 1] = lab.state.talks[1, 0] = 1.0
    move_hostility(lab.state, lab.setting, lab.today())
    assert lab.state.hostility[0, 1] - before[0, 1] == pytest.approx(-0.15 * 0.7 / 7.0)
    assert lab.state.hostility[1, 0] == pytest.approx(lab.state.hostility[0, 1])


def test_nobody_is_hostile_to_himself() -> None:
    model = scenario("two_states").build().run_for(60)
    assert (np.diag(model.state.hostility) == 0.0).all()
    assert (np.diag(model.state.talks) == 0.0).all()
