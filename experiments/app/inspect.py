"""The inspector: everything that can be picked, and the card that tells about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from experiments.app.card import Card
from experiments.app.course import Course
from experiments.app.inspect_actors import government_card, group_card, mediator_card, population_card
from experiments.app.inspect_places import crossing_card, place_card
from experiments.app.panels.context import Pick

#: Kinds in the order of the list, with the word that follows a name in it.
KINDS: tuple[str, ...] = ("government", "group", "population", "mediator", "crossing", "place")
_CARDS: Mapping[str, Callable[[Course, Pick], Card]] = MappingProxyType({
    "place": place_card, "crossing": crossing_card, "government": government_card, "group": group_card,
    "population": population_card, "mediator": mediator_card,
})  # fmt: skip


def pickable(course: Course) -> list[Pick]:
    """All that there is a card of, kind by kind."""
    setting = course.setting
    cast, world = setting.cast, setting.world
    names: dict[str, list[str]] = {
        "government": list(cast.governments), "group": list(cast.groups),
        "population": [block.name for block in setting.populations.blocks], "mediator": list(cast.mediators),
        "crossing": list(world.crossings), "place": [name for name in world.places if name not in world.crossings],
    }  # fmt: skip
    return [Pick(kind, name) for kind in KINDS for name in names[kind]]


def resolve(course: Course, pick: Pick) -> Pick | None:
    """What a pick means in this course; None when there is no such thing, such as after another scenario was set up.

    A country stands for its government, and a crossing that is picked as a place is a crossing.
    """
    setting = course.setting
    cast, world = setting.cast, setting.world
    if pick.kind == "place" and pick.name in world.crossings:
        return Pick("crossing", pick.name)
    if pick.kind == "government" and pick.name not in cast.governments and pick.name in world.countries:
        i = cast.of_country[world.countries.index(pick.name)]
        return Pick("government", cast.governments[i]) if i >= 0 else None
    return pick if pick in pickable(course) else None


def card(course: Course, pick: Pick) -> Card | None:
    """Tell about what is picked on the evening shown; None when there is no such thing."""
    found = resolve(course, pick)
    return None if found is None else _CARDS[found.kind](course, found)
