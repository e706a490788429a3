"""The command line as a user meets it: what works, and one line with exit code 2 for what is wrong."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

import experiments
from agents.errors import InputError
from experiments import cli
from experiments.run import parse

ROOT = Path(experiments.__file__).parent.parent
SHORT = ("scenario=two_states", "scenario.end=2001-01-20", "figures=false")
CLASS = """
from agents.policies.status_quo import StatusQuo

class Mine(StatusQuo):
    name = "mine"
"""


def start(*words: str, cwd: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "experiments", *words],
        cwd=cwd, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def marchland(*words: str, cwd: Path) -> tuple[int, str, str]:
    process = start(*words, cwd=cwd)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def wrong(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Run in this process, expect exit code 2, and return the one line."""
    assert cli.main(words) == cli.WRONG_INPUT
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert len(lines) == 1, captured.err
    assert lines[0].startswith("error: ")
    return lines[0]


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])


# ------------------------------------------------------------------ a run


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A finished short run, and what it printed."""
    folder = tmp_path_factory.mktemp("finished")
    code, out, err = marchland("run", *SHORT, "hydra.run.dir=results/one", cwd=folder)
    assert code == 0, err
    assert "Traceback" not in err
    return folder / "results" / "one", out


def test_a_run_leaves_its_folder(finished: tuple[Path, str]) -> None:
    folder, _ = finished
    names = {path.name for path in folder.iterdir()}
    assert {"config.yaml", "manifest.json", "summary.json", "daily.parquet", "places.parquet", "events.parquet"} <= names
    assert not [name for name in names if name.startswith(".")]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert len(manifest["outputs_hash"]) == len(manifest["config_hash"]) == 64
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["config_hash"] == manifest["config_hash"]
    assert summary["seed"] == 1
    daily = pd.read_parquet(folder / "daily.parquet")
    assert list(daily.columns) == ["day", "date", "kind", "actor", "variable", "value"]
    assert daily["day"].nunique() == 20


def test_a_run_tells_what_happened_and_where_it_is(finished: tuple[Path, str]) -> None:
    _, out = finished
    for words in ("20 days, seed 1", "Violence:", "Displaced:", "Stability index", "Outcomes", "Files in", "manifest.json"):
        assert words in out


def test_a_finished_run_is_not_overwritten(finished: tuple[Path, str], capsys: pytest.CaptureFixture[str]) -> None:
    folder, _ = finished
    before = (folder / "manifest.json").read_bytes()
    line = wrong(capsys, "run", *SHORT, f"hydra.run.dir={folder}")
    assert "finished run" in line and "--force" in line
    assert (folder / "manifest.json").read_bytes() == before


def test_force_overwrites_and_the_same_seed_gives_the_same_outputs(finished: tuple[Path, str]) -> None:
    folder, _ = finished
    before = json.loads((folder / "manifest.json").read_text())
    assert cli.main(["run", *SHORT, f"hydra.run.dir={folder}", "--force"]) == 0
    after = json.loads((folder / "manifest.json").read_text())
    assert after["outputs_hash"] == before["outputs_hash"]
    assert after["config_hash"] == before["config_hash"]


def test_default_folders_never_meet(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", *SHORT]) == 0
    assert cli.main(["run", *SHORT]) == 0
    folders = list(Path("outputs").glob("two_states-*"))
    assert len(folders) == 2
    assert all((folder / "manifest.json").is_file() for folder in folders)


def test_a_multirun_makes_a_folder_each() -> None:
    assert cli.main(["run", *SHORT, "-m", "seed=1,2", "hydra.sweep.dir=many"]) == 0
    hashes = {json.loads((Path("many") / job / "manifest.json").read_text())["outputs_hash"] for job in ("0", "1")}
    assert len(hashes) == 2


def test_a_users_config_folder(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine").mkdir()
    Path("mine/study.yaml").write_text(
        "defaults: [config, {override scenario: two_states}, _self_]\nseed: 5\nfigures: false\nscenario: {end: 2001-01-05}\n"
    )
    assert cli.main(["run", "--config-dir", "mine", "--config-name", "study", "hydra.run.dir=one"]) == 0
    assert json.loads(Path("one/manifest.json").read_text())["seeds"]["seed"] == 5
    capsys.readouterr()
    assert "no folder" in wrong(capsys, "run", "--config-dir=none")


def test_a_class_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "mymodule.py").write_text(CLASS)
    code, _, err = marchland("run", *SHORT, "policy@policies.north=mymodule:Mine", "hydra.run.dir=one", cwd=tmp_path)
    assert code == 0, err
    assert json.loads((tmp_path / "one" / "summary.json").read_text())["policy/north"] == "mymodule:Mine"


def test_a_class_in_a_scenario_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mymodule.py").write_text("raise SystemExit('this must never run')")
    assert cli.main(["new-scenario", "border"]) == 0
    capsys.readouterr()
    file = Path("border/scenario.yaml")
    lines = [f"{line.split('policy:')[0]}policy: mymodule:Mine" if "policy:" in line else line for line in file.read_text().splitlines()]
    file.write_text("\n".join(lines))
    assert "command line only" in wrong(capsys, "run", "scenario.path=border")


def test_a_new_scenario_runs_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["new-scenario", "border"]) == 0
    assert cli.main(["check", "border"]) == 0
    assert cli.main(["run", "scenario.path=border", "hydra.run.dir=one"]) == 0
    assert Path("one/manifest.json").is_file()
    assert list(Path("one/figures").glob("*.png"))
    capsys.readouterr()
    assert "border" in wrong(capsys, "new-scenario", "border")


def test_the_config_can_be_printed(capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", "scenario=two_states", "seed=77", "--cfg", "job"]) == 0
    assert "seed: 77" in capfd.readouterr().out
    assert not Path("outputs").exists()


# ------------------------------------------------------------------ one line each


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("sed=3", "did you mean 'seed'"),
        ("seed=abc", "a whole number"),
        ("parameters.violence.branching=9", "from 0 to"),
        ("policy@policies.north=tit_for_tt", "did you mean 'tit_for_tat'"),
        ("policy@policies.north_front=hardline", "policies.north_front"),
        ("policies.north.params.gane=0.1", "policies.north.params.gane"),
        ("policies.north.params.gain=100", "policies.north.params.gain"),
        ("policy@policies.north=nomodule:Mine", "nomodule"),
        ("policy@policies.north=json:loads", "json:loads"),
        ("scenario.end=1999-01-01", "scenario.end"),
        ("scenario.start=1066-01-01", "scenario"),
        ("scenario.history=nowhere.csv", "nowhere.csv"),
        ("scenario.path=nowhere", "nowhere"),
        ("=1", "KEY=VALUE"),
        ("+=1", "KEY=VALUE"),
        ("hydra.run.dir=", "give a folder"),
        ("hydra.sweep.dir=x", "hydra.run.dir=x"),
        ("scenario.path=", "give a folder"),
        ("hydra=3", "not one key"),
        ("corner=3", "a choice is a name"),
        ("~levers.foo", "strikes"),
        ("governments.north.baseline={strikes: 0.5}", "governments.north.baseline.KEY=VALUE"),
        ("policies.north.params={a: 1}", "policies.north.params.KEY=VALUE"),
        ("scenario.exogenous=none.csv", "scenario.exogenous=none.csv: no such file"),
        ("+hydra.callbacks.x._target_=os.system", "Target 'os.system' is bl"),  # blocklisted, or in Hydra 1.4 blacklisted
    ],
)
def test_a_wrong_override(override: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    scenario = () if "path" in override else ("scenario=two_states",)
    assert words in wrong(capsys, "run", *scenario, override)
    assert not Path("outputs").exists()


def test_a_wrong_value_among_several(capsys: pytest.CaptureFixture[str]) -> None:
    assert "seed=-2" in wrong(capsys, "run", "scenario=two_states", "-m", "seed=1,-2")
    assert not Path("outputs").exists()


def test_several_runs_have_a_folder_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    line = wrong(capsys, "run", *SHORT, "-m", "seed=1,2", "hydra.run.dir=two")
    assert "hydra.sweep.dir=two" in line


def test_files_of_the_user_are_never_touched(capsys: pytest.CaptureFixture[str]) -> None:
    Path("project/figures").mkdir(parents=True)
    Path("project/figures/mine.png").write_text("mine")
    assert "holds other files" in wrong(capsys, "run", *SHORT, "hydra.run.dir=project")
    assert "not overwritten" in wrong(capsys, "run", *SHORT, "hydra.run.dir=project", "--force")
    assert Path("project/figures/mine.png").read_text() == "mine"
    assert len(list(Path("project").rglob("*"))) == 2


STRANGE = {  # what a config folder may not do
    "callbacks": "hydra: {callbacks: {x: {_target_: experiments.no_such_thing}}}",
    "launcher": "hydra: {launcher: {_target_: pandas.read_pickle}}",
    "sweeper": "hydra: {sweeper: {_target_: pandas.read_pickle}}",
    "logging": "hydra: {job_logging: {version: 1, handlers: {x: {'()': os.getcwd}}}}",
    "logging_class": "hydra: {hydra_logging: {version: 1, handlers: {x: {class: mymodule.Mine}}}}",
    "searchpath": "hydra: {searchpath: ['pkg://mymodule']}",
    "env_set": "hydra: {job: {env_set: {PYTHONPATH: evil}}}",
    "swept": "hydra: {sweeper: {params: {+hydra.callbacks.x: 1}}}",
    "target": "policies: {north: {params: {_target_: mymodule.Mine}}}",
    "environment": "scenario: {title: '${oc.env:SECRET}'}",
    "nested": "scenario: {title: '${${x}.env:SECRET}'}",
}


@pytest.mark.parametrize("kind", STRANGE)
@pytest.mark.parametrize("more", [(), ("-m",), ("--cfg", "job")])
def test_a_strangers_config_folder_runs_nothing(kind: str, more: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    Path("mymodule.py").write_text("raise SystemExit('this must never run')")
    Path("theirs").mkdir()
    Path("theirs/study.yaml").write_text(
        f"defaults: [config, {{override scenario: two_states}}, _self_]\nfigures: false\n{STRANGE[kind]}\n"
    )
    line = wrong(capsys, "run", *more, "--config-dir", "theirs", "--config-name", "study")
    assert "study.yaml" in line and "may not" in line and "hunter2" not in line
    assert not Path("outputs").exists()


@pytest.mark.parametrize("text", ["# @package hydra.callbacks.x\ny: 1\n", "# @package _global_\nhydra: {callbacks: {x: {y: 1}}}\n"])
def test_a_group_file_cannot_reach_into_hydra(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("theirs/corner").mkdir(parents=True)
    Path("theirs/corner/odd.yaml").write_text(text)
    line = wrong(capsys, "run", "--config-dir", "theirs", "corner=odd")
    assert "odd.yaml" in line and "may not" in line


def test_a_file_put_below_hydra_by_a_defaults_list(capsys: pytest.CaptureFixture[str]) -> None:
    Path("theirs/corner").mkdir(parents=True)
    Path("theirs/corner/odd.yaml").write_text("handlers: {x: {class: mymodule.Mine}}\n")
    Path("theirs/study.yaml").write_text("defaults: [config, corner@hydra.job_logging: odd, _self_]\n")
    line = wrong(capsys, "run", "--config-dir", "theirs", "--config-name", "study")
    assert "odd.yaml" in line and "may not" in line


def test_a_pickle_in_a_config_folder_is_not_opened(capsys: pytest.CaptureFixture[str]) -> None:
    Path("theirs").mkdir()
    Path("theirs/evil.pkl").write_bytes(b"cbuiltins\nopen\n(S'pwned'\nS'w'\ntR.")
    Path("theirs/study.yaml").write_text(
        "defaults: [config, {override scenario: two_states}, _self_]\n"
        "hydra: {callbacks: {x: {_target_: pandas.read_pickle, filepath_or_buffer: theirs/evil.pkl}}}\n"
    )
    assert "_target_" in wrong(capsys, "run", "--config-dir", "theirs", "--config-name", "study")
    assert not Path("pwned").exists()


def test_a_scenario_folder_reads_no_environment(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    assert cli.main(["new-scenario", "border"]) == 0
    capsys.readouterr()
    file = Path("border/scenario.yaml")
    text = file.read_text()
    for strange in ("title: ${oc.env:SECRET}", "title: {_target_: mymodule.Mine}"):
        file.write_text("\n".join(strange if line.startswith("title:") else line for line in text.splitlines()))
        for words in (("run", "scenario.path=border"), ("check", "border")):
            line = wrong(capsys, *words)
            assert "border/scenario.yaml: title" in line and "may not" in line and "hunter2" not in line


def test_plugins_of_the_current_folder_are_not_imported(tmp_path: Path) -> None:
    (tmp_path / "hydra_plugins").mkdir()
    (tmp_path / "hydra_plugins" / "evil.py").write_text("open('pwned', 'w')")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "experiments", "run", "--cfg", "job"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=tmp_path, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "pwned").exists()


def test_what_a_config_folder_may_set(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine").mkdir()
    Path("mine/study.yaml").write_text(
        "defaults: [config, {override scenario: two_states}, _self_]\nfigures: false\n"
        "scenario: {end: 2001-01-05, title: 'Seed ${seed}'}\n"
        "hydra: {run: {dir: 'res/${scenario.name}-${seed}'}, job: {name: mine}}\n"
    )
    assert cli.main(["run", "--config-dir", "mine", "--config-name", "study"]) == 0
    assert "Seed 1" in Path("res/two_states-1/config.yaml").read_text()


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("corner/odd.yaml", "parameters: [1\nx: 2", "not valid YAML"),
        ("corner/odd.yaml", "# @package _global_\nparameters: {violence: {branching: x}}", "parameters.violence.branching"),
        ("policy/odd.yaml", "params: {}", "name: missing"),
        ("odd.yaml", "defaults: [odd, _self_]", "includes itself"),
    ],
)
def test_a_malformed_file_of_a_config_folder(file: str, text: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine", file).parent.mkdir(parents=True)
    Path("mine", file).write_text(text)
    use = {"corner": "corner=odd", "policy": "policy@policies.north=odd"}.get(Path(file).parent.name, "--config-name=odd")
    scenario = () if use.startswith("--") else ("scenario=two_states",)
    assert words in wrong(capsys, "run", "--config-dir", "mine", *scenario, use)


def test_a_malformed_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["new-scenario", "border"]) == 0
    capsys.readouterr()
    routes = Path("border/routes.csv")
    routes.write_text(routes.read_text() + "Atlantis,Nowhere,10,\n")
    line = wrong(capsys, "run", "scenario.path=border")
    assert "routes.csv" in line and "Atlantis" in line
    assert "routes.csv" in wrong(capsys, "check", "border")


def test_a_folder_that_cannot_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").write_text("")
    line = wrong(capsys, "run", *SHORT, "hydra.run.dir=file/one")
    assert "hydra.run.dir" in line and "file/one" in line


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("rnu",), "did you mean 'run'"),
        (("run", "--froce"), "did you mean '--force'"),
        (("run", "--config-dir"), "needs a value"),
        (("schedule", "now"), "no arguments"),
        (("parameters", "xyzzy"), "no parameter"),
        (("parameters", "--cvs"), "did you mean '--csv'"),
        (("check",), "name a scenario folder"),
        (("check", "nowhere"), "nowhere"),
        (("check", "nomodule:Mine"), "nomodule"),
        (("new-scenario",), "one name"),
        (("new-scenario", "../up"), "../up"),
    ],
)
def test_a_wrong_word(words: tuple[str, ...], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert expected in wrong(capsys, *words)


def test_ctrl_c_leaves_no_half_written_run(tmp_path: Path) -> None:
    process = start("run", "scenario.people_scale=1000", "hydra.run.dir=results/one", cwd=tmp_path)
    assert process.stderr is not None
    assert "running" in process.stderr.readline()
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == cli.INTERRUPTED
    assert "Traceback" not in err + out
    assert [line for line in err.splitlines() if "interrupted" in line]
    assert not (tmp_path / "results").exists()


def test_ctrl_c_keeps_the_former_run(finished: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, _ = finished
    before = (folder / "manifest.json").read_bytes()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("experiments.runner.plain_summary", lambda *_, **__: [])
    monkeypatch.setattr("experiments.runner._write", interrupt)
    assert cli.main(["run", *SHORT, f"hydra.run.dir={folder}", "--force"]) == cli.INTERRUPTED
    assert (folder / "manifest.json").read_bytes() == before
    assert not list(folder.glob(".partial*"))


def test_a_bug_is_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("experiments.runner._write", bug)
    with pytest.raises(ZeroDivisionError):
        cli.main(["run", *SHORT, "hydra.run.dir=one"])
    assert not Path("one").exists()


def test_a_wrong_input_found_while_running_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise InputError("places.csv: wrong")

    monkeypatch.setattr("experiments.runner._write", refuse)
    assert cli.main(["run", *SHORT, "hydra.run.dir=one"]) == cli.WRONG_INPUT
    assert [line for line in capfd.readouterr().err.splitlines() if not line.startswith("running")] == ["error: places.csv: wrong"]
    assert not Path("one").exists()


# ------------------------------------------------------------------ the other verbs


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    overview = capsys.readouterr().out
    for verb in cli.VERBS:
        assert verb in overview
        assert cli.main([verb, "--help"]) == 0
        assert f"marchland {verb}" in capsys.readouterr().out
    assert cli.main([]) == cli.WRONG_INPUT


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["version"]) == 0
    assert capsys.readouterr().out.startswith("marchland 0.")


def test_schedule_prints_the_day(capsys: pytest.CaptureFixture[str]) -> None:
    from sim.schedule import DAY

    assert cli.main(["schedule"]) == 0
    out = capsys.readouterr().out
    positions = [out.index(f"{index}. {stage.name}") for index, stage in enumerate(DAY, start=1)]
    assert positions == sorted(positions)


def test_parameters_print_all_and_some(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["parameters"]) == 0
    assert "parameters.violence.branching" in capsys.readouterr().out
    assert cli.main(["parameters", "violence", "--csv"]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header == "parameter,default,low,high,unit,meaning,source"
    assert rows and all("violence" in row for row in rows)
    assert cli.main(["parameters", "--markdown"]) == 0
    assert capsys.readouterr().out.startswith("| parameter |")


def test_check_a_class(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "goodpolicy.py").write_text(CLASS)
    assert cli.main(["check", "goodpolicy:Mine"]) == 0
    assert "goodpolicy:Mine" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (CLASS + "    def decide(self, *_):\n        raise ZeroDivisionError('oh')\n", "ZeroDivisionError (line 7 of badpolicy.py): oh"),
        ("class Mine(:\n", "SyntaxError (line 1 of badpolicy.py)"),
    ],
)
def test_check_a_class_with_a_bug(text: str, words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    Path("badpolicy.py").write_text(text)
    monkeypatch.delitem(sys.modules, "badpolicy", raising=False)
    assert words in wrong(capsys, "check", "badpolicy:Mine")
    assert "module:Class" in wrong(capsys, "check", ":X")


def test_words_are_sorted() -> None:
    arguments = parse(["seed=1,2", "-m", "--config-dir=x", "-cn", "study", "--force"])
    assert arguments.multirun
    assert arguments.overrides == ("seed=1,2",)
    assert arguments.for_hydra(["seed=1,2"]) == [
        "--multirun", "--config-dir", "x", "--config-name", "study", "seed=1,2",
    ]  # fmt: skip
    with pytest.raises(InputError, match="unknown option"):
        parse(["--colour"])


def test_an_overwritten_package_is_named(tmp_path: Path) -> None:
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "__init__.py").write_text("# somebody else's\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    done = subprocess.run(
        [sys.executable, "-c", "import sim"], env=environment, cwd=ROOT.parent, text=True, capture_output=True, check=False
    )
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert "Overwritten" in last and str(tmp_path / "agents" / "__init__.py") in last
    by_command = subprocess.run(
        [sys.executable, "-c", "import sys; from experiments.cli import main; sys.exit(main(['schedule']))"],
        env=environment, cwd=ROOT.parent, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert by_command.returncode == cli.WRONG_INPUT
    assert len(by_command.stderr.splitlines()) == 1


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    process = start("parameters", cwd=tmp_path)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=60)
    assert "Traceback" not in process.stderr.read()
