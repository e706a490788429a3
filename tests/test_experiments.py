"""Named studies: each fits both scenarios, runs as it stands, gives way to the user's words, and names what is missing."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

import configs
from agents.errors import InputError
from experiments.cli import main
from experiments.study import named
from experiments.study.words import Words
from experiments.sweep import _plan
from sim.compose import compose, session
from sim.composed import Composed
from sim.fingerprint import config_hash
from sim.folder import read_folder
from sim.studies import builtin_studies, read_study

STUDIES = ("deportation_sweep", "mediation_timing", "sanctions_and_diversion", "sanctuary_cooperation")
SCENARIOS = ("two_states", "pakistan_afghanistan")
BOTH = [(study, scenario) for study in STUDIES for scenario in SCENARIOS]
CONFIGS = Path(configs.__file__).parent

MINE = """
study:
  title: Mine
  question: What do operations do?
  base: ["policy@policies.{host}=status_quo", scenario.end=2001-01-20]
  design: {design: grid, replicates: 2}
  factors:
    - {vary: "governments.{host}.baseline.operations=0.1,0.9", why: both ends}
"""


def composed(*words: str) -> Composed:
    return compose(words, trusted=True)


def wrong(*words: str) -> str:
    with pytest.raises(InputError) as caught:
        named.expand(words)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_named_studies_are_there() -> None:
    assert tuple(file.stem for file in builtin_studies()) == STUDIES
    for file in builtin_studies():
        text = read_study(file)
        assert text is not None and text.question and text.reading and text.outcomes and text.analyses
        assert all(len(factor.why) > 30 for factor in text.factors), "each factor says why"


@pytest.mark.parametrize(("study", "scenario"), BOTH)
def test_every_row_is_valid_and_the_size_is_modest(study: str, scenario: str) -> None:
    plan = _plan(Words(named.expand([f"experiment={study}", f"scenario={scenario}"])))
    assert 100 <= plan.rows.num_rows <= 600
    written = named.study_of(study, [f"scenario={scenario}"])
    assert [factor.key for factor in plan.design.factors] == [word.partition("=")[0] for word in written.factors]
    assert "{" not in " ".join((*written.factors, *written.base, *written.outcomes))


@pytest.mark.parametrize(("study", "scenario"), BOTH)
def test_a_single_run_has_the_world_of_the_sweep(study: str, scenario: str) -> None:
    """``run experiment=NAME`` goes through Hydra, ``sweep experiment=NAME`` through words: the configs are the same."""
    one = composed(f"experiment={study}", f"scenario={scenario}")
    other = composed(*Words(named.expand([f"experiment={study}", f"scenario={scenario}"])).overrides)
    assert config_hash(one.config, ()) == config_hash(other.config, ())
    assert one.config == other.config


@pytest.mark.parametrize("study", STUDIES)
def test_a_tiny_sweep_of_each_runs(study: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = [f"experiment={study}", "scenario=two_states", "scenario.end=2001-02-10", "design=lhs", "n=2", "replicates=1", "executor=serial"]
    assert main(["sweep", *words, f"output={out}"]) == 0
    table = pd.read_parquet(out / "results.parquet")
    assert len(table) == 2 and set(table["status"]) == {"ok"}
    outcomes = named.study_of(study, ["scenario=two_states"]).outcomes
    assert set(outcomes) <= set(table.columns), "the outcomes that the study names exist"


def test_a_tiny_sweep_of_the_flagship_runs(tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["experiment=sanctuary_cooperation", "scenario.end=2022-01-20", "design=lhs", "n=2", "replicates=1", "executor=serial"]
    assert main(["sweep", *words, f"output={out}"]) == 0
    table = pd.read_parquet(out / "results.parquet")
    assert set(table["status"]) == {"ok"} and "attacks_ttp" in table and set(table["days"]) == {20.0}


def test_a_run_is_the_base_of_the_study(tmp_path: Path) -> None:
    out = tmp_path / "one"
    assert main(["run", "experiment=deportation_sweep", "scenario=two_states", "scenario.end=2001-01-20", "figures=false", "band=0", f"hydra.run.dir={out}"]) == 0
    config = yaml.safe_load((out / "config.yaml").read_text())
    assert config["policies"]["north"]["name"] == "hardline" and config["policies"]["south"]["params"]["first"] == 1000
    assert "operations" not in config["levers"] and "deportation" in config["levers"]
    assert "study" not in config and "without" not in config and "roles" not in config["scenario"]


def test_words_of_the_user_win() -> None:
    words = named.expand(["experiment=deportation_sweep", "scenario=two_states", "replicates=7", "policies.north.params.notice=30", "levers.strikes.money=5",
                          "groups.north_front.refugee_milieu=0,0.1"])  # fmt: skip
    assert "replicates=7" in words and "replicates=3" not in words
    assert [word for word in words if ".notice" in word] == ["policies.north.params.notice=30"]
    assert [word for word in words if ".refugee_milieu" in word] == ["groups.north_front.refugee_milieu=0,0.1"]
    assert "~levers.strikes" not in words and "~levers.demand" in words
    other = named.expand(["experiment=deportation_sweep", "scenario=two_states", "policy@policies.south=conciliatory"])
    assert not [word for word in other if word.startswith("policies.south.params.")], "another policy knows no parameters of the study's"
    composed(*Words([*other, "policies.south.params.effort=0.1"]).overrides)


def test_a_policy_of_the_user_wins_in_a_run() -> None:
    config = composed("experiment=deportation_sweep", "scenario=two_states", "policy@policies.south=conciliatory", "scenario.end=2001-03-01").config
    assert config["policies"]["south"]["name"] == "conciliatory" and "first" not in config["policies"]["south"]["params"]  # type: ignore[index, call-overload]
    assert str(config["scenario"]["end"]) == "2001-03-01"  # type: ignore[index, call-overload]


def test_several_studies_and_scenarios_in_one_multirun() -> None:
    """The product stays Hydra's; each job has the world that it has alone."""
    words = ("experiment=null,mediation_timing", "scenario=two_states,pakistan_afghanistan", "seed=2")
    with session(words, multirun=True) as opened:
        jobs = [opened.compose(job) for job in opened.jobs()]
    assert len(jobs) == 4
    seen = {(str(job.config["scenario"]["name"]), job.config["seed"], config_hash(job.config, ())) for job in jobs}  # type: ignore[index, call-overload]
    assert len(seen) == 4
    alone = composed("experiment=mediation_timing", "scenario=pakistan_afghanistan", "seed=2")
    assert alone.config in [job.config for job in jobs]
    assert composed("scenario=two_states", "seed=2").config in [job.config for job in jobs]


def test_no_experiment_changes_nothing() -> None:
    assert composed("scenario=two_states", "experiment=null").config == composed("scenario=two_states").config
    assert named.expand(["design=lhs", "experiment=null"]) == ["design=lhs"] and named.expand(["design=lhs"]) == ["design=lhs"]


def test_the_table_without_the_change_of_regime_has_all_else() -> None:
    folder = CONFIGS / "scenarios" / "pakistan_afghanistan"
    whole, free = (read_folder(folder, exogenous=folder / name).exogenous for name in ("exogenous.csv", "exogenous_free_cooperation.csv"))
    assert [row for row in whole if row.effect != "cooperation"] == list(free) and len(free) < len(whole)


# ------------------------------------------------------------------ studies and scenarios of the user


def scenario_folder(roles: str) -> Path:
    assert main(["new-scenario", "border"]) == 0
    file = Path("border/scenario.yaml")
    file.write_text(f"{file.read_text().partition('roles:')[0]}\n{roles}\n")
    return Path("border")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_study_of_the_user_runs_and_is_swept(here: Path) -> None:
    Path("mine.yaml").write_text(MINE)
    Path("mine/experiment").mkdir(parents=True)
    Path("mine/experiment/ops.yaml").write_text(MINE)
    short = ["scenario=two_states", "figures=false", "band=0"]
    assert main(["run", "experiment=mine.yaml", *short, "hydra.run.dir=a"]) == 0
    assert main(["run", "--config-dir", "mine", "experiment=ops", *short, "hydra.run.dir=b"]) == 0
    assert Path("a/config.yaml").read_text() == Path("b/config.yaml").read_text()
    assert main(["sweep", "experiment=mine.yaml", "scenario=two_states", "executor=serial", "output=c"]) == 0
    assert len(pd.read_parquet("c/results.parquet")) == 4


def test_a_plain_config_file_of_the_user_is_an_experiment_too(here: Path) -> None:
    Path("mine/experiment").mkdir(parents=True)
    Path("mine/experiment/short.yaml").write_text("# @package _global_\nparameters: {violence: {branching: 0.31}}\n")
    config = compose(["experiment=short", "scenario=two_states"], config_dir=Path("mine"), trusted=True).config
    assert config["parameters"]["violence"]["branching"] == 0.31  # type: ignore[index, call-overload]


def test_a_scenario_of_the_user_gives_roles(here: Path) -> None:
    folder = scenario_folder("roles: {host: upland, origin: lowland, group: hill_front, mediator: international}")
    words = named.expand(["experiment=deportation_sweep", f"scenario.path={folder}"])
    assert "policy@policies.upland=hardline" in words
    assert composed("experiment=deportation_sweep", f"scenario.path={folder}").config == composed(*Words(words).overrides).config
    assert main(["check", str(folder)]) == 0


def test_a_missing_role_is_one_line(here: Path) -> None:
    folder = scenario_folder("roles: {host: upland}")
    text = wrong("experiment=deportation_sweep", f"scenario.path={folder}")
    assert "nobody plays 'origin'" in text and "roles" in text and "lowland" in text
    with pytest.raises(InputError, match="nobody plays 'origin'"):
        composed("experiment=deportation_sweep", f"scenario.path={folder}")


def test_a_role_for_nobody_is_one_line(here: Path) -> None:
    folder = scenario_folder("roles: {host: uplnd}")
    assert "no actor 'uplnd' (did you mean 'upland'?)" in wrong("experiment=deportation_sweep", f"scenario.path={folder}")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["experiment=deportation_swep"], "did you mean 'deportation_sweep'"), (["experiment=a,b"], "one name"),
        (["experiment=none.yaml"], "no such file"), (["experiment=mediation_timing", "scenario=two_stats"], "did you mean 'two_states'"),
    ],
)  # fmt: skip
def test_a_wrong_name_is_one_line(words: list[str], told: str) -> None:
    assert told in wrong(*words)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("title: Mine|tittle: Mine", "tittle"), ("- {vary|- {vari", "vari"), ("policy@policies.{host}=status_quo|policy@policies.{host}=evil:Class", "command line only"),
        ("policy@policies.{host}=status_quo|hydra.run.dir=x", "no override of the config"), ("policy@policies.{host}=status_quo|seed", "no override of the config"),
        ("title: Mine|title: '${oc.env:HOME}'", "environment"), ("\nstudy:|\nseed: 3\nstudy:", "beside study"), ("design: {|design: [", "YAML"),
        ("question: What do operations do?|question: [1]", "question"),
    ],
)  # fmt: skip
def test_a_malformed_study_is_one_line(change: str, told: str, here: Path) -> None:
    before, after = change.split("|")
    assert before in MINE
    Path("mine.yaml").write_text(MINE.replace(before, after))
    assert told in wrong("experiment=mine.yaml", "scenario=two_states")
    with pytest.raises(InputError, match=r"mine\.yaml"):
        composed("experiment=mine.yaml", "scenario=two_states")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ('"governments.{host}.baseline.operations=0.1,0.9"|"policy@policies.{host}=status_quo,evil:Evil"', "command line only"),
        ('"governments.{host}.baseline.operations=0.1,0.9"|"policies.{host}.name=status_quo,evil:Evil"', "command line only"),
        ('"governments.{host}.baseline.operations=0.1,0.9"|"output=a,b"', "no override of the config"),
        ('"governments.{host}.baseline.operations=0.1,0.9"|"--force"', "no override of the config"),
        ("policy@policies.{host}=status_quo|policies.{host}.name=evil:Evil", "command line only"),
        ('"policy@policies.{host}=status_quo"|"policies={north: {name: evil:Evil}}"', "command line only"),
        ("policy@policies.{host}=status_quo|++policies.{host}.name=evil:Evil", "no override of the config"),
        ("policy@policies.{host}=status_quo|scenario.path=/elsewhere", "no override of the config"),
        ("policy@policies.{host}=status_quo|output=elsewhere", "no override of the config"),
        ("policy@policies.{host}=status_quo|slurm.partition=long", "no override of the config"),
        ("policy@policies.{host}=status_quo|hydra/launcher=joblib", "no override of the config"),
        ('design: {design: grid|design: {"policy@policies.south": "evil:Evil", design: grid', "does not set this"),
        ("design: {design: grid|design: {executor: dask, design: grid", "does not set this"),
        ("design: {design: grid|design: {output: elsewhere, design: grid", "does not set this"),
        ("title: Mine|title: Mine\n  without: [hydra]", "no override of the config"),
        ('title: Mine|title: Mine\n  without: ["levers.strikes=1"]', "no override of the config"),
        ('title: Mine|title: Mine\n  scenarios: {two_states: {base: ["policies.north.name=evil:Evil"]}}', "command line only"),
    ],
)
def test_the_study_of_a_stranger_runs_no_code(change: str, told: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that names a class, an option of the command or another scenario is refused by ``sweep`` and by ``run``."""
    Path("evil.py").write_text("from pathlib import Path\nPath('ran').touch()\nfrom agents.policies.status_quo import StatusQuo as Evil\n")
    before, after = change.split("|")
    assert before in MINE
    Path("mine.yaml").write_text(MINE.replace(before, after))
    for words in (["sweep", "executor=serial"], ["run", "figures=false", "band=0"]):
        assert main([*words, "experiment=mine.yaml", "scenario=two_states"]) == 2
        said = capsys.readouterr().err
        assert told in said and said.startswith("error: ") and said.count("\n") == 1
    assert sorted(path.name for path in here.iterdir() if path.name != "__pycache__") == ["evil.py", "mine.yaml"]


def test_an_actor_whose_name_is_an_override_names_no_code(here: Path) -> None:
    """Names of actors come from a stranger's scenario: they are put into words of the study too."""
    folder = scenario_folder("roles: {host: 'upland=evil:Evil'}")
    text = (folder / "scenario.yaml").read_text()
    (folder / "scenario.yaml").write_text(text.replace("governments:\n", "governments:\n  'upland=evil:Evil': {}\n", 1))
    Path("mine.yaml").write_text(MINE)
    assert "command line only" in wrong("experiment=mine.yaml", f"scenario.path={folder}")


def test_a_class_counts_when_the_user_typed_it() -> None:
    """The second fence, should a word of a file get past the first."""
    words = ["design=grid", "scenario=two_states", "policy@policies.north=status_quo,agents.policies.status_quo:StatusQuo"]
    assert _plan(Words(words)).trusted == ("agents.policies.status_quo:StatusQuo",)
    with pytest.raises(InputError, match="command line only"):
        _plan(Words(words, typed=words[:2]))
    fixed = [*words[:2], "policies.south.name=agents.policies.status_quo:StatusQuo", "parameters.violence.branching=0.2,0.3"]
    with pytest.raises(InputError, match="command line only"):
        _plan(Words(fixed, typed=words[:2]))


def test_a_plus_before_the_name_of_a_study() -> None:
    assert named.expand(["+experiment=deportation_sweep", "scenario=two_states"]) == named.expand(["experiment=deportation_sweep", "scenario=two_states"])


def test_a_study_chosen_in_a_file_is_one_line(here: Path) -> None:
    """Hydra would read the file with its placeholders as it stands, and run something else."""
    Path("mine").mkdir()
    Path("mine/own.yaml").write_text("defaults: [config, {override experiment: deportation_sweep}, _self_]\n")
    with pytest.raises(InputError, match="chosen on the command line"):
        compose(config_dir=Path("mine"), config_name="own", trusted=True)


def test_help_lists_the_studies(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", "--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"  {name} " in said for name in STUDIES)
