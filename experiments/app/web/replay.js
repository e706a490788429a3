// The exported replay: unpacks the evenings and lets the reader go through them. Needs map.js, and charts.js with ECharts for charts.
var MarchlandReplay = (() => {
  "use strict";

  const MOST_EVENTS = 80;
  const at = id => document.getElementById(id);
  const full = n => Math.round(n).toLocaleString("en-US");

  function make(tag, parent, text, className) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    if (parent) parent.appendChild(made);
    return made;
  }

  // A packed series: a number that never changes, or the first value and differences.
  function unpack(packed, length, steps) {
    if (typeof packed === "number") return new Array(length).fill(packed / steps);
    let sum = 0;
    return packed.map(change => (sum += change) / steps);
  }

  class MarchlandReplay {
    constructor(data) {
      this.data = data;
      this.day = -1;
      this.selected = null;
      this.timer = 0;
      const length = data.days + 1, columns = data.columns;
      this.series = {};
      for (const key in columns) this.series[key] = columns[key].map(packed => unpack(packed, length, data.steps[key]));
      this.fighters = data.fighters.map(group => group.map(packed => unpack(packed, length, 1)));
      this.start = Date.parse(data.world.start + "T00:00:00Z");
      this.drawHead();
      this.map = new MarchlandMap(at("map"), data.world, {onPick: (kind, name) => this.pick(kind, name), top: this.tops()});
      this.makeCharts();
      this.listen();
      const asked = /day=(\d+)/.exec(location.hash);
      this.show(asked ? Math.min(Number(asked[1]), data.days) : 0);
    }

    // The largest numbers to come, so that scales stay the same all along.
    tops() {
      const peak = list => list.reduce((a, b) => b.reduce((c, d) => Math.max(c, d), a), 0), {places} = this.data.world;
      return {
        people: peak(this.series.displaced.filter((_, i) => places[i].crossing < 0)), killed: peak(this.series.killed),
        trip: this.data.trips.reduce((a, row) => Math.max(a, row[2] || 0), 0), fighters: this.fighters.reduce((a, group) => Math.max(a, peak(group)), 0),
      };
    }

    date(day) { return new Date(this.start + (day - 1) * 86400000).toISOString().slice(0, 10); }

    frame(day) {
      const now = key => this.series[key].map(values => values[day]), row = this.data.trips[day], trips = [];
      for (let i = 0; i < row.length; i += 4) trips.push([row[i], row[i + 1], row[i + 2], this.data.reasons[row[i + 3]]]);
      return {
        day, date: this.date(day), displaced: now("displaced"), killed: now("killed"), attacks: now("attacks"), open: now("open"), queue: now("queue"),
        tolerance: now("tolerance"), fighters: this.fighters.map(group => group.map(values => values[day])), trips,
      };
    }

    // -- head and foot ----------------------------------------------------------------------------

    drawHead() {
      const {stamp, days, world} = this.data, facts = at("facts");
      at("title").textContent = stamp.title;
      const say = (name, text) => { if (facts.childNodes.length) facts.append(" \u00b7 "); facts.append(name + " "); make("b", facts, text); };
      say("Days", `${world.start} to ${this.date(days)} (${full(days)} of ${full(world.days)})`);
      say("seed", `${stamp.seed}` + (stamp.replicate ? `, replicate ${stamp.replicate}` : ""));
      say("policies", Object.entries(stamp.policies).map(([actor, policy]) => `${actor} ${policy}`).join(", "));
      say("changes of who decides", stamp.interventions.length ? stamp.interventions.join("; ") : "none");
      at("foot").textContent = `Marchland ${stamp.version}, scenario ${stamp.scenario}, config ${stamp.hash}, made on ${stamp.made}. `
        + "A simulation, not a forecast. Numbers at the slider's day are those of its evening; killed: an exponential memory of 30 days.";
      at("slider").max = days;
      const kinds = [...new Set(this.data.events.map(event => event[1]))].sort(), choice = at("kinds");
      for (const kind of ["all kinds", ...kinds]) make("option", choice, kind.replace(/_/g, " ")).value = kind === "all kinds" ? "" : kind;
    }

    makeCharts() {
      this.charts = null;
      if (typeof MarchlandCharts === "undefined" || typeof echarts === "undefined") return;
      this.charts = new MarchlandCharts(at("charts"), this.data.charts.spec, echarts, {span: "whole"});
      this.charted = 0;
    }

    // -- time -------------------------------------------------------------------------------------

    listen() {
      at("first").addEventListener("click", () => { this.pause(); this.show(0); });
      at("back").addEventListener("click", () => { this.pause(); this.show(this.day - 1); });
      at("step").addEventListener("click", () => { this.pause(); this.show(this.day + 1); });
      at("play").addEventListener("click", () => this.timer ? this.pause() : this.play());
      at("slider").addEventListener("input", event => { this.pause(); this.show(Number(event.target.value)); });
      at("speed").addEventListener("change", () => { if (this.timer) { this.pause(); this.play(); } });
      at("kinds").addEventListener("change", () => this.drawEvents());
      document.addEventListener("keydown", event => {
        if (event.target.closest("input, select, button, .mm-svg, #events")) return;
        if (event.key === " ") { event.preventDefault(); if (this.timer) this.pause(); else this.play(); }
        if (event.key === "ArrowRight") this.show(this.day + 1);
        if (event.key === "ArrowLeft") this.show(this.day - 1);
      });
    }

    play() {
      if (this.day >= this.data.days) this.show(0);
      this.timer = setInterval(() => { if (this.day >= this.data.days) this.pause(); else this.show(this.day + 1); }, 1000 / Number(at("speed").value));
      this.drawPlay();
    }

    pause() {
      clearInterval(this.timer);
      this.timer = 0;
      this.drawPlay();
    }

    drawPlay() {
      at("play").textContent = this.timer ? "Pause" : "Play";
      at("play").setAttribute("aria-pressed", String(Boolean(this.timer)));
    }

    show(day) {
      day = Math.max(0, Math.min(day, this.data.days));
      if (day === this.day) return;
      this.day = day;
      this.evening = this.frame(day);
      at("slider").value = day;
      at("slider").setAttribute("aria-valuetext", this.evening.date);
      at("now").textContent = day ? `${this.evening.date} \u00b7 day ${full(day)} of ${full(this.data.days)}` : `before the first day, ${this.data.world.start}`;
      at("first").disabled = at("back").disabled = day === 0;
      at("step").disabled = day === this.data.days;
      document.body.dataset.day = day;
      this.drawMap();
      this.drawCard();
      this.drawEvents();
      this.drawCharts();
    }

    drawMap() { this.map.draw(this.evening, {selected: this.selected, family: null, arrows: true}); }

    drawCharts() {
      if (!this.charts) return;
      const {rows, marks} = this.data.charts, from = Math.min(this.charted, this.day);
      this.charts.set(from, rows.slice(from, this.day), marks.filter(mark => mark.day < this.day));
      this.charted = this.day;
    }

    // -- what was picked --------------------------------------------------------------------------

    pick(kind, name) {
      this.selected = kind === "none" ? null : {kind, name};
      this.drawMap();
      this.drawCard();
    }

    drawCard() {
      const card = at("card"), {kind, name} = this.selected || {}, {world, stamp} = this.data, f = this.evening;
      card.textContent = "";
      const place = world.places.findIndex(item => item.name === name), group = world.groups.findIndex(item => item.name === name);
      if (kind === "place") {
        this.facts(card, name, [["Displaced or foreign people", full(f.displaced[place])], ["Killed in the last 30 days", f.killed[place].toFixed(1)],
          ["Attacks today", full(f.attacks[place])]]);
        this.spark(card, "Displaced or foreign people", this.series.displaced[place], "var(--mm-blue)");
        this.spark(card, "Killed in the last 30 days", this.series.killed[place], "var(--mm-vermillion)");
      } else if (kind === "crossing") {
        const c = world.places[place].crossing;
        this.facts(card, name, [["Open to people", `${Math.round(100 * f.open[c])}%`], ["People who wait", full(f.queue[c])]]);
        this.spark(card, "People who wait", this.series.queue[c], "var(--mm-blue)");
        this.spark(card, "Open to people", this.series.open[c], "var(--mm-shut)");
      } else if (kind === "group") {
        const total = this.fighters[group][0].map((_, day) => this.fighters[group].reduce((sum, values) => sum + values[day], 0)), own = world.groups[group];
        this.facts(card, name, [["Fighters", full(total[this.day])], ["Fights", own.target], ["Shelters in", own.sanctuary || "nowhere"],
          ["Sanctuary left alone", own.sanctuary ? `${Math.round(100 * f.tolerance[group])}%` : "\u2013"], ["Policy", stamp.policies[name] || ""]]);
        this.spark(card, "Fighters", total, "var(--mm-ink)");
      } else if (kind === "government") {
        const changes = stamp.interventions.filter(text => text.split(" ")[1] === `${name}:`);
        this.facts(card, `Government: ${name}`, [["Policy at the start", stamp.policies[name] || ""], ["Changes of who decides", changes.join("; ") || "none"]]);
      } else {
        make("h2", card, "Click a place, a crossing or a group");
        const sum = list => list.reduce((a, b) => a + b, 0);
        this.facts(card, "", [["Displaced or foreign people", full(sum(f.displaced))], ["Killed in the last 30 days", full(sum(f.killed))], ["Attacks today", full(sum(f.attacks))],
          ["Crossings fully open", `${f.open.filter(open => open >= 0.995).length} of ${f.open.length}`], ["People who wait at crossings", full(sum(f.queue))]]);
      }
    }

    facts(card, title, rows) {
      if (title) make("h2", card, title);
      const list = make("dl", card);
      for (const [name, value] of rows) { make("dt", list, name); make("dd", list, value).dataset.fact = name; }
    }

    spark(card, title, values, colour) {
      const ns = "http://www.w3.org/2000/svg", top = values.reduce((a, b) => Math.max(a, b), 0) || 1, wide = Math.max(values.length - 1, 1);
      const svg = document.createElementNS(ns, "svg"), line = document.createElementNS(ns, "path"), now = document.createElementNS(ns, "line");
      const points = values.map((value, day) => `${(100 * day / wide).toFixed(2)} ${(41 - 38 * value / top).toFixed(2)}`);
      make("p", card, `${title}, whole run (highest: ${top < 10 ? +top.toFixed(1) : full(top)})`);
      svg.setAttribute("class", "spark");
      svg.setAttribute("viewBox", "0 0 100 44");
      svg.setAttribute("preserveAspectRatio", "none");
      svg.setAttribute("role", "img");
      svg.setAttribute("aria-label", `${title} over the run`);
      line.setAttribute("d", "M" + points.join("L"));
      line.style.stroke = colour;
      for (const [key, value] of [["x1", 100 * this.day / wide], ["x2", 100 * this.day / wide], ["y1", 0], ["y2", 44]]) now.setAttribute(key, value);
      svg.append(line, now);
      card.appendChild(svg);
    }

    drawEvents() {
      const list = at("events"), wanted = at("kinds").value, {events} = this.data;
      list.textContent = "";
      let shown = 0, low = 0, high = events.length;
      while (low < high) { const mid = (low + high) >> 1; if (events[mid][0] < this.day) low = mid + 1; else high = mid; }
      for (let i = low - 1; i >= 0 && shown < MOST_EVENTS; i--) {
        const [day, kind, , , , text] = events[i];
        if (wanted && kind !== wanted) continue;
        const item = make("li", list);
        make("time", item, this.date(day + 1));
        item.append(text);
        item.dataset.kind = kind;
        if (day === this.day - 1) item.className = "is-today";
        shown++;
      }
      if (!shown) make("li", list, "Nothing so far.");
      list.scrollTop = 0;
    }
  }

  return MarchlandReplay;
})();

window.replay = new MarchlandReplay(JSON.parse(document.getElementById("data").textContent));
