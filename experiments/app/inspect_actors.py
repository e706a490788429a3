"""Cards of governments, militant groups, populations and mediators."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np

from agents.levers import BY_NAME
from agents.vocabulary import ABROAD
from experiments.app.card import STATUS, Card, Row, Section, Spark, about, count, level, over, rate, share
from experiments.app.course import Course
from experiments.app.frame import tolerances
from experiments.app.leaving import expected, words
from experiments.app.levers import label_of, since_when
from experiments.app.panels.context import Pick
from experiments.app.reasons import said
from sim import measures

MOST = 6


def in_charge(course: Course, actor: str) -> str:
    """Which policy leads an actor on the evening shown, and since when if somebody intervened."""
    policy = course.model.policies[actor].name
    past = [change for change in course.interventions if change.actor == actor and change.date <= course.date]
    to_come = [change for change in course.interventions if change.actor == actor and change.date == course.date + dt.timedelta(days=1)]
    text = f"led by hand since {since_when(past)}" if policy == "manual" and past else f"{policy} since {past[-1].date}" if past else policy
    if to_come:
        text += f"; from tomorrow {'by hand' if to_come[-1].policy == 'manual' else to_come[-1].policy}"
    return text


def _last(values: np.ndarray, decimals: bool = True) -> str:
    if not len(values):
        return "-"
    return level(float(values[-1])) if decimals else count(float(values[-1]))


# -- governments --------------------------------------------------------------------------------------


def government_card(course: Course, pick: Pick) -> Card:
    """Tell about a government."""
    setting, state, record = course.setting, course.model.state, course.model.record
    cast, name = setting.cast, pick.name
    i = cast.government_index(name)
    rivals = [j for j in range(len(cast.governments)) if j != i]
    rows = (
        Row("Who leads", in_charge(course, name), "the policy that decides, once a week"),
        Row("Legitimacy", level(float(state.legitimacy[i])), "0 to 1; attacks and hardship wear it down"),
        Row("Tension with foreigners", level(float(state.tension[i])), "0 to 1: how much the hosts mind the people they host"),
        Row("Economy", level(float(state.economy[i])), "output, 1 = without the conflict"),
        Row("Standing", level(float(state.standing[i])), "international standing, 0 to 1"),
        Row("War-weariness", level(float(state.weariness[i])), "by deaths and losses; it makes ready for talks"),
        Row("Attacks, last 28 days", count(float(state.attack_window[:, i].sum())), "by groups that fight this government"),
    )
    sections = (
        Section("Rivals", tuple(_rival(course, i, j) for j in rivals), "none"),
        Section("Levers in force", _levers(course, i), "none is pulled"),
        Section("Budget", _budget(course, i)),
        Section("Foreigners in the country", _foreigners(course, i), "none"),
        Section("Deadlines announced", _deadlines(course, i), "none"),
    )
    sparks = [Spark(label, record.series("government", name, label), _last(record.series("government", name, label))) for label in ("legitimacy", "tension", "economy", "standing")]
    for j in rivals:
        values = record.series("government", name, f"hostility/{cast.governments[j]}")
        sparks.append(Spark(f"hostility to {cast.governments[j]}", values, _last(values)))
    attacks = record.series("government", name, "attacks")
    sparks.append(Spark("attacks", over(attacks), count(float(attacks[-28:].sum())), "in 28 days"))
    return Card(pick, name, f"government of {setting.world.countries[cast.country[i]]}", rows, sections, tuple(sparks), said(course, pick))


def _rival(course: Course, i: int, j: int) -> Row:
    setting, state = course.setting, course.model.state
    text = f"hostility {level(float(state.hostility[i, j]))}, received {level(float(state.hostility[j, i]))}"
    if state.talks[i, j] >= 0.005:
        text += f", talks {level(float(state.talks[i, j]))}"
    hint = (
        f"{level(setting.rest_hostility)} is the mean at rest, and an act of -10 a week (a strike) kept up by both sides adds "
        f"{level(setting.hostility_unit)}; talks 1 = just begun"
    )
    rival = setting.cast.governments[j]
    return Row(rival, text, hint, Pick("government", rival))


def _levers(course: Course, i: int) -> tuple[Row, ...]:
    cast, state = course.setting.cast, course.model.state
    rows: list[Row] = []
    for column in np.flatnonzero(cast.owned[i]).tolist():
        asked, granted = float(state.asked[i, column]), float(state.granted[i, column])
        if asked or granted:
            slot = cast.slots[column]
            scarce = abs(asked - granted) > 0.005
            value = f"{level(granted)} of {level(asked)} asked" if scarce else level(granted)
            rows.append(Row(label_of(slot, course), value, BY_NAME[slot.lever].meaning + ("; money or forces do not suffice for all that is asked" if scarce else "")))
    return tuple(rows)


def _budget(course: Course, i: int) -> tuple[Row, ...]:
    setting, settings = course.setting, course.setting.cast.settings[i]
    size = np.abs(course.model.state.granted[i]) * setting.cost_weights
    money = math.fsum((size * setting.money_cost).tolist())
    forces = math.fsum((size * setting.forces_cost).tolist())
    return (
        Row("Money", f"{count(money)} of {count(settings.money)}", "million US$ a year that the levers take"),
        Row("Forces", f"{count(forces)} of {count(settings.forces)}", "thousand personnel that the levers bind"),
    )


def _foreigners(course: Course, i: int) -> tuple[Row, ...]:
    setting, state = course.setting, course.model.state
    stock = measures.foreigners_by_status(measures.people_by_country(state, setting), setting)[i]
    rows: list[Row] = []
    for s, status in enumerate(ABROAD):
        if stock[s]:
            removed = f"; {level(float(state.removals[i, s]))} of 1,000 deported a month"
            rows.append(Row(STATUS[status.value], count(stock[s]), f"fear of a deadline {level(float(state.fear[i, s]))}{removed}"))
    return tuple(rows)


def _deadlines(course: Course, i: int) -> tuple[Row, ...]:
    found = [note for government, note in course.model.state.announced if government == i and note.day < course.day]
    return tuple(Row(", ".join(note.statuses), f"leave by {course.date_of(note.deadline)}", f"salience {level(note.salience)}") for note in found)


# -- groups -------------------------------------------------------------------------------------------


def group_card(course: Course, pick: Pick) -> Card:
    """Tell about a militant group."""
    setting, state, record = course.setting, course.model.state, course.model.record
    cast, world, name = setting.cast, setting.world, pick.name
    g = cast.groups.index(name)
    settings = cast.group_settings[g]
    fighters = state.fighters[g]
    attacks, deaths = record.series("group", name, "attacks"), record.series("group", name, "deaths")
    until = int(state.truce_until[g])
    rows = [
        Row("Fights", settings.target, "the government it fights", Pick("government", settings.target)),
        Row("Who leads", in_charge(course, name), "the policy that decides, once a week"),
        Row("Fighters", count(int(fighters.sum()))),
        Row("Deployed", count(int(fighters[setting.at_home[g]].sum())), "in the country it attacks"),
        Row("In sanctuary", count(int(fighters[setting.whereabouts[g] == 2].sum())), "in the country that shelters it"),
        Row("Attacks, last 28 days", count(float(attacks[-28:].sum()))),
        Row("Killed in them", count(float(deaths[-28:].sum())), "by its attacks of the last 28 days"),
        Row("Truce", f"until {course.date_of(until)}" if until >= course.day else "none"),
    ]
    if settings.sanctuary is not None:
        shelter = cast.of_country[cast.group_sanctuary[g]]
        link = Pick("government", cast.governments[shelter]) if shelter >= 0 else None
        rows.append(Row("Shelter", f"{settings.sanctuary}, {share(tolerances(course)[g])} left alone", "1 less what the sheltering government cooperates", link))
    order = [int(place) for place in np.argsort(-fighters, kind="stable")[:MOST] if fighters[place]]
    where = tuple(Row(world.places[place], count(int(fighters[place])), "fighters", Pick("place", world.places[place])) for place in order)
    total = record.series("group", name, "fighters")
    sparks = (
        Spark("fighters", total, _last(total, False)),
        Spark("deployed", record.series("group", name, "deployed"), _last(record.series("group", name, "deployed"), False)),
        Spark("attacks", over(attacks), count(float(attacks[-28:].sum())), "in 28 days"),
        Spark("killed in attacks", over(deaths), count(float(deaths[-28:].sum())), "in 28 days"),
    )
    sections = (Section("Most fighters at", where, "nowhere: the group has no fighters"),)
    return Card(pick, name, "militant group", tuple(rows), sections, sparks, said(course, pick))


# -- populations --------------------------------------------------------------------------------------


def population_card(course: Course, pick: Pick) -> Card:
    """Tell about a population: all people of one nationality and legal status."""
    setting, state, record = course.setting, course.model.state, course.model.record
    world = setting.world
    block = next(block for block in setting.populations.blocks if block.name == pick.name)
    people = state.people[block.rows].sum(axis=0)
    total = int(people.sum())
    on_the_way = int(state.travelling()[block.rows].sum())
    by_country = (people @ setting.country_onehot).tolist()
    rows = (
        Row("People at places", count(total), "travellers are not among them"),
        Row("On the way or waiting", count(on_the_way), "on roads and at crossings"),
    )
    order = [int(place) for place in np.argsort(-people, kind="stable")[:MOST] if people[place]]
    leaving = [(item.reason.value, math.fsum(item.people.tolist())) for item in expected(course, frozenset({block.name}))]
    sections = (
        Section("By country", tuple(Row(name, count(n), "people") for name, n in zip(world.countries, by_country, strict=True) if n), "nobody is at any place"),
        Section(
            "Expected to set out tomorrow",
            tuple(Row(words(reason), rate(-math.log1p(-min(n / total, 1.0 - 1e-12)), total), "") for reason, n in leaving if total and about(n) != "0"), "nobody",
        ),
        Section("Most of them at", tuple(Row(world.places[place], count(int(people[place])), "people", Pick("place", world.places[place])) for place in order), "nobody"),
    )  # fmt: skip
    sparks = [Spark("people", record.series("population", block.name, "people"), _last(record.series("population", block.name, "people"), False))]
    for name in world.countries:
        values = record.series("population", block.name, f"people/{name}")
        if values.any() and block.abroad >= 0:  # the others are all in one country
            sparks.append(Spark(f"in {name}", values, _last(values, False)))
    title = f"{world.countries[block.nationality]}, {STATUS[block.word]}"
    why = said(course, pick, daily=bool(total))
    return Card(pick, title, "population: one nationality, one legal status", rows, sections, tuple(sparks), why, "Why they stay or leave")


# -- mediators ----------------------------------------------------------------------------------------


def mediator_card(course: Course, pick: Pick) -> Card:
    """Tell about a mediator."""
    setting, state, record = course.setting, course.model.state, course.model.record
    cast = setting.cast
    m = cast.mediators.index(pick.name)
    settings = setting.config.mediators[pick.name]
    n = len(cast.governments)
    rows = (
        Row("Attention", level(float(state.attention[m])), "follows deaths, coerced returns and hostility"),
        Row("Offers of talks", f"{settings.offers * float(state.attention[m]):.1f} a year", "at today's attention, while talks are weak"),
    )
    talks = tuple(
        Row(f"{cast.governments[i]} and {cast.governments[j]}", level(float(state.talks[i, j])), "strength of talks: 1 = just begun, fading")
        for i in range(n) for j in range(i + 1, n)
    )
    money = tuple(
        Row(name, f"aid {level(float(state.mediator_aid[i]))}, sanctions {level(float(state.mediator_sanctions[i]))}",
            "levels of the levers that mediators fund or join; with several mediators the highest counts", Pick("government", name))
        for i, name in enumerate(cast.governments)
    )  # fmt: skip
    attention, strength = (record.series("mediator", pick.name, variable) for variable in ("attention", "talks"))
    sparks = (Spark("attention", attention, _last(attention)), Spark("talks, the strongest", strength, _last(strength)))
    sections = (Section("Talks", talks, "fewer than two governments"), Section("Aid and sanctions", money))
    return Card(pick, pick.name, "mediator", rows, sections, sparks, said(course, pick))
