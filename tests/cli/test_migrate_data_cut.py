"""`rookery migrate-data` that is refused, cut off and gone on with, or finds something left to do."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from rookery.bootstrap import Network, move_data, network, prepare
from rookery.config import Cluster, Data, Settings
from rookery.core.content import NO_LINKS, Draft
from rookery.core.errors import OperatorError
from rookery.core.ids import ID_MAX
from rookery.core.limits import Ticket
from rookery.core.reading import Candidate
from rookery.services.accounts.store import Changes, NewAccount
from tests.clusters import cluster_settings
from tests.serving import KEY, Server, serving


class CutOff(Exception):
    """Whatever ends a move."""


class Step:
    """A step that nobody looks at."""

    def advance(self, count: int) -> None:
        """See Counted."""


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """A data folder, and names for tables that are not there."""
    told = cluster_settings(request)
    cluster = Cluster(
        dynamodb_url=told["CLUSTER_DYNAMODB_URL"],
        region=told["CLUSTER_REGION"],
        redis_url=told["CLUSTER_REDIS_URL"],
        search_url=told["CLUSTER_SEARCH_URL"],
        prefix=told["CLUSTER_PREFIX"],
    )
    return Settings(data=Data(dir=tmp_path / "data", key=KEY), cluster=cluster)


def on_cluster(settings: Settings) -> Settings:
    """The same on the cluster engine."""
    return replace(settings, data=replace(settings.data, engine="cluster"))


def opened(settings: Settings, *, works: bool = True) -> AbstractAsyncContextManager[Network]:
    """A network; unless it `works` what follows writes is left undone."""
    return network(settings, bytes.fromhex(KEY), works=works)


def move(settings: Settings, *, go_on: bool = False, cut_at: str = "") -> None:
    """Moves, up to a step."""

    @contextmanager
    def step(name: str, total: int) -> Iterator[Step]:
        if name == cut_at:
            raise CutOff
        yield Step()

    move_data(settings, bytes.fromhex(KEY), lambda line: None, step, go_on=go_on)


async def join(net: Network, *handles: str) -> list[int]:
    """New accounts."""
    return [await net.accounts.operator.load(NewAccount(handle, handle.title()), None) for handle in handles]


async def tweet(net: Network, author: int, content: str = "a bird") -> int:
    """A new tweet."""
    return await net.engine.tweets.create(Draft(author, content, NO_LINKS), 0)


async def written(settings: Settings, handle: str) -> Sequence[Candidate]:
    """Makes an account that has tweeted; returns its tweets."""
    async with opened(settings) as net:
        (user,) = await join(net, handle)
        await tweet(net, user)
        return await net.engine.tweets.tweets_of(user, ID_MAX, 10)


async def tweets_of(settings: Settings, handle: str) -> Sequence[Candidate]:
    """What an account has tweeted."""
    async with opened(settings) as net:
        account = await net.engine.accounts.by_handle(handle)
        assert account is not None
        return await net.engine.tweets.tweets_of(account.user_id, ID_MAX, 10)


@pytest.mark.parametrize("cut_at", ["accounts", "tweets", "index"])
def test_a_move_that_was_cut_off_goes_on(folder: Settings, cut_at: str) -> None:
    """Wherever it was cut off: until it ends nothing starts on the tables, and it ends only where that is asked for."""
    tweets = asyncio.run(written(folder, "ann"))
    with pytest.raises(CutOff):
        move(folder, cut_at=cut_at)

    with pytest.raises(OperatorError, match="has not ended"):
        asyncio.run(tweets_of(on_cluster(folder), "ann"))
    with pytest.raises(OperatorError, match="--go-on"):
        move(folder)
    move(folder, go_on=True)
    assert tweets == asyncio.run(tweets_of(on_cluster(folder), "ann"))
    with pytest.raises(OperatorError, match="already"):
        move(folder, go_on=True)


def test_a_folder_that_has_changed_is_not_gone_on_with(folder: Settings) -> None:
    """What was deleted since would come back."""
    asyncio.run(written(folder, "ann"))
    with pytest.raises(CutOff):
        move(folder, cut_at="likes")
    asyncio.run(written(folder, "bob"))

    with pytest.raises(OperatorError, match="has changed since"):
        move(folder, go_on=True)


def test_another_network_is_not_overwritten(folder: Settings) -> None:
    """Tables in which somebody has an account take no folder, whatever is asked for."""
    asyncio.run(written(folder, "ann"))
    prepare(on_cluster(folder), b"")
    tweets = asyncio.run(written(on_cluster(folder), "bob"))

    for go_on in (False, True):
        with pytest.raises(OperatorError, match="another network"):
            move(folder, go_on=go_on)
    assert tweets == asyncio.run(tweets_of(on_cluster(folder), "bob"))


def test_a_running_server_is_left_alone(folder: Settings, request: pytest.FixtureRequest) -> None:
    """While a server runs on the folder the move ends in a sentence, and the server goes on."""
    with serving(folder.data.dir, {**cluster_settings(request), "DATA_ENGINE": "embedded"}) as server:
        done = server.run("migrate-data")
        assert (1, f"rookery: Rookery runs on {folder.data.dir}: stop it first.") == (
            done.returncode,
            done.stderr.splitlines()[-1],
        )
        assert 0 == server.run("account", "list").returncode


def test_where_there_is_no_folder_the_move_says_so(folder: Settings) -> None:
    """In one sentence."""
    done = Server(folder.data.dir, {}).run("migrate-data")
    assert 1 == done.returncode
    assert done.stderr.startswith(f"rookery: There is no data in {folder.data.dir}")


def test_what_was_left_to_do_is_done_on_the_cluster_engine(folder: Settings) -> None:
    """Likes of a deleted tweet, the waiting request to an opened account and the tweets of a deleted one are taken up
    where the folder's own upkeep had not come to them."""
    ann, bob, cat, gone = asyncio.run(_left(folder))
    move(folder)
    asyncio.run(_taken_up(on_cluster(folder), ann, bob, cat, gone))


async def _left(settings: Settings) -> tuple[int, int, int, int]:
    async with opened(settings, works=False) as net:
        ann, bob, cat = await join(net, "ann", "bob", "cat")
        gone = await tweet(net, ann)
        await tweet(net, cat)
        await net.engine.tweets.like(bob, gone)
        await net.engine.accounts.update(ann, Changes(protected=True), Ticket(ann))
        await net.engine.follows.follow(bob, ann)
        await net.engine.accounts.update(ann, Changes(protected=False), Ticket(ann))
        await net.engine.tweets.delete(ann, gone)
        await net.engine.accounts.erase(cat)
        assert [bob] == [one for _, one in await net.engine.tweets.likers_of(gone, ID_MAX, 10)]
        return ann, bob, cat, gone


async def _taken_up(settings: Settings, ann: int, bob: int, cat: int, gone: int) -> None:
    async with opened(settings) as net:
        engine = net.engine
        for _ in range(600):
            likes = await engine.tweets.likers_of(gone, ID_MAX, 10)
            tweets = await engine.tweets.tweets_of(cat, ID_MAX, 10)
            requests = await engine.follows.requests_to(ann, ID_MAX, 10)
            if not (likes or tweets or requests):
                break
            await asyncio.sleep(0.1)
        assert ([], [], []) == (likes, tweets, requests)
        assert [bob] == [one for _, one in await engine.follows.followers_of(ann, ID_MAX, 10)]
        assert 0 == (await engine.compare(lambda line: None)).total
