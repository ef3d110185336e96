"""What every engine tells of an account for its export."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from rookery.core.content import NO_LINKS, Draft
from rookery.core.entities import STRANGER
from rookery.core.ids import ID_MAX
from rookery.core.limits import Ticket
from rookery.engines.cluster.accounts import ClusterAccounts
from rookery.engines.cluster.export import ClusterExport
from rookery.engines.cluster.facts import ClusterFacts
from rookery.engines.cluster.follows import ClusterFollows
from rookery.engines.cluster.replies import ClusterReplies
from rookery.engines.cluster.sessions import ClusterSessions
from rookery.engines.cluster.tweets import ClusterTweets
from rookery.engines.embedded.follows import EmbeddedFollows
from rookery.engines.embedded.replies import EmbeddedReplies
from rookery.engines.embedded.tweets import EmbeddedTweets
from rookery.services.accounts.export import EdgeKind, ExportSource
from rookery.services.accounts.store import AccountStore, Changes, NewAccount, SessionStore
from rookery.services.follows.store import FollowStore
from rookery.services.replies.store import ReplyStore
from rookery.services.tweets.store import TweetStore
from tests.members import Members
from tests.tabling import tables_of_its_own


@dataclass
class House:
    """The stores that an export is about."""

    accounts: AccountStore
    sessions: SessionStore
    tweets: TweetStore
    replies: ReplyStore
    follows: FollowStore
    export: ExportSource

    async def join(self, handle: str) -> int:
        """A new account."""
        return await self.accounts.create(NewAccount(handle, handle.title()), None, Ticket(STRANGER))


@asynccontextmanager
async def embedded(folder: Path) -> AsyncIterator[House]:
    """A house in a folder."""
    one = Members(folder)
    kept = one.database, one.snapshots
    stores = EmbeddedTweets(*kept), EmbeddedReplies(*kept), EmbeddedFollows(*kept)
    yield House(one.accounts, one.sessions, *stores, one.export)
    one.close()


@asynccontextmanager
async def cluster(url: str) -> AsyncIterator[House]:
    """A house in tables of its own."""
    async with tables_of_its_own(url) as dynamo:
        stores = ClusterTweets(dynamo, ClusterFacts(dynamo)), ClusterReplies(dynamo), ClusterFollows(dynamo)
        yield House(ClusterAccounts(dynamo), ClusterSessions(dynamo), *stores, ClusterExport(dynamo))


@pytest.fixture(params=["embedded", "cluster"])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    """An empty house."""
    opened: AbstractAsyncContextManager[House] = (
        embedded(tmp_path)
        if request.param == "embedded"
        else cluster(request.getfixturevalue("dynamodb_url"))
    )
    async with opened as one:
        yield one


async def test_texts_come_with_all_their_versions(house: House) -> None:
    """Tweets, quotes and replies come newest first with place and every version; what is deleted does not."""
    ann, bob = await house.join("ann"), await house.join("bob")
    theirs = await house.tweets.create(Draft(bob, "theirs", NO_LINKS), 0)
    edited = await house.tweets.create(Draft(ann, "first", NO_LINKS, 1.5, -2.0), 0)
    await house.tweets.edit(ann, edited, "second", NO_LINKS)
    await house.tweets.edit(ann, edited, "third", NO_LINKS)
    await house.tweets.delete(ann, await house.tweets.create(Draft(ann, "gone", NO_LINKS), 0))
    quote = await house.tweets.create(Draft(ann, "a quote", NO_LINKS), theirs)
    reply = await house.replies.create(Draft(ann, "a reply", NO_LINKS), theirs)

    first, second = await house.export.tweets(ann, ID_MAX, 9)
    assert (quote, "a quote", str(theirs)) == (first[0], first[1]["content"], first[1]["quoteOf"])
    assert (edited, "third", None) == (second[0], second[1]["content"], second[1]["quoteOf"])
    assert (1.5, -2.0) == (second[1]["latitude"], second[1]["longitude"])
    assert ["third", "second", "first"] == [one["content"] for one in second[1]["versions"]]
    assert second[1]["createdTimeStamp"] == second[1]["versions"][-1]["timeStamp"]
    ((reply_id, record),) = await house.export.replies(ann, ID_MAX, 9)
    assert (reply, "a reply", str(theirs)) == (reply_id, record["content"], record["inReplyTo"])


async def test_each_list_is_read_part_by_part(house: House) -> None:
    """Every list goes on below any position, each with its own kind alone."""
    ann, bob = await house.join("ann"), await house.join("bob")
    liked, written = [], []
    for number in range(5):
        original = await house.tweets.create(Draft(bob, f"{number}", NO_LINKS), 0)
        await house.tweets.like(ann, original)
        await house.tweets.retweet(ann, original)
        liked.append(str(original))
        written.append(await house.tweets.create(Draft(ann, f"mine {number}", NO_LINKS), 0))

    for chunk, name in ((house.export.likes, "tweetId"), (house.export.retweets, "retweetOf")):
        page = await chunk(ann, ID_MAX, 2)
        rest = await chunk(ann, page[-1][0], 9)
        assert liked[::-1] == [record[name] for _, record in (*page, *rest)]
    page = await house.export.tweets(ann, ID_MAX, 2)
    rest = await house.export.tweets(ann, page[-1][0], 9)
    assert written[::-1] == [one for one, _ in (*page, *rest)]


async def test_edges_name_the_other(house: House) -> None:
    """Each kind of edge comes with the other's id, and the handle while that account is there."""
    ann, bob, cleo = [await house.join(handle) for handle in ("ann", "bob", "cleo")]
    await house.accounts.update(bob, Changes(protected=True), Ticket(bob))
    await house.follows.follow(ann, bob)
    await house.follows.follow(ann, cleo)
    await house.follows.follow(cleo, ann)
    await house.follows.mute(ann, bob)
    await house.accounts.update(ann, Changes(protected=True), Ticket(ann))
    await house.follows.follow(bob, ann)
    eve = await house.join("eve")
    await house.follows.block(ann, eve)
    await house.accounts.erase(eve)

    expected = {
        EdgeKind.FOLLOWING: ("cleo", str(cleo)),
        EdgeKind.FOLLOWERS: ("cleo", str(cleo)),
        EdgeKind.REQUESTS_SENT: ("bob", str(bob)),
        EdgeKind.REQUESTS_RECEIVED: ("bob", str(bob)),
        EdgeKind.BLOCKS: (None, str(eve)),
        EdgeKind.MUTES: ("bob", str(bob)),
    }
    for kind, one in expected.items():
        ((since, record),) = await house.export.edges(ann, kind, ID_MAX, 9)
        assert one == (record["handle"], record["userId"])
        assert [] == await house.export.edges(ann, kind, since, 9)


async def test_the_account_and_its_sessions(house: House) -> None:
    """The account's own fields come as they are, its sessions newest first and without what signs one in."""
    ann = await house.join("Ann")
    await house.accounts.update(ann, Changes(bio="hi", protected=True), Ticket(ann))
    sessions = [
        await house.sessions.start(ann, token, password_hash=None, idle_ms=9_999, sessions_max=9)
        for token in (b"1", b"2")
    ]
    profile = await house.export.profile(ann)
    assert ("Ann", "Ann", "hi", True) == tuple(
        profile[name] for name in ("handle", "name", "bio", "protected")
    )
    listed = await house.export.sessions(ann)
    assert [str(one) for one in sessions[::-1]] == [one["sessionId"] for one in listed]
    assert {"sessionId", "createdTimeStamp", "lastUsedTimeStamp"} == set(listed[0])
