"""The closed vocabularies: legal statuses, reasons of a trip, accounts, acts between governments."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Status(StrEnum):
    """Legal status of a person, seen from the country the person is in."""

    CITIZEN = "citizen"  #: at home in the own country
    RETURNEE = "returnee"  #: recently back in the own country, not yet absorbed
    IDP = "idp"  #: displaced within the own country
    REGISTERED = "registered"  #: recognised refugee (Proof of Registration card; Amayesh card)
    DOCUMENTED = "documented"  #: tolerated, with papers (Afghan Citizen Card; headcount slip)
    UNDOCUMENTED = "undocumented"  #: abroad without papers


#: Statuses of people outside their own country, in the order used by every array over statuses.
ABROAD: tuple[Status, ...] = (Status.REGISTERED, Status.DOCUMENTED, Status.UNDOCUMENTED)
#: Statuses of people inside their own country.
AT_HOME: tuple[Status, ...] = (Status.CITIZEN, Status.RETURNEE, Status.IDP)


class Reason(StrEnum):
    """Why a person sets out: the competing risks of movement, in the order of every array over reasons."""

    FLIGHT = "flight"  #: from violence, to safety inside the country or abroad
    EMIGRATION = "emigration"  #: for work or after a change of regime, across a border
    ONWARD = "onward"  #: from one host country to a third one
    VOLUNTARY = "voluntary"  #: return home because home is safe enough
    FEAR = "fear"  #: return home for fear of arrest and deportation
    DEPORTATION = "deportation"  #: formal deportation by the host
    REENTRY = "reentry"  #: back to the former host after a return


REASONS: tuple[Reason, ...] = tuple(Reason)


class Account(StrEnum):
    """Where people are booked who have left the table of places."""

    DEAD = "dead"
    RECRUITED = "recruited"
    NATURALISED = "naturalised"
    OUTSIDE = "outside"  #: a reservoir outside the region; negative when people came in


ACCOUNTS: tuple[Account, ...] = tuple(Account)


class FighterAccount(StrEnum):
    """Where fighters are booked: sources are negative, sinks positive."""

    RECRUITED = "recruited"
    KILLED = "killed"
    CAPTURED = "captured"
    LEFT = "left"


FIGHTER_ACCOUNTS: tuple[FighterAccount, ...] = tuple(FighterAccount)

#: Goldstein weights (Goldstein 1992, J. Conflict Resolution 36(2):369-385, as mapped to CAMEO codes)
#: of the acts that the model itself produces; dated acts carry their own weight in the tables.
GOLDSTEIN: Mapping[str, float] = MappingProxyType({
    "statement": 0.0,
    "rebuttal": -2.0,  # CAMEO 11 disapprove
    "denunciation": -4.0,  # 12 reject
    "demand": -5.0,  # 10 demand
    "closure": -4.0,  # 16 reduce relations
    "sanctions": -6.5,  # 163 embargo
    "transit_restriction": -6.5,  # 163 embargo
    "deportation": -5.0,  # 174 expel individuals
    "strike": -10.0,  # 195 air strike
    "support": 3.5,  # 05 diplomatic cooperation
    "talks": 7.0,  # 046 negotiate
    "cooperation": 7.4,  # 062/063 military and judicial cooperation
    "ceasefire": 9.0,  # 0871
})
