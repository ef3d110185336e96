"""Every page and form there is, each as its visitor gets it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rookery.bootstrap import network
from rookery.config import Data, Settings
from tests.serving import PASSWORD, Server
from tests.web.visiting import Visitor, parsed, sign_up

KEY = b"k" * 32
Make = Callable[[], Visitor]


class Scene:
    """Ann and Bob, who follows her; a tweet of each, and Ann's reply to Bob's."""

    def __init__(self, server: Server, ann: str, bob: str) -> None:
        self.ann, self.bob = sign_up(server, ann), sign_up(server, bob)
        self.bob.ask("POST", "/follow", {"userId": self.ann.id})
        self.tweet = self.bob.tweet("a tweet with a #tag")
        self.own = self.ann.tweet("my own")
        reply = self.ann.ask("POST", f"/reply/{self.tweet.rpartition('/')[2]}", {"content": "a reply"})
        self.reply = f"/@{ann}/{reply['tweetId']}"

    def paths(self) -> dict[str, str]:
        """What the templates of PAGES and FORMS stand for."""
        return {
            "ann": f"/@{self.ann.handle}",
            "bob": f"/@{self.bob.handle}",
            "tweet": self.tweet,
            "own": self.own,
            "reply": self.reply,
            "asker": f"/requests/{self.bob.id}",
        }


OPEN = {  # route -> an address; a stranger sees it too
    "/": "/",
    "/public": "/public",
    "/explore": "/explore?q=tweet",
    "/@{handle}": "{bob}",
    "/@{handle}/replies": "{ann}/replies",
    "/@{handle}/likes": "{bob}/likes",
    "/@{handle}/followers": "{ann}/followers",
    "/@{handle}/following": "{bob}/following",
    "/@{handle}/{tweetId}": "{reply}",
    "/@{handle}/{tweetId}/history": "{tweet}/history",
    "/@{handle}/{tweetId}/quotes": "{tweet}/quotes",
    "/@{handle}/{tweetId}/likes": "{tweet}/likes",
    "/@{handle}/{tweetId}/retweets": "{tweet}/retweets",
}
OWN = {  # a stranger is sent to log in
    "/compose": "/compose",
    "/@{handle}/{tweetId}/reply": "{tweet}/reply",
    "/@{handle}/{tweetId}/quote": "{tweet}/quote",
    "/@{handle}/{tweetId}/edit": "{own}/edit",
    "/@{handle}/{tweetId}/delete": "{own}/delete",
    "/requests": "/requests",
    "/settings": "/settings",
    "/settings/password": "/settings/password",
    "/settings/sessions": "/settings/sessions",
    "/settings/account": "/settings/account",
    "/settings/blocked": "/settings/blocked",
    "/settings/muted": "/settings/muted",
}
ENTRANCES = ("/signup", "/login")  # who is signed in is sent home
FORMS: dict[
    str, tuple[str, dict[str, str]]
] = {  # route -> an address and what is posted there, one after the other
    "/requests/{userId}/accept": ("{asker}/accept", {}),
    "/requests/{userId}/refuse": ("{asker}/refuse", {}),
    "/": ("/", {"content": "from a form"}),
    "/@{handle}/{tweetId}/reply": ("{tweet}/reply", {"content": "an answer"}),
    "/@{handle}/{tweetId}/quote": ("{tweet}/quote", {"content": "a quote"}),
    "/@{handle}/{tweetId}/edit": ("{own}/edit", {"content": "edited"}),
    "/@{handle}/{tweetId}/delete": ("{own}/delete", {}),
    "/@{handle}/{tweetId}/like": ("{tweet}/like", {}),
    "/@{handle}/{tweetId}/unlike": ("{tweet}/unlike", {}),
    "/@{handle}/{tweetId}/retweet": ("{tweet}/retweet", {}),
    "/@{handle}/{tweetId}/unretweet": ("{tweet}/unretweet", {}),
    "/@{handle}/follow": ("{bob}/follow", {}),
    "/@{handle}/unfollow": ("{bob}/unfollow", {}),
    "/@{handle}/block": ("{bob}/block", {}),
    "/@{handle}/unblock": ("{bob}/unblock", {}),
    "/@{handle}/mute": ("{bob}/mute", {}),
    "/@{handle}/unmute": ("{bob}/unmute", {}),
    "/settings": ("/settings", {"name": "Other", "bio": "a bio"}),
    "/settings/password": ("/settings/password", {"current": PASSWORD, "new": PASSWORD}),
    "/settings/account": ("/settings/account", {"password": PASSWORD}),
    "/logout": ("/logout", {}),
}
ELSEWHERE = {"/signup", "/login", "/settings/sessions/{id}/end"}  # forms with tests of their own


@pytest.fixture(scope="module")
def scene(server: Server, numbers: Iterator[int]) -> Scene:
    """For pages that are only read."""
    return Scene(server, f"web{next(numbers)}", f"web{next(numbers)}")


async def test_each_route_is_among_the_examples(tmp_path: Path) -> None:
    """No page and no form is without a test."""
    async with network(Settings(data=Data(dir=tmp_path / "data", key=KEY.hex())), KEY, works=False) as net:
        routes = {(one.method, one.path) for one in net.routes(["pages"])}
    pages = {("GET", path) for path in (*OPEN, *OWN, *ENTRANCES, "/static/{digest}/{name}")}
    assert pages | {("POST", path) for path in (*FORMS, *ELSEWHERE)} == routes


@pytest.mark.parametrize("route", [*OPEN, *OWN])
def test_each_page_is_there_for_who_is_signed_in(scene: Scene, route: str) -> None:
    """It is well-formed, has a title and one main part, names its viewer, and is never kept by a proxy."""
    path = {**OPEN, **OWN}[route].format(**scene.paths())
    answer = scene.ann.get(path)
    assert (200, "text/html; charset=utf-8") == (answer.status_code, answer.headers["content-type"])
    assert "private, no-cache" == answer.headers["cache-control"]
    page = parsed(answer.text)
    assert page.one("title").text.strip().endswith("Rookery")
    assert scene.ann.id == page.one("body").attributes["data-viewer"]
    assert 1 == len(list(page.all("main", id="main"))) == len(list(page.all("h1")))
    assert [] == list(page.all(style="")) + [one for one in page.all() if "style" in one.attributes]
    ids = [one.attributes["id"] for one in page.all() if "id" in one.attributes]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("route", [*OPEN, *ENTRANCES])
def test_each_open_page_is_there_for_a_stranger(scene: Scene, stranger: Visitor, route: str) -> None:
    """Without a form that needs an account, and with a way in."""
    page = stranger.read(OPEN.get(route, route).format(**scene.paths()))
    assert "" == page.one("body").attributes["data-viewer"]
    assert {"/signup", "/login"} <= {one.attributes["href"] for one in page.all("a")}
    assert [] == list(page.all("form", class_="composer"))


@pytest.mark.parametrize("route", OWN)
def test_a_stranger_is_sent_to_log_in_and_back(scene: Scene, stranger: Visitor, route: str) -> None:
    """A page of one's own asks for the account first, and the log-in form knows where to go on."""
    path = OWN[route].format(**scene.paths())
    answer = stranger.get(path)
    assert 303 == answer.status_code
    form = stranger.read(answer.headers["location"]).one("form", class_="sheet")
    assert path == form.one("input", name="back").attributes["value"]
    assert path == stranger.done("/login", handle=scene.ann.handle, password=PASSWORD, back=path)


@pytest.mark.parametrize("path", ENTRANCES)
def test_whoever_is_signed_in_is_sent_home(scene: Scene, path: str) -> None:
    """There is nothing to do at the entrance."""
    assert (303, "/") == (scene.ann.get(path).status_code, scene.ann.get(path).headers["location"])


@pytest.fixture
def own_scene(server: Server, numbers: Iterator[int]) -> Scene:
    """For forms; Bob asks to follow Ann."""
    scene = Scene(server, f"web{next(numbers)}", f"web{next(numbers)}")
    scene.bob.ask("DELETE", f"/follow/{scene.ann.id}")
    scene.ann.ask("PATCH", "/account/", {"protected": True})
    scene.bob.ask("POST", "/follow", {"userId": scene.ann.id})
    return scene


def state(scene: Scene) -> object:
    """All that the forms could change."""
    ann = scene.ann
    return [
        ann.get(path).json()
        for path in (
            "/account/",
            "/account/sessions",
            f"/user/{ann.id}/tweets",
            f"/user/{ann.id}/replies",
            f"/user/{ann.id}/likes",
            f"/user/{scene.bob.id}",
            "/follow/requests",
        )
    ]


def test_each_form_is_taken_and_a_forged_one_is_not(own_scene: Scene) -> None:
    """Posted from this site each sends the browser on; from another site, or with nothing that says from where, it is
    403 and changes nothing. Without JavaScript a browser needs nothing else."""
    ann = own_scene.ann
    for address, fields in FORMS.values():
        path = address.format(**own_scene.paths())
        before = state(own_scene)
        for forged in (
            {},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "none"},
            {"Origin": "https://evil.test"},
            {"Origin": "null"},
        ):
            answer = ann.post(path, data=fields, headers=forged)
            assert (path, 403) == (path, answer.status_code)
            assert "may only be sent from this site" in answer.text
        if path not in ("/logout", "/settings/account"):
            assert before == state(own_scene)
    for address, fields in FORMS.values():
        path = address.format(**own_scene.paths())
        assert ann.done(path, **fields).startswith("/"), path


@pytest.mark.parametrize("path", ENTRANCES)
def test_nobody_is_signed_in_by_another_site(scene: Scene, stranger: Visitor, path: str) -> None:
    """Or a visitor would write as somebody else without knowing."""
    form = {"handle": scene.ann.handle, "name": "x", "password": PASSWORD}
    for forged in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.test"}):
        answer = stranger.post(path, data=form, headers=forged)
        assert (403, False) == (answer.status_code, "set-cookie" in answer.headers)
