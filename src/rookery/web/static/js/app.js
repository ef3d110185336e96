// What the script adds to pages that work without it.

import { takeActs } from "./acts.js";
import { position, takeComposers } from "./composer.js";
import { takeDeletes } from "./deletion.js";
import { listenForKeys } from "./keys.js";
import { keepLists } from "./lists.js";
import { listen } from "./live.js";
import { keepTimes } from "./times.js";
import { complain } from "./toast.js";

document.documentElement.classList.add("js");
keepTimes();
takeActs();
takeComposers();
takeDeletes();
listenForKeys();
openByClick();
closeMenus();
searchNearby();
keepLists();
listen();
if (location.hash === "#compose") document.getElementById("compose")?.focus();

/** A click on a tweet, beside its links and buttons, opens it. */
function openByClick() {
  document.addEventListener("click", (event) => {
    const article = event.target.closest("article[data-url]");
    if (!article || event.defaultPrevented || event.target.closest("a, button, form, summary, input, .quoted a")) return;
    if (article.classList.contains("focused") || String(getSelection())) return;
    location.assign(event.target.closest(".quoted[data-url]")?.dataset.url ?? article.dataset.url);
  });
}

/** A menu closes on Escape, which gives its button the focus, and when one goes elsewhere. */
function closeMenus() {
  const open = () => document.querySelectorAll("details.menu[open]");
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  for (const kind of ["click", "focusin"]) {
    document.addEventListener(kind, (event) => {
      for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
    });
  }
}

/** "Near me" asks the browser where that is. */
function searchNearby() {
  const link = document.querySelector("a.near");
  link?.addEventListener("click", async (event) => {
    event.preventDefault();
    try {
      const url = new URL(link.href);
      for (const [name, degrees] of Object.entries(await position())) url.searchParams.set(name, degrees);
      location.assign(url);
    } catch (fault) {
      complain(fault);
    }
  });
}
