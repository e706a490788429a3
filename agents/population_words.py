"""Why people set out, in words: each reason with its hazard per 1,000 people a month and what drives it.

Words are made only when somebody asks, from the situation that the population decided on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.vocabulary import ABROAD, Reason, Status

if TYPE_CHECKING:
    from agents.refugee_population import ReturnParameters
    from agents.situations import HostView, PopulationSituation

FloatArray = NDArray[np.float64]
Hazards = Mapping[Reason, FloatArray]
#: People a month for 1,000 at a hazard of 1 a day.
_MONTHLY = 30_000.0


def per_month(hazard: float) -> str:
    """Say a hazard a day as people of 1,000 in 30 days."""
    return f"{_number(_MONTHLY * hazard)} per 1,000 a month"


def _number(value: float) -> str:
    if 0.0 < value < 0.01:
        return "less than 0.01"
    return f"{value:.0f}" if value >= 100.0 else f"{value:.1f}" if value >= 10.0 else f"{value:.2f}"


def _span(low: float, high: float) -> str:
    """Say a range of numbers, or the number when the ends look alike."""
    ends = _number(low if high >= 0.01 else high), _number(high)
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def told(situation: PopulationSituation, hazards: Hazards, returns: ReturnParameters, safety: FloatArray, swing: float) -> tuple[str, ...]:
    """Reasons of a population, the strongest drivers of return first.

    Parameters
    ----------
    hazards
        What it answered.
    safety
        (homes,) safety of its home regions.
    swing
        Seasonal factor of its returns.
    """
    return tuple(_told(situation, hazards, returns, safety, swing))


def _told(situation: PopulationSituation, hazards: Hazards, returns: ReturnParameters, safety: FloatArray, swing: float) -> Iterator[str]:
    status = situation.status
    if status in ABROAD:
        for host in situation.hosts:
            yield _fear(situation, hazards, host)
        if situation.hosts:
            season = f", season {swing:.2f} times the yearly mean" if swing != 1.0 else ""
            yield _home(situation, hazards, returns, safety, "return of their own accord") + season
    elif status == Status.IDP:
        yield _home(situation, hazards, returns, safety, "go back to their home region")
    elif status == Status.RETURNEE:
        yield f"{per_month(_most(hazards[Reason.REENTRY]))} go back abroad, as a steady share of recent returnees does"
    else:
        yield _emigration(situation, hazards)
    yield _violence(situation, hazards)


def _fear(situation: PopulationSituation, hazards: Hazards, host: HostView) -> str:
    """Fear in one host country, with the number of the deadline and of removals."""
    name = situation.names.country(host.country)
    if not host.frightens or Reason.FEAR not in hazards:
        return f"fear makes 0 per 1,000 a month leave {name}: no deadline is near and nobody is removed"
    here = (situation.country == host.country).nonzero()[0]
    rate = float(hazards[Reason.FEAR][0, here[0]]) if len(here) else 0.0
    onward = float(hazards[Reason.ONWARD][0, here[0]]) if len(here) and Reason.ONWARD in hazards else 0.0
    deadline = f"nearness of the deadline {host.fear:.2f} of 1" if host.fear > 0.0 else "no deadline for them (0)"
    seen = [f"{deadline}, {host.removals:.2f} of 1,000 removed a month"]
    if host.exposed < 1.0:
        seen.append(f"{host.exposed:.0%} of them heed deadlines")
    if host.campaign:
        seen.append("an enforced campaign is on")
    if host.climate is not None and host.climate.frightens:
        around = host.climate
        seen.append(f"around them undocumented people see a deadline as near as {around.fear:.2f} and {around.removals:.2f} of 1,000 removed a month")
    further = f"; a further {per_month(onward)} move on to a third country" if onward > 0.0 else ""
    return f"fear of deportation makes {per_month(rate)} leave {name} for home: {', '.join(seen)}{further}"


def _home(situation: PopulationSituation, hazards: Hazards, returns: ReturnParameters, safety: FloatArray, what: str) -> str:
    """Safety at home against the threshold, and what makes it."""
    rates = hazards[Reason.VOLUNTARY].max(axis=1)
    name, homes = situation.names.country(situation.own_country), situation.names.homes_of(situation.own_country)
    worst, best = int(safety.argmin()), int(safety.argmax())
    seen = f"{safety[best]:.2f}"
    if f"{safety[worst]:.2f}" != seen and best < len(homes):
        seen = f"{safety[worst]:.2f} ({homes[worst]}) to {seen} ({homes[best]})"
    reached = "above" if safety[worst] >= returns.threshold else "below" if safety[best] < returns.threshold else "around"
    deaths = _span(float(situation.home_violence.min()), float(situation.home_violence.max()))
    return (
        f"{_span(_MONTHLY * float(rates.min()), _MONTHLY * float(rates.max()))} per 1,000 a month {what}: safety at home in {name} is "
        f"{seen}, {reached} the threshold of {returns.threshold:.2f} (base safety {situation.safety:.2f}, livelihood "
        f"{situation.livelihood:.2f}, {deaths} deaths per 100,000 in 30 days)"
    )


def _emigration(situation: PopulationSituation, hazards: Hazards) -> str:
    """Everyday emigration, and what a dated exodus adds."""
    name = situation.names.country(situation.own_country)
    waves = [f"{_number(_MONTHLY * float(rate))} of it to {situation.names.country(c)} in an exodus" for c, rate in enumerate(situation.exodus) if rate > 0.0]
    return f"{per_month(_most(hazards[Reason.EMIGRATION]))} emigrate from {name}" + (f", {', '.join(waves)}" if waves else "")


def _violence(situation: PopulationSituation, hazards: Hazards) -> str:
    """Flight where it is most violent."""
    own = situation.country == situation.own_country
    where = (own if situation.status not in ABROAD else ~own & (situation.country >= 0)).nonzero()[0]
    deaths = situation.violence[where]
    if not len(where) or not deaths.max() > 0.0:
        return "violence makes 0 per 1,000 a month flee: nobody was killed in 30 days where they live"
    worst = int(where[int(deaths.argmax())])
    flight = hazards[Reason.FLIGHT]
    rate = float(np.broadcast_to(flight, (flight.shape[0], len(situation.country)))[0, worst])
    return (
        f"violence makes {per_month(rate)} flee where it is worst, in {situation.names.place(worst)}: "
        f"{_number(float(situation.violence[worst]))} deaths per 100,000 in 30 days"
    )


def _most(hazard: FloatArray) -> float:
    return float(hazard.max(initial=0.0))
