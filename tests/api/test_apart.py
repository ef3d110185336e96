"""Services and workers as processes of their own behind nginx: what a missing part takes along, what the proxy refuses,
the model of the network, and the pages. The other files of this folder that ON_APART names run on it, too."""

import httpx
import pytest

from tests.apart import Apart
from tests.model.catching_up import catching_up
from tests.model.network import EFFORT, Network, run
from tests.model.twins import WINDOW
from tests.serving import PASSWORD, PATIENCE_S, Person, Server, ids_of, problem_of, sign_up, soon


@pytest.fixture
def network(server: Server) -> Apart:
    """Every service and worker by itself, two of tweets and of feed: what all tests of the API run on, too."""
    assert isinstance(server, Apart)
    return server


def test_a_service_that_is_down_takes_no_other_along(network: Apart) -> None:
    """With the search service stopped its routes are 503 and all others go on; started again it serves what was
    written meanwhile."""
    ann, bob = sign_up(network, "alone"), sign_up(network, "follows_alone")
    bob.ok("POST", "/follow", {"userId": ann.id})
    assert [0] == network.processes.stop_service("search")
    tweet = ann.tweet("written while search was away")["tweetId"]

    assert (503, "engine_unavailable") == bob.refused("GET", "/search/?token=away")
    soon([tweet], lambda: ids_of(bob.walk("/feed/")))
    assert ann.id == bob.ok("GET", f"/user/{ann.id}")["userId"]

    network.processes.start_service("search")
    soon([tweet], lambda: found(bob, "away"))


def found(person: Person, word: str) -> list[str]:
    """The ids of what a search finds, once search is there."""
    answer = person.get("/search/", params={"token": word})
    return ids_of(answer.json()) if answer.status_code == 200 else []


def test_a_handle_that_is_taken_is_told_through_the_proxy(network: Apart) -> None:
    """Refusals keep their problem documents behind the proxy."""
    ann = sign_up(network, "taken_apart")
    form = {"handle": "taken_apart", "name": "Ann", "password": "correct horse battery"}

    assert (409, "handle_taken") == problem_of(ann.post("/account/", json=form))


def test_what_the_proxy_refuses_by_itself_is_a_problem_document(network: Apart) -> None:
    """A body, a URL or headers that are too large, a method of no route, and plain HTTP on the port of HTTPS."""
    large = "x" * 40_000
    with Person(network) as stranger:
        assert (413, "too_large") == problem_of(stranger.post("/tweet/", content=large * 50))
        assert (413, "too_large") == problem_of(stranger.get(f"/feed/public?{large}"))
        assert (400, "malformed") == problem_of(stranger.get("/feed/public", headers={"X-Large": large}))
        assert (405, "method_not_allowed") == problem_of(stranger.request("TRACE", "/feed/public"))
        plain = stranger.get(f"http://127.0.0.1:{network.port}/feed/public")
    assert (400, "malformed") == problem_of(plain)
    assert plain.headers["x-request-id"]
    assert "nosniff" == plain.headers["x-content-type-options"]


@pytest.mark.timeout(600 * EFFORT**2)
def test_every_read_is_what_the_model_says(network: Apart) -> None:
    """After any writes, everyone reads in every place what a simple model computes: one's own writes at once, and what
    others did once it has followed. It is so where a few entries leave the window for retweets."""
    window = {"FEED_RETWEET_WINDOW": str(WINDOW)}
    with network.with_settings(window, ["feed"]), catching_up(network) as workers:
        run(lambda: Network(network, catch_up=workers.wait), 3, 12)


def test_pages_come_through_the_proxy(network: Apart) -> None:
    """The pages' own process signs a browser in with a cookie for this host alone, and shows what the other services
    know; what no route takes is theirs, too."""
    ann = sign_up(network, "paged_apart")
    ann.tweet("shown on a page")
    with httpx.Client(
        base_url=network.url, headers={"Accept": "text/html"}, timeout=PATIENCE_S, verify=network.verify
    ) as browser:
        form = {"handle": ann.handle, "password": PASSWORD}
        signed = browser.post("/login", data=form, headers={"Sec-Fetch-Site": "same-origin"})
        assert 303 == signed.status_code
        assert signed.headers["set-cookie"].startswith("__Host-rookery_session=")
        assert "; Secure" in signed.headers["set-cookie"]
        soon(True, lambda: "shown on a page" in browser.get("/").text)
        assert ann.handle in browser.get(f"/@{ann.handle}/followers").text
        missing = browser.get("/users")
        assert (404, "text/html; charset=utf-8") == (missing.status_code, missing.headers["content-type"])
