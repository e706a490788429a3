"""One state holds all that changes: copies are independent, branches and steps back are exact."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from agents.decisions import GovernmentDecision
from agents.levers import Slot
from agents.policies import GOVERNMENT_POLICIES, GovernmentPolicy, Memory, NoParameters, make_policy
from agents.situations import GovernmentSituation
from agents.vocabulary import Account
from sim import Scenario
from sim.model import MarchlandModel
from sim.state import State

HARD = ("policy@policies.north=hardline", "policy@policies.south=tit_for_tat")


def scenario(days: int = 60, name: str = "two_states", extra: tuple[str, ...] = HARD) -> Scenario:
    start = "2001-01-01" if name == "two_states" else "2023-09-01"
    end = (pd.Timestamp(start) + pd.Timedelta(days=days - 1)).date()
    return Scenario.load(name, seed=5, overrides=[*extra, f"scenario.start={start}", f"scenario.end={end}"])


def same_state(a: State, b: State) -> None:
    for field in dataclasses.fields(State):
        x, y = getattr(a, field.name), getattr(b, field.name)
        assert np.array_equal(x, y) if isinstance(x, np.ndarray) else repr(x) == repr(y), field.name


def same_record(a: MarchlandModel, b: MarchlandModel) -> None:
    pd.testing.assert_frame_equal(a.record.daily, b.record.daily, check_exact=True)
    pd.testing.assert_frame_equal(a.record.places, b.record.places, check_exact=True)
    pd.testing.assert_frame_equal(a.record.events, b.record.events, check_exact=True)


@pytest.fixture(scope="module")
def whole() -> MarchlandModel:
    return scenario().build().run()


def test_copy_is_independent() -> None:
    model = scenario().build().run_for(20)
    copy = model.state.copy()
    frozen = model.state.copy()
    for field in dataclasses.fields(State):
        value = getattr(copy, field.name)
        if isinstance(value, np.ndarray):
            assert not np.shares_memory(value, getattr(model.state, field.name)), field.name
            value += np.ones_like(value) if value.dtype != np.bool_ else value
    same_state(model.state, frozen)
    model.run_for(10)
    assert frozen.day == 20 and model.state.day == 30


def test_records_in_a_state_are_immutable() -> None:
    """What a copy shares with its original cannot be changed: no list, dict or set, nothing unfrozen."""

    def check(value: object, where: str) -> None:
        assert not isinstance(value, list | set | bytearray), where
        if isinstance(value, tuple):
            for item in value:
                check(item, where)
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            assert value.__dataclass_params__.frozen, where  # type: ignore[attr-defined]

    model = scenario(name="pakistan_afghanistan", extra=()).build().run_for(40)
    for field in dataclasses.fields(State):
        check(getattr(model.state, field.name), field.name)


def test_head_count_adds_everybody() -> None:
    model = scenario().build()
    before = model.state.head_count()
    assert before == int(model.setting.initial.sum()) and model.state.travelling().sum() == 0
    model.run_for(50)
    state = model.state
    assert state.head_count() == before
    assert state.travelling().shape == (model.setting.populations.n_rows,)
    assert state.travelling().sum() > 0 and state.accounts[list(Account).index(Account.DEAD)].sum() > 0


@pytest.mark.parametrize("name", ["two_states", "pakistan_afghanistan"])
@pytest.mark.parametrize("day", [1, 20, 21])
def test_a_fork_goes_on_exactly_like_the_original(name: str, day: int) -> None:
    model = scenario(45, name, HARD if name == "two_states" else ()).build().run_for(day)
    other = model.fork()
    other.run_for(10)
    model.run_for(10)
    same_state(model.state, other.state)
    same_record(model, other)


def test_a_fork_with_another_policy_shares_the_past_only(whole: MarchlandModel) -> None:
    model = scenario().build().run_for(28)
    other = model.fork({"north": make_policy(GOVERNMENT_POLICIES["conciliatory"], {}, "north")})  # type: ignore[dict-item]
    other.run()
    model.run()
    same_record(model, whole)
    before = other.record.daily["day"] < 28
    pd.testing.assert_frame_equal(
        other.record.places[other.record.places["day"] < 28], whole.record.places[whole.record.places["day"] < 28]
    )
    assert before.any() and other.record.series("government", "north", "lever/aid")[-1] > 0.0


@pytest.mark.parametrize("back_to", [0, 13, 28])
def test_step_back_is_exact(whole: MarchlandModel, back_to: int) -> None:
    model = scenario().build().run_for(back_to)
    kept = model.state.copy()
    model.run_for(25)
    model.restore(kept)
    assert model.state.day == back_to == model.record.length and model.running
    same_state(model.state, kept)
    assert model.state is not kept
    model.run()
    same_record(model, whole)
    same_state(model.state, whole.state)


def test_step_back_takes_mesa_s_collector_along() -> None:
    """After a step back the collector holds the days that were played, each once."""
    model = scenario().build().run_for(5)
    kept = model.state.copy()
    model.run_for(5)
    model.restore(kept)
    model.run_for(2)
    frame = model.datacollector.get_model_vars_dataframe()
    assert len(frame) == 7
    assert frame["displaced"].tolist() == model.record.series("region", "region", "displaced").tolist()


def test_step_back_from_the_end() -> None:
    model = scenario(20).build()
    kept = model.run_for(10).state.copy()
    model.run()
    assert not model.running
    model.restore(kept)
    assert model.running
    model.run()
    assert model.state.day == 20


class Dreamer(GovernmentPolicy[NoParameters]):
    """Status quo, but looks ahead along several branches before every decision."""

    name = "dreamer"
    theory = "for tests"
    looks_at = ("baseline", "imagine")
    parameters = NoParameters
    dreams: tuple[Mapping[str, float], ...] = ()

    def decide(
        self, situation: GovernmentSituation, memory: Memory, rng: np.random.Generator
    ) -> tuple[GovernmentDecision, Memory]:
        assert situation.imagine is not None
        for level in (0.0, 1.0):
            levels = {Slot("deportation", "undocumented"): level, Slot("operations"): level}
            self.dreams = (*self.dreams, situation.imagine(GovernmentDecision(levels=levels), 10))
        return GovernmentDecision(levels=dict(situation.baseline)), memory


@pytest.mark.parametrize("name", ["two_states", "pakistan_afghanistan"])
def test_imagining_does_not_disturb_the_run(name: str) -> None:
    actor = "north" if name == "two_states" else "pakistan"
    awake = scenario(30, name, (f"policy@policies.{actor}=status_quo",)).build()
    asleep = awake.fork()
    dreamer = Dreamer(NoParameters())
    asleep.replace_policy(actor, dreamer)
    awake.run()
    asleep.run()
    same_record(awake, asleep)
    assert len(dreamer.dreams) == 10
    lazy, keen = dreamer.dreams[0], dreamer.dreams[1]
    assert keen["returns_deportation"] > lazy["returns_deportation"] == 0.0
    assert all(np.isfinite(list(dream.values())).all() for dream in dreamer.dreams)


def test_imagination_counts_only_imagined_days() -> None:
    """Two days before the end a look ten days ahead is a look two days ahead, not back on the past."""
    model = scenario(30, extra=("policy@policies.north=status_quo", "scenario.decision_interval=1")).build().run_for(28)
    seen = model._imagination(0)(GovernmentDecision(), 10)
    other = model.fork()
    other.thinking = False
    other.run_for(2)
    assert seen["attacks"] == other.record.series("region", "region", "attacks")[28:].sum()
    early = scenario(5, extra=()).build()
    assert early._imagination(0)(GovernmentDecision(), 10)["attacks"] == early.fork().run_for(5).record.series("region", "region", "attacks").sum()


def test_imagined_acts_move_imagined_hostility() -> None:
    """Pulling hostile levers in imagination costs imagined relations at once, as it does in earnest."""
    model = scenario(30, extra=("policy@policies.north=status_quo", "policy@policies.south=status_quo")).build().run_for(7)
    hostile = {Slot(lever, "south"): 1.0 for lever in ("sanctions", "transit", "demand", "denounce")}

    class Once(Dreamer):
        def decide(
            self, situation: GovernmentSituation, memory: Memory, rng: np.random.Generator
        ) -> tuple[GovernmentDecision, Memory]:
            return GovernmentDecision(levels={**situation.baseline, **hostile}), memory

    earnest = model.fork()
    earnest.replace_policy("north", Once(NoParameters()))
    earnest.run_for(6)
    imagined = model._imagination(0)(GovernmentDecision(levels=hostile), 6)
    real = earnest.record.series("region", "region", "stability")[7:13].mean()
    unmoved = model._imagination(0)(GovernmentDecision(), 6)["stability"]
    assert abs(unmoved - real) > 1e-3  # mediators, who think again in earnest only, move it by less than 1e-5
    assert imagined["stability"] == pytest.approx(real, abs=1e-5)


def test_replacing_a_policy_drops_what_its_script_held() -> None:
    """Pakistan in September 2023: the deadline of November is scripted, and goes with the script."""
    base = scenario(90, "pakistan_afghanistan", ()).build()
    base.run_for(35)
    other = base.fork()
    other.replace_policy("pakistan", make_policy(GOVERNMENT_POLICIES["status_quo"], {}, "pakistan"))  # type: ignore[arg-type]
    base.run_for(45)
    other.run_for(45)
    late = {name: model.record.events.query("day >= 42 and actor == 'pakistan' and kind == 'act'") for name, model in
            (("scripted", base), ("replaced", other))}  # fmt: skip
    assert len(late["scripted"]) > 0 and len(late["replaced"]) == 0
    assert not any(government == 0 and change.day >= 42 for government, change in other.state.agenda)


def test_replacing_a_group_s_policy_drops_its_truce() -> None:
    """A truce that the old policy declared for later is not declared by the new one."""
    model = scenario().build().run_for(3)
    model.state.truces_due = ((0, 10, 20), (1, 10, 20))
    model.replace_policy("north_front", model.policies["north_front"])
    assert model.state.truces_due == ((1, 10, 20),)
    model.state.memories = {"north_front": {"x": 1.0}, "north": {"y": 2.0}}
    model.replace_policy("north_front", model.policies["north_front"])
    assert "north_front" not in model.state.memories and "north" in model.state.memories


def test_replacing_an_unknown_actor_is_refused() -> None:
    model = scenario().build()
    with pytest.raises((KeyError, ValueError)):
        model.replace_policy("nrth", model.policies["north"])
