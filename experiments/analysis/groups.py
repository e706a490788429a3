"""What the pictures of a study share: names that readers see, groups of points, luck, and defaults of outcomes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.errors import InputError, one_of
from experiments.analysis.study import Study
from experiments.study.factors import Factor
from sim.complaints import did_you_mean

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Choices up to this number are groups of their own.
MOST_GROUPS = 6
#: Outcomes that are shown when the user names none, with the direction that is better. The number of displaced people is
#: not among them: an expulsion lowers it too.
DEFAULTS: tuple[tuple[str, int], ...] = (("stability", 1), ("attacks", -1), ("deaths", -1), ("coerced_returns", -1))
_MORE = ("stability", "legitimacy", "economy", "direct_trade", "transit_trade", "talks_held", "first_", "days", "at_home")
_LESS = (
    "attacks", "deaths", "civilians_killed", "coerced_returns", "returns_fear", "returns_deportation", "deportation_share",
    "displaced", "rupture", "escalation", "collapse", "hostility", "normalised_hostility", "tension", "splinters", "flights",
    "fighters", "reentries", "in_fighting", "idps", "ard_", "waiting",
)  # fmt: skip


@dataclass(frozen=True)
class Group:
    """Points of a design that are shown together: a label and the indices of the points."""

    label: str
    points: IntArray


def generator(seed: int, name: str) -> np.random.Generator:
    """Return an analysis's own luck, apart from that of designs and runs."""
    if seed < 0:
        raise InputError(f"seed={seed}: must not be negative; give for example seed=1")
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([int(seed), *name.encode()])))


def short_key(key: str) -> str:
    """Return a factor's key as figures write it: ``violence.branching``, ``policy of north``."""
    if key.startswith("policy@policies."):
        return f"policy of {key.rpartition('.')[2]}"
    return re.sub(r"^(parameters|governments|scenario)\.", "", key)


def stem(name: str) -> str:
    """Return a name as part of a file name."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def words(name: str) -> str:
    """Return the name of an outcome or variable as text."""
    return name.replace("_", " ")


def write(value: object) -> str:
    """Return a factor's value as figures write it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value).replace("_", " ")
    return f"{value:.4g}"


def find_factor(study: Study, name: str, option: str) -> int:
    """Return the index of a factor by its key, or by a part of it that only one has.

    Raises
    ------
    InputError
        When no factor, or more than one, is meant.
    """
    keys = [factor.key for factor in study.plan.design.factors]
    exact = [index for index, key in enumerate(keys) if name in (key, short_key(key))]
    found = exact or [index for index, key in enumerate(keys) if key.endswith(f".{name}")]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"{option}={name}: means more than one factor; give one of {one_of([keys[index] for index in found])}")
    raise InputError(f"{option}={name}: is no factor of the study{did_you_mean(name, keys)}; known: {one_of(keys)}")


def column(study: Study, index: int) -> list[object]:
    """Return the values of a factor, one a point."""
    return [point[index] for point in study.plan.design.points]


def is_number(factor: Factor, values: Sequence[object]) -> bool:
    """Return whether a factor's values are numbers, which can be put in order and in bins."""
    return factor.kind != "policy" and all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def distinct(factor: Factor, values: Sequence[object]) -> list[object]:
    """Return the values that occur: numbers in rising order, choices in the order in which they were given.

    One at a time (``oat``) also has the scenario's own value, which need not be among the choices: it comes last.
    """
    occurring = {repr(value): value for value in values}  # choices may be lists
    given = {repr(value): value for value in factor.values if repr(value) in occurring}
    met = list((given | occurring).values())
    return sorted(met, key=lambda value: float(str(value))) if is_number(factor, values) else met


def groups_by(study: Study, by: str | None) -> tuple[str, list[Group]]:
    """Split the points of a study in groups.

    Parameters
    ----------
    by
        A factor: choices and policies make a group each, numbers two halves at their median. ``none`` puts all
        together. By default the first policy, else the first choice of at most six values, else all together.

    Returns
    -------
    tuple
        What the groups differ in (empty for all together), and the groups.

    Raises
    ------
    InputError
        When there is no such factor, or it has too many choices.
    """
    factors = study.plan.design.factors
    everything = [Group("all runs", np.arange(len(study.plan.design.points)))]
    if by == "none":
        return "", everything
    if by is None:
        kinds = [index for kind in ("policy", "choice") for index, factor in enumerate(factors) if factor.kind == kind]
        fit = [index for index in kinds if 2 <= len(set(map(str, column(study, index)))) <= MOST_GROUPS]
        if not fit:
            return "", everything
        chosen = fit[0]
    else:
        chosen = find_factor(study, by, "by")
    factor, values = factors[chosen], column(study, chosen)
    kinds_of_value = distinct(factor, values)
    name = short_key(factor.key)
    if len(kinds_of_value) > MOST_GROUPS and not is_number(factor, values):
        raise InputError(f"by={by}: has {len(kinds_of_value)} choices, more than {MOST_GROUPS}; name another factor, or by=none")
    if is_number(factor, values) and (len(kinds_of_value) > MOST_GROUPS or not factor.values):
        numbers = np.array([float(str(value)) for value in values])
        middle = float(np.median(numbers))
        low = numbers <= middle if (numbers > middle).any() else numbers < middle
        halves = [(f"{name} up to {middle:.4g}", low), (f"{name} above {middle:.4g}", ~low)]
        return name, [Group(label, np.flatnonzero(mask)) for label, mask in halves if mask.any()]
    index_of = [kinds_of_value.index(value) for value in values]
    head = "" if factor.kind == "policy" else f"{name} = "
    return name, [Group(head + write(value), np.flatnonzero(np.array(index_of) == at)) for at, value in enumerate(kinds_of_value)]


def choose_outcomes(study: Study, outcomes: Sequence[str] | None) -> list[str]:
    """Return the outcomes to show: those named, else the defaults that the study has, else its first three.

    Raises
    ------
    InputError
        When the study has no outcome, or not the named one.
    """
    if outcomes is not None:
        for name in outcomes:
            study.values(name)  # raises when there is none
        return list(dict.fromkeys(outcomes))
    if not study.outcomes:
        raise InputError("outcomes: no run of the study has any; see the column error of its results")
    return [name for name, _ in DEFAULTS if name in study.outcomes] or list(study.outcomes[:3])


def directed(study: Study, outcomes: Sequence[str] | None) -> list[tuple[str, int]]:
    """Return outcomes with the direction that is better: 1 for more, -1 for less.

    Parameters
    ----------
    outcomes
        ``NAME``, or ``NAME:up`` and ``NAME:down`` for what is better.

    Raises
    ------
    InputError
        When the direction of an outcome is not known and not given.
    """
    if outcomes is None:
        known = [(name, sign) for name, sign in DEFAULTS if name in study.outcomes]
        if not known:
            raise InputError("outcomes: the study has none of the usual ones; name them with their direction, as NAME:up or NAME:down")
        return known
    found: list[tuple[str, int]] = []
    for text in outcomes:
        name, colon, way = text.partition(":")
        study.values(name)
        if colon and way not in ("up", "down"):
            raise InputError(f"outcomes={text}: {way!r} is no direction; write {name}:up when more is better, {name}:down when less is")
        sign = {"up": 1, "down": -1}.get(way) or direction(name)
        if not sign:
            raise InputError(f"outcomes={text}: which direction is better is not known; write {name}:up or {name}:down")
        if name not in [other for other, _ in found]:
            found.append((name, sign))
    return found


def direction(outcome: str) -> int:
    """Return 1 where more of an outcome is better, -1 where less is, 0 where that is open."""
    if outcome.startswith(_MORE):
        return 1
    return -1 if outcome.startswith(_LESS) else 0


def missing_note(values: FloatArray) -> tuple[str, ...]:
    """Return a note on runs that are not shown, from an outcome's (points, replicates)."""
    count = int(np.isnan(values).sum())
    return (f"{count:,} of {values.size:,} runs failed, are missing or have no such value, and are left out",) if count else ()



def fit_labels(labels: Sequence[str], most: int) -> list[str]:
    """Return labels of at most about ``most`` characters that are still told apart.

    A label is one or several parts, each a name and a value (``closure 0.5, level 1``). Of labels too long, what all of
    them begin a part with (the name) is cut in its middle or left out; the value stays whole as long as it fits.
    """
    if all(len(label) <= most for label in labels):
        return list(labels)
    split = [label.split(", ") for label in labels]
    if len({len(parts) for parts in split}) > 1:
        split = [[label] for label in labels]
    parts_of = list(zip(*split, strict=True))
    columns, left = [list(texts) for texts in parts_of], most - 2 * (len(parts_of) - 1)
    for done, at in enumerate(sorted(range(len(parts_of)), key=lambda at: max(map(len, parts_of[at])))):
        columns[at] = _fit_part(parts_of[at], max(left // (len(parts_of) - done), 4))  # what short parts leave, long ones get
        left -= max(map(len, columns[at]))
    short = [", ".join(parts) for parts in zip(*columns, strict=True)]
    seen: dict[str, str] = {}
    for label, text in zip(labels, short, strict=True):
        seen.setdefault(label, text if text not in seen.values() else f"{text} ({len(seen) + 1})")
    return [seen[label] for label in labels]


def _fit_part(texts: Sequence[str], room: int) -> list[str]:
    """Return one part of several labels in ``room`` characters: its name cut, its value kept."""
    if max(map(len, texts)) <= room:
        return list(texts)
    one, other = min(texts), max(texts)  # what these two begin with, all do
    same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    name = one[:same] if one != other else one.rpartition(" ")[0] + " "
    name = name[: max(map(name.rfind, " ._/")) + 1]  # at the end of a word
    values = [text[len(name) :] for text in texts]
    left = room - max(map(len, values))
    head = cut_middle(name, left) if left >= 6 else ""
    return [head + cut_middle(value, room) for value in values]


def cut_middle(text: str, most: int) -> str:
    """Return a text of at most ``most`` characters, its middle left out."""
    return text if len(text) <= most else f"{text[: (most - 1) // 2]}\u2026{text[len(text) - most // 2 :]}"
