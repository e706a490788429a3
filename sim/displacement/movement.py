"""A day's movement over the network: arrivals, admission, people let in, departures.

People who leave choose a destination among everything they can reach and travel there in whole days.
A camp admits people up to its limit; those beyond it choose again, or wait at its gate for a day when
nothing else can be reached. Everything is drawn for cells of the table of people, so the cost does not
depend on how many people there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.decisions import PopulationIntentions
from agents.refugee_population import RefugeePopulation
from agents.vocabulary import REASONS, Reason
from sim import draws, measures
from sim.displacement.choice import Choice, homes_of
from sim.displacement.observe import ConflictView
from sim.displacement.reservoir import feed
from sim.displacement.routes import Routes
from sim.movement import Movers, deportation_hazards, within_capacity
from sim.state import State
from sim.streams import Streams
from sim.today import Today

if TYPE_CHECKING:
    from sim.setting import Setting

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_FLIGHT, _DEPORTATION = REASONS.index(Reason.FLIGHT), REASONS.index(Reason.DEPORTATION)
#: Reasons that lead home.
_HOMEWARD = np.array([reason in (Reason.VOLUNTARY, Reason.FEAR, Reason.DEPORTATION) for reason in REASONS])


class NetworkMovement:
    """Movement over the network of one model; holds only what can be worked out again at any time."""

    def __init__(self, setting: Setting) -> None:
        self.routes = Routes(setting)
        self.choice = Choice(setting)
        self.view = ConflictView(setting)
        assert setting.reservoir is not None
        self._row_at = setting.reservoir.row_at
        country = setting.world.country
        #: (places, places) border at which a trip is booked, -1 inside a country.
        self._border = setting.reservoir.border_between[country[:, None], country[None, :]]
        self._intentions: dict[str, PopulationIntentions] = {}
        self._rates: FloatArray = np.zeros((0, 0))
        self._chance: FloatArray = np.zeros(0)  #: of leaving each cell
        self._able: IntArray = np.zeros(0, dtype=np.int64)  #: cells that anybody would leave
        self._reason: IntArray = np.zeros(0, dtype=np.int64)  #: the only reason to leave a cell, -1 where there are several

    def ask(self, agents: Sequence[RefugeePopulation], state: State, setting: Setting) -> dict[str, PopulationIntentions]:
        """Let the populations decide on the news of the day."""
        return self.view.ask(agents, setting.populations.blocks, state.day)

    def move(self, state: State, setting: Setting, streams: Streams, today: Today) -> None:
        """Run the stage."""
        self.routes.open_borders(state, setting, today)
        feed(state, setting, streams)
        if today.day > 0:  # the camps' first counts are those of the evening of day 0
            self.choice.look(state, setting, self.routes, today)
            movers = self._set_out(state, setting, streams, today)
            homeward = _HOMEWARD[movers.reason]
            if homeward.any():
                self._go_home(state, setting, streams, today, movers.only(homeward))
                movers = movers.only(~homeward)
            movers = self._seek(state, setting, streams, today, movers, "destination", 0)
            self._stay(state, today, movers)
        turned = arrive(state, setting, streams, today)
        if len(turned.number):
            self._wait(state, setting, today, self._seek(state, setting, streams, today, turned, "turned away", 1))

    def _set_out(self, state: State, setting: Setting, streams: Streams, today: Today) -> Movers:
        """Draw who leaves and why, and take them out of their places."""
        self._learn(state, setting, today)
        people = state.people.reshape(-1)
        cells = self._able[people[self._able] > 0]
        gone, chance = people[cells], self._chance[cells]
        if (chance < 1.0).any():
            gone = streams.generator("leave", "", today.day).binomial(gone, chance)
            cells, gone = cells[gone > 0], gone[gone > 0]
        reason = self._reason[cells]
        if (reason < 0).any():  # several reasons compete somewhere
            rng = streams.generator("reason", "", today.day)
            which, reason, gone = draws.spread_few(rng, gone, self._rates[:, cells])
            cells = cells[which]
        movers = Movers(setting.row_of_cell[cells], setting.place_of_cell[cells], reason, gone)
        if setting.cast.governments:
            movers = within_capacity(movers, setting, streams, today)
        np.subtract.at(people, movers.row * state.people.shape[1] + movers.place, movers.number)
        np.add.at(today.left, (movers.reason, movers.row), movers.number)
        return movers

    def _learn(self, state: State, setting: Setting, today: Today) -> None:
        """Turn intentions into hazards for every cell; yesterday's are kept while nobody changes his mind."""
        governed = bool(setting.cast.governments)
        if not governed and today.intentions is self._intentions:
            return
        rates = np.zeros((len(REASONS), *state.people.shape))
        for block in setting.populations.blocks:
            intent = today.intentions.get(block.name)
            if intent is not None:
                for kind, hazard in intent.hazards.items():
                    rates[REASONS.index(kind), block.rows, : hazard.shape[1]] = hazard
        if governed:
            deportation_hazards(state, setting, today, rates[_DEPORTATION])
        self._rates = rates.reshape(len(REASONS), -1)
        self._chance = -np.expm1(-self._rates.sum(axis=0))
        self._able = np.flatnonzero(self._chance > 0.0)
        self._reason = np.where((self._rates > 0.0).sum(axis=0) <= 1, self._rates.argmax(axis=0), -1)
        self._intentions = today.intentions

    def _seek(
        self, state: State, setting: Setting, streams: Streams, today: Today, movers: Movers, stream: str, later: int
    ) -> Movers:
        """Let people choose a destination and set out, ``later`` days from now.

        Returns
        -------
        Those who can go nowhere.
        """
        if not len(movers.number):
            return movers
        possible = self.choice.possible(movers)
        stuck = movers.only(~possible)
        if len(stuck.number):
            movers = movers.only(possible)
        if len(movers.number):
            shares = self.choice.shares(setting, movers)
            rng = streams.generator(stream, "", today.day)
            drawn = draws.settle_strays(rng.multinomial(movers.number, shares), shares)
            which, column = np.nonzero(drawn)
            groups, target = movers.at(which), self.choice.targets[column]
            after = self._row_at.take(homes_of(setting, groups) * setting.world.n_places + target)
            self._send(state, setting, rng, today, groups, after, target, drawn[which, column], later)
        return stuck

    def _stay(self, state: State, today: Today, stuck: Movers) -> None:
        """Who can go nowhere stays where he is."""
        if len(stuck.number):
            np.add.at(state.people, (stuck.row, stuck.place), stuck.number)
            np.subtract.at(today.left, (stuck.reason, stuck.row), stuck.number)

    def _wait(self, state: State, setting: Setting, today: Today, stuck: Movers) -> None:
        """Who was turned away and can go nowhere else waits at the gate until tomorrow."""
        tomorrow = np.full(len(stuck.number), (today.day + 1) % setting.ring)
        state.send_inland(tomorrow, stuck.row, stuck.place, stuck.number)
        today.waiting += int(stuck.number.sum())

    def _go_home(self, state: State, setting: Setting, streams: Streams, today: Today, movers: Movers) -> None:
        """Send people to the places of their home region; whose way home is cut off stays."""
        share = setting.gates.home_share[movers.row] * np.isfinite(self.routes.ways.km[movers.place])
        possible = np.asarray(share.any(axis=1))
        if not possible.all():
            back = movers.only(~possible)
            self._stay(state, today, back)
            held = back.only(back.reason == _DEPORTATION)
            np.subtract.at(today.deported, (setting.world.country[held.place], held.row), held.number)
            movers, share = movers.only(possible), share[possible]
        if not len(movers.number):
            return
        rng = streams.generator("home", "", today.day)
        drawn = draws.split(rng, movers.number, share)
        which, target = np.nonzero(drawn)
        groups = movers.at(which)
        after = setting.returnee_row[setting.populations.nationality[groups.row]]
        self._send(state, setting, rng, today, groups, after, target, drawn[which, target], 0)

    def _send(
        self, state: State, setting: Setting, rng: np.random.Generator, today: Today, groups: Movers, after: IntArray,
        target: IntArray, number: IntArray, later: int,
    ) -> None:
        """Put people on the road; ``after`` are the rows that they will be in at the end of it.

        People leave at any hour of the day: a way of 1.3 days ends on the evening of the next day or, for three in
        ten, on the one after.
        """
        trip = groups.place * setting.world.n_places + target
        longer = rng.binomial(number, self.routes.ways.more.take(trip))
        arrival = today.day + later + self.routes.ways.days.take(trip)
        state.send_inland(arrival % setting.ring, after, target, number - longer)
        state.send_inland((arrival + 1) % setting.ring, after, target, longer)
        border = self._border.take(trip)
        crosses = np.flatnonzero(border >= 0)
        _, rows, borders = today.crossed.shape
        flow = ((groups.reason * rows + groups.row) * borders + border)[crosses]
        np.add.at(today.crossed.reshape(-1), flow, number[crosses])


def arrive(state: State, setting: Setting, streams: Streams, today: Today) -> Movers:
    """Let travellers arrive; open camps admit them up to their limits.

    Returns
    -------
    Those whom camps turned away, at the camp.
    """
    slot = today.day % setting.ring
    arriving = state.inland[slot]
    turned: list[Movers] = []
    network = setting.network
    assert network is not None
    is_open = network.place_open[network.phase[today.day]]
    if setting.has_limits or not is_open.all():
        limit = measures.admission_limits(state, setting).copy()
        limit[: network.n_places][~is_open & network.is_camp] = 0.0  # a closed camp takes nobody in
        incoming = arriving.sum(axis=0)
        room = np.maximum(limit - state.people.sum(axis=0), 0.0)
        for place in np.flatnonzero(incoming > room).tolist():
            rng = streams.generator("admission", setting.world.places[place], today.day)
            admitted = draws.share_out(rng, arriving[:, place], int(room[place]))
            over = arriving[:, place] - admitted
            arriving[:, place] = admitted
            rows = np.flatnonzero(over)
            turned.append(Movers(rows, np.full(len(rows), place), np.full(len(rows), _FLIGHT), over[rows]))
    state.people += arriving
    arriving[:] = 0
    nobody = np.zeros(0, dtype=np.int64)
    away = Movers(nobody, nobody, nobody, nobody)
    for group in turned:
        away = away.joined(group)
    return away
