"""A person at a browser: pages whose every complaint is kept, so that a test can say there was none."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, ViewportSize

COOKIE = "rookery_session"
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
WAIT_MS = 30_000.0  # for what must come; a slow machine is no fault
_CSP_WATCH = """
addEventListener("securitypolicyviolation", (event) => {
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
}, true);
"""


@dataclass
class Visit:
    """A browser context of one person. `complaints`: errors of the console and of scripts, CSP violations, and requests
    that failed; `expected` are statuses that a test asks for itself, which the console tells as errors, too."""

    context: BrowserContext
    url: str
    complaints: list[str] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)

    def page(self, path: str | None = None) -> Page:
        """A new page, opened at a path where one is given."""
        page = self.context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("console", self._hear)
        page.on("pageerror", lambda fault: self.complaints.append(f"{page.url}: {fault}"))
        page.on("requestfailed", self._fail)
        page.on("response", self._answer)
        if path is not None:
            page.goto(self.url + path)
        return page

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(
            f"status of {status}" in message.text for status in self.expected
        ):
            self.complaints.append(f"{message.location['url']}: {message.text}")

    def _fail(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # a page that is left ends its requests
            self.complaints.append(f"{request.method} {request.url}: {request.failure}")

    def _answer(self, response: Response) -> None:
        self.responses.append(response)


@contextmanager
def visiting(browser: Browser, url: str, token: str = "", **options: Any) -> Iterator[Visit]:
    """A context for as long as the block runs, signed in with a session token; `options` are playwright's. At its end
    nothing may have been complained of."""
    context = browser.new_context(**{"viewport": DESKTOP, "reduced_motion": "reduce", **options})
    context.add_init_script(_CSP_WATCH)
    if token:
        context.add_cookies(
            [{"name": COOKIE, "value": token, "url": url, "httpOnly": True, "sameSite": "Lax"}]
        )
    visit = Visit(context, url)
    try:
        yield visit
    finally:
        context.close()
    assert [] == visit.complaints
