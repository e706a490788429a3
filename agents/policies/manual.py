"""Lead by hand: hold the levels that somebody named, and leave everything else as it is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pydantic.dataclasses
from pydantic import Field

from agents.decisions import GovernmentDecision
from agents.levers import Slot
from agents.parameters import STRICT
from agents.policies.base import GovernmentPolicy, Memory
from agents.situations import GovernmentSituation

#: What a lever with a target is called in a sentence.
_SAID: Mapping[str, str] = MappingProxyType({
    "deportation": "deportation of {} people",
    "close_people": "closing {} to people",
    "close_trade": "closing {} to trade",
    "sanctions": "sanctions on {}",
    "transit": "restriction of transit of {}",
    "strikes": "strikes in {}",
    "cooperation": "cooperation with {}",
    "forum_support": "support of {} at forums",
    "demand": "demands on {}",
    "denounce": "denunciation of {}",
    "rebut": "rebuttal of {}",
    "engagement": "talks with {}",
})  # fmt: skip


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class ManualParameters:
    """Levels by slot as text: ``operations``, ``cooperation/south``, ``deportation/undocumented``."""

    levels: dict[str, float] = Field(default_factory=dict)


class Manual(GovernmentPolicy[ManualParameters]):
    """Hold the levels in ``levels`` (a slot as text and its level); every other lever stays as it is."""

    name = "manual"
    theory = "None: whoever sets the levels decides. For taking a government over during a run, and for a fixed set of levers"
    looks_at = ("levels",)
    parameters = ManualParameters

    def decide(
        self, situation: GovernmentSituation, memory: Memory, rng: np.random.Generator
    ) -> tuple[GovernmentDecision, Memory]:
        """Ask for the levels that were set; a slot whose lever does not exist in this run is left out."""
        wanted = {named_slot(text): level for text, level in self.params.levels.items()}
        levels = {slot: level for slot, level in wanted.items() if slot in situation.levels}
        held = said(levels)
        reason = f"set by hand: {held}; everything else stays as it is" if held else "led by hand: everything stays as it is"
        return GovernmentDecision(levels=levels, reasons=(reason,)), memory


def named_slot(text: str) -> Slot:
    """Return the slot of a text: ``cooperation/south`` is the lever ``cooperation`` towards ``south``."""
    lever, _, target = text.partition("/")
    return Slot(lever, target)


def said(levels: Mapping[Slot, float]) -> str:
    """Return levels in words: ``operations 0.60, cooperation with south 0.20``."""
    return ", ".join(f"{_SAID.get(slot.lever, '{}').format(slot.target) if slot.target else slot.lever} {level:.2f}" for slot, level in levels.items())
