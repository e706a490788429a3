"""The two drawn parts of the page as widgets: the map and the charts. What they draw is text (JSON) made in Python."""

from __future__ import annotations

from pathlib import Path

import ipyvuetify
import traitlets

WEB = Path(__file__).parent / "web"


def _read(name: str) -> str:
    return (WEB / name).read_text(encoding="utf-8")


class MapWidget(ipyvuetify.VuetifyTemplate):
    """The map. ``on_pick`` is told what was clicked, ``on_shown`` the day that is on the screen."""

    template_file = (__file__, "web/map.vue")
    code = traitlets.Unicode().tag(sync=True)
    world = traitlets.Unicode().tag(sync=True)
    frame = traitlets.Unicode().tag(sync=True)
    view = traitlets.Unicode().tag(sync=True)
    acknowledge = traitlets.Bool(True).tag(sync=True)
    on_pick = traitlets.Callable(None, allow_none=True)
    on_shown = traitlets.Callable(None, allow_none=True)

    @traitlets.default("code")
    def _code(self) -> str:
        return _read("map.js")

    def vue_pick(self, data: dict[str, str]) -> None:
        """Pass on what was clicked."""
        if self.on_pick is not None:
            self.on_pick(data["kind"], data["name"])

    def vue_shown(self, day: int) -> None:
        """Pass on which day is on the screen."""
        if self.on_shown is not None:
            self.on_shown(int(day))


class ChartsWidget(ipyvuetify.VuetifyTemplate):
    """The charts. ``on_resync`` is asked for all days when the browser lacks some."""

    template_file = (__file__, "web/charts.vue")
    code = traitlets.Unicode().tag(sync=True)
    spec = traitlets.Unicode().tag(sync=True)
    rows = traitlets.Unicode().tag(sync=True)
    pair = traitlets.Bool(False).tag(sync=True)
    on_resync = traitlets.Callable(None, allow_none=True)

    @traitlets.default("code")
    def _code(self) -> str:
        return _read("charts.js")

    def vue_resync(self, day: int) -> None:
        """Pass on that days are missing."""
        if self.on_resync is not None:
            self.on_resync(int(day))
