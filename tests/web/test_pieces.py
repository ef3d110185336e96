"""The small makers of HTML: links, times, numbers, paths, and what is kept."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rookery.core.markup import extract
from rookery.core.objects import Entities, Hashtag, Mention, Url
from rookery.web import formats
from rookery.web.forms import local_path
from rookery.web.links import linked, shown, target
from rookery.web.pieces import Pieces
from rookery.web.static import Statics
from rookery.web.templating import environment
from tests.web.visiting import parsed


def html_of(text: str, known: bool = True) -> str:
    """A text with its links; every mentioned account is there, or none."""
    found = extract(text)
    return str(
        linked(
            text,
            Entities(
                [Hashtag(one.tag, one.start, one.end) for one in found.hashtags],
                [Mention(one.handle, "7" if known else None, one.start, one.end) for one in found.mentions],
                [Url(one.url, one.start, one.end) for one in found.urls],
            ),
        )
    )


def test_links_mentions_and_hashtags_are_links() -> None:
    """Out of this site with rel, mentions of whom there is and hashtags within it; all else is text."""
    page = parsed(html_of("<b> @ann 👩‍🚀 #日本 see example.com/a?b=1&c=2 & http://x.org"))
    assert [
        ("/@ann", "@ann"),
        ("/explore?q=%23%E6%97%A5%E6%9C%AC", "#日本"),
        ("https://example.com/a?b=1&c=2", "example.com/a?b=1&c=2"),
        ("http://x.org", "x.org"),
    ] == [(one.attributes["href"], one.text) for one in page.all("a")]
    assert "<b> @ann 👩‍🚀 #日本 see example.com/a?b=1&c=2 & x.org" == page.text
    assert {"nofollow noopener ugc"} == {
        one.attributes["rel"] for one in page.all("a") if "rel" in one.attributes
    }
    assert [] == list(parsed(html_of("@nobody", known=False)).all("a"))


@given(st.text(alphabet=st.sampled_from("<>&\"'@#a. 日/:\n1"), max_size=60))
def test_a_text_stays_what_it_is(text: str) -> None:
    """Read back from its HTML it is the same, but for what is cut from URLs."""
    found = extract(text)
    if not found.urls:
        assert text == parsed(html_of(text)).text


def test_long_urls_are_cut_where_they_are_shown() -> None:
    """Not where they lead."""
    url = "https://example.org/" + "x" * 100
    assert (url, 40, "…") == (target(url), len(shown(url)), shown(url)[-1])
    assert "https://example.org" == target("example.org")
    assert "HTTPS://example.org" == target("HTTPS://example.org")


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0"),
        (9_999, "9999"),
        (10_000, "10K"),
        (12_399, "12.3K"),
        (999_999, "999.9K"),
        (1_000_000, "1M"),
        (5_670_000, "5.6M"),
    ],
)
def test_large_numbers_are_short(number: int, expected: str) -> None:
    """Rounded down, so that none shows more than there is."""
    assert expected == formats.compact(number)


def test_times_are_exact() -> None:
    """To the minute, in UTC."""
    at = "2026-11-07T05:13:59.123Z"
    assert ("7 Nov 2026, 05:13 UTC", "Nov 2026") == (formats.exact(at), formats.month(at))


@given(st.text(max_size=40))
def test_a_local_path_is_one(given_path: str) -> None:
    """Whatever is given, what comes out begins with one slash and holds nothing that a browser could take for a host
    or a header."""
    path = local_path(given_path)
    assert path[0] == "/"
    assert path[1:2] not in ("/", "\\")
    assert path.isascii()
    assert path.isprintable()
    assert " " not in path


def tweet_json(owner: int, **changed: object) -> bytes:
    """A tweet as the Reader renders it."""
    tweet: dict[str, object] = {
        "tweetId": "10",
        "ownerId": str(owner),
        "kind": "tweet",
        "content": "hello",
        "createdTimeStamp": "2026-11-07T05:13:59.123Z",
        "editedTimeStamp": None,
        "latitude": None,
        "longitude": None,
        "entities": {"hashtags": [], "mentions": [], "urls": []},
        "owner": {
            "userId": str(owner),
            "handle": "ann",
            "name": "Ann",
            "avatarUrl": "/avatar/7",
            "protected": False,
        },
        "inReplyTo": None,
        "retweetOf": None,
        "quoteOf": None,
        "likeCount": 0,
        "replyCount": 0,
        "retweetCount": 0,
        "quoteCount": 0,
        "liked": False,
        "retweeted": False,
    }
    return msgspec.json.encode({**tweet, **changed})


def test_a_piece_is_kept_for_who_may_see_it() -> None:
    """Readers share one, the author has another with the menu, and a change of any field makes a new one."""
    pieces = Pieces(environment(Statics()))
    raw = tweet_json(7)
    assert pieces.tweet(raw, 8) is pieces.tweet(raw, 9)
    assert b"/10/edit" in pieces.tweet(raw, 7)
    assert b"/10/edit" not in pieces.tweet(raw, 8)
    assert b">hello<" in pieces.tweet(raw, 8)
    assert b'data-count="1"' in pieces.tweet(tweet_json(7, likeCount=1), 8)
    spread = tweet_json(8, tweetId="12", kind="retweet", content="", retweetOf=msgspec.Raw(raw))
    assert b"/10/edit" in pieces.tweet(spread, 7)
    assert b"/10/edit" not in pieces.tweet(spread, 8)


def test_pieces_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest goes."""
    monkeypatch.setattr("rookery.web.pieces.TWEETS_MAX", 2)
    pieces = Pieces(environment(Statics()))
    raws = [tweet_json(7, likeCount=number) for number in range(3)]
    first, *_ = [pieces.tweet(one, 8) for one in raws]
    assert first is not pieces.tweet(raws[0], 8)
    assert first == pieces.tweet(raws[0], 8)
