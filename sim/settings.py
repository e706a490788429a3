"""The schema of a run: every key, its type and its range, in one tree of checked dataclasses."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pydantic
import pydantic.dataclasses
from pydantic import Field

from agents.displaced import DisplacedParameters
from agents.government import GovernmentSettings
from agents.gravity import GravityParameters
from agents.levers import CATALOGUE, LeverCost
from agents.mediator import MediatorSettings
from agents.militant_group import GroupSettings
from agents.parameters import STRICT, par
from agents.refugee_population import FlightParameters, ReturnParameters
from sim.borders import BorderParameters
from sim.deadlines import DeadlineParameters
from sim.diplomacy import DiplomacyParameters
from sim.displacement.flee_parameters import FleeParameters
from sim.economy import EconomyParameters
from sim.fighters import FighterParameters
from sim.interventions import Intervention, Params
from sim.mediation import MediationParameters
from sim.movement import MovementParameters
from sim.society import SocietyParameters
from sim.stability import OutcomeParameters
from sim.status import StatusParameters
from sim.strikes import StrikeParameters
from sim.violence import ViolenceParameters

SCHEMA_VERSION = 1


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class ScenarioSettings:
    """Which scenario is played, and over which days."""

    name: str = "pakistan_afghanistan"
    title: str = ""
    path: str | None = None
    start: dt.date | None = None
    end: dt.date | None = None
    history: str | None = None
    exogenous: str | None = None
    people_scale: float = par(
        1.0, 1e-3, 1e9, "-", "definition", "multiplies every count of people; fighters, attacks and deaths stay"
    )
    decision_interval: int = par(7, 1, 365, "days", "design: weekly decisions", "days between decisions")
    rule: Literal["gravity", "flee"] = "gravity"  #: conflict folders: how people choose where to go
    capacities: Literal["limits", "withheld", "attraction"] = "limits"  #: conflict folders: what a camp's capacity does
    returns: bool = False  #: conflict folders: whether people go home; the counts that feed people in are net of returns


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class PolicyChoice:
    """A policy by registered name (or ``module:Class`` from the command line) and its parameters."""

    name: str = "status_quo"
    params: Params = Field(default_factory=dict)


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class Parameters:
    """The numbers of all mechanisms; each class stands beside the mechanism that uses it."""

    diplomacy: DiplomacyParameters = Field(default_factory=DiplomacyParameters)
    violence: ViolenceParameters = Field(default_factory=ViolenceParameters)
    strikes: StrikeParameters = Field(default_factory=StrikeParameters)
    fighters: FighterParameters = Field(default_factory=FighterParameters)
    flight: FlightParameters = Field(default_factory=FlightParameters)
    returns: ReturnParameters = Field(default_factory=ReturnParameters)
    deadlines: DeadlineParameters = Field(default_factory=DeadlineParameters)
    displaced: DisplacedParameters = Field(default_factory=DisplacedParameters)
    gravity: GravityParameters = Field(default_factory=GravityParameters)
    flee: FleeParameters = Field(default_factory=FleeParameters)
    movement: MovementParameters = Field(default_factory=MovementParameters)
    borders: BorderParameters = Field(default_factory=BorderParameters)
    status: StatusParameters = Field(default_factory=StatusParameters)
    society: SocietyParameters = Field(default_factory=SocietyParameters)
    economy: EconomyParameters = Field(default_factory=EconomyParameters)
    mediation: MediationParameters = Field(default_factory=MediationParameters)
    outcomes: OutcomeParameters = Field(default_factory=OutcomeParameters)


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class Config:
    """One run, whole."""

    seed: int = Field(default=1, ge=0)
    replicate: int = Field(default=0, ge=0)
    scenario: ScenarioSettings = Field(default_factory=ScenarioSettings)
    governments: dict[str, GovernmentSettings] = Field(default_factory=dict)
    groups: dict[str, GroupSettings] = Field(default_factory=dict)
    mediators: dict[str, MediatorSettings] = Field(default_factory=dict)
    policies: dict[str, PolicyChoice] = Field(default_factory=dict)
    interventions: tuple[Intervention, ...] = ()
    levers: dict[str, LeverCost] = Field(default_factory=lambda: default_levers())
    parameters: Parameters = Field(default_factory=Parameters)
    figures: bool = True
    band: int = Field(default=8, ge=0, le=1000, description="further replicates that make the bands beside the observations; 0 = none")


def default_levers() -> dict[str, LeverCost]:
    """The registered levers with their costs (assumptions; see :mod:`agents.levers`)."""
    costs: Mapping[str, tuple[float, float, float]] = {
        # million US$ a year, thousand personnel, points of standing a year; per slot at level 1
        "deportation": (100.0, 30.0, 0.10),
        "close_people": (5.0, 3.0, 0.01),
        "close_trade": (20.0, 3.0, 0.01),
        "sanctions": (50.0, 0.0, 0.05),
        "transit": (50.0, 0.0, 0.05),
        "operations": (1500.0, 250.0, 0.05),
        "strikes": (50.0, 2.0, 0.15),
        "cooperation": (100.0, 40.0, -0.05),
        "forum_support": (1.0, 0.0, 0.0),
        "demand": (0.0, 0.0, 0.0),
        "denounce": (0.0, 0.0, 0.01),
        "rebut": (0.0, 0.0, 0.0),
        "engagement": (2.0, 0.0, -0.02),
        "registration": (30.0, 5.0, -0.02),
        "regularisation": (30.0, 2.0, -0.02),
        "admission": (5.0, 1.0, 0.02),
        "aid": (600.0, 0.0, -0.05),
        "integration": (800.0, 0.0, -0.02),
    }
    return {
        lever.name: LeverCost(*costs[lever.name]) for lever in CATALOGUE
    }


def to_tree(value: object) -> object:
    """Turn a schema instance into plain dicts, lists, numbers and text (dates as ISO text).

    Of a config without interventions the empty list is left out: its file and its hash say nothing of them.
    """
    if isinstance(value, Config) and not value.interventions:
        return {field.name: to_tree(getattr(value, field.name)) for field in dataclasses.fields(value) if field.name != "interventions"}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_tree(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_tree(item) for key, item in value.items()}
    if isinstance(value, dt.date | Path):
        return str(value)
    if isinstance(value, tuple | list):
        return [to_tree(item) for item in value]
    return value


def default_tree() -> dict[str, object]:
    """The whole schema with its defaults as a plain tree: the root node of every composition."""
    tree = to_tree(Config())
    assert isinstance(tree, dict)
    return {**tree, "interventions": []}  # so that it can be overridden like any other key


def validate(tree: Mapping[str, object]) -> Config:
    """Check a composed tree against the schema.

    Raises
    ------
    pydantic.ValidationError
        With every key that is unknown, of the wrong type or out of range.
    """
    return pydantic.TypeAdapter(Config).validate_python(dict(tree))
