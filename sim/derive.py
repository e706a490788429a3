"""Derive: everything that is fixed once the tables and the numbers are known, worked out for a Setting."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
from numpy.typing import NDArray

from agents.vocabulary import ABROAD, Status
from sim.cast import Cast
from sim.displacement.network import Network
from sim.displacement.reservoir import Reservoir
from sim.draws import Table
from sim.gates import Gates
from sim.people import Populations
from sim.setting import Setting
from sim.settings import Config
from sim.stability import hostility_scale
from sim.tables import Tables
from sim.violence import in_reach, mean_deaths, severity_table
from sim.world import World

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def _row_maps(populations: Populations, world: World) -> tuple[IntArray, IntArray, IntArray]:
    """Rows that people change into when they leave the country, flee inside it, or go home inside it."""
    shape = (populations.n_rows, world.n_places)
    out = np.broadcast_to(np.arange(populations.n_rows)[:, None], shape).copy()
    fled, back = out.copy(), np.arange(populations.n_rows)
    for block in populations.blocks:
        if block.status in ABROAD:
            continue
        undocumented = populations.block(block.nationality, Status.UNDOCUMENTED).first
        displaced = populations.block(block.nationality, Status.IDP).first
        back[block.rows] = populations.block(block.nationality, Status.CITIZEN).first
        for row in range(block.first, block.first + block.homes):
            home = np.maximum(world.home, 0) if block.status is not Status.IDP else populations.home[row]
            out[row] = undocumented + home
            fled[row] = displaced + home
    return out, fled, back


def _first_of_home(populations: Populations) -> IntArray:
    """For each row the first row abroad of the same nationality and home region; citizens stand for themselves."""
    first = np.arange(populations.n_rows)
    for block in populations.blocks:
        if block.status in ABROAD:
            registered = populations.block(block.nationality, ABROAD[0]).first
            first[block.rows] = np.arange(registered, registered + block.homes)
    return first


def _rows_of(populations: Populations, statuses: tuple[Status, ...], nations: tuple[int, ...] | None = None) -> IntArray:
    """Rows of the statuses, of all nationalities or of some."""
    return np.array([
        row
        for block in populations.blocks
        if block.status in statuses and (nations is None or block.nationality in nations)
        for row in block.rows_range
    ], dtype=np.int64)


def _rows_away(
    populations: Populations, countries: int
) -> tuple[tuple[tuple[IntArray, ...], ...], tuple[IntArray, ...], IntArray]:
    """Rows of foreigners by country and status, of citizens abroad by nationality, and of everybody displaced."""
    everyone = tuple(range(countries))
    foreign = tuple(
        tuple(_rows_of(populations, (status,), tuple(n for n in everyone if n != country)) for status in ABROAD)
        for country in everyone
    )
    abroad = tuple(_rows_of(populations, ABROAD, (nation,)) for nation in everyone)
    return foreign, abroad, _rows_of(populations, (*ABROAD, Status.IDP))


def _without_papers(populations: Populations) -> IntArray:
    """For each row abroad the undocumented row of the same nationality and home region; others stand for themselves."""
    rows = np.arange(populations.n_rows)
    for block in populations.blocks:
        if block.status in ABROAD:
            first = populations.block(block.nationality, Status.UNDOCUMENTED).first
            rows[block.rows] = np.arange(first, first + block.homes)
    return rows


def derive(
    config: Config, tables: Tables, world: World, populations: Populations, cast: Cast, gates: Gates,
    start: dt.date, end: dt.date, initial: IntArray, network: Network | None = None, reservoir: Reservoir | None = None,
) -> Setting:
    """Work out everything that is fixed once the tables and the numbers are known."""
    places_of = tuple(np.flatnonzero(world.country == c) for c in range(len(world.countries)))
    foreign, abroad_rows, displaced = _rows_away(populations, len(world.countries))
    nationalities = tuple(dict.fromkeys(b.nationality for b in populations.blocks))
    returnee = np.full(len(world.countries), -1, dtype=np.int64)
    for nationality in nationalities:
        returnee[nationality] = populations.block(nationality, Status.RETURNEE).first
    here = [initial[:, places_of[c]] for c in cast.country]
    at_start = np.array([[int(here[i][foreign[c][s]].sum()) for s in range(len(ABROAD))] for i, c in enumerate(cast.country)], dtype=np.int64)
    row_out, row_fled, row_back = _row_maps(populations, world)
    emigration = np.zeros(len(world.countries))
    emigration[list(cast.country)] = [s.emigration for s in cast.settings]
    shelters = _shelters(tables, world, cast)
    baseline = _baseline(cast)
    rest, unit = hostility_scale(config.parameters.diplomacy, cast.grievance)
    residents = np.array([float(world.residents[p].sum()) for p in places_of])
    deaths = np.array([_deaths_at_start(config, cast, tables, world, i) for i in range(len(cast.governments))])
    scaled = world.residents / config.scenario.people_scale
    return Setting(
        config=config, tables=tables, world=world, populations=populations, cast=cast, gates=gates, start=start,
        days=(end - start).days + 1, initial=initial,
        block_bounds=np.array([b.first for b in populations.blocks] + [populations.n_rows], dtype=np.int64),
        row_is_abroad=np.isin(np.arange(populations.n_rows), np.concatenate(abroad_rows)),
        row_without_papers=_without_papers(populations),
        first_cells=np.array([b.first for b in populations.blocks] + [populations.n_rows], dtype=np.int64) * world.n_places,
        row_out=row_out, row_fled=row_fled, row_back=row_back, emigration=emigration,
        leads_home=gates.destination[None, :] == populations.nationality[:, None],
        first_of_home=_first_of_home(populations),
        row_of_cell=np.repeat(np.arange(populations.n_rows), world.n_places),
        place_of_cell=np.tile(np.arange(world.n_places), populations.n_rows),
        foreign_cells=tuple(tuple((rows[:, None], places_of[c][None, :]) for rows in foreign[c]) for c in range(len(world.countries))),
        country_onehot=(world.country[:, None] == np.arange(len(world.countries))[None, :]).astype(np.int64),
        kernels=tuple(in_reach(config.parameters.violence.reach, config.parameters.violence.reach_km, world, cast, g) for g in range(len(cast.groups))),
        severity=severity_table(config.parameters.violence.alpha, config.parameters.violence.largest),
        shelter_weights=shelters,
        at_home=np.array([world.country == cast.country[t] for t in cast.group_target], dtype=np.bool_).reshape(len(cast.groups), world.n_places),
        whereabouts=_whereabouts(world, cast),
        joining=tuple(
            Table(np.stack([np.where(world.country == cast.country[cast.group_target[g]], cast.weights[g], 0.0), shelters[g]]))
            for g in range(len(cast.groups))
        ),
        baseline_levels=baseline,
        baseline_operations=baseline[:, cast.columns[("operations", "")]] if ("operations", "") in cast.columns else np.zeros(len(baseline)),
        baseline_cooperation=baseline[:, [k for k, s in enumerate(cast.slots) if s.lever == "cooperation"]].sum(axis=1),
        deportation_columns=np.array([k for k, s in enumerate(cast.slots) if s.lever == "deportation"], dtype=np.int64),
        rest_hostility=rest, hostility_unit=unit, ring=_ring(config, gates, network),
        least_room=int(min((s.deportation_capacity for s in cast.settings if s.deportation_capacity > 0.0), default=0.0) * config.scenario.people_scale),
        has_limits=bool(np.isfinite(world.limit).any()) or (bool(cast.governments) and ("admission", "") in cast.columns),
        by_status=np.array([np.isin(np.arange(populations.n_rows), _rows_of(populations, (s,))) for s in ABROAD], dtype=np.int64),
        by_nation=(populations.nationality[None, :] == np.arange(len(world.countries))[:, None]).astype(np.int64),
        places_of=places_of, foreign_rows=foreign,
        all_foreign_rows=tuple(np.concatenate(rows) for rows in foreign), abroad_rows=abroad_rows, displaced_rows=displaced,
        returnee_row=returnee, nationalities=nationalities, residents_of=residents,
        per_100k=np.where(scaled > 0, 30.0 * 1e5 / np.maximum(scaled, 1.0), 0.0),
        foreigners_at_start=at_start.reshape(len(cast.governments), len(ABROAD)),
        abroad_at_start=np.array([float(initial[abroad_rows[c]].sum()) for c in cast.country]),
        violence_at_start=np.log1p(30.0 * deaths / config.parameters.society.deaths_scale), pair_weights=_pair_weights(world, cast),
        forces_cost=np.array([config.levers[slot.lever].forces for slot in cast.slots]),
        money_cost=np.array([config.levers[slot.lever].money for slot in cast.slots]),
        standing_cost=np.array([config.levers[s.lever].standing * cast.slot_weight(k) for k, s in enumerate(cast.slots)]),
        cost_weights=np.array([cast.slot_weight(k) for k in range(len(cast.slots))]),
        network=network, reservoir=reservoir,
    )


def _ring(config: Config, gates: Gates, network: Network | None) -> int:
    """Length of the ring of days to come: the longest trip and two days; over a network twice its longest way."""
    if network is None:
        return gates.longest + 2
    km = network.distances(int(network.road_open.sum(axis=1).argmax()), np.ones(len(network.borders)), config.parameters.gravity.border_km)
    longest = float(km[np.isfinite(km)].max(initial=1.0))
    return 2 * math.ceil(longest / config.parameters.gravity.speed) + 3


def _deaths_at_start(config: Config, cast: Cast, tables: Tables, world: World, government: int) -> float:
    """Deaths a day that the groups cause at the start: fighters at home times rate times deaths an attack."""
    home = {world.places[p] for p in np.flatnonzero(world.country == cast.country[government])}
    total = 0.0
    for g, name in enumerate(cast.groups):
        if cast.group_target[g] == government:
            deployed = sum(row.fighters for row in tables.groups if row.group == name and row.place in home and row.weight > 0)
            total += deployed * cast.group_settings[g].attack_rate / 365.25
    return total * mean_deaths(config.parameters.violence)


def _whereabouts(world: World, cast: Cast) -> IntArray:
    """1 at places of a group's target country, 2 in its sanctuary, 0 elsewhere, (groups, places)."""
    where = np.zeros((len(cast.groups), world.n_places), dtype=np.int64)
    for g, (target, host) in enumerate(zip(cast.group_target, cast.group_sanctuary, strict=True)):
        where[g, world.country == cast.country[target]] = 1
        if host >= 0:
            where[g, world.country == host] = 2
    return where


def _shelters(tables: Tables, world: World, cast: Cast) -> FloatArray:
    """Weights of places in the sanctuary, by the fighters there at the start, (groups, places)."""
    weights = np.zeros((len(cast.groups), world.n_places))
    for row in tables.groups:
        for g in cast.groups_of(row.group):
            place = world.place_index(row.place)
            if world.country[place] == cast.group_sanctuary[g]:
                weights[g, place] = row.fighters
    return weights


def _baseline(cast: Cast) -> FloatArray:
    """Baseline levels, (governments, slots)."""
    levels = np.zeros((len(cast.governments), len(cast.slots)))
    for i, (name, settings) in enumerate(zip(cast.governments, cast.settings, strict=True)):
        for text, level in settings.baseline.items():
            column = cast.named_column(i, text, level, f"governments.{name}.baseline.{text}")
            if column >= 0:
                levels[i, column] = level
    return levels


def _pair_weights(world: World, cast: Cast) -> tuple[tuple[FloatArray, ...], ...]:
    """For each pair of governments the share of their trade that each crossing carries, (crossings,)."""
    rows: list[tuple[FloatArray, ...]] = []
    for i in range(len(cast.governments)):
        row: list[FloatArray] = []
        for j in range(len(cast.governments)):
            pair = sorted((cast.country[i], cast.country[j]))
            joins = (world.sides == np.array(pair)).all(axis=1)
            weight = np.where(joins, world.trade_share, 0.0)
            total = weight.sum()
            even = joins / joins.sum() if joins.any() else np.zeros(world.n_crossings)
            row.append(weight / total if total > 0.0 else even)
        rows.append(tuple(row))
    return tuple(rows)
