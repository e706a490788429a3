"""What displaced people know of a conflict: where there is fighting, and how calm it is at home."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.decisions import PopulationIntentions
from agents.displaced import ConflictSituation
from agents.refugee_population import RefugeePopulation
from agents.vocabulary import ABROAD, Status
from sim.people import Block

if TYPE_CHECKING:
    from sim.setting import Setting

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class ConflictView:
    """Situations of the populations of a conflict, and what they decide."""

    def __init__(self, setting: Setting) -> None:
        network = setting.network
        assert network is not None
        self._network = network
        self._returns = setting.config.scenario.returns
        self._names = setting.world.places
        places = setting.world.n_places
        intensity = network.conflict.intensity
        changes = (intensity[1:] != intensity[:-1]).any(axis=1)
        self._first = np.concatenate([[0], np.flatnonzero(changes) + 1])  # first day of each spell without change
        self._intensity = np.zeros((len(self._first), places))
        self._intensity[:, : network.n_places] = intensity[self._first]
        self._camp = np.zeros(places, dtype=np.bool_)
        self._camp[: network.n_places] = network.is_camp
        self._safety = home_safety(setting) if self._returns else np.zeros((1, len(setting.world.homes[0])))
        self._decided: tuple[tuple[int, int], dict[str, PopulationIntentions]] | None = None

    def ask(self, agents: Sequence[RefugeePopulation], blocks: Sequence[Block], day: int) -> dict[str, PopulationIntentions]:
        """Let all populations decide; they keep to what they decided as long as the news are the same."""
        key = self._key(day)
        if self._decided is None or self._decided[0] != key:
            decided = {block.name: agent.decide(self.situation(day, block)) for agent, block in zip(agents, blocks, strict=True)}
            self._decided = (key, decided)
        return self._decided[1]

    def _key(self, day: int) -> tuple[int, int]:
        return int(self._first.searchsorted(day, side="right")) - 1, day if self._returns else 0

    def situation(self, day: int, block: Block) -> ConflictSituation:
        """What a population knows on a day."""
        spell, row = self._key(day)
        intensity = self._intensity[spell]
        # Who has come home, or was never displaced, stays where it is calm; the others are on their way.
        displaced = block.status is Status.IDP or block.status in ABROAD
        stop = (intensity <= 0.0) & ~self._camp & displaced
        return ConflictSituation(block.status.value, intensity, stop, self._camp, self._safety[row], self._returns, self._names)


def home_safety(setting: Setting) -> FloatArray:
    """Safety of home regions by day, (days, homes): 0 while there is fighting, then 1 - exp(-days / calm_days).

    For people whose home region is not known, fighting anywhere counts.
    """
    network = setting.network
    assert network is not None
    fighting = network.conflict.intensity > 0.0
    regions = len(setting.world.homes[0])
    calm = np.full((len(fighting), regions), 10**6)
    for region in range(regions):
        here = np.flatnonzero((setting.world.home[: network.n_places] == region) & network.is_conflict)
        at_war = np.atleast_1d((fighting[:, here] if len(here) else fighting).any(axis=1))
        since = 10**6
        for day, fights in enumerate(at_war.tolist()):
            since = 0 if fights else since + 1
            calm[day, region] = since
    return np.asarray(1.0 - np.exp(-calm / setting.parameters.displaced.calm_days))
