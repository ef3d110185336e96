"""Generated pictures of accounts as a browser gets them."""

from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from tests.serving import PASSWORD, Person

Make = Callable[..., Person]
SVG = "{http://www.w3.org/2000/svg}"
DRAWN = {f"{SVG}{name}" for name in ("svg", "title", "path", "text", "g", "circle", "rect", "ellipse")}


@pytest.mark.parametrize("name", ["Ann", "<script>alert(1)</script>", "\"' onload='x' &amp;", "👩‍🚀 日本"])
def test_a_picture_is_safe_whatever_the_name(person: Make, stranger: Person, name: str) -> None:
    """It is well-formed SVG of shapes and a letter, without scripts, handlers, styles or links, and never sniffed."""
    ann = person()
    ann.ok("PATCH", "/account/", {"name": name})
    picture = stranger.get(f"/avatar/{ann.id}")
    assert "image/svg+xml" == picture.headers["content-type"]
    assert "nosniff" == picture.headers["x-content-type-options"]
    assert "default-src 'none'" in picture.headers["content-security-policy"]
    for element in ElementTree.fromstring(picture.content).iter():  # noqa: S314 - this server's own
        assert element.tag in DRAWN
        assert not {one for one in element.attrib if one.startswith("on") or "href" in one or one == "style"}


def test_a_picture_may_be_kept_by_anyone(person: Make, stranger: Person) -> None:
    """It may be kept, has a tag that changes with what is drawn, and goes with its account."""
    ann = person("Zed")
    before = stranger.get(ann.ok("GET", "/account/")["avatarUrl"])
    assert "public" in before.headers["cache-control"]
    again = stranger.get(f"/avatar/{ann.id}")
    assert (before.content, before.headers["etag"]) == (again.content, again.headers["etag"])
    ann.ok("PATCH", "/account/", {"name": "Other"})
    assert before.headers["etag"] != stranger.get(f"/avatar/{ann.id}").headers["etag"]
    ann.ok("DELETE", "/account/", {"password": PASSWORD})
    assert (404, "not_found") == stranger.refused("GET", f"/avatar/{ann.id}")
