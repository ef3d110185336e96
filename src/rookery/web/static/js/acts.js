// Likes, retweets, follows, blocks, mutes and requests: on screen at once, taken back where the server refuses.

import { call } from "./api.js";
import { complain, find, findAll, on, toast } from "./page.js";

const TOGGLES = ["like", "retweet", "follow", "block", "mute"];
const DONE = { mute: "muted", block: "blocked" };
const compact = new Intl.NumberFormat("en", { notation: "compact", roundingMode: "trunc" });

const pressed = new Map(); // what is under way: "like 123" -> { told, wished }

on("submit", (event) => {
  const form = event.target.closest("form.act");
  const verb = form && verbOf(form);
  if (TOGGLES.includes(verb)) press(form, verb);
  else if (verb === "accept" || verb === "refuse") answer(form, verb === "accept");
  else return;
  event.preventDefault();
});

const verbOf = (form) => form.dataset.act.replace(/^un/, "");
const isOn = (form) => form.dataset.act.startsWith("un");
const subjectOf = (form) => form.dataset.id ?? form.dataset.user;

function send(verb, subject, on) {
  if (verb === "follow" && on) return call("POST", "/follow", { userId: subject });
  return call(on ? "POST" : "DELETE", `/${verb}/${subject}`);
}

/** Shows the wish and sends it; presses meanwhile change the wish, which is sent after. */
async function press(form, verb) {
  const subject = subjectOf(form);
  const key = `${verb} ${subject}`;
  const known = pressed.get(key);
  const under = known ?? { told: isOn(form) };
  under.wished = !isOn(form);
  paint(verb, subject, under.wished);
  if (known) return;
  pressed.set(key, under);
  try {
    let told;
    for (let wish; (wish = under.wished) !== under.told; under.told = wish) told = await send(verb, subject, wish);
    if (told) settle(form, verb, subject, under.told, told);
  } catch (fault) {
    paint(verb, subject, under.told);
    complain(fault);
  } finally {
    pressed.delete(key);
  }
}

function paint(verb, subject, on) {
  for (const form of findAll("form.act")) {
    if (verbOf(form) !== verb || subjectOf(form) !== subject || isOn(form) === on) continue;
    form.dataset.act = on ? `un${verb}` : verb;
    form.setAttribute("action", form.getAttribute("action").replace(/\w+$/, form.dataset.act));
    const button = form.querySelector("button");
    const count = form.querySelector(".count");
    const label = form.querySelector(".label[data-on]");
    if (button.ariaPressed) button.ariaPressed = String(on);
    if (count) addTo(count, on ? 1 : -1);
    if (label) label.textContent = on ? label.dataset.on : label.dataset.off;
  }
}

/** Adds to a number that is shown as web/formats.py shows it. */
export function addTo(place, more) {
  const number = Math.max(0, Number(place.dataset.count) + more);
  place.dataset.count = number;
  place.textContent = number ? compact.format(number) : "";
}

function settle(form, verb, subject, on, told) {
  if (told.requested) {
    for (const label of findAll(`form[data-user="${subject}"] [data-wait]`)) label.textContent = label.dataset.wait;
  }
  if (!DONE[verb]) return;
  toast(on ? `Now ${DONE[verb]}.` : `Not ${DONE[verb]} any more.`);
  if (form.closest("ol")?.dataset.timeline === DONE[verb]) form.closest("li").remove();
  else if (verb === "block" && find(".profile")) location.reload();
}

async function answer(form, accepts) {
  const entry = form.closest("li");
  entry.hidden = true;
  try {
    await call(accepts ? "POST" : "DELETE", `/follow/requests/${subjectOf(form)}`);
    toast(accepts ? "Accepted." : "Refused.");
  } catch (fault) {
    entry.hidden = false;
    complain(fault);
  }
}
