/* The charts below the map: small cards with the numbers of the evening and a line chart each.

   new MarchlandCharts(root, spec, echarts, {pair, span, marks})
     spec     what experiments/app/charts.py `spec` returns
     pair     rows are differences, right run minus left run: a zero line, signed numbers, no observations
     span     "growing" (default: the axis grows with the run) or "whole"
     marks    [{day, text}]: vertical lines
   set(fromDay, rows, marks)   replaces the days from fromDay on and drops later ones; returns false, and changes
                               nothing, when days before fromDay are missing
   destroy()

   A chart that counts people or deaths has a button for an axis in powers of ten, on which a month of a hundred thousand
   does not flatten all others; it is linear up to 1, so that 0 has its place. The choice stays with `root`.

   Axes, tooltips, observations and vertical lines are ECharts'; they change seldom. The lines change every day and are
   painted on a canvas below it, which takes a tenth of the time. No framework, no network. The page and the exported replay use the same file. */
class MarchlandCharts {
  constructor(root, spec, echarts, options = {}) {
    this.root = root;
    this.spec = spec;
    this.echarts = echarts;
    this.pair = Boolean(options.pair);
    this.whole = options.span === "whole";
    this.marks = options.marks || [];
    this.start = Date.parse(spec.start + "T00:00:00Z");
    this.rows = [];
    this._build();
    this._draw();
  }

  /* -- data --------------------------------------------------------------------------------------------- */

  set(fromDay, rows, marks) {
    if (fromDay > this.rows.length) return false;
    this.rows.length = fromDay;
    for (const row of rows) this.rows.push(row);
    if (marks) this.marks = marks;
    this._draw();
    return true;
  }

  destroy() {
    this.watcher.disconnect();
    for (const card of this.cards) if (card.plot) card.plot.dispose();
    this.cards = [];
    this.root.textContent = "";
  }

  _time(day) { return this.start + day * 86400000; }

  /* Last day of the horizontal axis: early days are not lost in the width of years. */
  _end() {
    const last = this.spec.days - 1, steps = [91, 182, 365, 731, 1461, 2922];
    if (this.whole) return last;
    return Math.min(steps.find((step) => step >= this.rows.length) || last, last);
  }

  /* Days that are drawn: all, or a point a week where there would be more points than pixels. */
  _days() {
    const n = this.rows.length, every = n > 400 ? 7 : 1, days = [];
    for (let day = 0; day < n; day += every) days.push(day);
    if (n && days[days.length - 1] !== n - 1) days.push(n - 1);
    return days;
  }

  /* -- cards -------------------------------------------------------------------------------------------- */

  _build() {
    const make = (tag, name, parent, text) => {
      const node = document.createElement(tag);
      node.className = name;
      if (text !== undefined) node.textContent = text;
      if (parent) parent.appendChild(node);
      return node;
    };
    this.root.textContent = "";
    make("style", "", this.root, MarchlandCharts.css);
    const strip = make("div", "mch-strip", this.root);
    strip.style.setProperty("--mch-cards", String(this.spec.charts.length));
    this._measure(strip);
    let column = 0;
    this.cards = this.spec.charts.map((chart) => {
      const box = make("section", "mch-card", strip);
      box.dataset.chart = chart.key;
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", chart.title);
      const head = make("div", "mch-head", box);
      head.title = chart.about + (this.pair ? " Shown: right run minus left run." : "");
      make("b", "", head, chart.title);
      make("span", "mch-unit", head, this.pair ? "right - left" : chart.unit);
      const logged = !this.pair && chart.log && (this.root.dataset.log || "").split(" ").includes(chart.key);
      const chips = make("div", "mch-chips" + (chart.columns === 1 ? " mch-wide" : ""), box);
      chips.style.setProperty("--mch-room", chart.room + (this.pair ? 1 : 0) + "ch");
      const card = { chart, box, first: column, plot: null, observed: this.pair ? [] : chart.observed, log: logged };
      if (chart.log && !this.pair) this._offerLog(card, head);
      card.values = chart.series.map((series) => {
        const chip = make("div", "mch-chip", chips);
        chip.dataset.chart = chart.key;
        chip.dataset.series = series.key;
        chip.title = series.label + ": " + series.about + " (" + series.unit + ")";
        chip.appendChild(MarchlandCharts.swatch(series));
        make("span", "mch-name", chip, series.label);
        return make("b", "mch-value", chip, "–");
      });
      card.observed.forEach((one, k) => { one.ring = MarchlandCharts.ring(chart.series[one.series].colour, k); });
      for (const label of new Set(card.observed.map((one) => one.label))) {
        const key = make("div", "mch-chip mch-key", chips);
        key.title = "Observed totals, per 28 days, at the last day of their month. Bars: years of which months are missing. Never fed into the run.";
        key.innerHTML = card.observed.filter((one) => one.label === label).map((one) => one.ring).join("");
        make("span", "mch-name", key, label);
      }
      card.holder = make("div", "mch-plot", box);
      card.canvas = make("canvas", "mch-lines", card.holder);
      card.axes = make("div", "mch-axes", card.holder);
      column += chart.series.length;
      return card;
    });
    this.watcher = new ResizeObserver((entries) => {
      const scale = this.scale;
      if (this._measure(strip) !== scale) {  // another screen: other letters
        this.destroy();
        this._build();
        return this._draw();
      }
      for (const entry of entries) {
        const card = this.cards.find((one) => one.holder === entry.target);
        if (card.plot) card.plot.resize();
        this._plot(card, this._days());
      }
    });
    for (const card of this.cards) this.watcher.observe(card.holder);
  }

  /* A button between an even axis and one in powers of ten. */
  _offerLog(card, head) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "mch-log";
    button.textContent = "log";
    button.title = "Axis in powers of ten: 1, 10, 100 ... at even steps";
    button.setAttribute("aria-pressed", String(card.log));
    button.addEventListener("click", () => {
      card.log = !card.log;
      button.setAttribute("aria-pressed", String(card.log));
      this.root.dataset.log = this.cards.filter((one) => one.log).map((one) => one.chart.key).join(" ");
      this._plot(card, this._days());
    });
    head.appendChild(button);
  }

  /* Where a value stands on the vertical axis, and what a height says. */
  static height(card, value) { return !card.log ? value : value <= 1 ? Math.max(value, 0) : 1 + Math.log10(value); }

  static said(card, height) { return MarchlandCharts.short(!card.log ? height : height <= 1 ? height : 10 ** (height - 1)); }

  /* Letters and lines grow with the type of the strip, which the style sheet sets by the size of the window. */
  _measure(strip) {
    this.scale = Math.max(1, (parseFloat(getComputedStyle(strip).fontSize) || 13) / 13);
    this.dates = new Map();  // labels below the axes, by what they hang on
    this.room = {};
    for (const side in MarchlandCharts.room) this.room[side] = Math.round(MarchlandCharts.room[side] * this.scale);
    return this.scale;
  }

  /* A short line as it is drawn in the chart. */
  static swatch(series) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 16 8");
    svg.setAttribute("class", "mch-swatch");
    const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    const dashes = { solid: "", dashed: "4 2", dotted: "1.4 1.5", dashdot: "7 2 2 2", long: "6.5 3" };
    line.setAttribute("d", "M0 4H16");
    line.setAttribute("stroke", series.colour);
    line.setAttribute("stroke-width", series.strong ? "4" : "3");
    line.setAttribute("stroke-dasharray", dashes[series.dash]);
    svg.appendChild(line);
    return svg;
  }

  /* The marker of observations: rings, then diamonds. */
  static ring(colour, k) {
    return `<i class="mch-ring" style="border-color:${colour};${k % 2 ? "border-radius:0;transform:rotate(45deg) scale(.85)" : ""}"></i>`;
  }

  /* -- drawing ------------------------------------------------------------------------------------------ */

  _draw() {
    const last = this.rows[this.rows.length - 1], days = this._days();
    this.root.dataset.days = this.rows.length;
    for (const card of this.cards) {
      card.values.forEach((node, i) => {
        const value = last === undefined ? null : last[card.first + i];
        const text = value === null ? "–" : this._number(card, value);
        if (node.textContent !== text) node.textContent = text;
        node.parentNode.dataset.value = value === null ? "" : value;
      });
      this._plot(card, days);
    }
  }

  _plot(card, days) {
    const width = card.holder.clientWidth, height = card.holder.clientHeight;
    if (!width || !height) return;  // not on the screen yet
    const end = this._end(), scale = this._scale(card, end);
    const stamp = [end, scale.low, scale.high, card.log, JSON.stringify(this.marks)].join();
    if (!card.plot) {
      card.plot = this.echarts.init(card.axes, null, { renderer: "canvas" });
      card.plot.setOption(this._base(card));
      card.stamp = "";
    }
    if (card.stamp !== stamp) {
      card.stamp = stamp;
      const every = Math.ceil((end + 1) / 1500), ground = [];
      for (let day = 0; day <= end; day += every) ground.push([this._time(day), scale.low]);
      card.plot.setOption({
        xAxis: { max: this._time(end) },
        yAxis: { min: scale.low, max: scale.high, interval: scale.step },
        series: [{ id: "ground", data: ground, markLine: { data: this._lines() } }, ...this._observed(card, end)],
      });
    }
    this._paint(card, days, width, height, end, scale);
  }

  /* Ends and step of the vertical axis: round numbers around all values so far. */
  _scale(card, end) {
    let low = 0, high = 0;
    const last = card.first + card.chart.series.length;
    for (const row of this.rows) {
      for (let i = card.first; i < last; i++) {
        if (row[i] > high) high = row[i]; else if (row[i] < low) low = row[i];
      }
    }
    for (const one of card.observed) for (const point of one.points) if (point.last <= end && point.value > high) high = point.value;
    if (!this.pair && card.chart.top !== null) [low, high] = [Math.min(low, 0), card.chart.top];
    if (card.log) {
      const top = Math.max(MarchlandCharts.height(card, high), 1), step = top > 4 ? 2 : 1;
      return { low: 0, high: Math.ceil(top / step - 1e-9) * step, step };
    }
    if (high - low < 1e-9) high = low + 1;
    const rough = (high - low) / 3, ten = 10 ** Math.floor(Math.log10(rough));
    const step = ten * [1, 2, 2.5, 5, 10].find((one) => one * ten >= rough * 0.999);
    return card.chart.top !== null && !this.pair ? { low, high, step: card.chart.top / 2 }
      : { low: Math.floor(low / step + 1e-9) * step, high: Math.ceil(high / step - 1e-9) * step, step };
  }

  _paint(card, days, width, height, end, scale) {
    const canvas = card.canvas, ratio = window.devicePixelRatio || 1, room = this.room, thick = this.scale;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const pen = canvas.getContext("2d"), rows = this.rows;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.lineJoin = "round";
    const across = (width - room.left - room.right) / Math.max(end, 1), up = (height - room.top - room.bottom) / (scale.high - scale.low);
    const bottom = height - room.bottom, dashes = { solid: [], dashed: [4, 2.5], dotted: [1.5, 2], dashdot: [8, 2, 2, 2], long: [10, 3.5] };
    pen.strokeStyle = "#E6EAED";
    pen.lineWidth = 1;
    pen.setLineDash([]);
    for (let level = scale.low; level <= scale.high + scale.step / 9; level += scale.step) {
      const y = Math.round(bottom - (level - scale.low) * up) + 0.5;
      pen.strokeRect(room.left, y, width - room.left - room.right, 0);
    }
    const order = card.chart.series.map((_, i) => i).sort((a, b) => card.chart.series[a].strong - card.chart.series[b].strong);
    for (const i of order) {
      const series = card.chart.series[i], column = card.first + i;
      pen.strokeStyle = pen.fillStyle = series.colour;
      pen.lineWidth = (series.strong ? 2.2 : 1.4) * thick;
      pen.setLineDash(dashes[series.dash].map((part) => part * thick));
      pen.beginPath();
      const over = (day) => bottom - (MarchlandCharts.height(card, rows[day][column]) - scale.low) * up;
      for (const day of days) pen.lineTo(room.left + day * across, over(day));
      pen.stroke();
      if (days.length === 1) pen.fillRect(room.left - 1, over(0) - 1, 3, 3);
    }
    this._dates(pen, width, height, end);
  }

  /* Dates below the axis, as many as there is room for. */
  _dates(pen, width, height, end) {
    const room = this.room, plot = width - room.left - room.right, key = [end, width, this.scale, this.start].join();
    pen.font = 13 * this.scale + "px sans-serif";
    pen.fillStyle = "#5A6672";
    pen.textAlign = "center";
    pen.textBaseline = "alphabetic";
    if (!this.dates.has(key)) {  // found once for a size of card: drawing a day is to cost next to nothing
      if (this.dates.size > 50) this.dates.clear();
      this.dates.set(key, MarchlandCharts.labels(this.start, end, plot, plot + room.right, (text) => pen.measureText(text).width / 2 + 4 * this.scale));
    }
    for (const [x, text] of this.dates.get(key)) pen.fillText(text, room.left + x, height - 7 * this.scale);
  }

  /* Zero line and interventions. */
  _lines() {
    const zero = this.pair ? [{ yAxis: 0, lineStyle: { type: "solid", color: "#5A6672", width: 1 } }] : [];
    return zero.concat(this.marks.map((mark) => ({ xAxis: this._time(mark.day) })));
  }

  /* Months as hollow rings, years as bars of their length. */
  _observed(card, end) {
    const found = [];
    let shown = 0;
    const at = (value) => MarchlandCharts.height(card, value);
    card.observed.forEach((one, k) => {
      const seen = one.points.filter((point) => point.last <= end);
      shown += seen.length;
      const months = seen.filter((point) => point.last - point.first < 40), bars = [];
      for (const year of seen.filter((point) => point.last - point.first >= 40)) {
        bars.push([this._time(year.first), at(year.value)], [this._time(year.last), at(year.value)], [this._time(year.last), null]);
      }
      found.push({ id: "months" + k, data: months.map((point) => ({ value: [this._time(point.last), at(point.value)], itemStyle: { opacity: point.rough ? 0.4 : 1 } })) });
      found.push({ id: "years" + k, data: bars });
    });
    card.box.dataset.observed = shown;
    return found;
  }

  _base(card) {
    const faint = "#C9D0D6", muted = "#5A6672", room = this.room, letters = 13 * this.scale;
    const common = { type: "line", animation: false, silent: true, symbol: "none", emphasis: { disabled: true } };
    const series = [{  // not seen: carries the vertical lines, and has a point a day for the pointer to find
      ...common, id: "ground", data: [], lineStyle: { width: 0 },
      markLine: { silent: true, symbol: "none", animation: false, label: { show: false }, data: [], lineStyle: { color: muted, width: 1, type: [3, 3] } },
    }];
    card.observed.forEach((one, k) => {
      const colour = card.chart.series[one.series].colour;
      series.push({ ...common, id: "months" + k, type: "scatter", data: [], z: 5, symbol: k % 2 ? "diamond" : "circle", symbolSize: k % 2 ? 6.5 : 5, itemStyle: { color: "#FFFFFF", borderColor: colour, borderWidth: 1.2 } });
      series.push({ ...common, id: "years" + k, data: [], z: 2, lineStyle: { color: colour, width: 4, opacity: 0.3 } });
    });
    return {
      animation: false, useUTC: true,
      grid: room,
      xAxis: {
        type: "time", min: this._time(0), max: this._time(this._end()), axisLine: { onZero: false, lineStyle: { color: faint } }, axisTick: { show: false }, axisPointer: { snap: false },
        axisLabel: { show: false },  // _dates() writes them: none touches another or is cut at the edge
      },
      yAxis: {
        type: "value", min: 0, max: 1,
        axisLabel: { color: muted, fontSize: letters, margin: 5, formatter: (height) => MarchlandCharts.said(card, height) }, splitLine: { show: false },
      },
      tooltip: {
        trigger: "axis", appendToBody: true, transitionDuration: 0, padding: [6, 8], textStyle: { fontSize: letters, color: "#1F2933" },
        axisPointer: { animation: false, lineStyle: { color: muted, type: "solid" } },
        formatter: (given) => this._tip(card, Math.round((given[0].axisValue - this.start) / 86400000)),
        position: (point, _params, node, _rect, size) => {  // above the card, within the window
          const plot = card.holder.getBoundingClientRect(), over = plot.top - card.box.getBoundingClientRect().top;
          const x = Math.min(point[0] - size.contentSize[0] / 2, window.innerWidth - plot.left - size.contentSize[0] - 6);
          return [Math.max(x, 6 - plot.left), -over - size.contentSize[1] - 4];
        },
      },
      series,
    };
  }

  /* What the pointer shows: the date, every line's value, observations of that time, who began to decide. */
  _tip(card, day) {
    const safe = (text) => this.echarts.format.encodeHTML(String(text));
    const row = this.rows[day], lines = ["<b>" + this._date(day) + "</b>"];
    if (row) card.chart.series.forEach((series, i) => lines.push(
      MarchlandCharts.swatch(series).outerHTML + " " + safe(series.label) + " <b>" + this._number(card, row[card.first + i]) + "</b>"));
    for (const one of card.observed) {
      for (const point of one.points.filter((p) => p.first <= day && day <= p.last)) {
        const range = point.high > point.low ? " (" + MarchlandCharts.short(point.low) + " to " + MarchlandCharts.short(point.high) + ")" : "";
        const period = point.last - point.first < 40 ? this._date(point.last).slice(-8) : this._date(point.last).slice(-4);
        lines.push(one.ring + " " + safe(one.label) + ", " + safe(card.chart.series[one.series].label) + ", " + period + ": <b>" + MarchlandCharts.short(point.value) + "</b>" + range);
      }
    }
    const wide = Math.max(3, Math.round(this._end() / 60));
    for (const mark of this.marks.filter((m) => Math.abs(m.day - day) <= wide)) lines.push("┆ " + this._date(mark.day) + ", " + safe(mark.text));
    return lines.join("<br>");
  }

  _date(day) {
    const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], date = new Date(this._time(day));
    return date.getUTCDate() + " " + months[date.getUTCMonth()] + " " + date.getUTCFullYear();
  }

  _number(card, value) {
    const size = Math.abs(value), text = card.chart.room < 5 && size < 10 ? size.toFixed(2) : MarchlandCharts.short(size);
    if (Number(text) === 0) return text;
    return (value < 0 ? "−" : this.pair ? "+" : "") + text;
  }

  /* A number as people read it: 0.25, 12, 1,200, 45.2k, 521k, 3.14M, 12.9bn: at most six letters. */
  static short(value) {
    const size = Math.abs(value), plain = (number, digits) => String(Number(number.toFixed(digits)));
    const wide = (unit, letters) => plain(value / unit, size < 10 * unit ? 2 : size < 100 * unit ? 1 : 0) + letters;
    if (size >= 999.5e9) return wide(1e12, "tn");
    if (size >= 999.5e6) return wide(1e9, "bn");
    if (size >= 999500) return wide(1e6, "M");
    if (size >= 9999.5) return plain(value / 1e3, size < 99950 ? 1 : 0) + "k";
    if (size >= 999.5) return Math.round(value).toLocaleString("en-US");
    return plain(value, size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 4);
  }
}

/* Pixels around the plot, for axis labels. */
MarchlandCharts.room = Object.freeze({ left: 42, right: 10, top: 9, bottom: 24 });
/* Steps of the dates below an axis, finest first; the first one that fits is taken. */
MarchlandCharts.steps = Object.freeze([["day", 1], ["day", 2], ["day", 5], ["day", 7], ["day", 10], ["day", 14], ["month", 1], ["month", 2], ["month", 3], ["month", 6], ["month", 12], ["month", 24], ["month", 60], ["month", 120], ["month", 600]]);
MarchlandCharts.months = Object.freeze(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]);

/* Labels of an axis from the day `start` (milliseconds): every so many days, or the first of every so many months; [pixels from the left, text].
   None touches another or goes beyond `last` pixels; `half` gives half a text's width with its margin. */
MarchlandCharts.labels = (start, end, plot, last, half) => {
  const wide = 2 * half("1 Jan");
  for (const [unit, many] of MarchlandCharts.steps) {
    if ((unit === "day" ? many : 30 * many) / Math.max(end, 1) * plot < 0.7 * wide && end > 0 && unit === "day") continue;  // hopeless: not worth measuring
    const kept = [];
    let fits = true, edge = -Infinity;
    for (let day = 0; fits && day <= end; day += unit === "day" ? many : 1) {
      const date = new Date(start + day * 86400000), year = date.getUTCFullYear(), month = date.getUTCMonth(), first = date.getUTCDate() === 1;
      if (unit === "month" && !(first && (year * 12 + month) % many === 0)) continue;
      const text = first ? (month ? MarchlandCharts.months[month] : String(year)) : date.getUTCDate() + " " + MarchlandCharts.months[month];
      const x = day / Math.max(end, 1) * plot, size = half(text);
      if (x + size > last + 4) continue;
      fits = x - size > edge;
      edge = x + size;
      kept.push([x, text]);
    }
    if (fits && kept.length) return kept;
  }
  return [[0, new Date(start).getUTCDate() + " " + MarchlandCharts.months[new Date(start).getUTCMonth()]]];
};

MarchlandCharts.css = `
.mch-strip { display: flex; gap: 5px; font-size: var(--mch-font, 13px); overflow-x: auto; height: 100%; }
.mch-card { flex: 1 0 auto; display: flex; flex-direction: column; min-width: 170px; min-height: 186px; box-sizing: border-box; padding: 3px 6px 0;
  background: #fff; border: 1px solid #D5DBE0; border-radius: 4px; color: #1F2933;
  font: var(--mch-font, 13px)/1.31 Roboto, "Segoe UI", "Helvetica Neue", Arial, "Liberation Sans", sans-serif; }
.mch-head { display: flex; gap: 6px; align-items: baseline; white-space: nowrap; cursor: help; }
.mch-unit { color: #5A6672; }
.mch-log { margin-left: auto; padding: 0 5px; border: 1px solid #C9D0D6; border-radius: 3px; background: #fff; color: #00588C; font: inherit; line-height: 1.1; cursor: pointer; }
.mch-log[aria-pressed=true] { background: #0072B2; color: #fff; }
.mch-chips { display: grid; grid-template-columns: auto auto; justify-content: space-between; column-gap: 6px; max-width: 24em; }
.mch-chips.mch-wide { grid-template-columns: minmax(0, 1fr); }
.mch-chip { display: flex; align-items: center; gap: 3px; white-space: nowrap; cursor: help; }
.mch-name { overflow: hidden; text-overflow: ellipsis; max-width: 14em; }
.mch-value { margin-left: auto; min-width: var(--mch-room, 5ch); text-align: right; font-variant-numeric: tabular-nums; }
.mch-key { grid-column: 1 / -1; color: #5A6672; }
.mch-swatch { width: 1.08em; height: .6em; flex: none; display: inline-block; }
.mch-ring { width: 7px; height: 7px; margin: 0 2.5px; flex: none; display: inline-block; box-sizing: border-box; border: 1.5px solid #1F2933; border-radius: 50%; background: #fff; }
.mch-plot { flex: 1; position: relative; min-height: 84px; margin: 0 -4px; }
.mch-lines, .mch-axes { position: absolute; inset: 0; width: 100%; height: 100%; }
`;
