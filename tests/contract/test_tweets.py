"""The contract of tweets, retweets and likes, through services and routes."""

import asyncio

import pytest

from rookery.core import ids
from rookery.core.clock import now_ms
from rookery.core.content import NO_LINKS, OldText
from rookery.core.errors import Invalid, Problem
from rookery.core.events import Kind
from rookery.core.limits import Charge, IdempotencyKey, Ticket
from rookery.services.tweets.service import NewTweet
from tests.stages.shared import Kept, Stage

DAY_MS = 86_400_000


async def code(awaitable: object) -> str:
    """The code of the Problem that it raises."""
    with pytest.raises(Problem) as caught:
        await awaitable  # type: ignore[misc]
    return caught.value.code


async def test_a_tweet_comes_back_as_written(stage: Stage) -> None:
    """POST /tweet/ answers the Tweet and its Location; mentions know their account; a stranger reads the same."""
    ann = await stage.account("Ann")
    body = {"content": "hi @ANN and @nobody #tag", "latitude": 48.2, "longitude": 16}
    made = await stage.call("POST", "/tweet/", ann, body)
    tweet_id = made.body["tweetId"]
    assert f"/tweet/{tweet_id}" == made.headers["Location"]
    read = (await stage.call("GET", f"/tweet/{tweet_id}")).body
    assert body["content"] == read["content"]
    assert (48.2, 16.0) == (read["latitude"], read["longitude"])
    assert [str(ann), None] == [one["userId"] for one in read["entities"]["mentions"]]
    assert {"tag": "tag", "start": 20, "end": 24} == read["entities"]["hashtags"][0]
    assert "tweet" == read["kind"]
    assert [] == await stage.miscounted()


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"content"}),
        ({"content": " \n"}, {"content"}),
        ({"content": "x" * 281}, {"content"}),
        ({"content": "", "latitude": 9}, {"content", "longitude"}),
        ({"content": "", "latitude": 91}, {"content", "latitude", "longitude"}),
        ({"content": "x\0", "longitude": 1}, {"content", "latitude"}),
        ({"content": "x", "latitude": 91, "longitude": 1}, {"latitude"}),
        ({"content": "x", "quoteOf": "abc", "wrong": 1}, {"quoteOf", "wrong"}),
    ],
)
async def test_every_bad_field_is_named_at_once(stage: Stage, body: object, fields: set[str]) -> None:
    """A bad tweet is refused with all its faults, those of the text together with those of the place."""
    ann = await stage.account("ann")
    with pytest.raises(Invalid) as caught:
        await stage.call("POST", "/tweet/", ann, body)
    assert fields == set(caught.value.errors)
    assert [] == await stage.texts()


async def test_an_edit_keeps_id_and_place_and_is_in_the_history(stage: Stage) -> None:
    """PATCH changes the text and its links alone; history has all texts, newest first, with when each began."""
    ann = await stage.account("ann")
    tweet_id = await stage.post(ann, "one #a")
    path = f"/tweet/{tweet_id}"
    assert 1 == len((await stage.call("GET", f"{path}/history")).body)
    for text in ("two #b", "three #c"):
        edited = (await stage.call("PATCH", path, ann, {"content": text})).body
    assert (str(tweet_id), "three #c", "c") == (
        edited["tweetId"],
        edited["content"],
        edited["entities"]["hashtags"][0]["tag"],
    )
    history = (await stage.call("GET", f"{path}/history")).body
    assert ["three #c", "two #b", "one #a"] == [one["content"] for one in history]
    assert edited["createdTimeStamp"] == history[-1]["timeStamp"]
    assert edited["editedTimeStamp"] == history[0]["timeStamp"]


async def test_the_same_text_changes_nothing(stage: Stage) -> None:
    """An edit to the present text leaves no version, no event and no edited time."""
    ann = await stage.account("ann")
    tweet_id = await stage.post(ann, "same")
    before = await stage.news()
    edited = (await stage.call("PATCH", f"/tweet/{tweet_id}", ann, {"content": "same"})).body
    assert edited["editedTimeStamp"] is None
    assert before == await stage.news()
    assert 0 == await stage.versions()


async def test_only_the_author_edits_and_deletes(stage: Stage) -> None:
    """Others get 403 where they see the tweet and 404 where they do not, before their input is looked at."""
    ann, bob = await stage.account("ann"), await stage.account("bob")
    path = f"/tweet/{await stage.post(ann)}"
    for method, body in (("PATCH", {"wrong": 1}), ("DELETE", None), ("POST", {"content": "x"})):
        assert "not_yours" == await code(stage.call(method, path, bob, body))
    await stage.block(bob, ann)
    for method, body in (("PATCH", {"content": "x"}), ("DELETE", None), ("POST", None)):
        assert "not_found" == await code(stage.call(method, path, bob, body))


async def test_post_on_a_tweet_deletes_and_takes_no_text(stage: Stage) -> None:
    """POST /tweet/{id} deletes with no body or {}; with anything in the body it says to use PATCH."""
    ann = await stage.account("ann")
    first, second = await stage.post(ann), await stage.post(ann)
    for body in ({"content": "new"}, {"wrong": 1}, ["x"], "x"):
        assert "use_patch_to_edit" == await code(stage.call("POST", f"/tweet/{first}", ann, body))
    assert "unsupported_media_type" == await code(
        stage.call("POST", f"/tweet/{first}", ann, {}, media="text/plain")
    )
    assert {} == (await stage.call("POST", f"/tweet/{first}", ann)).body
    assert {} == (await stage.call("POST", f"/tweet/{second}", ann, {})).body
    assert "not_found" == await code(stage.call("GET", f"/tweet/{first}", ann))
    assert "not_found" == await code(stage.call("POST", f"/tweet/{second}", ann))


async def test_a_delete_leaves_nothing_but_ids(stage: Stage) -> None:
    """After a delete text, versions, place and links are gone from the disk's rows; deleted again it is 404."""
    ann = await stage.account("ann")
    body = {"content": "secret #tag", "latitude": 1, "longitude": 2}
    tweet_id = int((await stage.call("POST", "/tweet/", ann, body)).body["tweetId"])
    await stage.tweets.edit(ann, tweet_id, "other secret")
    await stage.call("DELETE", f"/tweet/{tweet_id}", ann)
    assert [Kept(tweet_id, ann, 0, 0, "", NO_LINKS, (None, None), True)] == await stage.texts()
    assert 0 == await stage.versions()
    assert "not_found" == await code(stage.call("DELETE", f"/tweet/{tweet_id}", ann))
    assert [] == await stage.miscounted()


async def test_odd_ids_act_as_under_reply(stage: Stage) -> None:
    """A reply is edited, looked back on and deleted under /tweet/ as well; an even id under /reply/ is 404."""
    ann = await stage.account("ann")
    tweet_id = await stage.post(ann)
    reply = (await stage.call("POST", f"/reply/{tweet_id}", ann, {"content": "old"})).body
    path = f"/tweet/{reply['tweetId']}"
    assert "new" == (await stage.call("PATCH", path, ann, {"content": "new"})).body["content"]
    assert ["new", "old"] == [one["content"] for one in (await stage.call("GET", f"{path}/history")).body]
    assert {} == (await stage.call("POST", path, ann)).body
    assert "not_found" == await code(stage.call("GET", path, ann))
    assert "not_found" == await code(stage.call("DELETE", f"/reply/{tweet_id}", ann))
    assert "not_found" == await code(stage.call("PATCH", f"/reply/{tweet_id}", ann, {"content": "x"}))


async def test_likes_are_idempotent_and_free_when_repeated(stage: Stage) -> None:
    """A second like or unlike changes no count and leaves no event."""
    ann, bob = await stage.account("ann"), await stage.account("bob")
    path = f"/like/{await stage.post(ann)}"
    for _ in range(2):
        assert {"liked": True, "likeCount": 1} == (await stage.call("POST", path, bob)).body
    assert [str(bob)] == [one["userId"] for one in (await stage.call("GET", path)).body]
    for _ in range(2):
        assert {"liked": False, "likeCount": 0} == (await stage.call("DELETE", path, bob)).body
    assert 1 == sum(event.kind == Kind.LIKED for event in await stage.news())
    assert 1 == sum(event.kind == Kind.UNLIKED for event in await stage.news())


async def test_only_what_changes_something_is_charged(stage: Stage) -> None:
    """Repeated likes and retweets use up no limit; a new one over the limit is refused and leaves nothing."""
    ann = await stage.account("ann")
    first, second = await stage.post(ann), await stage.post(ann)
    for kind, act in (("likes", stage.tweets.store.like), ("retweets", stage.tweets.store.retweet)):
        for _ in range(3):
            await act(ann, first, Ticket(ann, (Charge(kind, str(ann), 1, 60),)))
        assert "rate_limited" == await code(act(ann, second, Ticket(ann, (Charge(kind, str(ann), 1, 60),))))
    seen = (await stage.call("GET", f"/tweet/{second}", ann)).body
    assert (0, 0, False, False) == tuple(seen[n] for n in ("likeCount", "retweetCount", "liked", "retweeted"))


async def test_the_same_at_once_is_done_once(stage: Stage) -> None:
    """Likes and retweets by one account that meet are one like and one retweet; so when they are taken back."""
    ann, bob = await stage.account("ann"), await stage.account("bob")
    store, tweet_id = stage.tweets.store, await stage.post(ann)
    await asyncio.gather(*(store.like(bob, tweet_id) for _ in range(5)))
    retweets = await asyncio.gather(*(store.retweet(bob, tweet_id) for _ in range(5)))
    assert 1 == len(set(retweets))
    seen = (await stage.call("GET", f"/tweet/{tweet_id}")).body
    assert (1, 1) == (seen["likeCount"], seen["retweetCount"])
    await asyncio.gather(*(store.unlike(bob, tweet_id) for _ in range(5)))
    await asyncio.gather(*(store.undo_retweet(bob, tweet_id) for _ in range(5)))
    seen = (await stage.call("GET", f"/tweet/{tweet_id}")).body
    assert (0, 0) == (seen["likeCount"], seen["retweetCount"])
    assert [] == await stage.miscounted()


async def test_what_nests_is_shown_as_deep_as_it_goes(stage: Stage) -> None:
    """A retweet of a quote of a reply tells whom that answers; a quote in a quote is left out; what a reply answers is
    named, not shown."""
    ann, bob, eve = [await stage.account(name) for name in ("ann", "bob", "eve")]
    root = await stage.post(ann, "root")
    reply = (await stage.call("POST", f"/reply/{root}", bob, {"content": "re"})).body["tweetId"]
    quote = await stage.post(eve, "quote", quote_of=int(reply))
    outer = await stage.post(ann, "outer", quote_of=quote)
    retweet = (await stage.call("POST", f"/retweet/{quote}", ann)).body
    answered = {"tweetId": str(root), "ownerId": str(ann), "handle": "ann"}
    assert answered == retweet["retweetOf"]["quoteOf"]["inReplyTo"]
    seen = (await stage.call("GET", f"/tweet/{outer}", bob)).body
    assert (str(quote), None) == (seen["quoteOf"]["tweetId"], seen["quoteOf"]["quoteOf"])
    spread = (await stage.call("POST", f"/retweet/{outer}", bob)).body
    assert (str(quote), None) == tuple(
        spread["retweetOf"]["quoteOf"][name] for name in ("tweetId", "quoteOf")
    )
    assert 1 == spread["retweetOf"]["quoteOf"]["retweetCount"]


async def test_a_repeated_key_writes_one_tweet(stage: Stage) -> None:
    """Two posts with one idempotency key, also at the same time, are one tweet."""
    ann = await stage.account("ann")
    tickets = [Ticket(ann, key=IdempotencyKey(ann, "k", b"same")) for _ in range(2)]
    made = await asyncio.gather(*(stage.tweets.post(ann, NewTweet(content="once"), one) for one in tickets))
    assert 1 == len(set(made))
    assert made[:1] == [one.item_id for one in await stage.texts()]


async def test_a_retweet_stands_for_its_original(stage: Stage) -> None:
    """Liking, answering, retweeting and quoting a retweet acts on the original; counts and flags are the original's."""
    ann, bob, eve = [await stage.account(name) for name in ("ann", "bob", "eve")]
    original = await stage.post(ann)
    retweet = (await stage.call("POST", f"/retweet/{original}", bob)).body
    again = (await stage.call("POST", f"/retweet/{retweet['tweetId']}", bob)).body
    assert ("retweet", "", retweet["tweetId"]) == (retweet["kind"], retweet["content"], again["tweetId"])
    await stage.call("POST", f"/like/{retweet['tweetId']}", eve)
    await stage.call("POST", f"/reply/{retweet['tweetId']}", eve, {"content": "re"})
    await stage.call("POST", f"/retweet/{retweet['tweetId']}", eve)
    await stage.call("POST", "/tweet/", eve, {"content": "q", "quoteOf": retweet["tweetId"]})
    counts = ("likeCount", "replyCount", "retweetCount", "quoteCount", "liked", "retweeted")
    for tweet_id in (original, retweet["tweetId"]):
        seen = (await stage.call("GET", f"/tweet/{tweet_id}", eve)).body
        assert [1, 1, 2, 1, True, True] == [seen[name] for name in counts]
    users = (await stage.call("GET", f"/retweet/{original}")).body
    assert ["eve", "bob"] == [one["handle"] for one in users]
    quotes = (await stage.call("GET", f"/tweet/{retweet['tweetId']}/quotes")).body
    assert [str(original)] == [one["quoteOf"]["tweetId"] for one in quotes]
    with pytest.raises(Invalid):
        await stage.call("PATCH", f"/tweet/{retweet['tweetId']}", bob, {"content": "x"})
    assert [] == await stage.miscounted()


async def test_a_retweet_is_undone_either_way(stage: Stage) -> None:
    """DELETE of the retweet, or of the original under /retweet/, takes it back; to undo none is no fault."""
    ann = await stage.account("ann")
    original = await stage.post(ann)
    for path in (f"/retweet/{original}", "/tweet/{}"):
        retweet = (await stage.call("POST", f"/retweet/{original}", ann)).body["tweetId"]
        await stage.call("DELETE", path.format(retweet), ann)
        seen = (await stage.call("GET", f"/tweet/{original}", ann)).body
        assert (0, False) == (seen["retweetCount"], seen["retweeted"])
    assert {} == (await stage.call("DELETE", f"/retweet/{original}", ann)).body
    assert [] == await stage.miscounted()


async def test_replies_are_liked_retweeted_and_quoted(stage: Stage) -> None:
    """A reply is a tweet to likes, retweets and quotes."""
    ann, bob = await stage.account("ann"), await stage.account("bob")
    reply = (await stage.call("POST", f"/reply/{await stage.post(ann)}", ann, {"content": "re"})).body[
        "tweetId"
    ]
    await stage.call("POST", f"/like/{reply}", bob)
    retweet = (await stage.call("POST", f"/retweet/{reply}", bob)).body
    quote = (await stage.call("POST", "/tweet/", bob, {"content": "q", "quoteOf": reply})).body
    assert (reply, reply) == (retweet["retweetOf"]["tweetId"], quote["quoteOf"]["tweetId"])
    seen = (await stage.call("GET", f"/tweet/{reply}", bob)).body
    assert (1, 1, 1) == (seen["likeCount"], seen["retweetCount"], seen["quoteCount"])


async def test_nobody_spreads_a_protected_tweet(stage: Stage) -> None:
    """Retweeting or quoting it is 403 for followers and for the author, and 404 for who does not see it."""
    ann, bob, eve = (
        await stage.account("ann", protected=True),
        await stage.account("bob"),
        await stage.account("eve"),
    )
    await stage.follow(bob, ann)
    tweet_id = await stage.post(ann)
    for viewer, expected in ((ann, "protected"), (bob, "protected"), (eve, "not_found")):
        assert expected == await code(stage.call("POST", f"/retweet/{tweet_id}", viewer, {"wrong": 1}))
        quote = {"content": "q", "quoteOf": str(tweet_id)}
        assert expected == await code(stage.call("POST", "/tweet/", viewer, quote))
    assert {"liked": True, "likeCount": 1} == (await stage.call("POST", f"/like/{tweet_id}", bob)).body
    assert "not_found" == await code(stage.call("POST", f"/like/{tweet_id}", eve))


async def test_the_write_itself_looks_again(stage: Stage) -> None:
    """What came between the request's checks and the write stops the write: a block, a protection, a delete."""
    ann, bob, eve = [await stage.account(name) for name in ("ann", "bob", "eve")]
    gone, tweet_id = await stage.post(ann), await stage.post(ann)
    await stage.tweets.delete(ann, gone)
    await stage.block(ann, eve)
    store = stage.tweets.store
    assert "not_found" == await code(store.like(bob, gone))
    assert "not_found" == await code(store.like(eve, tweet_id))
    assert "not_found" == await code(store.retweet(eve, tweet_id))
    await stage.protect(ann)
    assert "not_found" == await code(store.like(bob, tweet_id))
    await stage.follow(bob, ann)
    assert "protected" == await code(store.retweet(bob, tweet_id))
    await store.like(bob, tweet_id)
    assert [] == await stage.miscounted()


async def test_protection_hides_who_liked_and_retweeted(stage: Stage) -> None:
    """A protected account shows among likers and retweeters to its followers alone; the counts are everyone's."""
    ann, bob, eve = (
        await stage.account("ann"),
        await stage.account("bob", protected=True),
        await stage.account("eve"),
    )
    tweet_id = await stage.post(ann)
    for kind in ("like", "retweet"):
        await stage.call("POST", f"/{kind}/{tweet_id}", bob)
        await stage.call("POST", f"/{kind}/{tweet_id}", eve)
        assert ["eve"] == [
            one["handle"] for one in (await stage.call("GET", f"/{kind}/{tweet_id}", ann)).body
        ]
        assert 2 == len((await stage.call("GET", f"/{kind}/{tweet_id}", bob)).body)
    assert 2 == (await stage.call("GET", f"/tweet/{tweet_id}")).body["likeCount"]


async def test_the_retweets_of_a_deleted_tweet_go_with_it(stage: Stage) -> None:
    """The author's own retweet goes at once, all others by upkeep, each with an event; likes too; quotes stay."""
    ann, bob, eve = [await stage.account(name) for name in ("ann", "bob", "eve")]
    tweet_id = await stage.post(ann)
    retweets = [await stage.tweets.store.retweet(who, tweet_id) for who in (ann, bob, eve)]
    quote = await stage.post(bob, "q", quote_of=tweet_id)
    await stage.tweets.store.like(eve, tweet_id)
    await stage.tweets.delete(ann, tweet_id)
    assert retweets[0] not in await stage.retweets()
    await stage.upkeep()
    deleted = {event.subject: event for event in await stage.news() if event.kind == Kind.CONTENT_DELETED}
    assert {tweet_id, *retweets} == set(deleted)
    assert (eve, tweet_id) == (deleted[retweets[2]].actor, deleted[retweets[2]].other)
    assert 0 == await stage.likes()
    seen = (await stage.call("GET", f"/tweet/{quote}")).body
    assert {"tweetId": str(tweet_id), "unavailable": True} == seen["quoteOf"]
    assert "not_found" == await code(stage.call("GET", f"/tweet/{tweet_id}/quotes"))
    assert [] == await stage.miscounted()


async def test_upkeep_finishes_what_a_delete_left(stage: Stage) -> None:
    """More retweets than a delete takes away at once are hidden at once and gone after upkeep."""
    ann = await stage.account("ann")
    tweet_id = await stage.post(ann)
    crowd = [await stage.account(f"u{number}") for number in range(210)]
    retweets = await asyncio.gather(*(stage.tweets.store.retweet(who, tweet_id) for who in crowd))
    own = await stage.tweets.store.retweet(ann, tweet_id)
    await stage.tweets.delete(ann, tweet_id)
    left = await stage.retweets()
    assert 211 - stage.swept_at_once == len(left)
    assert own not in left
    assert {} == await stage.reader.tweets(crowd[0], retweets)
    await stage.upkeep()
    assert [] == await stage.retweets()
    assert [] == await stage.miscounted()


async def test_a_deleted_account_takes_its_things_along(stage: Stage) -> None:
    """Erasure deletes the account's tweets, retweets, replies and likes with their counters, and nothing of others."""
    ann, bob = await stage.account("ann"), await stage.account("bob")
    mine, yours = await stage.post(ann), await stage.post(bob)
    await stage.tweets.store.like(ann, yours)
    await stage.tweets.store.retweet(ann, yours)
    await stage.tweets.store.retweet(bob, mine)
    await stage.call("POST", f"/reply/{yours}", ann, {"content": "re"})
    answer = (await stage.call("POST", f"/reply/{mine}", bob, {"content": "re"})).body["tweetId"]
    await stage.post(ann, "q", quote_of=yours)
    await stage.delete_account(ann)
    seen = (await stage.call("GET", f"/tweet/{yours}", bob)).body
    assert [0, 0, 0, 0] == [seen[f"{what}Count"] for what in ("like", "reply", "retweet", "quote")]
    mine_now = [one for one in await stage.texts() if one.owner_id == ann]
    assert {(True, "")} == {(one.deleted, one.content) for one in mine_now}
    listed = (await stage.call("GET", f"/reply/{mine}", bob)).body
    assert [answer] == [one["tweetId"] for one in listed]
    assert "token_invalid" == await code(stage.post(ann))
    assert [] == await stage.miscounted()


async def test_lists_come_page_by_page_without_gap_or_double(stage: Stage) -> None:
    """Likers, retweeters and quotes are newest first and complete over pages, also while more arrive."""
    ann = await stage.account("ann")
    tweet_id = await stage.post(ann)
    crowd = [await stage.account(f"u{number}") for number in range(7)]
    for who in crowd[:6]:
        await stage.tweets.store.like(who, tweet_id)
    first = await stage.call("GET", f"/like/{tweet_id}", query="pageSize=3")
    await stage.tweets.store.like(crowd[6], tweet_id)
    second = await stage.call("GET", f"/like/{tweet_id}", query=first.next_query() or "")
    seen = [one["handle"] for one in first.body + second.body]
    assert ["u5", "u4", "u3", "u2", "u1", "u0"] == seen
    assert second.next_query() is None


async def test_a_loaded_tweet_carries_its_time_once(stage: Stage) -> None:
    """load dates a tweet by its id, keeps the order of equal times, and knows a row that it had before."""
    ann = await stage.account("ann")
    at_ms = now_ms() - DAY_MS
    rows = [OldText(ann, f"row {number}", at_ms) for number in range(50)]
    loaded = await asyncio.gather(*(stage.tweets.load(row) for row in rows))
    found = [one for one in loaded if one is not None]
    assert sorted(set(found)) == loaded
    assert {at_ms} == {ids.time_ms(one) for one in found}
    assert [None] * 50 == list(await asyncio.gather(*(stage.tweets.load(row) for row in rows)))
    assert all(event.backdated for event in await stage.news() if event.kind == Kind.TWEET_CREATED)
    await stage.tweets.delete(ann, found[0])
    assert await stage.tweets.load(rows[0]) is None
    assert await stage.tweets.load(OldText(ann, "row 0", at_ms), row_id="7") is not None
    assert await stage.tweets.load(OldText(ann, "anything", at_ms), row_id="7") is None
    assert [] == await stage.miscounted()


async def test_a_full_millisecond_goes_on_in_the_next(stage: Stage) -> None:
    """Where a past millisecond has no id left, its tweets go on in the next, in order."""
    ann = await stage.account("ann")
    at_ms = now_ms() - DAY_MS
    last = ids.first_id_at(at_ms + 1) - 2
    await stage.fill(ann, last)
    loaded = [await stage.tweets.load(OldText(ann, text, at_ms)) for text in ("a", "b")]
    assert [last + 2, last + 4] == loaded


@pytest.mark.parametrize(
    ("text", "latitude", "offset_ms"),
    [("", None, 0), ("x" * 281, None, 0), ("x", 1.0, 0), ("x", None, 60_000)],
)
async def test_load_says_why_it_refuses(
    stage: Stage, text: str, latitude: float | None, offset_ms: int
) -> None:
    """A blank or long text, half a place and a time to come are refused with a sentence."""
    ann = await stage.account("ann")
    with pytest.raises(ValueError, match=r"must|required|future"):
        await stage.tweets.load(OldText(ann, text, now_ms() + offset_ms, latitude))
