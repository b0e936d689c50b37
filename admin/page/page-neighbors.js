/// The table of the neighbours; as cards where there is no room for a table.

import { arrange, make, makePill, setAttribute, setPill, setText }
  from "./page-dom.js";
import * as format from "./page-format.js";

const COLUMNS = [
  ["router", "Router"],
  ["name", "Name"],
  ["address", "Address"],
  ["asn", "AS"],
  ["state", "State"],
  ["uptime", "Uptime"],
  ["received", "Received"],
  ["accepted", "Accepted"],
  ["advertised", "Advertised"],
  ["error", "Last error"],
];
const NUMBERS = new Set(["received", "accepted", "advertised"]);

const keyOf = (neighbor) => `${neighbor.router} ${neighbor.name}`;

const sumOf = (neighbor, what) =>
  Object.values(neighbor.families ?? {}).reduce(
    (sum, family) => sum + (family[what] ?? 0),
    0,
  );

/// The roles are said although they are those of a table: as cards its elements
/// are no table any more to a browser, but still to its listener.
class Row {
  constructor(onOpen) {
    this.cells = {};
    this.node = make("tr", { role: "row" });
    for (const [name, label] of COLUMNS) {
      const isHeader = name === "name";
      const cell = make(isHeader ? "th" : "td", {
        role: isHeader ? "rowheader" : "cell",
        scope: isHeader ? "row" : null,
        "data-label": label,
        class: NUMBERS.has(name) ? "number" : name,
      });
      this.cells[name] = cell;
      this.node.append(cell);
    }
    this.open = make("button", { type: "button", class: "link" });
    this.open.addEventListener("click", () => onOpen(this.neighbor));
    this.description = make("span", { class: "note" });
    this.cells.name.append(this.open, this.description);
    this.pill = makePill();
    this.cells.state.append(this.pill.node);
  }

  show(neighbor) {
    const { cells } = this;
    this.neighbor = neighbor;
    this.node.dataset.name = neighbor.name;
    setText(cells.router, format.text(neighbor.router));
    setText(this.open, format.text(neighbor.name));
    setText(this.description, neighbor.description ?? "");
    setText(cells.address, format.text(neighbor.address));
    setText(cells.asn, format.text(neighbor.remote_asn));
    setPill(this.pill, format.sessionLook(neighbor.state));
    const isUp = neighbor.state === "Established";
    setText(cells.uptime, isUp ? format.duration(neighbor.uptime_seconds)
      : format.text(""));
    for (const what of NUMBERS)
      setText(cells[what], format.count(sumOf(neighbor, what)));
    setText(cells.error, format.text(neighbor.last_error));
  }
}

export class NeighborsView {
  /// `onOpen(neighbor)`: its session is to be shown.
  constructor(root, filter, note, onOpen) {
    this.note = note;
    this.onOpen = onOpen;
    this.rows = new Map();
    this.neighbors = [];
    this.words = [];
    this.body = make("tbody", { role: "rowgroup" });
    const head = make("tr", { role: "row" });
    for (const [name, label] of COLUMNS)
      head.append(make("th", {
        role: "columnheader",
        scope: "col",
        class: NUMBERS.has(name) ? "number" : null,
      }, label));
    root.append(make(
      "table",
      { role: "table", class: "cards", "aria-labelledby": "neighbors-title" },
      make("thead", { role: "rowgroup" }, head),
      this.body,
    ));
    filter.addEventListener("input", () => {
      this.words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      this.update(this.neighbors);
    });
  }

  update(neighbors) {
    this.neighbors = neighbors;
    const nodes = [];
    const wanted = new Set();
    for (const neighbor of neighbors) {
      if (!this.isMatch(neighbor))
        continue;
      const key = keyOf(neighbor);
      wanted.add(key);
      if (!this.rows.has(key))
        this.rows.set(key, new Row(this.onOpen));
      const row = this.rows.get(key);
      row.show(neighbor);
      nodes.push(row.node);
    }
    for (const key of this.rows.keys())
      if (!wanted.has(key))
        this.rows.delete(key);
    arrange(this.body, nodes);
    this.count(nodes.length);
  }

  isMatch(neighbor) {
    const { router, name, description, address, remote_asn: asn } = neighbor;
    const text = [router, name, description, address, asn, neighbor.state,
      neighbor.last_error].join(" ").toLowerCase();
    return this.words.every((word) => text.includes(word));
  }

  count(shown) {
    const all = this.neighbors.length;
    const up = this.neighbors.filter((each) => each.state === "Established");
    let text = `${format.count(up.length)} of ${format.count(all)} Established`;
    if (this.words.length > 0)
      text += `; ${format.count(shown)} shown`;
    setText(this.note, all === 0 ? "There are none." : text);
    setAttribute(this.body.parentNode, "hidden", shown === 0);
  }
}
