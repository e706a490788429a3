"""Legal status: registration, regularisation, expiry, revocation, naturalisation, settling."""

from __future__ import annotations

import math

import pytest
from conftest import Bench, bench

from agents.vocabulary import Status
from sim.accounts import ACCOUNT_INDEX
from sim.status import change_status

NORTHERN, SOUTHERN = "Northland", "Southland"


def stock(lab: Bench, status: Status, nationality: str = SOUTHERN) -> int:
    return int(lab.state.people[lab.rows(nationality, status)].sum())


def changed(people: int, hazard: float) -> object:
    """People of a stock who change at a yearly hazard in 364 days, within four standard deviations."""
    chance = -math.expm1(-hazard * 364 / 365.25)
    return pytest.approx(people * chance, abs=4.0 * math.sqrt(people * chance * (1.0 - chance)))


def year(lab: Bench, days: int = 364) -> None:
    """Change statuses for some days (52 whole weeks); nobody is lost."""
    count = lab.state.head_count()
    for day in range(days):
        change_status(lab.state, lab.setting, lab.streams, lab.today(day))
    assert lab.state.head_count() == count
    assert (lab.state.people >= 0).all()


def with_returnees(lab: Bench) -> Bench:
    citizens, returnees = lab.rows(NORTHERN, Status.CITIZEN), lab.rows(NORTHERN, Status.RETURNEE)
    lab.state.people[returnees] = lab.state.people[citizens] // 10
    lab.state.people[citizens] -= lab.state.people[returnees]
    return lab


def test_nothing_changes_with_every_lever_at_zero() -> None:
    lab = bench("two_states", "parameters.status.idp_settling=0")
    before = lab.state.people.copy()
    year(lab, 60)
    assert (lab.state.people == before).all()


@pytest.mark.parametrize("level", [0.5, 1.0])
@pytest.mark.parametrize(
    ("lever", "rate", "source", "target"),
    [
        ("registration", 0.5, Status.UNDOCUMENTED, Status.DOCUMENTED),
        ("regularisation", 0.2, Status.DOCUMENTED, Status.REGISTERED),
        ("deportation/documented", 0.5, Status.DOCUMENTED, Status.UNDOCUMENTED),
        ("deportation/registered", 0.5, Status.REGISTERED, Status.UNDOCUMENTED),
    ],
)
def test_a_lever_changes_statuses_of_foreigners_in_its_country(
    lever: str, rate: float, source: Status, target: Status, level: float
) -> None:
    lab = bench("two_states", "parameters.status.naturalisation=0")
    lab.pull("north", lever, level)
    before = {s: stock(lab, s) for s in (source, target)}
    year(lab)
    moved = before[source] - stock(lab, source)
    assert moved == changed(before[source], rate * level)
    assert stock(lab, target) - before[target] == moved
    for status in (Status.REGISTERED, Status.DOCUMENTED, Status.UNDOCUMENTED):  # the south's foreigners are not concerned
        assert stock(lab, status, NORTHERN) == lab.setting.initial[lab.rows(NORTHERN, status)].sum()


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_naturalised_people_leave_the_books_of_the_displaced(level: float) -> None:
    lab = bench("two_states", "parameters.status.naturalisation=0.5", "parameters.status.regularisation=0")
    lab.pull("north", "regularisation", level)
    before = stock(lab, Status.REGISTERED)
    year(lab)
    gone = lab.state.accounts[ACCOUNT_INDEX["naturalised"]].sum()
    assert before - stock(lab, Status.REGISTERED) == gone
    assert gone == changed(before, 0.5 * level)


@pytest.mark.parametrize(("expiry", "registration", "expected"), [(0.0, 0.0, 0.0), (1.0, 0.0, 1.0), (1.0, 1.0, 0.0), (1.0, 0.5, 0.5)])
def test_cards_expire_unless_registration_renews_them(expiry: float, registration: float, expected: float) -> None:
    lab = bench("two_states", f"parameters.status.expiry={expiry}", "parameters.status.registration=0")
    lab.pull("north", "registration", registration)
    before = stock(lab, Status.REGISTERED)
    year(lab)
    assert before - stock(lab, Status.REGISTERED) == changed(before, expected)


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_integration_speeds_up_the_settling_of_returnees(level: float) -> None:
    lab = with_returnees(bench())
    lab.pull("north", "integration", level)
    lab.pull("south", "integration", 1.0)  # of no use to those in the north
    before, citizens = stock(lab, Status.RETURNEE, NORTHERN), stock(lab, Status.CITIZEN, NORTHERN)
    displaced = stock(lab, Status.IDP, NORTHERN)
    year(lab)
    settled = before - stock(lab, Status.RETURNEE, NORTHERN)
    assert settled == changed(before, 0.68 * (1.0 + level))
    home = displaced - stock(lab, Status.IDP, NORTHERN)
    assert stock(lab, Status.CITIZEN, NORTHERN) - citizens == settled + home
    assert home == changed(displaced, 0.05 * (1.0 + level))


def test_nobody_settles_at_rate_zero() -> None:
    lab = with_returnees(bench("two_states", "parameters.status.settling=0", "parameters.status.idp_settling=0"))
    lab.pull("north", "integration", 1.0)
    before = lab.state.people.copy()
    year(lab, 60)
    assert (lab.state.people == before).all()


def test_all_at_the_extreme_keeps_everybody() -> None:
    lab = with_returnees(bench(
        "two_states", "parameters.status.registration=4", "parameters.status.regularisation=2", "parameters.status.expiry=1",
        "parameters.status.naturalisation=0.5", "parameters.status.revocation=4", "parameters.status.settling=4",
        "parameters.status.integration=5", "parameters.status.idp_settling=1",
    ))
    for government in ("north", "south"):
        for lever in ("registration", "regularisation", "integration", "deportation/registered", "deportation/documented"):
            lab.pull(government, lever, 1.0)
    year(lab)


def test_citizens_keep_their_status_by_law() -> None:
    lab = bench("two_states", "parameters.status.idp_settling=0")
    for lever in ("registration", "regularisation", "integration"):
        lab.pull("north", lever, 1.0)
    before = stock(lab, Status.CITIZEN, NORTHERN)
    year(lab, 60)
    assert stock(lab, Status.CITIZEN, NORTHERN) == before
