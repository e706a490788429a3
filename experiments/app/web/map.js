// The map of the page and of the exported replay: SVG without any library.
//
//   const map = new MarchlandMap(root, world, {onPick: (kind, name) => ..., legend: true, top: {...}});
//   map.draw(frame, {selected: {kind, name}, family: {path: [{day, place}]}, arrows: true});
//   map.destroy();
//
// `world` and `frame` are what experiments/app/frame.py makes. Marks are made once; draw() only changes attributes
// that differ from the evening before. Sizes and colours keep their scale while a run goes on: a scale grows in steps of
// 1-2-5 when a number outgrows it, so that circles never jump otherwise. `options.top` fixes scales from the start
// ({people, killed, trip, fighters}: the largest numbers to come), as a replay knows them; `view.top` sets them for an evening,
// so that two maps side by side have one scale. On large screens everything is drawn larger (`scale`): sizes are in units of the view box.
var MarchlandMap = (() => {
  "use strict";

  const NS = "http://www.w3.org/2000/svg";
  const HEAT = [[255, 247, 214], [249, 199, 79], [232, 89, 12], [122, 23, 18]];
  const KINDS = {flight: "flight", voluntary: "voluntary return", fear: "return in fear", deportation: "deportation", other: "other"};
  const DASHES = {flight: null, voluntary: [5, 2], fear: [1.6, 1], deportation: [4.5, 1.2, 0.8, 1.2], other: [0.7, 2.6]}; // in widths of the line
  const SHAPES = ["M0-6.2L6 5.2H-6Z", "M-5-5H5V5H-5Z", "M0-6L5.7-1.9 3.5 4.9H-3.5L-5.7-1.9Z", "M-3-5.5H3L6 0 3 5.5H-3L-6 0Z", "M-2-6H2V-2H6V2H2V6H-2V2H-6V-2H-2Z"];
  const SIDES = [[-0.8, -0.75], [0.8, -0.75], [-0.8, 0.75], [0.8, 0.75], [0, -1]];
  const HATCHES = [45, -45, 0, 90, 20];
  const MOST_TRIPS = 15, MOST_GLYPHS = 7, MOST_RINGS = 9;
  const MOST_KILLED = 50; // the darkest colour: one terrible month must not make all others look pale
  const CLOSE_UP_FROM = 25; // places from which on a close-up of the densest part is drawn
  const BURST = burst(9);
  let made = 0;

  // -- small helpers --------------------------------------------------------------------------------

  function burst(spikes) {
    const points = [];
    for (let i = 0; i < 2 * spikes; i++) {
      const a = Math.PI * i / spikes, r = i % 2 ? 0.72 : 1;
      points.push(`${(r * Math.sin(a)).toFixed(3)} ${(-r * Math.cos(a)).toFixed(3)}`);
    }
    return `M${points.join("L")}Z`;
  }

  function node(name, attributes, parent) {
    const made = document.createElementNS(NS, name);
    for (const key in attributes || {}) made.setAttribute(key, attributes[key]);
    if (parent) parent.appendChild(made);
    return made;
  }

  function html(name, className, parent, text) {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    if (parent) parent.appendChild(made);
    return made;
  }

  // Change an attribute or a text only when it differs: most numbers of most places stay the same for a day.
  function set(at, name, value) {
    const known = at.known || (at.known = {});
    if (known[name] === value) return;
    known[name] = value;
    if (value === null) at.removeAttribute(name); else at.setAttribute(name, value);
  }
  function say(at, text) {
    if (at.said === text) return;
    at.said = text;
    at.textContent = text;
  }
  function show(at, visible) { set(at, "display", visible ? null : "none"); }

  const full = n => Math.round(n).toLocaleString("en-US");
  function short(n) {
    for (const [unit, letter] of [[1e12, "tn"], [1e9, "bn"], [1e6, "M"], [1e3, "k"]]) {
      if (n >= unit) return String(+(n / unit).toPrecision(n / unit < 10 ? 2 : 3)) + letter;
    }
    return String(Math.round(n));
  }
  const total = n => n < 1e7 ? full(n) : short(n);
  const killed = n => n >= 9.95 ? full(n) : String(+n.toFixed(1));
  const round = n => Math.round(n * 10) / 10;

  // The smallest of 1, 2, 5, 10, 20 ... that is not below a number.
  function step(n, least) {
    let top = least;
    for (let i = 0; top < n && i < 60; i++) top *= [2, 2.5, 2][(Math.round(Math.log10(top) * 3) % 3 + 3) % 3];
    return top;
  }

  function heat(share) {
    const at = Math.min(Math.max(share, 0), 1) * (HEAT.length - 1), i = Math.min(Math.floor(at), HEAT.length - 2), f = at - i;
    return `rgb(${HEAT[i].map((c, k) => Math.round(c + f * (HEAT[i + 1][k] - c))).join(",")})`;
  }

  const dashes = (kind, thick) => DASHES[kind] && DASHES[kind].map(part => round(part * Math.max(thick, 2.2))).join(" ");
  const kindOf = reason => reason in KINDS ? reason : "other";

  function inRings(rings, x, y) {
    let inside = false;
    for (const ring of rings) {
      for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
        const [xi, yi] = ring[i], [xj, yj] = ring[j];
        if ((yi > y) !== (yj > y) && x < (xj - xi) * (y - yi) / (yj - yi) + xi) inside = !inside;
      }
    }
    return inside;
  }

  function hull(points) {
    const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    const turn = (o, a, b) => (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);
    const half = list => {
      const kept = [];
      for (const p of list) {
        while (kept.length > 1 && turn(kept[kept.length - 2], kept[kept.length - 1], p) <= 0) kept.pop();
        kept.push(p);
      }
      return kept.slice(0, -1);
    };
    return sorted.length < 3 ? sorted : [...half(sorted), ...half([...sorted].reverse())];
  }

  const overlap = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
  const path = rings => rings.map(ring => "M" + ring.map(p => p.join(" ")).join("L") + "Z").join("");

  let ruler = null;
  function width(text, font) {
    ruler = ruler || document.createElement("canvas").getContext("2d");
    ruler.font = font;
    return ruler.measureText(text).width;
  }

  // A curved arrow from one point to another that keeps off both marks: the line and its head.
  function arrow(x1, y1, r1, x2, y2, r2, thick, bend) {
    const dx = x2 - x1, dy = y2 - y1, length = Math.hypot(dx, dy) || 1;
    const cx = (x1 + x2) / 2 + dy * bend, cy = (y1 + y2) / 2 - dx * bend; // bent to one side: there and back lie apart
    const room = Math.min(1, 0.62 * length / (r1 + r2 + 1));
    const head = Math.min(5 + 1.5 * thick, 0.45 * length);
    const a = Math.hypot(cx - x1, cy - y1) || 1, b = Math.hypot(x2 - cx, y2 - cy) || 1;
    const ux = (x2 - cx) / b, uy = (y2 - cy) / b, off = (r2 + 2) * room;
    const sx = x1 + (cx - x1) / a * r1 * room, sy = y1 + (cy - y1) / a * r1 * room;
    const ex = x2 - ux * off, ey = y2 - uy * off, bx = ex - ux * head, by = ey - uy * head, wide = 0.5 * head + 0.3 * thick;
    return {
      line: `M${round(sx)} ${round(sy)}Q${round(cx)} ${round(cy)} ${round(bx)} ${round(by)}`,
      head: `M${round(ex)} ${round(ey)}L${round(bx - uy * wide)} ${round(by + ux * wide)}L${round(bx + uy * wide)} ${round(by - ux * wide)}Z`,
    };
  }

  // -- one view of the world: the map itself, or the close-up in its corner -------------------------

  class Pane {
    constructor(map, inset) {
      this.map = map;
      this.inset = inset;
      this.rect = {x: 0, y: 0, w: 0, h: 0};
      this.view = {lon: 0, lat: 0, k: 1};
      this.visible = false;
      const clip = `${map.id}-${inset ? "inset" : "main"}`;
      this.root = node("g", inset ? {"aria-hidden": "true", "data-close-up": "true"} : {}, map.svg);
      this.clip = node("rect", {}, node("clipPath", {id: clip}, this.root));
      this.inner = node("g", {"clip-path": `url(#${clip})`}, this.root);
      this.sea = node("rect", {class: "mm-beyond" + (map.world.land.length ? "" : " is-plain")}, this.inner);
      this.geo = node("g", {}, this.inner);
      this.drawLand();
      const layer = name => node("g", {class: `mm-${name}`}, this.inner);
      [this.countryLayer, this.sanctuaryLayer, this.tripLayer, this.groupLayer, this.familyLayer, this.markLayer, this.labelLayer, this.selLayer] =
        ["countries", "sanctuaries", "trips", "groups", "family", "marks", "labels", "selection"].map(layer);
      if (inset) this.outline = node("rect", {class: "mm-frame"}, this.root);
      this.makeMarks();
      this.makeRest();
    }

    // Land, lines and roads in degrees; one matrix brings them to the screen.
    drawLand() {
      const {world, areas} = this.map, still = {"vector-effect": "non-scaling-stroke"};
      if (world.land.length) { // the sea ends where the extract of the outlines ends: what lies beyond it is not known
        const [west, south, east, north] = [0, 1, 2, 3].map(n => Math[n < 2 ? "min" : "max"](...areas.map(area => area.bounds[n])));
        node("rect", {class: "mm-sea", x: west, y: south, width: east - west, height: north - south}, this.geo);
      }
      const land = node("g", {class: "mm-land"}, this.geo), lines = node("g", {class: "mm-lines"}, this.geo);
      this.areas = areas.map((area, i) => {
        const kind = `${area.own ? " is-own" : ""}${area.hull ? " is-hull" : ""}${i % 2 ? " is-odd" : ""}`;
        const made = node("path", {...still, d: path(area.rings), class: kind.trim()}, land);
        if (area.government) made.setAttribute("data-government", area.government);
        return made;
      });
      for (const item of world.lines) {
        const d = item.rings.map(ring => "M" + ring.map(p => p.join(" ")).join("L")).join("");
        node("path", {...still, d, class: `is-${item.name}`}, lines);
      }
      const at = i => `${world.places[i].lon} ${world.places[i].lat}`;
      node("path", {...still, class: "mm-roads", d: world.roads.map(([a, b]) => `M${at(a)}L${at(b)}`).join("")}, this.geo);
    }

    mark(kind, name, className) {
      const made = node("g", {class: `mm-mark ${className}`}, null);
      if (this.inset) made.setAttribute("data-copy", kind); else {
        made.setAttribute("data-kind", kind);
        made.setAttribute("role", "button");
        made.setAttribute("tabindex", "-1");
      }
      made.setAttribute("data-name", name);
      return made;
    }

    makeMarks() {
      this.marks = this.map.world.places.map((place, i) => {
        const gate = place.crossing >= 0, kind = gate ? "crossing" : "place";
        const g = this.mark(kind, place.name, `mm-${kind}`), mark = {i, kind, name: place.name, place, g, x: 0, y: 0, r: 3};
        mark.title = node("title", {}, g);
        mark.focus = node("circle", {class: "mm-focus", r: 10}, g);
        if (gate) {
          mark.gate = node("path", {class: "mm-gate"}, g);
          mark.half = node("path", {class: "mm-half"}, g);
          mark.cross = node("path", {class: "mm-cross"}, g);
          mark.queue = node("g", {class: "mm-queue"}, g);
          mark.pill = node("rect", {rx: 7, height: 15}, mark.queue);
          mark.waiting = node("text", {}, mark.queue);
        } else {
          mark.burst = node("path", {class: "mm-burst", d: BURST}, g);
          mark.dot = node("circle", {class: "mm-dot"}, g);
        }
        this.markLayer.appendChild(g);
        return mark;
      });
      this.places = this.marks.filter(mark => mark.kind === "place");
      this.crossings = this.marks.filter(mark => mark.kind === "crossing");
    }

    makeRest() {
      const {world} = this.map, times = (n, make) => Array.from({length: n}, (_, i) => make(i));
      this.trips = times(MOST_TRIPS, () => {
        const g = node("g", {class: "mm-trip"}, this.tripLayer);
        if (!this.inset) g.setAttribute("data-kind", "trip");
        return {g, title: node("title", {}, g), line: node("path", {class: "mm-line"}, g), head: node("path", {class: "mm-head"}, g)};
      });
      this.glyphs = world.groups.map((group, n) => times(MOST_GLYPHS, () => {
        const g = this.mark("group", group.name, "mm-group"), title = node("title", {}, g), focus = node("circle", {class: "mm-focus", r: 11}, g);
        const shape = node("path", {class: "mm-glyph", d: SHAPES[n % SHAPES.length]}, g), letter = node("text", {}, g);
        this.groupLayer.appendChild(g);
        return {kind: "group", name: group.name, g, title, shape, letter, focus, x: 0, y: 0, r: 7, at: -1};
      }));
      this.rings = world.groups.map((group, n) => group.sanctuary === null ? [] : times(MOST_RINGS, () => {
        const g = node("g", {class: "mm-sanctuary", "data-name": group.name}, this.sanctuaryLayer);
        if (!this.inset) g.setAttribute("data-kind", "sanctuary");
        return {g, title: node("title", {}, g), circle: node("circle", {fill: `url(#${this.map.id}-hatch${n})`}, g)};
      }));
      this.under = node("path", {class: "is-under"}, this.familyLayer);
      this.over = node("path", {class: "is-over"}, this.familyLayer);
      this.stops = node("path", {class: "is-stop"}, this.familyLayer);
      this.here = node("path", {class: "is-here", d: "M-7 6V-1L0-7.5 7-1V6Z"}, this.familyLayer);
      this.ringUnder = node("circle", {class: "mm-ring is-under"}, this.selLayer);
      this.ringOver = node("circle", {class: "mm-ring is-over"}, this.selLayer);
      this.chosen = node("text", {class: "mm-chosen"}, this.selLayer);
      if (!this.inset) this.familyLayer.setAttribute("data-kind", "family");
    }

    // -- where things are -------------------------------------------------------------------------

    at(lon, lat) {
      const {rect, view} = this;
      return [rect.x + rect.w / 2 + (lon - view.lon) * view.k * this.map.across, rect.y + rect.h / 2 - (lat - view.lat) * view.k];
    }
    back(x, y) {
      const {rect, view} = this;
      return [view.lon + (x - rect.x - rect.w / 2) / (view.k * this.map.across), view.lat - (y - rect.y - rect.h / 2) / view.k];
    }
    holds(x, y, pad = 0) {
      const {rect} = this;
      return x >= rect.x - pad && x <= rect.x + rect.w + pad && y >= rect.y - pad && y <= rect.y + rect.h + pad;
    }

    locate(rect, view) {
      this.rect = rect;
      this.view = view;
      for (const at of [this.clip, this.sea, this.outline]) {
        if (at) for (const [key, value] of [["x", rect.x], ["y", rect.y], ["width", rect.w], ["height", rect.h]]) set(at, key, round(value));
      }
      const [x, y] = this.at(0, 0), k = view.k;
      set(this.geo, "transform", `matrix(${k * this.map.across} 0 0 ${-k} ${x} ${y})`);
      for (const mark of this.marks) {
        [mark.x, mark.y] = this.at(mark.place.lon, mark.place.lat);
        set(mark.g, "transform", `translate(${round(mark.x)} ${round(mark.y)})`);
      }
      for (const label of this.labels || []) set(label.text, "transform", `translate(${round(label.mark.x)} ${round(label.mark.y)})`);
    }

    // How much larger marks are than on a map at its first zoom.
    get zoom() {
      return this.inset ? 1.25 : Math.min(2.2, Math.max(1, (this.view.k / this.map.home.k) ** 0.3));
    }
    radius(people) {
      return Math.max(this.map.largest * Math.sqrt(people / this.map.top.people), 2.6) * this.zoom;
    }

    // -- an evening -------------------------------------------------------------------------------

    draw(frame, view) {
      if (!this.visible) return;
      this.drawPlaces(frame);
      this.drawCrossings(frame);
      this.drawTrips(view.arrows === false ? [] : frame.trips);
      this.map.world.groups.forEach((group, g) => this.drawGroup(frame, group, g));
      this.drawFamily(frame, view.family);
      this.drawSelection(view.selected);
    }

    name(mark, words) {
      if (mark.words === words) return;
      mark.words = words;
      mark.title.textContent = words;
      if (!this.inset) mark.g.setAttribute("aria-label", words);
    }

    drawPlaces(frame) {
      const {top} = this.map;
      for (const mark of this.places) {
        const people = frame.displaced[mark.i], dead = frame.killed[mark.i], attacks = frame.attacks[mark.i];
        mark.r = this.radius(people);
        set(mark.dot, "r", mark.r.toFixed(2));
        set(mark.focus, "r", Math.round(mark.r + 5));
        set(mark.dot, "fill", heat(Math.sqrt(dead / top.killed)));
        show(mark.burst, attacks > 0);
        if (attacks > 0) set(mark.burst, "transform", `scale(${(mark.r * 1.12 + 6).toFixed(1)})`);
        if (mark.attacked !== attacks) mark.g.setAttribute("data-attacks", mark.attacked = attacks);
        const where = mark.place.country ? `, ${mark.place.country}` : "";
        this.name(mark, `${mark.name}${where}: ${full(people)} displaced or foreign people; ${killed(dead)} killed lately (30-day memory)`
          + (attacks ? `; ${attacks} ${attacks === 1 ? "attack" : "attacks"} today` : ""));
      }
    }

    drawCrossings(frame) {
      const size = this.map.gate * Math.min(this.zoom, 1.5), s = size.toFixed(1), c = (size * 0.36).toFixed(1);
      for (const mark of this.crossings) {
        const open = frame.open[mark.place.crossing], waiting = frame.queue[mark.place.crossing];
        const state = open >= 0.995 ? "open" : open <= 0.005 ? "closed" : "partly";
        mark.r = size;
        set(mark.gate, "d", `M0-${s}L${s} 0 0 ${s}-${s} 0Z`);
        set(mark.half, "d", `M-${s} 0H${s}L0 ${s}Z`);
        set(mark.cross, "d", `M-${c}-${c}L${c} ${c}M${c}-${c}L-${c} ${c}`);
        set(mark.g, "class", `mm-mark mm-crossing is-${state}`);
        set(mark.g, "data-open", String(open));
        set(mark.g, "data-state", state);
        show(mark.queue, waiting > 0);
        if (waiting > 0) {
          const text = short(waiting), w = 8 * text.length + 8;
          say(mark.waiting, text);
          set(mark.pill, "x", -w / 2);
          set(mark.pill, "width", w);
          set(mark.pill, "y", round(size + 1));
          set(mark.waiting, "y", round(size + 13));
        }
        set(mark.g, "data-queue", String(waiting));
        const how = state === "partly" ? `open by ${Math.round(100 * open)}%` : state;
        this.name(mark, `Crossing ${mark.place.label}: ${how}; ${waiting ? full(waiting) + " people wait" : "nobody waits"}`);
      }
    }

    drawTrips(trips) {
      const met = new Map(); // trips between the same two places, for other reasons, lie beside one another
      this.trips.forEach((trip, n) => {
        const row = trips[n];
        show(trip.g, Boolean(row));
        if (!row) return;
        const [a, b, people, reason] = row, from = this.marks[a], to = this.marks[b], kind = kindOf(reason);
        const way = a * this.marks.length + b, before = met.get(way) || 0;
        met.set(way, before + 1);
        const thick = Math.min(1 + 5 * Math.sqrt(people / this.map.top.trip), 7);
        const drawn = arrow(from.x, from.y, from.r, to.x, to.y, to.r, thick, 0.17 + 0.09 * before);
        set(trip.line, "d", drawn.line);
        set(trip.line, "stroke-width", thick.toFixed(1));
        set(trip.line, "stroke-dasharray", dashes(kind, thick));
        set(trip.head, "d", drawn.head);
        set(trip.g, "class", `mm-trip mm-${kind}`);
        const words = `${from.place.label} to ${to.place.label}: ${full(people)} people, ${reason}`;
        say(trip.title, words);
        if (this.inset) return;
        set(trip.g, "aria-label", words);
        set(trip.g, "data-name", `${from.name} > ${to.name}`);
        set(trip.g, "data-people", String(people));
        set(trip.g, "data-reason", String(reason));
      });
    }

    // Glyphs where most fighters of a group are, and hatched rings where they shelter.
    drawGroup(frame, group, g) {
      const {top, world} = this.map, numbers = frame.fighters[g], all = numbers.reduce((a, b) => a + b, 0), [sx, sy] = SIDES[g % SIDES.length];
      const order = numbers.map((n, i) => [n, i]).filter(([n]) => n > 0).sort((a, b) => b[0] - a[0] || a[1] - b[1]);
      const main = order.filter(([n]) => n >= 0.025 * all);
      this.glyphs[g].forEach((glyph, k) => {
        const row = main[k];
        show(glyph.g, Boolean(row));
        glyph.at = row ? row[1] : -1;
        if (!row) return;
        const [number, i] = row, mark = this.marks[i], size = (0.75 + 0.95 * Math.sqrt(number / top.fighters)) * (this.zoom > 1.2 ? 1.15 : 1);
        glyph.r = 6 * size;
        glyph.x = mark.x + sx * (mark.r + glyph.r + 1);
        glyph.y = mark.y + sy * (mark.r + glyph.r + 1);
        set(glyph.g, "transform", `translate(${round(glyph.x)} ${round(glyph.y)})`);
        set(glyph.shape, "transform", `scale(${size.toFixed(2)})`);
        set(glyph.g, "data-place", mark.name);
        say(glyph.letter, !this.inset && this.map.boxed(mark) ? "" : this.map.letters[g]);
        set(glyph.letter, "x", round(sx > 0 ? glyph.r + 1 : -glyph.r - 1));
        set(glyph.letter, "y", 4);
        set(glyph.letter, "text-anchor", sx > 0 ? "start" : "end");
        this.name(glyph, `${group.name}: ${full(number)} of ${full(all)} fighters at ${mark.place.label}`);
      });
      const sheltered = order.filter(([, i]) => world.places[i].country === group.sanctuary), tolerance = frame.tolerance[g];
      this.rings[g].forEach((ring, k) => {
        const row = sheltered[k];
        show(ring.g, Boolean(row));
        if (!row) return;
        const [number, i] = row, mark = this.marks[i];
        set(ring.circle, "cx", round(mark.x));
        set(ring.circle, "cy", round(mark.y));
        set(ring.circle, "r", round(mark.r + (7 + 13 * Math.sqrt(number / top.fighters)) * Math.min(this.zoom, 1.6)));
        set(ring.g, "opacity", (0.12 + 0.63 * tolerance).toFixed(2));
        say(ring.title, `Sanctuary of ${group.name} at ${mark.place.label}: ${full(number)} fighters, left alone by ${Math.round(100 * tolerance)}%`);
      });
    }

    drawFamily(frame, family) {
      const known = (family && family.path || []).filter(stop => stop.day <= frame.day)
        .map(stop => this.map.markAt(this, stop.place)).filter(Boolean);
      const stops = known.filter((mark, n) => n === 0 || mark !== known[n - 1]);
      show(this.familyLayer, stops.length > 0);
      if (!stops.length) return;
      const line = "M" + stops.map(mark => `${round(mark.x)} ${round(mark.y)}`).join("L"), last = stops[stops.length - 1];
      set(this.under, "d", line);
      set(this.over, "d", line);
      set(this.stops, "d", stops.slice(0, -1).map(m => `M${round(m.x) - 3.5} ${round(m.y)}a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0`).join("") || "M0 0");
      set(this.here, "transform", `translate(${round(last.x)} ${round(last.y - last.r - 5)})`);
      if (!this.inset) set(this.familyLayer, "data-name", last.name);
    }

    drawSelection(selected) {
      const {kind, name} = selected || {}, mark = kind === "place" || kind === "crossing" ? this.map.markAt(this, name) : null;
      for (const at of [this.ringUnder, this.ringOver, this.chosen]) show(at, Boolean(mark));
      if (mark) {
        for (const ring of [this.ringUnder, this.ringOver]) {
          set(ring, "cx", round(mark.x));
          set(ring, "cy", round(mark.y));
          set(ring, "r", round(mark.r + 5));
        }
        const label = (this.labels || []).find(known => known.mark === mark);
        const left = label ? label.box[0] + label.box[2] < 0 : mark.x > this.rect.x + this.rect.w * 0.8;
        say(this.chosen, !this.inset && this.map.boxed(mark) ? "" : mark.place.label);
        set(this.chosen, "x", round(mark.x + (left ? -1 : 1) * (mark.r + 10)));
        set(this.chosen, "y", round(mark.y + 4));
        set(this.chosen, "text-anchor", left ? "end" : "start");
      }
      this.clear(mark && this.chosen.said ? mark : null);
      for (const at of this.marks) set(at.g, "data-selected", at === mark ? "true" : null);
      this.glyphs.forEach((glyphs, g) => glyphs.forEach(glyph => {
        const on = kind === "group" && this.map.world.groups[g].name === name;
        set(glyph.g, "class", `mm-mark mm-group${on ? " is-selected" : ""}`);
        set(glyph.g, "data-selected", on ? "true" : null);
      }));
      this.areas.forEach((area, i) => {
        const on = kind === "government" && this.map.areas[i].government === name;
        area.classList.toggle("is-selected", on);
      });
    }

    // Names that lie under the name of the chosen mark give way to it.
    clear(mark) {
      let box = null;
      if (mark) {
        const w = width(mark.place.label, "700 13px " + this.map.font), x = Number(this.chosen.known.x);
        box = this.chosen.known["text-anchor"] === "end" ? [x - w, mark.y - 9, x, mark.y + 9] : [x, mark.y - 9, x + w, mark.y + 9];
      }
      for (const label of this.labels || []) {
        const [x1, y1, x2, y2] = label.box;
        show(label.text, !box || !overlap(box, [label.mark.x + x1, label.mark.y + y1, label.mark.x + x2, label.mark.y + y2]));
      }
    }

    // -- names: placed once for each zoom, by importance, where there is room ---------------------

    label(frame) {
      if (!this.visible || !frame) return;
      this.order(frame);
      const taken = [], pad = 2;
      for (const mark of this.marks) {
        taken.push([mark.x - mark.r - 1, mark.y - mark.r - 1, mark.x + mark.r + 1, mark.y + mark.r + 1]);
        if (mark.kind === "crossing") taken.push([mark.x - 17, mark.y + mark.r, mark.x + 17, mark.y + mark.r + 17]); // for the people who wait
      }
      for (const glyph of this.glyphs.flat()) {
        const wide = glyph.letter.said ? 10 : 0;
        if (glyph.at >= 0) taken.push([glyph.x - glyph.r - wide, glyph.y - glyph.r, glyph.x + glyph.r + wide, glyph.y + glyph.r]);
      }
      if (!this.inset) taken.push(...this.map.reserved());
      this.labelLayer.textContent = "";
      this.labels = [];
      for (const mark of this.important(frame)) {
        const found = this.spot(mark, taken, pad);
        if (!found) continue;
        taken.push(found.box);
        const text = node("text", {class: `mm-label${mark.kind === "crossing" ? " is-crossing" : ""}`, x: round(found.x), y: round(found.y)}, this.labelLayer);
        text.textContent = mark.place.label;
        this.labels.push({mark, text, box: [found.box[0] - mark.x, found.box[1] - mark.y, found.box[2] - mark.x, found.box[3] - mark.y]});
        set(text, "transform", `translate(${round(mark.x)} ${round(mark.y)})`);
      }
      this.nameCountries(taken);
    }

    order(frame) {
      const size = mark => mark.kind === "crossing" ? -1 : frame.displaced[mark.i];
      for (const mark of [...this.marks].sort((a, b) => size(b) - size(a))) this.markLayer.appendChild(mark.g);
    }

    important(frame) {
      const {top} = this.map;
      const weight = mark => mark.kind === "crossing" ? 0.45 + 0.4 * (1 - frame.open[mark.place.crossing])
        : Math.sqrt(frame.displaced[mark.i] / top.people) + Math.sqrt(frame.killed[mark.i] / top.killed);
      return this.marks.filter(mark => this.holds(mark.x, mark.y) && (this.inset || !this.map.boxed(mark)))
        .map(mark => [weight(mark), mark]).sort((a, b) => b[0] - a[0]).map(row => row[1]);
    }

    spot(mark, taken, pad) {
      const w = mark.wide || (mark.wide = width(mark.place.label, "13px " + this.map.font)), h = 14, r = mark.r + 3, s = 0.72 * r;
      const tries = [[r, -h / 2], [-r - w, -h / 2], [s, -h - s + 3], [-s - w, -h - s + 3], [s, s - 3], [-s - w, s - 3], [-w / 2, -h - r], [-w / 2, r],
        [r, -h], [r, 0], [-r - w, -h], [-r - w, 0]];
      for (const [x, y] of tries) {
        const box = [mark.x + x - pad, mark.y + y, mark.x + x + w + pad, mark.y + y + h];
        if (!this.holds(box[0], box[1], -2) || !this.holds(box[2], box[3], -2)) continue;
        if (!taken.some(other => overlap(box, other))) return {box, x, y: y + 11};
      }
      return null;
    }

    nameCountries(taken) {
      this.countryLayer.textContent = "";
      this.named = []; // names of governments: the keyboard reaches them like marks
      const {rect} = this, own = [...this.map.areas].sort((a, b) => b.own - a.own);
      for (const area of own) {
        const text = area.name.toUpperCase(), w = width(text, "600 13px " + this.map.font) * 1.1 + 10;
        let best = null, most = 0;
        for (let i = 1; i < 32; i++) {
          for (let j = 1; j < 22; j++) {
            const x = rect.x + rect.w * i / 32, y = rect.y + rect.h * j / 22, [lon, lat] = this.back(x, y), b = area.bounds;
            if (lon < b[0] || lon > b[2] || lat < b[1] || lat > b[3]) continue;
            const box = [x - w / 2, y - 9, x + w / 2, y + 9];
            if (!this.holds(box[0], box[1], -3) || !this.holds(box[2], box[3], -3) || taken.some(other => overlap(box, other))) continue;
            const corners = [[lon, lat], this.back(box[0], y), this.back(box[2], y)];
            if (!corners.every(([a, c]) => inRings(area.rings, a, c))) continue;
            let free = Math.min(x - rect.x, rect.x + rect.w - x, 2 * (y - rect.y), 2 * (rect.y + rect.h - y));
            for (const other of taken) {
              const ox = Math.max(other[0] - box[2], box[0] - other[2], 0), oy = Math.max(other[1] - box[3], box[1] - other[3], 0);
              free = Math.min(free, Math.hypot(ox, 1.6 * oy));
            }
            if (free > most) { most = free; best = {x, y, box}; }
          }
        }
        if (!best) continue;
        taken.push(best.box);
        const g = node("g", {class: `mm-country${area.own ? "" : " is-foreign"}${area.government && !this.inset ? " mm-named" : ""}`, transform: `translate(${round(best.x)} ${round(best.y + 4.5)})`}, this.countryLayer);
        if (area.government && !this.inset) {
          g.setAttribute("data-kind", "government");
          g.setAttribute("data-name", area.government);
          g.setAttribute("role", "button");
          g.setAttribute("tabindex", "-1");
          g.setAttribute("aria-label", `Government of ${area.name}`);
          node("title", {}, g).textContent = `Government of ${area.name}`;
          node("rect", {class: "mm-focus", x: -w / 2, y: -14, width: w, height: 19}, g);
          this.named.push({kind: "government", name: area.government, g, x: best.x, y: best.y, r: 0});
        }
        node("text", {}, g).textContent = text;
      }
    }
  }

  // -- the map --------------------------------------------------------------------------------------

  class MarchlandMap {
    constructor(root, world, options) {
      this.root = root;
      this.world = world;
      this.options = options || {};
      this.id = `mm${++made}-${Math.floor(Math.random() * 1e9)}`;
      this.frame = null;
      this.look = {};
      this.top = {};
      this.gone = [];
      this.letters = letters(world.groups.map(group => group.name));
      this.number = new Map(world.places.map((place, i) => [place.name, i]));
      this.areas = areasOf(world);
      root.textContent = "";
      root.classList.add("mm");
      this.stage = html("div", "mm-stage", root);
      this.svg = node("svg", {class: "mm-svg", role: "group", "aria-label": `Map: ${world.title}. Arrow keys go from mark to mark, Enter picks.`}, this.stage);
      this.font = getComputedStyle(root).fontFamily || "sans-serif";
      const defs = node("defs", {}, this.svg);
      world.groups.forEach((group, g) => {
        const pattern = node("pattern", {id: `${this.id}-hatch${g}`, width: 5, height: 5, patternUnits: "userSpaceOnUse",
          patternTransform: `rotate(${HATCHES[g % HATCHES.length]})`}, defs);
        node("path", {class: "mm-hatch", d: "M0 0V5"}, pattern);
      });
      this.main = new Pane(this, false);
      this.box = node("rect", {class: "mm-box"}, this.svg);
      this.ties = node("path", {class: "mm-tie"}, this.svg);
      this.inset = world.places.length >= CLOSE_UP_FROM ? new Pane(this, true) : null;
      this.panes = this.inset ? [this.main, this.inset] : [this.main];
      this.legend = this.options.legend === false ? null : html("div", "mm-legend", root);
      this.note = html("div", "mm-note", this.stage, world.note);
      this.makeButtons();
      this.listen();
      this.grow(null);
      this.layout();
      this.observer = new ResizeObserver(() => this.layout());
      this.observer.observe(root);
    }

    // Show an evening. `view`: selected {kind, name} or null, family {path: [{day, place}]} or null, arrows true or false.
    draw(frame, view) {
      this.frame = frame;
      this.look = view || {};
      if (this.grow(frame)) this.drawLegend();
      if (!this.size) return;
      for (const pane of this.panes) pane.draw(frame, this.look);
      if (!this.main.labels) this.relabel();
      this.legendNumbers();
      if (!this.current) this.rove(this.main.marks.find(mark => mark.kind === "place"));
    }

    destroy() {
      this.observer.disconnect();
      clearTimeout(this.later);
      for (const [at, name, listener, how] of this.gone) at.removeEventListener(name, listener, how);
      this.root.textContent = "";
      this.root.classList.remove("mm");
      this.frame = null;
    }

    // -- scales -----------------------------------------------------------------------------------

    // Let scales grow to what is to be shown; whether one of them did.
    grow(frame) {
      const given = this.options.top || {}, shared = this.look.top, state = () => JSON.stringify([this.top, this.beyond]), before = state(), max = list => list.reduce((a, b) => Math.max(a, b), 0);
      const seen = frame ? {
        people: max(this.world.places.map((place, i) => place.crossing < 0 ? frame.displaced[i] : 0)), killed: max(frame.killed),
        trip: frame.trips.length ? frame.trips[0][2] : 0, fighters: max(frame.fighters.map(max)),
      } : {};
      for (const [key, least] of [["people", 1000], ["killed", 10], ["trip", 100], ["fighters", 100]]) {
        const top = Math.max(seen[key] || 0, given[key] || 0, shared ? shared[key] || 0 : 0);
        if (key === "killed") this.beyond = (this.beyond && !shared) || top > MOST_KILLED;
        this.top[key] = step(key === "killed" ? Math.min(top, MOST_KILLED) : top, !shared && this.top[key] || least);
      }
      return state() !== before || (frame !== null && this.legend && !this.legend.childNodes.length);
    }

    // -- layout -----------------------------------------------------------------------------------

    layout() {
      // By the whole element, legend and all: two maps side by side have the same scale whatever their legends say.
      const wide = this.root.clientWidth, high = Math.max(this.root.clientHeight - 40, 1);
      const scale = Math.max(1, Math.min(1.8, high / 800, wide / 900)), w = this.stage.clientWidth / scale, h = this.stage.clientHeight / scale;
      if (w < 40 || h < 40) { this.size = null; return; }
      if (this.size && this.size[0] === w && this.size[1] === h && this.scale === scale) return;
      this.scale = scale;
      this.root.style.setProperty("--mm-scale", String(round(scale * 10) / 10));
      this.size = [w, h];
      this.narrow = w < 600;
      this.root.classList.toggle("is-narrow", this.narrow);
      this.svg.setAttribute("viewBox", `0 0 ${w} ${h}`);
      this.largest = Math.max(11, Math.min(26, 0.033 * Math.min(wide / scale, 1.7 * high / scale)));
      this.gate = w > 1000 ? 7.5 : 6.5;
      this.findHome(w, h);
      const stretched = !this.world.land.length && this.across > 1.05 * Math.cos(this.home.lat * Math.PI / 180);
      this.note.textContent = this.world.note + (stretched ? " Stretched to fit." : "");
      this.drawLegend();
      this.toHome();
    }

    findHome(w, h) {
      const lon = this.world.places.map(p => p.lon), lat = this.world.places.map(p => p.lat);
      const west = Math.min(...lon), east = Math.max(...lon), south = Math.min(...lat), north = Math.max(...lat);
      const mid = (south + north) / 2, high = Math.max(north - south, 0.2), natural = Math.cos(mid * Math.PI / 180);
      this.extent = [west, south, east, north];
      const margin = this.largest + 16, wide = Math.max(east - west, 0.2);
      // A fictional region may be stretched to fill its frame: its distances are not those of any map.
      const fill = (w - 3.5 * margin) / (h - 3 * margin) / (wide / high * natural);
      this.across = natural * (this.world.land.length ? 1 : Math.max(1, Math.min(fill, 2.6)));
      const low = Math.max(this.note.offsetHeight / this.scale - 16, 2); // the note takes this much from below
      const k = Math.min((w - 2 * margin) / (wide * this.across), (h - low - 2 * margin) / high);
      this.home = {lon: (west + east) / 2, lat: mid - low / 2 / k, k};
      this.insetSpot = this.inset && w >= 560 ? this.findInset(w, h, margin) : null;
    }

    // The window with most places, and the largest corner of the map with room for it: the map may move aside.
    findInset(w, h, margin) {
      const [west, south, east, north] = this.extent, places = this.world.places;
      const dx = 0.17 * (east - west), dy = 0.26 * (north - south);
      let best = null, most = -1;
      for (let i = 0; i < 40; i++) {
        for (let j = 0; j < 40; j++) {
          const x = west + (east - west - dx) * i / 39, y = south + (north - south - dy) * j / 39;
          const inside = places.filter(p => p.lon >= x && p.lon <= x + dx && p.lat >= y && p.lat <= y + dy).length;
          if (inside > most) { most = inside; best = [x, y]; }
        }
      }
      const box = [best[0] - 0.15, best[1] - 0.15, best[0] + dx + 0.15, best[1] + dy + 0.15];
      const shape = (box[2] - box[0]) * this.across / (box[3] - box[1]), spare = w - 2 * margin - (east - west) * this.home.k * this.across;
      for (let share = 0.74; share > 0.38; share -= 0.03) {
        const ih = share * h, iw = Math.min(ih * shape * 1.12, 0.42 * w);
        for (const shift of [0, 1, -1, 0.5, -0.5]) {
          const lonOff = shift * Math.max(spare, 0) / 2 / (this.home.k * this.across);
          for (const [x, y] of [[8, h - ih - 8], [w - iw - 8, h - ih - 8], [8, 8]]) {
            const free = places.every(p => {
              const px = w / 2 + (p.lon - this.home.lon + lonOff) * this.home.k * this.across, py = h / 2 - (p.lat - this.home.lat) * this.home.k;
              return px < x - 16 || px > x + iw + 16 || py < y - 14 || py > y + ih + 14;
            });
            if (!free) continue;
            this.home = {...this.home, lon: this.home.lon - lonOff};
            return {rect: {x, y, w: iw, h: ih}, box, view: {lon: (box[0] + box[2]) / 2, lat: (box[1] + box[3]) / 2,
              k: Math.min(iw / ((box[2] - box[0]) * this.across), ih / (box[3] - box[1]))}};
          }
        }
      }
      return null;
    }

    toHome() { this.moveTo({...this.home}); }

    get atHome() {
      const {view} = this.main, {home} = this;
      return view.k === home.k && view.lon === home.lon && view.lat === home.lat;
    }

    moveTo(view) {
      const [w, h] = this.size;
      this.main.visible = true;
      this.main.locate({x: 0, y: 0, w, h}, view);
      const spot = this.atHome ? this.insetSpot : null;
      if (this.inset) {
        this.inset.visible = Boolean(spot);
        if (spot) this.inset.locate(spot.rect, spot.view);
        for (const at of [this.inset.root, this.box, this.ties]) show(at, Boolean(spot));
        if (spot) this.drawBox(spot);
      } else { show(this.box, false); show(this.ties, false); }
      if (!this.frame) return;
      for (const pane of this.panes) pane.draw(this.frame, this.look);
      clearTimeout(this.later);
      if (this.labelled) this.later = setTimeout(() => this.relabel(), 90); else this.relabel();
    }

    drawBox(spot) {
      const view = this.inset.view, {rect} = spot, half = [rect.w / 2 / (view.k * this.across), rect.h / 2 / view.k];
      const [x, y] = this.main.at(view.lon - half[0], view.lat + half[1]), [x2, y2] = this.main.at(view.lon + half[0], view.lat - half[1]);
      this.boxRect = [x, y, x2, y2];
      for (const [key, value] of [["x", x], ["y", y], ["width", x2 - x], ["height", y2 - y]]) set(this.box, key, round(value));
      const left = rect.x + rect.w < x, side = left ? rect.x + rect.w : rect.x, edge = left ? x : x2;
      set(this.ties, "d", `M${round(side)} ${round(rect.y)}L${round(edge)} ${round(y)}M${round(side)} ${round(rect.y + rect.h)}L${round(edge)} ${round(y2)}`);
    }

    // Whether a mark of the main map lies in the box that the close-up shows.
    boxed(mark) {
      if (!this.inset || !this.inset.visible) return false;
      const {x, y} = this.main.marks[mark.i], [x1, y1, x2, y2] = this.boxRect;
      return x >= x1 && x <= x2 && y >= y1 && y <= y2;
    }

    reserved() {
      const [w, h] = this.size, taken = [this.narrow ? [0, h - 42, 104, h] : [w - 42, 0, w, 108], [w - this.note.offsetWidth / this.scale - 4, h - 20, w, h]];
      if (this.inset && this.inset.visible) {
        const {x, y, w: iw, h: ih} = this.inset.rect;
        taken.push([x - 3, y - 3, x + iw + 3, y + ih + 3], this.boxRect.map((v, i) => v + (i < 2 ? -2 : 2)));
      }
      return taken;
    }

    relabel() {
      if (!this.frame || !this.size) return;
      this.labelled = true;
      for (const pane of this.panes) pane.label(this.frame);
      for (const pane of this.panes) if (pane.visible) pane.drawSelection(this.look.selected);
      if (this.current && !this.current.g.isConnected) this.rove(this.main.places[0]);
    }

    markAt(pane, place) {
      const i = typeof place === "number" ? place : this.number.get(place);
      return i === undefined ? null : pane.marks[i];
    }

    // -- hands: zoom, drag, pick ------------------------------------------------------------------

    makeButtons() {
      const bar = html("div", "mm-buttons", this.stage);
      for (const [text, label, act] of [["+", "Zoom in", () => this.zoomBy(1.6)], ["\u2212", "Zoom out", () => this.zoomBy(1 / 1.6)], ["\u2302", "Whole map", () => this.toHome()]]) {
        const button = html("button", "", bar, text);
        button.type = "button";
        button.title = label;
        button.setAttribute("aria-label", label);
        this.on(button, "click", act);
      }
    }

    on(at, name, listener, how) {
      at.addEventListener(name, listener, how);
      this.gone.push([at, name, listener, how]);
    }

    listen() {
      const fingers = new Map();
      let start = null, moved = false, gap = 0;
      const point = event => { const b = this.svg.getBoundingClientRect(); return [(event.clientX - b.left) / this.scale, (event.clientY - b.top) / this.scale]; };
      const spread = () => { const [a, b] = [...fingers.values()]; return Math.hypot(a[0] - b[0], a[1] - b[1]); };
      this.on(this.svg, "pointerdown", event => {
        if (event.button !== 0) return;
        fingers.set(event.pointerId, point(event));
        start = {at: point(event), view: {...this.main.view}};
        moved = false;
        if (fingers.size === 2) gap = spread();
      });
      this.on(this.svg, "pointermove", event => {
        if (!fingers.has(event.pointerId) || !start) return;
        const [x, y] = point(event);
        fingers.set(event.pointerId, [x, y]);
        if (fingers.size === 2) {
          const [a, b] = [...fingers.values()], now = spread();
          moved = true;
          if (gap > 0 && now > 0) this.zoomBy(now / gap, (a[0] + b[0]) / 2, (a[1] + b[1]) / 2);
          gap = now;
          return;
        }
        const dx = x - start.at[0], dy = y - start.at[1];
        if (!moved && Math.hypot(dx, dy) < 5) return;
        if (!moved) this.svg.setPointerCapture(event.pointerId);
        moved = true;
        this.svg.classList.add("is-dragged");
        this.moveTo({lon: start.view.lon - dx / (start.view.k * this.across), lat: start.view.lat + dy / start.view.k, k: start.view.k});
      });
      const lift = event => {
        fingers.delete(event.pointerId);
        start = null;
        this.svg.classList.remove("is-dragged");
      };
      this.on(this.svg, "pointerup", lift);
      this.on(this.svg, "pointercancel", lift);
      this.on(this.svg, "click", event => { if (!moved) this.pickAt(event, ...point(event)); });
      this.on(this.svg, "wheel", event => {
        event.preventDefault();
        this.zoomBy(Math.exp(-Math.max(-60, Math.min(60, event.deltaY)) * 0.006), ...point(event));
      }, {passive: false});
      this.on(this.svg, "dblclick", event => this.zoomBy(event.shiftKey ? 0.5 : 2, ...point(event)));
      this.on(this.svg, "keydown", event => this.key(event));
    }

    // Zoom around a point of the screen; in the close-up this brings its places into the whole frame.
    zoomBy(factor, x, y) {
      if (!this.size) return;
      const [w, h] = this.size, pane = this.paneAt(x, y), px = x === undefined ? w / 2 : x, py = y === undefined ? h / 2 : y;
      if (pane === this.inset && factor > 1) {
        const {view, rect} = this.inset;
        return this.moveTo({...view, k: view.k * Math.min(w / rect.w, h / rect.h)});
      }
      const {view} = this.main, k = Math.min(view.k * factor, this.home.k * 60);
      if (k <= this.home.k * 1.02) return this.toHome();
      const [lon, lat] = this.main.back(px, py);
      this.moveTo({lon: lon - (px - w / 2) / (k * this.across), lat: lat + (py - h / 2) / k, k});
    }

    paneAt(x, y) {
      return this.inset && this.inset.visible && x !== undefined && this.inset.holds(x, y) ? this.inset : this.main;
    }

    // The mark nearest to a point: the one that lies under it, the smallest if several do.
    pickAt(event, x, y) {
      const pane = this.paneAt(x, y), found = [];
      for (const mark of [...pane.marks, ...pane.glyphs.flat().filter(glyph => glyph.at >= 0)]) {
        const off = Math.max(Math.hypot(mark.x - x, mark.y - y) - mark.r, 0);
        if (off <= 6) found.push([off, mark.r, mark]);
      }
      found.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
      if (found.length) return this.pick(found[0][2].kind, found[0][2].name);
      const named = event.target.closest("[data-kind=government]"), area = event.target.closest("[data-government]");
      if (named || area) return this.pick("government", named ? named.dataset.name : area.dataset.government);
      return this.pick("none", "");
    }

    pick(kind, name) { if (this.options.onPick) this.options.onPick(kind, name); }

    // One mark at a time takes the keyboard; arrow keys go to the next one in their direction.
    rove(mark) {
      if (!mark) return;
      if (this.current) this.current.g.setAttribute("tabindex", "-1");
      this.current = mark;
      mark.g.setAttribute("tabindex", "0");
    }

    key(event) {
      const held = event.target.closest("[data-kind]");
      if ((event.key === "Enter" || event.key === " ") && held) {
        event.preventDefault();
        event.stopPropagation();
        return this.pick(held.dataset.kind, held.dataset.name);
      }
      if (event.key === "+" || event.key === "=") return this.zoomBy(1.6);
      if (event.key === "-") return this.zoomBy(1 / 1.6);
      if (event.key === "0") return this.toHome();
      const way = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[event.key];
      if (!way || !this.current) return;
      event.preventDefault();
      event.stopPropagation();
      const all = [...this.main.marks, ...this.main.glyphs.flat().filter(glyph => glyph.at >= 0), ...this.main.named];
      const from = all.find(mark => mark.g === held) || this.current;
      let best = null, least = Infinity;
      for (const mark of all) {
        const dx = mark.x - from.x, dy = mark.y - from.y, along = dx * way[0] + dy * way[1], aside = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
        if (mark === from || along <= 0.5 || aside > 2 * along) continue;
        if (along + 2 * aside < least) { least = along + 2 * aside; best = mark; }
      }
      if (best) { this.rove(best); best.g.focus(); }
    }

    // -- legend -----------------------------------------------------------------------------------

    drawLegend() {
      if (!this.legend || !this.size) return;
      const {top, world} = this, legend = this.legend;
      legend.textContent = "";
      const part = title => { const made = html("span", "", legend); if (title) html("span", "mm-key", made, title); return made; };
      const svg = (parent, w, h) => node("svg", {width: round(w * this.scale), height: round(h * this.scale), viewBox: `0 0 ${w} ${h}`, "aria-hidden": "true"}, parent);
      const sizes = part("Displaced"), fits = top.people * (9.5 / this.largest) ** 2, most = 10 ** Math.floor(Math.log10(fits)) * (fits >= 5 * 10 ** Math.floor(Math.log10(fits)) ? 5 : 1);
      for (const people of [most / 10, most]) {
        const r = Math.max(this.largest * Math.sqrt(people / top.people), 2.6), at = svg(sizes, Math.ceil(2 * r + 2), 21);
        node("circle", {class: "mm-dot", fill: "#E9ECEE", cx: r + 1, cy: 10.5, r: r.toFixed(2)}, at);
        html("span", "", sizes, short(people));
      }
      const warm = part("Killed lately");
      html("span", "", warm, "0");
      html("span", "mm-bar", warm);
      html("span", "", warm, short(top.killed) + (this.beyond ? "+" : ""));
      const attack = part("");
      node("path", {class: "mm-burst", d: BURST, transform: "translate(9 9) scale(9)"}, svg(attack, 18, 18));
      html("span", "", attack, "attack today");
      this.totals = world.groups.map((group, g) => {
        const made = part(""), at = svg(made, 14, 14);
        node("path", {class: "mm-glyph", d: SHAPES[g % SHAPES.length], transform: "translate(7 7)"}, at);
        html("b", "", made, this.letters[g]);
        return html("span", "", made, group.name);
      });
      const gates = part("Crossing");
      for (const state of ["open", "partly", "closed"]) {
        const g = node("g", {class: `is-${state}`, transform: "translate(8 8)"}, svg(gates, 16, 16));
        node("path", {class: "mm-gate", d: "M0-6.5L6.5 0 0 6.5-6.5 0Z"}, g);
        node("path", {class: "mm-half", d: "M-6.5 0H6.5L0 6.5Z"}, g);
        node("path", {class: "mm-cross", d: "M-2.3-2.3L2.3 2.3M2.3-2.3L-2.3 2.3"}, g);
        html("span", "", gates, state);
      }
      const pill = svg(gates, 30, 15), queue = node("g", {class: "mm-queue"}, pill);
      node("rect", {x: 0.5, y: 0.5, width: 29, height: 14, rx: 7}, queue);
      node("text", {x: 15, y: 12}, queue).textContent = "20";
      html("span", "", gates, "waiting");
      if (world.groups.some(group => group.sanctuary !== null)) {
        const made = part(""), at = svg(made, 20, 20);
        node("circle", {cx: 10, cy: 10, r: 9, fill: `url(#${this.id}-hatch0)`, stroke: "#1F2933", "stroke-dasharray": "3 3"}, at);
        html("span", "", made, "sanctuary");
        made.title = "Places where fighters shelter; darker: the government there tolerates it more";
      }
      const moves = part("Moves today");
      moves.title = "The largest moves of the day; the wider the line, the more people";
      for (const kind in KINDS) {
        const g = node("g", {class: `mm-trip mm-${kind}`}, svg(moves, 30, 12));
        const line = node("path", {class: "mm-line", d: "M0 6H23", "stroke-width": 2.4}, g);
        if (DASHES[kind]) line.setAttribute("stroke-dasharray", dashes(kind, 2.4));
        node("path", {class: "mm-head", d: "M30 6L21 1.5V10.5Z"}, g);
        html("span", "", moves, KINDS[kind]);
      }
      this.legendNumbers();
    }

    legendNumbers() {
      if (!this.frame || !this.totals) return;
      this.totals.forEach((at, g) => say(at, `${this.world.groups[g].name} ${total(this.frame.fighters[g].reduce((a, b) => a + b, 0))}`));
    }
  }

  // The first letter of each name, or more letters where names begin alike; a splinter has a small letter after its parent's: N, Ns.
  function letters(names) {
    const shortest = (name, all) => {
      for (let n = 1; n < name.length; n++) {
        const part = name.slice(0, n).toUpperCase();
        if (all.filter(other => other.slice(0, n).toUpperCase() === part).length === 1) return part;
      }
      return name.toUpperCase();
    };
    const parent = name => names.filter(other => name.startsWith(`${other}_`)).sort((a, b) => b.length - a.length)[0];
    const roots = names.filter(name => !parent(name));
    return names.map(name => {
      const from = parent(name);
      if (!from) return shortest(name, roots);
      const rests = names.filter(other => parent(other) === from).map(other => other.slice(from.length + 1));
      return shortest(from, roots) + shortest(name.slice(from.length + 1), rests).toLowerCase();
    });
  }

  // Countries as areas: their outlines, or the hull of their places in a fictional region.
  function areasOf(world) {
    const homes = world.homes || [], key = text => text.toLowerCase();
    const governs = country => world.governments.find((name, i) => homes[i] === country)
      || (homes.length ? null : world.governments.find(name => key(country) === key(name) || key(country).startsWith(key(name)))) || null;
    const shapes = world.land.length ? world.land.map(land => ({name: land.name, own: land.own, rings: land.rings, hull: false}))
      : world.countries.map(name => ({name, own: true, hull: true,
        rings: [hull(world.places.filter(place => place.country === name).map(place => [place.lon, place.lat]))]}));
    return shapes.filter(shape => shape.rings.some(ring => ring.length)).map(shape => {
      const points = shape.rings.flat(), lon = points.map(p => p[0]), lat = points.map(p => p[1]);
      return {...shape, government: shape.own ? governs(shape.name) : null, bounds: [Math.min(...lon), Math.min(...lat), Math.max(...lon), Math.max(...lat)]};
    });
  }

  return MarchlandMap;
})();
