"""Legal status: registration, expiry, revocation, regularisation, naturalisation; returnees settle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pydantic.dataclasses
from numpy.typing import NDArray

from agents.parameters import STRICT, par
from agents.vocabulary import Account, Status
from sim import draws, measures
from sim.accounts import ACCOUNT_INDEX
from sim.people import Block
from sim.state import State
from sim.streams import Streams
from sim.today import Today

if TYPE_CHECKING:
    from sim.setting import Setting

FloatArray = NDArray[np.float64]
YEAR = 365.25
#: Days between two working days of the offices.
WEEK = 7


@pydantic.dataclasses.dataclass(config=STRICT, frozen=True)
class StatusParameters:
    """How fast statuses change."""

    registration: float = par(0.5, 0.0, 4.0, "1/year at level 1", "assumption: the ACC drive of 2017-18 reached about 0.88 M in half a year", "undocumented people who get papers under registration")
    regularisation: float = par(0.2, 0.0, 2.0, "1/year at level 1", "assumption", "documented people who become registered refugees")
    naturalisation: float = par(0.02, 0.0, 0.5, "1/year at level 1", "assumption: rare in the region", "registered refugees who are naturalised")
    expiry: float = par(0.0, 0.0, 1.0, "1/year", "PoR cards were extended throughout 2021-2024; assumption 0", "cards that run out without renewal")
    revocation: float = par(0.5, 0.0, 4.0, "1/year at level 1", "assumption", "cards revoked where the status is itself deported")
    settling: float = par(0.68, 0.0, 4.0, "1/year", "assumption: e-folding of 540 days (180-1,080)", "recent returnees who are absorbed at home")
    integration: float = par(1.0, 0.0, 5.0, "-", "assumption", "how much the integration lever at 1 speeds up settling")
    idp_settling: float = par(0.05, 0.0, 1.0, "1/year", "assumption: displacement in Afghanistan is protracted", "displaced people who settle where they are")


def change_status(state: State, setting: Setting, streams: Streams, today: Today) -> None:
    """Draw changes of legal status at every place, on the day of the week when offices do their work.

    Rates are small, so changes are drawn once a week with seven days' hazard.
    """
    if today.day % WEEK:
        return
    p = setting.parameters.status
    week = WEEK / YEAR
    level = {name: measures.level_at_places(state, setting, name) for name in ("registration", "regularisation", "integration")}
    expelled = {s.value: measures.level_at_places(state, setting, "deportation", s.value) for s in (Status.REGISTERED, Status.DOCUMENTED)}
    lost = p.expiry * (1.0 - level["registration"])
    faster = 1.0 + p.integration * level["integration"]
    abroad = (
        (Status.UNDOCUMENTED, Status.DOCUMENTED, p.registration * level["registration"]),
        (Status.DOCUMENTED, Status.REGISTERED, p.regularisation * level["regularisation"]),
        (Status.REGISTERED, Status.UNDOCUMENTED, lost + p.revocation * expelled["registered"]),
        (Status.DOCUMENTED, Status.UNDOCUMENTED, p.revocation * expelled["documented"]),
    )
    at_home = [(Status.RETURNEE, p.settling * faster)]
    if setting.network is None:  # people in a camp at home stay counted there
        at_home.append((Status.IDP, p.idp_settling * faster))
    for nationality in setting.nationalities:
        blocks = {status: setting.populations.block(nationality, status) for status in Status}
        own = setting.world.country == nationality
        for source, target, rate in abroad:
            if not np.count_nonzero(rate):
                continue
            _switch(state, streams, today, blocks[source], blocks[target], week * rate * ~own)
        _naturalise(state, streams, today, blocks[Status.REGISTERED], week * p.naturalisation * level["regularisation"] * ~own)
        for source, rate in at_home:
            _switch(state, streams, today, blocks[source], blocks[Status.CITIZEN], week * rate * own)


def _drawn(state: State, streams: Streams, today: Today, block: Block, hazard: FloatArray, address: str) -> NDArray[np.int64] | None:
    """Draw how many of a block change at each place, (homes, places); None when nobody can."""
    if not np.count_nonzero(hazard):
        return None
    here = state.people[block.rows]
    cells = np.nonzero(here)
    if not len(cells[0]):
        return None
    chances = draws.risks_to_chances(hazard[cells[1]][:, None])
    drawn = streams.generator("status", address, today.day).multinomial(here[cells], chances)[:, 0]
    changed = np.zeros_like(here)
    changed[cells] = drawn
    return changed


def _switch(state: State, streams: Streams, today: Today, source: Block, target: Block, hazard: FloatArray) -> None:
    """Move people from one status to another at the hazard of each place over a week."""
    changed = _drawn(state, streams, today, source, hazard, f"{source.name}>{target.status.value}")
    if changed is None:
        return
    if today.flows is not None:
        alike = target.homes == source.homes
        rows = np.arange(target.first, target.first + target.homes) if alike else np.full(source.homes, target.first)
        today.flows.changed(state, source.rows, changed, rows)
    state.people[source.rows] -= changed
    if target.homes == source.homes:
        state.people[target.rows] += changed
    else:  # by home region into the one row of citizens
        state.people[target.first] += changed.sum(axis=0)


def _naturalise(state: State, streams: Streams, today: Today, source: Block, hazard: FloatArray) -> None:
    """Book naturalised people out: they are citizens of the host and no longer displaced."""
    changed = _drawn(state, streams, today, source, hazard, f"{source.name}>naturalised")
    if changed is None:
        return
    if today.flows is not None:
        today.flows.changed(state, source.rows, changed, Account.NATURALISED)
    state.people[source.rows] -= changed
    state.accounts[ACCOUNT_INDEX[Account.NATURALISED.value], source.rows] += changed.sum(axis=1)

