/// Talks to the daemon that serves this page.

const TOKEN_KEY = "troupe.token";
const TIMEOUT_MS = 10000;

/// What the daemon answers instead of what it was asked for. The status is 0
/// where it does not answer at all.
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/// The token lives in sessionStorage only: it ends with the tab.
export const token = {
  get: () => sessionStorage.getItem(TOKEN_KEY) ?? "",
  set: (value) => sessionStorage.setItem(TOKEN_KEY, value),
  forget: () => sessionStorage.removeItem(TOKEN_KEY),
};

export const actorPath = (id) =>
  `/v1/actors/${id.split("/").map(encodeURIComponent).join("/")}`;

async function errorOf(answer) {
  let message = answer.statusText || "refused";
  try {
    message = (await answer.json()).error.message || message;
  } catch {
    // Not one of the daemon's own errors: the status has to do.
  }
  return new ApiError(answer.status, message);
}

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, {
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...options,
    });
  } catch (error) {
    throw new ApiError(0, error.name === "TimeoutError"
      ? `no answer within ${TIMEOUT_MS / 1000} s`
      : "the daemon does not answer");
  }
  if (!answer.ok)
    throw await errorOf(answer);
  try {
    return await answer.json();
  } catch {
    throw new ApiError(0, "the answer was cut off or is no JSON");
  }
}

export const get = (path) => ask(path, {});

export async function restart(id) {
  const headers = {};
  const value = token.get();
  // fetch would throw, and say nothing that helps.
  if (/[^\x21-\x7e]/.test(value))
    throw new ApiError(403, "the token has characters that no token has");
  if (value)
    headers.Authorization = `Bearer ${value}`;
  return ask(`${actorPath(id)}/restart`, { method: "POST", headers });
}
