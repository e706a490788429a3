"""Play a dated history: what the tables say, on the days they say it."""

from __future__ import annotations

import numpy as np

from agents.decisions import GovernmentDecision, GroupDecision
from agents.policies.base import GovernmentPolicy, GroupPolicy, Memory, NoParameters
from agents.policies.steady import steady_campaign
from agents.situations import GovernmentSituation, GroupSituation


class Scripted(GovernmentPolicy[NoParameters]):
    """Do what ``history.csv`` records for this government; nothing else changes its levers."""

    name = "scripted"
    theory = "Replay of the recorded acts; effects of a policy cannot be read off it, since history was a reaction too"
    looks_at = ("script",)
    parameters = NoParameters

    def decide(
        self, situation: GovernmentSituation, memory: Memory, rng: np.random.Generator
    ) -> tuple[GovernmentDecision, Memory]:
        """Hand on the coming week of the script."""
        script = situation.script
        decision = GovernmentDecision(
            agenda=script.changes,
            acts=script.acts,
            announcements=script.announcements,
            reasons=_recorded(situation),
        )
        return decision, memory


def _recorded(situation: GovernmentSituation) -> tuple[str, ...]:
    """What the record holds for the coming days, the first in words of its own."""
    script = situation.script
    texts = [act.text for act in script.acts]
    texts += [
        f"tells {', '.join(note.statuses)} people to leave within {note.deadline - note.day} days (salience {note.salience:.2f})"
        for note in script.announcements
    ]
    texts += [f"sets {change.slot} to {change.level:.2f}" for change in script.changes]
    if texts:
        return (f"follows the record for the next {situation.window} days: " + "; ".join(texts),)
    pulled = len([level for level in situation.levels.values() if level != 0.0])
    return (f"nothing is recorded for the next {situation.window} days: its levers in force ({pulled}) stay as they are",)


class ScriptedGroup(GroupPolicy[NoParameters]):
    """Keep up the campaign and declare the ceasefires that the leadership declared."""

    name = "scripted"
    theory = "Replay of the leadership's dated ceasefires over a steady campaign"
    looks_at = ("script", "weights", "operations")
    parameters = NoParameters

    def decide(
        self, situation: GroupSituation, memory: Memory, rng: np.random.Generator
    ) -> tuple[GroupDecision, Memory]:
        """Campaign as usual; a truce in the script is declared for its dates."""
        start, end = situation.script.truces[0] if situation.script.truces else (-1, -1)
        why = "the record has no ceasefire of its leadership" if end < 0 else "the record has its leadership declare a ceasefire"
        return steady_campaign(
            situation, truce_from=start, truce_until=end, accepts_talks=False, why=(f"{why} in the next {situation.window} days",)
        ), memory
