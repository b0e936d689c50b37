/// Values as people read them, and how a state looks.

const MISSING = "–";
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const compact = new Intl.NumberFormat("en", { notation: "compact" });
const day = new Intl.DateTimeFormat("en", { month: "short", day: "numeric" });

const isNumber = (value) =>
  typeof value === "number" && Number.isFinite(value);

export const count = (value) =>
  isNumber(value) ? whole.format(value) : MISSING;

/// "200K": where there is little room.
export const brief = (value) => compact.format(value);

export function rate(value) {
  if (!isNumber(value))
    return MISSING;
  return value >= 100 ? whole.format(value) : value.toFixed(1);
}

/// A share of one processor.
export const share = (value) =>
  isNumber(value) ? `${rate(value * 100)} %` : MISSING;

export function milliseconds(value) {
  if (!isNumber(value))
    return MISSING;
  if (value >= 1000)
    return `${short.format(value / 1000)} s`;
  return value >= 1 || value === 0
    ? `${short.format(value)} ms`
    : `${short.format(value * 1000)} µs`;
}

export const microseconds = (value) =>
  isNumber(value) ? milliseconds(value / 1000) : MISSING;

/// "12 s", "3:07 min", "2:03:07 h", "4 d 2 h".
export function duration(seconds) {
  if (!isNumber(seconds) || seconds < 0)
    return MISSING;
  const all = Math.floor(seconds);
  const two = (number) => String(number).padStart(2, "0");
  if (all < 60)
    return `${all} s`;
  if (all < 3600)
    return `${Math.floor(all / 60)}:${two(all % 60)} min`;
  const hours = Math.floor(all / 3600);
  if (hours < 24)
    return `${hours}:${two(Math.floor(all / 60) % 60)}:${two(all % 60)} h`;
  return `${whole.format(Math.floor(hours / 24))} d ${hours % 24} h`;
}

/// The time of day here, with the day where that is another one.
export function clock(iso, fraction = true) {
  const at = iso instanceof Date ? iso : new Date(iso ?? NaN);
  if (Number.isNaN(at.getTime()))
    return iso ? String(iso) : MISSING;
  const two = (number, digits = 2) => String(number).padStart(digits, "0");
  let text = `${two(at.getHours())}:${two(at.getMinutes())}`
    + `:${two(at.getSeconds())}`;
  if (fraction)
    text += `.${two(at.getMilliseconds(), 3)}`;
  const today = at.toDateString() === new Date().toDateString();
  return today ? text : `${day.format(at)}, ${text}`;
}

export const text = (value) =>
  value === undefined || value === null || value === ""
    ? MISSING
    : String(value);

export const yesOrNo = (value) => (value ? "yes" : "no");

export const family = (name) =>
  String(name ?? "").replace(/^ipv/, "IPv").replaceAll("_", " ");

export const kind = (name) => String(name ?? "actor").replaceAll("_", " ");

/// "session r1"; the name alone is not unique, and some have none.
export const title = (actor) =>
  actor.name && actor.name !== actor.kind
    ? `${kind(actor.kind)} ${actor.name}`
    : kind(actor.kind);

/// What only an id tells: its last segment, with the escapes of the daemon.
export function titleOfId(id) {
  const last = String(id ?? "").split("/").pop();
  const dot = last.indexOf(".");
  const plain = (part) =>
    part.replace(/~([0-9a-f]{2})/gi, (_, hex) =>
      String.fromCharCode(parseInt(hex, 16)),
    );
  return dot < 0
    ? kind(plain(last))
    : `${kind(last.slice(0, dot))} ${plain(last.slice(dot + 1))}`;
}

const MARKS = {
  ok: "●",
  busy: "◆",
  waiting: "○",
  ended: "✕",
  restarted: "↻",
};

/// From the least to the most urgent.
export const URGENCY = ["ok", "waiting", "restarted", "busy", "ended"];

const NOT_UP = new Set([
  "Idle",
  "Connect",
  "Active",
  "OpenSent",
  "OpenConfirm",
  "unbound",
  "starting",
  "stopping",
]);

const JUST_NOW_SECONDS = 10;

export const look = (mark, words) => ({
  mark,
  symbol: MARKS[mark],
  text: words,
});

/// Of a session's state, where there is no actor to ask.
export const sessionLook = (state) =>
  look(NOT_UP.has(state) ? "waiting" : "ok", text(state));

/// `hasGivenUp`: its supervisor said that it will not start it again.
export function actorLook(actor, hasGivenUp = false) {
  const { state, restarts, running } = actor;
  if (state === "busy") {
    const time = running ? ` ${milliseconds(running.for_ms)}` : "";
    return look("busy", `busy${time}`);
  }
  if (state === "ended")
    return look("ended", hasGivenUp ? "given up" : "ended");
  if (restarts?.count > 0 && restarts.last_seconds_ago < JUST_NOW_SECONDS) {
    const ago = `restarted ${duration(restarts.last_seconds_ago)} ago`;
    return { ...look("restarted", text(state)), note: ago };
  }
  return sessionLook(state);
}
