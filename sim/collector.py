"""Mesa's own collector: a handful of series under the names that users plot.

What it shows is on record already, so a day costs no more than noting that it was played; the series are
read off the record when somebody looks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import mesa

from agents.government import Government
from agents.militant_group import MilitantGroup

if TYPE_CHECKING:
    from sim.model import MarchlandModel

_MODEL = ("attacks", "deaths", "returns", "displaced", "stability")
_BY_AGENT: Mapping[type[mesa.Agent], tuple[str, ...]] = MappingProxyType({
    Government: ("legitimacy", "tension"), MilitantGroup: ("fighters",),
})
AgentRow = tuple[float, ...]


class RecordCollector(mesa.DataCollector):  # type: ignore[misc]  # Mesa ships no types
    """A collector over the record of one model.

    Parameters
    ----------
    model
        The model whose record is read.
    """

    def __init__(self, model: MarchlandModel) -> None:
        self._model = model
        #: Step (Mesa's name of the day in its tables) and day on record of every collection.
        self._collected: list[tuple[float, int]] = []
        super().__init__(
            model_reporters={name: _latest(name) for name in _MODEL},
            agenttype_reporters={kind: {name: name for name in names} for kind, names in _BY_AGENT.items()},
        )

    def collect(self, model: MarchlandModel) -> None:
        """Note that today is to be shown."""
        self._collected.append((getattr(model, "time", model.steps), model.record.length - 1))

    def take_back(self, days: int) -> None:
        """Forget what came after the first ``days`` days."""
        del self._collected[days:]

    @property
    def model_vars(self) -> dict[str, list[float]]:
        """Values of the model's series, a list each."""
        return {name: self._values("region", "region", name) for name in _MODEL}

    @model_vars.setter
    def model_vars(self, _: object) -> None:
        """Mesa sets it empty at the start; nothing is kept here."""

    @property
    def _agenttype_records(self) -> dict[float, dict[type[mesa.Agent], list[AgentRow]]]:
        """Rows (step, agent, values) by step and type of agent, as Mesa keeps them."""
        model = self._model
        governments = [(a, [self._values("government", a.name, name) for name in _BY_AGENT[Government]]) for a in model.governments]
        groups = [(a, [[int(n) for n in self._values("group", a.name, "fighters")]]) for a in model.militant_groups]
        return {
            step: {
                kind: [(step, agent.unique_id, *(values[k] for values in series)) for agent, series in agents]
                for kind, agents in ((Government, governments), (MilitantGroup, groups))
            }
            for k, (step, _) in enumerate(self._collected)
        }

    @_agenttype_records.setter
    def _agenttype_records(self, _: object) -> None:
        """Mesa sets it empty at the start; nothing is kept here."""

    def _values(self, kind: str, actor: str, variable: str) -> list[float]:
        """A series of the record on the days that were collected."""
        series = self._model.record.series(kind, actor, variable).tolist()
        return [series[day] for _, day in self._collected]


def _latest(variable: str) -> Callable[[MarchlandModel], float]:
    """Reporter of the last value of a series, for those who read a collector's reporters."""
    return lambda model: model.record.latest("region", "region", variable)
