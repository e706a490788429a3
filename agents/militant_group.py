"""Militant groups: who they are, and how their policy decides for them."""

from __future__ import annotations

from collections.abc import Callable

import mesa
import numpy as np
import pydantic.dataclasses

from agents.decisions import GroupDecision
from agents.parameters import STRICT, par
from agents.policies import GroupPolicy, Memory
from agents.situations import GroupSituation


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class GroupSettings:
    """A militant group of a scenario; ``target`` is the government it fights, ``sanctuary`` a country or none."""

    target: str
    sanctuary: str | None = None
    attack_rate: float = par(
        0.15, 0.0, 5.0, "attacks per deployed fighter and year", "assumption; fitted for the groups of the flagship",
        "attacks, triggered ones included",
    )
    recruits: float = par(
        500.0, 0.0, 10_000.0, "people/year", "assumption; fitted for the groups of the flagship",
        "recruits at the grievance of the first day; a pool, not a share of fighters",
    )
    exposure: float = par(
        1.0, 0.0, 2.0, "-", "assumption: terrain and intelligence differ", "how well operations reach the group, against the average"
    )
    truce_effect: float = par(
        0.3, 0.0, 0.9, "-", "no significant fall in attacks in either ceasefire (PICSS); range 0-0.6",
        "share of attacks withheld in a truce it declared",
    )
    home_share: float = par(0.4, 0.0, 1.0, "-", "assumption", "share of recruits who join in the target country")
    refugee_milieu: float = par(
        0.0, -0.15, 0.15, "log attacks per log people", "contested: no study identifies it; run -, 0 and +",
        "how attacks follow the number of undocumented people in the target country",
    )


class MilitantGroup(mesa.Agent):  # type: ignore[misc]  # Mesa ships no types
    """A militant group as a Mesa agent: a shell around its policy; its fighters live in the state."""

    def __init__(
        self,
        model: mesa.Model,
        name: str,
        settings: GroupSettings,
        policy: GroupPolicy[object],
        count: Callable[[], int],
    ) -> None:
        super().__init__(model)
        self._count = count
        self.name = name
        self.settings = settings
        self.policy = policy
        self.last_reasons: tuple[str, ...] = ()

    @property
    def fighters(self) -> int:
        """Fighters this evening."""
        return self._count()

    def decide(
        self, situation: GroupSituation, memory: Memory, rng: np.random.Generator
    ) -> tuple[GroupDecision, Memory]:
        """Ask the policy, and keep its reasons for the inspector."""
        decision, memory = self.policy.decide(situation, memory, rng)
        self.last_reasons = decision.reasons
        return decision, memory
