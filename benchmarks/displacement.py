"""Flee and Marchland on the same conflict folders in one session: CPU time, memory and ARD of both.

    python benchmarks/displacement.py DIR [--conflicts a,b] [--seeds N] [--rule gravity]
                                      [--flee CHECKOUT] [--python PYTHON] [--hasten N] [--settings FILE.yml] [--limit SECONDS]

Every run is a process of its own on one core. Ours is measured from loading the folder to the scores, after
imports, without Hydra and figures. Flee (never a dependency) is run where it can be found: from CHECKOUT, by its
own runscripts/run.py where that is there, or as the package `flee` that PYTHON can import. From Flee's time and memory
its imports are taken off too, measured apart. With --hasten N Flee moves N times fewer people, ours always all of them.
Flee's settings are those of its published validation runs ("simsetting"), or FILE.yml. ARD is the normal one for both,
worked out by the same code; Flee knows the capacities, so it compares with our mode "limits".
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from agents.errors import InputError
from experiments.validation.scores import ard
from experiments.validation.suite import find_conflicts

#: Flee's settings of its validation set.
SIMSETTING = """\
log_levels: {{agent: 0, link: 0, camp: 0, conflict: 0, init: 0, granularity: location}}
spawn_rules:
  take_from_population: False
  insert_day0: True
  sum_from_camps: True
  empty_camps_on_day0: False
  conflict_spawn_decay: [1.0, 1.0, 1.0, 0.5, 0.1]
move_rules:
  max_move_speed: 200.0
  camp_weight: 2.0
  softening: 10.0
  default_movechance: 0.5
  distance_power: 1.0
  camp_movechance: 0.001
  awareness_level: 1
  capacity_scaling: 1.25
  start_on_foot: True
  avoid_short_stints: True
optimisations:
  hasten: {hasten}
"""

#: Drives the engine of the package `flee` (3.1 on PyPI brings no run script) day by day, as its run script does.
DRIVER = """
import csv, sys
from flee import flee, spawning, InputGeography
from flee.datamanager import handle_refugee_data
inputs, source, days, settings, out = sys.argv[1:6]
period = {row[0].strip().lower(): row[1].strip() for row in csv.reader(open(inputs + "/sim_period.csv")) if len(row) > 1}
start, length = period["startdate"], period["length"]
flee.SimulationSettings.ReadFromYML(settings)
flee.SimulationSettings.ConflictInputFile = inputs + "/conflicts.csv"
ecosystem, geography = flee.Ecosystem(), InputGeography.InputGeography()
geography.ReadConflictInputCSV(inputs + "/conflicts.csv")
geography.ReadLocationsFromCSV(inputs + "/locations.csv")
geography.ReadLinksFromCSV(inputs + "/routes.csv")
geography.ReadClosuresFromCSV(inputs + "/closures.csv")
ecosystem, places = geography.StoreInputGeographyInEcosystem(ecosystem)
scale = flee.SimulationSettings.optimisations["PopulationScaleDownFactor"]
table = handle_refugee_data.RefugeeTable(csvformat="generic", data_directory=source, start_date=start,
                                         data_layout="data_layout.csv", population_scaledown_factor=scale)
table.ReadL1Corrections(inputs + "/registration_corrections.csv")
camps = ecosystem.get_camp_names()
for camp in camps:
    spawning.add_initial_refugees(ecosystem, table, places[camp])
with open(out, "w", newline="") as file:
    write = csv.writer(file).writerow
    write(["Day"] + [word for camp in camps for word in (camp + " sim", camp + " data")])
    for day in range(int(days) or int(length)):
        geography.AddNewConflictZones(ecosystem, day)
        spawning.spawn_daily_displaced(ecosystem, day, table, SumFromCamps=True)
        spawning.refresh_spawn_weights(ecosystem)
        ecosystem.enact_border_closures(day)
        ecosystem.evolve()
        write([day] + [n for camp in camps for n in (places[camp].numAgents, table.get_field(camp, day))])
"""

IMPORTS = "from flee import flee, spawning, InputGeography; from flee.datamanager import handle_refugee_data"

OURS = """
import json, resource, sys, time
from pathlib import Path
from experiments.validation.scores import ard
from sim.displacement.read import read_conflict
from sim.displacement.simulate import simulate
folder, rule, seeds = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
def peak():  # ru_maxrss of a child begins with the size of its parent, so the kernel's own mark where there is one
    try:
        return next(float(line.split()[1]) / 1024.0 for line in open("/proc/self/status") if line.startswith("VmHWM"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024.0 if sys.platform != "darwin" else 1024.0**2)
before, found = peak(), {}
for mode in ("limits", "withheld"):
    scores, seconds = [], []
    for seed in range(1, seeds + 1):
        start = time.process_time()
        conflict = read_conflict(folder)
        scores.append(float(ard(simulate(conflict, capacities=mode, rule=rule, seed=seed), conflict.counts).mean()))
        seconds.append(time.process_time() - start)
    found[mode] = {"ard": sum(scores) / seeds, "cpu": sum(seconds) / seeds, "first": seconds[0]}
print(json.dumps({**found, "memory": peak() - before, "people": int(conflict.known[-1]), "days": conflict.days}))
"""


@dataclass(frozen=True)
class Usage:
    """What a process used: CPU seconds, peak memory in MB, its exit code (None: stopped at the limit)."""

    cpu: float
    memory: float
    code: int | None
    message: str


def measured(command: list[str], folder: Path, path: str, out: Path, limit: float) -> Usage:
    """Run a command in a process of its own and return what it used."""
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": path}
    environment |= {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    errors = folder / "errors.txt"
    with out.open("wb") as stdout, errors.open("wb") as stderr:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=stdout, stderr=stderr)
        end, stopped, peak = time.monotonic() + limit, False, 0.0
        while True:
            peak = max(peak, high_water(process.pid))
            done, status, usage = os.wait4(process.pid, os.WNOHANG)
            if done:
                break
            if time.monotonic() > end and not stopped:
                process.send_signal(signal.SIGKILL)
                stopped = True
            time.sleep(0.02)
        process.returncode = os.waitstatus_to_exitcode(status)  # reaped here, for its usage
    message = (errors.read_text(errors="replace").strip().splitlines() or [""])[-1]
    peak = peak or usage.ru_maxrss / (1024.0 if sys.platform != "darwin" else 1024.0**2)
    return Usage(usage.ru_utime + usage.ru_stime, peak, None if stopped else process.returncode, message)


def high_water(pid: int) -> float:
    """Return the peak memory of a running process in MB, 0 where the system does not tell.

    What it used at its end (`ru_maxrss`) would begin with the size of this process, from which it was forked.
    """
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next((float(line.split()[1]) / 1024.0 for line in lines if line.startswith("VmHWM")), 0.0)
    except OSError:
        return 0.0


def run_ours(folder: Path, rule: str, seeds: int) -> dict[str, object]:
    """Run ours with its first seeds in one fresh process."""
    root = Path(__file__).resolve().parent.parent
    environment = {**os.environ, "PYTHONPATH": str(root)}
    environment |= {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", OURS, str(folder.resolve()), rule, str(seeds)], capture_output=True, text=True, env=environment
    )
    if done.returncode:
        raise InputError(f"{folder}: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else 'failed'}")
    found: dict[str, object] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def find_flee(checkout: str | None, python: str) -> tuple[str, Path | None] | str:
    """Return the search path and the run script of Flee (None: our driver), or why there is none."""
    path, script = "", None
    if checkout is not None:
        root = Path(checkout).expanduser().resolve()
        if not (root / "flee" / "flee.py").is_file():
            raise InputError(f"--flee: {checkout} is no checkout of Flee; it has no file flee/flee.py")
        path = str(root)
        script = root / "runscripts" / "run.py" if (root / "runscripts" / "run.py").is_file() else None
    with tempfile.TemporaryDirectory() as scratch:
        usage = measured([python, "-c", IMPORTS], Path(scratch), path, Path(scratch) / "out", 120.0)
    return (path, script) if usage.code == 0 else usage.message


def run_flee(
    folder: Path, found: tuple[str, Path | None], python: str, settings: str, limit: float
) -> tuple[Usage, Usage, float | None]:
    """Run Flee on a conflict: its usage, that of its imports, and its ARD (None when it did not finish)."""
    path, script = found
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        yml, out = scratch / "settings.yml", scratch / "out.csv"
        yml.write_text(settings, encoding="utf-8")
        root = folder.resolve()
        given = [str(root / "input_csv"), str(root / "source_data"), "0", str(yml)]
        own = [python, str(script), *given] if script is not None else [python, "-c", DRIVER, *given, str(out)]
        printed = out if script is not None else scratch / "printed"
        imports = measured([python, "-c", IMPORTS], scratch, path, scratch / "nothing", 120.0)
        usage = measured(own, scratch, path, printed, limit)
        return usage, imports, flee_ard(out) if usage.code == 0 else None


def flee_ard(file: Path) -> float:
    """Return the mean ARD of a table with the columns ``NAME sim`` and ``NAME data``."""
    with file.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.reader(stream) if row]
    first = next(i for i, row in enumerate(rows) if row[0] == "Day")  # what Flee says of itself comes before
    head = rows[first]
    names = [column.removesuffix(" sim") for column in head if column.endswith(" sim")]
    body = [row for row in rows[first + 1 :] if row[0].isdigit()]
    counts = np.array([[float(row[head.index(f"{name} sim")]) for name in names] for row in body])
    data = np.array([[float(row[head.index(f"{name} data")]) for name in names] for row in body])
    return float(ard(counts, data).mean())


def main() -> int:
    """Run both on every conflict and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--conflicts", default="", help="names, with commas (all)")
    parser.add_argument("--seeds", type=int, default=5, help="runs of ours whose mean is printed")
    parser.add_argument("--rule", default="gravity")
    parser.add_argument("--flee", metavar="CHECKOUT", help="a checkout of Flee, or a folder with the package flee/")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that runs Flee")
    parser.add_argument("--hasten", type=int, default=1, help="Flee moves this many people as one")
    parser.add_argument("--settings", type=Path, help="Flee's settings (YAML)")
    parser.add_argument("--limit", type=float, default=900.0, help="seconds after which Flee is stopped")
    asked = parser.parse_args()
    try:
        return compare(asked)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def compare(asked: argparse.Namespace) -> int:
    """Find Flee, then run both on one conflict after the other."""
    if asked.seeds < 1 or asked.hasten < 1:
        raise InputError("--seeds and --hasten: give a whole number from 1 up")
    folders, _ = find_conflicts(asked.folder, [name for name in asked.conflicts.split(",") if name])
    found = find_flee(asked.flee, asked.python)
    if isinstance(found, str):
        print(f"Flee is not there ({found}): ours only. Install it (pip install flee) or give --flee CHECKOUT [--python PYTHON]")
    else:
        how = "its runscripts/run.py" if found[1] is not None else "its package, driven by this script"
        print(f"Flee: {how}, hasten {asked.hasten}, settings {asked.settings or 'simsetting'}")
    if asked.settings is not None and not asked.settings.is_file():
        raise InputError(f"--settings: no such file {str(asked.settings)!r}")
    settings = asked.settings.read_text(encoding="utf-8") if asked.settings else SIMSETTING.format(hasten=asked.hasten)
    for folder in folders:
        ours = run_ours(folder, asked.rule, asked.seeds)
        limits, withheld = ours["limits"], ours["withheld"]
        assert isinstance(limits, dict) and isinstance(withheld, dict)
        print(f"{folder.resolve().name}: {ours['people']:,} people, {ours['days']:,} days")
        print(
            f"  ours, {asked.rule}: {limits['cpu']:.3f} s CPU (first run {limits['first']:.3f}), +{ours['memory']:.0f} MB above "
            f"imports, ARD {limits['ard']:.3f} with capacities as limits, {withheld['ard']:.3f} withheld "
            f"({'1 seed' if asked.seeds == 1 else f'means of {asked.seeds} seeds'})",
            flush=True,
        )
        if not isinstance(found, str):
            print(f"  {_flee_line(run_flee(folder, found, asked.python, settings, asked.limit), float(limits['cpu']), asked)}", flush=True)
    return 0


def _flee_line(result: tuple[Usage, Usage, float | None], ours: float, asked: argparse.Namespace) -> str:
    """Return what is printed about Flee's run."""
    usage, imports, score = result
    cpu = usage.cpu - imports.cpu
    if usage.code is None:
        return f"Flee: stopped after {asked.limit:.0f} s, at {cpu:.1f} s CPU: more than {cpu / ours:,.0f} times ours"
    if usage.code:
        return f"Flee: failed ({usage.message})"
    scaled = f" (moving {asked.hasten} people as one)" if asked.hasten > 1 else ""
    return (
        f"Flee: {cpu:.1f} s CPU{scaled}, +{usage.memory - imports.memory:.0f} MB above imports, ARD {score:.3f}; "
        f"{cpu / ours:,.0f} times our CPU"
    )


if __name__ == "__main__":
    sys.exit(main())
