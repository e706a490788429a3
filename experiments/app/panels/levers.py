"""The levers: lead a government by hand, hand it back, and see what was changed when."""

from __future__ import annotations

import ipyvuetify
import solara
import traitlets

from experiments.app import levers
from experiments.app.course import Course
from experiments.app.glossary import policy_about
from experiments.app.panels.context import View
from experiments.app.panels.stage import compact
from sim.interventions import Intervention


class LeversWidget(ipyvuetify.VuetifyTemplate):
    """All levers of a government as one widget: forty sliders of their own would slow every day down."""

    template_file = (levers.__file__, "web/levers.vue")
    rows = traitlets.Unicode().tag(sync=True)
    enabled = traitlets.Bool(False).tag(sync=True)
    on_level = traitlets.Callable(None, allow_none=True)

    def vue_set(self, data: dict[str, float | str]) -> None:
        """Pass on a level that was set."""
        if self.on_level is not None:
            self.on_level(str(data["key"]), float(data["level"]))


@solara.component
def Levers(view: View) -> None:
    """Show who leads an actor, its levers, and the interventions."""
    desk, course = view.desk, view.desk.course
    known = levers.actors(course) if course is not None else ()
    wanted, set_wanted = solara.use_state("")
    picked, set_picked = solara.use_state(view.pick)
    if course is None:
        solara.Text("There is no model: choose a scenario under Setup.")
        return
    actor = wanted if wanted in known else known[0]
    if picked != view.pick:  # a government or group that is clicked on the map is meant here too
        set_picked(view.pick)
        if view.pick.name in known and view.pick.name != actor:
            set_wanted(view.pick.name)
            actor = view.pick.name
    solara.Select("government or group", list(known), actor, on_value=set_wanted, dense=True, classes=["mar-actor"])
    Hands(view, course, actor).key(f"hands {actor}")
    if actor in course.setting.cast.governments:
        with desk.lock:
            by_hand, rows = levers.charge(course, actor).by_hand, compact(parts(course, actor))
        LeversWidget.element(
            rows=rows, enabled=by_hand and not course.done,
            on_level=lambda key, level: desk.change(lambda now: levers.set_level(now, actor, key, level)),
        ).key(f"levers {actor}")
    Listed(view, course)


@solara.component
def Hands(view: View, course: Course, actor: str) -> None:
    """Say who leads an actor, and offer to change it."""
    desk = view.desk
    with desk.lock:
        charge = levers.charge(course, actor)
    own = charge.original
    government = actor in course.setting.cast.governments
    others = [name for name in levers.policies_for(course, actor) if name != charge.policy]
    other, set_other = solara.use_state("")
    chosen = other if other in others else ""

    def hand(policy: str) -> None:
        desk.change(lambda now: levers.hand_over(now, actor, policy))

    solara.Text(charge.text, classes=["mar-charge", "mar-charge-hand"] if charge.by_hand else ["mar-charge"])
    if not charge.by_hand:
        solara.Text(f"{charge.policy}: {policy_about(charge.policy, group=not government, where=f'policies.{actor}')}", classes=["mar-help", "mar-about"])
    with solara.Row(gap="6px", classes=["mar-hands"]):
        if government and not charge.by_hand:
            solara.Button(
                "Take over", color="primary", disabled=course.done,
                on_click=lambda: desk.change(lambda now: levers.take_over(now, actor)),
            )  # fmt: skip
        if charge.policy != own and own != levers.MANUAL:
            solara.Button(f"Hand back to {own}", on_click=lambda: hand(own), disabled=course.done)
        solara.Select("another policy", others, chosen or None, on_value=set_other, dense=True, disabled=course.done, classes=["mar-policy"])
        solara.Button("Hand over", on_click=lambda: hand(chosen), disabled=not chosen or course.done)
    if chosen:
        solara.Text(f"{chosen}: {policy_about(chosen, group=not government, where=f'policies.{actor}')}", classes=["mar-help", "mar-about"])
    if course.done:
        solara.Text("The scenario is over: go back a day to change anything.", classes=["mar-help"])
    elif government and not charge.by_hand:
        solara.Text("Take over to move the levers. What you set acts from the next day, without a reset.", classes=["mar-help"])


@solara.component
def Listed(view: View, course: Course) -> None:
    """List the interventions; those to come can be withdrawn."""
    with view.desk.lock:
        listed = levers.listed(course)
    with solara.Column(gap="2px", classes=["mar-listed"]):
        solara.Text("Interventions", classes=["mar-subtitle"])
        if not listed:
            solara.Text("None yet: everybody is led by the policy chosen under Setup.", classes=["mar-help"])
        for change, words, coming in reversed(listed):
            with solara.Row(gap="6px", classes=["mar-change"]).key(f"{change.date} {change.actor}"):
                solara.Text(f"{change.date}", classes=["mar-change-date"])
                solara.Text(words + (" (to come)" if coming else ""), classes=["mar-change-text"])
                if coming:
                    solara.Button("Withdraw", on_click=lambda change=change: withdraw(view, change), text=True, small=True)


def withdraw(view: View, change: Intervention) -> None:
    """Take out an intervention that is still to come."""
    view.desk.change(lambda course: course.model.withdraw(change.date, change.actor))


def parts(course: Course, government: str) -> list[dict[str, object]]:
    """Return the levers of a government for the widget, by heading."""
    found: dict[str, list[dict[str, object]]] = {group: [] for group in levers.GROUPS}
    rows = levers.rows(course, government)
    for row in rows:
        lever, _, target = row.key.partition("/")
        spread = {one.asked for one in rows if one.single and one.key.startswith(f"{lever}/")}
        found[row.group].append({
            "key": row.key, "label": row.label, "hint": row.hint, "single": row.single, "low": row.low,
            "asked": round(row.asked, 3), "granted": round(row.granted, 3), "pending": row.pending, "held": row.held,
            "short": row.short, "lever": lever, "all": target == levers.ALL, "mixed": target == levers.ALL and len(spread) > 1,
        })  # fmt: skip
    return [{"name": group, "rows": listed} for group, listed in found.items() if listed]
