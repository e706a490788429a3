"""Alternatives and states of the world: what somebody decides, against all else that differs between runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.errors import InputError
from experiments.analysis.groups import column, distinct, find_factor, short_key, write
from experiments.analysis.study import Study
from experiments.study.factors import Factor

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: More alternatives than this cannot be told apart in a picture.
MOST = 24


@dataclass(frozen=True)
class Worlds:
    """Alternatives in the same states of the world.

    Attributes
    ----------
    levers
        Names of the factors that are decided.
    labels
        An alternative each.
    points
        Points of each alternative; where ``crossed``, (alternatives, uncertainties) with the same other factors in a
        column, else ragged.
    crossed
        Whether all alternatives meet the same uncertainties.
    """

    levers: tuple[str, ...]
    labels: tuple[str, ...]
    points: tuple[IntArray, ...]
    crossed: bool


def worlds_of(study: Study, levers: Sequence[str] | None, analysis: str) -> Worlds:
    """Split the points of a study in alternatives (combinations of levers) and uncertainties (all other factors).

    Parameters
    ----------
    levers
        Factors that are decided; by default those of the study (``study.roles``), else its choices.
    analysis
        Who asks, for what is said when it cannot be done.

    Raises
    ------
    InputError
        When no factor is a lever, or there is one alternative only, or too many.
    """
    factors = study.plan.design.factors
    if levers is not None:
        chosen = [find_factor(study, name, "levers") for name in levers]
    else:
        named = study.roles["levers"]
        chosen = [k for k, f in enumerate(factors) if f.key in named] or [k for k, f in enumerate(factors) if f.kind in ("policy", "choice")]
    if not chosen:
        raise InputError(f"{analysis}: the study varies nothing that somebody decides; vary a policy (policy@policies.NAME=a,b), or name factors with levers=")
    columns = [column(study, k) for k in chosen]
    ranks = [_ranks(factors[k], values) for k, values in zip(chosen, columns, strict=True)]
    order = sorted(set(zip(*ranks, strict=True)))
    if not 2 <= len(order) <= MOST:
        many = f"{len(order)} combinations of {', '.join(short_key(factors[k].key) for k in chosen)}"
        raise InputError(f"{analysis}: {many}; needs 2 to {MOST} alternatives: give levers as choices (KEY=a,b), or name fewer with levers=")
    rest = [k for k in range(len(factors)) if k not in chosen]
    labels, points = list[str](), list[IntArray]()
    world = [tuple(repr(point[k]) for k in rest) for point in study.plan.design.points]
    keys = list(zip(*ranks, strict=True))
    for combination in order:
        mine = [p for p, key in enumerate(keys) if key == combination]
        values = [(factors[k], columns[at][mine[0]]) for at, k in enumerate(chosen)]
        one = sum(f.kind == "policy" for f, _ in values) == 1
        labels.append(", ".join(_label(f, value, one) for f, value in values))
        points.append(np.array(sorted(mine, key=lambda p: world[p])))
    same = [sorted(world[p] for p in mine) for mine in points]
    crossed = all(one == same[0] for one in same) and len(set(same[0])) == len(same[0])
    return Worlds(tuple(short_key(factors[k].key) for k in chosen), tuple(labels), tuple(points), crossed)


def _ranks(factor: Factor, values: Sequence[object]) -> list[int]:
    """Return the place of each value among the distinct ones."""
    place = {repr(value): at for at, value in enumerate(distinct(factor, values))}
    return [place[repr(value)] for value in values]


def _label(factor: Factor, value: object, one: bool) -> str:
    """Return a lever with its value, short; of the only policy its name alone."""
    if factor.kind == "policy" and one:
        return write(value)
    return f"{factor.key.rpartition('.')[2].replace('_', ' ')} {write(value)}"


def in_worlds(study: Study, worlds: Worlds, outcome: str) -> tuple[FloatArray, IntArray]:
    """Return an outcome as (alternatives, worlds), and the replicate of each world; worlds with a missing run left out.

    Under common random numbers a world is a set of uncertainties with a replicate's luck; with independent seeds luck
    is not shared, so a world is a set of uncertainties, its value the mean over replicates, and its replicate -1.

    Raises
    ------
    InputError
        When no world is whole.
    """
    values = study.values(outcome)
    table = np.stack([values[mine] for mine in worlds.points])  # (alternatives, uncertainties, replicates)
    if study.plan.seeds == "crn":
        flat = table.reshape(len(table), -1)
        replicate = np.tile(np.arange(study.plan.replicates), table.shape[1])
    else:
        count = (~np.isnan(table)).sum(axis=2)
        flat = np.where(count > 0, np.nansum(table, axis=2) / np.maximum(count, 1), math.nan)
        replicate = np.full(flat.shape[1], -1)
    whole = ~np.isnan(flat).any(axis=0)
    if not whole.any():
        raise InputError(f"outcome {outcome!r}: no state of the world in which every alternative has it; run the sweep again (retry_failed=true)")
    return flat[:, whole], replicate[whole]


def whole_worlds(study: Study, worlds: Worlds, values: FloatArray) -> tuple[FloatArray, int, int]:
    """Return (points, replicates, outcomes) without the worlds that an alternative lacks, how many those are, and of how many.

    For alternatives that meet the same worlds. Under common random numbers a world is a set of uncertainties with a
    replicate's luck; with independent seeds a set of uncertainties, which is left out when an alternative has no run there.

    Raises
    ------
    InputError
        When no world is whole.
    """
    here = np.stack([~np.isnan(values[mine]).any(axis=2) for mine in worlds.points])  # (alternatives, uncertainties, replicates)
    crn = study.plan.seeds == "crn"
    keep: NDArray[np.bool_] = np.logical_and.reduce(here)
    if not crn:
        keep = np.repeat(np.logical_and.reduce(here.any(axis=2))[:, None], here.shape[2], axis=1)
    if not keep.any():
        raise InputError("no state of the world in which every alternative has all outcomes; run the sweep again (retry_failed=true)")
    kept = values.copy()
    for mine in worlds.points:
        kept[mine] = np.where(keep[:, :, None], values[mine], math.nan)
    count = keep if crn else keep[:, 0]
    return kept, int((~count).sum()), count.size
