"""What programs, the script and browsers are answered where it differs: parts of pages, errors, static files."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from rookery.web.static import FOLDER
from tests.serving import Person, Server, alone, problem_of, serving, soon
from tests.web.visiting import Visitor, parsed, sign_up

Make = Callable[[], Visitor]
PART = {"X-Fragment": "1"}
BUDGET_BYTES = 60_000
FORM_KEY = re.compile(r'name="key" value="\w+"')


def home_either_way(visitor: Visitor) -> str:
    """The home page but for its form's key, which may be new each time: packed and as it is made it is the same. What
    others did may come between the two, and what stands beside them is of the last minute."""
    for _ in range(5):
        packed, plain = (
            FORM_KEY.sub("", visitor.get("/", headers={"Accept-Encoding": encoding}).text)
            for encoding in ("gzip", "identity")
        )
        if packed == plain:
            break
    assert packed == plain
    return packed


def test_a_list_goes_on_by_fragments(person: Make) -> None:
    """The part is the list's items and the link to the next ones; followed to the end it gives every tweet once."""
    ann = person()
    written = [ann.tweet(f"tweet {number}") for number in range(45)]
    page = ann.read("/")
    found = [one.attributes["data-url"] for one in page.all("article", class_="tweet")]
    assert 20 == len(found)
    more = [page.one("a", class_="more").attributes["href"]]
    while more:
        answer = ann.get(more[0], headers=PART)
        assert "no-store" == answer.headers["cache-control"]
        part = parsed(answer.text)
        assert {"li", "p"} >= {one.tag for one in part.inside}
        found += [one.attributes["data-url"] for one in part.all("article", class_="tweet")]
        more = [one.attributes["href"] for one in part.all("a", class_="more")]
    assert written[::-1] == found


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/public",
        "/explore?q=everywhere",
        "{own}",
        "{own}/likes",
        "{ann}",
        "{ann}/followers",
        "/requests",
    ],
)
def test_a_part_is_without_the_frame(person: Make, path: str) -> None:
    """Wherever a page is a list, its part has no frame, and the page itself has the same items."""
    ann, bob = person(), person()
    own = ann.tweet("everywhere")
    bob.done(f"{own}/like")
    bob.done(f"/@{ann.handle}/follow")
    address = path.format(own=own, ann=f"/@{ann.handle}")
    part = ann.get(address, headers=PART).text
    assert "<html" not in part
    items = [one for one in parsed(part).inside if one.tag == "li"]
    assert len(items) <= len(list(ann.read(address).all("li")))


def test_one_tweet_and_one_form_alone(person: Make, stranger: Visitor) -> None:
    """The script asks for a tweet as it stands in lists, and for the form to answer, quote or edit it."""
    ann = person()
    path = ann.tweet("alone")
    (item,) = parsed(ann.get(path, headers={"X-Fragment": "tweet"}).text).inside
    assert ("li", path) == (item.tag, item.one("article", class_="tweet").attributes["data-url"])
    for act in ("reply", "quote", "edit"):
        form = parsed(ann.get(f"{path}/{act}", headers=PART).text).one("form", class_="composer")
        assert (act, f"{path}/{act}", path.rpartition("/")[2]) == (
            form.attributes["data-act"],
            form.attributes["action"],
            form.attributes["data-id"],
        )
    assert 404 == stranger.get("/@nobody/5", headers={"X-Fragment": "tweet"}).status_code


def test_since_gives_what_is_newer(person: Make) -> None:
    """The part of the feed above a tweet."""
    ann = person()
    old, *new = [ann.tweet(text) for text in ("one", "two", "three")]
    part = parsed(ann.get(f"/?since={old.rpartition('/')[2]}", headers=PART).text)
    assert new[::-1] == [one.attributes["data-url"] for one in part.all("article", class_="tweet")]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/nowhere", 404, "not_found"),
        ("/@nobody", 404, "not_found"),
        ("/@nobody/5", 404, "not_found"),
        ("/@nobody/x", 404, "not_found"),
        ("/public?cursor=x", 422, "invalid"),
        ("/login/", 200, ""),
        ("/logout", 405, "method_not_allowed"),
    ],
)
def test_errors_are_pages_for_browsers_and_problems_for_programs(
    server: Server, stranger: Visitor, path: str, status: int, code: str
) -> None:
    """The status is the same; who asks for text/html gets a page that says what to do."""
    page = stranger.get(path)
    assert (status, "text/html; charset=utf-8") == (page.status_code, page.headers["content-type"])
    assert 1 == len(list(parsed(page.text).all("h1")))
    if code:
        assert (status, code) == problem_of(Person(server).get(path))
        assert "GET" not in page.headers.get("allow", "") or code == "method_not_allowed"


def test_errors_of_the_api_stay_problems(stranger: Visitor) -> None:
    """Also for a browser: only pages and what is not there are answered as pages."""
    assert (401, "not_signed_in") == problem_of(stranger.get("/feed/"))
    assert (404, "not_found") == problem_of(stranger.get("/tweet/5"))


def test_pages_ignore_what_they_do_not_know(stranger: Visitor) -> None:
    """A link with a tracker's parameter still works."""
    assert "everyone" in stranger.read("/?utm_source=x&fbclid=y&utm_source=z").text
    assert stranger.get("/explore?f=nonsense&q=%ff").status_code == 200


def test_a_session_that_has_ended_makes_a_stranger(person: Make) -> None:
    """The old cookie is no error on a page: reading goes on as a stranger, acting leads to the log-in."""
    ann = person()
    path = ann.tweet("x")
    ann.ask("POST", "/account/logout", {"everywhere": True})
    assert "" == ann.read("/").one("body").attributes["data-viewer"]
    assert 303 == ann.get("/settings").status_code
    assert "/login?back=%2F" == ann.submit(f"{path}/like").headers["location"]
    sent = {"Sec-Fetch-Site": "same-origin", "Referer": f"{ann.base_url}{path}"}
    assert f"/login?back={quote(path, safe='')}" == ann.post(f"{path}/like", headers=sent).headers["location"]
    assert 200 == ann.get(f"/avatar/{ann.id}").status_code


def test_pages_can_be_shared(person: Make, stranger: Visitor) -> None:
    """A tweet's and a person's page say what they show, with the address that it was asked for under."""
    ann = person()
    ann.done("/settings", name="Ann Avocet", bio="writes")
    path = ann.tweet("worth sharing")
    expected = {
        path: ("Ann Avocet (@" + ann.handle + ")", "worth sharing", "article"),
        f"/@{ann.handle}": ("Ann Avocet (@" + ann.handle + ")", "writes", "profile"),
    }
    for address, told in expected.items():
        tags = {
            one.attributes["property"]: one.attributes["content"]
            for one in stranger.read(address).all("meta")
            if "property" in one.attributes
        }
        assert told == (tags["og:title"], tags["og:description"], tags["og:type"])
        assert f"{stranger.base_url}{address}" == tags["og:url"].replace(".1:", ".1:")


def test_static_files_are_kept_for_good(stranger: Visitor) -> None:
    """Each is served under the digest of all, packed where the browser takes that, and costs no read; another digest
    has the same file, not to be kept."""
    sheet = next(one for one in stranger.read("/").all("link", rel="stylesheet")).attributes["href"]
    names = sorted(path.name for path in FOLDER.rglob("*") if path.is_file())
    for name in names:
        address = f"{sheet.rpartition('/')[0]}/{name}"
        answer = stranger.get(address)
        assert (200, "public, max-age=31536000, immutable", "gzip") == (
            answer.status_code,
            answer.headers["cache-control"],
            answer.headers["content-encoding"],
        )
        assert "nosniff" == answer.headers["x-content-type-options"]
        assert answer.content == stranger.get(address, headers={"Accept-Encoding": "identity"}).content
    assert "no-store" == stranger.get("/static/0000/style.css").headers["cache-control"]
    for missing in ("nothing.css", "..%2fsite.py", "site.py"):
        assert 404 == stranger.get(f"{sheet.rpartition('/')[0]}/{missing}").status_code


def test_a_first_visit_is_small(person: Make, server: Server) -> None:
    """The home page of a full feed with its style and script, as they are sent, without pictures."""
    ann = person()
    for number in range(20):
        ann.tweet(f"{number} " + "a sentence of the usual length with a #tag and https://example.org/x " * 3)
    home = ann.get("/")
    folder = re.search(r'href="(/static/\w+)/style.css"', home.text)
    assert folder is not None
    files = [one.name for one in FOLDER.rglob("*") if one.suffix in (".css", ".js")]
    answers = [home, *(ann.get(f"{folder[1]}/{name}") for name in files)]
    assert {"gzip"} == {one.headers["content-encoding"] for one in answers}
    sent = sum(one.num_bytes_downloaded for one in answers)
    assert sent < BUDGET_BYTES
    assert "" != home_either_way(ann)


def test_a_kept_page_is_sent_only_while_it_is_right(person: Make) -> None:
    """After each write that changes something on it the home page, packed and kept, is the one that is made anew."""
    ann, bob = person(), person()
    own, other = ann.tweet("mine"), bob.tweet("another's")
    writes: list[Callable[[], object]] = [
        lambda: ann.done(f"/@{bob.handle}/follow"),
        lambda: ann.done(f"{other}/like"),
        lambda: bob.done(f"{other}/edit", content="changed"),
        lambda: ann.done("/settings", name="Renamed", bio=""),
        lambda: bob.done("/settings", name="Other", bio="", protected="true"),
        lambda: bob.tweet("one more"),
        lambda: ann.done(f"{own}/delete"),
        lambda: bob.done(f"/@{ann.handle}/block"),
    ]
    seen = [home_either_way(ann)]
    for write in writes:
        write()
        soon(True, lambda: home_either_way(ann) not in seen)
        seen.append(home_either_way(ann))


def test_pages_count_as_one_read_and_pictures_as_none(tmp_path: Path) -> None:
    """The limits of the API hold for pages, and a page used up is a page that says when to come back."""
    with serving(
        tmp_path / "data", {"LIMITS_READS_PER_15MIN_ADDRESS": "4", "LIMITS_TWEETS_PER_3H": "1"}
    ) as server:
        ann = sign_up(server, "ann")
        assert "/" == ann.done("/", content="the first")
        refused = ann.submit("/", content="the second")
        assert (429, "the second") == (refused.status_code, parsed(refused.text).one("textarea").text.strip())
        assert int(refused.headers["retry-after"]) > 0
        stranger = Visitor(server)
        left = [stranger.get("/public").headers["ratelimit-remaining"] for _ in range(2)]
        sheet = re.search(r'/static/[^"]*css', stranger.get("/public").text)
        assert sheet is not None
        assert ["3", "2"] == left
        for path in (sheet[0], f"/avatar/{ann.id}"):
            assert "ratelimit-remaining" not in stranger.get(path).headers
        assert [200, 429] == [stranger.get("/public").status_code for _ in range(2)]
        assert "text/html" in stranger.get("/public").headers["content-type"]


def test_a_cookie_of_the_pages_signs_the_api(person: Make, server: Server) -> None:
    """The script acts through the API as the reader, from this site's pages alone."""
    ann = person()
    cookies = dict(ann.cookies)
    assert 200 == alone("GET", f"{server.url}/account/", cookies=cookies).status_code
    forged = alone("POST", f"{server.url}/tweet/", json={"content": "x"}, cookies=cookies)
    assert (403, "origin_refused") == problem_of(forged)
