/// Puts the parts of the page together: what is asked when, and who is told.

import { get, token } from "./page-api.js";
import { DetailsView } from "./page-details.js";
import { arrange, make, setAttribute, setText } from "./page-dom.js";
import { EventsView } from "./page-events.js";
import * as format from "./page-format.js";
import { ActorModel } from "./page-model.js";
import { NeighborsView } from "./page-neighbors.js";
import { PlotsView } from "./page-plots.js";
import { Poller } from "./page-poll.js";
import { TreeView } from "./page-tree.js";

const ACTORS_MS = 1000;
const NEIGHBORS_MS = 2000;
const HISTORY_MS = 5000;
/// Events within this time are answered together.
const SETTLE_MS = 100;
const ANNOUNCE_MS = 1500;
const ANNOUNCED_AT_ONCE = 3;

const element = (id) => document.getElementById(id);
/// Where the details are below the tree, not beside it.
const isNarrow = window.matchMedia("(max-width: 64rem)");

/// Tells a screen reader what matters, a few things at a time.
class Announcer {
  constructor(node) {
    this.node = node;
    this.waiting = [];
    this.timer = 0;
  }

  say(text) {
    this.waiting.push(text);
    this.timer ||= setTimeout(() => this.flush(), ANNOUNCE_MS);
  }

  flush() {
    const first = this.waiting.slice(0, ANNOUNCED_AT_ONCE);
    const more = this.waiting.length - first.length;
    if (more > 0)
      first.push(`and ${more} more events`);
    this.node.textContent = `${first.join(". ")}.`;
    this.waiting = [];
    this.timer = 0;
  }
}

class TokenForm {
  constructor() {
    this.field = element("token");
    this.note = element("token-note");
    this.field.value = token.get();
    element("token-form").addEventListener("submit", (event) =>
      event.preventDefault());
    this.field.addEventListener("input", () => this.take());
    element("token-forget").addEventListener("click", () => this.forget());
    this.tell();
  }

  take() {
    const value = this.field.value.trim();
    if (value)
      token.set(value);
    else
      token.forget();
    this.tell();
  }

  forget() {
    token.forget();
    this.field.value = "";
    this.tell("Forgotten.");
    this.field.focus();
  }

  tell(text) {
    setAttribute(this.field, "aria-invalid", null);
    setText(this.note, text ?? (token.get()
      ? "Kept until this tab is closed." : "Needed to restart an actor."));
  }

  refuse() {
    setAttribute(this.field, "aria-invalid", "true");
    setText(this.note, token.get()
      ? "The daemon refused this token." : "The daemon asks for the token.");
  }
}

/// A few numbers over all actors.
class Summary {
  constructor(root) {
    this.root = root;
    this.values = new Map();
  }

  show(entries) {
    const nodes = entries.map(([label, value, mark]) => {
      if (!this.values.has(label)) {
        const number = make("dd");
        const box = make("div", {}, make("dt", {}, label), number);
        this.values.set(label, { box, number });
      }
      const { box, number } = this.values.get(label);
      setText(number, value);
      setAttribute(box, "data-mark", mark ?? null);
      return box;
    });
    arrange(this.root, nodes);
  }

  update(model) {
    const actors = [...model.actors.values()];
    const sum = (value) =>
      actors.reduce((all, actor) => all + (value(actor) ?? 0), 0);
    const marked = (mark) =>
      [...model.looks.values()].filter((look) => look.mark === mark).length;
    const sessions = actors.filter((actor) => actor.kind === "session");
    const up = sessions.filter((actor) => actor.state === "Established");
    const [busy, ended] = [marked("busy"), marked("ended")];
    this.show([
      ["Actors", format.count(actors.length)],
      ["Sessions up", `${format.count(up.length)} of`
        + ` ${format.count(sessions.length)}`,
      up.length < sessions.length ? "waiting" : "ok"],
      ["Busy", format.count(busy), busy > 0 ? "busy" : null],
      ["Ended", format.count(ended), ended > 0 ? "ended" : null],
      ["Restarts", format.count(sum((actor) => actor.restarts?.count))],
      ["Waiting messages", format.count(sum((actor) => actor.mailbox?.depth))],
      ["Messages/s", format.rate(sum((actor) => actor.messages_per_second))],
      ["CPU", format.share(sum((actor) => actor.cpu_share))],
    ]);
  }
}

class Page {
  constructor() {
    this.announcer = new Announcer(element("announcements"));
    this.token = new TokenForm();
    this.model = new ActorModel();
    this.summary = new Summary(element("summary"));
    this.lostAt = null;
    this.makeViews();
    this.actors = new Poller(ACTORS_MS, () => this.askActors());
    this.neighborsPoller = this.poller(
      "/v1/neighbors", NEIGHBORS_MS, element("neighbors-count"),
      (answer) => this.neighbors.update(answer.neighbors ?? []));
    this.history = this.poller(
      "/v1/history", HISTORY_MS, element("routes-note"),
      (answer) => this.plots.update(answer));
    this.tellConnection();
  }

  makeViews() {
    const open = (id, moveFocus) => this.open(id, moveFocus);
    this.tree = new TreeView(element("tree"), this.model, open);
    this.details = new DetailsView(element("details"), {
      givenUp: this.model.givenUp,
      onToken: () => this.token.refuse(),
      onClose: (id) => {
        this.tree.select("");
        this.tree.focus(id);
      },
      onRestart: () => this.actors.soon(),
    });
    this.neighbors = new NeighborsView(
      element("neighbors-table"),
      element("neighbors-filter"),
      element("neighbors-count"),
      (neighbor) => this.openSession(neighbor));
    this.plots = new PlotsView(element("plots"), element("routes-note"));
    this.events = new EventsView(
      element("events-list"),
      element("events-state"),
      element("events-none"),
      {
        onEvent: (type, event) => this.onEvent(type, event),
        onOpen: (id) => this.openElsewhere(id),
        onState: (isConnected) => isConnected && this.actors.within(SETTLE_MS),
      });
    element("actors-filter").addEventListener("input", (event) => {
      this.model.filter(event.target.value);
      this.showActors();
    });
  }

  /// Asks for a document; where that fails, `note` says so.
  poller(path, intervalMs, note, apply) {
    return new Poller(intervalMs, async () => {
      try {
        apply(await get(path));
      } catch (error) {
        if (!error.status && error.status !== 0)
          throw error; // ours
        setText(note, `Not up to date: ${error.message}.`);
      }
    });
  }

  start() {
    this.actors.soon();
    this.neighborsPoller.soon();
    this.history.soon();
    this.events.connect();
  }

  async askActors() {
    try {
      const answer = await get("/v1/actors");
      this.model.update(answer.actors ?? []);
      this.lostAt = null;
      this.showActors();
    } catch (error) {
      if (!error.status && error.status !== 0)
        throw error; // ours
      this.lostAt ??= new Date();
      this.reason = error.message;
    }
    this.tellConnection();
  }

  showActors() {
    const { model } = this;
    this.tree.update();
    this.summary.update(model);
    const all = format.count(model.actors.size);
    // Of what is unchanged a screen reader says nothing.
    setText(element("actors-count"), model.kept
      ? `${format.count(model.matches)} of ${all} match`
      : "");
    const root = model.actors.values().next().value;
    document.title = root?.node ? `Troupe: ${root.node}` : "Troupe";
  }

  tellConnection() {
    const node = element("connection");
    const trouble = element("trouble");
    const since = this.lostAt ? format.clock(this.lostAt, false) : "";
    const isNew = this.model.actors.size === 0;
    trouble.hidden = !this.lostAt;
    setText(trouble, this.lostAt
      ? `What you see is from ${since}: ${this.reason}. Trying again.` : "");
    let shown = ["ok", "● live"];
    if (this.lostAt)
      shown = ["ended", "✕ no answer"];
    else if (isNew)
      shown = ["waiting", "○ asking"];
    setAttribute(node, "data-mark", shown[0]);
    setText(node, shown[1]);
  }

  open(id, moveFocus) {
    this.tree.select(id);
    // Below the tree nobody would see that something has opened.
    this.details.show(id, this.model.actors.get(id),
      moveFocus || isNarrow.matches);
  }

  /// From another part of the page: the tree shows it too.
  openElsewhere(id) {
    this.model.reveal(id);
    this.open(id, true);
  }

  openSession(neighbor) {
    for (const actor of this.model.actors.values()) {
      const router = this.model.actors.get(actor.parent);
      if (actor.kind === "session" && actor.name === neighbor.name
          && router?.name === neighbor.router)
        this.openElsewhere(actor.id);
    }
  }

  onEvent(type, event) {
    this.actors.within(SETTLE_MS);
    if (event.actor && event.actor === this.details.id)
      this.details.poller.within(SETTLE_MS);
    if (type === "actor")
      this.onActorEvent(event);
    else
      this.onSessionEvent(event);
  }

  onActorEvent(event) {
    const { givenUp } = this.model;
    if (event.kind === "gave_up")
      givenUp.add(event.actor);
    else if (event.kind === "started" || event.kind === "removed")
      givenUp.delete(event.actor);
    if (event.kind === "gave_up" || event.kind === "escalated") {
      const what = event.kind === "gave_up" ? "given up" : "failed";
      this.announcer.say(`${format.titleOfId(event.actor)} ${what}`);
    }
  }

  onSessionEvent(event) {
    this.neighborsPoller.within(SETTLE_MS);
    const wasUp = event.from === "Established";
    const isUp = event.to === "Established";
    if (wasUp !== isUp)
      this.announcer.say(`session ${event.neighbor} is ${event.to}`);
  }
}

new Page().start();
