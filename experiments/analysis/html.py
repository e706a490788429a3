"""One HTML page that stands alone: pictures in it, no script, nothing from the network, every text escaped.

A study may come from a stranger. Whatever its files say is text on the page and never markup, and the page's own
policy forbids scripts and requests whatever a browser makes of it.
"""

from __future__ import annotations

import base64
import html
import math
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from experiments.analysis.finding import Finding
from experiments.analysis.registry import ANALYSES

#: Rows of a table that stand on the page; all are in its CSV.
ROWS = 12
#: Errors of runs that stand on the page.
ERRORS = 20
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; color: #1F2933; background: #fff;
       max-width: 1080px; margin: 0 auto; padding: 1.2rem 1rem 3rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 .4rem; padding-top: .6rem; border-top: 2px solid #E6EAED; }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .3rem; }
p { margin: .4rem 0; max-width: 75ch; }
.quiet, figcaption, footer { color: #5A6672; font-size: .88rem; }
.notes { background: #FFF7E0; border-left: 3px solid #E69F00; padding: .3rem .8rem; margin: .5rem 0; font-size: .92rem; }
.failed { background: #FDECE3; border-left-color: #D55E00; }
code, pre { font: .88rem/1.45 ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; }
pre { background: #F4F6F8; padding: .6rem .8rem; border-radius: 4px; white-space: pre-wrap; overflow-wrap: anywhere; margin: .4rem 0; }
figure { margin: .6rem 0; } img { width: 100%; height: auto; border: 1px solid #E6EAED; border-radius: 4px; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .88rem; margin: .4rem 0; }
th, td { text-align: left; padding: .22rem .7rem .22rem 0; border-bottom: 1px solid #E6EAED; vertical-align: top; overflow-wrap: anywhere; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; } th { color: #5A6672; font-weight: 600; }
.data td { overflow-wrap: normal; max-width: 26rem; }
a { color: #0072B2; } nav ol { padding-left: 1.3rem; } nav li { margin: .25rem 0; overflow-wrap: anywhere; }
@media print { body { max-width: none; padding: 0; font-size: 10.5pt; } section.finding { break-inside: avoid; } nav { break-after: page; } a { color: inherit; text-decoration: none; } }
"""


@dataclass(frozen=True)
class Head:
    """What stands at the top: which study, how to make it again, how it went."""

    title: str
    name: str
    command: tuple[str, ...]
    config_hash: str
    caption: str
    factors: tuple[tuple[str, str], ...]
    counts: tuple[tuple[str, int], ...]
    planned: int
    errors: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Shown:
    """A finding with its files, relative to the report's folder; ``figure`` is empty when it has none."""

    analysis: str
    stem: str
    finding: Finding
    csv: str
    figure: str


def page(
    head: Head, shown: Sequence[Shown], apart: Sequence[tuple[str, str]], failed: Sequence[tuple[str, str]], folder: Path
) -> str:
    """Return the page.

    Parameters
    ----------
    head
        What stands at the top.
    shown
        The findings in order.
    apart, failed
        Analyses that do not apply, and that broke: name and reason.
    folder
        Where the figures lie.
    """
    body = [
        f"<h1>{_text(head.title)}</h1>", f'<p class="quiet">Report of the study {_text(head.name)}, made with <code>marchland analyze</code></p>',
        *_broken(failed), *_contents(shown), *_about(head), *_findings(shown, folder), *_apart(apart),
        "<footer><p>Every figure prints the number of runs, its interval, the seeds and the config hash. The model explains and compares "
        "policies; it is not a forecaster.</p></footer>",
    ]  # fmt: skip
    return "\n".join([
        "<!doctype html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(_POLICY)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">', '<meta name="referrer" content="no-referrer">',
        f"<title>{_text(head.title)}: {_text(head.name)}</title>", f"<style>{_STYLE}</style>", "</head>", "<body>", *body, "</body>", "</html>", "",
    ])  # fmt: skip


def _text(value: object) -> str:
    """Return a text as HTML shows it; characters that no page may hold become visible marks."""
    clean = "".join(letter if letter.isprintable() or letter.isspace() else "\N{REPLACEMENT CHARACTER}" for letter in str(value))
    return html.escape(clean, quote=True)


def _contents(shown: Sequence[Shown]) -> list[str]:
    """Return the table of contents: each finding with the first sentence of what it says."""
    lines = ['<nav aria-label="Contents">', "<h2>What was found</h2>", "<ol>"]
    lines += [f'<li><a href="#{_anchor(index)}">{_text(one.finding.title)}</a>. {_text(brief(one.finding.says))}</li>' for index, one in enumerate(shown)]
    return [*lines, "</ol>", "</nav>"] if shown else ["<h2>What was found</h2>", "<p>No analysis gave a finding.</p>"]


def brief(text: str, most: int = 170) -> str:
    """Return the first sentence of a text, cut between words when it is long."""
    first = re.split(r"(?<=[.!?])\s", text.strip(), maxsplit=1)[0]
    return first if len(first) <= most else f"{first[:most].rsplit(' ', 1)[0].rstrip(',;:')} …"


def _anchor(index: int) -> str:
    return f"finding-{index + 1}"


def _about(head: Head) -> list[str]:
    """Return the study: design, counts by status, errors, and the command that makes it again."""
    ok = dict(head.counts).get("ok", 0)
    missing = head.planned - sum(count for _, count in head.counts)
    counts = [f"{count:,} {status}" for status, count in head.counts] + ([f"{missing:,} not run yet"] if missing else [])
    lines = ["<h2>The study</h2>", f"<p>{_text(head.caption)}.</p>"]
    lines += ['<div class="wide"><table>', "<tr><th>Factor</th><th>Range or values</th></tr>"]
    lines += [f"<tr><td><code>{_text(key)}</code></td><td>{_text(values)}</td></tr>" for key, values in head.factors]
    lines += ["</table></div>", f"<p>Runs by status: {_text(', '.join(counts))} of {head.planned:,} planned.</p>"]
    if ok < head.planned and head.errors:
        lines += ['<div class="notes failed"><p>Errors of runs without a result:</p><ul>']
        lines += [f"<li>{count:,} x {_text(error)}</li>" for error, count in head.errors[:ERRORS]]
        more = len(head.errors) - ERRORS
        lines += [f"<li>and {more:,} other errors</li>"] if more > 0 else []
        lines += ["</ul></div>"]
    lines += [f'<p>Config hash: <code>{_text(head.config_hash)}</code></p>']
    if head.command:
        lines += ["<p>The command that made it:</p>", f"<pre>{_text(shlex.join(head.command))}</pre>"]
    return [*lines, "<p>To run it again and compare:</p>", f"<pre>marchland reproduce {_text(shlex.quote(head.name))} sample=20</pre>"]


def _findings(shown: Sequence[Shown], folder: Path) -> list[str]:
    """Return the findings, under a heading for each analysis."""
    lines: list[str] = []
    last = ""
    for index, one in enumerate(shown):
        if one.analysis != last:
            last = one.analysis
            does = ANALYSES[last].shows if last in ANALYSES else ""
            lines.append(f'<h2>{_text(last.capitalize())} <span class="quiet">{_text(does)}</span></h2>')
        finding = one.finding
        lines += [f'<section class="finding" id="{_anchor(index)}">', f"<h3>{_text(finding.title)}</h3>", f"<p>{_text(finding.says)}</p>"]
        if one.figure:
            picture = base64.b64encode((folder / one.figure).read_bytes()).decode("ascii")
            lines.append(f'<figure><img alt="{_text(finding.title)}: {_text(finding.says)}" src="data:image/png;base64,{picture}"></figure>')
        if finding.notes:
            lines += ['<div class="notes"><ul>', *(f"<li>{_text(note)}</li>" for note in finding.notes), "</ul></div>"]
        lines += [*_table(finding.table, one.csv), "</section>"]
    return lines


def _table(table: pd.DataFrame, csv: str) -> list[str]:
    """Return the first rows of a table, and where all are."""
    link = f'<a href="{_text(csv)}">{_text(csv)}</a>'
    if table.empty:
        return [f'<p class="quiet">The table is empty: {link}</p>']
    number = [pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind) for kind in table.dtypes]
    kinds = [' class="n"' if is_number else "" for is_number in number]
    lines = ['<div class="wide"><table class="data">']
    lines.append("<tr>" + "".join(f"<th{kind}>{_text(name)}</th>" for kind, name in zip(kinds, table.columns, strict=True)) + "</tr>")
    for row in table.head(ROWS).itertuples(index=False):
        lines.append("<tr>" + "".join(f"<td{kind}>{_text(_value(value))}</td>" for kind, value in zip(kinds, row, strict=True)) + "</tr>")
    lines.append("</table></div>")
    left = len(table) - ROWS
    return [*lines, f'<p class="quiet">{f"{left:,} more rows, and all digits" if left > 0 else "All digits"}: {link}</p>']


def _value(value: object) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.4g}" if abs(value) < 1e3 else f"{value:,.0f}"
    return "" if value is None or value is pd.NA else str(value)


def _broken(failed: Sequence[tuple[str, str]]) -> list[str]:
    return [f'<div class="notes failed"><p>The analysis {_text(name)} failed: {_text(error)}</p></div>' for name, error in failed]


def _apart(apart: Sequence[tuple[str, str]]) -> list[str]:
    """Return the analyses that do not apply, with the reason."""
    if not apart:
        return []
    lines = ["<h2>What does not apply</h2>", '<div class="wide"><table>', "<tr><th>Analysis</th><th>Shows</th><th>Why not here</th></tr>"]
    lines += [f"<tr><td>{_text(name)}</td><td>{_text(ANALYSES[name].shows if name in ANALYSES else '')}</td><td>{_text(why)}</td></tr>" for name, why in apart]
    return [*lines, "</table></div>"]
