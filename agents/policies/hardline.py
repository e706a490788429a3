"""Full pressure: deport, close, restrict, operate and, above a threshold, strike."""

from __future__ import annotations

import numpy as np
import pydantic.dataclasses

from agents.decisions import Announcement, GovernmentDecision
from agents.levers import Slot
from agents.parameters import STRICT, par
from agents.policies.base import GovernmentPolicy, Memory
from agents.policies.response import ResponseParameters, cooperation
from agents.situations import GovernmentSituation


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class HardlineParameters(ResponseParameters):
    """How hard."""

    level: float = par(0.8, 0.0, 1.0, "-", "assumption", "level of deportation, sanctions, transit restriction and operations")
    closure: float = par(0.3, 0.0, 1.0, "-", "assumption", "level of closure of crossings")
    strike_at: float = par(40.0, 0.0, 1000.0, "attacks in 28 days", "assumption", "attacks by sheltered groups above which it strikes")
    notice: int = par(30, 7, 365, "days", "derived: 3 October to 1 November 2023", "days between announcement and deadline")


class Hardline(GovernmentPolicy[HardlineParameters]):
    """Coercion: make toleration of groups dear for the rival."""

    name = "hardline"
    theory = "Compellence (Schelling 1966, Arms and Influence); Pape 1997 doubts that sanctions alone do it"
    looks_at = ("rivals.tolerated_attacks", "rivals.hostility", "baseline")
    parameters = HardlineParameters

    def decide(
        self, situation: GovernmentSituation, memory: Memory, rng: np.random.Generator
    ) -> tuple[GovernmentDecision, Memory]:
        """Ask for pressure on everybody; announce one deadline at the start."""
        level = self.params.level
        levels = {slot: 0.0 for slot in situation.levels}
        levels[Slot("operations")] = level
        for slot in situation.levels:
            if slot.lever == "deportation" and slot.target == "undocumented":
                levels[slot] = level
            elif slot.lever in ("close_people", "close_trade"):
                levels[slot] = self.params.closure
            elif slot.lever in ("sanctions", "transit", "demand", "denounce"):
                levels[slot] = level
        reasons = [
            f"keeps up full pressure at {level:.2f} whatever the others do (operations, deportation, sanctions, transit), "
            f"crossings closed to {self.params.closure:.2f}"
        ]
        for rival in situation.rivals:
            strikes = rival.tolerated_attacks > self.params.strike_at
            levels[Slot("strikes", rival.name)] = level if strikes else 0.0
            levels[Slot("forum_support", rival.name)] = -level
            levels[Slot("cooperation", rival.name)], words = cooperation(situation, rival, self.params)
            reasons += [
                f"{rival.tolerated_attacks:.0f} attacks in 28 days by groups that {rival.name} shelters, "
                f"{'more' if strikes else 'not more'} than {self.params.strike_at:.0f}: {'strikes' if strikes else 'no strikes'}",
                words,
            ]
        announcements: tuple[Announcement, ...] = ()
        if not memory.get("announced"):
            deadline = situation.day + self.params.notice
            announcements = (Announcement(("undocumented",), situation.day, deadline, level, implemented=True),)
            reasons.append(f"announces a deadline in {self.params.notice} days")
        decision = GovernmentDecision(levels=levels, announcements=announcements, reasons=tuple(reasons))
        return decision, {"announced": 1.0}
