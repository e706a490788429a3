"""The side panel: tabs with the inspector, the levers, the events, a family, the split screen, the setup, files and help."""

from __future__ import annotations

import solara

from experiments.app.panels.context import View
from experiments.app.panels.events import Events
from experiments.app.panels.family import Family
from experiments.app.panels.files import Files
from experiments.app.panels.help import Help
from experiments.app.panels.inspector import Inspector
from experiments.app.panels.levers import Levers
from experiments.app.panels.paired import Split
from experiments.app.panels.setup import Setup

_TABS = (
    ("Inspector", Inspector), ("Levers", Levers), ("Events", Events), ("Family", Family), ("Split", Split), ("Setup", Setup), ("Files", Files),
    ("Help", Help),
)  # fmt: skip
#: Tabs in which a click on the map chooses something for them.
_STAY = ("Events", "Family")


@solara.component
def Side(view: View) -> None:
    """Show the tabs; only the open one is drawn."""
    tab, set_tab = solara.use_state("Inspector")
    before, set_before = solara.use_state(view.pick)
    if before != view.pick:  # a click on the map opens the inspector
        set_before(view.pick)
        if view.pick.name and tab not in _STAY and not (tab == "Levers" and view.pick.kind in ("government", "group")):
            set_tab("Inspector")
    with solara.Column(gap="0px", classes=["mar-side"]):
        with solara.Row(gap="0px", classes=["mar-tabs"]):
            for name, _ in _TABS:
                chosen = ["mar-tab", "mar-tab-open"] if name == tab else ["mar-tab"]
                solara.Button(name, on_click=lambda name=name: set_tab(name), text=True, classes=chosen)
        with solara.Column(gap="8px", classes=["mar-panel"]):
            dict(_TABS)[tab](view).key(tab)
