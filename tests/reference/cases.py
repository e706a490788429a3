"""Small worlds of a few thousand people in which every kind of movement happens within three weeks."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from agents.decisions import Announcement
from agents.levers import BY_NAME, Slot
from sim import Scenario
from sim.deadlines import announce
from sim.model import MarchlandModel
from sim.tables import Place, PopulationRow, Route, Tables

from .persons import GONE, INLAND, PLACE, QUEUED, TOWARD, Persons, World

QUIET = (
    "policy@policies.north=status_quo", "policy@policies.south=status_quo", "mediators.international.aid=0",
    "mediators.international.offers=0", "groups.north_front.attack_rate=0", "groups.south_front.attack_rate=0",
    "groups.north_front.recruits=0", "groups.south_front.recruits=0", "parameters.fighters.deportees=0", "parameters.fighters.civilians=0",
    "parameters.economy.returnee_load=0", "governments.north.money=1e6", "governments.south.money=1e6",
    "governments.north.forces=5000", "governments.south.forces=5000",
)  # fmt: skip
#: Rates as fast as their ranges allow, so that three weeks show each of them.
FAST = (
    "governments.north.emigration=0.05", "governments.north.safety=0.72", "governments.south.safety=0.6",
    "parameters.flight.rate=0.006", "parameters.flight.abroad_share=0.5", "parameters.flight.reentry=0.3",
    "parameters.returns.voluntary=0.005", "parameters.returns.idp_return=0.01", "parameters.returns.threshold=0.7",
    "parameters.returns.onward=0.5", "parameters.returns.registered_share=0.4", "parameters.returns.documented_share=0.3",
    "parameters.returns.fear_peak=0.03", "parameters.status.settling=4",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One world: levers held from the first day, deadlines, overrides, capacities of crossings a day."""

    name: str
    levels: tuple[tuple[str, str, float], ...]
    notes: tuple[tuple[str, Announcement], ...]
    overrides: tuple[str, ...]
    capacity: tuple[tuple[str, float], ...]
    days: int = 21


CASES = (
    Case(
        "deadline",
        (("south", "registration", 1.0), ("north", "integration", 0.5)),
        (("south", Announcement(("undocumented", "documented"), 2, 11, 1.0)),),
        ("parameters.status.registration=4",),
        (("West Gate", 4.0), ("East Gate", 50.0), ("Far Gate", 50.0), ("Other Gate", 50.0)),
    ),
    Case(
        "closed crossing",
        (("south", "close_people/West Gate", 1.0), ("north", "close_people/East Gate", 0.6)),
        (("south", Announcement(("undocumented",), 0, 4, 1.0, implemented=False)),),
        ("parameters.borders.irregular=0.3", "parameters.borders.divert=0.2", "parameters.borders.give_up=0.1", "parameters.borders.lure=1"),
        (("West Gate", 6.0), ("East Gate", 5.0), ("Far Gate", 50.0), ("Other Gate", 50.0)),
    ),
    Case(
        "deportation at capacity",
        (
            ("south", "deportation/undocumented", 1.0), ("south", "deportation/registered", 0.5),
            ("south", "deportation/documented", 0.4), ("north", "regularisation", 1.0), ("north", "registration", 0.5),
        ),
        (("south", Announcement(("registered",), 0, 6, 1.0)),),
        (
            "governments.south.deportation_capacity=6", "parameters.movement.most_deported=0.5", "parameters.status.revocation=4",
            "parameters.status.expiry=1", "parameters.status.naturalisation=0.5", "parameters.status.regularisation=2",
        ),
        (("West Gate", 4.0), ("East Gate", 3.0), ("Far Gate", 50.0), ("Other Gate", 50.0)),
    ),
)  # fmt: skip


def small_tables(tables: Tables, capacity: dict[str, float]) -> Tables:
    """Two states with 1/5,000 of the residents, 1/80 of the displaced, and a third country beside them."""
    places = [
        dataclasses.replace(
            p, population=p.population // 5000, capacity=60.0 if p.name == "South Capital" else capacity.get(p.name, p.capacity),
            permeability=max(p.permeability, 0.3) if p.is_crossing else p.permeability,
        )
        for p in tables.places
    ]  # fmt: skip
    gates = [
        dataclasses.replace(places[-1], name=name, lat=lat, lon=-20.0, capacity=capacity[name], trade_share=0.0)
        for name, lat in (("Far Gate", 1.0), ("Other Gate", -1.0))
    ]
    far = Place("Far Town", "Farland", "Farland", "city", 0.0, -19.0, 600, "Far", None, None, None, 0.0, 0.0)
    roads = [
        Route("Far Town", "Far Gate", 100.0), Route("Far Gate", "North East March", 250.0),
        Route("Far Town", "Other Gate", 100.0), Route("Other Gate", "South East March", 250.0),
    ]  # fmt: skip
    populations = [dataclasses.replace(row, count=row.count // (160 if row.status == "idp" else 120)) for row in tables.populations]
    populations += [PopulationRow("Northland", "undocumented", "North March", "Far Town", 60)]
    populations += [PopulationRow("Northland", "returnee", "North Core", "North Hills", 80)]
    return dataclasses.replace(
        tables, places=(*places, *gates, far), routes=(*tables.routes, *roads), populations=tuple(populations)
    )


def build(case: Case) -> Scenario:
    """A scenario of the case."""
    loaded = Scenario.load("two_states", overrides=[*QUIET, *FAST, *case.overrides])
    return Scenario(loaded.config, small_tables(loaded.tables, dict(case.capacity)))


def violence(scenario: Scenario) -> np.ndarray:
    """Deaths a day in memory at the start: war in the north-west, some in the south, fading from then on."""
    deaths = np.zeros(scenario.setting.world.n_places)
    for name, per_100k in (("North West March", 6.0), ("North Hills", 1.0), ("South East March", 3.0), ("South Capital", 0.5)):
        place = scenario.setting.world.places.index(name)
        deaths[place] = per_100k / scenario.setting.per_100k[place]
    return deaths


def counted(case: Case, scenario: Scenario, seed: int) -> np.ndarray:
    """Run the engine; return the vector of :func:`labels`."""
    model = scenario.build(seed=seed)
    setting, state = scenario.setting, model.state
    state.death_memory[:] = violence(scenario)
    for name, text, level in case.levels:
        slot = Slot(*text.split("/")) if "/" in text else Slot(text)
        assert slot.lever in BY_NAME
        i = setting.cast.governments.index(name)
        column = setting.cast.columns[(slot.lever, slot.target)]
        state.baseline[i, column] = state.asked[i, column] = state.granted[i, column] = level
    for name, note in case.notes:
        announce(state, setting.cast.governments.index(name), note)
    model.run_for(case.days)
    return _engine_vector(model)


def _engine_vector(model: MarchlandModel) -> np.ndarray:
    setting, state, record = model.setting, model.state, model.record
    bounds = setting.block_bounds[:-1]
    at_places = np.add.reduceat(state.people, bounds, axis=0).ravel()
    by_row = state.people.sum(axis=1)
    inland = np.add.reduceat(state.inland.sum(axis=(0, 2)), bounds)
    toward = state.toward.sum(axis=(0, 1, 2))
    queue = state.queue.sum(axis=(0, 1))
    passed = [record.series("crossing", name, "passed").sum() for name in setting.world.crossings]
    flows = [record.series("region", "region", name).sum() for name in
             ("returns_voluntary", "returns_fear", "returns_deportation", "reentries", "flights", "irregular", "departures")]  # fmt: skip
    naturalised = state.accounts[2].sum()
    return np.concatenate([at_places, by_row, inland, toward, queue, passed, flows, [naturalised]])


def one_by_one(case: Case, scenario: Scenario, seed: int, changed: dict[str, float] | None = None) -> np.ndarray:
    """Run the reference; return the vector of :func:`labels`."""
    setting = scenario.setting
    names = setting.cast.governments
    world = World(
        setting, {(name, text): level for name, text, level in case.levels},
        [(names.index(name), note) for name, note in case.notes], violence(scenario), changed or {},
    )  # fmt: skip
    persons = Persons(world, seed)
    for day in range(case.days):
        persons.live(day)
    blocks, rows = len(setting.populations.blocks), setting.populations.n_rows
    people = persons.table()
    at_places = np.zeros((blocks, people.shape[1]), dtype=np.int64)
    np.add.at(at_places, persons.block_of, people)
    inland = np.bincount(persons.block_of[persons.row[persons.mode == INLAND]], minlength=blocks)
    toward = np.bincount(persons.gate[persons.mode == TOWARD], minlength=setting.gates.n_gates)
    queue = np.bincount(persons.gate[persons.mode == QUEUED], minlength=setting.gates.n_gates)
    flows = persons.flows
    outward = sum(flows[name] for name in ("flight", "emigration", "onward", "reentry"))
    totals = [flows[name] for name in ("voluntary", "fear", "deportation", "reentry", "flights", "irregular")]
    by_row = np.bincount(persons.row[persons.mode == PLACE], minlength=rows)
    naturalised = (persons.mode == GONE).sum()
    return np.concatenate([at_places.ravel(), by_row, inland, toward, queue, persons.passed, totals, [outward], [naturalised]])


def labels(scenario: Scenario) -> list[str]:
    """Names of the entries of the vectors."""
    setting = scenario.setting
    blocks, places = [b.name for b in setting.populations.blocks], setting.world.places
    gates = [setting.gate_name(g) for g in range(setting.gates.n_gates)]
    return [
        *(f"{b} at {p}" for b in blocks for p in places),
        *(f"row {r} of {blocks[np.searchsorted(setting.block_bounds, r, side='right') - 1]}" for r in range(setting.populations.n_rows)),
        *(f"{b} travelling inland" for b in blocks), *(f"on the way to {g}" for g in gates), *(f"waiting at {g}" for g in gates),
        *(f"passed {c}" for c in setting.world.crossings),
        "voluntary", "fear", "deportation", "reentry", "flights", "irregular", "outward", "naturalised",
    ]  # fmt: skip
