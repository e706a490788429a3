"""The same config, seed and NumPy give the same results in any interpreter and on any Mesa.

    python benchmarks/same_hash.py PYTHON [PYTHON ...] [--days 365] [--seed 1]

Runs both built-in scenarios in each interpreter (twice, with different PYTHONHASHSEED) and compares the
content hashes of all result tables. Exit code 1 when they differ, 2 when an interpreter fails.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCENARIOS = ("two_states", "pakistan_afghanistan")


def content_hash(name: str, seed: int, days: int) -> str:
    """Run a scenario for some days; return the hash over its result tables."""
    import pyarrow as pa

    from sim import Scenario
    from sim.fingerprint import canonical, digest, table_hash

    model = Scenario.load(name, seed=seed).build().run_for(days)
    tables = {"daily": model.record.daily, "places": model.record.places, "events": model.record.events}
    hashes = {key: table_hash(pa.Table.from_pandas(frame, preserve_index=False)) for key, frame in tables.items()}
    return digest(canonical({**hashes, "outcomes": {k: repr(v) for k, v in model.outcomes.items()}}))


def child(seed: int, days: int) -> None:
    """Print hashes and versions as one line of JSON."""
    import mesa
    import numpy as np

    result = {name: content_hash(name, seed, days) for name in SCENARIOS}
    versions = {"python": sys.version.split()[0], "mesa": mesa.__version__, "numpy": np.__version__}
    print(json.dumps({**result, **versions}))


def ask(interpreter: str, hash_seed: str, seed: int, days: int) -> dict[str, str]:
    """Run this file in another interpreter."""
    done = subprocess.run(
        [interpreter, __file__, "--child", "--seed", str(seed), "--days", str(days)],
        capture_output=True, text=True, encoding="utf-8", check=False, cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    if done.returncode:
        print(f"{interpreter}: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else 'failed'}", file=sys.stderr)
        raise SystemExit(2)
    answer: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return answer


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare interpreters; return the exit code."""
    parser = argparse.ArgumentParser(description="the same hash in every interpreter")
    parser.add_argument("interpreters", nargs="*", default=[sys.executable])
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.child:
        child(given.seed, given.days)
        return 0
    answers: list[dict[str, str]] = []
    for interpreter in given.interpreters:
        for hash_seed in ("0", "1"):
            answers.append(ask(interpreter, hash_seed, given.seed, given.days))
            a = answers[-1]
            print(f"Python {a['python']} Mesa {a['mesa']} NumPy {a['numpy']} PYTHONHASHSEED={hash_seed}: "
                  + " ".join(f"{name} {a[name][:16]}" for name in SCENARIOS), flush=True)
    if len({a["numpy"] for a in answers}) > 1:
        print("note: the interpreters have different NumPy versions; hashes need to agree for one version only")
    alike = all(len({a[name] for a in answers}) == 1 for name in SCENARIOS)
    print("all the same" if alike else "DIFFERENT")
    return 0 if alike else 1


if __name__ == "__main__":
    sys.exit(main())
