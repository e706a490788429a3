"""The network of a conflict as a map: camps and how many people they hold, fighting, roads, what is closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.spatial import KDTree

from experiments.figures import labels, style
from experiments.figures.run import FloatArray, Run
from sim.displacement.conflict import Conflict
from sim.displacement.network import Network, build_network

BoolArray = NDArray[np.bool_]
View = tuple[float, float, float, float]

_LARGEST = 620.0  # area of the largest circle, square points
_LEAST, _HALO = 8.0, 64.0  # area of the smallest one in a camp, and elsewhere, where other marks stand on it
_FEW = 5e-4  # share of the largest number below which people outside camps are not drawn
_DIAMOND = 26.0  # area of the mark of a place with fighting
_ROAD, _ACROSS, _SHUT = "#A9AFB6", "#4C8DB8", style.VERMILLION
_FIGHTING, _FOUGHT, _STOP = "#C0392B", "#E8B7A8", style.ORANGE
#: Pale colours of countries; the first is the home country's.
_TINTS = ("#FBF8EF", "#E9EFF3", "#EEF2E6", "#F2EAEE", "#E6EFEE", "#F0EDE4", "#EAEAF2")
_NOTE = "Pale colours: the country of the nearest place.\nThis shows no borders; no position taken."
_MOST_NAMES = 46


@dataclass(frozen=True)
class Sites:
    """Places with known coordinates, and what is drawn for each; ``roads`` join indices of them."""

    conflict: Conflict
    names: list[str]
    countries: list[str]
    lon: FloatArray
    lat: FloatArray
    camp: BoolArray
    fighting: BoolArray  #: on the last day
    fought: BoolArray  #: on any day so far
    shut: BoolArray  #: closed on the last day
    people: FloatArray  #: displaced people on the last day
    counted: FloatArray  #: counted people on the last day, NaN where nobody counts
    roads: list[tuple[int, int]]
    road_shut: BoolArray


def draw_conflict_map(run: Run) -> Figure | None:
    """Draw the map, or None when fewer than two places have coordinates."""
    sites = _sites(run)
    if sites is None:
        return None
    figure = style.new_figure(
        f"{run.stamp.title}: where displaced people are",
        f"Displaced people at each place on {run.stamp.end}, fighting so far, and which roads are closed on that day",
        run.stamp.footer(),
    )
    bottom, top = 0.055, 0.885
    axes = figure.add_axes((0.018, bottom, 0.712, top - bottom))
    view = _view(sites, axes)
    _scene(axes, sites, view)
    _name_places(axes, sites)
    _legend(figure, sites, bottom, top)
    return figure


def _sites(run: Run) -> Sites | None:
    conflict = run.conflict
    if conflict is None:
        return None
    network = build_network(conflict)
    # A folder without coordinates reads as 0, 0: those places cannot be drawn.
    known = np.array([place.lat != 0.0 or place.lon != 0.0 for place in conflict.places], dtype=np.bool_)
    kept = np.flatnonzero(known)
    if len(kept) < 2:
        return None
    day = min(max(run.day_in_folder, 0), conflict.days - 1)
    new = {int(old): at for at, old in enumerate(kept)}
    places = [conflict.places[int(i)] for i in kept]
    nothing = np.zeros(len(run.dates))
    counted = np.full(len(places), np.nan)
    if run.camps is not None:
        at = {name: k for k, name in enumerate(run.camps.names)}
        counted = np.array([run.camps.counted[-1, at[p.name]] if p.name in at else np.nan for p in places])
    drawn = np.array([known[road.a] and known[road.b] for road in conflict.roads], dtype=np.bool_)
    roads = [(new[road.a], new[road.b]) for road, wanted in zip(conflict.roads, drawn, strict=True) if wanted]
    return Sites(
        conflict=conflict, names=[p.name for p in places], countries=[p.country for p in places],
        lon=np.array([p.lon for p in places]), lat=np.array([p.lat for p in places]), camp=network.is_camp[kept],
        fighting=conflict.intensity[day, kept] > 0.0, fought=np.any(conflict.intensity[: day + 1, kept] > 0.0, axis=0),
        shut=~network.place_open[network.phase[day], kept],
        people=np.array([run.place_series.get(p.name, {}).get("displaced", nothing)[-1] for p in places]),
        counted=counted, roads=roads, road_shut=_closed_roads(run, network, day)[drawn],
    )  # fmt: skip


def _closed_roads(run: Run, network: Network, day: int) -> BoolArray:
    """Roads that the folder has closed on a day, or whose border a government has closed to people."""
    shut: BoolArray = np.asarray(~network.road_open[network.phase[day]])
    for border, name in enumerate(network.conflict.border_names):
        if run.has("crossing", name, "open") and run.get("crossing", name, "open")[-1] <= 0.0:
            shut |= network.border == border
    return shut


def _view(sites: Sites, axes: Axes) -> View:
    """Return west, east, south, north around all places, in the shape of the axes."""
    margin = 0.07 * max(float(np.ptp(sites.lon)), float(np.ptp(sites.lat)), 0.5)
    west, east = float(sites.lon.min()) - margin, float(sites.lon.max()) + margin
    south, north = float(sites.lat.min()) - margin, float(sites.lat.max()) + margin
    box = axes.get_window_extent()
    shape, stretch = box.width / box.height, _stretch(south, north)
    width, height = east - west, (north - south) * stretch
    wider, higher = max(0.0, height * shape - width) / 2.0, max(0.0, width / shape - height) / stretch / 2.0
    return west - wider, east + wider, south - higher, north + higher


def _stretch(south: float, north: float) -> float:
    """How much longer a degree of latitude is than one of longitude."""
    return float(1.0 / np.cos(np.radians((south + north) / 2.0)))


def _scene(axes: Axes, sites: Sites, view: View) -> None:
    axes.set_xlim(view[0], view[1])
    axes.set_ylim(view[2], view[3])
    axes.set_aspect(_stretch(view[2], view[3]), adjustable="box")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(style.FAINT)
    _shade(axes, sites, view)
    lines = [[(sites.lon[a], sites.lat[a]), (sites.lon[b], sites.lat[b])] for a, b in sites.roads]
    colours = [_ACROSS if sites.countries[a] != sites.countries[b] else _ROAD for a, b in sites.roads]
    for shut in (False, True):
        chosen = [i for i, closed in enumerate(sites.road_shut) if closed == shut]
        roads = LineCollection(
            [lines[i] for i in chosen], colors=_SHUT if shut else [colours[i] for i in chosen],
            linewidths=1.6 if shut else 1.0, linestyles=(0, (3, 2)) if shut else "-",
        )  # fmt: skip
        roads.set_zorder(1.6 if shut else 1.5)
        axes.add_collection(roads)
    _marks(axes, sites)


def _marks(axes: Axes, sites: Sites) -> None:
    """Draw people as circles, counts as rings, fighting as diamonds, other places as dots."""
    area = _areas(sites, sites.people)
    order = np.argsort(-sites.people, kind="stable")  # small circles on top of large ones
    for wanted, colour, least in ((sites.camp, style.BLUE, _LEAST), (_outside(sites), _STOP, _HALO)):
        at = order[wanted[order]]
        axes.scatter(sites.lon[at], sites.lat[at], s=np.maximum(area[at], least), color=colour, alpha=0.75, linewidths=0, zorder=3)
    at = np.flatnonzero(np.nan_to_num(sites.counted) > 0)
    axes.scatter(sites.lon[at], sites.lat[at], s=_areas(sites, sites.counted[at]), facecolors="none",
                 edgecolors=style.INK, linewidths=1.1, zorder=3.5)  # fmt: skip
    dots = ~sites.camp & ~sites.fought
    axes.scatter(sites.lon[dots], sites.lat[dots], s=9, color="white", edgecolors=style.MUTED, linewidths=0.8, zorder=4)
    for wanted, colour in ((sites.fought & ~sites.fighting, _FOUGHT), (sites.fighting, _FIGHTING)):
        axes.scatter(sites.lon[wanted], sites.lat[wanted], s=_DIAMOND, marker="D", color=colour,
                     edgecolors="white", linewidths=0.6, zorder=4.5)  # fmt: skip
    axes.scatter(sites.lon[sites.shut], sites.lat[sites.shut], s=34, marker="x", color=_SHUT, linewidths=1.6, zorder=5)


def _areas(sites: Sites, people: FloatArray) -> FloatArray:
    """Return circle areas proportional to people, with a floor so that every camp can be seen."""
    return np.asarray(np.maximum(people / _most(sites) * _LARGEST, _LEAST))


def _most(sites: Sites) -> float:
    return max(float(sites.people.max(initial=0.0)), float(np.nan_to_num(sites.counted).max(initial=0.0)), 1.0)


def _shade(axes: Axes, sites: Sites, view: View) -> None:
    """Colour the land by the country of the nearest place, and write each country's name where there is room."""
    west, east, south, north = view
    lon, lat = np.meshgrid(np.linspace(west, east, 720), np.linspace(south, north, 540))
    stretch = _stretch(south, north)
    _, nearest = KDTree(np.column_stack([sites.lon, sites.lat * stretch])).query(np.stack([lon, lat * stretch], axis=-1))
    names = list(sites.conflict.countries)
    owner = np.array([names.index(country) for country in sites.countries])[nearest]
    tints = [_TINTS[0], *(_TINTS[1 + k % (len(_TINTS) - 1)] for k in range(len(names) - 1))]
    axes.imshow(owner, extent=(west, east, south, north), origin="lower", cmap=ListedColormap(tints), vmin=-0.5,
                vmax=len(names) - 0.5, interpolation="nearest", aspect="auto", zorder=0.5)  # fmt: skip
    axes.set_aspect(stretch, adjustable="box")
    for k, name in enumerate(names):
        mine = owner == k
        if mine.any():
            _name_country(axes, name, mine, lon, lat, sites, view)


def _name_country(axes: Axes, name: str, mine: BoolArray, lon: FloatArray, lat: FloatArray, sites: Sites, view: View) -> None:
    """Write a country's name at the point of its colour farthest from everything else, if it fits there."""
    text = name.replace("_", " ").upper()
    west, east, south, north = view
    points = np.column_stack([lon[mine], lat[mine]])
    edge = mine & ~(np.roll(mine, 1, 0) & np.roll(mine, -1, 0) & np.roll(mine, 1, 1) & np.roll(mine, -1, 1))
    dots = np.column_stack([sites.lon, sites.lat])
    roads = [dots[a] + share * (dots[b] - dots[a]) for a, b in sites.roads for share in np.linspace(0.1, 0.9, 9)]
    others = np.concatenate([np.column_stack([lon[edge], lat[edge]]), dots, *([np.array(roads)] if roads else [])])
    scale = np.array([0.35, 1.0])  # a name is wider than high, so room to the left and right counts for less
    room, _ = KDTree(others * scale).query(points * scale)
    inside = np.minimum.reduce([
        (points[:, 0] - west) * scale[0], (east - points[:, 0]) * scale[0], points[:, 1] - south, north - points[:, 1],
    ])  # fmt: skip
    room = np.minimum(room, inside)
    best = int(room.argmax())
    if room[best] > 0.0022 * len(text) * (east - west):
        axes.text(points[best, 0], points[best, 1], text, size=8.2, color="#8B949C", ha="center", va="center", zorder=1,
                  weight="bold" if name == sites.conflict.home else "normal", clip_on=True)  # fmt: skip


def _name_places(axes: Axes, sites: Sites) -> None:
    """Name camps first, then places with fighting or people, then the others, where their names fit."""
    share = np.maximum(sites.people, np.nan_to_num(sites.counted)) / _most(sites)
    weight = share + 2.0 * sites.camp + 0.6 * sites.fighting + 0.3 * sites.fought + 0.8 * sites.shut
    both = np.maximum(_areas(sites, sites.people), _areas(sites, np.nan_to_num(sites.counted)))
    other = np.where(sites.fought, _DIAMOND * 1.6, 10.0)
    area = np.where(sites.camp, both, np.where(_outside(sites), np.maximum(both, _HALO), other))
    marks = [
        labels.Mark(float(sites.lon[i]), float(sites.lat[i]), float(np.sqrt(area[i] / np.pi)) + 1.5, name.replace("_", " "), bool(sites.camp[i]))
        for i, name in enumerate(sites.names)
    ]
    labels.place(axes, marks, [int(i) for i in np.argsort(-weight, kind="stable")], _MOST_NAMES)


def _legend(figure: Figure, sites: Sites, low: float, high: float) -> None:
    """Explain circles, rings, marks and lines in the column at the right."""
    axes = figure.add_axes((0.748, low, 0.24, high - low))
    height = (high - low) * style.HEIGHT * 72.0  # points, so that rows keep their distance
    axes.set_xlim(0.0, 0.24 * style.WIDTH * 72.0)
    axes.set_ylim(-height, 0.0)
    axes.axis("off")

    def say(x: float, y: float, words: str, bold: bool = False) -> None:
        weight = "bold" if bold else "normal"
        axes.text(x, y, words, size=style.SMALL, color=style.INK, va="center", weight=weight)

    say(0, -6, "Displaced people at a place", bold=True)
    x = 14.0
    for people in _round_sizes(_most(sites)):
        area = float(_areas(sites, np.array([people]))[0])
        axes.scatter([x], [-30], s=area, color=style.BLUE, alpha=0.75, linewidths=0)
        say(x + np.sqrt(area / np.pi) + 4, -30, style.short(people))
        x += 2 * np.sqrt(area / np.pi) + 34
    rows: list[tuple[bool, str, dict[str, Any], str]] = [
        (True, "o", {"s": 46, "color": style.BLUE, "alpha": 0.75, "linewidths": 0}, "in a camp, simulated"),
        (True, "o", {"s": 46, "facecolors": "none", "edgecolors": style.INK, "linewidths": 1.1}, "in a camp, counted"),
        (bool(_outside(sites).any()), "o", {"s": 46, "color": _STOP, "alpha": 0.75, "linewidths": 0}, "outside camps (small ones enlarged)"),
        (True, "D", {"s": _DIAMOND, "color": _FIGHTING, "edgecolors": "white", "linewidths": 0.6}, "fighting on the last day"),
        (_is_over(sites), "D", {"s": _DIAMOND, "color": _FOUGHT, "edgecolors": "white", "linewidths": 0.6}, "fighting earlier"),
        (True, "o", {"s": 9, "color": "white", "edgecolors": style.MUTED, "linewidths": 0.8}, "other place"),
        (bool(sites.shut.any()), "x", {"s": 34, "color": _SHUT, "linewidths": 1.6}, "place or camp closed"),
    ]
    y = -60.0
    for marker, look, words in [row[1:] for row in rows if row[0]]:
        axes.scatter([9], [y], marker=marker, **look)
        say(24, y, words)
        y -= 15.0
    y -= 6.0
    kinds = [(_ROAD, "road"), (_ACROSS, "road across a border")]
    kinds += [(_SHUT, "road closed on the last day")] if sites.road_shut.any() else []
    for colour, words in kinds:
        axes.plot([0, 18], [y, y], color=colour, linewidth=1.4, linestyle=(0, (3, 2)) if colour == _SHUT else "-")
        say(24, y, words)
        y -= 15.0
    axes.text(0, y - 4.0, _NOTE, size=6.2, color=style.MUTED, va="top", linespacing=1.4)


def _outside(sites: Sites) -> BoolArray:
    """Places that are no camps and hold people worth drawing."""
    return np.asarray(~sites.camp & (sites.people > _FEW * _most(sites)))


def _is_over(sites: Sites) -> bool:
    """Whether fighting has ended anywhere."""
    return bool((sites.fought & ~sites.fighting).any())


def _round_sizes(most: float) -> list[float]:
    """Return three round numbers of people for the legend, the largest not above ``most``."""
    power = 10.0 ** np.floor(np.log10(most))
    top = float(power * max(step for step in (1.0, 2.0, 5.0) if step * power <= most))
    return [top / 20, top / 4, top] if top >= 100 else [top]
