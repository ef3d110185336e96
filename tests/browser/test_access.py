"""Pages for everybody: what axe finds, what the keyboard reaches, what fits."""

from collections.abc import Mapping
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, ViewportSize

from scripts.scene import Scene
from tests.browser.visiting import DESKTOP, PHONE, Visit

ZOOMED: ViewportSize = {
    "width": DESKTOP["width"] // 2,
    "height": DESKTOP["height"] // 2,
}  # what is left of a desktop at 200%
PARTS = 4  # of the many pages: one is examined well within the time of a test
NARROWEST: ViewportSize = {"width": 320, "height": 640}
_AXE = """
async (rules) => {
  const found = await axe.run(document, { resultTypes: ["violations"], ...(rules && { runOnly: rules }) });
  return found.violations.map((one) => [one.id, one.help, one.nodes.map((node) => node.html.slice(0, 300))]);
}
"""
_HIDDEN_TABS = """
() => [...document.querySelectorAll(".tabs a")]
  .filter((one) => one.getBoundingClientRect().right > innerWidth || one.scrollWidth > one.clientWidth)
  .map((one) => one.textContent)
"""
_UNREACHED = """
() => [...document.querySelectorAll("a[href], button, input, textarea, summary, select")]
  .filter((one) => one.checkVisibility({ checkVisibilityCSS: true }))
  .filter((one) => one.tabIndex >= 0 && !one.disabled && !one.dataset.reached)
  .filter((one) => one.type !== "hidden" && !(one.type === "radio" && !one.checked))
  .map((one) => one.outerHTML.slice(0, 200))
"""
_SHORTEN = """
async () => {
  while (document.querySelector("a.more[aria-busy=true]")) await new Promise(requestAnimationFrame);
  document.querySelectorAll("ol.timeline > li:nth-child(n + 6), .more-place").forEach((one) => one.remove());
}
"""
_FOCUSED = """
() => {
  const one = document.activeElement;
  if (one === document.body || one.dataset.reached) return null;
  one.dataset.reached = "1";
  const look = (element) => {
    const { outlineStyle, outlineWidth, boxShadow, borderColor, backgroundColor } = getComputedStyle(element);
    return [outlineStyle === "none" ? "" : outlineWidth, boxShadow, borderColor, backgroundColor].join();
  };
  const box = one.getBoundingClientRect();
  const shown = box.width > 0 && box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
  const around = [one, one.parentElement, one.closest("form")].filter(Boolean);
  const focused = around.map(look).join();
  one.blur();
  const seen = focused !== around.map(look).join();
  one.focus({ focusVisible: true, preventScroll: true });
  return { html: one.outerHTML.slice(0, 200), seen, shown };
}
"""


def violations(page: Page, rules: list[str] | None = None) -> list[Any]:
    """What axe finds."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found: list[Any] = page.evaluate(_AXE, rules)
    return found


def examine(visit: Visit, paths: Mapping[str, str]) -> list[Any]:
    """What is wrong with pages in light and dark, on desktop and phone, and where one must scroll sideways."""
    visit.expected = {403, 404}
    page = visit.page()
    found: list[Any] = []
    for name, path in paths.items():
        page.set_viewport_size(DESKTOP)
        page.emulate_media(color_scheme="light")
        page.goto(visit.url + path)
        found += [(name, "desktop light", *one) for one in violations(page)]
        page.emulate_media(color_scheme="dark")
        found += [(name, "desktop dark", *one) for one in violations(page, ["color-contrast"])]
        for width, size in (("200%", ZOOMED), ("narrowest", NARROWEST), ("phone", PHONE)):
            page.set_viewport_size(size)
            if too_wide := page.evaluate("document.documentElement.scrollWidth - innerWidth"):
                found += [(name, width, "scrolls sideways", too_wide)] if too_wide > 0 else []
            if hidden := page.evaluate(_HIDDEN_TABS):
                found += [(name, width, "has tabs out of view", hidden)]
        found += [(name, "phone dark", *one) for one in violations(page)]
        page.emulate_media(color_scheme="light")
        found += [(name, "phone light", *one) for one in violations(page, ["color-contrast"])]
    page.close()
    assert [] == visit.complaints
    return found


@pytest.mark.parametrize("part", range(PARTS))
def test_axe_finds_nothing_on_any_page(reader: Visit, scene: Scene, part: int) -> None:
    """No violation on any page of an account, light and dark, on phone and desktop; at 200% nothing is cut off; and
    nothing is told the console."""
    assert [] == examine(reader, dict(list(scene.paths.items())[part::PARTS]))


def test_axe_finds_nothing_on_pages_for_strangers(stranger: Visit, scene: Scene) -> None:
    """The same for pages that a stranger sees."""
    assert [] == examine(stranger, scene.strangers)


def test_axe_would_find_a_violation(reader: Visit, scene: Scene) -> None:
    """A picture without a text and a pale text are found: the examination can fail."""
    page = reader.page("/settings")
    page.evaluate(
        """() => document.querySelector("main").insertAdjacentHTML(
             "beforeend", '<img src="/avatar/1"><p id="pale">pale</p>')"""
    )
    page.evaluate("() => { document.querySelector('#pale').style.color = 'rgb(200, 200, 200)'; }")
    assert {"image-alt", "color-contrast"} <= {one[0] for one in violations(page)}
    reader.complaints.clear()  # the picture is of nobody
    page.close()


@pytest.mark.parametrize("name", ["home", "conversation", "profile", "settings", "requests"])
def test_the_keyboard_reaches_everything_and_shows_where_it_is(
    reader: Visit, scene: Scene, name: str
) -> None:
    """Tab goes to all that can be pressed or filled in, each in view, and what has the focus looks different."""
    page = reader.page(scene.paths[name])
    page.evaluate(_SHORTEN)
    focused = []
    for _ in range(200):
        page.keyboard.press("Tab")
        now = page.evaluate(_FOCUSED)
        if now is None:
            break
        focused.append(now)
    assert [] == [one for one in focused if not (one["seen"] and one["shown"])]
    assert [] == page.evaluate(_UNREACHED)
    page.close()
