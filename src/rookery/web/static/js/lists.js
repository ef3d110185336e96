// Lists of tweets and people: the next page on scrolling, and one's place in them on coming back.

import { fragment } from "./api.js";
import { complain, find, findAll, onClick } from "./page.js";

const AHEAD = "1200px";
const PAGES_MAX = 40;
const BAR_PX = 80; // what covers the top of a list

export const entriesOf = (root) => [...root.children].filter((one) => one.matches("li"));

/** What tells an entry from others: the id of a retweet, not of what it shows; a person's id. */
export function keyOf(li) {
  const { entry, user } = li.querySelector("article").dataset;
  return entry ?? user;
}

export const has = (list, key) => entriesOf(list).some((li) => keyOf(li) === key);

/** Every article of a tweet on the page, also where a retweet shows it. */
export const articlesOf = (id) => findAll(`article[data-id="${id}"]`);

/** An article's entry in its list; itself, where it is in none. */
export const entryOf = (article) => article.closest("li") ?? article;

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
async function keepLists() {
  const near = new IntersectionObserver(
    (seen) => seen.forEach((one) => one.isIntersecting && follow(one.target)),
    { rootMargin: `0px 0px ${AHEAD}` },
  );
  const watch = () => findAll("a.more:not([aria-busy])").forEach((link) => near.observe(link));
  const follow = async (link) => {
    near.unobserve(link);
    if (!link.ariaBusy && (await more(link))) watch();
  };
  onClick("a.more", follow);
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
    list.append(...entriesOf(page).filter((li) => !has(list, keyOf(li))));
    place.replaceWith(page.querySelector(".more-place") ?? "");
    return true;
  } catch (fault) {
    link.ariaBusy = null;
    complain(fault);
    return false;
  }
}

const allEntries = () => findAll("ol.timeline > li");
const topOf = (li) => li.getBoundingClientRect().top;
const slot = () => `place:${location.pathname}${location.search}`;

function remember() {
  const top = allEntries().find((li) => li.getBoundingClientRect().bottom > BAR_PX);
  sessionStorage.setItem(slot(), JSON.stringify(scrollY && top ? { key: keyOf(top), y: topOf(top) } : null));
}

/** Loads as many pages as were there, and scrolls to the entry that stood on top. */
async function comeBack() {
  const [{ type } = {}] = performance.getEntriesByType("navigation");
  const place = JSON.parse(sessionStorage.getItem(slot()));
  if (!place || type === "navigate") return;
  history.scrollRestoration = "manual"; // for good: the browser would scroll again when all is loaded
  const goal = () => {
    const top = allEntries().find((li) => keyOf(li) === place.key);
    return top && topOf(top) + scrollY - place.y;
  };
  const reached = () => goal() + innerHeight <= document.documentElement.scrollHeight;
  for (let pages = 0; !reached() && pages < PAGES_MAX; pages += 1) {
    const link = find("a.more");
    if (!link || !(await more(link))) break;
  }
  if (goal()) scrollTo({ top: goal(), behavior: "instant" });
}

keepLists();
