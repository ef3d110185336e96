// Times as one says them ("5m", "3 Mar 2026"); the title has the exact one, in the reader's zone.

import { findAll } from "./page.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const UNITS = [[DAY, "d"], [HOUR, "h"], [MINUTE, "m"]];

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" });

show();
setInterval(show, MINUTE / 2);
new MutationObserver(show).observe(document.body, { childList: true, subtree: true });

function show() {
  for (const time of findAll("time:not([data-exact])")) {
    const at = new Date(time.dateTime);
    const text = relative(at);
    if (time.textContent === text) continue;
    time.textContent = text;
    time.title = exact.format(at);
  }
}

function relative(at) {
  const ago = Date.now() - at;
  if (ago >= 7 * DAY) return day.format(at);
  const [size, unit] = UNITS.find(([one]) => ago >= one) ?? [];
  return unit ? `${Math.floor(ago / size)}${unit}` : "now";
}
