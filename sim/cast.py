"""Who plays: governments, groups, mediators and their levers as indices into the arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from agents.errors import InputError, one_of
from agents.government import GovernmentSettings
from agents.levers import BY_NAME, LeverCost, Slot, slots_of
from agents.militant_group import GroupSettings
from agents.vocabulary import ABROAD, GOLDSTEIN
from sim.state import State
from sim.tables import Tables
from sim.world import World

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: More fighters than this at one place are a slip of the pen.
MOST_FIGHTERS = 1_000_000
#: Suffix of the group that may break away from another one.
SPLINTER = "_splinter"
#: Levers that are hostile for as long as they are in force, with the act they amount to.
_HOSTILE = ("deportation", "close_people", "close_trade", "sanctions", "transit", "demand", "denounce", "rebut")


@dataclass(frozen=True)
class Cast:
    """The actors of a scenario.

    Parameters
    ----------
    slots
        All levers with their targets; ``owned`` (governments, slots) tells who has which.
    country
        Country index of each government; ``of_country`` the reverse (-1 = no government).
    group_target, group_sanctuary
        Government a group fights; country that shelters it (-1 = none).
    weights
        For each group (places,) weight of a place as a target.
    hostile_measures
        For each pair (i, j): the columns of i's levers that hurt j, and their weights in points.
    shelters
        (group, government of the sheltering country) for every group with a sanctuary.
    """

    governments: tuple[str, ...]
    groups: tuple[str, ...]
    mediators: tuple[str, ...]
    settings: tuple[GovernmentSettings, ...]
    group_settings: tuple[GroupSettings, ...]
    country: tuple[int, ...]
    of_country: tuple[int, ...]
    group_target: tuple[int, ...]
    group_sanctuary: tuple[int, ...]
    weights: tuple[FloatArray, ...]
    slots: tuple[Slot, ...]
    owned: NDArray[np.bool_]
    columns: dict[tuple[str, str], int]
    crossing_columns: dict[str, IntArray]
    grievance: FloatArray
    hostile_measures: tuple[tuple[int, int, IntArray, FloatArray], ...]
    shelters: tuple[tuple[int, int], ...]
    shares: FloatArray
    rivals_of_crossing: tuple[tuple[int, int], ...]
    has_citizens_abroad: tuple[bool, ...]  #: whether any of a government's citizens start abroad

    @cached_property
    def slots_of(self) -> tuple[tuple[IntArray, tuple[Slot, ...]], ...]:
        """For each government the columns of its slots, and the slots."""
        columns = [np.flatnonzero(row) for row in self.owned]
        return tuple((own, tuple(self.slots[k] for k in own.tolist())) for own in columns)

    def government_index(self, name: str) -> int:
        """Index of a government by name."""
        return self.governments.index(name)

    def named_column(self, government: int, text: str, level: float, where: str) -> int:
        """Column of a slot that a config names as ``lever`` or ``lever/target``; -1 when the lever is not registered.

        Raises
        ------
        InputError
            When there is no such lever or slot of the government, or the level is out of range.
        """
        lever, _, target = text.partition("/")
        if lever not in BY_NAME:
            raise InputError(f"{where}: unknown lever {lever!r}; known: {one_of(tuple(BY_NAME))}")
        if not BY_NAME[lever].low <= level <= 1.0:
            raise InputError(f"{where}: {level} lies outside [{BY_NAME[lever].low:g}, 1]")
        column = self.columns.get((lever, target), -1)
        if column < 0 and not any(slot.lever == lever for slot in self.slots):
            return -1
        if column < 0 or not self.owned[government, column]:
            owned = one_of([str(s) for k, s in enumerate(self.slots) if s.lever == lever and self.owned[government, k]])
            raise InputError(f"{where}: no such slot of this government; known: {owned}")
        return column

    def level(self, state: State, government: int, lever: str, target: str = "") -> float:
        """Granted level of a slot; 0 for a lever that is not registered."""
        column = self.columns.get((lever, target), -1)
        return float(state.granted[government, column]) if column >= 0 else 0.0

    def crossing_levels(self, state: State, government: int, lever: str) -> FloatArray | None:
        """Granted levels (crossings,) of a lever on crossings; None when it is not registered."""
        columns = self.crossing_columns.get(lever)
        return None if columns is None else state.granted[government, columns]

    def affected_rivals(self, government: int, slot: Slot) -> list[int]:
        """Governments that feel a lever without a named rival: the other side, or everybody else."""
        if slot.target in self.governments:
            return [self.governments.index(slot.target)]
        if slot.lever in self.crossing_columns:
            sides = self.rivals_of_crossing[self._crossing(slot)]
            return [side for side in sides if side >= 0 and side != government]
        return [j for j in range(len(self.governments)) if j != government and self.has_citizens_abroad[j]]

    def slot_share(self, slot: Slot) -> float:
        """Share of a whole act that a slot is: a crossing counts by its share of traffic."""
        return float(self.shares[self.columns[(slot.lever, slot.target)]])

    def groups_of(self, name: str) -> list[int]:
        """Indices of a group of the tables and of its splinter, if there is one."""
        return [g for g, group in enumerate(self.groups) if group.removesuffix(SPLINTER) == name]

    def slot_weight(self, column: int) -> float:
        """Weight of a slot in costs: a crossing costs by itself, every other slot whole."""
        return float(self.shares[column])

    def _crossing(self, slot: Slot) -> int:
        column = self.columns[(slot.lever, slot.target)]
        return int(np.flatnonzero(self.crossing_columns[slot.lever] == column)[0])


def build_cast(
    tables: Tables,
    world: World,
    governments: dict[str, GovernmentSettings],
    groups: dict[str, GroupSettings],
    mediators: tuple[str, ...],
    levers: dict[str, LeverCost],
) -> Cast:
    """Resolve names to indices and check that they fit together."""
    names = tuple(governments)
    country = tuple(_country(world, name, settings.country) for name, settings in governments.items())
    if len(set(country)) < len(country):
        raise InputError("governments: two governments name the same country; each country has at most one")
    of_country = tuple(country.index(c) if c in country else -1 for c in range(len(world.countries)))
    unknown = [name for name in levers if name not in BY_NAME]
    if unknown:
        raise InputError(f"levers.{unknown[0]}: unknown lever; known: {one_of(tuple(BY_NAME))}")
    slots = slots_of(tuple(levers), tuple(s.value for s in ABROAD), world.crossings, names)
    columns = {(slot.lever, slot.target): i for i, slot in enumerate(slots)}
    crossing_columns: dict[str, IntArray] = {
        lever: np.array([columns[(lever, crossing)] for crossing in world.crossings], dtype=np.int64)
        for lever in ("close_people", "close_trade")
        if lever in levers
    }
    rivals_of_crossing = tuple((of_country[int(a)], of_country[int(b)]) for a, b in world.sides)
    shares = _shares(slots, world)
    owned = _owned(slots, names, country, world)
    weights, sanctuary, target = _groups(tables, world, groups, names)
    away = {row.nationality for row in tables.populations if row.status in ABROAD and row.count > 0}
    abroad = tuple(settings.country in away for settings in governments.values())
    hostile = _hostile_measures(slots, owned, names, rivals_of_crossing, world, shares, abroad)
    shelters = tuple((g, of_country[c]) for g, c in enumerate(sanctuary) if c >= 0 and of_country[c] >= 0)
    grievance = np.array([[s.grievance if i != j else 0.0 for j in range(len(names))] for i, s in enumerate(governments.values())])
    return Cast(
        governments=names, groups=tuple(groups), mediators=mediators, settings=tuple(governments.values()),
        group_settings=tuple(groups.values()), country=country, of_country=of_country, group_target=target,
        group_sanctuary=sanctuary, weights=_frozen_rows(weights), slots=slots, owned=owned, columns=columns,
        crossing_columns=crossing_columns, grievance=grievance.reshape(len(names), len(names)), hostile_measures=hostile,
        shelters=shelters, shares=shares, rivals_of_crossing=rivals_of_crossing, has_citizens_abroad=abroad,
    )


def _frozen_rows(array: FloatArray) -> tuple[FloatArray, ...]:
    """Rows that cannot be written to: they are handed to policies."""
    array.flags.writeable = False
    return tuple(array)


def _country(world: World, government: str, country: str) -> int:
    if country not in world.countries:
        raise InputError(
            f"governments.{government}.country: no place of places.csv lies in {country!r}; known: {one_of(world.countries)}"
        )
    return world.countries.index(country)


def _shares(slots: tuple[Slot, ...], world: World) -> FloatArray:
    """Share of a whole act that each slot is."""
    shares = np.ones(len(slots))
    capacity = np.where(np.isfinite(world.crossing_capacity), world.crossing_capacity, 0.0)
    for i, slot in enumerate(slots):
        if slot.target in world.crossings:
            c = world.crossings.index(slot.target)
            same = (world.sides == world.sides[c]).all(axis=1)
            # A crossing closed to trade counts by its trade, one closed to people by those it can pass.
            traffic = world.trade_share if slot.lever == "close_trade" else capacity
            total = traffic[same].sum()
            shares[i] = traffic[c] / total if total > 0.0 else 1.0 / same.sum()
    return shares


def _owned(slots: tuple[Slot, ...], names: tuple[str, ...], country: tuple[int, ...], world: World) -> NDArray[np.bool_]:
    """Which slots a government has: not against itself, only crossings on its own border."""
    owned = np.ones((len(names), len(slots)), dtype=np.bool_)
    for i, name in enumerate(names):
        own = {world.crossings[c] for c in world.crossings_of(country[i])}
        for k, slot in enumerate(slots):
            if slot.target == name or (slot.target in world.crossings and slot.target not in own):
                owned[i, k] = False
    return owned


def _groups(
    tables: Tables, world: World, groups: dict[str, GroupSettings], names: tuple[str, ...]
) -> tuple[FloatArray, tuple[int, ...], tuple[int, ...]]:
    """Weights of targets (mean 1 over a group's own targets), sanctuary countries, target governments."""
    weights = np.zeros((len(groups), world.n_places))
    sanctuary: list[int] = []
    target: list[int] = []
    for g, (name, settings) in enumerate(groups.items()):
        if settings.target not in names:
            raise InputError(f"groups.{name}.target: no government {settings.target!r}; known: {one_of(names)}")
        target.append(names.index(settings.target))
        if settings.sanctuary is None:
            sanctuary.append(-1)
        elif settings.sanctuary in world.countries:
            sanctuary.append(world.countries.index(settings.sanctuary))
        else:
            raise InputError(
                f"groups.{name}.sanctuary: no country {settings.sanctuary!r}; known: {one_of(world.countries)}, or null"
            )
        for row in tables.groups:
            if row.fighters > MOST_FIGHTERS:
                raise InputError(f"groups.csv: {row.fighters:,} fighters of {row.group} at {row.place!r}; at most {MOST_FIGHTERS:,}")
            if row.group == name.removesuffix(SPLINTER):
                weights[g, world.place_index(row.place)] = row.weight
    return weights, tuple(sanctuary), tuple(target)


def _hostile_measures(
    slots: tuple[Slot, ...], owned: NDArray[np.bool_], names: tuple[str, ...],
    rivals_of_crossing: tuple[tuple[int, int], ...], world: World, shares: FloatArray, abroad: tuple[bool, ...],
) -> tuple[tuple[int, int, IntArray, FloatArray], ...]:
    """Columns of i's levers that hurt j for as long as they are in force, with their weight in points."""
    found: list[tuple[int, int, IntArray, FloatArray]] = []
    for i in range(len(names)):
        for j in range(len(names)):
            if i == j:
                continue
            columns: list[int] = []
            weights: list[float] = []
            for k, slot in enumerate(slots):
                act = BY_NAME[slot.lever].act
                if slot.lever not in _HOSTILE or act is None or not owned[i, k]:
                    continue
                if slot.target in names and slot.target != names[j]:
                    continue
                if slot.lever == "deportation" and not abroad[j]:
                    continue
                if slot.target in world.crossings and j not in rivals_of_crossing[world.crossings.index(slot.target)]:
                    continue
                columns.append(k)
                weights.append(-GOLDSTEIN[act] / 10.0 * float(shares[k]))
            found.append((i, j, np.array(columns, dtype=np.int64), np.array(weights)))
    return tuple(found)
