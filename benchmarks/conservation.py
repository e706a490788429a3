"""Nobody is lost: random configs of both scenarios, checked on every day.

    python benchmarks/conservation.py [--runs 1000] [--seed 1] [--days 45]

Every run draws its own policies, levers, closures, deadlines, parameters (anywhere in their declared
ranges), scale of people and seed. Prints runs, days, seconds and failures; exit code 1 when one failed.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from agents.decisions import Announcement, GovernmentDecision
from agents.levers import BY_NAME, Slot
from agents.parameters import parameters_of
from agents.policies import GOVERNMENT_POLICIES, GovernmentPolicy, Memory, NoParameters, make_policy
from agents.situations import GovernmentSituation
from agents.vocabulary import ABROAD
from sim import Scenario
from sim.model import MarchlandModel
from sim.settings import Config

SCENARIOS = ("two_states", "pakistan_afghanistan")
SCALES = (1e-3, 0.02, 1.0, 1.0, 37.5, 1e3, 1e6)


class Erratic(GovernmentPolicy[NoParameters]):
    """Set every lever at random and announce deadlines now and then: the widest use of the levers."""

    name = "erratic"
    theory = "none: for tests"
    looks_at = ("levels",)
    parameters = NoParameters

    def decide(
        self, situation: GovernmentSituation, memory: Memory, rng: np.random.Generator
    ) -> tuple[GovernmentDecision, Memory]:
        """Draw a level for every slot; half of them at an extreme."""
        levels: dict[Slot, float] = {}
        for slot in situation.levels:
            low = BY_NAME[slot.lever].low
            levels[slot] = float(rng.choice([low, 0.0, 1.0, rng.uniform(low, 1.0)]))
        notes: tuple[Announcement, ...] = ()
        if rng.random() < 0.3:
            statuses = tuple(status.value for status in ABROAD if rng.random() < 0.5)
            first = situation.day + int(rng.integers(0, situation.window))
            notes = (Announcement(statuses, first, first + int(rng.integers(0, 40)), rng.random(), bool(rng.random() < 0.5)),)
        return GovernmentDecision(levels=levels, announcements=notes), memory


def random_config(rng: np.random.Generator, base: Config, days: int) -> Config:
    """Change a random part of a scenario's numbers, each to anywhere in its declared range."""
    import datetime as dt

    def shaken(section: object, share: float) -> object:
        changes: dict[str, float | int] = {}
        for parameter in parameters_of(section):
            if "." in parameter.path or rng.random() > share:
                continue
            value = rng.choice([parameter.low, parameter.high, rng.uniform(parameter.low, parameter.high)])
            changes[parameter.path] = round(value) if parameter.integer else float(value)
        return dataclasses.replace(section, **changes)  # type: ignore[type-var]

    share = float(rng.choice([0.0, 0.1, 0.5, 1.0]))
    sections = {f.name: shaken(getattr(base.parameters, f.name), share) for f in dataclasses.fields(base.parameters)}
    diplomacy = base.parameters.diplomacy
    while True:  # reaction * reciprocity has to stay below fatigue: other numbers are refused
        sections["diplomacy"] = shaken(diplomacy, share)
        p = sections["diplomacy"]
        if p.reaction * p.reciprocity < p.fatigue:  # type: ignore[attr-defined]
            break
    start = base.scenario.start
    assert start is not None and base.scenario.end is not None
    span = (base.scenario.end - start).days
    start = start + dt.timedelta(days=int(rng.integers(0, max(span - days, 1))))
    settings = dataclasses.replace(
        base.scenario, start=start, end=start + dt.timedelta(days=days - 1), people_scale=float(rng.choice(SCALES)),
        decision_interval=int(rng.choice([1, 3, 7, 7, 7, 30])),
    )  # fmt: skip
    return dataclasses.replace(
        base, seed=int(rng.integers(0, 2**31)), replicate=int(rng.integers(0, 5)), scenario=settings,
        parameters=dataclasses.replace(base.parameters, **sections),
        governments={name: shaken(value, share / 2) for name, value in base.governments.items()},
        groups={name: shaken(value, share / 2) for name, value in base.groups.items()},
        mediators={name: shaken(value, share) for name, value in base.mediators.items()},
        levers={name: cost for name, cost in base.levers.items() if rng.random() < 0.97},
    )  # type: ignore[arg-type]  # fmt: skip


def random_model(number: int, days: int) -> MarchlandModel:
    """The model of a run number: the same number gives the same model."""
    rng = np.random.default_rng([20240601, number])
    base = _base(SCENARIOS[int(rng.integers(0, 2))])
    scenario = Scenario(random_config(rng, base.config, days), base.tables)
    model = scenario.build()
    for name in scenario.setting.cast.governments:
        chosen = str(rng.choice([*GOVERNMENT_POLICIES, "erratic", "erratic", "erratic"]))
        policy = Erratic(NoParameters()) if chosen == "erratic" else make_policy(GOVERNMENT_POLICIES[chosen], {}, name)
        model.replace_policy(name, policy)  # type: ignore[arg-type]
    return model


_LOADED: list[Scenario] = []


def _base(name: str) -> Scenario:
    """A scenario as it ships, read once."""
    for scenario in _LOADED:
        if scenario.config.scenario.name == name:
            return scenario
    _LOADED.append(Scenario.load(name))
    return _LOADED[-1]


def hostility_bound(model: MarchlandModel) -> float:
    """Largest hostility that the equations allow after the days played: clip of acts, gain k, fatigue a."""
    p = model.setting.parameters.diplomacy
    gain = p.reaction * p.reciprocity / 7.0
    push = p.reaction * p.clip + p.fatigue / 7.0 * float(np.abs(model.setting.cast.grievance).max(initial=0.0))
    return max(float(np.abs(model.setting.cast.grievance).max(initial=0.0)), push / (p.fatigue / 7.0 - gain))


def check(model: MarchlandModel) -> None:
    """What must hold on the evening of every day."""
    state, setting, cast = model.state, model.setting, model.setting.cast
    people = int(state.people.sum() + state.inland.sum() + state.toward.sum() + state.queue.sum() + state.accounts.sum())
    fighters = int(state.fighters.sum() + state.fighter_accounts.sum())
    assert people == int(setting.initial.sum()), f"people {people - int(setting.initial.sum()):+d}"
    assert fighters == sum(row.fighters for row in setting.tables.groups if row.group in cast.groups), "fighters"
    for name in ("people", "inland", "toward", "queue", "fighters", "accounts"):
        assert (getattr(state, name) >= 0).all(), f"negative {name}"
    assert not state.people[:, setting.world.crossing_place].any(), "people live at a crossing"
    for block in setting.populations.blocks:
        elsewhere = setting.world.country != block.nationality
        at_home = block.status not in ABROAD
        assert not state.people[block.rows][:, elsewhere if at_home else ~elsewhere].any(), f"{block.name} in the wrong country"
    assert np.isfinite(state.hostility).all() and not np.diag(state.hostility).any()
    assert np.abs(state.hostility).max(initial=0.0) <= hostility_bound(model) + 1e-9, "hostility out of bounds"
    low = np.array([BY_NAME[slot.lever].low for slot in cast.slots])
    for name in ("asked", "granted"):
        levels = getattr(state, name)
        assert (levels >= low - 1e-12).all() and (levels <= 1.0 + 1e-12).all(), f"{name} levels out of range"
        assert not levels[~cast.owned].any(), f"{name} a slot that is not owned"
    assert (np.abs(state.granted) <= np.abs(state.asked) + 1e-12).all(), "granted more than asked"
    for i, settings in enumerate(cast.settings):
        size = np.abs(state.granted[i]) * setting.cost_weights
        assert float(size @ setting.forces_cost) <= settings.forces + 1e-6, "more forces than there are"
        assert float(size @ setting.money_cost) <= settings.money + 1e-6, "more money than there is"
    for name in ("legitimacy", "tension", "standing", "direct_trade", "transit_trade", "diversion", "talks", "fear", "credibility"):
        values = getattr(state, name)
        assert np.isfinite(values).all() and (values >= -1e-12).all() and (values <= 1.0 + 1e-12).all(), name
    for name in ("economy", "weariness", "attention", "excitation", "removals", "death_memory", "civilian_harm", "mediator_aid"):
        values = getattr(state, name)
        assert np.isfinite(values).all() and (values >= 0.0).all(), name
    record = model.record
    names = ("stability", *(f"stability_{part}" for part in ("violence", "movement", "relations", "legitimacy", "trade")))
    for name in names:
        assert 0.0 <= record.latest("region", "region", name) <= 1.0, name


def play(number: int, days: int) -> MarchlandModel:
    """Play one run and check it every evening."""
    model = random_model(number, days)
    check_start = int(model.state.people.sum())
    assert check_start == int(model.setting.initial.sum())
    for _ in range(days):
        model.step()
        check(model)
    return model


def main(arguments: Sequence[str] | None = None) -> int:
    """Play all runs; return the exit code."""
    parser = argparse.ArgumentParser(description="conservation of people and fighters in random runs")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="number of the first run")
    parser.add_argument("--days", type=int, default=45)
    given = parser.parse_args(arguments)
    began, failures = time.perf_counter(), 0
    for number in range(given.first, given.first + given.runs):
        try:
            play(number, given.days)
        except Exception as error:
            failures += 1
            line = traceback.extract_tb(error.__traceback__)[-1]
            print(f"run {number}: {type(error).__name__}: {error} ({Path(line.filename).name}:{line.lineno})", flush=True)
    seconds = time.perf_counter() - began
    print(f"{given.runs} runs, {given.runs * given.days} days, {seconds:.0f} s, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
