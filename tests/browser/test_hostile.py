"""What people may write and send to run something in the browsers of others."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from html import escape
from itertools import count
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.visiting import WAIT_MS, visiting
from tests.serving import PASSWORD, Person, Server, sign_up

expect.set_options(timeout=WAIT_MS)
_numbers = count(1)
RUN = "xss()"
PAYLOADS = tuple(
    one.replace("RUN", RUN)
    for one in (
        "<script>RUN</script>",
        "</title><script>RUN</script>",
        "</textarea><script>RUN</script>",
        "</style><script>RUN</script>",
        "--><script>RUN</script><!--",
        "]]><script>RUN</script>",
        "<ScRiPt>RUN</sCrIpT>",
        "<scr<script>ipt>RUN</script>",
        "<script src=//x.example></script>",
        "<script>RUN//",
        "<img src=x onerror=RUN>",
        "<img src=x onerror='RUN'>",
        '"><img src=x onerror=RUN>',
        "'><img src=x onerror=RUN>",
        "`><img src=x onerror=RUN>",
        "<img/src=x/onerror=RUN>",
        "<IMG SRC=x ONERROR=RUN>",
        "<svg onload=RUN>",
        "<svg/onload=RUN>",
        "<svg><script>RUN</script></svg>",
        "<svg><a xlink:href='javascript:RUN'><text>x</text></a>",
        "<math href='javascript:RUN'>x</math>",
        "<body onload=RUN>",
        "<iframe src='javascript:RUN'></iframe>",
        "<iframe srcdoc='<script>parent.RUN</script>'>",
        "<object data='javascript:RUN'></object>",
        "<embed src='javascript:RUN'>",
        "<base href='//x.example/'>",
        "<meta http-equiv=refresh content='0;url=javascript:RUN'>",
        "<link rel=stylesheet href='javascript:RUN'>",
        "<style>@import 'javascript:RUN'</style>",
        "<details open ontoggle=RUN>",
        "<input autofocus onfocus=RUN>",
        "<video><source onerror=RUN></video>",
        "<form action='javascript:RUN'><button autofocus>x",
        "<a href='javascript:RUN'>x</a>",
        "javascript:RUN",
        "JaVaScRiPt:RUN",
        "java\nscript:RUN",
        "data:text/html,<script>RUN</script>",
        "vbscript:RUN",
        '" onfocus=RUN autofocus x="',
        "' onmouseover=RUN x='",
        "x onerror=RUN",
        "{{constructor.constructor('RUN')()}}",
        "${RUN}",
        "{% raw %}{{ RUN }}",
        "&lt;script&gt;RUN&lt;/script&gt;",
        "&#60;script&#62;RUN&#60;/script&#62;",
        "\u202e<script>RUN</script>",
        "＜script＞RUN＜/script＞",
        'http://x.example/"onmouseover=RUN//',
        "https://x.example/'><script>RUN</script>",
        "@x\"onclick=RUN #y'onclick=RUN",
    )
)
BACK = (
    "//evil.example/",
    "https://evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "javascript:" + RUN,
    "/x\r\nLocation: //evil.example",
    "/%09//evil.example",
    " //evil.example",
)
NAME_MAX = 50


def calm(page: Page) -> None:
    """Fails where something of another's ran or was made an element."""
    ran = page.evaluate("new Promise((done) => setTimeout(() => done(window.ran ?? null), 20))")
    assert ran is None
    assert (
        0
        == page.locator("main :is(script, iframe, object, embed, svg[onload], [onerror], [onfocus])").count()
    )


@contextmanager
def watched(browser: Browser, server: Server, token: str = "") -> Iterator[Page]:
    """A page in which `xss()` leaves a trace; no CSP violation may be told, as all is to be text."""
    with visiting(browser, server.url, token) as visit:
        visit.context.add_init_script("window.xss = () => { window.ran = true; };")
        visit.expected = {404, 422}
        page = visit.page()
        page.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
        yield page


def test_nothing_that_people_write_runs(browser: Browser, server: Server) -> None:
    """Texts, names, bios and what one searches for are shown as they are written, on every page that shows them."""
    assert 40 <= len(PAYLOADS)
    mallory, victim = sign_up(server, "mallory"), sign_up(server, "victim")
    victim.ok("POST", "/follow", {"userId": mallory.id})
    ids = [mallory.tweet(payload)["tweetId"] for payload in PAYLOADS]
    with watched(browser, server, victim.token) as page:
        shown: list[str] = []
        for at in range(0, len(PAYLOADS), 20):
            before = "" if at == 0 else f"?cursor={ids[-at]}"
            for path in ("/", "/@mallory", "/public"):
                page.goto(f"{server.url}{path}{before}")
                calm(page)
            shown += page.locator("article[data-handle=mallory] .content").all_inner_texts()
        missing = {one for one in PAYLOADS if "://" not in one} - set(shown)  # links are shown shortened
        assert set() == missing
        for payload in PAYLOADS:
            fits = payload if len(payload) <= NAME_MAX else payload[:NAME_MAX]
            mallory.ok("PATCH", "/account/", {"name": " ".join(fits.split("\n")), "bio": payload})
            page.goto(f"{server.url}/@mallory")
            calm(page)
        for path in (f"/@mallory/{ids[0]}", "/@victim/following", "/explore?q=mallory&f=people", "/"):
            page.goto(server.url + path)
            calm(page)


def test_nothing_in_an_address_runs(browser: Browser, server: Server) -> None:
    """Search words, handles, tweet ids and where to go back to are text, too."""
    with watched(browser, server) as page:
        for payload in PAYLOADS:
            page.goto(f"{server.url}/explore?q={quote(payload)}")
            calm(page)
            assert payload.replace("\n", "") == page.locator("main input[name=q]").input_value()
            page.goto(
                f"{server.url}/@{quote(payload, safe='')}/{quote(payload, safe='')}?back={quote(payload)}"
            )
            calm(page)


def test_no_log_in_leads_to_another_site(browser: Browser, server: Server) -> None:
    """After a log-in the browser is where it was, whatever `back` asked for."""
    sign_up(server, "returning")
    with watched(browser, server) as page:
        for back in BACK:
            page.goto(f"{server.url}/login?back={quote(back)}")
            page.get_by_label("Handle").fill("returning")
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Log in").click()
            expect(page.get_by_role("button", name="Log out").first).to_be_attached()
            assert urlsplit(server.url).netloc == urlsplit(page.url).netloc
            page.context.clear_cookies()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it overrides
        pass


@contextmanager
def hosted(folder: Path) -> Iterator[int]:
    """Another site on this machine; its port."""
    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=site.serve_forever, daemon=True).start()
    try:
        yield site.server_address[1]
    finally:
        site.shutdown()
        site.server_close()


def _state(person: Person, other: Person) -> object:
    user = person.ok("GET", "/account/")
    return (
        user,
        person.walk(f"/user/{person.id}/tweets"),
        person.ok("GET", f"/user/{other.id}"),
        len(person.ok("GET", "/account/sessions")),
    )


def test_a_forged_post_changes_nothing(browser: Browser, server: Server, tmp_path: Path) -> None:
    """Forms of another site, and of another port of the same host, which the cookie goes along with, are refused."""
    number = next(_numbers)
    victim, other = sign_up(server, f"forged{number}"), sign_up(server, f"other{number}")
    tweet = victim.tweet("mine")["tweetId"]
    before = _state(victim, other)
    forms: tuple[tuple[str, dict[str, str]], ...] = (
        ("/", {"content": "forged"}),
        (f"/@{victim.handle}/{tweet}/delete", {}),
        (f"/@{victim.handle}/{tweet}/edit", {"content": "forged"}),
        (f"/@{victim.handle}/{tweet}/like", {}),
        (f"/@{other.handle}/follow", {}),
        (f"/@{other.handle}/block", {}),
        ("/settings", {"name": "forged", "bio": "", "protected": "on"}),
        ("/logout", {}),
    )
    for at, (path, fields) in enumerate(forms):
        inputs = "".join(f'<input name="{name}" value="{escape(value)}">' for name, value in fields.items())
        trap = f'<form method="post" action="{server.url}{path}">{inputs}<button>Win a prize</button></form>'
        (tmp_path / f"{at}.html").write_text(trap)
    with hosted(tmp_path) as port, visiting(browser, server.url, victim.token) as visit:
        visit.expected = {401, 403, 404}
        page = visit.page()
        for host in ("localhost", "127.0.0.1"):
            for at in range(len(forms)):
                page.goto(f"http://{host}:{port}/{at}.html")
                with page.expect_navigation() as sent:
                    page.get_by_role("button").click()
                assert sent.value.status in (401, 403), (host, forms[at])
    assert before == _state(victim, other)
