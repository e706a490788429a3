"""A scenario: checked config and tables, ready to build models from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydantic

from agents.errors import InputError
from agents.levers import BY_NAME
from agents.militant_group import GroupSettings
from sim.cast import SPLINTER, build_cast
from sim.derive import derive
from sim.displacement.geography import camp_capacities, conflict_world, no_gates
from sim.displacement.network import build_network
from sim.displacement.reservoir import build_reservoir
from sim.folder import check_actors, read_folder
from sim.gates import build_gates
from sim.interventions import DEFAULT_GOVERNMENT, DEFAULT_GROUP, Roster, checked_policy
from sim.model import MarchlandModel, Policies
from sim.people import build_populations, initial_people
from sim.setting import Setting
from sim.settings import Config, PolicyChoice, validate
from sim.tables import Tables
from sim.world import build_world


class Scenario:
    """A scenario with every number and table checked.

    Parameters
    ----------
    config
        The checked config.
    tables
        The checked tables of the scenario's folder.
    trusted_classes
        ``module:Class`` names that may be imported as policies.
    """

    def __init__(self, config: Config, tables: Tables, trusted_classes: Sequence[str] = ()) -> None:
        self.config = config
        self.tables = tables
        self.trusted_classes = tuple(trusted_classes)
        self.setting = _build_setting(config, tables)
        self.policies = self._make_policies()
        Roster(self.setting, self.policies, 0, config.interventions, self.trusted_classes)  # checks them

    @classmethod
    def load(
        cls, name: str | None = None, *, path: str | Path | None = None, seed: int | None = None, overrides: Sequence[str] = ()
    ) -> Scenario:
        """Load a scenario by name or folder, with overrides in the grammar of the command line.

        Parameters
        ----------
        name
            A built-in scenario, ``"pakistan_afghanistan"`` or ``"two_states"``.
        path
            A scenario folder, instead of a name.
        seed
            The run's luck; default 1.
        overrides
            For example ``["parameters.violence.branching=0.4", "policy@policies.north=hardline"]``.

        Raises
        ------
        InputError
            One line that names the file and the key, and says what would be right.
        """
        from sim.compose import compose

        given = list(overrides)
        if name is not None:
            given.append(f"scenario={name}")
        if path is not None:
            given.append(f"scenario.path={path}")
        if seed is not None:
            given.append(f"seed={seed}")
        composed = compose(given, trusted=True)
        return cls.from_config(composed.config, composed.folder, composed.trusted_classes)

    @classmethod
    def from_config(cls, config: Mapping[str, object], folder: Path, trusted_classes: Sequence[str] = ()) -> Scenario:
        """Check a composed config and read the scenario's folder."""
        try:
            checked = validate(config)
        except pydantic.ValidationError as error:
            from sim.complaints import from_pydantic

            raise from_pydantic(error, Config) from None
        chosen = checked.scenario
        tables = read_folder(
            folder,
            history=Path(chosen.history) if chosen.history else None,
            exogenous=Path(chosen.exogenous) if chosen.exogenous else None,
        )
        governments = {name: settings.country for name, settings in checked.governments.items()}
        check_actors(tables, governments, tuple(checked.groups), tuple(checked.mediators), tuple(BY_NAME))
        return cls(checked, tables, trusted_classes)

    def build(self, *, seed: int | None = None, replicate: int | None = None) -> MarchlandModel:
        """Build a model at the evening before the first day."""
        return MarchlandModel(
            self.setting, self._make_policies(),
            seed=self.config.seed if seed is None else seed,
            replicate=self.config.replicate if replicate is None else replicate,
            interventions=self.config.interventions, trusted_classes=self.trusted_classes,
        )

    @property
    def hash(self) -> str:
        """First 12 hex digits of the config hash."""
        from sim.fingerprint import config_hash
        from sim.settings import to_tree

        tree = to_tree(self.config)
        assert isinstance(tree, dict)
        return config_hash(tree, self.tables.files)[:12]

    def make_policy(self, actor: str, choice: PolicyChoice) -> Any:
        """Make a policy for an actor from a choice, checked."""
        where = f"policies.{actor}"
        return checked_policy(self.setting.cast, actor, choice.name, choice.params, (where, where), self.trusted_classes)

    def _make_policies(self) -> Policies:
        cast, chosen = self.setting.cast, self.config.policies
        actors = (*cast.governments, *cast.groups)
        unknown = [name for name in chosen if name not in actors]
        if unknown:
            raise InputError(f"policies.{unknown[0]}: no such government or group; known: {', '.join(actors)}")
        fallback = {name: PolicyChoice(DEFAULT_GOVERNMENT) for name in cast.governments}
        fallback |= {name: PolicyChoice(DEFAULT_GROUP) for name in cast.groups}
        return {name: self.make_policy(name, chosen.get(name, fallback[name])) for name in actors}


def _build_setting(config: Config, tables: Tables) -> Setting:
    scale = config.scenario.people_scale
    _check_stable(config)
    start, end = _dates(config)
    network = build_network(tables.conflict) if tables.conflict is not None else None
    if network is None:
        world = build_world(tables, scale)
    else:
        capacity = camp_capacities(network, scale)
        limited = config.scenario.capacities == "limits"
        world = conflict_world(network, capacity if limited else np.full(len(capacity), np.inf))
    populations = build_populations(world)
    groups = _with_splinters(config)
    cast = build_cast(tables, world, dict(config.governments), groups, tuple(config.mediators), dict(config.levers))
    if network is not None:
        reservoir = build_reservoir(network, world, populations, capacity, config.parameters.gravity)
        initial = np.zeros((populations.n_rows, world.n_places), dtype=np.int64)
        gates = no_gates(world, populations)
        return derive(config, tables, world, populations, cast, gates, start, end, initial, network, reservoir)
    p = config.parameters
    gates = build_gates(
        world, populations, gamma=p.gravity.power, route_power=p.movement.route_power, speed=p.gravity.speed, short=p.gravity.softening
    )
    initial = initial_people(tables, world, populations, scale)
    return derive(config, tables, world, populations, cast, gates, start, end, initial)


def _check_stable(config: Config) -> None:
    """Refuse an action-reaction process that runs away: Richardson's condition for stability."""
    p = config.parameters.diplomacy
    if p.reaction * p.reciprocity >= p.fatigue:
        raise InputError(
            f"parameters.diplomacy.fatigue: {p.fatigue:g} must be larger than reaction * reciprocity = "
            f"{p.reaction * p.reciprocity:g}, or hostility grows without bound (Richardson's condition)"
        )


def _with_splinters(config: Config) -> dict[str, GroupSettings]:
    """Groups, and an empty splinter beside each one when splinters are switched on."""
    groups = dict(config.groups)
    if config.parameters.fighters.splinter > 0.0:
        import dataclasses

        groups |= {name + SPLINTER: dataclasses.replace(settings, recruits=0.0) for name, settings in config.groups.items()}
    return groups


def _dates(config: Config) -> tuple[dt.date, dt.date]:
    start, end = config.scenario.start, config.scenario.end
    if start is None or end is None:
        raise InputError("scenario.start, scenario.end: a scenario needs both dates, as YYYY-MM-DD")
    if end < start:
        raise InputError(f"scenario.end: {end} lies before scenario.start {start}")
    return start, end
