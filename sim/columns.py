"""The columns of the record: their names, and their values worked out for many days at once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.vocabulary import REASONS, Reason
from sim.daybook import DayBook
from sim.stability import COMPONENTS, index_parts, mean_off_diagonal, normalise

if TYPE_CHECKING:
    from sim.setting import Setting

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Column = tuple[str, str, str]
REASON = MappingProxyType({reason: i for i, reason in enumerate(REASONS)})
REGION = (
    "attacks", "deaths", "civilians_killed", "returns", "returns_voluntary", "returns_fear", "returns_deportation",
    "reentries", "departures", "flights", "irregular", "displaced", "travelling", "queued", "stability",
    *(f"stability_{name}" for name in COMPONENTS),
)
_HOME = tuple([REASON[r] for r in (Reason.VOLUNTARY, Reason.FEAR, Reason.DEPORTATION)])
_OUT = tuple([REASON[r] for r in (Reason.FLIGHT, Reason.EMIGRATION, Reason.ONWARD, Reason.REENTRY)])


def columns(setting: Setting) -> list[Column]:
    """Every column in the order in which :func:`values` gives them."""
    cast, world = setting.cast, setting.world
    found: list[Column] = [("region", "region", name) for name in REGION]
    if setting.reservoir is not None:
        found.append(("region", "region", "entered"))
    for name in cast.governments:
        found += [("government", name, v) for v in ("attacks", "deaths", "legitimacy", "tension", "economy", "standing", "weariness")]
        for variable in ("hostility", "direct_trade", "transit_trade"):
            found += [("government", name, f"{variable}/{r}") for r in cast.governments if r != name]
    for kind in ("lever", "asked"):
        for i, name in enumerate(cast.governments):
            found += [("government", name, f"{kind}/{cast.slots[k]}") for k in np.flatnonzero(cast.owned[i])]
    for variable in ("fighters", "deployed", "attacks", "deaths", "recruits", "killed", "truce"):
        found += [("group", name, variable) for name in cast.groups]
    for block in setting.populations.blocks:
        found.append(("population", block.name, "people"))
        found += [("population", block.name, f"people/{country}") for country in world.countries]
    for variable in ("passed", "queue", "open"):
        found += [("crossing", name, variable) for name in world.crossings]
    for name in cast.mediators:
        found += [("mediator", name, v) for v in ("attention", "talks")]
    return found


def values(book: DayBook, days: int, displaced: IntArray, setting: Setting) -> FloatArray:
    """Values of all columns on the first days of a book, (days, columns).

    Parameters
    ----------
    displaced
        Displaced people on these days, (days, places).
    """
    parts: list[FloatArray | IntArray] = [_region(book, days, displaced, setting)]
    if setting.reservoir is not None:
        parts.append(book.sums[:days, -1:])
    parts += _actors(book, days, setting)
    return np.concatenate([part.reshape(days, -1) for part in parts], axis=1)


def _region(book: DayBook, days: int, displaced: IntArray, setting: Setting) -> FloatArray:
    """Totals of the region, (days, names)."""
    flows = book.crossed[:days].sum(axis=2)
    sums = book.sums[:days]
    by_name = {
        "attacks": book.attacks[:days].sum(axis=(1, 2)), "deaths": book.deaths[:days].sum(axis=(1, 2)),
        "returns": flows[:, _HOME].sum(axis=1), "returns_voluntary": flows[:, _HOME[0]], "returns_fear": flows[:, _HOME[1]],
        "returns_deportation": flows[:, _HOME[2]], "reentries": flows[:, _OUT[3]], "departures": flows[:, _OUT].sum(axis=1),
        "flights": sums[:, 0], "travelling": sums[:, 1], "queued": sums[:, 2] + book.queue[:days].sum(axis=1),
        "irregular": sums[:, 3], "civilians_killed": sums[:, 4], "displaced": displaced.sum(axis=1),
    }
    region = np.zeros((days, len(REGION)))
    for column, name in enumerate(REGION):
        if name in by_name:
            region[:, column] = by_name[name]
    region[:, REGION.index("stability") :] = _stability(book, days, setting)
    return region


def _stability(book: DayBook, days: int, setting: Setting) -> FloatArray | float:
    """The index and its components, (days, 1 + components)."""
    n = len(setting.cast.governments)
    if not n:
        return 1.0
    pairs = book.pairs[:days]
    memories = book.memories[:days].sum(axis=2)
    relations = normalise(mean_off_diagonal(pairs[:, 0]), setting) if n > 1 else np.zeros(days)
    rows: list[list[float]] = []
    by_day = zip(
        book.window[:days].tolist(), memories.tolist(), np.asarray(relations).tolist(), book.levels[:days, 0].mean(axis=1).tolist(),
        pairs[:, 1].tolist(), pairs[:, 2].tolist(), strict=True,
    )
    for attacks, (returns, flights), relation, legitimacy, direct, transit in by_day:
        parts = index_parts(setting, attacks, returns + flights, relation, legitimacy, direct, transit)
        rows.append([math.fsum(parts) / len(parts), *parts])
    return np.array(rows)


def _actors(book: DayBook, days: int, setting: Setting) -> Iterator[FloatArray | IntArray]:
    """Values of all actors, section by section, in the order of :func:`columns`; a row a day."""
    cast = setting.cast
    attacks, deaths = book.attacks[:days].sum(axis=2), book.deaths[:days].sum(axis=2)
    for i in range(len(cast.governments)):
        by = [g for g, target in enumerate(cast.group_target) if target == i]
        yield np.stack([attacks[:, by].sum(axis=1), deaths[:, by].sum(axis=1)], axis=1)
        yield book.levels[:days, :, i]
        rivals = [j for j in range(len(cast.governments)) if j != i]
        yield book.pairs[:days, :3, i][:, :, rivals]
    if cast.governments:
        yield book.levers[:days].reshape(days, 2, -1)[:, :, np.flatnonzero(cast.owned)]
    if cast.groups:
        fighters = book.fighters[:days]
        yield fighters.sum(axis=2)
        yield (fighters * setting.at_home).sum(axis=2)
        yield attacks
        yield deaths
        yield book.groups[:days]
    if setting.populations.blocks:
        by_country = book.people[:days] @ setting.country_onehot
        yield np.concatenate([by_country.sum(axis=2, keepdims=True), by_country], axis=2)
    yield book.crossed[:days].sum(axis=1)
    yield book.queue[:days].reshape(days, -1, 2).sum(axis=2) if book.queue.size else np.zeros((days, setting.world.n_crossings))
    yield book.is_open[:days]
    if cast.mediators:
        talks = book.pairs[:days, 3].max(axis=(1, 2), initial=0.0)
        yield np.stack([book.attention[:days], np.repeat(talks[:, None], len(cast.mediators), axis=1)], axis=2)
