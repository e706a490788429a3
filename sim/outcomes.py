"""Outcomes of a run: one row of numbers that policies are compared on.

A run has only the outcomes that can differ in it: nothing about stability or talks without governments,
nothing about attacks without groups, and what happened in camps only where a folder counts people in camps.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.vocabulary import ABROAD, Status
from sim.stability import COMPONENTS
from sim.streams import Streams
from sim.turning import escalations, relations_from_index, turning_points

if TYPE_CHECKING:
    from sim.record import Record
    from sim.setting import Setting

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def outcomes(record: Record, setting: Setting) -> dict[str, float]:
    """Return the outcomes up to the last recorded day.

    Counts are totals over the run; ``..._2023`` are totals of a calendar year; ``first_...`` is the day
    of the first such event, NaN when there was none (censored at ``days``).
    """
    if not record.length:
        return {}
    governed, armed = bool(setting.cast.governments), bool(setting.cast.groups)
    row: dict[str, float] = {"days": float(record.length)}
    names = (*(("attacks", "deaths") if armed else ()), *(("civilians_killed",) if governed else ()))
    if record.has_flows:
        names += ("returns", "returns_voluntary", *(("returns_fear", "returns_deportation") if governed else ()))
        names += ("reentries", "departures", "flights")
    names += ("displaced", *(("stability",) if governed else ()))
    region = {name: record.series("region", "region", name) for name in names}
    for name, series in region.items():
        row[name] = float(series[-1] if name == "displaced" else series.mean() if name == "stability" else series.sum())
    if armed:
        row["deaths_per_attack"] = row["deaths"] / row["attacks"] if row["attacks"] else 0.0
    if governed:
        row["coerced_returns"] = row["returns_fear"] + row["returns_deportation"]
        row["deportation_share"] = row["returns_deportation"] / row["returns"] if row["returns"] else 0.0
        row |= _stability(record, setting)
    if governed or armed:
        row |= _actors(record, setting)
    row |= _by_year(setting, {name: region[name] for name in ("attacks", "deaths", "returns") if name in region})
    if governed or armed:
        row |= _events(record, setting)
    if armed:
        row |= early_warning(region["attacks"])
    if setting.network is not None:
        row |= _camps(record, setting)
    return row


def _camps(record: Record, setting: Setting) -> dict[str, float]:
    """Where the people of a conflict folder are on the last day, and how far its camps are from the counts."""
    network = setting.network
    assert network is not None
    day = record.length - 1
    fighting = np.zeros(setting.world.n_places, dtype=np.bool_)
    first = (setting.start - network.conflict.start).days
    fighting[: network.n_places] = network.conflict.intensity[first + day] > 0.0
    camp = np.zeros(setting.world.n_places, dtype=np.bool_)
    camp[: network.n_places] = network.is_camp
    people = record.displaced[-1]
    waiting = record.latest("region", "region", "queued")
    status = {
        block.status: record.latest("population", block.name, "people")
        for block in setting.populations.blocks
    }
    home = math.fsum(status.get(s, 0.0) for s in (Status.CITIZEN, Status.RETURNEE))
    row = {
        "entered": record.latest("region", "region", "entered"),
        "in_camps": float(people[camp].sum()),
        "at_stops": float(people[~camp & ~fighting].sum()),
        "in_fighting": float(people[~camp & fighting].sum()),
        # Those who wait at a gate are kept among the travellers.
        "on_the_way": record.latest("region", "region", "travelling") - waiting,
        "waiting": waiting,
        "at_home": home,
        "idps": status.get(Status.IDP, 0.0),
        "refugees": math.fsum(status.get(s, 0.0) for s in ABROAD),
        "refugees_registered": status.get(Status.REGISTERED, 0.0),
    }
    daily = relative_difference(record.displaced[:, network.conflict.camps], record.counted)
    return row | {"ard_mean": float(daily.mean()), "ard_final": float(daily[-1])}


def relative_difference(simulated: IntArray | FloatArray, counted: IntArray | FloatArray) -> FloatArray:
    """Averaged relative difference of each day, (days,): sum of |S - D| over camps, by the sum of D (at least 1)."""
    return np.asarray(np.abs(simulated - counted).sum(axis=1) / np.maximum(1, counted.sum(axis=1)), dtype=np.float64)


def _stability(record: Record, setting: Setting) -> dict[str, float]:
    """Components, other means of them, and the index under perturbed weights."""
    parts = np.array([record.series("region", "region", f"stability_{name}").mean() for name in COMPONENTS])
    row = {f"stability_{name}": float(value) for name, value in zip(COMPONENTS, parts, strict=True)}
    row["stability_geometric"] = float(np.exp(np.log(np.maximum(parts, 1e-9)).mean()))
    row["stability_lowest"] = float(parts.min())
    weights = Streams(0).generator("index weights", "", 0).dirichlet(np.full(len(parts), 4.0), size=1000)
    low, high = np.quantile(weights @ parts, [0.05, 0.95])
    return row | {"stability_weights_low": float(low), "stability_weights_high": float(high)}


def _actors(record: Record, setting: Setting) -> dict[str, float]:
    row: dict[str, float] = {}
    for name in setting.cast.governments:
        legitimacy = record.series("government", name, "legitimacy")
        row[f"legitimacy_{name}"] = float(legitimacy[-1])
        row[f"legitimacy_lowest_{name}"] = float(legitimacy.min())
        row[f"tension_{name}"] = record.latest("government", name, "tension")
        row[f"economy_{name}"] = record.latest("government", name, "economy")
        for rival in setting.cast.governments:
            if rival != name:
                row[f"hostility_{name}_{rival}"] = float(record.series("government", name, f"hostility/{rival}").mean())
                row[f"direct_trade_{name}_{rival}"] = float(record.series("government", name, f"direct_trade/{rival}").mean())
                row[f"transit_trade_{name}_{rival}"] = float(record.series("government", name, f"transit_trade/{rival}").mean())
    for name in setting.cast.groups:
        row[f"fighters_{name}"] = record.latest("group", name, "fighters")
        row[f"attacks_{name}"] = float(record.series("group", name, "attacks").sum())
    if setting.cast.governments:
        row["normalised_hostility"] = float(relations_from_index(record, setting).mean())
    return row


def _by_year(setting: Setting, series: dict[str, FloatArray]) -> dict[str, float]:
    row: dict[str, float] = {}
    length = max((len(values) for values in series.values()), default=0)
    years = np.array([setting.date(day).year for day in range(length)])
    for year in dict.fromkeys(years.tolist()):
        for name, values in series.items():
            row[f"{name}_{year}"] = float(values[years == year].sum())
    return row


def _events(record: Record, setting: Setting) -> dict[str, float]:
    governed, armed = bool(setting.cast.governments), bool(setting.cast.groups)
    points = turning_points(record, setting)
    count = {kind: float(len([e for e in record.raw_events if e.kind == kind])) for kind in ("truce", "splinter", "talks")}
    held = len([e for e in record.raw_events if e.kind == "talks" and e.value > 0.0])
    row: dict[str, float] = {"truces": count["truce"], "splinters": count["splinter"]} if armed else {}
    row |= {"talks_offered": count["talks"], "talks_held": float(held)} if governed else {}
    for kind, possible in (("rupture", governed), ("escalation", armed), ("collapse", governed)):
        if possible:
            days = [e.day for e in points if e.kind == kind]
            row[f"{kind}s"] = float(len(days))
            row[f"first_{kind}"] = float(min(days)) if days else float("nan")
    if armed:
        attacks = record.series("region", "region", "attacks")
        for factor in (1.75, 2.5):
            row[f"escalations_{factor:g}"] = float(len(escalations(attacks, factor)))
    return row


def early_warning(attacks: FloatArray) -> dict[str, float]:
    """Variance-to-mean ratio and lag-1 autocorrelation of monthly attacks, the trend taken out.

    Trend is a straight line in log counts; signals of a raw series mostly show its trend. NaN for
    runs shorter than a year.
    """
    months = len(attacks) // 30
    nothing = {"monthly_dispersion": float("nan"), "monthly_autocorrelation": float("nan")}
    if months < 12:
        return nothing
    counts = attacks[: months * 30].reshape(months, 30).sum(axis=1)
    if counts.sum() <= 0.0:
        return nothing
    t = np.arange(months)
    trend = np.exp(np.polyval(np.polyfit(t, np.log(counts + 1.0), 1), t))
    trend *= counts.sum() / trend.sum()
    residual = (counts - trend) / np.sqrt(np.maximum(trend, 1e-9))
    spread = residual.std()
    lag = float(np.corrcoef(residual[:-1], residual[1:])[0, 1]) if spread > 0.0 else float("nan")
    return {"monthly_dispersion": float((residual**2).sum() / (months - 2)), "monthly_autocorrelation": lag}
