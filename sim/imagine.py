"""Imagine: what a government that looks ahead may see of the coming days.

The days are played on a copy of the state, with everybody else keeping to what they do and with luck of
their own: whoever looks ahead must not foresee what will really be drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from agents.decisions import GovernmentDecision
from sim.deadlines import announce
from sim.deciding import take_decision
from sim.observe import Imagine
from sim.streams import Streams

if TYPE_CHECKING:
    from sim.model import MarchlandModel

#: Outcomes that are handed back: totals over the imagined days, ``stability`` as their mean.
SEEN = ("attacks", "deaths", "returns_fear", "returns_deportation", "stability")


def imagination(model: MarchlandModel, government: int) -> Imagine:
    """Return the function that plays the coming days with a decision of a government."""

    def imagine(decision: GovernmentDecision, days: int) -> Mapping[str, float]:
        other = model.fork()
        other.streams = Streams(model.streams.seed, model.streams.replicate, salt=f"imagined by {government}")
        other.thinking = False
        other.datacollector = None
        first = other.state.day
        for offset in range(min(days, other.setting.days - first)):
            today = other.begin_day()
            if offset == 0:
                take_decision(other.state, other.setting, today, government, decision)
                for note in decision.announcements:
                    announce(other.state, government, note)
            for stage in other.stages:
                if offset or stage.name != "events":  # today's events have taken effect before the decision
                    stage.run(other, today)
            other.end_day()
        rows = {name: other.record.series("region", "region", name)[first:] for name in SEEN}
        return {
            name: float(values.mean() if name == "stability" and len(values) else values.sum())
            for name, values in rows.items()
        }

    return imagine
