"""Fan-out inside the running server: tweets of authors with 9,999 followers, all of whom have a full stored feed.

Every feed is at its limit, so what is written on top is trimmed below, as in a network that has run for long.
"""

import asyncio
import json
import time
from collections.abc import Sequence

from benchmarks.figures import Figure, at_least
from benchmarks.run import Benchmark, Run
from benchmarks.servers import RAISED, Server, serving
from benchmarks.texts import texts
from benchmarks.wire import Wire
from benchmarks.worlds import World, store_feeds
from rookery.engines.embedded.connections import rows_of

ACCOUNTS = 10_000  # just under feed.celebrity_followers: all fan-out, no merging at read
AUTHORS = 10
KEPT = 900
ROWS_PER_S_MIN = 80_000


def measure(run: Run) -> Sequence[Figure]:
    """Rows a second of wall time, and of the server's processor time."""
    accounts, tweets = run.pick(ACCOUNTS, 2_000), run.pick(200, 50)
    with run.folder("fanout") as folder:
        run.say(f"making {accounts:,} feeds of {KEPT} entries")
        with World(folder) as world:
            world.accounts(accounts)
            world.follow_in_circles(accounts, 1, AUTHORS)
            world.tweets([(at % AUTHORS, text, None, None) for at, text in enumerate(texts(KEPT, seed=3))])
            tokens = world.sessions(range(AUTHORS))
        store_feeds(world, 1)
        with serving(folder, RAISED) as server:
            spent = server.cpu_s()
            begun = time.monotonic()
            last = asyncio.run(_tweet(server, tokens, tweets))
            server.wait_quiet()
            wall, cpu = time.monotonic() - begun, server.cpu_s() - spent
        rows = tweets * accounts  # every follower, and the author
        _check(world, last)
    return [
        Figure(
            "fanout",
            "feed rows written",
            rows / wall,
            "rows/s",
            at_least(ROWS_PER_S_MIN),
            "wall time, trimming included",
        ),
        Figure(
            "fanout",
            "feed rows written, a second of processor",
            rows / cpu,
            "rows/s",
            note="of the whole server",
        ),
    ]


async def _tweet(server: Server, tokens: Sequence[str], count: int) -> int:
    async with Wire(server.port) as wire:
        for at, text in enumerate(texts(count, seed=4)):
            body = json.dumps({"content": text[:280]}).encode()
            written = await wire.post("/tweet/", tokens[at % len(tokens)], body, f"fan-out-{at}")
    return int(json.loads(written)["tweetId"])


def _check(world: World, tweet_id: int) -> None:
    """The last tweet is in every feed."""
    connection = world.files.connect("feed", attach=["core"])
    sql = "SELECT count(*) FROM core.users u JOIN entries e ON e.viewer_id = u.user_id AND e.tweet_id = ?"
    found = rows_of(connection, sql, (tweet_id,))[0][0]
    everyone = rows_of(connection, "SELECT count(*) FROM core.users")[0][0]
    connection.close()
    assert found == everyone, f"the last tweet is in {found} of {everyone} feeds"


BENCHMARK = Benchmark("fanout", "feed rows written by fan-out in the running server", measure)
