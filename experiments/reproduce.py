"""``marchland reproduce FOLDER``: run a stored run, study or comparison again and say whether the same comes out.

The verdict is graded, because results can be promised bit by bit only for the same versions on the same kind of
machine: *identical* (everything has the same content), *numerically equal* (numbers differ by rounding only),
*statistically compatible* (only when asked: the stored outcomes lie among those of other replicates), *different*.
Nothing in the folder is run: a policy class that it names counts only when the command line names it too.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from agents.errors import InputError
from agents.policies.base import load_class
from experiments.manifest import write_json
from experiments.reproduction.run import reproduce_run
from experiments.reproduction.verdict import COMPATIBLE, EQUAL, IDENTICAL, Verdict, compatible
from experiments.study.claim import FILE as CLAIM
from sim.complaints import did_you_mean

__all__ = ["InputError", "Verdict", "compatible", "main", "reproduce"]

#: What can be given: name, default, meaning.
KEYS: tuple[tuple[str, str, str], ...] = (
    ("sample", "0", "study: how many of its runs to run again; 0 for all"),
    ("sample_seed", "1", "study: the luck by which they are chosen"),
    ("workers", "2", "study: how many processes"),
    ("replicates", "0", "when results differ: do the stored outcomes lie among those of so many other replicates?"),
    ("trust", "", "policy classes of your own that may be run, as module:Class,module:Other"),
)
_NAMES = tuple(name for name, _, _ in KEYS)
_STUDY_ONLY = ("sample", "sample_seed", "workers")
REPORT = "reproduction.json"
#: Rows of the table of differences that are printed; all are in the report.
_MOST = 30


def main(words: Sequence[str]) -> int:
    """Run it again, print what differs and the verdict, and leave ``reproduction.json`` beside the manifest."""
    folders = [Path(word) for word in words if "=" not in word and not word.startswith("-")]
    given = dict(word.split("=", 1) for word in words if "=" in word)
    for key in given:
        if key not in _NAMES:
            raise InputError(f"{key}={given[key]}: unknown key{did_you_mean(key, _NAMES)}; known: {', '.join(_NAMES)}")
    if len(folders) != 1 or any(word.startswith("-") for word in words):
        raise InputError("reproduce: give one folder, as marchland run, sweep or compare leaves it: marchland reproduce FOLDER")
    replicates = _number(given, "replicates")
    if replicates == 1:
        raise InputError("replicates=1: write 0, or a number of replicates from 2 on")
    trusted = tuple(filter(None, given.get("trust", "").split(",")))
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))  # last: a user's own policy classes, never in place of ours
    verdict = reproduce(
        folders[0], replicates=replicates, trusted=trusted, sample=_number(given, "sample"), sample_seed=_number(given, "sample_seed"),
        workers=_number(given, "workers", least=1), given=tuple(given),
    )  # fmt: skip
    print("\n".join(lines(folders[0], verdict)))
    return verdict.code


def reproduce(
    folder: Path, *, replicates: int = 0, trusted: Sequence[str] = (), sample: int = 0, sample_seed: int = 1, workers: int = 2,
    given: Sequence[str] = (),
) -> Verdict:  # fmt: skip
    """Run what a folder holds again, and compare.

    Parameters
    ----------
    folder
        A folder that ``marchland run``, ``sweep`` or ``compare`` left.
    replicates
        How many other replicates to run when the results differ; 0 for none.
    trusted
        ``module:Class`` names of policies that may be imported.
    sample, sample_seed, workers
        Of a study: how many of its runs (0 for all), the luck of the choice, processes.
    given
        Options that the user named, to refuse those that mean nothing here.

    Raises
    ------
    InputError
        When the folder is not finished, or cannot be read, or a trusted class cannot be imported.
    """
    for name in trusted:  # before the first run, which would fail for a reason that is none of the folder's
        load_class(name, f"trust={name}")
    if (folder / CLAIM).is_file():
        from experiments.reproduction.study import Asked, reproduce_study

        verdict = reproduce_study(folder, Asked(sample, sample_seed, workers, replicates, tuple(trusted)))
    else:
        for key in given:
            if key in _STUDY_ONLY:
                raise InputError(f"{key}: is for studies; {folder} holds none, and is run again whole")
        if (folder / "compare.csv").is_file():
            from experiments.reproduction.comparison import reproduce_comparison

            if replicates:
                raise InputError(f"replicates: {folder} is a comparison, which holds replicates of its own; leave it out")
            verdict = reproduce_comparison(folder, trusted=trusted)
        else:
            verdict = reproduce_run(folder, replicates=replicates, trusted=trusted)
    try:
        write_json(folder / REPORT, verdict.report())
    except OSError as error:
        print(f"note: {folder / REPORT} cannot be written ({error.strerror or error})", file=sys.stderr)
    return verdict


def lines(folder: Path, verdict: Verdict) -> list[str]:
    """Return the verdict in words: what is different around the results, notes, and what was found."""
    said: list[str] = []
    if verdict.environment:
        rows = [("", "then", "now"), *verdict.environment[:_MOST]]
        widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
        said += [f"  {name:<{widths[0]}}  {then:<{widths[1]}}  {now}".rstrip() for name, then, now in rows]
        more = len(verdict.environment) - _MOST
        said += [f"  and {more} more, in {REPORT}"] if more > 0 else []
    else:
        said.append("  the same versions, commit and machine as then")
    said += [f"  note: {note}" for note in verdict.notes]
    said.append(f"{folder}: {verdict.grade}{f' ({verdict.checked})' if verdict.checked else ''}{f'; {verdict.where}' if verdict.where else ''}")
    if verdict.grade == EQUAL:
        said.append(f"largest relative difference {verdict.largest:.2g}" if verdict.largest else "rounding only")
    if verdict.grade not in (IDENTICAL, EQUAL, COMPATIBLE) and not verdict.environment:
        said.append("nothing around the results is different: they should have been identical")
    return said


def _number(given: Mapping[str, str], key: str, least: int = 0) -> int:
    """Return a whole number, or its default."""
    default = next(default for name, default, _ in KEYS if name == key)
    text = given.get(key, default)
    if not text.isdecimal() or int(text) < least:
        raise InputError(f"{key}={text}: write a whole number from {least} on")
    return int(text)
