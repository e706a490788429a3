"""Read a conflict folder in Flee's format: ``input_csv/`` and ``source_data/``.

Columns and files are as Flee reads them. What Flee would stumble over, or would read as something that
cannot be meant, is refused in one line; what it reads in spite of a flaw is read, and remarked upon.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from agents.errors import InputError
from sim.csvrows import suggestion
from sim.displacement.closures import read_closures
from sim.displacement.conflict import Closure, Conflict, ConflictPlace, FloatArray, IntArray, Road
from sim.displacement.fighting import intensity, read_fighting
from sim.displacement.flee_rows import read_sheet, the_date, whole
from sim.displacement.places import read_places, read_roads
from sim.displacement.series import Series, correct, read_layout

INPUT, SOURCE = "input_csv", "source_data"
LOCATIONS, ROUTES, CLOSURES, CONFLICTS = "locations.csv", "routes.csv", "closures.csv", "conflicts.csv"
CORRECTIONS, PERIOD, LAYOUT = "registration_corrections.csv", "sim_period.csv", "data_layout.csv"
#: Files of the folder itself, or of the working directory, that Flee reads and that play no part here.
_BESIDE = ("agents.csv", "location_changes.csv")
_KEYS = ("StartDate", "Length")
LONGEST = 36_525


def is_conflict_folder(folder: Path) -> bool:
    """Whether a folder is in Flee's format."""
    return (Path(folder) / INPUT).is_dir()


def read_conflict(folder: Path) -> Conflict:
    """Read a folder in Flee's format.

    Raises
    ------
    InputError
        In one line: the file, the line and the column, and what would be right.
    """
    folder = Path(folder)
    given, source = folder / INPUT, folder / SOURCE
    for needed in (folder, given, source):
        if not needed.is_dir():
            raise InputError(f"{needed}: no such folder; a folder in Flee's format holds {INPUT}/ and {SOURCE}/")
    files = [given / LOCATIONS, given / ROUTES]
    places = read_places(files[0])
    if not places:
        raise InputError(f"{files[0]}: it holds no place; write one a line")
    roads, columns, remarks = read_roads(files[1], places)
    found = list(remarks)
    series = read_layout(source / LAYOUT)
    camps = _camps(source / LAYOUT, places, series)
    start: dt.date | None = None
    days: int | None = None
    if (given / PERIOD).is_file():
        start, days, more = _period(given / PERIOD)
        files.append(given / PERIOD)
        found += more
    start = start or dt.date.fromordinal(min(min(one.dates) for one in _counted(series)))
    fighting = None
    if (given / CONFLICTS).is_file():
        files.append(given / CONFLICTS)
        fighting = read_fighting(files[-1], places)
        found += fighting.remarks
        if days is not None and fighting.days < days:
            raise InputError(
                f"{files[-1]}: it has {fighting.days} rows of days, but {PERIOD} has a Length of {days}; add a row for every day"
            )
    if days is None:
        last = max(max(one.dates) for one in _counted(series)) - start.toordinal() + 1
        days = min(last, fighting.days) if fighting is not None else last
        if days < 1:
            raise InputError(f"{given}: no day has both counts and rows of {CONFLICTS}; write {PERIOD} with StartDate and Length")
    if days > min(LONGEST, dt.date.max.toordinal() - start.toordinal()):
        raise InputError(f"{given / PERIOD}: {days} days from {start} are out of range; write a Length of at most {LONGEST}")
    closures: tuple[Closure, ...] = ()
    if (given / CLOSURES).is_file():
        files.append(given / CLOSURES)
        closures, doubts = read_closures(files[-1], places)
        found += doubts
    if (given / CORRECTIONS).is_file():
        files.append(given / CORRECTIONS)
        correct(files[-1], series, start)
    counts, known, total = _daily(series, places, camps, start, days)
    first = start.toordinal()
    if not any(first <= date < first + days for one in _counted(series) for date in one.dates):
        raise InputError(f"{source}: no count lies in the {days} days from {start}; write the right StartDate and Length into {PERIOD}")
    level = intensity(places, days, fighting)
    found += _doubts(places, roads, level)
    return Conflict(
        name=folder.resolve().name, folder=folder, start=start, days=days, places=places, roads=roads,
        closures=closures, intensity=level, camps=camps, counts=counts, known=known,
        total=total, files=(*files, source / LAYOUT, *_files(series)), home=places[0].country,
        unused=(*_unused(folder, files), *(f"{ROUTES} ({name})" for name in columns)),
        remarks=(*found, *(remark for one in series for remark in one.remarks)),
    )  # fmt: skip


def _doubts(places: tuple[ConflictPlace, ...], roads: tuple[Road, ...], level: FloatArray) -> list[str]:
    """What is in order but can hardly be meant, one line each."""
    zones = np.flatnonzero((level > 0.0).any(axis=0)).tolist()
    if not zones:
        return ["there is no fighting on any day; people come from all conflict zones alike"]
    doubts = [] if any(places[zone].population for zone in zones) else ["no place of fighting has residents; all weigh alike"]
    group = list(range(len(places)))

    def root(place: int) -> int:
        while group[place] != place:
            place = group[place]
        return place

    for road in roads:
        group[root(road.a)] = root(road.b)
    camps = {root(i) for i, place in enumerate(places) if place.is_camp}
    cut_off = [places[zone].name for zone in zones if root(zone) not in camps]
    if cut_off:
        doubts.append(f"no road leads to a camp from {', '.join(cut_off[:3])}{' and others' if len(cut_off) > 3 else ''}; people there stay")
    return doubts


def _counted(series: tuple[Series, ...]) -> tuple[Series, ...]:
    """The series that are people's whereabouts: all but the total, or the total when there is no other."""
    return series[1:] or series


def _camps(path: Path, places: tuple[ConflictPlace, ...], series: tuple[Series, ...]) -> IntArray:
    """Indices of the camps in the order of their series; every camp needs one."""
    index = {place.name: i for i, place in enumerate(places)}
    names = [one.name for one in series[1:]]
    for place in places:
        if place.is_camp and place.name not in names:
            raise InputError(
                f"{path}, column 'name': camp {place.name!r} of {LOCATIONS} has no series; "
                f"write a line '{place.name},FILE' ({suggestion(place.name, names)})"
            )
    return np.array([index[name] for name in names if name in index and places[index[name]].is_camp], dtype=np.int64)


def _period(path: Path) -> tuple[dt.date | None, int | None, list[str]]:
    """Read ``sim_period.csv``: start and length (each may be missing), and remarks."""
    start: dt.date | None = None
    days: int | None = None
    remarks: list[str] = []
    keys = {key.lower(): key for key in _KEYS}
    sheet = read_sheet(path)
    for line, cells in sheet.rows:
        key = keys.get(cells[0].lower(), cells[0])
        row = sheet.row(line, ["", *cells[1:]], ("name", key))
        if key == _KEYS[0]:
            start = the_date(row, key)
        elif key == _KEYS[1]:
            days = whole(row, key, 1)
            if days > LONGEST:
                raise row.bad(key, f"{days} days are out of range; write at most {LONGEST}")
        else:
            advice = suggestion(key, _KEYS)
            if advice.startswith("did"):
                raise sheet.row(line, cells, ("name",)).bad("name", f"unknown key {key!r}; {advice}")
            remarks.append(f"{path.name}, line {line}: {key!r} plays no part; {advice}")
    return start, days, remarks


def _daily(
    series: tuple[Series, ...], places: tuple[ConflictPlace, ...], camps: IntArray, start: dt.date, days: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Return what every day's counts are: by camp, over all series but the total, and the total."""
    axis = np.arange(start.toordinal(), start.toordinal() + days)
    daily = {one.name: one.on(axis) for one in series}
    counts = np.zeros((days, len(camps)), dtype=np.int64)
    for column, camp in enumerate(camps):
        counts[:, column] = daily[places[camp].name]
    known = np.zeros(days, dtype=np.int64)
    for one in series[1:]:
        known += daily[one.name]
    return counts, known, daily[series[0].name]


def _files(series: Iterable[Series]) -> tuple[Path, ...]:
    """The files of all series, each once."""
    return tuple(dict.fromkeys(file for one in series for file in one.files))


def _unused(folder: Path, files: list[Path]) -> tuple[str, ...]:
    """Name the tables that are there and play no part."""
    there = sorted(path for path in (folder / INPUT).iterdir() if path.suffix == ".csv" and path not in files)
    beside = [folder / name for name in _BESIDE if (folder / name).is_file()]
    return tuple(path.name for path in (*there, *beside))
