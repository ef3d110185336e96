// A delete: hidden at once, sent after some seconds or on leaving, undone until then.

import { call } from "./api.js";
import { articlesOf, entryOf } from "./lists.js";
import { complain, make, onClick, toast } from "./page.js";

const UNDO_MS = 5000;

const waiting = new Map(); // id -> sends the delete now

onClick("a.delete", (link) => hide(link.closest("article").dataset.id));

// A page is made before the deletes that are sent on leaving the last one.
const left = sessionStorage.getItem("deleted") ?? "";
left.split(" ").flatMap(articlesOf).forEach((article) => entryOf(article).remove());
sessionStorage.removeItem("deleted");

addEventListener("pagehide", () => {
  if (waiting.size) sessionStorage.setItem("deleted", [...waiting.keys()].join(" "));
  waiting.forEach((send) => send());
});

function hide(id) {
  const articles = articlesOf(id);
  const entries = articles.map(entryOf);
  const show = (on) => entries.forEach((entry) => (entry.hidden = !on));
  const undo = () => {
    clearTimeout(timer);
    waiting.delete(id);
    show(true);
    articles[0].focus();
  };
  const send = async () => {
    clearTimeout(timer);
    if (!waiting.delete(id)) return;
    try {
      await call("DELETE", `/tweet/${id}`);
      entries.forEach((entry) => entry.remove());
      if (articles.some((one) => one.matches(".focused"))) location.assign("/");
    } catch (fault) {
      show(true);
      complain(fault);
    }
  };
  const timer = setTimeout(send, UNDO_MS);
  waiting.set(id, send);
  show(false);
  entries[0].nextElementSibling?.querySelector("article")?.focus({ preventScroll: true });
  toast("Deleted.", make("button", { type: "button", onclick: undo }, "Undo"), { ms: UNDO_MS });
}
