// Lists of tweets and people: their entries, the next page on scrolling, and one's place in them on coming back.

import { fragment } from "./api.js";
import { onClick } from "./dom.js";
import { complain } from "./toast.js";

const AHEAD = "1200px";
const PAGES_MAX = 40;

/** The entries of a list or fragment, in order. */
export const entriesOf = (root) => [...root.children].filter((one) => one.matches("li"));

/** What tells an entry from others: the id of a retweet, not of what it shows; a person's id. */
export const keyOf = (li) => {
  const { entry, user } = li.querySelector("article").dataset;
  return entry ?? user;
};

/** Whether a list has an entry with this key. */
export const has = (list, key) => entriesOf(list).some((li) => keyOf(li) === key);

/** Every article of a tweet on the page, also where a retweet shows it. */
export const articlesOf = (id) => document.querySelectorAll(`article[data-id="${id}"]`);

/** Takes entries into a list newest first, those it lacks; gives the ones that are new. */
export function mergeNewest(list, entries) {
  const fresh = entries.filter((li) => !has(list, keyOf(li)));
  for (const li of fresh) {
    const older = entriesOf(list).find((other) => BigInt(keyOf(other)) < BigInt(keyOf(li)));
    list.insertBefore(li, older ?? null);
  }
  return fresh;
}

/** Goes on with every list by itself, after going back to where the reader was. */
export async function keepLists() {
  const near = new IntersectionObserver(
    (seen) => seen.filter((one) => one.isIntersecting).forEach((one) => follow(one.target)),
    { rootMargin: `0px 0px ${AHEAD} 0px` },
  );
  const watch = () => document.querySelectorAll("a.more:not([aria-busy])").forEach((link) => near.observe(link));
  onClick("a.more", (link) => follow(link, true));
  async function follow(link, asked = false) {
    if (link.ariaBusy || (link.dataset.failed && !asked)) return;
    near.unobserve(link);
    await more(link);
    watch();
  }
  addEventListener("pagehide", remember);
  await comeBack();
  watch();
}

/** Appends the page that a "more" link leads to; whether it came. */
async function more(link) {
  const place = link.parentElement;
  const list = place.previousElementSibling;
  link.ariaBusy = "true";
  try {
    const page = await fragment(link.href);
    const next = page.querySelector(".more-place");
    list.append(...entriesOf(page).filter((li) => !has(list, keyOf(li))));
    if (next) place.replaceWith(next);
    else place.remove();
    return true;
  } catch (fault) {
    link.ariaBusy = null;
    link.dataset.failed = "1";
    complain(fault);
    return false;
  }
}

const slot = () => `place:${location.pathname}${location.search}`;

function remember() {
  const top = [...document.querySelectorAll("ol.timeline > li")].find((li) => li.getBoundingClientRect().bottom > 80);
  if (!top || scrollY < 10) return sessionStorage.removeItem(slot());
  const focused = document.activeElement.closest("article[data-entry]")?.dataset.entry;
  const place = { key: keyOf(top), y: top.getBoundingClientRect().top, focused };
  return sessionStorage.setItem(slot(), JSON.stringify(place));
}

/** Loads as many pages as were there, and scrolls to the entry that stood on top. */
async function comeBack() {
  const [{ type } = {}] = performance.getEntriesByType("navigation");
  const place = JSON.parse(sessionStorage.getItem(slot()) ?? "null");
  if (!place || type === "navigate") return;
  history.scrollRestoration = "manual";
  const find = (key) =>
    key && [...document.querySelectorAll("ol.timeline > li")].find((li) => keyOf(li) === key);
  const goal = () => find(place.key)?.getBoundingClientRect().top + scrollY - place.y;
  const reached = () => goal() + innerHeight <= document.documentElement.scrollHeight;
  for (let pages = 0; !reached() && pages < PAGES_MAX; pages += 1) {
    const link = document.querySelector("a.more");
    if (!link || !(await more(link))) break;
  }
  if (find(place.key)) scrollTo({ top: goal(), behavior: "instant" });
  find(place.focused)?.querySelector("article").focus({ preventScroll: true });
  history.scrollRestoration = "auto";
}
