"""Rows of ``history.csv`` and ``exogenous.csv``: dated acts of agents, and events that nobody decides."""

from __future__ import annotations

import math

from agents.levers import BY_NAME, Target
from agents.vocabulary import ABROAD
from sim.csvrows import LARGEST, Row
from sim.tables import EFFECTS, ExogenousRow, HistoryRow, Place

HISTORY_REQUIRED = "date type actor"
HISTORY_OPTIONAL = (
    "end_date target description places goldstein lever lever_targets level statuses deadline salience "
    "implemented confidence source"
)
EXOGENOUS_REQUIRED = "date type"
EXOGENOUS_OPTIONAL = (
    "end_date actor target description places goldstein effect subject value decay_days confidence source"
)


def _lever(row: Row, places: tuple[Place, ...]) -> tuple[str, tuple[str, ...], float | None]:
    """Return the lever of a row of the history, its targets and its level."""
    if not row.has("lever"):
        for column in ("lever_targets", "level"):
            if row.has(column):
                raise row.bad(column, "the row names no lever; fill 'lever' or leave the cell empty")
        return "", (), None
    lever = BY_NAME[row.choice("lever", BY_NAME, "lever")]
    known: list[str] | None = None  # governments are known to scenario.yaml only
    if lever.target is Target.CROSSING:
        known = [p.name for p in places if p.is_crossing]
    elif lever.target is Target.STATUS:
        known = [str(status) for status in ABROAD]
    targets = row.names("lever_targets", known, str(lever.target))
    if lever.target is Target.NONE and targets:
        raise row.bad("lever_targets", f"{lever.name!r} has no target; leave the cell empty")
    if lever.target is not Target.NONE and not targets:
        raise row.bad("lever_targets", f"the cell is empty; {lever.name!r} needs a {lever.target}, or *")
    return lever.name, targets, row.number("level", lever.low, 1.0)


def history_row(row: Row, places: tuple[Place, ...]) -> HistoryRow:
    """Return a checked row of the history."""
    date = row.date("date")
    kind = row.text("type")
    lever, targets, level = _lever(row, places)
    statuses = row.names("statuses", [str(status) for status in ABROAD], "status")
    deadline = row.optional_date("deadline", date)
    if bool(statuses) != (deadline is not None):
        empty = "deadline" if statuses else "statuses"
        raise row.bad(empty, "the cell is empty; an announcement needs both 'statuses' and 'deadline'")
    end = row.optional_date("end_date", date)
    where = row.names("places", [p.name for p in places], "place")
    if kind == "ceasefire" and end is None:
        raise row.bad("end_date", "the cell is empty; a ceasefire needs the day on which it is over")
    if kind in ("airstrike", "strike") and not where:
        raise row.bad("places", "the cell is empty; a strike needs the places it hit")
    return HistoryRow(
        date=date,
        end_date=end,
        type=kind,
        actor=row.text("actor"),
        target=row.cells["target"],
        description=row.cells["description"],
        places=where,
        goldstein=row.optional("goldstein", -10.0, 10.0),
        lever=lever,
        lever_targets=targets,
        level=level,
        statuses=statuses,
        deadline=deadline,
        salience=row.number_or("salience", 1.0, 0.0, 1.0),
        implemented=row.flag("implemented", True),
        confidence=row.cells["confidence"],
        source=row.cells["source"],
    )


def exogenous_row(row: Row, places: tuple[Place, ...]) -> ExogenousRow:
    """Return a checked exogenous event."""
    date = row.date("date")
    effect = row.choice("effect", EFFECTS, "effect") if row.has("effect") else ""
    closure = effect in ("close_people", "close_trade")
    countries = list(dict.fromkeys(p.country for p in places if p.country))
    where = row.names(
        "places", [p.name for p in places if p.is_crossing or not closure], "crossing" if closure else "place"
    )
    highest = {"": math.inf, "exodus": LARGEST, "intensity": 1000.0}.get(effect, 1.0)
    value = row.number("value", 0.0, highest) if effect else row.number_or("value", 0.0)
    subject, target = row.cells["subject"], row.cells["target"]
    if effect in ("safety", "exodus"):
        subject = row.choice("subject", countries, "country")
    elif effect in ("cooperation", "intensity"):
        subject = row.text("subject")
    if effect == "exodus":
        target = row.choice("target", [name for name in countries if name != subject], "country")
    elif effect == "cooperation":
        target = row.text("target")
    if closure and not where:
        raise row.bad("places", "the cell is empty; name the crossings, or *")
    end = row.optional_date("end_date", date)
    if end is None and (closure or effect == "intensity"):
        raise row.bad("end_date", f"the cell is empty; {effect!r} needs the day on which it ends")
    if end is not None and effect in ("cooperation", "safety", "exodus"):
        raise row.bad("end_date", f"{effect!r} has no end; leave the cell empty, and give a second row for the day it changes back")
    decay = row.number("decay_days", 1.0, 36_500.0) if effect == "exodus" else row.number_or("decay_days", 0.0, 0.0)
    return ExogenousRow(
        date=date,
        end_date=end,
        type=row.text("type"),
        actor=row.cells["actor"],
        target=target,
        description=row.cells["description"],
        places=where,
        goldstein=row.optional("goldstein", -10.0, 10.0),
        effect=effect,
        subject=subject,
        value=value,
        decay_days=decay,
        confidence=row.cells["confidence"],
        source=row.cells["source"],
    )
