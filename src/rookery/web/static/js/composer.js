// Writing: the length, a lasting draft, a place, and sending without leaving the page.

import { addTo } from "./acts.js";
import { call, fragment, viewer } from "./api.js";
import { articlesOf, entriesOf, mergeNewest } from "./lists.js";
import { complain, find, findAll, make, on, onClick, once, openDialog, toast } from "./page.js";
import { takePlace } from "./place.js";
import { weightOf } from "./weight.js";

const NEAR = 20;

findAll("form.composer").forEach((form) => takeComposer(form));
onClick("a.reply, a.quote, a.edit, a.new", once(open));
on("submit", ({ target }) => target.dataset.act === "logout" && localStorage.clear());

async function open({ href }) {
  const page = await fragment(href);
  const form = page.querySelector("form.composer");
  const dialog = openDialog("compose", form.querySelector("label").textContent, page);
  takeComposer(form, () => dialog.close());
  form.elements.content.focus();
  form.elements.content.setSelectionRange(-1, -1);
}

function takeComposer(form, done = () => {}) {
  const { act, id, limit } = form.dataset;
  const text = form.elements.content;
  const button = form.querySelector("[type=submit]");
  const draft = `draft:${viewer}:${act}:${id ?? ""}`;
  let key; // so that what is sent again after a fault is there once
  const place = takePlace(form);

  const typed = () => {
    key = crypto.getRandomValues(new Uint32Array(4)).join("-");
    if (text.value && act !== "edit") localStorage.setItem(draft, text.value);
    else localStorage.removeItem(draft);
    count();
  };
  const count = async () => {
    const { value } = text;
    const left = limit - (await weightOf(value));
    if (value !== text.value) return;
    const output = form.querySelector("output");
    output.textContent = left;
    output.dataset.state = left < 0 ? "over" : left <= NEAR ? "near" : "";
    button.disabled = text.readOnly || left < 0 || !value.trim();
  };
  const submit = async (event) => {
    event.preventDefault();
    if (text.readOnly) return;
    text.readOnly = button.disabled = true; // what is typed now would go with what is sent
    try {
      await place?.found();
      const tweet = await write(act, id, form.elements, key);
      text.value = "";
      place?.clear();
      typed();
      done();
      await show(act, id, tweet);
    } catch (fault) {
      complain(fault);
    }
    text.readOnly = false;
    count();
  };

  text.value ||= localStorage.getItem(draft) ?? "";
  typed();
  text.addEventListener("input", typed);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit(button);
  });
  form.addEventListener("submit", submit);
}

function write(act, id, { content, latitude, longitude }, key) {
  const body = { content: content.value };
  if (latitude?.value) Object.assign(body, { latitude: +latitude.value, longitude: +longitude.value });
  if (act === "edit") return call("PATCH", `/tweet/${id}`, body);
  if (act === "reply") return call("POST", `/reply/${id}`, body, key);
  return call("POST", "/tweet/", act === "quote" ? { ...body, quoteOf: id } : body, key);
}

/** Shows what was written where it belongs on this page, and else a link to it. */
async function show(act, id, tweet) {
  const url = `/@${tweet.owner.handle}/${tweet.tweetId}`;
  const isReply = act === "reply";
  const isHere = !isReply || find(`.focused[data-id="${id}"]`);
  const list = isHere && find(`ol[data-timeline=${isReply ? "replies" : "home"}]`);
  if (act === "edit") await refresh(tweet);
  else if (list) mergeNewest(list, entriesOf(await fragment(url, "tweet")));
  for (const article of isReply ? articlesOf(id) : []) addTo(article.querySelector(".reply .count"), 1);
  const link = act === "edit" || list ? null : make("a", { href: url }, "Look");
  toast(act === "edit" ? "Edited." : `Your ${act} is out.`, link);
}

/** Takes over an edited text wherever the tweet is shown as it was before. */
export async function refresh({ tweetId, owner, editedTimeStamp: at }) {
  const shown = findAll(`:is(article, .quoted)[data-id="${tweetId}"]:has(header)`);
  const old = shown.filter((one) => one.querySelector("header").querySelector(".edited")?.dataset.at !== at);
  if (!old.length) return;
  const fresh = await fragment(`/@${owner.handle}/${tweetId}`, "tweet");
  for (const part of ["header", ".content"]) {
    for (const one of old) one.querySelector(part).innerHTML = fresh.querySelector(part).innerHTML;
  }
}
