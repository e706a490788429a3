"""One state holds all that changes: copies are independent, branches and steps back are exact."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agents.decisions import GovernmentDecision
from agents.errors import InputError
from agents.levers import Slot
from agents.policies import GOVERNMENT_POLICIES, GovernmentPolicy, Memory, NoParameters, make_policy
from agents.situations import GovernmentSituation
from agents.vocabulary import Account
from sim import Scenario, observe
from sim.imagine import imagination
from sim.model import MarchlandModel
from sim.state import State
from sim.streams import Streams

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


def test_only_days_on_record_can_be_restored() -> None:
    """After going back there is no way forward but to play: the days between are not on record."""
    model = scenario().build().run_for(10)
    early = model.state.copy()
    model.run_for(20)
    late = model.state.copy()
    model.restore(late)  # today itself
    model.restore(early)
    with pytest.raises(InputError, match="day 30 is not on record here; this model has days 0 to 10") as caught:
        model.restore(late)
    assert "\n" not in str(caught.value)
    same_state(model.state, early)
    assert model.record.length == model.steps == 10
    same_record(model.run_for(20), scenario().build().run_for(30))
    same_state(model.state, late)


def test_a_branch_goes_back_as_far_as_it_was_made() -> None:
    model = scenario().build().run_for(5)
    before = model.state.copy()
    model.run_for(5)
    branch = model.fork()
    start = branch.state.copy()
    branch.run_for(10)
    with pytest.raises(InputError, match="day 5 is not on record here; this model has days 10 to 20"):
        branch.restore(before)
    branch.restore(start)
    assert branch.steps == 0 and branch.datacollector is not None
    branch.run_for(10)
    assert len(branch.datacollector.get_model_vars_dataframe()) == branch.steps == 10
    same_record(branch, model.run_for(10))


def test_what_agents_are_shown_cannot_be_written_to() -> None:
    """A snapshot is for looking: a policy that writes into it must not change the world."""
    model = scenario().build().run_for(3)
    setting, state = model.setting, model.state
    seen = observe.group_situation(state, setting, model.calendar, 0, 7)
    with pytest.raises(ValueError, match="read-only"):
        seen.weights *= 2.0
    shared = observe.SharedView(state, setting, state.people @ setting.country_onehot)
    kept = state.people.copy()
    for block in setting.populations.blocks:
        view = observe.population_situation(state, setting, block, shared)
        with pytest.raises(ValueError, match="read-only"):
            view.counts[0, 0] += 1
    assert state.people.flags.writeable and np.array_equal(kept, state.people)
    seen.fighters[:] = 0  # a copy
    assert state.fighters.sum() > 0


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


def with_imagined_luck(model: MarchlandModel, government: int) -> MarchlandModel:
    """A branch that draws what this government would imagine."""
    other = model.fork()
    other.streams = Streams(model.streams.seed, model.streams.replicate, salt=f"imagined by {government}")
    return other


@pytest.fixture
def branches(monkeypatch: pytest.MonkeyPatch) -> list[MarchlandModel]:
    """Every branch that is made from now on."""
    made: list[MarchlandModel] = []
    fork = MarchlandModel.fork

    def kept(self: MarchlandModel) -> MarchlandModel:
        made.append(fork(self))
        return made[-1]

    monkeypatch.setattr(MarchlandModel, "fork", kept)
    return made


def test_imagined_luck_is_not_the_run_s(branches: list[MarchlandModel]) -> None:
    """Whoever looks ahead sees the odds, not what will be drawn; two branches of one look share their luck."""
    often = ("groups.north_front.attack_rate=5", "groups.south_front.attack_rate=5")
    quiet = ("policy@policies.north=status_quo", "policy@policies.south=status_quo")
    model = scenario(60, extra=(*quiet, *often)).build().run_for(28)
    own = model.fork()
    own.thinking = False
    own.run_for(28)
    first, second, other = (imagination(model, i)(GovernmentDecision(), 28) for i in (0, 0, 1))
    model.run_for(28)
    real, unsalted, one, two, three = (
        m.record.series("region", "region", "attacks")[28:56] for m in (model, own, *branches[1:])
    )
    assert np.array_equal(real, unsalted) and real.sum() > 10  # the decision changes nothing: luck alone differs
    assert np.array_equal(one, two) and first == second
    for imagined in (one, three):
        assert (imagined != real).mean() > 0.2 and abs(np.corrcoef(imagined, real)[0, 1]) < 0.5
    assert not np.array_equal(one, three) and other != first


def test_imagination_does_not_repeat_what_happened_today(tmp_path: Path, branches: list[MarchlandModel]) -> None:
    """A wave of people and a surge of attacks that begin on a decision day are there once, in the branch too."""
    events = tmp_path / "exogenous.csv"
    events.write_text(
        "date,end_date,type,actor,target,description,places,effect,subject,value,decay_days\n"
        "2001-01-08,,exodus,,Southland,a wave,,exodus,Northland,20000,9\n"
        "2001-01-08,2001-02-20,surge,,,a surge,,intensity,north_front,3,\n"
        "2001-01-10,,exodus,,Southland,a later wave,,exodus,Northland,10000,9\n",
        encoding="utf-8",
    )
    quiet = ("policy@policies.north=status_quo", "policy@policies.south=status_quo")
    model = scenario(30, extra=(*quiet, f"scenario.exogenous={events}")).build()
    model.run_for(7)
    dreamer = Dreamer(NoParameters())
    model.replace_policy("north", dreamer)
    model.run_for(1)
    assert len(dreamer.dreams) == len(branches) == 2
    for branch in branches:
        assert branch.state.day == 17
        assert [wave.people for wave in branch.state.exoduses] == [20_000.0, 10_000.0]  # the later one is imagined
        assert [surge.factor for surge in branch.state.surges] == [3.0]
    model.run_for(9)
    assert [wave.people for wave in model.state.exoduses] == [20_000.0, 10_000.0] and len(model.state.surges) == 1


def test_imagination_counts_only_imagined_days() -> None:
    """Two days before the end a look ten days ahead is a look two days ahead, not back on the past."""
    model = scenario(30, extra=("policy@policies.north=status_quo", "scenario.decision_interval=1")).build().run_for(28)
    seen = imagination(model, 0)(GovernmentDecision(), 10)
    other = with_imagined_luck(model, 0)
    other.thinking = False
    other.run_for(2)
    assert seen["attacks"] == other.record.series("region", "region", "attacks")[28:].sum()
    early = scenario(5, extra=()).build()
    played = with_imagined_luck(early, 0).run_for(5)
    assert imagination(early, 0)(GovernmentDecision(), 10)["attacks"] == played.record.series("region", "region", "attacks").sum()


def test_imagined_acts_move_imagined_hostility() -> None:
    """Pulling hostile levers in imagination costs imagined relations at once, as it does in earnest."""
    model = scenario(30, extra=("policy@policies.north=status_quo", "policy@policies.south=status_quo")).build().run_for(7)
    hostile = {Slot(lever, "south"): 1.0 for lever in ("sanctions", "transit", "demand", "denounce")}

    class Once(Dreamer):
        def decide(
            self, situation: GovernmentSituation, memory: Memory, rng: np.random.Generator
        ) -> tuple[GovernmentDecision, Memory]:
            return GovernmentDecision(levels={**situation.baseline, **hostile}), memory

    earnest = with_imagined_luck(model, 0)
    earnest.replace_policy("north", Once(NoParameters()))
    earnest.run_for(6)
    imagined = imagination(model, 0)(GovernmentDecision(levels=hostile), 6)
    real = earnest.record.series("region", "region", "stability")[7:13].mean()
    unmoved = imagination(model, 0)(GovernmentDecision(), 6)["stability"]
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
    with pytest.raises(InputError, match="'nrth'"):
        model.replace_policy("nrth", model.policies["north"])


@pytest.mark.parametrize("days", [63, 64, 65, 130])
def test_a_record_is_the_same_whenever_somebody_looks(days: int) -> None:
    """Days are summed up 64 at a time: looking daily, once, in a branch or after a step back shows the same numbers."""
    whole = scenario(days + 20).build().run_for(days)
    watched = scenario(days + 20).build()
    for day in range(days):
        watched.step()
        assert watched.record.length == day + 1
        assert watched.record.latest("region", "region", "displaced") == watched.record.displaced[-1].sum()
    kept = watched.state.copy()
    branch = watched.fork()
    watched.run_for(10)
    watched.restore(kept)
    same_record(watched, whole)
    same_record(watched.run_for(10), branch.run_for(10))
    same_record(branch, whole.run_for(10))
