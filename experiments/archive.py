"""``marchland archive FOLDER``: a zip of a run, study or comparison that a repository like Zenodo takes as it is.

Beside the files it holds ``ro-crate-metadata.json`` in the profile Process Run Crate 0.5: which software made what from
what, and when. The same folder gives the same bytes.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from agents.errors import InputError
from experiments import files
from experiments.analysis.study import PLAN, RESULTS, load_study
from experiments.manifest import FILE
from experiments.reproduction.study import is_changed, is_of_plan
from experiments.reproduction.verdict import read_manifest, stored_tables
from experiments.runfolder import OURS
from experiments.study.claim import FILE as CLAIM
from sim.complaints import did_you_mean
from sim.fingerprint import file_hash

METADATA = "ro-crate-metadata.json"
_CRATE = "https://w3id.org/ro/crate/1.1"
_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
#: What a study leaves, beside what a run or a comparison does.
_STUDY: tuple[str, ...] = (CLAIM, "plan.parquet", "results.parquet", "series", "analysis")
_KINDS: tuple[tuple[str, str], ...] = (
    (".parquet", "application/vnd.apache.parquet"), (".csv", "text/csv"), (".json", "application/json"), (".yaml", "application/yaml"),
    (".png", "image/png"), (".html", "text/html"),
)  # fmt: skip
_ADVICE = "give the sweep again, with the same words and output, then archive"
#: The first moment that a zip can name: files carry no time of their own, so that the same folder gives the same bytes.
_WHEN = (1980, 1, 1, 0, 0, 0)


def main(words: Sequence[str]) -> int:
    """Write the archive, whole or not at all."""
    folders = [Path(word) for word in words if "=" not in word and not word.startswith("-")]
    given = dict(word.split("=", 1) for word in words if "=" in word)
    for key in given:
        if key != "output":
            raise InputError(f"{key}={given[key]}: unknown key{did_you_mean(key, ('output',))}; known: output")
    if len(folders) != 1 or any(word.startswith("-") and word != "--force" for word in words):
        raise InputError("archive: give one folder, as marchland run, sweep or compare leaves it: marchland archive FOLDER")
    folder = folders[0]
    output = Path(given.get("output") or f"{folder.resolve().name}.zip")
    if output.exists() and "--force" not in words:
        raise InputError(f"output: {output} exists; give another name, or --force to overwrite it")
    count = archive(folder, output)
    print(f"{output}: {count} files and {METADATA}, {output.stat().st_size / 1e6:,.1f} MB")
    return 0


def archive(folder: Path, output: Path) -> int:
    """Write a zip of what a folder holds of ours; return the number of files.

    Raises
    ------
    InputError
        When the folder is not finished, holds something else than its manifest says, or the zip cannot be written.
    """
    is_study = (folder / CLAIM).is_file()
    if is_study and not (folder / FILE).is_file():
        raise InputError(f"{folder / FILE}: no such file, so the study is not finished; {_ADVICE}")
    manifest = read_manifest(folder)
    if is_study:
        _check_study(folder, manifest)
    elif changed := stored_tables(folder, manifest)[1]:
        raise InputError(f"{folder / changed[0]}.parquet: has not the content that {FILE} says; run it again, an archive must hold what was run")
    chosen = {path.relative_to(folder).as_posix(): path for name in (*OURS, *_STUDY) for path in _below(folder / name)}
    crate = json.dumps(metadata(folder.resolve().name, manifest, chosen), indent=2, ensure_ascii=False)
    with files.writing(output.parent), files.whole_file(output) as target, zipfile.ZipFile(target, "w") as bundle:
        for name, path in sorted(chosen.items()):
            _add(bundle, name, path.read_bytes())
        _add(bundle, METADATA, crate.encode())
    return len(chosen)


def _check_study(folder: Path, manifest: Mapping[str, object]) -> None:
    """Refuse a study that is not finished, or whose results or manifest are not of its plan."""
    results = folder / RESULTS
    if not results.is_file():
        raise InputError(f"{results}: no such file, so the study is not finished; {_ADVICE}")
    study = load_study(folder)
    if not is_of_plan(study, manifest):
        raise InputError(f"{folder / FILE}: is of another plan than {PLAN}: the sweep was gone on with, and did not come to its end; {_ADVICE}")
    missing = study.plan.rows.num_rows - len(study.results)
    if missing:
        raise InputError(f"{results}: {missing:,} of {study.plan.rows.num_rows:,} planned runs have no row; {_ADVICE}")
    if is_changed(study, manifest):
        raise InputError(f"{results}: has not the content that {FILE} says, so it was changed after the sweep; {_ADVICE}")


def _below(path: Path) -> list[Path]:
    """Return a file, or the files of a folder; links are left out, which may lead anywhere."""
    if path.is_symlink() or not path.exists():
        return []
    if path.is_file():
        return [path]
    found = (Path(root) / name for root, _, names in os.walk(path) for name in names)
    return [one for one in found if one.is_file() and not one.is_symlink() and not one.name.startswith(".")]


def _add(bundle: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _WHEN)
    entry.external_attr = 0o644 << 16
    packed = name.endswith((".parquet", ".png"))
    entry.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
    bundle.writestr(entry, content)


def metadata(name: str, manifest: Mapping[str, object], chosen: Mapping[str, Path]) -> dict[str, object]:
    """Return the RO-Crate metadata: software, what it was given, what came out, when.

    Parameters
    ----------
    name
        The folder's name.
    manifest
        Its manifest.
    chosen
        Files by their names in the crate.
    """
    code = manifest.get("code")
    version = (code if isinstance(code, Mapping) else manifest).get("version")
    given = sorted(one for one in chosen if one.startswith("scenario/") or one in (CLAIM, "config.yaml", "plan.parquet"))
    made = sorted(one for one in chosen if one not in given and not one.startswith("analysis/") and one not in (FILE, "reproduction.json"))
    command = manifest.get("command")
    title = f"Marchland {manifest.get('kind', 'results')}: {name}"
    action: dict[str, object] = {
        "@id": "#run", "@type": "CreateAction", "name": " ".join(map(str, command)) if isinstance(command, list) else title,
        "instrument": {"@id": "#marchland"}, "object": _links(given), "result": _links(made),
        "startTime": manifest.get("started"), "endTime": manifest.get("finished"), "actionStatus": "http://schema.org/CompletedActionStatus",
    }  # fmt: skip
    root: dict[str, object] = {
        "@id": "./", "@type": "Dataset", "name": title, "datePublished": manifest.get("finished"), "conformsTo": {"@id": _PROFILE},
        "description": f"Config hash {manifest.get('config_hash')}; run again with: marchland reproduce FOLDER",
        "hasPart": _links(sorted(chosen)), "mentions": {"@id": "#run"},
    }  # fmt: skip
    graph: list[dict[str, object]] = [
        {"@id": METADATA, "@type": "CreativeWork", "conformsTo": {"@id": _CRATE}, "about": {"@id": "./"}}, root,
        {"@id": _PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"},
        {"@id": "#marchland", "@type": "SoftwareApplication", "name": "Marchland", "softwareVersion": str(version)}, action,
    ]  # fmt: skip
    for one, path in sorted(chosen.items()):
        kind = next((kind for end, kind in _KINDS if one.endswith(end)), "application/octet-stream")
        graph.append({"@id": one, "@type": "File", "contentSize": str(path.stat().st_size), "encodingFormat": kind, "sha256": file_hash(path)})
    return {"@context": f"{_CRATE}/context", "@graph": graph}


def _links(names: Sequence[str]) -> list[dict[str, str]]:
    return [{"@id": name} for name in names]
