"""People away from home by status and country, and who passes the border where."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from experiments.figures import style
from experiments.figures.run import FloatArray, Run
from sim.displacement.conflict import Conflict

#: Status (from the middle of the stack up), its words and its colour; citizens at home are left out.
STATUSES: tuple[tuple[str, str, str], ...] = (
    ("registered", "registered refugees", style.BLUE),
    ("documented", "with papers", style.SKY),
    ("undocumented", "undocumented", style.ORANGE),
    ("returnee", "returned, not yet settled", style.GREEN),
    ("idp", "displaced in their own country", style.PURPLE),
)
_CROSSINGS = 5  # named in the legend, the rest together


def draw_people(run: Run) -> Figure:
    """Draw a panel of stacked statuses for each of the countries with most people, and the border's flows."""
    title, subtitle = ("people away from home, and the border they cross", "people through the border (right)")
    if run.conflict is not None:
        booked = "borders crossed, and " if run.has("region", "region", "departures") else ""
        title, subtitle = ("people away from home, and where they stay", f"{booked}camps, stops and roads (right)")
    figure = style.new_figure(
        f"{run.stamp.title}: {title}",
        f"People by legal status in the country where they are (left); {subtitle}",
        run.stamp.footer(),
    )
    countries = _by_country(run)
    shown = sorted(countries, key=lambda name: -max(values.max() for values in countries[name].values()))[: 3 if run.conflict is None else 4]
    left, width, top, bottom = 0.065, 0.42, 0.845, 0.045
    step = (top - bottom) / max(len(shown), 1)
    used: list[str] = []
    for row, country in enumerate(shown):
        axes = figure.add_axes((left, top - (row + 1) * step + 0.045, width, step - 0.085))
        style.plain(axes, f"In {run.show(country)}", "people")
        layers = [
            (label, countries[country][status], colour)
            for status, label, colour in STATUSES
            if status in countries[country] and countries[country][status].max() > 0
        ]
        style.stack(axes, run.dates, layers)
        used += [label for label, _, _ in layers]
        style.counts(axes, ticks=4)
        style.date_axis(axes, run.dates)
        axes.yaxis.set_label_coords(-0.085, 0.5)
    if not shown:
        style.empty(figure.add_axes((left, bottom, width, top - bottom)), "No people away from home in this run")
    _legend(figure, used, left)
    half = (top - bottom) / 2
    right = 0.56
    upper, lower = (right, bottom + half + 0.045, 0.42, half - 0.125), (right, bottom + 0.045, 0.42, half - 0.125)
    if run.conflict is None:
        _crossings(run, figure.add_axes(upper))
        _both_ways(run, figure.add_axes(lower))
    elif run.has("region", "region", "departures"):
        _crossings(run, figure.add_axes(upper))
        _whereabouts(run, run.conflict, figure.add_axes(lower))
    else:  # this rule books no trips
        _whereabouts(run, run.conflict, figure.add_axes((right, lower[1], 0.42, 2 * half - 0.125)))
    return figure


def _by_country(run: Run) -> dict[str, dict[str, FloatArray]]:
    """Return people by country and status, summed over nationalities."""
    found: dict[str, dict[str, FloatArray]] = {}
    known = {status for status, _, _ in STATUSES}
    for population in run.actors("population"):
        status = population.rpartition(" ")[2]
        for variable in run.variables("population", population):
            _, slash, country = variable.partition("/")
            if not slash or status not in known:
                continue
            values = np.nan_to_num(run.get("population", population, variable))
            if values.max(initial=0.0) > 0:
                statuses = found.setdefault(country, {})
                statuses[status] = statuses.get(status, np.zeros(len(run.dates))) + values
    return found


def _legend(figure: Figure, used: list[str], left: float) -> None:
    """Write one legend for all panels of the left column, above them."""
    patches = [Patch(color=colour, alpha=0.85, label=label) for _, label, colour in STATUSES if label in used]
    if patches:
        figure.legend(
            handles=patches, loc="center left", bbox_to_anchor=(left, 0.88), ncols=len(patches), frameon=False,
            fontsize=style.TEXT, labelcolor=style.INK, handlelength=1.0, handleheight=1.0, handletextpad=0.6,
            columnspacing=2.2, borderpad=0.0, borderaxespad=0.0,
        )  # fmt: skip


def _crossings(run: Run, axes: Axes) -> None:
    style.plain(axes, "People through each crossing" if run.conflict is None else "People across each border", f"people {run.per}")
    flows = {name: run.binned(run.get("crossing", name, "passed"))[1] for name in run.actors("crossing")}
    names = sorted((name for name in flows if flows[name].sum() > 0), key=lambda name: -float(flows[name].sum()))
    dates = run.binned(np.zeros(len(run.dates)))[0]
    if not names:
        style.empty(axes, "Nobody crossed a border in this run")
        return
    layers = [(run.show(name), flows[name], style.CYCLE[at]) for at, name in enumerate(names[:_CROSSINGS])]
    if len(names) > _CROSSINGS:
        rest = np.sum([flows[name] for name in names[_CROSSINGS:]], axis=0)
        layers.append((f"{len(names) - _CROSSINGS} others", rest, "#9AA3AB"))
    style.stack(axes, dates, layers, step=True)
    style.wide_key(axes, columns=3, rows=1 if len(layers) <= 3 else 2)
    style.counts(axes, ticks=4)
    style.date_axis(axes, run.dates)


def _whereabouts(run: Run, conflict: Conflict, axes: Axes) -> None:
    """Stack displaced people by where they are in a conflict: camps, other places, the road."""
    style.plain(axes, "Where displaced people are", "people")
    days = np.clip(run.day_in_folder + 1 - len(run.dates) + np.arange(len(run.dates)), 0, conflict.days - 1)
    parts = {key: np.zeros(len(run.dates)) for key in ("camps", "stops", "fighting")}
    for at, place in enumerate(conflict.places):
        people = run.place_series.get(place.name, {}).get("displaced", np.zeros(len(run.dates)))
        fighting = conflict.intensity[days, at] > 0.0
        if place.is_camp:
            parts["camps"] += people
        else:
            parts["fighting"] += np.where(fighting, people, 0.0)
            parts["stops"] += np.where(fighting, 0.0, people)
    waiting = run.get("region", "region", "queued")
    layers = [
        ("in camps", parts["camps"], style.BLUE),
        ("at stops outside camps", parts["stops"], style.ORANGE),
        ("where there is fighting", parts["fighting"], style.VERMILLION),
        ("on the way", run.get("region", "region", "travelling") - waiting, style.GREEN),
        ("waiting at camp gates", waiting, style.PURPLE),
    ]
    layers = [layer for layer in layers if layer[1].max(initial=0.0) > 0.0]
    style.stack(axes, run.dates, layers)
    style.wide_key(axes, columns=3, rows=1 if len(layers) <= 3 else 2)
    style.counts(axes, ticks=4)
    style.date_axis(axes, run.dates)


def _both_ways(run: Run, axes: Axes) -> None:
    style.plain(axes, "Out and back", f"people {run.per}")
    for name, label, colour in (
        ("returns", "returns home", style.GREEN),
        ("departures", "departures across a border", style.VERMILLION),
        ("reentries", "re-entries after a return", style.PURPLE),
        ("flights", "fled from violence", style.BLUE),
    ):
        if run.has("region", "region", name):
            dates, values = run.binned(run.get("region", "region", name))
            style.line(axes, dates, values, label, colour)
    style.wide_key(axes, columns=2, rows=2)
    style.counts(axes, ticks=4)
    style.date_axis(axes, run.dates)
