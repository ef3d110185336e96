"""The home feed and the public timeline as a client sees them."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.serving import Person, Server, ids_of, serving, sign_up, soon

Make = Callable[..., Person]


def feed(who: Person, **query: object) -> list[str]:
    """Ids of the whole feed."""
    return ids_of(who.walk("/feed/", **query))


def follow(who: Person, whom: Person) -> None:
    """A follow."""
    who.ok("POST", "/follow", {"userId": whom.id})


def test_ones_own_writes_show_at_once(person: Make) -> None:
    """The very next read of one's feed has one's own tweet, quote, retweet and reply to oneself."""
    ann = person()
    expected: list[str] = []
    first = ann.tweet("first")["tweetId"]
    expected.insert(0, first)
    assert expected == feed(ann)
    writes: list[Callable[[], dict[str, str]]] = [
        lambda: ann.tweet("quote", quoteOf=first),
        lambda: ann.ok("POST", f"/reply/{first}", {"content": "to myself"}),
        lambda: ann.tweet("last"),
    ]
    for write in writes:
        expected.insert(0, write()["tweetId"])
        assert expected == feed(ann)


def test_a_follow_shows_the_past_and_an_unfollow_takes_it_out_at_once(person: Make) -> None:
    """Both on the very next read."""
    ann, bob = person(), person()
    mine = ann.tweet("mine")["tweetId"]
    theirs = [bob.tweet(str(number))["tweetId"] for number in range(3)][::-1]
    assert [mine] == feed(ann)
    follow(ann, bob)
    assert [*theirs, mine] == feed(ann)
    ann.ok("DELETE", f"/follow/{bob.id}")
    assert [mine] == feed(ann)


def test_others_tweets_arrive_within_half_a_second(person: Make) -> None:
    """A followed account's tweet, edit and delete show in the follower's feed."""
    ann, bob = person(), person()
    follow(ann, bob)
    assert [] == feed(ann)
    took_s: list[float] = []
    for number in range(5):
        tweet = bob.tweet(f"news {number}")["tweetId"]
        written = time.monotonic()
        soon(tweet, lambda: next(iter(feed(ann)), None))
        took_s.append(time.monotonic() - written)
    assert min(took_s) < 0.5, took_s  # the least disturbed one
    bob.ok("PATCH", f"/tweet/{tweet}", {"content": "edited"})
    assert "edited" == ann.ok("GET", "/feed/")[0]["content"]
    bob.ok("DELETE", f"/tweet/{tweet}")
    assert tweet not in feed(ann)


def test_replies_show_to_those_who_follow_both_sides(person: Make) -> None:
    """A reply is in the feed where its direct parent is by oneself or someone one follows, also a deleted parent."""
    ann, bob, cat, dan = (person() for _ in range(4))
    for one in (bob, cat):
        follow(ann, one)
    parents = {who.handle: who.tweet("parent")["tweetId"] for who in (ann, bob, cat, dan)}
    replies = {
        handle: bob.ok("POST", f"/reply/{parent}", {"content": f"to {handle}"})["tweetId"]
        for handle, parent in parents.items()
    }
    own = ann.ok("POST", f"/reply/{parents[dan.handle]}", {"content": "to a stranger"})["tweetId"]
    shown = [replies[who.handle] for who in (ann, bob, cat)]
    soon(set(shown), lambda: set(feed(ann)) & {*replies.values(), own})
    cat.ok("DELETE", f"/tweet/{parents[cat.handle]}")
    assert replies[cat.handle] in feed(ann)
    ann.ok("DELETE", f"/follow/{cat.id}")
    assert replies[cat.handle] not in feed(ann)
    follow(ann, dan)
    assert {replies[dan.handle], own} <= set(feed(ann))


def test_a_retweet_shows_unless_its_original_is_just_below(person: Make) -> None:
    """It is hidden where the original or another retweet of it is among the 40 entries just older, and only there."""
    ann, bob, cat, dan = (person() for _ in range(4))
    for one in (bob, cat):
        follow(ann, one)
    original = dan.tweet("original")["tweetId"]
    first = bob.ok("POST", f"/retweet/{original}")["tweetId"]
    hidden = cat.ok("POST", f"/retweet/{original}")["tweetId"]
    soon([first], lambda: feed(ann))
    filler = [bob.tweet(str(number))["tweetId"] for number in range(38)]
    again = ann.ok("POST", f"/retweet/{original}")["tweetId"]  # 39 entries above the one that is hidden
    soon([*filler[::-1], first], lambda: feed(ann))
    ann.ok("DELETE", f"/tweet/{again}")
    filler += [bob.tweet("one more")["tweetId"], bob.tweet("and one")["tweetId"]]
    again = ann.ok("POST", f"/retweet/{original}")["tweetId"]
    soon([again, *filler[::-1], first], lambda: feed(ann))
    follow(ann, dan)
    assert [again, *filler[::-1], original] == feed(ann)
    assert {first, hidden}.isdisjoint(feed(ann, pageSize=1))


def test_hidden_entries_do_not_shorten_a_page_of_the_feed(person: Make) -> None:
    """With most candidates muted or answers to others, pages are full to the last, which alone has no Link."""
    ann, bob, cat, dan = (person() for _ in range(4))
    for one in (bob, cat):
        follow(ann, one)
    elsewhere = dan.tweet("elsewhere")["tweetId"]
    expected: list[str] = []
    for number in range(12):
        expected.insert(0, bob.tweet(f"shown {number}")["tweetId"])
        for _ in range(5):
            cat.tweet("muted")
        bob.ok("POST", f"/reply/{elsewhere}", {"content": "to others"})
    ann.ok("POST", f"/mute/{cat.id}")
    soon(expected, lambda: feed(ann))
    for size in (1, 5, 6, 12):
        pages = [ids_of(page) for page in ann.pages("/feed/", pageSize=size)]
        assert [expected[at : at + size] for at in range(0, 12, size)] == pages


def test_since_gives_only_newer_ones(person: Make, server: Server) -> None:
    """`since` leaves tweets newer than that one, misses none, and pages like the feed. The cluster engine may repeat
    those of the 2 s before."""
    ann = person()
    ids = [ann.tweet(str(number))["tweetId"] for number in range(6)]

    def newer(since: str, **query: Any) -> list[str]:
        found = feed(ann, since=since, **query)
        return [one for one in found if int(one) > int(since)] if server.on_cluster else found

    assert ids[:2:-1] == newer(ids[2])
    assert ids[:2:-1] == newer(ids[2], pageSize=2)
    assert [] == newer(ids[-1])
    assert ids[3:2:-1] == newer(ids[2], cursor=ids[4])


def test_a_feed_goes_on_below_what_is_stored(tmp_path: Path) -> None:
    """With 100 candidates kept, pages go over from stored ones to computed ones without a seam, to the oldest."""
    settings = {"LIMITS_ENABLED": "false", "FEED_KEEP": "100", "FEED_TRUST": "100"}
    with serving(tmp_path / "data", settings) as server:
        ann, bob, cat = (sign_up(server, name) for name in ("ann", "bob", "cat"))
        for one in (bob, cat):
            follow(ann, one)
        feed(ann)
        ids = [(bob, cat, ann)[number % 3].tweet(str(number))["tweetId"] for number in range(260)][::-1]
        soon(ids, lambda: feed(ann, pageSize=37))
        ann.ok("DELETE", f"/follow/{cat.id}")
        assert [one for place, one in enumerate(ids[::-1]) if place % 3 != 1][::-1] == feed(ann, pageSize=100)


def test_the_public_timeline_has_the_newest_tweets_of_open_accounts(person: Make, stranger: Person) -> None:
    """Tweets and quotes, no replies and retweets, none of protected accounts, newest first."""
    ann, bob = person(), person()
    bob.ok("PATCH", "/account/", {"protected": True})
    one = ann.tweet("one")["tweetId"]
    bob.tweet("hidden")
    quote = ann.tweet("quote", quoteOf=one)["tweetId"]
    ann.ok("POST", f"/reply/{one}", {"content": "reply"})
    ann.ok("POST", f"/retweet/{one}")
    for who in (stranger, ann, bob):
        soon([quote, one], lambda who=who: ids_of(who.ok("GET", "/feed/public?pageSize=2")))  # type: ignore[misc]
