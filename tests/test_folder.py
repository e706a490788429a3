"""Reading scenario folders: the built-in ones hold what they say, and bad ones are refused in one line."""

from __future__ import annotations

import datetime as dt
import math
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from agents.errors import InputError
from agents.levers import BY_NAME
from experiments.new_scenario import write_scenario
from sim.csvrows import matching, suggestion
from sim.folder import check_actors, read_folder, read_yaml
from sim.foldercheck import crossing_sides
from sim.tables import Tables

BUILT_IN = Path(__file__).parent.parent / "configs" / "scenarios"
LEVERS = tuple(BY_NAME)
HISTORY = (
    "date,end_date,type,actor,target,description,places,goldstein,lever,lever_targets,level,"
    "statuses,deadline,salience,implemented,confidence,source\n"
)
EXOGENOUS = (
    "date,end_date,type,actor,target,description,places,goldstein,effect,subject,value,decay_days,confidence,source\n"
)


@pytest.fixture(scope="module")
def flagship() -> Tables:
    return read_folder(BUILT_IN / "pakistan_afghanistan")


@pytest.fixture(scope="module")
def two_states() -> Tables:
    return read_folder(BUILT_IN / "two_states")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BUILT_IN / "two_states", tmp_path / "mine"))


def actors(folder: Path) -> tuple[dict[str, str], tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    content: dict[str, Any] = read_yaml(folder)
    governments = {name: value["country"] for name, value in content["governments"].items()}
    return governments, tuple(content["groups"]), tuple(content["mediators"]), LEVERS


def refusal(folder: Path, **files: Path) -> str:
    with pytest.raises(InputError) as caught:
        check_actors(read_folder(folder, **files), *actors(folder))
    message = str(caught.value)
    assert "\n" not in message
    return message


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {path.name}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def abroad(tables: Tables, country: str) -> Counter[str]:
    where = {place.name: place.country for place in tables.places}
    totals: Counter[str] = Counter()
    for row in tables.populations:
        if where[row.place] == country and row.nationality != country:
            totals[row.status] += row.count
    return totals


# ---- the built-in scenarios


@pytest.mark.parametrize("name", ["pakistan_afghanistan", "two_states"])
def test_built_in_scenarios_fit_their_actors(name: str) -> None:
    check_actors(read_folder(BUILT_IN / name), *actors(BUILT_IN / name))


def test_flagship_map(flagship: Tables) -> None:
    assert len(flagship.places) == 83
    assert sum(place.is_crossing for place in flagship.places) == 13
    assert len(flagship.routes) == 137
    residents: Counter[str] = Counter()
    for place in flagship.places:
        residents[place.country] += place.population
    assert residents["Afghanistan"] == 32_050_000
    assert residents["Pakistan"] == 241_499_431 + 4_333_467 + 1_709_049  # census, AJK, GB
    assert residents["Iran"] == 0
    places = {place.name: place for place in flagship.places}
    for route in flagship.routes:
        a, b = places[route.a], places[route.b]
        arc = math.sin(math.radians(a.lat)) * math.sin(math.radians(b.lat)) + math.cos(math.radians(a.lat)) * math.cos(
            math.radians(b.lat)
        ) * math.cos(math.radians(a.lon - b.lon))
        assert route.distance_km >= 0.85 * 6371.0 * math.acos(min(arc, 1.0)) - 10.0, route


def test_flagship_crossings(flagship: Tables) -> None:
    sides = crossing_sides(flagship.places, flagship.routes)
    trade: Counter[tuple[str, ...]] = Counter()
    for place in flagship.places:
        if place.is_crossing:
            assert 0.3 <= place.permeability <= 0.9
            trade[sides[place.name]] += round(place.trade_share * 1000)
    assert trade == {("Afghanistan", "Pakistan"): 1000, ("Afghanistan", "Iran"): 1000, ("Iran", "Pakistan"): 1000}
    capacity = {place.name: place.capacity or 0.0 for place in flagship.places if place.is_crossing}
    assert capacity["Torkham crossing"] + capacity["Chaman-Spin Boldak crossing"] > 25_000


def test_flagship_people(flagship: Tables) -> None:
    assert abroad(flagship, "Pakistan") == {"registered": 1_400_000, "documented": 840_000, "undocumented": 1_150_000}
    iran = abroad(flagship, "Iran")
    assert iran == {"registered": 780_000, "documented": 2_000_000, "undocumented": 620_000}
    assert sum(row.count for row in flagship.populations if row.status == "idp") == 3_250_000
    region = {place.name: place.region for place in flagship.places}
    registered = [row for row in flagship.populations if row.status == "registered"]
    shares = {
        name: sum(r.count for r in registered if region[r.place] == name) / 1.4e6 for name in set(region.values())
    }
    assert shares["Khyber Pakhtunkhwa"] == pytest.approx(0.581, abs=1e-4)
    assert shares["Balochistan"] == pytest.approx(0.228, abs=1e-4)
    assert shares["Sindh"] == pytest.approx(0.046, abs=1e-4)


def test_flagship_returns_go_where_returnees_intend(flagship: Tables) -> None:
    country = {place.name: place.country for place in flagship.places}
    home: Counter[str] = Counter()
    for row in flagship.populations:
        if country[row.place] == "Pakistan":
            home[row.home_region] += row.count
    total = sum(home.values())
    by_region: Counter[str] = Counter()
    share = {}
    for place in flagship.places:
        if place.country == "Afghanistan":
            assert place.return_share is not None
            by_region[place.home_region] += round(place.return_share * 10_000)
            share[place.name] = home[place.home_region] / total * place.return_share
    assert set(by_region.values()) == {10_000}
    for name, expected in {"Nangarhar": 0.25, "Kabul": 0.21, "Kandahar": 0.09, "Kunduz": 0.09, "Laghman": 0.06}.items():
        assert share[name] == pytest.approx(expected, abs=1e-3)


def test_flagship_groups(flagship: Tables) -> None:
    fighters: Counter[tuple[str, str]] = Counter()
    country = {place.name: place.country for place in flagship.places}
    for row in flagship.groups:
        fighters[row.group, country[row.place]] += row.fighters
        assert (row.weight > 0) == (country[row.place] == "Pakistan")
    assert fighters["ttp", "Pakistan"] + fighters["ttp", "Afghanistan"] == 3_400
    assert fighters["ttp", "Pakistan"] == pytest.approx(0.26 * 3_400, abs=1)
    assert fighters["baloch", "Pakistan"] == 1_100 and ("baloch", "Afghanistan") not in fighters


def test_flagship_history(flagship: Tables) -> None:
    first, second = (row for row in flagship.history if row.statuses)
    assert (first.date, first.deadline) == (dt.date(2023, 10, 3), dt.date(2023, 11, 1))
    assert (first.salience, first.implemented, first.statuses) == (1.0, True, ("undocumented",))
    assert (second.deadline, second.salience, second.implemented) == (dt.date(2024, 4, 15), 0.03, False)
    pace = {row.date: row.level for row in flagship.history if row.lever == "deportation"}
    assert pace[dt.date(2023, 11, 1)] == 1.0 and pace[dt.date(2024, 1, 1)] == 0.058
    assert sum(row.type == "ceasefire" for row in flagship.history) == 3
    assert sum(row.type == "airstrike" for row in flagship.history) == 3
    assert list(flagship.history) == sorted(flagship.history, key=lambda row: row.date)
    assert max(row.end_date or row.date for row in flagship.history) <= dt.date(2024, 12, 31)
    january = next(row for row in flagship.history if row.date == dt.date(2024, 1, 13))
    assert january.lever == "close_trade" and len(january.lever_targets) == 6
    assert [row.value for row in flagship.exogenous if row.effect == "exodus"] == [550_000]


def test_flagship_observations(flagship: Tables) -> None:
    frame = flagship.observed
    assert ((frame.low <= frame.value) & (frame.value <= frame.high)).all()
    assert str(frame.end.max().date()) == "2024-12-31"
    days = (frame.end - frame.start).dt.days
    years = frame[(frame.outcome == "attacks") & (days > 300)]
    assert list(years.value) == [294, 380, 645, 908]
    assert list(frame[(frame.outcome == "deaths") & (days > 300)].value) == [388, 539, 975, 1177]
    assert len(frame[(frame.outcome == "attacks") & (days < 40)]) == 48
    autumn = frame[(frame.outcome == "returns") & frame.start.between("2023-10-01", "2023-11-01")]
    assert autumn.value.sum() == 405_000


def test_every_flagship_row_has_a_source() -> None:
    for path in sorted((BUILT_IN / "pakistan_afghanistan").glob("*.csv")):
        header, *lines = path.read_text(encoding="utf-8").splitlines()
        last = header.split(",")[-1]
        assert last == ("road" if path.name == "routes.csv" else "source")
        assert all(line.rsplit(",", 1)[-1].strip('" ') for line in lines), path.name


def test_two_states_are_mirror_images(two_states: Tables) -> None:
    def other(name: str) -> str:
        swap = {"North": "South", "South": "North", "north": "south", "south": "north"}
        return next((swap[one] + name[len(one) :] for one in swap if name.startswith(one)), name)

    for place in two_states.places:
        twin = next(p for p in two_states.places if p.name == other(place.name))
        assert (twin.lat, twin.lon, twin.population) == (-place.lat, place.lon, place.population)
        assert (twin.country, twin.home_region) == (other(place.country), other(place.home_region))
    roads = {(route.a, route.b, route.distance_km) for route in two_states.routes}
    assert {(other(a), other(b), km) for a, b, km in roads} == roads
    people = {(r.nationality, r.status, r.home_region, r.place, r.count) for r in two_states.populations}
    assert {(*(other(x) for x in row[:4]), row[4]) for row in people} == people
    fighters = {(r.group, r.place, r.fighters, r.weight) for r in two_states.groups}
    assert {(other(g), other(p), n, w) for g, p, n, w in fighters} == fighters
    assert two_states.history == () and two_states.exogenous == () and two_states.observed.empty
    governments: Any = read_yaml(BUILT_IN / "two_states")["governments"]
    north, south = (dict(governments[name]) for name in ("north", "south"))
    assert {key for key in north if north[key] != south[key]} == {"country", "baseline"}
    assert {key.replace("south", "north"): value for key, value in north["baseline"].items()} == south["baseline"]


# ---- what is tolerated


def test_mark_line_ends_comments_and_quoted_lines_are_tolerated(folder: Path) -> None:
    plain = read_folder(folder)
    for path in folder.glob("*.csv"):
        text = path.read_text(encoding="utf-8").replace("\n", "\r\n")
        path.write_bytes(b'\xef\xbb\xbf# a "comment, with a quote\r\n\r\n' + text.encode() + b"\r\n# the end\r\n")
    edit(folder / "routes.csv", "210,fictional", '210,"two\nlines"')
    again = read_folder(folder)
    assert (again.places, again.routes, again.populations) == (plain.places, plain.routes, plain.populations)
    assert again.groups == plain.groups


def test_optional_columns_may_be_missing(folder: Path) -> None:
    lines = (folder / "routes.csv").read_text(encoding="utf-8").splitlines()
    (folder / "routes.csv").write_text("\n".join(line.rsplit(",", 1)[0] for line in lines), encoding="utf-8")
    (folder / "history.csv").write_text("date,type,actor\n2001-02-03,statement,north\n", encoding="utf-8")
    tables = read_folder(folder)
    assert tables.history[0].goldstein is None and tables.history[0].lever == ""


def test_other_history_and_exogenous_files_take_the_place_of_the_folder_s(folder: Path, tmp_path: Path) -> None:
    history, outside = tmp_path / "h.csv", tmp_path / "e.csv"
    history.write_text(HISTORY + "2001-02-03,,statement,north,south,,,-1,,,,,,,,,\n", encoding="utf-8")
    outside.write_text(EXOGENOUS + "2001-02-03,,famine,,,,*,,safety,Northland,0.2,,,\n", encoding="utf-8")
    tables = read_folder(folder, history=history, exogenous=outside)
    assert len(tables.history) == len(tables.exogenous) == 1
    assert tables.files[4:6] == (history, outside)
    assert matching(tables.exogenous[0].places, ("a", "b")) == ("a", "b")
    history.write_text(HISTORY + "# note\n2001-02-03,,statement,norht,south,,,-1,,,,,,,,,\n", encoding="utf-8")
    message = refusal(folder, history=history)
    assert f"{history}, line 3, column 'actor'" in message and "did you mean 'north'?" in message


def test_suggestions_name_what_is_close_or_list_what_is_known() -> None:
    assert suggestion("Chamam", ["Torkham", "Chaman"]) == "did you mean 'Chaman'?"
    assert suggestion("zzz", ["b", "a"]) == "known: b, a"
    assert suggestion("zzz", [f"n{i}" for i in range(20)]).endswith("and 8 more")


# ---- what is refused: (file, old text, new text, what the message names)

CAPITAL = "North Capital,Northland,Northland,city,3.0,-25.0,4000000,North Core,,,,,,fictional"
GATE = "West Gate,,,crossing,0.0,-26.2,0,,,,3000,0.4,0.6,fictional"
HILLS = "North Hills,North East March,170,fictional"
PEOPLE = "Northland,registered,North Core,South West March,2700,fictional"
IDPS = "Northland,idp,North March,North West March,12000,fictional"
FIGHTERS = "north_front,North Hills,40,0.15,fictional"

BAD_CELLS: list[tuple[str, str, str, tuple[str, ...]]] = [
    # columns and rows
    ("places.csv", "lat,lon", "lat,long", ("'long'", "unknown column", "did you mean 'lon'?")),
    ("places.csv", "lat,lon", "lat,lat", ("'lat'", "twice")),
    ("places.csv", "name,country", "name;country", ("commas",)),
    ("populations.csv", "nationality,status", "nationality,state", ("'state'", "did you mean 'status'?")),
    ("routes.csv", "a,b,distance_km,road", "a,b,road,source", ("'distance_km'", "missing")),
    ("routes.csv", HILLS, HILLS + ",more", ("line 5", "5 cells under 4 columns")),
    ("routes.csv", HILLS, "North Hills,North East March", ("line 5", "2 cells under 4 columns")),
    ("routes.csv", HILLS, '"North Hills,North East March,170', ("never closed",)),
    ("routes.csv", HILLS, 'North Hills,"North" East March,170,x"y"', ("line 5", "malformed")),
    # numbers
    ("places.csv", "4000000", "4e", ("line 2", "'population'", "not a number")),
    ("places.csv", "4000000", "nan", ("line 2", "'population'", "finite")),
    ("places.csv", "4000000", "-inf", ("line 2", "'population'", "finite")),
    ("places.csv", "4000000", "1e999", ("line 2", "'population'", "finite")),
    ("places.csv", "4000000", "-5", ("line 2", "'population'", "out of range")),
    ("places.csv", "4000000", "4000000.5", ("line 2", "'population'", "whole number")),
    ("places.csv", "4000000", '"4,000,000"', ("line 2", "'population'", "not a number")),
    ("places.csv", "4000000", "", ("line 2", "'population'", "empty")),
    ("places.csv", "3.0,-25.0", "93.0,-25.0", ("line 2", "'lat'", "-90 to 90")),
    ("places.csv", "3.0,-25.0", "3.0,-250", ("line 2", "'lon'", "-180 to 180")),
    ("places.csv", "3000,0.4", "3000,1.4", ("'permeability'", "0 to 1")),
    ("places.csv", "3000,0.4", "-3,0.4", ("'capacity'", "out of range")),
    ("routes.csv", HILLS, "North Hills,North East March,-170,x", ("line 5", "'distance_km'", "out of range")),
    ("routes.csv", HILLS, "North Hills,North East March,0,x", ("line 5", "'distance_km'", "above 0")),
    ("populations.csv", "2700", "27.5", ("line 2", "'count'", "whole number")),
    ("populations.csv", "2700", "-2700", ("line 2", "'count'", "out of range")),
    ("populations.csv", "2700", "NaN", ("line 2", "'count'", "finite")),
    ("groups.csv", FIGHTERS, "north_front,North Hills,4.5,0.15,x", ("line 4", "'fighters'", "whole number")),
    ("groups.csv", FIGHTERS, "north_front,North Hills,40,-1,x", ("line 4", "'weight'", "out of range")),
    # places and roads
    ("places.csv", CAPITAL, CAPITAL + "\n" + CAPITAL, ("line 3", "'name'", "'North Capital'", "line 2")),
    (
        "places.csv",
        "North Plains,Northland,Northland,area",
        "North Plains,Northland,Northland,aria",
        ("'kind'", "area"),
    ),
    ("places.csv", "North Plains,Northland", "North Plains,", ("line 3", "'country'", "empty")),
    ("places.csv", "West Gate,,", "West Gate,Northland,", ("'country'", "crossing")),
    ("places.csv", "4000000,North Core", "4000000,", ("line 2", "'home_region'", "residents")),
    ("places.csv", "4000000,North Core,", "4000000,North Core,0.5", ("'return_share'", "all or none")),
    ("places.csv", "3000,0.4,0.6", "3000,0.4,0.7", ("'trade_share'", "1.1", "at most 1")),
    ("places.csv", GATE, GATE + "\nLost Gate,,,crossing,0,-25,0,,,,,,,x", ("'kind'", "'Lost Gate'", "no country")),
    ("places.csv", GATE, GATE + "\nIsle,Northland,,area,1,1,5,Isle,,,,,,x", ("'name'", "no road", "'Isle'")),
    ("routes.csv", HILLS, HILLS + "\nNorth East March,North Hills,170,x", ("line 6", "already on line 5")),
    ("routes.csv", HILLS, "North Hills,North Hills,170,x", ("line 5", "'b'", "to itself")),
    ("routes.csv", HILLS, "North Hils,North East March,170,x", ("line 5", "'a'", "did you mean 'North Hills'?")),
    ("routes.csv", HILLS, "North Hills,South Hills,170,x", ("line 5", "'b'", "crossing")),
    ("routes.csv", "South East March,East Gate,110,fictional", "", ("'kind'", "'East Gate' joins Northland")),
    # people
    ("populations.csv", PEOPLE, PEOPLE + "\n" + PEOPLE, ("line 3", "already on line 2")),
    ("populations.csv", "Northland,registered", "Norhtland,registered", ("'nationality'", "'Northland'?")),
    ("populations.csv", "Northland,registered", "Northland,refugee", ("line 2", "'status'", "refugee")),
    ("populations.csv", "Northland,registered", "Northland,idp", ("line 2", "'status'", "abroad", "undocumented")),
    ("populations.csv", "Northland,idp", "Northland,registered", ("'status'", "own country", "idp")),
    ("populations.csv", "Northland,idp", "Northland,citizen", ("'status'", "places.csv")),
    (
        "populations.csv",
        "registered,North Core",
        "registered,South Core",
        ("'home_region'", "'South Core'", "North Core"),
    ),
    ("populations.csv", "South West March,2700", "South Wst March,2700", ("'place'", "'South West March'?")),
    ("populations.csv", "South West March,2700", "West Gate,2700", ("'place'", "crossing")),
    ("populations.csv", IDPS, IDPS.replace("12000", "1200001"), ("'count'", "1200001", "1200000 residents")),
    # groups
    ("groups.csv", FIGHTERS, FIGHTERS + "\n" + FIGHTERS, ("line 5", "already on line 4")),
    ("groups.csv", FIGHTERS, "north_front,East Gate,40,0.15,x", ("line 4", "'place'", "crossing")),
    ("groups.csv", FIGHTERS, "north_front,Nowhere,40,0.15,x", ("line 4", "'place'", "Nowhere")),
    ("groups.csv", FIGHTERS, "nort_front,North Hills,40,0.15,x", ("line 4", "'group'", "did you mean 'north_front'?")),
]


@pytest.mark.parametrize(("name", "old", "new", "named"), BAD_CELLS)
def test_a_bad_table_is_refused(folder: Path, name: str, old: str, new: str, named: tuple[str, ...]) -> None:
    edit(folder / name, old, new)
    message = refusal(folder)
    assert str(folder) in message and ".csv" in message
    # A place out of reach is the fault of places.csv or routes.csv; the message names both.
    assert name in message or name == "routes.csv"
    for words in named:
        assert words in message, message


def row(**cells: str) -> str:
    """Return a row of history.csv with these cells."""
    given = {"date": "2001-02-03", "type": "statement", "actor": "north", "target": "south"} | cells
    return ",".join(given.get(column, "") for column in HISTORY.strip().split(",")) + "\n"


BAD_HISTORY: list[tuple[dict[str, str], tuple[str, ...]]] = [
    ({"date": "2001-13-01"}, ("'date'", "not a date", "2023-10-03")),
    ({"date": "2001-02"}, ("'date'", "not a date")),
    ({"date": "20010203"}, ("'date'", "not a date")),
    ({"date": ""}, ("'date'", "empty")),
    ({"end_date": "2001-01-01"}, ("'end_date'", "before")),
    ({"type": ""}, ("'type'", "empty")),
    ({"goldstein": "-11"}, ("'goldstein'", "-10 to 10")),
    ({"goldstein": "nan"}, ("'goldstein'", "finite")),
    ({"places": "North Hill"}, ("'places'", "did you mean 'North Hills'?")),
    ({"places": "North Hills;"}, ("'places'", "empty")),
    ({"places": "North Hills;North Hills"}, ("'places'", "twice")),
    ({"lever": "sanction", "lever_targets": "south", "level": "1"}, ("'lever'", "did you mean 'sanctions'?")),
    ({"lever": "sanctions", "lever_targets": "south"}, ("'level'", "empty")),
    ({"lever": "sanctions", "level": "1"}, ("'lever_targets'", "rival")),
    ({"lever": "sanctions", "lever_targets": "south", "level": "1.2"}, ("'level'", "0 to 1")),
    ({"lever": "sanctions", "lever_targets": "south", "level": "-0.2"}, ("'level'", "0 to 1")),
    ({"lever": "forum_support", "lever_targets": "south", "level": "-1.2"}, ("'level'", "-1 to 1")),
    ({"lever": "operations", "lever_targets": "south", "level": "1"}, ("'lever_targets'", "no target")),
    ({"lever": "close_trade", "lever_targets": "North Hills", "level": "1"}, ("'lever_targets'", "crossing")),
    ({"lever": "deportation", "lever_targets": "citizen", "level": "1"}, ("'lever_targets'", "undocumented")),
    ({"level": "1"}, ("'level'", "no lever")),
    ({"statuses": "undocumented"}, ("'deadline'", "empty")),
    ({"deadline": "2001-03-03"}, ("'statuses'", "empty")),
    ({"statuses": "idp", "deadline": "2001-03-03"}, ("'statuses'", "idp")),
    ({"statuses": "undocumented", "deadline": "2001-01-03"}, ("'deadline'", "before")),
    ({"statuses": "undocumented", "deadline": "2001-03-03", "salience": "2"}, ("'salience'", "0 to 1")),
    ({"statuses": "undocumented", "deadline": "2001-03-03", "implemented": "yes"}, ("'implemented'", "true, false")),
    ({"type": "ceasefire", "actor": "north_front"}, ("'end_date'", "ceasefire")),
    ({"type": "airstrike"}, ("'places'", "a strike needs the places it hit")),
    ({"type": "strike"}, ("'places'", "a strike needs the places it hit")),
    # these need the actors of scenario.yaml
    ({"actor": "nort"}, ("'actor'", "did you mean 'north'?")),
    ({"target": "Southland"}, ("'target'", "Southland")),
    ({"type": "ceasefire", "end_date": "2001-03-03"}, ("'actor'", "north_front")),
    ({"actor": "north_front", "lever": "operations", "level": "1"}, ("'actor'", "north")),
    ({"actor": "international", "statuses": "*", "deadline": "2001-03-03"}, ("'actor'", "north")),
    ({"lever": "sanctions", "lever_targets": "north", "level": "1"}, ("'lever_targets'", "south")),
]


@pytest.mark.parametrize(("cells", "named"), BAD_HISTORY)
def test_a_bad_history_is_refused(folder: Path, cells: dict[str, str], named: tuple[str, ...]) -> None:
    path = folder / "history.csv"
    path.write_text("# a note\n" + HISTORY + row() + row(**cells), encoding="utf-8")
    message = refusal(folder)
    assert message.startswith(f"{path}, line 4, column ")
    for words in named:
        assert words in message, message


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("2001-02-03,,x,,,,,,safty,Northland,1,,,", ("'effect'", "did you mean 'safety'?")),
        ("2001-02-03,,x,,,,,,safety,Northlan,1,,,", ("'subject'", "'Northland'?")),
        ("2001-02-03,,x,,,,,,safety,Northland,,,,", ("'value'", "empty")),
        ("2001-02-03,,x,,,,,,safety,Northland,1.5,,,", ("'value'", "0 to 1")),
        ("2001-02-03,,x,,Northland,,,,exodus,Northland,100,9,,", ("'target'", "Southland")),
        ("2001-02-03,,x,,Southland,,,,exodus,Northland,-100,9,,", ("'value'", "out of range")),
        ("2001-02-03,,x,,Southland,,,,exodus,Northland,100,,,", ("'decay_days'", "empty")),
        ("2001-02-03,2001-03-03,x,,,,North Hills,,close_people,,1,,,", ("'places'", "crossing")),
        ("2001-02-03,2001-03-03,x,,,,,,close_people,,1,,,", ("'places'", "empty")),
        ("2001-02-03,,x,,,,East Gate,,close_trade,,1,,,", ("'end_date'", "close_trade")),
        ("2001-02-03,,x,,,,,,intensity,north_front,2,,,", ("'end_date'", "intensity")),
        ("2001-02-03,2001-01-03,x,,,,,,intensity,north_front,2,,,", ("'end_date'", "before")),
        ("2001-02-03,2001-03-03,x,,,,,,intensity,north,2,,,", ("'subject'", "north_front")),
        ("2001-02-03,,x,,south,,,,cooperation,Northland,0.2,,,", ("'subject'", "north")),
        ("2001-02-03,,x,,north,,,,cooperation,north,0.2,,,", ("'target'", "south")),
        # effects that last: an end would be read and ignored
        ("2001-02-03,2001-03-03,x,,south,,,,cooperation,north,0.2,,,", ("'end_date'", "'cooperation' has no end", "second row")),
        ("2001-02-03,2001-03-03,x,,,,,,safety,Northland,0.5,,,", ("'end_date'", "'safety' has no end", "second row")),
        ("2001-02-03,2001-03-03,x,,Southland,,,,exodus,Northland,100,9,,", ("'end_date'", "'exodus' has no end", "second row")),
    ],
)
def test_a_bad_exogenous_event_is_refused(folder: Path, line: str, named: tuple[str, ...]) -> None:
    path = folder / "exogenous.csv"
    path.write_text(EXOGENOUS + line + "\n", encoding="utf-8")
    message = refusal(folder)
    assert message.startswith(f"{path}, line 2, column ")
    for words in named:
        assert words in message, message


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("attack,2001-01-01,2001-01-31,5,,,,,", ("'outcome'", "did you mean 'attacks'?")),
        ("attacks,2001-01-01,2000-01-31,5,,,,,", ("'end'", "before")),
        ("attacks,2001-01-01,2001-01-31,5,6,7,,,", ("'low'", "0 to 5")),
        ("attacks,2001-01-01,2001-01-31,5,4,4,,,", ("'high'", "5 to")),
        ("attacks,2001-01-01,2001-01-31,inf,,,,,", ("'value'", "finite")),
    ],
)
def test_a_bad_observation_is_refused(folder: Path, line: str, named: tuple[str, ...]) -> None:
    path = folder / "observed" / "series.csv"
    path.parent.mkdir()
    path.write_text("outcome,start,end,value,low,high,basis,source,confidence\n" + line + "\n", encoding="utf-8")
    message = refusal(folder)
    assert message.startswith(f"{path}, line 2, column ")
    for words in named:
        assert words in message, message


@pytest.mark.parametrize(
    "name", ["places.csv", "routes.csv", "populations.csv", "groups.csv", "history.csv", "exogenous.csv"]
)
def test_a_missing_an_empty_and_a_binary_table_are_refused(folder: Path, name: str) -> None:
    path = folder / name
    path.write_bytes(b"\xff\xfe\x00a")
    assert "UTF-8" in refusal(folder) and str(path) in refusal(folder)
    path.write_text("# nothing but a comment\n", encoding="utf-8")
    assert f"{path}: the file is empty" in refusal(folder)
    path.unlink()
    assert f"{path}: no such file" in refusal(folder)


def test_a_missing_folder_and_a_place_less_map_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        read_folder(tmp_path / "nowhere")
    header = (folder / "places.csv").read_text(encoding="utf-8").splitlines()[0]
    (folder / "places.csv").write_text(header + "\n", encoding="utf-8")
    (folder / "routes.csv").write_text("a,b,distance_km\n", encoding="utf-8")
    assert "no place with a country" in refusal(folder)


def test_a_place_that_its_own_country_reaches_only_over_a_border_is_refused(folder: Path) -> None:
    lines = (folder / "routes.csv").read_text(encoding="utf-8").splitlines()
    cut = [line for line in lines if "North East March" not in line or "East Gate" in line]
    (folder / "routes.csv").write_text("\n".join(cut), encoding="utf-8")
    message = refusal(folder)
    assert "line 6, column 'name'" in message and "inside Northland reaches 'North East March'" in message


def test_actors_must_fit_the_tables(folder: Path) -> None:
    tables = read_folder(folder)
    governments, groups, mediators, levers = actors(folder)
    with pytest.raises(InputError, match=r"scenario\.yaml, key 'governments\.north\.country'.*Northland"):
        check_actors(tables, {**governments, "north": "Nortland"}, groups, mediators, levers)
    with pytest.raises(InputError, match=r"groups\.csv.*'ghosts' of scenario\.yaml has no row"):
        check_actors(tables, governments, (*groups, "ghosts"), mediators, levers)
    (folder / "history.csv").write_text(HISTORY + row(lever="operations", level="0.5"), encoding="utf-8")
    with pytest.raises(InputError, match=r"history\.csv, line 2, column 'lever'.*'operations'"):
        check_actors(read_folder(folder), governments, groups, mediators, tuple(set(levers) - {"operations"}))


# ---- scenario.yaml


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("title:", "titel:", ("'titel'", "did you mean 'title'?")),
        ("title: Two states (fictional)", "", ("'title'", "missing")),
        ("schema_version: 1", "schema_version: 2", ("'schema_version'", "write 1")),
        ("title: Two states", "title: [Two states", ("line ", "not valid YAML")),
        ("start: 2001-01-01", "start: 2001-01-01\nstart: 2001-01-02", ("not valid YAML", "start")),
    ],
)
def test_a_bad_scenario_file_is_refused(folder: Path, old: str, new: str, named: tuple[str, ...]) -> None:
    path = folder / "scenario.yaml"
    edit(path, old, new)
    with pytest.raises(InputError) as caught:
        read_yaml(folder)
    message = str(caught.value)
    assert message.startswith(str(path)) and "\n" not in message
    for words in named:
        assert words in message, message


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words\n", "# a comment\n"])
def test_a_scenario_file_without_keys_is_refused(folder: Path, text: str) -> None:
    (folder / "scenario.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"scenario\.yaml"):
        read_yaml(folder)


def test_a_missing_scenario_file_is_refused_and_dates_stay_text(folder: Path) -> None:
    assert read_yaml(folder)["start"] == "2001-01-01"
    (folder / "scenario.yaml").unlink()
    with pytest.raises(InputError, match="no such file"):
        read_yaml(folder)


def test_the_starter_scenario_can_be_read(tmp_path: Path) -> None:
    folder = write_scenario("my_border", tmp_path)
    tables = read_folder(folder)
    check_actors(tables, *actors(folder))
    assert len(tables.observed) == 1 and len(tables.history) == 3 and len(tables.exogenous) == 1
