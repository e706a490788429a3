"""The documentation holds: generated parts are current, links and code paths exist, examples run."""

import dataclasses
import re
import shlex
from pathlib import Path

import pandas as pd
import pytest

from agents.errors import InputError
from agents.government import GovernmentSettings
from agents.levers import CATALOGUE, LeverCost
from agents.mediator import MediatorSettings
from agents.militant_group import GroupSettings
from agents.policies import GOVERNMENT_POLICIES, GROUP_POLICIES
from experiments import docs
from experiments.docblocks import MECHANISMS, example_files, fitted, parameters
from sim import Scenario
from sim.model import MarchlandModel
from sim.settings import Parameters, ScenarioSettings

README = (docs.ROOT / "README.md").read_text(encoding="utf-8")


def page(name: str) -> str:
    return (docs.ROOT / "docs" / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def model() -> MarchlandModel:
    return Scenario.load("two_states", seed=3, overrides=["scenario.end=2001-03-31"]).build().run()


@pytest.mark.parametrize("text", [p.read_text(encoding="utf-8") for p in docs.pages()], ids=[p.name for p in docs.pages()])
def test_no_page_names_a_path_of_one_machine(text: str) -> None:
    assert not re.search(r"(?<![\w.~])/(home|root|Users|tmp|work|opt|var|mnt)/", text)


def test_everything_is_current_and_leads_somewhere() -> None:
    assert docs.check() == []


# ------------------------------------------------------------------ the checker finds what is wrong


def small(root: Path, text: str) -> list[str]:
    (root / "docs").mkdir()
    (root / "docs" / "page.md").write_text(text, encoding="utf-8")
    return docs.check(root)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("see [it](nowhere.md)", "docs/page.md: the link to 'nowhere.md' is broken; no such file"),
        ("![figure](figures/gone.png)", "figures/gone.png"),
        ("# One\n\nsee [it](#two)", "the link to '#two' is broken; no such heading"),
        ("`sim/gone.py`", "names `sim/gone.py`, which does not exist"),
        ("`sim.streams.Rivers`", "names `sim.streams.Rivers`"),
        ("`sim.gone`", "names `sim.gone`"),
        ("    marchland fly", "'marchland fly' is no command"),
        ("run `marchland fly` now", "'marchland fly' is no command"),
        ("<!-- generated: day -->\nold\n<!-- end -->", "docs/page.md: out of date; run python -m experiments.docs"),
    ],
)
def test_check_complains(tmp_path: Path, text: str, said: str) -> None:
    wrong = small(tmp_path, text)
    assert len(wrong) == 1 and said in wrong[0]


@pytest.mark.parametrize(
    "text",
    [
        "# One thing\n\n[same page](#one-thing), [web](https://example.org), `configs/scenarios/NAME/`, `sim.streams.Streams`",
        "`sim.state.State.people`",
        "```\n[not](a-link.md) `sim/gone.py`\n```",
        "    marchland run seed=1\n\n`.venv/bin/marchland version`",
    ],
)
def test_check_is_content(tmp_path: Path, text: str) -> None:
    assert small(tmp_path, text) == []


def test_unknown_block_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"docs/page\.md: unknown generated block 'night'"):
        small(tmp_path, "<!-- generated: night -->\n<!-- end -->")


def test_main_says_which_option_is_unknown() -> None:
    with pytest.raises(InputError, match="--all: unknown option; known: --check, --figures"):
        docs.main(["--all"])


def test_main_exits_with_1_when_a_page_is_wrong(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(docs, "check", lambda: ["README.md: out of date"])
    assert docs.main(["--check"]) == 1
    assert "README.md: out of date" in capsys.readouterr().err


# --------------------------------------------------------------------------------- the README


def test_python_example_of_the_readme_runs() -> None:
    example = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert example is not None
    namespace: dict[str, object] = {}
    exec(example[1].replace("pakistan_afghanistan", "two_states"), namespace)
    daily = namespace["daily"]
    assert isinstance(daily, pd.DataFrame) and {"day", "date", "kind", "actor", "variable", "value"} <= set(daily)


def run_commands() -> list[str]:
    found: list[str] = []
    for file in docs.pages():
        for line in docs.commands(file.read_text(encoding="utf-8")):
            words = line.split(" # ")[0].strip()
            own = re.search(r"my_border|NAME|FOLDER|mypolicy|\b[\w/]+\.yaml\b|--help|&&|^marchland VERB", words)
            if re.match(r"marchland run\b", words) and not own:
                found.append(words)
    return sorted(set(found))


def test_there_are_run_commands() -> None:
    assert len(run_commands()) > 10


@pytest.mark.parametrize("command", run_commands())
def test_run_commands_of_all_pages_compose(command: str) -> None:
    from experiments.run import parse
    from sim.compose import session

    arguments = parse(shlex.split(command)[2:])
    with session(arguments.overrides, trusted=True, multirun=arguments.multirun) as opened:
        jobs = list(opened.jobs()) if arguments.multirun else [opened.ready]
        for ready in dict.fromkeys((jobs[0], jobs[-1])):  # the ends of a multirun
            composed = opened.compose(ready)
            Scenario.from_config(composed.config, composed.folder)


def test_readme_names_every_policy() -> None:
    for name in (*GOVERNMENT_POLICIES, *GROUP_POLICIES):
        assert f"`{name}`" in README


def test_first_screen_of_the_readme() -> None:
    first = README.split("\n## ")[0]
    for needed in ("not a forecast", "docs/figures/", "make run", "make test", "from sim import Scenario"):
        assert needed in first


# ---------------------------------------------------------------------------------- the pages


def declared() -> list[tuple[str, str]]:
    """Every field that is declared with ``par``, with the start of its path."""
    classes: list[tuple[str, type]] = [
        (f"parameters.{field.name}", type(getattr(Parameters(), field.name))) for field in dataclasses.fields(Parameters)
    ]
    classes += [("scenario", ScenarioSettings), ("governments.NAME", GovernmentSettings), ("groups.NAME", GroupSettings)]
    classes += [("mediators.NAME", MediatorSettings)]
    classes += [(f"levers.{lever.name}", LeverCost) for lever in CATALOGUE]
    for policy in (*GOVERNMENT_POLICIES.values(), *GROUP_POLICIES.values()):
        classes.append((f"policy/{policy.name}:params", policy.parameters))
    found: list[tuple[str, str]] = []
    for prefix, schema in classes:
        for name, info in schema.__pydantic_fields__.items():
            if isinstance(info.json_schema_extra, dict) and "unit" in info.json_schema_extra:
                found.append((prefix, name))
    return found


def test_every_parameter_stands_in_the_table() -> None:
    text = page("parameters.md")
    missing = [f"{prefix}.{name}" for prefix, name in declared() if f"`{prefix}.{name}`" not in text]
    assert missing == [] and len(declared()) > 150


def test_at_most_six_scalars_are_fitted() -> None:
    rows = [line for line in fitted("", docs.ROOT).splitlines()[2:] if line]
    assert 1 <= len(rows) <= 6
    assert all(" to " in row for row in rows), "a fitted scalar needs its range"


def test_every_group_of_parameters_has_a_mechanism() -> None:
    groups = {row.path.split(".")[1] for row in parameters() if row.path.startswith("parameters.")}
    text = page("mechanisms.md")
    for name in groups:
        assert name in MECHANISMS and f"<!-- generated: mechanism {name} -->" in text


def test_every_lever_and_policy_stands_in_its_page() -> None:
    assert all(f"`{lever.name}`" in page("levers.md") for lever in CATALOGUE)
    assert all(f"### {name}\n" in page("policies.md") for name in (*GOVERNMENT_POLICIES, *GROUP_POLICIES))


def test_every_outcome_is_defined(model: MarchlandModel) -> None:
    listed = re.findall(r"`([\w.]+)`", page("outcomes.md"))
    patterns = [re.compile(re.sub(r"YEAR|NAME|RIVAL|GROUP", r"\\w+", re.escape(name))) for name in listed]
    assert [name for name in model.outcomes if not any(pattern.fullmatch(name) for pattern in patterns)] == []


def test_every_column_of_the_record_is_described(model: MarchlandModel) -> None:
    listed = re.findall(r"`([\w/]+)`", page("outcomes.md"))
    words = {re.sub(r"(stability_|/)(NAME|RIVAL|SLOT|COUNTRY)$", r"\1", name) for name in listed}
    used = {(str(kind), re.sub(r"/.*", "/", str(name))) for kind, _, name in model.record.columns}
    missing = [pair for pair in used if pair[1] not in words and re.sub(r"stability_\w+", "stability_", pair[1]) not in words]
    assert missing == []
    for frame in (model.record.places, model.record.events):
        assert all(f"`{column}`" in page("outcomes.md") for column in frame.columns)


def test_every_column_of_the_tables_is_described() -> None:
    from sim.eventrows import EXOGENOUS_OPTIONAL, EXOGENOUS_REQUIRED, HISTORY_OPTIONAL, HISTORY_REQUIRED

    text = page("scenario-format.md")
    names = " ".join((HISTORY_REQUIRED, HISTORY_OPTIONAL, EXOGENOUS_REQUIRED, EXOGENOUS_OPTIONAL)).split()
    for file in (docs.ROOT / "configs" / "scenarios").rglob("*.csv"):
        if file.parent.name != "observed" or file.name == "series.csv":
            names += file.read_text(encoding="utf-8").split("\n", 1)[0].strip().split(",")
    assert [name for name in dict.fromkeys(names) if f"`{name}`" not in text] == []


def test_the_worked_example_runs(tmp_path: Path) -> None:
    for name, content in example_files(page("scenario-format.md")).items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    done = Scenario.load(path=tmp_path).build().run()
    assert done.outcomes["days"] == 181.0
    shut = done.record.series("crossing", "Old Bridge", "open") == 0.0
    assert shut.sum() == 9 + 7, "closed from 1 to 9 March by the script, from 1 to 7 May by the flood"


def test_the_policy_of_the_example_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = re.search(r"```python\n(.*?)```", page("policies.md"), re.DOTALL)
    assert source is not None
    (tmp_path / "mypolicy.py").write_text(source[1], encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    chosen = ["policy@policies.north=mypolicy:Helpful", "policies.north.params.aid=0.8", "scenario.end=2001-01-31"]
    done = Scenario.load("two_states", overrides=[*chosen, "governments.north.tension=0.7"]).build().run()
    assert done.record.series("government", "north", "asked/aid")[-1] == pytest.approx(0.8)
