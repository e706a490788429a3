"""The desk: what lies before one browser window. No browser is needed to use it.

A desk has a scenario with its choices, a course (and a second one when the screen is split), and says in
words what went wrong. Every window has a desk of its own, so that windows never share a model.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from agents.errors import InputError
from experiments.app.choices import Choices, choices_of
from experiments.app.course import Course, StepError
from experiments.app.openrun import Recorded
from experiments.app.running import Running
from experiments.app.until import Until, met

if TYPE_CHECKING:
    from experiments.app.story import Wanted
    from sim.interventions import Intervention

__all__ = ["Choices", "Desk", "choices_of"]


class Work(Protocol):
    """Something that goes on beside the course and can be given up, such as the export of a replay."""

    def cancel(self) -> None:
        """Give it up."""


class Desk:
    """What lies before one window.

    Parameters
    ----------
    choices
        What the first model is built from.
    changed
        Called whenever something is to be shown again, from whatever thread.
    """

    def __init__(self, choices: Choices, changed: Callable[[], None] = lambda: None) -> None:
        self.choices = choices
        self.changed = changed
        self.error = ""  #: what went wrong, in words; empty when nothing did
        self.failed = False  #: whether the model could not go on, rather than a word being wrong
        self.note = ""  #: why the course stopped, what was saved ...
        self.wanted: Wanted | None = None  #: what the event log was asked for
        self.speed = 1000.0  #: days a second at most while running
        self.export: Work | None = None  #: an export of a replay that goes on
        self.course: Course | None = None
        self.recorded: Recorded | None = None  #: the finished run that is played again, if one is
        self.other: Course | None = None  #: the right half of a split screen
        self.other_policies: dict[str, str] = {}  #: wished for; the right side is built with them
        self.built_policies: dict[str, str] = {}  #: what the right side was built with
        self.generation = 0  #: counts the courses that were built: what belongs to former ones is out of date
        self.built = 0  #: counts the first courses alone: what is split beside one changes nothing about it
        self.saved: Sequence[Intervention] | None = None  #: all interventions when a config file of the course was last saved
        self.other_follows = False  #: whether interventions on the left happen on the right as well
        self.lock = threading.RLock()  #: guards the courses: a running one is stepped in a thread of its own
        self._running = Running(self.lock, lambda: self.speed, lambda: self.changed())
        self.closed = False
        self.start(choices)

    # -- a model --------------------------------------------------------------------------------------

    def start(self, choices: Choices) -> bool:
        """Build a model from choices; on an error the old one stays. Returns whether it was built."""
        self.halt()
        return self._guarded(lambda: self._start(choices))

    def _start(self, choices: Choices) -> None:
        scenario = choices.load()
        if not scenario.setting.cast.governments:
            raise InputError(
                f"scenario {scenario.config.scenario.name!r} has no governments; the app shows scenarios with governments "
                "(use marchland run and marchland validate for conflict folders)"
            )
        same = self.course is not None and self.course.scenario.config.scenario.name == scenario.config.scenario.name
        other = self._beside(choices) if self.other is not None and same else None
        self.recorded = Recorded(choices.folder) if choices.folder is not None else None
        self.choices = choices
        self.course = Course(scenario)
        self._put_beside(other)
        self.generation, self.built = self.generation + 1, self.built + 1
        self.note, self.saved = "", None
        if not same:
            self.other_policies = {}

    def reset(self) -> bool:
        """Go back to the first evening, with nobody having intervened since the model was built."""
        return self.start(self.choices)

    def split(self, on: bool) -> bool:
        """Show a second course with the policies chosen for it and the same seed beside the first, or take it away."""
        self.halt()

        def act() -> None:
            other = None
            if on and self.course is not None:
                other = self._beside(self.choices)
                if self.other_follows:
                    other.follow(self.course)
                self._sided(other, partial(other.go_to, self.course.day))
            self._put_beside(other)
            self.generation += 1

        return self._guarded(act)

    def _beside(self, choices: Choices) -> Course:
        return Course(replace(choices, policies={**choices.policies, **self.other_policies}).load())

    def _put_beside(self, other: Course | None) -> None:
        self.other, self.built_policies = other, dict(self.other_policies)

    def choose_other(self, policies: dict[str, str]) -> None:
        """Choose the policies of the right side, by actor; they take effect when it is built."""
        self.other_policies = dict(policies)
        self.changed()

    def set_other_follows(self, follows: bool) -> None:
        """Choose whether interventions on the left happen on the right as well, from now on those to come too."""
        self.other_follows = follows
        self.change(lambda course: None)

    @property
    def courses(self) -> Sequence[Course]:
        """The courses on the screen."""
        return [course for course in (self.course, self.other) if course is not None]

    # -- forth and back -------------------------------------------------------------------------------

    def step(self, days: int = 1) -> bool:
        """Play some days on both halves."""

        def act() -> None:
            self.note = ""
            self._advance(days)
            if self.course is not None and self.course.done:
                self.note = "That was the last day of the scenario: go back, or reset"

        return self._guarded(act)

    def _advance(self, days: int) -> None:
        """Play days on both halves; where one cannot go on, both stay on the evening before."""
        for _ in range(days):
            before = [course.day for course in self.courses]
            try:
                for course in self.courses:
                    self._sided(course, course.step)
            except StepError:
                for course, day in zip(self.courses, before, strict=True):
                    course.go_to(day)
                raise

    def _sided(self, course: Course, act: Callable[[], None]) -> None:
        """Do something with a course, and say of what fails on which half it does."""
        try:
            act()
        except StepError as error:
            error.beside = course is not self.course
            raise

    def go_to(self, day: int) -> bool:
        """Go to a day on both halves, back or forth."""
        self.halt()

        def act() -> None:
            self.note = ""
            shown = self.course.day if self.course is not None else 0
            if day > shown:
                self._advance(day - shown)
            else:
                for course in self.courses:
                    self._sided(course, partial(course.go_to, day))

        return self._guarded(act)

    def back(self, days: int = 1) -> bool:
        """Go back some days."""
        return self.go_to(max((self.course.day if self.course else 0) - days, 0))

    @property
    def running(self) -> bool:
        """Whether the course runs by itself."""
        return self._running.on

    def run(self, until: Until | None = None) -> None:
        """Run by itself until a condition is met, the end, an error, or :meth:`pause`."""
        if self.running or self.closed:
            return
        wanted = until or Until()
        self.note = self.error = ""
        self._running.start(lambda: self._goes_on(wanted))
        self.changed()

    def _goes_on(self, until: Until) -> bool:
        """Play a day of a running course; return whether another one is wanted."""
        found: list[str] = []

        def act() -> None:
            self._advance(1)
            found.append(met(self.course, until) if self.course is not None else "")

        if self.closed or not self._attempt(act, clear=False):
            return False
        if found[0]:
            self.note = f"Stopped: {found[0]}"
        return not found[0]

    def shown(self) -> None:
        """The browser has drawn the latest day."""
        self._running.shown()

    def pause(self) -> None:
        """Stop running; the day that is being played is finished."""
        self.halt()
        self.changed()

    def halt(self) -> None:
        """Stop running without showing anything yet; no day begins any more."""
        self._running.halt()

    def close(self) -> None:
        """The window is gone: stop and free the models."""
        self.closed = True
        self.changed = lambda: None
        self.halt()
        if self.export is not None:
            self.export.cancel()
        with self.lock:
            self.course = self.other = self.export = None

    # -- faults ---------------------------------------------------------------------------------------

    def _attempt(self, act: Callable[[], object], *, clear: bool) -> bool:
        """Do something; what goes wrong becomes words. Returns whether it went well.

        Parameters
        ----------
        clear
            Whether a former error is over when it does.
        """
        with self.lock:
            try:
                act()
            except InputError as error:
                self.error, self.note, self.failed = str(error), "", False
            except StepError as error:
                # The left half can go on without the right one: nothing there needs a reset.
                self.error, self.note, self.failed = f"{'right half (One screen takes it away): ' if error.beside else ''}{error}", "", not error.beside
                traceback.print_exception(error.cause)  # for those who write policies
            except Exception as error:  # shown on the page, and in full where the command was started
                self.error, self.note, self.failed = f"{type(error).__name__}: {error}", "", True
                traceback.print_exc()
            else:
                if clear:
                    self.error = ""
                return True
        return False

    def _guarded(self, act: Callable[[], object]) -> bool:
        """Do something and show it."""
        fine = self._attempt(act, clear=True)
        self.changed()
        return fine

    def guard(self, act: Callable[[], object]) -> bool:
        """Do what a click asks for; whatever goes wrong is shown in the page's box instead of a broken page."""
        return self._guarded(act)

    def aside(self, act: Callable[[], object]) -> None:
        """Do something in a thread of its own that needs no course; what goes wrong is shown."""
        try:
            act()
        except Exception as error:
            traceback.print_exc()
            self.say(f"{type(error).__name__}: {error}")

    def ask(self, act: Callable[[], object]) -> None:
        """Do what a click asks for, without the lock, where the act itself shows what it did; show what was typed in wrong."""
        try:
            act()
        except InputError as error:
            self.say(str(error))

    def change(self, act: Callable[[Course], object]) -> bool:
        """Do something with the first course that the screen should show afterwards, such as taking over a government.

        Where the right side follows, interventions to come there become those of the left side.
        """

        def both() -> None:
            if self.course is not None:
                act(self.course)
                if self.other is not None and self.other_follows:
                    self.other.follow(self.course)

        return self._guarded(both)

    def say(self, error: str) -> None:
        """Show what is wrong with something that was typed in."""
        self.error, self.note, self.failed = error, "", False
        self.changed()

    def dismiss(self) -> None:
        """Take the error off the page."""
        self.say("")

    def set_speed(self, speed: float) -> None:
        """Set the days a second at most while running."""
        self.speed = speed
        self.changed()
