"""``marchland analyze``: a report that is whole or not there, that a stranger's study cannot use, and that says what it left out."""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from experiments.analysis import overview, registry
from experiments.analysis.finding import Finding
from experiments.analysis.registry import ANALYSES, Analysis, Options, chosen_analyses, main_outcomes
from experiments.analysis.report import make_report
from experiments.analysis.study import Study, load_study
from experiments.cli import main
from experiments.study.claim import FILE as CLAIM

FAST = "analyses=overview,distribution,failures"
BRANCHING = "parameters.violence.branching"
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\" onmouseover=\"alert(3)"


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("analyze") / "study"
    words = ["scenario=two_states", "scenario.end=2001-01-20", "executor=serial", "design=grid", "replicates=2"]
    assert main(["sweep", *words, f"{BRANCHING}=0.2,0.4,0.6", "policy@policies.north=status_quo,hardline", f"output={folder}"]) == 0
    return folder


@pytest.fixture
def study(swept: Path, tmp_path: Path) -> Path:
    """A copy of the study, to spoil."""
    return Path(shutil.copytree(swept, tmp_path / "study"))


def rewrite(study: Path, **columns: object) -> pd.DataFrame:
    """Change columns of the results."""
    frame = pq.read_table(study / "results.parquet").to_pandas().sort_values(["point", "replicate"], ignore_index=True)
    for name, values in columns.items():
        frame[name] = values
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), study / "results.parquet")
    return frame


class Page(HTMLParser):
    """What a browser makes of a page: its tags with attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, Mapping[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


# ------------------------------------------------------------------ the report


def test_a_report_of_all_that_applies(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", str(study), FAST, "outcomes=deaths,stability"]) == 0
    said = capsys.readouterr().out
    assert "Outcomes by policy of north" in said and "failures: every planned run finished" in said
    folder = study / "analysis"
    assert {path.name for path in folder.iterdir()} == {"report.html", "analysis.json", "figures", "tables"}
    assert {path.stem for path in (folder / "figures").iterdir()} == {"overview", "distribution"}
    assert not [path for path in study.iterdir() if path.name.startswith(".analysis")], "nothing half-written is left"
    about = json.loads((folder / "analysis.json").read_text())
    assert about["outcomes"] == ["deaths", "stability"] and about["failed"] == {}


def test_the_page_stands_alone(study: Path) -> None:
    assert main(["analyze", str(study), FAST]) == 0
    text = (study / "analysis" / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    names = [tag for tag, _ in page.tags]
    assert not {"script", "iframe", "object", "embed", "link", "form", "base"} & set(names)
    sources = [str(attributes.get("src")) for tag, attributes in page.tags if tag == "img"]
    assert len(sources) == 2 and all(source.startswith("data:image/png;base64,") for source in sources)
    links = [str(attributes["href"]) for tag, attributes in page.tags if tag == "a"]
    targets = {str(attributes["id"]) for _, attributes in page.tags if "id" in attributes}
    for link in links:
        assert link[1:] in targets if link.startswith("#") else (study / "analysis" / link).is_file(), link
    assert "http:" not in text and "https:" not in text and "url(" not in text
    said = " ".join(page.words)
    manifest = json.loads((study / "manifest.json").read_text())
    for words in (manifest["config_hash"], "marchland reproduce study", "12 ok", "seed 1", "12 of 12 runs", "marchland sweep", BRANCHING):
        assert words in said, words
    assert str(study.parent) not in text.replace(" ".join(manifest["command"]), ""), "only the user's own command names folders"


def test_the_page_is_the_same_when_made_again(study: Path) -> None:
    assert main(["analyze", str(study), FAST]) == 0
    before = (study / "analysis" / "report.html").read_bytes()
    assert main(["analyze", str(study), FAST, "--force"]) == 0
    assert (study / "analysis" / "report.html").read_bytes() == before


def test_numbers_of_the_overview_are_those_of_the_runs(study: Path) -> None:
    one = load_study(study)
    table = overview.overview(one, ["deaths"])[0].table.set_index("group")
    frame = one.results
    for label, policy in (("status quo", "status_quo"), ("hardline", "hardline")):
        own = frame[frame["policy@policies.north"] == policy]
        assert table.loc[label, "runs"] == 6 and table.loc[label, "mean"] == pytest.approx(own["deaths"].mean())
        means = own.groupby("replicate")["deaths"].mean()  # the points of a grid were set: only the luck is a sample
        half = 12.706204736 * means.std(ddof=1) / math.sqrt(2)  # Student's t with one degree of freedom
        assert table.loc[label, "high"] - table.loc[label, "low"] == pytest.approx(2.0 * half)


def test_outcomes_by_default_are_main_ones_that_vary(study: Path) -> None:
    rewrite(study, deaths=7.0, stability=np.linspace(0.0, 1.0, 12))
    chosen = main_outcomes(load_study(study))
    assert "stability" in chosen and "deaths" not in chosen and len(chosen) <= registry.MOST


# ------------------------------------------------------------------ failures and strangers


def test_failed_runs_and_their_errors_are_on_the_page(study: Path) -> None:
    frame = rewrite(study)
    status, error = frame["status"].to_numpy(dtype=object), frame["error"].to_numpy(dtype=object)
    status[:3], error[:3] = "failed", "ValueError: the bridge is out"
    rewrite(study, status=status, error=error, deaths=frame["deaths"].where(status == "ok"))
    assert main(["analyze", str(study), FAST]) == 0
    said = " ".join(Page((study / "analysis" / "report.html").read_text()).words)
    assert "3 failed, 9 ok" in said and "3 x ValueError: the bridge is out" in said and "n = 9 of 12 runs" in said
    table = pd.read_csv(study / "analysis" / "tables" / "failures.csv")
    assert len(table) == 3 and set(table["status"]) == {"failed"}


def test_a_strangers_study_puts_no_markup_on_the_page(study: Path) -> None:
    """Everything that a folder says is text: errors, command, title, hash, values of factors."""
    frame = rewrite(study)
    status = ["failed", *frame["status"][1:]]
    rewrite(study, status=status, error=[EVIL, *frame["error"][1:]])
    manifest = json.loads((study / "manifest.json").read_text())
    manifest["command"] = ["marchland", EVIL, "\x1b]0;x\x07\u202e"]
    (study / "manifest.json").write_text(json.dumps(manifest))
    claim = json.loads((study / CLAIM).read_text())
    claim["config_hash"] = EVIL
    (study / CLAIM).write_text(json.dumps(claim))
    plan = pq.read_table(study / "plan.parquet")
    about = json.loads(plan.schema.metadata[b"marchland"])
    about["base"]["scenario"]["title"] = EVIL
    about["factors"][1][4] = [EVIL, "status_quo", "hardline"]
    pq.write_table(plan.replace_schema_metadata({b"marchland": json.dumps(about).encode()}), study / "plan.parquet")
    assert main(["analyze", str(study), FAST]) == 0
    text = (study / "analysis" / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert "script" not in {tag for tag, _ in page.tags}
    assert not [key for _, attributes in page.tags for key in attributes if key.startswith("on")]
    assert all(str(attributes["src"]).startswith("data:image/png") for tag, attributes in page.tags if tag == "img")
    assert "\x1b" not in text and "\u202e" not in text
    assert sum("alert(1)" in words for words in page.words) >= 4, "it is shown as text, not hidden"
    policy = next(attributes["content"] for tag, attributes in page.tags if tag == "meta" and "http-equiv" in attributes)
    assert "default-src 'none'" in str(policy) and "script-src" not in str(policy)


def test_names_of_findings_cannot_leave_the_folder(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pd.DataFrame({"a": [1]})
    names = ["../../out", "a b/c", "a_b_c", "a b c", "..."]
    odd = Analysis("odd", "overview:overview", lambda f, s, o: [Finding(name, "t", f"says {name}", table) for name in names])
    monkeypatch.setattr("experiments.analysis.report.ANALYSES", MappingProxyType({"odd": odd}))
    report = make_report(load_study(study), ["odd"], Options(outcomes=("deaths",)), tmp_path / "out")
    stems = [one.stem for one in report.shown]
    assert len(set(stems)) == 5 and all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", stem) for stem in stems)
    assert {path.stem for path in (tmp_path / "out" / "tables").iterdir()} == set(stems)


def test_an_analysis_that_breaks_is_told_and_the_others_stay(study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(function: object, study: Study, options: Options) -> list[Finding]:
        raise ZeroDivisionError("no such luck")

    known = {**ANALYSES, "tornado": Analysis("breaks", "overview:overview", broken)}
    for module in ("report", "registry", "html"):
        monkeypatch.setattr(f"experiments.analysis.{module}.ANALYSES", MappingProxyType(known))
    assert main(["analyze", str(study), "analyses=tornado,overview"]) == 1
    out = capsys.readouterr()
    assert "failed: tornado: ZeroDivisionError: no such luck" in out.out and "Traceback" in out.err
    said = " ".join(Page((study / "analysis" / "report.html").read_text()).words)
    assert "The analysis tornado failed: ZeroDivisionError: no such luck" in said and "Outcomes by policy of north" in said


def test_what_does_not_fit_is_a_line_and_no_error(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", str(study), "analyses=sobol,morris,overview"]) == 0
    assert "sobol: needs design=sobol; this study is design=grid" in capsys.readouterr().out
    said = " ".join(Page((study / "analysis" / "report.html").read_text()).words)
    assert "What does not apply" in said and "this study is design=grid" in said


def test_every_analysis_can_be_called() -> None:
    for name, analysis in ANALYSES.items():
        module, _, function = analysis.place.partition(":")
        assert callable(getattr(__import__(f"experiments.analysis.{module}", fromlist=[function]), function)), name
    assert chosen_analyses("") == tuple(ANALYSES) and chosen_analyses(" sobol, phase,sobol") == ("sobol", "phase")


# ------------------------------------------------------------------ folders and words


def test_a_report_is_not_overwritten_without_force_and_never_anything_else(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", str(study), FAST]) == 0
    assert main(["analyze", str(study), FAST]) == 2
    assert "--force to replace it" in capsys.readouterr().err
    (study / "analysis" / "notes.txt").write_text("mine")
    assert main(["analyze", str(study), FAST, "--force"]) == 2
    assert "notes.txt" in capsys.readouterr().err and (study / "analysis" / "notes.txt").read_text() == "mine"
    other = study / "other"
    other.mkdir()
    (other / "letter.txt").write_text("mine")
    assert main(["analyze", str(study), FAST, f"output={other}", "--force"]) == 2
    assert [path.name for path in other.iterdir()] == ["letter.txt"]


def test_a_report_that_cannot_be_written_leaves_the_old_one(study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", str(study), FAST]) == 0
    before = (study / "analysis" / "report.html").read_bytes()

    def full(*arguments: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("experiments.analysis.report.page", full)
    assert main(["analyze", str(study), FAST, "--force"]) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert (study / "analysis" / "report.html").read_bytes() == before
    assert not [path for path in study.iterdir() if path.name.startswith(".analysis")]


def test_a_folder_of_another_kind_says_what_to_do(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, told in (("compare.csv", "is a comparison"), ("manifest.json", "is a single run")):
        folder = tmp_path / name.split(".")[0]
        folder.mkdir()
        (folder / name).write_text("{}")
        assert main(["analyze", str(folder)]) == 2
        assert told in capsys.readouterr().err
    assert main(["analyze", str(study.parent)]) == 2
    assert f"did you mean {study}" in capsys.readouterr().err
    assert main(["analyze", str(tmp_path / "nowhere")]) == 2
    assert "no such folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "give one folder"), (["STUDY", "other"], "give one folder"), (["STUDY", "--fast"], "--fast"), (["STUDY", "outcome=deaths"], "did you mean 'outcomes'"),
        (["STUDY", "outcomes=deathz"], "did you mean 'deaths'"), (["STUDY", "analyses=sobel"], "did you mean 'sobol'"), (["STUDY", "by=policy"], "by=policy"),
        (["STUDY", "x=branch"], "x=branch"), (["STUDY", "threshold=high"], "threshold=high: write a number"), (["STUDY", "levers=money"], "levers=money"),
        (["STUDY", "analyses=survival", "events=peace"], "events=peace: unknown"), (["STUDY", "interest=stability"], "interest=stability: cannot be read"),
        (["STUDY", "outcomes=attacks:better"], "write NAME:up"), (["STUDY", "variables=a:b"], "variables=a:b"),
        (["STUDY", "analyses=sobol"], "analyses=sobol: needs design=sobol"),
    ],
)  # fmt: skip
def test_wrong_words_are_one_line(words: list[str], told: str, study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", *(str(study) if word == "STUDY" else word for word in words)]) == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert len(errors) == 1 and told in errors[0] and not (study / "analysis").exists()


def test_help_names_every_key(capsys: pytest.CaptureFixture[str]) -> None:
    from experiments.analyze import KEYS

    assert main(["analyze", "--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"  {name}" in said for name, _, _ in KEYS) and all(name in said for name in ANALYSES)
