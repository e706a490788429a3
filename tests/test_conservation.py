"""People and fighters are conserved every day, whatever the config; bounded quantities keep their bounds.

Sixty short random runs here; ``benchmarks/conservation.py`` plays a thousand longer ones.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.vocabulary import Account
from sim import Scenario
from sim.accounts import account_total


def _benchmark() -> ModuleType:
    path = Path(__file__).parent.parent / "benchmarks" / "conservation.py"
    spec = importlib.util.spec_from_file_location("conservation_benchmark", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


benchmark = _benchmark()


@given(st.integers(0, 10**9))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_random_runs_lose_nobody(number: int) -> None:
    benchmark.play(number, 20)


def test_the_runs_are_really_random() -> None:
    """Both scenarios, several policies, scales and intervals come up, and levers get pulled."""
    models = [benchmark.random_model(number, 8) for number in range(24)]
    configs = [model.setting.config for model in models]
    assert {config.scenario.name for config in configs} == set(benchmark.SCENARIOS)
    assert len({config.scenario.people_scale for config in configs}) >= 4
    assert len({config.scenario.decision_interval for config in configs}) >= 3
    assert len({type(policy).__name__ for model in models for policy in model.policies.values()}) >= 5
    moved = [model.run_for(8) for model in models]
    assert sum(int(model.state.granted.any()) for model in moved) >= 18
    assert sum(int(model.state.queue.any()) for model in moved) >= 1
    assert len({config.parameters.violence.branching for config in configs}) >= 4


def test_the_checks_can_fail() -> None:
    """A person too many, a negative cell, a level above 1: each is noticed."""
    for spoil in (
        lambda state: np.add.at(state.people, (0, 0), 1),
        lambda state: np.add.at(state.queue, (0, 0, 0), -1),
        lambda state: np.add.at(state.fighters, (0, 0), 1),
        lambda state: state.granted.__setitem__((0, 0), 1.5),
        lambda state: state.hostility.__setitem__((0, 1), 1e9),
        lambda state: state.legitimacy.__setitem__(0, np.nan),
    ):
        model = benchmark.random_model(1, 5)
        model.step()
        benchmark.check(model)
        spoil(model.state)
        with pytest.raises(AssertionError):
            benchmark.check(model)


def test_the_model_itself_stops_when_somebody_is_lost() -> None:
    model = Scenario.load("two_states").build()
    model.step()
    model.state.people[0, 0] -= 1
    with pytest.raises(AssertionError, match="-1 people"):
        model.step()


def test_the_books_balance() -> None:
    """The dead in the books are the people killed in the events; recruits in both books agree."""
    model = Scenario.load("pakistan_afghanistan", seed=4, overrides=["policy@policies.pakistan=hardline"]).build().run_for(200)
    places = model.record.places
    assert account_total(model.state, Account.DEAD) == places["deaths"].sum() > 0
    recruits = sum(model.record.series("group", name, "recruits").sum() for name in model.setting.cast.groups)
    assert account_total(model.state, Account.RECRUITED) == recruits == -model.state.fighter_accounts[0].sum() > 0
    killed = sum(model.record.series("group", name, "killed").sum() for name in model.setting.cast.groups)
    assert model.state.fighter_accounts[1].sum() == killed > 0


def test_hostility_is_bounded_in_a_long_reactive_run() -> None:
    """Two years of tit for tat and hard line near the stability limit: inside what gain and fatigue allow."""
    overrides = ["policy@policies.north=tit_for_tat", "policy@policies.south=hardline", "parameters.diplomacy.reaction=0.29"]
    model = Scenario.load("two_states", seed=2, overrides=overrides).build().run()
    for a, b in (("north", "south"), ("south", "north")):
        series = model.record.series("government", a, f"hostility/{b}")
        assert np.isfinite(series).all()
        assert np.abs(series).max() <= benchmark.hostility_bound(model)
        assert np.abs(series).max() < 30.0
