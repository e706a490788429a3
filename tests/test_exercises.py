"""The exercises hold: every solution runs and prints what its page quotes, every config opens, every link leads somewhere."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from experiments import docs
from experiments.cli import main
from experiments.run import parse
from sim import Scenario
from sim.compose import session

ROOT = docs.ROOT
FOLDER = ROOT / "docs" / "exercises"
PAGES = sorted(FOLDER.glob("[01][0-9]-*.md"))
LADDER = (FOLDER / "README.md").read_text(encoding="utf-8")
SECTIONS = ("What you need", "Set up", "To try", "To notice", "Questions", "What one run cannot show", "Extending", "Solution")
_NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")


def only(folder: str, page: Path, ending: str) -> Path:
    """The one file of an exercise in a folder: the same number, underscores for dashes."""
    found = sorted((FOLDER / folder).glob(f"{page.name[:2]}_*{ending}"))
    assert len(found) == 1, f"{page.name}: {folder} has {len(found)} files"
    return found[0]


def quoted(page: Path) -> str:
    """What a page quotes from its solution."""
    blocks = re.findall(r"```text\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 1, f"{page.name}: one block of the solution's output, not {len(blocks)}"
    return str(blocks[0])


def differs(quotation: str, printed: str) -> str:
    """Return what is different; empty when the words are the same and the numbers close.

    On another processor a last digit can turn a draw (docs/reproduce.md): so numbers may differ by 5 % or by two units of
    the last digit shown, and words by nothing.
    """
    for one, other in zip(quotation.rstrip().split("\n"), printed.rstrip().split("\n"), strict=False):
        if _NUMBER.sub("#", one.rstrip()) != _NUMBER.sub("#", other.rstrip()):
            return f"quoted {one!r}, printed {other!r}"
        for a, b in zip(_NUMBER.findall(one), _NUMBER.findall(other), strict=True):
            x, y = (float(text.replace(",", "").rstrip(".")) for text in (a, b))
            decimals = len(a.partition("e")[0].partition(".")[2])
            last = 0.0 if "e" in a else 2.001 * 10.0**-decimals
            if abs(x - y) > max(0.05 * abs(x), last):
                return f"quoted {a} in {one!r}, printed {b}"
    count = [len(text.rstrip().split("\n")) for text in (quotation, printed)]
    return "" if count[0] == count[1] else f"{count[0]} lines quoted, {count[1]} printed"


def test_the_policy_of_the_page_is_that_of_the_solution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Copied into a file, the lines of exercise 10 are a whole module."""
    (page,) = (page for page in PAGES if page.name.startswith("10"))
    (code,) = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    imports, _, classes = code.partition("\n\n\n")
    solution = only("solutions", page, ".py").read_text(encoding="utf-8")
    assert classes.strip() in solution
    assert set(imports.split("\n")) <= set(solution.split("\n"))
    (tmp_path / "mypolicy.py").write_text(code, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "mypolicy", raising=False)
    assert main(["check", "mypolicy:Watchful"]) == 0, capsys.readouterr().err
    monkeypatch.delitem(sys.modules, "mypolicy")


def test_there_are_twelve() -> None:
    assert [page.name[:2] for page in PAGES] == [f"{n:02d}" for n in range(1, 13)]


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_solution_prints_what_the_page_quotes(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Played in this process: twelve interpreters of their own would import everything twelve times."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(FOLDER / "solutions")
    monkeypatch.setitem(sys.modules, "mypolicy", sys.modules["__main__"])  # what exercise 10 puts there is gone afterwards
    runpy.run_path(str(only("solutions", page, ".py")), run_name="__main__")
    assert differs(quoted(page), capsys.readouterr().out) == ""
    assert list(tmp_path.iterdir()) == [], "a solution leaves nothing behind"


@pytest.mark.parametrize("page", PAGES[1:2], ids=[page.stem for page in PAGES[1:2]])
def test_solution_runs_as_a_script(page: Path, tmp_path: Path) -> None:
    """As its page has it: ``python FILE``, from any folder."""
    paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
    done = subprocess.run(
        [sys.executable, only("solutions", page, ".py")], cwd=tmp_path, env={**os.environ, "PYTHONPATH": paths},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert differs(quoted(page), done.stdout) == ""


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_solution_asserts_something(page: Path) -> None:
    assert re.search(r"^ *assert ", only("solutions", page, ".py").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(
    ("quotation", "printed", "same"),
    [
        ("a: 12.6 (-1 to +3)\n", "a: 12.6 (-1 to +3)\n", True),
        ("a: 12.6\n", "a: 12.8\n", True),
        ("a: 12.6\n", "a: 14.6\n", False),
        ("a: 0.00\n", "a: 0.03\n", False),
        ("a: -0.5\n", "a: +0.5\n", False),
        ("n: 2.8e+11\n", "n: 2.8e+10\n", False),
        ("n: 6,484\n", "n: 6,884\n", False),
        ("same: True\n", "same: False\n", False),
        ("one\n", "one\ntwo\n", False),
    ],
)
def test_a_wrong_quotation_is_found(quotation: str, printed: str, same: bool) -> None:
    assert (differs(quotation, printed) == "") is same


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_config_opens_by_its_file(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    file = only("configs", page, ".yaml")
    arguments = parse([str(file.relative_to(ROOT))])
    with session(arguments.overrides, config_dir=arguments.config_dir, config_name=arguments.config_name, trusted=True) as opened:
        composed = opened.compose()
    model = Scenario.from_config(composed.config, composed.folder).build()
    assert model.setting.days >= 31, "as long as its solution needs"


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_page_is_complete(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    config, solution = only("configs", page, ".yaml"), only("solutions", page, ".py")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == list(SECTIONS)
    assert f"(configs/{config.name})" in text and f"(solutions/{solution.name})" in text
    assert f"{'run' if page.name.startswith('11') else 'app'} docs/exercises/configs/{config.name}" in text
    assert f"python docs/exercises/solutions/{solution.name}" in text
    assert list(docs.broken_links(page, text, ROOT)) == []


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_numbers_of_the_text_are_printed(page: Path) -> None:
    """Decimal and large numbers that a page gives as findings stand in the quoted output."""
    section = page.read_text(encoding="utf-8").split("## To notice")[1].split("\n## ")[0]
    prose = re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)", "", section, flags=re.DOTALL)
    found = re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+|,\d{3})(?![\d])", prose)
    printed = set(re.findall(r"\d[\d,]*(?:\.\d+)?", quoted(page)))
    rounded = {number for number in found if number not in printed}
    assert rounded <= {"0.7", "1.0", "0.9"}, f"{page.name}: the text gives {sorted(rounded)}, the solution does not"


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_ladder_lists_the_page(page: Path) -> None:
    title, minutes = re.match(r"# (.*)\n\n(\d+) minutes\.", page.read_text(encoding="utf-8")).groups()  # type: ignore[union-attr]
    assert f"| [{title}]({page.name}) | {minutes} |" in LADDER
    assert 20 <= int(minutes) <= 40
