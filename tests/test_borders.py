"""Borders: capacity, queues, closures from both sides and by events, diversion, irregular crossing, limits."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import Bench, assert_sound, bench, play, reason, walk, walking

import configs
from agents.vocabulary import Reason, Status
from sim import Scenario
from sim.borders import closure, pass_gates
from sim.model import MarchlandModel
from sim.today import Today

STILL = (
    "parameters.flight.rate=0", "parameters.returns.voluntary=0", "parameters.returns.trickle_undocumented=0",
    "parameters.returns.trickle_registered=0", "parameters.returns.trickle_documented=0", "parameters.flight.reentry=0",
    "parameters.returns.idp_return=0",
)
BOTH = ("West Gate", "East Gate")


def waiting_at(lab: Bench, crossing: str, people: int) -> int:
    """Put undocumented Southlanders from the north at a gate home; returns the gate."""
    gate = lab.gate(crossing, "Southland")
    rows = lab.rows("Southland", Status.UNDOCUMENTED)
    lab.state.queue[reason(Reason.VOLUNTARY), rows.start, gate] += people
    return gate


def passed(today: Today, lab: Bench, crossing: str) -> int:
    return int(today.crossed[:, :, lab.setting.world.crossings.index(crossing)].sum())


def close(lab: Bench, crossing: str, *levels: float, lever: str = "close_people") -> None:
    for government, level in zip(("north", "south"), levels, strict=False):
        lab.pull(government, f"{lever}/{crossing}", level)


def folder_with(tmp_path: Path, change: dict[str, dict[str, object]]) -> Path:
    """A copy of the two states with some cells of places.csv changed."""
    source = Path(configs.__file__).parent / "scenarios" / "two_states"
    for file in source.iterdir():
        (tmp_path / file.name).write_text(file.read_text())
    table = pd.read_csv(tmp_path / "places.csv").astype(object).set_index("name")
    for name, cells in change.items():
        for column, value in cells.items():
            table.loc[name, column] = value
    table.reset_index().to_csv(tmp_path / "places.csv", index=False)
    return tmp_path


# -- capacity and queues ---------------------------------------------------------------------------------


def test_a_crossing_passes_its_daily_capacity_and_no_more() -> None:
    model, lab = walking("two_states", *STILL)
    gate = waiting_at(lab, "West Gate", 10_000)
    for expected in (3000, 3000, 3000, 1000, 0):
        today = walk(model)[0]
        assert passed(today, lab, "West Gate") == expected
        assert today.irregular == 0
    assert model.state.queue[:, :, gate].sum() == 0
    returnees = lab.rows("Southland", Status.RETURNEE)
    assert model.state.people[returnees].sum() + model.state.inland[:, returnees].sum() == 10_000


def test_a_half_closed_crossing_passes_half() -> None:
    model, lab = walking("two_states", *STILL, "parameters.borders.irregular=0", "parameters.borders.divert=0",
                         "parameters.borders.give_up=0")
    waiting_at(lab, "West Gate", 10_000)
    close(lab, "West Gate", 0.5)
    assert passed(walk(model)[0], lab, "West Gate") == 1500


@pytest.mark.parametrize(("north", "south"), [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (0.5, 0.5), (1.0, 1.0)])
@pytest.mark.parametrize("lever", ["close_people", "close_trade"])
def test_both_sides_close_a_crossing(lever: str, north: float, south: float) -> None:
    lab = bench()
    close(lab, "West Gate", north, south, lever=lever)
    shut = closure(lab.state, lab.setting, lever)
    west = lab.setting.world.crossings.index("West Gate")
    assert shut[west] == pytest.approx(1.0 - (1.0 - north) * (1.0 - south))
    assert shut.sum() == shut[west]
    other = "close_trade" if lever == "close_people" else "close_people"
    assert closure(lab.state, lab.setting, other).sum() == 0.0


def test_events_close_crossings_too() -> None:
    lab = bench()
    lab.state.exogenous_people[0] = 0.5
    close(lab, lab.setting.world.crossings[0], 0.5)
    assert closure(lab.state, lab.setting, "close_people")[0] == pytest.approx(0.75)


def waited(**hazards: float) -> tuple[Today, MarchlandModel, Bench, int]:
    """A day at a closed gate with 10,000 people waiting and these hazards."""
    chosen = {"irregular": 0.0, "divert": 0.0, "give_up": 0.0, **hazards}
    model, lab = walking("two_states", *STILL, *(f"parameters.borders.{k}={v}" for k, v in chosen.items()))
    gate = waiting_at(lab, "West Gate", 10_000)
    close(lab, "West Gate", 1.0)
    return walk(model)[0], model, lab, gate


def test_nobody_passes_a_closed_crossing() -> None:
    today, model, lab, gate = waited()
    assert passed(today, lab, "West Gate") == 0 and today.irregular == 0
    assert model.state.queue[:, :, gate].sum() == 10_000


def test_some_cross_irregularly_by_permeability() -> None:
    today, model, lab, gate = waited(irregular=0.5)
    share = 1.0 - np.exp(-0.5 * 0.4)  # the West Gate lets 0.4 of them try
    assert today.irregular == passed(today, lab, "West Gate") == pytest.approx(10_000 * share, rel=0.1)
    assert model.state.queue[:, :, gate].sum() == 10_000 - today.irregular


def test_some_try_another_crossing() -> None:
    today, model, lab, gate = waited(divert=0.5)
    other = lab.gate("East Gate", "Southland")
    diverted = model.state.toward[:, :, :, other].sum()
    assert diverted == 10_000 - model.state.queue[:, :, gate].sum() == pytest.approx(10_000 * (1 - np.exp(-0.5)), rel=0.1)
    assert today.irregular == 0
    later = walk(model, 4)
    assert sum(passed(day, lab, "East Gate") for day in later) > 0


def test_some_turn_back_to_where_they_came_from() -> None:
    _, model, lab, gate = waited(give_up=0.5)
    rows = lab.rows("Southland", Status.UNDOCUMENTED)
    back = 10_000 - model.state.queue[:, :, gate].sum()
    assert back == pytest.approx(10_000 * (1 - np.exp(-0.5)), rel=0.1)
    near = lab.place("North West March")
    assert model.state.people[rows, near].sum() - lab.setting.initial[rows, near].sum() == back


@pytest.mark.parametrize("home", [0, 1])
def test_who_turns_back_in_the_own_country_is_displaced_there(home: int) -> None:
    """Displaced people of their home region, at the place nearest to the gate: displacement does not vanish."""
    model, lab = walking("two_states", *STILL, "parameters.borders.give_up=1", "parameters.borders.divert=0",
                         "parameters.borders.irregular=0", "governments.north.emigration=0")
    gate = lab.gate("West Gate", "Southland")
    model.state.queue[reason(Reason.EMIGRATION), lab.rows("Northland", Status.UNDOCUMENTED).start + home, gate] = 5000
    citizens, displaced = lab.rows("Northland", Status.CITIZEN), lab.rows("Northland", Status.IDP)
    before = model.state.people.copy()
    close(lab, "West Gate", 1.0)
    walk(model)
    gained = model.state.people - before
    row, place = displaced.start + home, lab.setting.gates.nearest[gate]
    assert gained[row, place] == 5000 - model.state.queue[:, :, gate].sum() > 2000
    assert gained[displaced].sum() == gained[row, place] and gained[citizens].sum() == 0


def test_the_queue_drains_when_the_crossing_opens() -> None:
    _, model, lab, gate = waited()
    close(lab, "West Gate", 0.0)
    walk(model, 5)
    assert model.state.queue[:, :, gate].sum() == 0


def test_nobody_passes_irregularly_where_crossings_are_open() -> None:
    model = play({}, 60)
    assert model.record.series("region", "region", "irregular").sum() == 0


def test_crossing_without_capacity_can_be_closed(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, {"West Gate": {"capacity": None}})
    model = Scenario.load(path=folder, seed=1, overrides=list(STILL)).build()
    model.thinking = False
    lab = Bench(model.setting, model.state)
    gate = waiting_at(lab, "West Gate", 10_000)
    close(lab, "West Gate", 1.0)
    with np.errstate(invalid="raise"):
        today = walk(model)[0]
    assert 0 < passed(today, lab, "West Gate") == today.irregular < 1000
    waiting = int(model.state.queue[:, :, gate].sum())
    assert 0 < waiting < 10_000
    close(lab, "West Gate", 0.75)  # closed in part: that part of those who wait passes, and no more
    today = walk(model)[0]
    assert passed(today, lab, "West Gate") - today.irregular == math.ceil(0.25 * waiting)
    assert model.state.queue[:, :, gate].sum() > 0.5 * waiting
    close(lab, "West Gate", 0.0)
    today = walk(model)[0]
    assert model.state.queue[:, :, gate].sum() == 0


@pytest.mark.parametrize("scale", [1, 1_000, 1_000_000])
def test_people_divert_alike_whatever_their_number(scale: int) -> None:
    """Who is held at Torkham tries the other crossings by their capacity, 12,000 of 17,100 at Chaman, at any scale."""
    model, lab = walking("pakistan_afghanistan", "parameters.borders.divert=1", f"scenario.people_scale={scale}")
    torkham = lab.gate("Torkham crossing", "Afghanistan")
    model.state.queue[reason(Reason.FEAR), lab.rows("Afghanistan", Status.UNDOCUMENTED).start, torkham] = 200_000
    lab.pull("pakistan", "close_people/Torkham crossing", 1.0)
    pass_gates(model.state, lab.setting, model.streams, model.begin_day(), model.ways)
    diverted = model.state.toward.sum(axis=(0, 1, 2))
    assert diverted.sum() > 100_000
    for crossing, capacity in (("Chaman-Spin Boldak", 12_000), ("Ghulam Khan", 1500), ("Badini", 500), ("Arandu", 300)):
        share = diverted[lab.gate(f"{crossing} crossing", "Afghanistan")] / diverted.sum()
        assert share == pytest.approx(capacity / 17_100, abs=0.005), crossing


# -- choice of a way ---------------------------------------------------------------------------------------


def leaving(*overrides: str, west: float = 0.0, east: float = 0.0) -> tuple[np.ndarray, list[Today], MarchlandModel]:
    """People on the way to the gates, (West, East), after ten days in which everybody wants home."""
    easy = ("parameters.returns.voluntary=0.005", "parameters.returns.threshold=0.3", "parameters.returns.width=0.01",
            "parameters.returns.violence_weight=0", "parameters.flight.rate=0")
    model, lab = walking("two_states", *easy, *overrides)
    close(lab, "West Gate", west)
    close(lab, "East Gate", east)
    seen = walk(model, 10)
    toward = np.array([
        sum(model.state.toward[:, :, :, lab.gate(name, c)].sum() + model.state.queue[:, :, lab.gate(name, c)].sum() for c in ("Northland", "Southland"))
        + sum(passed(day, lab, name) for day in seen)
        for name in BOTH
    ])
    return toward, seen, model


def test_people_avoid_a_closed_crossing() -> None:
    open_, _, _ = leaving()
    shut, _, _ = leaving(west=1.0)
    assert open_.min() > 100
    assert shut[0] < 0.5 * open_[0] and shut[1] > open_[1]
    never, _, _ = leaving("parameters.borders.lure=0", west=1.0)
    assert never[0] == 0 and never[1] > 0.9 * open_.sum()


def test_people_stay_where_every_way_is_shut() -> None:
    toward, seen, model = leaving("parameters.borders.lure=0", west=1.0, east=1.0)
    assert toward.sum() == 0
    assert sum(day.left.sum() for day in seen) == sum(day.left[reason(Reason.VOLUNTARY)][~model.setting.row_is_abroad].sum() for day in seen)


# -- admission limits --------------------------------------------------------------------------------------


def test_admission_limits_turn_people_to_other_places(tmp_path: Path) -> None:
    over = ["governments.north.emigration=0.05", "parameters.flight.rate=0", "parameters.gravity.power=0"]
    arrived: dict[str, np.ndarray] = {}
    for name, change in {"free": {}, "full": {"South West March": {"capacity": 0}}}.items():
        target = tmp_path / name
        target.mkdir()
        model = Scenario.load(path=folder_with(target, change), seed=1, overrides=over).build()
        model.thinking = False
        lab = Bench(model.setting, model.state)
        walk(model, 25)
        rows = lab.rows("Northland", Status.UNDOCUMENTED)
        arrived[name] = (model.state.people[rows] - model.setting.initial[rows]).sum(axis=0)
    march = model.setting.world.places.index("South West March")
    south = model.setting.world.country == model.setting.world.countries.index("Southland")
    assert arrived["free"][march] > 1000
    assert arrived["full"][march] <= 0
    assert arrived["full"][south].sum() > 0.8 * arrived["free"][south].sum()


def test_where_all_is_full_people_crowd_in_and_nobody_is_lost(tmp_path: Path) -> None:
    full = {f"South {name}": {"capacity": 0} for name in ("Capital", "Plains", "Hills", "West March", "East March")}
    folder = folder_with(tmp_path, full)
    model = Scenario.load(path=folder, seed=1, overrides=["governments.north.emigration=0.05"]).build()
    model.run_for(40)
    assert_sound(model)


# -- a whole run -------------------------------------------------------------------------------------------


def test_a_closure_in_a_run_is_seen_at_the_crossing() -> None:
    free = play({}, 120)
    shut = play({"north": {"close_people/West Gate": 1.0}}, 120)
    for model in (free, shut):
        assert_sound(model)
    assert (shut.record.series("crossing", "West Gate", "open") == 0.0).all()
    assert (free.record.series("crossing", "West Gate", "open") == 1.0).all()
    west = [model.record.series("crossing", "West Gate", "passed").sum() for model in (free, shut)]
    east = [model.record.series("crossing", "East Gate", "passed").sum() for model in (free, shut)]
    assert west[1] < 0.3 * west[0] and east[1] > east[0]
    assert shut.record.series("region", "region", "irregular").sum() == west[1] > 0
    assert shut.record.series("crossing", "West Gate", "queue").max() > 0
