"""The rule ``flee`` beside Flee's own results, to see whether the counted rule agrees with the program that it follows.

    python benchmarks/docking.py DATA_FOLDER [--seeds N] [--conflicts a,b] [--runs DIR] [--hasten N]

For each conflict in DATA_FOLDER: mean and last-day ARD (normal) of our rule with ``readings=flee``, at full population, over N
seeds (mean, standard deviation, 95 % of single runs), beside those of Flee 3 (one run a setting, from its main branch of May 2026,
a tenth or a fiftieth of the people; several runs where a spread is given); for ``simsetting`` each camp's last count and mean
absolute error as well.

With --runs DIR, files ``CONFLICT_hN_sSEED.csv`` of Flee's own runs (header ``day,CAMP sim,CAMP data,...``) are
compared camp by camp and day by day with ours at the same ``--hasten``. Camps that ever look full (kappa below 1) are marked:
there Flee looks again for each person in turn, we for each batch.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sim.displacement.conflict import Conflict
from sim.displacement.flee_course import build_course
from sim.displacement.flee_parameters import FleeParameters
from sim.displacement.flee_rule import kappa
from sim.displacement.read import is_conflict_folder, read_conflict
from sim.displacement.simulate import simulate
from sim.settings import Parameters

#: Flee's validation settings.
SETTINGS: dict[str, dict[str, float]] = {
    "simsetting": {},
    "classic125": {"max_move_speed": 360.0, "camp_weight": 1.0},
    "modern125": {"max_move_speed": 400.0, "camp_weight": 1.0, "softening": 36.0, "distance_power": 0.75, "camp_movechance": 0.0005},
    "modern125aw2dm75": {
        "max_move_speed": 400.0, "camp_weight": 1.0, "softening": 36.0, "distance_power": 0.75, "camp_movechance": 0.0005,
        "default_movechance": 0.75, "awareness_level": 2,
    },
}
#: Flee 3: ARD mean and ARD of the last day.
FLEE: dict[tuple[str, str], tuple[float, float | None]] = {
    ("burundi2015", "simsetting"): (0.586, 0.195), ("burundi2015", "classic125"): (0.499, 0.193), ("burundi2015", "modern125"): (0.531, 0.265),
    ("car2013", "simsetting"): (0.375, 0.205), ("car2013", "classic125"): (0.366, 0.233), ("car2013", "modern125"): (0.358, 0.198),
    ("mali2012", "simsetting"): (0.397, 0.136), ("mali2012", "classic125"): (0.373, 0.133), ("mali2012", "modern125"): (0.373, 0.135),
    ("ssudan2013", "simsetting"): (0.503, 0.309), ("ssudan2013", "classic125"): (0.510, 0.304), ("ssudan2013", "modern125"): (0.522, 0.293),
    ("syria2013", "simsetting"): (0.366, 0.276), ("syria2013", "classic125"): (0.341, 0.273), ("syria2013", "modern125"): (0.332, 0.272),
    ("mali2012", "modern125aw2dm75"): (0.341, None), ("burundi2015", "modern125aw2dm75"): (0.486, None), ("ssudan2013", "modern125aw2dm75"): (0.502, None),
}
#: Spread of Flee's ARD mean over its own seeds, where it was measured.
SPREAD = {
    "mali2012": "sd 0.004 (16 seeds, h20)", "burundi2015": "0.586-0.601 (5 seeds, h50)", "ssudan2013": "0.500-0.511 (5 seeds, h50)",
}
#: Flee 3, simsetting: last count and mean absolute error by camp.
CAMPS: dict[str, dict[str, tuple[int, int]]] = {
    "burundi2015": {
        "Mahama": (53286, 11262), "Nduta": (38912, 8623), "Nyarugusu": (68246, 32250), "Nakivale": (22118, 6496), "Lusenda": (28406, 17521),
    },
    "car2013": {
        "Amboko": (9620, 1879), "Belom": (23060, 4578), "Dosseye": (7290, 5569), "Gondje": (9070, 1871), "Moyo": (9190, 2003),
        "East": (189400, 8635), "Adamaoua": (47170, 27046), "Mole": (24350, 6565), "Bili": (0, 2177), "Boyabu": (13550, 5942),
        "Mboti": (920, 7000), "Inke": (24380, 8310), "Betou": (23540, 6987), "Brazaville": (8570, 2361),
    },
    "mali2012": {
        "Fassala-Mbera": (51089, 11468), "Mentao": (8257, 2394), "Bobo-Dioulasso": (2443, 1043), "Abala": (12705, 2196),
        "Mangaize": (3103, 258), "Niamey": (2260, 3463), "Tabareybarey": (7371, 2746),
    },
    "ssudan2013": {
        "Tierkidi": (40410, 23822), "Pugnido": (25240, 8964), "Jewi": (5010, 6321), "Kule": (28740, 23313), "Kakuma": (55280, 7530),
        "Khartoum": (21030, 15838), "West_Kordofan": (26510, 16009), "Adjumani": (133990, 17351), "Rhino": (17710, 5555), "Kiryandongo": (44120, 3774),
    },
    "syria2013": {"Iraq": (232100, 55100), "Jordan": (695800, 171890), "Lebanon": (1211100, 111330), "Turkey": (1608900, 236900)},
}


def ard(people: np.ndarray, data: np.ndarray) -> np.ndarray:
    """Averaged relative difference by day (normal)."""
    return np.asarray(np.abs(people - data).sum(axis=-1) / np.maximum(data.sum(axis=-1), 1))


def hastened(conflict: Conflict, n: int) -> Conflict:
    """The conflict with one person for ``n``, cut as Flee cuts it."""
    counts = conflict.counts // n
    whole = bool((conflict.known == conflict.counts.sum(axis=1)).all())
    places = tuple(dataclasses.replace(p, population=p.population // n, capacity=p.capacity // n) for p in conflict.places)
    known = counts.sum(axis=1) if whole else conflict.known // n
    return dataclasses.replace(conflict, places=places, counts=counts, known=known, total=conflict.total // n)


def runs(conflict: Conflict, setting: str, seeds: int) -> tuple[np.ndarray, float]:
    """Camp counts of ours (seeds, days, camps), and CPU seconds a run."""
    parameters = FleeParameters(readings="flee", **SETTINGS[setting])  # type: ignore[arg-type]
    began = time.process_time()
    people = np.array([
        simulate(conflict, capacities="limits", rule="flee", seed=seed, parameters=Parameters(flee=parameters)) for seed in range(1, seeds + 1)
    ])
    return people, (time.process_time() - began) / seeds


def looks_full(conflict: Conflict, people: np.ndarray) -> np.ndarray:
    """Which camps ever look full."""
    course = build_course(conflict, FleeParameters(readings="flee"))
    seen = kappa(people.mean(axis=0), course.capacity[:, conflict.camps], 0.9)
    return np.asarray((seen < 1.0).any(axis=0))


def published(conflict: Conflict, seeds: int) -> None:
    """Print ours beside Flee's published numbers."""
    for setting in SETTINGS:
        if (conflict.name, setting) not in FLEE:
            continue
        people, seconds = runs(conflict, setting, seeds)
        by_day = ard(people, conflict.counts)
        mean, last = by_day.mean(axis=1), by_day[:, -1]
        sd = mean.std(ddof=1) if seeds > 1 else float("nan")
        flee, flee_last = FLEE[conflict.name, setting]
        spread = SPREAD.get(conflict.name, "") if setting == "simsetting" else ""
        at_end = f"{flee_last:.3f}" if flee_last is not None else "  -  "
        print(
            f"{conflict.name:12s} {setting:17s} ARD {mean.mean():.3f} +- {1.96 * sd:.3f}  Flee {flee:.3f}  difference {mean.mean() - flee:+.3f}"
            f"   last day {last.mean():.3f}  Flee {at_end}   {seconds:.1f} s  {spread}"
        )
        if setting == "simsetting" and conflict.name in CAMPS:
            camps(conflict, people)


def camps(conflict: Conflict, people: np.ndarray) -> None:
    """Print each camp's last count and mean absolute error."""
    full = looks_full(conflict, people)
    error = np.abs(people - conflict.counts).mean(axis=(0, 1))
    for c, place in enumerate(conflict.camps):
        name = conflict.places[place].name
        if name in CAMPS[conflict.name]:
            last, mae = CAMPS[conflict.name][name]
            end = people[:, -1, c]
            mark = " looks full" if full[c] else ""
            print(f"    {name:16s} last {end.mean():10,.0f} Flee {last:10,d}   mean absolute error {error[c]:9,.0f} Flee {mae:9,d}{mark}")


def beside(conflict: Conflict, folder: Path, hasten: int, seeds: int) -> None:
    """Print ours beside runs of Flee itself, camp by camp and day by day."""
    files = sorted(folder.glob(f"{conflict.name}_h{hasten}_s*.csv"))
    if len(files) < 2:
        print(f"{conflict.name:12s} fewer than two runs of Flee at hasten {hasten} in {folder}")
        return
    names = [conflict.places[i].name for i in conflict.camps]
    theirs = []
    for path in files:
        with path.open(encoding="utf-8") as lines:
            table = list(csv.DictReader(lines))
        theirs.append([[float(row[f"{name} sim"]) for name in names] for row in table])
    flee = np.array(theirs)
    ours = runs(hastened(conflict, hasten), "simsetting", seeds)[0] * hasten
    a, b = ard(ours, conflict.counts).mean(axis=1), ard(flee, conflict.counts).mean(axis=1)
    z_ard = (a.mean() - b.mean()) / np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    print(
        f"{conflict.name:12s} hasten {hasten}: ARD {a.mean():.4f} sd {a.std(ddof=1):.4f} ({len(a)} seeds)   "
        f"Flee {b.mean():.4f} sd {b.std(ddof=1):.4f} ({len(b)} seeds)   z {z_ard:+.1f}"
    )
    full = looks_full(conflict, ours)
    spread = np.sqrt(ours.var(axis=0, ddof=1) / len(ours) + flee.var(axis=0, ddof=1) / len(flee))
    gap = ours.mean(axis=0) - flee.mean(axis=0)
    for c, name in enumerate(names):
        varied = spread[:, c] > 0.0
        z = gap[varied, c] / spread[varied, c]
        if not z.size:
            continue
        worst = np.flatnonzero(varied)[np.abs(z).argmax()]
        print(
            f"    {name:16s} mean |z| {np.abs(z).mean():4.2f}  |z| > 2 on {100 * (np.abs(z) > 2).mean():3.0f} % of days  worst day {worst}: ours "
            f"{ours[:, worst, c].mean():9,.0f} Flee {flee[:, worst, c].mean():9,.0f} z {z[np.abs(z).argmax()]:+.1f}{' looks full' if full[c] else ''}"
        )


def main() -> None:
    """Compare every conflict of a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--conflicts", default="")
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--hasten", type=int, default=20)
    options = parser.parse_args()
    wanted = [name for name in options.conflicts.split(",") if name]
    for folder in sorted(options.folder.iterdir()):
        if not is_conflict_folder(folder) or (wanted and folder.name not in wanted):
            continue
        conflict = read_conflict(folder)
        if options.runs:
            beside(conflict, options.runs, options.hasten, options.seeds)
        else:
            published(conflict, options.seeds)


if __name__ == "__main__":
    main()
