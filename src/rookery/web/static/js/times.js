// Times as one says them ("5m", "3 Mar"); the exact one, in the reader's own zone, stands in the title.

const EVERY_MS = 30_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const year = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** Keeps every `<time>` of the page relative, those that come later too. */
export function keepTimes() {
  show();
  setInterval(show, EVERY_MS);
  new MutationObserver(show).observe(document.body, { childList: true, subtree: true });
}

function show() {
  const now = Date.now();
  for (const time of document.querySelectorAll("time[datetime]:not([data-exact])")) {
    const at = new Date(time.dateTime);
    if (!time.dataset.zoned) {
      time.title = exact.format(at);
      time.dataset.zoned = "1";
    }
    const text = relative(at, now);
    if (time.textContent !== text) time.textContent = text;
  }
}

function relative(at, now) {
  const ago = now - at;
  if (ago < MINUTE) return "now";
  if (ago < HOUR) return `${Math.floor(ago / MINUTE)}m`;
  if (ago < DAY) return `${Math.floor(ago / HOUR)}h`;
  if (ago < 7 * DAY) return `${Math.floor(ago / DAY)}d`;
  return (at.getFullYear() === new Date(now).getFullYear() ? day : year).format(at);
}
