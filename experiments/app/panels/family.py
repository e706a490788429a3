"""Follow one family: a path sampled from the people who really moved in this run."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import solara

from experiments.app.card import STATUS, count
from experiments.app.course import Course
from experiments.app.following import SET_OUT, choose, departures, now, story
from experiments.app.inspect import resolve
from experiments.app.inspect_places import blocks_at
from experiments.app.panels.context import View
from experiments.app.sheet import SheetWidget

#: Any displaced family, wherever it is.
ANY = ""
#: Lines of a path that are shown, latest first.
MANY = 100


@solara.component
def Family(view: View) -> None:
    """Choose a family and show its path in words; the map shows it too."""
    course = view.desk.course
    place, set_place = solara.use_state(ANY)
    population, set_population = solara.use_state(SET_OUT)
    picked = resolve(course, view.pick) if course is not None else None
    solara.use_effect(lambda: set_place(picked.name) if picked is not None and picked.kind == "place" else None, [picked])
    places = solara.use_memo(lambda: [] if course is None else _places(course), [course])
    if course is None:
        return
    here = place if place in course.setting.world.places else ANY
    with view.desk.lock:
        people = _people(course, here)
        html = _path(course)
    known = population if any(item["value"] == population for item in people) else people[0]["value"]

    def follow() -> None:
        set_population(known)  # what was shown first is meant, also when the list has something else tomorrow
        number = course.family.number + 1 if course.family is not None else 0
        view.desk.change(lambda course: choose(course, population=known, place=here, number=number))

    def stop() -> None:
        view.desk.change(_stop)

    _autocomplete("Place", places, here, set_place)
    _autocomplete("Whose family", people, known, set_population)
    with solara.Row(gap="8px"):
        solara.Button("Follow another family" if course.family else "Follow a family", on_click=follow, color="primary", disabled=view.desk.running)
        solara.Button("Stop following", on_click=stop, disabled=course.family is None)
    SheetWidget.element(html=html, on_chosen=lambda kind, name, day: None)


def _autocomplete(label: str, items: list[dict[str, str]], value: str, on_value: Callable[[str], None]) -> None:
    """A list to choose from by typing."""
    solara.v.Autocomplete(
        label=label, items=items, v_model=value, on_v_model=lambda chosen: on_value(chosen or ANY), dense=True, hide_details=True,
        class_="mi-choose",
    )  # fmt: skip


def _places(course: Course) -> list[dict[str, str]]:
    world = course.setting.world
    names = [name for name in world.places if name not in world.crossings]
    return [{"text": "anywhere", "value": ANY}, *({"text": name, "value": name} for name in names)]


def _people(course: Course, place: str) -> list[dict[str, str]]:
    """Whose families can be followed: those who set out today, and the populations at a place or the displaced anywhere."""
    leaving = departures(course, place)
    items = [] if leaving is None else [{"text": f"any family that set out today ({count(leaving.number.sum())} people)", "value": SET_OUT}]
    if not place:
        return [*items, {"text": "any displaced family", "value": ANY}]
    found = blocks_at(course, course.setting.world.place_index(place))
    countries = course.setting.world.countries
    items += [
        {"text": f"{countries[block.nationality]}, {STATUS[block.word]} ({count(people)} people)", "value": block.name}
        for block, people in sorted(found, key=lambda item: item[0].word == "citizen")
    ]
    return items or [{"text": "nobody is there", "value": ANY}]


def _stop(course: Course) -> None:
    course.family = None


def _path(course: Course) -> str:
    """The path as HTML."""
    if course.family is None:
        return (
            '<p class="mi-hint">The model counts people, it does not know them one by one. A family that is followed is drawn from those who really '
            "moved in this run: each day it goes where its share of the people beside it went. Its luck changes nothing in the run. "
            "Click a place on the map, choose who, and run on.</p>"
        )
    moments = story(course)
    lines = "".join(f'<li><span class="mi-date">{moment.date}</span><br>{escape(moment.text)}</li>' for moment in moments[:MANY])
    older = f'<p class="mi-count">and {len(moments) - MANY} earlier steps</p>' if len(moments) > MANY else ""
    return f'<div class="mi-now" data-testid="family-now">Now: {escape(now(course))}</div><ul class="mi-path" data-testid="family-path">{lines}</ul>{older}'
