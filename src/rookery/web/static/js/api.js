// The JSON API and the fragments of pages, asked for as the reader of this page.

/** Whoever is signed in: an id, or "" for a stranger. */
export const viewer = document.body.dataset.viewer ?? "";

/** What the server refused, or that it was not reached (status 0); `message` is a sentence to show. */
export class Problem extends Error {
  constructor(message, status, code = "", retryAfter = 0) {
    super(message);
    Object.assign(this, { status, code, retryAfter });
  }
}

/** Sends a request of the API and gives its JSON; `key` makes a repetition do nothing twice. Throws Problem. */
export async function call(method, path, body, { key, keepalive = false } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  const answer = await ask(path, { method, headers, keepalive, body: body && JSON.stringify(body) });
  return answer.json();
}

/** What a page shows without its frame: the entries of a list, a form; or the `part` of that name. Throws Problem. */
export async function fragment(url, part = "1") {
  const answer = await ask(url, { headers: { Accept: "text/html", "X-Fragment": part } });
  const template = document.createElement("template");
  template.innerHTML = await answer.text();
  return template.content;
}

/** An answer that succeeded. Throws Problem. */
export async function ask(url, options) {
  let answer;
  try {
    answer = await fetch(url, { credentials: "same-origin", ...options });
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    throw new Problem("The server cannot be reached. Try again in a moment.", 0);
  }
  if (!answer.ok) throw await problemOf(answer);
  return answer;
}

async function problemOf(answer) {
  const told = await answer.json().catch(() => ({}));
  const faults = (told.errors ?? []).map((one) => `${one.field} ${one.message}`).join("; ");
  const text = faults || told.detail || `The server answered ${answer.status}.`;
  return new Problem(text, answer.status, told.code, Number(answer.headers.get("Retry-After") ?? 0));
}
