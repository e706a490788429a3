"""A round of decisions: situations of all first, then decisions, then their effects: nobody sees another's move early."""

from __future__ import annotations

from collections.abc import Collection
from types import MappingProxyType
from typing import TYPE_CHECKING

from agents.decisions import GovernmentDecision, GroupDecision
from agents.errors import InputError
from agents.policies import EMPTY, Memory
from sim import observe
from sim.deadlines import announce
from sim.deciding import take_decision
from sim.imagine import imagination
from sim.interventions import note_intervention
from sim.mediation import offer_talks

if TYPE_CHECKING:
    from sim.model import MarchlandModel
    from sim.today import Today


def decide_as_due(model: MarchlandModel, today: Today) -> None:
    """Let interventions of today take effect; then everybody decides on a decision day, else who has just changed hands.

    Between decision days the window is what is left of it, so that a script is played once.
    """
    window = model.setting.config.scenario.decision_interval
    changed = model.roster.due(today.day)
    for actor, (change, policy) in changed.items():
        note_intervention(model.setting, today, change, model.policies[actor], policy)
        model.change_hands(actor, policy)
    since = today.day % window
    if not since:
        decide_round(model, today, window)
    elif changed:
        decide_round(model, today, window - since, changed)


def decide_round(model: MarchlandModel, today: Today, window: int, only: Collection[str] | None = None) -> None:
    """Let everybody decide, or ``only`` some governments and groups, for the ``window`` days to come."""
    state, setting, streams, day = model.state, model.setting, model.streams, model.state.day
    cast = setting.cast
    governments = [
        (i, agent, observe.government_situation(state, setting, model.calendar, i, window, imagination(model, i)))
        for i, agent in enumerate(model.governments) if only is None or agent.name in only
    ]  # fmt: skip
    groups = [
        (g, agent, observe.group_situation(state, setting, model.calendar, g, window))
        for g, agent in enumerate(model.militant_groups) if only is None or agent.name in only
    ]  # fmt: skip
    mediators = [observe.mediator_situation(state, setting, m, window) for m in range(len(cast.mediators))] if only is None else []
    # Read-only copies: a policy that writes into its memory must not change what is kept.
    memories: dict[str, Memory] = {name: MappingProxyType(dict(kept)) for name, kept in state.memories.items()}
    if only is None:
        state.acts_memory[:] = 0.0
    decisions: list[tuple[int, GovernmentDecision]] = []
    for i, agent, situation in governments:
        decision, memories[agent.name] = agent.decide(situation, memories.get(agent.name, EMPTY), streams.generator("decide", agent.name, day))
        if not isinstance(decision, GovernmentDecision):
            raise InputError(f"policies.{agent.name}: decide returned {type(decision).__name__}, not (GovernmentDecision, memory)")
        decisions.append((i, decision))
    campaigns = list(state.campaigns)
    for g, group, view in groups:
        campaign, memories[group.name] = group.decide(view, memories.get(group.name, EMPTY), streams.generator("decide", group.name, day))
        if not isinstance(campaign, GroupDecision):
            raise InputError(f"policies.{group.name}: decide returned {type(campaign).__name__}, not (GroupDecision, memory)")
        campaigns[g] = campaign
        if campaign.truce_until > campaign.truce_from:
            state.truces_due = (*state.truces_due, (g, campaign.truce_from, campaign.truce_until))
    state.campaigns = tuple(campaigns)
    state.memories = dict(memories)
    for i, decision in decisions:
        take_decision(state, setting, today, i, decision)
        for note in decision.announcements:
            announce(state, i, note)
    if only is None:
        state.mediator_aid[:] = 0.0
        state.mediator_sanctions[:] = 0.0
    for mediator, seen in zip(model.mediators, mediators, strict=only is None):
        rng = streams.generator("decide", mediator.name, day)
        offer_talks(state, setting, streams, today, mediator.name, mediator.decide(seen, rng))
