"""Nothing that people write becomes markup, and no form leads away from this site."""

from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests.web.visiting import Element, Visitor, parsed

Make = Callable[[], Visitor]
PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' autofocus onfocus=alert(1) x='",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "javascript:alert(1)",
    'https://example.com/"onmouseover=alert(1)//',
    "https://example.com/<script>alert(1)</script>",
    '#<b>tag</b> #tag"onclick=alert(1)',
    '@web1"><i>',
    "{{7*7}} {% include 'layout.html' %}",
    "&lt;script&gt; &amp;amp; &#60;b&#62;",
    "<!--<script>",
    "]]><script>alert(1)</script>",
    "\u2028<script>alert(1)</script>\u202e",
)
TAGS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "link",
        "script",
        "body",
        "a",
        "div",
        "header",
        "nav",
        "span",
        "main",
        "aside",
    ),
    *(
        "form",
        "label",
        "input",
        "textarea",
        "button",
        "output",
        "img",
        "ol",
        "li",
        "article",
        "time",
        "bdi",
        "p",
        "b",
    ),
    *("section", "h1", "h2", "details", "summary", "dl", "dt", "dd", "code"),
}


def assert_harmless(page: Element, statics: str) -> None:
    """Only the elements of the templates, no handlers, no scripts but the site's own, no links but to places."""
    for one in page.all():
        assert one.tag in TAGS, one
        assert not [
            name for name in one.attributes if name.startswith("on") or name in ("style", "srcdoc")
        ], one
        if one.tag == "script":
            assert (one.text, True) == ("", one.attributes["src"].startswith(statics))
        for name in ("href", "src", "action", "formaction"):
            target = one.attributes.get(name, "/")
            assert target.startswith(("/", "https://", "#")), one
            assert not target.startswith("//"), one
            if target.startswith("https://"):
                assert {"nofollow", "noopener", "ugc"} <= set(one.attributes["rel"].split()), one


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_people_write_is_text(person: Make, stranger: Visitor, payload: str) -> None:
    """In a text, a name and a bio, in a search and in an address it is shown as it was written, and is nothing else."""
    ann = person()
    ann.ask("PATCH", "/account/", {"name": payload[:50], "bio": payload})
    path = ann.tweet(payload)
    quoting = ann.tweet(f"look {payload}", quoteOf=path.rpartition("/")[2])
    ann.ask("PATCH", path.replace(f"/@{ann.handle}", "/tweet"), {"content": f"{payload} edited"})
    statics = next(ann.read("/").all("script")).attributes["src"].rpartition("/")[0]
    pages = [
        *(
            f"/@{ann.handle}",
            path,
            f"{path}/history",
            quoting,
            f"{path}/edit",
            f"{path}/reply",
            f"{path}/quotes",
        ),
        *("/settings", "/public", f"/explore?q={quote(payload)}", f"/explore?q={quote(payload)}&f=people"),
        *(f"/compose?text={quote(payload)}", f"/explore?f=near&latitude={quote(payload)}"),
    ]
    for address in pages:
        answer = ann.get(address)
        page = parsed(answer.text)
        assert answer.status_code in (200, 422), address
        assert_harmless(page, statics)
        assert "unsafe-inline" not in answer.headers["content-security-policy"]
    shown = next(ann.read(path).all("div", class_="content"))
    assert f"{payload} edited".replace("https://", "") == shown.text.replace("https://", "")
    assert payload == ann.read(f"/compose?text={quote(payload)}").one("textarea").text.removeprefix("\n")
    for address in (
        f"/@{quote(payload, safe='')}",
        f"/{quote(payload, safe='')}",
        f"/@{ann.handle}/{quote(payload, safe='')}",
    ):
        answer = ann.get(address)
        assert 404 == answer.status_code
        assert_harmless(parsed(answer.text), statics)
    assert_harmless(stranger.read(f"/login?back={quote(payload)}"), statics)
    assert_harmless(parsed(stranger.submit("/login", handle=payload, password=payload).text), statics)


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.test/",
        "//evil.test",
        "///evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "/\t/evil.test",
        "/\n/evil.test",
        "\t//evil.test",
        " //evil.test",
        "/ /evil.test",
        "javascript:alert(1)",
        "data:text/html,x",
        "http:evil.test",
        "/x//evil.test",
        "evil.test",
        "@evil.test",
        "/é",
        "/x\r\nSet-Cookie: a=b",
        "/" + "x" * 3_000,
        "",
    ],
)
def test_no_form_leads_elsewhere(person: Make, stranger: Visitor, back: str) -> None:
    """`back` is taken where it is a path of this site, from a field, an address or a Referer."""
    ann = person()
    path = ann.tweet("here")
    assert "/" == ann.done("/", content="x", back=back)
    assert "/" == stranger.done("/login", handle=ann.handle, password="correct horse battery", back=back)
    stranger.cookies.clear()
    form = stranger.read("/login", back=back).one("form", class_="sheet")
    assert "/" == form.one("input", name="back").attributes["value"]
    liked = ann.done(f"{path}/like", back=back)
    assert f"{path}#t{path.rpartition('/')[2]}" == liked
    for act in ("like", "unlike"):
        sent = {"Sec-Fetch-Site": "same-origin", "Referer": f"https://evil.test{path}"}
        answer = ann.post(f"{path}/{act}", data={"item": "1"}, headers=sent)
        assert f"{path}#t1" == answer.headers["location"]


def test_what_is_sent_back_goes_back(person: Make) -> None:
    """A path of this site is where one comes out, the page that the form was on too; an entry's id is no more."""
    ann = person()
    path = ann.tweet("here")
    assert "/explore?q=%23x&f=top" == ann.done("/", content="x", back="/explore?q=%23x&f=top")
    sent = {"Sec-Fetch-Site": "same-origin", "Referer": f"{ann.base_url}/@{ann.handle}?cursor=7"}
    answer = ann.post(f"{path}/like", data={"item": "5"}, headers=sent)
    assert f"/@{ann.handle}?cursor=7#t5" == answer.headers["location"]
    answer = ann.post(f"{path}/like", data={"item": "5\r\nX: y"}, headers=sent)
    assert "\n" not in answer.headers["location"]
    assert "x" not in answer.headers


def test_what_the_viewer_may_not_see_is_on_no_page(person: Make, stranger: Visitor) -> None:
    """The Reader decides for pages too: a protected account's text is nowhere, as a quote neither, and what was shown
    before a block or a delete is gone with it."""
    ann, bob = person(), person()
    secret = f"secret{ann.id}"
    path = ann.tweet(secret)
    quoting = bob.tweet("look", quoteOf=path.rpartition("/")[2])
    places = ("/", "/public", f"/@{ann.handle}", quoting, path, f"/explore?q={secret}")
    assert secret in stranger.get("/public").text
    ann.ask("PATCH", "/account/", {"protected": True})
    for visitor in (stranger, bob):
        assert [] == [place for place in places[:-1] if secret in visitor.get(place).text]
        assert [] == list(visitor.read("/explore", q=secret).all("article"))
    assert "quoted tweet is unavailable" in stranger.read(quoting).text
    ann.ask("PATCH", "/account/", {"protected": False})
    assert secret in bob.get(quoting).text
    ann.done(f"{path}/delete")
    assert [] == [place for place in places[:-1] if secret in bob.get(place).text]
