"""Mesa's own collector: a handful of series under the names that users plot."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import mesa

from agents.government import Government
from agents.militant_group import MilitantGroup

if TYPE_CHECKING:
    from sim.model import MarchlandModel


def collector() -> mesa.DataCollector:
    """Return the collector of a model."""

    def latest(variable: str) -> Callable[[MarchlandModel], float]:
        return lambda m: m.record.latest("region", "region", variable)

    return mesa.DataCollector(
        model_reporters={name: latest(name) for name in ("attacks", "deaths", "returns", "displaced", "stability")},
        agenttype_reporters={
            Government: {"legitimacy": "legitimacy", "tension": "tension"},
            MilitantGroup: {"fighters": "fighters"},
        },
    )
