"""The same config and seed give the same numbers: in any process, on any Mesa, with whoever looks on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agents.decisions import GovernmentDecision
from agents.policies import GovernmentPolicy, Memory
from agents.policies.tit_for_tat import TitForTat, TitForTatParameters
from agents.situations import GovernmentSituation
from sim import Scenario
from sim.model import MarchlandModel

ROOT = Path(__file__).parent.parent
BENCHMARK = ROOT / "benchmarks" / "same_hash.py"
DAYS = 90


def build(*overrides: str, seed: int = 1, name: str = "two_states") -> MarchlandModel:
    end = "2001-03-31" if name == "two_states" else "2021-03-31"
    return Scenario.load(name, seed=seed, overrides=[f"scenario.end={end}", *overrides]).build()


def same(a: MarchlandModel, b: MarchlandModel, without: tuple[str, ...] = ()) -> None:
    """Bit-identical tables after dropping the rows of some actors."""
    for name in ("daily", "places", "events"):
        x, y = getattr(a.record, name), getattr(b.record, name)
        if "actor" in x.columns:
            x, y = (t[~t["actor"].astype(str).isin(without)].reset_index(drop=True) for t in (x, y))
            x, y = (t.astype({c: "str" for c in t.columns if isinstance(t[c].dtype, pd.CategoricalDtype)}) for t in (x, y))
        pd.testing.assert_frame_equal(x, y, check_exact=True, obj=name)


def hashes(interpreter: str, hash_seed: str, *arguments: str) -> dict[str, str]:
    done = subprocess.run(
        [interpreter, str(BENCHMARK), "--child", *arguments], capture_output=True, text=True, timeout=300, encoding="utf-8",
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    result: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_two_processes_give_the_same_hash() -> None:
    first, second = (hashes(sys.executable, seed, "--days", "60") for seed in ("0", "4242"))
    assert first == second
    assert len(first["two_states"]) == 64 and len(first["pakistan_afghanistan"]) == 64
    assert hashes(sys.executable, "0", "--days", "60", "--seed", "2")["two_states"] != first["two_states"]


def other_interpreter() -> str | None:
    """Another Python with another Mesa: named in MARCHLAND_OTHER_PYTHON, or the one that ``make test-312`` makes."""
    named = os.environ.get("MARCHLAND_OTHER_PYTHON", "")
    for path in (named, str(ROOT / ".venv312" / "bin" / "python")):
        if path and Path(path).exists() and Path(path) != Path(sys.executable):
            return path
    return None


def test_both_mesa_versions_give_the_same_hash() -> None:
    other = other_interpreter()
    if other is None:
        pytest.skip("no second interpreter: make test-312 makes .venv312, or set MARCHLAND_OTHER_PYTHON=/path/to/python")
    here, there = hashes(sys.executable, "0", "--days", "120"), hashes(other, "1", "--days", "120")
    if here["numpy"] != there["numpy"]:
        pytest.skip(f"the interpreters have different NumPy: {here['numpy']} and {there['numpy']}")
    assert {name: here[name] for name in SCENARIOS} == {name: there[name] for name in SCENARIOS}


SCENARIOS = ("two_states", "pakistan_afghanistan")


def test_another_seed_or_replicate_differs() -> None:
    base = build().run()
    same(base, build().run())
    for other in (build(seed=2), Scenario.load("two_states", overrides=["scenario.end=2001-03-31"]).build(replicate=1)):
        assert not np.array_equal(other.run().record.places["attacks"], base.record.places["attacks"])


def test_an_idle_group_changes_nothing(tmp_path: Path) -> None:
    """A group without fighters and recruits draws from its own streams, and nobody notices."""
    folder = Path(shutil.copytree(ROOT / "configs" / "scenarios" / "two_states", tmp_path / "two_states"))
    idle = "  a_idle:\n    target: south\n    sanctuary: Northland\n    recruits: 0\n    policy: steady\n"
    text = (folder / "scenario.yaml").read_text(encoding="utf-8")
    (folder / "scenario.yaml").write_text(text.replace("groups:\n", f"groups:\n{idle}"), encoding="utf-8")
    with (folder / "groups.csv").open("a", encoding="utf-8") as file:
        file.write("a_idle,South Hills,0,1.0,fictional\na_idle,North West March,0,0,fictional\n")
    for overrides in ((), ("policy@policies.north=hardline", "policy@policies.south=threshold")):
        given = ["scenario.end=2001-03-31", *overrides]
        other = Scenario.load(path=folder, seed=1, overrides=given).build().run()
        assert "a_idle" in other.setting.cast.groups and "a_idle" in set(other.record.daily["actor"])
        same(build(*overrides).run(), other, without=("a_idle",))


def test_an_idle_mediator_changes_nothing() -> None:
    idle = "+mediators.a_idle={offers: 0, aid: 0, sanctions: 0}"
    for overrides in ((), ("policy@policies.north=hardline", "mediators.international.offers=10")):
        same(build(*overrides).run(), build(*overrides, idle).run(), without=("a_idle",))


def test_an_observer_changes_nothing() -> None:
    """Reading everything that can be read, every day, and copying, forking and drawing from Mesa's own luck."""
    quiet, watched = build(), build()
    quiet.run()
    for day in range(DAYS):
        watched.step()
        assert watched.outcomes["days"] == day + 1
        watched.random.random()
        watched.rng.random()
        watched.state.copy()
        assert len(list(watched.agents)) == 17
        [agent.people for agent in watched.populations]
        if day % 10 == 0:
            assert len(watched.record.daily) and len(watched.record.places) and watched.record.events is not None
            watched.datacollector.get_model_vars_dataframe()
            watched.fork().run_for(3)
            watched.streams.generator("observer", "me", day).random(100)
    same(quiet, watched)


def test_drawing_a_figure_in_between_changes_nothing() -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    quiet, drawn = build().run(), build().run_for(30)
    figure, axis = plt.subplots()
    daily = drawn.record.daily
    axis.plot(daily[daily["variable"] == "attacks"]["value"].to_numpy())
    figure.canvas.draw()
    plt.close(figure)
    drawn.run()
    same(quiet, drawn)


class Wasteful(TitForTat):
    """Tit for tat that draws a thousand numbers more, after it has decided."""

    def decide(
        self, situation: GovernmentSituation, memory: Memory, rng: np.random.Generator
    ) -> tuple[GovernmentDecision, Memory]:
        decision, memory = super().decide(situation, memory, rng)
        rng.random(1000)
        return decision, memory


def test_a_policy_that_draws_more_moves_nobody_else() -> None:
    base, other = build(), build()
    policy: GovernmentPolicy[TitForTatParameters] = Wasteful(TitForTatParameters())
    other.policies["north"] = policy
    next(a for a in other.governments if a.name == "north").policy = policy  # type: ignore[assignment]
    same(base.run(), other.run())


def test_a_policy_is_felt_only_where_it_reaches() -> None:
    """Aid in the north moves no attack, no fighter and no death of the first days: the same luck meets the same odds."""
    quiet = ("policy@policies.north=status_quo", "policy@policies.south=status_quo", "governments.north.money=5000")
    base, aided = build(*quiet).run_for(14), build(*quiet, "governments.north.baseline.aid=0.1").run_for(14)
    assert aided.record.series("government", "north", "lever/aid").min() == 0.1
    for name in base.setting.cast.groups:
        for variable in ("attacks", "deaths", "killed", "recruits"):
            a, b = (model.record.series("group", name, variable) for model in (base, aided))
            assert a.tolist() == b.tolist(), (name, variable)
    assert not np.array_equal(base.state.tension, aided.state.tension)


@pytest.mark.parametrize("stop", [1, 7, 45])
def test_stopping_and_going_on_changes_nothing(stop: int) -> None:
    """In pieces, or from a state and a record handed to a new model: the same as in one go."""
    whole, pieces = build().run(), build().run_for(stop)
    again = MarchlandModel(
        pieces.setting, pieces.policies, seed=1, state=pieces.state.copy(), record=pieces.record.copy()
    )
    same(whole, pieces.run())
    same(whole, again.run())


def test_order_of_scenarios_and_models_does_not_matter() -> None:
    """Nothing is kept between models: interleaved runs are the same as separate ones."""
    alone = [build(seed=seed).run() for seed in (1, 2)]
    together = [build(seed=seed) for seed in (2, 1)]
    for _ in range(DAYS):
        for model in together:
            model.step()
    same(alone[0], together[1])
    same(alone[1], together[0])
