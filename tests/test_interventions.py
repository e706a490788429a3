"""Interventions: dated changes of who decides act from their day, once, and come back exactly from a config or after a step back."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import QUIET, same_tables, scenario

from agents.decisions import GovernmentDecision
from agents.errors import InputError
from agents.policies import GOVERNMENT_POLICIES, GROUP_POLICIES, GovernmentPolicy, Memory, NoParameters, make_policy
from agents.situations import GovernmentSituation
from experiments.configfile import take_config_file
from experiments.run import parse
from experiments.runner import result_tables
from sim import Scenario
from sim.compose import compose
from sim.fingerprint import config_hash, table_hash
from sim.interventions import Intervention
from sim.model import MarchlandModel
from sim.settings import default_tree, to_tree, validate
from sim.state import State

SHORT = ("scenario.end=2001-05-31",)
FLAGSHIP = ("scenario.start=2023-09-25", "scenario.end=2024-03-31")


def by_hand(date: str, actor: str = "north", **levels: float) -> Intervention:
    return Intervention(dt.date.fromisoformat(date), actor, "manual", {"levels": {key.replace("__", "/"): value for key, value in levels.items()}})


def given(date: str, actor: str, policy: str, **params: float) -> Intervention:
    return Intervention(dt.date.fromisoformat(date), actor, policy, params)  # type: ignore[arg-type]


def with_list(base: Scenario, *listed: Intervention) -> Scenario:
    """The same scenario with interventions in its config."""
    return Scenario(dataclasses.replace(base.config, interventions=listed), base.tables)


def same_state(a: State, b: State) -> None:
    for field in dataclasses.fields(State):
        one, two = getattr(a, field.name), getattr(b, field.name)
        if isinstance(one, np.ndarray):
            assert np.array_equal(one, two), field.name
        elif field.name not in ("campaigns", "walkers"):
            assert one == two, field.name


def hashes(model: MarchlandModel) -> dict[str, str]:
    return {name: table_hash(table) for name, table in result_tables(model).items()}


def said(model: MarchlandModel) -> list[tuple[str, str]]:
    return [(str(model.setting.date(e.day)), e.text) for e in model.record.raw_events if e.kind == "intervention"]


def asked(model: MarchlandModel, text: str, actor: str = "north") -> np.ndarray:
    return model.record.series("government", actor, f"asked/{text}")


def before(table: pd.DataFrame, first: int) -> list[tuple[object, ...]]:
    """Rows before a day, without levers that are never pulled (such a series is there only when the lever is used later on)."""
    rows = table[table["day"] < first]
    if "variable" in rows:
        rows = rows[~(rows["variable"].astype(str).str.match("asked/|lever/") & (rows["value"] == 0.0))]
    return list(rows.astype(str).itertuples(index=False, name=None))


def day(model: MarchlandModel, date: str) -> int:
    return model.setting.day_of(dt.date.fromisoformat(date))


# -- from its day on ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("date", ["2001-01-01", "2001-01-02", "2001-02-26", "2001-03-01", "2001-05-31"])
def test_an_intervention_acts_from_its_day_and_not_before(date: str) -> None:
    base = scenario("two_states", *SHORT)
    plain, led = base.build().run(), with_list(base, by_hand(date, operations=0.9, cooperation__south=0.1)).build().run()
    first = day(plain, date)
    same_state(base.build().run_for(first).state, with_list(base, *led.interventions).build().run_for(first).state)
    for name in ("daily", "places", "events"):
        assert before(getattr(plain.record, name), first) == before(getattr(led.record, name), first)
    assert (asked(led, "operations")[first:] == 0.9).all() and not (asked(plain, "operations")[first:] == 0.9).any()
    assert (asked(led, "cooperation/south")[first:] == 0.1).all()
    assert said(led) == [(date, f"north is led by hand from {date}: operations 0.90, cooperation with south 0.10")]
    assert plain.outcomes != led.outcomes


def test_a_lever_that_is_not_named_stays_where_it_was() -> None:
    base = scenario("two_states", *SHORT)
    before = base.build().run_for(60)
    led = with_list(base, by_hand("2001-03-02", operations=0.9)).build().run()
    assert before.state.day == day(led, "2001-03-02")
    slots = [str(slot) for slot in led.setting.cast.slots_of[0][1] if str(slot) != "operations"]
    assert len(slots) > 20
    for text in slots:
        assert (asked(led, text)[60:] == asked(before, text)[-1]).all(), text


@pytest.mark.parametrize("date", ["2001-02-26", "2001-03-01"])
@pytest.mark.parametrize("levels", [{}, {"operations": 0.3}], ids=["none", "its own"])
def test_taking_over_without_changing_a_level_changes_nothing_but_the_event(date: str, levels: dict[str, float]) -> None:
    base = scenario("two_states", *QUIET, *SHORT)
    plain, led = base.build().run(), with_list(base, by_hand(date, **levels)).build().run()
    assert asked(plain, "operations")[0] == 0.3
    one, two = hashes(plain), hashes(led)
    assert (one["daily"], one["places"]) == (two["daily"], two["places"]) and one["events"] != two["events"]
    rest = led.record.events[led.record.events["kind"] != "intervention"].reset_index(drop=True)
    pd.testing.assert_frame_equal(rest, plain.record.events)


@pytest.mark.parametrize(("actor", "policy"), [("north", "hardline"), ("south", "conciliatory"), ("north_front", "steady")])
def test_on_a_decision_day_it_is_what_replacing_the_policy_is(actor: str, policy: str) -> None:
    pressed = ("policy@policies.north=hardline",) if policy == "steady" else ()  # else its parameters say nothing
    base = scenario("two_states", *SHORT, *pressed)
    params = {"pressure": 2.5, "weary_losses": 0.0} if policy == "steady" else {}
    led = with_list(base, given("2001-02-26", actor, policy, **params)).build().run()
    replaced = base.build().run_for(56)
    replaced.replace_policy(actor, type(led.policies[actor])(led.policies[actor].params))  # type: ignore[arg-type]
    replaced.run()
    one, two = hashes(led), hashes(replaced)
    assert (one["daily"], one["places"]) == (two["daily"], two["places"]) != (hashes(base.build().run())["daily"], one["places"])
    assert said(led)[0][1] == f"{actor} is led by {policy} from 2001-02-26"


class Witness(GovernmentPolicy[NoParameters]):
    """Note what one is asked, and count in the memory."""

    name, theory, looks_at, parameters = "witness", "none", ("day",), NoParameters
    seen: list[tuple[int, int, float]]
    futures: list[tuple[float, ...]]

    def decide(
        self, situation: GovernmentSituation, memory: Memory, rng: np.random.Generator
    ) -> tuple[GovernmentDecision, Memory]:
        self.seen.append((situation.day, situation.window, memory.get("times", 0.0)))
        if situation.imagine is not None and self.futures is not None:
            self.futures.append(tuple(situation.imagine(GovernmentDecision(), 20).values()))
        return GovernmentDecision(reasons=("saw 1",)), {"times": memory.get("times", 0.0) + 1.0}


def witness() -> Witness:
    made = Witness(NoParameters())
    made.seen, made.futures = [], []
    return made


def test_a_new_policy_starts_with_an_empty_memory_and_others_keep_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    base = with_list(scenario("two_states", *SHORT), by_hand("2001-01-17"), given("2001-01-19", "north", "status_quo"))
    model, south = base.build(), witness()
    north = witness()
    monkeypatch.setattr(GOVERNMENT_POLICIES["status_quo"], "decide", lambda self, *seen: north.decide(*seen))
    model.replace_policy("south", south)
    model.run_for(28)
    assert [(d, w) for d, w, _ in north.seen] == [(18, 3), (21, 7)]  # at once, for what is left of the week
    assert [times for _, _, times in north.seen] == [0.0, 1.0]
    assert [(d, w, t) for d, w, t in south.seen] == [(0, 7, 0.0), (7, 7, 1.0), (14, 7, 2.0), (21, 7, 3.0)]


def test_who_looks_ahead_knows_nothing_of_interventions_to_come() -> None:
    base = scenario("two_states", *SHORT)
    change = by_hand("2001-01-10", "south", operations=1.0, sanctions__north=1.0)
    futures: list[list[tuple[float, ...]]] = []
    for built in (base, with_list(base, change)):
        model, north = built.build(), witness()
        model.replace_policy("north", north)
        model.run_for(8)
        futures.append(list(north.futures))
        model.run_for(14)
        assert len(said(model)) == len(built.config.interventions)  # imagining makes none happen twice
    assert futures[0] == futures[1] and len(futures[0]) == 2


def test_between_decision_days_nobody_else_decides() -> None:
    base = scenario("two_states", *SHORT)
    model, south = with_list(base, by_hand("2001-01-10", operations=0.9)).build(), witness()
    model.replace_policy("south", south)
    model.run_for(14)
    assert [d for d, _, _ in south.seen] == [0, 7]
    assert (asked(model, "operations") == 0.9).tolist() == [False] * 9 + [True] * 5


# -- scripts ------------------------------------------------------------------------------------------------------------


def played(model: MarchlandModel) -> Counter[tuple[int, str, str, str]]:
    kinds = ("act", "announcement", "deadline", "closure", "opening", "strike", "truce")
    return Counter((e.day, e.kind, e.actor, e.text) for e in model.record.raw_events if e.kind in kinds)


@pytest.mark.parametrize("dates", [("2023-10-03",), ("2023-10-02", "2023-10-03", "2023-10-04"), ("2023-10-31", "2024-03-18", "2024-03-19")], ids=str)
def test_handing_back_to_the_script_plays_each_act_of_history_once(dates: tuple[str, ...]) -> None:
    base = scenario("pakistan_afghanistan", *FLAGSHIP)
    plain = base.build().run()
    led = with_list(base, *(given(date, "pakistan", "scripted") for date in dates)).build().run()
    assert played(led) == played(plain) and max(played(plain).values()) <= 2  # two strikes on one day are two rows
    one, two = hashes(plain), hashes(led)
    assert (one["daily"], one["places"]) == (two["daily"], two["places"])


def test_what_was_planned_by_the_script_is_dropped_and_taken_up_again_on_the_day_of_handing_back() -> None:
    base = scenario("pakistan_afghanistan", *FLAGSHIP)
    # 3 October 2023: the announcement; taken over the day before and handed back on the day itself, or the day after.
    on, after = (
        with_list(base, by_hand("2023-10-02", "pakistan"), given(back, "pakistan", "scripted")).build().run_for(45)
        for back in ("2023-10-03", "2023-10-04")
    )
    kinds = [[e.kind for e in model.record.raw_events if e.actor == "pakistan" and e.kind in ("announcement", "deadline")] for model in (on, after)]
    assert kinds == [["announcement", "deadline"], []]
    assert [text for _, text in said(on)] == [
        "pakistan is led by hand from 2023-10-02: everything stays as it is", "pakistan goes back to scripted",
    ]


# -- going back, branching, adding, taking out -------------------------------------------------------------------------

PLAN = (
    by_hand("2001-01-17", operations=0.9), given("2001-01-24", "north_front", "steady", pressure=2.5), given("2001-02-08", "north", "hardline"),
    given("2001-02-20", "north", "tit_for_tat"), by_hand("2001-02-20", "south", aid=0.4),
)


@pytest.mark.parametrize("back_to", [0, 15, 16, 17, 23, 30, 39, 51])
def test_restoring_across_interventions_is_exact(back_to: int) -> None:
    base = with_list(scenario("two_states", *SHORT), *PLAN)
    whole = base.build().run_for(80)
    model = base.build().run_for(back_to)
    kept, who = model.state.copy(), {name: type(policy) for name, policy in model.policies.items()}
    model.run_for(80 - back_to)
    assert ({name: type(policy) for name, policy in model.policies.items()} != who) == (back_to < 51)
    model.restore(kept)
    assert {name: type(policy) for name, policy in model.policies.items()} == who
    assert all(agent.policy is model.policies[agent.name] for agent in (*model.governments, *model.militant_groups))
    model.run_for(80 - back_to)
    same_state(model.state, whole.state)
    assert hashes(model) == hashes(whole)


def test_a_truce_that_the_script_declared_for_later_is_dropped_with_it() -> None:
    """The leadership's truce of 10 November 2021 is planned in its week; whoever takes over before that day declares none."""
    more = ("scenario.start=2021-10-25", "scenario.end=2021-11-30")
    kept, dropped = (scenario("pakistan_afghanistan", *more).build() for _ in range(2))
    day = next(d for d in range(1, 20) if kept.step() is None and kept.state.truces_due)
    for _ in range(day):
        dropped.step()
    assert dropped.state.truces_due
    dropped.intervene(Intervention(date=dropped.setting.start + dt.timedelta(days=day), actor="ttp", policy="steady"))
    kept.run()
    dropped.run()
    assert any(event.kind == "truce" for event in kept.record.raw_events)
    assert not any(event.kind == "truce" for event in dropped.record.raw_events)


def test_restoring_takes_back_policies_that_were_replaced_later() -> None:
    model = scenario("two_states", *SHORT).build().run_for(10)
    first, kept = model.policies["north"], model.state.copy()
    model.run_for(4)
    model.replace_policy("north", make_policy(GOVERNMENT_POLICIES["hardline"], {}, "test"))  # type: ignore[arg-type]
    late = model.state.copy()
    model.run_for(7)
    model.restore(late)
    assert model.policies["north"].name == "hardline"
    model.restore(kept)
    assert model.policies["north"] is first
    same_tables(model.run_for(20), scenario("two_states", *SHORT).build().run_for(30))


def test_a_state_of_the_evening_on_which_a_policy_was_replaced_has_no_plans_of_the_old_one() -> None:
    """Whether it was kept before or after the replacement, what comes is the same: the script's truce is dropped."""
    more = ("scenario.start=2021-10-25", "scenario.end=2021-11-30")
    model = scenario("pakistan_afghanistan", *more).build()
    while not model.state.truces_due:
        model.step()
    before, day = model.state.copy(), model.state.day
    model.replace_policy("ttp", make_policy(GROUP_POLICIES["steady"], {}, "test"))  # type: ignore[arg-type]
    after = model.state.copy()
    model.run()
    assert not any(event.kind == "truce" for event in model.record.raw_events)
    once = hashes(model)
    for kept in (before, after):
        model.restore(kept)
        assert model.state.day == day and not model.state.truces_due and model.policies["ttp"].name == "steady"
        model.run()
        assert hashes(model) == once


@pytest.mark.parametrize("at", [0, 16, 17, 40])
def test_a_branch_goes_on_with_who_leads_and_what_is_to_come(at: int) -> None:
    model = with_list(scenario("two_states", *SHORT), *PLAN).build().run_for(at)
    branch = model.fork()
    assert branch.interventions == model.interventions == PLAN
    same_tables(branch.run_for(60), model.run_for(60))


def test_a_policy_given_to_a_branch_is_kept_from_now_on() -> None:
    model = with_list(scenario("two_states", *SHORT), *PLAN).build().run_for(30)
    branch = model.fork({"north": make_policy(GOVERNMENT_POLICIES["conciliatory"], {}, "north")})  # type: ignore[dict-item]
    assert [(one.actor, one.policy) for one in branch.interventions] == [("north", "manual"), ("north_front", "steady"), ("south", "manual")]
    branch.run_for(60)
    assert branch.policies["north"].name == "conciliatory" and branch.policies["south"].name == "manual"


def test_intervening_live_is_the_same_as_from_a_config() -> None:
    base = scenario("two_states", *SHORT)
    live = base.build()
    for change in PLAN[::-1]:  # whatever the order in which they come on one day
        if change.date == PLAN[-1].date:
            live.intervene(change)
    while live.running:
        for change in PLAN[:3]:
            if change.date == live.setting.date(live.state.day):
                live.intervene(change)
        live.step()
    config = with_list(base, *PLAN)
    assert live.interventions == config.build().interventions
    assert hashes(live) == hashes(config.build().run())


def test_a_saved_list_comes_back_from_a_file_with_the_same_hash(tmp_path: Path) -> None:
    base = with_list(scenario("two_states", *SHORT), *PLAN)
    tree = to_tree(base.config)
    assert isinstance(tree, dict)
    (tmp_path / "saved.yaml").write_text(
        "defaults: [config, {override scenario: two_states}, _self_]\n"
        f"scenario: {{end: 2001-05-31}}\ninterventions: {tree['interventions']}\n"
    )
    arguments = parse([str(tmp_path / "saved.yaml"), "figures=false"])
    composed = compose(arguments.overrides, config_dir=arguments.config_dir, config_name=arguments.config_name)
    again = Scenario.from_config(composed.config, composed.folder)
    assert again.config.interventions == PLAN and again.hash == base.hash != scenario("two_states", *SHORT).hash
    assert hashes(again.build().run_for(60)) == hashes(base.build().run_for(60))


def test_an_intervention_is_replaced_and_withdrawn_while_it_is_to_come() -> None:
    model = scenario("two_states", *SHORT).build().run_for(9)
    model.intervene(by_hand("2001-01-10", operations=0.5))  # the coming day
    model.intervene(by_hand("2001-01-10", operations=0.9))
    model.intervene(by_hand("2001-01-12", operations=0.1))
    assert len(model.interventions) == 2
    model.withdraw(dt.date(2001, 1, 12), "north")
    model.run_for(5)
    assert asked(model, "operations")[9:].tolist() == [0.9] * 5
    with pytest.raises(InputError, match=r"^intervention\.date: 2001-01-14 is over; give 2001-01-15 or a later day$"):
        model.intervene(by_hand("2001-01-14"))
    for date, actor in ((dt.date(2001, 1, 10), "north"), (dt.date(2001, 2, 10), "north")):
        with pytest.raises(InputError, match=rf"^withdraw: no intervention to come for {actor} on {date}; to come: none$"):
            model.withdraw(date, actor)
    with pytest.raises(InputError, match=r"^intervention\.actor: no government or group 'nrth'; known: north, south, north_front, south_front$"):
        model.intervene(by_hand("2001-02-10", "nrth"))


def test_the_policy_of_the_first_day_comes_back_with_its_parameters() -> None:
    chosen = scenario("two_states", "corner=spiral", "policies.north.params.gain=0.9", *SHORT)
    model = with_list(chosen, by_hand("2001-01-10"), given("2001-01-12", "north", "tit_for_tat"), given("2001-01-15", "south", "hardline")).build()
    first = model.policies["north"].params
    model.run_for(20)
    assert model.policies["north"].params == first and first.gain == 0.9 and first.spiral == 0.6
    assert model.policies["south"].params.spiral == 0.1
    assert [text for _, text in said(model)][1:] == ["north goes back to tit_for_tat", "south is led by hardline from 2001-01-15"]


# -- wrong input --------------------------------------------------------------------------------------------------------

LINE = "{date: 2001-02-01, actor: north, policy: manual}"


@pytest.mark.parametrize(("text", "wrong"), [
    ("{date: 2003-01-01, actor: north, policy: manual}", "interventions[0].date: 2003-01-01 is outside the run; give a day from 2001-01-01 to 2001-05-31"),
    ("{date: soon, actor: north, policy: manual}", "interventions[0].date: 'soon' is not right; give a date (YYYY-MM-DD)"),
    ("{date: 2001-02-01, actor: nrth, policy: manual}", "interventions[0].actor: no government or group 'nrth'; known: north, south, north_front"),
    ("{date: 2001-02-01, actor: north, policy: manul}", "interventions[0].policy: unknown policy 'manul'; known: conciliatory, "),
    ("{date: 2001-02-01, actor: north_front, policy: manual}", "interventions[0].policy: unknown policy 'manual'; known: scripted, steady"),
    ("{date: 2001-02-01, actor: north, policy: hardline, params: {level: 2}}", "interventions[0].params.level: "),
    ("{date: 2001-02-01, actor: north, policy: manual, params: {levels: {operation: 0.6}}}", "interventions[0].params.levels.operation: unknown lever"),
    ("{date: 2001-02-01, actor: north, policy: manual, params: {levels: {operations: much}}}", "interventions[0].params.levels.operations: 'much'"),
    ("{date: 2001-02-01, actor: north, policy: manual, params: {levels: {cooperation/nrth: 1}}}", "no such slot of this government; known: cooperation/south"),
    ("{dat: 2001-02-01, actor: north, policy: manual}", "interventions[0].dat: unknown key (did you mean 'date'?); known: actor, date, params, policy"),
    ("{date: 2001-02-01, policy: manual}", "interventions[0].actor: missing; give a text"),
    (f"{LINE}, {LINE}", "interventions[1].date: a second one for north on 2001-02-01; give one for an actor and day"),
], ids=["outside", "no date", "actor", "policy", "group by hand", "range", "lever", "no number", "slot", "key", "missing", "twice"])
def test_a_wrong_list_is_one_line(text: str, wrong: str) -> None:
    with pytest.raises(InputError, match=re.escape(wrong)) as caught:
        Scenario.load("two_states", overrides=[*SHORT, f"interventions=[{text}]"])
    assert "\n" not in str(caught.value) and "dict[" not in str(caught.value)


def test_a_file_names_no_class(tmp_path: Path) -> None:
    (tmp_path / "evil.yaml").write_text(
        "defaults: [config, {override scenario: two_states}, _self_]\ninterventions: [{date: 2001-02-01, actor: north, policy: 'os:system'}]\n"
    )
    with pytest.raises(InputError, match=r"^interventions\[0\]\.policy: a class \('os:system'\) is taken from the command line only"):
        compose(config_dir=tmp_path, config_name="evil", trusted=True)
    base = scenario("two_states")
    with pytest.raises(InputError, match=r"^interventions\[0\]\.policy: a class .* command line only"):
        with_list(base, Intervention(dt.date(2001, 2, 1), "north", "os:system"))
    with pytest.raises(InputError, match=r"^intervention\.policy: a class .* command line only"):
        base.build().intervene(Intervention(dt.date(2001, 2, 1), "north", "os:system"))


def test_a_class_named_on_the_command_line_takes_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_for_interventions.py").write_text(
        "from agents.policies.status_quo import StatusQuo\n\n\nclass Mine(StatusQuo):\n    name = 'mine'\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    text = "interventions=[{date: 2001-01-10, actor: north, policy: own_for_interventions:Mine}]"
    model = Scenario.load("two_states", overrides=[*SHORT, text]).build().run_for(12)
    assert model.policies["north"].name == "mine" == model.fork().policies["north"].name
    with pytest.raises(InputError, match="command line only"):
        compose([text, "scenario=two_states"], trusted=False)


# -- the config ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["two_states", "pakistan_afghanistan"])
def test_a_config_without_interventions_keeps_its_hash(name: str) -> None:
    base = scenario(name)
    tree = to_tree(base.config)
    assert isinstance(tree, dict) and "interventions" not in tree
    assert default_tree()["interventions"] == [] == compose([f"scenario={name}"]).config["interventions"]
    bare = config_hash(tree, base.tables.files)
    assert bare.startswith(base.hash) and bare == config_hash({**tree, "interventions": []}, base.tables.files)
    assert validate({**tree, "interventions": []}) == validate(tree) == base.config
    listed = to_tree(dataclasses.replace(base.config, interventions=PLAN))
    assert isinstance(listed, dict) and config_hash(listed, base.tables.files) != bare
    assert validate(listed).interventions == PLAN


# -- marchland run FILE.yaml --------------------------------------------------------------------------------------------


def test_a_file_in_the_first_place_is_the_config(tmp_path: Path) -> None:
    (tmp_path / "mine.v2.yaml").write_text("{}")
    arguments = parse([str(tmp_path / "mine.v2.yaml"), "seed=7", "--force"])
    assert (arguments.config_dir, arguments.config_name, arguments.overrides) == (tmp_path, "mine.v2", ("seed=7",))
    assert arguments.for_hydra(["seed=7"]) == ["--config-dir", str(tmp_path), "--config-name", "mine.v2", "seed=7"]
    for words in ([], ["seed=1"], ["scenario.exogenous=a.yaml"], ["seed=1", str(tmp_path / "mine.v2.yaml")], ["--config-dir=x.yaml"]):
        assert take_config_file(words) == (None, words)


@pytest.mark.parametrize(("words", "wrong"), [
    (["nothing.yaml"], "nothing.yaml: no such file"),
    (["mine.yml"], "mine.yml: a config file ends in .yaml; rename it to mine.yaml"),
    (["config.yaml"], "config.yaml: is called like the built-in config; rename it"),
    (["mine.yaml", "--config-name", "other"], "--config-name: mine.yaml is the config already; give one of the two"),
    (["mine.yaml", "-cd=other"], "--config-dir: mine.yaml is the config already; give one of the two"),
], ids=["missing", "ending", "built-in", "name", "folder"])
def test_a_wrong_config_file_is_one_line(words: list[str], wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("mine.yaml", "mine.yml", "config.yaml"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(InputError, match=f"^{re.escape(wrong)}"):
        parse(words)
