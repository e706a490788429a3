"""Simulated against observed: the months and the years that the scenario has observations of."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures import style
from experiments.figures.run import DateArray, FloatArray, Frame, Run
from experiments.observations import MONTH, OUTCOMES, YEAR, is_rough, of_length, scale_of

_LOG = 12.0  # ratio of the largest to the smallest observed month from which the scale is logarithmic
_DAY = np.timedelta64(1, "D")


def draw_observed(run: Run) -> Figure | None:
    """Draw monthly and yearly comparisons, or None when the scenario has no usable observations."""
    if run.observed is None:
        return None
    observed = run.observed[run.observed["outcome"].isin(list(OUTCOMES))]
    observed = observed[(observed["start"].to_numpy() <= run.dates[-1]) & (observed["end"].to_numpy() >= run.dates[0])]
    months = [name for name in OUTCOMES if len(of_length(observed, name, MONTH))][:3]
    years = [name for name in OUTCOMES if len(_whole(run, of_length(observed, name, YEAR)))][:3]
    if not months and not years:
        return None
    seeds = 1 if run.ensemble is None else int(run.ensemble["n"].max())
    figure = style.new_figure(
        f"{run.stamp.title}: simulated against observed",
        "Dots: observed, with the range of the sources; blue: simulated. "
        "Observations are compared, never replayed (base rates were fitted).",
        run.stamp.footer(seeds, _interval(run)),
    )
    right = bool(years)
    top, bottom = 0.895, 0.045
    for names, span, left, width in ((months, MONTH, 0.065, 0.585 if right else 0.91), (years, YEAR, 0.735, 0.25)):
        step = (top - bottom) / max(len(names), 1)
        for row, name in enumerate(names):
            axes = figure.add_axes((left, top - (row + 1) * step + 0.045, width, step - 0.088))
            rows = of_length(observed, name, span)
            if span is MONTH:
                _monthly(run, axes, name, rows)
                style.key(axes, columns=5)
            else:
                _yearly(run, axes, name, _whole(run, rows))
                style.key(axes, columns=2)
    return figure


def _interval(run: Run) -> str:
    if run.ensemble is None:
        return "no interval (a single run)"
    if "interval" in run.ensemble.columns:
        return f"bands: {run.ensemble['interval'].iloc[0]} of seeds"
    return "bands: low to high over seeds"


def _whole(run: Run, rows: Frame) -> Frame:
    """Return the rows whose whole period lies in the run."""
    return rows[(rows["start"].to_numpy() >= run.dates[0]) & (rows["end"].to_numpy() <= run.dates[-1])]


def _days(frame: Frame, column: str) -> DateArray:
    return np.asarray(frame[column].to_numpy(), dtype="datetime64[D]")


def _sums(run: Run, outcome: str, starts: DateArray, ends: DateArray) -> FloatArray:
    """Return the run's totals over periods (both ends included)."""
    total = np.concatenate([[0.0], np.cumsum(np.nan_to_num(run.get("region", "region", OUTCOMES[outcome][0])))])
    low = np.clip((starts - run.dates[0]) / _DAY, 0, len(run.dates)).astype(int)
    high = np.clip((ends - run.dates[0]) / _DAY + 1, 0, len(run.dates)).astype(int)
    return np.asarray(total[high] - total[low], dtype=float)


def _months(run: Run) -> tuple[DateArray, DateArray]:
    """Return first and last days of the whole months of the run."""
    month = np.timedelta64(1, "M")
    first = np.arange(run.dates[0].astype("datetime64[M]"), run.dates[-1].astype("datetime64[M]") + month)
    starts, ends = first.astype("datetime64[D]"), (first + month).astype("datetime64[D]") - _DAY
    whole = (starts >= run.dates[0]) & (ends <= run.dates[-1])
    return starts[whole], ends[whole]


def _monthly(run: Run, axes: Axes, outcome: str, rows: Frame) -> None:
    _, title, unit = OUTCOMES[outcome]
    scale = scale_of(outcome, run.stamp.people_scale)
    value = rows["value"].to_numpy(dtype=float) * scale
    logarithmic = value.min() > 0 and value.max() / value.min() > _LOG
    style.plain(axes, f"{title}, by month", f"{unit} a month" + (" (log scale)" if logarithmic else ""))
    starts, ends = _months(run)
    middle = starts + (ends - starts) // 2
    simulated = _sums(run, outcome, starts, ends)
    floor = max(value.min() / 20, 1e-9) if logarithmic else 0.0
    band = None if run.ensemble is None else of_length(run.ensemble.assign(value=run.ensemble["mean"]), outcome, MONTH)
    if band is not None and len(band):
        at, (low, mean, high) = _unbridged(band, floor)
        axes.fill_between(
            at, low, high, color=style.SKY, alpha=0.35, linewidth=0, label=f"range of {int(band['n'].max())} seeds"
        )
        style.line(axes, at, mean, "simulated, mean", style.BLUE)
        style.line(axes, middle, np.maximum(simulated, floor), "this run", style.BLUE, linewidth=0.8, linestyle=":")
    else:
        style.line(axes, middle, np.maximum(simulated, floor), "simulated (this run)", style.BLUE, linewidth=1.8)
    _dots(axes, rows, value, scale)
    if logarithmic:
        axes.set_yscale("log")
        ceiling = max(value.max(), simulated.max(initial=0.0)) * 2
        axes.set_ylim(max(floor, min(value.min(), max(simulated.min(initial=value.min()), floor)) / 2), ceiling)
        axes.yaxis.set_major_formatter(lambda number, _: style.short(number))
        axes.minorticks_off()
    else:
        style.counts(axes, ticks=5)
    style.date_axis(axes, run.dates, labels=True)


def _unbridged(band: Frame, floor: float) -> tuple[DateArray, list[FloatArray]]:
    """Return middles, lows, means and highs, with a gap (NaN) where months are missing in between."""
    starts, ends = _days(band, "start"), _days(band, "end")
    at = starts + (ends - starts) // 2
    breaks = np.flatnonzero(np.diff(at) > 45 * _DAY) + 1
    columns = [np.maximum(band[name].to_numpy(dtype=float), floor) for name in ("low", "mean", "high")]
    return np.insert(at, breaks, at[breaks] - 20 * _DAY), [np.insert(one, breaks, np.nan) for one in columns]


def _dots(axes: Axes, rows: Frame, value: FloatArray, scale: float) -> None:
    """Draw observed months as dots with their range; months that are only a residual as a band."""
    starts, ends = _days(rows, "start"), _days(rows, "end")
    middle = starts + (ends - starts) // 2
    low = np.where(rows["low"].isna(), value, rows["low"].to_numpy(dtype=float) * scale)
    high = np.where(rows["high"].isna(), value, rows["high"].to_numpy(dtype=float) * scale)
    basis = rows["basis"].fillna("").astype(str) if "basis" in rows else rows["outcome"].map(lambda _: "")
    vague = basis.map(is_rough).to_numpy(dtype=bool)
    first = True
    for start, end, bottom, top in zip(starts[vague], ends[vague], low[vague], high[vague], strict=True):
        label = "observed, rough" if first else None
        axes.fill_between(
            [start, end + _DAY], [bottom] * 2, [top] * 2, color="#9AA3AB", alpha=0.30, linewidth=0, label=label
        )
        first = False
    sure = ~vague
    axes.errorbar(
        middle[sure], value[sure], yerr=_range((value - low)[sure], (high - value)[sure]), fmt="o",
        color=style.BLACK, markersize=3.4, elinewidth=1.0, capsize=2.0, label="observed", zorder=5,
    )  # fmt: skip


def _range(below: FloatArray, above: FloatArray) -> FloatArray:
    """Return error bars without the bars of length zero, which would only draw caps."""
    bars = np.array([below, above]).clip(0.0)
    bars[:, bars.sum(axis=0) == 0.0] = np.nan
    return bars


def _yearly(run: Run, axes: Axes, outcome: str, rows: Frame) -> None:
    _, title, unit = OUTCOMES[outcome]
    style.plain(axes, f"{title}, by year", f"{unit} a year")
    scale = scale_of(outcome, run.stamp.people_scale)
    starts, ends = _days(rows, "start"), _days(rows, "end")
    seen = rows["value"].to_numpy(dtype=float) * scale
    low = np.where(rows["low"].isna(), seen, rows["low"].to_numpy(dtype=float) * scale)
    high = np.where(rows["high"].isna(), seen, rows["high"].to_numpy(dtype=float) * scale)
    made, error = _sums(run, outcome, starts, ends), None
    band = None if run.ensemble is None else of_length(run.ensemble.assign(value=run.ensemble["mean"]), outcome, YEAR)
    if band is not None and set(_days(band, "start")) >= set(starts):
        band = band.drop_duplicates("start").set_index(_days(band.drop_duplicates("start"), "start")).loc[list(starts)]
        made = band["mean"].to_numpy(dtype=float)
        error = [made - band["low"].to_numpy(dtype=float), band["high"].to_numpy(dtype=float) - made]
    at = np.arange(len(rows))
    bar = {"ecolor": style.BLACK, "elinewidth": 0.9}
    axes.bar(
        at - 0.2,
        seen,
        0.38,
        color="#9AA3AB",
        label="observed",
        yerr=_range(seen - low, high - seen),
        capsize=2,
        error_kw=bar,
    )
    axes.bar(at + 0.2, made, 0.38, color=style.BLUE, label="simulated", yerr=error, capsize=2, error_kw=bar)
    edge = max(float(seen.max()), float(high.max()), float(made.max()), 1.0)
    tops = made if error is None else made + error[1]
    for x, number, top in (*zip(at - 0.25, seen, high, strict=True), *zip(at + 0.25, made, tops, strict=True)):
        axes.text(
            x, top + 0.015 * edge, style.short(round(number)), ha="center", va="bottom", size=6.4, color=style.INK
        )
    axes.set_xticks(at, [str(start)[:4] for start in starts])
    style.counts(axes, ticks=4)
    axes.set_ylim(0.0, max(edge, float(tops.max())) * 1.14)
