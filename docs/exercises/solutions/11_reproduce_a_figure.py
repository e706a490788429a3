"""Exercise 11: run a config, draw its figures, run the folder again, and compare the figure byte by byte."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import tempfile
from pathlib import Path
from unittest import mock

import pandas as pd
from lab import CONFIGS

from experiments import figures
from experiments.cli import main

#: The one figure that is asked for: the others take their time.
OBSERVED = tuple(found for found in figures.FIGURES if found[0] == "observed")
MONTHS = ("2023-09", "2023-10", "2023-11", "2023-12")


def marchland(*words: str) -> int:
    """Run a command as on the command line, without its output; return the exit code."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return main(list(words))


def figure(folder: Path) -> str:
    """Return the hash of the figure that compares with observations."""
    return hashlib.sha256((folder / "figures" / "observed.png").read_bytes()).hexdigest()


with tempfile.TemporaryDirectory() as scratch, mock.patch.object(figures, "FIGURES", OBSERVED):
    first, second = Path(scratch, "first"), Path(scratch, "second")
    config = str(CONFIGS / "11_reproduce_a_figure.yaml")
    assert marchland("run", config, f"hydra.run.dir={first}") == 0
    assert marchland("run", config, f"hydra.run.dir={second}") == 0
    print(f"the same figure, to the last byte: {figure(first) == figure(second)}")
    assert figure(first) == figure(second)
    code = marchland("reproduce", str(first))
    verdict = json.loads((first / "reproduction.json").read_text(encoding="utf-8"))["verdict"]
    print(f"marchland reproduce: {verdict}, exit code {code}")
    assert code == 0
    daily = pd.read_parquet(first / "daily.parquet")

observed = pd.read_csv(CONFIGS.parents[2] / "configs/scenarios/pakistan_afghanistan/observed/series.csv")
monthly = {
    name: daily[(daily["variable"] == name) & (daily["kind"] == "region")].set_index("date")["value"]
    for name in ("returns", "attacks")
}
print("month: returns simulated / observed; attacks simulated / observed")
for month in MONTHS:
    words = []
    for name, series in monthly.items():
        simulated = series[[str(date).startswith(month) for date in series.index]].sum()
        row = observed[(observed["outcome"] == name) & (observed["start"] == f"{month}-01")]
        words.append(f"{simulated:,.0f} / {row['value'].iloc[0]:,.0f}")
    print(f"  {month}: {'; '.join(words)}")
october, november = (monthly["returns"][[str(d).startswith(m) for d in monthly["returns"].index]].sum() for m in MONTHS[1:3])
assert november > october > 50_000.0, "returns begin before the deadline and peak after it"
