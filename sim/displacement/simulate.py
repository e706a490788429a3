"""Simulate a conflict from its folder, without composing a config: what the validation suite runs."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.displacement.conflict import Conflict
from sim.displacement.tree import scenario_places
from sim.scenario import Scenario
from sim.settings import Config, Parameters, ScenarioSettings
from sim.tables import Tables

IntArray = NDArray[np.int64]


def conflict_scenario(
    conflict: Conflict, *, capacities: str = "limits", rule: str = "gravity", parameters: Parameters | None = None,
    people_scale: float = 1.0,
) -> Scenario:
    """Return a conflict as a scenario: the same model as any other, without governments and groups.

    Parameters
    ----------
    conflict
        What was read from the folder.
    capacities
        ``limits``, ``withheld`` or ``attraction``: what a camp's capacity does.
    rule
        ``gravity`` or ``flee``.
    parameters
        Numbers of the mechanisms; default: the calibrated ones.
    """
    settings = ScenarioSettings(
        name=conflict.name, title=conflict.name, path=str(conflict.folder), start=conflict.start,
        end=conflict.start + dt.timedelta(days=conflict.days - 1), people_scale=people_scale,
        rule=rule, capacities=capacities,  # type: ignore[arg-type]  # checked by the schema
    )
    config = Config(scenario=settings, parameters=parameters if parameters is not None else Parameters(), band=0)
    return Scenario(config, _tables(conflict))


def _tables(conflict: Conflict) -> Tables:
    """Tables of a conflict without history, events or observations of its own."""
    return Tables(
        conflict.folder, scenario_places(conflict), routes=(), populations=(), groups=(), history=(), exogenous=(),
        observed=pd.DataFrame(), files=conflict.files, conflict=conflict,
    )


def camp_counts(scenario: Scenario, *, seed: int = 1) -> IntArray:
    """Run a conflict; return the people in each scored camp on the evening of every day, (days, camps)."""
    model = scenario.build(seed=seed)
    model.datacollector = None
    network = model.setting.network
    assert network is not None
    counts = np.zeros((model.setting.days, len(network.conflict.camps)), dtype=np.int64)
    for day in range(model.setting.days):
        model.step()
        counts[day] = model.state.people[:, network.conflict.camps].sum(axis=0)
    return counts


def simulate(
    conflict: Conflict, *, capacities: str = "withheld", rule: str = "gravity", seed: int = 1,
    parameters: Parameters | None = None,
) -> IntArray:
    """Run a conflict from what was read; see :func:`conflict_scenario` and :func:`camp_counts`."""
    return camp_counts(conflict_scenario(conflict, capacities=capacities, rule=rule, parameters=parameters), seed=seed)
