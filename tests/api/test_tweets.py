"""Tweets, quotes, retweets and likes as a client sees them."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.serving import Person, Server, fields_of, ids_of, soon

Make = Callable[..., Person]


def test_a_tweet_is_kept_as_it_was_written(person: Make) -> None:
    """Text comes back unchanged but for CRLF, with a Location, place and entities in code points."""
    ann, bob = person("ann"), person("bob")
    written = f"👩‍🚀 \u0065\u0301 #Möwe @{bob.handle} @nobody__ http://ex.org/a?b=1\r\n<b>&amp;\r"
    answer = ann.post("/tweet/", json={"content": written, "latitude": -33.5, "longitude": 151})
    tweet = answer.json()
    kept = written.replace("\r\n", "\n")
    assert kept == tweet["content"] == ann.ok("GET", answer.headers["location"])["content"]
    assert (-33.5, 151) == (tweet["latitude"], tweet["longitude"])
    entities = tweet["entities"]
    assert ["Möwe"] == [one["tag"] for one in entities["hashtags"]]
    assert [(bob.handle, bob.id), ("nobody__", None)] == [
        (one["handle"], one["userId"]) for one in entities["mentions"]
    ]
    spans = [kept[one["start"] : one["end"]] for one in (*entities["hashtags"], *entities["mentions"])]
    assert ["#Möwe", f"@{bob.handle}", "@nobody__"] == spans
    (url,) = entities["urls"]
    assert "http://ex.org/a?b=1" == url["url"] == kept[url["start"] : url["end"]]


@pytest.mark.parametrize(
    ("content", "right"),
    [
        ("x" * 280, True),
        ("x" * 281, False),
        ("鳥" * 140, True),
        ("鳥" * 141, False),
        ("👨‍👩‍👧‍👦" * 140, True),
        ("x" * 256 + " http://example.org/" + "y" * 200, True),
        ("x" * 257 + " http://example.org/" + "y" * 200, False),
        ("e\u0301" * 280, True),
        ("line\nbreak", True),
        ("", False),
        (" \n\u200b\u2800", False),
        ("a\x00b", False),
        ("a\x1bb", False),
    ],
)
def test_content_is_1_to_280_weighted_characters(person: Make, content: str, right: bool) -> None:
    """Counted as twitter-text v3 does, after NFC; blank and control characters are refused."""
    answer = person().post("/tweet/", json={"content": content})
    if right:
        assert content == answer.json()["content"]
    else:
        assert {"content"} == fields_of(answer)


@pytest.mark.parametrize("escape", ["\\ud800", "\\udc00\\ud83d", "\\u0000", "\\t"])
def test_no_text_holds_lone_surrogates_or_control_characters(person: Make, escape: str) -> None:
    """Tweets, replies, edits, names and bios refuse them, and nothing is written."""
    ann = person()
    tweet = ann.tweet("fine")["tweetId"]
    writes = {
        ("POST", "/tweet/"): "content",
        ("POST", f"/reply/{tweet}"): "content",
        ("PATCH", f"/tweet/{tweet}"): "content",
        ("PATCH", "/account/"): "bio",
    }
    headers = {"Content-Type": "application/json"}
    for (method, path), field in writes.items():
        answer = ann.request(method, path, content=f'{{"{field}": "a{escape}b"}}', headers=headers)
        assert {field} == fields_of(answer)
    answer = ann.patch("/account/", content=f'{{"name": "{escape}"}}', headers=headers)
    assert {"name"} == fields_of(answer)
    assert ["fine"] == [one["content"] for one in ann.walk("/feed/")]
    assert "one\ntwo" == ann.ok("PATCH", "/account/", {"bio": "one\r\ntwo"})["bio"]


def test_every_bad_field_of_a_tweet_is_named(person: Make) -> None:
    """A half or impossible place, a bad quote and no text are told together."""
    ann = person()
    bad = {"latitude": 91, "longitude": "7", "quoteOf": "x"}
    assert {"content", *bad} == fields_of(ann.post("/tweet/", json=bad))
    assert {"longitude"} == fields_of(ann.post("/tweet/", json={"content": "x", "latitude": 1}))
    assert (404, "not_found") == ann.refused("POST", "/tweet/", {"content": "x", "quoteOf": "1"})


def test_edits_keep_the_place_in_time_and_a_history(person: Make) -> None:
    """PATCH changes the text alone; the same text changes nothing; history is newest first, the present included."""
    ann, bob = person(), person()
    tweet = ann.tweet("first #one")
    path = f"/tweet/{tweet['tweetId']}"
    edited = ann.ok("PATCH", path, {"content": "second #two"})
    again = ann.ok("PATCH", path, {"content": "second #two"})
    assert edited == again
    assert tweet["createdTimeStamp"] == edited["createdTimeStamp"] <= edited["editedTimeStamp"]
    assert ["two"] == [one["tag"] for one in edited["entities"]["hashtags"]]
    expected = [
        {"content": "second #two", "timeStamp": edited["editedTimeStamp"]},
        {"content": "first #one", "timeStamp": tweet["createdTimeStamp"]},
    ]
    assert expected == bob.ok("GET", f"{path}/history")
    assert (403, "not_yours") == bob.refused("PATCH", path, {"content": "mine"})


def test_posting_on_a_tweet_deletes_it_and_never_edits(person: Make) -> None:
    """POST without a body deletes; with anything in it 400, and the tweet stays."""
    ann, bob = person(), person()
    tweet = ann.tweet("here")["tweetId"]
    for body in ({"content": "new"}, {"x": 1}, [1], "text"):
        assert (400, "use_patch_to_edit") == ann.refused("POST", f"/tweet/{tweet}", body)
    assert (403, "not_yours") == bob.refused("POST", f"/tweet/{tweet}")
    assert "here" == bob.ok("GET", f"/tweet/{tweet}")["content"]
    assert {} == ann.ok("POST", f"/tweet/{tweet}", {})
    for method in ("GET", "PATCH", "DELETE", "POST"):
        assert (404, "not_found") == ann.refused(method, f"/tweet/{tweet}")


def test_a_deleted_tweet_leaves_marks_where_others_built_on_it(person: Make, stranger: Person) -> None:
    """Quotes and ancestors say unavailable, replies stay and list under it, retweets and counts are gone."""
    ann, bob = person(), person()
    tweet = ann.tweet("soon gone")["tweetId"]
    quote = bob.tweet("see", quoteOf=tweet)["tweetId"]
    reply = bob.ok("POST", f"/reply/{tweet}", {"content": "well"})["tweetId"]
    retweet = bob.ok("POST", f"/retweet/{tweet}")["tweetId"]
    ann.ok("DELETE", f"/tweet/{tweet}")
    gone = {"tweetId": tweet, "unavailable": True}
    assert gone == stranger.ok("GET", f"/tweet/{quote}")["quoteOf"]
    assert [gone] == stranger.ok("GET", f"/reply/{reply}/ancestors")
    assert [reply] == ids_of(stranger.walk(f"/reply/{tweet}"))
    assert (404, "not_found") == stranger.refused("GET", f"/tweet/{retweet}")
    assert [quote] == ids_of(stranger.walk(f"/user/{bob.id}/tweets"))
    soon(2, lambda: stranger.ok("GET", f"/user/{bob.id}")["tweetCount"], bob.server.late_s)
    for method, path in (
        ("POST", f"/like/{tweet}"),
        ("POST", f"/reply/{tweet}"),
        ("POST", f"/retweet/{tweet}"),
    ):
        assert (404, "not_found") == bob.refused(method, path, {"content": "x"} if "reply" in path else None)
    assert (404, "not_found") == bob.refused("POST", "/tweet/", {"content": "x", "quoteOf": tweet})


def shown(who: Person, tweet_id: str, names: tuple[str, ...]) -> list[Any]:
    """These fields of a tweet, as someone sees it."""
    tweet = who.ok("GET", f"/tweet/{tweet_id}")
    return [tweet[name] for name in names]


def test_a_retweet_stands_for_its_original(person: Make) -> None:
    """It has no text and the original's counts; what is done to it is done to the original."""
    ann, bob = person(), person()
    tweet = ann.tweet("original")["tweetId"]
    retweet = bob.ok("POST", f"/retweet/{tweet}")
    assert ("retweet", "", tweet) == (retweet["kind"], retweet["content"], retweet["retweetOf"]["tweetId"])
    assert retweet["tweetId"] == bob.ok("POST", f"/retweet/{tweet}")["tweetId"]
    path = retweet["tweetId"]
    assert {"liked": True, "likeCount": 1} == ann.ok("POST", f"/like/{path}")
    assert tweet == ann.ok("POST", f"/reply/{path}", {"content": "x"})["inReplyTo"]["tweetId"]
    assert tweet == ann.tweet("x", quoteOf=path)["quoteOf"]["tweetId"]
    assert tweet == ann.ok("POST", f"/retweet/{path}")["retweetOf"]["tweetId"]
    counts = ("likeCount", "replyCount", "retweetCount", "quoteCount", "liked", "retweeted")
    for which in (path, tweet):
        soon([1, 1, 2, 1, True, True], lambda of=which: shown(ann, of, counts), ann.server.late_s)  # type: ignore[misc]
    assert [ann.id, bob.id] == ids_of(ann.walk(f"/retweet/{path}"))
    assert (422, "invalid") == bob.refused("PATCH", f"/tweet/{path}", {"content": "text"})
    bob.ok("DELETE", f"/tweet/{path}")
    assert [ann.id] == ids_of(ann.walk(f"/retweet/{tweet}"))
    assert {} == ann.ok("DELETE", f"/retweet/{tweet}") == ann.ok("DELETE", f"/retweet/{tweet}")
    soon(0, lambda: ann.ok("GET", f"/tweet/{tweet}")["retweetCount"], ann.server.late_s)


def test_a_reply_is_spread_like_a_tweet(person: Make, server: Server) -> None:
    """A reply is liked, retweeted and quoted; what is done to its retweet is done to it."""
    ann, bob = person(), person()
    root = ann.tweet("root")["tweetId"]
    reply = ann.ok("POST", f"/reply/{root}", {"content": "reply"})["tweetId"]
    retweet = bob.ok("POST", f"/retweet/{reply}")
    assert ("retweet", None) == (retweet["kind"], retweet["inReplyTo"])
    shown = retweet["retweetOf"]
    assert (reply, "reply", root) == (shown["tweetId"], shown["kind"], shown["inReplyTo"]["tweetId"])
    assert {"liked": True, "likeCount": 1} == ann.ok("POST", f"/like/{retweet['tweetId']}")
    below = ann.ok("POST", f"/reply/{retweet['tweetId']}", {"content": "below"})
    assert reply == below["inReplyTo"]["tweetId"]
    quote = ann.tweet("quote", quoteOf=retweet["tweetId"])
    assert ("tweet", reply) == (quote["kind"], quote["quoteOf"]["tweetId"])
    assert [quote["tweetId"]] == ids_of(ann.walk(f"/tweet/{retweet['tweetId']}/quotes"))
    assert [below["tweetId"]] == ids_of(ann.walk(f"/reply/{retweet['tweetId']}"))
    assert [root] == ids_of(ann.ok("GET", f"/reply/{retweet['tweetId']}/ancestors"))
    counts = ("likeCount", "replyCount", "retweetCount", "quoteCount")
    late_s = server.late_s
    soon([1, 1, 1, 1], lambda: [ann.ok("GET", f"/tweet/{reply}")[one] for one in counts], late_s)
    soon(1, lambda: bob.ok("GET", "/account/")["tweetCount"], late_s)  # the retweet
    soon(4, lambda: ann.ok("GET", "/account/")["tweetCount"], late_s)  # the tweet, two replies and the quote
    ann.ok("DELETE", f"/reply/{reply}")
    assert (404, "not_found") == bob.refused("GET", f"/tweet/{retweet['tweetId']}")
    soon([0, 3], lambda: [who.ok("GET", "/account/")["tweetCount"] for who in (bob, ann)], late_s)


def test_likes_count_once_and_go_away(person: Make) -> None:
    """Liking twice is liking once, taking it back twice too; likers are newest first."""
    ann, bob = person(), person()
    tweet = ann.tweet("likeable")["tweetId"]
    for who, count in ((ann, 1), (ann, 1), (bob, 2), (bob, 2)):
        answer = {"liked": True, "likeCount": count}
        soon(answer, lambda by=who: by.ok("POST", f"/like/{tweet}"), who.server.late_s)  # type: ignore[misc]
    assert [bob.id, ann.id] == ids_of(ann.walk(f"/like/{tweet}"))
    assert [tweet] == ids_of(bob.walk(f"/user/{ann.id}/likes"))
    for _ in range(2):
        soon({"liked": False, "likeCount": 1}, lambda: bob.ok("DELETE", f"/like/{tweet}"), bob.server.late_s)


def test_quotes_show_one_level(person: Make) -> None:
    """A quote shows what it quotes, but not what that quotes; quotes are listed and counted."""
    ann = person()
    one = ann.tweet("one")["tweetId"]
    two = ann.tweet("two", quoteOf=one)
    three = ann.tweet("three", quoteOf=two["tweetId"])
    assert "one" == two["quoteOf"]["content"]
    assert ("two", None) == (three["quoteOf"]["content"], three["quoteOf"]["quoteOf"])
    assert [two["tweetId"]] == ids_of(ann.walk(f"/tweet/{one}/quotes"))
    assert 1 == ann.ok("GET", f"/tweet/{one}")["quoteCount"]


def test_a_reply_is_reached_under_tweet_too(person: Make) -> None:
    """A reply's id on PATCH, DELETE, POST and history under /tweet/ acts as under /reply/; a tweet's is 404 there."""
    ann = person()
    tweet = ann.tweet("question")["tweetId"]
    first, second, third = (
        ann.ok("POST", f"/reply/{tweet}", {"content": f"answer {one}"})["tweetId"] for one in range(3)
    )
    assert "changed" == ann.ok("PATCH", f"/tweet/{first}", {"content": "changed"})["content"]
    assert ["again", "changed", "answer 0"] == [
        one["content"]
        for _ in [ann.ok("PATCH", f"/reply/{first}", {"content": "again"})]
        for one in ann.ok("GET", f"/tweet/{first}/history")
    ]
    assert (404, "not_found") == ann.refused("PATCH", f"/reply/{tweet}", {"content": "x"})
    assert (404, "not_found") == ann.refused("DELETE", f"/reply/{tweet}")
    ann.ok("DELETE", f"/tweet/{first}")
    assert (400, "use_patch_to_edit") == ann.refused("POST", f"/tweet/{second}", {"content": "x"})
    ann.ok("POST", f"/tweet/{second}")
    ann.ok("DELETE", f"/reply/{third}")
    assert [] == ann.walk(f"/reply/{tweet}")
    assert 0 == ann.ok("GET", f"/tweet/{tweet}")["replyCount"]


def test_conversations_list_direct_replies_in_three_orders(person: Make, stranger: Person) -> None:
    """latest, oldest and top; a reply's ancestors are oldest first."""
    ann, bob = person(), person()
    root = ann.tweet("root")["tweetId"]
    a, b, c = (ann.ok("POST", f"/reply/{root}", {"content": one})["tweetId"] for one in "abc")
    deeper = bob.ok("POST", f"/reply/{b}", {"content": "deeper"})
    assert {"tweetId": b, "ownerId": ann.id, "handle": ann.handle} == deeper["inReplyTo"]
    bob.ok("POST", f"/like/{a}")
    bob.ok("POST", f"/retweet/{a}")
    soon([a, b, c], lambda: ids_of(stranger.walk(f"/reply/{root}", sort="top")), ann.server.late_s)
    orders = {"latest": [c, b, a], "oldest": [a, b, c], "top": [a, b, c]}
    for sort, expected in orders.items():
        for size in (1, 2, 20):
            assert (sort, expected) == (
                sort,
                ids_of(stranger.walk(f"/reply/{root}", sort=sort, pageSize=size)),
            )
    assert [c, b, a] == ids_of(stranger.walk(f"/reply/{root}"))
    assert [root, b] == ids_of(stranger.ok("GET", f"/reply/{deeper['tweetId']}/ancestors"))
    assert (422, "invalid") == stranger.refused("GET", f"/reply/{root}?sort=worst")
