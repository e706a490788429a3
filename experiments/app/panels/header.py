"""The header: what is run, which evening is shown, and what went wrong."""

from __future__ import annotations

import solara

from experiments.app.panels.context import View


@solara.component
def Header(view: View) -> None:
    """Show the title, the date and messages."""
    desk, course = view.desk, view.desk.course
    with solara.Row(gap="16px", classes=["mar-header"]):
        if course is not None:
            config = course.scenario.config
            solara.Text(config.scenario.title or config.scenario.name, classes=["mar-title"])
            when = f"evening of {course.date}" if course.day else "before the first day"
            solara.Text(f"Day {course.day} of {course.days}, {when}", classes=["mar-date"])
            solara.Text(f"seed {config.seed}", classes=["mar-seed"])
            if desk.recorded is not None:
                with desk.lock:
                    verdict = desk.recorded.verdict(course)
                solara.Text(verdict, classes=["mar-recorded"])
        if desk.note:
            solara.Text(desk.note, classes=["mar-note"])
    if desk.error:
        with solara.Row(classes=["mar-error"]):
            solara.Text("⚠", classes=["mar-error-sign"])
            solara.Text(desk.error, classes=["mar-error-text"])
            solara.Button("Dismiss", on_click=desk.dismiss, text=True)
            if desk.failed:
                solara.Button("Reset", on_click=desk.reset, text=True)
