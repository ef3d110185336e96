"""The routes of follows, requests, blocks and mutes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rookery.core.errors import Invalid, Problem
from rookery.core.reading import Reader
from rookery.core.routes import Call
from rookery.services.follows.http import routes
from rookery.services.follows.service import FollowsService
from tests.contract.circle import Circle, opened
from tests.services.asking import Asker, next_query


@pytest.fixture
async def circle(tmp_path: Path) -> AsyncIterator[Circle]:
    """A store without accounts."""
    async with opened(tmp_path) as one:
        yield one


@pytest.fixture
def asker(circle: Circle) -> Asker:
    """A stranger at the routes of follows."""
    reader = Reader(circle.facts)
    return Asker(routes(FollowsService(circle.follows, reader), reader))


async def test_following_says_what_stands(circle: Circle, asker: Asker) -> None:
    """POST /follow says whether one follows now, by id and by handle, as often as one asks."""
    ann, bob = await circle.join(2)
    follows = {"following": True, "requested": False}

    assert follows == await asker.as_(ann).post("/follow", body={"userId": str(bob)})
    assert follows == await asker.as_(ann).post("/follow", body={"userId": f"@U{bob % 10**9}"})
    assert {} == await asker.as_(ann).delete("/follow/{userId}", {"userId": bob})
    assert {} == await asker.as_(ann).delete("/follow/{userId}", {"userId": f"@u{bob % 10**9}"})
    assert (0, 0) == await circle.counts(bob)


async def test_requests_are_answered(circle: Circle, asker: Asker) -> None:
    """A protected account sees who asks, accepts the one and refuses the other."""
    ann, bob, owner = await circle.join(3)
    await circle.set_protected(owner, True)
    for one in (ann, bob):
        asked = await asker.as_(one).post("/follow", body={"userId": str(owner)})
        assert {"following": False, "requested": True} == asked

    waiting = await asker.as_(owner).get("/follow/requests")
    assert [str(bob), str(ann)] == [user["userId"] for user in waiting]
    assert {} == await asker.as_(owner).post("/follow/requests/{userId}", {"userId": ann})
    assert {} == await asker.as_(owner).delete("/follow/requests/{userId}", {"userId": bob})
    assert [] == await asker.as_(owner).get("/follow/requests")
    assert (1, 0) == await circle.counts(owner)


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/follow"), ("POST", "/block/{userId}"), ("POST", "/mute/{userId}")]
)
async def test_nobody_does_it_to_oneself(circle: Circle, asker: Asker, method: str, path: str) -> None:
    """Following, blocking and muting oneself is refused."""
    (ann,) = await circle.join(1)
    body = {"userId": str(ann)} if path == "/follow" else None
    with pytest.raises(Problem) as refused:
        await asker.as_(ann).ask(method, path, {"userId": ann}, body=body)

    assert 400 == refused.value.status
    assert ("cannot_follow_self" if path == "/follow" else "cannot_block_self") == refused.value.code


@pytest.mark.parametrize("given", [{}, {"userId": 5}, {"userId": "someone"}, {"userId": "4", "more": 1}])
async def test_a_follow_names_an_account(circle: Circle, asker: Asker, given: object) -> None:
    """A body without a userId or @handle, or with anything else, is 422."""
    (ann,) = await circle.join(1)
    with pytest.raises(Invalid):
        await asker.as_(ann).post("/follow", body=given)


@pytest.mark.parametrize("name", ["4", "@nobody"])
async def test_an_unknown_account_is_not_found(circle: Circle, asker: Asker, name: str) -> None:
    """Every write on an account that is not there is 404."""
    (ann,) = await circle.join(1)
    for route in asker.routes:
        if route.method != "GET":
            body = {"userId": name} if route.path == "/follow" else None
            with pytest.raises(Problem) as refused:
                await asker.as_(ann).ask(route.method, route.path, {"userId": name}, body=body)
            assert "not_found" == refused.value.code


async def test_a_repeated_follow_shows_how_it_is_now(circle: Circle, asker: Asker) -> None:
    """The replay of a key says what stands now, whether the first one wrote or found the follow there."""
    ann, bob = await circle.join(2)
    replay = next(route.replay for route in asker.routes if route.path == "/follow")
    assert replay is not None
    for subject in (bob, 0):
        call = Call(
            "POST",
            "/follow",
            {},
            b"",
            b'{"userId":"%d"}' % bob,
            {"content-type": "application/json"},
            "",
            ann,
        )
        assert b'{"following":false,"requested":false}' == (await replay(call, subject)).body
        assert call.was_read


@pytest.mark.parametrize("kind", ["block", "mute"])
async def test_kept_lists(circle: Circle, asker: Asker, kind: str) -> None:
    """Blocked and muted accounts are in one's own list with Link to more, until one ends it."""
    ann, *others = await circle.join(4)
    for other in others:
        assert {} == await asker.as_(ann).post(f"/{kind}/{{userId}}", {"userId": other})
    assert {} == await asker.as_(ann).delete(f"/{kind}/{{userId}}", {"userId": others[0]})

    first = await asker.as_(ann).ask("GET", f"/{kind}", query={"pageSize": 1})
    more = next_query(first)
    assert more is not None
    rest = await asker.as_(ann).get(f"/{kind}", None, **more)

    assert [str(others[1])] == [user["userId"] for user in rest]
    assert [True] == [user["blocking" if kind == "block" else "muting"] for user in rest]


async def test_whom_one_mutes_and_blocks_stays_listed(circle: Circle, asker: Asker) -> None:
    """A block takes nobody out of one's own list of mutes."""
    ann, bob = await circle.join(2)
    await asker.as_(ann).post("/mute/{userId}", {"userId": bob})
    await asker.as_(bob).post("/block/{userId}", {"userId": ann})

    assert [str(bob)] == [user["userId"] for user in await asker.as_(ann).get("/mute")]


async def test_suggestions_are_accounts(circle: Circle, asker: Asker) -> None:
    """Suggestions are accounts as the viewer sees them, as many as one asks for."""
    ann, bob, cleo, dora = await circle.join(4)
    for follower, followee in ((ann, bob), (bob, cleo), (bob, dora), (cleo, dora)):
        await circle.follows.follow(follower, followee)
    suggested = await asker.as_(ann).get("/follow/suggestions")

    assert [str(dora), str(cleo)] == [user["userId"] for user in suggested]
    assert [False, False] == [user["following"] for user in suggested]
    assert 1 == len(await asker.as_(ann).get("/follow/suggestions", pageSize=1))
