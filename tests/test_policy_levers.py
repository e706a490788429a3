"""Policies on a conflict: the directions that Suleimenova & Groen (2020, JASSS 23(1)2) found for South Sudan with Flee.

Closing a border and smaller camps: fewer arrivals, more time on the way. Opening a border and larger camps: hardly more arrivals.
The runs are those of ``benchmarks/policies.py``, each paired with a baseline of the same seed; on a made-up conflict and, where
its data are at hand, on South Sudan itself.
"""

from __future__ import annotations

import functools
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from conflicts import DATA, conflict, place, rising

from agents.errors import InputError
from sim.displacement.conflict import Closure, ClosureKind, Conflict, Kind
from sim.displacement.read import read_conflict

SSUDAN = DATA / "ssudan2013"
real = pytest.mark.skipif(not SSUDAN.is_dir(), reason="no data of ssudan2013 (MARCHLAND_DISPLACEMENT_DATA names the folder that holds it)")


@functools.cache
def benchmark() -> ModuleType:
    """The script, which is no part of any package."""
    path = Path(__file__).parent.parent / "benchmarks" / "policies.py"
    spec = importlib.util.spec_from_file_location("policies_benchmark", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def borderland() -> Conflict:
    """A host near by with room for all, one far away with less, and one behind a closed border."""
    return conflict(
        [
            place("Alma", "Home", Kind.CONFLICT, 4000), place("Near", "Host", Kind.CAMP, 9000), place("Next", "Host", Kind.CAMP, 6000),
            place("Far", "Other", Kind.CAMP, 8000), place("Late", "Third", Kind.CAMP, 5000),
        ],
        [("Alma", "Near", 120), ("Near", "Next", 60), ("Alma", "Far", 1100), ("Alma", "Late", 450)],
        {"Alma": [1.0]}, rising(80, 20_000, 2000), first={"Near": 1000, "Far": 1000},
        closures=[Closure(ClosureKind.COUNTRY, "Home", "Third", 0, 40)],
    )  # fmt: skip


@functools.cache
def made_up() -> dict[str, list[object]]:
    found: dict[str, list[object]] = benchmark().compare(borderland(), "Host", 5, 50.0)
    return found


@functools.cache
def south_sudan() -> dict[str, list[object]]:
    found: dict[str, list[object]] = benchmark().compare(read_conflict(SSUDAN), "Uganda", 2)
    return found


CASES = [pytest.param(made_up, "Host", id="made up"), pytest.param(south_sudan, "Uganda", id="ssudan2013", marks=real)]


def change(outcomes: dict[str, list[object]], policy: str, measure: str, against: str = "baseline") -> np.ndarray:
    """Relative change by seed: of people by the baseline's people, of days by the baseline's days on the way."""
    base = np.array([o.measures["arrivals" if measure in ("arrivals", "in camps") else "on the way"] for o in outcomes["baseline"]])  # type: ignore[attr-defined]
    found: np.ndarray = benchmark().differences(outcomes, policy, measure, against) / base
    return found


@pytest.mark.parametrize(("case", "host"), CASES)
def test_a_closed_border_means_fewer_arrivals_and_more_time_on_the_way(case: object, host: str) -> None:
    outcomes = case()  # type: ignore[operator]
    closed = f"{host} closes its borders"
    assert (change(outcomes, closed, "arrivals") < -0.1).all() and (change(outcomes, closed, "in camps") < -0.05).all()
    for measure in ("on the way", "road", "waiting"):
        assert (change(outcomes, closed, measure) > 0.0).all(), measure
    assert (change(outcomes, closed, "on the way") > 0.5).all()


@pytest.mark.parametrize(("case", "host"), CASES)
def test_smaller_camps_mean_fewer_arrivals_and_more_time_on_the_way(case: object, host: str) -> None:
    outcomes = case()  # type: ignore[operator]
    for policy in ("half the capacities", f"{host} halves admission"):
        assert (change(outcomes, policy, "arrivals") < 0.0).all() and (change(outcomes, policy, "in camps") < 0.0).all()
        assert (change(outcomes, policy, "on the way") > 0.2).all() and (change(outcomes, policy, "waiting") >= 0.0).all()
    assert (change(outcomes, "half the capacities", "arrivals") < -0.05).all()


@pytest.mark.parametrize(("case", "host"), CASES)
def test_larger_camps_and_open_borders_mean_hardly_more_arrivals(case: object, host: str) -> None:
    """People had found a camp before: there are a little more in camps on the mean day, since they are there sooner."""
    outcomes = case()  # type: ignore[operator]
    for policy in ("double the capacities", "folder's closures lifted"):
        assert np.abs(change(outcomes, policy, "arrivals")).max() < 0.05
        assert -0.01 < change(outcomes, policy, "in camps").mean() < 0.05
    assert (change(outcomes, "double the capacities", "on the way") < 0.0).all()
    assert (change(outcomes, "double the capacities", "in camps") > 0.0).all()


@pytest.mark.parametrize(("case", "host"), CASES)
def test_a_reopened_border_undoes_most_of_its_closure(case: object, host: str) -> None:
    outcomes = case()  # type: ignore[operator]
    closed, reopened = f"{host} closes its borders", f"{host} closes, reopened half-way"
    assert (change(outcomes, reopened, "arrivals", closed) > 0.1).all()
    assert (np.abs(change(outcomes, reopened, "arrivals")) < 0.05).all(), "in the end as many arrive as without"
    assert (change(outcomes, reopened, "on the way") > 0.0).all() and (change(outcomes, reopened, "on the way", closed) < 0.0).all()


@pytest.mark.parametrize(("case", "host"), CASES)
def test_deportation_keeps_people_on_the_way(case: object, host: str) -> None:
    outcomes = case()  # type: ignore[operator]
    policy = f"{host} deports"
    country = (borderland() if host == "Host" else read_conflict(SSUDAN)).countries.index(host)
    hosted = [np.mean([o.arrivals[country] for o in outcomes[name]]) for name in (policy, "baseline")]
    assert hosted[0] < 0.99 * hosted[1], "fewer in the host's camps"
    assert (change(outcomes, policy, "road") > 0.0).all() and (change(outcomes, policy, "arrivals") < 0.0).all()


def test_everybody_is_somewhere_under_every_policy() -> None:
    world = borderland()
    people = np.maximum.accumulate(world.known)
    person_days = int((people - people[0] + world.counts[0].sum()).sum())
    for name, outcomes in made_up().items():
        for outcome in outcomes:
            measures = outcome.measures  # type: ignore[attr-defined]
            assert round(measures["in camps"] * world.days) + measures["on the way"] == person_days, name
            assert outcome.away.sum() == measures["on the way"]  # type: ignore[attr-defined]


def test_the_table_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    script = benchmark()
    script.show(borderland(), made_up())
    text = capsys.readouterr().out
    assert "Host closes its borders" in text and "±" in text and "80 days, 5 seeds" in text
    assert script.host_of(borderland(), None) == "Host"
    with pytest.raises(InputError, match=r"--country: no country 'Nowhere' abroad in made up; known: Host, Other, Third"):
        script.host_of(borderland(), "Nowhere")
    mean, half = script.interval(np.array([1.0, 2.0, 3.0]))
    assert (mean, half) == (2.0, pytest.approx(4.302653 / np.sqrt(3.0)))
