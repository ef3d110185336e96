"""The made-up life of a demo: some days of it written through the services, then about a tweet a second."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from rookery.bootstrap import Network
from rookery.cli.flow import each
from rookery.cli.progress import Steps
from rookery.cli.sample import SampleAccount, SampleFollow, SampleLike, SampleNetwork, SamplePost
from rookery.core.content import NewText, OldText
from rookery.core.errors import Problem
from rookery.services.accounts.store import NewAccount
from rookery.services.tweets.service import NewTweet

T = TypeVar("T")

PASSWORD = "warm nests, loud mornings"  # noqa: S105 - of made-up people only, and printed
ACCOUNT_GAP_MS = 6 * 3_600_000  # so long before the next one each account began


class Life:
    """Carries a made-up network out on a data folder; `now_ms` is the time that it was made for.

    Ids are kept by the network's indices. A post that was not written has none, and nothing that reacts to it is
    written either.
    """

    def __init__(self, net: Network, sample: SampleNetwork, now_ms: int) -> None:
        self._net = net
        self._sample = sample
        self._now_ms = now_ms
        self._accounts: dict[int, int] = {}
        self._posts: list[asyncio.Future[int | None]] = []

    async def fill(self, steps: Steps) -> None:
        """Writes everything up to now, dated as it was."""
        sample = self._sample
        password_hash = await self._net.accounts.operator.hash_password(PASSWORD)
        first_ms = min((post.at_ms for post in sample.posts), default=self._now_ms)

        async def join(numbered: tuple[int, SampleAccount]) -> None:
            index, account = numbered
            created_ms = first_ms - (index + 1) * ACCOUNT_GAP_MS
            new = NewAccount(account.handle, account.name, account.bio, account.protected, created_ms)
            self._accounts[index] = await self._net.accounts.operator.load(new, password_hash)

        loop = asyncio.get_running_loop()
        self._posts = [loop.create_future() for _ in sample.posts]
        await _step(steps, "Accounts", list(enumerate(sample.accounts)), join)
        await _step(steps, "Follows", sample.follows, self._follow)
        await _step(steps, "Tweets", list(enumerate(sample.posts)), self._write_old)
        await _step(steps, "Likes", sample.likes, self._like)

    async def join_again(self) -> None:
        """Finds the accounts of a folder that an earlier demo filled."""
        for index, account in enumerate(self._sample.accounts):
            found = await self._net.engine.accounts.by_handle(account.handle)
            if found is not None:
                self._accounts[index] = found.user_id

    async def grow(self) -> None:
        """Goes on for as long as it is let. What cannot be written, because somebody changed what it is about, is
        left out."""
        before_ms = self._now_ms
        for said in self._sample.next_posts():
            if isinstance(said, SampleLike):
                await self._try(self._like(said))
                continue
            await asyncio.sleep((said.at_ms - before_ms) / 1_000)
            before_ms = said.at_ms
            written = asyncio.get_running_loop().create_future()
            written.set_result(await self._try(self._write(said)))
            self._posts.append(written)

    async def _try(self, writing: Awaitable[T]) -> T | None:
        try:
            return await writing
        except Problem:
            return None

    async def _follow(self, follow: SampleFollow) -> None:
        follower, followee = self._accounts[follow.follower], self._accounts[follow.followee]
        await self._net.follows.follow(follower, followee)
        if self._sample.accounts[follow.followee].protected:
            await self._net.follows.store.accept(followee, follower)

    async def _like(self, like: SampleLike) -> None:
        tweet_id = await self._id_of(like.post)
        if tweet_id is not None and like.account in self._accounts:
            await self._net.tweets.store.like(self._accounts[like.account], tweet_id)

    async def _id_of(self, post: int) -> int | None:
        return await self._posts[post] if post < len(self._posts) else None

    async def _write_old(self, numbered: tuple[int, SamplePost]) -> None:
        index, post = numbered
        text = OldText(self._accounts[post.author], post.text, post.at_ms, post.latitude, post.longitude)
        target = None if post.target is None else await self._id_of(post.target)
        written = self._posts[index]
        match post.kind, target:
            case "retweet", int():
                written.set_result(await self._net.tweets.load_retweet(text.author_id, target, post.at_ms))
            case "reply", int():
                written.set_result(await self._net.replies.load(text, target))
            case _:
                written.set_result(
                    await self._net.tweets.load(text, row_id=f"demo {index}", quoted_id=target or 0)
                )

    async def _write(self, post: SamplePost) -> int | None:
        author = self._accounts.get(post.author)
        target = None if post.target is None else await self._id_of(post.target)
        if author is None or (post.target is not None and target is None):
            return None
        place = {"latitude": post.latitude, "longitude": post.longitude}
        match post.kind, target:
            case "retweet", int():
                return await self._net.tweets.store.retweet(author, target)
            case "reply", int():
                return await self._net.replies.post(author, target, NewText(content=post.text, **place))
            case _:
                quoted = None if target is None else str(target)
                return await self._net.tweets.post(
                    author, NewTweet(content=post.text, quote_of=quoted, **place)
                )


async def _step(steps: Steps, name: str, items: Sequence[T], work: Callable[[T], Awaitable[None]]) -> None:
    with steps.step(name, len(items)) as step:

        async def counted(item: T) -> None:
            await work(item)
            step.advance()

        await each(items, counted)
