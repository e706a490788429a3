"""``python -m experiments.gallery``: run the named studies and write the pages of ``docs/gallery`` with their figures.

Every sentence with a number is computed from the results that the figures show. Studies go into ``outputs/gallery``, and one
that is there is gone on with. ``--check`` runs nothing: it tells whether the pages still fit the studies, the scenarios and
the numbers of this checkout. Needs a checkout.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from agents.errors import InputError, one_of
from experiments import sweep
from experiments.analysis.finding import Finding
from experiments.analysis.study import Study, load_study
from experiments.figures import style
from experiments.gallery_page import (
    Shown,
    Stamp,
    body_hash,
    figure_name,
    first_sentence,
    folder_of,
    in_units,
    index,
    page,
    read_stamp,
    stamped,
)
from experiments.manifest import version
from experiments.study import named
from experiments.study.claim import Claim, code_hash, read_claim
from experiments.study.factors import Fields
from experiments.study.task import Payload
from experiments.study.words import Words
from sim.compose import compose
from sim.fingerprint import file_hash
from sim.settings import to_tree, validate
from sim.studies import NamedStudy

ROOT = Path(__file__).resolve().parent.parent
#: Where studies are run, below the checkout.
RUNS = Path("outputs") / "gallery"
#: Largest figure that goes into the repository, bytes.
LARGEST = 200_000
#: Replicates from which on a phase diagram may ask whether runs form two groups.
MANY_REPLICATES = 10


@dataclass(frozen=True)
class Picture:
    """One figure of a page: an analysis (``module:function``), the outcome it is about, and its options by role."""

    place: str
    outcome: str
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Entry:
    """One page: a named study on a scenario, with words that differ from the study's own."""

    study: str
    scenario: str = "two_states"
    words: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Stem of the page's file."""
        return self.study if self.scenario == "two_states" else f"{self.study}-{self.scenario}"

    @property
    def command(self) -> tuple[str, ...]:
        """The words of the command."""
        return ("sweep", f"experiment={self.study}", f"scenario={self.scenario}", *self.words)


ENTRIES: tuple[Entry, ...] = (
    Entry("deportation_sweep"),
    Entry("sanctions_and_diversion"),
    Entry("sanctuary_cooperation"),
    Entry("mediation_timing"),
    Entry("sanctuary_cooperation", "pakistan_afghanistan", ("replicates=1", "scenario.end=2022-12-31")),
)
_LEVEL = (("lever", "policies.{host}.params.level"),)
_COOPERATION = (("lever", "governments.{origin}.baseline.cooperation/{host}"),)
PICTURES: Mapping[str, tuple[Picture, ...]] = MappingProxyType({
    "deportation_sweep": (
        Picture("contrasts:contrasts", "attacks_{group}", _LEVEL),
        Picture("phase:phase", "attacks_{group}", (("x", "policies.{host}.params.level"), ("y", "groups.{group}.refugee_milieu"))),
        Picture("contrasts:contrasts", "coerced_returns", _LEVEL),
        Picture("contrasts:contrasts", "hostility_{origin}_{host}", _LEVEL),
    ),
    "sanctions_and_diversion": (
        Picture("regression:regression", "economy_{origin}"),
        Picture("regression:regression", "hostility_{origin}_{host}"),
        Picture("regression:regression", "attacks_{group}"),
    ),
    "sanctuary_cooperation": (
        Picture("contrasts:contrasts", "attacks_{group}", _COOPERATION),
        Picture("phase:phase", "attacks_{group}", (("x", "governments.{origin}.baseline.cooperation/{host}"), ("y", "parameters.fighters.infiltration"))),
        Picture("contrasts:contrasts", "fighters_{group}", _COOPERATION),
        Picture("contrasts:contrasts", "legitimacy_{host}", _COOPERATION),
    ),
    "mediation_timing": (
        Picture("regression:regression", "talks_held"),
        Picture("regression:regression", "attacks_{group}"),
        Picture("regression:regression", "hostility_{host}_{origin}"),
        Picture("regression:regression", "coerced_returns"),
    ),
})  # fmt: skip


def main(words: Sequence[str], root: Path = ROOT) -> int:
    """Write the pages named, or all; with ``--check`` only tell which are out of date."""
    unknown = [word for word in words if word.startswith("-") and word != "--check"]
    if unknown:
        raise InputError(f"{unknown[0]}: unknown option; python -m experiments.gallery [--check] [PAGE ...]")
    names = [entry.name for entry in ENTRIES]
    wanted = [word for word in words if not word.startswith("-")]
    for name in wanted:
        if name not in names:
            raise InputError(f"{name}: no such page of the gallery; known: {one_of(names)}")
    if not (root / "docs").is_dir():
        raise InputError(f"{root}: holds no docs/; the gallery is written in a checkout")
    if "--check" in words:
        return check(root)
    for entry in ENTRIES:
        if not wanted or entry.name in wanted:
            write(entry, root)
    (folder_of(root) / "README.md").write_text(_index(root), encoding="utf-8")
    return 0


def write(entry: Entry, root: Path) -> None:
    """Run a study, or take it up, and write its page and figures."""
    folder = root / RUNS / entry.name
    code = sweep.main([*entry.command[1:], f"output={folder}"])
    if code:
        raise InputError(f"{folder}: the study did not finish (code {code}); give the same command again")
    make_page(entry, load_study(folder), root)


def make_page(entry: Entry, study: Study, root: Path) -> None:
    """Write the page and the figures of a finished study."""
    target = folder_of(root)
    (target / "figures").mkdir(parents=True, exist_ok=True)
    study_file, fields, config = _now(entry)
    if config != study.config_hash:
        raise InputError(f"{study.folder}: was run with another config ({study.config_hash[:12]}, now {config[:12]}); delete it and run it again")
    for old in (target / "figures").glob(f"{entry.name}-*.png"):
        if not any(other.name != entry.name and other.name.startswith(entry.name) and old.name.startswith(f"{other.name}-") for other in ENTRIES):
            old.unlink()
    shown = []
    for finding in findings(entry, study_file, study):
        if finding.draw is not None:
            name = figure_name(entry.name, finding)
            shrink(style.save(finding.draw(), target / "figures" / name))
            shown.append(Shown(finding, name))
    body = page(study_file, study, shown, scenario=entry.scenario, command=entry.command, fields=fields)
    ran = str((read_claim(study.folder) or {}).get("code_hash", ""))
    stamp = Stamp(file_hash(study_file.file)[:12], config[:12], ran[:12], version())
    (target / f"{entry.name}.md").write_text(stamped(body, stamp), encoding="utf-8")
    print(f"docs/gallery/{entry.name}.md")


def findings(entry: Entry, study_file: NamedStudy, study: Study) -> list[Finding]:
    """Return what the analyses of a page find."""
    found: list[Finding] = []
    for picture in PICTURES[entry.study]:
        module, _, function = picture.place.partition(":")
        analysis = getattr(import_module(f"experiments.analysis.{module}"), function)
        outcome = picture.outcome.format_map(study_file.roles)
        options = {key: value.format_map(study_file.roles) for key, value in picture.options}
        if function == "phase" and study.plan.replicates == 1:
            continue  # half of that figure is about replicates
        if function == "phase":
            # Points of a cell share their luck: with few replicates a test for two groups would find the replicates.
            tested = study.plan.replicates >= MANY_REPLICATES
            why = () if tested else (f"Not tested for two groups: the points share the luck of {study.plan.replicates} replicates, and {MANY_REPLICATES} are needed",)
            found += [replace(one, notes=(*one.notes, *why)) for one in analysis(study, outcome, test=tested, min_runs=MANY_REPLICATES, **options)]
        else:
            found += [in_units(study, outcome, one) for one in analysis(study, [outcome], **options)]
    return found


def shrink(path: Path) -> None:
    """Write a figure with a palette instead of full colour: a third of the size, the same to the eye, its texts kept."""
    with Image.open(path) as image:
        texts = PngInfo()
        for key, value in image.info.items():
            if isinstance(value, str):
                texts.add_text(str(key), value)
        small = image.convert("RGB").quantize(colors=200, dither=Image.Dither.NONE)
    small.save(path, optimize=True, pnginfo=texts)
    if path.stat().st_size > LARGEST:
        raise InputError(f"{path}: has {path.stat().st_size:,} bytes, more than {LARGEST:,}; draw less on it")


def check(root: Path) -> int:
    """Tell which pages are out of date; 1 when any is. A change of code alone is told, since results may be the same."""
    wrong = [*complaints(root)]
    for line in wrong:
        print(f"gallery: {line}")
    now = code_hash()[:12]
    for entry in ENTRIES:
        stamp = _stamp(root, entry)
        if stamp is not None and stamp.code != now:
            print(f"gallery: note: {entry.name}.md was made by other code of the model ({stamp.code}, now {now}); make gallery shows whether it matters")
    if not wrong:
        print(f"gallery: {len(ENTRIES)} pages fit their studies")
    return 1 if wrong else 0


def complaints(root: Path) -> Iterator[str]:
    """Yield what is wrong with the pages, one line each."""
    folder = folder_of(root)
    for entry in ENTRIES:
        where = f"{entry.name}.md"
        if not (folder / where).is_file():
            yield f"{where}: is missing; run make gallery"
            continue
        text, stamp = (folder / where).read_text(encoding="utf-8"), _stamp(root, entry)
        if stamp is None:
            yield f"{where}: says not what it was made from; run make gallery"
            continue
        if stamp.body != body_hash(text):
            yield f"{where}: was changed by hand; change experiments/gallery_page.py and run make gallery"
        study_file, _, config = _now(entry)
        if stamp.study != file_hash(study_file.file)[:12]:
            yield f"{where}: its study {study_file.file.name} has changed since; run make gallery"
        if stamp.config != config[:12]:
            yield f"{where}: config, tables or defaults of its runs have changed since ({stamp.config}, now {config[:12]}); run make gallery"
        yield from _wrong_figures(folder, where, text, stamp)
    shown = "".join(file.read_text(encoding="utf-8") for file in folder.glob("*.md"))
    yield from (f"figures/{file.name}: no page shows it; delete it" for file in sorted(folder.glob("figures/*")) if f"(figures/{file.name})" not in shown)
    pages = {f"{entry.name}.md" for entry in ENTRIES} | {"README.md"}
    yield from (f"{file.name}: is no page of the gallery; delete it" for file in sorted(folder.glob("*.md")) if file.name not in pages)
    if (folder / "README.md").is_file() and (folder / "README.md").read_text(encoding="utf-8") != _index(root):
        yield "README.md: does not list the pages as they are; run make gallery"


def _wrong_figures(folder: Path, where: str, text: str, stamp: Stamp) -> Iterator[str]:
    """Yield what is wrong with the figures of a page."""
    names = [part.partition(")")[0] for part in text.split("](figures/")[1:]]
    if not names:
        yield f"{where}: shows no figure; run make gallery"
    for name in names:
        path = folder / "figures" / name
        if not path.is_file():
            yield f"{where}: figures/{name} is missing; run make gallery"
        elif path.stat().st_size > LARGEST:
            yield f"figures/{name}: {path.stat().st_size:,} bytes, more than {LARGEST:,}"
        else:
            with Image.open(path) as image:
                if f"config {stamp.config}" not in str(image.info.get("Description", "")):
                    yield f"figures/{name}: was drawn from other runs than {where} tells of; run make gallery"


def _stamp(root: Path, entry: Entry) -> Stamp | None:
    file = folder_of(root) / f"{entry.name}.md"
    return read_stamp(file.read_text(encoding="utf-8")) if file.is_file() else None


def _now(entry: Entry) -> tuple[NamedStudy, Fields, str]:
    """Return the study of a page, the fields of its scenario and the config hash that its runs would have now."""
    words = list(entry.command[1:])
    study_file = named.study_of(entry.study, words)
    composed = compose(Words(named.expand(words)).overrides, trusted=True)
    tree = to_tree(validate(composed.config))
    assert isinstance(tree, dict)
    return study_file, Fields(tree), Claim.of(Payload(base=tree, folder=str(composed.folder))).config_hash


def _index(root: Path) -> str:
    """Return the list of the pages that are there."""
    rows = []
    for entry in ENTRIES:
        file = folder_of(root) / f"{entry.name}.md"
        if file.is_file():
            text = file.read_text(encoding="utf-8")
            said = text.split("](figures/", 1)[-1].split("\n\n")[1] if "](figures/" in text else ""
            rows.append((file.name, text.splitlines()[0].removeprefix("# "), entry.scenario, first_sentence(said)))
    return index(rows)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except InputError as problem:
        print(f"error: {problem}", file=sys.stderr)
        sys.exit(2)
