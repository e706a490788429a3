"""The rule ``gravity`` with one object a person, in plain Python: what counting must agree with.

Written from the equations and the order of the day (agents.gravity, agents.displaced, sim.displacement.movement), not from
the counted code: own reading of closures, own shortest ways, own inflow, own shares, own luck. It shares only the folder's
:class:`~sim.displacement.conflict.Conflict` and the parameters. Nobody is counted before drawing: each person has a clock
for every reason to leave, draws a destination alone, and stands in a queue alone. Slow, and meant to be read.

A day: roads open and close; people enter at places of fighting; all look at who was where yesterday evening;
they leave at any hour, for a camp or for home, and arrive in the evening of the day on which they are there; a camp takes in
as many as it has room for, whoever is lucky, and a closed one nobody; the others choose again and set out tomorrow, or wait at the gate.
"""

from __future__ import annotations

import bisect
import dataclasses
import heapq
import itertools
import math
from dataclasses import dataclass

import numpy as np

from sim.displacement.conflict import Closure, ClosureKind, Conflict, Kind
from sim.settings import Parameters

FLEE, MOVE_ON, RETURN = "flee", "move on", "return"
IDP, REGISTERED, UNDOCUMENTED, RETURNEE = "idp", "registered", "undocumented", "returnee"
#: Home of the people whom the camps start with.
NOBODY_KNOWS = None


@dataclass(frozen=True)
class Case:
    """What is walked: a conflict under a set of numbers. ``days_late`` is a planted error: every way takes so much longer."""

    conflict: Conflict
    parameters: Parameters = dataclasses.field(default_factory=Parameters)
    capacities: str = "limits"
    returns: bool = False
    scale: float = 1.0
    days_late: int = 0


@dataclass(eq=False, slots=True)
class Person:
    """Somebody who has fled: at ``place``, or on the way there until the evening of day ``due``."""

    home: str | None
    status: str
    place: int
    due: int = -1


class Land:
    """What does not depend on luck: ways, days of closures, chances of origins, safety. One for all walks of a case."""

    def __init__(self, case: Case) -> None:
        self.case, self.c, self.p = case, case.conflict, case.parameters
        places = self.c.places
        self.camps = [i for i, x in enumerate(places) if x.kind in (Kind.CAMP, Kind.IDP_CAMP)]
        self.zones = [i for i, x in enumerate(places) if x.kind is Kind.CONFLICT]
        self.at_home = [x.country == places[0].country for x in places]
        self.regions = {places[i].region for i in self.zones}
        self.limit = {}
        for i in self.camps:
            bound = case.capacities == "limits" and places[i].capacity > 0
            self.limit[i] = math.floor(places[i].capacity * case.scale) if bound else math.inf
        stated = [places[i].capacity for i in self.camps if places[i].capacity > 0]
        mean = math.fsum(stated) / len(stated) if stated else 1.0
        draws = case.capacities == "attraction"
        self.attraction = {i: (float(places[i].capacity) or mean) if draws else 1.0 for i in self.camps}
        self.shut = [self.closed_on(day) for day in range(self.c.days)]
        self._ways: dict[tuple[frozenset[int], float], list[list[float]]] = {}
        self.km = [self.ways(roads, self.p.gravity.border_km) for roads, _ in self.shut]
        self.opened = {i: self.opening(i) for i in self.camps}
        self.origins = [self.origin_weights(day) for day in range(self.c.days)]
        self.fights = [[i for i in range(len(places)) if self.c.intensity[day, i] > 0.0] for day in range(self.c.days)]
        self.calm = self.days_of_calm()
        self.entered = self.people_entered()

    # -- roads and closures --------------------------------------------------------------------------

    def closed_on(self, day: int) -> tuple[frozenset[int], frozenset[int]]:
        """Roads that cannot be used and camps that take nobody, by number."""
        roads, camps = set(), set()
        for row in self.c.closures:
            if row.start <= day and (day < row.end or row.end <= max(row.start, 0)):
                more_roads, more_camps = self.closes(row)
                roads |= more_roads
                camps |= more_camps
        return frozenset(roads), frozenset(camps)

    def closes(self, row: Closure) -> tuple[set[int], set[int]]:
        names = [x.name for x in self.c.places]
        ends = [{names[road.a], names[road.b]} for road in self.c.roads]
        if row.kind is ClosureKind.COUNTRY:
            lands = [[self.c.places[i].country for i in (road.a, road.b)] for road in self.c.roads]
            return {k for k, pair in enumerate(lands) if sorted(pair) == sorted([row.name1, row.name2])}, set()
        if row.kind in (ClosureKind.CAMP, ClosureKind.IDP_CAMP):
            return set(), {i for i in self.camps if names[i] == row.name1}
        if row.kind is ClosureKind.REDIRECTION:
            return set(), set()
        if row.name2 in names and row.name2 != row.name1:
            return {k for k, pair in enumerate(ends) if pair == {row.name1, row.name2}}, set()
        return {k for k, pair in enumerate(ends) if row.name1 in pair}, {i for i in self.camps if names[i] == row.name1}

    def ways(self, shut: frozenset[int], border_km: float) -> list[list[float]]:
        """Shortest ways between all places over what is not shut, km; inf where there is none."""
        if (shut, border_km) not in self._ways:
            near: list[list[tuple[int, float]]] = [[] for _ in self.c.places]
            for k, road in enumerate(self.c.roads):
                if k not in shut:
                    abroad = self.c.places[road.a].country != self.c.places[road.b].country
                    near[road.a].append((road.b, road.distance + abroad * border_km))
                    near[road.b].append((road.a, road.distance + abroad * border_km))
            self._ways[shut, border_km] = [self.from_place(start, near) for start in range(len(near))]
        return self._ways[shut, border_km]

    @staticmethod
    def from_place(start: int, near: list[list[tuple[int, float]]]) -> list[float]:
        """Dijkstra's algorithm."""
        best = [math.inf] * len(near)
        queue = [(0.0, start)]
        while queue:
            km, here = heapq.heappop(queue)
            if km < best[here]:
                best[here] = km
                for there, length in near[here]:
                    heapq.heappush(queue, (km + length, there))
        return best

    def opening(self, camp: int) -> int:
        """Day on which a camp that was closed at the start opens; 0 for the others and for those that never do."""
        return next((day for day in range(self.c.days) if camp not in self.shut[day][1]), 0)

    def travel(self, day: int, start: int, end: int) -> float:
        """Days of travel."""
        return self.km[day][start][end] / self.p.gravity.speed + self.case.days_late

    # -- who comes, and when home is safe ------------------------------------------------------------

    def people_entered(self) -> list[int]:
        """People who have come by the evening of each day: what the known total grows by, falls made up first."""
        people, debt = int(self.c.counts[0].sum()), 0
        so_far = [people]
        for day in range(1, self.c.days):
            growth = int(self.c.known[day]) - int(self.c.known[day - 1]) - debt
            debt = max(-growth, 0)
            people += max(growth, 0)
            so_far.append(people)
        return so_far

    def origin_weights(self, day: int) -> dict[int, float]:
        """Residents^origin_power * intensity * (km to the nearest place abroad + softening)^-access, of conflict zones."""
        g = self.p.gravity
        km = self.ways(self.shut[day][0], 0.0)
        found, blind, anywhere = {}, {}, {}
        for i in self.zones:
            abroad = min((km[i][k] for k in range(len(km)) if not self.at_home[k]), default=math.inf)
            anywhere[i] = (self.c.places[i].population + 1) ** g.origin_power
            blind[i] = anywhere[i] * float(self.c.intensity[day, i])
            found[i] = blind[i] / (abroad + max(g.softening, 1.0)) ** g.access if abroad < math.inf else 0.0
        return next((weights for weights in (found, blind) if any(weights.values())), anywhere)

    def days_of_calm(self) -> list[dict[str | None, float]]:
        """Days since the last fighting in each home region, for ever where there was none; anywhere for an unknown home."""
        calm: list[dict[str | None, float]] = []
        for day in range(self.c.days):
            now: dict[str | None, float] = {}
            for region in (*self.regions, NOBODY_KNOWS):
                zones = self.fights[day] if region is NOBODY_KNOWS else [i for i in self.fights[day] if i in self.zones]
                fights = any(region in (NOBODY_KNOWS, self.c.places[i].region) for i in zones)
                now[region] = 0.0 if fights else (calm[-1][region] + 1.0 if calm else math.inf)
            calm.append(now)
        return calm


class Walk:
    """A run, person by person."""

    def __init__(self, land: Land, seed: int) -> None:
        self.land, self.c, self.p = land, land.c, land.p
        self.rng = np.random.default_rng(seed)
        self._luck: list[float] = []
        self.crowd: list[Person] = []
        self.road: list[list[Person]] = [[] for _ in range(self.c.days)]  # who arrives on which day
        self.waits = self.turned = self.stuck = 0  #: person-days, to see that it happens
        self.news: dict[str | None, dict[int, int]] = {}
        self.news_day = -1

    def luck(self) -> float:
        if not self._luck:
            self._luck = self.rng.random(4096).tolist()
        return self._luck.pop()

    def draw(self, targets: list[int], weights: list[float]) -> int:
        running = list(itertools.accumulate(weights))
        return targets[min(bisect.bisect_right(running, self.luck() * running[-1]), len(targets) - 1)]

    # -- the day -------------------------------------------------------------------------------------

    def run(self) -> np.ndarray:
        """People in each scored camp in the evenings, (days, camps)."""
        counts = np.zeros((self.c.days, len(self.c.camps)), dtype=np.int64)
        for day in range(self.c.days):
            self.day = day
            if day == 0:
                self.start()
            else:
                self.live()
            there = self.present()
            counts[day] = [there[i] for i in self.c.camps]
        return counts

    def start(self) -> None:
        """The camps' first counts, whatever their limits; nobody moves."""
        for number, place in zip(self.c.counts[0], self.c.camps, strict=True):
            for _ in range(round(int(number) * self.land.case.scale)):
                self.crowd.append(Person(NOBODY_KNOWS, self.status_at(place), int(place)))

    def live(self) -> None:
        self.come()
        self.look()
        self.leave()
        self.arrive()

    def present(self) -> list[int]:
        """How many people are at each place."""
        there = [0] * len(self.c.places)
        for person in self.crowd:
            if person.due < 0:
                there[person.place] += 1
        return there

    def status_at(self, place: int) -> str:
        if self.land.at_home[place]:
            return IDP
        return REGISTERED if place in self.land.limit else UNDOCUMENTED

    def come(self) -> None:
        """Let the day's people in."""
        weights = self.land.origins[self.day]
        for _ in range(round(self.land.entered[self.day] * self.land.case.scale) - len(self.crowd)):
            place = self.draw(list(weights), list(weights.values()))
            self.crowd.append(Person(self.c.places[place].region, self.status_at(place), place))

    # -- what people know ----------------------------------------------------------------------------

    def look(self) -> None:
        """Who is in which camp, as far as news have come; which camps are closed or full is known at once."""
        self._shares: dict[tuple[str | None, int], tuple[list[int], list[float]]] = {}
        there = self.present()
        if self.news_day < 0 or self.day >= self.news_day + self.p.gravity.news_days:
            self.news, self.news_day = {}, self.day
            for person in self.crowd:
                if person.due < 0 and person.place in self.land.limit:
                    if person.home not in self.news:
                        self.news[person.home] = dict.fromkeys(self.land.camps, 0)
                    self.news[person.home][person.place] += 1
        self.stock = {camp: sum(known[camp] for known in self.news.values()) for camp in self.land.camps}
        self.takes = {}
        for camp, limit in self.land.limit.items():
            shut = camp in self.land.shut[self.day][1] or there[camp] >= limit
            free = 1.0 if limit == math.inf else (limit - self.stock[camp]) / ((1.0 - self.p.gravity.buffer) * max(limit, 1.0))
            self.takes[camp] = 0.0 if shut else min(max(free, 0.0), 1.0)
        self.new = {camp: self.newness(camp) for camp in self.land.camps}

    def newness(self, camp: int) -> float:
        """1 for an empty camp that has opened since the start, 0 for one as big as the biggest other one."""
        if not 0 < self.land.opened[camp] <= self.day or self.takes[camp] <= 0.0:
            return 0.0
        other = max((people for other, people in self.stock.items() if other != camp), default=0)
        return 1.0 - self.stock[camp] / other if self.stock[camp] < other else 0.0

    # -- choice --------------------------------------------------------------------------------------

    def choose(self, person: Person) -> int | None:
        """A camp, or nothing where none can be reached that takes people."""
        key = (person.home, person.place)
        if key not in self._shares:  # all with the same home and place have the same chances today
            self._shares[key] = self.shares(*key)
        targets, weights = self._shares[key]
        return self.draw(targets, weights) if targets else None

    def shares(self, home: str | None, place: int) -> tuple[list[int], list[float]]:
        g, km = self.p.gravity, self.land.km[self.day][place]
        reach = [i for i in self.land.camps if i != place and km[i] < math.inf and self.takes[i] > 0.0]
        f = {i: max(km[i] + g.softening, 1e-6) ** -g.power * self.takes[i] * self.land.attraction[i] for i in reach}
        before = self.news.get(home, self.stock)
        n = 1.0 - (1.0 - g.followers) ** 2
        chance: dict[int, float] = {}
        for country in {self.c.places[i].country for i in reach}:
            here = [i for i in reach if self.c.places[i].country == country]
            to_country = self.mixed(f, before, here, reach, g.followers)
            inside = {i: self.mixed(f, before, [i], here, n) for i in here}
            last = max((self.land.opened[i] for i in here if self.new[i] > 0.0), default=None)
            newest = [i for i in here if self.new[i] > 0.0 and self.land.opened[i] == last]
            for i in here:
                if newest:
                    sent = g.new_camps * max(self.new[j] for j in newest)
                    own = self.new[i] / math.fsum(self.new[j] for j in newest) if i in newest else 0.0
                    inside[i] = (1.0 - sent) * inside[i] + sent * own
                chance[i] = to_country * inside[i]
        fresh = {i: f[i] * self.new[i] for i in reach if self.new[i] > 0.0}
        if fresh:
            sent = (1.0 - g.followers) * g.new_camps * max(self.new[i] for i in fresh)
            for i in reach:
                chance[i] = (1.0 - sent) * chance[i] + sent * fresh.get(i, 0.0) / math.fsum(fresh.values())
        return reach, [chance[i] for i in reach]

    @staticmethod
    def mixed(f: dict[int, float], before: dict[int, int], some: list[int], of: list[int], followers: float) -> float:
        """Chance of some camps among others: followers go by those who went before, the rest by gravity."""
        own = math.fsum(f[i] for i in some) / math.fsum(f[i] for i in of)
        gone = sum(before[i] for i in of)
        return (1.0 - followers) * own + followers * sum(before[i] for i in some) / gone if gone else own

    # -- leaving -------------------------------------------------------------------------------------

    def reasons(self, person: Person) -> list[tuple[str, float, float]]:
        """Reasons to leave today, each with its hazard, and the chance that its clock rings within a day."""
        d, r, place = self.p.displaced, self.p.returns, person.place
        camp = place in self.land.limit
        fighting = float(self.c.intensity[self.day, place])
        chances = {FLEE: d.leave * fighting, MOVE_ON: d.onward if camp else 0.0}
        if fighting <= 0.0 and not camp:
            chances[FLEE] = self.going_on(person)
        found = [(reason, -math.log(max(1.0 - chance, math.exp(-50)))) for reason, chance in chances.items() if chance > 0.0]
        if self.land.case.returns and fighting <= 0.0 and person.status != RETURNEE:
            safety = 1.0 - math.exp(-self.land.calm[self.day][person.home] / d.calm_days)
            rate = r.idp_return if person.status == IDP else r.voluntary
            found.append((RETURN, rate / (1.0 + math.exp(-(safety - r.threshold) / r.width))))
        return [(reason, hazard, 1.0 - math.exp(-hazard)) for reason, hazard in found if hazard > 0.0]

    def going_on(self, person: Person) -> float:
        """Chance to look for a camp from a stop on the way; who has come home has stopped for good."""
        return 0.0 if person.status == RETURNEE else self.p.displaced.go_on

    def leave(self) -> None:
        known: dict[tuple[str | None, str, int], list[tuple[str, float, float]]] = {}
        for person in self.crowd:
            if person.due >= 0:
                continue
            key = (person.home, person.status, person.place)
            if key not in known:
                known[key] = self.reasons(person)
            first, why = 1.0, ""
            for reason, hazard, within in known[key]:  # the clock that rings first within the day
                luck = self.luck()
                if luck < within and (time := -math.log(1.0 - luck) / hazard) < first:
                    first, why = time, reason
            if why == RETURN:
                self.go_home(person)
            elif why:
                if person.status == RETURNEE:
                    person.home = self.c.places[person.place].region
                if not self.go(person, self.choose(person), 0):
                    self.stuck += 1

    def go(self, person: Person, target: int | None, later: int) -> bool:
        """Set out at any hour of the day, ``later`` days from now; arrivals are counted in the evening of their day."""
        if target is None:
            return False
        hour = self.luck()
        person.due = self.day + later + int(hour + self.land.travel(self.day, person.place, target))
        person.place, person.status = target, self.status_at(target)
        self.await_arrival(person)
        return True

    def await_arrival(self, person: Person) -> None:
        if person.due < self.c.days:
            self.road[person.due].append(person)

    def go_home(self, person: Person) -> None:
        """To one of the conflict zones of the home region, by residents; who has no way there stays."""
        km = self.land.km[self.day][person.place]
        homes = [i for i in self.land.zones if person.home in (NOBODY_KNOWS, self.c.places[i].region) and km[i] < math.inf]
        if homes and self.go(person, self.draw(homes, [max(self.c.places[i].population, 1) for i in homes]), 0):
            person.status, person.home = RETURNEE, NOBODY_KNOWS

    # -- arriving ------------------------------------------------------------------------------------

    def arrive(self) -> None:
        """Open camps take in people up to their limits, in the order of luck."""
        there = self.present()
        coming = self.road[self.day]
        self.rng.shuffle(coming)  # type: ignore[arg-type]
        outside = []
        for person in coming:
            shut = person.place in self.land.limit and person.place in self.land.shut[self.day][1]
            if not shut and there[person.place] + 1 <= self.land.limit.get(person.place, math.inf):
                there[person.place] += 1
                person.due = -1
            else:
                outside.append(person)
        for person in outside:
            self.turned += 1
            if not self.go(person, self.choose(person), 1):
                person.due = self.day + 1
                self.await_arrival(person)
                self.waits += 1


def walk(land: Land, seed: int) -> np.ndarray:
    """Walk a case once; people in each scored camp every evening, (days, camps)."""
    return Walk(land, seed).run()
