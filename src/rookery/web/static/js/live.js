// The live feed: new tweets wait behind a pill, edits and deletes of shown ones come at once.

import { ask, fragment, viewer } from "./api.js";
import { articlesOf, entriesOf, has, keyOf, mergeNewest } from "./lists.js";
import { make } from "./dom.js";
import { complain } from "./toast.js";
import { refresh } from "./composer.js";

const RETRY_MS_FIRST = 500;
const RETRY_MS_MAX = 30_000;
const HIDDEN_MS = 60_000; // a tab that nobody looks at gives its stream up: an account has few
const PAGES_MAX = 5;

const waiting = new Map(); // entries behind the pill
let home;
let last; // the newest tweet that is known, which the stream goes on after

/** Listens for as long as somebody looks. */
export function listen() {
  if (!viewer) return;
  home = document.querySelector("ol[data-timeline=home]");
  if (home && new URLSearchParams(location.search).has("cursor")) home = null;
  const [newest] = home ? entriesOf(home) : [];
  last = newest && keyOf(newest);
  let stream = hear();
  let timer;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(() => stream.abort(), HIDDEN_MS);
    else if (stream.signal.aborted) stream = hear();
  });
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    stream.abort();
    stream = hear();
  });
}

function hear() {
  const controller = new AbortController();
  keepReading(controller.signal);
  return controller;
}

async function keepReading(signal) {
  let pause = RETRY_MS_FIRST;
  while (!signal.aborted) {
    try {
      await read(signal, () => (pause = RETRY_MS_FIRST));
    } catch (fault) {
      if (signal.aborted || fault.status === 401) return;
      pause = Math.max(pause, 1000 * (fault.retryAfter ?? 0));
    }
    await new Promise((done) => setTimeout(done, pause * (0.75 + Math.random() / 2)));
    pause = Math.min(2 * pause, RETRY_MS_MAX);
  }
}

/** Reads one stream to its end, going on after `last`. */
async function read(signal, heard) {
  const headers = { Accept: "text/event-stream", ...(last && { "Last-Event-ID": last }) };
  const answer = await ask("/feed/live", { headers, signal, cache: "no-store" });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    heard();
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    events.forEach(take);
  }
}

function take(event) {
  const lines = event.split("\n").map((line) => line.split(/: (.*)/s));
  const { id, event: name, data } = Object.fromEntries(lines);
  if (id) last = id;
  if (!name) return;
  const tweet = JSON.parse(data);
  if (name === "tweet") arrive(tweet);
  else if (name === "edit") refresh(tweet.tweetId, `/@${tweet.owner.handle}/${tweet.tweetId}`).catch(complain);
  else if (name === "delete") remove(tweet.tweetId);
  else if (name === "reset") lookAgain().catch(complain);
}

function arrive({ tweetId }) {
  if (!home || has(home, tweetId)) return;
  waiting.set(tweetId, true);
  showPill();
}

async function lookAgain() {
  if (home) entriesOf(await fragment("/")).forEach((li) => arrive({ tweetId: keyOf(li) }));
}

function showPill() {
  const place = document.querySelector(".pill-place");
  let pill = place.querySelector(".pill");
  for (const key of waiting.keys()) if (has(home, key)) waiting.delete(key);
  if (!waiting.size) return pill?.remove();
  if (!pill) {
    pill = make("button", { type: "button", className: "pill", onclick: () => showNew().catch(complain) });
    place.append(pill);
  }
  pill.textContent = `Show ${waiting.size} new tweet${waiting.size === 1 ? "" : "s"}`;
  return undefined;
}

/** Reads the feed from its top down to what is shown, and puts on top what is new. */
async function showNew() {
  const fetched = [];
  let url = "/";
  let more;
  for (let pages = 0; url && pages < PAGES_MAX; pages += 1) {
    const page = await fragment(url);
    const entries = entriesOf(page);
    fetched.push(...entries);
    more = page.querySelector(".more-place");
    url = entries.some((li) => has(home, keyOf(li))) ? "" : page.querySelector("a.more")?.href;
  }
  if (url) {
    home.replaceChildren(); // too much lies between: begin anew
    document.querySelector(".more-place")?.replaceWith(more ?? "");
  }
  waiting.clear();
  const [first] = mergeNewest(home, fetched);
  showPill();
  scrollTo({ top: 0, behavior: "instant" });
  first?.querySelector("article").focus({ preventScroll: true });
}

function remove(id) {
  if (waiting.delete(id)) showPill();
  for (const article of articlesOf(id)) {
    const { height } = article.getBoundingClientRect();
    article.style.minHeight = `${height}px`; // nothing moves under the reader
    article.replaceChildren(make("p", { className: "gone" }, "This was deleted."));
  }
  document.querySelectorAll(`.quoted[data-id="${id}"]`).forEach((quoted) => {
    quoted.textContent = "This tweet is unavailable.";
  });
}
