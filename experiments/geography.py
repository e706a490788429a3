"""Country outlines and short names of places: what maps need, without the libraries that draw them."""

from __future__ import annotations

import re
from pathlib import Path

#: A small extract of Natural Earth (public domain) around the flagship's region.
REGION = Path(__file__).parent / "figures" / "data" / "region.geojson"
NOTE = "Boundaries as in Natural Earth (dashed: disputed); no position taken."


def short_place(name: str) -> str:
    """Return a place's name without what the map already says (``Torkham crossing`` as ``Torkham``)."""
    bare = re.sub(r"\s*\([^)]*\)", "", name)
    bare = re.sub(r"\s+(crossing|Division|District|Capital Territory|border)$", "", bare)
    return bare or name
