/// The latest events of actors and sessions, as the daemon sends them.

import { make, setAttribute, setText } from "./page-dom.js";
import * as format from "./page-format.js";

const KEPT = 100;
const RETRY_MS = 5000;

/// Mark and words of what can happen to an actor.
const ACTOR_KINDS = {
  started: ["ok", "●", () => "started"],
  ended: ["ended", "✕", () => "ended"],
  restart_scheduled: ["restarted", "↻", (event) =>
    `restarts in ${format.milliseconds(event.delay_ms)}`],
  gave_up: ["ended", "✕", () => "given up: it is not started again"],
  escalated: ["busy", "▲", () => "its failure is passed on to its parent"],
  removed: ["waiting", "–", () => "removed"],
};

function describeActor(event) {
  const [mark, symbol, words] = ACTOR_KINDS[event.kind]
    ?? ["waiting", "·", () => format.text(event.kind)];
  const number = event.incarnation > 1
    ? ` (incarnation ${event.incarnation})` : "";
  return {
    mark,
    symbol,
    subject: format.titleOfId(event.actor),
    words: words(event) + (event.kind === "started" ? number : ""),
    reason: event.reason,
  };
}

function describeSession(event) {
  const { mark, symbol } = format.sessionLook(event.to);
  return {
    mark,
    symbol,
    subject: `session ${format.text(event.neighbor)}`,
    words: `${event.from} → ${event.to}`,
    reason: event.cause,
  };
}

export class EventsView {
  /// `onEvent(type, event)` for each, `onOpen(id)` when an actor is chosen,
  /// `onState(isConnected)` when the stream opens or breaks.
  constructor(list, state, none, { onEvent, onOpen, onState }) {
    this.list = list;
    this.state = state;
    this.none = none;
    this.onEvent = onEvent;
    this.onOpen = onOpen;
    this.onState = onState;
    this.setState("waiting", "○ connecting");
  }

  connect() {
    // The browser connects anew by itself, and says which event it has seen
    // last. Only when it was refused it does not.
    const source = new EventSource("/v1/events");
    source.addEventListener("open", () => {
      this.setState("ok", "● connected");
      this.onState(true);
    });
    source.addEventListener("error", () => {
      const isRefused = source.readyState === EventSource.CLOSED;
      this.setState("ended", isRefused ? "✕ refused, trying again"
        : "✕ broken, connecting again");
      this.onState(false);
      if (isRefused)
        setTimeout(() => this.connect(), RETRY_MS);
    });
    for (const type of ["actor", "session"])
      source.addEventListener(type, (message) => this.take(type, message));
  }

  setState(mark, text) {
    setAttribute(this.state, "data-mark", mark);
    setText(this.state, text);
  }

  take(type, message) {
    let event;
    try {
      event = JSON.parse(message.data);
    } catch {
      return; // cut off; the next one will do
    }
    this.add(type === "actor" ? describeActor(event) : describeSession(event),
      event);
    this.onEvent(type, event);
  }

  add(what, event) {
    const subject = event.actor
      ? make("button", { type: "button", class: "link" }, what.subject)
      : make("strong", {}, what.subject);
    if (event.actor)
      subject.addEventListener("click", () => this.onOpen(event.actor));
    const where = [event.router, event.actor].filter(Boolean);
    const item = make("li", { "data-mark": what.mark },
      make("time", { datetime: event.time }, format.clock(event.time)),
      make("span", { class: "symbol", "aria-hidden": "true" }, what.symbol),
      make("span", { class: "what", title: where[where.length - 1] },
        subject, ` ${what.words}`),
      make("span", { class: "reason" }, what.reason ?? ""));
    this.list.prepend(item);
    this.none.hidden = true;
    while (this.list.children.length > KEPT)
      this.list.lastElementChild.remove();
  }
}
