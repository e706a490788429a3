"""A day under the rule ``flee``, as a stage of the model.

The rule keeps its own table of travellers (:class:`sim.displacement.flee_walkers.Walkers`), since it needs
to know how far along a link somebody is and how he travelled lately. Those at places are shown in the
table of people, those on links are counted as travelling. Policy is what closures.csv holds, as in Flee;
camps have Flee's soft capacities in place of admission.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.decisions import PopulationIntentions
from agents.errors import InputError
from agents.refugee_population import RefugeePopulation
from sim.displacement.flee_course import build_course, check_origins
from sim.displacement.flee_rule import flee_day
from sim.displacement.flee_walkers import Walkers, together
from sim.displacement.observe import ConflictView
from sim.displacement.reservoir import draw_arrivals
from sim.state import State
from sim.streams import Streams
from sim.today import Today

if TYPE_CHECKING:
    from sim.setting import Setting

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class FleeMovement:
    """Movement by Flee's rule; holds only what can be worked out again at any time."""

    def __init__(self, setting: Setting) -> None:
        network = setting.network
        assert network is not None
        if setting.config.scenario.returns:
            raise InputError("scenario.returns: the rule flee knows no returns; leave it false, or take scenario.rule=gravity")
        if setting.cast.governments:
            raise InputError("governments: the rule flee knows no governments (in Flee policy is closures.csv); take scenario.rule=gravity")
        if setting.tables.exogenous:
            raise InputError("scenario.exogenous: the rule flee knows no events but closures.csv; take scenario.rule=gravity")
        limits = setting.config.scenario.capacities == "limits"
        if setting.config.scenario.capacities == "attraction":
            raise InputError("scenario.capacities: the rule flee knows limits and withheld, not attraction")
        self.view = ConflictView(setting)
        self.course = build_course(network.conflict, setting.parameters.flee, limits=limits)
        check_origins(self.course)
        first = int(network.conflict.counts[0].sum()) if setting.parameters.flee.insert_day0 else 0
        self._entered: IntArray = first + self.course.newcomers.cumsum()

    def ask(self, agents: Sequence[RefugeePopulation], state: State, setting: Setting) -> dict[str, PopulationIntentions]:
        """Let the populations decide on the news of the day."""
        return self.view.ask(agents, setting.populations.blocks, state.day)

    def move(self, state: State, setting: Setting, streams: Streams, today: Today) -> None:
        """Run the stage: newcomers, then a day of everybody."""
        reservoir, network = setting.reservoir, setting.network
        assert reservoir is not None and network is not None
        today.is_open = network.border_open[network.phase[today.day]]
        walkers = state.walkers if state.walkers is not None else Walkers.empty()
        p = setting.parameters.flee
        arrivals = draw_arrivals(state, setting, streams, self.course.spawn_weight[today.day], self._entered, camps=p.insert_day0)
        newcomers = Walkers.set_out(arrivals.home, arrivals.place, arrivals.number)
        rng = streams.generator("flee", "", today.day)
        state.walkers = flee_day(together(walkers, newcomers).merged(), self.course.day(today.day), p, rng)
        homes = len(setting.world.homes[0])
        at = state.walkers.at_places(homes, setting.world.n_places)
        state.people[:] = 0
        home, place = np.nonzero(at)
        state.people[reservoir.row_at[home, place], place] = at[home, place]
