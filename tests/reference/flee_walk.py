"""The rule ``flee`` with one object a person, in plain Python: what counting must agree with.

Written from the description of Flee (docs/flee.md and its own documentation), not from the counted code:
names, loops and data structures are its own, and so is its luck (``random.Random``). It shares only the folder's
:class:`~sim.displacement.conflict.Conflict` and the parameters. Slow, and meant to be read.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import numpy as np

from sim.displacement.conflict import ClosureKind, Conflict, Kind
from sim.displacement.flee_parameters import FleeParameters


@dataclass(eq=False)
class Site:
    """A place."""

    number: int
    name: str
    country: str
    kind: Kind
    residents: int
    room: float
    foreign: bool
    fighting: float = 0.0
    began: int = 0
    over: bool = False
    shut: bool = False
    people: int = 0
    ways: list[Way] = field(default_factory=list)

    def is_camp(self) -> bool:
        return self.kind in (Kind.CAMP, Kind.IDP_CAMP) and not self.shut

    def is_conflict(self) -> bool:
        return self.fighting > 0.0 and not self.shut


@dataclass(eq=False)
class Way:
    """A link in one direction."""

    origin: Site
    target: Site
    km: float
    speed: float | None
    walk: float
    forced: bool
    may_force: bool
    is_open: bool = True


@dataclass(eq=False)
class Person:
    """Somebody who flees."""

    at: Site
    way: Way | None = None
    km: float = 0.0
    plan: list[Site] = field(default_factory=list)
    on_foot: bool = True
    recent: int = 0  # recent travel, in quanta
    today: float = 0.0  # km
    used: int = 0  # thousandths of the day


class Walk:
    """A run, person by person."""

    def __init__(self, conflict: Conflict, parameters: FleeParameters, seed: int) -> None:
        self.c, self.p = conflict, parameters
        self.flee = parameters.readings == "flee"
        self.luck = random.Random(seed)
        home = conflict.places[0].country
        self.sites = [
            Site(i, x.name, x.country, x.kind, x.population, float(x.capacity), x.country != home)
            for i, x in enumerate(conflict.places)
        ]
        for road in conflict.roads:
            a, b = self.sites[road.a], self.sites[road.b]
            forces = road.redirection in (1, 2) and not self.flee
            for _ in range(2 if self.flee and road.redirection == 1 else 1):
                a.ways.append(Way(a, b, road.distance, road.max_move_speed, road.walk_probability, forces, forces))
                b.ways.append(Way(b, a, road.distance, road.max_move_speed, road.walk_probability, False, False))
        for site in self.sites:
            if site.kind is Kind.CONFLICT:
                site.over = True
                if self.flee and conflict.places[site.number].conflict_date <= 0:
                    site.fighting, site.began, site.over = float(conflict.places[site.number].attributes.get("conflict_intensity") or 1), -1, False
        self.crowd: list[Person] = []
        self.debt = 0
        for c, place in enumerate(conflict.camps):
            number = int(conflict.counts[0, c])
            site = self.sites[place]
            self.crowd += [Person(site) for _ in range(number)]
            site.people += number
            if self.flee and site.room > 0:
                site.room -= number
        for site in self.sites:
            site.room *= parameters.capacity_scaling

    # -- the day ------------------------------------------------------------------------------------

    def run(self) -> np.ndarray:
        """Camp counts in the evenings, (days, camps)."""
        counts = []
        for t in range(self.c.days):
            self.day(t)
            counts.append([self.sites[place].people for place in self.c.camps])
        return np.array(counts)

    def day(self, t: int) -> None:
        self.fights(t)
        for site in self.sites:
            site.room += float(self.c.places[site.number].attributes.get("capacity_per_day") or 0) * self.p.capacity_scaling
        self.arrivals(t)
        self.closures(t)
        self.time = t
        looks = self.looks()
        for person in self.crowd:
            if person.way is None:
                self.decide(person, looks, False)
        for site in self.sites:
            site.people = 0
        travellers = []
        for person in self.crowd:
            if person.way is None:
                person.at.people += 1
            else:
                travellers.append(person)
        self.luck.shuffle(travellers)
        batches = self.batches(len(travellers))
        size = max(-(-len(travellers) // batches), 1)
        for first in range(0, len(travellers), size):
            looks = self.looks()
            batch = travellers[first : first + size]
            for person in batch:
                self.travel(person, looks)
            for person in batch:
                if person.way is None:
                    person.at.people += 1
        for person in self.crowd:
            way = (person.recent * self.p.memory_quantum + person.today / self.p.max_move_speed) / 2
            person.recent = round(way / self.p.memory_quantum) if self.p.avoid_short_stints else 0
            person.today, person.used = 0.0, 0

    def fights(self, t: int) -> None:
        for site in self.sites:
            now = float(self.c.intensity[t, site.number])
            before = float(self.c.intensity[t - 1, site.number]) if t else 0.0
            if now > 0 and before == 0:
                site.began, site.fighting, site.over = t, now, False
            elif now == 0 and before > 0:
                site.fighting, site.over = 0.0, True
            elif not self.flee:
                site.fighting = now

    def decay(self, site: Site, t: int) -> float:
        step = int((t - site.began) / self.p.decay_interval)
        return self.p.spawn_decay[min(step, len(self.p.spawn_decay) - 1)] if self.p.spawn_decay else 1.0

    def arrivals(self, t: int) -> None:
        if t == 0:
            return
        number = int(self.c.known[t]) - int(self.c.known[t - 1]) - self.debt
        self.debt = max(-number, 0)
        weights = [s.residents * s.fighting * self.decay(s, t) if s.is_conflict() else 0.0 for s in self.sites]
        for site in self.luck.choices(self.sites, weights, k=max(number, 0)) if number > 0 else []:
            self.crowd.append(Person(site))
            site.people += 1

    def closures(self, t: int) -> None:
        names = {site.name: site for site in self.sites}
        if not self.flee:
            for site in self.sites:
                for way in site.ways:
                    way.is_open = True
        for row in self.c.closures:
            lasts = row.start <= t and (row.end <= row.start or t < row.end)
            if self.flee and t not in (row.start, row.end if row.end > row.start else None):
                continue
            if row.kind in (ClosureKind.CAMP, ClosureKind.IDP_CAMP):
                names[row.name1].shut = lasts
            elif row.kind is ClosureKind.REDIRECTION:
                for way in names[row.name1].ways:
                    if way.may_force and way.target.name == row.name2:
                        way.forced = not lasts
            else:
                for site in self.sites:
                    for way in site.ways:
                        if self.concerns(row.kind, row.name1, row.name2, way):
                            way.is_open = not lasts if self.flee else way.is_open and not lasts

    def concerns(self, kind: ClosureKind, one: str, two: str, way: Way) -> bool:
        """Whether a closure is about a way."""
        ends = {way.origin.name, way.target.name}
        if kind is ClosureKind.COUNTRY:
            return (way.origin.country, way.target.country) in ((one, two), (two, one))
        if kind is ClosureKind.LINK:
            return not self.flee and ends == {one, two}
        if not self.flee and any(site.name == two for site in self.sites):
            return ends == {one, two}
        return one in ends

    # -- what people see -----------------------------------------------------------------------------

    def looks(self) -> dict[Site, float]:
        """How far each place looks free to all: kappa."""
        seen = {}
        for site in self.sites:
            if site.room < 1 or site.people <= self.p.capacity_buffer * site.room:
                seen[site] = 1.0
            elif site.people >= site.room:
                seen[site] = 0.0
            else:
                edge = self.p.capacity_buffer * site.room
                seen[site] = 1 - (site.people - edge) / ((1 - self.p.capacity_buffer) * site.room)
        return seen

    def batches(self, travellers: int) -> int:
        """As many batches as keep a batch below the room of the camp nearest to look full."""
        rooms = []
        for site in self.sites:
            edge = self.p.capacity_buffer * site.room
            if site.room >= 1 and site.people < site.room and site.people + travellers > edge:
                rooms.append(max(site.room - edge, edge - site.people))
        if not rooms:
            return 1
        return min(max(-(-travellers // max(int(min(rooms)), 1)), 1), self.p.capacity_batches)

    def score(self, site: Site) -> float:
        score = self.p.foreign_weight if site.foreign else 1.0
        if site.is_camp():
            score *= self.p.camp_weight
        if site.is_conflict():
            score *= self.p.conflict_weight ** (self.decay(site, self.time) * site.fighting)
        return score

    def routes(self, here: Site, looks: dict[Site, float]) -> list[tuple[list[Site], float]]:
        """Every way to where one can look ahead to, with its weight."""
        found: list[tuple[list[Site], float]] = []

        def ahead(way: Way, passed: list[Site], km: float, hops: int) -> None:
            site, km = way.target, km + way.km
            if site.kind is not Kind.MARKER:
                hops += 1
                weight = (self.p.weight_softening + self.score(site)) / max(self.p.softening + km, 0.001) ** self.p.distance_power
                found.append(([*passed[1:], site], (weight * looks[site]) ** self.p.weight_power))
            if hops < self.p.awareness_level:
                for further in site.ways:
                    if further.is_open and further.target not in passed:
                        ahead(further, [*passed, site], km, hops)

        for way in here.ways:
            if way.is_open:
                ahead(way, [here], 0.0, 0)
        if self.p.pruning_threshold > 1.001 and found:
            best = max(weight for _, weight in found)
            found = [(route, weight if weight >= best / self.p.pruning_threshold else 0.0) for route, weight in found]
        if found and not any(weight for _, weight in found):
            found = [(route, 1.0) for route, _ in found]
        return found

    # -- what a person does --------------------------------------------------------------------------

    def full(self, site: Site, looks: dict[Site, float]) -> bool:
        return site.is_camp() and looks[site] < 0.5

    def chance(self, site: Site) -> float:
        if site.is_conflict():
            return self.p.conflict_movechance
        if site.shut or (site.over and (self.flee or site.kind is Kind.CONFLICT)):
            return self.p.default_movechance
        return {
            Kind.CAMP: self.p.camp_movechance, Kind.IDP_CAMP: self.p.idpcamp_movechance,
            Kind.HUB: self.p.hub_movechance, Kind.MARKER: self.p.hub_movechance,
        }.get(site.kind, self.p.default_movechance)

    def is_town(self, site: Site) -> bool:
        if site.is_conflict():
            return False
        return site.kind is Kind.TOWN or site.shut or (site.over and (self.flee or site.kind is Kind.CONFLICT))

    def decide(self, person: Person, looks: dict[Site, float], forced: bool) -> None:
        here = person.at
        if not person.plan and not forced and self.luck.random() >= self.chance(here):
            return
        if not person.plan:
            person.plan = self.choose(here, looks)
            if not person.plan:
                return
        way = next((w for w in here.ways if w.is_open and w.target is person.plan[0]), None)
        if way is None or self.full(person.plan[-1], looks):
            person.plan = []
            return
        person.plan = person.plan[1:]
        person.way, person.km = way, 0.0

    def choose(self, here: Site, looks: dict[Site, float]) -> list[Site]:
        for way in here.ways:
            if way.forced and way.is_open and not self.full(way.target, looks):
                return [way.target]
        routes = self.routes(here, looks)
        return list(self.luck.choices([r for r, _ in routes], [w for _, w in routes])[0]) if routes else []

    def travel(self, person: Person, looks: dict[Site, float]) -> None:
        while person.way is not None:
            way = person.way
            speed = way.speed if way.speed is not None else self.p.max_move_speed
            if (self.p.start_on_foot and person.on_foot) or self.luck.random() < way.walk:
                speed = self.p.max_walk_speed
            rest = way.km - person.km
            reach = speed if self.flee or person.used == 0 else float(int(speed * (1000 - person.used) / 1000 + 0.5))
            if reach < rest or (self.flee and reach == rest):
                person.km += reach
                person.today += reach
                return
            person.today += rest
            person.used += max(int(rest / speed * 1000 + 0.5), 1)
            person.on_foot = False
            person.way, person.km = None, 0.0
            if not way.is_open:
                person.at = way.origin
                if not self.flee:
                    person.plan = []
                return
            person.at = way.target
            if (person.today >= speed) if self.flee else (person.used >= 1000):
                return
            recent = person.recent * self.p.memory_quantum + person.today / self.p.max_move_speed
            hurry = self.p.avoid_short_stints and recent / 2 < 0.5 and self.is_town(person.at)
            self.decide(person, looks, hurry)


def walk(conflict: Conflict, parameters: FleeParameters, seed: int) -> np.ndarray:
    """Run a conflict person by person; people in each scored camp every evening, (days, camps)."""
    return Walk(conflict, parameters, seed).run()
