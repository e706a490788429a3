"""Borders: crossings with closures, daily capacity and queues; diversion and irregular crossing.

People arrive at a gate (a crossing with a direction), wait while it is closed or full, and pass. Those
who wait may cross irregularly, try another gate of the same border, or give up. Beyond the gate they
choose a destination: returnees a place of their home region, others by gravity.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pydantic.dataclasses
from numpy.typing import NDArray

from agents.parameters import STRICT, par
from agents.vocabulary import REASONS, Reason
from sim import draws, measures
from sim.flows import WORD
from sim.state import State
from sim.streams import Streams
from sim.today import Today

if TYPE_CHECKING:
    from sim.setting import Setting
    from sim.ways import Ways

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_FLIGHT = REASONS.index(Reason.FLIGHT)


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class BorderParameters:
    """What people do at a closed crossing."""

    irregular: float = par(0.05, 0.0, 1.0, "1/day", "assumption: scaled by the crossing's permeability", "hazard of crossing irregularly while waiting at a closed crossing")
    divert: float = par(0.10, 0.0, 1.0, "1/day", "assumption", "hazard of trying another crossing while waiting at a closed one")
    give_up: float = par(0.02, 0.0, 1.0, "1/day", "assumption", "hazard of turning back while waiting at a closed crossing")
    lure: float = par(0.2, 0.0, 1.0, "-", "assumption", "weight of a closed crossing's irregular ways when a way is chosen, times permeability")


def closure(state: State, setting: Setting, lever: str) -> FloatArray:
    """How far each crossing is closed by the governments on both sides and by events, (crossings,) 0..1.

    ``lever`` is ``close_people`` or ``close_trade``.
    """
    exogenous = state.exogenous_people if lever == "close_people" else state.exogenous_trade
    is_open = 1.0 - exogenous
    for i in range(len(setting.cast.governments)):
        levels = setting.cast.crossing_levels(state, i, lever)
        if levels is not None:
            is_open = is_open * (1.0 - levels)
    return np.asarray(1.0 - is_open)


def openness(is_open: FloatArray, setting: Setting) -> FloatArray:
    """How far a gate counts when people choose a way, (gates,): open, or passable by irregular ways."""
    lure = setting.parameters.borders.lure * setting.world.permeability
    return np.asarray(is_open + (1.0 - is_open) * lure)[setting.gates.crossing]


def pass_gates(state: State, setting: Setting, streams: Streams, today: Today, ways: Ways) -> None:
    """Let people arrive at gates, pass them, and go on to their destinations."""
    slot = today.day % setting.ring
    if today.flows is not None:
        today.flows.arrivals(state, slot)
    state.people += state.inland[slot]
    state.inland[slot] = 0
    state.queue += state.toward[slot]
    state.toward[slot] = 0
    today.is_open = 1.0 - closure(state, setting, "close_people")
    ways.update(state, today.is_open)
    waiting = np.add.reduce(state.queue, axis=(0, 1))
    if not np.count_nonzero(waiting):
        return
    is_open = today.is_open[setting.gates.crossing]
    whole = setting.world.crossing_capacity[setting.gates.crossing]
    if is_open.min() >= 1.0 and np.count_nonzero(waiting <= whole) == len(whole):  # the usual case: all pass
        passed = state.queue.copy()
        if today.flows is not None:
            today.flows.passing(state, setting, passed)
        state.queue[:] = 0
        today.crossed += passed[:, :, ::2] + passed[:, :, 1::2]
        _arrive(state, setting, streams, today, ways, np.add.reduce(passed, axis=0))
        return
    # A crossing without a limit that is closed in part lets through that part of those who wait.
    limited = np.isfinite(whole)
    part = np.where(is_open >= 1.0, np.inf, np.ceil(waiting * is_open))
    capacity = np.where(limited, np.where(limited, whole, 0.0) * is_open, part)
    passed = np.where(waiting <= capacity, state.queue, 0)
    held = np.flatnonzero(waiting > capacity).tolist()
    for gate in held:
        if capacity[gate] > 0.0:
            rng = streams.generator("queue", setting.gate_name(gate), today.day)
            passed[:, :, gate] = draws.share_out(rng, state.queue[:, :, gate], math.ceil(capacity[gate]))
    if today.flows is not None:
        today.flows.passing(state, setting, passed)
    state.queue -= passed
    for gate in held:
        if is_open[gate] < 1.0:
            passed[:, :, gate] += _wait(state, setting, streams, today, gate, float(1.0 - is_open[gate]))
    today.crossed += passed[:, :, ::2] + passed[:, :, 1::2]
    _arrive(state, setting, streams, today, ways, passed.sum(axis=0))


def _wait(state: State, setting: Setting, streams: Streams, today: Today, gate: int, closed: float) -> IntArray:
    """People at a closed gate cross irregularly, divert, give up or go on waiting.

    Returns
    -------
    Those who crossed irregularly, (reasons, rows).
    """
    p, gates = setting.parameters.borders, setting.gates
    queue = state.queue[:, :, gate]
    others = np.flatnonzero(gates.sideways[gate])
    open_to = openness(today.is_open, setting)[others] * np.minimum(setting.world.crossing_capacity[gates.crossing[others]] / setting.scale, 1e6)
    rates = np.array([
        p.irregular * float(setting.world.permeability[gates.crossing[gate]]),
        p.divert if open_to.sum() > 0.0 else 0.0,
        p.give_up,
    ]) * closed
    cells = np.nonzero(queue)
    counts = queue[cells]
    rng = streams.generator("waiting", setting.gate_name(gate), today.day)
    drawn = rng.multinomial(counts, np.broadcast_to(draws.risks_to_chances(rates), (len(counts), 4)))
    book = today.flows
    if book is not None:
        layout = book.open(state)
        waiting = layout.queue(cells[0], cells[1], gate)
        book.add(waiting, layout.through(setting, cells[1], gate), drawn[:, 0], counts, WORD["crosses irregularly"])
    irregular = np.zeros_like(queue)
    irregular[cells] = drawn[:, 0]
    today.irregular += int(drawn[:, 0].sum())
    queue[cells] -= drawn[:, :3].sum(axis=1)
    if drawn[:, 1].any():
        spread = draws.split(rng, drawn[:, 1], np.broadcast_to(open_to, (len(counts), len(others))))
        for k, other in enumerate(others.tolist()):
            arrival = (today.day + int(gates.sideways[gate, other])) % setting.ring
            if book is not None:
                book.add(waiting, layout.to_gate(arrival, cells[0], cells[1], other), spread[:, k], counts, WORD["tries another crossing"])
            state.toward[arrival, cells[0], cells[1], other] += spread[:, k]
    if drawn[:, 2].any():
        back = setting.row_turning_back(cells[1], int(gates.origin[gate]))
        if book is not None:
            book.add(waiting, layout.place(back, int(gates.nearest[gate])), drawn[:, 2], counts, WORD["turns back"])
        np.add.at(state.people, (back, np.full(len(back), gates.nearest[gate])), drawn[:, 2])
    if book is not None:
        book.close()  # crossing, trying elsewhere and turning back are one draw
    return irregular


def _arrive(state: State, setting: Setting, streams: Streams, today: Today, ways: Ways, passed: IntArray) -> None:
    """Send people on from the gate to a destination; ``passed`` is (rows, gates).

    Returnees of one home region are alike once they are through the gate, whatever their status was:
    they are drawn together.
    """
    together = np.where(setting.leads_home, passed, 0)
    passed = passed - together
    np.add.at(passed, setting.first_of_home, together)
    row, gate = passed.nonzero()
    if not len(row):
        return
    nationality = setting.populations.nationality[row]
    homeward = setting.gates.destination[gate] == nationality
    index = np.where(homeward, ways.return_row(row), ways.beyond_row(nationality, gate))
    rng = streams.generator("arrive", "", today.day)
    which, place, number = draws.spread(rng, passed[row, gate], ways.places, index)
    line = row[which]
    arrival = (today.day + setting.gates.days_beyond[gate[which], place]) % setting.ring
    after = np.where(homeward[which], setting.returnee_row[nationality[which]], line)
    if today.flows is not None:
        layout = today.flows.open(state)
        through = layout.through(setting, line, gate[which])
        today.flows.note(through, layout.road(arrival, after, place), number, passed[line, gate[which]], WORD["goes on"])
    state.send_inland(arrival, after, place, number)


def remember_returns(state: State, setting: Setting, today: Today) -> None:
    """Move the memories of coerced returns and of flight by a day."""
    state.return_memory += (measures.coerced_returns(today, setting) - state.return_memory) / 30.0
    state.flight_memory += (setting.by_nation @ today.left[_FLIGHT] - state.flight_memory) / 30.0
