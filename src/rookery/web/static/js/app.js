// What the script adds to pages that work without it.

import "./acts.js";
import "./composer.js";
import "./deletion.js";
import "./keys.js";
import "./lists.js";
import "./live.js";
import { findAll, on } from "./page.js";
import "./place.js";
import "./times.js";

document.documentElement.classList.add("js");
on("click", openTweet);

function openTweet(event) {
  const opens = event.target.closest(".quoted[data-url], article[data-url]");
  if (!opens || event.defaultPrevented || event.target.closest("a, button, form, summary")) return;
  if (!opens.matches(".focused") && !String(getSelection())) location.assign(opens.dataset.url);
}

// A menu closes on Escape, which gives its button the focus, and when one goes elsewhere.
const openMenus = () => findAll("details.menu[open]");
const leave = ({ target }) => openMenus().forEach((menu) => (menu.open = menu.contains(target)));
on("click", leave);
on("focusin", leave);
on("keydown", (event) => {
  for (const menu of event.key === "Escape" ? openMenus() : []) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
