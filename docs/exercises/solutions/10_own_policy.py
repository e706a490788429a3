"""Exercise 10: a policy of one's own, checked, run, and compared with holding still."""

from __future__ import annotations

import sys

import numpy as np
import pydantic.dataclasses
from lab import compare, load, outcome, runs

from agents.decisions import GovernmentDecision
from agents.levers import Slot
from agents.parameters import STRICT, par
from agents.policies import GovernmentPolicy, Memory
from agents.situations import GovernmentSituation


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class WatchfulParameters:
    """When to act."""

    alarm: float = par(10.0, 0.0, 1000.0, "attacks in 28 days", "assumption", "attacks above which operations go to the full")


class Watchful(GovernmentPolicy[WatchfulParameters]):
    """Full operations after a month with many attacks, the baseline otherwise."""

    name = "watchful"
    theory = "Threshold response; made up for an exercise"
    looks_at = ("attacks", "baseline")
    parameters = WatchfulParameters

    def decide(self, situation: GovernmentSituation, memory: Memory, rng: np.random.Generator) -> tuple[GovernmentDecision, Memory]:
        """Look at the attacks of four weeks; choose the level of operations; say why."""
        alarmed = situation.attacks > self.params.alarm
        levels = {**situation.baseline, Slot("operations"): 1.0 if alarmed else situation.baseline[Slot("operations")]}
        reason = f"{situation.attacks:.0f} attacks in four weeks, alarm above {self.params.alarm:.0f}: operations at {levels[Slot('operations')]:.2f}"
        return GovernmentDecision(levels=levels, reasons=(reason,)), memory


if __name__ == "__main__":
    sys.modules["mypolicy"] = sys.modules["__main__"]  # on the command line the class stands in a file mypolicy.py
    still, mine = runs(load("10_own_policy")), runs(load("10_own_policy", "policy@policies.north=mypolicy:Watchful"))
    print("why it last decided (seed 1):", mine[0].governments[0].last_reasons[0])
    attacks = compare("attacks of north_front", outcome(still, "attacks_north_front"), outcome(mine, "attacks_north_front"))
    assert attacks[2] < 0.0, "operations prevent attacks: that is an assumption of the model (parameters.violence.suppression)"
    cost = compare("legitimacy of the north, last day", outcome(still, "legitimacy_north"), outcome(mine, "legitimacy_north"), 3)
    assert cost[2] < 0.0, "and they cost legitimacy: another one (parameters.society.legitimacy_operations)"
    civilians = compare("civilians killed by the state", outcome(still, "civilians_killed"), outcome(mine, "civilians_killed"))
    assert civilians[1] > 0.0
