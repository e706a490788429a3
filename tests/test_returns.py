"""Movement by reason: flight, onward moves, voluntary, fear-induced and forced returns, re-entry."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from conftest import Bench, bench, play, reason, run_stages, scenario, walk, walking

from agents.decisions import Announcement
from agents.refugee_population import (
    FlightParameters,
    ReturnParameters,
    Rules,
    fear_hazard,
    intentions,
    safe_enough,
    season,
)
from agents.situations import HostView, PopulationSituation
from agents.vocabulary import Reason, Status
from sim.deadlines import announce, follow_deadlines
from sim.schedule import DAY
from sim.state import Exodus

CALM = HostView(country=0, fear=0.0, removals=0.0, campaign=False)


def situation(status: Status = Status.UNDOCUMENTED, **changes: object) -> PopulationSituation:
    """Two homes, three places: the own country 1, the host 0, a crossing."""
    plain = PopulationSituation(
        name="test", status=status.value, day=0, day_of_year=185, counts=np.full((2, 3), 100), country=np.array([0, 1, -1]),
        own_country=1, violence=np.zeros(3), safety=0.6, home_violence=np.zeros(2), livelihood=1.0, hosts=(CALM,),
        exodus=np.zeros(2),
    )
    return plain._replace(**changes)  # type: ignore[arg-type]


def hazard(why: Reason, status: Status = Status.UNDOCUMENTED, returns: ReturnParameters | None = None,
           flight: FlightParameters | None = None, **changes: object) -> np.ndarray:
    seen = situation(status, **changes)
    answer = intentions(seen, Rules(flight or FlightParameters(), returns or ReturnParameters()))
    return np.broadcast_to(answer.hazards.get(why, np.zeros((1, 1))), (2, 3))


def left(days: list[object], why: Reason) -> np.ndarray:
    return np.array([day.left[reason(why)].sum() for day in days])  # type: ignore[attr-defined]


# -- flight ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("elasticity", [0.0, 0.4, 1.0])
def test_no_violence_no_flight_and_the_elasticity_holds(elasticity: float) -> None:
    flight = FlightParameters(elasticity=elasticity)
    found = hazard(Reason.FLIGHT, Status.CITIZEN, flight=flight, violence=np.array([0.0, 2.0, 4.0]))
    assert (found[:, 0] == 0.0).all()
    assert found[:, 2] / found[:, 1] == pytest.approx(2.0**elasticity)


def violent(place: str, deaths: float, *overrides: str, days: int = 5) -> tuple[Bench, list[object]]:
    model, lab = walking("two_states", "parameters.flight.rate=0.001", "parameters.returns.idp_return=0", *overrides)
    lab.state.death_memory[:] = 0.0
    lab.state.death_memory[lab.place(place)] = deaths
    return lab, list(walk(model, days))


def test_people_flee_from_violence_and_become_displaced() -> None:
    lab, days = violent("North Hills", 50.0, "parameters.flight.abroad_share=0", days=15)
    fled = left(days, Reason.FLIGHT)
    assert fled.min() > 0
    displaced = lab.rows("Northland", Status.IDP)
    gone = lab.state.people[displaced].sum() + lab.state.inland[:, displaced].sum() - lab.setting.initial[displaced].sum()
    assert gone == pytest.approx(fled.sum(), rel=0.05)  # a few of those who fled before flee again
    calm = lab.state.people[displaced, lab.place("North Capital")].sum()
    assert calm > 0  # away from violence, not into it
    _, days = violent("North Hills", 0.0)
    assert left(days, Reason.FLIGHT).sum() == 0


def test_share_that_flees_abroad() -> None:
    found = []
    for share in (0.0, 0.5, 1.0):
        lab, _ = violent("North Hills", 50.0, f"parameters.flight.abroad_share={share}")
        found.append(int(lab.state.toward[:, reason(Reason.FLIGHT)].sum() + lab.state.queue[reason(Reason.FLIGHT)].sum()))
    assert found[0] == 0 < found[1] < found[2]


def test_nobody_flees_to_a_far_less_safe_country() -> None:
    safe, unsafe = [], []
    for safety, out in ((0.6, safe), (0.0, unsafe)):
        model, lab = walking("two_states", "parameters.flight.rate=0.001", "parameters.flight.abroad_share=1")
        lab.state.death_memory[:] = 0.0
        lab.state.death_memory[lab.place("North Hills")] = 50.0
        lab.state.safety[lab.country("Southland")] = safety
        walk(model, 3)
        out.append(int(lab.state.toward[:, reason(Reason.FLIGHT)].sum()))
    assert safe[0] > 0 == unsafe[0]


# -- voluntary return ----------------------------------------------------------------------------------------


def test_voluntary_return_has_a_threshold_in_safety() -> None:
    returns = ReturnParameters()
    shares = safe_enough(np.array([0.0, returns.threshold - 0.2, returns.threshold, returns.threshold + 0.2, 1.0]), returns)
    assert shares[2] == pytest.approx(0.5)
    assert shares[0] < 1e-4 and shares[1] < 0.05 and shares[3] > 0.95
    assert (np.diff(shares) > 0).all()
    sharper = safe_enough(np.array([returns.threshold - 0.02]), ReturnParameters(width=0.01))
    assert sharper[0] < safe_enough(np.array([returns.threshold - 0.02]), returns)[0]


@pytest.mark.parametrize("change", [{"home_violence": np.array([0.0, 5.0])}, {"livelihood": 0.5}, {"safety": 0.1}])
def test_bad_conditions_at_home_hold_people_back(change: dict[str, object]) -> None:
    good = hazard(Reason.VOLUNTARY, safety=0.9)
    worse = hazard(Reason.VOLUNTARY, **{"safety": 0.9, **change})
    assert worse[1, 0] < good[1, 0]
    if "home_violence" in change:
        assert worse[0, 0] == good[0, 0]  # only the home region where it is


def test_voluntary_return_at_zero_and_extreme() -> None:
    none = ReturnParameters(voluntary=0.0, trickle_undocumented=0.0)
    assert (hazard(Reason.VOLUNTARY, returns=none, safety=1.0) == 0.0).all()
    full = hazard(Reason.VOLUNTARY, returns=ReturnParameters(voluntary=5e-3, trickle_undocumented=0.0), safety=1.0)
    assert (full <= 5e-3).all() and full[0, 0] > 4.8e-3


def test_returnees_settle_in_their_home_region() -> None:
    model, lab = walking("two_states", "parameters.returns.voluntary=0.005", "parameters.returns.threshold=0.3",
                         "parameters.returns.violence_weight=0", "parameters.flight.rate=0", "parameters.flight.reentry=0")
    days = walk(model, 20)
    back = lab.state.people[lab.rows("Northland", Status.RETURNEE)][0]
    assert back.sum() > 0
    core = [lab.place(f"North {name}") for name in ("Capital", "Plains", "Hills")]
    march = [lab.place(f"North {name} March") for name in ("West", "East")]
    assert back[core].sum() + back[march].sum() == back.sum()
    assert back[march].sum() > back[core].sum()  # three quarters of them are from the March
    idps = lab.rows("Northland", Status.IDP)
    assert lab.state.people[idps].sum() < lab.setting.initial[idps].sum()
    assert left(days, Reason.FEAR).sum() == left(days, Reason.DEPORTATION).sum() == 0


def test_season_is_one_on_average() -> None:
    returns = ReturnParameters()
    year = np.array([season(day, returns) for day in range(1, 366)])
    assert year.mean() == pytest.approx(1.0, abs=0.01)
    assert year.max() == pytest.approx(1.4, abs=0.01) and year.min() == pytest.approx(0.6, abs=0.01)
    assert season(10, ReturnParameters(season=0.0)) == 1.0


# -- fear of a deadline ------------------------------------------------------------------------------------


def followed(notes: tuple[Announcement, ...], days: int) -> tuple[np.ndarray, np.ndarray, Bench]:
    """Fear of undocumented people and credibility of the north, day by day."""
    lab = bench()
    for note in notes:
        announce(lab.state, lab.gov("north"), note)
    fear, trust = np.zeros(days), np.zeros(days)
    for day in range(days):
        follow_deadlines(lab.state, lab.setting, lab.today(day))
        fear[day] = lab.state.fear[lab.gov("north"), 2]
        trust[day] = lab.state.credibility[lab.gov("north")]
    return fear, trust, lab


def test_fear_rises_to_the_deadline_and_falls_to_a_floor() -> None:
    fear, _, lab = followed((Announcement(("undocumented",), 10, 40, 1.0),), 120)
    assert (fear[:10] == 0.0).all() and fear[10] > 0.0
    assert (np.diff(fear[10:41]) > 0).all()
    assert fear.argmax() == 40 and fear.max() == pytest.approx(1.0)
    assert (np.diff(fear[41:]) < 0).all()
    assert fear[40 + 70] < 0.01
    assert lab.state.fear[lab.gov("north"), :2].sum() == 0.0  # nobody else is addressed
    assert lab.state.fear[lab.gov("south")].sum() == 0.0


@pytest.mark.parametrize("salience", [0.0, 0.03, 0.5])
def test_fear_follows_salience(salience: float) -> None:
    fear, _, _ = followed((Announcement(("undocumented",), 0, 30, salience),), 60)
    assert fear.max() == pytest.approx(salience)


def test_empty_deadlines_cost_credibility_and_the_next_one_frightens_less() -> None:
    first, second = Announcement(("undocumented",), 0, 30, 1.0, False), Announcement(("undocumented",), 200, 230, 1.0)
    fear, trust, lab = followed((first, second), 260)
    assert trust[29] == 1.0 and trust[30] == pytest.approx(0.6)
    assert fear[230] == pytest.approx(0.6)
    assert trust[230] == pytest.approx(0.6 + 0.5 * 0.4)
    assert lab.state.campaign[lab.gov("north"), 2] and not lab.state.campaign[lab.gov("north"), :2].any()
    kept, trusted, _ = followed((dataclasses.replace(first, implemented=True), second), 260)
    assert (trusted == 1.0).all() and kept[230] == pytest.approx(1.0)


def test_announcements_and_deadlines_are_events() -> None:
    lab = bench()
    announce(lab.state, 0, Announcement(("undocumented",), 2, 9, 0.5, False))
    kinds = []
    for day in range(12):
        today = lab.today(day)
        follow_deadlines(lab.state, lab.setting, today)
        kinds += [(day, event.kind, event.value) for event in today.events]
    assert kinds == [(2, "announcement", 0.5), (9, "deadline", 0.0)]
    assert not lab.state.announced


WITH_PAPERS = (Status.REGISTERED, Status.DOCUMENTED)


@pytest.mark.parametrize("near", [0.1, 0.25, 0.5, 1.0])
def test_who_fears_a_deadline(near: float) -> None:
    """The undocumented are addressed; who has papers sees it and shares a part, registered people up to a cap."""
    returns, host = ReturnParameters(), HostView(0, fear=near, removals=0.0, campaign=False)
    peak = returns.fear_peak * near
    around = CALM._replace(climate=host)
    assert fear_hazard("undocumented", host, 185, returns) == pytest.approx(peak)
    assert fear_hazard("documented", around, 185, returns) == pytest.approx(returns.documented_share * peak)
    capped = returns.registered_share * returns.fear_peak * min(near, returns.registered_cap)
    assert fear_hazard("registered", around, 185, returns) == pytest.approx(capped)
    higher = dataclasses.replace(returns, registered_cap=1.0)
    assert fear_hazard("registered", around, 185, higher) == pytest.approx(returns.registered_share * peak)
    assert around.frightens and host.frightens
    assert not CALM.frightens and not CALM._replace(climate=CALM).frightens


@pytest.mark.parametrize("status", WITH_PAPERS)
def test_a_deadline_for_people_with_papers_is_feared_in_full(status: Status) -> None:
    returns = ReturnParameters()
    own = HostView(0, fear=1.0, removals=0.0, campaign=False, climate=HostView(0, 0.0, 0.0, False))
    assert fear_hazard(status.value, own, 185, returns) == pytest.approx(returns.fear_peak)
    # The larger of the two fears counts, not their sum.
    both = own._replace(climate=HostView(0, 1.0, 5.0, True))
    assert fear_hazard(status.value, both, 185, returns) == pytest.approx(returns.fear_peak)
    assert fear_hazard(status.value, CALM._replace(climate=CALM), 185, returns) == 0.0
    assert fear_hazard(status.value, CALM, 185, returns) == 0.0


@pytest.mark.parametrize("status", WITH_PAPERS)
def test_who_has_papers_sees_the_removals_of_the_undocumented(status: Status) -> None:
    returns = ReturnParameters()
    seen = HostView(0, 0.0, 4.0, True)
    share = returns.registered_share if status is Status.REGISTERED else returns.documented_share
    found = fear_hazard(status.value, CALM._replace(climate=seen), 185, returns)
    assert found == pytest.approx(share * fear_hazard("undocumented", seen, 185, returns)) and found > 0.0


def test_registered_refugees_leave_pakistan_for_fear_in_november_2023() -> None:
    """The deadline of 1 November is set to undocumented people; 18 % of returnees of Q2 2024 held cards (IOM)."""
    window = ("scenario.start=2023-09-20", "scenario.end=2023-11-10")
    model = scenario("pakistan_afghanistan", *window).build().run_for(10)
    lab = Bench(model.setting, model.state)
    rows = {status: lab.rows("Afghanistan", status) for status in (Status.REGISTERED, Status.DOCUMENTED, Status.UNDOCUMENTED)}
    there = lab.setting.world.country == lab.country("Pakistan")
    hazards, gone = {}, {status: np.zeros(52) for status in rows}
    for day in range(10, 50):
        today = run_stages(model, *(stage.name for stage in DAY))
        for status, block in rows.items():
            found = today.intentions[f"Afghanistan {status.value}"].hazards.get(Reason.FEAR, np.zeros((1, len(there))))
            hazards[day, status] = float(np.broadcast_to(found, (1, len(there)))[:, there].max())
            gone[status][day] = today.left[reason(Reason.FEAR), block].sum()
    deadline = slice(40, 45)  # 30 October to 3 November
    assert lab.setting.date(42).isoformat() == "2023-11-01"
    peak = {status: max(hazards[day, status] for day in range(40, 45)) for status in rows}
    assert (gone[Status.REGISTERED][deadline] > 100).all() and gone[Status.DOCUMENTED][deadline].sum() > 0
    returns = lab.setting.parameters.returns
    assert peak[Status.DOCUMENTED] == pytest.approx(returns.documented_share * peak[Status.UNDOCUMENTED], rel=1e-6)
    assert 0.0 < peak[Status.REGISTERED] < returns.registered_share * peak[Status.UNDOCUMENTED]
    assert hazards[12, Status.REGISTERED] < 0.2 * peak[Status.REGISTERED]  # before the announcement of 3 October
    assert gone[Status.REGISTERED][deadline].sum() < 0.3 * gone[Status.UNDOCUMENTED][deadline].sum()


def test_fear_of_removals_saturates_and_grows_in_a_campaign() -> None:
    returns = ReturnParameters()
    seen = [fear_hazard("undocumented", HostView(0, 0.0, rate, False), 185, returns) for rate in (0.0, 1.0, 2.0, 4.0, 1e6)]
    assert seen[0] == 0.0 and (np.diff(seen) > 0).all()
    assert seen[4] == pytest.approx(1.4 * returns.removal_fear, rel=1e-3)  # at the peak of the season
    assert seen[2] == pytest.approx(seen[4] / 2.0, rel=1e-3)
    campaign = fear_hazard("undocumented", HostView(0, 0.0, 2.0, True), 185, returns)
    assert campaign / seen[2] == pytest.approx(1.0 + returns.campaign)
    off = ReturnParameters(removal_fear=0.0)
    assert fear_hazard("undocumented", HostView(0, 0.0, 50.0, True), 185, off) == 0.0


def test_fear_is_felt_in_the_host_country_only() -> None:
    found = hazard(Reason.FEAR, hosts=(HostView(0, 1.0, 0.0, False),))
    assert found[0, 0] > 0.0 and found[0, 1] == 0.0


def test_returns_peak_within_ten_days_of_the_deadline_and_decay_within_ten_weeks() -> None:
    note = {"north": (Announcement(("undocumented",), 28, 60, 1.0),)}
    model = play({}, 145, "parameters.returns.fear_peak=0.03", notes=note)
    fear = model.record.series("region", "region", "returns_fear")
    assert fear[:28].sum() == 0.0
    assert fear[28:60].sum() > 0  # most come before anybody is deported
    assert model.record.series("region", "region", "returns_deportation").sum() == 0
    assert abs(int(fear.argmax()) - 60) <= 10
    assert fear[131:].mean() < 0.02 * fear.max()


def test_populations_leave_each_with_its_own_luck() -> None:
    """On one day, more citizens who emigrate change nothing for those who are abroad already."""
    seen = {}
    for rate in (0.0, 0.05):
        model, lab = walking("two_states", f"governments.north.emigration={rate}", "governments.south.emigration=0")
        seen[rate] = walk(model)[0].left
    citizens = lab.rows("Northland", Status.CITIZEN)
    assert seen[0.05][:, citizens].sum() > seen[0.0][:, citizens].sum() + 100
    others = [r for r in range(lab.setting.populations.n_rows) if not citizens.start <= r < citizens.stop]
    assert np.array_equal(seen[0.0][:, others].sum(axis=0), seen[0.05][:, others].sum(axis=0)) and seen[0.0][:, others].sum() > 0


# -- onward, forced return, re-entry -------------------------------------------------------------------------


def test_onward_moves_follow_fear() -> None:
    returns, scared = ReturnParameters(onward=0.1), (HostView(0, 1.0, 0.0, False),)
    assert hazard(Reason.ONWARD, returns=returns, hosts=scared) == pytest.approx(0.1 * hazard(Reason.FEAR, returns=returns, hosts=scared))
    assert (hazard(Reason.ONWARD, returns=ReturnParameters(onward=0.0), hosts=scared) == 0.0).all()
    assert (hazard(Reason.ONWARD) == 0.0).all()


def test_people_move_on_to_a_third_country() -> None:
    highest = "parameters.returns.onward=0.5"
    model, lab = walking("pakistan_afghanistan", highest)
    lab.state.fear[lab.gov("pakistan"), 2] = 1.0
    seen = walk(model, 12)
    onward = reason(Reason.ONWARD)
    assert sum(day.crossed[onward].sum() for day in seen) > 0
    gates = lab.setting.gates
    used = np.flatnonzero(lab.state.toward[:, onward].sum(axis=(0, 1)) + lab.state.queue[onward].sum(axis=0))
    assert len(used) and (gates.destination[used] == lab.country("Iran")).all()


@pytest.mark.parametrize("status", [Status.REGISTERED, Status.DOCUMENTED, Status.UNDOCUMENTED])
def test_who_moves_on_arrives_without_papers(status: Status) -> None:
    """Papers of the one host mean nothing in the next country; the home region stays."""
    model, lab = walking("pakistan_afghanistan", "parameters.returns.onward=0.5", "parameters.returns.fear_peak=0.03",
                         "parameters.status.registration=0", "parameters.status.regularisation=0")
    lab.state.fear[lab.gov("pakistan")] = [float(s is status) for s in (Status.REGISTERED, Status.DOCUMENTED, Status.UNDOCUMENTED)]
    onward, plain = reason(Reason.ONWARD), lab.rows("Afghanistan", Status.UNDOCUMENTED)
    today = walk(model)[0]
    leavers = today.left[onward, lab.rows("Afghanistan", status)]
    assert leavers.sum() > 100
    on_the_way = lab.state.toward[:, onward].sum(axis=(0, 2))
    everybody = sum(today.left[onward, lab.rows("Afghanistan", s)] for s in (*WITH_PAPERS, Status.UNDOCUMENTED))
    assert (on_the_way[plain] == everybody).all()  # by home region; some few fear removals in any case
    assert on_the_way.sum() == on_the_way[plain].sum() == today.left[onward].sum()


def test_without_a_third_country_nobody_moves_on() -> None:
    model, lab = walking("two_states", "parameters.returns.onward=0.5")
    lab.state.fear[lab.gov("north"), 2] = 1.0
    assert left(walk(model, 10), Reason.ONWARD).sum() == 0


@pytest.mark.parametrize("status", [Status.REGISTERED, Status.DOCUMENTED, Status.UNDOCUMENTED])
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_formal_deportation_of_a_status_within_capacity(status: Status, level: float) -> None:
    model, lab = walking("two_states")
    lab.pull("north", f"deportation/{status.value}", level)
    seen = walk(model, 40)
    rows = lab.rows("Southland", status)
    daily = np.array([day.deported[lab.country("Northland"), rows].sum() for day in seen])
    assert daily.max() <= 200
    expected = 200.0 * level
    assert daily.mean() == pytest.approx(expected, abs=4.0 * math.sqrt(max(expected, 1.0) / 40) + (8.0 if level == 1.0 else 0.0))
    everybody = sum(day.deported.sum() for day in seen)
    assert everybody == daily.sum()  # no other status, no other country
    crossed = sum(day.crossed[reason(Reason.DEPORTATION)].sum() for day in seen)
    assert (crossed > 0) == (level > 0.0)


def test_statuses_share_the_capacity_of_deportation() -> None:
    model, lab = walking("two_states")
    for status in ("registered", "documented", "undocumented"):
        lab.pull("north", f"deportation/{status}", 1.0)
    seen = walk(model, 20)
    daily = np.array([day.deported.sum() for day in seen])
    assert daily.max() <= 200 and daily.mean() > 185


def test_a_small_stock_is_not_deported_in_a_day() -> None:
    model, lab = walking("two_states", "governments.north.deportation_capacity=1000000", "parameters.movement.most_deported=0.05")
    lab.pull("north", "deportation/undocumented", 1.0)
    rows = lab.rows("Southland", Status.UNDOCUMENTED)
    north = lab.setting.world.country == lab.country("Northland")
    stock = int(lab.state.people[rows][:, north].sum())
    gone = int(walk(model)[0].deported.sum())
    assert gone == pytest.approx(0.05 * stock, rel=0.1)


def test_a_deportation_that_finds_no_way_out_did_not_happen() -> None:
    """All gates shut and no irregular ways: nobody is deported, and there are no removals to fear."""
    model, lab = walking("two_states", "parameters.borders.lure=0")
    for crossing in lab.setting.world.crossings:
        lab.pull("north", f"close_people/{crossing}", 1.0)
    lab.pull("north", "deportation/undocumented", 1.0)
    lab.pull("north", "deportation/registered", 1.0)
    abroad = lab.state.people[lab.setting.row_is_abroad].sum(axis=1).copy()
    seen = walk(model, 20)
    assert sum(day.deported.sum() for day in seen) == 0 == left(seen, Reason.DEPORTATION).sum()
    assert (lab.state.removals == 0.0).all()
    assert sum(day.crossed.sum() for day in seen) == 0
    assert (lab.state.people[lab.setting.row_is_abroad].sum(axis=1) + lab.state.travelling()[lab.setting.row_is_abroad] == abroad).all()
    for crossing in lab.setting.world.crossings:
        lab.pull("north", f"close_people/{crossing}", 0.0)
    assert walk(model)[0].deported.sum() > 0 and (lab.state.removals > 0.0).any()


def test_removals_are_remembered_and_a_campaign_ends_with_the_lever() -> None:
    model, lab = walking("two_states")
    north = lab.gov("north")
    lab.state.campaign[north, 2] = True
    lab.pull("north", "deportation/undocumented", 1.0)
    walk(model, 20)
    peak = float(lab.state.removals[north, 2])
    assert peak > 1.0 and lab.state.removals[north, :2].sum() == 0.0 and lab.state.campaign[north, 2]
    lab.pull("north", "deportation/undocumented", 0.0)
    walk(model, 28)
    assert lab.state.removals[north, 2] == pytest.approx(peak * (1 - 1 / 14) ** 28, rel=1e-6)
    assert not lab.state.campaign[north, 2]


@pytest.mark.parametrize("rate", [0.0, 0.06, 0.3])
def test_reentry_of_recent_returnees(rate: float) -> None:
    model, lab = walking("two_states", f"parameters.flight.reentry={rate}", "parameters.flight.rate=0")
    citizens, returnees = lab.rows("Northland", Status.CITIZEN), lab.rows("Northland", Status.RETURNEE)
    lab.state.people[returnees] = lab.state.people[citizens] // 2
    lab.state.people[citizens] -= lab.state.people[returnees]
    stock = int(lab.state.people[returnees].sum())
    abroad = lab.rows("Northland", Status.UNDOCUMENTED)
    before = lab.state.people[abroad].sum()
    seen = walk(model, 20)
    gone = left(seen, Reason.REENTRY).sum()
    assert gone == pytest.approx(20 * rate / 365.25 * stock, rel=0.05)
    assert (sum(day.crossed[reason(Reason.REENTRY)].sum() for day in seen) > 0) == (rate > 0.0)
    if rate:
        assert lab.state.people[abroad].sum() > before


def test_citizens_do_not_reenter_and_returnees_do_not_emigrate() -> None:
    assert (hazard(Reason.REENTRY, Status.CITIZEN) == 0.0).all()
    assert (hazard(Reason.EMIGRATION, Status.RETURNEE, emigration=0.05) == 0.0).all()
    assert hazard(Reason.EMIGRATION, Status.CITIZEN, emigration=0.05) == pytest.approx(0.05 / 365.25)


def test_a_dated_exodus_brings_its_people_to_its_country() -> None:
    model, lab = walking("pakistan_afghanistan", "governments.afghanistan.emigration=0", "parameters.flight.rate=0",
                         "parameters.returns.trickle_undocumented=0")
    afghans, pakistan = lab.country("Afghanistan"), lab.country("Pakistan")
    lab.state.exoduses = (Exodus(afghans, pakistan, 100_000.0, 0, 5.0),)
    seen = walk(model, 60)
    assert left(seen, Reason.EMIGRATION).sum() == pytest.approx(100_000, rel=0.12)  # days are whole: a little more
    rows = lab.rows("Afghanistan", Status.UNDOCUMENTED)
    there = lab.state.people[rows][:, lab.setting.world.country == pakistan].sum()
    before = lab.setting.initial[rows][:, lab.setting.world.country == pakistan].sum()
    assert there - before > 80_000
