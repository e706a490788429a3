"""A Mesa user finds what Mesa promises: model, agents, agent sets, data collector; no warning, no leak."""

from __future__ import annotations

import gc
import warnings
import weakref

import mesa
import numpy as np
import pandas as pd
import pytest

from agents.government import Government
from agents.mediator import Mediator
from agents.militant_group import MilitantGroup
from agents.refugee_population import RefugeePopulation
from sim import Scenario
from sim.model import MarchlandModel
from sim.people import ORDER

KINDS = (Government, MilitantGroup, RefugeePopulation, Mediator)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return Scenario.load("two_states", seed=3)


@pytest.fixture(scope="module")
def stepped(scenario: Scenario) -> MarchlandModel:
    model = scenario.build()
    for _ in range(10):
        model.step()
    return model


def test_model_and_agents_are_mesa_s(stepped: MarchlandModel) -> None:
    assert isinstance(stepped, mesa.Model)
    assert len(stepped.agents) == 2 + 2 + 2 * len(ORDER) + 1
    assert all(isinstance(agent, mesa.Agent) and isinstance(agent, KINDS) for agent in stepped.agents)
    assert all(agent.model is stepped for agent in stepped.agents)
    assert sorted(agent.unique_id for agent in stepped.agents) == list(range(1, len(stepped.agents) + 1))
    assert {agent.name for agent in stepped.agents_by_type[Government]} == {"north", "south"}


def test_steps_and_running(scenario: Scenario) -> None:
    short = Scenario.load("two_states", overrides=["scenario.end=2001-01-05"]).build()
    assert short.running and short.steps == 0 and short.state.day == 0
    for day in range(1, 6):
        short.step()
        assert short.steps == short.state.day == day
        assert short.running == (day < 5)
    before = short.state.copy()
    short.step()  # past the end: nothing happens
    assert short.state.day == 5 and not short.running
    assert np.array_equal(before.people, short.state.people)
    assert len(short.datacollector.get_model_vars_dataframe()) == 5
    assert scenario.build().run_for(3).steps == 3


def test_run_model_way_of_mesa() -> None:
    """``while model.running: model.step()``, as Mesa's own runners do."""
    model = Scenario.load("two_states", overrides=["scenario.end=2001-01-12"]).build()
    while model.running:
        model.step()
    assert model.state.day == 12 and model.record.length == 12


def test_agent_sets(stepped: MarchlandModel) -> None:
    agents = stepped.agents
    assert len(agents.select(agent_type=RefugeePopulation)) == 12
    assert [a.name for a in agents.select(lambda a: a.name == "north")] == ["north"]
    assert len(agents.select(at_most=3)) == 3
    count = agents.groupby(lambda a: type(a).__name__).count()
    assert dict(count) == {"Government": 2, "MilitantGroup": 2, "RefugeePopulation": 12, "Mediator": 1}
    people = stepped.agents_by_type[RefugeePopulation]
    assert people.agg("people", sum) == int(stepped.state.people.sum())
    assert people.agg("people", [min, max])[1] > 1_000_000
    by_status = people.groupby("status").agg("people", sum)
    assert set(by_status) == {status.value for status in ORDER}
    assert sorted(stepped.agents_by_type[MilitantGroup].get("fighters")) == sorted(stepped.state.fighters.sum(axis=1).tolist())
    assert set(stepped.agents_by_type) == set(KINDS)
    ordered = agents.select(agent_type=RefugeePopulation).sort("people")
    assert [a.people for a in ordered] == sorted((a.people for a in ordered), reverse=True)


def test_agents_are_views_of_the_state(stepped: MarchlandModel) -> None:
    model = stepped.fork()
    north = next(iter(model.agents.select(lambda a: a.name == "north")))
    model.state.legitimacy[0] = 0.123
    model.state.economy[0] = 0.9
    model.state.tension[0] = 0.4
    assert (north.legitimacy, north.economy, north.tension) == (0.123, 0.9, 0.4)
    model.state.attention[0] = 0.7
    assert next(iter(model.agents_by_type[Mediator])).attention == 0.7
    assert north.last_reasons == () and all(g.last_reasons for g in stepped.governments)


def test_data_collector(stepped: MarchlandModel) -> None:
    frame = stepped.datacollector.get_model_vars_dataframe()
    assert {"attacks", "deaths", "returns", "displaced", "stability"} <= set(frame.columns)
    assert len(frame) == 10
    daily = stepped.record.daily
    for name in ("attacks", "deaths", "returns", "displaced", "stability"):
        own = daily[(daily.kind == "region") & (daily.variable == name)].sort_values("day")["value"]
        assert frame[name].tolist() == own.tolist(), name
    governments = stepped.datacollector.get_agenttype_vars_dataframe(Government)
    assert len(governments) == 20 and {"legitimacy", "tension"} <= set(governments.columns)
    groups = stepped.datacollector.get_agenttype_vars_dataframe(MilitantGroup)
    assert isinstance(groups, pd.DataFrame) and (groups["fighters"] > 0).all()


def test_a_user_s_own_collector_and_reporters(scenario: Scenario) -> None:
    model = scenario.build()
    model.datacollector = mesa.DataCollector(
        model_reporters={"day": lambda m: m.state.day}, agenttype_reporters={RefugeePopulation: {"people": "people"}}
    )
    model.run_for(4)
    assert model.datacollector.get_model_vars_dataframe()["day"].tolist() == [1, 2, 3, 4]
    frame = model.datacollector.get_agenttype_vars_dataframe(RefugeePopulation)
    assert len(frame) == 48


def test_a_user_s_subclass_may_add_to_the_step(scenario: Scenario) -> None:
    class Mine(MarchlandModel):
        seen: tuple[int, ...] = ()

        def step(self) -> None:
            super().step()
            self.seen = (*self.seen, self.state.day)

    base = scenario.build()
    model = Mine(base.setting, base.policies, seed=3)
    for _ in range(3):
        model.step()
    base.run_for(3)
    assert model.seen == (1, 2, 3) and model.state.day == 3 and model.steps == 3
    assert np.array_equal(model.state.people, base.state.people)


def test_no_warning() -> None:
    """Nothing is deprecated in what is used, on either Mesa."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = Scenario.load("two_states", overrides=["scenario.end=2001-02-10"]).build()
        model.run()
        model.fork()
        assert model.outcomes and len(model.record.daily) and len(model.record.places) and len(model.record.events)
        model.datacollector.get_model_vars_dataframe()
        model.agents.select(agent_type=Government).groupby("name").count()


def test_names_that_newer_mesas_own_are_left_alone(stepped: MarchlandModel) -> None:
    own = set(vars(stepped)) - set(vars(mesa.Model()))
    assert not own & {"scenario", "time", "data_registry", "agent_id_counter"}
    if hasattr(mesa.Model(), "time"):
        assert stepped.time == stepped.steps


def test_the_seed_reaches_mesa_s_own_generators(scenario: Scenario) -> None:
    assert scenario.build(seed=9).rng.random() == mesa.Model(rng=9).rng.random()
    assert scenario.build(seed=np.int64(9)).random.random() == scenario.build(seed=9).random.random()


@pytest.mark.parametrize("how", ["run", "run_for", "step", "unused", "fork"])
def test_models_are_freed(scenario: Scenario, how: str) -> None:
    """Mesa 3.3 keeps a reference to every model for ever unless told otherwise: none may stay, however it is used."""
    short = Scenario.load("two_states", overrides=["scenario.end=2001-01-03"])
    gone: list[weakref.ref[MarchlandModel]] = []
    for _ in range(4):
        model = short.build()
        gone.append(weakref.ref(model))
        if how == "run":
            model.run()
        elif how == "run_for":
            model.run_for(3)
        elif how == "step":
            while model.running:
                model.step()
        elif how == "fork":
            other = model.fork()
            gone.append(weakref.ref(other))
            other.run_for(1)
            del other
        del model
    gc.collect()
    assert [ref() for ref in gone if ref() is not None] == []


def test_agents_created_later_get_fresh_ids(scenario: Scenario) -> None:
    model = Scenario.load("two_states", overrides=["scenario.end=2001-01-03"]).build().run()
    extra = mesa.Agent(model)
    assert extra.unique_id not in {agent.unique_id for agent in model.agents if agent is not extra}
