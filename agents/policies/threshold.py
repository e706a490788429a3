"""An escalation ladder: each rung is a set of levers, climbed when attacks pass a threshold."""

from __future__ import annotations

import numpy as np
import pydantic.dataclasses

from agents.decisions import Announcement, GovernmentDecision
from agents.levers import Slot
from agents.parameters import STRICT, par
from agents.policies.base import GovernmentPolicy, Memory
from agents.policies.response import ResponseParameters, cooperation
from agents.situations import GovernmentSituation

#: The rungs, mildest first; a rung adds its levers to those below.
RUNGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("demands and denunciations", ("demand", "denounce")),
    ("trade pressure and operations", ("transit", "sanctions", "operations")),
    ("closed crossings and deportation", ("close_people", "close_trade", "deportation")),
    ("cross-border strikes", ("strikes",)),
)


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class ThresholdParameters(ResponseParameters):
    """Where the rungs are, and how fast the ladder is climbed down."""

    first: float = par(20.0, 0.0, 1000.0, "attacks in 28 days", "assumption: about the monthly mean of 2021 (PICSS)", "attacks at the first rung")
    step: float = par(20.0, 1.0, 1000.0, "attacks in 28 days", "assumption", "attacks between two rungs")
    level: float = par(0.6, 0.0, 1.0, "-", "assumption", "level of the levers of a rung")
    notice: int = par(30, 7, 365, "days", "derived: 3 October to 1 November 2023", "days between announcement and deadline")
    patience: int = par(8, 1, 104, "weeks", "assumption", "quiet weeks before it steps down a rung")


class Threshold(GovernmentPolicy[ThresholdParameters]):
    """Climb a rung when attacks pass its threshold, climb down after quiet weeks."""

    name = "threshold"
    theory = "Escalation ladder (Kahn 1965, On Escalation)"
    looks_at = ("attacks", "rivals.hostility", "baseline")
    parameters = ThresholdParameters

    def decide(
        self, situation: GovernmentSituation, memory: Memory, rng: np.random.Generator
    ) -> tuple[GovernmentDecision, Memory]:
        """Find the rung for the attacks of the last 28 days."""
        before = int(memory.get("rung", 0.0))
        quiet = memory.get("quiet", 0.0)
        due = int(np.clip((situation.attacks - self.params.first) // self.params.step + 1, 0, len(RUNGS)))
        if due >= before:
            rung, quiet = due, 0.0
        else:
            quiet += 1.0
            rung = before - 1 if quiet >= self.params.patience else before
            quiet = 0.0 if rung < before else quiet
        active = {lever for _, levers in RUNGS[:rung] for lever in levers}
        levels = dict(situation.baseline)
        for slot in situation.levels:
            if slot.lever in active and (slot.lever != "deportation" or slot.target == "undocumented"):
                levels[slot] = max(self.params.level, situation.baseline.get(slot, 0.0))
            elif slot.lever not in ("cooperation", "forum_support"):
                levels[slot] = situation.baseline.get(slot, 0.0)
        name = RUNGS[rung - 1][0] if rung else "none"
        moved = "climbs to" if rung > before else "steps down to" if rung < before else "stays on"
        reasons = [f"{situation.attacks:.0f} attacks in 28 days: {moved} rung {rung} of {len(RUNGS)} ({name})"]
        for rival in situation.rivals:
            levels[Slot("cooperation", rival.name)], words = cooperation(situation, rival, self.params)
            reasons.append(words)
        announced: tuple[Announcement, ...] = ()
        if rung >= 3 > before:
            announced = (Announcement(("undocumented",), situation.day, situation.day + self.params.notice, self.params.level),)
            reasons.append(f"announces a deadline in {self.params.notice} days")
        decision = GovernmentDecision(levels=levels, announcements=announced, reasons=tuple(reasons))
        return decision, {"rung": float(rung), "quiet": quiet}
