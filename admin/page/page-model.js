/// The actors as a tree, and which of it is to be seen.

import { actorLook, count, kind, URGENCY } from "./page-format.js";

/// Where a parent has more children of one kind, they are put into a group.
const GROUP_FROM = 51;
/// Rows of an open group; the filter finds the others.
const GROUP_ROWS = 1000;
/// Closed at first: their connections double the rows and say little.
const CLOSED_KINDS = new Set(["session"]);

const plural = (name) =>
  /[^aeiou]y$/.test(name) ? `${name.slice(0, -1)}ies` : `${name}s`;

const rank = (look) => (look ? URGENCY.indexOf(look.mark) : -1);

export class ActorModel {
  constructor() {
    this.actors = new Map(); // by id, in the order of the daemon
    this.looks = new Map();
    this.children = new Map(); // "" has the roots
    this.groups = new Map(); // by the id of a row of its own
    this.groupOf = new Map(); // the id of the group of an actor
    this.opened = new Map(); // what the user has opened or closed
    this.givenUp = new Set();
    this.words = [];
    this.matches = 0;
    this.kept = null; // ids that a filter leaves; null without one
  }

  update(actors) {
    this.actors = new Map(actors.map((actor) => [actor.id, actor]));
    this.looks = new Map();
    this.children = new Map();
    for (const actor of this.actors.values()) {
      this.looks.set(
        actor.id,
        actorLook(actor, this.givenUp.has(actor.id)),
      );
      const parent = this.actors.has(actor.parent) ? actor.parent : "";
      if (!this.children.has(parent))
        this.children.set(parent, []);
      this.children.get(parent).push(actor.id);
    }
    this.groups = new Map();
    this.groupOf = new Map();
    for (const [parent, ids] of [...this.children])
      this.children.set(parent, this.grouped(parent, ids));
    this.keepMatches();
  }

  filter(text) {
    this.words = text.toLowerCase().split(/\s+/).filter(Boolean);
    this.keepMatches();
  }

  toggle(row) {
    this.opened.set(row.id, !row.open);
  }

  /// Opens whatever is above the actor, so that it has a row.
  reveal(id) {
    for (const above of this.above(id))
      this.opened.set(above, true);
  }

  /// The rows to be seen: {id, actor, group, look, level, position, size, open,
  /// hidden, parent}. `open` is null where there is nothing to open; `hidden`
  /// says what a closed one hides: {count, look} with its most urgent look.
  visible() {
    const rows = [];
    this.walk("", 1, rows);
    return rows;
  }

  walk(parent, level, rows) {
    const all = this.children.get(parent) ?? [];
    const left = this.kept ? all.filter((id) => this.kept.has(id)) : all;
    const ids = this.groups.has(parent) ? left.slice(0, GROUP_ROWS) : left;
    ids.forEach((id, index) => {
      const row = this.row(id, parent, level);
      row.position = index + 1;
      row.size = left.length;
      rows.push(row);
      if (row.open)
        this.walk(id, level + 1, rows);
    });
  }

  row(id, parent, level) {
    const group = this.groups.get(id) ?? null;
    const actor = this.actors.get(id) ?? null;
    const hasMore = (this.children.get(id) ?? []).some(
      (child) => !this.kept || this.kept.has(child),
    );
    const open = hasMore ? this.isOpen(id, actor) : null;
    return {
      id,
      actor,
      group,
      look: this.looks.get(id) ?? group?.look,
      level,
      parent,
      open,
      hidden: open === false ? this.hiddenBelow(id) : null,
    };
  }

  isOpen(id, actor) {
    // All that is left of a closed one was filtered for.
    if (this.kept)
      return true;
    return this.opened.get(id)
      ?? (actor !== null && !CLOSED_KINDS.has(actor.kind));
  }

  hiddenBelow(id) {
    let all = 0;
    let worst = null;
    const visit = (parent) => {
      for (const child of this.children.get(parent) ?? []) {
        const look = this.looks.get(child);
        if (look) {
          all += 1;
          if (rank(look) > rank(worst))
            worst = look;
        }
        visit(child);
      }
    };
    visit(id);
    return { count: all, look: worst };
  }

  /// The ids of the parents, the nearest one first, groups included.
  above(id) {
    const result = [];
    const actor = this.actors.get(id);
    if (!actor)
      return result;
    const group = this.groupOf.get(id);
    if (group)
      result.push(group);
    if (this.actors.has(actor.parent))
      result.push(actor.parent, ...this.above(actor.parent));
    return result;
  }

  /// The ids with a group in the place of the first of its members.
  grouped(parent, ids) {
    const byKind = new Map();
    for (const id of ids) {
      const name = this.actors.get(id).kind;
      if (!byKind.has(name))
        byKind.set(name, []);
      byKind.get(name).push(id);
    }
    const result = [];
    const done = new Set();
    for (const id of ids) {
      const name = this.actors.get(id).kind;
      const members = byKind.get(name);
      if (members.length < GROUP_FROM) {
        result.push(id);
      } else if (!done.has(name)) {
        done.add(name);
        result.push(this.addGroup(parent, name, members));
      }
    }
    return result;
  }

  addGroup(parent, name, members) {
    const id = `${parent} ${name}`; // no actor's id has a space
    const actors = members.map((member) => this.actors.get(member));
    const sum = (value) =>
      actors.reduce((all, actor) => all + (value(actor) ?? 0), 0);
    this.children.set(id, members);
    members.forEach((member) => this.groupOf.set(member, id));
    this.groups.set(id, {
      title: `${count(members.length)} ${plural(kind(name))}`,
      more: members.length - GROUP_ROWS,
      depth: sum((actor) => actor.mailbox?.depth),
      rate: sum((actor) => actor.messages_per_second),
      share: sum((actor) => actor.cpu_share),
      restarts: sum((actor) => actor.restarts?.count),
      look: this.groupLook(members, actors),
    });
    return id;
  }

  /// The mark of the most urgent member, and how many are in which state.
  groupLook(members, actors) {
    const states = new Map();
    for (const { state } of actors)
      states.set(state, (states.get(state) ?? 0) + 1);
    const most = [...states].sort((a, b) => b[1] - a[1]);
    const parts = most.slice(0, 3).map(([state, n]) => `${count(n)} ${state}`);
    if (most.length > 3)
      parts.push("…");
    const worst = members
      .map((id) => this.looks.get(id))
      .reduce((a, b) => (rank(b) > rank(a) ? b : a));
    return { ...worst, text: parts.join(", "), note: undefined };
  }

  keepMatches() {
    this.kept = null;
    this.matches = this.actors.size;
    if (this.words.length === 0)
      return;
    this.kept = new Set();
    this.matches = 0;
    for (const actor of this.actors.values()) {
      if (!this.isMatch(actor))
        continue;
      this.matches += 1;
      this.kept.add(actor.id);
      for (const above of this.above(actor.id))
        this.kept.add(above);
    }
  }

  isMatch(actor) {
    const look = this.looks.get(actor.id);
    const text = [kind(actor.kind), actor.name, look.text, look.note, actor.id]
      .join(" ")
      .toLowerCase();
    return this.words.every((word) => text.includes(word));
  }
}
