"""The page: what one browser window shows. Each window has a desk, and so a model, of its own."""

from __future__ import annotations

from collections.abc import Callable

import solara

from experiments.app.chosen import chosen
from experiments.app.desk import Desk, choices_of
from experiments.app.panels.context import Pick, View
from experiments.app.panels.header import Header
from experiments.app.panels.paired import half_name
from experiments.app.panels.side import Side
from experiments.app.panels.stage import Stage
from experiments.app.panels.strip import Strip
from experiments.app.panels.transport import Transport
from experiments.app.widgets import WEB

#: Styles of the page; the later ones win.
SHEETS = ("theme.css", "page.css", "inspector.css", "controls.css")


@solara.component
def Page() -> None:
    """One window: header, map, side panel, charts."""
    tick, set_tick = solara.use_state(0)
    pick, set_pick = solara.use_state(Pick())
    desk: Desk = solara.use_memo(lambda: Desk(choices_of(chosen())), [])

    def live() -> Callable[[], None]:
        desk.changed = lambda: set_tick(lambda count: count + 1)
        return desk.close

    solara.use_effect(live, [])
    solara.Title("Marchland")
    for sheet in SHEETS:
        solara.Style((WEB / sheet).read_text(encoding="utf-8") if (WEB / sheet).exists() else "")
    view = View(desk, tick, pick, set_pick)
    with solara.Column(gap="0px", classes=["mar-page"]):
        Header(view)
        Transport(view)
        with solara.Row(gap="8px", classes=["mar-middle"]):
            for at, course in enumerate(desk.courses):
                with solara.Column(classes=["mar-stage"]).key(f"stage {at}"):
                    if desk.other is not None:
                        solara.Text(half_name(desk, at), classes=["mar-stage-name"])
                    Stage(view, course, leads=at == len(desk.courses) - 1)
            Side(view).key("side")  # keeps its open tab when the screen is split
        Strip(view)
