"""Rate limits: what counts, what does not, and that they are exact over processes and restarts."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.serving import PASSWORD, Person, Server, alone, problem_of, serving, sign_up, soon

SMALL = {
    "LIMITS_TWEETS_PER_3H": "6",
    "LIMITS_LIKES_PER_DAY": "3",
    "LIMITS_FOLLOWS_PER_DAY": "3",
    "LIMITS_SIGN_UPS_PER_HOUR_ADDRESS": "12",
    "LIMITS_LOGIN_FAILURES_PER_15MIN": "3",
    "LIMITS_LOGIN_FAILURES_PER_HOUR_ADDRESS": "8",
    "LIMITS_READS_PER_15MIN": "10",
    "LIMITS_READS_PER_15MIN_ADDRESS": "12",
    "LIMITS_BODY_BYTES_MAX": "1024",
    "LIMITS_URL_BYTES_MAX": "1024",
}


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Server]:
    """A server with small limits and two processes."""
    with serving(tmp_path / "data", SMALL, "--workers", "2") as server:
        yield server


def limited(answer: httpx.Response) -> bool:
    """Whether a limit refused it; then Retry-After and the RateLimit headers say how to go on."""
    if answer.status_code == 200:
        return False
    assert (429, "rate_limited") == problem_of(answer)
    assert 0 < int(answer.headers["retry-after"])
    assert "0" == answer.headers["ratelimit-remaining"]
    return True


def at_once(count: int, act: Callable[[int], httpx.Response]) -> int:
    """How many of so many concurrent requests succeed."""
    with ThreadPoolExecutor(12) as pool:
        return sum(not limited(answer) for answer in pool.map(act, range(count)))


def fresh(person: Person, method: str, path: str, body: object = None) -> httpx.Response:
    """A request over a connection of its own, so that any process may get it."""
    return alone(method, str(person.base_url) + path, json=body, headers=person.headers)


def test_tweets_replies_and_retweets_share_one_exact_limit(small: Server) -> None:
    """Of many writes at once over two processes exactly as many succeed as the limit says, also after a restart."""
    ann, bob = sign_up(small, "ann"), sign_up(small, "bob")
    theirs = bob.tweet("theirs")["tweetId"]
    ann.ok("POST", f"/reply/{theirs}", {"content": "a reply"})
    answer = ann.post(f"/retweet/{theirs}")
    assert ["6", "4"] == [answer.headers[f"ratelimit-{name}"] for name in ("limit", "remaining")]
    assert 10_000 < int(answer.headers["ratelimit-reset"]) <= 3 * 3600
    assert (422, "invalid") == ann.refused("POST", "/tweet/", {"content": ""})
    ann.ok("POST", f"/retweet/{theirs}")  # stands already: nothing is written, nothing counts
    small.stop()
    small.start()
    assert 4 == at_once(30, lambda number: fresh(ann, "POST", "/tweet/", {"content": str(number)}))
    assert limited(ann.post(f"/reply/{theirs}", json={"content": "one more"}))
    assert 5 == at_once(12, lambda number: fresh(bob, "POST", "/tweet/", {"content": str(number)}))
    assert 6 == bob.ok("GET", "/account/")["tweetCount"] == ann.ok("GET", "/account/")["tweetCount"]


def test_likes_and_follows_count_once_each(small: Server) -> None:
    """Repetitions and refusals do not count, what is new does; taking back gives nothing back."""
    ann = sign_up(small, "ann")
    others = [sign_up(small, f"other{number}") for number in range(4)]
    tweets = [one.tweet("x")["tweetId"] for one in others]
    for path in [tweets[0], tweets[0], *tweets[1:3]]:
        assert not limited(fresh(ann, "POST", f"/like/{path}"))
    ann.ok("DELETE", f"/like/{tweets[0]}")
    assert limited(ann.post(f"/like/{tweets[3]}"))
    assert (404, "not_found") == ann.refused("POST", "/like/1")
    follows = [others[0].id, others[0].id, ann.id, others[1].id, others[2].id]
    answers = [ann.post("/follow", json={"userId": one}) for one in follows]
    assert [200, 200, 400, 200, 200] == [one.status_code for one in answers]
    assert limited(ann.post("/follow", json={"userId": others[3].id}))


def test_sign_ups_are_limited_by_address(small: Server) -> None:
    """Exactly as many accounts as the limit says come from an address; a taken or bad handle does not count."""
    form = {"name": "N", "password": PASSWORD}
    sign_up(small, "first")
    stranger = Person(small)
    assert (409, "handle_taken") == stranger.refused("POST", "/account/", {"handle": "first", **form})
    assert (422, "invalid") == stranger.refused("POST", "/account/", {"handle": "!", **form})
    assert 11 == at_once(
        16,
        lambda number: alone("POST", f"{small.url}/account/", json={"handle": f"h{number}", **form}),
    )


def test_failed_log_ins_are_limited_by_account_and_address(small: Server) -> None:
    """After 3 failures not even the right password gets in, others do until the address has used up its own limit."""
    ann = sign_up(small, "ann")
    sign_up(small, "bob")

    def attempt(handle: str, password: str = "wrong password") -> tuple[int, str]:
        answer = alone("POST", f"{small.url}/account/login", json={"handle": handle, "password": password})
        return (200, "") if answer.status_code == 200 else problem_of(answer)

    wrong, full = (401, "wrong_credentials"), (429, "rate_limited")
    for _ in range(3):
        assert (200, "") == attempt("ann", PASSWORD)  # a success does not count
    assert [wrong, wrong, wrong, full] == [attempt("ann") for _ in range(4)]
    assert full == attempt("ANN", PASSWORD)
    assert (200, "") == attempt("bob", PASSWORD)
    assert full == ann.refused("POST", "/account/password", {"current": PASSWORD, "new": "something else"})
    assert [wrong] * 5 == [attempt(f"nobody{number}") for number in range(5)]
    assert full == attempt("bob", PASSWORD)


def test_reads_are_limited_by_account_or_address(tmp_path: Path) -> None:
    """An account has its own number, strangers share their address's; another account and writes go on."""
    with serving(tmp_path / "data", SMALL) as server:
        ann, bob, stranger = sign_up(server, "ann"), sign_up(server, "bob"), Person(server)
        assert [False] * 10 + [True] == [limited(ann.get("/feed/")) for _ in range(11)]
        assert [False] * 12 + [True] == [limited(stranger.get("/feed/public")) for _ in range(13)]
        ann.tweet("still writing")
        assert not limited(bob.get("/feed/public"))
        assert 200 == stranger.get("/livez").status_code == stranger.get("/openapi.json").status_code


def test_sizes_have_bounds(small: Server) -> None:
    """A body or URL that is too large is 413, told or not how long it will be, and the connection goes on."""
    ann = sign_up(small, "ann")
    body = b'{"content":"' + b"x" * 2000 + b'"}'
    kind = {"Content-Type": "application/json"}
    assert (413, "too_large") == problem_of(ann.post("/tweet/", content=body, headers=kind))
    assert (413, "too_large") == problem_of(
        ann.post("/tweet/", content=iter([body[:900], body[900:]]), headers=kind)
    )
    assert (413, "too_large") == ann.refused("GET", f"/search/?token={'x' * 1100}")
    ann.tweet("still here")


def test_limits_can_be_turned_off(server: Server) -> None:
    """With ROOKERY_LIMITS_ENABLED=false no limit holds, no header tells of one, and the start says so."""
    answer = alone("GET", f"{server.url}/feed/public")
    assert not [name for name in answer.headers if name.startswith("ratelimit")]
    soon(True, lambda: "Rate limits are off" in server.log.read_text())
