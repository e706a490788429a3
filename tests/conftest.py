"""Helpers of the behavioural tests: a bench to call one mechanism on, and short runs with levers pinned."""

from __future__ import annotations

import dataclasses
import functools
import re
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from browser import ROOT, app_server  # noqa: F401  # a fixture: servers of the app, shared by all test modules

from agents.decisions import Announcement, GovernmentDecision
from agents.levers import BY_NAME, Slot
from agents.policies import GovernmentPolicy, Memory, NoParameters
from agents.situations import GovernmentSituation
from agents.vocabulary import REASONS, Reason, Status
from sim import Scenario, measures
from sim.model import MarchlandModel
from sim.schedule import DAY
from sim.setting import Setting
from sim.start import first_state
from sim.state import State
from sim.streams import Streams
from sim.today import Today, new_day

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
    # Started in the background of a shell: tests of Ctrl-C, and what they start, heed it all the same.
    signal.signal(signal.SIGINT, signal.default_int_handler)



@functools.cache
def scope_of(nodeid: str) -> str:
    """Which tests go to a worker together: those of all modules that start a browser; any other test goes by itself."""
    file = ROOT / nodeid.partition("::")[0]
    return "browser" if file.is_file() and _starts_a_browser(file) else nodeid


@functools.cache
def _starts_a_browser(file: Path) -> bool:
    return re.search(r"^from browser import .*?\bchromium\b", file.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL) is not None


@pytest.hookimpl(optionalhook=True)  # where pytest-xdist is not installed, nobody asks
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Let one worker have all tests of the page: it starts each server once, and browsers do not get into each other's way.

    ``--dist loadgroup`` is meant for this, but with pytest 9.2 the marks of pytest-xdist 3.8 no longer reach the scheduler.
    """
    from xdist.scheduler.loadscope import LoadScopeScheduling

    class ByBrowser(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return scope_of(nodeid)

    return ByBrowser(config, log)


QUIET = ("policy@policies.north=status_quo", "policy@policies.south=status_quo")


@functools.cache
def scenario(name: str, *overrides: str) -> Scenario:
    """A scenario, read once for all tests; a scenario is never changed by its runs."""
    return Scenario.load(name, seed=1, overrides=list(overrides))


def slot(text: str) -> Slot:
    lever, _, target = text.partition("/")
    return Slot(lever, target)


@dataclass
class Bench:
    """One fresh state of a scenario to call single mechanisms on."""

    setting: Setting
    state: State
    streams: Streams = field(default_factory=lambda: Streams(1))

    def today(self, day: int = 0) -> Today:
        cast, world = self.setting.cast, self.setting.world
        today = new_day(
            day, len(cast.governments), len(cast.groups), world.n_places, self.setting.populations.n_rows,
            world.n_crossings, len(world.countries),
        )
        today.by_country = measures.people_by_country(self.state, self.setting)
        return today

    def gov(self, name: str) -> int:
        return self.setting.cast.governments.index(name)

    def group(self, name: str) -> int:
        return self.setting.cast.groups.index(name)

    def country(self, name: str) -> int:
        return self.setting.world.countries.index(name)

    def place(self, name: str) -> int:
        return self.setting.world.places.index(name)

    def pull(self, government: str, text: str, level: float) -> None:
        """Put a lever into force, whatever it costs."""
        column = self.setting.cast.columns[(slot(text).lever, slot(text).target)]
        self.state.granted[self.gov(government), column] = level
        self.state.asked[self.gov(government), column] = level

    def level(self, government: str, text: str) -> float:
        return self.setting.cast.level(self.state, self.gov(government), slot(text).lever, slot(text).target)

    def rows(self, nationality: str, status: Status) -> slice:
        return self.setting.populations.block(self.country(nationality), status).rows

    def gate(self, crossing: str, into: str) -> int:
        gates, world = self.setting.gates, self.setting.world
        fits = (gates.crossing == world.crossings.index(crossing)) & (gates.destination == self.country(into))
        return int(np.flatnonzero(fits)[0])

    def with_parameters(self, section: str, **values: float) -> Bench:
        """The same state under other numbers, with no range check: extremes are wanted."""
        parameters = self.setting.config.parameters
        changed = dataclasses.replace(getattr(parameters, section), **values)
        config = dataclasses.replace(self.setting.config, parameters=dataclasses.replace(parameters, **{section: changed}))
        return Bench(dataclasses.replace(self.setting, config=config), self.state.copy(), self.streams)


def bench(name: str = "two_states", *overrides: str) -> Bench:
    setting = scenario(name, *overrides).setting
    return Bench(setting, first_state(setting))


def reason(name: Reason) -> int:
    return REASONS.index(name)


class Pinned(GovernmentPolicy[NoParameters]):
    """Keep the baseline, hold some levers at fixed levels, and announce deadlines on their days."""

    name = "pinned"
    theory = "for tests"
    looks_at = ("baseline",)
    parameters = NoParameters

    def __init__(self, levels: Mapping[str, float], notes: tuple[Announcement, ...] = ()) -> None:
        super().__init__(NoParameters())
        self.levels = {slot(text): level for text, level in levels.items()}
        self.notes = notes

    def decide(
        self, situation: GovernmentSituation, memory: Memory, rng: np.random.Generator
    ) -> tuple[GovernmentDecision, Memory]:
        window = range(situation.day, situation.day + situation.window)
        notes = tuple(note for note in self.notes if note.day in window)
        levels = {**situation.baseline, **self.levels}
        return GovernmentDecision(levels=levels, announcements=notes, reasons=("pinned",)), memory


class Everything(GovernmentPolicy[NoParameters]):
    """Pull every lever by turns, so that no mechanism sleeps, and hold one at zero."""

    name = "everything"
    theory = "for tests"
    looks_at = ("levels",)
    parameters = NoParameters

    def __init__(self, slots: tuple[Slot, ...], zero: str) -> None:
        super().__init__(NoParameters())
        self.slots = slots
        self.zero = zero

    def decide(
        self, situation: GovernmentSituation, memory: Memory, rng: np.random.Generator
    ) -> tuple[GovernmentDecision, Memory]:
        week = situation.day // situation.window
        levels: dict[Slot, float] = {}
        for k, item in enumerate(self.slots):
            wave = ((week + 3 * k) % 7) / 6.0
            if item.lever == self.zero:
                wave = 0.0
            levels[item] = -wave if BY_NAME[item.lever].low < 0.0 and week % 2 else wave
        notes: tuple[Announcement, ...] = ()
        if week == 1:
            notes = (Announcement(("undocumented",), situation.day, situation.day + 21, 1.0),)
        return GovernmentDecision(levels=levels, announcements=notes, reasons=("everything",)), memory


def model_with(
    name: str, policies: Mapping[str, GovernmentPolicy[NoParameters]], *overrides: str, seed: int = 1
) -> MarchlandModel:
    """A model of a scenario with some policies replaced before the first day."""
    built = scenario(name, *overrides).build(seed=seed)
    for actor, policy in policies.items():
        built.replace_policy(actor, policy)
    return built


def play(
    pinned: Mapping[str, Mapping[str, float]],
    days: int,
    *overrides: str,
    notes: Mapping[str, tuple[Announcement, ...]] | None = None,
    seed: int = 1,
) -> MarchlandModel:
    """Two states for some days, governments at their baseline apart from the levers pinned here."""
    given = notes or {}
    policies = {name: Pinned(pinned.get(name, {}), given.get(name, ())) for name in ("north", "south")}
    return model_with("two_states", policies, *overrides, seed=seed).run_for(days)


def assert_sound(model: MarchlandModel) -> None:
    """Counts are conserved and every quantity is in its range."""
    model.check_counts()
    state = model.state
    for name in ("people", "inland", "toward", "queue", "fighters"):
        assert (getattr(state, name) >= 0).all(), name
    for account in ("dead", "recruited", "naturalised"):
        column = ("dead", "recruited", "naturalised", "outside").index(account)
        assert (state.accounts[column] >= 0).all(), account
    unit = ("legitimacy", "tension", "standing", "direct_trade", "transit_trade", "diversion", "talks", "fear", "credibility")
    for name in unit:
        values = getattr(state, name)
        assert np.isfinite(values).all() and (values >= 0.0).all() and (values <= 1.0 + 1e-12).all(), name
    assert np.isfinite(state.hostility).all() and (np.abs(state.hostility) < 40.0).all()
    assert np.isfinite(state.economy).all() and (state.economy >= 0.0).all() and (state.economy <= 2.0).all()
    daily = model.record.daily
    assert np.isfinite(daily["value"]).all()
    stability = daily[daily["variable"].astype(str).str.startswith("stability")]["value"]
    assert ((stability >= 0.0) & (stability <= 1.0)).all()
    is_open = daily[daily["variable"] == "open"]["value"]
    assert ((is_open >= 0.0) & (is_open <= 1.0)).all()


def same_tables(one: MarchlandModel, two: MarchlandModel) -> None:
    """Every result table of two runs agrees to the last bit."""
    for table in ("daily", "places", "events"):
        a, b = getattr(one.record, table), getattr(two.record, table)
        pd.testing.assert_frame_equal(_plain(a), _plain(b), check_exact=True, obj=table)


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    return table.astype({name: "str" for name in table.columns if isinstance(table[name].dtype, pd.CategoricalDtype)})


def run_stages(model: MarchlandModel, *names: str) -> Today:
    """Run some stages of a day, in the day's order, and move the clock; the others sleep."""
    today = model.begin_day()
    for stage in DAY:
        if stage.name in names:
            stage.run(model, today)
    model.state.day += 1
    return today


def walking(name: str = "two_states", *overrides: str) -> tuple[MarchlandModel, Bench]:
    """A model in which only people decide, to be run with :func:`walk`, and a bench on its state."""
    model = scenario(name, *overrides).build()
    model.thinking = False
    return model, Bench(model.setting, model.state, model.streams)


def walk(model: MarchlandModel, days: int = 1, *more: str) -> list[Today]:
    """Let people decide and move for some days, nothing else happening; nobody is lost."""
    count = model.state.head_count()
    days_seen = [run_stages(model, "decide", "movement", *more) for _ in range(days)]
    assert model.state.head_count() == count
    assert all((getattr(model.state, name) >= 0).all() for name in ("people", "inland", "toward", "queue"))
    return days_seen
