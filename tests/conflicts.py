"""Small made-up conflicts for the tests of displacement, with or without governments."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from agents.decisions import GovernmentDecision
from agents.government import GovernmentSettings
from agents.levers import Slot
from agents.policies import GovernmentPolicy, Memory, NoParameters
from agents.situations import GovernmentSituation
from sim.displacement.conflict import Closure, Conflict, ConflictPlace, Kind, Road
from sim.displacement.simulate import conflict_scenario
from sim.model import MarchlandModel
from sim.scenario import Scenario
from sim.settings import Config, Parameters

#: Where real conflicts are, if anywhere; tests that need them are skipped without.
DATA = Path(os.environ.get("MARCHLAND_DISPLACEMENT_DATA", Path(__file__).parent.parent.parent / "shared" / "data" / "displacement"))
CAMPS = (Kind.CAMP, Kind.IDP_CAMP)


def place(name: str, country: str, kind: Kind, size: int = 0, region: str = "") -> ConflictPlace:
    """A place; ``size`` is a camp's capacity, else residents."""
    camp = kind in CAMPS
    return ConflictPlace(name, region or name, country, float(len(name)), 5.0, kind, 0, 0 if camp else size, size if camp else 0, {})


def conflict(
    places: Sequence[ConflictPlace], roads: Sequence[tuple[str, str, float]], zones: Mapping[str, Sequence[float]], people: Sequence[int],
    *, first: Mapping[str, int] | None = None, closures: Sequence[Closure] = (),
) -> Conflict:
    """A conflict in which every camp is scored. ``zones`` hold intensities by day, the last one goes on; ``people`` known totals."""
    names = [p.name for p in places]
    days = len(people)
    intensity = np.zeros((days, len(places)))
    for name, values in zones.items():
        given = [*values, *[values[-1]] * days]
        intensity[:, names.index(name)] = given[:days]
    camps = np.array([i for i, p in enumerate(places) if p.is_camp], dtype=np.int64)
    counts = np.zeros((days, len(camps)), dtype=np.int64)
    for name, number in (first or {}).items():
        counts[:, camps.tolist().index(names.index(name))] = number
    known = np.array(people, dtype=np.int64)
    return Conflict(
        name="made up", folder=Path("made-up"), start=dt.date(2020, 1, 1), days=days, places=tuple(places),
        roads=tuple(Road(names.index(a), names.index(b), float(km), 0, None, 0.0) for a, b, km in roads),
        closures=tuple(closures), intensity=intensity, camps=camps, counts=counts, known=known, total=known, files=(),
        home=places[0].country,
    )


def rising(days: int, last: int, first: int = 0) -> list[int]:
    """Totals that grow evenly."""
    return np.linspace(first, last, days).astype(int).tolist()


def two_ways(
    *, people: Sequence[int] | None = None, capacities: tuple[int, int, int] = (0, 0, 0), closures: Sequence[Closure] = (),
    zones: Mapping[str, Sequence[float]] | None = None, first: Mapping[str, int] | None = None, idp: bool = False,
) -> Conflict:
    """One zone at home; ``Uno`` and ``Due`` in the country ``Left``, ``Tre`` in ``Right`` (and ``Idp`` at home)."""
    camps = zip(("Uno", "Due", "Tre"), ("Left", "Left", "Right"), capacities, strict=True)
    places = [
        place("Alma", "Home", Kind.CONFLICT, 4000, "North"), place("Cola", "Home", Kind.TOWN, 900, "South"),
        *(place(name, country, Kind.CAMP, capacity) for name, country, capacity in camps),
    ]
    roads: list[tuple[str, str, float]] = [("Alma", "Cola", 50), ("Cola", "Uno", 100), ("Uno", "Due", 120), ("Alma", "Tre", 200)]
    if idp:
        places.append(place("Idp", "Home", Kind.IDP_CAMP, 0, "South"))
        roads.append(("Cola", "Idp", 30))
    return conflict(places, roads, zones or {"Alma": [1.0]}, people or rising(30, 5800), first=first, closures=closures)


def numbers(**sections: Mapping[str, float]) -> Parameters:
    """The default numbers with some changed: ``numbers(gravity={"power": 0.0})``."""
    default = Parameters()
    return dataclasses.replace(default, **{name: dataclasses.replace(getattr(default, name), **values) for name, values in sections.items()})  # type: ignore[arg-type]


class Timetable(GovernmentPolicy[NoParameters]):
    """Hold levers at levels between two days (the second is not in)."""

    name = "timetable"
    theory = "for tests"
    looks_at = ("day",)
    parameters = NoParameters

    def __init__(self, rows: Sequence[tuple[str, float, int, int]]) -> None:
        super().__init__(NoParameters())
        self.rows = tuple(rows)

    def decide(
        self, situation: GovernmentSituation, memory: Memory, rng: np.random.Generator
    ) -> tuple[GovernmentDecision, Memory]:
        levels = dict(situation.baseline)
        for text, level, start, end in self.rows:
            lever, _, target = text.partition("/")
            if start <= situation.day < end:
                levels[Slot(lever, target)] = level
        return GovernmentDecision(levels=levels, reasons=("timetable",)), memory


def scenario_of(
    world: Conflict, *, capacities: str = "limits", rule: str = "gravity", parameters: Parameters | None = None, scale: float = 1.0,
    returns: bool = False, governments: Mapping[str, str] | None = None, deportation_capacity: float = 500.0,
) -> Scenario:
    """A scenario of a conflict; ``governments`` maps names to countries, and they decide every day."""
    plain = conflict_scenario(world, capacities=capacities, rule=rule, parameters=parameters, people_scale=scale)
    settings = dataclasses.replace(plain.config.scenario, returns=returns, decision_interval=1)
    chosen = {
        name: GovernmentSettings(country=country, deportation_capacity=deportation_capacity, money=1e6, forces=5000.0)
        for name, country in (governments or {}).items()
    }
    config: Config = dataclasses.replace(plain.config, scenario=settings, governments=chosen)
    return Scenario(config, plain.tables)


def model_of(
    scenario: Scenario, levers: Mapping[str, Sequence[tuple[str, float, int, int]]] | None = None, *, seed: int = 1, replicate: int = 0
) -> MarchlandModel:
    """A model whose governments pull levers by timetable: ``{"left": [("admission", 1.0, 5, 99)]}``."""
    model = scenario.build(seed=seed, replicate=replicate)
    for name, rows in (levers or {}).items():
        model.replace_policy(name, Timetable(rows))
    return model


def camp_days(model: MarchlandModel) -> np.ndarray:
    """Run to the end; people in each camp on every evening, (days, camps)."""
    camps = model.setting.network.conflict.camps  # type: ignore[union-attr]
    rows = []
    while model.state.day < model.setting.days:
        model.step()
        rows.append(model.state.people[:, camps].sum(axis=0))
    return np.array(rows)
