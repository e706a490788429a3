"""Places and roads of a conflict folder: ``locations.csv`` and ``routes.csv``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from sim.csvrows import LARGEST, Row, suggestion
from sim.displacement.conflict import ConflictPlace, Kind, Road
from sim.displacement.flee_rows import Sheet, read_sheet, whole

PLACE_COLUMNS = ("name", "region", "country", "latitude", "longitude", "location_type", "conflict_date", "population")
ROAD_COLUMNS = ("name1", "name2", "distance", "forced_redirection")
#: What Flee calls an empty region or country.
UNKNOWN = "unknown"
#: Parts of ``location_type`` by which a kind is known, in this order.
_KINDS: tuple[tuple[str, Kind], ...] = (
    ("camp", Kind.CAMP),
    ("conflict", Kind.CONFLICT),
    ("forward", Kind.HUB),
    ("marker", Kind.MARKER),
    ("flood", Kind.FLOOD),
    ("default", Kind.TOWN),
    ("town", Kind.TOWN),
)
_MOVE_SPEED, _WALK = "max_move_speed", "walk_probability"


def read_places(path: Path) -> tuple[ConflictPlace, ...]:
    """Read ``locations.csv``."""
    sheet = read_sheet(path, ("name",))
    extra = _extra_columns(sheet, len(PLACE_COLUMNS))
    columns = PLACE_COLUMNS + extra
    places: list[ConflictPlace] = []
    lines: dict[str, int] = {}
    for line, cells in sheet.rows:
        row = sheet.row(line, cells, columns)
        place = _place(row, extra)
        if place.name in lines:
            raise row.bad("name", f"{place.name!r} stands already on line {lines[place.name]}; names are unique")
        lines[place.name] = line
        places.append(place)
    return tuple(places)


def _place(row: Row, extra: tuple[str, ...]) -> ConflictPlace:
    kind = _kind(row)
    camp = kind in (Kind.CAMP, Kind.IDP_CAMP)
    people = whole(row, "population", 0) if row.has("population") else 0
    if people > LARGEST:
        raise row.bad("population", f"{people} is out of range; write a whole number of at most {LARGEST:g}")
    dated = kind is Kind.CONFLICT and row.has("conflict_date")
    return ConflictPlace(
        name=row.text("name"),
        region=row.cells["region"] or UNKNOWN,
        country=row.cells["country"] or UNKNOWN,
        lat=row.number_or("latitude", 0.0, -90.0, 90.0),
        lon=row.number_or("longitude", 0.0, -180.0, 180.0),
        kind=kind,
        conflict_date=whole(row, "conflict_date") if dated else 0,
        population=0 if camp else people,
        capacity=people if camp else 0,
        attributes=MappingProxyType({column: row.cells[column] for column in extra}) if extra else _NO_ATTRIBUTES,
    )


_NO_ATTRIBUTES: Mapping[str, str] = MappingProxyType({})


def _kind(row: Row) -> Kind:
    text = row.text("location_type").lower()
    for part, kind in _KINDS:
        if part in text:
            return Kind.IDP_CAMP if kind is Kind.CAMP and "idp" in text else kind
    known = ("conflict_zone", "town", "camp", "idpcamp", "forwarding_hub", "marker", "flood_zone")
    raise row.bad("location_type", f"unknown kind {text!r}; {suggestion(text, known)}")


def read_roads(
    path: Path, places: tuple[ConflictPlace, ...]
) -> tuple[tuple[Road, ...], tuple[str, ...], tuple[str, ...]]:
    """Read ``routes.csv``.

    Returns
    -------
    Roads, further columns that play no part here, and remarks.
    """
    sheet = read_sheet(path, ("name1", "name", "startpoint", "start"))
    extra = _extra_columns(sheet, len(ROAD_COLUMNS))
    columns = ROAD_COLUMNS + extra
    index = {place.name: i for i, place in enumerate(places)}
    roads: list[Road] = []
    remarks: list[str] = []
    lines: dict[frozenset[int], int] = {}
    for line, cells in sheet.rows:
        row = sheet.row(line, cells, columns)
        road = _road(row, index, extra)
        pair = frozenset((road.a, road.b))
        if pair in lines:
            words = f"{row.cells['name1']} - {row.cells['name2']}"
            remarks.append(f"{path.name}, line {line}: the road {words} stands already on line {lines[pair]}; both count")
        lines.setdefault(pair, line)
        roads.append(road)
    return tuple(roads), tuple(name for name in extra if name not in (_MOVE_SPEED, _WALK)), tuple(remarks)


def _road(row: Row, index: Mapping[str, int], extra: tuple[str, ...]) -> Road:
    for column in ROAD_COLUMNS[:2]:
        if row.text(column) not in index:
            row.choice(column, index, "place")
    name1, name2 = row.cells["name1"], row.cells["name2"]
    if name1 == name2:
        raise row.bad("name2", f"the road leads from {name1!r} to itself; name another place")
    distance = row.number("distance", 0.0, 100_000.0)
    if distance == 0.0:
        raise row.bad("distance", "0 is out of range; write a distance above 0 km")
    redirection = row.cells["forced_redirection"] or "0"
    if redirection not in ("0", "1", "2"):
        raise row.bad("forced_redirection", f"{redirection!r} is not known; write 0, 1, 2 or leave the cell empty")
    speed = row.optional(_MOVE_SPEED, 0.0, 100_000.0) if _MOVE_SPEED in extra else None
    if speed == 0.0:
        raise row.bad(_MOVE_SPEED, "0 is out of range; write km a day above 0 or leave the cell empty")
    walk = row.number_or(_WALK, 0.0, 0.0, 1.0) if _WALK in extra else 0.0
    return Road(index[name1], index[name2], distance, int(redirection), speed, walk)


def _extra_columns(sheet: Sheet, known: int) -> tuple[str, ...]:
    """Names of the columns behind the known ones; by their number where the header names none."""
    names = list(sheet.header[known:])
    while names and not names[-1]:
        names.pop()
    widest = max((len(cells) for _, cells in sheet.rows), default=0)
    count = max(len(names), widest - known)
    names += [""] * (count - len(names))
    return tuple(name or f"column {known + i + 1}" for i, name in enumerate(names))
