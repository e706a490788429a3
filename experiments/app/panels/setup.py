"""The setup: scenario, seed, policies and further overrides of the next model."""

from __future__ import annotations

from dataclasses import replace

import solara

from experiments.app import setup
from experiments.app.desk import Choices, Desk
from experiments.app.panels.context import View
from experiments.app.panels.fields import Typed
from experiments.app.setup import Form
from experiments.app.unsaved import given_up
from sim import Scenario


@solara.component
def Setup(view: View) -> None:
    """Show the fields, as the model on the screen was built with them."""
    desk, course = view.desk, view.desk.course
    if course is None:
        solara.Text("There is no model: what the command line asked for could not be built.")
        solara.Button("Start the flagship scenario", color="primary", on_click=lambda: desk.start(Choices()))
        return
    shown = solara.use_memo(lambda: setup.form_of(desk.choices, course.scenario), [course.scenario])
    Fields(view, shown, course.scenario).key(f"fields {id(course.scenario)}")


@solara.component
def Fields(view: View, shown: Form, scenario: Scenario) -> None:
    """Let the fields be changed, and build a model from them."""
    desk = view.desk
    form = solara.use_reactive(shown)

    def put(**fields: str) -> None:
        form.set(replace(form.value, **fields))

    def choose_scenario(name: str) -> None:
        found: list[Form] = []
        if desk.guard(lambda: found.append(setup.with_scenario(form.value, name, desk.choices))):
            form.set(found[0])

    def start() -> None:
        found: list[Choices] = []
        if desk.guard(lambda: found.append(setup.choices_from(form.value, shown, desk.choices))):
            desk.start(found[0])

    now = form.value
    same = now.scenario == shown.scenario
    corners = list(dict.fromkeys([*([] if now.corner else [""]), *setup.CORNERS]))
    with solara.Column(gap="6px", classes=["mar-setup"]):
        with solara.Div(classes=["mar-form"]):
            solara.Select("scenario", setup.scenarios_of(shown, desk.choices), now.scenario, on_value=choose_scenario, dense=True, classes=["mar-wide", "mar-scenario"])
            Typed("seed", now.seed, lambda text: put(seed=text), classes=["mar-seed-field"])
            Typed("last day", now.end, lambda text: put(end=text), classes=["mar-end-field"], placeholder="the scenario's own")
            for actor, policy in now.policies.items():
                known = setup.policies_of(actor, now, desk.choices, scenario.trusted_classes if same else ())
                solara.Select(
                    f"policy of {actor}", known, policy, dense=True, classes=[f"mar-policy-{actor}"],
                    on_value=lambda name, actor=actor: form.set(replace(form.value, policies={**form.value.policies, actor: name})),
                ).key(f"policy {actor}")  # fmt: skip
            solara.Select("contested signs", corners, now.corner, on_value=lambda name: put(corner=name), dense=True, classes=["mar-wide"])
            Typed(
                "further overrides", now.further, lambda text: put(further=text),
                classes=["mar-wide", "mar-further"], placeholder="parameters.violence.branching=0.4",
            )  # fmt: skip
        with solara.Row(gap="8px"):
            solara.Button("Start", color="primary", on_click=start, classes=["mar-start"])
            if now != shown:
                solara.Button("As on the screen", on_click=lambda: form.set(shown), text=True)
        with desk.lock:
            lost = given_up(desk, "Start")
        if lost:
            solara.Text(lost, classes=["mar-warning", "mar-given-up"])
        solara.Text(note(desk, now, shown), classes=["mar-help"])


def note(desk: Desk, now: Form, shown: Form) -> str:
    """Say what Start does with these fields."""
    if desk.choices.folder is not None:
        return "A finished run is on the screen. Start builds a new model without the run's parameters; to go on with them, save it under Files."
    if desk.choices.config_name != "config":
        kept = "kept" if now.scenario == shown.scenario else "left out, since the scenario is another one"
        return f"The other values of {desk.choices.config_name}.yaml are {kept}."
    if now == shown:
        return "This is what the model on the screen was built with. Start builds it anew, on the evening before the first day."
    return "Start builds a new model from these fields, on the evening before the first day."
