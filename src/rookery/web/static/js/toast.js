// Short notes at the edge of the page, which a screen reader says too.

import { make } from "./dom.js";

const SHOWN_MS = 5000;
const FAULT_MS = 9000;

/** Shows a note for `ms` milliseconds, perhaps with a button or link; gives the function that takes it away. */
export function toast(text, control, { kind = "", ms = SHOWN_MS } = {}) {
  const note = make("p", { className: `toast ${kind}`.trim() }, text);
  const close = () => note.remove();
  if (control) note.append(" ", control);
  control?.addEventListener("click", close);
  document.getElementById("toasts").append(note);
  setTimeout(close, ms);
  return close;
}

/** Shows what went wrong; a reader whose session has ended is sent to log in. */
export function complain(fault) {
  if (fault.status === 401) location.assign(`/login?back=${encodeURIComponent(location.pathname + location.search)}`);
  if (fault.status === undefined) console.error(fault);
  toast(fault.message, null, { kind: "error", ms: FAULT_MS });
}
