// Keyboard shortcuts; `?` lists them.

import { find, findAll, make, on, openDialog } from "./page.js";

const GO_MS = 1500;
let current; // the tweet that the keys act on
let goingUntil = 0;

on("focusin", (event) => {
  current = event.target.closest("article.tweet") ?? current;
});
on("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input, textarea, select, dialog[open]")) return;
  const key = event.timeStamp < goingUntil ? `g ${event.key}` : event.key;
  goingUntil = key === "g" ? event.timeStamp + GO_MS : 0;
  const [, , act] = ACTS.find(([keys]) => keys === key) ?? [];
  if (!act || (key === "Enter" && event.target !== current)) return;
  event.preventDefault();
  act();
});

const { handle } = document.body.dataset;
const ACTS = [
  ["j", "Next tweet", () => step(1)],
  ["k", "Previous tweet", () => step(-1)],
  ["Enter", "Open the tweet", () => current.dataset.url && location.assign(current.dataset.url)],
  ["l", "Like", () => press("[data-act$=like] button")],
  ["t", "Retweet", () => press("[data-act$=retweet] button")],
  ["r", "Reply", () => press("a.reply")],
  ["q", "Quote", () => press("a.quote")],
  ["n", "New tweet", write],
  ["/", "Search", () => find("input[name=q]")?.focus()],
  [".", "Show new tweets", () => find(".pill")?.click()],
  ["g h", "Go home", () => location.assign("/")],
  ["g p", "Go to your profile", () => handle && location.assign(`/@${handle}`)],
  ["?", "This list", showList],
];

function step(by) {
  const tweets = findAll("article.tweet").filter((one) => one.checkVisibility());
  const at = tweets.indexOf(current);
  const inView = tweets.findIndex((one) => one.getBoundingClientRect().top > 0);
  const next = tweets[at < 0 ? inView : at + by];
  if (!next) return;
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "center", behavior: "instant" });
}

function write() {
  const own = find("[data-act=tweet] textarea");
  if (own) own.focus();
  else find("a.new")?.click();
}

const press = (selector) => current?.isConnected && current.querySelector(selector)?.click();

function showList() {
  const rows = ACTS.map(([keys, does]) =>
    make("div", {}, make("dt", {}, make("kbd", {}, keys)), make("dd", {}, does)),
  );
  openDialog("keys", "Keyboard shortcuts", make("h2", {}, "Keyboard shortcuts"), make("dl", {}, ...rows));
}
