"""The region as a map: where the violence was, where displaced people are, which crossings were shut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from experiments.figures import labels, style
from experiments.figures.basemap import NOTE, Basemap, draw_basemap, label_spot, load_basemap
from experiments.figures.run import FloatArray, Run
from experiments.geography import short_place

_LARGEST = 620.0  # area of the largest circle, square points
_FRONT = 25  # places from which on a close-up of the densest part is drawn
_ROAD = "#B9BEC4"


@dataclass(frozen=True)
class Sites:
    """The scenario's places with what is drawn for each."""

    names: list[str]
    lon: FloatArray
    lat: FloatArray
    crossing: np.ndarray[tuple[int], np.dtype[np.bool_]]
    displaced: FloatArray  #: people on the last day
    attacks: FloatArray  #: in the window
    shut: FloatArray  #: share of days closed, crossings only
    roads: FloatArray  #: shape (roads, 2, 2)
    countries: set[str]
    window: int  #: days over which attacks are counted


def draw_map(run: Run) -> Figure | None:
    """Draw the map, or None when the run folder has no copy of the scenario's places."""
    sites = _sites(run)
    if sites is None:
        return None
    months = "in the last 12 months" if sites.window < len(run.dates) else "in the whole run"
    figure = style.new_figure(
        f"{run.stamp.title}: where the violence and the displaced people are",
        f"Displaced people and foreigners at each place on {run.stamp.end}; attacks {months}; "
        "crossings by share of days closed",
        run.stamp.footer(),
    )
    basemap = load_basemap()
    known = basemap.covers(sites.lon, sites.lat, sites.countries)
    close = _densest(sites) if len(sites.names) >= _FRONT else None
    bottom, top = 0.055, 0.885
    main = figure.add_axes((0.018, bottom, 0.652, top - bottom))
    _scene(main, sites, basemap if known else None, _view(sites, main), 1.0)
    hidden = np.zeros(len(sites.names), dtype=bool)
    if close is not None:
        side = figure.add_axes((0.682, 0.37, 0.302, top - 0.37))
        view = _fit(close, side)
        _scene(side, sites, basemap if known else None, view, 1.5)
        hidden = _inside(sites, view)
        _label(side, sites, hidden, 1.5, 26)
        main.add_patch(
            Rectangle(
                (view[0], view[2]), view[1] - view[0], view[3] - view[2], fill=False, ec=style.INK, lw=1.1, zorder=6
            )
        )
        side.text(
            0.0, 1.008, "Close-up of the box", transform=side.transAxes, size=style.TEXT, weight="bold", color=style.INK
        )
    _label(main, sites, ~hidden, 1.0, 30)
    _legend(figure, sites, months, 0.055, 0.335 if close is not None else 0.885, known)
    return figure


def _sites(run: Run) -> Sites | None:
    if run.places is None:
        return None
    table = run.places.dropna(subset=["lat", "lon"]).reset_index(drop=True)
    if table.empty:
        return None
    names = [str(name) for name in table["name"]]
    window = min(365, len(run.dates))
    index = {name: row for row, name in enumerate(names)}
    lon, lat = table["lon"].to_numpy(dtype=float), table["lat"].to_numpy(dtype=float)
    kinds = table["kind"].astype(str) if "kind" in table else table["name"].map(lambda _: "")
    crossing = np.asarray(kinds == "crossing") | np.array([run.has("crossing", name, "open") for name in names])
    nothing = np.zeros(len(run.dates))
    series = [run.place_series.get(name, {}) for name in names]
    open_ = [run.series.get(("crossing", name, "open")) for name in names]
    roads: list[list[tuple[float, float]]] = []
    if run.routes is not None:
        for a, b in zip(run.routes["a"].astype(str), run.routes["b"].astype(str), strict=True):
            if a in index and b in index:
                roads.append([(lon[index[a]], lat[index[a]]), (lon[index[b]], lat[index[b]])])
    countries = {str(name) for name in table["country"].dropna()} if "country" in table else set()
    return Sites(
        names=names,
        lon=lon,
        lat=lat,
        crossing=crossing,
        displaced=np.array([one.get("displaced", nothing)[-1] for one in series]),
        attacks=np.array([one.get("attacks", nothing)[-window:].sum() for one in series]),
        shut=np.array([0.0 if one is None else float(1.0 - np.nanmean(one)) for one in open_]),
        roads=np.array(roads, dtype=float).reshape(-1, 2, 2),
        countries=countries,
        window=window,
    )


def _scene(
    axes: Axes, sites: Sites, basemap: Basemap | None, view: tuple[float, float, float, float], zoom: float
) -> None:
    """Draw background, roads, places and crossings into one view (west, east, south, north)."""
    axes.set_xlim(view[0], view[1])
    axes.set_ylim(view[2], view[3])
    axes.set_aspect(_stretch(view), adjustable="box")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(style.FAINT)
    if basemap is None:
        axes.set_facecolor("#F7F6F2")
    else:
        draw_basemap(axes, basemap, sites.countries)
        _country_names(axes, sites, basemap, view)
    axes.add_collection(LineCollection(list(sites.roads), colors=_ROAD, linewidths=0.6 * zoom**0.5, zorder=1.5))
    for wanted in (False, True):
        chosen = np.flatnonzero(sites.crossing == wanted)
        if wanted:
            axes.scatter(
                sites.lon[chosen], sites.lat[chosen], s=30 * zoom, marker="D", c=sites.shut[chosen], cmap=style.SHUT,
                vmin=0.0, vmax=1.0, edgecolors=style.BLUE, linewidths=1.0, zorder=5,
            )  # fmt: skip
        else:
            chosen = chosen[np.argsort(-sites.displaced[chosen])]  # small circles on top of large ones
            axes.scatter(
                sites.lon[chosen], sites.lat[chosen], s=_areas(sites, sites.displaced[chosen], zoom),
                c=sites.attacks[chosen], cmap=style.HEAT, norm=_norm(sites), edgecolors="#3B2F2F", linewidths=0.6,
                alpha=0.92, zorder=4,
            )  # fmt: skip


def _country_names(axes: Axes, sites: Sites, basemap: Basemap, view: tuple[float, float, float, float]) -> None:
    points = np.column_stack([sites.lon, sites.lat])
    for name, outlines in basemap.areas.items():
        spot = label_spot(outlines, view, points)
        # A name with letters a twentieth of a degree of view apart must have room for itself.
        if spot is not None and spot[2] > 0.0042 * len(name) * (view[1] - view[0]):
            axes.text(
                spot[0], spot[1], name.upper(), size=8.2, color="#8B949C", ha="center", va="center", zorder=1,
                weight="bold" if name in sites.countries else "normal", clip_on=True,
            )  # fmt: skip


def _norm(sites: Sites) -> PowerNorm:
    return PowerNorm(0.5, vmin=0.0, vmax=max(1.0, float(sites.attacks.max())))


def _areas(sites: Sites, people: FloatArray, zoom: float) -> FloatArray:
    """Return circle areas proportional to people, with a floor so that every place can be seen."""
    most = max(float(sites.displaced[~sites.crossing].max(initial=0.0)), 1.0)
    return np.maximum(people / most * _LARGEST, 9.0) * zoom


def _stretch(view: tuple[float, float, float, float]) -> float:
    return float(1.0 / np.cos(np.radians((view[2] + view[3]) / 2.0)))


def _fit(view: tuple[float, float, float, float], axes: Axes) -> tuple[float, float, float, float]:
    """Widen a view until it has the shape of its axes."""
    west, east, south, north = view
    box = axes.get_window_extent()
    shape, stretch = box.width / box.height, _stretch(view)
    width, height = east - west, (north - south) * stretch
    more_width, more_height = max(0.0, height * shape - width), max(0.0, width / shape - height) / stretch
    return west - more_width / 2, east + more_width / 2, south - more_height / 2, north + more_height / 2


def _view(sites: Sites, axes: Axes) -> tuple[float, float, float, float]:
    margin = 0.06 * max(float(np.ptp(sites.lon)), float(np.ptp(sites.lat)), 0.5)
    return _fit(
        (sites.lon.min() - margin, sites.lon.max() + margin, sites.lat.min() - margin, sites.lat.max() + margin), axes
    )


def _densest(sites: Sites) -> tuple[float, float, float, float]:
    """Return the window of a sixth of the region's width and a quarter of its height with most places."""
    width, height = 0.17 * float(np.ptp(sites.lon)), 0.26 * float(np.ptp(sites.lat))
    best, most = (0.0, 0.0), -1
    for west in np.linspace(sites.lon.min(), sites.lon.max() - width, 40):
        for south in np.linspace(sites.lat.min(), sites.lat.max() - height, 40):
            inside = int(_inside(sites, (west, west + width, south, south + height)).sum())
            if inside > most:
                best, most = (float(west), float(south)), inside
    return best[0] - 0.1, best[0] + width + 0.1, best[1] - 0.1, best[1] + height + 0.1


def _inside(sites: Sites, view: tuple[float, float, float, float]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    west, east, south, north = view
    return (sites.lon >= west) & (sites.lon <= east) & (sites.lat >= south) & (sites.lat <= north)


def _label(
    axes: Axes, sites: Sites, wanted: np.ndarray[tuple[int], np.dtype[np.bool_]], zoom: float, most: int
) -> None:
    """Name the main places among ``wanted`` where their names fit: crossings, then by people and attacks."""
    share = sites.displaced / max(1.0, float(sites.displaced.max()))
    weight = share + sites.attacks / max(1.0, float(sites.attacks.max())) + 0.3 * sites.crossing + sites.shut
    visible = wanted & _inside(sites, (*axes.get_xlim(), *axes.get_ylim()))
    order = [int(at) for at in np.argsort(-weight) if visible[at]]
    radius = np.sqrt(np.where(sites.crossing, 70.0 * zoom, _areas(sites, sites.displaced, zoom)) / np.pi)
    marks = [
        labels.Mark(sites.lon[at], sites.lat[at], float(radius[at]), short_place(name), sites.crossing[at] > 0)
        for at, name in enumerate(sites.names)
    ]
    labels.place(axes, marks, order, most)


def _legend(figure: Figure, sites: Sites, months: str, low: float, high: float, known: bool) -> None:
    """Explain circles, colours, diamonds and lines in the column at the right."""
    axes = figure.add_axes((0.69, low, 0.295, high - low))
    height = (high - low) * style.HEIGHT * 72.0  # points, so that rows keep their distance
    axes.set_xlim(0.0, 0.295 * style.WIDTH * 72.0)
    axes.set_ylim(-height, 0.0)
    axes.axis("off")

    def say(x: float, y: float, words: str, bold: bool = False, align: str = "left") -> None:
        weight = "bold" if bold else "normal"
        axes.text(x, y, words, size=style.SMALL, color=style.INK, va="center", ha=align, weight=weight)

    say(0, -6, "Displaced people and foreigners at a place", bold=True)
    most = max(float(sites.displaced[~sites.crossing].max(initial=0.0)), 1.0)
    x = 14.0
    for people in _round_sizes(most):
        area = float(_areas(sites, np.array([people]), 1.0)[0])
        axes.scatter([x], [-30], s=area, facecolor="#E9ECEE", edgecolors="#3B2F2F", linewidths=0.6)
        say(x + np.sqrt(area / np.pi) + 4, -30, style.short(people))
        x += 2 * np.sqrt(area / np.pi) + 42
    say(0, -56, f"Attacks {months}", bold=True)
    peak = _norm(sites).vmax or 1.0
    strip = np.linspace(0.0, 1.0, 128)[None, :]
    axes.imshow(strip, extent=(0, 150, -74, -66), cmap=style.HEAT, aspect="auto", zorder=2)
    for attacks in _ticks(float(peak)):
        say(150 * (attacks / peak) ** 0.5, -81, style.short(attacks), align="center")
    say(0, -98, "Crossings: days closed to people", bold=True)
    for step, share in enumerate((0.0, 0.5, 1.0)):
        axes.scatter([8 + 56 * step], [-112], s=36, marker="D", c=[share], cmap=style.SHUT, vmin=0, vmax=1,
                     edgecolors=style.BLUE, linewidths=1.0)  # fmt: skip
        say(16 + 56 * step, -112, ("none", "half", "all")[step])
    axes.plot([178, 194], [-112, -112], color=_ROAD, linewidth=1.2)
    say(198, -112, "road")
    note = NOTE if known else "Fictional or unmapped region: places stand at their coordinates."
    axes.text(0, -130, note, size=6.2, color=style.MUTED, va="center")


def _ticks(peak: float) -> list[float]:
    """Return round numbers of attacks that stand apart on a scale of square roots up to ``peak``."""
    kept = [0.0]
    for number in (step * 10.0**power for power in range(7) for step in (1.0, 2.0, 5.0)):
        if number <= peak and (number / peak) ** 0.5 - (kept[-1] / peak) ** 0.5 > 0.17:
            kept.append(number)
    top = float(round(peak))
    return [*kept, top] if 1.0 - (kept[-1] / peak) ** 0.5 > 0.12 else kept


def _round_sizes(most: float) -> list[float]:
    """Return three round numbers of people for the legend, the largest not above ``most``."""
    power = 10.0 ** np.floor(np.log10(most))
    top = power * max(step for step in (1.0, 2.0, 5.0) if step * power <= most)
    return [top / 20, top / 4, top] if top >= 100 else [top]
