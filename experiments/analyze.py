"""``marchland analyze STUDY``: what the runs of a study say, as figures, tables and one page.

Every analysis that fits the study is made; what does not fit is listed with its reason.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from agents.errors import InputError
from experiments.analysis.cases import rules_of
from experiments.analysis.daily import parse_variable
from experiments.analysis.groups import find_factor
from experiments.analysis.html import brief
from experiments.analysis.registry import ANALYSES, Options, chosen_analyses, main_outcomes
from experiments.analysis.report import PAGE, check_folder, make_report
from experiments.analysis.study import Study, load_study
from experiments.analysis.survival import EVENTS
from experiments.manifest import FILE
from experiments.study.claim import FILE as CLAIM
from sim.complaints import did_you_mean

#: What can be given: name, default, meaning.
KEYS: tuple[tuple[str, str, str], ...] = (
    ("outcomes", "", "outcomes to look at (default: the main ones that vary); NAME:up or NAME:down says what is better"),
    ("analyses", "", f"some of {', '.join(ANALYSES)} (default: all that apply)"),
    ("interest", "", "what prim and cart look for, as 'stability<0.5' (default: the worst quarter of each outcome)"),
    ("by", "", "factor whose values are told apart (default: the first policy or choice; none: all runs together)"),
    ("variables", "", "daily series of fan charts, as displaced,government:north:legitimacy (needs series=true)"),
    ("events", "", "some of rupture, escalation, collapse"),
    ("x", "", "factor on the horizontal axis of phase diagrams"),
    ("y", "", "factor on their vertical axis"),
    ("threshold", "", "value of an outcome that separates two phases"),
    ("levers", "", "factors that somebody decides, for pareto and regret (default: policies, and means of governments)"),
    ("output", "", "folder of the report (default: STUDY/analysis)"),
)
_NAMES = tuple(name for name, _, _ in KEYS)


def main(words: Sequence[str]) -> int:
    """Read a study, make the analyses that fit, and write the report; 1 when an analysis failed."""
    folders = [Path(word) for word in words if "=" not in word and not word.startswith("-")]
    flags = [word for word in words if word.startswith("-") and word != "--force"]
    if flags:
        raise InputError(f"{flags[0]}: unknown option; see marchland analyze --help")
    given = _given([word for word in words if "=" in word and not word.startswith("-")])
    if len(folders) != 1:
        raise InputError("analyze: give one folder of a study, as marchland sweep leaves it: marchland analyze STUDY")
    output = Path(given.get("output") or folders[0] / "analysis")
    names = chosen_analyses(given.get("analyses", ""))
    study = _study(folders[0])
    if given.get("analyses") and (unfit := {name: ANALYSES[name].unfit(study) for name in names}) and all(unfit.values()):
        raise InputError(f"analyses={names[0]}: {unfit[names[0]]}")
    check_folder(output, force="--force" in words)
    options = _options(given, study)
    print(f"{study.folder}: {study.caption(interval=None)}", file=sys.stderr)
    report = make_report(
        study, names, options, output, given=tuple(given), force="--force" in words, tell=lambda name: print(f"  {name}", file=sys.stderr)
    )
    for one in report.shown:
        print(f"{one.finding.title}: {brief(one.finding.says)}")
    if report.apart:
        print("\nnot here:")
        print("\n".join(f"  {name}: {reason}" for name, reason in report.apart))
    for name, error in report.failed:
        print(f"failed: {name}: {error}")
    print(f"\nreport: {output / PAGE}; figures/ and tables/ beside it")
    return 1 if report.failed else 0


def _given(words: Sequence[str]) -> dict[str, str]:
    """Return the keys that were given, without empty ones."""
    given: dict[str, str] = {}
    for word in words:
        key, _, value = word.partition("=")
        if key not in _NAMES:
            raise InputError(f"{word}: unknown key{did_you_mean(key, _NAMES)}; known: {', '.join(_NAMES)}")
        if value.strip():
            given[key] = value.strip()
    return given


def _study(folder: Path) -> Study:
    """Read the study, and say what to do with a folder of another kind."""
    if folder.is_dir() and not (folder / CLAIM).is_file():
        if (folder / "compare.csv").is_file():
            raise InputError(f"{folder}: is a comparison (marchland compare), not a study; its differences are in compare.csv and figures/")
        if (folder / FILE).is_file():
            raise InputError(f"{folder}: is a single run, not a study; its figures are in figures/, and marchland sweep makes a study")
        below = sorted(path.parent for path in folder.glob(f"*/{CLAIM}"))
        if below:
            raise InputError(f"{folder}: holds no study itself; did you mean {below[0]}?")
    return load_study(folder)


def _options(given: dict[str, str], study: Study) -> Options:
    """Return the options, checked against the study."""

    def many(key: str) -> tuple[str, ...] | None:
        return tuple(dict.fromkeys(filter(None, (part.strip() for part in given[key].split(","))))) or None if key in given else None

    directed = many("outcomes")
    outcomes = tuple(dict.fromkeys(name.partition(":")[0] for name in directed)) if directed else main_outcomes(study)
    for text in directed or ():
        if text.partition(":")[2] not in ("", "up", "down"):
            raise InputError(f"outcomes={text}: write NAME:up when more is better, NAME:down when less is")
    for name in outcomes:
        if name not in study.outcomes:
            raise InputError(f"outcomes={name}: the study has no such outcome{did_you_mean(name, study.outcomes)}; results.parquet has a column an outcome")
    for key in ("by", "x", "y"):
        if key in given and not (key == "by" and given[key] == "none"):
            find_factor(study, given[key], key)
    if "interest" in given:
        rules_of(study, outcomes, given["interest"])
    for name in many("variables") or ():
        parse_variable(name)
    for name in many("events") or ():
        if name not in EVENTS:
            raise InputError(f"events={name}: unknown{did_you_mean(name, EVENTS)}; known: {', '.join(EVENTS)}")
    levers = many("levers")
    keys = [factor.key for factor in study.plan.design.factors]
    return Options(
        outcomes=outcomes, directed=directed, variables=many("variables"), events=many("events"),
        levers=tuple(keys[find_factor(study, name, "levers")] for name in levers) if levers else None,
        interest=given.get("interest", ""), by=given.get("by"), x=given.get("x"), y=given.get("y"), threshold=_number(given.get("threshold")),
    )  # fmt: skip


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else None
    except ValueError:
        value = float("nan")
    if value is not None and value != value:
        raise InputError(f"threshold={text}: write a number")
    return value
