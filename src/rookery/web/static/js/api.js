// The JSON API and parts of pages, asked for as this page's reader.

/** Whoever is signed in: an id, or "" for a stranger. */
export const { viewer } = document.body.dataset;

/** What the server refused, or that it was not reached (status 0); `message` is a sentence to show. */
const problem = (message, status, retryAfter) => Object.assign(new Error(message), { status, retryAfter });

const lost = () => {
  throw problem("The server cannot be reached. Try again in a moment.", 0);
};

/** Writes through the API, also as the reader leaves; gives JSON. With a `key` nothing is done twice. Throws a problem. */
export async function call(method, path, body, key) {
  const headers = { "Content-Type": "application/json", ...(key && { "Idempotency-Key": key }) };
  const answer = await ask(path, { method, headers, keepalive: true, body: body && JSON.stringify(body) });
  return answer.json().catch(lost);
}

/** What a page shows without its frame: the entries of a list, a form; or the `part` of that name. Throws a problem. */
export async function fragment(url, part = "1") {
  const answer = await ask(url, { headers: { "X-Fragment": part } });
  const template = document.createElement("template");
  template.innerHTML = await answer.text().catch(lost);
  return template.content;
}

export async function ask(url, options) {
  const answer = await fetch(url, options).catch(lost);
  if (answer.ok) return answer;
  const { errors = [], detail } = await answer.json().catch(() => ({}));
  const faults = errors.map((one) => `${one.field} ${one.message}`).join("; ");
  const text = faults || detail || `The server answered ${answer.status}.`;
  throw problem(text, answer.status, Number(answer.headers.get("Retry-After")));
}
