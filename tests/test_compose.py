"""Overrides in, a checked config out; a mistake is one line that names the key, its origin and what is right."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

import configs
from agents.errors import InputError
from agents.policies import GOVERNMENT_POLICIES, GROUP_POLICIES
from sim.compose import compose, session
from sim.composed import Composed
from sim.fingerprint import config_hash
from sim.options import builtin_scenarios

CONFIGS = Path(configs.__file__).parent
TWO = CONFIGS / "scenarios" / "two_states"

SCENARIO = """
schema_version: 1
title: Three policies
start: 2001-01-01
end: 2001-12-31
governments:
  north: {country: Northland, policy: threshold, policy_params: {first: 7}}
  south: {country: Southland}
groups:
  front: {target: north, sanctuary: Southland}
parameters:
  violence: {branching: 0.25}
"""


def make_folder(parent: Path, text: str = SCENARIO, name: str = "mine") -> Path:
    folder = parent / name
    folder.mkdir()
    (folder / "scenario.yaml").write_text(text)
    for table in TWO.glob("*.csv"):
        (folder / table.name).write_bytes(table.read_bytes())
    return folder


def at(composed: Composed, key: str) -> object:
    return OmegaConf.select(OmegaConf.create(composed.config), key)


def complaint(*overrides: str, **options: object) -> str:
    with pytest.raises(InputError) as caught:
        compose(overrides, trusted=True, **options)  # type: ignore[arg-type]
    text = str(caught.value)
    assert "\n" not in text
    return text


# ------------------------------------------------------------------ what works


def test_defaults_are_the_flagship_with_every_number() -> None:
    composed = compose()
    assert at(composed, "scenario.name") == "pakistan_afghanistan"
    assert composed.folder == CONFIGS / "scenarios" / "pakistan_afghanistan"
    assert set(at(composed, "policies")) == {*at(composed, "governments"), *at(composed, "groups")}  # type: ignore[call-overload, misc]
    assert isinstance(at(composed, "parameters.violence.branching"), float)


def test_a_number_is_overridden_without_a_plus() -> None:
    assert at(compose(["parameters.violence.branching=0.4"]), "parameters.violence.branching") == 0.4
    assert at(compose(["scenario=two_states", "governments.north.money=7"]), "governments.north.money") == 7


def test_a_folder_is_a_full_member_and_overrides_win(tmp_path: Path) -> None:
    folder = make_folder(tmp_path)
    composed = compose([f"scenario.path={folder}"])
    assert set(at(composed, "governments")) == {"north", "south"}  # type: ignore[call-overload]
    assert at(composed, "parameters.violence.branching") == 0.25
    assert at(composed, "policies.front.name") == "steady"
    assert at(composed, "policies.south.name") == "status_quo"
    assert at(compose([f"scenario.path={folder}", "parameters.violence.branching=0.3"]), "parameters.violence.branching") == 0.3
    assert folder / "scenario.yaml" in composed.files


def test_a_scenarios_policy_parameters_hold_only_for_its_own_policy(tmp_path: Path) -> None:
    path = f"scenario.path={make_folder(tmp_path)}"
    assert at(compose([path]), "policies.north.params.first") == 7
    assert at(compose([path, "policy@policies.north=threshold"]), "policies.north.params.first") == 7
    other = compose([path, "policy@policies.north=tit_for_tat"])
    assert at(other, "policies.north.name") == "tit_for_tat"
    assert "first" not in at(other, "policies.north.params")  # type: ignore[operator]
    assert at(compose([path, "policies.north.params.first=9"]), "policies.north.params.first") == 9


def test_a_path_with_special_characters(tmp_path: Path) -> None:
    parent = tmp_path / "my folder (1), 'x'"
    parent.mkdir()
    folder = make_folder(parent, name="a b~c")
    composed = compose([f"scenario.path={folder}", f"scenario.history={folder}/history.csv"])
    assert composed.folder == folder
    assert at(composed, "scenario.history") == f"{folder}/history.csv"


def test_a_folder_called_like_a_built_in_one_wins(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, name="two_states")
    composed = compose(["scenario=two_states", f"scenario.path={folder}"])
    assert composed.folder == folder
    assert at(composed, "scenario.title") == "Three policies"
    assert at(compose(["scenario=two_states"]), "scenario.title") != "Three policies"


def test_a_users_config_folder_adds_policies_primaries_and_scenarios(tmp_path: Path) -> None:
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "soft.yaml").write_text("name: conciliatory\nparams: {effort: 0.2}\n")
    (tmp_path / "study.yaml").write_text(
        "defaults:\n  - config\n  - override scenario: two_states\n"
        "  - override policy@policies.north: soft\n  - _self_\nseed: 9\n"
    )
    (tmp_path / "scenarios").mkdir()
    make_folder(tmp_path / "scenarios", name="borderland")
    by_option = compose(["scenario=two_states", "policy@policies.south=soft"], config_dir=tmp_path)
    assert at(by_option, "policies.south") == {"name": "conciliatory", "params": {"effort": 0.2}}
    study = compose(config_dir=tmp_path, config_name="study")
    assert (at(study, "seed"), at(study, "policies.north.name")) == (9, "conciliatory")
    assert tmp_path / "study.yaml" in study.files
    assert compose(["scenario=borderland"], config_dir=tmp_path).folder == tmp_path / "scenarios" / "borderland"


def test_a_primary_config_may_name_the_folder(tmp_path: Path) -> None:
    folder = make_folder(tmp_path)
    (tmp_path / "study.yaml").write_text(f"defaults: [config, _self_]\nscenario: {{path: {folder}}}\n")
    assert at(compose(config_dir=tmp_path, config_name="study"), "scenario.title") == "Three policies"


def test_a_class_is_taken_from_the_command_line() -> None:
    composed = compose(
        ["scenario=two_states", "policy@policies.north=mymodule:Mine", "policies.north.params.x=3"], trusted=True
    )
    assert at(composed, "policies.north") == {"name": "mymodule:Mine", "params": {"x": 3}}
    assert composed.trusted_classes == ("mymodule:Mine",)


def test_a_lever_can_be_taken_off_the_register() -> None:
    assert "strikes" not in at(compose(["~levers.strikes"]), "levers")  # type: ignore[operator]


def test_jobs_of_a_multirun_are_the_product(tmp_path: Path) -> None:
    folders = [make_folder(tmp_path, name=name) for name in ("one", "two")]
    overrides = [f"scenario.path={folders[0]},{folders[1]}", "seed=1,2", "policy@policies.north=a:B,tit_for_tat"]
    with session(overrides, trusted=True, multirun=True) as opened:
        composed = [opened.compose(ready) for ready in opened.jobs()]
    found = {(item.folder.name, at(item, "seed"), at(item, "policies.north.name")) for item in composed}
    assert found == {(f, s, p) for f in ("one", "two") for s in (1, 2) for p in ("a:B", "tit_for_tat")}


def test_composing_leaves_hydra_as_it_was() -> None:
    before = set(ConfigStore.instance().repo)
    compose(["scenario=two_states"])
    assert set(ConfigStore.instance().repo) - {"hydra", "_dummy_empty_config_.yaml"} <= before | {"hydra"}
    assert "schema.yaml" not in ConfigStore.instance().repo
    assert not GlobalHydra.instance().is_initialized()


def test_policy_files_hold_the_defaults_of_the_classes() -> None:
    for registry in (GOVERNMENT_POLICIES, GROUP_POLICIES):
        for name, policy in registry.items():
            stored = OmegaConf.to_container(OmegaConf.load(CONFIGS / "policy" / f"{name}.yaml"))
            assert stored == {"name": name, "params": dataclasses.asdict(policy.parameters())}
    files = {file.stem for file in (CONFIGS / "policy").glob("*.yaml")}
    assert files == {*GOVERNMENT_POLICIES, *GROUP_POLICIES}


@pytest.mark.parametrize("name", [option.name for option in builtin_scenarios()])
@pytest.mark.parametrize("corner", sorted(file.stem for file in (CONFIGS / "corner").glob("*.yaml")))
def test_every_scenario_composes_with_every_corner(name: str, corner: str) -> None:
    assert at(compose([f"scenario={name}", f"corner={corner}"]), "scenario.name") == name


@pytest.mark.parametrize(("corner", "spiral", "deterrence"), [("spiral", 0.6, 0.0), ("deterrence", 0.0, 0.4), ("zero", 0.0, 0.0), ("default", 0.1, 0.1)])
def test_a_corner_sets_how_governments_answer_pressure(corner: str, spiral: float, deterrence: float) -> None:
    chosen = ["scenario=two_states", f"corner={corner}", "policy@policies.north=hardline", "policy@policies.south=status_quo"]
    composed = compose(chosen)
    assert (at(composed, "policies.north.params.spiral"), at(composed, "policies.north.params.deterrence")) == (spiral, deterrence)
    assert "spiral" not in at(composed, "policies.south.params")  # type: ignore[operator]
    assert at(compose([*chosen, "policies.north.params.spiral=0.3"]), "policies.north.params.spiral") == 0.3


def test_corners_differ() -> None:
    corners = [compose(["scenario=two_states", f"corner={name}"]).config for name in ("default", "spiral", "deterrence")]
    assert len({str(config["parameters"]) for config in corners}) == 3


def test_code_is_not_named_by_an_untrusted_caller() -> None:
    with pytest.raises(InputError, match="code to run"):
        compose(["+hydra.callbacks.x._target_=json.loads"])


def test_hash_holds_what_counts_and_nothing_else(tmp_path: Path) -> None:
    def hashed(*overrides: str) -> str:
        composed = compose(overrides)
        return config_hash(composed.config, sorted(composed.folder.glob("*.csv")))

    first, second = (tmp_path / name for name in "ab")
    first.mkdir()
    second.mkdir()
    one, other = make_folder(first), make_folder(second)
    assert hashed(f"scenario.path={one}") == hashed(f"scenario.path={other}", "figures=false")
    assert hashed(f"scenario.path={one}") != hashed(f"scenario.path={one}", "seed=2")
    (other / "routes.csv").write_text((other / "routes.csv").read_text() + "\n")
    assert hashed(f"scenario.path={one}") != hashed(f"scenario.path={other}")


# ------------------------------------------------------------------ one line each


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("sed=3", ["sed=3", "did you mean 'seed'"]),
        ("parameters.violence.brnching=0.4", ["did you mean 'parameters.violence.branching'"]),
        ("+foo=3", ["foo=3", "unknown key", "known:"]),
        ("seed=abc", ["seed=abc", "a whole number"]),
        ("seed=-3", ["seed=-3", "at least 0"]),
        ("parameters.violence.branching=high", ["a number from 0 to"]),
        ("parameters.violence.branching=1.9", ["parameters.violence.branching=1.9", "from 0 to"]),
        ("scenario.people_scale=.nan", ["scenario.people_scale", "from"]),
        ("levers.strikes.money=-1", ["levers.strikes.money=-1", "million US$ a year"]),
        ("scenario.start=2021-13-01", ["scenario.start=2021-13-01", "YYYY-MM-DD"]),
        ("scenario=two_state", ["did you mean 'two_states'"]),
        ("corner=spirl", ["did you mean 'spiral'"]),
        ("policy@policies.pakistn=scripted", ["did you mean 'policy@policies.pakistan'"]),
        ("policy@policies.pakistan=scriptd", ["policy@policies.pakistan=scriptd", "did you mean 'scripted'"]),
        ("governments.pakistn.money=1", ["did you mean 'governments.pakistan.money'"]),
        ("governments.pakistan.country=null", ["governments.pakistan.country", "a text"]),
        ("seed", ["seed", "KEY=VALUE"]),
        ("seed=[1", ["seed=[1", "KEY=VALUE"]),
        ("seed=1,2", ["-m"]),
        ("figures=maybe", ["true or false"]),
        ("scenario.path=/no/such/folder", ["scenario.path", "/no/such/folder"]),
        ("~levers.strkes", ["levers.strkes"]),
    ],
)
def test_a_wrong_override(override: str, words: list[str]) -> None:
    text = complaint(override)
    for word in words:
        assert word in text, text


def test_several_mistakes_are_counted() -> None:
    assert "(and 1 more)" in complaint("seed=-1", "parameters.violence.branching=9")


def test_two_scenarios_contradict(tmp_path: Path) -> None:
    folder = make_folder(tmp_path)
    assert "contradicts" in complaint("scenario=two_states", f"scenario.path={folder}")
    assert compose(["scenario=mine", f"scenario.path={folder}"]).folder == folder


def test_a_mistake_in_a_scenario_file_names_the_file(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, SCENARIO.replace("branching: 0.25", "branching: 25"))
    text = complaint(f"scenario.path={folder}")
    assert "scenario.yaml" in text and "parameters.violence.branching" in text
    assert "branching=25" not in text


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("branching:", "brnching:", ["parameters.violence.brnching", "did you mean 'branching'"]),
        ("country: Southland}", "country: Southland, mony: 3}", ["governments.south.mony", "did you mean 'money'"]),
        ("policy: threshold", "policy: threshhold", ["did you mean 'threshold'"]),
        ("policy: threshold", "policy: 'my:Class'", ["governments.north.policy", "command line only"]),
        ("groups:", "grups:", ["grups"]),
        ("south:", "so uth:", ["governments.so uth", "letters"]),
        ("title: Three", "title: [", ["not valid YAML", "line"]),
        ("schema_version: 1", "schema_version: 2", ["schema_version"]),
        ("governments:\n", "governments: 3\nx:\n", []),
        ("  front:", "  north:", ["names are unique"]),
    ],
)
def test_a_wrong_scenario_file(tmp_path: Path, old: str, new: str, words: list[str]) -> None:
    assert old in SCENARIO
    text = complaint(f"scenario.path={make_folder(tmp_path, SCENARIO.replace(old, new, 1))}")
    for word in ["scenario.yaml", *words]:
        assert word in text, text


def test_a_folder_without_or_with_two_scenarios(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "scenario.yaml: missing" in complaint(f"scenario.path={empty}")
    folder = make_folder(tmp_path)
    (folder / "input_csv").mkdir()
    assert "both scenario.yaml and input_csv/" in complaint(f"scenario.path={folder}")


def test_a_class_in_a_config_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "evil.yaml").write_text("name: 'os:system'\nparams: {}\n")
    text = complaint("scenario=two_states", "policy@policies.north=evil", config_dir=tmp_path)
    assert "policies.north.name" in text and "command line only" in text


def test_a_class_needs_a_trusted_caller() -> None:
    with pytest.raises(InputError, match="command line"):
        compose(["scenario=two_states", "policy@policies.north=a:B"])


def test_a_mistake_in_a_users_config_file_names_it(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("defaults: [config, _self_]\nparameters: {violence: {branching: x}}\n")
    text = complaint(config_dir=tmp_path, config_name="study")
    assert "study.yaml" in text and "parameters.violence.branching" in text
    assert "no folder" in complaint(config_dir=tmp_path / "none")
    assert "--config-name" in complaint(config_dir=tmp_path, config_name="stdy")


def test_a_lever_with_a_target_can_be_set_and_listed() -> None:
    """A slash in a key is no group of Hydra's here; the other levels of the government stay."""
    composed = compose(["scenario=two_states", "governments.north.baseline.cooperation/south=0.5", "governments.north.baseline.sanctions/south=1"])
    assert OmegaConf.select(OmegaConf.create(composed.config), "governments.north.baseline") == {
        "operations": 0.3, "cooperation/south": 0.5, "sanctions/south": 1.0,
    }  # fmt: skip
    with session(["scenario=two_states", "governments.north.baseline.cooperation/south=0.1,0.2"], multirun=True) as opened:
        found = [OmegaConf.create(opened.compose(job).config).governments.north.baseline["cooperation/south"] for job in opened.jobs()]
    assert found == [0.1, 0.2]
    with pytest.raises(InputError, match=r"cooperation/south"):
        compose(["scenario=two_states", "governments.north.baseline.cooperation/south=much"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["mine.yaml", "has no list of defaults", "defaults: [config, _self_]"]),
        (b"hello\n", ["mine.yaml", "has no list of defaults"]),
        (b"seed: 3\n", ["mine.yaml", "has no list of defaults"]),
        (b"- a\n", ["mine.yaml", "has no list of defaults"]),
        (b"defaults: config\n", ["mine.yaml", "has no list of defaults"]),
        (b"defaults: [foo]\n", ["mine.yaml: defaults: no config 'foo'"]),
        (b"defaults: []\n", ["mine.yaml", "scenario: missing", "defaults: [config, _self_]"]),
        (b"defaults: [_self_]\nseed: 3\n", ["mine.yaml", "scenario: missing"]),
        (b"\xff\xfe\x00a", ["mine.yaml", "not UTF-8"]),
    ],
    ids=lambda value: value.decode(errors="replace").strip() if isinstance(value, bytes) else "",
)
def test_a_config_file_that_is_none(tmp_path: Path, content: bytes, words: list[str]) -> None:
    (tmp_path / "mine.yaml").write_bytes(content)
    with pytest.raises(InputError) as caught:
        compose([], config_dir=tmp_path, config_name="mine")
    text = str(caught.value)
    assert "\n" not in text
    for word in words:
        assert word in text, text
