// A delete: hidden at once, sent after some seconds or on leaving, undone until then.

import { call } from "./api.js";
import { make, onClick } from "./dom.js";
import { articlesOf } from "./lists.js";
import { complain, toast } from "./toast.js";

const UNDO_MS = 5000;

const waiting = new Map(); // id -> sends the delete now

/** Takes over the links that lead to a confirmation. */
export function takeDeletes() {
  onClick("a.delete", (link) => hide(link.closest("article").dataset.id));
  addEventListener("pagehide", () => waiting.forEach((send) => send(true)));
}

function hide(id) {
  const hidden = [...articlesOf(id)];
  const focused = hidden.some((article) => article.classList.contains("focused"));
  const next = hidden[0].closest("li")?.nextElementSibling?.querySelector("article");
  const show = (on) => hidden.forEach((article) => ((article.closest("li") ?? article).hidden = !on));
  show(false);
  next?.focus({ preventScroll: true });
  const close = toast("Deleted.", make("button", { type: "button", onclick: undo }, "Undo"), { ms: UNDO_MS });
  const timer = setTimeout(() => send(false), UNDO_MS);
  waiting.set(id, send);

  function undo() {
    clearTimeout(timer);
    waiting.delete(id);
    show(true);
    hidden[0].focus();
  }

  async function send(leaving) {
    clearTimeout(timer);
    close();
    if (!waiting.delete(id)) return;
    try {
      await call("DELETE", `/tweet/${id}`, undefined, { keepalive: leaving });
      hidden.forEach((article) => (article.closest("li") ?? article).remove());
      if (focused && !leaving) location.assign("/");
    } catch (fault) {
      show(true);
      complain(fault);
    }
  }
}
