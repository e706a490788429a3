"""The static replay: one HTML file that shows a course day by day, with no server and no network.

The file holds the world, every evening so far in a compact form, the events in words and the charts' numbers,
and draws them with the scripts of the page. Its evenings are played once more on a course of its own, so that
exporting does not touch the course on the screen.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

from experiments.app import charts
from experiments.app.course import Course
from experiments.app.frame import FrameData, WorldData, frame, world
from experiments.app.story import told
from experiments.files import whole_file, writing
from experiments.manifest import version
from sim import Scenario
from sim.fingerprint import config_hash
from sim.interventions import Intervention
from sim.settings import to_tree
from sim.today import Event

WEB = Path(__file__).parent / "web"
#: Largest trips that are kept of a day: as many as the map draws.
MOST_TRIPS = 15
#: How fine numbers are kept: so many steps to one, as frames round them.
_STEPS: Mapping[str, int] = MappingProxyType({"displaced": 1, "killed": 100, "attacks": 1, "open": 1000, "queue": 1, "tolerance": 1000})

Progress = Callable[[int, int], None]
Packed = int | list[int]
Number = float | None


class Cancelled(Exception):
    """The export was given up; nothing was written."""


@dataclass(frozen=True)
class Stamp:
    """What a replay is of, in words for its head."""

    title: str
    scenario: str
    seed: int
    replicate: int
    policies: dict[str, str]  #: by actor, at the start
    interventions: list[str]  #: up to the last evening
    hash: str  #: of the scenario's config with all interventions, those to come too
    version: str
    made: str


@dataclass(frozen=True)
class Replay:
    """All that goes into the file.

    ``frames`` are the evenings from the one before the first day on; ``rows`` the charts' values, a row a day.
    """

    stamp: Stamp
    world: WorldData
    frames: list[FrameData]
    events: list[Event]
    spec: charts.SpecData
    rows: list[list[float]]
    marks: list[charts.MarkData]


@dataclass(frozen=True)
class Played:
    """What a replay is made from, read off a course that may go on meanwhile."""

    scenario: Scenario
    days: int  #: days done
    interventions: tuple[Intervention, ...]


def played(course: Course) -> Played:
    """Read off a course what a replay of it is made from."""
    return Played(course.scenario, course.day, tuple(course.interventions))


def export_replay(
    course: Course | Played, path: Path, *, progress: Progress | None = None, cancelled: Callable[[], bool] | None = None,
) -> Path:
    """Write the replay of a course up to the evening shown, and return the file's path.

    Parameters
    ----------
    course
        What is on the screen, or what was read off it; it is only read.
    path
        The file; one that is there is replaced when the new one is complete.
    progress
        Called with the days done and the days in all.
    cancelled
        Asked once a day whether to give up.

    Raises
    ------
    Cancelled
        When ``cancelled`` said so; nothing is written then.
    InputError
        When the file cannot be written.
    """
    write_replay(gather(course, progress=progress, cancelled=cancelled), path)
    return path


def gather(course: Course | Played, *, progress: Progress | None = None, cancelled: Callable[[], bool] | None = None) -> Replay:
    """Play the days so far once more on a course of their own, and keep what the map and the charts show."""
    given = course if isinstance(course, Played) else played(course)
    last, twin = given.days, _twin(given)
    frames = [_kept(frame(twin))]
    for day in range(last):
        if cancelled is not None and cancelled():
            raise Cancelled
        twin.step()
        frames.append(_kept(frame(twin)))
        if progress is not None:
            progress(day + 1, last)
    return Replay(
        stamp=_stamp(twin), world=world(twin), frames=frames, events=[replace(event, text=told(event, twin)) for event in twin.events()], spec=charts.spec(twin),
        rows=charts.rows(twin, 0, last), marks=charts.marks(twin),
    )


def _twin(given: Played) -> Course:
    """Return a course of the same scenario at its start, led as the one on the screen is, later changes included."""
    twin, wanted = Course(given.scenario), given.interventions
    for change in tuple(twin.interventions):
        if change not in wanted:
            twin.model.withdraw(change.date, change.actor)
    for change in wanted:
        if change not in twin.interventions:
            twin.model.intervene(change)
    return twin


def _kept(evening: FrameData) -> FrameData:
    """Return an evening with as many trips as the map draws."""
    evening["trips"] = evening["trips"][:MOST_TRIPS]
    return evening


def _stamp(course: Course) -> Stamp:
    scenario = course.scenario
    shown = [change for change in course.interventions if change.date <= course.date]  # those to come are not in the film
    config = replace(scenario.config, interventions=tuple(course.interventions))
    tree = to_tree(config)
    assert isinstance(tree, dict)
    return Stamp(
        title=config.scenario.title or config.scenario.name, scenario=config.scenario.name,
        seed=config.seed, replicate=config.replicate,
        policies={actor: policy.name for actor, policy in scenario.policies.items()},
        interventions=[_words(change.date, change.actor, change.policy, change.params) for change in shown],
        hash=config_hash(tree, scenario.tables.files)[:12], version=version(), made=str(dt.date.today()),
    )


def _words(date: dt.date, actor: str, policy: str, params: object) -> str:
    levels = params.get("levels") if isinstance(params, dict) else None
    named = ", ".join(f"{slot} {level:g}" for slot, level in levels.items()) if isinstance(levels, dict) else ""
    return f"{date} {actor}: {policy}" + (f" ({named})" if named else "")


# -- the compact form -------------------------------------------------------------------------------------


def pack(values: Sequence[Sequence[float]], steps: int = 1) -> list[Packed]:
    """Return one packed series an item from values by day and item: the first value, then differences.

    Parameters
    ----------
    values
        By day, then by item.
    steps
        Numbers are kept in steps of ``1 / steps``.

    Returns
    -------
    list
        For each item a list of integers; a single integer for an item that never changes.
    """
    found: list[Packed] = []
    for item in zip(*values, strict=True):
        whole = [round(value * steps) for value in item]
        rest = [after - before for before, after in pairwise(whole)]
        found.append([whole[0], *rest] if any(rest) else whole[0])
    return found


def _trips(frames: Sequence[FrameData], reasons: list[str]) -> list[list[int]]:
    """Return the trips of each evening in one list: origin, target, people, number of the reason, and so on."""
    number = {reason: n for n, reason in enumerate(reasons)}
    return [
        [part for origin, target, people, reason in evening["trips"] for part in (int(origin), int(target), int(people), number[str(reason)])]
        for evening in frames
    ]


def compact(replay: Replay) -> dict[str, object]:
    """Return all that goes into the file as plain data for JSON."""
    frames = replay.frames
    reasons = sorted({str(trip[3]) for evening in frames for trip in evening["trips"]})
    return {
        "stamp": asdict(replay.stamp), "world": replay.world, "days": len(frames) - 1,
        "steps": dict(_STEPS),
        "columns": {key: pack([evening[key] for evening in frames], steps) for key, steps in _STEPS.items()},  # type: ignore[literal-required]
        "fighters": [pack([evening["fighters"][g] for evening in frames]) for g in range(len(replay.world["groups"]))],
        "reasons": reasons, "trips": _trips(frames, reasons),
        "events": [[event.day, event.kind, event.actor, event.target, event.place, event.text] for event in replay.events],
        "charts": {"spec": replay.spec, "rows": [_finite(row) for row in replay.rows], "marks": replay.marks},
    }


def _finite(row: Sequence[float]) -> list[Number]:
    """Return numbers with nothing in place of those that JSON cannot say, whole numbers without a point."""
    return [None if value != value or value in (float("inf"), float("-inf")) else int(value) if value == int(value) else value for value in row]


# -- the file ---------------------------------------------------------------------------------------------


def page_text(replay: Replay) -> str:
    """Return the whole page as text."""
    data = json.dumps(compact(replay), separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    library = charts_library()
    parts = {
        "title": _escaped(f"{replay.stamp.title}: replay"),
        "theme": _read("theme.css"),
        "data": data.replace("<", "\\u003c"),
        "library": _script(library),
        "charts": _script(_read("charts.js")) if library else "",
        "map": _script(_read("map.js")),
        "replay": _script(_read("replay.js")),
    }
    pieces = _read("replay.html").split("@@")
    return "".join(piece if n % 2 == 0 else parts[piece] for n, piece in enumerate(pieces))


def write_replay(replay: Replay, path: Path) -> None:
    """Write the page whole or not at all.

    Raises
    ------
    InputError
        When the file cannot be written.
    """
    text = page_text(replay).encode()
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as file:
            file.write(text)


def charts_library() -> str:
    """Return the charts' library as the app's packages bring it; empty where they are not installed: no charts then."""
    places = Path(sys.prefix, "share", "solara", "cdn").glob("echarts@5.*/dist/echarts.min.js")
    return next((place.read_text(encoding="utf-8") for place in sorted(places)), "")


def _read(name: str) -> str:
    return (WEB / name).read_text(encoding="utf-8")


def _script(text: str) -> str:
    """Return a script that its element holds whole."""
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
