// Where the reader is: added to a tweet, or searched around.

import { complain, onClick } from "./page.js";

/** The composer's button that adds where one is, and takes it off again. */
export function takePlace(form) {
  const button = form.querySelector("button.place");
  if (!button || !navigator.geolocation) return;
  const put = ({ latitude, longitude }) => {
    form.elements.latitude.value = latitude;
    form.elements.longitude.value = longitude;
    button.ariaPressed = String(latitude !== "");
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    if (button.ariaPressed === "true") put({ latitude: "", longitude: "" });
    else position().then(put, complain);
  });
}

onClick("a.near", (link) => {
  const url = new URL(link.href);
  position().then((found) => {
    Object.entries(found).forEach(([name, degrees]) => url.searchParams.set(name, degrees));
    location.assign(url);
  }, complain);
});

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
