"""A group's steady campaign: effort by the weight of targets, pressure moves fighters."""

from __future__ import annotations

import numpy as np
import pydantic.dataclasses

from agents.decisions import GroupDecision
from agents.parameters import STRICT, par
from agents.policies.base import GroupPolicy, Memory
from agents.situations import GroupSituation


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class SteadyParameters:
    """How a group reacts to pressure and to talks."""

    pressure: float = par(
        0.5, 0.0, 3.0, "per unit of operations", "assumption: operations push fighters into sanctuary",
        "how much stronger withdrawal gets with operations above the baseline",
    )
    weary_losses: float = par(
        0.25, 0.0, 1.0, "-", "assumption", "yearly share of fighters lost above which the group would accept a mediated truce"
    )


def steady_campaign(
    situation: GroupSituation,
    *,
    pressure: float = 0.5,
    truce_from: int = -1,
    truce_until: int = -1,
    accepts_talks: bool = False,
) -> GroupDecision:
    """Return a campaign at the places' weights, with withdrawal rising under operations."""
    rise = max(situation.operations - situation.baseline_operations, -1.0)
    withdrawal = max(1.0 + pressure * rise, 0.0)
    reasons = [f"{situation.deployed} fighters deployed, {situation.sheltered} in sanctuary"]
    if pressure and rise:
        reasons.append(f"operations at {situation.operations:.2f} make withdrawal {withdrawal:.2f} times as likely")
    if truce_until >= 0:
        reasons.append(f"declares a truce for {truce_until - truce_from} days")
    return GroupDecision(
        effort=situation.weights,
        withdrawal=withdrawal,
        truce_from=truce_from,
        truce_until=truce_until,
        accepts_talks=accepts_talks,
        reasons=tuple(reasons),
    )


class Steady(GroupPolicy[SteadyParameters]):
    """Campaign on; withdraw under pressure; accept a mediated truce when losses are high."""

    name = "steady"
    theory = "Pressure moves fighters across the border rather than ending a campaign (Salehyan 2009, Rebels Without Borders)"
    looks_at = ("weights", "operations", "losses")
    parameters = SteadyParameters

    def decide(
        self, situation: GroupSituation, memory: Memory, rng: np.random.Generator
    ) -> tuple[GroupDecision, Memory]:
        """Campaign at the places' weights."""
        weary = situation.losses > self.params.weary_losses
        return steady_campaign(situation, pressure=self.params.pressure, accepts_talks=weary), memory
