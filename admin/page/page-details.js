/// The panel with all that is known of one actor, and its restart.

import { actorPath, get, restart } from "./page-api.js";
import { arrange, make, makePill, setAttribute, setPill, setText, TextTable }
  from "./page-dom.js";
import * as format from "./page-format.js";
import { Poller } from "./page-poll.js";

const INTERVAL_MS = 1000;

/// What a restart does, where that is more than the actor itself.
const CONSEQUENCES = {
  node: "Everything below it ends and starts again.",
  router: "Its sessions end, and are established again.",
  session: "The BGP session ends, and is established again.",
  connection: "The BGP session ends, and is established again.",
};

/// Fields that are shown where the daemon tells them.
const MORE_FIELDS = [
  ["cpu_seconds", "CPU time", format.duration],
  ["unexpected_messages", "Unexpected messages", format.count],
  ["traced", "Traced", format.yesOrNo],
  ["fault_armed", "Fault armed", format.yesOrNo],
  ["last_end_reason", "Ended last because of", format.text],
];

/// Keys that have a place of their own; all others are shown as they come.
const KNOWN = new Set([
  "id", "kind", "name", "node", "parent", "state", "mailbox", "messages",
  "messages_by_type", "messages_per_second", "cpu_share", "handling_us",
  "restarts", "uptime_seconds", "running", "recent_messages",
  "restart_history", "fsm_events", ...MORE_FIELDS.map(([key]) => key),
]);

/// [label, text] of every field.
function fieldsOf(actor) {
  const { mailbox = {}, handling_us: handling = {}, restarts = {} } = actor;
  const { running } = actor;
  const longest = format.microseconds(handling.longest);
  const fields = [
    ["Id", format.text(actor.id)],
    ["Kind", format.kind(actor.kind)],
    ["Name", format.text(actor.name)],
    ["Node", format.text(actor.node)],
    ["Parent", format.text(actor.parent)],
    ["State", format.text(actor.state)],
    ["Handles now", running
      ? `${running.type}, for ${format.milliseconds(running.for_ms)}`
      : "nothing"],
    ["Uptime", format.duration(actor.uptime_seconds)],
    ["Mailbox", format.count(mailbox.depth)],
    ["Oldest message waits", format.milliseconds(mailbox.oldest_ms)],
    ["Messages", format.count(actor.messages)],
    ["Messages per second", format.rate(actor.messages_per_second)],
    ["CPU share", format.share(actor.cpu_share)],
    ["Handling, median", format.microseconds(handling.p50)],
    ["Handling, 99th percentile", format.microseconds(handling.p99)],
    ["Longest handling", handling.longest_type
      ? `${longest} (${handling.longest_type})` : longest],
    ["Longest on the CPU", format.microseconds(handling.longest_cpu)],
    ["Restarts", format.count(restarts.count)],
  ];
  if (restarts.count > 0) {
    fields.push(
      ["Last restart", `${format.duration(restarts.last_seconds_ago)} ago`],
      ["Its reason", format.text(restarts.last_reason)],
    );
  }
  for (const [key, label, shown] of MORE_FIELDS)
    if (key in actor)
      fields.push([label, shown(actor[key])]);
  for (const [key, value] of Object.entries(actor))
    if (!KNOWN.has(key))
      fields.push([key, typeof value === "object"
        ? JSON.stringify(value) : format.text(value)]);
  return fields;
}

const newestFirst = (list, row) => (list ?? []).map(row).reverse();

export class DetailsView {
  /// `givenUp` has the ids that are not started again. `onToken` is called when
  /// the daemon refuses the token, `onClose` when the user closes the panel,
  /// `onRestart` when a restart is on its way.
  constructor(root, { givenUp, onToken, onClose, onRestart }) {
    this.root = root;
    this.givenUp = givenUp;
    this.onToken = onToken;
    this.onClose = onClose;
    this.onRestart = onRestart;
    this.id = "";
    this.restartsBefore = null; // while a restart is waited for
    this.fields = new Map(); // by label
    this.poller = new Poller(INTERVAL_MS, () => this.refresh());
    this.poller.stop();
    this.build();
  }

  build() {
    this.title = make("h2", { id: "details-title", tabindex: "-1" }, "Details");
    this.close = make(
      "button",
      { type: "button", id: "details-close", "aria-label": "Close details" },
      "✕",
    );
    this.hint = make("p", { class: "note" }, "Choose an actor to see its"
      + " messages, its restarts and, of a session, its events.");
    this.body = make("div", { id: "details-body", hidden: true });
    this.root.append(
      make("div", { class: "title" }, this.title, this.close),
      this.hint,
      this.body,
    );
    this.buildRestart();
    this.buildTables();
    this.body.append(
      make("p", { class: "states" }, this.pill.node, this.note),
      this.gone,
      this.restartBox,
      this.list,
      ...this.tables.map((table) => table.node),
    );
    this.close.hidden = true;
    this.close.addEventListener("click", () => this.hide());
    this.root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.id)
        this.hide();
    });
  }

  buildRestart() {
    this.button = make("button", { type: "button", id: "restart" }, "Restart");
    this.consequence = make("p", { class: "note", id: "restart-note" });
    setAttribute(this.button, "aria-describedby", "restart-note");
    this.outcome = make("p", { id: "restart-outcome", role: "status" });
    this.error = make("p", { id: "restart-error", role: "alert" });
    this.toToken = make("a", { href: "#token", hidden: true },
      "Type the token at the top of the page.");
    this.toToken.addEventListener("click", (event) => {
      event.preventDefault();
      document.getElementById("token").focus();
    });
    this.restartBox = make(
      "div",
      { class: "restart" },
      this.button,
      this.consequence,
      this.outcome,
      this.error,
      this.toToken,
    );
    this.button.addEventListener("click", () => this.restart());
  }

  buildTables() {
    this.pill = makePill();
    this.note = make("span", { class: "note" });
    this.gone = make("p", { class: "note", role: "status" });
    this.list = make("dl", { class: "fields" });
    this.fsm = new TextTable("FSM events", "fsm-title",
      ["Time", "From → to", "Event", "Cause", "Connection"]);
    this.restarts = new TextTable("Restarts", "restarts-title",
      ["Time", "Reason"]);
    this.types = new TextTable("Messages by type", "types-title",
      ["Type", "Messages"]);
    this.recent = new TextTable("Last messages", "recent-title",
      ["Time", "Type"]);
    this.tables = [this.fsm, this.restarts, this.types, this.recent];
  }

  /// Shows an actor; `actor` is what the tree knows of it, if anything.
  show(id, actor, moveFocus) {
    if (id !== this.id) {
      this.id = id;
      this.restartsBefore = null;
      setText(this.outcome, "");
      this.clearError();
      setText(this.gone, "");
      this.setBusy(false);
      this.display({ id, ...(actor ?? {}) });
      this.root.scrollTop = 0;
    }
    this.hint.hidden = true;
    this.body.hidden = false;
    this.close.hidden = false;
    if (moveFocus)
      this.title.focus();
    this.poller.soon();
  }

  hide() {
    const { id } = this;
    this.id = "";
    this.poller.stop();
    setText(this.title, "Details");
    this.hint.hidden = false;
    this.body.hidden = true;
    this.close.hidden = true;
    this.onClose(id);
  }

  async refresh() {
    const { id } = this;
    if (!id)
      return;
    try {
      const actor = await get(actorPath(id));
      if (id === this.id)
        this.display(actor);
    } catch (error) {
      if (id !== this.id)
        return;
      setText(this.gone, error.status === 404
        ? "There is no such actor now; this is the last that was known of it."
        : `Not up to date: ${error.message}.`);
      return;
    }
    setText(this.gone, "");
  }

  display(actor) {
    const title = actor.kind
      ? format.title(actor) : format.titleOfId(actor.id);
    setText(this.title, title);
    setText(this.button, this.isBusy ? "Restarting…" : `Restart ${title}`);
    setText(this.consequence, CONSEQUENCES[actor.kind] ?? "");
    const look = format.actorLook(actor, this.givenUp.has(actor.id));
    setPill(this.pill, look);
    setText(this.note, look.note ?? "");
    this.displayFields(fieldsOf(actor));
    this.displayTables(actor);
    this.noticeRestart(actor.restarts?.count);
  }

  displayFields(fields) {
    const nodes = [];
    for (const [label, value] of fields) {
      if (!this.fields.has(label)) {
        const name = make("dt", {}, label);
        this.fields.set(label, { name, value: make("dd") });
      }
      const field = this.fields.get(label);
      setText(field.value, value);
      nodes.push(field.name, field.value);
    }
    arrange(this.list, nodes);
  }

  displayTables(actor) {
    this.fsm.node.hidden = actor.kind !== "session";
    this.fsm.show(newestFirst(actor.fsm_events, (event) => [
      format.clock(event.time),
      event.from === event.to
        ? format.text(event.to) : `${event.from} → ${event.to}`,
      format.text(event.event),
      format.text(event.cause),
      format.text(event.connection),
    ]));
    this.restarts.show(newestFirst(actor.restart_history, (each) =>
      [format.clock(each.time), format.text(each.reason)]));
    this.types.show(Object.entries(actor.messages_by_type ?? {})
      .sort((a, b) => b[1] - a[1])
      .map(([type, number]) => [type, format.count(number)]));
    this.recent.show(newestFirst(actor.recent_messages, (message) =>
      [format.clock(message.time), format.text(message.type)]));
  }

  async restart() {
    const { id } = this;
    if (this.isBusy)
      return;
    const before = Number(this.restartCount ?? 0);
    this.setBusy(true);
    this.clearError();
    setText(this.outcome, "");
    try {
      await restart(id);
      if (id === this.id) {
        this.restartsBefore = before;
        setText(this.outcome, "Accepted: its supervisor restarts it.");
      }
    } catch (error) {
      if (id === this.id)
        this.tellError(error);
    }
    if (id === this.id)
      this.setBusy(false);
    this.onRestart();
    this.poller.soon();
  }

  tellError(error) {
    const status = error.status ? ` (${error.status})` : "";
    const isRefused = error.status === 401 || error.status === 403;
    setText(this.error, `Not restarted${status}: ${error.message}.`);
    this.toToken.hidden = !isRefused;
    if (isRefused)
      this.onToken();
  }

  clearError() {
    setText(this.error, "");
    this.toToken.hidden = true;
  }

  /// Says that it has happened, once.
  noticeRestart(number) {
    this.restartCount = number;
    if (this.restartsBefore === null || !(number > this.restartsBefore))
      return;
    this.restartsBefore = null;
    setText(this.outcome,
      `Restarted at ${format.clock(new Date(), false)}:`
      + ` ${format.count(number)} ${number === 1 ? "restart" : "restarts"}`
      + " in all.");
  }

  /// Not `disabled`, which would take the focus from the button.
  setBusy(isBusy) {
    this.isBusy = isBusy;
    setAttribute(this.button, "aria-disabled", isBusy ? "true" : null);
    if (isBusy)
      setText(this.button, "Restarting…");
    else
      setText(this.button, `Restart ${this.title.textContent}`);
  }
}
