"""The split screen: what stands on the right side, and the paired difference of both."""

from __future__ import annotations

import html
import threading
from typing import cast

import solara

from agents.policies import GOVERNMENT_POLICIES, GROUP_POLICIES, GovernmentPolicy, GroupPolicy, load_class
from experiments.app.course import Course
from experiments.app.desk import Desk
from experiments.app.paired import PairRow, Pairs, Plan, more_pairs, pair_rows, plan_pairs
from experiments.app.panels.context import View

#: How many more pairs can be run at once; what takes ten times as long is for marchland compare.
MORE = (9, 19, 49, 99)
_SAME = "as on the left"


@solara.component
def Split(view: View) -> None:
    """Choose the policies of the right side; the seed is the same."""
    desk, course = view.desk, view.desk.course
    if course is None:
        return
    actors = course.setting.cast
    solara.Text(
        "The same seed under two policies, side by side. Choose who decides differently on the right; both sides then step together.",
        classes=["mar-help"],
    )
    for actor in (*actors.governments, *actors.groups):
        registry = GOVERNMENT_POLICIES if actor in actors.governments else GROUP_POLICIES

        def choose(name: str, actor: str = actor) -> None:
            policies = {key: value for key, value in desk.other_policies.items() if key != actor}
            desk.choose_other(policies if name == _SAME else {**policies, actor: name})

        own = [name for name in course.scenario.trusted_classes if _suits(course, actor, name)]
        names = [_SAME, *sorted(name for name in registry if name != "manual"), *own]
        solara.Select(f"{actor} on the right", names, desk.other_policies.get(actor, _SAME), on_value=choose, dense=True)
    solara.Checkbox(label="with the interventions of the left side", value=desk.other_follows, on_value=desk.set_other_follows)
    if desk.other is not None and desk.other_policies != desk.built_policies:
        solara.Text("The right side on the screen was built with other policies: build it again.", classes=["mar-help"])
    with solara.Row(gap="6px"):
        if desk.other is None:
            solara.Button("Split the screen", on_click=lambda: desk.split(True), color="primary", disabled=desk.running)
        else:
            solara.Button("Build the right side again", on_click=lambda: desk.split(True), disabled=desk.running)
            solara.Button("One screen", on_click=lambda: desk.split(False), disabled=desk.running)


def half_name(desk: Desk, at: int) -> str:
    """Name a half of the split screen by who decides there."""
    if not at or desk.course is None or desk.other is None:
        return "left: as it is"
    names = ", ".join(f"{actor}: {policy}" for actor, policy in desk.built_policies.items())
    left, right = desk.course.interventions, desk.other.interventions
    change = "" if left == right else (", other interventions" if right else ", no interventions")
    return f"right: {names or 'the same policies'}{change}"


def _suits(course: Course, actor: str, name: str) -> bool:
    """Return whether a policy class given on the command line is one for this actor."""
    group = actor in course.setting.cast.groups
    return issubclass(load_class(name, f"policies.{actor}"), GroupPolicy if group else GovernmentPolicy)


@solara.component
def Difference(view: View) -> None:
    """Show the paired difference of the outcomes, and run more pairs."""
    desk = view.desk
    pairs, set_pairs = solara.use_state(cast(Pairs | None, None))
    done, set_done = solara.use_state(-1)
    more, set_more = solara.use_state(MORE[0])
    stop = solara.use_ref(threading.Event())
    # Nobody waits for pairs of courses that are gone, of another evening, or of a closed window.
    solara.use_effect(lambda: lambda: stop.current.set(), [desk.generation, desk.course.day if desk.course is not None else -1])
    left, right = desk.course, desk.other
    if left is None or right is None:
        return
    with desk.lock:
        rows = pair_rows(left, right) if left.day and left.day == right.day else []
        key = key_of(desk, left, right)

    def work(plan: Plan, stopped: threading.Event) -> None:
        def run() -> None:
            found = more_pairs(plan, more, stopped, lambda k, _: None if stopped.is_set() else set_done(k))
            if found is not None:
                set_pairs(found)

        desk.aside(run)
        set_done(-1)

    def start() -> None:
        stop.current = threading.Event()
        set_done(0)
        with desk.lock:
            plan = plan_pairs(left, right, key_of(desk, left, right))
        threading.Thread(target=work, args=(plan, stop.current), daemon=True).start()

    found = pairs if pairs is not None and pairs.key == key else None
    again = found is not None and found.number == more + 1  # they would come out the same
    solara.HTML(tag="div", unsafe_innerHTML=table(rows, found, left.day), classes=["mar-pairs"])
    with solara.Row(gap="6px"):
        if done >= 0:
            solara.ProgressLinear(value=100.0 * done / more)
            solara.Button(f"Cancel ({done} of {more} pairs)", on_click=lambda: stop.current.set())
        else:
            words = f"{more} more pairs to day {left.day}"
            solara.Button(f"Done: {words}" if again else f"Run {words}", on_click=start, disabled=again or desk.running or not left.day)
            solara.Select("more pairs", list(MORE), more, on_value=set_more, dense=True, classes=["mar-more"])


def key_of(desk: Desk, left: Course, right: Course) -> object:
    """Tell which courses further pairs are of, and up to which evening."""
    return (desk.generation, left.day, tuple(left.interventions), tuple(right.interventions))


def table(rows: list[PairRow], pairs: Pairs | None, day: int) -> str:
    """Return the differences as a table, with those over several pairs where there are some of this evening."""
    over = {row.outcome: row for row in pairs.rows} if pairs is not None else {}
    many = f"<th>mean of {pairs.number} pairs (95 %)</th>" if pairs is not None and over else ""
    lines = [f"<tr><th>by the evening of day {day}</th><th>left</th><th>right</th><th>right - left</th>{many}</tr>"]
    for row in rows:
        cells = [number(row.left, row.decimals), number(row.right, row.decimals), number(row.difference, row.decimals, sign=True)]
        found = over.get(row.outcome)
        if found is not None and found.mean is not None and found.low is not None and found.high is not None:
            parts = [number(value, row.decimals + 1, sign=True) for value in (found.mean, found.low, found.high)]
            cells.append(f"{parts[0]} ({parts[1]} to {parts[2]})")
        tail = "".join(f"<td>{cell}</td>" for cell in cells)
        lines.append(f'<tr data-outcome="{row.outcome}"><td>{html.escape(row.label)}</td>{tail}</tr>')
    note = (
        "The difference of one pair is one draw. Run more pairs before you say what a policy does."
        if not over else "Mean over pairs with the same luck on both sides; an interval that holds 0 shows no direction."
    )  # fmt: skip
    return f"<table>{''.join(lines)}</table><p>{note}</p>"


def number(value: float, decimals: int, *, sign: bool = False) -> str:
    """Return a number for reading; no sign before a zero."""
    value = round(value, decimals) + 0.0
    sign = sign and value != 0.0
    return f"{value:{'+' if sign else ''},.{decimals}f}"
