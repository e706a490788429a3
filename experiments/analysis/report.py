"""The report of a study: figures, tables and one page, in a folder that is whole or not there."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agents.errors import InputError
from experiments.analysis.finding import Finding
from experiments.analysis.html import Head, Shown, page
from experiments.analysis.registry import ANALYSES, Options
from experiments.analysis.study import Study
from experiments.figures import style
from experiments.manifest import FILE as MANIFEST
from experiments.manifest import write_json
from sim.fingerprint import file_hash

PAGE = "report.html"
#: What a folder holds that a report was written to.
FILE = "analysis.json"
FIGURES, TABLES = "figures", "tables"
_OURS = frozenset({PAGE, FILE, FIGURES, TABLES})


@dataclass(frozen=True)
class Report:
    """What a report says.

    Attributes
    ----------
    shown
        Findings with the names of their files.
    apart
        Analyses that do not apply, with the reason.
    failed
        Analyses that broke, with the error in one line.
    """

    shown: tuple[Shown, ...]
    apart: tuple[tuple[str, str], ...]
    failed: tuple[tuple[str, str], ...]


def make_report(
    study: Study, names: Sequence[str], options: Options, folder: Path, *, given: Sequence[str] = (), force: bool = False,
    tell: Callable[[str], None] = lambda text: None,
) -> Report:  # fmt: skip
    """Run analyses and write their report.

    Parameters
    ----------
    study
        The study.
    names
        Analyses, keys of :data:`experiments.analysis.registry.ANALYSES`.
    options
        What the user asks.
    folder
        Where the report goes.
    given
        Keys that the user gave: what is wrong with one of these is an error, and not a reason.
    force
        Whether a report in ``folder`` may be replaced.
    tell
        Called with the name of each analysis before it starts.

    Raises
    ------
    InputError
        When the folder cannot be written or holds something else, or an option is wrong.
    """
    check_folder(folder, force=force)
    scratch = _scratch(folder)
    try:
        (scratch / FIGURES).mkdir()
        (scratch / TABLES).mkdir()
        report = _run(study, names, options, scratch, given, tell)
        (scratch / PAGE).write_text(page(head_of(study), report.shown, report.apart, report.failed, scratch), encoding="utf-8")
        write_json(scratch / FILE, _about(study, names, options, report, scratch))
        _replace(scratch, folder)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror or error}); give output=FOLDER with room that can be written") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return report


def check_folder(folder: Path, *, force: bool) -> None:
    """Refuse a folder that holds a report without ``--force``, or anything else.

    Raises
    ------
    InputError
        In one line: what the folder holds.
    """
    content = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if content and FILE not in content:
        raise InputError(f"output: {folder} holds other files ({', '.join(sorted(content)[:3])}) and no report; give a new folder")
    if foreign := sorted(content - _OURS):
        raise InputError(f"output: {folder} holds {foreign[0]}, which is not the report's; move it away, or give a new folder")
    if content and not force:
        raise InputError(f"output: {folder} holds a report; give another folder, or --force to replace it")


def _scratch(folder: Path) -> Path:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror or error}); give output=FOLDER that can be") from None


def _replace(scratch: Path, folder: Path) -> None:
    """Put the new report in the place of the old one, which comes back when that fails."""
    scratch.chmod(0o755)  # a temporary folder is its owner's alone
    aside = folder.with_name(f".{folder.name}-old-{os.getpid()}")
    if folder.exists():
        folder.rename(aside)
    try:
        scratch.rename(folder)
    except OSError:
        if aside.exists():
            aside.rename(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _run(
    study: Study, names: Sequence[str], options: Options, scratch: Path, given: Sequence[str], tell: Callable[[str], None]
) -> Report:
    """Run the analyses one after the other; one that breaks does not take the others with it."""
    shown: list[Shown] = []
    apart: list[tuple[str, str]] = []
    failed: list[tuple[str, str]] = []
    for name in names:
        tell(name)
        try:
            if reason := ANALYSES[name].unfit(study):
                apart.append((name, reason))
                continue
            found = ANALYSES[name].run(study, options)
            without = [one for one in found if one.table.empty and one.draw is None]
            apart += [(name, reason) for reason in _reasons(without)]
            for one in found:
                if all(one is not other for other in without):
                    shown.append(_write(name, one, scratch, {other.stem for other in shown}))
        except InputError as error:
            if any(str(error).startswith((f"{key}=", f"{key}:")) for key in given):
                raise
            apart.append((name, str(error).removeprefix(f"{name}: ")))
        except OSError:
            raise  # a full disk is nobody's analysis
        except Exception as error:
            print(f"the analysis {name} failed:", file=sys.stderr)
            traceback.print_exc()
            failed.append((name, " ".join(f"{type(error).__name__}: {error}".split())))
    return Report(tuple(shown), tuple(apart), tuple(failed))


def _reasons(without: Sequence[Finding]) -> list[str]:
    """Return why findings have neither numbers nor a picture; a reason that several outcomes share once."""
    titles: dict[str, list[str]] = {}
    for one in without:
        titles.setdefault(one.says, []).append(one.title)
    return [says if len(shared) > 1 else f"{shared[0]}: {says}" for says, shared in titles.items()]


def _write(analysis: str, finding: Finding, scratch: Path, taken: set[str]) -> Shown:
    """Write the table and the figure of a finding."""
    stem = re.sub(r"[^A-Za-z0-9_.-]+", "_", finding.name).strip("._") or analysis
    number = 2
    while stem in taken:
        stem, number = f"{stem.rsplit('-', 1)[0]}-{number}", number + 1
    finding.table.to_csv(scratch / TABLES / f"{stem}.csv", index=False)
    if finding.draw is not None:
        style.save(finding.draw(), scratch / FIGURES / f"{stem}.png")
    return Shown(analysis, stem, finding, f"{TABLES}/{stem}.csv", f"{FIGURES}/{stem}.png" if finding.draw is not None else "")


def head_of(study: Study) -> Head:
    """Return what stands at the top of the page."""
    try:
        manifest = json.loads((study.folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        manifest = {}
    command = manifest.get("command") if isinstance(manifest, dict) else None
    chosen = study.plan.base.get("scenario")
    title = chosen.get("title") or chosen.get("name") if isinstance(chosen, dict) else ""
    bad = study.results[study.results["status"] != "ok"]
    return Head(
        title=str(title or study.folder.name), name=study.folder.resolve().name,
        command=tuple(map(str, command)) if isinstance(command, list) else (),
        config_hash=study.config_hash, caption=study.caption(interval=None),
        factors=tuple((factor.key, _range(factor.low, factor.high, factor.values)) for factor in study.plan.design.factors),
        counts=tuple((str(k), int(v)) for k, v in study.results["status"].value_counts().sort_index().items()),
        planned=int(study.plan.rows.num_rows),
        errors=tuple((str(k), int(v)) for k, v in bad["error"].value_counts().items()),
    )  # fmt: skip


def _range(low: object, high: object, values: Sequence[object]) -> str:
    return ", ".join(map(str, values)) if values else f"{low} to {high}"


def _about(study: Study, names: Sequence[str], options: Options, report: Report, scratch: Path) -> dict[str, object]:
    """Return what the report was made of, without a clock: the same study and words give the same text."""
    files = sorted(path for path in scratch.rglob("*") if path.is_file())
    return {
        "schema_version": 1, "config_hash": study.config_hash, "results_hash": study.results_hash,
        "analyses": list(names), "outcomes": list(options.outcomes),
        "findings": [{"analysis": one.analysis, "name": one.stem, "title": one.finding.title, "says": one.finding.says} for one in report.shown],
        "apart": [list(one) for one in report.apart], "failed": dict(report.failed),
        "files": {path.relative_to(scratch).as_posix(): file_hash(path) for path in files},
    }  # fmt: skip
