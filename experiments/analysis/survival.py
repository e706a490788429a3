"""Survival curves: the share of runs without a rupture, escalation or collapse up to a day, with censoring at the end.

References
----------
.. [1] Kaplan, E. L. and Meier, P. (1958). Nonparametric estimation from incomplete observations. JASA 53, 457-481.
.. [2] Kalbfleisch, J. D. and Prentice, R. L. (1980). The statistical analysis of failure time data. Wiley. (log-log)
.. [3] Royston, P. and Parmar, M. K. B. (2013). Restricted mean survival time. BMC Med. Res. Methodol. 13, 152.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import CensoredData, ecdf, logrank
from scipy.stats import t as student

from agents.errors import InputError, one_of
from experiments.analysis.finding import Finding
from experiments.analysis.groups import Group, fit_labels, groups_by
from experiments.analysis.study import Study
from experiments.analysis.tornado import Change, change
from experiments.figures import style

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

#: Events by name: outcome ``first_NAME``.
EVENTS = ("rupture", "escalation", "collapse")
#: Days before which the rule of an escalation cannot find one (:func:`sim.turning.escalations`).
FIRST_ESCALATION = 364


#: Two groups, p-value of the log-rank test, difference of mean days, and the day up to which they are counted.
Gain: TypeAlias = tuple[int, int, float, Change, float]


@dataclass(frozen=True)
class Lives:
    """Runs of a group: days to the event or to the end, whether there was an event, and whose luck they have, (runs,) each.

    Runs of one ``unit`` share their luck; without units all have their own.
    """

    days: FloatArray
    event: BoolArray
    unit: IntArray | None = None

    @property
    def units(self) -> int:
        """How many runs with luck of their own there are."""
        return len(self.days) if self.unit is None else len(np.unique(self.unit))


def survival(study: Study, events: Sequence[str] | None = None, *, by: str | None = None, level: float = 0.95) -> list[Finding]:
    """Draw Kaplan-Meier curves of the first rupture, escalation and collapse, with the numbers at risk.

    Runs without the event are censored at their last day (``days``). Intervals are Greenwood's on the log-log scale.
    Groups are compared in pairs by the log-rank test (Holm), and by the difference of the mean days without the event within
    the run (restricted mean), paired by replicate, right under common random numbers too; its intervals hold together (Bonferroni).

    Parameters
    ----------
    study
        A study of any design whose runs have ``days`` and ``first_...``.
    events
        ``rupture``, ``escalation``, ``collapse``; all that the runs can have by default.
    by
        Factor whose values have a curve each (:func:`~experiments.analysis.groups.groups_by`).
    level
        Coverage of the intervals.

    Returns
    -------
    list
        Two findings an event: the curves (a row a group and day of an event or of censoring), and, where there are
        groups and events, a table of the pairs of groups.

    Raises
    ------
    InputError
        When the runs have no such outcome.
    """
    known = [event for event in EVENTS if f"first_{event}" in study.results]
    for event in events or ():
        if event not in known:
            raise InputError(f"events={event}: the runs have no outcome first_{event}; known: {one_of(known or ['none'])}")
    if not known or "days" not in study.outcomes:
        raise InputError("survival: the runs have no first_rupture, first_escalation or first_collapse with days; it needs a scenario with governments or groups")
    if not 0.0 < level < 1.0:
        raise InputError(f"level={level:g}: must be between 0 and 1; give for example level=0.95")
    what, groups = groups_by(study, by)
    return [one for event in dict.fromkeys(events or known) for one in _finding(study, event, what, groups, level)]


def lives(study: Study, event: str, group: Group) -> Lives:
    """Return the runs of a group that finished, as days and whether the event came."""
    done = study.ok[study.ok["point"].isin(group.points)]
    days, first = done["days"].to_numpy(np.float64), done[f"first_{event}"].to_numpy(np.float64)
    came = ~np.isnan(first)
    unit = done["replicate"].to_numpy(np.int64) if study.plan.seeds == "crn" else None
    return Lives(np.where(came, first, days), came, unit)


def curve(runs: Lives, level: float = 0.95) -> pd.DataFrame:
    """Return the Kaplan-Meier curve: a row a day with events or censoring, from day 0 on.

    Columns: ``day``, ``at_risk`` (before the day), ``events``, ``survival`` (after it), ``low``, ``high``. Where there
    was no event yet, or every run had one, Greenwood's variance is 0 or not defined: the interval is then that of
    Clopper and Pearson. Where runs share luck, both take the units for the runs (:func:`_shared`).
    """
    n = len(runs.days)
    columns = ["day", "at_risk", "events", "survival", "low", "high"]
    if not n:
        return pd.DataFrame(columns=columns, dtype=np.float64)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # scipy: the first step without events has no variance
        found = ecdf(CensoredData(uncensored=runs.days[runs.event], right=runs.days[~runs.event])).sf
        span = found.confidence_interval(level, method="log-log")
    day, share = np.asarray(found.quantiles, dtype=np.float64), np.asarray(found.probabilities, dtype=np.float64)
    at_risk = np.array([(runs.days >= d).sum() for d in day], dtype=np.float64)
    events = np.array([((runs.days == d) & runs.event).sum() for d in day], dtype=np.float64)
    low, high = np.asarray(span.low.probabilities, dtype=np.float64), np.asarray(span.high.probabilities, dtype=np.float64)
    if 1 < runs.units < n:
        low, high = _shared(runs, day, share, events, at_risk, level)
    edge = 1.0 - ((1.0 - level) / 2.0) ** (1.0 / runs.units)  # Clopper and Pearson, for 0 of n
    low, high = np.where(share == 1.0, 1.0 - edge, low), np.where(share == 1.0, 1.0, high)
    low, high = np.where(share == 0.0, 0.0, low), np.where(share == 0.0, edge, high)
    start = pd.DataFrame([[0.0, float(n), 0.0, 1.0, 1.0, 1.0]], columns=columns)
    rest = pd.DataFrame(np.column_stack([day, at_risk, events, share, low, high]), columns=columns)
    return rest if len(rest) and rest["day"].iloc[0] == 0.0 else pd.concat([start, rest], ignore_index=True)


def _shared(
    runs: Lives, day: FloatArray, share: FloatArray, events: FloatArray, at_risk: FloatArray, level: float
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Return log-log intervals from the spread of the units' own shares, nowhere narrower than Greenwood's.

    Until the first censoring a curve is the mean of the units' shares of runs without the event; after it the factor
    by which that variance exceeds Greenwood's is kept.
    """
    assert runs.unit is not None
    with np.errstate(all="ignore"):
        greenwood = share**2 * np.cumsum(events / (at_risk * (at_risk - events)))
        units = [runs.days[runs.unit == u] for u in np.unique(runs.unit)]
        own = np.array([[(days > d).mean() for days in units] for d in day])
        factor = own.var(axis=1, ddof=1) / runs.units / greenwood
        first = float(runs.days[~runs.event].min()) if not runs.event.all() else math.inf
        before = np.flatnonzero((day < first) & np.isfinite(factor))
        factor[day >= first] = factor[before[-1]] if len(before) else float(len(runs.days) / runs.units)
        width = student.ppf(0.5 + level / 2.0, runs.units - 1) * np.sqrt(greenwood * np.maximum(factor, 1.0)) / (share * np.abs(np.log(share)))
        return np.asarray(share ** np.exp(width)), np.asarray(share ** np.exp(-width))


def restricted(study: Study, event: str, first: Group, second: Group, level: float) -> tuple[Change, float]:
    """Return the difference (second less first) of the mean days without the event up to the shortest run's end.

    Means are taken over the points of a group for each replicate and replicates are paired, so that the interval
    holds under common random numbers. Also returned: that end in days.
    """
    end = float(study.ok["days"].min())
    days = np.full((len(study.plan.design.points), study.plan.replicates), np.nan)
    done = study.ok
    value = done[f"first_{event}"].fillna(done["days"]).clip(upper=end)
    days[done["point"].to_numpy(), done["replicate"].to_numpy()] = value.to_numpy(np.float64)
    pair = [days[group.points] for group in (first, second)]
    whole = ~(np.isnan(pair[0]).any(axis=0) | np.isnan(pair[1]).any(axis=0))
    return change(np.where(whole, pair[1].mean(axis=0) - pair[0].mean(axis=0), np.nan), level), end


def compare(runs: Sequence[Lives]) -> list[tuple[int, int, float]]:
    """Return the log-rank test of each pair of groups, p-values by Holm's method; NaN when neither had an event."""
    pairs = list(itertools.combinations(range(len(runs)), 2))
    raw: list[float] = []
    for i, j in pairs:
        both = (runs[i], runs[j])
        if not all(len(r.days) for r in both) or not (both[0].event.any() or both[1].event.any()):
            raw.append(math.nan)
            continue
        data = [CensoredData(uncensored=r.days[r.event], right=r.days[~r.event]) for r in both]
        with np.errstate(all="ignore"):
            raw.append(float(logrank(data[0], data[1]).pvalue))
    order = sorted((k for k, p in enumerate(raw) if not math.isnan(p)), key=lambda k: raw[k])
    adjusted, so_far = [math.nan] * len(raw), 0.0
    for rank, k in enumerate(order):
        so_far = max(so_far, min(1.0, raw[k] * (len(order) - rank)))
        adjusted[k] = so_far
    return [(i, j, p) for (i, j), p in zip(pairs, adjusted, strict=True)]


def _finding(study: Study, event: str, what: str, groups: Sequence[Group], level: float) -> list[Finding]:
    runs = [lives(study, event, group) for group in groups]
    curves = [curve(one, level) for one in runs]
    table = pd.concat([c.assign(group=g.label)[["group", *c.columns]] for g, c in zip(groups, curves, strict=True)], ignore_index=True)
    notes: list[str] = []
    lost = study.plan.rows.num_rows - len(study.ok)
    if lost:
        notes.append(f"{lost:,} of {study.plan.rows.num_rows:,} runs failed or are missing, and are left out; should they have failed because of the event, the curves are too high")
    if event == "escalation":
        notes.append(f"no escalation can be found before day {FIRST_ESCALATION}, which have no year before them: the curves are 1 until then")
    if any(1 < one.units < len(one.days) for one in runs):
        notes.append("runs of a replicate share their luck: the bands come from the spread between replicates, and are wider than Greenwood's")
    any_event = any(bool(one.event.any()) for one in runs)
    each = 1.0 - (1.0 - level) / max(1, math.comb(len(groups), 2))  # Bonferroni: all intervals hold together at the level
    gained = [(i, j, p, *restricted(study, event, groups[i], groups[j], each)) for i, j, p in compare(runs)] if any_event else []
    says = _says(event, groups, runs, curves, gained)

    def draw() -> Figure:
        return _draw(study, event, what, groups, runs, curves, level)

    found = [Finding(f"survival_{event}", f"Runs without {_a(event)}", says, table, tuple(notes), draw)]
    return [*found, _differences(study, event, groups, gained, level)] if gained else found


def _differences(study: Study, event: str, groups: Sequence[Group], gained: Sequence[Gain], level: float) -> Finding:
    """Return the table of pairs of groups: mean days without the event with its paired interval, and log-rank tests."""
    rows = [(groups[i].label, groups[j].label, f.mean, f.low, f.high, f.pairs, end, p) for i, j, p, f, end in gained]
    table = pd.DataFrame(rows, columns=["group", "against", "days_more", "low", "high", "pairs", "up_to_day", "logrank_p_holm"])
    table[["group", "against"]] = table[["against", "group"]]
    sure = [f for *_, f, _ in gained if f.pairs > 1 and (f.low > 0.0 or f.high < 0.0)]
    small = int((table["logrank_p_holm"] <= 1.0 - level).sum())
    says = f"In {len(sure)} of {len(gained)} pairs of groups the interval of the paired difference in days without {_a(event)} leaves out 0 ({100 * level:g} % for all pairs together); the log-rank test rejects equal curves in {small}."
    notes = ["log-rank tests take runs as independent, and under seeds=crn they share luck: their p-values are a guide; the paired difference of mean days holds"]
    if len(gained) > 1:
        notes.append(f"{len(gained)} pairs: each interval is one of {100 - 100 * (1.0 - level) / len(gained):.3g} %, so that all hold together at {100 * level:g} % (Bonferroni)")
    if all(math.isnan(f.low) for *_, f, _ in gained):
        notes.append("fewer than two whole replicates, or fewer than five that agree exactly: no paired interval; sweep with replicates=10 or more")
    return Finding(f"survival_{event}_pairs", f"Days without {_a(event)}, by pairs of groups", says, table, tuple(notes))


def _a(event: str) -> str:
    return f"{'an' if event[0] in 'aeiou' else 'a'} {event}"


def _says(event: str, groups: Sequence[Group], runs: Sequence[Lives], curves: Sequence[pd.DataFrame], gained: Sequence[Gain]) -> str:
    total, came = sum(len(r.days) for r in runs), sum(int(r.event.sum()) for r in runs)
    if not total:
        return "No run finished."
    if not came:
        shared = [one.unit for one in runs if one.unit is not None]
        units = len(np.unique(np.concatenate(shared))) if shared else total
        most = 100.0 * (1.0 - 0.05 ** (1.0 / units))
        return f"No run of {total:,} had {_a(event)}: its chance within a run is below {most:.2g} % (one-sided 95 % bound from {units:,} runs with luck of their own)."
    said = f"{came:,} of {total:,} runs had {_a(event)}."
    last = [c[c["events"] > 0].iloc[-1] if (c["events"] > 0).any() else c.iloc[-1] for c in curves if len(c)]
    shown = [g for g, c in zip(groups, curves, strict=True) if len(c)]
    parts = [f"{g.label}: {100 * row['survival']:.0f} % ({100 * row['low']:.0f} to {100 * row['high']:.0f})" for g, row in zip(shown, last, strict=True)]
    said += f" Share without one at the end: {'; '.join(parts)}."
    sure = [(i, j, f) for i, j, _, f, _ in gained if f.pairs > 1 and (f.low > 0.0 or f.high < 0.0)]
    if sure:
        i, j, found = max(sure, key=lambda one: abs(one[2].mean))
        said += f" Largest difference told from luck: {groups[j].label} has {found.mean:+.3g} days without one against {groups[i].label} ({found.low:+.3g} to {found.high:+.3g})."
    elif gained:
        said += " No difference between groups can be told from luck."
    return said


def _draw(study: Study, event: str, what: str, groups: Sequence[Group], runs: Sequence[Lives], curves: Sequence[pd.DataFrame], level: float) -> Figure:
    figure = style.new_figure(
        f"Runs without {_a(event)}" + (f", by {what}" if what else ""),
        "Share of runs in which it has not happened yet (Kaplan-Meier); runs without it are censored at their end (ticks); below: runs at risk",
        study.caption(sum(len(r.days) for r in runs), f"bands: {100 * level:g} % interval, Greenwood (over replicates where points share luck), log-log; at 0 and 1 Clopper-Pearson"),
    )
    under = 0.030 * len(groups)
    axes = figure.add_axes((0.175, 0.17 + under, 0.795, 0.69 - under))
    style.plain(axes)
    end = max((float(r.days.max()) for r in runs if len(r.days)), default=1.0)
    for at, (group, one, rows) in enumerate(zip(groups, runs, curves, strict=True)):
        if not len(rows):
            continue
        colour = style.CYCLE[at % len(style.CYCLE)]
        day = np.append(rows["day"], end)
        level_of = [np.append(rows[key], rows[key].iloc[-1]) for key in ("survival", "low", "high")]
        axes.fill_between(day, level_of[1], level_of[2], step="post", color=colour, alpha=0.15 if len(groups) < 3 else 0.07, linewidth=0)
        for edge in level_of[1:]:
            axes.step(day, edge, where="post", color=colour, linewidth=0.6, alpha=0.7)
        axes.step(day, level_of[0], where="post", color=colour, linewidth=1.9, linestyle=("-", "--", "-.", ":")[at // 2 % 4], label=f"{group.label} ({int(one.event.sum())} of {len(one.days)})")
        gone = one.days[~one.event]
        if len(gone):
            axes.plot(np.unique(gone), np.interp(np.unique(gone), day, level_of[0]), "|", color=colour, markersize=8)
    axes.set_ylim(-0.02, 1.04)
    axes.set_xlim(0.0, end * 1.01)
    axes.set_xlabel("day of the run", size=style.TEXT, color=style.INK)
    style.key(axes, 3)
    ticks = [tick for tick in axes.get_xticks() if 0.0 <= tick <= end]
    names = fit_labels([group.label.replace(what, what.rpartition(".")[2]) for group in groups], 28)
    for at, (name, one) in enumerate(zip(names, runs, strict=True)):
        y, colour = 0.055 + 0.030 * (len(groups) - at), style.CYCLE[at % len(style.CYCLE)]
        figure.text(0.158, y, name, size=style.SMALL, color=colour, ha="right", va="center")
        for tick in ticks:
            figure.text(0.175 + 0.795 * tick / (end * 1.01), y, str(int((one.days >= tick).sum())), size=style.SMALL, color=style.INK, ha="center", va="center")
    return figure
