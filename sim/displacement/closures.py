"""Closures of a conflict folder: ``closures.csv`` and what its rows mean.

Flee and this project read some rows differently. Here a ``location`` or ``link`` row that names two places
closes the road between them, and one that names a single place closes the place. In Flee a ``location``
row closes every road of its first place, whatever the second name says, and a ``link`` row does nothing.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sim.csvrows import Row, suggestion
from sim.displacement.conflict import Closure, ClosureKind, Conflict, ConflictPlace
from sim.displacement.flee_rows import read_sheet, whole

CLOSURE_COLUMNS = ("closure_type", "name1", "name2", "closure_start", "closure_end")
#: From this likeness on, an unknown name is taken for a slip of a known one.
_LIKE = 0.85


class Reading(StrEnum):
    """What a closure closes."""

    COUNTRIES = "countries"  #: every road between two countries
    ROAD = "road"  #: the road between two places
    PLACE = "place"  #: a place, with all its roads
    CAMP = "camp"  #: a camp, which takes nobody in and is a town meanwhile
    NOTHING = "nothing"  #: a forced redirection is lifted, or nothing at all


@dataclass(frozen=True)
class ClosureReading:
    """A closure as it is understood: ``a`` and ``b`` are two countries or two places, ``b`` empty for one."""

    kind: Reading
    a: str = ""
    b: str = ""


def closure_reading(closure: Closure, conflict: Conflict, *, flee: bool = False) -> ClosureReading:
    """Return what a closure closes.

    Parameters
    ----------
    closure
        The row.
    conflict
        The conflict that it belongs to.
    flee
        Whether to read it as Flee does.
    """
    kind, a, b = closure.kind, closure.name1, closure.name2
    if kind is ClosureKind.COUNTRY:
        return ClosureReading(Reading.COUNTRIES, a, b)
    if kind in (ClosureKind.CAMP, ClosureKind.IDP_CAMP):
        camp = any(place.name == a and place.is_camp for place in conflict.places)
        return ClosureReading(Reading.CAMP if camp else Reading.NOTHING, a)
    if kind is ClosureKind.REDIRECTION or (flee and kind is ClosureKind.LINK):
        return ClosureReading(Reading.NOTHING, a, b)
    two = b != a and any(place.name == b for place in conflict.places)
    return ClosureReading(Reading.ROAD, a, b) if two and not flee else ClosureReading(Reading.PLACE, a)


def read_closures(
    path: Path, places: tuple[ConflictPlace, ...]
) -> tuple[tuple[Closure, ...], tuple[str, ...]]:
    """Read ``closures.csv``; return closures and remarks."""
    sheet = read_sheet(path, ("closure_type", "type"))
    names = [place.name for place in places]
    countries = list(dict.fromkeys(place.country for place in places))
    camps = [place.name for place in places if place.is_camp]
    closures: list[Closure] = []
    remarks: list[str] = []
    for line, cells in sheet.rows:
        row = sheet.row(line, cells, CLOSURE_COLUMNS)
        kind = ClosureKind(row.check("closure_type", row.text("closure_type").lower(), [str(known) for known in ClosureKind], "closure type"))
        remark = _check_names(row, kind, names, countries, camps)
        start = whole(row, "closure_start")
        end = whole(row, "closure_end") if row.has("closure_end") else -1
        closures.append(Closure(kind, row.cells["name1"], row.cells["name2"], start, end))
        if start < 0:
            remark = f"{remark}; " * bool(remark) + f"it begins on day {start}: here it is in force from day 0, in Flee never"
        if remark:
            remarks.append(f"{path.name}, line {line}: {remark}")
    return tuple(closures), tuple(remarks)


def _check_names(row: Row, kind: ClosureKind, names: list[str], countries: list[str], camps: list[str]) -> str:
    """Complain about names that cannot be meant; return a remark on one that means nothing, else ``""``."""
    if kind is ClosureKind.COUNTRY:
        return "; ".join(filter(None, [_country(row, column, names, countries) for column in ("name1", "name2")]))
    if kind in (ClosureKind.CAMP, ClosureKind.IDP_CAMP):
        name = row.choice("name1", names, "place")
        return "" if name in camps else f"{name!r} is no camp; the row closes nothing"
    other = row.cells["name2"]
    if kind is ClosureKind.REDIRECTION and not {row.cells["name1"], other} <= set(names):
        return "no redirection leads between these names; the row does nothing"
    row.choice("name1", names, "place")
    if kind is not ClosureKind.LOCATION:  # a link and a redirection lead from one place to another
        row.choice("name2", names, "place")
        if other == row.cells["name1"]:
            raise row.bad("name2", f"{other!r} stands on both sides; name another place")
        return ""
    if not other or other in names or other in countries:
        return ""
    if _slip(other, [*names, *countries]):
        row.check("name2", other, [*names, *countries], "place or country")
    return f"{other!r} is neither a place nor a country here; the row closes {row.cells['name1']}"


def _country(row: Row, column: str, names: list[str], countries: list[str]) -> str:
    name = row.text(column)
    if name in countries:
        return ""
    if name in names or _slip(name, countries):
        raise row.bad(column, f"unknown country {name!r}; {suggestion(name, countries)}")
    return f"no place lies in {name!r}; the row closes nothing"


def _slip(name: str, known: list[str]) -> bool:
    """Whether a name is one of the known ones but for a slip of the pen."""
    plain = [other.lower().replace("_", " ") for other in known]
    return bool(difflib.get_close_matches(name.lower().replace("_", " "), plain, n=1, cutoff=_LIKE))
