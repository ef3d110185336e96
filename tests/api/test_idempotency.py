"""A repeated Idempotency-Key does nothing twice: over requests at once, processes and restarts."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest

from tests.serving import Person, Server, all_answer, alone, fields_of, problem_of, serving, sign_up

Make = Callable[..., Person]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of two processes, where an account may tweet 6 times."""
    with serving(
        tmp_path_factory.mktemp("keys") / "data", {"LIMITS_TWEETS_PER_3H": "6"}, "--workers", "2"
    ) as server:
        all_answer(server, 2)
        yield server


def send(person: Person, key: str, path: str, body: object = None, method: str = "POST") -> httpx.Response:
    """A write with a key, over a connection of its own."""
    url = str(person.base_url) + path
    return alone(method, url, json=body, headers={**person.headers, "Idempotency-Key": key})


def test_a_copy_answers_the_first_success_as_it_is_now(person: Make) -> None:
    """The same tweet comes again with its id, edited meanwhile, and Location; there is one tweet."""
    ann, key = person(), str(uuid4())
    first = send(ann, key, "/tweet/", {"content": "once"})
    tweet = first.json()["tweetId"]
    ann.ok("PATCH", f"/tweet/{tweet}", {"content": "edited"})
    again = send(ann, key, "/tweet", {"content": "once"})
    assert (tweet, "edited") == (again.json()["tweetId"], again.json()["content"])
    assert first.headers["location"] == again.headers["location"]
    assert 1 == ann.ok("GET", "/account/")["tweetCount"]
    ann.ok("DELETE", f"/tweet/{tweet}")
    assert (404, "not_found") == problem_of(send(ann, key, "/tweet/", {"content": "once"}))


def test_each_write_can_be_repeated(person: Make) -> None:
    """Likes, retweets, replies, follows, blocks, mutes, requests and deletes by POST answer a copy like the first."""
    ann, bob = person(), person()
    theirs, own = bob.tweet("theirs")["tweetId"], ann.tweet("own")["tweetId"]
    bob.ok("PATCH", "/account/", {"protected": False})
    writes: list[tuple[str, object]] = [
        (f"/like/{theirs}", None),
        (f"/retweet/{theirs}", None),
        (f"/reply/{theirs}", {"content": "yes"}),
        ("/follow", {"userId": bob.id}),
        (f"/mute/{bob.id}", None),
        (f"/tweet/{own}", None),
        (f"/block/{bob.id}", None),
    ]
    for path, body in writes:
        key = str(uuid4())
        answers = [send(ann, key, path, body) for _ in range(2)]
        assert (path, [200, 200]) == (path, [one.status_code for one in answers])
        assert answers[0].json() == answers[1].json()
    asker, key = person(), str(uuid4())
    ann.ok("PATCH", "/account/", {"protected": True})
    asker.ok("POST", "/follow", {"userId": ann.id})
    assert [200, 200] == [send(ann, key, f"/follow/requests/{asker.id}").status_code for _ in range(2)]


def test_a_key_belongs_to_one_request_of_one_account(person: Make) -> None:
    """Another body or path is 422; another account's key of the same name is its own."""
    ann, bob, key = person(), person(), str(uuid4())
    tweet = send(ann, key, "/tweet/", {"content": "once"}).json()["tweetId"]
    mismatch = (422, "idempotency_mismatch")
    assert mismatch == problem_of(send(ann, key, "/tweet/", {"content": "twice"}))
    assert mismatch == problem_of(send(ann, key, f"/like/{tweet}"))
    assert tweet != send(bob, key, "/tweet/", {"content": "once"}).json()["tweetId"]


def test_a_failure_is_not_kept(person: Make) -> None:
    """After a refusal the key is free for the request once it is right."""
    ann, key = person(), str(uuid4())
    assert (422, "invalid") == problem_of(send(ann, key, "/tweet/", {"content": ""}))
    assert 200 == send(ann, key, "/tweet/", {"content": "now right"}).status_code


@pytest.mark.parametrize("key", ["", "with space", "x" * 129, "tab\there"])
def test_a_key_is_1_to_128_visible_characters(person: Make, key: str) -> None:
    """Anything else is a bad field, and nothing is written."""
    ann = person()
    assert {"Idempotency-Key"} <= fields_of(send(ann, key, "/tweet/", {"content": "x"}))
    assert 0 == ann.ok("GET", "/account/")["tweetCount"]
    assert 200 == send(ann, "x" * 128, "/tweet/", {"content": "x"}).status_code


def test_copies_in_flight_over_two_processes_write_once(pair: Server) -> None:
    """Of many copies at once all succeed with the same id, one counts, and a restart changes nothing."""
    ann, key = sign_up(pair, "flying"), str(uuid4())
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: send(ann, key, "/tweet/", {"content": "once"}), range(32)))
    assert {200} == {one.status_code for one in answers}
    assert 2 == len({one.headers["x-request-id"].partition("-")[0] for one in answers})
    (tweet,) = {one.json()["tweetId"] for one in answers}
    pair.stop()
    pair.start()
    assert tweet == send(ann, key, "/tweet/", {"content": "once"}).json()["tweetId"]
    left = [ann.post("/tweet/", json={"content": str(number)}).status_code for number in range(6)]
    assert [200] * 5 + [429] == left
    assert tweet == send(ann, key, "/tweet/", {"content": "once"}).json()["tweetId"]
    assert 6 == ann.ok("GET", "/account/")["tweetCount"]
