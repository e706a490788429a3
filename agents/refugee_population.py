"""Populations by nationality and legal status: what makes people set out, as hazards.

One agent stands for all people of one nationality and legal status. It answers with a hazard of
leaving for each reason; the sim draws who goes and where to. Two people with the same status, home
region and place face the same odds, which is what makes counting exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import mesa
import numpy as np
import pydantic.dataclasses
from numpy.typing import NDArray

from agents.decisions import PopulationIntentions, PopulationRules
from agents.parameters import STRICT, par
from agents.population_words import told
from agents.situations import HostView, PopulationSituation
from agents.vocabulary import ABROAD, Reason, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from agents.displaced import ConflictSituation

FloatArray = NDArray[np.float64]


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class FlightParameters:
    """Flight from violence: h = rate * (deaths30 per 100,000)^elasticity."""

    rate: float = par(
        5e-6, 0.0, 1e-2, "1/day", "assumption: one death per 100,000 a month moves about 0.015 % of people a month",
        "hazard of flight at one death per 100,000 people in 30 days",
    )
    elasticity: float = par(
        0.4, 0.0, 1.0, "-", "evidence of cross-country outflow to fatalities 0.2-0.6 (Davenport et al. 2003; Melander & Oberg 2007)",
        "elasticity of the flight hazard to deaths",
    )
    abroad_share: float = par(
        0.1, 0.0, 1.0, "-", "assumption: most who flee stay in their country (UNHCR Global Trends)",
        "share of those who flee that cross a border, where one can be reached",
    )
    reentry: float = par(
        0.06, 0.0, 0.3, "1/year", "5 % of returnees intend to leave again (survey among returnees, 2016); assumption 0.02-0.2",
        "hazard of a recent returnee to go back to the former host",
    )


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class ReturnParameters:
    """Return: fear of a deadline and of removals, a safety threshold at home, and a steady trickle."""

    fear_peak: float = par(
        1.08e-2, 0.0, 3e-2, "1/day",
        "fitted: returns of October-November 2023 (evidence: 405,000), given 1.7 M undocumented; plausible 3e-3 to 1.5e-2",
        "hazard of an undocumented person on the day of a credible, salient deadline",
    )
    exposed_share: float = par(
        1.0, 0.1, 1.0, "-", "assumption: unknown; a second deadline moves three times fewer people at one third (run it lower)",
        "share of a status that reacts to deadlines at all, at the time of the first announcement",
    )
    removal_fear: float = par(
        9e-4, 0.0, 4e-3, "1/day", "fitted: returns of 2024 (17,000-38,000 a month); plausible 3e-4 to 4e-3",
        "hazard of an undocumented person where removals are many, without a deadline",
    )
    removal_half: float = par(
        2.0, 0.5, 8.0, "per 1,000 and 30 days", "assumption: half of the effect at about a tenth of November 2023's pace",
        "formal removals at which half of the fear of removals is reached",
    )
    campaign: float = par(
        1.2, 0.0, 2.0, "-", "assumption: an enforced campaign doubles fear at the same pace of removals",
        "how much an enforced campaign adds to the fear of removals",
    )
    registered_share: float = par(
        0.14, 0.0, 1.0, "-", "18 % of returnees of Q2 2024 held PoR cards (IOM), with 1.33 M holders against 1.2 M undocumented",
        "hazard of fear of registered refugees, as a share of that of undocumented people",
    )
    registered_cap: float = par(
        0.25, 0.01, 1.0, "-", "assumption", "nearness of a deadline above which the fear of registered refugees grows no further"
    )
    documented_share: float = par(
        0.02, 0.0, 1.0, "-", "2 % of returnees of Q2 2024 held ACC cards (IOM)",
        "hazard of fear of documented people, as a share of that of undocumented people",
    )
    threshold: float = par(
        0.75, 0.3, 0.95, "-", "Alrababa'h et al. 2023 (Syrians: a threshold in home safety dominates); level assumption",
        "safety at home at which half of the voluntary returns come",
    )
    width: float = par(0.06, 0.01, 0.3, "-", "assumption", "how sharp the safety threshold is")
    voluntary: float = par(5e-4, 0.0, 5e-3, "1/day", "assumption", "hazard of voluntary return when home is quite safe")
    violence_weight: float = par(
        0.1, 0.0, 1.0, "per death per 100,000", "assumption", "how much violence in the home region lowers its safety"
    )
    returnee_load: float = par(
        5.0, 0.0, 15.0, "per share of population", "assumption", "how much recent returnees, as a share of the population, lower livelihood at home"
    )
    trickle_undocumented: float = par(
        2e-5, 0.0, 2e-4, "1/day", "derived: 8,700 returns a month in Q2 2023 less those from fear of removals (IOM)",
        "hazard of an undocumented person to return in any case",
    )
    trickle_registered: float = par(
        3.2e-5, 0.0, 2e-4, "1/day", "derived: about 1,300 facilitated returns a month among 1.33 M (UNHCR 2023)",
        "hazard of a registered refugee to return in any case",
    )
    trickle_documented: float = par(
        1e-5, 0.0, 2e-4, "1/day", "assumption: a third of registered refugees'", "hazard of a documented person to return"
    )
    season: float = par(
        0.4, 0.0, 0.6, "-", "derived: monthly returns of 2024, summer against winter (IOM)", "seasonal swing of returns"
    )
    season_peak: int = par(185, 1, 365, "day of year", "derived: monthly returns of 2024", "day on which returns peak")
    onward: float = par(
        0.05, 0.0, 0.5, "-", "assumption: no counts of moves from Pakistan to Iran",
        "moves on to a third country, as a share of fear-induced returns",
    )
    idp_return: float = par(
        2e-3, 0.0, 1e-2, "1/day", "assumption: half return within a year once home is safe",
        "hazard of displaced people to go home inside their country when home is quite safe",
    )


def season(day_of_year: int, parameters: ReturnParameters) -> float:
    """Seasonal factor of returns, 1 on average."""
    return 1.0 + parameters.season * math.cos(2.0 * math.pi * (day_of_year - parameters.season_peak) / 365.25)


def fear_hazard(status: str, host: HostView, day_of_year: int, parameters: ReturnParameters) -> float:
    """Hazard of fear-induced return, 1/day.

    Undocumented people fear what is announced to them and the removals that they see. People with papers
    are addressed seldom, but they see what happens to the undocumented (``host.climate``) and share a part
    of that fear; where a deadline is set to them, they fear it as undocumented people fear theirs.
    """
    own = _fear(host, day_of_year, parameters)
    if status == Status.UNDOCUMENTED or host.climate is None:
        return own
    around = _fear(host.climate, day_of_year, parameters)
    if status == Status.DOCUMENTED:
        return max(own, parameters.documented_share * around)
    # Registered refugees are not meant by the deadline: their fear does not follow it to the peak.
    kept = min(1.0, parameters.registered_cap / max(host.climate.fear, parameters.registered_cap))
    return max(own, parameters.registered_share * kept * around)


def _fear(host: HostView, day_of_year: int, parameters: ReturnParameters) -> float:
    """Fear of a deadline and of removals, 1/day.

    Not a multiple of deportations: most returns before a deadline come before any deportation.
    """
    seen = host.removals / (host.removals + parameters.removal_half) if host.removals > 0.0 else 0.0
    strength = 1.0 + (parameters.campaign if host.campaign else 0.0)
    deadline = parameters.fear_peak * host.fear * host.exposed
    return deadline + parameters.removal_fear * strength * seen * season(day_of_year, parameters)


def safe_enough(safety: FloatArray, parameters: ReturnParameters) -> FloatArray:
    """Share of full voluntary return at a safety of home, a logistic threshold."""
    return np.asarray(1.0 / (1.0 + np.exp(-(safety - parameters.threshold) / parameters.width)))


def trickle(status: str, parameters: ReturnParameters) -> float:
    """Hazard of returns that happen in any case, 1/day."""
    if status == Status.REGISTERED:
        return parameters.trickle_registered
    return parameters.trickle_documented if status == Status.DOCUMENTED else parameters.trickle_undocumented


@dataclass(frozen=True)
class _Home:
    """Home regions of one nationality on one day: safety, and share of full voluntary return, both (homes,)."""

    violence: FloatArray
    safety: FloatArray
    safe: FloatArray


class Rules:
    """The rules that all populations of a model share, with the parts that are alike worked out once a day.

    Situations of one day share their arrays, so the hazard of flight is worked out once for all
    populations and the safety of home once for each nationality.
    """

    def __init__(self, flight: FlightParameters, returns: ReturnParameters) -> None:
        self.flight = flight
        self.returns = returns
        self._violence: FloatArray | None = None
        self._flight: FloatArray = np.zeros((1, 1))
        self._homes: dict[int, _Home] = {}
        self._hosts: dict[int, FloatArray] = {}

    def flight_hazard(self, violence: FloatArray) -> FloatArray:
        """Hazard of flight, (1, places), 1/day: rate * (deaths30 per 100,000)^elasticity, 0 without deaths."""
        if violence is not self._violence:
            power = np.power(violence, self.flight.elasticity, where=violence > 0.0, out=np.zeros(violence.shape))
            self._flight = (self.flight.rate * power)[None, :]
            self._violence = violence
        return self._flight

    def home(self, situation: PopulationSituation) -> _Home:
        """What the home regions of a nationality look like today."""
        known = self._homes.get(situation.own_country)
        if known is None or known.violence is not situation.home_violence:
            safety = home_safety(situation, self.returns)
            known = _Home(situation.home_violence, safety, safe_enough(safety, self.returns))
            self._homes[situation.own_country] = known
        return known

    def at_hosts(self, situation: PopulationSituation) -> FloatArray:
        """1 at places of host countries that have a government, 0 elsewhere, (1, places).

        Returns from a country without a government in the scenario (a mere destination) are not modelled.
        """
        known = self._hosts.get(situation.own_country)
        if known is None:
            known = np.isin(situation.country, [host.country for host in situation.hosts]).astype(np.float64)[None, :]
            self._hosts[situation.own_country] = known
        return known

    def intentions(self, situation: PopulationSituation) -> PopulationIntentions:
        """Hazards of setting out for one nationality and status."""
        return intentions(situation, self)

    def reasons(self, situation: PopulationSituation) -> tuple[str, ...]:
        """Say why: every reason to set out with its hazard per 1,000 a month and what drives it."""
        swing = season(situation.day_of_year, self.returns) if situation.status == Status.UNDOCUMENTED else 1.0
        return told(situation, self.intentions(situation).hazards, self.returns, home_safety(situation, self.returns), swing)


def home_safety(situation: PopulationSituation, returns: ReturnParameters) -> FloatArray:
    """Safety of each home region: base safety, livelihood, and quiet."""
    quiet = np.maximum(1.0 - returns.violence_weight * situation.home_violence, 0.0)
    return situation.safety * min(max(situation.livelihood, 0.0), 1.0) * quiet


def intentions(situation: PopulationSituation, rules: Rules) -> PopulationIntentions:
    """Hazards of setting out for one nationality and status, per home region and place."""
    status = situation.status
    hazards: dict[Reason, FloatArray] = {Reason.FLIGHT: rules.flight_hazard(situation.violence)}
    if status in ABROAD:
        return _abroad(situation, rules, hazards)
    if status == Status.IDP:
        home = rules.home(situation)
        hazards[Reason.VOLUNTARY] = rules.returns.idp_return * home.safe[:, None]
        return PopulationIntentions(hazards)
    if status == Status.RETURNEE:
        rate = rules.flight.reentry / 365.25
        hazards[Reason.REENTRY] = np.array([[rate]])
        return PopulationIntentions(hazards)
    rate = situation.emigration / 365.25 + float(np.add.reduce(situation.exodus))
    hazards[Reason.EMIGRATION] = np.array([[rate]])
    return PopulationIntentions(hazards)


def _abroad(situation: PopulationSituation, rules: Rules, hazards: dict[Reason, FloatArray]) -> PopulationIntentions:
    """Hazards of people outside their own country."""
    returns = rules.returns
    home = rules.home(situation)
    swing = season(situation.day_of_year, returns) if situation.status == Status.UNDOCUMENTED else 1.0
    voluntary = returns.voluntary * home.safe + trickle(situation.status, returns) * swing
    hazards[Reason.VOLUNTARY] = voluntary[:, None] * rules.at_hosts(situation)
    # Crossings carry country -1 and hold nobody; whatever value they pick up is never used.
    by_country = [0.0] * len(situation.exodus)
    for host in situation.hosts:
        if host.frightens:
            by_country[host.country] = fear_hazard(situation.status, host, situation.day_of_year, returns)
    if any(by_country):
        fear = np.array(by_country)[situation.country][None, :]
        hazards[Reason.FEAR] = fear
        hazards[Reason.ONWARD] = returns.onward * fear
    return PopulationIntentions(hazards)


class RefugeePopulation(mesa.Agent):  # type: ignore[misc]  # Mesa ships no types
    """All people of one nationality and legal status, as a Mesa agent.

    Parameters
    ----------
    model
        The model it lives in.
    name, nationality, status
        ``"Afghanistan undocumented"``, the country's name, the legal status.
    counts
        Function that returns the people of the population (homes, places), a view of the state.
    rules
        The rules that it shares with the other populations of the model.
    """

    def __init__(
        self, model: mesa.Model, name: str, nationality: str, status: str, counts: Callable[[], NDArray[np.int64]], rules: PopulationRules
    ) -> None:
        super().__init__(model)
        self.name = name
        self.nationality = nationality
        self.status = status
        self.rules = rules
        self._seen: PopulationSituation | ConflictSituation | None = None
        self._counts = counts

    @property
    def people(self) -> int:
        """People at places now; travellers are not among them."""
        return int(self._counts().sum())

    def decide(self, situation: PopulationSituation | ConflictSituation) -> PopulationIntentions:
        """Form intentions for today. Pure apart from keeping what was seen, for the inspector."""
        self._seen = situation
        return self.rules.intentions(situation)

    @property
    def last_reasons(self) -> tuple[str, ...]:
        """Why it last decided as it did, put into words now; empty before its first decision."""
        return () if self._seen is None else self.rules.reasons(self._seen)
