"""How a government that shelters groups answers pressure: both signs are open, neither is wired in.

Pressure may bring concessions (deterrence) or make cooperation impossible (spiral); the literature
on sanctions and coercion finds both, and the ranking of policies hangs on it.
"""

from __future__ import annotations

import pydantic.dataclasses

from agents.levers import Slot
from agents.parameters import STRICT, par
from agents.situations import GovernmentSituation, RivalView

_CONTESTED = "contested: Hufbauer et al. 2007 against Pape 1997; both signs must be run"


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class ResponseParameters:
    """Cooperation asked = baseline - spiral * hostility + deterrence * pressure."""

    spiral: float = par(0.1, 0.0, 0.6, "per point of hostility", _CONTESTED, "cooperation lost as hostility grows")
    deterrence: float = par(0.1, 0.0, 0.4, "per unit of pressure", _CONTESTED, "cooperation won by the rival's pressure")
    calm: float = par(0.7, -1.0, 2.0, "Goldstein/10 points a week", "assumption", "hostility at which cooperation is at baseline")


def cooperation(situation: GovernmentSituation, rival: RivalView, response: ResponseParameters) -> tuple[float, str]:
    """Return the cooperation to ask for, and why in words."""
    base = situation.baseline.get(Slot("cooperation", rival.name), 0.0)
    if base <= 0.0:
        return 0.0, f"shelters nobody against {rival.name}, so there is nothing to cooperate on"
    heat = rival.hostility - response.calm
    asked = min(max(base - response.spiral * heat + response.deterrence * rival.pressure, 0.0), 1.0)
    return asked, (
        f"asks for cooperation with {rival.name} of {asked:.2f}: baseline {base:.2f}, {abs(response.spiral * heat):.2f} "
        f"{'less' if heat > 0.0 else 'more'} for hostility {rival.hostility:.2f}, "
        f"{response.deterrence * rival.pressure:.2f} more for its pressure {rival.pressure:.2f}"
    )
