"""Act in proportion to hostility: the arms-race equations as a policy, for tests against theory."""

from __future__ import annotations

import numpy as np
import pydantic.dataclasses

from agents.decisions import Act, GovernmentDecision
from agents.parameters import STRICT, par
from agents.policies.base import GovernmentPolicy, Memory
from agents.situations import GovernmentSituation


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class RichardsonParameters:
    """Strength of reaction."""

    reaction: float = par(
        1.0, 0.0, 2.0, "-", "Richardson 1960, Arms and Insecurity; reciprocity of 1 a week is the unit",
        "hostile acts a week, in Goldstein/10 points, per point of own hostility",
    )


class Richardson(GovernmentPolicy[RichardsonParameters]):
    """Spread acts worth ``reaction * hostility`` a week evenly over the days of the window."""

    name = "richardson"
    theory = "Action-reaction (Richardson 1960): stable where the product of reactions is below that of fatigues"
    looks_at = ("rivals.hostility", "window")
    parameters = RichardsonParameters

    def decide(
        self, situation: GovernmentSituation, memory: Memory, rng: np.random.Generator
    ) -> tuple[GovernmentDecision, Memory]:
        """Act on every day of the window with weight proportional to hostility."""
        acts: list[Act] = []
        reasons: list[str] = []
        for rival in situation.rivals:
            daily = self.params.reaction * rival.hostility / 7.0
            acts += [
                Act(situation.day + offset, rival.name, "statement", -10.0 * daily, f"reacts to {rival.name}")
                for offset in range(situation.window)
            ]
            reasons.append(f"hostility towards {rival.name} {rival.hostility:.3f}: acts worth {7 * daily:.3f} a week")
        return GovernmentDecision(levels=dict(situation.baseline), acts=tuple(acts), reasons=tuple(reasons) or ("no rivals: no acts",)), memory
