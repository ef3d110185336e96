"""The memory of each service and worker of the cluster engine at its peak: what a pod or a task of it asks for.

All run as processes of their own behind nginx, while people sign up, write, react and read at the same time. A process
is counted with its children; pages of memory that they share count for each of them.
"""

import asyncio
import ssl
from collections.abc import Sequence
from pathlib import Path

import httpx

from benchmarks.cluster import environment, variables
from benchmarks.figures import Figure
from benchmarks.run import Benchmark, Run, Skipped
from scripts.apart import Processes
from scripts.engines import Fleet, lacking
from scripts.ports import free_port

ENGINES = ("dynamodb", "redis", "opensearch")
PEOPLE_AT_ONCE = 16
PASSWORD = "a nest of twigs"  # noqa: S105 - of people who do not exist
WRITES = 8


def measure(run: Run) -> Sequence[Figure]:
    """The peak of each."""
    if missing := lacking(ENGINES):
        raise Skipped(missing)
    with (
        run.folder("cluster-processes") as folder,
        Fleet(run.scratch / "engines").lease(ENGINES, run.say) as engines,
    ):
        settings = environment(engines, "bench-processes-", LIMITS_ADDRESSES_ENABLED="false")
        network = Processes(folder, variables(settings), port=free_port(), log=folder / "log")
        try:
            run.say("starting every service and worker")
            network.start()
            asyncio.run(_live(network, run.pick(40, 16)))
            running = {f"{name} service": some for name, some in network.services.items()}
            running |= {f"{name} worker": some for name, some in network.workers.items()}
            peaks = {name: max(_peak_mib(one.pid) for one in some) for name, some in running.items()}
        finally:
            network.end()
    return [
        Figure("cluster_processes", f"memory of the {name}, peak", peak, "MiB")
        for name, peak in peaks.items()
    ]


async def _live(network: Processes, people: int) -> None:
    """So many people come, PEOPLE_AT_ONCE at a time, and all follow the first."""
    believed = ssl.create_default_context(cafile=str(network.certificate))
    turns = asyncio.Semaphore(PEOPLE_AT_ONCE)
    async with httpx.AsyncClient(base_url=network.url, verify=believed, timeout=60) as client:

        async def one(number: int) -> None:
            async with turns:
                await _person(client, number)

        await _person(client, 0)
        await asyncio.gather(*map(one, range(1, people)))


async def _person(client: httpx.AsyncClient, number: int) -> None:
    handle = f"wren_{number}"
    joining = {"handle": handle, "name": handle, "password": PASSWORD}
    headers = {"Authorization": f"Bearer {(await _post(client, '/account/', joining))['sessionToken']}"}
    if number:
        await _post(client, "/follow", {"userId": "@wren_0"}, headers)
    for at in range(WRITES):
        text = {"content": f"Light {at} over the #lake, said {handle}"}
        tweet = await _post(client, "/tweet/", text, headers)
        await _post(client, f"/reply/{tweet['tweetId']}", {"content": "And over the reeds"}, headers)
        await _post(client, f"/like/{tweet['tweetId']}", {}, headers)
        for path in ("/feed/", "/search/?token=%23lake", f"/user/@{handle}", "/public"):
            (await client.get(path, headers=headers)).raise_for_status()


async def _post(
    client: httpx.AsyncClient, path: str, body: dict[str, str], headers: dict[str, str] | None = None
) -> dict[str, str]:
    answer = await client.post(path, json=body or None, headers=headers)
    answer.raise_for_status()
    found: dict[str, str] = answer.json()
    return found


def _peak_mib(pid: int) -> float:
    """The most memory that a process had at once, with that of its children."""
    folder = Path(f"/proc/{pid}")
    line = next(line for line in (folder / "status").read_text().splitlines() if line.startswith("VmHWM:"))
    children = [child for file in folder.glob("task/*/children") for child in file.read_text().split()]
    return int(line.split()[1]) / (1 << 10) + sum(_peak_mib(int(child)) for child in children)


BENCHMARK = Benchmark(
    "cluster_processes", "peak memory of each service and worker of the cluster engine", measure
)
