"""Lower the heat: talks, support at forums, open crossings, registration instead of deportation."""

from __future__ import annotations

import numpy as np
import pydantic.dataclasses

from agents.decisions import GovernmentDecision
from agents.levers import Slot
from agents.parameters import STRICT, par
from agents.policies.base import GovernmentPolicy, Memory
from agents.policies.response import ResponseParameters, cooperation
from agents.situations import GovernmentSituation


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class ConciliatoryParameters(ResponseParameters):
    """How far to go."""

    effort: float = par(0.6, 0.0, 1.0, "-", "assumption", "level of talks, registration, aid and integration")
    support: float = par(0.5, 0.0, 1.0, "-", "assumption", "support of rivals at international forums")


class Conciliatory(GovernmentPolicy[ConciliatoryParameters]):
    """Graduated reduction of tension: friendly moves whatever the rival does."""

    name = "conciliatory"
    theory = "Graduated reciprocation in tension reduction (Osgood 1962); conciliation lowers violence in Dugan & Chenoweth 2012 (ASR 77)"
    looks_at = ("rivals.hostility", "rivals.pressure", "baseline")
    parameters = ConciliatoryParameters

    def decide(
        self, situation: GovernmentSituation, memory: Memory, rng: np.random.Generator
    ) -> tuple[GovernmentDecision, Memory]:
        """Ask for friendly levers and let hostile ones go to zero."""
        effort = self.params.effort
        levels = {slot: 0.0 for slot in situation.levels}
        levels[Slot("operations")] = situation.baseline.get(Slot("operations"), 0.0)
        for lever in ("registration", "regularisation", "aid", "integration"):
            levels[Slot(lever)] = effort
        reasons = [f"registers and aids at {effort:.2f}; no closures, sanctions or deportations"]
        for rival in situation.rivals:
            levels[Slot("engagement", rival.name)] = effort
            levels[Slot("forum_support", rival.name)] = self.params.support
            wanted, words = cooperation(situation, rival, self.params)
            levels[Slot("cooperation", rival.name)] = wanted
            reasons += [f"offers {rival.name} talks at hostility {rival.hostility:.2f}", words]
        return GovernmentDecision(levels=levels, reasons=tuple(reasons)), memory
