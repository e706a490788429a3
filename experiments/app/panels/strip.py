"""The strip of charts below the map; of two courses, the paired difference."""

from __future__ import annotations

from typing import cast

import solara

from experiments.app.charts import differences, marks, rows, spec
from experiments.app.panels.context import View
from experiments.app.panels.paired import Difference
from experiments.app.panels.stage import compact
from experiments.app.widgets import ChartsWidget

#: Days that are sent each time; the browser keeps those before.
RECENT = 40


@solara.component
def Strip(view: View) -> None:
    """Show the charts."""
    desk = view.desk
    course, other = desk.course, desk.other
    wanted, set_wanted = solara.use_state(0)  # counts how often the browser asked for all days
    answered = solara.use_ref(cast(tuple[object, ...], ()))
    fixed = solara.use_memo(lambda: compact(spec(course)) if course is not None else "", [course])
    if course is None:
        return
    asked = (wanted, course, other)
    with desk.lock:
        first = 0 if answered.current != asked else max(course.day - RECENT, 0)
        days = differences(course, other, first, course.day) if other is not None else rows(course, first, course.day)
        message = compact({"from": first, "rows": days, "marks": marks(course)})
    answered.current = asked
    with solara.Column(gap="0px", classes=["mar-strip", "mar-strip-pair"] if other is not None else ["mar-strip"]):
        if other is not None:
            with solara.Column(gap="4px", classes=["mar-difference"]):
                Difference(view)
        ChartsWidget.element(
            spec=fixed, rows=message, pair=other is not None,
            on_resync=lambda day: set_wanted(lambda count: count + 1),
        ).key("pair" if other is not None else "one")
