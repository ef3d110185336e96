// Likes, retweets, follows, blocks, mutes and requests: on screen at once, taken back where the server refuses.

import { call } from "./api.js";
import { complain, toast } from "./toast.js";

const SENDS = {
  like: (id, on) => call(on ? "POST" : "DELETE", `/like/${id}`),
  retweet: (id, on) => call(on ? "POST" : "DELETE", `/retweet/${id}`),
  follow: (id, on) => (on ? call("POST", "/follow", { userId: id }) : call("DELETE", `/follow/${id}`)),
  block: (id, on) => call(on ? "POST" : "DELETE", `/block/${id}`),
  mute: (id, on) => call(on ? "POST" : "DELETE", `/mute/${id}`),
};
const ANSWERS = {
  accept: (id) => call("POST", `/follow/requests/${id}`),
  refuse: (id) => call("DELETE", `/follow/requests/${id}`),
};
const NOTES = { mute: ["Muted.", "Not muted any more."], block: ["Blocked.", "Not blocked any more."] };

const pressed = new Map(); // what is under way: "like 123" -> { told, wished }

/** Takes over the forms of acts. */
export function takeActs() {
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form.act");
    const verb = form && verbOf(form);
    if (verb in SENDS) press(form, verb);
    else if (verb in ANSWERS) answer(form, verb);
    else return;
    event.preventDefault();
  });
}

const verbOf = (form) => (form.dataset.act ?? "").replace(/^un/, "");
const subjectOf = (form) => form.dataset.id ?? form.dataset.user;
const isOn = (form) => form.dataset.act.startsWith("un");

/** Shows the wish and sends it; presses meanwhile change the wish, which is sent after. */
async function press(form, verb) {
  const subject = subjectOf(form);
  const key = `${verb} ${subject}`;
  const under = pressed.get(key) ?? { told: isOn(form), busy: false };
  under.wished = !isOn(form);
  paint(verb, subject, under.wished);
  if (under.busy) return;
  pressed.set(key, Object.assign(under, { busy: true }));
  try {
    while (under.wished !== under.told) {
      const wish = under.wished;
      const told = await SENDS[verb](subject, wish);
      under.told = wish;
      if (under.wished === wish) settle(form, verb, subject, wish, told);
    }
  } catch (fault) {
    paint(verb, subject, under.told);
    complain(fault);
  } finally {
    pressed.delete(key);
  }
}

function paint(verb, subject, on) {
  for (const form of document.querySelectorAll("form.act")) {
    if (verbOf(form) !== verb || subjectOf(form) !== subject || isOn(form) === on) continue;
    form.dataset.act = on ? `un${verb}` : verb;
    form.setAttribute("action", form.getAttribute("action").replace(/\w+$/, form.dataset.act));
    const button = form.querySelector("button");
    const count = form.querySelector(".count");
    if (button.ariaPressed) button.ariaPressed = String(on);
    if (count) addTo(count, on ? 1 : -1);
    const label = form.querySelector(".label[data-on]");
    if (label) label.textContent = on ? label.dataset.on : label.dataset.off;
  }
}

/** Adds to a number that is shown as web/formats.py shows it. */
export function addTo(place, more) {
  const number = Math.max(0, Number(place.dataset.count) + more);
  place.dataset.count = number;
  place.textContent = number ? compact(number) : "";
}

function compact(number) {
  const [size, unit] = number < 1_000_000 ? [1000, "K"] : [1_000_000, "M"];
  const tenths = Math.floor((number * 10) / size);
  return number < 1000 ? String(number) : `${tenths < 100 ? tenths / 10 : Math.floor(tenths / 10)}${unit}`;
}

function settle(form, verb, subject, on, told) {
  const list = form.closest("ol[data-timeline]")?.dataset.timeline ?? "";
  if (verb === "follow" && told.requested) {
    document.querySelectorAll(`form.act[data-user="${subject}"] [data-wait]`).forEach((label) => {
      label.textContent = label.dataset.wait;
    });
  }
  if (!(verb in NOTES)) return;
  toast(NOTES[verb][on ? 0 : 1]);
  if (list === "blocked" || list === "muted") form.closest("li").remove();
  else if (verb === "block" && document.querySelector(".profile")) location.reload();
  else if (on && (verb === "block" || list === "home")) hideAllOf(subject);
}

function hideAllOf(owner) {
  for (const article of document.querySelectorAll(`article[data-owner="${owner}"]:not(.focused)`)) {
    article.closest("li")?.remove();
  }
}

async function answer(form, verb) {
  const entry = form.closest("li");
  entry.hidden = true;
  try {
    await ANSWERS[verb](subjectOf(form));
    entry.remove();
    toast(verb === "accept" ? "Accepted." : "Refused.");
  } catch (fault) {
    entry.hidden = false;
    complain(fault);
  }
}
