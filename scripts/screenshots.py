"""Pictures of every page, light and dark, on desktop and phone: `make screenshots`.

All go to build/screenshots, for a person to look at; the two that the README shows to docs/screenshots. They show the
people of `rookery demo` and those of scene.py. Fonts for Chinese, Japanese and emoji must be there: on Debian
fonts-droid-fallback and fonts-noto-color-emoji.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, ViewportSize

from scripts.browser import browsing, lacking
from scripts.scene import Actor, Scene, build

PROJECT = Path(__file__).parent.parent
ALL = PROJECT / "build" / "screenshots"
SHOWN = PROJECT / "docs" / "screenshots"
DESKTOP: ViewportSize = {"width": 1280, "height": 860}
PHONE: ViewportSize = {"width": 390, "height": 844}
DEMO_ACCOUNTS = 300
FOLLOWED = 20
SETTLE_MS = 400.0
IN_README: Mapping[str, str] = {
    "home-light-desktop": "home.png",
    "conversation-dark-phone": "conversation.png",
}
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


@contextmanager
def demo(port: int) -> Iterator[str]:
    """A running demo; its address. Raises RuntimeError where it does not start."""
    command = [sys.executable, "-m", "rookery", "demo", "--accounts", str(DEMO_ACCOUNTS), "--port", str(port)]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert process.stdout is not None
            address = next(filter(None, map(_ADDRESS.search, process.stdout)), None)
            if address is None:
                log.seek(0)
                raise RuntimeError(f"the demo did not start: {log.read()}")
            yield address[0]
        finally:
            process.terminate()
            process.wait()


def follow_the_busy(reader: Actor) -> None:
    """Lets the reader follow some of the demo's people, so that the feed is lively."""
    for person in reader.ok("GET", "/follow/suggestions")[:FOLLOWED]:
        reader.ok("POST", "/follow", {"userId": person["userId"]})


def take_all(browser: Browser, scene: Scene, url: str, folder: Path) -> int:
    """Takes every page in four variants; how many pictures that are."""
    count = 0
    for scheme in ("light", "dark"):
        for device, options in (
            ("desktop", {"viewport": DESKTOP}),
            ("phone", {"viewport": PHONE, "is_mobile": True}),
        ):
            for paths, token in ((scene.paths, scene.ann.token), (scene.strangers, "")):
                context = browser.new_context(color_scheme=scheme, device_scale_factor=1, **options)
                if token:
                    context.add_cookies([{"name": "rookery_session", "value": token, "url": url}])
                count += take(context, url, paths, folder, f"{scheme}-{device}")
                context.close()
    return count


def take(context: BrowserContext, url: str, paths: Mapping[str, str], folder: Path, variant: str) -> int:
    """Takes pages in one variant; how many pictures that are."""
    page = context.new_page()
    for name, path in paths.items():
        page.goto(url + path)
        page.wait_for_timeout(SETTLE_MS)
        page.screenshot(path=folder / f"{name}-{variant}.png")
    return len(paths)


def main() -> int:
    """Takes them. Returns the exit code."""
    if message := lacking():
        print(message, file=sys.stderr)
        return 1
    for folder in (ALL, SHOWN):
        folder.mkdir(parents=True, exist_ok=True)
    with demo(port=8765) as url, browsing() as browser:
        scene = build(url)
        follow_the_busy(scene.ann)
        count = take_all(browser, scene, url, ALL)
    for taken, name in IN_README.items():
        (SHOWN / name).write_bytes((ALL / f"{taken}.png").read_bytes())
    print(f"{count} pictures in {ALL}; the README's in {SHOWN}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
