"""Policies: pure, reasoned, in range on situations built by hand; scripts play on dates and go with their policy."""

from __future__ import annotations

import copy
import dataclasses
import functools
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import QUIET, assert_sound, scenario

from agents.decisions import Act, Announcement, DatedChange, GovernmentDecision
from agents.errors import InputError
from agents.levers import BY_NAME, Slot, slots_of
from agents.policies import EMPTY, GOVERNMENT_POLICIES, GROUP_POLICIES, make_policy
from agents.policies.threshold import RUNGS
from agents.situations import GovernmentSituation, GroupSituation, RivalView, Script
from sim import Scenario
from sim.model import MarchlandModel

SLOTS = tuple(
    s for s in slots_of(tuple(BY_NAME), ("registered", "documented", "undocumented"), ("West Gate",), ("south",))
)
FRIENDLY = ("engagement", "cooperation", "registration", "regularisation", "aid", "integration")
HOSTILE = ("deportation", "close_people", "close_trade", "sanctions", "transit", "strikes", "demand", "denounce", "rebut")
SCRIPT = Script(
    changes=(DatedChange(12, Slot("transit", "south"), 1.0),),
    acts=(Act(11, "south", "demand", -5.0, "asks for action"),),
    announcements=(Announcement(("undocumented",), 10, 40, 1.0),),
    truces=((11, 30),),
)

#: Parameters of policies that do nothing without any.
SOME: dict[str, dict[str, object]] = {"manual": {"levels": {"operations": 0.6, "cooperation/south": 0.2, "forum_support/south": -0.5}}}


def rival(**changes: float) -> RivalView:
    plain = RivalView(
        name="south", hostility=0.7, hostility_received=0.7, acts_received=0.0, tolerated_attacks=10.0, cooperation=0.3,
        pressure=0.0, talks=0.0,
    )
    return dataclasses.replace(plain, **changes)


def situation(rival_: RivalView | None = None, **changes: object) -> GovernmentSituation:
    baseline = {s: 0.0 for s in SLOTS} | {Slot("operations"): 0.3, Slot("cooperation", "south"): 0.5}
    plain = GovernmentSituation(
        name="north", day=10, window=7, levels=dict(baseline), baseline=dict(baseline), rivals=(rival_ or rival(),),
        attacks=10.0, attacks_before=10.0, deaths=13.0, legitimacy=0.5, tension=0.4, economy=1.0, standing=0.5,
        refugees={"registered": 100, "documented": 100, "undocumented": 100}, script=SCRIPT,
    )
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


def group_situation(**changes: object) -> GroupSituation:
    plain = GroupSituation(
        name="front", day=10, window=7, fighters=np.array([50, 20]), weights=np.array([1.0, 0.5]), deployed=50, sheltered=20,
        operations=0.3, baseline_operations=0.3, tolerance=0.7, attacks=10.0, losses=0.1, in_truce=False, script=SCRIPT,
    )
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


def decide(
    name: str, seen: GovernmentSituation | None = None, memory: Mapping[str, float] = EMPTY, **params: object
) -> tuple[GovernmentDecision, Mapping[str, float]]:
    policy = make_policy(GOVERNMENT_POLICIES[name], params or SOME.get(name, {}), "test")
    return policy.decide(seen or situation(), memory, np.random.default_rng(1))  # type: ignore[arg-type,return-value]


def level(decision: GovernmentDecision, text: str) -> float:
    lever, _, target = text.partition("/")
    return decision.levels.get(Slot(lever, target), float("nan"))


SITUATIONS = {
    "calm": situation(rival(hostility=0.0, tolerated_attacks=0.0), attacks=0.0),
    "plain": situation(),
    "war": situation(
        rival(hostility=20.0, hostility_received=20.0, acts_received=50.0, tolerated_attacks=900.0, cooperation=0.0, pressure=1.0),
        attacks=900.0, attacks_before=100.0, deaths=3000.0, legitimacy=0.01, tension=0.99, economy=0.3, standing=0.0,
    ),
    "alone": situation(rivals=()),
    "poor": situation(levels={Slot("operations"): 0.3}, baseline={Slot("operations"): 0.3}),
}


# -- the contract ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(SITUATIONS))
@pytest.mark.parametrize("name", list(GOVERNMENT_POLICIES))
def test_a_government_policy_is_pure_reasoned_and_in_range(name: str, kind: str) -> None:
    seen, memory = SITUATIONS[kind], {}
    before = copy.deepcopy(seen)
    one, remembered = decide(name, seen, memory)
    two, again = decide(name, seen, memory)
    assert one == two and remembered == again
    assert seen == before and memory == {}
    assert one.reasons and all(isinstance(reason, str) and reason for reason in one.reasons)
    for slot, value in one.levels.items():
        assert BY_NAME[slot.lever].low <= value <= 1.0, (slot, value)
        assert kind in ("poor", "alone") or slot in seen.levels, slot
    assert all(isinstance(value, float) for value in remembered.values())
    for act in one.acts:
        assert seen.day <= act.day < seen.day + seen.window
    for note in one.announcements:
        assert note.deadline > note.day >= seen.day and 0.0 <= note.salience <= 1.0


@pytest.mark.parametrize("name", [n for n in GOVERNMENT_POLICIES if n not in ("status_quo", "scripted")])
def test_reasons_carry_the_numbers_that_were_seen(name: str) -> None:
    decision, _ = decide(name)
    assert re.search(r"\d", " ".join(decision.reasons))


@pytest.mark.parametrize("name", list(GROUP_POLICIES))
def test_a_group_policy_is_pure_reasoned_and_in_range(name: str) -> None:
    policy = make_policy(GROUP_POLICIES[name], {}, "test")
    for seen in (group_situation(), group_situation(operations=1.0), group_situation(operations=0.0, losses=5.0), group_situation(script=Script())):
        before = copy.deepcopy(seen)
        one, _ = policy.decide(seen, EMPTY, np.random.default_rng(1))
        two, _ = policy.decide(seen, EMPTY, np.random.default_rng(1))
        assert one.reasons == two.reasons and np.array_equal(one.effort, two.effort)
        assert np.array_equal(seen.fighters, before.fighters) and np.array_equal(seen.weights, before.weights)
        assert (one.effort >= 0.0).all() and one.infiltration >= 0.0 and one.withdrawal >= 0.0
        assert re.search(r"\d", " ".join(one.reasons))


@pytest.mark.parametrize("registry", [GOVERNMENT_POLICIES, GROUP_POLICIES])
def test_the_registry_says_what_each_policy_is(registry: Mapping[str, type]) -> None:
    fields = {f.name for f in (*dataclasses.fields(GovernmentSituation), *dataclasses.fields(GroupSituation))}
    views = {f.name for f in dataclasses.fields(RivalView)}
    for name, policy in registry.items():
        assert policy.name == name and policy.theory and policy.__doc__  # type: ignore[attr-defined]
        for seen in policy.looks_at:  # type: ignore[attr-defined]
            head, _, tail = seen.partition(".")
            assert head in fields and (not tail or tail in views), seen


@pytest.mark.parametrize(("name", "params", "key"), [
    ("hardline", {"level": 1.5}, "level"), ("hardline", {"levle": 0.5}, "levle"), ("threshold", {"patience": 0.5}, "patience"),
    ("tit_for_tat", {"gain": "much"}, "gain"), ("status_quo", {"level": 1.0}, "level"),
])
def test_parameters_are_checked(name: str, params: dict[str, object], key: str) -> None:
    with pytest.raises(InputError, match=rf"policies\.north\.params\.{key}"):
        make_policy(GOVERNMENT_POLICIES[name], params, "policies.north")


# -- each policy -----------------------------------------------------------------------------------------------


def test_status_quo_keeps_the_baseline() -> None:
    seen = situation(levels={s: 0.9 for s in SLOTS})
    decision, _ = decide("status_quo", seen)
    assert decision.levels == seen.baseline and not decision.acts and not decision.agenda and not decision.announcements


def test_manual_holds_what_was_set_and_nothing_else() -> None:
    seen = situation(levels={s: 0.9 for s in SLOTS})
    decision, memory = decide("manual", seen)
    assert {str(s): value for s, value in decision.levels.items()} == SOME["manual"]["levels"] and memory == EMPTY
    assert not decision.acts and not decision.agenda and not decision.announcements
    assert decision.reasons == (
        "set by hand: operations 0.60, cooperation with south 0.20, support of south at forums -0.50; everything else stays as it is",
    )
    nothing, _ = decide("manual", seen, levels={})
    assert not nothing.levels and nothing.reasons == ("led by hand: everything stays as it is",)
    poor, _ = decide("manual", SITUATIONS["poor"])  # slots of levers that are not registered
    assert dict(poor.levels) == {Slot("operations"): 0.6}


@pytest.mark.parametrize(("key", "level", "wrong"), [
    ("operation", 0.5, "unknown lever 'operation'; known: deportation, "),
    ("cooperation/north", 0.5, "no such slot of this government; known: cooperation/south"),
    ("close_people", 0.5, "no such slot of this government; known: close_people/West Gate, close_people/East Gate"),
    ("operations", -0.1, r"-0.1 lies outside \[0, 1\]"), ("forum_support/south", -1.1, r"-1.1 lies outside \[-1, 1\]"),
])
def test_levels_set_by_hand_are_checked_when_the_scenario_is_built(key: str, level: float, wrong: str) -> None:
    loaded = scenario("two_states")
    choice = dataclasses.replace(loaded.config.policies["north"], name="manual", params={"levels": {key: level}})
    with pytest.raises(InputError, match=rf"^policies\.north\.params\.levels\.{key}: .*{wrong}") as caught:
        Scenario(dataclasses.replace(loaded.config, policies={"north": choice}), loaded.tables)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("override", ["cooperation/south=0.25", "operations=0.25"])
def test_levels_are_set_one_by_one_on_the_command_line(override: str) -> None:
    chosen = Scenario.load("two_states", overrides=["policy@policies.north=manual", f"policies.north.params.levels.{override}"])
    model = chosen.build().run_for(10)
    assert (model.record.series("government", "north", f"asked/{override.partition('=')[0]}") == 0.25).all()


def test_a_lever_that_is_taken_out_of_the_run_is_not_held() -> None:
    model = Scenario.load("two_states", overrides=["policy@policies.north=manual", "policies.north.params.levels.aid=0.5", "~levers.aid"]).build()
    model.run_for(2)
    assert model.governments[0].last_reasons == ("led by hand: everything stays as it is",)


def rung(decision: GovernmentDecision) -> int:
    """How many rungs of the ladder are in force."""
    named = [any(decision.levels[s] > seen_level(s) for s in SLOTS if s.lever in levers) for _, levers in RUNGS]
    assert named == sorted(named, reverse=True)  # a rung adds to those below
    return sum(named)


def seen_level(slot: Slot) -> float:
    return {Slot("operations"): 0.3, Slot("cooperation", "south"): 0.5}.get(slot, 0.0)


def test_threshold_climbs_with_attacks() -> None:
    rungs = [rung(decide("threshold", situation(attacks=n))[0]) for n in (0.0, 19.0, 20.0, 39.0, 40.0, 60.0, 80.0, 1e6)]
    assert rungs == [0, 0, 1, 1, 2, 3, 4, 4]


def test_threshold_steps_down_one_rung_after_patience() -> None:
    memory: Mapping[str, float] = EMPTY
    path: list[int] = []
    for attacks in [80.0] + [0.0] * 13:
        decision, memory = decide("threshold", situation(attacks=attacks), memory, patience=3)
        path.append(rung(decision))
    assert path == [4, 4, 4, 3, 3, 3, 2, 2, 2, 1, 1, 1, 0, 0]


def test_threshold_climbs_at_once_and_forgets_the_quiet_weeks() -> None:
    memory: Mapping[str, float] = EMPTY
    path: list[int] = []
    for attacks in (80.0, 0.0, 0.0, 80.0, 0.0, 0.0, 0.0):
        decision, memory = decide("threshold", situation(attacks=attacks), memory, patience=3)
        path.append(rung(decision))
    assert path == [4, 4, 4, 4, 4, 4, 3]


def test_threshold_announces_one_deadline_when_it_comes_to_deportation() -> None:
    first, memory = decide("threshold", situation(attacks=60.0))
    assert [note.statuses for note in first.announcements] == [("undocumented",)]
    assert level(first, "deportation/undocumented") == 0.6 and level(first, "deportation/registered") == 0.0
    second, _ = decide("threshold", situation(attacks=60.0), memory)
    assert not second.announcements
    assert not decide("threshold", situation(attacks=40.0))[0].announcements


def test_tit_for_tat_mirrors_the_last_window() -> None:
    answers = [decide("tit_for_tat", situation(rival(acts_received=n)), forgiveness=0)[0] for n in (-1.0, 0.0, 0.4, 1.0, 1.6, 9.0)]
    assert [level(a, "denounce/south") for a in answers] == pytest.approx([0.0, 0.0, 0.2, 0.5, 0.8, 1.0])
    assert [level(a, "transit/south") for a in answers] == pytest.approx([0.0, 0.0, 0.0, 0.0, 0.3, 0.5])
    assert [level(a, "engagement/south") for a in answers] == [0.5, 0.5, 0.0, 0.0, 0.0, 0.0]
    none = decide("tit_for_tat", situation(rival(acts_received=9.0)), gain=0)[0]
    assert level(none, "denounce/south") == 0.0


def test_tit_for_tat_forgives_at_its_odds() -> None:
    policy = make_policy(GOVERNMENT_POLICIES["tit_for_tat"], {"forgiveness": 0.2}, "test")
    rng = np.random.default_rng(7)
    seen = situation(rival(acts_received=1.0))
    answers = [policy.decide(seen, EMPTY, rng)[0].levels[Slot("denounce", "south")] for _ in range(2000)]  # type: ignore[arg-type,union-attr]
    assert np.mean(np.array(answers) == 0.0) == pytest.approx(0.2, abs=0.04)
    always = decide("tit_for_tat", seen, forgiveness=1)[0]
    assert level(always, "denounce/south") == 0.0


@pytest.mark.parametrize("kind", ["calm", "plain", "war"])
def test_conciliatory_is_never_hostile(kind: str) -> None:
    decision, _ = decide("conciliatory", SITUATIONS[kind])
    for slot, value in decision.levels.items():
        assert value == 0.0 if slot.lever in HOSTILE else value >= 0.0, slot
    assert level(decision, "operations") == 0.3
    assert level(decision, "engagement/south") == level(decision, "aid") == 0.6 and level(decision, "forum_support/south") == 0.5
    assert not decision.acts and not decision.announcements
    none, _ = decide("conciliatory", SITUATIONS[kind], effort=0, support=0)
    assert all(none.levels[s] == 0.0 for s in SLOTS if s.lever not in ("operations", "cooperation"))


def test_hardline_presses_and_strikes_above_its_threshold() -> None:
    calm, memory = decide("hardline", situation(rival(tolerated_attacks=40.0)))
    for text in ("deportation/undocumented", "operations", "sanctions/south", "transit/south", "demand/south", "denounce/south"):
        assert level(calm, text) == 0.8, text
    assert level(calm, "close_people/West Gate") == level(calm, "close_trade/West Gate") == 0.3
    assert level(calm, "forum_support/south") == -0.8 and level(calm, "strikes/south") == 0.0
    assert all(calm.levels[s] == 0.0 for s in SLOTS if s.lever in FRIENDLY and s.lever != "cooperation")
    assert [(note.day, note.deadline) for note in calm.announcements] == [(10, 40)]
    hot, _ = decide("hardline", situation(rival(tolerated_attacks=41.0)), memory)
    assert level(hot, "strikes/south") == 0.8 and not hot.announcements


def test_richardson_acts_in_proportion_to_hostility() -> None:
    for hostility in (0.0, 0.7, -0.5):
        decision, _ = decide("richardson", situation(rival(hostility=hostility)), reaction=0.5)
        assert len(decision.acts) == 7
        assert sum(-act.goldstein / 10.0 for act in decision.acts) == pytest.approx(0.5 * hostility)
        assert decision.levels == situation().baseline
    assert all(act.goldstein == 0.0 for act in decide("richardson", reaction=0)[0].acts)


@pytest.mark.parametrize("name", ["threshold", "tit_for_tat", "conciliatory", "hardline"])
def test_cooperation_answers_pressure_with_either_sign(name: str) -> None:
    def wanted(spiral: float, deterrence: float, **seen: float) -> float:
        decision, _ = decide(name, situation(rival(**seen)), spiral=spiral, deterrence=deterrence)
        return level(decision, "cooperation/south")

    assert wanted(0.1, 0.1) == pytest.approx(0.5)  # calm, no pressure: the baseline
    assert wanted(0.5, 0.0, hostility=1.2) == pytest.approx(0.25) and wanted(0.0, 0.4, pressure=1.0) == pytest.approx(0.9)
    assert wanted(0.0, 0.0, hostility=5.0, pressure=1.0) == pytest.approx(0.5)
    assert wanted(0.6, 0.0, hostility=50.0) == 0.0 and wanted(0.6, 0.4, hostility=-50.0) == 1.0
    nobody = situation(baseline={Slot("operations"): 0.3})
    assert level(decide(name, nobody)[0], "cooperation/south") == 0.0


def test_scripted_hands_on_its_script_and_nothing_else() -> None:
    decision, _ = decide("scripted")
    assert (decision.agenda, decision.acts, decision.announcements) == (SCRIPT.changes, SCRIPT.acts, SCRIPT.announcements)
    assert not decision.levels and "asks for action" in decision.reasons[0]
    others = [decide(name)[0] for name in GOVERNMENT_POLICIES if name != "scripted"]
    assert not any(act in SCRIPT.acts for other in others for act in other.acts)
    assert not any(other.agenda for other in others)
    assert not any(note in SCRIPT.announcements for other in others for note in other.announcements)


def test_groups_declare_scripted_truces_only_when_scripted() -> None:
    found = {name: make_policy(policy, {}, "test").decide(group_situation(), EMPTY, np.random.default_rng(1))[0] for name, policy in GROUP_POLICIES.items()}
    assert (found["scripted"].truce_from, found["scripted"].truce_until) == (11, 30)  # type: ignore[union-attr]
    assert found["steady"].truce_until == -1  # type: ignore[union-attr]


def test_steady_withdraws_under_pressure_and_wearies_of_losses() -> None:
    def steady(**changes: object) -> object:
        return make_policy(GROUP_POLICIES["steady"], {}, "test").decide(group_situation(**changes), EMPTY, np.random.default_rng(1))[0]

    assert [steady(operations=o).withdrawal for o in (0.0, 0.3, 1.0)] == pytest.approx([0.85, 1.0, 1.35])  # type: ignore[attr-defined]
    assert not steady(losses=0.25).accepts_talks and steady(losses=0.26).accepts_talks  # type: ignore[attr-defined]


# -- the recorded history, and runs without it ---------------------------------------------------------------------

WINDOW = ("scenario.start=2023-09-25", "scenario.end=2024-03-31")
TRUCES = ("scenario.start=2021-10-30", "scenario.end=2021-12-31")


@functools.cache
def flagship(*overrides: str) -> MarchlandModel:
    return scenario("pakistan_afghanistan", *overrides).build().run()


def lever(model: MarchlandModel, date: str, text: str, actor: str = "pakistan") -> float:
    day = (pd.Timestamp(date).date() - model.setting.start).days
    return float(model.record.series("government", actor, f"lever/{text}")[day])


def events(model: MarchlandModel, actor: str, *kinds: str) -> list[tuple[str, str]]:
    table = model.record.events
    chosen = table[(table["actor"] == actor) & table["kind"].isin(kinds)]
    return [(str(date)[:10], kind) for date, kind in zip(chosen["date"], chosen["kind"], strict=True)]


def test_the_history_is_played_on_its_dates() -> None:
    model = flagship(*WINDOW)
    text = "deportation/undocumented"
    for date, expected in (("2023-09-30", 0.027), ("2023-10-01", 0.06), ("2023-10-31", 0.06), ("2023-11-01", 1.0),
                           ("2023-11-30", 1.0), ("2023-12-01", 0.24), ("2024-01-01", 0.058)):
        assert lever(model, date, text) == pytest.approx(expected), date
    assert lever(model, "2023-10-02", "transit/afghanistan") == 0.0 and lever(model, "2023-10-03", "transit/afghanistan") == 1.0
    assert lever(model, "2023-11-07", "forum_support/afghanistan") == 0.5 and lever(model, "2023-11-08", "forum_support/afghanistan") == -0.5
    shut = [lever(model, f"2024-01-{day}", "close_trade/Torkham crossing") for day in (12, 13, 22, 23)]
    assert shut == [0.0, 1.0, 1.0, 0.0]
    assert [lever(model, f"2023-11-{day}", "close_people/Torkham crossing", "afghanistan") for day in (20, 21, 22)] == [0.0, 1.0, 0.0]
    assert ("2023-10-03", "announcement") in events(model, "pakistan", "announcement")
    assert ("2023-11-01", "deadline") in events(model, "pakistan", "deadline")
    assert events(model, "pakistan", "strike") == [("2024-03-18", "strike")] * 2
    assert_sound(model)


def test_replacing_a_policy_removes_its_scripted_acts() -> None:
    model = flagship(*WINDOW, "policy@policies.pakistan=status_quo")
    assert not events(model, "pakistan", "announcement", "deadline", "strike", "act", "closure", "opening")
    table = model.record.daily
    levers = table[(table["actor"] == "pakistan") & table["variable"].astype(str).str.startswith(("lever/", "asked/"))]
    constant = levers.groupby("variable", observed=True)["value"].agg(["min", "max"])
    assert (constant["min"] == constant["max"]).all()
    present = {str(name).removeprefix("lever/"): value for name, value in constant["max"].items() if str(name).startswith("lever/")}
    assert present == {"operations": 0.3, "deportation/undocumented": 0.027, "forum_support/afghanistan": 0.5}
    # The other government still plays its own history.
    assert events(model, "afghanistan", "closure", "opening") == events(flagship(*WINDOW), "afghanistan", "closure", "opening") != []
    assert model.outcomes["transit_trade_pakistan_afghanistan"] > flagship(*WINDOW).outcomes["transit_trade_pakistan_afghanistan"]
    assert model.outcomes["returns_fear"] < 0.2 * flagship(*WINDOW).outcomes["returns_fear"]


def test_replacing_a_policy_in_the_middle_of_a_run_drops_what_was_planned() -> None:
    chosen = scenario("pakistan_afghanistan", *WINDOW)
    model = chosen.build().run_for(8)  # the decision of 2 October has announced the acts of the coming week
    model.replace_policy("pakistan", make_policy(GOVERNMENT_POLICIES["status_quo"], {}, "test"))  # type: ignore[arg-type]
    model.run_for(60)
    assert not events(model, "pakistan", "announcement", "deadline", "strike")
    assert lever(model, "2023-10-10", "transit/afghanistan") == 0.0 == lever(model, "2023-11-10", "transit/afghanistan")


def test_ceasefires_are_the_groups_script() -> None:
    played, steady = flagship(*TRUCES), flagship(*TRUCES, "policy@policies.ttp=steady")
    truce = played.record.series("group", "ttp", "truce")
    days = np.flatnonzero(truce)
    assert played.setting.date(int(days[0])).isoformat() == "2021-11-09"
    assert played.setting.date(int(days[-1])).isoformat() == "2021-12-09" and len(days) == 31
    assert events(played, "ttp", "truce", "truce_end") == [("2021-11-09", "truce"), ("2021-12-10", "truce_end")]
    assert steady.record.series("group", "ttp", "truce").sum() == 0 and not events(steady, "ttp", "truce", "truce_end")
    assert played.record.series("group", "baloch", "truce").sum() == 0


def test_scripts_start_with_what_is_in_force() -> None:
    model = scenario("pakistan_afghanistan", "scenario.start=2024-02-01", "scenario.end=2024-02-10").build().run_for(3)
    assert lever(model, "2024-02-01", "deportation/undocumented") == pytest.approx(0.058)
    assert lever(model, "2024-02-01", "transit/afghanistan") == 1.0
    assert lever(model, "2024-02-01", "forum_support/afghanistan") == -0.5
    assert lever(model, "2024-02-01", "close_trade/Torkham crossing") == 0.0  # a spell that was over
    assert not events(model, "pakistan", "strike", "act")  # and no act of the past is done again
    running = scenario("pakistan_afghanistan", "scenario.start=2021-12-01", "scenario.end=2021-12-20").build().run()
    assert running.record.series("group", "ttp", "truce").sum() == 9


# -- a user's own class ---------------------------------------------------------------------------------------------

OWN = '''
import pydantic.dataclasses
from agents.decisions import GovernmentDecision
from agents.levers import Slot
from agents.parameters import STRICT, par
from agents.policies import GovernmentPolicy


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class Parameters:
    level: float = par(0.4, 0.0, 1.0, "-", "assumption", "level of aid")


class Generous(GovernmentPolicy[Parameters]):
    name, theory, looks_at, parameters = "generous", "mine", ("levels",), Parameters

    def decide(self, situation, memory, rng):
        return GovernmentDecision(levels={Slot("aid"): self.params.level}, reasons=("gives 0.4",)), memory


class NoPolicy:
    pass
'''


@pytest.fixture
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "own_policies_for_tests.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))
    return "own_policies_for_tests"


def test_a_users_own_class_plays(own_module: str) -> None:
    chosen = Scenario.load("two_states", seed=1, overrides=[*QUIET[1:], f"policy@policies.north={own_module}:Generous"])
    model = chosen.build().run_for(20)
    assert (model.record.series("government", "north", "asked/aid") == 0.4).all()
    assert model.governments[0].last_reasons == ("gives 0.4",)
    more = Scenario.load("two_states", seed=1, overrides=[f"policy@policies.north={own_module}:Generous", "policies.north.params.level=0.7"])
    assert more.build().run_for(3).record.latest("government", "north", "asked/aid") == 0.7


@pytest.mark.parametrize("name", ["NoPolicy", "Nobody"])
def test_what_is_no_policy_is_refused(own_module: str, name: str) -> None:
    with pytest.raises(InputError, match=r"^policies\.north: .*no policy"):
        Scenario.load("two_states", seed=1, overrides=[f"policy@policies.north={own_module}:{name}"])


def test_a_class_that_was_not_named_by_the_user_is_refused(own_module: str) -> None:
    loaded = scenario("two_states")
    with pytest.raises(InputError, match="command line only"):
        loaded.make_policy("north", dataclasses.replace(loaded.config.policies["north"], name=f"{own_module}:Generous", params={}))
