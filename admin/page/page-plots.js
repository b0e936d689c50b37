/// Route counts over the last minutes, a small plot for each router and family.

import { arrange, make, makeSvg, setAttribute, setText } from "./page-dom.js";
import * as format from "./page-format.js";

const WIDTH = 300;
const HEIGHT = 80;
/// Room for the width of a line at the edges.
const EDGE = 3;
const LINES = [
  ["prefixes", "Prefixes"],
  ["paths", "Paths"],
];

const keyOf = (series) => `${series.router} ${series.family}`;

const numbersOf = (values) =>
  (values ?? []).filter((value) => Number.isFinite(value));

/// A "nice" number that is not below: 1, 2 or 5 times a power of ten.
function ceiling(value) {
  if (value <= 5)
    return 5;
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 5, 10].find((each) => each * power >= value);
  return factor * power;
}

/// The line through the values; broken where one is missing.
function pathOf(values, top) {
  const step = (WIDTH - 2 * EDGE) / Math.max(1, values.length - 1);
  let text = "";
  let isDown = false;
  values.forEach((value, index) => {
    if (!Number.isFinite(value)) {
      isDown = false;
      return;
    }
    const x = EDGE + index * step;
    const y = HEIGHT - EDGE - (value / top) * (HEIGHT - 2 * EDGE);
    const at = `${x.toFixed(1)} ${y.toFixed(1)}`;
    // A first point is a dot, in case that no other one follows.
    text += isDown ? `L${at}` : `M${at}h0.01`;
    isDown = true;
  });
  return text;
}

/// How long ago the first sample was.
function spanOf(times, intervalSeconds) {
  const first = new Date(times[0] ?? NaN).getTime();
  const last = new Date(times[times.length - 1] ?? NaN).getTime();
  const seconds = Number.isFinite(last - first)
    ? (last - first) / 1000
    : (times.length - 1) * intervalSeconds;
  return Math.max(0, Math.round(seconds));
}

class Plot {
  constructor(series) {
    this.title = make("figcaption", {},
      make("strong", {}, format.text(series.router)),
      ` ${format.family(series.family)}`);
    this.lines = {};
    this.cells = {};
    const body = make("tbody");
    this.svg = makeSvg("svg", {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      role: "img",
    });
    for (const at of [EDGE, HEIGHT / 2, HEIGHT - EDGE])
      this.svg.append(makeSvg("line",
        { class: "grid", x1: 0, x2: WIDTH, y1: at, y2: at }));
    for (const [name, label] of LINES) {
      this.lines[name] = makeSvg("path", { class: `line ${name}` });
      this.svg.append(this.lines[name]);
      body.append(this.statistics(name, label));
    }
    this.top = make("span", { class: "top" });
    this.since = make("span");
    this.node = make("figure", { class: "plot" },
      this.title,
      make("div", { class: "drawing" }, this.top,
        make("span", { class: "bottom" }, "0"), this.svg),
      make("div", { class: "axis" }, this.since, make("span", {}, "now")),
      this.table(body));
  }

  /// What the plot shows in numbers; it is the legend too.
  table(body) {
    const head = make("tr", {}, make("td"));
    for (const label of ["Now", "Least", "Most"])
      head.append(make("th", { scope: "col" }, label));
    return make("table", {}, make("thead", {}, head), body);
  }

  statistics(name, label) {
    const sample = makeSvg("svg", {
      class: "sample", viewBox: "0 0 24 8", "aria-hidden": "true" },
    makeSvg("path", { class: `line ${name}`, d: "M1 4L23 4" }));
    const row = make("tr", {}, make("th", { scope: "row" }, sample, label));
    this.cells[name] = ["now", "least", "most"].map(() => row.insertCell());
    return row;
  }

  show(series, times, intervalSeconds) {
    const all = LINES.flatMap(([name]) => numbersOf(series[name]));
    const top = ceiling(all.reduce((a, b) => Math.max(a, b), 0));
    const words = [];
    for (const [name, label] of LINES) {
      const values = series[name] ?? [];
      const known = numbersOf(values);
      setAttribute(this.lines[name], "d", pathOf(values, top));
      const figures = [
        known[known.length - 1],
        known.reduce((a, b) => Math.min(a, b), Infinity),
        known.reduce((a, b) => Math.max(a, b), -Infinity),
      ].map(format.count);
      figures.forEach((text, index) => setText(this.cells[name][index], text));
      words.push(`${label} now ${figures[0]}, least ${figures[1]},`
        + ` most ${figures[2]}.`);
    }
    const span = format.duration(spanOf(times, intervalSeconds));
    setText(this.top, format.brief(top));
    setText(this.since, `${span} ago`);
    setAttribute(this.svg, "aria-label", `Routes of ${series.router},`
      + ` ${format.family(series.family)}, over ${span}. ${words.join(" ")}`);
  }
}

export class PlotsView {
  constructor(root, note) {
    this.root = root;
    this.note = note;
    this.plots = new Map();
  }

  update(history) {
    const all = history.series ?? [];
    const times = history.times ?? [];
    const interval = history.interval_seconds ?? 5;
    const wanted = new Set(all.map(keyOf));
    for (const key of this.plots.keys())
      if (!wanted.has(key))
        this.plots.delete(key);
    const nodes = all.map((series) => {
      const key = keyOf(series);
      if (!this.plots.has(key))
        this.plots.set(key, new Plot(series));
      const plot = this.plots.get(key);
      plot.show(series, times, interval);
      return plot.node;
    });
    arrange(this.root, nodes);
    setText(this.note, all.length === 0 ? "No counts yet."
      : `A count every ${format.count(interval)} s.`);
  }
}
