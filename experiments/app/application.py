"""The web application: Solara's, but for what it would fetch from elsewhere, delete or tell.

- Scripts and styles come from the installed files only. Solara's own route asks a network for what is missing, and
  deletes a folder of assets when its name is asked for.
- Only pages of this server may talk to it: another site that is open in the same browser is refused.
- The pages about Solara's inner state are left out.
- A page that was out of touch waits for an answer as long as a day may take to play, before it gives its run up.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import re
import warnings
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from experiments.app.windows import Windows

#: How long a window may be out of touch (a lost connection, a crashed browser) before it is given up, unless Solara's
#: own variable says otherwise.
WAIT = "30s"
_WAIT = "SOLARA_KERNEL_CULL_TIMEOUT"
#: The module whose ``Page`` every window shows.
PAGE = "experiments.app.page"
#: Solara's settings, read when it is imported: nothing is reported to anybody, no files are watched.
_SETTINGS: Mapping[str, str] = MappingProxyType({
    "SOLARA_APP": PAGE,
    "SOLARA_MODE": "production",
    "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "False",
    "SOLARA_TELEMETRY_SERVER_USER_ID": "nobody",
    "SOLARA_ASSETS_PROXY": "True",
    "SOLARA_ASSETS_CDN": "http://127.0.0.1:9/nowhere/",
    "SOLARA_THEME_TITLE": "Marchland",
    "SOLARA_THEME_SHOW_BANNER": "False",
    "SOLARA_THEME_VARIANT": "light",
    "SOLARA_THEME_LOADER": "plain",
    "SOLARA_SSG_ENABLED": "False",
    "SOLARA_SEARCH_ENABLED": "False",
    "SOLARA_STATE_BACKEND": "",
})  # fmt: skip
_ASSETS = "/_solara/cdn"
#: Solara's script, and the half second that it waits after a reconnection to hear whether its run is still there.
_SCRIPT = "/static/main-vuetify.js"
_HASTE = re.compile(r"(new Error\('app-status timeout'\)\), )500\b")
#: Milliseconds to wait instead: the server may be playing a long day, or other windows' days.
_PATIENCE = 15_000
_LEFT_OUT = ("/readyz", "/resourcez", "/_solara/api/evict/{kernel_id}")


def settings() -> dict[str, str]:
    """Return what must be in the environment before Solara is imported."""
    return {**_SETTINGS, _WAIT: os.environ.get(_WAIT, WAIT)}


class Doorkeeper:
    """Answers only who came by one of the server's own names, and sockets only of the server's own pages.

    Without it a page of any site could, from a browser on this machine, open a window here and use it.
    """

    def __init__(self, app: ASGIApp, names: tuple[str, ...], anywhere: bool = False) -> None:
        self.app = app
        self.names = names  #: names by which the server may be called
        self.anywhere = anywhere  #: whether any address in numbers will do as well

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = HTTPConnection(scope).headers
        host, origin = headers.get("host", ""), headers.get("origin", "")
        if self._admits(host, origin):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await PlainTextResponse("this server answers pages of its own only", status_code=403)(scope, receive, send)

    def _admits(self, host: str, origin: str) -> bool:
        """Whether a request names this server, and comes from a page of it."""
        try:
            called, page = urlsplit(f"//{host}").hostname or "", urlsplit(origin).netloc
        except ValueError:
            return False
        # Beyond this machine any number will do: a name of somebody else's may have been pointed here.
        known = called in self.names or (self.anywhere and _is_number(called))
        return known and (not origin or page == host)


def _is_number(host: str) -> bool:
    """Whether a host is an address in numbers."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def application(assets: Path, windows: Windows, *, names: tuple[str, ...], anywhere: bool) -> Starlette:
    """Return the application; Solara's settings must be in the environment before.

    Parameters
    ----------
    assets
        Folder with the scripts and styles of the page.
    windows
        Where windows are noted.
    names
        Names by which the server may be called.
    anywhere
        Whether it is reached from other machines: by any address in numbers, and with compressed answers.
    """
    warnings.filterwarnings("ignore", message="Attempting to work in a virtualenv")  # IPython, where another one is activated
    import solara
    from solara.server import starlette as of_solara

    warnings.filterwarnings("ignore", module="solara")  # about cookies of embedded pages
    middleware = [Middleware(Doorkeeper, names=names, anywhere=anywhere)]
    if anywhere:
        middleware.append(Middleware(GZipMiddleware, minimum_size=1000, compresslevel=5))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        of_solara.on_startup()
        windows.sweep()
        forget = solara.lab.on_kernel_start(windows.watch())
        yield
        forget()
        of_solara.on_shutdown()

    return Starlette(routes=_routes(of_solara.routes, assets), lifespan=lifespan, middleware=middleware)


def _routes(routes: list[BaseRoute], assets: Path) -> list[BaseRoute]:
    """Return Solara's routes, with our own in the place of the assets' and without those that are left out."""
    kept: list[BaseRoute] = [Route(_SCRIPT, _patient_script)]
    replaced = 0
    for route in routes:
        path = getattr(route, "path", "")
        if path == _ASSETS:
            route = Mount(_ASSETS, app=StaticFiles(directory=assets))
            replaced += 1
        elif path in _LEFT_OUT:
            route = Route(path, _not_found, methods=["GET", "POST"])  # else the page itself would answer
        kept.append(route)
    if replaced != 1:
        raise RuntimeError("this edition of solara serves its assets in another way")
    return kept


def patient(script: str) -> str:
    """Return Solara's script with more patience; as it is where it has no such time."""
    return _HASTE.sub(rf"\g<1>{_PATIENCE}", script)


async def _patient_script(_request: object) -> Response:
    from solara.server import server

    text = (Path(server.__file__).parent / _SCRIPT.lstrip("/")).read_text(encoding="utf-8")
    return Response(patient(text), media_type="text/javascript")


async def _not_found(_request: object) -> PlainTextResponse:
    return PlainTextResponse("not found", status_code=404)


def hush(verbose: bool) -> None:
    """Show errors of the server only, or, when ``verbose``, its warnings."""
    for name in ("solara", "reacton", "uvicorn", "uvicorn.error", "uvicorn.access", "Solara.cdn"):
        logging.getLogger(name).setLevel(logging.WARNING if verbose else logging.ERROR)


