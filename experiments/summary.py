"""What happened, in plain sentences with numbers, and one row of outcomes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.settings import Config

Floats = NDArray[np.float64]

#: Kinds of dated events worth a line, the most telling first.
TELLING: tuple[str, ...] = (
    "intervention", "rupture", "collapse", "escalation", "truce", "truce_end", "announcement", "deadline", "exogenous",
    "splinter", "merger", "talks", "closure", "opening", "strike", "attack", "act",
)  # fmt: skip
MOST_EVENTS = 8
#: Outcomes that the terminal shows, where a run has them; ``summary.json`` holds all.
KEY_OUTCOMES: tuple[str, ...] = (
    "ard_mean", "ard_final", "entered", "in_camps", "on_the_way", "at_stops", "in_fighting", "waiting", "idps", "refugees",
    "attacks", "deaths", "deaths_per_attack", "civilians_killed",
    "returns", "returns_voluntary", "returns_fear", "returns_deportation", "deportation_share",
    "flights", "reentries", "displaced",
    "stability", "stability_weights_low", "stability_weights_high",
    "stability_violence", "stability_movement", "stability_relations", "stability_legitimacy", "stability_trade",
)  # fmt: skip


def summary_row(outcomes: Mapping[str, float], config: Config, config_hash: str) -> dict[str, object]:
    """Return the run's row of outcomes with what identifies the run; a value that is not finite is ``None``."""
    scenario = config.scenario
    row: dict[str, object] = {
        "scenario": scenario.name,
        "start": str(scenario.start),
        "end": str(scenario.end),
        "seed": config.seed,
        "replicate": config.replicate,
        "people_scale": scenario.people_scale,
        "config_hash": config_hash,
        **{f"policy/{actor}": choice.name for actor, choice in config.policies.items()},
    }
    for name, value in outcomes.items():
        number = float(value)
        row[name] = number if math.isfinite(number) else None
    return row


class Daily:
    """The daily frame by series: ``daily["region", "region", "attacks"]`` is an array over days."""

    def __init__(self, frame: pd.DataFrame) -> None:
        ordered = frame.sort_values("day", kind="stable")
        keys = ["kind", "actor", "variable"]
        self.series: dict[tuple[str, str, str], Floats] = {
            (str(key[0]), str(key[1]), str(key[2])): group["value"].to_numpy(dtype=np.float64)
            for key, group in ordered.groupby(keys, sort=False, observed=True)
        }
        self.dates = pd.DatetimeIndex(pd.to_datetime(ordered["date"].drop_duplicates()))

    def region(self, variable: str) -> Floats:
        """Return a series of the region; empty where the run has none."""
        return self.series.get(("region", "region", variable), np.zeros(0))

    def actors(self, kind: str) -> list[str]:
        """Return the actors of a kind."""
        return list(dict.fromkeys(actor for found, actor, _ in self.series if found == kind))

    def date(self, index: int) -> str:
        """Return a day as text."""
        return f"{self.dates[index]:%d %b %Y}".lstrip("0")


def people(number: float) -> str:
    """Return a count for a sentence: ``1.72 million``, ``405,000``, ``1,234``."""
    if abs(number) >= 999_500:
        return f"{number / 1e6:,.2f} million"
    if abs(number) >= 20_000:
        return f"{round(number, -3):,.0f}"
    return f"{number:,.0f}"


def plain_summary(
    daily: pd.DataFrame, events: pd.DataFrame, outcomes: Mapping[str, float], *, title: str, seed: int,
    first: Sequence[str] = (),
) -> list[str]:
    """Return the summary of a run as lines of text.

    Parameters
    ----------
    daily, events
        The record's frames.
    outcomes
        The run's outcomes by name.
    title, seed
        What the first line says about the run.
    first
        Paragraphs that go before all others.
    """
    book = Daily(daily)
    days = len(book.dates)
    if not days:
        return [f"{title}: no days were run"]
    lines = [f"{title}: {book.date(0)} to {book.date(-1)}, {days:,} days, seed {seed} (one run of many possible ones)", ""]
    lines += [*first, *_violence(book), *_movement(book), *_displaced(book), *_actors(book), *_stability(book)]
    dated = _events(events)
    if dated:
        lines += ["", "Dated events", *dated]
    if outcomes:
        key = {name: outcomes[name] for name in KEY_OUTCOMES if name in outcomes} or outcomes
        rest = f" ({len(outcomes) - len(key)} more in summary.json)" if len(key) < len(outcomes) else ""
        lines += ["", f"Outcomes of the whole run{rest}", *_table(key)]
    return lines


def _total(book: Daily, variable: str) -> float:
    """Return the sum of a series of the region over all days."""
    return float(np.nansum(book.region(variable)))


def _violence(book: Daily) -> list[str]:
    """Say how much violence there was, and how it went over the years."""
    attacks = book.region("attacks")
    if not attacks.size:
        return []
    sides = _total(book, "civilians_killed")
    civil = f"; operations and strikes killed {people(sides)} civilians" if sides else ""
    lines = [f"Violence: {people(_total(book, 'attacks'))} attacks killed {people(_total(book, 'deaths'))} people{civil}."]
    years = pd.Series(attacks, index=book.dates[: attacks.size]).groupby(lambda date: date.year)
    counts = years.sum()
    if len(counts) > 1:
        lines.append("  Attacks by year: " + ", ".join(f"{year} {value:,.0f}" for year, value in counts.items()) + ".")
    return lines


def _movement(book: Daily) -> list[str]:
    """Say who returned, why, and who fled."""
    lines: list[str] = []
    returns = book.region("returns")
    total = _total(book, "returns")
    if total:
        month = pd.Series(returns, index=book.dates[: returns.size]).groupby(lambda date: (date.year, date.month)).sum()
        peak = max(month.items(), key=lambda item: item[1])
        name = pd.Timestamp(year=peak[0][0], month=peak[0][1], day=1)
        forced = (
            f", {people(_total(book, 'returns_voluntary'))} by choice, {people(_total(book, 'returns_fear'))} for fear of arrest, "
            f"{people(_total(book, 'returns_deportation'))} deported"
        )
        lines.append(
            f"Returns: {people(total)} people went home{forced if book.actors('government') else ''} (most in {name:%B %Y}: {people(float(peak[1]))})."
        )
    flights, back, out = _total(book, "flights"), _total(book, "reentries"), _total(book, "departures")
    if flights or back or out:
        again = f"; {people(back)} returnees went back to their host country" if back or book.actors("government") else ""
        lines.append(f"Flight: {people(flights)} people fled violence; {people(out)} journeys crossed a border outwards{again}.")
    return lines


def _displaced(book: Daily) -> list[str]:
    """Say how many people were displaced at the start, at the peak and at the end."""
    stock = book.region("displaced")
    if not stock.size:
        return []
    peak = int(np.nanargmax(stock))
    return [
        f"Displaced: {people(stock[0])} people at the start, {people(stock[-1])} at the end; "
        f"most on {book.date(peak)}: {people(stock[peak])}."
    ]


def _actors(book: Daily) -> list[str]:
    """Say how hostile governments became and how strong groups."""
    lines: list[str] = []
    hostility = [
        f"{actor} towards {variable.partition('/')[2]} {values[0]:.2f} to {values[-1]:.2f} (highest {np.nanmax(values):.2f})"
        for (kind, actor, variable), values in book.series.items()
        if kind == "government" and variable.startswith("hostility/") and values.size
    ]
    if hostility:
        lines.append(f"Hostility: {'; '.join(hostility)}.")
    fighters = [
        f"{group} {people(values[0])} to {people(values[-1])}"
        for group in book.actors("group")
        if (values := book.series.get(("group", group, "fighters"), np.zeros(0))).size
    ]
    if fighters:
        lines.append(f"Fighters: {', '.join(fighters)}.")
    legitimacy = [
        f"{name} {values[0]:.2f} to {values[-1]:.2f}"
        for name in book.actors("government")
        if (values := book.series.get(("government", name, "legitimacy"), np.zeros(0))).size
    ]
    if legitimacy:
        lines.append(f"Legitimacy (0 to 1): {', '.join(legitimacy)}.")
    return lines


def _stability(book: Daily) -> list[str]:
    """Say how the stability index moved, always with its components."""
    index = book.region("stability")
    if not index.size:
        return []
    names = [variable for kind, _, variable in book.series if kind == "region" and variable.startswith("stability_")]
    parts = [f"{name.removeprefix('stability_')} {book.region(name)[0]:.2f} to {book.region(name)[-1]:.2f}" for name in names]
    components = f" Components: {', '.join(parts)}." if parts else ""
    return [f"Stability index (0 worst, 1 best): {index[0]:.2f} at the start, {index[-1]:.2f} at the end.{components}"]


def _events(events: pd.DataFrame) -> list[str]:
    """Return the most telling dated events in order of time, at most one line a day for the same words."""
    if events.empty:
        return []
    rank = {kind: index for index, kind in enumerate(TELLING)}
    frame = events.assign(rank=[rank.get(str(kind), len(rank)) for kind in events["kind"]])
    frame = frame.drop_duplicates(subset=["day", "kind", "actor", "target", "text"])
    # Of each kind the largest first, so that a long list of small closures does not hide a rupture.
    frame = frame.assign(size=frame["value"].fillna(0.0).abs())
    frame = frame.sort_values(["rank", "size"], ascending=[True, False], kind="stable")
    chosen: list[int] = []
    for share in (2, MOST_EVENTS):  # two of each kind first, then what is left
        for _, group in frame.groupby("rank", sort=True):
            for row in list(group.index)[:share]:
                if row not in chosen and len(chosen) < MOST_EVENTS:
                    chosen.append(row)
    picked = frame.loc[chosen].sort_values("day", kind="stable")
    lines: list[str] = []
    for row in picked.itertuples():
        words = str(row.text or "") or " ".join(str(part) for part in (row.actor, row.target) if part)
        if row.actor and str(row.actor) not in words:
            words = f"{row.actor}: {words}"
        kind = str(row.kind).replace("_", " ")
        text = words if words.startswith(kind) else f"{kind}: {words}"
        lines.append(f"  {pd.Timestamp(row.date):%Y-%m-%d}  {text if len(text) <= 100 else text[:97] + '...'}")
    return lines


def _table(outcomes: Mapping[str, float]) -> list[str]:
    """Return the outcomes as two columns."""
    width = max(len(name) for name in outcomes)
    cells = [f"{name:<{width}} {number(value):>14}" for name, value in outcomes.items()]
    half = (len(cells) + 1) // 2
    right: Sequence[str] = [*cells[half:], *[""] * (2 * half - len(cells))]
    return [f"  {left}    {other}".rstrip() for left, other in zip(cells[:half], right, strict=True)]


def number(value: float) -> str:
    """Return a number for a table: whole when large, three digits when small."""
    if not math.isfinite(value):
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 or float(value).is_integer() else f"{value:.3g}"
