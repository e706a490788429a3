"""Outcomes over time in panels that share the dates, with the dated events numbered and listed."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures import dated, style
from experiments.figures.run import FloatArray, Run

_HEIGHT = 7.4  # inches: six panels need a little more than the other figures
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.062, 0.705, 0.853, 0.062
_APART = 0.0195  # least distance of two badges in a lane, as a share of the axis
_ABROAD = ("registered", "documented", "undocumented")


def draw_timeline(run: Run) -> Figure:
    """Draw six panels: violence, returns, people away from home, hostility, trade and stability."""
    years = list(dict.fromkeys((run.stamp.start[:4], run.stamp.end[:4])))
    when = f", {' to '.join(years)}" if not run.stamp.title.endswith(years[-1]) else ""
    figure = style.new_figure(
        f"{run.stamp.title}: what happened{when}",
        "Outcomes of one simulated run; numbers mark the dated events listed at the right; green spans are truces",
        run.stamp.footer(),
        _HEIGHT,
    )
    panels: tuple[Callable[[Run, Axes], None], ...] = (_violence, _returns, _people, _hostility, _trade, _stability)
    if run.conflict is not None and not run.actors("group"):  # fighting is given there, attacks are not simulated
        panels = panels[1:]
    if len(run.actors("government")) < 2:  # nobody to quarrel or to trade with
        panels = tuple(panel for panel in panels if panel not in (_hostility, _trade))
    step = (_TOP - _BOTTOM) / len(panels)
    all_axes = []
    for row, draw in enumerate(panels):
        axes = figure.add_axes((_LEFT, _TOP - (row + 1) * step + 0.012, _RIGHT - _LEFT, step * 0.70))
        draw(run, axes)
        style.key(axes)
        style.date_axis(axes, run.dates, labels=row == len(panels) - 1)
        axes.yaxis.set_label_coords(-0.062, 0.5)
        all_axes.append(axes)
    for event, end in dated.spans(run, "truce"):
        for axes in all_axes[:1]:
            stop = run.dates[0] + np.timedelta64(end, "D")
            axes.axvspan(
                style.number(event.date), style.number(stop), color=style.GREEN, alpha=0.13, linewidth=0, zorder=0
            )
    _mark(run, figure, all_axes)
    return figure


def _violence(run: Run, axes: Axes) -> None:
    style.plain(axes, "Attacks by group, and deaths", run.per)
    layers = []
    for at, group in enumerate(run.actors("group")):
        dates, attacks = run.binned(run.get("group", group, "attacks"))
        layers.append((f"{run.name(group)} attacks", attacks, style.CYCLE[at % len(style.CYCLE)]))
    dates, deaths = run.binned(run.get("region", "region", "deaths"))
    if not layers:
        layers = [("attacks", run.binned(run.get("region", "region", "attacks"))[1], style.BLUE)]
    style.stack(axes, dates, layers[:6], step=True)
    style.line(axes, dates, deaths, "deaths (all)", style.BLACK, linewidth=0.8, step=True)
    style.counts(axes)


def _returns(run: Run, axes: Axes) -> None:
    style.plain(axes, "Returns to the home country, by kind", f"people {run.per}")
    layers = []
    for name, label, colour in (
        ("returns_voluntary", "voluntary", style.GREEN),
        ("returns_fear", "for fear of deportation", style.ORANGE),
        ("returns_deportation", "formally deported", style.VERMILLION),
    ):
        dates, values = run.binned(run.get("region", "region", name))
        layers.append((label, values, colour))
    style.stack(axes, dates, layers, step=True)
    style.counts(axes)


def _people(run: Run, axes: Axes) -> None:
    style.plain(axes, "People away from home", "people")
    abroad: dict[str, FloatArray] = {}
    displaced = np.zeros(len(run.dates))
    for population in run.actors("population"):
        nationality, _, status = population.rpartition(" ")
        values = np.nan_to_num(run.get("population", population, "people"))
        if status in _ABROAD:
            abroad[nationality] = abroad.get(nationality, np.zeros(len(run.dates))) + values
        elif status == "idp":
            displaced = displaced + values
    lines = [(f"abroad, from {name}", values) for name, values in abroad.items() if values.max() > 0]
    lines.append(("displaced inside their country", displaced))
    for at, ((label, values), colour) in enumerate(zip(lines, style.CYCLE, strict=False)):
        style.line(axes, run.dates, values, label, colour, linewidth=2.1 if at == 0 else 1.2)
    style.counts(axes)


def _hostility(run: Run, axes: Axes) -> None:
    style.plain(axes, "Hostility between governments", "index")
    at = 0
    for government in run.actors("government"):
        for variable in run.variables("government", government):
            if variable.startswith("hostility/"):
                label = f"{run.name(government)} towards {run.name(variable.split('/', 1)[1])}"
                colour = style.CYCLE[at % len(style.CYCLE)]
                style.line(axes, run.dates, run.get("government", government, variable), label, colour)
                at += 1
    style.levels(axes)


def _trade(run: Run, axes: Axes) -> None:
    """Draw the two channels; both sides record a direct flow, so one line a pair is drawn."""
    style.plain(axes, "Trade", "1 = usual")
    at, seen = 0, set()
    for government in run.actors("government"):
        for variable in run.variables("government", government):
            channel, _, rival = variable.partition("/")
            if channel not in ("direct_trade", "transit_trade"):
                continue
            values = run.get("government", government, variable)
            pair = (channel, *sorted((government, rival)))
            reverse = run.get("government", rival, f"{channel}/{government}")
            if pair in seen or (np.allclose(values, 0.0, equal_nan=True) and np.any(reverse)):
                continue
            if np.allclose(values, reverse, equal_nan=True):
                seen.add(pair)
            few = len(run.actors("government")) <= 2
            if channel == "transit_trade":
                label = f"transit of {run.name(rival)}" + ("" if few else f" through {run.name(government)}")
            else:
                label = "direct" if few and pair in seen else f"direct, {run.name(government)}-{run.name(rival)}"
            width = max(2.2 - 0.5 * at, 0.9)  # lines that coincide are all seen
            style.line(axes, run.dates, values, label, style.CYCLE[at % len(style.CYCLE)], linewidth=width)
            at += 1
    style.counts(axes)
    axes.set_ylim(0.0, 1.12 * axes.get_ylim()[1])


def _stability(run: Run, axes: Axes) -> None:
    style.plain(axes, "Stability index (0 to 1) and its components", "index")
    names = ("violence", "movement", "relations", "legitimacy", "trade")
    for name, colour in zip(names, (style.VERMILLION, style.ORANGE, style.PURPLE, style.SKY, style.GREEN), strict=True):
        if run.has("region", "region", f"stability_{name}"):
            values = run.get("region", "region", f"stability_{name}")
            style.line(axes, run.dates, values, name, colour, linewidth=0.8)
    style.line(axes, run.dates, run.get("region", "region", "stability"), "index", style.BLACK, linewidth=2.0)
    axes.set_ylim(0.0, 1.02)
    axes.set_yticks([0.0, 0.5, 1.0])


def _mark(run: Run, figure: Figure, panels: list[Axes]) -> None:
    """Put a number at the date of each chosen event, above the panels, and list the events at the right."""
    notes = dated.chosen(run)
    strip = figure.add_axes((_LEFT, _TOP + 0.006, _RIGHT - _LEFT, 0.057))
    style.date_axis(strip, run.dates, labels=False)
    strip.set_ylim(0.0, 3.0)
    strip.axis("off")
    days = max(len(run.dates) - 1, 1)
    ends = [-1.0, -1.0, -1.0]
    y = 0.893
    listing = figure.add_axes((0.7215, 0.0, 0.014, 1.0))
    listing.set_xlim(-1.0, 1.0)
    listing.set_ylim(0.0, 1.0)
    listing.axis("off")
    figure.text(0.722, y, "Dated events", size=style.PANEL, weight="bold", color=style.INK)
    if not notes:
        figure.text(0.722, y - 0.03, "None in this run", size=style.SMALL, color=style.MUTED)
    lines = [textwrap.wrap(note.text, 49, max_lines=2, placeholder=" …") for note in notes]
    row = min(0.0195, (y - _BOTTOM) / max(sum(len(part) + 1.45 for part in lines), 1.0))
    y -= 0.026
    for number, (note, part) in enumerate(zip(notes, lines, strict=True), start=1):
        # The lowest lane with room at the date; where three are not enough, the badge moves to the right.
        share = note.event.day / days
        free = [lane for lane, end in enumerate(ends) if share >= end + _APART]
        lane = free[0] if free else int(np.argmin(ends))
        ends[lane] = share if free else ends[lane] + _APART
        _badge(strip, style.number(run.dates[0]) + ends[lane] * days, 0.45 + lane, number, note.colour)
        for axes in panels:
            axes.axvline(style.number(note.event.date), color=note.colour, linewidth=0.7, alpha=0.45, zorder=0.9)
        _badge(listing, 0.0, y, number, note.colour)
        head = str(note.event.date)
        if note.end >= 0:
            head += f" to {run.dates[0] + np.timedelta64(note.end, 'D')}"
        figure.text(0.741, y, head, size=6.6, color=style.MUTED, va="center")
        for at, text in enumerate(part, start=1):
            figure.text(0.741, y - at * row, text, size=style.SMALL, color=style.INK, va="center")
        y -= row * (len(part) + 1.45)


def _badge(axes: Axes, x: float, y: float, number: int, colour: str) -> None:
    """Draw a number on a disc, the same size for one digit and for two."""
    axes.plot([x], [y], marker="o", markersize=9.5, color=colour, markeredgewidth=0, clip_on=False)
    axes.text(x, y, str(number), size=6.0, weight="bold", ha="center", va="center_baseline", color=_ink(colour))


def _ink(colour: str) -> str:
    """Return the colour of a number that can be read on ``colour``."""
    return style.INK if colour in (style.ORANGE, style.SKY, style.YELLOW, style.PURPLE) else "white"
