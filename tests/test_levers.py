"""Every lever: its direction, its zero (as if it were not registered), its extreme; and what scarcity grants."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from conftest import Bench, Everything, Pinned, assert_sound, bench, model_with, play, same_tables, scenario, slot

from agents.decisions import Announcement, GovernmentDecision
from agents.errors import InputError
from agents.levers import BY_NAME, CATALOGUE, Slot, Target
from sim import Scenario
from sim.accounts import FIGHTER_INDEX
from sim.deciding import take_decision
from sim.granting import grant, set_level
from sim.model import MarchlandModel

RICH = tuple(f"governments.{name}.{what}" for name in ("north", "south") for what in ("money=1000000", "forces=5000"))
BUSY = ("groups.north_front.attack_rate=5", "groups.south_front.attack_rate=5")
ACTORS = {"two_states": ("north", "south"), "pakistan_afghanistan": ("pakistan", "afghanistan")}
NAMES = tuple(lever.name for lever in CATALOGUE)
Measure = Callable[[MarchlandModel], float]


def total(kind: str, actor: str, variable: str) -> Measure:
    return lambda model: float(model.record.series(kind, actor, variable).sum())


def last(kind: str, actor: str, variable: str) -> Measure:
    return lambda model: model.record.latest(kind, actor, variable)


def mean(kind: str, actor: str, variable: str) -> Measure:
    return lambda model: float(model.record.series(kind, actor, variable).mean())


def in_north(status: str) -> Measure:
    return last("population", f"Southland {status}", "people/Northland")


def taken(group: str) -> Measure:
    """Fighters captured so far: operations also save those who would have died in the attacks they prevent."""
    return lambda model: float(model.state.fighter_accounts[FIGHTER_INDEX["captured"], model.setting.cast.groups.index(group)])


@functools.cache
def run_at(text: str, level: float, *overrides: str, days: int = 110) -> MarchlandModel:
    model = play({"north": {text: level}}, days, *RICH, *BUSY, *overrides)
    assert_sound(model)
    return model


# -- direction -----------------------------------------------------------------------------------------------

HIGHER, LOWER = 1.0, -1.0
DIRECTIONS: list[tuple[str, str, Measure, float]] = [
    ("deportation/registered", "formal deportations", total("region", "region", "returns_deportation"), HIGHER),
    ("deportation/documented", "formal deportations", total("region", "region", "returns_deportation"), HIGHER),
    ("deportation/undocumented", "formal deportations", total("region", "region", "returns_deportation"), HIGHER),
    ("deportation/undocumented", "fear of removals", total("region", "region", "returns_fear"), HIGHER),
    ("deportation/undocumented", "undocumented people", in_north("undocumented"), LOWER),
    ("deportation/undocumented", "hostility of the rival", mean("government", "south", "hostility/north"), HIGHER),
    ("close_people/West Gate", "people passing there", total("crossing", "West Gate", "passed"), LOWER),
    ("close_people/West Gate", "people passing elsewhere", total("crossing", "East Gate", "passed"), HIGHER),
    ("close_people/West Gate", "hostility of the rival", mean("government", "south", "hostility/north"), HIGHER),
    ("close_trade/West Gate", "direct trade", mean("government", "north", "direct_trade/south"), LOWER),
    ("close_trade/West Gate", "transit trade", mean("government", "north", "transit_trade/south"), LOWER),
    ("close_trade/West Gate", "hostility of the rival", mean("government", "south", "hostility/north"), HIGHER),
    ("sanctions/south", "direct trade", mean("government", "north", "direct_trade/south"), LOWER),
    ("sanctions/south", "hostility of the rival", mean("government", "south", "hostility/north"), HIGHER),
    ("sanctions/south", "output of the rival", last("government", "south", "economy"), LOWER),
    ("transit/south", "transit trade of the rival", mean("government", "north", "transit_trade/south"), LOWER),
    ("transit/south", "hostility of the rival", mean("government", "south", "hostility/north"), HIGHER),
    ("operations", "attacks", total("group", "north_front", "attacks"), LOWER),
    ("operations", "fighters taken", taken("north_front"), HIGHER),
    ("operations", "civilians killed", total("region", "region", "civilians_killed"), HIGHER),
    ("operations", "legitimacy", last("government", "north", "legitimacy"), LOWER),
    ("strikes/south", "civilians killed", total("region", "region", "civilians_killed"), HIGHER),
    ("strikes/south", "fighters in sanctuary", last("group", "north_front", "fighters"), LOWER),
    ("strikes/south", "hostility of the rival", mean("government", "south", "hostility/north"), HIGHER),
    ("strikes/south", "standing", last("government", "north", "standing"), LOWER),
    ("cooperation/south", "attacks on the rival", total("group", "south_front", "attacks"), LOWER),
    ("cooperation/south", "deployed against the rival", last("group", "south_front", "deployed"), LOWER),
    ("cooperation/south", "fighters", last("group", "south_front", "fighters"), LOWER),
    ("cooperation/south", "recruits", total("group", "south_front", "recruits"), LOWER),
    ("cooperation/south", "hostility of the rival", mean("government", "south", "hostility/north"), LOWER),
    ("cooperation/south", "legitimacy at home", last("government", "north", "legitimacy"), LOWER),
    ("demand/south", "hostility of the rival", mean("government", "south", "hostility/north"), HIGHER),
    ("denounce/south", "hostility of the rival", mean("government", "south", "hostility/north"), HIGHER),
    ("rebut/south", "hostility of the rival", mean("government", "south", "hostility/north"), HIGHER),
    ("engagement/south", "hostility of the rival", mean("government", "south", "hostility/north"), LOWER),
    ("registration", "documented people", in_north("documented"), HIGHER),
    ("registration", "undocumented people", in_north("undocumented"), LOWER),
    ("regularisation", "documented people", in_north("documented"), LOWER),
    ("aid", "tension", last("government", "north", "tension"), LOWER),
    ("aid", "output", last("government", "north", "economy"), HIGHER),
]
EXPOSED = ("governments.north.trade_exposure=0.3", "governments.south.trade_exposure=0.3", "parameters.strikes.rate=60",
           "parameters.strikes.kill_share=0.2", "parameters.fighters.deportees=0", "mediators.international.aid=0",
           "mediators.international.sanctions=0", "mediators.international.offers=0")


@pytest.mark.parametrize(("text", "what", "measure", "sign"), DIRECTIONS, ids=[f"{t}: {w}" for t, w, _, _ in DIRECTIONS])
def test_raising_a_lever_moves_what_it_is_for(text: str, what: str, measure: Measure, sign: float) -> None:
    none, half, full = (measure(run_at(text, level, *EXPOSED)) for level in (0.0, 0.5, 1.0))
    assert sign * full > sign * none, what
    assert sign * half > sign * none, what
    noisy = text.startswith(("strikes", "close_people")) or what == "fear of removals"  # the latter depletes its own stock
    assert noisy or sign * full > sign * half, what


def test_every_lever_has_a_tested_direction() -> None:
    # Below, with two signs and with returnees; admission where camps have limits, in test_displacement.
    elsewhere = {"forum_support", "integration", "admission"}
    assert {text.partition("/")[0] for text, _, _, _ in DIRECTIONS} | elsewhere == set(NAMES)


def test_support_at_forums_has_two_directions() -> None:
    runs = [run_at("forum_support/south", level, *EXPOSED) for level in (-1.0, -0.5, 0.0, 0.5, 1.0)]
    hostility = [mean("government", "south", "hostility/north")(model) for model in runs]
    output = [last("government", "south", "economy")(model) for model in runs]
    assert (np.diff(hostility) < 0).all() and (np.diff(output) > 0).all()


def test_integration_settles_returnees_sooner() -> None:
    over = ("parameters.returns.voluntary=0.005", "parameters.returns.threshold=0.3", "parameters.returns.violence_weight=0",
            "parameters.status.settling=4", "parameters.status.integration=5")
    left = [last("population", "Northland returnee", "people")(run_at("integration", level, *over)) for level in (0.0, 0.5, 1.0)]
    assert left[0] > left[1] > left[2] > 0


def test_engagement_of_both_sides_brings_talks_about() -> None:
    held = []
    for level in (0.0, 0.7, 1.0):
        both = {"north": {"engagement/south": level}, "south": {"engagement/north": level}}
        model = play(both, 250, *RICH, "parameters.mediation.direct=10", "parameters.mediation.base=2", *EXPOSED[-1:])
        held.append(model.outcomes["talks_held"])
    assert held[0] == 0 < held[1] < held[2]


@pytest.mark.parametrize("effect", [-0.25, 0.0, 0.25])
def test_strikes_move_later_attacks_by_their_sign(effect: float) -> None:
    over = (f"parameters.violence.strike_effect={effect}", "parameters.strikes.rate=60", "parameters.strikes.kill_share=0",
            "parameters.strikes.civilians=0")
    none, full = (total("group", "north_front", "attacks")(run_at("strikes/south", level, *over)) for level in (0.0, 1.0))
    if effect == 0.0:
        assert full == pytest.approx(none, rel=0.02)  # nothing but what hostility moves
    else:
        assert np.sign(full - none) == np.sign(effect) and abs(full / none - 1.0) > 0.1


def test_strikes_hit_the_rivals_country_and_are_events() -> None:
    model = run_at("strikes/south", 1.0, *EXPOSED)
    strikes = [event for event in model.record.raw_events if event.kind == "strike"]
    assert len(strikes) > 5 and all(event.place.startswith("South") and event.actor == "north" for event in strikes)
    assert not [event for event in run_at("strikes/south", 0.0, *EXPOSED).record.raw_events if event.kind == "strike"]


def test_announced_deadlines_bring_people_home_before_the_day() -> None:
    def before(*notes: Announcement) -> float:
        model = play({}, 60, "parameters.returns.fear_peak=0.03", notes={"north": notes})
        return float(model.record.series("region", "region", "returns_fear")[:60].sum())

    note = Announcement(("undocumented",), 14, 60, 1.0)
    weak = dataclasses.replace(note, salience=0.3)
    empty = Announcement(("undocumented",), 0, 8, 0.01, implemented=False)
    kept = dataclasses.replace(empty, implemented=True)
    assert before() == 0.0 < before(weak) < before(note)
    assert before(empty, note) < 0.8 * before(kept, note)


# -- zero --------------------------------------------------------------------------------------------------


@functools.cache
def without_baseline(name: str, lever: str) -> Scenario:
    """The scenario with a lever registered, at a baseline of zero."""
    plain = scenario(name)
    governments = {
        actor: dataclasses.replace(settings, baseline={k: v for k, v in settings.baseline.items() if k.partition("/")[0] != lever})
        for actor, settings in plain.config.governments.items()
    }
    return Scenario(dataclasses.replace(plain.config, governments=governments), plain.tables)


def busy_run(chosen: Scenario, zero: str) -> MarchlandModel:
    """Six weeks in which both governments pull every lever by turns, short of money and forces, but for one."""
    model = chosen.build()
    cast = model.setting.cast
    for i, name in enumerate(cast.governments):
        full = scenario(chosen.config.scenario.name).setting.cast
        slots = tuple(full.slots[k] for k in np.flatnonzero(full.owned[i]))
        model.replace_policy(name, Everything(slots, zero))
    return model.run_for(42)


@functools.cache
def busy_with_all(name: str) -> pd.DataFrame:
    return busy_run(scenario(name), "").record.daily


@pytest.mark.parametrize("name", list(ACTORS))
@pytest.mark.parametrize("lever", NAMES)
def test_a_lever_at_zero_is_a_lever_that_is_not_registered(lever: str, name: str) -> None:
    removed = scenario(name, f"~levers.{lever}")
    assert lever not in removed.config.levers and len(removed.config.levers) == len(NAMES) - 1
    one = busy_run(without_baseline(name, lever), lever)
    two = busy_run(removed, lever)
    assert slot(lever).lever not in {s.lever for s in two.setting.cast.slots}
    same_tables(one, two)
    assert not busy_with_all(name).equals(one.record.daily)


@pytest.mark.parametrize("name", list(ACTORS))
def test_a_world_without_levers_runs(name: str) -> None:
    model = scenario(name, *(f"~levers.{lever}" for lever in NAMES)).build().run_for(40)
    assert model.setting.cast.slots == ()
    assert_sound(model)


@pytest.mark.parametrize("policy", ["status_quo", "threshold", "tit_for_tat", "conciliatory", "hardline", "richardson"])
def test_policies_live_with_levers_that_are_not_registered(policy: str) -> None:
    gone = ("operations", "cooperation", "close_people", "engagement", "aid", "transit", "denounce")
    model = scenario("two_states", *(f"~levers.{lever}" for lever in gone), f"policy@policies.north={policy}").build().run_for(30)
    assert_sound(model)


# -- extreme -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(ACTORS))
@pytest.mark.parametrize("lever", NAMES)
def test_a_lever_at_its_extreme_breaks_nothing(lever: str, name: str) -> None:
    for level in (1.0, -1.0) if BY_NAME[lever].low < 0.0 else (1.0,):
        owned = scenario(name).setting.cast
        policies = {
            actor: Pinned({str(s): level for k, s in enumerate(owned.slots) if s.lever == lever and owned.owned[i, k]})
            for i, actor in enumerate(ACTORS[name])
        }
        over = tuple(f"governments.{actor}.{what}" for actor in ACTORS[name] for what in ("money=1000000", "forces=5000"))
        model = model_with(name, policies, *over).run_for(60)
        assert_sound(model)
        for i, actor in enumerate(ACTORS[name]):
            for k, s in enumerate(owned.slots):
                if s.lever == lever and owned.owned[i, k]:
                    assert (model.record.series("government", actor, f"lever/{s}") == level).all()


def test_all_levers_at_once_break_nothing() -> None:
    policies = {
        name: Pinned({str(s): 1.0 for k, s in enumerate(scenario("two_states").setting.cast.slots)
                      if scenario("two_states").setting.cast.owned[i, k]}) for i, name in enumerate(("north", "south"))
    }
    for extra in (RICH, ()):
        assert_sound(model_with("two_states", policies, *extra, *BUSY).run_for(200))


# -- asked and granted ---------------------------------------------------------------------------------------


def granted(levels: dict[str, float], *overrides: str) -> Bench:
    lab = bench("two_states", *overrides)
    lab.state.asked[0] = 0.0
    for text, level in levels.items():
        set_level(lab.state, lab.setting, 0, slot(text), level)
    grant(lab.state, lab.setting, 0)
    return lab


def spent(lab: Bench, cost: str) -> float:
    per_slot = lab.setting.money_cost if cost == "money" else lab.setting.forces_cost
    return float((np.abs(lab.state.granted[0]) * lab.setting.cost_weights * per_slot).sum())


WISHES = {"operations": 1.0, "aid": 0.8, "deportation/undocumented": 0.5, "sanctions/south": 1.0, "demand/south": 1.0,
          "forum_support/south": -1.0, "close_people/West Gate": 1.0}


def test_what_can_be_paid_is_granted_as_asked() -> None:
    lab = granted(WISHES, "governments.north.money=1000000", "governments.north.forces=5000")
    for text, level in WISHES.items():
        assert lab.level("north", text) == level


def test_short_money_scales_what_costs_money_by_one_factor() -> None:
    lab = granted(WISHES, "governments.north.money=500", "governments.north.forces=5000")
    factor = lab.level("north", "operations")
    assert 0.0 < factor < 1.0
    for text, level in WISHES.items():
        free = text == "demand/south"
        assert lab.level("north", text) == pytest.approx(level if free else level * factor), text
    assert spent(lab, "money") == pytest.approx(500.0)
    assert np.array_equal(lab.state.asked[0] != 0.0, lab.state.granted[0] != 0.0)


def test_short_forces_scale_only_what_needs_forces() -> None:
    lab = granted(WISHES, "governments.north.money=1000000", "governments.north.forces=50")
    factor = lab.level("north", "operations")
    assert 0.0 < factor < 1.0
    assert lab.level("north", "deportation/undocumented") == pytest.approx(0.5 * factor)
    assert lab.level("north", "aid") == 0.8 and lab.level("north", "sanctions/south") == 1.0
    assert spent(lab, "forces") == pytest.approx(50.0)


def test_without_means_only_what_costs_nothing_is_granted() -> None:
    lab = granted(WISHES, "governments.north.money=0", "governments.north.forces=0")
    for text in WISHES:
        assert lab.level("north", text) == (1.0 if text == "demand/south" else 0.0)


def test_both_short_fit_both() -> None:
    lab = granted(WISHES, "governments.north.money=300", "governments.north.forces=50")
    assert spent(lab, "money") <= 300.0 + 1e-9 and spent(lab, "forces") <= 50.0 + 1e-9


def test_asked_and_granted_are_both_recorded() -> None:
    model = play({"north": {"aid": 1.0}}, 10, "governments.north.money=600")
    asked, got = (model.record.series("government", "north", f"{kind}/aid") for kind in ("asked", "lever"))
    assert (asked == 1.0).all() and (got < 0.6).all() and (got > 0.5).all()
    variables = set(model.record.daily["variable"].astype(str))
    assert {"asked/aid", "lever/aid"} <= variables and "lever/transit/south" not in variables


@pytest.mark.parametrize(("item", "level", "words"), [
    (Slot("nonsense"), 0.5, "unknown lever"), (Slot("aid", "south"), 0.5, "does not have"), (Slot("sanctions", "north"), 0.5, "does not have"),
    (Slot("aid"), 1.5, "levels lie in"), (Slot("aid"), -0.5, "levels lie in"), (Slot("forum_support", "south"), -1.5, "levels lie in"),
    (Slot("aid"), float("nan"), "levels lie in"),
])
def test_a_policy_that_asks_for_what_there_is_not_is_told(item: Slot, level: float, words: str) -> None:
    lab = bench()
    with pytest.raises(InputError, match=words):
        take_decision(lab.state, lab.setting, lab.today(), 0, GovernmentDecision(levels={item: level}))


def test_the_catalogue_covers_what_slots_there_are() -> None:
    cast = scenario("pakistan_afghanistan").setting.cast
    assert {s.lever for s in cast.slots} == set(NAMES)
    pakistan, afghanistan = (cast.owned[i] for i in range(2))
    by_target = {Target.CROSSING: ("Torkham crossing", True, True), Target.RIVAL: ("afghanistan", True, False)}
    for target, (name, first, second) in by_target.items():
        for k, s in enumerate(cast.slots):
            if BY_NAME[s.lever].target is target and s.target == name:
                assert (bool(pakistan[k]), bool(afghanistan[k])) == (first, second), s
    iranian = [k for k, s in enumerate(cast.slots) if s.target == "Islam Qala crossing"]
    assert iranian and not pakistan[iranian].any() and afghanistan[iranian].all()
