// Writing: what is left of the length, a draft that survives a reload, a place, and sending without leaving the page.

import { call, fragment, viewer } from "./api.js";
import { addTo } from "./acts.js";
import { make, onClick, openDialog } from "./dom.js";
import { articlesOf, entriesOf, mergeNewest } from "./lists.js";
import { complain, toast } from "./toast.js";
import { weightOf } from "./weight.js";

const NEAR = 20;
const DRAFTS = "draft:";
const WRITES = {
  tweet: (body, id, key) => call("POST", "/tweet/", body, { key }),
  quote: (body, id, key) => call("POST", "/tweet/", { ...body, quoteOf: id }, { key }),
  reply: (body, id, key) => call("POST", `/reply/${id}`, body, { key }),
  edit: ({ content }, id) => call("PATCH", `/tweet/${id}`, { content }),
};
const SAID = { tweet: "Your tweet is out.", quote: "Your quote is out.", reply: "Your reply is out.", edit: "Edited." };

/** Takes over the composers, and the links that lead to one: these open it over the page. */
export function takeComposers() {
  document.querySelectorAll("form.composer").forEach((form) => takeComposer(form));
  onClick("a.reply, a.quote, a.edit, a.new", open);
  document.addEventListener("submit", (event) => {
    if (event.target.action.endsWith("/logout")) forgetDrafts();
  });
}

function forgetDrafts() {
  Object.keys(localStorage)
    .filter((name) => name.startsWith(DRAFTS))
    .forEach((name) => localStorage.removeItem(name));
}

async function open(link) {
  try {
    const page = await fragment(link.href);
    const form = page.querySelector("form.composer");
    const dialog = openDialog("compose", form.querySelector("label").textContent, page);
    takeComposer(form, () => dialog.close());
    form.elements.content.focus();
    form.elements.content.setSelectionRange(-1, -1);
  } catch (fault) {
    complain(fault);
  }
}

function takeComposer(form, done = () => {}) {
  const { act, id = "" } = form.dataset;
  const text = form.elements.content;
  const send = form.querySelector("button[type=submit]");
  const draft = act === "edit" ? null : `${DRAFTS}${viewer}:${act}:${id}`;
  let key = newKey();
  let sending = false;

  if (draft && !text.value) text.value = localStorage.getItem(draft) ?? "";
  text.addEventListener("input", () => {
    key = newKey(); // another text is another tweet
    if (draft && text.value) localStorage.setItem(draft, text.value);
    else if (draft) localStorage.removeItem(draft);
    count();
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit(send);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  takePlace(form);
  count();

  async function count() {
    const shown = text.value;
    const left = Number(form.dataset.limit) - (await weightOf(shown));
    if (shown !== text.value) return;
    const output = form.querySelector("output.count");
    output.textContent = left;
    output.dataset.state = left < 0 ? "over" : left <= NEAR ? "near" : "";
    send.disabled = sending || left < 0 || !shown.trim();
  }

  async function submit() {
    if (sending) return;
    sending = send.disabled = true;
    try {
      const tweet = await WRITES[act](bodyOf(form), id, key);
      if (draft) localStorage.removeItem(draft);
      text.value = act === "edit" ? tweet.content : "";
      done();
      await show(act, id, tweet);
    } catch (fault) {
      complain(fault);
    } finally {
      sending = false;
      count();
    }
  }
}

const newKey = () => [...crypto.getRandomValues(new Uint32Array(4))].join("-");

function bodyOf(form) {
  const { content, latitude, longitude } = form.elements;
  const place = latitude?.value ? { latitude: Number(latitude.value), longitude: Number(longitude.value) } : {};
  return { content: content.value, ...place };
}

/** The button that adds where one is, and takes it off again. */
function takePlace(form) {
  const button = form.querySelector("button.place");
  if (!button || !navigator.geolocation) return;
  button.hidden = false;
  button.ariaPressed = "false";
  const put = (latitude, longitude) => {
    form.elements.latitude.value = latitude;
    form.elements.longitude.value = longitude;
    button.ariaPressed = String(latitude !== "");
  };
  button.addEventListener("click", async () => {
    if (button.ariaPressed === "true") put("", "");
    else await position().then(({ latitude, longitude }) => put(latitude, longitude), complain);
  });
}

/** Where the reader is, to some hundred metres. Rejects with a sentence. */
export function position() {
  return new Promise((give, refuse) => {
    const round = (degrees) => Number(degrees.toFixed(3));
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => give({ latitude: round(coords.latitude), longitude: round(coords.longitude) }),
      () => refuse({ status: 0, message: "Your browser did not tell where you are." }),
      { timeout: 10_000, maximumAge: 300_000 },
    );
  });
}

/** Shows what was written where it belongs on this page, and else a link to it. */
async function show(act, id, tweet) {
  const url = `/@${tweet.owner.handle}/${tweet.tweetId}`;
  if (act === "edit") {
    await refresh(tweet.tweetId, url);
    toast(SAID.edit);
    return;
  }
  if (act === "reply") raiseReplies(id);
  const isHere = act !== "reply" || document.querySelector(`.focused[data-id="${id}"]`);
  const list = isHere && document.querySelector(`ol[data-timeline=${act === "reply" ? "replies" : "home"}]`);
  if (list) mergeNewest(list, entriesOf(await fragment(url, "tweet")));
  toast(SAID[act], list ? null : make("a", { href: url }, "Look"));
}

function raiseReplies(id) {
  for (const article of articlesOf(id)) {
    const count = article.querySelector(".reply .count");
    if (count) addTo(count, 1);
  }
}

/** Takes over an edited text wherever the tweet is shown. */
export async function refresh(id, url) {
  const shown = [...articlesOf(id), ...document.querySelectorAll(`.quoted[data-id="${id}"]`)];
  if (!shown.length) return;
  const fresh = (await fragment(url, "tweet")).querySelector("article");
  for (const one of shown) {
    one.querySelector(".content").replaceWith(fresh.querySelector(".content").cloneNode(true));
    const edited = fresh.querySelector("a.history");
    if (edited && !one.querySelector("a.history")) one.querySelector("header").append(" ", edited.cloneNode(true));
  }
}
