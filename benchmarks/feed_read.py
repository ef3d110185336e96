"""Reading the home feed: a page of 20 over 32 connections, against a no-op that answers the same bytes and headers.

The no-op is a raw ASGI handler in the same server process, read in turns with the feed, so both have the same machine,
the same server and the same background. All limits are on, only raised.
"""

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure, at_least, ratio_of_medians
from benchmarks.load import Measured, Request, press, require_wrk, write_requests
from benchmarks.run import Benchmark, Run
from benchmarks.servers import NOOP_GET, RAISED, Server, serving
from benchmarks.texts import texts
from benchmarks.worlds import World
from rookery.core.page import PAGE_SIZE_DEFAULT

ACCOUNTS = 1_000
FOLLOWED = 40
TWEETS = 20_000
READERS = 200
CONNECTIONS = 32
SHARE_MIN = 0.50
FRESH_PAGES = 60_000  # more than are read in a round


def measure(run: Run) -> Sequence[Figure]:
    """The feed against the no-op, pages nobody has read before, and the DeathStarBench mix."""
    require_wrk()
    rounds, seconds = run.pick(5, 2), run.pick(4, 2)
    with run.folder("feed-read") as folder:
        world, tokens = network_of_readers(folder / "data")
        with serving(folder / "data", RAISED) as server:
            shown = json.loads(server.keep_noop("/feed/", tokens[0]))
            assert len(shown) == PAGE_SIZE_DEFAULT, f"the page has {len(shown)} tweets"
            loads = {
                "many": write_requests(folder / "many", [Request("/feed/", token) for token in tokens]),
                "one": write_requests(folder / "one", [Request("/feed/", tokens[0])]),
                "noop": write_requests(folder / "noop", [Request(NOOP_GET, token) for token in tokens]),
            }
            press(server.url, loads["many"], CONNECTIONS, 2)
            seen = in_turns(run, server, loads, rounds, seconds)
            fresh = press(
                server.url, write_requests(folder / "fresh", _fresh(world, tokens)), CONNECTIONS, seconds
            )
            mix = press(
                server.url, write_requests(folder / "mix", _mix(world, tokens)), CONNECTIONS, 2 * seconds
            )
    rates = {name: [one.per_second for one in measured] for name, measured in seen.items()}
    slowest = median(one.p99_ms for one in seen["many"])
    share = ratio_of_medians(rates["many"], rates["noop"])
    return [
        Figure("feed_read", f"feed read by {READERS} accounts / no-op", share, "ratio", at_least(SHARE_MIN)),
        Figure(
            "feed_read",
            "feed read by 1 account / no-op",
            ratio_of_medians(rates["one"], rates["noop"]),
            "ratio",
        ),
        Figure(
            "feed_read",
            f"feed read by {READERS} accounts",
            median(rates["many"]),
            "/s",
            note=f"p99 {slowest:.1f} ms",
        ),
        Figure("feed_read", "no-op with the same bytes and headers", median(rates["noop"]), "/s"),
        Figure(
            "feed_read",
            "pages that nobody read before",
            fresh.per_second,
            "/s",
            note="deeper pages by cursor",
        ),
        Figure(
            "feed_read",
            "DeathStarBench mix",
            mix.per_second,
            "/s",
            note="60% feeds, 30% timelines, 10% tweets",
        ),
    ]


def network_of_readers(
    folder: Path, accounts: int = ACCOUNTS, tweets: int = TWEETS, readers: int = READERS
) -> tuple[World, list[str]]:
    """A network whose accounts have 40 follows each, and the session tokens of its readers."""
    chance = random.Random(1)
    with World(folder) as world:
        world.accounts(accounts)
        world.follow(
            (one, other)
            for one in range(accounts)
            for other in chance.sample(range(accounts), FOLLOWED)
            if other != one
        )
        world.tweets([(chance.randrange(accounts), text, None, None) for text in texts(tweets, seed=2)])
        tokens = world.sessions(range(readers))
    return world, tokens


def in_turns(
    run: Run,
    server: Server,
    loads: dict[str, Path],
    rounds: int,
    seconds: int,
    connections: int = CONNECTIONS,
) -> dict[str, list[Measured]]:
    """Each load once a round, so that a change of the machine's mood meets all of them."""
    seen: dict[str, list[Measured]] = {name: [] for name in loads}
    for number in range(rounds):
        for name, requests in loads.items():
            seen[name].append(press(server.url, requests, connections, seconds))
            server.wait_quiet()
        run.say(
            f"round {number + 1}: "
            + ", ".join(f"{name} {found[-1].per_second:,.0f}/s" for name, found in seen.items())
        )
    return seen


def _fresh(world: World, tokens: Sequence[str]) -> Iterator[Request]:
    chance = random.Random(3)
    oldest, newest = world.tweet_span()
    for _ in range(FRESH_PAGES):
        cursor = chance.randrange(oldest + (newest - oldest) // 4, newest)
        yield Request(f"/feed/?cursor={cursor}", chance.choice(tokens))


def _mix(world: World, tokens: Sequence[str]) -> Iterable[Request]:
    """The mix of the DeathStarBench social network; its tweets have 256 characters, mentions and links."""
    chance = random.Random(4)
    for text in texts(4_000, seed=5):
        token, kind = chance.choice(tokens), chance.random()
        if kind < 0.6:
            yield Request("/feed/", token)
        elif kind < 0.9:
            yield Request(f"/user/{world.user_id(chance.randrange(ACCOUNTS))}/tweets", token)
        else:
            yield Request("/tweet/", token, "POST", json.dumps({"content": _long_tweet(text, chance)}))


def _long_tweet(text: str, chance: random.Random) -> str:
    """A tweet of about 256 weighted characters with 0 to 5 mentions and as many links, which weigh 23 each."""
    mentions = [f"@bird{chance.randrange(ACCOUNTS):07d}" for _ in range(chance.randint(0, 5))]
    links = [f"https://e.org/{chance.randrange(10**6)}" for _ in range(chance.randint(0, 5))]
    return " ".join([text[: 256 - 13 * len(mentions) - 24 * len(links)], *mentions, *links])


BENCHMARK = Benchmark(
    "feed_read", "home feeds over 32 connections, against a no-op of the same bytes", measure
)
