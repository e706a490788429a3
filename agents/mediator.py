"""Mediators: the international community or a third state, which offers talks, aid and sanctions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import mesa
import numpy as np
import pydantic.dataclasses

from agents.decisions import MediatorDecision
from agents.parameters import STRICT, par
from agents.situations import MediatorSituation

#: Sanctions below this are not worth a word.
_LEAST = 0.005


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class MediatorSettings:
    """A mediator of a scenario."""

    offers: float = par(1.0, 0.0, 10.0, "offers/year at attention 1", "assumption: 0.3-2.5", "how often it offers talks")
    enough: float = par(0.5, 0.0, 1.0, "-", "assumption", "strength of talks at which it makes no further offer")
    aid: float = par(
        0.2, 0.0, 1.0, "level per unit of attention", "assumption", "aid it funds where displaced people are, as a level of the aid lever"
    )
    sanctions: float = par(
        0.1, 0.0, 1.0, "level per strike in 28 days", "assumption", "sanctions it joins against a government that strikes across the border"
    )


class Mediator(mesa.Agent):  # type: ignore[misc]  # Mesa ships no types
    """A mediator as a Mesa agent. It has one rule: attention drives what it does."""

    def __init__(self, model: mesa.Model, name: str, settings: MediatorSettings, attention: Callable[[], float]) -> None:
        super().__init__(model)
        self._attention = attention
        self.name = name
        self.settings = settings
        self.last_reasons: tuple[str, ...] = ()

    @property
    def attention(self) -> float:
        """Attention this evening."""
        return self._attention()

    def decide(self, situation: MediatorSituation, rng: np.random.Generator) -> MediatorDecision:
        """Offer talks to pairs without talks, fund aid, join sanctions against those who strike."""
        chance = -np.expm1(-self.settings.offers * situation.attention * situation.window / 365.25)
        luck = rng.random(len(situation.pairs))
        offers = tuple(
            (pair.a, pair.b) for pair, u in zip(situation.pairs, luck, strict=True) if u < chance and pair.talks < self.settings.enough
        )
        total = sum(situation.displaced.values())
        level = min(self.settings.aid * situation.attention, 1.0)
        aid = {name: level if total and people else 0.0 for name, people in situation.displaced.items()}
        sanctions = {name: min(self.settings.sanctions * strikes, 1.0) for name, strikes in situation.strikes.items()}
        decision = MediatorDecision(offers, aid, sanctions, tuple(_told(situation, self.settings, offers, float(chance), level, sanctions)))
        self.last_reasons = decision.reasons
        return decision


def _told(
    situation: MediatorSituation, settings: MediatorSettings, offers: tuple[tuple[str, str], ...], chance: float, level: float,
    sanctions: Mapping[str, float],
) -> Iterator[str]:
    """Why it offers talks or does not, and what it does besides."""
    yield f"its attention is {situation.attention:.2f}: it offers a pair talks with a chance of {chance:.1%}, every {situation.window} days anew"
    for pair in situation.pairs:
        seen = f"hostility {pair.hostility:.2f}, weariness {pair.weariness:.2f}"
        if (pair.a, pair.b) in offers:
            yield f"offers talks to {pair.a} and {pair.b} ({seen})"
        elif pair.talks >= settings.enough:
            yield f"makes no new offer to {pair.a} and {pair.b}: their talks stand at {pair.talks:.2f}, and {settings.enough:.2f} is enough"
        else:
            yield f"no offer to {pair.a} and {pair.b} this time ({seen})"
    total = sum(situation.displaced.values())
    yield f"funds aid at {level:.2f} for {total:,} displaced people" if total else "funds no aid: 0 displaced people"
    for name, sanction in sanctions.items():
        if sanction >= _LEAST:
            yield f"joins sanctions against {name} at {sanction:.2f} for {situation.strikes[name]:.1f} recent strikes across the border"
