// The live feed: new tweets wait behind a pill, edits and deletes come at once.

import { ask, fragment, viewer } from "./api.js";
import { refresh } from "./composer.js";
import { entriesOf, has, keyOf, mergeNewest } from "./lists.js";
import { complain, find, findAll, make, on, once } from "./page.js";

const RETRY_MS_FIRST = 500;
const RETRY_MS_MAX = 30_000;
const HIDDEN_MS = 60_000; // a tab that nobody looks at gives its stream up: an account has few
const PAGES_MAX = 5;

const waiting = new Set(); // the entries behind the pill
const home = location.search.includes("cursor=") ? null : find("ol[data-timeline=home]");
let pause = RETRY_MS_FIRST;
let last = home?.firstElementChild && keyOf(home.firstElementChild); // the stream goes on after this tweet

function listen() {
  let stream, timer;
  const begin = () => {
    stream = new AbortController();
    keepReading(stream.signal);
  };
  begin();
  on("visibilitychange", () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(() => stream.abort(), HIDDEN_MS);
    else if (stream.signal.aborted) begin();
  });
}

async function keepReading(signal) {
  while (!signal.aborted) {
    try {
      await read(signal);
    } catch (fault) {
      if (fault.status === 401) return;
      pause = Math.max(pause, 1000 * (fault.retryAfter ?? 0));
    }
    await new Promise((done) => setTimeout(done, pause * (0.75 + Math.random() / 2)));
    pause = Math.min(2 * pause, RETRY_MS_MAX);
  }
}

/** Reads one stream to its end. An EventSource would give up at the first answer that says "later". */
async function read(signal) {
  const headers = last ? { "Last-Event-ID": last } : {};
  const { body } = await ask("/feed/live", { headers, signal, cache: "no-store" });
  pause = RETRY_MS_FIRST;
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let part; !(part = await reader.read()).done; ) {
    const events = (rest + part.value).split("\n\n");
    rest = events.pop();
    events.forEach(take);
  }
}

function take(event) {
  const { id, event: name, data } = Object.fromEntries(event.split("\n").map((line) => line.split(/: (.*)/s)));
  if (!name) return;
  const tweet = JSON.parse(data);
  if (id) last = id;
  if (name === "tweet") arrive([tweet.tweetId]);
  else if (name === "edit") refresh(tweet).catch(complain);
  else if (name === "delete") remove(tweet.tweetId);
  else if (home) fragment("/").then((page) => arrive(entriesOf(page).map(keyOf)), complain);
}

function arrive(keys) {
  if (!home) return;
  keys.forEach((key) => waiting.add(key));
  showPill();
}

function showPill() {
  const place = find(".pill-place");
  const count = [...waiting].filter((key) => !has(home, key)).length;
  if (!count) return place.replaceChildren();
  if (!place.firstChild) place.append(make("button", { type: "button", className: "pill", onclick: once(showNew) }));
  place.firstChild.textContent = `Show ${count} new tweet${count === 1 ? "" : "s"}`;
}

/** Reads the feed from its top down to what is shown, and puts on top what is new. */
async function showNew() {
  const fresh = [];
  const due = [...waiting]; // others may arrive meanwhile
  let page, meets;
  for (let url = "/", pages = 0; url && !meets && pages < PAGES_MAX; pages += 1) {
    page = await fragment(url);
    fresh.push(...entriesOf(page));
    meets = fresh.some((li) => has(home, keyOf(li)));
    url = page.querySelector("a.more")?.href;
  }
  if (!meets) {
    home.replaceChildren(); // too much lies between: begin anew
    find(".more-place")?.replaceWith(page.querySelector(".more-place") ?? "");
  }
  const [first] = mergeNewest(home, fresh);
  due.forEach((key) => waiting.delete(key));
  showPill();
  scrollTo({ top: 0, behavior: "instant" });
  first?.querySelector("article").focus({ preventScroll: true });
}

function remove(id) {
  if (waiting.delete(id)) showPill();
  for (const shown of findAll(`:is(article, .quoted)[data-id="${id}"]`)) {
    shown.style.minHeight = `${shown.getBoundingClientRect().height}px`; // nothing moves under the reader
    shown.replaceChildren(make("p", { className: "gone" }, "This tweet is unavailable."));
  }
}

if (home) new MutationObserver(showPill).observe(home, { childList: true });
if (viewer) listen();
