"""How the cluster engine grows: 1, 2 and 4 processes of the feed worker, then 1 and 2 service processes.

Beside what all do together stands what each does, and what each does in a second of its processor time: where the first
falls and the second does not, the machine has no more cores to give; where both fall, the processes are in one
another's way. Each note tells who used how many cores meanwhile, and which of them was used up.
"""

import asyncio
import os
import resource
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks.cluster import REGION, environment
from benchmarks.cluster_fanout import PREFIX as FANOUT_PREFIX
from benchmarks.cluster_fanout import fan_out, feed_worker, fill, follow
from benchmarks.figures import Figure
from benchmarks.load import Request, press, require_wrk, write_requests
from benchmarks.run import Benchmark, Run, Skipped
from benchmarks.servers import Server, serving
from rookery.config import SERVICES
from rookery.engines.cluster.dynamo import connected
from rookery.engines.cluster.migrate import make_tables
from rookery.engines.cluster.outbox import Announcer
from rookery.engines.cluster.redis import Redis
from rookery.engines.cluster.row_marks import MARKED_MS
from rookery.engines.cluster.stored_feeds import StoredFeeds
from scripts.engines import Engine, Fleet, lacking
from scripts.ports import free_port

NAME = "cluster_growth"
ENGINES = ("dynamodb", "redis")
PREFIX = "bench-growth-"
WORKERS, PROCESSES = (1, 2, 4), (1, 2)
FOLLOWERS = 2_000
READERS, FOLLOWED = 20, 10
CONNECTIONS = 16  # to each service process
YOUNG_S = MARKED_MS / 1_000 + 2  # until then Redis keeps no rows for long
READY_S_MAX = 60.0
USED_UP = 0.9  # of a core, or of all

Engines = Mapping[str, Engine]


@dataclass
class Use:
    """The processor time that each kind of process used while something ran; `wall` is how long that took."""

    wall: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)

    def note(self, one: str, count: int) -> str:
        """Who used how many cores, and what was used up; `one` are the `count` processes that grow."""
        cores = {name: seconds / self.wall for name, seconds in self.seconds.items()}
        told = ", ".join(f"{name} {used:.2f}" for name, used in cores.items() if used >= 0.01)
        return f"cores used: {told}; {self._bound(cores, one, count)}"

    def _bound(self, cores: Mapping[str, float], one: str, count: int) -> str:
        have = os.cpu_count() or 1
        if cores["the machine"] >= USED_UP * have:
            return f"used up: the {have} cores of this machine"
        if cores["Redis"] >= USED_UP:
            return "used up: the one core that Redis takes"
        if cores[one] >= USED_UP * count:
            return "used up: the core that a process takes"
        return "none used up: they wait for answers"


def measure(run: Run) -> Sequence[Figure]:
    """Rates of all, of one, and of a second of its processor time."""
    if missing := lacking(ENGINES):
        raise Skipped(missing)
    require_wrk()
    with (
        run.folder("cluster-growth") as folder,
        Fleet(run.scratch / "engines").lease(ENGINES, run.say) as engines,
    ):
        given = {"SERVER_SERVICES": ",".join(SERVICES), "LIMITS_ADDRESSES_ENABLED": "false"}
        settings = environment(engines, PREFIX, **given)
        os.environ.update({"AWS_ACCESS_KEY_ID": "rookery", "AWS_SECRET_ACCESS_KEY": "rookery"})
        asyncio.run(_make_tables(engines, PREFIX))
        with serving(folder / "data", settings, one_core=False) as server:
            run.say("writing a network")
            tokens = _written(server)
        old_at = time.monotonic() + run.pick(int(YOUNG_S), 0)
        return [
            *asyncio.run(_workers(run, engines)),
            *_services(run, engines, folder, settings, tokens, old_at),
        ]


async def _make_tables(engines: Engines, prefix: str) -> None:
    async with connected(engines["dynamodb"].url, REGION, prefix) as dynamo:
        await make_tables(dynamo)


def _written(server: Server) -> list[str]:
    """READERS accounts, each of whom follows some others and tweets; their session tokens."""

    def join(number: int) -> str:
        name = f"wren_{number}"
        asked = {"handle": name, "name": name, "password": "a nest of twigs"}
        return str(client.post("/account/", json=asked).raise_for_status().json()["sessionToken"])

    def live(number: int) -> None:
        headers = {"Authorization": f"Bearer {tokens[number]}"}
        for other in range(number + 1, number + 1 + FOLLOWED):
            asked = {"userId": f"@wren_{other % READERS}"}
            client.post("/follow", json=asked, headers=headers).raise_for_status()
            text = {"content": f"Light over the #lake, and over reed {other}"}
            client.post("/tweet/", json=text, headers=headers).raise_for_status()

    with httpx.Client(base_url=server.url, timeout=60) as client, ThreadPoolExecutor(8) as threads:
        tokens = list(threads.map(join, range(READERS)))
        list(threads.map(live, range(READERS)))
    return tokens


async def _workers(run: Run, engines: Engines) -> list[Figure]:
    """The feed worker, which delivers tweets of one account into the full feeds of its followers."""
    followers, tweets = run.pick(FOLLOWERS, 200), run.pick(400, 20)
    redis = Redis(engines["redis"].url, FANOUT_PREFIX)
    figures: list[Figure] = []
    await _make_tables(engines, FANOUT_PREFIX)
    async with connected(engines["dynamodb"].url, REGION, FANOUT_PREFIX) as dynamo:
        feeds = StoredFeeds(redis, dynamo.clock)
        announcer = Announcer(redis, feeds)
        run.say(f"making {followers:,} feeds")
        await follow(dynamo, followers)
        await fill(feeds, followers, dynamo)
        await announcer.events.make_groups()
        for count in WORKERS:
            ports = [free_port() for _ in range(count)]
            workers = [feed_worker(engines, SERVER_METRICS_PORT=str(port)) for port in ports]
            try:
                _wait_ready(ports)
                await fan_out(redis, announcer, dynamo, tweets // 10)  # so that all know the followers
                with _used(engines, "workers", [one.pid for one in workers]) as use:
                    await fan_out(redis, announcer, dynamo, tweets)
            finally:
                for one in workers:
                    one.terminate()
                for one in workers:
                    one.wait(30)
            figures += _figures(
                "feed rows delivered", tweets * (followers + 1), "rows/s", use, count, "workers"
            )
            run.say(f"{figures[-3].name}: {figures[-3].value:,.0f} rows/s")
    await redis.close()
    return figures


def _wait_ready(ports: Sequence[int]) -> None:
    """Returns when all workers with these ports for metrics work."""
    ends_at = time.monotonic() + READY_S_MAX
    for port in ports:
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                    break
            except OSError:
                assert time.monotonic() < ends_at, "the workers did not start"
                time.sleep(0.1)


def _services(
    run: Run,
    engines: Engines,
    folder: Path,
    settings: Mapping[str, str],
    tokens: Sequence[str],
    old_at: float,
) -> list[Figure]:
    """Processes that serve everything, each with connections of its own: feeds out of the caches, then new tweets."""
    seconds = run.pick(8, 2)
    body = '{"content": "Light over the #lake, and over the reeds"}'
    loads = {
        "feeds read": [Request("/feed/", token) for token in tokens],
        "tweets written": [Request("/tweet/", token, "POST", body) for token in tokens],
    }
    files = {name: write_requests(folder / name, requests) for name, requests in loads.items()}
    figures: list[Figure] = []
    for count in PROCESSES:
        with ExitStack() as running:
            servers = [
                running.enter_context(serving(folder / "data", settings, one_core=False))
                for _ in range(count)
            ]
            for token in tokens:
                assert all(server.get("/feed/", token)[0] == 200 for server in servers)
            time.sleep(max(0.0, old_at - time.monotonic()))
            _press(servers, files["feeds read"], run.pick(4, 1))  # until rows and pages are cached
            for name, requests in files.items():
                with _used(engines, "services", [server.pid for server in servers]) as use:
                    answered = _press(servers, requests, seconds)
                figures += _figures(name, answered, "/s", use, count, "services")
                run.say(f"{figures[-3].name}: {figures[-3].value:,.0f}/s")
    return figures


def _press(servers: Sequence[Server], requests: Path, seconds: int) -> float:
    """How many requests the servers answered, each asked by a load of its own."""
    with ThreadPoolExecutor(len(servers)) as threads:
        seen = threads.map(lambda server: press(server.url, requests, CONNECTIONS, seconds), servers)
        return sum(one.per_second * seconds for one in seen)


def _figures(what: str, done: float, unit: str, use: Use, count: int, one: str) -> list[Figure]:
    by = f"{count} {'processes' if count > 1 else 'process'} of the {'worker' if one == 'workers' else 'services'}"
    rate = done / use.wall
    return [
        Figure(NAME, f"{what} by {by}", rate, unit, note=use.note(one, count)),
        Figure(NAME, f"{what} by {by}, each", rate / count, unit),
        Figure(NAME, f"{what} by {by}, a second of processor time", done / use.seconds[one], unit),
    ]


@contextmanager
def _used(engines: Engines, one: str, pids: Sequence[int]) -> Iterator[Use]:
    """What was used while the block runs."""
    use = Use()
    begun, before = time.monotonic(), _seconds(engines, one, pids)
    yield use
    use.wall = time.monotonic() - begun
    after = _seconds(engines, one, pids)
    use.seconds = {name: after[name] - seconds for name, seconds in before.items()}


def _seconds(engines: Engines, one: str, pids: Sequence[int]) -> dict[str, float]:
    """Processor seconds until now; the machine's are those in which a core did anything at all."""
    stat = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _idle, _wait, *rest = map(int, stat[:8])
    load = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        one: sum(map(_cpu_s, pids)),
        "Redis": _cpu_s(engines["redis"].pid or 0),
        "DynamoDB Local": _cpu_s(engines["dynamodb"].pid or 0),
        "the load": sum(used.ru_utime + used.ru_stime for used in load),
        "the machine": (user + nice + system + sum(rest)) / os.sysconf("SC_CLK_TCK"),
    }


def _cpu_s(pid: int) -> float:
    """Those of a process and its children."""
    folder = Path(f"/proc/{pid}")
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    children = [child for file in folder.glob("task/*/children") for child in file.read_text().split()]
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(_cpu_s(int(child)) for child in children)


BENCHMARK = Benchmark(
    NAME, "what more processes of the feed worker and of the services add on the cluster engine", measure
)
