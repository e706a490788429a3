"""Governments: who they are, and how their policy decides for them."""

from __future__ import annotations

from collections.abc import Callable

import mesa
import numpy as np
import pydantic.dataclasses

from agents.decisions import GovernmentDecision
from agents.parameters import STRICT, par
from agents.policies import GovernmentPolicy, Memory
from agents.situations import GovernmentSituation


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class GovernmentSettings:
    """A government of a scenario. ``baseline`` maps slots (``operations``, ``cooperation/south``) to levels."""

    country: str
    baseline: dict[str, float] = pydantic.Field(default_factory=dict)
    money: float = par(5000.0, 0.0, 1e6, "million US$ a year", "assumption", "money for levers")
    forces: float = par(300.0, 0.0, 5000.0, "thousand personnel", "assumption", "security personnel for levers")
    deportation_capacity: float = par(
        500.0, 0.0, 1e6, "people/day", "derived: 15,000 formal deportations in November 2023 (OCHA, IOM)",
        "formal deportations a day at level 1",
    )
    legitimacy: float = par(0.5, 0.05, 0.95, "-", "assumption: a scale, only differences are used", "legitimacy at the start")
    tension: float = par(0.4, 0.05, 0.95, "-", "assumption: a scale, only differences are used", "host tension at the start")
    standing: float = par(0.5, 0.0, 1.0, "-", "assumption: a scale", "international standing at the start")
    grievance: float = par(
        0.3, 0.0, 0.6, "Goldstein/10 points a week", "assumption", "hostility towards rivals to which it goes back by itself"
    )
    safety: float = par(0.6, 0.0, 1.0, "-", "assumption: a scale against the threshold of voluntary return", "base safety of the country")
    emigration: float = par(
        0.0, 0.0, 0.05, "1/year", "assumption: none unless the scenario says so", "hazard of a citizen to emigrate for work"
    )
    trade_exposure: float = par(0.004, 0.0, 0.3, "share of GDP", "assumption", "GDP lost when all trade with rivals stops")
    transit_weight: float = par(0.5, 0.0, 1.0, "-", "assumption", "weight of transit in that loss; the rest is direct trade")
    remittances: float = par(0.0, 0.0, 0.1, "share of GDP", "assumption", "GDP lost when all citizens abroad in the region are gone")


class Government(mesa.Agent):  # type: ignore[misc]  # Mesa ships no types
    """A government as a Mesa agent: a shell around its policy; its numbers live in the state."""

    def __init__(
        self,
        model: mesa.Model,
        name: str,
        settings: GovernmentSettings,
        policy: GovernmentPolicy[object],
        view: Callable[[str], float],
    ) -> None:
        super().__init__(model)
        self._view = view
        self.name = name
        self.settings = settings
        self.policy = policy
        self.last_reasons: tuple[str, ...] = ()

    @property
    def legitimacy(self) -> float:
        """Legitimacy this evening, 0..1."""
        return self._view("legitimacy")

    @property
    def tension(self) -> float:
        """Host tension this evening, 0..1."""
        return self._view("tension")

    @property
    def economy(self) -> float:
        """Output this evening, 1 = as before."""
        return self._view("economy")

    def decide(
        self, situation: GovernmentSituation, memory: Memory, rng: np.random.Generator
    ) -> tuple[GovernmentDecision, Memory]:
        """Ask the policy, and keep its reasons for the inspector."""
        decision, memory = self.policy.decide(situation, memory, rng)
        self.last_reasons = decision.reasons
        return decision, memory
