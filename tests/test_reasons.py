"""Every agent says why it decided as it did, in plain words with the numbers it saw."""

from __future__ import annotations

import re

import numpy as np
import pytest
from conflicts import model_of, scenario_of, two_ways
from conftest import scenario

from agents.mediator import Mediator, MediatorSettings
from agents.policies.contract import example_group
from agents.policies.scripted import ScriptedGroup
from agents.policies.steady import Steady, SteadyParameters, steady_campaign
from agents.population_words import per_month
from agents.refugee_population import RefugeePopulation
from agents.situations import MediatorSituation, PairView, Script
from agents.vocabulary import Reason
from sim import observe
from sim.model import MarchlandModel

NUMBER = re.compile(r"\d")


def speakers(model: MarchlandModel) -> dict[str, list[tuple[str, ...]]]:
    """Reasons of all agents that decided, by kind."""
    kinds = {"government": model.governments, "group": model.militant_groups, "mediator": model.mediators, "population": model.populations}
    return {kind: [agent.last_reasons for agent in agents if agent.last_reasons] for kind, agents in kinds.items()}


@pytest.mark.parametrize("name", ["two_states", "pakistan_afghanistan"])
@pytest.mark.parametrize("days", [8, 300])
def test_every_kind_of_agent_gives_reasons_with_numbers(name: str, days: int) -> None:
    model = scenario(name).build().run_for(days)
    for kind, said in speakers(model).items():
        assert said, kind
        for reasons in said:
            text = " ".join(reasons)
            assert NUMBER.search(text), (kind, text)
            assert not re.search(r"(?<!third )country \d|place \d|host \d|nan|inf\b|None|\{|-1", text), (kind, text)
    alive = [agent for agent, block in zip(model.populations, model.setting.populations.blocks, strict=True)
             if model.state.people[block.rows].sum() > 0]  # fmt: skip
    assert all(agent.last_reasons for agent in alive)


@pytest.mark.parametrize("name", ["two_states", "pakistan_afghanistan"])
def test_words_of_populations_name_countries(name: str) -> None:
    model = scenario(name).build().run_for(20)
    countries = model.setting.world.countries
    for agent in model.populations:
        if agent.last_reasons and agent.status in ("registered", "documented", "undocumented", "idp", "citizen"):
            assert any(country in " ".join(agent.last_reasons) for country in countries), agent.name


def test_fear_of_the_deadline_shows_in_october_2023() -> None:
    model = scenario("pakistan_afghanistan").build()
    afghans = next(agent for agent in model.populations if agent.name == "Afghanistan undocumented")
    model.run_for(1000)  # up to 27 September 2023
    before = fear_line(afghans)
    assert "no deadline for them (0)" in before
    model.run_for(29)  # up to 26 October
    line = fear_line(afghans)
    near = float(re.search(r"nearness of the deadline ([\d.]+) of 1", line)[1])  # type: ignore[index]
    assert near == pytest.approx(float(model.state.fear[0, -1]), abs=0.1) and near > 0.3
    assert rate(line) > 5 * rate(before)
    registered = next(agent for agent in model.populations if agent.name == "Afghanistan registered")
    assert "around them undocumented people see a deadline as near as" in fear_line(registered)


def fear_line(agent: RefugeePopulation) -> str:
    return next(reason for reason in agent.last_reasons if "Pakistan" in reason and "fear" in reason)


def rate(line: str) -> float:
    return float(re.search(r"makes ([\d.]+) per 1,000 a month", line)[1])  # type: ignore[index]


def test_the_rate_in_words_is_the_hazard_that_moves_people() -> None:
    model = scenario("pakistan_afghanistan").build().run_for(1030)
    state, setting = model.state, model.setting
    shared = observe.SharedView(state, setting, state.people @ setting.country_onehot)
    for agent, block in zip(model.populations, setting.populations.blocks, strict=True):
        situation = observe.population_situation(state, setting, block, shared)
        hazards = agent.decide(situation).hazards
        if Reason.FEAR in hazards:
            assert rate(fear_line(agent)) == pytest.approx(30_000.0 * float(hazards[Reason.FEAR].max()), rel=0.05)
        worst = [reason for reason in agent.last_reasons if reason.startswith("violence")]
        assert len(worst) == 1


def test_asking_for_reasons_changes_nothing() -> None:
    silent, asked = scenario("two_states").build(), scenario("two_states").build()
    for _ in range(40):
        silent.step()
        asked.step()
        assert all(agent.last_reasons == agent.last_reasons for agent in asked.populations)
    assert np.array_equal(silent.state.people, asked.state.people)
    assert np.array_equal(silent.state.fear, asked.state.fear)


@pytest.mark.parametrize(("hazard", "words"), [
    (0.0, "0.00 per 1,000 a month"), (1e-7, "less than 0.01 per 1,000 a month"), (5e-4, "15.0 per 1,000 a month"), (1e-2, "300 per 1,000 a month"),
], ids=["none", "tiny", "some", "many"])  # fmt: skip
def test_hazards_are_said_per_thousand_and_month(hazard: float, words: str) -> None:
    assert per_month(hazard) == words


def test_a_group_says_what_it_does_and_why() -> None:
    import dataclasses

    situation = example_group()
    said = " ".join(steady_campaign(situation).reasons)
    assert "keeps up its campaign" in said and "150 fighters deployed" in said and "200 in sanctuary, left alone there to 80%" in said
    assert "0.20 above the first day's" in said and "withdraw 1.10 times as often" in said
    weary = dataclasses.replace(situation, losses=0.4)
    policy = Steady(SteadyParameters())
    rng = np.random.default_rng(1)
    assert "loses 10% of its fighters a year, not more than 25%: would refuse" in policy.decide(situation, {}, rng)[0].reasons[-1]
    assert "more than 25%: would accept a mediated truce" in policy.decide(weary, {}, rng)[0].reasons[-1]
    truce = dataclasses.replace(situation, script=Script(truces=((10, 41),)), in_truce=True)
    from agents.policies.base import NoParameters

    said = " ".join(ScriptedGroup(NoParameters()).decide(truce, {}, rng)[0].reasons)
    assert "declares a truce of 31 days" in said and "the record has its leadership declare a ceasefire" in said and "holds back in a truce" in said


def test_a_mediator_says_whom_it_offers_talks_and_why_not() -> None:
    class Lucky:
        def random(self, n: int) -> np.ndarray:
            return np.zeros(n)

    pairs = (PairView("a", "b", 0.7, 0.2, 0.0), PairView("a", "c", 0.1, 0.0, 0.9))
    situation = MediatorSituation("m", 7, 7, 0.5, pairs, {"a": 1000, "b": 0}, {"a": 2.0, "b": 0.0})
    model = scenario("two_states").build()
    said = " | ".join(Mediator(model, "m", MediatorSettings(), lambda: 0.5).decide(situation, Lucky()).reasons)  # type: ignore[arg-type]
    assert "offers talks to a and b (hostility 0.70, weariness 0.20)" in said
    assert "makes no new offer to a and c: their talks stand at 0.90" in said
    assert "for 1,000 displaced people" in said and "joins sanctions against a at 0.20" in said and "against b" not in said


def test_people_of_a_conflict_folder_say_where_the_fighting_is() -> None:
    model = model_of(scenario_of(two_ways(), returns=True)).run_for(5)
    said = [" ".join(agent.last_reasons) for agent in model.populations]
    assert all("fighting in 1 places (Alma)" in text for text in said)
    assert any("go home: home is safe to" in text for text in said)
