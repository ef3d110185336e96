// A delete: hidden at once, sent after some seconds or on leaving, undone until then.

import { call } from "./api.js";
import { articlesOf } from "./lists.js";
import { complain, make, onClick, toast } from "./page.js";

const UNDO_MS = 5000;

const waiting = new Map(); // id -> sends the delete now

onClick("a.delete", (link) => hide(link.closest("article").dataset.id));
addEventListener("pagehide", () => waiting.forEach((send) => send(true)));

function hide(id) {
  const articles = articlesOf(id);
  const entries = articles.map((article) => article.closest("li") ?? article);
  const show = (on) => entries.forEach((entry) => (entry.hidden = !on));
  const undo = () => {
    clearTimeout(timer);
    waiting.delete(id);
    show(true);
    articles[0].focus();
  };
  const send = async (leaving) => {
    clearTimeout(timer);
    if (!waiting.delete(id)) return;
    try {
      await call("DELETE", `/tweet/${id}`, undefined, { keepalive: leaving });
      entries.forEach((entry) => entry.remove());
      if (!leaving && articles.some((one) => one.matches(".focused"))) location.assign("/");
    } catch (fault) {
      show(true);
      complain(fault);
    }
  };
  const timer = setTimeout(send, UNDO_MS, false);
  waiting.set(id, send);
  show(false);
  entries[0].nextElementSibling?.querySelector("article")?.focus({ preventScroll: true });
  toast("Deleted.", make("button", { type: "button", onclick: undo }, "Undo"), { ms: UNDO_MS });
}
