"""Outcomes of a run: one row of numbers that policies are compared on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.stability import COMPONENTS
from sim.streams import Streams
from sim.turning import escalations, relations_from_index, turning_points

if TYPE_CHECKING:
    from sim.record import Record
    from sim.setting import Setting

FloatArray = NDArray[np.float64]


def outcomes(record: Record, setting: Setting) -> dict[str, float]:
    """Return the outcomes up to the last recorded day.

    Counts are totals over the run; ``..._2023`` are totals of a calendar year; ``first_...`` is the day
    of the first such event, NaN when there was none (censored at ``days``).
    """
    if not record.length:
        return {}
    row: dict[str, float] = {"days": float(record.length)}
    region = {name: record.series("region", "region", name) for name in (
        "attacks", "deaths", "civilians_killed", "returns", "returns_voluntary", "returns_fear", "returns_deportation",
        "reentries", "departures", "flights", "displaced", "stability",
    )}
    for name, series in region.items():
        row[name] = float(series[-1] if name == "displaced" else series.mean() if name == "stability" else series.sum())
    row["deaths_per_attack"] = row["deaths"] / row["attacks"] if row["attacks"] else 0.0
    row["coerced_returns"] = row["returns_fear"] + row["returns_deportation"]
    row["deportation_share"] = row["returns_deportation"] / row["returns"] if row["returns"] else 0.0
    row |= _stability(record, setting)
    row |= _actors(record, setting)
    row |= _by_year(setting, {name: region[name] for name in ("attacks", "deaths", "returns")})
    row |= _events(record, setting, region["attacks"])
    row |= early_warning(region["attacks"])
    return row


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
    row["normalised_hostility"] = float(relations_from_index(record, setting).mean())
    return row


def _by_year(setting: Setting, series: dict[str, FloatArray]) -> dict[str, float]:
    row: dict[str, float] = {}
    length = len(next(iter(series.values())))
    years = np.array([setting.date(day).year for day in range(length)])
    for year in dict.fromkeys(years.tolist()):
        for name, values in series.items():
            row[f"{name}_{year}"] = float(values[years == year].sum())
    return row


def _events(record: Record, setting: Setting, attacks: FloatArray) -> dict[str, float]:
    points = turning_points(record, setting)
    kinds = {kind: [e.day for e in record.raw_events if e.kind == kind] for kind in ("truce", "splinter")}
    talks = [e for e in record.raw_events if e.kind == "talks"]
    row = {"truces": float(len(kinds["truce"])), "splinters": float(len(kinds["splinter"]))}
    row |= {"talks_offered": float(len(talks)), "talks_held": float(sum(e.value > 0.0 for e in talks))}
    for kind in ("rupture", "escalation", "collapse"):
        days = [e.day for e in points if e.kind == kind]
        row[f"{kind}s"] = float(len(days))
        row[f"first_{kind}"] = float(min(days)) if days else float("nan")
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
