"""Leaving: the chances a day with which people set out, by reason, if the coming day is like the evening shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.refugee_population import Rules, intentions
from agents.vocabulary import Reason
from experiments.app.course import Course
from sim import observe
from sim.people import Block

FloatArray = NDArray[np.float64]
#: What people do, in words that follow a number of people.
WORDS: tuple[tuple[Reason, str], ...] = (
    (Reason.FLIGHT, "flee from violence"), (Reason.EMIGRATION, "emigrate"), (Reason.ONWARD, "move on to a third country"),
    (Reason.VOLUNTARY, "return of their own accord"), (Reason.FEAR, "return for fear of deportation"),
    (Reason.DEPORTATION, "are deported"), (Reason.REENTRY, "go back to the former host"),
)  # fmt: skip


def words(reason: str) -> str:
    """A reason in words that follow a number of people."""
    return dict((key.value, text) for key, text in WORDS).get(reason, reason)


@dataclass(frozen=True)
class Leaving:
    """People of one population who are expected to set out for one reason, at each place (places,)."""

    block: Block
    reason: Reason
    people: FloatArray


def expected(course: Course, names: frozenset[str] | None = None) -> list[Leaving]:
    """People expected to set out tomorrow, by population and reason; deportations are the hosts' to decide.

    Parameters
    ----------
    names
        Populations to look at; all when None.
    """
    setting, state = course.setting, course.model.state
    if setting.network is not None:
        return []
    shared = observe.SharedView(state, setting, state.people @ setting.country_onehot)
    rules = Rules(setting.parameters.flight, setting.parameters.returns)
    found: list[Leaving] = []
    for block in setting.populations.blocks:
        people = state.people[block.rows]
        if (names is not None and block.name not in names) or not people.any():
            continue
        hazards = intentions(observe.population_situation(state, setting, block, shared), rules).hazards
        for reason, hazard in hazards.items():
            going = -np.expm1(-np.broadcast_to(hazard, people.shape)) * people
            found.append(Leaving(block, reason, np.asarray(going.sum(axis=0))))
    return found
