"""Small made-up conflicts in which every part of the rule ``gravity`` has something to do.

Counts are taken at all places, so that a comparison sees everybody who is at one, in a camp or not.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from conflicts import conflict, numbers, place

from reference.gravity_walk import Case
from sim import Scenario
from sim.displacement.conflict import Closure, ClosureKind, Conflict, ConflictPlace, Kind
from sim.displacement.simulate import camp_counts, conflict_scenario

DAYS = 30
#: Written out, so that the power of the tests does not hang on the calibration of the day.
GRAVITY = {
    "power": 0.57, "followers": 0.72, "softening": 50.0, "speed": 360.0, "new_camps": 1.0, "origin_power": 0.5, "access": 1.0, "news_days": 1, "buffer": 0.9,
    "border_km": 0.0,
}


def zone(name: str, region: str, residents: int) -> ConflictPlace:
    return place(name, "Home", Kind.CONFLICT, residents, region)


def rising(start: int, end: int, dip: int = 0) -> list[int]:
    """Known totals: they rise, and fall by ``dip`` for three days in the middle, which later growth makes up for."""
    known = np.linspace(start, end, DAYS).astype(int)
    known[14:17] -= dip
    return known.tolist()


def counted_everywhere(made: Conflict) -> Conflict:
    """The same conflict with all of its places scored; first counts are 0 where there is no camp."""
    counts = np.zeros((made.days, len(made.places)), dtype=np.int64)
    counts[:, made.camps] = made.counts
    return dataclasses.replace(made, camps=np.arange(len(made.places)), counts=counts)


def filling() -> Case:
    """Camps with limits that all fill up: room shrinks, people are turned away, choose again, wait at the gate, or get stuck."""
    made = conflict(
        [
            zone("Alma", "North", 40_000), zone("Bera", "South", 9_000), place("Cola", "Home", Kind.TOWN, 900),
            place("Uno", "Away", Kind.CAMP, 230), place("Due", "Away", Kind.CAMP, 150), place("Tre", "Far", Kind.CAMP, 190),
            place("Idp", "Home", Kind.IDP_CAMP, 120),
        ],
        [
            ("Alma", "Cola", 90), ("Bera", "Cola", 140), ("Cola", "Uno", 150), ("Cola", "Due", 340), ("Uno", "Due", 120), ("Bera", "Tre", 650),
            ("Bera", "Idp", 60), ("Alma", "Idp", 420),
        ],
        {"Alma": [1.0] * 12 + [0.0] * 5 + [0.6] * 13, "Bera": [0.0] * 4 + [0.5] * 26},
        rising(60, 980, 40), first={"Uno": 40, "Tre": 20},
    )  # fmt: skip
    return Case(counted_everywhere(made), numbers(displaced={"leave": 0.7, "go_on": 0.3, "onward": 0.01}, gravity={**GRAVITY, "buffer": 0.2}))


def closing() -> Case:
    """No limits, old news, dear borders; closures of every kind, long ways, camps that open late, people cut off."""
    made = conflict(
        [
            zone("Alma", "North", 5_000), zone("Bera", "South", 20_000), place("Cola", "Home", Kind.TOWN, 900),
            place("Uno", "Away", Kind.CAMP), place("Due", "Away", Kind.CAMP), place("Tre", "Far", Kind.CAMP, 60),
            place("Idp", "Home", Kind.IDP_CAMP), place("Quattro", "Far", Kind.CAMP),
        ],
        [
            ("Alma", "Cola", 90), ("Bera", "Cola", 340), ("Cola", "Uno", 150), ("Cola", "Due", 500), ("Uno", "Due", 420), ("Bera", "Tre", 700),
            ("Tre", "Quattro", 80), ("Bera", "Idp", 260), ("Alma", "Idp", 1_500),
        ],
        {"Alma": [1.0] * 30, "Bera": [0.4] * 20 + [0.0] * 2 + [0.8] * 8},
        rising(200, 1_000), first={"Uno": 70, "Tre": 30, "Idp": 20},
        closures=[
            Closure(ClosureKind.COUNTRY, "Home", "Away", 3, 7), Closure(ClosureKind.LINK, "Bera", "Cola", 10, 14), Closure(ClosureKind.LOCATION, "Alma", "", 18, 21),
            Closure(ClosureKind.CAMP, "Due", "", 0, 9), Closure(ClosureKind.IDP_CAMP, "Idp", "", 22, -1), Closure(ClosureKind.CAMP, "Quattro", "", -5, 12),
            Closure(ClosureKind.LOCATION, "Bera", "Tre", 24, 26),
        ],
    )  # fmt: skip
    chosen = numbers(
        displaced={"leave": 0.8, "go_on": 0.4, "onward": 0.02},
        gravity={**GRAVITY, "news_days": 3, "border_km": 80.0, "speed": 250.0, "softening": 20.0, "new_camps": 0.8},
    )
    return Case(counted_everywhere(made), chosen, capacities="withheld")


def returning() -> Case:
    """Fighting ends, people go home, it comes back, they flee again; ways home are closed for a time; capacities attract."""
    made = conflict(
        [
            zone("Alma", "North", 5_000), zone("Bera", "South", 9_000), zone("Dora", "North", 2_500), place("Uno", "Away", Kind.CAMP, 900),
            place("Due", "Far", Kind.CAMP), place("Idp", "Home", Kind.IDP_CAMP, 400),
        ],
        [("Alma", "Dora", 70), ("Alma", "Uno", 280), ("Dora", "Idp", 110), ("Bera", "Idp", 200), ("Bera", "Due", 480), ("Uno", "Due", 90)],
        {"Alma": [1.0] * 8 + [0.0] * 14 + [0.9] * 8, "Bera": [0.6] * 10 + [0.0] * 12 + [0.6] * 8, "Dora": [0.5] * 6 + [0.0] * 24},
        rising(240, 900), first={"Uno": 120, "Due": 20, "Idp": 60},
        closures=[Closure(ClosureKind.COUNTRY, "Home", "Away", 16, 19)],
    )  # fmt: skip
    chosen = numbers(
        displaced={"leave": 0.9, "calm_days": 1.5, "go_on": 0.3, "onward": 0.005}, gravity=GRAVITY,
        returns={"idp_return": 0.01, "voluntary": 0.005, "threshold": 0.6},
    )
    return Case(counted_everywhere(made), chosen, capacities="attraction", returns=True)


def choosing() -> Case:
    """One zone with a camp near by, one at half a day and one at five days: little happens but the choice between them."""
    made = conflict(
        [
            zone("Alma", "North", 5_000), place("Uno", "Away", Kind.CAMP), place("Due", "Away", Kind.CAMP), place("Tre", "Far", Kind.CAMP),
        ],
        [("Alma", "Uno", 10), ("Alma", "Due", 200), ("Alma", "Tre", 1_800)], {"Alma": [1.0]}, rising(0, 1_200),
    )  # fmt: skip
    return Case(counted_everywhere(made), numbers(gravity=GRAVITY), capacities="withheld")


CASES = {"choosing": choosing, "filling": filling, "closing": closing, "returning": returning}


def scenario(case: Case) -> Scenario:
    """The same case for the engine."""
    made = conflict_scenario(case.conflict, capacities=case.capacities, parameters=case.parameters, people_scale=case.scale)
    if not case.returns:
        return made
    return Scenario(dataclasses.replace(made.config, scenario=dataclasses.replace(made.config.scenario, returns=True)), made.tables)


def counted(case: Case, seeds: int) -> np.ndarray:
    """The engine's runs of a case, (seeds, days, camps)."""
    built = scenario(case)
    return np.array([camp_counts(built, seed=seed) for seed in range(seeds)], dtype=float)
