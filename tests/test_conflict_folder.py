"""Folders in Flee's format: every file, column and convention, and one line for what is inconsistent."""

from __future__ import annotations

import csv
import datetime as dt
import itertools
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from conflicts import DATA

from agents.errors import InputError
from experiments.check import check_scenario
from sim.compose import compose
from sim.displacement.closures import ClosureReading, Reading, closure_reading
from sim.displacement.conflict import Closure, ClosureKind, Conflict, Kind, Road
from sim.displacement.read import is_conflict_folder, read_conflict
from sim.displacement.tree import describe, scenario_tree
from sim.folder import check_actors, read_folder, read_yaml

LOCATIONS = """#name,region,country,lat,lon,location_type,conflict_date,population
Alpha,North,Home,1.0,10.0,conflict_zone,0,1000
Beta Town,North,Home,1.5,10.5,town,,200
Late,South,Home,1.7,10.1,conflict_zone,3,300
Hub,East,Away,2.0,11,forwarding_hub,,
Camp One,East,Away,2.5,11.5,camp,,500
Shelter,South,Home,1.9,10.2,idpcamp,,
"""
ROUTES = """#name1,name2,distance,forced_redirection
Alpha,Beta Town,40,
Beta Town,Hub,30.5,0
Hub,Camp One,10,2
Late,Beta Town,60,1
Late,Shelter,20,
"""
CLOSURES = """#closure_type,name1,name2,closure_start,closure_end
country,Home,Away,1,3
location,Alpha,Beta Town,0,2
location,Alpha,Home,0,-1
location,Hub,,2,0
link,Beta Town,Hub,1,4
camp,Camp One,,0,2
idpcamp,Shelter,,1,5
remove_forced_redirection,Hub,Camp One,4,0
"""
CONFLICTS = """#Day, Alpha, Beta Town, Late, Hub,
0,1,0,0,0
1,1,0,0.5,0
2,0,0,0.5,0
3,0,1,1,0
4,0,1,1,0
5,1,1,1,0
6,1,1,1,1
"""
FILES: Mapping[str, str] = {
    "input_csv/locations.csv": LOCATIONS,
    "input_csv/routes.csv": ROUTES,
    "input_csv/closures.csv": CLOSURES,
    "input_csv/conflicts.csv": CONFLICTS,
    "input_csv/sim_period.csv": "StartDate,2020-01-01\nLength,6\n",
    "input_csv/registration_corrections.csv": "",
    "source_data/data_layout.csv": "total,refugees.csv\nShelter,shelter.csv\nCamp One,one.csv\nElsewhere,else.csv\n",
    "source_data/refugees.csv": "2020-01-01,100\n2020-01-06,200\n",
    "source_data/shelter.csv": "2020-01-02,7\n2020-01-04,10\n",
    "source_data/one.csv": "2019-12-30,10\n2020-01-02,41\n2020-01-05,100\n",
    "source_data/else.csv": "2020-01-03,1000\n2020-01-05,1500\n",
}


def write(tmp_path: Path, changes: Mapping[str, str | None] | None = None) -> Path:
    """A small folder; a change of ``None`` leaves the file out."""
    folder = tmp_path / "small"
    for name, text in {**FILES, **(changes or {})}.items():
        if text is not None:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("utf-8"))
    return folder


def small(tmp_path: Path, **changes: str | None) -> Conflict:
    """A small conflict with some files changed: ``routes="..."``, ``one=None``."""
    given = {("source_data/" if f"source_data/{k}.csv" in FILES else "input_csv/") + f"{k}.csv": v for k, v in changes.items()}
    return read_conflict(write(tmp_path, given))


def test_what_a_small_folder_holds(tmp_path: Path) -> None:
    conflict = small(tmp_path)
    assert (conflict.name, conflict.start, conflict.days, conflict.home) == ("small", dt.date(2020, 1, 1), 6, "Home")
    assert conflict.end == dt.date(2020, 1, 6) and conflict.countries == ("Home", "Away")
    assert [place.kind for place in conflict.places] == [
        Kind.CONFLICT, Kind.TOWN, Kind.CONFLICT, Kind.HUB, Kind.CAMP, Kind.IDP_CAMP,
    ]  # fmt: skip
    assert [(p.population, p.capacity, p.conflict_date) for p in conflict.places] == [
        (1000, 0, 0), (200, 0, 0), (300, 0, 3), (0, 0, 0), (0, 500, 0), (0, 0, 0),
    ]  # fmt: skip
    assert (conflict.places[3].lat, conflict.places[3].lon, conflict.places[3].region) == (2.0, 11.0, "East")
    assert conflict.roads == (
        Road(0, 1, 40.0, 0, None, 0.0), Road(1, 3, 30.5, 0, None, 0.0), Road(3, 4, 10.0, 2, None, 0.0),
        Road(2, 1, 60.0, 1, None, 0.0), Road(2, 5, 20.0, 0, None, 0.0),
    )  # fmt: skip
    assert conflict.intensity.tolist() == [
        [1, 0, 0, 0, 0, 0], [1, 0, 0.5, 0, 0, 0], [0, 0, 0.5, 0, 0, 0],
        [0, 1, 1, 0, 0, 0], [0, 1, 1, 0, 0, 0], [1, 1, 1, 0, 0, 0],
    ]  # fmt: skip
    assert conflict.camps.tolist() == [5, 4], "in the order of data_layout.csv"
    assert conflict.unused == () and conflict.remarks == ()
    names = {file.relative_to(conflict.folder).as_posix() for file in conflict.files}
    assert names == set(FILES) and len(conflict.files) == len(FILES)


def test_series_are_interpolated_held_at_both_ends_and_cut(tmp_path: Path) -> None:
    conflict = small(tmp_path)
    # one.csv: 10 on 30 December, 41 on day 1, 100 on day 4: 10 + 31 * 2/3 = 30.67, 41 + 59/3 = 60.67, 80.33.
    assert conflict.counts[:, 1].tolist() == [30, 41, 60, 80, 100, 100]
    # shelter.csv: 7 on day 1, 10 on day 3.
    assert conflict.counts[:, 0].tolist() == [7, 7, 8, 10, 10, 10]
    elsewhere = np.array([1000, 1000, 1000, 1250, 1500, 1500])
    assert conflict.known.tolist() == (conflict.counts.sum(axis=1) + elsewhere).tolist()
    assert conflict.total.tolist() == [100, 120, 140, 160, 180, 200]
    assert conflict.counts.dtype == conflict.known.dtype == conflict.total.dtype == np.int64


def test_a_correction_scales_every_earlier_entry(tmp_path: Path) -> None:
    conflict = small(tmp_path, registration_corrections="Camp One,2020-01-05,normalize\n")
    # 10 and 41 become 10 * 100/41 = 24.39 and 100: on day 0 there are 24.39 + 75.61 * 2/3 = 74.80.
    assert conflict.counts[:, 1].tolist() == [74, 100, 100, 100, 100, 100]
    assert conflict.counts[:, 0].tolist() == [7, 7, 8, 10, 10, 10]
    both = small(tmp_path, registration_corrections="Camp One,2020-01-05\n\nCamp One,2020-01-02,normalize,x\r\n")
    assert both.counts[:, 1].tolist() == [100] * 6, "the second jump is taken out of what the first left"
    other = small(tmp_path, registration_corrections="Elsewhere,2020-01-05,normalize\n")
    assert (other.known - other.counts.sum(axis=1)).tolist() == [1500] * 6, "a series of no camp as well"


def test_corrections_before_the_start_are_passed_over(tmp_path: Path) -> None:
    conflict = small(tmp_path, registration_corrections="Camp One,2019-12-30,normalize\nCamp One,2019-11-01,normalize\n")
    assert conflict.counts[:, 1].tolist() == [30, 41, 60, 80, 100, 100]


def test_several_files_of_a_camp_are_added_entry_by_entry(tmp_path: Path) -> None:
    folder = write(tmp_path, {
        "source_data/data_layout.csv": "total,refugees.csv\nShelter,shelter.csv\nCamp One,one.csv,more.csv,\n",
        "source_data/one.csv": "2020-01-01,10\n2020-01-03,20\n2020-01-05,40\n2020-01-06,50\n",
        "source_data/more.csv": "2020-01-01,1\n2020-01-02,2\n2020-01-05,5\n",
    })  # fmt: skip
    # Entries: 1st 10 + 1; 2nd only in the other: 2 + next 20; 3rd only in the first: 20 + last 2; 5th 40 + 5; the end is cut.
    assert read_conflict(folder).counts[:, 1].tolist() == [11, 22, 22, 33, 45, 45]
    (folder / "source_data/more.csv").write_text("2020-01-03,3\n2020-01-09,9\n", encoding="utf-8")
    # Nobody before the other's first entry; 5th and 6th hold its 3, and its entry after the end is left out.
    assert read_conflict(folder).counts[:, 1].tolist() == [10, 16, 23, 33, 43, 53]
    (folder / "source_data/one.csv").write_text("2020-01-01,10\n2020-01-03,20\n", encoding="utf-8")
    (folder / "source_data/more.csv").write_text("2020-01-01,1\n2020-01-04,4\n2020-01-05,5\n", encoding="utf-8")
    assert read_conflict(folder).counts[:, 1].tolist() == [11, 16, 21, 21, 21, 21]


ROUGH = {
    "input_csv/locations.csv": "\ufeff# a comment, with a comma\r\n" + LOCATIONS.replace("\n", " , ,\r\n\r\n").replace("Alpha,", " Alpha ,"),
    "input_csv/routes.csv": "name1,name2,distance,forced_redirection\n" + ROUTES.split("\n", 1)[1].replace("Hub,Camp One", 'Hub , "Camp One"'),
    "input_csv/closures.csv": CLOSURES.replace("#", "").replace("\n", "\r\n") + " , , , , \r\n",
    "input_csv/conflicts.csv": "\ufeff" + CONFLICTS.replace("\n", ",\r\n") + "\n\n",
    "input_csv/sim_period.csv": "# days\nlength, 6 ,\n\nSTARTDATE,2020-1-1\n",
    "source_data/data_layout.csv": "#name,file\n\ntotal,refugees.csv,\n Shelter ,shelter.csv,,\nCamp One , one.csv\nElsewhere,else.csv\n",
    "source_data/one.csv": "DateTime,people,source\n# none\n2019-12-30,10\t,x\n2019-12-31,,\n\n2020-01-02, 41 ,7,8\n2020-01-03\n2020-01-05,100\n,,\n",
    "source_data/shelter.csv": "Date,count\r\n2020-01-02,7\r\n2020-01-04,10\r\n",
}


def test_rough_files_read_like_smooth_ones(tmp_path: Path) -> None:
    smooth, rough = read_conflict(write(tmp_path / "a")), read_conflict(write(tmp_path / "b", ROUGH))
    assert rough.places == smooth.places and rough.roads == smooth.roads and rough.closures == smooth.closures
    assert (rough.start, rough.days, rough.camps.tolist()) == (smooth.start, smooth.days, smooth.camps.tolist())
    for name in ("intensity", "counts", "known", "total"):
        assert np.array_equal(getattr(rough, name), getattr(smooth, name)), name
    assert rough.remarks == ()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Camp", Kind.CAMP), ("idp_camp", Kind.IDP_CAMP), ("campidp", Kind.IDP_CAMP), ("conflict_camp", Kind.CAMP),
        ("conflict", Kind.CONFLICT), ("CONFLICT_ZONE", Kind.CONFLICT), ("forward", Kind.HUB), ("forwarding_hub", Kind.HUB),
        ("forward_town", Kind.HUB), ("marker", Kind.MARKER), ("flood_zone", Kind.FLOOD), ("default", Kind.TOWN), ("town", Kind.TOWN),
    ],
)  # fmt: skip
def test_kinds_are_known_by_a_part_of_the_word(tmp_path: Path, text: str, kind: Kind) -> None:
    conflict = small(tmp_path, locations=LOCATIONS.replace("camp,,500", f"{text},,500"), closures=None, registration_corrections=None)
    place = conflict.places[conflict.index("Camp One")]
    assert place.kind is kind and place.is_camp is (kind in (Kind.CAMP, Kind.IDP_CAMP))
    assert (place.capacity, place.population) == ((500, 0) if place.is_camp else (0, 500))
    assert conflict.camps.tolist() == ([5, 4] if place.is_camp else [5])
    assert conflict.known[4] == 1610, "its people are known all the same"


def test_further_columns(tmp_path: Path) -> None:
    locations = "#name,region,country,lat,lon,location_type,conflict_date,pop/cap,initial_idps,hdi\n" + "\n".join(
        f"{line},{i},0.5" for i, line in enumerate(LOCATIONS.splitlines()[1:])
    )
    routes = """#name1,name2,distance,forced_redirection,link_type,max_move_speed,walk_probability
Alpha,Beta Town,40,,drive,120,0.25
Beta Town,Hub,30,0,walk,,
Hub,Camp One,10
"""
    conflict = small(tmp_path, locations=locations, routes=routes)
    assert conflict.places[2].attributes == {"initial_idps": "2", "hdi": "0.5"} and conflict.places[2].population == 300
    assert [(r.max_move_speed, r.walk_probability) for r in conflict.roads] == [(120.0, 0.25), (None, 0.0), (None, 0.0)]
    assert conflict.unused == ("routes.csv (link_type)",)
    other = small(tmp_path, locations="# from a survey\n" + locations.replace("#name", "#place"))
    assert other.places[2].attributes == {"initial_idps": "2", "hdi": "0.5"}
    bare = small(tmp_path, locations=locations.split("\n", 1)[1])
    assert bare.places[2].attributes == {"column 9": "2", "column 10": "0.5"}


def test_empty_cells_are_what_flee_takes_them_for(tmp_path: Path) -> None:
    conflict = small(tmp_path, locations=LOCATIONS + "Nowhere,,,,,town,n/a\nZone,North,Home,1,1,conflict_zone,,\n", conflicts=None)
    place = conflict.places[6]
    assert (place.region, place.country, place.lat, place.lon, place.population) == ("unknown", "unknown", 0.0, 0.0, 0)
    assert conflict.intensity[:, 7].tolist() == [1.0] * 6


# ---- days of fighting and the period


def test_without_conflicts_csv_the_dates_of_the_places_count(tmp_path: Path) -> None:
    conflict = small(tmp_path, conflicts=None)
    assert conflict.intensity[:, 0].tolist() == [1.0] * 6
    assert conflict.intensity[:, 2].tolist() == [0, 0, 0, 1, 1, 1]
    assert not conflict.intensity[:, [1, 3, 4, 5]].any()


def test_a_zone_without_a_column_has_its_date_and_one_with_a_column_has_not(tmp_path: Path) -> None:
    conflict = small(tmp_path, conflicts="Day,Late\n" + "".join(f"{day},{int(day < 2)}\n" for day in range(8)))
    assert conflict.intensity[:, 2].tolist() == [1, 1, 0, 0, 0, 0]
    assert conflict.intensity[:, 0].tolist() == [1.0] * 6


def test_without_a_period_the_data_give_it(tmp_path: Path) -> None:
    conflict = small(tmp_path, sim_period=None)
    assert conflict.start == dt.date(2019, 12, 30), "the first date of a camp's series"
    assert conflict.days == 7, "30 December to 5 January, for which conflicts.csv has rows"
    assert conflict.counts[:, 1].tolist() == [10, 20, 30, 41, 60, 80, 100]
    assert small(tmp_path, sim_period=None, conflicts=None).days == 7
    longer = "\n".join(CONFLICTS.splitlines()[:4])
    assert small(tmp_path, sim_period=None, conflicts=longer).days == 3
    only_start = small(tmp_path, sim_period="StartDate,2020-01-03\nEndDate,2020-02-01\n", conflicts=CONFLICTS)
    assert (only_start.start, only_start.days) == (dt.date(2020, 1, 3), 3)
    assert len(only_start.remarks) == 1 and "'EndDate' plays no part" in only_start.remarks[0]


# ---- closures


def closure(kind: str, name1: str, name2: str) -> Closure:
    return Closure(ClosureKind(kind), name1, name2, 0, 2)


def test_closures_are_kept_as_given(tmp_path: Path) -> None:
    conflict = small(tmp_path)
    assert conflict.closures[0] == Closure(ClosureKind.COUNTRY, "Home", "Away", 1, 3)
    assert conflict.closures[2] == Closure(ClosureKind.LOCATION, "Alpha", "Home", 0, -1)
    assert conflict.closures[5:7] == (
        Closure(ClosureKind.CAMP, "Camp One", "", 0, 2), Closure(ClosureKind.IDP_CAMP, "Shelter", "", 1, 5),
    )  # fmt: skip
    assert conflict.closures[7] == Closure(ClosureKind.REDIRECTION, "Hub", "Camp One", 4, 0)
    assert small(tmp_path / "without", closures=None).closures == ()
    assert small(tmp_path, closures="location,Hub,,3,\n").closures[0].end == -1


@pytest.mark.parametrize(
    ("given", "ours", "flee"),
    [
        (("country", "Home", "Away"), ClosureReading(Reading.COUNTRIES, "Home", "Away"), None),
        (("location", "Alpha", "Beta Town"), ClosureReading(Reading.ROAD, "Alpha", "Beta Town"), ClosureReading(Reading.PLACE, "Alpha")),
        (("location", "Alpha", "Camp One"), ClosureReading(Reading.ROAD, "Alpha", "Camp One"), ClosureReading(Reading.PLACE, "Alpha")),
        (("location", "Alpha", "Alpha"), ClosureReading(Reading.PLACE, "Alpha"), None),
        (("location", "Alpha", "Away"), ClosureReading(Reading.PLACE, "Alpha"), None),
        (("location", "Alpha", ""), ClosureReading(Reading.PLACE, "Alpha"), None),
        (("location", "Alpha", "nonsense"), ClosureReading(Reading.PLACE, "Alpha"), None),
        (("link", "Alpha", "Beta Town"), ClosureReading(Reading.ROAD, "Alpha", "Beta Town"), ClosureReading(Reading.NOTHING, "Alpha", "Beta Town")),
        (("camp", "Camp One", ""), ClosureReading(Reading.CAMP, "Camp One"), None),
        (("idpcamp", "Shelter", "Hub"), ClosureReading(Reading.CAMP, "Shelter"), None),
        (("camp", "Hub", ""), ClosureReading(Reading.NOTHING, "Hub"), None),
        (("remove_forced_redirection", "Hub", "Camp One"), ClosureReading(Reading.NOTHING, "Hub", "Camp One"), None),
    ],
)  # fmt: skip
def test_what_a_closure_closes(tmp_path: Path, given: tuple[str, str, str], ours: ClosureReading, flee: ClosureReading | None) -> None:
    conflict = small(tmp_path)
    assert closure_reading(closure(*given), conflict) == ours
    assert closure_reading(closure(*given), conflict, flee=True) == (flee or ours)


# ---- series, held against a plain reading


def by_hand(entries: list[tuple[int, float]], day: int) -> int:
    """The count on a day, one entry after the other: the first later entry ends the stretch."""
    if day <= entries[0][0]:
        return int(entries[0][1])
    for (since, before), (until, after) in itertools.pairwise(entries):
        if day < until:
            return int(before + (day - since) / (until - since) * (after - before))
    return int(entries[-1][1])


@pytest.mark.parametrize("seed", range(40))
def test_series_are_read_as_by_hand(tmp_path: Path, seed: int) -> None:
    """Sparse, dense, out of order, two entries on one day."""
    rng = np.random.default_rng(seed)
    days = rng.integers(-5, 40, size=rng.integers(1, 12))
    days = days if seed % 2 else np.sort(days)
    entries = [(int(day), float(count)) for day, count in zip(days, rng.integers(0, 9999, size=len(days)), strict=True)]
    start = dt.date(2020, 1, 1)
    lines = [f"{start + dt.timedelta(days=day)},{count:.0f}\n" for day, count in entries]
    conflict = small(tmp_path, one="".join(lines), sim_period="StartDate,2020-01-01\nLength,45\n", conflicts=None)
    assert conflict.counts[:, 1].tolist() == [by_hand(entries, day) for day in range(45)]


# ---- flaws that are read and told


@pytest.mark.parametrize(
    ("file", "line", "named"),
    [
        ("input_csv/closures.csv", "location,Alpha,nonsense,0,3", "line 10: 'nonsense' is neither a place nor a country here; the row closes Alpha"),
        ("input_csv/closures.csv", "country,Home,Farawaystan,0,3", "line 10: no place lies in 'Farawaystan'; the row closes nothing"),
        ("input_csv/closures.csv", "camp,Hub,,0,3", "line 10: 'Hub' is no camp; the row closes nothing"),
        ("input_csv/closures.csv", "location,Hub,,-2,3", "in force from day 0, in Flee never"),
        ("input_csv/routes.csv", "Beta Town,Alpha,41,", "line 7: the road Beta Town - Alpha stands already on line 2; both count"),
        ("input_csv/conflicts.csv", "8,1,1,1,0", "line 9: the first cell is not the number of the day"),
        ("source_data/one.csv", "2020-01-03,60", "line 4: 2020-01-03 stands after a later date"),
    ],
)
def test_a_flaw_that_flee_reads_is_read_and_told(tmp_path: Path, file: str, line: str, named: str) -> None:
    conflict = read_conflict(write(tmp_path, {file: FILES[file] + line + "\n"}))
    assert len(conflict.remarks) == 1 and conflict.remarks[0].startswith(file.split("/")[1]) and named in conflict.remarks[0]
    assert named in describe(conflict)
    if "routes" in file:
        assert [road.distance for road in conflict.roads if {road.a, road.b} == {0, 1}] == [40.0, 41.0]
    if "one.csv" in file:
        assert conflict.counts[:, 1].tolist() == [30, 41, 60, 80, 60, 60], "stretches end at later dates only; the last entry holds"


def test_a_column_of_an_unknown_place_may_stay_while_nothing_happens_there(tmp_path: Path) -> None:
    silent = CONFLICTS.replace("Hub,", "Hub, Gone").replace("0\n", "0,0\n").replace("1\n", "1,0\n")
    conflict = small(tmp_path, conflicts=silent)
    assert np.array_equal(conflict.intensity, small(tmp_path / "b").intensity)
    assert len(conflict.remarks) == 1 and "column 'Gone' is no place of locations.csv" in conflict.remarks[0]


def test_tables_that_play_no_part_are_named(tmp_path: Path) -> None:
    others = ("demographics_age.csv", "region_attributes_IPC.csv", "flood_level.csv", "major_routes.csv", "agents.csv")
    folder = write(tmp_path, {f"input_csv/{name}": "\x00any, thing\n" for name in others})
    (folder / "location_changes.csv").write_text("Hub,camp,3\n", encoding="utf-8")
    (folder / "input_csv" / "notes.txt").write_text("no table\n", encoding="utf-8")
    conflict = read_conflict(folder)
    assert conflict.unused == (*sorted(others), "location_changes.csv")
    assert not {file.name for file in conflict.files} & set(others)
    assert "not used: agents.csv, demographics_age.csv, " in describe(conflict)


# ---- one line for what is inconsistent


def refusal(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_conflict(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("locations", "Beta Town,North", "Alpha,North", ("line 3, column 'name'", "already on line 2")),
        ("locations", "Beta Town,North", ",North", ("line 3, column 'name'", "empty")),
        ("locations", "1.5,10.5", "91,10.5", ("line 3, column 'latitude'", "-90 to 90")),
        ("locations", "1.5,10.5", "1.5,-181", ("line 3, column 'longitude'", "-180 to 180")),
        ("locations", "1.5,10.5", "1°5,10.5", ("line 3, column 'latitude'", "not a number")),
        ("locations", "town,,200", "village,,200", ("line 3, column 'location_type'", "unknown kind 'village'; known: conflict_zone")),
        ("locations", "town,,200", "twon,,200", ("line 3, column 'location_type'", "did you mean 'town'?")),
        ("locations", "town,,200", ",,200", ("line 3, column 'location_type'", "empty")),
        ("locations", "town,,200", "town,,2e2", ("line 3, column 'population'", "not a whole number")),
        ("locations", "town,,200", "town,,2 00", ("line 3, column 'population'", "not a number")),
        ("locations", "town,,200", "town,,9999999999999", ("line 3, column 'population'", "at most 1e+12")),
        ("locations", "camp,,500", "camp,,-500", ("line 6, column 'population'", "at least 0")),
        ("locations", "zone,3,300", "zone,x,300", ("line 4, column 'conflict_date'", "not a number")),
        ("locations", "zone,3,300", "zone,3.5,300", ("line 4, column 'conflict_date'", "not a whole number")),
        ("locations", "camp,,500", "camp,,500\nCamp Two,East,Away,2,11,camp,,", ("data_layout.csv", "camp 'Camp Two' of locations.csv has no series")),
        ("routes", "Hub,Camp One", "Hub,Camp Own", ("line 4, column 'name2'", "unknown place 'Camp Own'; did you mean 'Camp One'?")),
        ("routes", "Hub,Camp One", ",Camp One", ("line 4, column 'name1'", "empty")),
        ("routes", "Hub,Camp One", "Hub,Hub", ("line 4, column 'name2'", "to itself")),
        ("routes", "Camp One,10,2", "Camp One,-10,2", ("line 4, column 'distance'", "out of range")),
        ("routes", "Camp One,10,2", "Camp One,0,2", ("line 4, column 'distance'", "above 0 km")),
        ("routes", "Camp One,10,2", "Camp One,nan,2", ("line 4, column 'distance'", "finite")),
        ("routes", "Camp One,10,2", "Camp One,,2", ("line 4, column 'distance'", "empty")),
        ("routes", "Camp One,10,2", "Camp One,10,3", ("line 4, column 'forced_redirection'", "0, 1, 2")),
        ("routes", "redirection\nAlpha,Beta Town,40,", "redirection,walk_probability\nAlpha,Beta Town,40,,1.5", ("line 2, column 'walk_probability'", "0 to 1")),
        ("routes", "redirection\nAlpha,Beta Town,40,", "redirection,max_move_speed\nAlpha,Beta Town,40,,0", ("line 2, column 'max_move_speed'", "above 0")),
        ("closures", "country,Home,Away", "county,Home,Away", ("line 2, column 'closure_type'", "did you mean 'country'?")),
        ("closures", "country,Home,Away", "country,Hoome,Away", ("line 2, column 'name1'", "unknown country 'Hoome'; did you mean 'Home'?")),
        ("closures", "country,Home,Away", "country,home,Away", ("line 2, column 'name1'", "did you mean 'Home'?")),
        ("closures", "country,Home,Away", "country,Home,Hub", ("line 2, column 'name2'", "unknown country 'Hub'")),
        ("closures", "country,Home,Away", "country,Home,", ("line 2, column 'name2'", "empty")),
        ("closures", "location,Alpha,Beta Town", "location,Alfa,Beta Town", ("line 3, column 'name1'", "did you mean 'Alpha'?")),
        ("closures", "location,Alpha,Beta Town", "location,Alpha,Beta_town", ("line 3, column 'name2'", "did you mean 'Beta Town'?")),
        ("closures", "link,Beta Town,Hub", "link,Beta Town,Away", ("line 6, column 'name2'", "unknown place 'Away'")),
        ("closures", "link,Beta Town,Hub", "link,Hub,Hub", ("line 6, column 'name2'", "both sides")),
        ("closures", "camp,Camp One", "camp,Camp 1", ("line 7, column 'name1'", "did you mean 'Camp One'?")),
        ("closures", "Away,1,3", "Away,soon,3", ("line 2, column 'closure_start'", "not a number")),
        ("closures", "Away,1,3", "Away,,3", ("line 2, column 'closure_start'", "empty")),
        ("closures", "Away,1,3", "Away,1,3.5", ("line 2, column 'closure_end'", "not a whole number")),
        ("conflicts", " Late,", " Later,", ("line 1, column 'Later'", "did you mean 'Late'?")),
        ("conflicts", " Late,", " Alpha,", ("line 1, column 'Alpha'", "twice")),
        ("conflicts", " Late,", ",", ("line 1, column 'column 4'", "unknown place ''")),
        ("conflicts", "1,1,0,0.5,0", "1,1,0,1.5,0", ("line 3, column 'Late'", "1.5 is out of range")),
        ("conflicts", "1,1,0,0.5,0", "1,1,0,-1,0", ("line 3, column 'Late'", "out of range")),
        ("conflicts", "1,1,0,0.5,0", "1,1,0,nan,0", ("line 3, column 'Late'", "out of range")),
        ("conflicts", "1,1,0,0.5,0", "1,1,0,some,0", ("line 3, column 'Late'", "'some' is not a number")),
        ("conflicts", "1,1,0,0.5,0", "1,1,0,,0", ("line 3, column 'Late'", "empty")),
        ("conflicts", "1,1,0,0.5,0", "1,1,0,0.5", ("line 3", "4 cells under 5 columns")),
        ("conflicts", "1,1,0,0.5,0", "1,1,0,0.5,0,1", ("line 3", "6 cells under 5 columns")),
        ("conflicts", "5,1,1,1,0\n6,1,1,1,1\n", "", ("it has 5 rows of days", "Length of 6")),
        ("conflicts", CONFLICTS, "", ("the file is empty",)),
        ("sim_period", "2020-01-01", "01/01/2020", ("line 1, column 'StartDate'", "not a date")),
        ("sim_period", "2020-01-01", "2020-02-30", ("line 1, column 'StartDate'", "not a date")),
        ("sim_period", "StartDate", "StartDay", ("line 1, column 'name'", "did you mean 'StartDate'?")),
        ("sim_period", "Length,6", "Length,0", ("line 2, column 'Length'", "at least 1")),
        ("sim_period", "Length,6", "Length,many", ("line 2, column 'Length'", "not a number")),
        ("sim_period", "Length,6", "Length", ("line 2, column 'Length'", "empty")),
        ("sim_period", "Length,6", "Length,99999", ("line 2, column 'Length'", "at most 36525")),
        ("sim_period", "2020-01-01", "9999-12-30", ("6 days from 9999-12-30", "out of range")),
        ("sim_period", "StartDate,2020-01-01\nLength,6", "StartDate,2030-01-01", ("no day has both counts and rows",)),
        ("registration_corrections", "", "Camp Own,2020-01-05,normalize", ("line 1, column 'name'", "did you mean 'Camp One'?")),
        ("registration_corrections", "", "Camp One,5 January,normalize", ("line 1, column 'date'", "not a date")),
        ("registration_corrections", "", "Camp One", ("line 1, column 'date'", "empty")),
        ("registration_corrections", "", "Camp One,2020-01-04", ("line 1, column 'date'", "(one.csv) has no entry on 2020-01-04", "did you mean '2020-01-0")),
        ("registration_corrections", "", "Camp One,2020-01-01", ("line 1, column 'date'", "has no entry on 2020-01-01")),
        ("registration_corrections", "", "Shelter,2020-01-02", ("line 1, column 'date'", "the first entry of 'Shelter'")),
    ],
)
def test_what_is_inconsistent_is_refused(tmp_path: Path, file: str, old: str, new: str, words: tuple[str, ...]) -> None:
    name = f"input_csv/{file}.csv"
    assert old in FILES[name]
    message = refusal(write(tmp_path, {name: FILES[name].replace(old, new, 1)}))
    if "data_layout.csv" not in words and "no day has" not in words[0]:
        assert f"{file}.csv" in message.split(":")[0], message
    for word in words:
        assert word in message, message


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("one", "2020-01-02,many\n", ("line 1, column 'count'", "'many' is not a number")),
        ("one", "2020-01-02,1\n2020-01-03,-4\n", ("line 2, column 'count'", "-4 is out of range")),
        ("one", "2020-01-02,1.5\n", ("line 1, column 'count'", "not a whole number")),
        ("one", "2020-01-02,9999999999999\n", ("line 1, column 'count'", "1e+12")),
        ("one", "2020-01-02,1\nDate,2\n", ("line 2, column 'date'", "not a date")),
        ("one", "2020-13-02,1\n", ("line 1, column 'date'", "not a date")),
        ("one", "Day,people\n2020-01-02,1\n", ("line 1, column 'date'", "not a date")),
        ("one", ",5\n", ("line 1, column 'date'", "empty")),
        ("one", "# nothing\n\n2020-01-01,\n", ("it holds no counts",)),
        ("data_layout", "", ("it names no series",)),
        ("data_layout", "total,refugees.csv\nShelter,shelter.csv\n", ("camp 'Camp One' of locations.csv has no series",)),
        ("data_layout", "Camp One,one.csv\nShelter,shelter.csv\n", ("camp 'Camp One' of locations.csv has no series",)),
        ("data_layout", "total,refugees.csv\nShelter,shelter.csv\nCamp One,two.csv\n", ("line 3, column 'file 1'", "no such file 'two.csv'")),
        ("data_layout", "total,refugees.csv\nShelter,shelter.csv\nCamp One,one.csv,two.csv\n", ("line 3, column 'file 2'", "no such file 'two.csv'")),
        ("data_layout", "total,refugees.csv\nShelter\n", ("line 2, column 'file 1'", "empty")),
        ("data_layout", FILES["source_data/data_layout.csv"] + "Shelter,one.csv\n", ("line 5, column 'name'", "already on line 2")),
    ],
)
def test_series_that_make_no_sense_are_refused(tmp_path: Path, file: str, text: str, words: tuple[str, ...]) -> None:
    message = refusal(write(tmp_path, {f"source_data/{file}.csv": text}))
    assert f"{file}.csv" in message.split(":")[0], message
    for word in words:
        assert word in message, message


def test_a_jump_from_nobody_cannot_be_taken_out(tmp_path: Path) -> None:
    folder = write(tmp_path, {
        "source_data/one.csv": "2020-01-01,0\n2020-01-03,5\n", "input_csv/registration_corrections.csv": "Camp One,2020-01-03,normalize\n",
    })  # fmt: skip
    assert "the entry before it (2020-01-01) counts 0 people" in refusal(folder)


@pytest.mark.parametrize("name", sorted(set(FILES) - {"input_csv/registration_corrections.csv"}))
def test_binary_and_missing_files_are_refused(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path)
    (folder / name).write_bytes(b"\xff\xfe\x00a")
    assert "not UTF-8" in refusal(folder) and name in refusal(folder)
    (folder / name).unlink()
    if Path(name).name in ("closures.csv", "conflicts.csv", "sim_period.csv"):
        assert read_conflict(folder).places
    else:
        assert "no such file" in refusal(folder) and Path(name).name in refusal(folder)


def test_a_folder_that_lacks_a_part_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "source_data").rename(folder / "data")
    assert "source_data: no such folder" in refusal(folder)
    assert "nowhere: no such folder" in refusal(tmp_path / "nowhere")
    again = write(tmp_path / "b", {"input_csv/locations.csv": "#name,region\n"})
    assert "it holds no place" in refusal(again)
    quote = write(tmp_path / "c", {"input_csv/routes.csv": ROUTES + 'Alpha,"Hub,3,\n'})
    assert "routes.csv, line 7" in refusal(quote) and "quotes" in refusal(quote)


# ---- as a scenario


def test_a_conflict_folder_is_a_scenario(tmp_path: Path) -> None:
    folder = write(tmp_path)
    conflict = read_conflict(folder)
    assert is_conflict_folder(folder) and not is_conflict_folder(tmp_path)
    assert read_yaml(folder) == scenario_tree(conflict)
    assert (scenario_tree(conflict)["start"], scenario_tree(conflict)["end"]) == ("2020-01-01", "2020-01-06")
    tables = read_folder(folder)
    assert tables.conflict is not None and tables.files == conflict.files
    assert [place.name for place in tables.places] == [*(place.name for place in conflict.places), "Home - Away"]
    assert tables.places[-1].is_crossing, "borders follow, for levers and events to name"
    assert [place.kind for place in tables.places] == ["area", "area", "area", "area", "camp", "camp", "crossing"]
    assert [place.home_region for place in tables.places] == ["North", "North", "South", "", "", "", ""]
    assert [place.capacity for place in tables.places] == [None, None, None, None, 500.0, None, None]
    assert not any(place.population for place in tables.places)
    abroad = read_folder(write(tmp_path / "b", {"input_csv/locations.csv": LOCATIONS.replace("hub,,", "hub,,90")}))
    assert abroad.places[3].home_region == "" and abroad.conflict is not None and abroad.conflict.places[3].population == 90
    assert (tables.routes, tables.populations, tables.groups, tables.history, tables.exogenous) == ((), (), (), (), ())
    assert tables.observed.empty
    check_actors(tables, {"home": "Home"}, (), (), ())
    with pytest.raises(InputError, match=r"locations\.csv, key 'governments\.home\.country'.*'Home'"):
        check_actors(tables, {"home": "Hoem"}, (), (), ())
    with pytest.raises(InputError, match=r"groups\.ghosts: .* no fighters"):
        check_actors(tables, {}, ("ghosts",), (), ())


def test_a_conflict_folder_composes(tmp_path: Path) -> None:
    folder = write(tmp_path)
    composed = compose([f"scenario.path={folder}", "scenario.end=2020-01-04"], trusted=True)
    scenario = composed.config["scenario"]
    assert isinstance(scenario, dict)
    assert {key: str(scenario[key]) for key in ("name", "title", "start", "end")} == {
        "name": "small", "title": "small", "start": "2020-01-01", "end": "2020-01-04",
    }  # fmt: skip
    assert composed.config["governments"] == {} and composed.config["policies"] == {}
    assert composed.folder == folder and all(file.suffix == ".yaml" for file in composed.files)
    with pytest.raises(InputError, match=r"scenario\.end=2021-01-04: .*small/input_csv has days from 2020-01-01 to 2020-01-06"):
        compose([f"scenario.path={folder}", "scenario.end=2021-01-04"], trusted=True)
    (folder / "input_csv" / "routes.csv").write_text("Alpha,Beta,1\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"routes\.csv, line 1, column 'name2'"):
        compose([f"scenario.path={folder}"], trusted=True)


def test_conflict_folders_of_a_config_folder_are_options(tmp_path: Path) -> None:
    write(tmp_path / "scenarios")
    composed = compose(["scenario=small"], config_dir=tmp_path, trusted=True)
    assert composed.folder == tmp_path / "scenarios" / "small"


def test_neither_or_both_kinds_of_scenario_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "scenario.yaml").write_text("title: x\n", encoding="utf-8")
    for read in (read_yaml, read_folder, lambda path: compose([f"scenario.path={path}"], trusted=True)):
        with pytest.raises(InputError, match=r"both scenario\.yaml and input_csv/"):
            read(folder)
    empty = tmp_path / "empty"
    empty.mkdir()
    for read in (read_yaml, lambda path: compose([f"scenario.path={path}"], trusted=True)):
        with pytest.raises(InputError, match=r"scenario\.yaml.*input_csv/"):
            read(empty)


def test_acts_and_events_come_from_elsewhere(tmp_path: Path) -> None:
    folder = write(tmp_path)
    events = tmp_path / "events.csv"
    events.write_text(
        "date,end_date,type,actor,target,description,places,goldstein,effect,subject,value,decay_days,confidence,source\n"
        "2020-01-03,,unrest,,,a strike,Alpha,,,,,,,\n", encoding="utf-8",
    )  # fmt: skip
    tables = read_folder(folder, exogenous=events)
    assert tables.exogenous[0].places == ("Alpha",) and tables.history == ()
    assert tables.files[-1] == events == tables.exogenous_file


def test_check_tells_what_a_conflict_folder_holds(tmp_path: Path) -> None:
    folder = write(tmp_path, {"input_csv/flood_level.csv": "x\n"})
    line = check_scenario(str(folder))
    assert "\n" not in line and line.startswith(f"{folder}: a good conflict folder: 6 places (2 camps, 3 with fighting), 5 roads, 8 closures")
    assert "6 days from 2020-01-01 to 2020-01-06, up to 1610 people" in line and line.endswith("not used: flood_level.csv")


# ---- five conflicts, where they are at hand

ROOT = Path(__file__).parent.parent
REAL = pytest.mark.skipif(
    not (DATA / "mali2012" / "input_csv").is_dir(),
    reason="no conflict folders; set MARCHLAND_DISPLACEMENT_DATA to the folder that holds them",
)


def camp(conflict: Conflict, name: str) -> list[int]:
    """Counts of a camp, day by day."""
    return list(conflict.counts[:, conflict.camps.tolist().index(conflict.index(name))])


@REAL
@pytest.mark.parametrize(
    ("name", "start", "days", "places", "roads", "camps", "last"),
    [  # last: people in all series on the last day
        ("burundi2015", "2015-05-01", 396, 30, 41, 5, 205_445),
        ("car2013", "2013-12-01", 820, 63, 86, 14, 424_499),
        ("mali2012", "2012-02-29", 300, 23, 35, 7, 89_991),
        ("ssudan2013", "2013-12-15", 604, 51, 60, 10, 433_300),
        ("syria2013", "2013-01-01", 1095, 18, 32, 4, 3_813_502),
    ],
)
def test_real_folders_load_as_they_are(name: str, start: str, days: int, places: int, roads: int, camps: int, last: int) -> None:
    conflict = read_conflict(DATA / name)
    assert (str(conflict.start), conflict.days, len(conflict.places), len(conflict.roads)) == (start, days, places, roads)
    assert len(conflict.camps) == camps and conflict.counts.shape == (days, camps)
    assert conflict.known[-1] == last
    assert conflict.intensity.shape == (days, places) and set(np.unique(conflict.intensity)) == {0.0, 1.0}
    assert conflict.remarks == ()
    assert conflict.unused == (("closures - syria.csv",) if name == "syria2013" else ())
    assert read_folder(DATA / name).conflict is not None


@REAL
def test_mali_by_hand() -> None:
    conflict = read_conflict(DATA / "mali2012")
    assert [conflict.places[i].name for i in conflict.camps] == [
        "Bobo-Dioulasso", "Mentao", "Fassala-Mbera", "Abala", "Mangaize", "Tabareybarey", "Niamey",
    ]  # fmt: skip
    bobo, mentao, abala = (camp(conflict, name) for name in ("Bobo-Dioulasso", "Mentao", "Abala"))
    assert bobo[21:26] == [0, 316, 633, 950, 953]  # 0 on 21 March, 950 on 24 March, 995 on 8 April
    assert bobo[299] == 1874  # 24 December: 1806 + 120 * 8/14
    factor = 5876 / 10038  # the correction of 3 October, day 217; the entry before it is of 26 July, day 148
    assert mentao[24] == mentao[39] == int(4091 * factor) == 2394
    assert mentao[79] == int(8820 * factor) == 5163
    assert {mentao[day] for day in range(148, 218)} <= {5875, 5876} and mentao[230] == 6008
    assert abala[0] == int(1175 * 11043 / 18573) == 698 and abala[31] == 478 and abala[296] == 11043
    assert camp(conflict, "Fassala-Mbera")[299] == 54_028
    at = [conflict.index(name) for name in ("Kidal", "Niafounke", "Menaka")]
    assert conflict.intensity[:3, at].tolist() == [[1, 1, 0], [1, 1, 1], [1, 1, 1]]
    assert conflict.total[0] == 20_075
    assert [(c.kind, c.name2, c.start, c.end) for c in conflict.closures] == [("country", "Burkina_Faso", 0, 22), ("country", "Niger", 0, 33)]


@REAL
def test_car_adds_files_and_knows_people_outside_the_map() -> None:
    conflict = read_conflict(DATA / "car2013")
    mboti, betou, mole = (camp(conflict, name) for name in ("Mboti", "Betou", "Mole"))
    assert [mboti[day] for day in (0, 3, 67, 211, 262)] == [0, 6505, 6574, 6594, 6575]
    assert [betou[day] for day in (15, 111)] == [15_048, 10_715]
    assert mole[3] == mole[67] == mole[80] == 9258, "the lines between are comments"
    outside = conflict.known - conflict.counts.sum(axis=1)
    assert outside[0] == outside[512] == 18_054 and outside[-1] == 9325, "Bossobolo is in the data and not on the map"
    assert "Bossobolo" not in [place.name for place in conflict.places] and "Kaga Bandoro" in [place.name for place in conflict.places]
    assert conflict.total[0] == 0 and conflict.total[3] == 47_917


@REAL
def test_closures_of_the_real_folders() -> None:
    burundi, ssudan = read_conflict(DATA / "burundi2015"), read_conflict(DATA / "ssudan2013")
    first = burundi.closures[0]
    assert closure_reading(first, burundi) == ClosureReading(Reading.ROAD, "Bujumbura", "Lusenda")
    assert closure_reading(first, burundi, flee=True) == ClosureReading(Reading.PLACE, "Bujumbura")
    assert [closure_reading(c, burundi).kind for c in burundi.closures[1:]] == [Reading.NOTHING, Reading.CAMP, Reading.CAMP]
    assert burundi.closures[1].kind is ClosureKind.REDIRECTION and burundi.total[0] == 12_118
    assert [closure_reading(c, ssudan) for c in ssudan.closures] == [
        ClosureReading(Reading.PLACE, name) for name in ("Tierkidi", "Kule", "Jewi")
    ]


@REAL
@pytest.mark.parametrize("name", ["burundi2015", "car2013", "mali2012", "ssudan2013", "syria2013"])
def test_no_jump_is_left_where_a_correction_stands(name: str) -> None:
    conflict = read_conflict(DATA / name)
    with (DATA / name / "source_data" / "data_layout.csv").open(encoding="utf-8") as file:
        files = {row[0]: row[1:] for row in csv.reader(file) if row}
    with (DATA / name / "input_csv" / "registration_corrections.csv").open(encoding="utf-8") as file:
        corrections = [(row[0], dt.date.fromisoformat(row[1])) for row in csv.reader(file) if row]
    checked = 0
    for place, date in corrections:
        day = (date - conflict.start).days
        if not 0 < day < conflict.days or len(files[place]) > 1:
            continue
        text = (DATA / name / "source_data" / files[place][0]).read_text(encoding="utf-8")
        dates = [dt.date.fromisoformat(line[:10]) for line in text.splitlines() if line[:1].isdigit()]
        before = (dates[dates.index(date) - 1] - conflict.start).days
        counts = camp(conflict, place)
        assert abs(counts[day] - counts[max(before, 0)]) <= 1, (place, date)
        checked += 1
    assert checked >= 4


@REAL
def test_composing_and_reading_a_real_folder_is_quick() -> None:
    """Milliseconds; the bounds are several times what a slow machine needs."""
    for name, bound in (("mali2012", 0.008), ("car2013", 0.020)):
        read_conflict(DATA / name)
        spent = []
        for _ in range(5):
            begun = time.process_time()
            read_conflict(DATA / name)
            spent.append(time.process_time() - begun)
        assert min(spent) < bound, name
    assert compose([f"scenario.path={DATA / 'mali2012'}"], trusted=True).folder == DATA / "mali2012"


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("input_csv/closures.csv", "redirection,Hub,Camp", "redirection,Hub,Kamp", "no redirection leads between these names"),
    ],
)
def test_what_can_hardly_be_meant_is_a_remark(tmp_path: Path, file: str, old: str, new: str, words: str) -> None:
    text = FILES[file].replace(old, new)
    assert text != FILES[file]
    remarks = read_conflict(write(tmp_path, {file: text})).remarks
    assert any(words in remark for remark in remarks)


def test_a_wrong_year_is_refused(tmp_path: Path) -> None:
    """Every count lies outside the period: the scores would be perfect and mean nothing."""
    text = FILES["input_csv/sim_period.csv"].replace("2020-01-01", "2030-01-01")
    assert "no count lies in the 6 days from 2030-01-01" in refusal(write(tmp_path, {"input_csv/sim_period.csv": text}))


def test_places_that_reach_no_camp_and_days_without_fighting_are_remarks(tmp_path: Path) -> None:
    routes = FILES["input_csv/routes.csv"].splitlines()[0] + "\n"
    alone = read_conflict(write(tmp_path / "a", {"input_csv/routes.csv": routes, "input_csv/closures.csv": ""}))
    assert any("no road leads to a camp" in remark for remark in alone.remarks)
    header, *rows = FILES["input_csv/conflicts.csv"].splitlines()
    calm = "\n".join([header, *(row.split(",")[0] + ",0" * (len(row.split(",")) - 1) for row in rows)]) + "\n"
    quiet = read_conflict(write(tmp_path / "b", {"input_csv/conflicts.csv": calm}))
    assert any("no fighting on any day" in remark for remark in quiet.remarks)
