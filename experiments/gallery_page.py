"""The text of a page of the gallery: every sentence with a number is computed from the study it is about."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from experiments.analysis import samples
from experiments.analysis.finding import Finding
from experiments.analysis.groups import short_key, words
from experiments.analysis.study import Study
from experiments.figures import style
from experiments.study.factors import Fields
from sim.fingerprint import digest
from sim.studies import NamedStudy

_STAMP = re.compile(r"<!-- gallery: (.*?) -->\n?")


@dataclass(frozen=True)
class Shown:
    """A finding with the name of its figure."""

    finding: Finding
    figure: str


@dataclass(frozen=True)
class Stamp:
    """What a page was made from, kept in the page so that ``--check`` can tell when that has changed.

    Attributes
    ----------
    study
        Hash of the study's file.
    config
        Hash of config and tables of its runs.
    code
        Hash of the model's code. Code may change and results stay, so a difference is told and is no failure.
    version
        Marchland's version.
    body
        Hash of the page itself without this line.
    """

    study: str
    config: str
    code: str
    version: str
    body: str = ""

    def line(self) -> str:
        """Return the line that is kept in the page."""
        return f"<!-- gallery: {' '.join(f'{key}={value}' for key, value in vars(self).items())} -->\n"


def read_stamp(text: str) -> Stamp | None:
    """Return the stamp of a page, or nothing when it has none."""
    found = _STAMP.search(text)
    if found is None:
        return None
    pairs = dict(pair.split("=", 1) for pair in found[1].split())
    return Stamp(**pairs) if pairs.keys() == Stamp.__dataclass_fields__.keys() else None


def stamped(body: str, stamp: Stamp) -> str:
    """Return a page with its stamp as last line."""
    return body + Stamp(stamp.study, stamp.config, stamp.code, stamp.version, body_hash(body)).line()


def body_hash(text: str) -> str:
    """Return the hash of a page without its stamp."""
    return digest(_STAMP.sub("", text).encode())[:12]


def page(named: NamedStudy, study: Study, shown: Sequence[Shown], *, scenario: str, command: Sequence[str], fields: Fields) -> str:
    """Return the text of a page.

    Parameters
    ----------
    named
        The study on its scenario.
    study
        Its results.
    shown
        What was found, in the order of the page.
    scenario
        The scenario's name.
    command
        The words of the one command that runs it.
    fields
        The scenario's fields, which say what is contested.
    """
    config = f"configs/experiment/{named.name}.yaml"
    lines = [
        f"# {named.title}" + ("" if scenario == "two_states" else f" ({words(scenario)})"), "",
        " ".join(named.question.split()), "",
        f"    marchland {shlex.join(command)}", "",
        f"Scenario: [{scenario}](../scenarios/{scenario}.md). Config: [`{config}`](../../{config}). {_size(study)}", "",
        "| factor | values | why |", "|---|---|---|",
        *_factors(named, study), "",
        "## What the runs say", "",
        "| outcome | mean | over points, 5 to 95 % | sd between points | sd of replicates |", "|---|---|---|---|---|",
        *_outcomes(named, study), "",
    ]  # fmt: skip
    for one in shown:
        lines += [f"### {one.finding.title}", "", f"![{one.finding.title}](figures/{one.figure})", "", one.finding.says, ""]
        lines += [*(f"- {_sentence(note)}" for note in one.finding.notes), *([""] if one.finding.notes else [])]
    lines += ["## How far this goes", "", *_limits(named, study, scenario, fields), "", " ".join(named.reading.split()), ""]
    return "\n".join(lines)


def in_units(study: Study, outcome: str, finding: Finding) -> Finding:
    """Return a regression's finding that says first how far the outcome moves, in its own unit; others as they are.

    A correlation of -0.9 may stand for a change that nobody would notice. The change over a factor's range is the slope
    of the linear regression times the width of the range; its standardized slope is in the table.
    """
    table = finding.table
    if "SRC" not in table:
        return finding
    sample = samples.sample_of(study, outcome)
    low, high = (float(value) for value in np.quantile(sample.mean, [0.05, 0.95]))
    digits = 3 if high - low <= 0.0 else max(0, 2 - math.floor(math.log10(high - low)))
    said = f"{words(outcome).capitalize()} lies between {low:,.{digits}f} and {high:,.{digits}f} at 90 % of the points"
    keys = [factor.key for factor in sample.factors]
    sure = table[table["signed"] & (table["PRCC_low"] * table["PRCC_high"] > 0.0)]
    moves = []
    for _, row in sure.loc[sure["PRCC"].abs().sort_values(ascending=False, kind="stable").index[:4]].iterrows():
        x = sample.x[:, keys.index(row["factor"])]
        across = float(row["SRC"]) * float(sample.mean.std()) / float(x.std()) * float(np.ptp(x))
        moves.append(f"{short_key(row['factor'])} by {across:+.{digits}f} (partial rank correlation {row['PRCC']:+.2f})")
    if moves:
        said += f"; by the regression, what changes it from end to end of its range is {', '.join(moves)}"
    return replace(finding, says=f"{said}. {finding.says}")


def _size(study: Study) -> str:
    days = study.ok["days"].max() if "days" in study.ok else float("nan")
    runs, points = study.plan.rows.num_rows, len(study.plan.design.points)
    return f"{runs:,} runs of {days:,.0f} days: {points:,} points of a {_design(study)}, {study.plan.replicates} replicate{'s' if study.plan.replicates > 1 else ''} each."


def _design(study: Study) -> str:
    kind = study.plan.design.kind
    return "Latin hypercube" if kind == "lhs" else kind


def _factors(named: NamedStudy, study: Study) -> list[str]:
    """Return a row of the table a factor."""
    why = {word.partition("=")[0]: " ".join(text.split()) for word, text in zip(named.factors, named.whys, strict=True)}
    rows = []
    for factor in study.plan.design.factors:
        if factor.values:
            values = ", ".join(str(value) for value in factor.values)
        else:
            values = f"{factor.low:g} to {factor.high:g}{' (even in the logarithm)' if factor.kind == 'log' else ''}"
        rows.append(f"| `{factor.key}` | {values} | {why.get(factor.key, '')} |")
    return rows


def _outcomes(named: NamedStudy, study: Study) -> list[str]:
    """Return a row of the table an outcome: how far points differ, beside how far luck does."""
    rows = []
    for name in named.outcomes:
        values = study.values(name)
        means = np.nanmean(values, axis=1)
        low, high = np.nanquantile(means, [0.05, 0.95])
        luck = f"{np.sqrt(np.nanmean(np.nanvar(values, axis=1, ddof=1))):.3g}" if values.shape[1] > 1 else "-"
        numbers = [style.short(float(np.nanmean(means))), f"{style.short(float(low))} to {style.short(float(high))}", f"{np.nanstd(means, ddof=1):.3g}", luck]
        rows.append(f"| {words(name)} | {' | '.join(numbers)} |")
    return rows


def _limits(named: NamedStudy, study: Study, scenario: str, fields: Fields) -> list[str]:
    """Return what must be said of these results whatever they are."""
    failed = study.plan.rows.num_rows - len(study.ok)
    lines = [f"- {failed:,} of {study.plan.rows.num_rows:,} runs failed and are left out." if failed else "- All runs finished."]
    few = study.plan.replicates
    if few == 1:
        lines.append("- One run a point: luck cannot be told from effect here, and other luck might change every number above.")
    elif few < 10:
        lines.append(f"- {few} replicates a point: luck is averaged over the points, and a single point says little.")
    contested = [factor.key for factor in study.plan.design.factors if "contested" in getattr(fields.declared.get(factor.key), "source", "").lower()]
    if contested:
        lines.append(f"- Contested by the literature, and varied here for that reason: {', '.join(f'`{key}`' for key in contested)}.")
    lines.append(
        "- Two states are fictional: numbers of this page are about mechanisms and belong to no place."
        if scenario == "two_states"
        else "- This explains how parts of the model act on each other under stated assumptions. It is no forecast and no estimate of an effect."
    )
    lines.append("- An interval tells what these runs leave open. It does not hold what the model leaves out.")
    return lines


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


def index(pages: Sequence[tuple[str, str, str, str]]) -> str:
    """Return the page that lists the others: file, title, scenario and a first sentence of each."""
    rows = [f"| [{title}]({file}) | {words(scenario)} | {says} |" for file, title, scenario, says in pages]
    return "\n".join([
        "# Gallery", "",
        "The [named studies](../experiments.md), run as they stand, with what came out. Every number below is computed from the runs that the",
        "figures show; `make gallery` writes all of it anew.", "",
        "| study | scenario | one thing it says |", "|---|---|---|", *rows, "",
    ])  # fmt: skip


def figure_name(entry: str, finding: Finding) -> str:
    """Return the file name of a figure."""
    return f"{entry}-{finding.name}.png"


def first_sentence(text: str) -> str:
    """Return the sentence of a text that stands for it: that a sign depends on an assumption, or else the first."""
    sentences = re.split(r"(?<=[.!?])\s+(?=[A-Z])", text.strip())
    return next((one for one in sentences if one.startswith("The sign depends")), sentences[0]).replace("|", "/")


def folder_of(root: Path) -> Path:
    """Return the folder of the gallery."""
    return root / "docs" / "gallery"
