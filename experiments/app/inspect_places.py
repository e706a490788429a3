"""Cards of places and crossings."""

from __future__ import annotations

import math

import numpy as np

from agents.vocabulary import REASONS
from experiments.app.card import STATUS, Card, Row, Said, Section, Spark, about, count, level, over, rate, share
from experiments.app.course import Course
from experiments.app.following import now, path_data
from experiments.app.leaving import expected, words
from experiments.app.panels.context import Pick
from experiments.app.reasons import said
from sim import measures
from sim.borders import closure
from sim.flows import WORD
from sim.people import Block

#: Rows of a list at most: the largest come first.
MOST = 6


def place_card(course: Course, pick: Pick) -> Card:
    """Tell about a place."""
    setting, state = course.setting, course.model.state
    place = setting.world.place_index(pick.name)
    attacks, deaths, displaced = course.model.record.at_place(place)
    country = setting.world.countries[int(setting.world.country[place])]
    government = setting.cast.of_country[int(setting.world.country[place])]
    peopled = blocks_at(course, place)
    leaving, flight = _leaving(course, place)
    rows = (
        Row("Displaced people here", count(int(measures.displaced_at(state, setting)[place])), "people here who are abroad or displaced in their own country"),
        Row("Attacks, last 28 days", count(int(attacks[-28:].sum()))),
        Row("Killed, last 30 days", count(int(deaths[-30:].sum())), "in attacks, operations and strikes; civilians and others"),
        Row("Chance to flee", flight, "from the deaths of the last 30 days per 100,000 people, older deaths counting less"),
        Row("Government", setting.cast.governments[government], "", Pick("government", setting.cast.governments[government]))
        if government >= 0 else Row("Country", country),
    )  # fmt: skip
    followed = path_data(course)
    family = (Row("The family that is followed", now(course)),) if followed is not None and followed["at"] == place else ()
    sections = (
        Section("People here", tuple(Row(f"{_nation(course, b)}, {STATUS[b.word]}", count(n), "", Pick("population", b.name)) for b, n in peopled), "nobody is here"),
        Section("Expected to set out tomorrow", leaving, "nobody"),
        Section("Set out from here today", _trips(course, place, away=True), "nobody"),
        Section("Set out for here today", _trips(course, place, away=False), "nobody"),
        Section("Fighters here", _fighters(course, place), "none"),
        Section("Nearest crossings", _crossings(course, place), "none can be reached by road"),
    )
    sparks = (
        Spark("displaced people", displaced.astype(float), count(displaced[-1]) if len(displaced) else "-"),
        Spark("attacks", over(attacks.astype(float)), count(int(attacks[-28:].sum())), "in 28 days"),
        Spark("killed", over(deaths.astype(float), 30), count(int(deaths[-30:].sum())), "in 30 days"),
    )
    why: tuple[Said, ...] = ()
    for block, _ in peopled[:2]:
        why += said(course, Pick("population", block.name), daily=True)
    return Card(pick, pick.name, f"place in {country}", (*rows, *family), sections, sparks, why, "Why people here stay or leave")


def _nation(course: Course, block: Block) -> str:
    return course.setting.world.countries[block.nationality]


def blocks_at(course: Course, place: int) -> list[tuple[Block, int]]:
    """Populations at a place with their people, most first."""
    state = course.model.state
    found = [(block, int(state.people[block.rows, place].sum())) for block in course.setting.populations.blocks]
    return sorted(((block, people) for block, people in found if people), key=lambda item: -item[1])


def _leaving(course: Course, place: int) -> tuple[tuple[Row, ...], str]:
    """People expected to set out tomorrow by reason, and the chance to flee in words."""
    setting, state = course.setting, course.model.state
    by_reason: dict[str, list[float]] = {}
    for item in expected(course):
        by_reason.setdefault(item.reason.value, []).append(float(item.people[place]))
    totals = {reason: math.fsum(numbers) for reason, numbers in by_reason.items()}
    rows = tuple(Row(words(reason), f"about {about(n)}") for reason, n in sorted(totals.items(), key=lambda item: -item[1]) if about(n) != "0")
    p = setting.parameters.flight
    violence = float(measures.deaths_per_100k(state, setting)[place])
    hazard = p.rate * violence**p.elasticity if violence > 0.0 else 0.0
    people = int(state.people[:, place].sum())
    return rows, rate(hazard, people) if hazard > 0.0 else "nobody: no deaths lately"


def _trips(course: Course, place: int, *, away: bool) -> tuple[Row, ...]:
    """Who set out from here, or for here, today, largest first."""
    names, book = course.setting.world.places, course.book
    if book is None:
        return ()
    chosen = [trip for trip in book.trips(course.setting) if (trip.origin if away else trip.target) == place]
    rows: list[Row] = []
    for trip in chosen[:MOST]:
        end = trip.target if away else trip.origin
        label = f"within {names[end]}" if end == place else ("to " if away else "from ") + names[end]
        rows.append(Row(label, f"{count(trip.people)}, {trip.reason}", words(trip.reason), None if end == place else pick_of(course, end)))
    if len(chosen) > MOST:
        rows.append(Row(f"and {len(chosen) - MOST} more trips", count(sum(trip.people for trip in chosen[MOST:]))))
    return tuple(rows)


def pick_of(course: Course, place: int) -> Pick:
    """The pick of a place by number: some places are crossings."""
    name = course.setting.world.places[place]
    return Pick("crossing" if name in course.setting.world.crossings else "place", name)


def _fighters(course: Course, place: int) -> tuple[Row, ...]:
    cast, state = course.setting.cast, course.model.state
    there = [(name, int(state.fighters[g, place])) for g, name in enumerate(cast.groups)]
    return tuple(Row(name, count(n), "fighters", Pick("group", name)) for name, n in there if n)


def _crossings(course: Course, place: int) -> tuple[Row, ...]:
    world, state = course.setting.world, course.model.state
    road = world.road[place]
    is_open = 1.0 - closure(state, course.setting, "close_people")
    near = [c for c in np.argsort(road, kind="stable").tolist() if np.isfinite(road[c])][:3]
    return tuple(Row(world.crossings[c], f"{count(road[c])} km, {open_words(float(is_open[c]))}", "by road", Pick("crossing", world.crossings[c])) for c in near)


def open_words(is_open: float) -> str:
    """How far a crossing is open, in words."""
    return "open" if is_open >= 0.995 else "closed" if is_open <= 0.005 else f"{share(is_open)} open"


# -- crossings ----------------------------------------------------------------------------------------


def crossing_card(course: Course, pick: Pick) -> Card:
    """Tell about a crossing."""
    setting, state, record = course.setting, course.model.state, course.model.record
    world = setting.world
    c = world.crossings.index(pick.name)
    sides = [world.countries[int(side)] for side in world.sides[c]]
    is_open = [float(1.0 - closure(state, setting, lever)[c]) for lever in ("close_people", "close_trade")]
    capacity = float(world.crossing_capacity[c])
    passed = record.series("crossing", pick.name, "passed")
    queue = int(state.queue[:, :, 2 * c : 2 * c + 2].sum())
    rows = (
        Row("For people", open_words(is_open[0])),
        Row("For trade", open_words(is_open[1])),
        Row("Waiting now", count(queue), "people in the queue on both sides"),
        Row("Passed today", count(passed[-1]) if len(passed) else "0", "people, irregular ways included"),
        Row("Can pass a day", count(capacity) if np.isfinite(capacity) else "any number", "people in each direction"),
        Row("Share of the border's trade", share(float(world.trade_share[c]))),
        Row("Irregular ways", level(float(world.permeability[c])), "permeability while it is closed: 0 none, 1 as many as anywhere"),
    )
    sections = (
        Section("Who keeps it closed", _closers(course, c), "nobody"),
        Section("Passed today, by reason", _passed(course, c), "nobody"),
        Section("Waiting, by direction", _queues(course, c), "nobody"),
        Section("Set out for here today", _trips(course, int(world.crossing_place[c]), away=False), "nobody"),
    )
    sparks = (
        Spark("passed", passed, count(passed[-1]) if len(passed) else "-", "a day"),
        Spark("waiting", record.series("crossing", pick.name, "queue"), count(queue)),
        Spark("open to people", record.series("crossing", pick.name, "open"), level(is_open[0]), "0 to 1"),
    )
    why: tuple[Said, ...] = ()
    for government in _governments(course, c):
        why += said(course, Pick("government", government))
    return Card(pick, pick.name, f"crossing between {sides[0]} and {sides[1]}", rows, sections, sparks, why, "Why the governments on both sides decided so")


def _governments(course: Course, crossing: int) -> list[str]:
    cast = course.setting.cast
    return [cast.governments[side] for side in cast.rivals_of_crossing[crossing] if side >= 0]


def _closers(course: Course, crossing: int) -> tuple[Row, ...]:
    """Governments and events that keep it closed to people or trade."""
    cast, state, name = course.setting.cast, course.model.state, course.setting.world.crossings[crossing]
    rows: list[Row] = []
    for lever, what, events in (("close_people", "people", state.exogenous_people), ("close_trade", "trade", state.exogenous_trade)):
        for government in _governments(course, crossing):
            closed = cast.level(state, cast.government_index(government), lever, name)
            if closed > 0.0:
                rows.append(Row(f"{government}, to {what}", level(closed), "level of the lever: 1 = fully", Pick("government", government)))
        if events[crossing] > 0.0:
            rows.append(Row(f"an event, to {what}", level(float(events[crossing])), "from the scenario's table of events: 1 = fully"))
    return tuple(rows)


def _passed(course: Course, crossing: int) -> tuple[Row, ...]:
    """People who passed today by direction and reason, from the book of the day."""
    setting, book = course.setting, course.book
    if book is None or book.layout is None or not book.layout.gates:
        return ()
    layout = book.layout
    found: dict[tuple[int, int, bool], int] = {}
    for note in book.notes:
        chosen = np.isin(note.word, (WORD["crosses"], WORD["crosses irregularly"]))
        if not chosen.any():
            continue
        reason, rest = np.divmod(note.source[chosen] - layout.firsts[3], layout.rows * layout.gates)
        for r, gate, number, word in zip(reason.tolist(), (rest % layout.gates).tolist(), note.number[chosen].tolist(), note.word[chosen].tolist(), strict=True):
            if gate // 2 == crossing:
                key = (gate, r, word == WORD["crosses irregularly"])
                found[key] = found.get(key, 0) + number
    countries = setting.world.countries
    return tuple(
        Row(f"into {countries[int(setting.gates.destination[gate])]}, {REASONS[r].value}{', irregular' if hidden else ''}", count(number), words(REASONS[r].value))
        for (gate, r, hidden), number in sorted(found.items(), key=lambda item: -item[1])
    )


def _queues(course: Course, crossing: int) -> tuple[Row, ...]:
    setting, state = course.setting, course.model.state
    if not state.queue.size:
        return ()
    numbers = [(gate, int(state.queue[:, :, gate].sum())) for gate in (2 * crossing, 2 * crossing + 1)]
    return tuple(Row(f"into {setting.world.countries[int(setting.gates.destination[gate])]}", count(n), "people") for gate, n in numbers if n)
