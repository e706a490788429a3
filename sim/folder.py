"""Read a scenario folder: ``scenario.yaml`` and its tables, checked cell by cell.

What only shows when tables are held against each other is in :mod:`sim.foldercheck`.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from agents.errors import InputError
from agents.vocabulary import ABROAD, AT_HOME, Status
from sim.csvrows import LARGEST, Row, matching, read_rows, suggestion
from sim.displacement.read import INPUT, is_conflict_folder, read_conflict
from sim.displacement.tree import scenario_places, scenario_tree
from sim.eventrows import (
    EXOGENOUS_OPTIONAL,
    EXOGENOUS_REQUIRED,
    HISTORY_OPTIONAL,
    HISTORY_REQUIRED,
    exogenous_row,
    history_row,
)
from sim.foldercheck import check_actors, check_geography, check_people
from sim.tables import GroupRow, Place, PopulationRow, Route, Tables

__all__ = ["check_actors", "matching", "read_folder", "read_yaml"]

SCHEMA_VERSION = 1
YAML_KEYS = (
    "schema_version", "title", "start", "end", "decision_interval",
    "governments", "groups", "mediators", "policies", "levers", "parameters", "roles",
)  # fmt: skip
KINDS = ("province", "area", "district", "city", "camp", "crossing")
OUTCOMES = ("attacks", "deaths", "returns")


def read_yaml(folder: Path) -> dict[str, object]:
    """Return ``scenario.yaml`` as plain data; dates stay text.

    Only the top level is checked here; the schema of the configuration checks the rest. A folder in
    Flee's format has none; it gives what one would hold.
    """
    path = Path(folder) / "scenario.yaml"
    if holds_conflict(folder):
        return scenario_tree(read_conflict(folder))
    try:
        loaded = OmegaConf.load(path)
        content = OmegaConf.to_container(loaded, resolve=False)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; a scenario folder needs scenario.yaml, or {INPUT}/ in Flee's format") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start} is not UTF-8 text; save the file as UTF-8") from None
    except OSError as error:
        reason = error.strerror or "it holds no keys"
        raise InputError(f"{path}: cannot be read ({reason}); write keys like 'title: My border'") from None
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        problem = " ".join((error.problem or "it cannot be parsed").split())
        raise InputError(f"{path}{line}: not valid YAML ({problem}); check indentation, colons and keys") from None
    except (yaml.YAMLError, OmegaConfBaseException) as error:
        raise InputError(f"{path}: not valid YAML ({' '.join(str(error).split())})") from None
    if not isinstance(content, dict) or not content:
        raise InputError(f"{path}: it must hold keys and values, like 'title: My border'")
    for key in content:
        if key not in YAML_KEYS:
            raise InputError(f"{path}, key {str(key)!r}: unknown key; {suggestion(str(key), YAML_KEYS)}")
    for key in ("schema_version", "title", "start", "end", "governments"):
        if key not in content:
            raise InputError(f"{path}, key '{key}': the key is missing; every scenario has it")
    if content["schema_version"] != SCHEMA_VERSION:
        found = content["schema_version"]
        raise InputError(f"{path}, key 'schema_version': {found!r} is not known here; write {SCHEMA_VERSION}")
    return {str(key): value for key, value in content.items()}


def holds_conflict(folder: Path) -> bool:
    """Whether a folder is in Flee's format; complain when it holds a scenario of ours as well."""
    if is_conflict_folder(folder) and (Path(folder) / "scenario.yaml").exists():
        raise InputError(f"{folder}: holds both scenario.yaml and {INPUT}/; keep one, so that it is clear which is meant")
    return is_conflict_folder(folder)


def read_folder(folder: Path, *, history: Path | None = None, exogenous: Path | None = None) -> Tables:
    """Read and check every table of a scenario folder.

    Parameters
    ----------
    folder
        The folder.
    history, exogenous
        Files to read instead of the folder's own ``history.csv`` and ``exogenous.csv``.

    Returns
    -------
    Tables
        ``files`` are in the order places, routes, populations, groups, history, exogenous and, where
        there is one, observed series. Of a folder in Flee's format they are those of the conflict, and
        then ``history`` and ``exogenous`` where they are given.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give the path of a scenario folder")
    if holds_conflict(folder):
        return _conflict_tables(folder, history, exogenous)
    names = ("places.csv", "routes.csv", "populations.csv", "groups.csv")
    files = [folder / name for name in names]
    files += [Path(history or folder / "history.csv"), Path(exogenous or folder / "exogenous.csv")]
    place_rows = _read(files[0], "name country kind lat lon population", _PLACE_OPTIONAL)
    places = tuple(_place(row) for row in place_rows)
    _no_duplicates(place_rows, ("name",))
    route_rows = _read(files[1], "a b distance_km", "road source")
    routes = tuple(_route(row, places) for row in route_rows)
    check_geography(place_rows, places, route_rows, routes)
    people_rows = _read(files[2], "nationality status home_region place count", "source")
    populations = tuple(_population(row, places) for row in people_rows)
    _no_duplicates(people_rows, ("nationality", "status", "home_region", "place"))
    check_people(people_rows, populations, places)
    group_rows = _read(files[3], "group place fighters weight", "source")
    groups = tuple(_group(row, places) for row in group_rows)
    _no_duplicates(group_rows, ("group", "place"))
    dated = tuple(history_row(row, places) for row in _read(files[4], HISTORY_REQUIRED, HISTORY_OPTIONAL))
    outside = tuple(exogenous_row(row, places) for row in _read(files[5], EXOGENOUS_REQUIRED, EXOGENOUS_OPTIONAL))
    series = folder / "observed" / "series.csv"
    files += [series] if series.is_file() else []
    return Tables(folder, places, routes, populations, groups, dated, outside, _observed(series), tuple(files))


def _conflict_tables(folder: Path, history: Path | None, exogenous: Path | None) -> Tables:
    """Read a folder in Flee's format; acts and events come from other files when they are given."""
    conflict = read_conflict(folder)
    places = scenario_places(conflict)
    dated = _read(Path(history), HISTORY_REQUIRED, HISTORY_OPTIONAL) if history else []
    outside = _read(Path(exogenous), EXOGENOUS_REQUIRED, EXOGENOUS_OPTIONAL) if exogenous else []
    return Tables(
        folder, places, routes=(), populations=(), groups=(),
        history=tuple(history_row(row, places) for row in dated),
        exogenous=tuple(exogenous_row(row, places) for row in outside),
        observed=_observed(folder / "observed" / "series.csv"),
        files=(*conflict.files, *(Path(file) for file in (history, exogenous) if file)),
        conflict=conflict,
    )  # fmt: skip


_PLACE_OPTIONAL = "region home_region return_share attractiveness capacity permeability trade_share source"


def _read(path: Path, required: str, optional: str) -> list[Row]:
    return read_rows(path, tuple(required.split()), tuple(optional.split()))


def _no_duplicates(rows: list[Row], key: tuple[str, ...]) -> None:
    seen: dict[tuple[str, ...], int] = {}
    for row in rows:
        values = tuple(row.cells[column] for column in key)
        if values in seen:
            words = ", ".join(repr(value) for value in values)
            raise row.bad(key[-1], f"{words} stands already on line {seen[values]}; keep one row")
        seen[values] = row.line


def _place(row: Row) -> Place:
    kind = row.choice("kind", KINDS, "kind")
    crossing = kind == "crossing"
    if crossing and row.has("country"):
        raise row.bad("country", "a crossing belongs to no country; leave the cell empty")
    if crossing and row.has("home_region"):
        raise row.bad("home_region", "nobody is at home on a crossing; leave the cell empty")
    if not crossing and (row.has("permeability") or row.number_or("trade_share", 0.0) != 0.0):
        raise row.bad("permeability" if row.has("permeability") else "trade_share", "only crossings have one; leave it")
    population = row.count("population") if not crossing or row.has("population") else 0
    if crossing and population:
        raise row.bad("population", "nobody lives on a crossing; write 0 or leave the cell empty")
    if population and not row.has("home_region"):
        raise row.bad("home_region", "the cell is empty; a place with residents needs a home region")
    return Place(
        name=row.text("name"),
        country="" if crossing else row.text("country"),
        region=row.cells["region"],
        kind=kind,
        lat=row.number("lat", -90.0, 90.0),
        lon=row.number("lon", -180.0, 180.0),
        population=population,
        home_region=row.cells["home_region"],
        return_share=row.optional("return_share", 0.0, 1.0),
        attractiveness=row.optional("attractiveness", 0.0, LARGEST),
        capacity=row.optional("capacity", 0.0, LARGEST),
        permeability=row.number_or("permeability", 0.0, 0.0, 1.0),
        trade_share=row.number_or("trade_share", 0.0, 0.0, 1.0),
    )


def _route(row: Row, places: tuple[Place, ...]) -> Route:
    names = [place.name for place in places]
    a, b = row.choice("a", names, "place"), row.choice("b", names, "place")
    if a == b:
        raise row.bad("b", f"the road leads from {a!r} to itself; name another place")
    distance = row.number("distance_km", 0.0, 100_000.0)
    if distance == 0.0:
        raise row.bad("distance_km", "0 is out of range; write a distance above 0 km")
    return Route(a, b, distance)


def _population(row: Row, places: tuple[Place, ...]) -> PopulationRow:
    nationality = row.choice("nationality", [p.country for p in places], "country")
    status = row.choice("status", [str(status) for status in Status], "status")
    home = row.choice("home_region", [p.home_region for p in places if p.country == nationality], "home region")
    name = row.choice("place", [p.name for p in places], "place")
    place = next(p for p in places if p.name == name)
    if place.is_crossing:
        raise row.bad("place", f"{name!r} is a crossing; people stay at places with a country")
    if status == Status.CITIZEN:
        raise row.bad("status", "citizens at home are the 'population' of places.csv; leave this row out")
    right = AT_HOME[1:] if place.country == nationality else ABROAD
    if status not in right:
        where = "in the own country" if place.country == nationality else "abroad"
        words = ", ".join(str(one) for one in right)
        raise row.bad("status", f"{status!r} cannot be {where} ({name} is in {place.country}); write one of {words}")
    return PopulationRow(nationality, status, home, name, row.count("count"))


def _group(row: Row, places: tuple[Place, ...]) -> GroupRow:
    name = row.choice("place", [p.name for p in places], "place")
    if next(p for p in places if p.name == name).is_crossing:
        raise row.bad("place", f"{name!r} is a crossing; fighters stay at places with a country")
    return GroupRow(row.text("group"), name, row.count("fighters"), row.number("weight", 0.0, 1e6))


def _observed(path: Path) -> pd.DataFrame:
    """Return the observed series; ``start`` and ``end`` are timestamps at midnight."""
    columns = ("outcome", "start", "end", "value", "low", "high", "basis", "source", "confidence")
    rows = read_rows(path, columns[:4], columns[4:]) if path.is_file() else []
    data: dict[str, list[object]] = {column: [] for column in columns}
    for row in rows:
        start = row.date("start")
        value = row.number("value", 0.0, LARGEST)
        low, high = row.number_or("low", value, 0.0, value), row.number_or("high", value, value, LARGEST)
        end = row.optional_date("end", start, "start")
        if end is None:
            raise row.bad("end", "the cell is empty; write the last day of the period")
        texts = [row.cells[column] for column in columns[6:]]
        cells = [row.choice("outcome", OUTCOMES, "outcome"), start, end, value, low, high, *texts]
        for column, cell in zip(columns, cells, strict=True):
            data[column].append(cell)
    frame = pd.DataFrame(data)
    for column in ("start", "end"):
        frame[column] = pd.to_datetime(frame[column])
    for column in ("value", "low", "high"):
        frame[column] = frame[column].astype(float)
    for column in ("outcome", *columns[6:]):
        frame[column] = frame[column].astype(str)
    return frame
