// Where the reader is: added to a tweet, or searched around.

import { onClick, once } from "./page.js";

const NOWHERE = { latitude: "", longitude: "" };

/** The composer's button that adds where one is, and takes it off again; `found` waits while it is asked for. */
export function takePlace(form) {
  const button = form.querySelector("button.place");
  if (!button || !navigator.geolocation) return undefined;
  const put = (place) => {
    for (const name in place) form.elements[name].value = place[name];
    button.ariaPressed = String(place !== NOWHERE);
  };
  const add = once(async () => put(await position()));
  let found;
  button.hidden = false;
  button.addEventListener("click", () => {
    if (button.ariaPressed === "true") put(NOWHERE);
    else found = add();
  });
  return { found: () => found, clear: () => put(NOWHERE) };
}

onClick(
  "a.near",
  once(async ({ href }) => {
    const url = new URL(href);
    Object.entries(await position()).forEach(([name, degrees]) => url.searchParams.set(name, degrees));
    location.assign(url);
  }),
);

/** To some hundred metres. Rejects with a sentence. */
function position() {
  const rounded = (degrees) => Number(degrees.toFixed(3));
  return new Promise((give, refuse) => {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => give({ latitude: rounded(coords.latitude), longitude: rounded(coords.longitude) }),
      () => refuse({ status: 0, message: "Your browser did not tell where you are." }),
      { timeout: 10_000, maximumAge: 300_000 },
    );
  });
}
