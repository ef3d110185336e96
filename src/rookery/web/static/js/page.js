// Elements, dialogs, and short notes, which a screen reader says too.

const SHOWN_MS = 5000;
const FAULT_MS = 9000;

export const find = (selector) => document.querySelector(selector);
export const findAll = (selector) => [...document.querySelectorAll(selector)];
export const on = (event, act) => document.addEventListener(event, act);

export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Takes over clicks but for those that open another tab. */
export function onClick(selector, act) {
  on("click", (event) => {
    const found = event.target.closest(selector);
    if (!found || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    act(found);
  });
}

/** `act`, which may take its time: presses meanwhile ask for nothing more. */
export function once(act) {
  let under;
  return (given) => (under ??= act(given).catch(complain).finally(() => (under = null)));
}

export function openDialog(className, ariaLabel, ...content) {
  const onclick = () => dialog.close();
  const close = make("button", { type: "button", className: "close", ariaLabel: "Close", onclick }, "✕");
  const onclose = () => dialog.replaceWith(...dialog.querySelectorAll("#toasts"));
  const dialog = make("dialog", { className, ariaLabel, onclose }, close, ...content);
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Shows a note, perhaps with a button or link; a press takes it away. */
export function toast(text, control, { kind = "", ms = SHOWN_MS } = {}) {
  const onclick = () => note.remove();
  const note = make("p", { className: `toast ${kind}`, onclick }, text, " ", control ?? "");
  const area = find("#toasts");
  area.append(note);
  find("dialog[open]")?.append(area); // which covers all that is not in it
  setTimeout(onclick, ms);
}

/** Shows what went wrong; a reader whose session has ended is sent to log in. */
export function complain(fault) {
  if (fault.status === 401) location.assign(`/login?back=${encodeURIComponent(location.pathname + location.search)}`);
  if (fault.status === undefined) console.error(fault);
  toast(fault.message, null, { kind: "error", ms: FAULT_MS });
}
