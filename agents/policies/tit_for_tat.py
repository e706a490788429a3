"""Answer in kind: as hostile, or as friendly, as the rival was in the last window."""

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
class TitForTatParameters(ResponseParameters):
    """Reciprocity."""

    gain: float = par(
        0.5, 0.0, 2.0, "-", "weekly reciprocity of 0.1-0.4 in event data (Goldstein et al. 2001); level assumption",
        "own level per point of hostile acts received in a week",
    )
    trade_at: float = par(
        0.5, 0.0, 1.0, "-", "assumption: words come before trade", "level of an answer above which trade is hit too, by what lies above it"
    )
    talks: float = par(0.5, 0.0, 1.0, "-", "assumption", "engagement when nothing hostile came")
    forgiveness: float = par(
        0.2, 0.0, 1.0, "-", "generous tit for tat (Nowak & Sigmund 1992, Nature 355); level assumption",
        "chance to overlook a hostile week",
    )


class TitForTat(GovernmentPolicy[TitForTatParameters]):
    """Denounce, close and restrict in proportion to what came; offer talks when nothing came."""

    name = "tit_for_tat"
    theory = "Reciprocity (Axelrod 1984); generous variant (Nowak & Sigmund 1992)"
    looks_at = ("rivals.acts_received", "rivals.hostility", "rivals.pressure", "baseline")
    parameters = TitForTatParameters

    def decide(
        self, situation: GovernmentSituation, memory: Memory, rng: np.random.Generator
    ) -> tuple[GovernmentDecision, Memory]:
        """Match the rival's last window."""
        levels = dict(situation.baseline)
        reasons: list[str] = []
        luck = rng.random(len(situation.rivals))
        for rival, chance in zip(situation.rivals, luck, strict=True):
            received = max(rival.acts_received, 0.0)
            forgiven = bool(received > 0.0 and chance < self.params.forgiveness)
            level = 0.0 if forgiven else min(self.params.gain * received, 1.0)
            for lever in ("denounce", "transit", "sanctions"):
                levels[Slot(lever, rival.name)] = level if lever == "denounce" else max(level - self.params.trade_at, 0.0)
            levels[Slot("engagement", rival.name)] = self.params.talks if received <= 0.0 else 0.0
            levels[Slot("cooperation", rival.name)], words = cooperation(situation, rival, self.params)
            if received > 0.0:
                answer = "overlooks it this time (0.00)" if forgiven else f"answers in kind at {level:.2f}"
                reasons += [f"{rival.name} sent hostile acts worth {received:.2f} since the last decision: {answer}", words]
            else:
                reasons += [f"{rival.name} did nothing hostile since the last decision (0.00): seeks talks at {self.params.talks:.2f}", words]
        return GovernmentDecision(levels=levels, reasons=tuple(reasons) or ("no rivals: keeps to the baseline",)), memory
