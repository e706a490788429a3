"""Whether the page can work here, asked before a server starts: a page that stays empty tells nobody why.

Solara's page loads its scripts from the files of ``solara-assets``, in exactly the versions that its template names.
Another version, or ipyvuetify 3, leaves an empty window without a word (mesa#3806); so both are looked at here, without
importing Solara.
"""

from __future__ import annotations

import re
import site
import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from agents.errors import InputError

#: What puts everything right.
REMEDY = "pip install 'marchland[app]' (in a checkout: make app)"
#: Packages of the extra without which nothing works, by the name they are imported with.
NEEDED = ("solara", "solara.server", "starlette", "uvicorn", "ipyvuetify", "ipyvue")
#: Distributions whose third edition breaks the page.
_BELOW = (("ipyvuetify", 3), ("ipyvue", 3))
_TEMPLATE = Path("server") / "templates" / "solara.html.j2"
_ASSET = re.compile(r"\{\{\s*cdn\s*\}\}/((?:@[\w.-]+/)?[\w.-]+@[\w.-]+)/")
#: What the template only asks for under ipyvuetify 3.
_OF_VUE3 = "vuetify3"


def check() -> Path:
    """Refuse a machine on which the page would stay empty.

    Returns
    -------
    Path
        The folder with the scripts and styles of the page.

    Raises
    ------
    InputError
        In one line: what is missing and what to type.
    """
    solara = _solara_folder()
    for name, limit in _BELOW:
        check_below(name, metadata.version(name), limit)
    folder = assets_folder(solara)
    check_assets((solara / _TEMPLATE).read_text(encoding="utf-8"), folder)
    return folder


def _solara_folder() -> Path:
    """Return where Solara is installed, and refuse when a package of the extra is not."""
    missing = [name for name in NEEDED if "." not in name and find_spec(name) is None]
    if missing:
        raise InputError(f"the app needs {', '.join(missing)}, which this Python has not: {REMEDY}")
    places = getattr(find_spec("solara"), "submodule_search_locations", None)
    folder = next((Path(place) for place in places or () if (Path(place) / _TEMPLATE).is_file()), None)
    if folder is None:
        raise InputError(f"the app needs solara-server, which this Python has not: {REMEDY}")
    return folder


def check_below(name: str, version: str, limit: int) -> None:
    """Refuse a distribution from an edition on with which the page stays empty."""
    if int(version.split(".")[0]) >= limit:
        raise InputError(f"{name} {version} leaves the page empty, it must be below {limit}: pip install '{name}<{limit}'")


def assets_folder(solara: Path) -> Path:
    """Return where ``solara-assets`` puts its files, by Solara's own rule."""
    base = site.getuserbase()
    prefix = base if base and str(solara).startswith(base) else sys.prefix
    return Path(prefix) / "share" / "solara" / "cdn"


def wanted_assets(template: str) -> tuple[str, ...]:
    """Return the packages of scripts and styles that a template of Solara asks for, as ``NAME@VERSION``."""
    return tuple(sorted({found for found in _ASSET.findall(template) if _OF_VUE3 not in found}))


def check_assets(template: str, folder: Path) -> None:
    """Refuse a folder of assets in which a package that the template asks for is missing.

    Parameters
    ----------
    template
        Text of Solara's page template.
    folder
        Where the assets are.
    """
    wanted = wanted_assets(template)
    if not wanted:
        raise InputError(f"this edition of solara names no scripts that the app knows of: {REMEDY}")
    missing = [name for name in wanted if not (folder / name).is_dir()]
    if missing:
        raise InputError(f"solara-assets does not fit solara ({folder} lacks {', '.join(missing)}), the page would stay empty: {REMEDY}")
