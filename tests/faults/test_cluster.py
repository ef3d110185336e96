"""The cluster engine while one of its engines is away: what goes on, what is refused, and that nothing is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.engines import KINDS, Engine
from scripts.engines.wire import ask_redis
from tests.clusters import cluster_settings
from tests.serving import Person, Server, ids_of, serving, sign_up, soon

BACK_S_MAX = 60.0  # until what was written meanwhile shows everywhere, on a busy machine

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def search_engine(real_engines: None, tmp_path: Path) -> Iterator[Engine]:
    """An OpenSearch of the test's own, whose data outlive a stop."""
    yield from running("opensearch", tmp_path)


@pytest.fixture
def redis(real_engines: None, tmp_path: Path) -> Iterator[Engine]:
    """A Redis of the test's own, which loses everything with a stop."""
    yield from running("redis", tmp_path)


def running(name: str, folder: Path) -> Iterator[Engine]:
    """An engine for as long as the test runs."""
    engine = Engine(KINDS[name], folder / name, keep=name == "opensearch")
    engine.start()
    yield engine
    engine.stop()


def pair(server: Server) -> tuple[Person, Person]:
    """Somebody, and who follows them."""
    ann, bob = sign_up(server, "ann"), sign_up(server, "bob")
    bob.ok("POST", "/follow", {"userId": ann.id})
    return ann, bob


def found(person: Person, word: str) -> list[str]:
    """What a search finds; nothing while it is refused."""
    answer = person.get("/search/", params={"token": word})
    return ids_of(answer.json()) if answer.status_code == 200 else []


def test_without_its_search_engine_only_search_is_refused(
    request: pytest.FixtureRequest, tmp_path: Path, search_engine: Engine
) -> None:
    """With OpenSearch stopped a search is 503, everything else works, and after its return nothing is missing."""
    settings = {
        **cluster_settings(request),
        "CLUSTER_SEARCH_URL": search_engine.url,
        "LIMITS_ENABLED": "false",
    }
    with serving(tmp_path / "data", settings) as server:
        ann, bob = pair(server)
        before = ann.tweet("word before")["tweetId"]
        soon([before], lambda: found(bob, "word"), BACK_S_MAX)
        search_engine.stop()

        assert (503, "engine_unavailable") == bob.refused("GET", "/search/?token=word")
        meanwhile = ann.tweet("word meanwhile")["tweetId"]
        bob.ok("POST", f"/like/{meanwhile}")
        soon([meanwhile, before], lambda: ids_of(bob.walk("/feed/")), BACK_S_MAX)

        search_engine.start()
        soon([meanwhile, before], lambda: found(bob, "word"), BACK_S_MAX)
        checked = server.run("check")
        assert 0 == checked.returncode, checked.stdout + checked.stderr


def test_redis_may_go_and_come_back_empty(
    request: pytest.FixtureRequest, tmp_path: Path, redis: Engine
) -> None:
    """With Redis flushed, and then killed and started anew, feeds answer all the while, every tweet that was
    acknowledged is in feeds and search, likes are counted, and the check finds no difference. A delete is refused while
    Redis is away, and shows at once when it is back."""
    settings = {**cluster_settings(request), "CLUSTER_REDIS_URL": redis.url, "LIMITS_ENABLED": "false"}
    with serving(tmp_path / "data", settings) as server:
        ann, bob = pair(server)
        written = [ann.tweet("word one")["tweetId"]]
        soon(written, lambda: ids_of(bob.walk("/feed/")), BACK_S_MAX)
        ask_redis(redis.port, "FLUSHALL")
        written.insert(0, ann.tweet("word two")["tweetId"])
        assert written == ids_of(bob.walk("/feed/"))

        redis.kill()
        written.insert(0, ann.tweet("word three")["tweetId"])
        bob.ok("POST", f"/like/{written[0]}")
        assert (503, "engine_unavailable") == ann.refused("DELETE", f"/tweet/{written[-1]}")
        assert written == ids_of(bob.walk("/feed/"))

        redis.start()
        written.insert(0, ann.tweet("word four")["tweetId"])
        soon(written, lambda: ids_of(bob.walk("/feed/")), BACK_S_MAX)
        soon(written, lambda: found(bob, "word"), BACK_S_MAX)
        soon(1, lambda: ann.ok("GET", f"/tweet/{written[1]}")["likeCount"], BACK_S_MAX)
        ann.ok("DELETE", f"/tweet/{written.pop()}")
        assert written == ids_of(bob.walk("/feed/"))
        checked = server.run("check")
        assert 0 == checked.returncode, checked.stdout + checked.stderr
