// Making and finding elements.

/** A new element with these properties and children. */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Takes over clicks on what matches, but for those that open another tab or window. */
export function onClick(selector, act) {
  document.addEventListener("click", (event) => {
    const found = event.target.closest(selector);
    if (!found || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    act(found);
  });
}

/** Opens a dialog over the page; when it closes it is gone. */
export function openDialog(className, ariaLabel, ...content) {
  const close = make("button", { type: "button", className: "close", ariaLabel: "Close" }, "✕");
  const dialog = make("dialog", { className, ariaLabel }, close, ...content);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
