// The JSON API and what pages show, asked for as the reader of this page.

/** Whoever is signed in: an id, or "" for a stranger. */
export const { viewer } = document.body.dataset;

/** What the server refused, or that it was not reached (status 0); `message` is a sentence to show. */
const problem = (message, status, retryAfter = 0) => Object.assign(new Error(message), { status, retryAfter });

/** Sends a request of the API and gives its JSON; `key` makes a repetition do nothing twice. Throws a problem. */
export async function call(method, path, body, { key, keepalive } = {}) {
  const headers = {};
  if (body) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  const answer = await ask(path, { method, headers, keepalive, body: body && JSON.stringify(body) });
  return answer.json();
}

/** What a page shows without its frame: the entries of a list, a form; or the `part` of that name. Throws a problem. */
export async function fragment(url, part = "1") {
  const answer = await ask(url, { headers: { "X-Fragment": part } });
  const template = document.createElement("template");
  template.innerHTML = await answer.text();
  return template.content;
}

/** An answer that succeeded. Throws a problem. */
export async function ask(url, options) {
  const answer = await fetch(url, options).catch(() => {
    throw problem("The server cannot be reached. Try again in a moment.", 0);
  });
  if (answer.ok) return answer;
  const { errors = [], detail } = await answer.json().catch(() => ({}));
  const faults = errors.map((one) => `${one.field} ${one.message}`).join("; ");
  const text = faults || detail || `The server answered ${answer.status}.`;
  throw problem(text, answer.status, Number(answer.headers.get("Retry-After")));
}
