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
openByClick();
closeMenus();

/** A click on a tweet, beside its links and buttons, opens it. */
function openByClick() {
  on("click", (event) => {
    const opens = event.target.closest(".quoted[data-url], article[data-url]");
    if (!opens || event.defaultPrevented || event.target.closest("a, button, form, summary")) return;
    if (!opens.matches(".focused") && !String(getSelection())) location.assign(opens.dataset.url);
  });
}

/** A menu closes on Escape, which gives its button the focus, and when one goes elsewhere. */
function closeMenus() {
  const open = () => findAll("details.menu[open]");
  on("keydown", (event) => {
    for (const menu of event.key === "Escape" ? open() : []) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  const leave = ({ target }) => open().forEach((menu) => (menu.open = menu.contains(target)));
  on("click", leave);
  on("focusin", leave);
}
