"""Society and economy: fixed points, directions and ranges of tension, legitimacy, standing, trade and output."""

from __future__ import annotations

import math

import numpy as np
import pytest
from conftest import Bench, bench

from agents.vocabulary import ABROAD, Status
from sim.economy import output
from sim.society import legitimacy_target, live, logistic, logit, tension_target

EXPOSED = ("governments.north.trade_exposure=0.2", "governments.south.trade_exposure=0.2")


def lived(lab: Bench, days: int = 200) -> Bench:
    for day in range(days):
        live(lab.state, lab.setting, lab.today(day))
    return lab


# -- fixed points ------------------------------------------------------------------------------------------


def test_a_start_without_changes_stays_where_it_is() -> None:
    lab = lived(bench(), 400)
    for name, start in (("legitimacy", 0.5), ("tension", 0.4), ("standing", 0.5), ("economy", 1.0)):
        assert getattr(lab.state, name) == pytest.approx(start), name
    assert lab.state.direct_trade == pytest.approx(1.0) and lab.state.transit_trade == pytest.approx(1.0)
    assert lab.state.diversion.sum() == 0.0


@pytest.mark.parametrize("name", ["legitimacy", "tension", "standing"])
def test_what_is_off_comes_back(name: str) -> None:
    lab = bench("two_states", "parameters.society.legitimacy_tension=0")
    start = getattr(lab.state, name).copy()
    getattr(lab.state, name)[0] += 0.2
    gap = []
    for day in range(400):
        live(lab.state, lab.setting, lab.today(day))
        gap.append(getattr(lab.state, name)[0] - start[0])
    days = {"legitimacy": 180.0, "tension": 90.0, "standing": 365.0}[name]
    assert gap[-1] == pytest.approx(0.2 * (1.0 - 1.0 / days) ** 400, rel=1e-6)


@pytest.mark.parametrize("value", [0.05, 0.4, 0.95])
def test_logistic_inverts_logit(value: float) -> None:
    assert logistic(logit(value)) == pytest.approx(value)
    assert logistic(1e9) == pytest.approx(1.0) and logistic(-1e9) == pytest.approx(0.0)


# -- directions ----------------------------------------------------------------------------------------------


def tension(lab: Bench, foreigners: float = 0.0, violence: float = 0.0, economy: float = 1.0, aid: float = 0.0) -> float:
    return tension_target(lab.setting, 0, foreigners, violence, economy, aid)


@pytest.mark.parametrize("sign", [-1.0, 0.0, 1.0])
def test_tension_and_foreigners_by_the_contested_sign(sign: float) -> None:
    lab = bench("two_states", f"parameters.society.tension_refugees={0.2 * sign}")
    assert np.sign(round(tension(lab, foreigners=math.log(2.0)) - tension(lab), 12)) == sign


@pytest.mark.parametrize("sign", [-1.0, 0.0, 1.0])
def test_tension_and_aid_by_the_contested_sign(sign: float) -> None:
    lab = bench("two_states", f"parameters.society.tension_aid={0.5 * sign}")
    assert np.sign(round(tension(lab) - tension(lab, aid=1.0), 12)) == sign


def test_violence_and_losses_raise_tension_and_can_be_switched_off() -> None:
    lab = bench()
    assert tension(lab, violence=1.0) > tension(lab) and tension(lab, economy=0.9) > tension(lab)
    off = lab.with_parameters("society", tension_attacks=0.0, tension_economy=0.0)
    assert tension(off, violence=5.0, economy=0.5) == tension(off) == pytest.approx(0.4)


@pytest.mark.parametrize(("which", "name"), list(enumerate(["violence", "economy", "tension", "operations", "cooperation"])))
def test_legitimacy_falls_with_each_burden_and_not_when_switched_off(which: int, name: str) -> None:
    lab = bench()
    calm = [0.0, 1.0, 0.4, 0.0, 0.0]
    burden = [1.0, 0.9, 0.6, 0.5, 0.5]
    loaded = calm.copy()
    loaded[which] = burden[which]
    assert legitimacy_target(lab.setting, 0, *calm) == pytest.approx(0.5)
    assert legitimacy_target(lab.setting, 0, *loaded) < 0.499
    off = lab.with_parameters("society", **{f"legitimacy_{name}": 0.0})
    assert legitimacy_target(off.setting, 0, *loaded) == pytest.approx(0.5)


def test_deaths_in_a_country_wear_down_its_own_government_only() -> None:
    lab = bench()
    lab.state.death_memory[lab.place("North Hills")] += 3.0
    lived(lab, 120)
    assert lab.state.legitimacy[0] < 0.45 and lab.state.tension[0] > 0.45
    assert lab.state.legitimacy[1] == pytest.approx(0.5) and lab.state.tension[1] == pytest.approx(0.4)


@pytest.mark.parametrize(("text", "burdened"), [("operations", "north"), ("cooperation/south", "north")])
def test_operations_and_cooperation_cost_legitimacy_at_home(text: str, burdened: str) -> None:
    lab = bench()
    lab.pull(burdened, text, 1.0)
    lived(lab)
    assert lab.state.legitimacy[0] < 0.49 and lab.state.legitimacy[1] == pytest.approx(0.5)


def test_levers_wear_down_standing_and_good_ones_raise_it() -> None:
    lab = bench()
    lab.pull("north", "strikes/south", 1.0)
    lab.pull("south", "aid", 1.0)
    lived(lab, 365)
    expected = 0.5 - 0.15 * (1.0 - math.exp(-1.0)) * 365 / 365.25
    assert lab.state.standing[0] == pytest.approx(expected, abs=2e-3)
    assert lab.state.standing[1] > 0.5
    for government in ("north", "south"):
        for slot in lab.setting.cast.slots:
            lab.pull(government, str(slot), 1.0)
    lived(lab, 3000)
    assert (lab.state.standing >= 0.0).all() and (lab.state.standing <= 1.0).all()


# -- trade -----------------------------------------------------------------------------------------------


def test_closed_trade_crossings_cut_both_channels_by_their_share() -> None:
    lab = bench()
    lab.pull("north", "close_trade/West Gate", 1.0)
    lived(lab, 400)
    assert lab.state.direct_trade[0, 1] == lab.state.direct_trade[1, 0] == pytest.approx(1.0 - 0.35 * 0.6, abs=1e-4)
    assert lab.state.transit_trade[0, 1] == lab.state.transit_trade[1, 0] == pytest.approx(1.0 - 0.3 * 0.6, abs=1e-4)
    lab.pull("north", "close_trade/West Gate", 0.0)
    lived(lab, 400)
    assert lab.state.direct_trade[0, 1] == pytest.approx(1.0, abs=1e-4)


def test_closing_crossings_to_people_leaves_trade_alone() -> None:
    lab = bench()
    lab.pull("north", "close_people/West Gate", 1.0)
    lab.pull("north", "close_people/East Gate", 1.0)
    lived(lab)
    assert lab.state.direct_trade[0, 1] == pytest.approx(1.0) and lab.state.transit_trade[0, 1] == pytest.approx(1.0)


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_sanctions_cut_direct_trade(level: float) -> None:
    lab = bench()
    lab.pull("south", "sanctions/north", level)
    lived(lab, 400)
    assert lab.state.direct_trade[0, 1] == lab.state.direct_trade[1, 0] == pytest.approx(1.0 - 0.6 * level, abs=1e-4)
    assert lab.state.transit_trade == pytest.approx(1.0)


def test_transit_restriction_cuts_transit_and_diversion_recovers_part_within_a_year() -> None:
    lab = bench("two_states", *EXPOSED)
    lab.pull("north", "transit/south", 1.0)
    path = []
    for day in range(1000):
        live(lab.state, lab.setting, lab.today(day))
        path.append(lab.state.transit_trade[0, 1])
    assert path[0] > 0.95 and min(path) < 0.3
    lowest = int(np.argmin(path))
    assert lowest < 200 and path[365] > path[lowest] + 0.05
    assert path[-1] == pytest.approx(1.0 - 0.85 * (1.0 - 0.4), abs=0.04)
    assert lab.state.transit_trade[1, 0] == pytest.approx(1.0)  # only the rival's goods
    assert lab.state.direct_trade == pytest.approx(1.0)
    assert (lab.state.economy < 0.99).all()
    none = bench("two_states", "parameters.economy.diversion=0")
    none.pull("north", "transit/south", 1.0)
    lived(none, 1000)
    assert none.state.transit_trade[0, 1] == pytest.approx(0.15, abs=1e-3)


def test_transit_and_its_diversion_end_with_the_restriction() -> None:
    lab = bench()
    lab.pull("north", "transit/south", 1.0)
    lived(lab, 200)
    lab.pull("north", "transit/south", 0.0)
    lived(lab, 2500)
    assert lab.state.transit_trade[0, 1] == pytest.approx(1.0, abs=1e-3)
    assert lab.state.diversion[0, 1] == pytest.approx(0.0, abs=1e-3)


def test_trade_is_never_negative() -> None:
    lab = bench("two_states", "parameters.economy.direct_loss=0.95", "parameters.economy.closure_direct=1",
                "parameters.economy.transit_loss=0.95", "parameters.economy.closure_transit=1", "parameters.economy.spill=0.5")
    for government, rival in (("north", "south"), ("south", "north")):
        for text in (f"sanctions/{rival}", f"transit/{rival}", "close_trade/West Gate", "close_trade/East Gate"):
            lab.pull(government, text, 1.0)
    lived(lab, 300)
    assert (lab.state.direct_trade >= 0.0).all() and (lab.state.transit_trade >= 0.0).all()
    assert lab.state.direct_trade[0, 1] < 1e-3


# -- output ----------------------------------------------------------------------------------------------


def produced(lab: Bench) -> np.ndarray:
    output(lab.state, lab.setting, lab.today().by_country)
    return lab.state.economy.copy()


def test_lost_trade_costs_output_by_exposure() -> None:
    lab = bench("two_states", "governments.north.trade_exposure=0.1", "governments.north.transit_weight=0.8",
                "governments.south.trade_exposure=0")
    lab.state.direct_trade[0, 1] = lab.state.direct_trade[1, 0] = 0.5
    lab.state.transit_trade[1, 0] = 0.25
    assert produced(lab) == pytest.approx([1.0 - 0.1 * (0.8 * 0.75 + 0.2 * 0.5), 1.0])


@pytest.mark.parametrize("effect", [-0.02, 0.0, 0.05])
def test_aid_moves_output_by_the_contested_sign(effect: float) -> None:
    lab = bench("two_states", f"parameters.economy.aid_effect={effect}")
    lab.pull("north", "aid", 0.5)
    lab.state.mediator_aid[0] = 0.25
    assert produced(lab) == pytest.approx([1.0 + 0.75 * effect, 1.0])
    lab.state.mediator_aid[0] = 5.0
    assert produced(lab)[0] == pytest.approx(1.0 + effect)  # aid counts up to 1


@pytest.mark.parametrize("level", [-1.0, 0.0, 1.0])
def test_support_at_forums_moves_the_rivals_output(level: float) -> None:
    lab = bench()
    lab.pull("north", "forum_support/south", level)
    assert produced(lab) == pytest.approx([1.0, 1.0 + 0.005 * level])


def test_joined_sanctions_returnees_and_lost_remittances_cost_output() -> None:
    lab = bench("two_states", "governments.north.remittances=0.1")
    lab.state.mediator_sanctions[1] = 1.0
    assert produced(lab) == pytest.approx([1.0, 0.99])
    lab.state.mediator_sanctions[1] = 0.0
    for status in ABROAD:
        lab.state.people[lab.rows("Northland", status)] //= 2
    assert produced(lab) == pytest.approx([0.95, 1.0])
    citizens, returnees = lab.rows("Southland", Status.CITIZEN), lab.rows("Southland", Status.RETURNEE)
    lab.state.people[returnees] = lab.state.people[citizens] // 10
    assert produced(lab)[1] == pytest.approx(1.0 - 0.3 * 0.1, abs=1e-3)


@pytest.mark.parametrize("effect", [-0.1, 0.05])
@pytest.mark.parametrize("factor", [0, 1000])
def test_output_stays_in_range(effect: float, factor: int) -> None:
    lab = bench("two_states", f"parameters.society.wage_effect={effect}")
    for status in ABROAD:
        lab.state.people[lab.rows("Southland", status)] *= factor
    lived(lab, 5)
    assert (lab.state.economy >= 0.0).all() and (lab.state.economy <= 2.0).all()


@pytest.mark.parametrize("effect", [-0.1, 0.0, 0.05])
def test_foreigners_move_output_by_the_contested_sign(effect: float) -> None:
    lab = bench("two_states", f"parameters.society.wage_effect={effect}")
    for status in ABROAD:
        rows = lab.rows("Southland", status)
        lab.state.people[rows] = lab.state.people[rows] * 11 // 10
    lived(lab, 1)
    assert lab.state.economy[0] == pytest.approx(1.0 + effect, abs=0.006)
