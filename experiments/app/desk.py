"""The desk: what lies before one browser window. No browser is needed to use it.

A desk has a scenario with its choices, a course (and a second one when the screen is split), and says in
words what went wrong. Every window has a desk of its own, so that windows never share a model.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from agents.errors import InputError
from experiments.app.choices import Choices, choices_of
from experiments.app.course import Course, StepError
from experiments.app.openrun import Recorded
from experiments.app.until import Until, met

if TYPE_CHECKING:
    from experiments.app.story import Wanted
    from sim.interventions import Intervention

__all__ = ["Choices", "Desk", "choices_of"]

#: Windows that run by themselves take turns, so that a click in another one is soon answered.
_TURN = threading.Lock()


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
        self.saved: Sequence[Intervention] = ()  #: what had been done by hand when a config file was last saved
        self.other_follows = False  #: whether interventions on the left happen on the right as well
        self.lock = threading.RLock()  #: guards the courses: a running one is stepped in a thread of its own
        self._stop = threading.Event()
        self._runner: threading.Thread | None = None
        self._shown = threading.Event()
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
        self.other = other
        self.generation += 1
        self.note, self.saved = "", ()
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
                other.go_to(self.course.day)
            self.other = other
            self.generation += 1

        return self._guarded(act)

    def _beside(self, choices: Choices) -> Course:
        course = Course(replace(choices, policies={**choices.policies, **self.other_policies}).load())
        self.built_policies = dict(self.other_policies)
        return course

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
        self.note = ""
        return self._play(days)

    def _play(self, days: int) -> bool:
        return self._guarded(lambda: self._advance(days))

    def _advance(self, days: int) -> None:
        """Play days on both halves; where one cannot go on, both stay on the evening before."""
        for _ in range(days):
            before = [course.day for course in self.courses]
            try:
                for course in self.courses:
                    course.step()
            except StepError:
                for course, day in zip(self.courses, before, strict=True):
                    course.go_to(day)
                raise

    def go_to(self, day: int) -> bool:
        """Go to a day on both halves, back or forth."""
        self.halt()
        self.note = ""

        def act() -> None:
            shown = self.course.day if self.course is not None else 0
            if day > shown:
                self._advance(day - shown)
            else:
                for course in self.courses:
                    course.go_to(day)

        return self._guarded(act)

    def back(self, days: int = 1) -> bool:
        """Go back some days."""
        return self.go_to(max((self.course.day if self.course else 0) - days, 0))

    @property
    def running(self) -> bool:
        """Whether the course runs by itself."""
        return self._runner is not None and self._runner.is_alive() and not self._stop.is_set()

    def run(self, until: Until | None = None) -> None:
        """Run by itself until a condition is met, the end, an error, or :meth:`pause`."""
        if self.running or self.closed:
            return
        self._stop = threading.Event()
        self._shown.set()
        self.note = self.error = ""
        self._runner = threading.Thread(target=self._run, args=(until or Until(), self._stop), daemon=True)
        self._runner.start()
        self.changed()

    def _run(self, until: Until, stop: threading.Event) -> None:
        due = time.perf_counter()
        while not stop.is_set():
            self._shown.wait(1.0)  # the browser says when a day is on the screen: a slow one is never flooded
            with _TURN:
                with self.lock:
                    if stop.is_set():  # asked inside: whoever stopped it has the courses to himself
                        break
                    self._shown.clear()
                    if not self._attempt(lambda: self._day_of(until, stop), clear=False):
                        stop.set()
                self.changed()
            due = max(due + 1.0 / self.speed, time.perf_counter())
            stop.wait(max(due - time.perf_counter(), 0.0))

    def _day_of(self, until: Until, stop: threading.Event) -> None:
        """Play a day of a running course, and stop where the condition is met."""
        self._advance(1)
        note = met(self.course, until) if self.course is not None else ""
        if note:
            self.note = f"Stopped: {note}"
            stop.set()

    def shown(self) -> None:
        """The browser has drawn the latest day."""
        self._shown.set()

    def pause(self) -> None:
        """Stop running; the day that is being played is finished."""
        self.halt()
        self.changed()

    def halt(self) -> None:
        """Stop running without showing anything yet; no day begins any more."""
        self._stop.set()

    def close(self) -> None:
        """The window is gone: stop and free the models."""
        self.closed = True
        self.changed = lambda: None
        self.halt()
        if self.export is not None:
            self.export.cancel()
        with self.lock:
            self.course = self.other = self.export = self._runner = None

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
                self.error, self.note, self.failed = str(error), "", True
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
