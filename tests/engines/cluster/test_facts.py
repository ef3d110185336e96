"""Facts out of DynamoDB: how many calls they take, and what they know of writes that are not folded yet."""

import pytest

from rookery.core.content import NewText
from rookery.core.entities import Counts
from rookery.core.limits import Charge, IdempotencyKey, Ticket
from rookery.engines.cluster.counts import sweep
from rookery.services.tweets.service import NewTweet
from tests.engines.cluster.calls import Counting, Interrupted, another
from tests.stages.cluster import CELEBRITY_FOLLOWERS, ClusterStage


async def likes(stage: ClusterStage, viewer: int, tweet_id: int) -> int:
    """The likes of a tweet as a viewer sees them."""
    return (await stage.facts.gather(viewer, [tweet_id])).counts(tweet_id).likes


async def test_a_tweet_costs_two_calls_and_its_answer_none(stage: ClusterStage) -> None:
    """One look at limits, key and author, one transaction; what was just written is then known, once and to its
    author alone."""
    ann, bob = await stage.account("ann"), await stage.account("bob")
    watched = Counting(stage.dynamo)
    ticket = Ticket(ann, (Charge("tweets", str(ann), 9, 60),), IdempotencyKey(ann, "key", b"print"))
    tweet_id = await stage.tweets.post(ann, NewTweet(content="new"), ticket)
    first = await stage.reader.tweet(ann, tweet_id)
    assert ["batch_get_item", "transact_write_items"] == watched.calls
    second = await stage.reader.tweet(ann, tweet_id)
    assert first == second
    assert 5 == len(watched.calls)
    other = await stage.tweets.post(ann, NewTweet(content="other"))
    watched.calls.clear()
    await stage.reader.tweet(bob, other)
    assert 3 == len(watched.calls)


async def test_a_repeated_key_answers_what_is_there_now(stage: ClusterStage) -> None:
    """A replay reads the tweet, since it may have changed."""
    ann = await stage.account("ann")
    tickets = [Ticket(ann, key=IdempotencyKey(ann, "key", b"print")) for _ in range(2)]
    tweet_id = await stage.tweets.post(ann, NewTweet(content="one"), tickets[0])
    await stage.reader.tweet(ann, tweet_id)
    await stage.tweets.edit(ann, tweet_id, "two")
    assert tweet_id == await stage.tweets.post(ann, NewTweet(content="one"), tickets[1])
    assert b'"content":"two"' in await stage.reader.tweet(ann, tweet_id)


async def test_a_page_takes_two_batches_however_it_nests(stage: ClusterStage) -> None:
    """Twenty tweets, among them a retweet of a quote of a reply, are read in two batches, beside the first of which
    one's own deltas are looked at."""
    ann, bob, eve = [await stage.account(name) for name in ("ann", "bob", "eve")]
    root = await stage.post(ann, "root")
    reply = await stage.replies.post(bob, root, NewText(content="re"))
    quote = await stage.post(eve, "quote", quote_of=reply)
    page = [await stage.tweets.store.retweet(ann, quote), *[await stage.post(bob) for _ in range(19)]]
    await stage.settle()  # of what is not folded, what was shown would be looked at once more
    watched = Counting(stage.dynamo)
    shown = await stage.reader.tweets(eve, page)
    assert ["batch_get_item", "batch_get_item", "query"] == sorted(watched.calls)
    assert set(page) == set(shown)
    assert b'"inReplyTo":{"tweetId":"%d","ownerId":"%d","handle":"ann"}' % (root, ann) in shown[page[0]]


async def test_ones_own_like_counts_at_once(stage: ClusterStage) -> None:
    """Before it is folded a like counts for who gave it; then for everyone, once."""
    ann, bob = await stage.account("ann"), await stage.account("bob")
    tweet_id = await stage.post(ann)
    await stage.tweets.store.like(bob, tweet_id)
    assert (1, 0, 0) == tuple([await likes(stage, who, tweet_id) for who in (bob, ann, 0)])
    await stage.settle()
    assert (1, 1, 1) == tuple([await likes(stage, who, tweet_id) for who in (bob, ann, 0)])
    await stage.tweets.store.unlike(bob, tweet_id)
    assert (0, 1, 1) == tuple([await likes(stage, who, tweet_id) for who in (bob, ann, 0)])


@pytest.mark.parametrize("before", [("query", 1), ("batch_get_item", 2), ("query", 2), ("batch_get_item", 3)])
async def test_ones_own_like_counts_once_while_it_is_folded(
    stage: ClusterStage, before: tuple[str, int]
) -> None:
    """Whoever reads sees the own like neither twice nor not at all, before whichever of the read's calls a worker
    folds it."""
    ann, bob = await stage.account("ann"), await stage.account("bob")
    tweet_id = await stage.post(ann)
    await stage.tweets.store.like(bob, tweet_id)
    worker = another(stage.dynamo)

    async def fold() -> None:
        await sweep(worker, 0, CELEBRITY_FOLLOWERS)

    Interrupted(stage.dynamo, fold, *before)
    assert 1 == await likes(stage, bob, tweet_id)
    assert 1 == await likes(stage, bob, tweet_id)


async def test_no_account_has_a_handle_that_cannot_be(stage: ClusterStage) -> None:
    """Empty, very long and foreign handles are looked for in vain, and without a fault; known ones in any case."""
    ann, bob = await stage.account("Ann"), await stage.account("bob")
    await stage.end_account(bob)
    asked = ["", "x" * 5_000, "änn", "ANN", "bob", "nobody"]
    assert {"ann": ann} == await stage.facts.user_ids(asked)


async def test_what_changes_nothing_costs_no_transaction(stage: ClusterStage) -> None:
    """A repeated like, or the same text again, is seen in the look and written nowhere."""
    ann = await stage.account("ann")
    tweet_id = await stage.post(ann, "same")
    await stage.tweets.store.like(ann, tweet_id)
    watched = Counting(stage.dynamo)
    await stage.tweets.store.like(ann, tweet_id)
    await stage.tweets.edit(ann, tweet_id, "same")
    assert ["batch_get_item", "batch_get_item"] == watched.calls


async def test_own_follows_and_tweets_count_at_once(stage: ClusterStage) -> None:
    """An account's own counters have what it did itself, before it is folded."""
    ann = await stage.account("ann")
    tweet_id = await stage.post(ann)
    await stage.replies.post(ann, tweet_id, NewText(content="re"))
    facts = await stage.facts.gather(ann, [tweet_id], [ann])
    card = facts.user(ann)
    assert card is not None
    assert 2 == card.facts.tweets
    assert Counts(replies=1) == facts.counts(tweet_id)
