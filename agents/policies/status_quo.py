"""Keep to what is: every lever stays at the scenario's baseline."""

from __future__ import annotations

import numpy as np

from agents.decisions import GovernmentDecision
from agents.policies.base import GovernmentPolicy, Memory, NoParameters
from agents.situations import GovernmentSituation


class StatusQuo(GovernmentPolicy[NoParameters]):
    """Hold the levers of the first day: the reference of every comparison."""

    name = "status_quo"
    theory = "Incrementalism: what was done last year is done this year (Lindblom 1959, Public Administration Review 19)"
    looks_at = ("baseline",)
    parameters = NoParameters

    def decide(
        self, situation: GovernmentSituation, memory: Memory, rng: np.random.Generator
    ) -> tuple[GovernmentDecision, Memory]:
        """Ask for the baseline level of every slot."""
        kept = [f"{slot} {level:.2f}" for slot, level in situation.baseline.items() if level != 0.0]
        words = f"keeps to the baseline of the scenario: {', '.join(kept) if kept else 'every lever at 0'}"
        return GovernmentDecision(levels=dict(situation.baseline), reasons=(words,)), memory
