"""The words of the page and what they mean, gathered from where they are declared, so that nothing is said twice."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agents.levers import BY_NAME
from agents.policies import GOVERNMENT_POLICIES, GROUP_POLICIES, load_class
from experiments.app.charts import COMPONENTS, RETURNS, STATUSES
from experiments.app.course import Course
from experiments.app.levers import GROUPS, MANUAL, label_of

#: What one does first.
FIRST_STEPS: tuple[str, ...] = (
    "Press Step a few times: one step is a day. The map and the charts show its evening.",
    "Press Run, and Pause when something happens. Back takes days back, exactly.",
    "Click a place, a crossing, a group or a country on the map: the Inspector says what is there, and why it last decided as it did.",
    "Under Levers, press Take over and move a lever: it acts from the next day.",
    "Under Split, choose another policy for the right side: the same luck, two policies, and the difference below.",
    "Files saves what you did, for marchland run to play again.",
)
#: Words that no declaration explains in a sentence for the page.
_OTHERS: tuple[tuple[str, str], ...] = (
    ("act", "something a government does to another on a day, with a Goldstein weight from -10 (an attack) to 10 (full cooperation)"),
    ("hostility", "how much a government minds another: acts against it raise it, time takes it back to its rest, which is above 0"),
    ("rupture", "normalised hostility (the mean of all governments above its rest) over its threshold for four weeks, or all crossings closed to people for three"),
    ("sanctuary", "fighters across the border, in a country whose government leaves them alone"),
    ("legitimacy", "0 to 1: how rightful people find their government"),
    ("tension", "0 to 1: how much hosts mind the foreigners among them"),
    ("standing", "0 to 1: a government's international standing, which what it does can cost; mediators give less aid where it is low"),
    ("deadline", "a date by which people of a legal status are told to leave; fear of it drives returns before anybody is deported"),
    ("coerced returns", "returns for fear and deportations"),
    ("contested sign", "an effect on which the literature disagrees; Setup has sets of values for all of them, further overrides any one"),
    ("seed", "names the luck of a run: the same seed and config give the same run"),
    ("pair", "two runs with the same luck and another policy; their difference is what the policy did under that luck"),
)
_CORNERS: tuple[tuple[str, str], ...] = (
    ("default", "the defaults: small or 0, and settled by nobody"),
    ("spiral", "pressure breeds resistance: strikes, operations and forced returns feed violence"),
    ("deterrence", "pressure works: strikes and operations deter, and cost little"),
    ("zero", "the contested effects off"),
)
_KEYS: tuple[tuple[str, str], ...] = (
    ("Tab", "from part to part; Enter or the space bar presses"),
    ("arrow keys on the map", "from mark to mark; Enter picks one, + and - zoom"),
)


@dataclass(frozen=True)
class Chapter:
    """Words under a heading, each with its meaning."""

    title: str
    words: tuple[tuple[str, str], ...]


def policy_about(name: str, *, group: bool, where: str = "policy") -> str:
    """Say in a sentence what a policy does, as its class does.

    Parameters
    ----------
    name
        A registered name, or ``module:Class`` of a class that the command line named.
    group
        Whether it leads a group.
    where
        The key that an error names.
    """
    known: Mapping[str, type] = GROUP_POLICIES if group else GOVERNMENT_POLICIES
    found = known[name] if name in known else load_class(name, where)
    return (inspect.getdoc(found) or "").split("\n\n")[0].replace("\n", " ").replace("``", "").rstrip(".")


def chapters(course: Course) -> Iterator[Chapter]:
    """Return the words that the page of a course uses."""
    yield Chapter("Words", _OTHERS)
    yield Chapter("Legal status of people", tuple((label, about) for _, label, *_, about in STATUSES))
    yield Chapter("Returns", tuple((label, about) for label, *_, about in RETURNS))
    yield Chapter("Components of stability", tuple((label, about) for label, *_, about in COMPONENTS))
    yield Chapter("Policies of governments", tuple(
        (name, "you lead it yourself, under Levers" if name == MANUAL else policy_about(name, group=False)) for name in GOVERNMENT_POLICIES
    ))  # fmt: skip
    yield Chapter("Policies of groups", tuple((name, policy_about(name, group=True)) for name in GROUP_POLICIES))
    yield Chapter("Contested signs", _CORNERS)
    owned = {slot.lever: label_of(slot, course) for _, slots in course.setting.cast.slots_of for slot in slots}
    yield Chapter("Levers", tuple(
        (f"{owned[lever]} ({lever})", BY_NAME[lever].meaning) for levers in GROUPS.values() for lever in levers if lever in owned
    ))  # fmt: skip
    yield Chapter("Keyboard", _KEYS)
