"""A real `rookery serve` for tests, and people who use it over HTTP."""

import asyncio
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

from rookery.gateway.auth import cookie_name
from scripts.ports import free_port

KEY = "5e" * 32
PASSWORD = "correct horse battery"
START_S_MAX = 90.0
PATIENCE_S = (
    60.0  # of a client, beside whatever else the machine does: costs time only where something is wrong
)
TRUSTED = ssl.create_default_context()  # for every client: making one takes as long as many requests
_PROBLEM_FIELDS = ("type", "title", "status", "detail", "code", "errors")


T = TypeVar("T")


class Server:
    """One `rookery serve` on a data folder. `settings`: ROOKERY_ variables, without their prefix."""

    proxied = False  # whether a proxy stands in front

    def __init__(self, folder: Path, settings: Mapping[str, str], arguments: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder.parent / f"{folder.name}.log"
        self.settings = {"SERVER_METRICS_PORT": "0", "KEY": KEY, **settings}
        self._arguments = arguments
        self.verify = TRUSTED  # whose certificates are believed, where the url is https
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def late_s(self) -> float:
        """How much later others may see a counter."""
        return PATIENCE_S if self.on_cluster else 0.0

    @property
    def on_cluster(self) -> bool:
        """Whether it runs on the cluster engine: there feeds may repeat tweets of the 2 s before the last one seen."""
        return self.settings.get("DATA_ENGINE") == "cluster"

    @property
    def over_tls(self) -> bool:
        """Whether it is talked to over HTTPS."""
        return self.url.startswith("https:")

    @property
    def cookie(self) -> str:
        """The name of the session cookie."""
        return cookie_name(secure=self.over_tls)

    def environment(self) -> dict[str, str]:
        """The environment of commands on this folder."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ROOKERY_")}
        clean.pop("PYTHONDONTWRITEBYTECODE", None)  # or each of very many processes compiles everything anew
        return {**clean, **{f"ROOKERY_{name}": value for name, value in self.settings.items()}}

    def start(self) -> None:
        """Starts it and waits until it is ready."""
        command = [
            sys.executable,
            "-m",
            "rookery",
            "serve",
            "--data",
            str(self.folder),
            "--port",
            str(self.port),
        ]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *self._arguments],
                env=self.environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self.folder.parent,
            )
        deadline = time.monotonic() + START_S_MAX
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                if httpx.get(f"{self.url}/readyz", timeout=5, verify=self.verify).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError(f"the server did not start: {self.log.read_text()}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Signals it and returns its exit code; with SIGKILL every process of it dies at once."""
        assert self.process is not None
        if how == signal.SIGKILL:
            os.killpg(self.process.pid, how)
        else:
            self.process.send_signal(how)
        return self.process.wait(PATIENCE_S)

    def run(
        self, *arguments: str, given: str = "", timeout_s: float = 200
    ) -> subprocess.CompletedProcess[str]:
        """Runs a `rookery` command, on the folder unless the arguments name another; it reads `given`."""
        own = () if "--data" in arguments else ("--data", str(self.folder))
        return subprocess.run(
            [sys.executable, "-m", "rookery", *arguments, *own],
            env=self.environment(),
            input=given,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            cwd=self.folder.parent,
            check=False,
        )


@contextmanager
def serving(folder: Path, settings: Mapping[str, str] | None = None, *arguments: str) -> Iterator[Server]:
    """A server for as long as the block runs."""
    server = Server(folder, settings or {}, arguments)
    server.start()
    try:
        yield server
    finally:
        if server.process is not None and server.process.poll() is None:
            server.stop()


class Person(httpx.Client):
    """A signed-up account, or a stranger, as an HTTP client. `roaming`: each request takes a connection of its own, so
    any of the server's processes answers it."""

    def __init__(self, server: Server, handle: str = "", *, roaming: bool = False) -> None:
        kept = httpx.Limits(max_keepalive_connections=0) if roaming else httpx.Limits()
        super().__init__(base_url=server.url, timeout=PATIENCE_S, limits=kept, verify=server.verify)
        self.server = server
        self.handle = handle
        self.id = ""
        self.token = ""
        self.access_token = ""

    def ok(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """The JSON of a request that must succeed."""
        answer = self.request(method, path, json=body, **more)
        assert answer.status_code == 200, (method, path, answer.status_code, answer.text)
        return answer.json()

    def refused(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, str]:
        """Status and code of a request that must fail, with a whole problem document."""
        return problem_of(self.request(method, path, json=body, **more))

    def walk(self, path: str, **query: Any) -> list[Any]:
        """Every entry of a list, page by page along its Link headers."""
        return [entry for page in self.pages(path, **query) for entry in page]

    def pages(self, path: str, **query: Any) -> Iterator[list[Any]]:
        """The pages of a list, each asked for when it is wanted."""
        answer = self.get(path, params=query)
        while True:
            assert answer.status_code == 200, (path, answer.status_code, answer.text)
            yield answer.json()
            if "next" not in answer.links:
                return
            answer = self.get(answer.links["next"]["url"])

    def tweet(self, content: str, **more: Any) -> dict[str, Any]:
        """Writes a tweet."""
        tweet: dict[str, Any] = self.ok("POST", "/tweet/", {"content": content, **more})
        return tweet


def alone(method: str, url: str, **more: Any) -> httpx.Response:
    """A request over a connection of its own."""
    return httpx.request(method, url, timeout=PATIENCE_S, **{"verify": TRUSTED, **more})


def process_of(answer: httpx.Response) -> str:
    """Which of a server's processes answered: its request ids begin alike."""
    return str(answer.headers["x-request-id"]).partition("-")[0]


def problem_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem document, whose form is checked on the way."""
    assert answer.headers["content-type"] == "application/problem+json", (answer.status_code, answer.text)
    told = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= told.keys() <= {*_PROBLEM_FIELDS}
    assert told["status"] == answer.status_code
    assert told["code"] != "internal"
    return answer.status_code, told["code"]


def fields_of(answer: httpx.Response) -> set[str]:
    """The bad fields that a 422 names."""
    assert problem_of(answer) == (422, "invalid")
    return {one["field"] for one in answer.json()["errors"]}


def ids_of(entries: list[Any]) -> list[str]:
    """The ids of tweets or users."""
    return [one.get("tweetId") or one["userId"] for one in entries]


def soon(expected: T, read: Callable[[], T], within_s: float = PATIENCE_S) -> None:
    """Waits until a read gives what is expected; fails with the difference where one that begins after that time does
    not."""
    deadline = time.monotonic() + within_s
    while True:
        began = time.monotonic()
        if (actual := read()) == expected or began >= deadline:
            break
        time.sleep(0.02)
    assert expected == actual


async def until(holds: Callable[[], Awaitable[bool]], within_s: float = PATIENCE_S) -> None:
    """Returns when it holds; fails where it does not when it is looked at after that time."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + within_s
    while True:
        began = clock()
        if await holds():
            return
        assert began < deadline
        await asyncio.sleep(0.02)


def all_answer(server: Server, processes: int) -> None:
    """Waits until so many processes of a server answer: it counts as started as soon as one does."""
    with Person(server, roaming=True) as asker:
        soon(processes, lambda: len({process_of(asker.get("/livez")) for _ in range(20)}))


def sign_up(server: Server, handle: str, *, roaming: bool = False) -> Person:
    """A new account, signed in; `roaming` as in Person."""
    person = Person(server, handle, roaming=roaming)
    signed = person.ok("POST", "/account/", {"handle": handle, "name": handle.title(), "password": PASSWORD})
    person.id = signed["user"]["userId"]
    person.token, person.access_token = signed["sessionToken"], signed["accessToken"]
    person.headers["Authorization"] = f"Bearer {person.token}"
    return person
