"""People displaced by a conflict whose course is data: when they leave, and when they go home.

Where the scenario says day by day in which places there is fighting (and no deaths are counted), that takes
the place of deaths: people leave a place of fighting, go on from a stop on the way, and return home
when it is calm there. The hazards are constant between two changes of the news.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pydantic.dataclasses
from numpy.typing import NDArray

from agents.decisions import PopulationIntentions
from agents.parameters import STRICT, par
from agents.population_words import per_month
from agents.refugee_population import ReturnParameters, safe_enough
from agents.vocabulary import ABROAD, Reason, Status

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
#: Hazard that stands for certainty: exp(-50) is nothing beside 1.
CERTAIN = 50.0
#: Places of fighting that words name.
_NAMED = 3


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class DisplacedParameters:
    """Leaving, going on, going home."""

    leave: float = par(
        1.0, 0.0, 1.0, "1/day", "Flee's convention: conflict_movechance 1 (Suleimenova, Bell & Groen 2017)",
        "chance that a displaced person leaves a place of fighting of intensity 1 within a day",
    )
    go_on: float = par(
        0.5, 0.0, 1.0, "1/day", "Flee's settings: default_movechance 0.3-1 (Suleimenova, Bell & Groen 2017)",
        "chance that a displaced person at a stop on the way looks for a camp again within a day",
    )
    onward: float = par(
        0.0, 0.0, 0.1, "1/day", "assumption: 0, as no folder counts moves between camps; Flee's camp_movechance is 0.001",
        "chance that a person in a camp chooses again within a day",
    )
    calm_days: float = par(
        180.0, 1.0, 3650.0, "days", "assumption: returns follow the end of fighting with delay",
        "how fast a home region counts as safe once fighting has ended",
    )


@dataclass(frozen=True)
class ConflictSituation:
    """What displaced people know of a conflict.

    Parameters
    ----------
    status
        Legal status of the population.
    intensity
        (places,) intensity of fighting, 0..1.
    stop
        (places,) whether a place is a stop on the way: neither a camp nor at war.
    camp
        (places,) whether a place is a camp.
    safety
        (homes,) safety of the home regions, 0..1.
    returns
        Whether people go home at all in this scenario.
    places
        Names of the places, for words.
    """

    status: str
    intensity: FloatArray
    stop: BoolArray
    camp: BoolArray
    safety: FloatArray
    returns: bool
    places: tuple[str, ...] = ()


class ConflictRules:
    """Rules that all populations of a conflict share."""

    def __init__(self, displaced: DisplacedParameters, returns: ReturnParameters) -> None:
        self.displaced = displaced
        self.returns = returns

    def intentions(self, situation: ConflictSituation) -> PopulationIntentions:
        """Hazards of setting out for one status, per home region and place."""
        return conflict_intentions(situation, self.displaced, self.returns)

    def reasons(self, situation: ConflictSituation) -> tuple[str, ...]:
        """Say why: fighting, stops on the way, camps, calm at home, each with its number."""
        return tuple(_told(situation, self.displaced, self.returns))


def hazard_of(chance: FloatArray) -> FloatArray:
    """Hazard a day of a chance a day; certainty is a hazard of 50."""
    return np.asarray(-np.log(np.maximum(1.0 - chance, math.exp(-CERTAIN))))


def conflict_intentions(
    situation: ConflictSituation, displaced: DisplacedParameters, returns: ReturnParameters
) -> PopulationIntentions:
    """Leave fighting, go on from a stop, choose again in a camp, go home when home is calm."""
    leaving = displaced.leave * situation.intensity + displaced.go_on * situation.stop
    hazards: dict[Reason, FloatArray] = {Reason.FLIGHT: hazard_of(leaving)[None, :]}
    if displaced.onward > 0.0:
        hazards[Reason.ONWARD] = (hazard_of(np.array([displaced.onward]))[0] * situation.camp)[None, :]
    if situation.returns and situation.status in (Status.IDP, *ABROAD):
        rate = returns.idp_return if situation.status == Status.IDP else returns.voluntary
        hazards[Reason.VOLUNTARY] = rate * safe_enough(situation.safety, returns)[:, None] * ~(situation.intensity > 0.0)[None, :]
    return PopulationIntentions(hazards)


def _told(situation: ConflictSituation, displaced: DisplacedParameters, returns: ReturnParameters) -> Iterator[str]:
    at_war = np.flatnonzero(situation.intensity)
    if len(at_war):
        worst = at_war[np.argsort(-situation.intensity[at_war], kind="stable")]
        names = ", ".join(situation.places[k] if k < len(situation.places) else f"place {k}" for k in worst[:_NAMED].tolist())
        more = f" and {len(worst) - _NAMED} more" if len(worst) > _NAMED else ""
        rate = displaced.leave * float(situation.intensity.max())
        yield f"there is fighting in {len(worst)} places ({names}{more}): up to {rate:.0%} of those who are there leave within a day"
    else:
        yield "there is no fighting (0 places): nobody has to leave"
    if situation.stop.any():
        yield f"who stops on the way looks for a camp again: {displaced.go_on:.0%} a day"
    if displaced.onward > 0.0:
        yield f"in a camp {displaced.onward:.1%} a day choose again"
    if situation.returns and situation.status in (Status.IDP, *ABROAD):
        rate = returns.idp_return if situation.status == Status.IDP else returns.voluntary
        safest = float(situation.safety.max(initial=0.0))
        most = rate * float(safe_enough(situation.safety, returns).max(initial=0.0))
        yield f"up to {per_month(most)} go home: home is safe to {safest:.2f} at best, against a threshold of {returns.threshold:.2f}"
