"""Early-warning signals: whether variance and autocorrelation rise before a rupture, escalation or collapse, and only there.

Runs with the event are compared with runs without it over weeks of the same dates, and with AR(1) surrogates that have
no change in them. Both matter: a rise before events alone says nothing about false alarms [2]_.

References
----------
.. [1] Scheffer, M. et al. (2009). Early-warning signals for critical transitions. Nature 461, 53-59.
.. [2] Boettiger, C. and Hastings, A. (2012). Quantifying limits to detection of early warning for critical transitions.
   J. R. Soc. Interface 9, 2527-2539; and: Early warning signals and the prosecutor's fallacy. Proc. R. Soc. B 279, 4734.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from scipy.stats import ttest_1samp

from agents.errors import InputError, one_of
from experiments.analysis.daily import NONE_KEPT, has_series, read_daily
from experiments.analysis.finding import Finding
from experiments.analysis.groups import generator
from experiments.analysis.slowing import auc, auc_interval, detrended, rises, roc, rolling, surrogates
from experiments.analysis.study import Study
from experiments.analysis.survival import EVENTS
from experiments.figures import style

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Of each event: its series, and the days before it that its rule looks at, which are the event and no warning.
SERIES_OF: Mapping[str, tuple[str, int]] = MappingProxyType({
    "rupture": ("hostility", 28), "escalation": ("attacks", 28), "collapse": ("legitimacy", 90),
})  # fmt: skip
INDICATORS = ("variance", "autocorrelation")
#: Fewer independent units (replicates; runs with independent seeds) on either side give no answer.
LEAST = 5
_SIGNAL, _NO, _CHANCE, _FEW = "signal", "no signal", "rises, not told from runs without", "not enough runs"


@dataclass(frozen=True)
class Segments:
    """Weeks of runs, (runs, weeks), and to which independent unit each run belongs, (runs,)."""

    weeks: FloatArray
    unit: IntArray

    @property
    def units(self) -> int:
        """How many independent units there are."""
        return len(np.unique(self.unit))


def warning(
    study: Study, events: Sequence[str] | None = None, *, weeks: int = 40, window: float = 0.5, surrogates: int = 200,
    level: float = 0.05, seed: int = 1,
) -> list[Finding]:  # fmt: skip
    """Ask whether variance and lag-1 autocorrelation rise before an event.

    Parameters
    ----------
    study
        A study with daily series and event outcomes.
    events
        ``rupture`` (from hostility), ``escalation`` (from attacks, square roots of weekly counts), ``collapse`` (from
        the lowest legitimacy); all that some run had, by default.
    weeks
        Length of the series before an event.
    window
        Rolling window, as a share of it.
    surrogates
        AR(1) series for each run with an event.
    level
        Chance of a false signal, over both indicators together (Bonferroni).
    seed
        Luck of surrogates and of the dates of the runs without event.

    Returns
    -------
    list
        A finding an event; its table has a row an indicator.

    Raises
    ------
    InputError
        When there are no series or no such outcomes.
    """
    if not has_series(study):
        raise InputError(NONE_KEPT)
    width = round(window * weeks)
    if weeks < 12 or not 6 <= width <= weeks - 4:
        raise InputError(f"weeks={weeks} window={window:g}: needs at least 12 weeks, and a window of 6 weeks to four less than all; give weeks=40 window=0.5")
    if surrogates < 50 or not 0.0 < level < 1.0:
        raise InputError(f"surrogates={surrogates} level={level:g}: give at least 50 surrogates and a level between 0 and 1")
    known = [event for event in EVENTS if f"first_{event}" in study.results]
    for event in events or ():
        if event not in known:
            raise InputError(f"events={event}: the runs have no outcome first_{event}; known: {one_of(known or ['none'])}")
    chosen = list(dict.fromkeys(events or [e for e in known if study.ok[f"first_{e}"].notna().any()]))
    if not chosen:
        raise InputError("warning: no run had a rupture, escalation or collapse: there is nothing to be warned of")
    return [_finding(study, event, weeks, width, surrogates, level, seed) for event in chosen]


def segments(study: Study, event: str, weeks: int, seed: int) -> tuple[Segments, Segments, int]:
    """Return the weeks before the event, the weeks of runs without it, and how many events came too early.

    Runs without the event have as their last week one that an event had, drawn at random.
    """
    name, lead = SERIES_OF[event]
    daily = read_daily(study, [name], lowest=("legitimacy",))
    values, first = daily.values[name], study.ok[f"first_{event}"].to_numpy(np.float64)
    unit = daily.replicates if study.plan.seeds == "crn" else np.arange(len(values))
    length = 7 * weeks
    ends = np.where(np.isnan(first), -1, first - lead + 1).astype(np.int64)  # first day that is not looked at
    with_event = np.flatnonzero(ends >= length)
    early = int((~np.isnan(first)).sum()) - len(with_event)
    luck, found, other, kept = generator(seed, f"dates {event}"), list[FloatArray](), list[FloatArray](), list[int]()
    found = [values[run, ends[run] - length : ends[run]] for run in with_event]
    for run in np.flatnonzero(np.isnan(first)) if len(with_event) else ():
        end = int(luck.choice(ends[with_event]))
        if end <= values.shape[1] and not np.isnan(values[run, end - length : end]).any():
            other.append(values[run, end - length : end])
            kept.append(int(run))
    return _weekly(found, unit[with_event], event, weeks), _weekly(other, unit[kept], event, weeks), early


def _weekly(series: Sequence[FloatArray], unit: IntArray, event: str, weeks: int) -> Segments:
    """Return weeks of daily series: means, of attacks the square roots of sums (steady variance for Poisson counts)."""
    if not series:
        return Segments(np.empty((0, weeks)), np.empty(0, np.int64))
    days = np.stack(series).reshape(len(series), weeks, 7)
    table = 2.0 * np.sqrt(days.sum(axis=2) + 0.375) if event == "escalation" else days.mean(axis=2)
    whole = ~np.isnan(table).any(axis=1)
    return Segments(table[whole], unit[whole])


def _finding(study: Study, event: str, weeks: int, width: int, count: int, level: float, seed: int) -> Finding:
    before, without, early = segments(study, event, weeks, seed)
    title = f"Early warning of {'an' if event[0] in 'aeiou' else 'a'} {event}"
    notes: list[str] = []
    if early:
        notes.append(f"{early} runs had it too early for {weeks} weeks of series before it, and are left out")
    if min(before.units, without.units) < LEAST:
        what = "replicates" if study.plan.seeds == "crn" else "runs"
        says = f"Not enough to tell: {before.units} {what} with and {without.units} without {event} have {weeks} weeks of series; {LEAST} of each are needed."
        notes.append("more replicates, longer runs or fewer weeks would do; runs of a replicate share their luck and count once")
        rows: list[tuple[object, ...]] = [(name, len(before.weeks), len(without.weeks), before.units, without.units, *(math.nan,) * 7, _FEW) for name in INDICATORS]
        return Finding(f"warning_{event}", title, says, _table(rows), tuple(notes))
    taus = (rises(before.weeks, width), rises(without.weeks, width))
    p = _against_surrogates(before, taus[0], width, count, seed)
    rows = [_row(k, before, without, taus, p, level) for k in range(len(INDICATORS))]
    table = _table(rows)
    if study.plan.seeds == "crn":
        notes.append(f"runs of a replicate share their luck: intervals and tests count replicates ({before.units} with, {without.units} without), not runs")
    notes.append("runs with and without the event may also differ in factors; and a model's noise can bring an event about without any slowing down: then nothing rises")

    def draw() -> Figure:
        return _draw(study, event, before, without, taus, table, weeks, width, level)

    return Finding(f"warning_{event}", title, _says(event, table, level), table, tuple(notes), draw)


def _table(rows: Sequence[tuple[object, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["indicator", "runs_with", "runs_without", "units_with", "units_without", "tau_with", "tau_without",
                                       "auc", "low", "high", "share_beyond_surrogates", "p_surrogates", "verdict"])  # fmt: skip


def _against_surrogates(before: Segments, taus: FloatArray, width: int, count: int, seed: int) -> FloatArray:
    """Return the share of each run's surrogates that rise at least as much, (runs, 2); ties count half."""
    luck = generator(seed, "surrogates")
    p = np.empty_like(taus)
    for run, series in enumerate(before.weeks):
        null = rises(surrogates(series, count, luck), width)
        p[run] = ((null > taus[run]).sum(axis=0) + 0.5 * (null == taus[run]).sum(axis=0) + 0.5) / (count + 1.0)
    return p


def _row(k: int, before: Segments, without: Segments, taus: tuple[FloatArray, FloatArray], p: FloatArray, level: float) -> tuple[object, ...]:
    """Return an indicator's row: area under the ROC curve against runs without the event, and the test of surrogates.

    A signal needs both, each at half the level (two indicators): an area whose interval lies above one half, and a
    mean rank among surrogates above one half (t test over units).
    """
    area = auc(taus[0][:, k], taus[1][:, k])
    low, high = auc_interval(area, before.units, without.units, 1.0 - level / 2.0)
    ranks = np.array([(1.0 - p[before.unit == u, k]).mean() for u in np.unique(before.unit)])
    beyond = float(ttest_1samp(ranks, 0.5, alternative="greater").pvalue) if float(np.ptp(ranks)) > 0.0 else 1.0
    verdict = _NO
    if beyond <= level / 2.0:
        verdict = _SIGNAL if low > 0.5 else _CHANCE
    return (INDICATORS[k], len(before.weeks), len(without.weeks), before.units, without.units, float(taus[0][:, k].mean()),
            float(taus[1][:, k].mean()), area, low, high, float((p[:, k] <= level).mean()), beyond, verdict)  # fmt: skip


def _says(event: str, table: pd.DataFrame, level: float) -> str:
    parts = [
        f"{row['indicator']}: AUC {row['auc']:.2f} ({row['low']:.2f} to {row['high']:.2f}), beyond the surrogates in {100 * row['share_beyond_surrogates']:.0f} % of runs "
        f"({100 * level:g} % by chance)" for _, row in table.iterrows()
    ]  # fmt: skip
    found = list(table.loc[table["verdict"] == _SIGNAL, "indicator"])
    if found:
        head = f"Before {event}, {' and '.join(found)} {'rises' if len(found) == 1 else 'rise'} more than in runs without it and more than in surrogates."
    elif (table["verdict"] == _CHANCE).any():
        head = f"Before {event} there is a rise beyond surrogates, but runs without it are not told apart with any certainty: not shown to be of use as a warning."
    else:
        head = f"No early warning of {event} beyond chance."
    return f"{head} {'; '.join(parts)}."


def _draw(study: Study, event: str, before: Segments, without: Segments, taus: tuple[FloatArray, FloatArray], table: pd.DataFrame, weeks: int, width: int, level: float) -> Figure:
    """Draw both indicators over the weeks before the event, with and without it, and the ROC curves of their rise."""
    name, lead = SERIES_OF[event]
    figure = style.new_figure(
        f"Early warning of {'an' if event[0] in 'aeiou' else 'a'} {event}, from {name}",
        f"Left: indicators in rolling windows of {width} weeks (line: median run; band: 50 % of runs), until {lead} days before the event. Right: ROC curve of their rise",
        study.caption(len(before.weeks) + len(without.weeks), f"{100 * (1 - level / 2):g} % interval of the AUC (Newcombe), trend taken out by a Gaussian kernel"),
    )
    both = [rolling(detrended(one.weeks), width) for one in (before, without)]
    x = np.arange(width - weeks, 1)
    for k, indicator in enumerate(INDICATORS):
        axes = figure.add_axes((0.075, 0.535 - 0.425 * k, 0.47, 0.30))
        style.plain(axes, indicator.capitalize() + (" of residuals" if k == 0 else " at lag 1"))
        for values, runs, colour, label in ((both[0][k], before, style.VERMILLION, f"before {event}"), (both[1][k], without, style.BLUE, f"without {event}")):
            low, middle, high = np.quantile(values, [0.25, 0.5, 0.75], axis=0)
            axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
            axes.plot(x, middle, color=colour, linewidth=1.8, linestyle="-" if runs is before else "--", label=f"{label} (n = {len(runs.weeks)})")
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        if k == 0:
            style.key(axes)
        else:
            axes.set_xlabel(f"weeks before the last one (which ends {lead} days before the event)", size=style.TEXT, color=style.INK)
    axes = figure.add_axes((0.655, 0.16, 0.31, 0.62))
    style.plain(axes, "Told apart by the rise (Kendall's tau)")
    axes.plot([0, 1], [0, 1], color=style.FAINT, linewidth=1.0)
    for k, row in table.iterrows():
        false, true = roc(taus[0][:, int(k)], taus[1][:, int(k)])
        axes.plot(false, true, color=(style.PURPLE, style.GREEN)[int(k)], linestyle=("-", "--")[int(k)], linewidth=1.9,
                  label=f"{row['indicator']}: AUC {row['auc']:.2f} ({row['low']:.2f} to {row['high']:.2f})")  # fmt: skip
    axes.legend(loc="lower right", frameon=True, framealpha=0.9, edgecolor="none", fontsize=style.SMALL, labelcolor=style.INK)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("false alarms: share of runs without the event", size=style.TEXT, color=style.INK)
    axes.set_ylabel("hits: share of runs with it", size=style.TEXT, color=style.INK)
    return figure
