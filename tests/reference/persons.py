"""Everybody as an individual: each person draws alone, nobody is ever counted before drawing.

From the design's rules only: competing risks, gates, travel days, queues, closures, destinations,
returns and changes of legal status. The tables of a :class:`sim.setting.Setting` (distances, gravity
weights, days of travel) and the hazards of :func:`agents.refugee_population.intentions` are inputs; no
code of ``sim.movement``, ``sim.borders``, ``sim.ways``, ``sim.status``, ``sim.deadlines`` or ``sim.draws`` is used.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from agents.decisions import Announcement
from agents.refugee_population import Rules, intentions
from agents.situations import HostView, PopulationSituation
from agents.vocabulary import ABROAD, REASONS, Reason, Status
from sim.setting import Setting

PLACE, INLAND, TOWARD, QUEUED, GONE = range(5)
HOMEWARD = (Reason.VOLUNTARY, Reason.FEAR, Reason.DEPORTATION)


@dataclass
class World:
    """What surrounds the people, fixed or moving by itself: levers, fear, memories."""

    setting: Setting
    levels: dict[tuple[str, str], float]  #: (government, "lever/target") -> level, all through the run
    notes: list[tuple[int, Announcement]]
    deaths: np.ndarray  #: (places,) deaths a day in memory at the start; no new ones come
    changed: dict[str, float] = field(default_factory=dict)  #: planted deviations, to see that they are found

    def __post_init__(self) -> None:
        n = len(self.setting.cast.governments)
        self.fear = np.zeros((n, len(ABROAD)))
        self.removals = np.zeros((n, len(ABROAD)))
        self.campaign = np.zeros((n, len(ABROAD)), dtype=bool)
        self.credibility = np.ones(n)

    def level(self, government: int, lever: str, target: str = "") -> float:
        text = f"{lever}/{target}" if target else lever
        return self.levels.get((self.setting.cast.governments[government], text), 0.0)

    def factor(self, what: str) -> float:
        return self.changed.get(what, 1.0)


def choose(rng: np.random.Generator, weights: np.ndarray) -> np.ndarray:
    """One target for each person; (persons, targets) -> (persons,), -1 where all weights are zero."""
    running = weights.cumsum(axis=1)
    total = running[:, -1]
    chosen = (running <= (rng.random(len(weights)) * total)[:, None]).sum(axis=1)
    return np.where(total > 0.0, np.minimum(chosen, weights.shape[1] - 1), -1)


class Persons:
    """All people of a run, one entry of every array each."""

    def __init__(self, world: World, seed: int) -> None:
        self.w, self.s = world, world.setting
        self.rng = np.random.default_rng(seed)
        row, place = np.nonzero(self.s.initial)
        number = self.s.initial[row, place]
        self.row = np.repeat(row, number)
        self.place = np.repeat(place, number)
        self.mode = np.full(len(self.row), PLACE)
        self.reason = np.full(len(self.row), -1)
        self.gate = np.full(len(self.row), -1)
        self.due = np.full(len(self.row), -1)
        self.target = np.full(len(self.row), -1)
        self.flows: Counter[str] = Counter()
        self.passed = np.zeros(self.s.world.n_crossings, dtype=np.int64)
        block_of = np.zeros(self.s.populations.n_rows, dtype=np.int64)
        for b, block in enumerate(self.s.populations.blocks):
            block_of[block.rows] = b
        self.block_of = block_of
        self.nation_of = self.s.populations.nationality
        self.status_of = np.array([self.s.populations.blocks[b].status.value for b in block_of])
        self.is_abroad = np.isin(self.status_of, [status.value for status in ABROAD])
        self.mass: dict[int, np.ndarray] = {}

    # -- who is where --------------------------------------------------------------------------------

    def here(self) -> np.ndarray:
        """Indices of people who are at places."""
        return np.flatnonzero(self.mode == PLACE)

    def table(self) -> np.ndarray:
        """People at places, counted (rows, places)."""
        counts = np.zeros_like(self.s.initial)
        who = self.here()
        np.add.at(counts, (self.row[who], self.place[who]), 1)
        return counts

    def first_row(self, nation: int, status: Status) -> int:
        return self.s.populations.block(nation, status).first

    def same_home(self, rows: np.ndarray, status: Status) -> np.ndarray:
        """Rows of another status with the same nationality and home region."""
        first = [self.first_row(n, status) for n in self.nation_of[rows].tolist()]
        return np.array(first, dtype=np.int64) + self.s.populations.home[rows]

    # -- a day ---------------------------------------------------------------------------------------

    def live(self, day: int) -> None:
        morning = self.table()
        if day % self.s.config.scenario.decision_interval == 0:
            self.hear(morning, day)
        hazards = self.hazards(morning, day)
        self.deadlines(day)
        self.arrivals(day)
        self.borders(day)
        deported = self.departures(hazards, morning, day)
        self.remember(deported)
        if day % 7 == 0:  # offices do their work once a week, for seven days
            self.statuses()

    def deaths(self, day: int) -> np.ndarray:
        return self.w.deaths * (29.0 / 30.0) ** day

    def hear(self, people: np.ndarray, day: int) -> None:
        """News of the week: compatriots, full places, calm."""
        world, m = self.s.world, self.s.parameters.gravity.followers
        displaced = np.isin(self.status_of, ["idp", *(status.value for status in ABROAD)])
        full = people[displaced].sum(axis=0) >= world.limit
        for nation in self.s.nationalities:
            own = self.is_abroad & (self.nation_of == nation)
            compatriots = people[own].sum(axis=0) / self.s.scale
            mass = world.attractiveness ** (1.0 - m) * (1.0 + compatriots) ** m
            self.mass[nation] = np.where(full, 0.0, mass)
        calm = 1.0 / (1.0 + self.deaths(day) * self.s.per_100k)
        self.haven = np.where(full, 0.0, world.attractiveness * calm)

    def hazards(self, people: np.ndarray, day: int) -> np.ndarray:
        """Hazards of the day by reason, row and place, from what each population intends."""
        s, cast = self.s, self.s.cast
        violence = self.deaths(day) * s.per_100k
        result = np.zeros((len(REASONS), *people.shape))
        for block in s.populations.blocks:
            if not people[block.rows].any():
                continue
            own = block.nationality
            by_home = block.status in (Status.IDP, *ABROAD)
            foreign = [i for i, c in enumerate(cast.country) if c != own and block.status in ABROAD]
            hosts = tuple(self.host(i, block.status) for i in foreign)
            government = cast.of_country[own]
            returnees = people[self.first_row(own, Status.RETURNEE)].sum() / s.residents_of[own]
            situation = PopulationSituation(
                name=block.name, status=block.status.value, day=day, day_of_year=s.date(day).timetuple().tm_yday,
                counts=people[block.rows], country=s.world.country, own_country=own, violence=violence,
                safety=cast.settings[government].safety if government >= 0 else 0.6,
                home_violence=s.gates.region_share[own] @ violence if by_home else np.zeros(1),
                livelihood=1.0 - s.parameters.returns.returnee_load * float(returnees), hosts=hosts, exodus=np.zeros(len(s.world.countries)),
                emigration=cast.settings[government].emigration if government >= 0 else 0.0,
            )  # fmt: skip
            rules = Rules(s.parameters.flight, s.parameters.returns)
            for reason, hazard in intentions(situation, rules).hazards.items():
                result[REASONS.index(reason), block.rows] = hazard * self.w.factor(reason.value)
        return result

    def host(self, government: int, status: Status) -> HostView:
        """What people of a status know of a host: their own lot, and that of the undocumented around them."""
        kind = ABROAD.index(status)
        return HostView(
            self.s.cast.country[government], float(self.w.fear[government, kind]), float(self.w.removals[government, kind]),
            bool(self.w.campaign[government, kind]),
            climate=None if status is Status.UNDOCUMENTED else self.host(government, Status.UNDOCUMENTED),
        )  # fmt: skip

    def deadlines(self, day: int) -> None:
        """Fear rises towards an announced deadline and fades after it."""
        p = self.s.parameters.deadlines
        self.w.fear *= np.exp(-1.0 / p.decay)
        for government, note in self.w.notes:
            if not note.day <= day <= note.deadline:
                continue
            near = note.salience * self.w.credibility[government] * np.exp(-(note.deadline - day) / p.rise)
            for status in note.statuses:
                kind = [s.value for s in ABROAD].index(status)
                self.w.fear[government, kind] = max(self.w.fear[government, kind], near)
                self.w.campaign[government, kind] |= note.implemented and day == note.deadline
            if day == note.deadline:
                trust = self.w.credibility[government]
                gained = trust + p.credibility_gain * (1.0 - trust)
                self.w.credibility[government] = gained if note.implemented else trust * p.credibility_kept

    def arrivals(self, day: int) -> None:
        """Those whose day of arrival has come are at their place or at their gate."""
        inland = np.flatnonzero((self.mode == INLAND) & (self.due == day))
        self.mode[inland], self.place[inland] = PLACE, self.target[inland]
        at_gate = np.flatnonzero((self.mode == TOWARD) & (self.due == day))
        self.mode[at_gate] = QUEUED

    # -- borders -------------------------------------------------------------------------------------

    def closed(self) -> np.ndarray:
        """How far every crossing is closed to people."""
        world = self.s.world
        is_open = np.ones(world.n_crossings)
        for i in range(len(self.s.cast.governments)):
            is_open *= [1.0 - self.w.level(i, "close_people", crossing) for crossing in world.crossings]
        return 1.0 - is_open

    def openness(self) -> np.ndarray:
        """Weight of every gate when a way is chosen."""
        shut = self.closed()
        lure = self.s.parameters.borders.lure * self.s.world.permeability
        return (1.0 - shut + shut * lure)[self.s.gates.crossing]

    def borders(self, day: int) -> None:
        gates, p, shut = self.s.gates, self.s.parameters.borders, self.closed()
        through: list[np.ndarray] = []
        for gate in range(gates.n_gates):
            waiting = np.flatnonzero((self.mode == QUEUED) & (self.gate == gate))
            crossing = int(gates.crossing[gate])
            room = self.s.world.crossing_capacity[crossing]
            if not math.isinf(room):
                room *= 1.0 - shut[crossing]
            elif shut[crossing] > 0.0:  # no limit, closed in part: that part of those who wait
                room = len(waiting) * (1.0 - shut[crossing])
            if len(waiting) <= room:
                through.append(waiting)
                continue
            lucky = self.rng.choice(waiting, size=math.ceil(room), replace=False)  # a part of a place counts as one
            through.append(lucky)
            if shut[crossing] <= 0.0:
                continue
            stuck = np.setdiff1d(waiting, lucky)
            others = np.flatnonzero(gates.sideways[gate])
            appeal = self.openness()[others] * np.minimum(self.s.world.crossing_capacity[gates.crossing[others]], 1e6)
            rates = shut[crossing] * np.array([
                p.irregular * self.s.world.permeability[crossing] * self.w.factor("irregular"),
                p.divert * float(appeal.sum() > 0.0) * self.w.factor("divert"),
                p.give_up * self.w.factor("give_up"),
            ])
            what = self.compete(np.tile(rates, (len(stuck), 1)))
            through.append(stuck[what == 0])
            self.flows["irregular"] += int((what == 0).sum())
            diverted = stuck[what == 1]
            other = others[choose(self.rng, np.tile(appeal, (len(diverted), 1)))] if len(diverted) else diverted
            self.mode[diverted], self.gate[diverted] = TOWARD, other
            self.due[diverted] = day + gates.sideways[gate, other]
            back = stuck[what == 2]
            self.mode[back], self.place[back] = PLACE, gates.nearest[gate]
            at_home = back[self.nation_of[self.row[back]] == gates.origin[gate]]
            self.row[at_home] = self.same_home(self.row[at_home], Status.IDP)
        self.beyond(np.concatenate(through), day)

    def beyond(self, who: np.ndarray, day: int) -> None:
        """Everybody who passes chooses a destination: home, or by mass and distance."""
        gates = self.s.gates
        gate, row = self.gate[who], self.row[who]
        np.add.at(self.passed, gates.crossing[gate], 1)
        self.flows.update(REASONS[k].value for k in self.reason[who].tolist())
        nation = self.nation_of[row]
        homeward = gates.destination[gate] == nation
        weights = self.s.gates.home_share[row].copy()
        for person in np.flatnonzero(~homeward):
            weights[person] = gates.beyond[gate[person]] * self.mass[int(nation[person])]
        full = weights.sum(axis=1) <= 0.0
        weights[full] = gates.beyond[gate[full]] * self.s.world.attractiveness
        target = choose(self.rng, weights) if len(who) else gate
        self.mode[who], self.target[who] = INLAND, target
        self.due[who] = day + gates.days_beyond[gate, target]
        home = who[homeward]
        self.row[home] = [self.first_row(n, Status.RETURNEE) for n in self.nation_of[self.row[home]]]

    # -- setting out ---------------------------------------------------------------------------------

    def compete(self, hazards: np.ndarray) -> np.ndarray:
        """Competing risks: the first of exponential clocks within the day, -1 when none rings."""
        with np.errstate(divide="ignore"):
            times = np.where(hazards > 0.0, self.rng.standard_exponential(hazards.shape) / hazards, np.inf)
        first = times.argmin(axis=1)
        return np.where(times[np.arange(len(times)), first] < 1.0, first, -1)

    def departures(self, hazards: np.ndarray, people: np.ndarray, day: int) -> np.ndarray:
        """Everybody at a place draws alone; returns the row and country of those whose deportation begins."""
        s, cast = self.s, self.s.cast
        for i, country in enumerate(cast.country):
            levels = np.array([self.w.level(i, "deportation", status.value) for status in ABROAD])
            levels = levels / max(1.0, levels.sum())
            there = s.world.country == country
            for level, status in zip(levels, ABROAD, strict=True):
                rows = (self.status_of == status.value) & (self.nation_of != country)
                stock = people[np.ix_(rows, there)].sum()
                wanted = level * cast.settings[i].deportation_capacity * s.scale
                hazards[REASONS.index(Reason.DEPORTATION)][np.ix_(rows, there)] = min(
                    wanted / max(stock, 1), s.parameters.movement.most_deported
                )
        who = self.here()
        reason = self.compete(hazards[:, self.row[who], self.place[who]].T)
        who, reason = who[reason >= 0], reason[reason >= 0]
        keep = np.ones(len(who), dtype=bool)
        for i, country in enumerate(cast.country):
            room = math.ceil(cast.settings[i].deportation_capacity * s.scale)
            seized = np.flatnonzero((reason == REASONS.index(Reason.DEPORTATION)) & (s.world.country[self.place[who]] == country))
            if len(seized) > room:
                keep[self.rng.choice(seized, size=len(seized) - room, replace=False)] = False
        who, reason = who[keep], reason[keep]
        deported = who[reason == REASONS.index(Reason.DEPORTATION)]
        origin = np.stack([self.row[deported], self.s.world.country[self.place[deported]]])
        self.send(who, reason, day)
        return origin[:, self.mode[deported] == TOWARD]  # who found no way out is not deported

    def outward(self, who: np.ndarray, appeal: bool = False) -> np.ndarray:
        """Weights of gates for people who go abroad (persons, gates)."""
        gates, opened = self.s.gates, self.openness()
        nation = self.nation_of[self.row[who]]
        weights = np.zeros((len(who), gates.n_gates))
        for n in np.unique(nation).tolist():
            reach = (gates.beyond * self.mass[n]).sum(axis=1) * opened
            if appeal:
                own, behind = self.safety(n), np.array([self.safety(int(c)) for c in gates.destination])
                reach = reach * np.minimum(1.0, behind / own) ** self.s.parameters.movement.safety_power
            weights[nation == n] = gates.pull[self.place[who[nation == n]]] * reach
        return weights

    def safety(self, country: int) -> float:
        government = self.s.cast.of_country[country]
        return self.s.cast.settings[government].safety if government >= 0 else 0.6

    def send(self, who: np.ndarray, reason: np.ndarray, day: int) -> None:
        """Everybody who sets out finds a way, or stays when there is none."""
        row, abroad = self.row[who], self.is_abroad[self.row[who]]
        name = np.array([r.value for r in REASONS])[reason]
        fleeing = name == "flight"
        self.flows["flights"] += int(fleeing.sum())
        abroad_share = self.s.parameters.flight.abroad_share
        flees_out = np.zeros(len(who), dtype=bool)
        at_home = np.flatnonzero(fleeing & ~abroad)
        if len(at_home):
            plain = self.outward(who[at_home]).sum(axis=1)
            safe = self.outward(who[at_home], appeal=True).sum(axis=1)
            chance = np.where(plain > 0.0, abroad_share * safe / np.where(plain > 0.0, plain, 1.0), 0.0)
            flees_out[at_home] = self.rng.random(len(at_home)) < chance
        inland = (fleeing & ~flees_out) | ((name == "voluntary") & ~abroad)
        self.inland(who[inland], name[inland], day)
        go, why = who[~inland], reason[~inland]
        homeward = np.isin(name[~inland], [r.value for r in HOMEWARD])
        weights = self.s.gates.home_route[self.row[go], self.place[go]] * self.openness()
        weights[~homeward] = self.outward(go[~homeward])
        flight = name[~inland] == "flight"
        if flight.any():
            weights[flight] = self.outward(go[flight], appeal=True)
        third = name[~inland] == "onward"
        weights[third] *= self.s.gates.destination[None, :] != self.nation_of[row[~inland]][third][:, None]
        gate = choose(self.rng, weights) if len(go) else go
        found = gate >= 0
        self.flows["flights"] -= int((flight & ~found).sum())
        go, gate, why = go[found], gate[found], why[found]
        self.mode[go], self.gate[go], self.reason[go] = TOWARD, gate, why
        self.due[go] = day + self.s.gates.days_to_gate[self.place[go], gate]
        self.row[go] = [self.row_away(int(r), int(p)) for r, p in zip(self.row[go], self.place[go], strict=True)]
        on = go[why == REASONS.index(Reason.ONWARD)]  # the papers of one host are worth nothing in the next
        self.row[on] = self.same_home(self.row[on], Status.UNDOCUMENTED)

    def inland(self, who: np.ndarray, name: np.ndarray, day: int) -> None:
        weights = self.s.gates.inland[self.place[who]] * self.haven
        back = name == "voluntary"
        weights[back] = self.s.gates.home_share[self.row[who[back]]]
        target = choose(self.rng, weights) if len(who) else who
        found = target >= 0
        self.flows["flights"] -= int((~found & ~back).sum())
        who, target, back = who[found], target[found], back[found]
        self.mode[who], self.target[who] = INLAND, target
        self.due[who] = day + self.s.gates.days_inland[self.place[who], target]
        for person, home in zip(who.tolist(), back.tolist(), strict=True):
            nation, row = int(self.nation_of[self.row[person]]), int(self.row[person])
            if home:
                self.row[person] = self.first_row(nation, Status.CITIZEN)
            elif not self.is_abroad[row]:
                self.row[person] = self.first_row(nation, Status.IDP) + self.home_region(row, int(self.place[person]))

    def home_region(self, row: int, place: int) -> int:
        """Home region of somebody in the own country: kept by the displaced, else where one lives."""
        home = int(self.s.populations.home[row])
        return home if home >= 0 else int(self.s.world.home[place])

    def row_away(self, row: int, place: int) -> int:
        """Who leaves the own country is abroad without papers; who is abroad stays what he is."""
        if self.is_abroad[row]:
            return row
        return self.first_row(int(self.nation_of[row]), Status.UNDOCUMENTED) + self.home_region(row, place)

    # -- memories and statuses -----------------------------------------------------------------------

    def remember(self, deported: np.ndarray) -> None:
        people = self.table()
        for i, country in enumerate(self.s.cast.country):
            for k, status in enumerate(ABROAD):
                rows = (self.status_of == status.value) & (self.nation_of != country)
                stock = people[np.ix_(rows, self.s.world.country == country)].sum()
                number = (rows[deported[0]] & (deported[1] == country)).sum()
                rate = 30_000.0 * number / stock if stock else 0.0
                self.w.removals[i, k] += (rate - self.w.removals[i, k]) / self.s.parameters.deadlines.removal_memory
                if self.w.level(i, "deportation", status.value) <= 0.0:
                    self.w.campaign[i, k] = False

    def statuses(self) -> None:
        """Changes of legal status, one kind after the other; rates are per year, drawn for a week."""
        p = self.s.parameters.status
        undocumented, documented, registered = Status.UNDOCUMENTED, Status.DOCUMENTED, Status.REGISTERED
        register, regular, integrate = (self.by_country(name) for name in ("registration", "regularisation", "integration"))
        expel = {status: self.by_country("deportation", status.value) for status in ABROAD}
        faster = 1.0 + p.integration * integrate
        for nation in self.s.nationalities:
            self.switch(nation, undocumented, documented, p.registration * register)
            self.switch(nation, documented, registered, p.regularisation * regular)
            self.switch(nation, registered, undocumented, p.expiry * (1.0 - register) + p.revocation * expel[registered])
            self.switch(nation, documented, undocumented, p.revocation * expel[documented])
            self.switch(nation, registered, None, p.naturalisation * regular)
            self.switch(nation, Status.RETURNEE, Status.CITIZEN, p.settling * faster)
            self.switch(nation, Status.IDP, Status.CITIZEN, p.idp_settling * faster)

    def by_country(self, lever: str, target: str = "") -> np.ndarray:
        """Level of a lever of the government of each country, 0 where there is none."""
        levels = np.zeros(len(self.s.world.countries))
        for i, country in enumerate(self.s.cast.country):
            levels[country] = self.w.level(i, lever, target)
        return levels

    def switch(self, nation: int, old: Status, new: Status | None, yearly: np.ndarray) -> None:
        """Everybody of a nationality and status draws whether the status changes this week."""
        if not yearly.any():
            return
        rows = (self.nation_of == nation) & (self.status_of == old.value)
        who = self.here()
        who = who[rows[self.row[who]]]
        in_own_country = self.s.world.country[self.place[who]] == nation
        who = who[in_own_country != (old in ABROAD)]
        hazard = yearly[self.s.world.country[self.place[who]]] * 7.0 / 365.25 * self.w.factor(old.value)
        changed = who[self.rng.random(len(who)) < -np.expm1(-hazard)]
        if new is None:
            self.mode[changed] = GONE
            return
        home = np.maximum(self.s.populations.home[self.row[changed]], 0)
        self.row[changed] = self.first_row(nation, new) + (0 if new is Status.CITIZEN else home)
