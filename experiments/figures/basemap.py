"""Country outlines behind a map, from the small extract of Natural Earth next to this file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from numpy.typing import NDArray

from experiments.geography import NOTE, REGION

__all__ = ["NOTE", "REGION", "Basemap", "draw_basemap", "label_spot", "load_basemap"]

FloatArray = NDArray[np.float64]

_SEA, _LAND, _HOME = "#E4EEF3", "#F4F3EF", "#FBFAF6"
_COAST, _BORDER = "#A9B8C0", "#9AA3AB"


@dataclass(frozen=True)
class Basemap:
    """Filled areas by country and lines by kind (``coast``, ``border``, ``disputed``)."""

    areas: dict[str, list[Outline]]
    lines: dict[str, list[FloatArray]]
    box: tuple[float, float, float, float]

    def covers(self, lon: FloatArray, lat: FloatArray, countries: set[str]) -> bool:
        """Whether the extract is the right background: all points inside, and a country known by name."""
        west, south, east, north = self.box
        inside = bool(np.all((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)))
        return inside and bool(countries & set(self.areas))


def load_basemap(path: Path = REGION) -> Basemap:
    """Read the extract."""
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    areas: dict[str, list[Outline]] = {}
    lines: dict[str, list[FloatArray]] = {}
    for feature in features:
        kind, shapes = feature["properties"]["kind"], feature["geometry"]["coordinates"]
        if kind == "country":
            areas[feature["properties"]["name"]] = [_outline(rings) for rings in shapes]
        else:
            lines[kind] = [np.asarray(shape, dtype=float) for shape in shapes]
    points = np.concatenate([outline.vertices for outlines in areas.values() for outline in outlines])
    west, south = points.min(axis=0)
    east, north = points.max(axis=0)
    return Basemap(areas, lines, (float(west), float(south), float(east), float(north)))


def _outline(rings: list[list[list[float]]]) -> Outline:
    """Return one polygon with its holes as a path."""
    vertices = np.concatenate([np.asarray(ring, dtype=float) for ring in rings])
    codes = np.concatenate([[Outline.MOVETO, *[Outline.LINETO] * (len(ring) - 2), Outline.CLOSEPOLY] for ring in rings])
    return Outline(vertices, codes.astype(Outline.code_type))


def draw_basemap(axes: Axes, basemap: Basemap, home: set[str]) -> None:
    """Draw sea, land (the scenario's own countries a little lighter), coasts and boundaries."""
    axes.set_facecolor(_SEA)
    for name, outlines in basemap.areas.items():
        colour = _HOME if name in home else _LAND
        patches = [PathPatch(outline) for outline in outlines]
        axes.add_collection(PatchCollection(patches, facecolor=colour, edgecolor="none", zorder=0.5))
    for kind, colour, width, dashes in (
        ("coast", _COAST, 0.6, "-"),
        ("border", _BORDER, 0.9, "-"),
        ("disputed", _BORDER, 0.9, (0, (4, 3))),
    ):
        style = LineCollection(basemap.lines.get(kind, []), colors=colour, linewidths=width, linestyles=dashes)
        style.set_zorder(0.8)
        axes.add_collection(style)


def label_spot(
    outlines: list[Outline], view: tuple[float, float, float, float], taken: FloatArray
) -> tuple[float, float, float] | None:
    """Return the emptiest point of a country inside the view with its distance to all else, in degrees.

    ``view`` is west, east, south, north; ``taken`` has shape ``(points, 2)``. None when the country
    is not in view.
    """
    west, east, south, north = view
    lon, lat = np.meshgrid(np.linspace(west, east, 60)[1:-1], np.linspace(south, north, 45)[1:-1])
    grid = np.column_stack([lon.ravel(), lat.ravel()])
    inside = np.zeros(len(grid), dtype=bool)
    for outline in outlines:
        inside |= outline.contains_points(grid)
    if not inside.any():
        return None
    spots = grid[inside]
    edges = np.concatenate([np.asarray(outline.vertices, dtype=float) for outline in outlines])
    # A name is wider than high, so room to the left and right counts for less.
    scale = np.array([0.45, 1.0])
    room = np.minimum.reduce(
        [
            (spots[:, 0] - west) * scale[0],
            (east - spots[:, 0]) * scale[0],
            spots[:, 1] - south,
            north - spots[:, 1],
            _nearest(spots * scale, edges * scale),
            _nearest(spots * scale, taken * scale),
        ]
    )
    best = int(room.argmax())
    return float(spots[best, 0]), float(spots[best, 1]), float(room[best])


def _nearest(points: FloatArray, others: FloatArray) -> FloatArray:
    if not len(others):
        return np.full(len(points), np.inf)
    squares = ((points[:, None, :] - others[None, :, :]) ** 2).sum(axis=2)
    return np.asarray(np.sqrt(squares.min(axis=1)), dtype=float)
