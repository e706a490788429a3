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
    PairView,
    PopulationSituation,
    RivalView,
)
from agents.vocabulary import ABROAD, Status
from sim import measures
from sim.deadlines import exposed_shares
from sim.events import Calendar
from sim.people import BY_HOME, Block
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
    owned = np.flatnonzero(cast.owned[government])
    stock = measures.foreigners_by_status(measures.people_by_country(state, setting), setting)[government]
    return GovernmentSituation(
        name=cast.governments[government],
        day=state.day,
        window=window,
        levels={cast.slots[k]: float(state.granted[government, k]) for k in owned},
        baseline={cast.slots[k]: float(state.baseline[government, k]) for k in owned},
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
    home = setting.world.country == cast.country[target]
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
    hosts: tuple[HostView, ...] = ()
    if block.status in ABROAD:
        s = ABROAD.index(block.status)
        hosts = tuple(views[s] for country, views in zip(setting.cast.country, shared.hosts, strict=True) if country != block.nationality)
    own = block.nationality
    return PopulationSituation(
        name=block.name,
        status=block.status.value,
        day=state.day,
        day_of_year=shared.day_of_year,
        counts=_frozen(state.people[block.rows]),
        country=setting.world.country,
        own_country=own,
        violence=shared.violence,
        safety=float(state.safety[own]),
        home_violence=shared.home_violence[own] if block.status in BY_HOME else np.zeros(1),
        livelihood=shared.livelihood[own],
        hosts=hosts,
        exodus=shared.exodus[own],
        emigration=float(setting.emigration[own]),
    )


def _host_views(state: State, government: int, country: int, exposed: NDArray[np.float64]) -> tuple[HostView, ...]:
    """What people of each status abroad know of a host; all see what undocumented people face."""
    i = government

    def view(s: int, climate: HostView | None) -> HostView:
        return HostView(
            country, float(state.fear[i, s]), float(state.removals[i, s]), bool(state.campaign[i, s]), float(exposed[i, s]), climate
        )

    undocumented = view(ABROAD.index(Status.UNDOCUMENTED), None)
    return tuple(undocumented if status is Status.UNDOCUMENTED else view(s, undocumented) for s, status in enumerate(ABROAD))


class SharedView:
    """What all populations see alike on a day, worked out once."""

    def __init__(self, state: State, setting: Setting, by_country: IntArray) -> None:
        exposed = exposed_shares(state, setting, by_country) if state.unexposed.any() else np.ones_like(state.fear)
        self.hosts = tuple(_host_views(state, i, country, exposed) for i, country in enumerate(setting.cast.country))
        self.day_of_year = setting.date(state.day).timetuple().tm_yday
        countries = range(len(setting.world.countries))
        self.exodus = tuple(measures.exodus_rates(state, setting, n, state.day) for n in countries)
        self.livelihood = tuple(_livelihood(state, setting, by_country, n) for n in countries)
        self.violence = measures.deaths_per_100k(state, setting)
        self.home_violence = tuple(
            (setting.gates.region_share[country] * self.violence).sum(axis=1)
            for country in range(len(setting.world.countries))
        )


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
