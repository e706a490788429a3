"""The desk: what lies before one browser window. No browser is needed to use it.

A desk has a scenario with its choices, a course (and a second one when the screen is split), and says in
words what went wrong. Every window has a desk of its own, so that windows never share a model.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from agents.errors import InputError
from experiments.app.chosen import Chosen
from experiments.app.course import Course, StepError
from experiments.app.openrun import Recorded, open_run
from experiments.app.until import Until, met
from sim import Scenario
from sim.compose import compose

if TYPE_CHECKING:
    from experiments.app.story import Wanted


@dataclass(frozen=True)
class Choices:
    """What a model is built from: overrides as on the command line, and where config files are looked for.

    ``policies`` overrides the policy of an actor by name; ``seed`` the luck. ``folder`` is a finished run to play
    again; besides it only ``policies`` count.
    """

    overrides: tuple[str, ...] = ()
    config_dir: Path | None = None
    config_name: str = "config"
    scenario: str = ""
    seed: int | None = None
    policies: dict[str, str] = field(default_factory=dict)
    folder: Path | None = None

    def words(self) -> list[str]:
        """Return the overrides that these choices amount to."""
        words = list(self.overrides)
        if self.scenario:
            words = [word for word in words if word.split("=")[0] not in ("scenario", "scenario.path")]
            words.append(f"scenario={self.scenario}")
        if self.seed is not None:
            words = [word for word in words if not word.startswith("seed=")] + [f"seed={self.seed}"]
        for actor, policy in self.policies.items():
            words = [word for word in words if not word.startswith(f"policy@policies.{actor}=")]
            words.append(f"policy@policies.{actor}={policy}")
        return words

    def load(self) -> Scenario:
        """Compose and check.

        Raises
        ------
        InputError
            In one line: what is wrong and what would be right.
        """
        if self.folder is not None:
            return open_run(self.folder, self.policies)
        composed = compose(self.words(), config_dir=self.config_dir, config_name=self.config_name, trusted=True)
        return Scenario.from_config(composed.config, composed.folder, composed.trusted_classes)


def choices_of(chosen: Chosen) -> Choices:
    """Return what the command line chose."""
    if chosen.folder:
        return Choices(folder=Path(chosen.folder))
    return Choices(chosen.overrides, Path(chosen.config_dir) if chosen.config_dir else None, chosen.config_name)


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
        self.note = ""  #: why the course stopped, what was saved ...
        self.wanted: Wanted | None = None  #: what the event log was asked for
        self.speed = 20.0  #: days a second at most while running
        self.course: Course | None = None
        self.recorded: Recorded | None = None  #: the finished run that is played again, if one is
        self.other: Course | None = None  #: the right half of a split screen
        self.other_policies: dict[str, str] = {}
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
        self.note = ""
        if not same:
            self.other_policies = {}

    def reset(self) -> bool:
        """Go back to the first evening, with nobody having intervened since the model was built."""
        return self.start(self.choices)

    def split(self, on: bool) -> bool:
        """Show a second course with the policies chosen for it and the same seed beside the first, or take it away."""
        self.halt()

        def act() -> None:
            self.other = None
            if on and self.course is not None:
                self.other = self._beside(self.choices)
                if self.other_follows:
                    self.other.follow(self.course)
                self.other.go_to(self.course.day)

        return self._guarded(act)

    def _beside(self, choices: Choices) -> Course:
        return Course(replace(choices, policies={**choices.policies, **self.other_policies}).load())

    def choose_other(self, policies: dict[str, str]) -> None:
        """Choose the policies of the right side, by actor; they take effect when it is built."""
        self.other_policies = dict(policies)
        self.changed()

    def set_other_follows(self, follows: bool) -> None:
        """Choose whether interventions on the left happen on the right as well, from now on those to come too."""
        self.other_follows = follows
        self.change(lambda course: None)

    def side_name(self, at: int) -> str:
        """Name a half of the split screen by who decides there."""
        names = ", ".join(f"{actor}: {policy}" for actor, policy in self.other_policies.items())
        if not at:
            return "left: as it is"
        return f"right: {names or 'the same policies'}" + ("" if self.other_follows else ", no interventions")

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
        def act() -> None:
            for _ in range(days):
                for course in self.courses:
                    course.step()

        return self._guarded(act)

    def go_to(self, day: int) -> bool:
        """Go to a day on both halves, back or forth."""
        self.halt()
        self.note = ""

        def act() -> None:
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
        self.note = ""
        self._runner = threading.Thread(target=self._run, args=(until or Until(), self._stop), daemon=True)
        self._runner.start()
        self.changed()

    def _run(self, until: Until, stop: threading.Event) -> None:
        due = time.perf_counter()
        while not stop.is_set():
            # The browser says when a day is on the screen: a slow one is never flooded.
            if not self._shown.wait(1.0) and stop.is_set():
                break
            self._shown.clear()
            fine = self._play(1)
            note = met(self.course, until) if fine and self.course else ""
            if not fine or note:
                self.note = f"Stopped: {note}" if note else ""
                stop.set()
            due = max(due + 1.0 / self.speed, time.perf_counter())
            stop.wait(max(due - time.perf_counter(), 0.0))
        self.changed()

    def shown(self) -> None:
        """The browser has drawn the latest day."""
        self._shown.set()

    def pause(self) -> None:
        """Stop running; the day that is being played is finished."""
        self.halt()
        self.changed()

    def halt(self) -> None:
        """Stop running without showing anything yet."""
        self._stop.set()
        runner = self._runner
        if runner is not None and runner is not threading.current_thread():
            runner.join(5.0)
            self._runner = None  # a thread holds on to the window that it was started in

    def close(self) -> None:
        """The window is gone: stop and free the models."""
        self.closed = True
        self.changed = lambda: None
        self.pause()
        self.course = self.other = None

    # -- faults ---------------------------------------------------------------------------------------

    def _guarded(self, act: Callable[[], object]) -> bool:
        """Do something; what goes wrong becomes words on the page."""
        with self.lock:
            try:
                act()
                self.error = ""
            except (InputError, StepError) as error:
                self.error = str(error)
            except Exception as error:  # shown on the page, and in full where the command was started
                self.error = f"{type(error).__name__}: {error}"
                traceback.print_exc()
            fine = not self.error
        self.changed()
        return fine

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
        self.error = error
        self.changed()

    def dismiss(self) -> None:
        """Take the error off the page."""
        self.say("")

    def set_speed(self, speed: float) -> None:
        """Set the days a second at most while running."""
        self.speed = speed
        self.changed()
