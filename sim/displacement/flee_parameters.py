"""Settings of the movement rule ``flee``, with the names, units and defaults that Flee documents.

Defaults are those of Flee's validation setting ``simsetting``. What is no number (switches, the table of
decay) is a plain field.
"""

from __future__ import annotations

from typing import Annotated, Literal

import pydantic.dataclasses
from pydantic import Field

from agents.parameters import STRICT, par

_FLEE = "Flee 3, validation setting simsetting"


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class FleeParameters:
    """Settings of the rule ``flee``.

    ``readings`` says what holds where Flee's code and its documentation differ: ``"flee"`` does what the
    code of Flee does, ``"ours"`` what the documentation and the data mean (docs/flee.md has the list).
    ``spawn_decay`` weighs the age of a conflict, for flight from it and for the fear of it, one value per
    ``decay_interval`` days, the last one from then on.
    """

    max_move_speed: float = par(200.0, 1.0, 1000.0, "km/day", _FLEE, "distance a day by vehicle")
    max_walk_speed: float = par(35.0, 1.0, 200.0, "km/day", _FLEE, "distance a day on foot")
    default_movechance: float = par(0.5, 0.0, 1.0, "1/day", _FLEE, "chance to leave a town on a day")
    conflict_movechance: float = par(1.0, 0.0, 1.0, "1/day", _FLEE, "chance to leave a conflict zone on a day")
    camp_movechance: float = par(0.001, 0.0, 1.0, "1/day", _FLEE, "chance to leave a camp on a day")
    idpcamp_movechance: float = par(0.1, 0.0, 1.0, "1/day", _FLEE, "chance to leave a camp of internally displaced people on a day")
    hub_movechance: float = par(1.0, 0.0, 1.0, "1/day", _FLEE, "chance to leave a forwarding hub or a crossroads on a day")
    movechance_pop_base: float = par(10_000.0, 1.0, 1e7, "people", _FLEE, "size of a place at which its size does not change its move chance")
    movechance_pop_power: float = par(0.0, -1.0, 1.0, "-", _FLEE, "power of the size of a place in its move chance")
    foreign_weight: float = par(1.0, 0.0, 100.0, "-", _FLEE, "score of a place abroad, times")
    camp_weight: float = par(2.0, 0.0, 100.0, "-", _FLEE, "score of a camp, times")
    conflict_weight: float = par(0.316, 0.001, 1.0, "-", _FLEE, "score of a conflict zone of intensity 1, times")
    softening: float = par(10.0, 0.0, 1000.0, "km", _FLEE, "distance added to every way in the weight of a route")
    weight_softening: float = par(0.0, 0.0, 10.0, "-", _FLEE, "score added to every place in the weight of a route")
    distance_power: float = par(1.0, 0.0, 5.0, "-", _FLEE, "power of distance in the weight of a route")
    weight_power: float = par(1.0, 0.0, 5.0, "-", _FLEE, "power of the whole weight of a route")
    capacity_buffer: float = par(0.9, 0.0, 0.999, "-", _FLEE, "share of its capacity at which a camp begins to look full")
    capacity_scaling: float = par(1.25, 0.0, 10.0, "-", _FLEE, "capacity of every camp, times")
    awareness_level: int = par(1, 1, 3, "links", _FLEE, "how many links ahead a traveller looks")
    pruning_threshold: float = par(1.0, 1.0, 1e6, "-", _FLEE, "routes of less than the best weight over this are dropped; 1 drops none")
    home_distance_power: float = par(0.5, 0.0, 5.0, "-", _FLEE, "power of distance from where one is, with stay_close_to_home")
    decay_interval: int = par(30, 1, 365, "days", _FLEE, "days for which each value of spawn_decay holds")
    capacity_batches: int = par(
        4, 1, 1000, "-", "derived: 4 agree with Flee's serial version (burundi2015); 1 is its parallel version",
        "most batches of travellers a day, after each of which all look again how full camps are",
    )
    memory_quantum: float = par(
        0.01, 0.0001, 0.5, "-", "assumption: a hundredth of a day's way cannot be told from Flee's exact memory",
        "steps in which the memory of recent travel is kept, so that travellers can be counted",
    )
    start_on_foot: bool = True
    avoid_short_stints: bool = True
    stay_close_to_home: bool = False
    insert_day0: bool = True
    sum_from_camps: bool = True
    spawn_decay: tuple[Annotated[float, Field(ge=0.0, le=10.0)], ...] = (1.0, 1.0, 1.0, 0.5, 0.1)
    readings: Literal["ours", "flee"] = "ours"

    @property
    def as_flee(self) -> bool:
        """Whether Flee's code decides where it differs from its documentation."""
        return self.readings == "flee"

    def decay(self, days: float) -> float:
        """Weight of a conflict that has lasted ``days`` days."""
        if not self.spawn_decay:
            return 1.0
        return self.spawn_decay[min(int(days / self.decay_interval), len(self.spawn_decay) - 1)]
