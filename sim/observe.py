"""Observe: build what each agent may know from the state of the evening before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.decisions import GovernmentDecision
from agents.situations import (
    GovernmentSituation,
    GroupSituation,
    HostView,
    MediatorSituation,
    Names,
    PairView,
    PopulationSituation,
    RivalView,
)
from agents.vocabulary import ABROAD
from sim import measures
from sim.deadlines import exposed_shares
from sim.events import Calendar
from sim.people import Block
from sim.state import State

if TYPE_CHECKING:
    from sim.setting import Setting

IntArray = NDArray[np.int64]
Imagine = Callable[[GovernmentDecision, int], Mapping[str, float]]


def government_situation(
    state: State, setting: Setting, calendar: Calendar, government: int, window: int, imagine: Imagine | None
) -> GovernmentSituation:
    """What a government may know on the morning of ``state.day``."""
    cast = setting.cast
    country = cast.country[government]
    columns, slots = cast.slots_of[government]
    stock = measures.foreigners_by_status(measures.people_by_country(state, setting), setting)[government]
    return GovernmentSituation(
        name=cast.governments[government],
        day=state.day,
        window=window,
        levels=dict(zip(slots, state.granted[government, columns].tolist(), strict=True)),
        baseline=dict(zip(slots, state.baseline[government, columns].tolist(), strict=True)),
        rivals=tuple(_rival(state, setting, government, j) for j in range(len(cast.governments)) if j != government),
        attacks=float(state.attack_window[:, government].sum()),
        attacks_before=28.0 * float(state.attack_year[government]),
        deaths=28.0 * float(measures.deaths_by_country(state, setting)[country]),
        legitimacy=float(state.legitimacy[government]),
        tension=float(state.tension[government]),
        economy=float(state.economy[government]),
        standing=float(state.standing[government]),
        refugees={status.value: int(stock[s]) for s, status in enumerate(ABROAD)},
        script=calendar.script(cast.governments[government], state.day, state.day + window - 1),
        imagine=imagine,
    )


def _rival(state: State, setting: Setting, i: int, j: int) -> RivalView:
    cast = setting.cast
    name, rival = cast.governments[i], cast.governments[j]
    pulled = [cast.level(state, j, lever, name) for lever in ("sanctions", "transit")]
    closed = cast.crossing_levels(state, j, "close_trade")
    pulled.append(measures.pair_closure(setting, closed, i, j) if closed is not None else 0.0)
    shelters = any(
        cast.group_target[g] == i and cast.group_sanctuary[g] == cast.country[j] for g in range(len(cast.groups))
    )
    return RivalView(
        name=rival,
        hostility=float(state.hostility[i, j]),
        hostility_received=float(state.hostility[j, i]),
        acts_received=float(state.acts_memory[j, i]),
        tolerated_attacks=float(state.tolerated_window[:, i].sum()) if shelters else 0.0,
        cooperation=cast.level(state, j, "cooperation", name),
        pressure=max(pulled),
        talks=float(state.talks[i, j]),
    )


def group_situation(state: State, setting: Setting, calendar: Calendar, group: int, window: int) -> GroupSituation:
    """What a militant group may know on the morning of ``state.day``."""
    cast = setting.cast
    target, host = cast.group_target[group], cast.group_sanctuary[group]
    home = setting.at_home[group]
    fighters = state.fighters[group].copy()
    sheltering = cast.of_country[host] if host >= 0 else -1
    cooperation = cast.level(state, sheltering, "cooperation", cast.governments[target]) if sheltering >= 0 else 0.0
    total = max(int(fighters.sum()), 1)
    return GroupSituation(
        name=cast.groups[group],
        day=state.day,
        window=window,
        fighters=fighters,
        weights=cast.weights[group],  # read-only, see sim.cast
        deployed=int(fighters[home].sum()),
        sheltered=int(fighters[~home].sum()),
        operations=cast.level(state, target, "operations"),
        baseline_operations=float(setting.baseline_operations[target]),
        tolerance=1.0 - cooperation if host >= 0 else 0.0,
        attacks=float(state.attack_window[:, target].sum()),
        losses=365.25 * float(state.losses[group]) / total,
        in_truce=bool(state.day <= state.truce_until[group]),
        script=calendar.script(cast.groups[group], state.day, state.day + window - 1),
    )


def population_situation(state: State, setting: Setting, block: Block, shared: SharedView) -> PopulationSituation:
    """What a population may know on the morning of ``state.day``."""
    own, s = block.nationality, block.abroad
    return PopulationSituation(
        block.name,
        block.word,
        state.day,
        shared.day_of_year,
        shared.counts[block.rows],
        setting.world.country,
        own,
        shared.violence,
        shared.safety[own],
        shared.home_violence[own] if block.by_home else shared.at_home,
        shared.livelihood[own],
        shared.hosts_of[own][s] if s >= 0 else (),
        shared.exodus[own],
        shared.emigration[own],
        shared.names,
    )


def _host_views(state: State, exposed: NDArray[np.float64], setting: Setting) -> list[tuple[HostView, ...]]:
    """What people of each status abroad know of each host; all see what undocumented people face."""
    views: list[tuple[HostView, ...]] = []
    levels = zip(setting.cast.country, state.fear.tolist(), state.removals.tolist(), state.campaign.tolist(), exposed.tolist(), strict=True)
    for country, fear, removals, campaign, reacts in levels:
        undocumented = HostView(country, fear[-1], removals[-1], campaign[-1], reacts[-1])
        others = zip(fear[:-1], removals[:-1], campaign[:-1], reacts[:-1], strict=True)
        views.append((*(HostView(country, f, r, c, e, undocumented) for f, r, c, e in others), undocumented))
    return views


class SharedView:
    """What all populations see alike on a day, worked out once."""

    def __init__(self, state: State, setting: Setting, by_country: IntArray) -> None:
        exposed = exposed_shares(state, setting, by_country) if np.count_nonzero(state.unexposed) else np.ones(state.fear.shape)
        views = tuple(zip(setting.cast.country, _host_views(state, exposed, setting), strict=True))
        countries = range(len(setting.world.countries))
        #: for each nationality and status abroad the hosts with a government
        self.hosts_of = tuple(
            tuple(zip(*(by_status for country, by_status in views if country != own), strict=True)) or _NOBODY for own in countries
        )
        self.names = Names(setting.world.countries, setting.world.places, setting.world.homes)
        self.counts = _frozen(state.people)
        self.at_home = np.zeros(1)  # violence at the home of those who are where their home is: counted by place
        self.day_of_year = setting.date(state.day).timetuple().tm_yday
        self.safety = state.safety.tolist()
        self.emigration = setting.emigration.tolist()
        quiet = np.zeros(len(countries))
        self.exodus = tuple(measures.exodus_rates(state, setting, n, state.day) if state.exoduses else quiet for n in countries)
        self.livelihood = tuple(_livelihood(state, setting, by_country, n) for n in countries)
        self.violence = measures.deaths_per_100k(state, setting)
        self.home_violence = tuple(np.add.reduce(setting.gates.region_share[country] * self.violence, axis=1) for country in countries)


#: Hosts by status of a nationality that is abroad nowhere where there is a government.
_NOBODY: tuple[tuple[HostView, ...], ...] = tuple(() for _ in ABROAD)


def _livelihood(state: State, setting: Setting, by_country: IntArray, country: int) -> float:
    """Economy of a country less the load of recent returnees, 1 = as before."""
    government = setting.cast.of_country[country]
    economy = float(state.economy[government]) if government >= 0 else 1.0
    return economy - setting.parameters.returns.returnee_load * measures.returnee_share(by_country, setting, country)


def _frozen(array: IntArray) -> IntArray:
    """A view that cannot be written to: agents look, only the sim acts."""
    view = array.view()
    view.flags.writeable = False
    return view


def mediator_situation(state: State, setting: Setting, mediator: int, window: int) -> MediatorSituation:
    """What a mediator may know on the morning of ``state.day``."""
    cast = setting.cast
    n = len(cast.governments)
    pairs = tuple(
        PairView(
            cast.governments[i], cast.governments[j],
            float(state.hostility[i, j] + state.hostility[j, i]) / 2.0,
            float(state.weariness[i] + state.weariness[j]) / 2.0,
            float(state.talks[i, j]),
        )
        for i in range(n)
        for j in range(i + 1, n)
    )
    displaced = measures.displaced_at(state, setting)
    return MediatorSituation(
        name=cast.mediators[mediator],
        day=state.day,
        window=window,
        attention=float(state.attention[mediator]),
        pairs=pairs,
        displaced={name: int(displaced[setting.places_of[cast.country[i]]].sum()) for i, name in enumerate(cast.governments)},
        strikes={name: float(state.strikes_made[i]) for i, name in enumerate(cast.governments)},
    )
