"""Policies on a real conflict: what closing a border, smaller or larger camps, reopening and deportation change.

    python benchmarks/policies.py DATA_FOLDER [--country Uganda] [--seeds 20] [--deport 500]

DATA_FOLDER is a conflict folder (input_csv/, source_data/). Suleimenova & Groen (2020, JASSS 23(1)2) did this for South Sudan
with Flee: closing a border or shrinking camps means fewer arrivals and more time on the way, opening a border and larger
camps hardly more arrivals. COUNTRY is the host that acts; without it the one whose camps hold most people in the data.
Capacities limit admission (mode "limits"). Every policy is run with the same seeds as the baseline, and what is printed is
the mean difference between the two runs of a seed, with the 95 % interval of that mean (Student's t). Borders and deportation
are levers of a government of COUNTRY; capacities are those of the folder times a half or two; "folder's closures lifted"
takes every row out of closures.csv; "reopened" closes the border for the first half of the days.

Arrivals: people in the camps on the last evening; in camps: the mean of all evenings. Person-days, by where people are in the
evening: on the road, waiting at the gates of full camps, or held (where they came from, or at a stop, with nowhere to go). How many
people set out each day is that of the data under every policy, so no policy here keeps anybody from fleeing.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from agents.decisions import GovernmentDecision
from agents.errors import InputError
from agents.government import GovernmentSettings
from agents.levers import Slot
from agents.policies import GovernmentPolicy, Memory, NoParameters
from agents.situations import GovernmentSituation
from sim.displacement.conflict import Conflict
from sim.displacement.read import is_conflict_folder, read_conflict
from sim.displacement.simulate import conflict_scenario
from sim.model import MarchlandModel
from sim.scenario import Scenario

#: Name of the government that acts.
HOST = "host"
#: What is compared, the first two in people, the others in person-days.
MEASURES = ("arrivals", "in camps", "on the way", "road", "waiting", "held")
FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Policy:
    """What is done: ``levers`` with (level, first day, day after the last), ``capacity`` times the folder's."""

    name: str
    levers: tuple[tuple[Slot, float, int, int], ...] = ()
    capacity: float = 1.0
    closures: bool = True


class Timetable(GovernmentPolicy[NoParameters]):
    """Hold levers at fixed levels over fixed days."""

    name = "timetable"
    theory = "none: an experiment"
    looks_at = ("day",)
    parameters = NoParameters

    def __init__(self, policy: Policy) -> None:
        super().__init__(NoParameters())
        self.policy = policy

    def decide(
        self, situation: GovernmentSituation, memory: Memory, rng: np.random.Generator
    ) -> tuple[GovernmentDecision, Memory]:
        """Pull what the timetable says for today."""
        levels = {slot: level for slot, level, start, end in self.policy.levers if start <= situation.day < end}
        return GovernmentDecision(levels={**situation.baseline, **levels}, reasons=(self.policy.name,)), memory


def host_of(conflict: Conflict, country: str | None) -> str:
    """Return the country that acts: the one that is named, else the one abroad with most people in the data."""
    found = {name: 0 for name in conflict.countries if name != conflict.home}
    for column, camp in enumerate(conflict.camps.tolist()):
        if conflict.places[camp].country in found:
            found[conflict.places[camp].country] += int(conflict.counts[:, column].max())
    if country is not None and country not in found:
        raise InputError(f"--country: no country {country!r} abroad in {conflict.name}; known: {', '.join(found)}")
    return country if country is not None else max(found, key=lambda name: found[name])


def policies_of(conflict: Conflict, country: str) -> tuple[Policy, ...]:
    """Return the policies that are compared, the baseline first."""
    names = [name for name in conflict.border_names if country in name.split(" - ")]
    if not names:
        raise InputError(f"--country: no road leads over a border of {country} in {conflict.name}")
    half, always = conflict.days // 2, conflict.days

    def shut(end: int) -> tuple[tuple[Slot, float, int, int], ...]:
        return tuple((Slot("close_people", name), 1.0, 0, end) for name in names)

    return (
        Policy("baseline"),
        Policy(f"{country} closes its borders", shut(always)),
        Policy(f"{country} closes, reopened half-way", shut(half)),
        Policy("half the capacities", capacity=0.5),
        Policy("double the capacities", capacity=2.0),
        Policy("folder's closures lifted", closures=False),
        Policy(f"{country} halves admission", ((Slot("admission"), 0.5, 0, always),)),
        Policy(f"{country} deports", ((Slot("deportation", "registered"), 1.0, half, always),)),
    )


def scenario_of(conflict: Conflict, country: str, policy: Policy, deport: float) -> Scenario:
    """Return the conflict with a government of ``country`` that decides every day."""
    places = tuple(
        dataclasses.replace(p, capacity=max(round(p.capacity * policy.capacity), 1)) if p.capacity else p for p in conflict.places
    )
    changed = dataclasses.replace(conflict, places=places, closures=conflict.closures if policy.closures else ())
    plain = conflict_scenario(changed, capacities="limits")
    settings = dataclasses.replace(plain.config.scenario, decision_interval=1)
    host = GovernmentSettings(country=country, deportation_capacity=deport, money=1e6, forces=5000.0)
    return Scenario(dataclasses.replace(plain.config, scenario=settings, governments={HOST: host}), plain.tables)


@dataclass(frozen=True)
class Outcome:
    """What came of a policy.

    Parameters
    ----------
    arrivals
        (countries,) people in camps on the last evening.
    away
        (countries,) person-days outside camps: on the road to a country, at the gates of its camps, or held in it.
    measures
        Sums over all countries by name (:data:`MEASURES`).
    """

    arrivals: FloatArray
    away: FloatArray
    measures: Mapping[str, float]


def play(scenario: Scenario, policy: Policy, seed: int) -> Outcome:
    """Run a policy and sum up people by where they are every evening."""
    model: MarchlandModel = scenario.build(seed=seed)
    model.datacollector = None
    model.replace_policy(HOST, Timetable(policy))
    network = model.setting.network
    assert network is not None
    by_country = model.setting.country_onehot
    camp = np.zeros(model.setting.world.n_places, dtype=np.bool_)
    camp[: network.n_places] = network.is_camp
    away = np.zeros(by_country.shape[1])
    inside, road, waiting, held = 0, 0, 0, 0
    while model.state.day < model.setting.days:
        today = model.begin_day()
        for stage in model.stages:
            stage.run(model, today)
        model.end_day()
        coming, here = model.state.inland.sum(axis=(0, 1)), model.state.people.sum(axis=0)
        inside += int(here[camp].sum())
        held += int(here[~camp].sum())
        waiting += today.waiting  # at a gate, to try again tomorrow
        road += int(coming.sum()) - today.waiting
        away += (coming + np.where(camp, 0, here)) @ by_country
    measures = {
        "arrivals": int(here[camp].sum()), "in camps": inside / model.setting.days, "on the way": road + waiting + held,
        "road": road, "waiting": waiting, "held": held,
    }
    return Outcome(np.where(camp, here, 0) @ by_country, away, measures)


def compare(conflict: Conflict, country: str, seeds: int, deport: float = 500.0) -> dict[str, list[Outcome]]:
    """Run every policy with the seeds 1, 2, ...; outcomes by policy."""
    found: dict[str, list[Outcome]] = {}
    for policy in policies_of(conflict, country):
        scenario = scenario_of(conflict, country, policy, deport)
        found[policy.name] = [play(scenario, policy, seed) for seed in range(1, seeds + 1)]
    return found


def interval(differences: FloatArray) -> tuple[float, float]:
    """Mean of paired differences and the half-width of its 95 % interval."""
    if len(differences) < 2:
        return float(differences.mean()), math.nan
    half = float(stats.t.ppf(0.975, len(differences) - 1)) * float(differences.std(ddof=1)) / math.sqrt(len(differences))
    return float(differences.mean()), half


def differences(outcomes: Mapping[str, list[Outcome]], policy: str, measure: str, against: str = "baseline") -> FloatArray:
    """Paired differences of a measure between a policy and another, seed by seed."""
    pairs = zip(outcomes[policy], outcomes[against], strict=True)
    return np.array([one.measures[measure] - other.measures[measure] for one, other in pairs])


def show(conflict: Conflict, outcomes: Mapping[str, list[Outcome]]) -> None:
    """Print the tables."""
    base = {name: float(np.mean([o.measures[name] for o in outcomes["baseline"]])) for name in MEASURES}
    seeds = len(outcomes["baseline"])
    print(f"{conflict.name}: {conflict.days} days, {seeds} seeds; arrivals and in camps: people; the others: thousands of person-days\n")
    print(f"{'':34}" + "".join(f"{name:>22}" for name in MEASURES))
    print(f"{'baseline':34}" + "".join(f"{_number(base[name], name):>22}" for name in MEASURES))
    for policy in list(outcomes)[1:]:
        cells = [interval(differences(outcomes, policy, name)) for name in MEASURES]
        shown = [f"{_number(mean, name, '+')} ± {_number(half, name)}" for (mean, half), name in zip(cells, MEASURES, strict=True)]
        print(f"{policy:34}" + "".join(f"{cell:>22}" for cell in shown))
    for name, pick in (("arrivals in camps by country", "arrivals"), ("thousand person-days on the way by country (towards it, or held in it)", "")):
        print(f"\n{name}: means\n{'':34}" + "".join(f"{country:>22}" for country in conflict.countries))
        for policy, runs in outcomes.items():
            values = np.mean([o.arrivals if pick else o.away for o in runs], axis=0)
            print(f"{policy:34}" + "".join(f"{_number(float(v), pick):>22}" for v in values))


def _number(value: float, measure: str, sign: str = "") -> str:
    return f"{value:{sign},.0f}" if measure in MEASURES[:2] else f"{value / 1000.0:{sign},.1f}"


def main() -> int:
    """Run the policies on a folder and print what they change."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DATA_FOLDER")
    parser.add_argument("--country", help="the host that acts")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--deport", type=float, default=500.0, help="people deported a day")
    asked = parser.parse_args()
    try:
        if asked.seeds < 2:
            raise InputError("--seeds: give a whole number from 2 up; an interval needs two")
        if not is_conflict_folder(asked.folder):
            raise InputError(f"{asked.folder}: no conflict folder; it has no input_csv/")
        conflict = read_conflict(asked.folder)
        show(conflict, compare(conflict, host_of(conflict, asked.country), asked.seeds, asked.deport))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
