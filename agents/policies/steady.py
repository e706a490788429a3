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
    why: tuple[str, ...] = (),
) -> GroupDecision:
    """Return a campaign at the places' weights, with withdrawal rising under operations.

    ``why`` are further reasons, for what the caller decided.
    """
    rise = max(situation.operations - situation.baseline_operations, -1.0)
    withdrawal = max(1.0 + pressure * rise, 0.0)
    reasons = [_campaign(situation), _pressure(situation, rise, withdrawal)]
    if truce_until >= 0:
        reasons.append(f"declares a truce of {truce_until - truce_from} days")
    return GroupDecision(
        effort=situation.weights,
        withdrawal=withdrawal,
        truce_from=truce_from,
        truce_until=truce_until,
        accepts_talks=accepts_talks,
        reasons=(*reasons, *why),
    )


def _campaign(situation: GroupSituation) -> str:
    """What it goes on doing, and with whom."""
    sheltered = f"{situation.sheltered:,} in sanctuary" if situation.sheltered else "none in sanctuary"
    if situation.sheltered and situation.tolerance > 0.0:
        sheltered += f", left alone there to {situation.tolerance:.0%}"
    doing = "holds back in a truce it declared" if situation.in_truce else "keeps up its campaign and attacks places by their weight as targets"
    return f"{doing}: {situation.deployed:,} fighters deployed, {sheltered}; {situation.attacks:.0f} attacks by all groups on its target in 28 days"


def _pressure(situation: GroupSituation, rise: float, withdrawal: float) -> str:
    """How operations move its fighters."""
    if withdrawal == 1.0:
        return f"operations against it stand at {situation.operations:.2f}: its fighters withdraw as often as usual"
    against = "above" if rise > 0.0 else "below"
    return (
        f"operations against it stand at {situation.operations:.2f}, {abs(rise):.2f} {against} the first day's: "
        f"its fighters withdraw {withdrawal:.2f} times as often as usual"
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
        lost = f"loses {situation.losses:.0%} of its fighters a year, {'more' if weary else 'not more'} than {self.params.weary_losses:.0%}"
        why = (f"{lost}: would {'accept' if weary else 'refuse'} a mediated truce",)
        return steady_campaign(situation, pressure=self.params.pressure, accepts_talks=weary, why=why), memory
