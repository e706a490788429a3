"""What only shows when the tables of a scenario folder are held against each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from agents.errors import InputError, one_of
from agents.levers import BY_NAME, Target
from agents.vocabulary import AT_HOME
from sim.csvrows import ALL, Row, read_rows, suggestion
from sim.tables import HistoryRow, Place, PopulationRow, Route, Tables

_ROUNDING = 1e-6


def check_geography(
    place_rows: list[Row], places: tuple[Place, ...], route_rows: list[Row], routes: tuple[Route, ...]
) -> None:
    """Complain about roads over a border, crossings that join no two countries, and places out of reach."""
    if not any(not place.is_crossing for place in places):
        raise InputError(f"{_file(place_rows, 'places.csv')}: it holds no place with a country; add one")
    by_name = {place.name: place for place in places}
    seen: dict[frozenset[str], int] = {}
    for row, route in zip(route_rows, routes, strict=True):
        a, b = by_name[route.a], by_name[route.b]
        pair = frozenset((a.name, b.name))
        if pair in seen:
            raise row.bad("b", f"the road {a.name} - {b.name} stands already on line {seen[pair]}; keep one row")
        seen[pair] = row.line
        if a.country and b.country and a.country != b.country:
            problem = f"the road {a.name} - {b.name} leads from {a.country} to {b.country}"
            raise row.bad("b", f"{problem}; put a place of kind 'crossing' between them")
    sides = crossing_sides(places, routes)
    for row, place in zip(place_rows, places, strict=True):
        if place.is_crossing and len(sides[place.name]) != 2:
            joined = one_of(sides[place.name]) or "no country"
            raise row.bad("kind", f"by routes.csv crossing {place.name!r} joins {joined}; it must join two countries")
    _check_reach(place_rows, places, routes)
    _check_shares(place_rows, places, sides)


def crossing_sides(places: tuple[Place, ...], routes: tuple[Route, ...]) -> dict[str, tuple[str, ...]]:
    """Return the countries that each crossing's roads lead to, sorted by name."""
    country = {place.name: place.country for place in places}
    sides: dict[str, set[str]] = {place.name: set() for place in places if place.is_crossing}
    for route in routes:
        for here, there in ((route.a, route.b), (route.b, route.a)):
            if here in sides and country[there]:
                sides[here].add(country[there])
    return {name: tuple(sorted(joined)) for name, joined in sides.items()}


def _check_reach(place_rows: list[Row], places: tuple[Place, ...], routes: tuple[Route, ...]) -> None:
    """Every place must be reached by road, and from its own country without passing a border."""
    country = {place.name: place.country for place in places}
    inside = [route for route in routes if country[route.a] and country[route.a] == country[route.b]]
    everywhere = _reached(places[0].name, routes)
    first: dict[str, set[str]] = {}
    for row, place in zip(place_rows, places, strict=True):
        if place.name not in everywhere:
            raise row.bad("name", f"no road of routes.csv leads from {place.name!r} to {places[0].name!r}; add one")
        if place.country and place.country not in first:
            first[place.country] = _reached(place.name, inside)
        if place.country and place.name not in first[place.country]:
            problem = f"no road of routes.csv inside {place.country} reaches {place.name!r}"
            raise row.bad("name", f"{problem}; add one that passes no crossing")


def _reached(start: str, routes: Iterable[Route]) -> set[str]:
    roads: dict[str, list[str]] = {}
    for route in routes:
        roads.setdefault(route.a, []).append(route.b)
        roads.setdefault(route.b, []).append(route.a)
    reached, front = {start}, [start]
    while front:
        for name in roads.get(front.pop(), []):
            if name not in reached:
                reached.add(name)
                front.append(name)
    return reached


def _check_shares(place_rows: list[Row], places: tuple[Place, ...], sides: Mapping[str, tuple[str, ...]]) -> None:
    """Shares of trade add up to at most 1 for two countries; a home region has return shares or none."""
    trade: dict[tuple[str, ...], float] = {}
    given: dict[tuple[str, str], bool] = {}
    for row, place in zip(place_rows, places, strict=True):
        if place.is_crossing:
            pair = sides[place.name]
            trade[pair] = trade.get(pair, 0.0) + place.trade_share
            if trade[pair] > 1.0 + _ROUNDING:
                total = f"the crossings between {' and '.join(pair)} add up to {trade[pair]:g}"
                raise row.bad("trade_share", f"{total}; write shares that add up to at most 1")
        elif place.home_region:
            home = (place.country, place.home_region)
            has = place.return_share is not None
            if given.setdefault(home, has) != has:
                problem = f"some places of home region {place.home_region!r} have a share and some have none"
                raise row.bad("return_share", f"{problem}; fill all or none")
    totals: dict[tuple[str, str], float] = {}
    for place in places:
        if place.return_share is not None:
            home = (place.country, place.home_region)
            totals[home] = totals.get(home, 0.0) + place.return_share
    for row, place in zip(place_rows, places, strict=True):
        if totals.get((place.country, place.home_region), 1.0) == 0.0:
            raise row.bad(
                "return_share", f"the shares of home region {place.home_region!r} are all 0; write one above 0"
            )


def check_people(rows: list[Row], populations: tuple[PopulationRow, ...], places: tuple[Place, ...]) -> None:
    """Displaced people and returnees at home are part of the residents, so they cannot be more."""
    residents = {place.name: place.population for place in places}
    home = {place.name: place.country for place in places}
    used: dict[str, int] = {}
    for row, people in zip(rows, populations, strict=True):
        if home[people.place] != people.nationality:
            continue
        used[people.place] = used.get(people.place, 0) + people.count
        if used[people.place] > residents[people.place]:
            words = " and ".join(f"{status}s" for status in AT_HOME[1:])
            problem = f"{words} at {people.place!r} add up to {used[people.place]}"
            raise row.bad("count", f"{problem}, more than its {residents[people.place]} residents (places.csv)")


def check_actors(
    tables: Tables,
    governments: Mapping[str, str],
    groups: tuple[str, ...],
    mediators: tuple[str, ...],
    levers: tuple[str, ...],
) -> None:
    """Hold the tables against the actors of the configuration.

    Parameters
    ----------
    tables
        Tables as read by :func:`sim.folder.read_folder`.
    governments
        Country by name of the government.
    groups, mediators
        Names.
    levers
        Registered levers; a row that pulls another one is an error.
    """
    settings = tables.folder / "scenario.yaml" if tables.conflict is None else tables.files[0]
    countries = tuple(dict.fromkeys(place.country for place in tables.places if place.country))
    for name, country in governments.items():
        if country not in countries:
            problem = f"unknown country {country!r}; {suggestion(country, countries)}"
            raise InputError(f"{settings}, key 'governments.{name}.country': {problem}")
    _check_groups(tables, groups)
    everyone = (*governments, *groups, *mediators)
    sides = crossing_sides(tables.places, tables.routes)
    for i, row in enumerate(tables.history):
        _known(tables.history_file, i, "actor", row.actor, everyone)
        if row.target:
            _known(tables.history_file, i, "target", row.target, everyone)
        _check_script(tables.history_file, i, row, governments, groups, levers, sides)
    for i, event in enumerate(tables.exogenous):
        if event.effect == "cooperation":
            _known(tables.exogenous_file, i, "subject", event.subject, tuple(governments))
            _known(tables.exogenous_file, i, "target", event.target, tuple(n for n in governments if n != event.subject))
        elif event.effect == "intensity":
            _known(tables.exogenous_file, i, "subject", event.subject, groups)


def _check_groups(tables: Tables, groups: tuple[str, ...]) -> None:
    if tables.conflict is not None:
        if groups:
            raise InputError(f"groups.{groups[0]}: {tables.folder} (Flee's format) has no fighters of any group; leave it out")
        return
    path = tables.files[3]
    for i, row in enumerate(tables.groups):
        _known(path, i, "group", row.group, groups)
    present = {row.group for row in tables.groups}
    for name in groups:
        if name not in present:
            raise InputError(f"{path}, column 'group': group {name!r} of scenario.yaml has no row; add one")


def _check_script(
    path: Path,
    index: int,
    row: HistoryRow,
    governments: Mapping[str, str],
    groups: tuple[str, ...],
    levers: tuple[str, ...],
    sides: Mapping[str, tuple[str, ...]],
) -> None:
    """Check what a row of the history lets its actor do."""
    if row.type == "ceasefire":
        _known(path, index, "actor", row.actor, groups)
    if not row.lever and not row.statuses:
        return
    _known(path, index, "actor", row.actor, tuple(governments))
    if not row.lever:
        return
    _known(path, index, "lever", row.lever, levers)
    kind = BY_NAME[row.lever].target
    known: tuple[str, ...] = ()
    if kind is Target.RIVAL:
        known = tuple(name for name in governments if name != row.actor)
    elif kind is Target.CROSSING:
        known = tuple(name for name, joined in sides.items() if governments[row.actor] in joined)
    if known:
        for target in row.lever_targets:
            if target != ALL:
                _known(path, index, "lever_targets", target, known)


def _known(path: Path, index: int, column: str, value: str, names: tuple[str, ...]) -> None:
    if value in names:
        return
    problem = f"unknown or unfit {value!r}; {suggestion(value, names)}"
    raise InputError(f"{path}, line {_line(path, index)}, column '{column}': {problem}")


def _line(path: Path, index: int) -> int:
    """Return the line on which a row stands; only errors need it, so the file is read again."""
    header = path.read_text(encoding="utf-8-sig").splitlines()
    names = next(line for line in header if line.strip() and not line.lstrip().startswith("#"))
    columns = tuple(name.strip().strip('"') for name in names.split(","))
    return read_rows(path, columns, ())[index].line


def _file(rows: list[Row], name: str) -> str:
    return rows[0].file if rows else name
