/// The tree of the actors: its rows are kept by id, so focus and selection
/// survive each update.

import { arrange, make, makePill, setAttribute, setPill, setText }
  from "./page-dom.js";
import { count, kind, rate, share } from "./page-format.js";

/// From here on only rows in sight are laid out.
const MANY_ROWS = 200;

/// One line of the tree.
class Row {
  constructor(id, number) {
    this.twisty = make("span", { class: "twisty", "aria-hidden": "true" });
    this.kind = make("span", { class: "kind" });
    this.name = make("span", { class: "name" });
    this.below = make("span", { class: "below" });
    this.pill = makePill();
    this.note = make("span", { class: "note" });
    const who = make("span", { class: "who" });
    who.append(this.twisty, this.kind, this.name, this.below);
    this.numbers = {};
    for (const name of ["mailbox", "msg/s", "CPU", "restarts"])
      this.numbers[name] =
        make("span", { class: "number", "data-label": name });
    this.node = make(
      "div",
      { class: "row", role: "treeitem", id: `row-${number}`, tabindex: "-1" },
      who,
      make("span", { class: "state" }, this.pill.node, this.note),
      ...Object.values(this.numbers),
    );
    this.node.dataset.id = id;
  }

  show(row, isSelected) {
    const { node } = this;
    setAttribute(node, "aria-level", row.level);
    setAttribute(node, "aria-posinset", row.position);
    setAttribute(node, "aria-setsize", row.size);
    setAttribute(node, "aria-expanded",
      row.open === null ? null : String(row.open));
    setAttribute(node, "aria-selected",
      row.group ? null : String(isSelected));
    if (node.style.getPropertyValue("--level") !== String(row.level))
      node.style.setProperty("--level", row.level);
    setText(this.twisty, { true: "▾", false: "▸", null: "" }[row.open]);
    if (row.group)
      this.showGroup(row.group);
    else
      this.showActor(row.actor);
    this.showBelow(row);
    setPill(this.pill, row.look);
    setText(this.note, row.look.note ?? "");
    setAttribute(node, "data-mark", row.look.mark);
    setAttribute(node, "aria-label", this.label(row));
  }

  showActor(actor) {
    const hasName = actor.name && actor.name !== actor.kind;
    setText(this.kind, kind(actor.kind));
    setText(this.name, hasName ? actor.name : "");
    setAttribute(this.name, "title", actor.id);
    this.showNumbers({
      mailbox: actor.mailbox?.depth,
      rate: actor.messages_per_second,
      share: actor.cpu_share,
      restarts: actor.restarts?.count,
    });
  }

  showGroup(group) {
    setText(this.kind, "");
    setText(this.name, group.title);
    this.showNumbers({ ...group, mailbox: group.depth });
  }

  showNumbers({ mailbox, rate: perSecond, share: processor, restarts }) {
    const cells = this.numbers;
    setText(cells.mailbox, count(mailbox));
    setText(cells["msg/s"], rate(perSecond));
    setText(cells.CPU, share(processor));
    setText(cells.restarts, count(restarts));
    // What is not zero is what one looks for.
    setAttribute(cells.mailbox, "data-some", mailbox > 0);
    setAttribute(cells.restarts, "data-some", restarts > 0);
  }

  /// What a closed row hides; a group says that in its own words.
  showBelow(row) {
    const { hidden, group } = row;
    let text = "";
    if (group?.more > 0 && row.open)
      text = `${count(group.more)} more: filter for them`;
    else if (hidden?.count > 1 && !group)
      text = `+${count(hidden.count)}`;
    const urgent = hidden?.look && hidden.look.mark !== "ok";
    if (urgent && !group)
      text = `${text} ${hidden.look.symbol} ${hidden.look.text}`.trim();
    setText(this.below, text);
    setAttribute(this.below, "data-mark", urgent ? hidden.look.mark : null);
  }

  /// Without the numbers, which change all the time.
  label(row) {
    const restarts = row.actor?.restarts?.count ?? 0;
    const state = row.look.mark === "busy" ? "busy" : row.look.text;
    const words = [`${this.kind.textContent} ${this.name.textContent}`.trim()];
    words.push(row.group ? row.look.text : state);
    if (restarts > 0)
      words.push(`${restarts} ${restarts === 1 ? "restart" : "restarts"}`);
    if (row.hidden?.look?.mark === "ended" || row.hidden?.look?.mark === "busy")
      words.push(`below it one is ${row.hidden.look.mark}`);
    return words.join(", ");
  }
}

export class TreeView {
  /// `onOpen(id, moveFocus)`: an actor is chosen.
  constructor(root, model, onOpen) {
    this.root = root;
    this.model = model;
    this.onOpen = onOpen;
    this.rows = new Map(); // by id
    this.shown = [];
    this.current = ""; // the one that Tab reaches
    this.selected = "";
    this.made = 0;
    root.addEventListener("click", (event) => this.click(event));
    root.addEventListener("keydown", (event) => this.key(event));
    root.addEventListener("focusin", (event) =>
      this.setCurrent(event.target.dataset.id));
  }

  update() {
    this.shown = this.model.visible();
    const wanted = new Set();
    for (const row of this.shown) {
      wanted.add(row.id);
      if (!this.rows.has(row.id))
        this.rows.set(row.id, new Row(row.id, (this.made += 1)));
      this.rows.get(row.id).show(row, row.id === this.selected);
    }
    const hadFocus = this.root.contains(document.activeElement);
    this.keepCurrent(wanted);
    for (const id of this.rows.keys())
      if (!wanted.has(id))
        this.rows.delete(id);
    setAttribute(this.root, "data-many", this.shown.length >= MANY_ROWS);
    arrange(
      this.root,
      this.shown.map((row) => this.rows.get(row.id).node),
    );
    if (hadFocus && !this.root.contains(document.activeElement))
      this.rows.get(this.current)?.node.focus({ preventScroll: true });
  }

  /// The row that had the focus may be gone: the nearest one above takes over.
  keepCurrent(wanted) {
    let next = this.current;
    if (!wanted.has(next))
      next = this.model.above(next).find((id) => wanted.has(id))
        ?? this.shown[0]?.id ?? "";
    this.setCurrent(next);
  }

  setCurrent(id) {
    if (id !== this.current)
      this.setReached(this.current, false);
    this.current = id;
    this.setReached(id, true);
  }

  setReached(id, isReached) {
    const row = this.rows.get(id);
    if (row)
      setAttribute(row.node, "tabindex", isReached ? "0" : "-1");
  }

  select(id) {
    this.selected = id;
    this.update();
  }

  /// Gives the actor's row the focus, if it has one.
  focus(id) {
    const row = this.rows.get(id) ?? this.rows.get(this.current);
    row?.node.focus();
  }

  click(event) {
    const node = event.target.closest("[role=treeitem]");
    const row = this.shown.find((each) => each.id === node?.dataset.id);
    if (!row)
      return;
    node.focus({ preventScroll: true });
    if (row.group || event.target.closest(".twisty"))
      this.toggle(row);
    else
      this.onOpen(row.id, false);
  }

  toggle(row) {
    if (row.open === null)
      return;
    this.model.toggle(row);
    this.update();
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey)
      return;
    const index = this.shown.findIndex((row) => row.id === this.current);
    const row = this.shown[index];
    if (!row)
      return;
    const actions = {
      ArrowDown: () => this.goTo(index + 1),
      ArrowUp: () => this.goTo(index - 1),
      Home: () => this.goTo(0),
      End: () => this.goTo(this.shown.length - 1),
      ArrowRight: () => this.goIn(row, index),
      ArrowLeft: () => this.goOut(row),
      Enter: () => this.choose(row),
      " ": () => this.choose(row),
    };
    const action = actions[event.key];
    if (action)
      action();
    else if (event.key.length !== 1 || !this.goToLetter(event.key, index))
      return;
    event.preventDefault();
  }

  goTo(index) {
    const row = this.shown[index];
    if (row)
      this.rows.get(row.id).node.focus();
  }

  goIn(row, index) {
    if (row.open === false)
      this.toggle(row);
    else if (row.open)
      this.goTo(index + 1);
  }

  goOut(row) {
    if (row.open && !this.model.kept)
      this.toggle(row);
    else
      this.goTo(this.shown.findIndex((each) => each.id === row.parent));
  }

  choose(row) {
    if (row.group)
      this.toggle(row);
    else
      this.onOpen(row.id, true);
  }

  /// The next row whose name, or kind where it has none, begins so.
  goToLetter(letter, from) {
    const wanted = letter.toLowerCase();
    const length = this.shown.length;
    for (let step = 1; step <= length; step += 1) {
      const index = (from + step) % length;
      const { name, kind: what } = this.rows.get(this.shown[index].id);
      const text = name.textContent || what.textContent;
      if (text.toLowerCase().startsWith(wanted)) {
        this.goTo(index);
        return true;
      }
    }
    return false;
  }
}
