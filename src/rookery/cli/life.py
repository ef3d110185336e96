"""The made-up life of a demo: fills a data folder with some days of it through the services, then goes on."""

import asyncio
from collections.abc import Iterator

from rookery.bootstrap import Network
from rookery.cli.flow import each
from rookery.cli.progress import Steps
from rookery.cli.sample import SampleAccount, SampleFollow, SampleLike, SampleNetwork, SamplePost
from rookery.core.clock import now_ms
from rookery.core.content import NewText, OldText
from rookery.core.errors import Problem
from rookery.services.accounts.store import NewAccount
from rookery.services.tweets.service import NewTweet

PASSWORD = "warm nests, loud mornings"  # noqa: S105 - of made-up people only, and printed
ACCOUNT_GAP_MS = 6 * 3_600_000
SECOND_MS = 1_000


class Life:
    """Carries a made-up network out. Ids of accounts and posts are kept in the order of the network's indices; a post
    that was not written has none."""

    def __init__(self, net: Network, sample: SampleNetwork) -> None:
        self._net = net
        self._sample = sample
        self._accounts: dict[int, int] = {}
        self._posts: list[asyncio.Future[int | None]] = []

    async def fill(self, steps: Steps) -> None:
        """Writes everything up to now, dated as it was."""
        password_hash = await self._net.accounts.operator.hash_password(PASSWORD)
        first_ms = min((post.at_ms for post in self._sample.posts), default=now_ms())

        async def join(numbered: tuple[int, SampleAccount]) -> None:
            index, account = numbered
            created_ms = first_ms - (index + 1) * ACCOUNT_GAP_MS
            new = NewAccount(account.handle, account.name, account.bio, account.protected, created_ms)
            self._accounts[index] = await self._net.accounts.operator.load(new, password_hash)

        loop = asyncio.get_running_loop()
        self._posts = [loop.create_future() for _ in self._sample.posts]
        posts = list(enumerate(self._sample.posts))
        for name, items, work in (
            ("Accounts", list(enumerate(self._sample.accounts)), join),
            ("Follows", self._sample.follows, self._follow),
            ("Tweets", posts, self._write_old),
            ("Likes", self._sample.likes, self._like),
        ):
            with steps.step(name, len(items)) as step:

                async def counted(item: object, work=work, step=step) -> None:
                    await work(item)
                    step.advance()

                await each(items, counted)
