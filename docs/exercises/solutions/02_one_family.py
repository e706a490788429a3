"""Exercise 02: follow families through the moves that the model really made, and ask how much one path can tell."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
from lab import load

from sim.buckets import Kind, Layout
from sim.flows import WORDS, FlowBook, Note
from sim.model import MarchlandModel

FAMILIES = 500
Log = list[tuple[int, str]]


def day_with_flows(model: MarchlandModel) -> FlowBook:
    """Play one day as ``model.step()`` does, and write down who went where."""
    today = model.watched_step()
    assert today.flows is not None
    return today.flows


def go_on(note: Note, bucket: int, luck: float) -> tuple[int, str]:
    """Where somebody in a bucket goes at this moment: each way with the share of the people there who took it."""
    for k in np.flatnonzero(note.source == bucket):
        luck -= note.number[k] / note.stock[k]
        if luck < 0.0:
            return int(note.target[k]), WORDS[note.word[k]]
    return bucket, ""


def name(model: MarchlandModel, layout: Layout, number: int) -> str:
    """Return a bucket in words: the place and the legal status, or where on the way."""
    found, world = layout.bucket(number), model.setting.world
    status = next(b.status.value for b in model.setting.populations.blocks if b.rows.start <= found.row < b.rows.stop)
    return f"{world.places[found.place]} ({status})" if found.kind is Kind.PLACE else found.kind.value


model = load("02_one_family").build(seed=1)
layout, world = Layout.of(model.state), model.setting.world
block = next(b for b in model.populations if b.nationality == "Southland" and b.status == "undocumented")
rows = next(b.rows for b in model.setting.populations.blocks if b.name == block.name)
capital = world.places.index("North Capital")
people = model.state.people[rows, capital]
dice = random.Random(1)
where = [int(layout.place(dice.choices(range(rows.start, rows.stop), people.tolist())[0], capital)) for _ in range(FAMILIES)]
paths: list[Log] = [[(0, name(model, layout, start))] for start in where]
began, anew = int(people.sum()), 0
home = [int(layout.place(row, capital)) for row in range(rows.start, rows.stop)]

while model.running and model.state.day < model.setting.days:
    for note in day_with_flows(model).notes:
        anew += int(note.number[np.isin(note.target, home) & ~np.isin(note.source, home)].sum())
        leaving = set(note.source.tolist())
        for f, bucket in enumerate(where):
            if bucket in leaving:
                where[f], word = go_on(note, bucket, dice.random())
                if word:
                    paths[f].append((model.state.day, f"{word}: {name(model, layout, where[f])}"))

print("family 1")
for day, line in paths[0]:
    print(f"  day {day}: {line}")
ends = Counter(name(model, layout, bucket) for bucket in where)
print(f"where {FAMILIES} families are on the last day")
for place, number in ends.most_common(6):
    print(f"  {place}: {number / FAMILIES:.0%}")
alike = sum([line for _, line in path] == [line for _, line in paths[0]] for path in paths) - 1
print(f"others who went the same way as family 1, whatever the days: {alike}")
still = ends[name(model, layout, home[0])] / FAMILIES
now = int(model.state.people[rows, capital].sum())
print(f"still without papers in North Capital: families {still:.0%}, the model's people {now / began:.0%}, of whom came anew {anew / began:.0%}")
assert now / began - anew / began - 0.05 < still < now / began + 0.05, "families fare as the people do whom they stand for"
assert max(ends.values()) / FAMILIES < 0.9, "one path cannot stand for all"
