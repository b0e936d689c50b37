/// Elements made and changed in place. Text always goes in as text: peers
/// choose some of it.

/// An element with these attributes; null and false leave one out, true is an
/// empty one. Children are elements or text.
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    setAttribute(node, name, value);
  node.append(...children);
  return node;
}

/// The same for a drawing.
export function makeSvg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes))
    setAttribute(node, name, value);
  node.append(...children);
  return node;
}

/// What is equal stays untouched: a selection, and what a screen reader has
/// seen, survive an update.
export function setText(node, text) {
  if (node.textContent !== text)
    node.textContent = text;
}

export function setAttribute(node, name, value) {
  if (value === null || value === undefined || value === false) {
    if (node.hasAttribute(name))
      node.removeAttribute(name);
    return;
  }
  const text = value === true ? "" : String(value);
  if (node.getAttribute(name) !== text)
    node.setAttribute(name, text);
}

/// Makes these the children of `parent`, in this order, and moves none that
/// stands right; the focus stays where it is.
export function arrange(parent, nodes) {
  const wanted = new Set(nodes);
  const focused = document.activeElement;
  for (const child of [...parent.children])
    if (!wanted.has(child))
      child.remove();
  let at = parent.firstElementChild;
  for (const node of nodes) {
    if (node === at)
      at = at.nextElementSibling;
    else
      parent.insertBefore(node, at);
  }
  if (focused !== document.activeElement && parent.contains(focused))
    focused.focus({ preventScroll: true });
}

/// A mark of a state: its symbol and text, so that colour is never all.
export function makePill() {
  const node = make("span", { class: "pill" });
  const symbol = make("span", { "aria-hidden": "true", class: "symbol" });
  const text = make("span", { class: "text" });
  node.append(symbol, text);
  return { node, symbol, text };
}

export function setPill(pill, look) {
  setAttribute(pill.node, "data-mark", look.mark);
  setText(pill.symbol, look.symbol);
  setText(pill.text, look.text);
}

/// A rectangle of text with a heading, which scrolls by itself. Its rows are
/// used again, so that it can be told the same every second.
export class TextTable {
  constructor(title, id, columns) {
    this.count = make("span", { class: "count" });
    this.body = make("tbody");
    this.none = make("p", { class: "note" }, "None.");
    const head = make("tr");
    for (const column of columns)
      head.append(make("th", { scope: "col" }, column));
    this.scroll = make(
      "div",
      { class: "scroll", role: "region", tabindex: "0", "aria-labelledby": id },
      make("table", {}, make("thead", {}, head), this.body),
    );
    this.node = make(
      "section",
      {},
      make("h3", { id }, title, " ", this.count),
      this.none,
      this.scroll,
    );
  }

  /// `rows` are lists of text, one for each column.
  show(rows) {
    setText(this.count, rows.length ? `(${rows.length})` : "");
    this.none.hidden = rows.length > 0;
    this.scroll.hidden = rows.length === 0;
    while (this.body.rows.length > rows.length)
      this.body.lastElementChild.remove();
    rows.forEach((cells, index) => {
      const row = this.body.rows[index] ?? this.body.insertRow();
      cells.forEach((text, column) =>
        setText(row.cells[column] ?? row.insertCell(), text),
      );
    });
  }
}
