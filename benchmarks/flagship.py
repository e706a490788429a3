"""The flagship against its observations: the mean of twenty seeds of the scripted history.

    python benchmarks/flagship.py [seeds] [workers]

Prints simulated against observed for attacks, deaths, returns, fighters, regions and the share of
formal deportations, then the acceptance criteria. Exits with 1 when one is missed. All of it is
in-sample: six scalars were fitted to these very numbers (see docs/limits.md).
"""

from __future__ import annotations

import datetime as dt
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from sim import Scenario

PICSS = {2021: 294, 2022: 380, 2023: 645, 2024: 908}
DEATHS = {2021: 388, 2022: 539, 2023: 975, 2024: 1177}
RETURNS_OCT_NOV = 405_000
EX_FATA = ("Bajaur", "Mohmand", "Khyber District", "Kurram", "Orakzai", "North Waziristan", "South Waziristan")


def play(seed: int) -> dict[str, float]:
    """Run one seed and return what is compared."""
    scenario = Scenario.load("pakistan_afghanistan")
    model = scenario.build(seed=seed).run()
    day = scenario.setting.day_of
    row = {name: value for name, value in model.outcomes.items() if name.startswith(("attacks_2", "deaths_2"))}
    returns = model.record.series("region", "region", "returns")
    deported = model.record.series("region", "region", "returns_deportation")
    for year in (2023, 2024):
        for month in range(1, 13):
            first = dt.date(year, month, 1)
            after = dt.date(year + month // 12, month % 12 + 1, 1)
            row[f"returns_{year}-{month:02d}"] = float(returns[day(first) : day(after)].sum())
    november = slice(day(dt.date(2023, 11, 1)), day(dt.date(2023, 12, 1)))
    row["formal_nov"] = float(deported[november].sum() / returns[november].sum())
    row["formal_2024"] = float(deported[day(dt.date(2024, 1, 1)) :].sum() / returns[day(dt.date(2024, 1, 1)) :].sum())
    row["floor_week10"] = float(returns[day(dt.date(2024, 1, 10)) : day(dt.date(2024, 2, 10))].sum())
    for label, date in (("2021-07", dt.date(2021, 7, 15)), ("2022-02", dt.date(2022, 2, 15)), ("2024-07", dt.date(2024, 7, 15))):
        row[f"ttp_{label}"] = float(model.record.series("group", "ttp", "fighters")[day(date)])
    places = model.record.places
    last = places[places["day"] >= day(dt.date(2024, 1, 1))].groupby("place", observed=True)["attacks"].sum()
    region = {place.name: place.region for place in scenario.tables.places if place.country == "Pakistan"}
    row["share_balochistan"] = float(sum(n for p, n in last.items() if region.get(p) == "Balochistan") / last.sum())
    row["share_ex_fata"] = float(last[[p for p in last.index if p in EX_FATA]].sum() / last.sum())
    row["share_kp"] = float(sum(n for p, n in last.items() if region.get(p) == "Khyber Pakhtunkhwa") / last.sum()) - row["share_ex_fata"]
    row["dispersion"] = model.outcomes["monthly_dispersion"]
    return row


def main() -> int:
    """Run all seeds, print the comparison, judge."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    workers = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    with ProcessPoolExecutor(workers) as pool:
        rows = list(pool.map(play, range(1, seeds + 1)))
    value = {name: np.array([row[name] for row in rows]) for name in rows[0]}

    def show(label: str, name: str, observed: str, form: str = ",.0f") -> None:
        low, high = np.quantile(value[name], [0.05, 0.95])
        print(f"{label:34s} {value[name].mean():>10{form}}  [{low:{form}} - {high:{form}}]   observed {observed}")

    print(f"mean and 5-95 % of {seeds} seeds (1 to {seeds})")
    for year in PICSS:
        show(f"attacks {year}", f"attacks_{year}", f"{PICSS[year]:,}" + (" (a band: months are mostly residuals)" if year == 2021 else ""))
    for year in DEATHS:
        show(f"deaths {year}", f"deaths_{year}", f"{DEATHS[year]:,}")
    for name in sorted(n for n in value if n.startswith("returns_20")):
        show(name.replace("_", " "), name, _observed_returns(name[8:]))
    show("formal share, November 2023", "formal_nov", "6 %", ".1%")
    show("formal share, 2024", "formal_2024", "2-3 %", ".1%")
    for label, observed in (("2021-07", "2,500-6,000"), ("2022-02", "3,000-5,000"), ("2024-07", "6,000-6,500")):
        show(f"TTP fighters {label}", f"ttp_{label}", observed)
    show("attacks 2024 in Balochistan", "share_balochistan", "34 %", ".0%")
    show("attacks 2024 in mainland KP", "share_kp", "36 %", ".0%")
    show("attacks 2024 in former FATA", "share_ex_fata", "30 %", ".0%")
    show("dispersion, detrended, monthly", "dispersion", "about 4.5", ".1f")
    return judge(value)


def _observed_returns(month: str) -> str:
    scenario = Scenario.load("pakistan_afghanistan")
    rows = scenario.tables.observed
    rows = rows[(rows["outcome"] == "returns") & (rows["start"].astype(str).str[:7] == month)]
    return f"{rows['value'].iloc[0]:,.0f} ({rows['low'].iloc[0]:,.0f}-{rows['high'].iloc[0]:,.0f})" if len(rows) else "-"


def judge(value: dict[str, np.ndarray]) -> int:
    """Print the acceptance criteria and return 1 when one is missed."""
    peak = value["returns_2023-10"].mean() + value["returns_2023-11"].mean()
    floor, before = value["floor_week10"].mean(), np.mean([value[f"returns_2023-0{m}"].mean() for m in range(1, 10)])
    checks = [
        (f"attacks {year} within 30 % of {PICSS[year]}", abs(value[f"attacks_{year}"].mean() / PICSS[year] - 1.0) <= 0.3)
        for year in (2022, 2023, 2024)
    ]
    checks += [
        (f"returns October-November 2023 {peak:,.0f}, within 30 % of {RETURNS_OCT_NOV:,}", abs(peak / RETURNS_OCT_NOV - 1.0) <= 0.3),
        (f"ten weeks after the deadline {floor:,.0f} a month: under 15 % of November, under 4 times the months before ({before:,.0f})",
         floor < 0.15 * value["returns_2023-11"].mean() and floor < 4.0 * before),
        ("formal deportations a minority", value["formal_nov"].max() < 0.5 and value["formal_2024"].max() < 0.5),
    ]
    for label, passed in checks:
        print(("met    " if passed else "MISSED ") + label)
    return 0 if all(passed for _, passed in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
