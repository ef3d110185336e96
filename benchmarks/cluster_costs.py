"""What each action costs on the cluster engine: processor of the process and of Redis, DynamoDB's units, bytes kept.

Everything runs in this process, AT_ONCE actions of a kind at a time, without HTTP; workers follow one by one once the
writes are there. `rookery plan` reckons with these figures.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from itertools import cycle
from typing import Any

from benchmarks.cluster import environment, variables
from benchmarks.cluster_sizes import KEPT, Sizes, memory
from benchmarks.figures import Figure
from benchmarks.meter import Meter, Taking
from benchmarks.run import KEY, Benchmark, Run, Skipped
from benchmarks.texts import texts, vocabulary
from rookery.bootstrap import Network, make_ready, network
from rookery.config import load
from rookery.core.content import NewText
from rookery.core.ids import ID_MAX
from rookery.core.limits import Charge, IdempotencyKey, Ticket
from rookery.core.page import PAGE_SIZE_DEFAULT
from rookery.engines.cluster.engine import ClusterEngine
from rookery.engines.cluster.tables import TWEETS_OF
from rookery.engines.cluster.upkeep import Upkeep
from rookery.plan import measured as plan
from rookery.services.accounts.store import NewAccount
from rookery.services.follows.projector import FollowsUpkeep
from rookery.services.replies.projector import RepliesUpkeep
from rookery.services.search.service import TweetSearch
from rookery.services.tweets.projector import TweetsUpkeep
from rookery.services.tweets.service import NewTweet
from scripts.engines import Fleet, lacking

ENGINES = ("dynamodb", "redis", "opensearch")
AUTHORS = PAGE_SIZE_DEFAULT  # so that a page shows one tweet of each
CAUGHT_UP_S, CAUGHT_UP_S_MAX = 0.25, 120.0
AT_ONCE = 10  # a whole share of every count; one account does no two things at once
WORDS = 10
DAY_MS = 86_400_000
Act = Callable[[int], Awaitable[Sequence[bytes] | bytes | None]]


def measure(run: Run) -> Sequence[Figure]:
    """Every cost that a plan asks for."""
    if missing := lacking(ENGINES):
        raise Skipped(missing)
    with (
        run.folder("cluster-costs") as folder,
        Fleet(run.scratch / "engines").lease(ENGINES, run.say) as engines,
    ):
        given = environment(engines, "bench-costs-", DATA_DIR=str(folder / "data"))
        settings = load(environ=variables(given), cwd=folder)
        make_ready(settings, lambda line: None)
        return asyncio.run(_measured(run, settings))


async def _measured(run: Run, settings: Any) -> list[Figure]:
    async with network(settings, KEY, works=False) as net:
        assert isinstance(net.engine, ClusterEngine)
        costs = _Costs(net, net.engine, run.pick(20, 2))
        await costs.write(run)
        await costs.follow_up(run)
        await costs.read(run)
        await costs.sizes(run)
        return costs.figures


class _Costs:
    """The measurements, in their order; each adds to `figures`."""

    def __init__(self, net: Network, engine: ClusterEngine, times: int) -> None:
        self.figures: list[Figure] = []
        self._net = net
        self._engine = engine
        self._times = times  # that each account does each thing
        self._meter = Meter(engine)
        self._texts = cycle(texts(500, 7))
        self._number = 0

    async def write(self, run: Run) -> None:
        """Accounts, their follows and what they write."""
        run.say("writing")
        net, engine = self._net, self._engine
        people = [
            await net.accounts.operator.load(NewAccount(f"wren_{n}", f"Wren {n}"), None)
            for n in range(2 * AUTHORS)
        ]
        self._authors, self._viewers = people[:AUTHORS], people[AUTHORS:]
        author = cycle(self._authors)
        pairs = iter([(one, other) for other in self._authors for one in self._viewers])
        self._tweets: list[int] = []

        async def follow(_: int) -> None:
            one, other = next(pairs)
            await net.follows.follow(one, other, self._ticket(one, 1))

        async def tweet(_: int) -> bytes:
            one = next(author)
            made = await net.tweets.post(one, NewTweet(content=next(self._texts)), self._ticket(one, 2))
            self._tweets.append(made)
            return await net.reader.tweet(one, made)

        async def reply(at: int) -> bytes:
            one = next(author)
            target = await net.reader.target(one, self._tweets[at % len(self._tweets)])
            form = NewText(content=next(self._texts))
            made = await net.replies.post(one, target.tweet_id, form, self._ticket(one, 2))
            return await net.reader.tweet(one, made)

        async def retweet(at: int) -> bytes:
            one = next(author)
            target = await net.reader.target(one, self._tweets[at])
            made = await engine.tweets.retweet(one, target.tweet_id, self._ticket(one, 2))
            return await net.reader.tweet(one, made)

        async def like(at: int) -> bytes:
            one = self._viewers[at % AUTHORS]
            target = await net.reader.target(one, self._tweets[at // AUTHORS])
            await engine.tweets.like(one, target.tweet_id, self._ticket(one, 1))
            return await net.reader.tweet(one, target.tweet_id)

        await engine.redis.call(
            "SET", engine.redis.key("born"), "1.000000"
        )  # old enough to keep rows for long
        count = AUTHORS * self._times
        few = count // 2
        await self._cost("follow", AUTHORS * AUTHORS - AT_ONCE, follow)
        await self._done("counts")  # a viewer's unfolded deltas are part of what the next reads
        await self._cost("tweet", count, tweet)
        await self._done("counts")  # a viewer's unfolded deltas are part of what the next reads
        await self._cost("reply", few, reply)
        await self._done("counts")  # a viewer's unfolded deltas are part of what the next reads
        await self._cost("retweet", few, retweet)
        await self._done("counts")
        await self._cost("like", few, like)
        for at in range(
            AT_ONCE + few, AT_ONCE + few + AUTHORS
        ):  # what feeds begin with: tweets, retweets of old ones
            await (retweet(at) if at % 2 else tweet(at))
        old = [{"position": (at + 1) << 16, "item": (at + 1) << 16} for at in range(KEPT // AUTHORS)]
        await engine.dynamo.put_all(
            [(TWEETS_OF, {"owner": str(one), **row}) for one in self._authors for row in old]
        )  # below all that is shown, so that feeds are full

    async def follow_up(self, run: Run) -> None:
        """Workers, one after the other; nobody has a feed yet, so rows cost nothing."""
        run.say("letting workers follow")
        engine = self._engine
        for name in plan.FOLLOWING:
            streams: Any = engine.announcer.deltas if name == "counts" else engine.announcer.events
            count = await streams.behind(name)
            assert count
            with self._taking(f"{name} worker, a message", plan.WORKER_COSTS) as taking:
                await taking.begin()
                await self._done(name)
                await taking.end(count)

    async def _done(self, name: str) -> None:
        """Lets a worker do all that waits for it."""
        engine = self._engine
        upkeep: list[Upkeep] = [
            TweetsUpkeep(engine.tweets),
            RepliesUpkeep(engine.replies),
            FollowsUpkeep(engine.follows),
        ]
        streams: Any = engine.announcer.deltas if name == "counts" else engine.announcer.events
        engine.workers.start([name], upkeep)
        ends_at = time.monotonic() + CAUGHT_UP_S_MAX
        while await streams.behind(name):
            assert time.monotonic() < ends_at, f"the {name} worker did not do everything"
            await asyncio.sleep(CAUGHT_UP_S)
        await engine.workers.close()

    async def read(self, run: Run) -> None:
        """Pages, and the look whether somebody is signed in."""
        run.say("reading")
        net, engine = self._net, self._engine
        token = sha256(b"token").digest()
        one = self._viewers[0]
        await engine.sessions.start(one, token, password_hash=None, idle_ms=DAY_MS, sessions_max=5)

        async def page(at: int) -> Sequence[bytes]:
            return (await net.feed.page(self._viewers[at % AUTHORS], ID_MAX, PAGE_SIZE_DEFAULT)).entries

        async def cold(at: int) -> Sequence[bytes]:
            await self._forget()
            return await page(at)

        async def profile(at: int) -> Sequence[bytes]:
            listed = partial(engine.profiles.tweets_of, self._authors[at % AUTHORS])
            return (await net.reader.tweet_page(self._viewers[0], listed, ID_MAX, PAGE_SIZE_DEFAULT)).entries

        async def search(at: int) -> Sequence[bytes]:
            word = vocabulary()[at % WORDS]
            return (await net.search.tweets(self._viewers[at % AUTHORS], TweetSearch(token=word))).entries

        async def check(_: int) -> None:
            assert await engine.sessions.find(token) is not None

        for at in range(AUTHORS):
            await page(at)  # feeds are built, in a task of their own
        await asyncio.sleep(1)
        await self._cached_rows(page)
        count = AUTHORS * self._times
        for at in range(AUTHORS):
            await page(at)
        await self._cost("feed page", count, page)
        await self._cost("profile page", count, profile)
        await self._cost("search page", count, search)
        await self._cost("signed-in check", count, check)
        await self._cost(plan.COLD, count // 4, cold)

    async def sizes(self, run: Run) -> None:
        """What lies in Redis, in the index and in lists, and what has no action of its own."""
        run.say("measuring sizes")
        found = await Sizes(self._engine, self._meter, self._times, self._authors[0]).all()
        for name, value in found.items():
            self._other(name, value)

    async def _cost(self, action: str, count: int, act: Act) -> None:
        """Does something so often, and keeps what each time took."""
        answered = 0
        await asyncio.gather(*map(act, range(AT_ONCE)))
        with self._taking(action, tuple(plan.COSTS)) as taking:
            await taking.begin()
            for start in range(AT_ONCE, AT_ONCE + count, AT_ONCE):
                for answer in await asyncio.gather(*map(act, range(start, start + AT_ONCE))):
                    entries = [answer] if isinstance(answer, bytes) else answer or []
                    answered += sum(map(len, entries)) + len(entries)
            await taking.end(count, answered)

    @contextmanager
    def _taking(self, what: str, costs: Sequence[str]) -> Any:
        taking = Taking(self._engine, self._meter)
        yield taking
        self.figures += [
            Figure(plan.COSTS_BENCH, f"{what}, {one}", taking.each[one], plan.COSTS[one]) for one in costs
        ]

    def _other(self, name: str, value: float) -> None:
        self.figures.append(Figure(plan.COSTS_BENCH, name, value, plan.OTHERS[name]))

    def _ticket(self, actor: int, limits: int) -> Ticket:
        """As the gateway makes it, for a client that gives a key."""
        self._number += 1
        charges = tuple(Charge(f"limit {n}", str(actor), 1_000_000, 86_400) for n in range(limits))
        return Ticket(
            actor, charges, IdempotencyKey(actor, f"key {self._number}", b"a digest of 32 bytes, as it were")
        )

    async def _forget(self) -> None:
        async for names in self._engine.redis.names("row:"):
            await self._engine.redis.call("DEL", *names)

    async def _rows(self) -> list[bytes]:
        return [name async for names in self._engine.redis.names("row:") for name in names]

    async def _cached_rows(self, page: Act) -> None:
        """Rows that a second viewer's page adds to those of a first one."""
        await self._forget()
        await page(0)
        first = len(await self._rows())
        await page(1)
        names = await self._rows()
        self._other("rows cached for one viewer's page", len(names) - first)
        self._other(
            "cached row in Redis", sum([await memory(self._engine, one) for one in names]) / len(names)
        )


BENCHMARK = Benchmark(
    "cluster_costs", "what one action, message and row costs on the cluster engine", measure
)
