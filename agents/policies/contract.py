"""A public check that a policy keeps the contract, for users' own policies and for ours.

The policy is asked about situations built by hand, so no simulation is needed.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

import numpy as np

from agents.decisions import GovernmentDecision, GroupDecision
from agents.errors import InputError
from agents.levers import BY_NAME, CATALOGUE, Slot, slots_of
from agents.policies.base import EMPTY, GovernmentPolicy, Memory, make_policy
from agents.situations import GovernmentSituation, GroupSituation, RivalView, Script
from agents.vocabulary import ABROAD


def example_government(*, attacks: float = 30.0, received: float = 0.5, hostility: float = 0.8, day: int = 7) -> GovernmentSituation:
    """A government with one rival, two crossings and all levers, in a tense week."""
    slots = slots_of(
        tuple(lever.name for lever in CATALOGUE), tuple(s.value for s in ABROAD), ("East Gate", "West Gate"), ("rival",)
    )
    levels = {slot: 0.0 for slot in slots}
    levels[Slot("operations")] = 0.3
    levels[Slot("cooperation", "rival")] = 0.4
    rival = RivalView(
        name="rival", hostility=hostility, hostility_received=hostility, acts_received=received,
        tolerated_attacks=attacks / 2.0, cooperation=0.2, pressure=0.1, talks=0.0,
    )
    return GovernmentSituation(
        name="own", day=day, window=7, levels=levels, baseline=dict(levels), rivals=(rival,), attacks=attacks,
        attacks_before=20.0, deaths=40.0, legitimacy=0.45, tension=0.45, economy=0.98, standing=0.5,
        refugees={"registered": 1000, "documented": 500, "undocumented": 2000}, script=Script(),
    )


def example_group() -> GroupSituation:
    """A group with fighters at two places of its target and one in sanctuary."""
    return GroupSituation(
        name="group", day=7, window=7, fighters=np.array([100, 50, 200]), weights=np.array([1.0, 2.0, 0.0]),
        deployed=150, sheltered=200, operations=0.5, baseline_operations=0.3, tolerance=0.8, attacks=12.0,
        losses=0.1, in_truce=False,
    )


def check_policy(policy_class: type, params: Mapping[str, object] | None = None) -> None:
    """Check that a policy class keeps the contract.

    It must answer example situations with a decision of the right kind, levels in range for slots
    that the government has, at least one reason, the same answer when asked twice, and leave the
    situation as it was.

    Raises
    ------
    InputError
        One line that says what the policy does wrong.
    """
    name = policy_class.__name__
    policy = make_policy(policy_class, params or {}, name)
    if isinstance(policy, GovernmentPolicy):
        for situation in (example_government(), example_government(attacks=0.0, received=-0.5), example_government(attacks=500.0, received=3.0)):
            before = copy.deepcopy(situation)
            decision, memory = _asked(name, policy, situation)
            _check_levels(name, decision, situation)
            if situation != before:
                raise InputError(f"{name}.decide: changes the situation; it must leave it as it is")
            again, memory_again = _asked(name, policy, situation)
            if (decision, memory) != (again, memory_again):
                raise InputError(f"{name}.decide: answers differently when asked twice with the same stream; it must be pure")
    else:
        view = example_group()
        answer, _ = policy.decide(view, EMPTY, np.random.default_rng(1))
        if not isinstance(answer, GroupDecision):
            raise InputError(f"{name}.decide: returns {type(answer).__name__}; a group answers with (GroupDecision, memory)")
        if answer.effort.shape != view.weights.shape or (answer.effort < 0.0).any():
            raise InputError(f"{name}.decide: effort must hold a weight >= 0 for each place")
        if not answer.reasons:
            raise InputError(f"{name}.decide: gives no reasons; say why in words with the numbers it saw")


def _asked(name: str, policy: GovernmentPolicy[object], situation: GovernmentSituation) -> tuple[GovernmentDecision, Memory]:
    answer = policy.decide(situation, EMPTY, np.random.default_rng(1))
    if not isinstance(answer, tuple) or len(answer) != 2 or not isinstance(answer[0], GovernmentDecision):
        raise InputError(f"{name}.decide: must return (GovernmentDecision, memory)")
    return answer


def _check_levels(name: str, decision: GovernmentDecision, situation: GovernmentSituation) -> None:
    for slot, level in decision.levels.items():
        if slot not in situation.levels:
            raise InputError(f"{name}.decide: asks for {slot}, which the government does not have; take slots from situation.levels")
        low = BY_NAME[slot.lever].low
        if not low <= level <= 1.0:
            raise InputError(f"{name}.decide: asks for {slot} at {level}; levels lie in [{low:g}, 1]")
    if not decision.reasons:
        raise InputError(f"{name}.decide: gives no reasons; say why in words with the numbers it saw")
