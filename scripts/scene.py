"""A small network in which there is something of everything that pages show, made over the API of a running server.

Its people write in scripts of both directions, with and without spaces; among their tweets are long words, quotes of
what is gone, conversations, places and edits; and Ann, who looks at it all, has requests, blocks and mutes.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

PASSWORD = "correct horse battery"  # noqa: S105 - of people who do not exist
_TRUSTED = ssl.create_default_context()  # once for all: it takes as long as many requests
_PEOPLE: Mapping[str, tuple[str, str]] = {
    "ann_reads": (
        "Ann Aldous",
        "Reads more than she writes. Rooks, jackdaws and other company.\nhttps://example.com/ann",
    ),
    "bob_writes": ("Bob", "Writes about #birds, trains and whatever the tide brings in."),
    "chihiro": ("千尋 Chihiro", "鳥と本と散歩が好きです。東京。"),
    "dalia": ("داليا", "أكتب عن الطيور والكتب والمدن البعيدة."),
    "long_name_here": (
        "Wolfeschlegelsteinhausenbergerdorff the Elder",
        "Honorificabilitudinitatibus" * 5,
    ),
    "quiet_owl": ("Quiet Owl 🦉", "Only for friends."),
    "hopeful": ("Hopeful", "Waits at the door."),
    "curious": ("Curious", ""),
    "loud_gull": ("Loud Gull", "MINE MINE MINE"),
    "dull_dove": ("Dull Dove", "Coo."),
}
_LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
_TEXTS: tuple[tuple[str, str], ...] = (
    (
        "chihiro",
        "今朝は公園でミヤマガラスの群れを見ました。冬が来ますね。 #冬鳥 写真は https://example.com/鳥 に置きました。",
    ),
    ("dalia", "رأيت اليوم سربًا من الغربان فوق المدينة، وكان المشهد جميلًا جدًا. #طيور مع @bob_writes"),
    ("dalia", "Mixed: the word غراب means crow, and 鴉 does too. (1) one, (2) two."),
    ("long_name_here", f"{_LONG}{_LONG}"),
    (
        "long_name_here",
        "https://example.com/a/very/long/path/that/goes/on/and/on/and/on?with=a&query=that&is=long#and-a-fragment",
    ),
    ("bob_writes", "A list:\n\n1. rooks\n2. jackdaws\n3. crows\n\nThat is all I have."),
    ("chihiro", "👩‍👩‍👧‍👦🏴󠁧󠁢󠁳󠁣󠁴󠁿🦉🪶"),
    ("bob_writes", "<b>Not bold</b> & not &amp; an entity, for @ann_reads and @nobody_here. #rooks"),
)


class Actor(httpx.Client):
    """One of the people, signed in over the API."""

    def __init__(self, url: str, handle: str) -> None:
        super().__init__(base_url=url, timeout=30, verify=_TRUSTED)
        self.handle = handle
        name, bio = _PEOPLE[handle]
        signed = self.ok("POST", "/account/", {"handle": handle, "name": name, "password": PASSWORD})
        self.user_id = str(signed["user"]["userId"])
        self.token = str(signed["sessionToken"])
        self.headers["Authorization"] = f"Bearer {self.token}"
        if bio:
            self.ok("PATCH", "/account/", {"bio": bio})

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of a request that must succeed."""
        answer = self.request(method, path, json=body)
        assert answer.status_code == httpx.codes.OK, (method, path, answer.status_code, answer.text)
        return answer.json()

    def tweet(self, content: str, **more: Any) -> str:
        """Writes a tweet; its id."""
        return str(self.ok("POST", "/tweet/", {"content": content, **more})["tweetId"])

    def reply(self, to: str, content: str) -> str:
        """Answers a tweet; the reply's id."""
        return str(self.ok("POST", f"/reply/{to}", {"content": content})["tweetId"])

    def follow(self, other: "Actor") -> None:
        """A follow, or a request."""
        self.ok("POST", "/follow", {"userId": other.user_id})


@dataclass(slots=True)
class Scene:
    """The network: its people by handle, and what one may want to open. `paths`: a page of each kind by name, for Ann;
    `strangers`: those for whoever is not signed in."""

    people: Mapping[str, Actor]
    paths: dict[str, str] = field(default_factory=dict)
    strangers: dict[str, str] = field(default_factory=dict)

    @property
    def ann(self) -> Actor:
        """Who looks at it all."""
        return self.people["ann_reads"]

    @property
    def bob(self) -> Actor:
        """Whom she follows."""
        return self.people["bob_writes"]


def build(url: str, many: int = 45) -> Scene:
    """Makes the network; Bob writes `many` tweets besides, so that lists have several pages."""
    people = {handle: Actor(url, handle) for handle in _PEOPLE}
    scene = Scene(people)
    ann, bob, owl = scene.ann, scene.bob, people["quiet_owl"]
    for handle in ("bob_writes", "chihiro", "dalia", "long_name_here", "quiet_owl"):
        ann.follow(people[handle])
        people[handle].follow(ann)
    for number in range(many):
        bob.tweet(f"Count of the evening roost, number {number + 1}: {37 * (number + 3) % 400} rooks.")
    for handle, text in _TEXTS:
        people[handle].tweet(text)
    _protect(people, owl)
    _quarrel(people)
    _converse(scene)
    return scene


def _protect(people: Mapping[str, Actor], owl: Actor) -> None:
    owl.tweet("Only my followers read this.")
    owl.ok("PATCH", "/account/", {"protected": True})
    ann = people["ann_reads"]
    ann.ok("PATCH", "/account/", {"protected": True})
    for handle in ("hopeful", "curious"):
        people[handle].follow(ann)
    people["curious"].follow(owl)


def _quarrel(people: Mapping[str, Actor]) -> None:
    ann = people["ann_reads"]
    ann.ok("POST", f"/block/{people['loud_gull'].user_id}")
    ann.ok("POST", f"/mute/{people['dull_dove'].user_id}")


def _converse(scene: Scene) -> None:
    ann, bob = scene.ann, scene.bob
    chihiro, dalia = scene.people["chihiro"], scene.people["dalia"]
    root = bob.tweet("Is a group of rooks a #parliament or a #building?", latitude=51.5, longitude=-0.12)
    first = chihiro.reply(root, "日本では「群れ」です。")
    second = bob.reply(first, "That settles it: a 群れ of rooks.")
    for text in ("A clamour!", "Both, I think. Depends on who is talking, and how loudly."):
        ann.reply(second, text)
    dalia.reply(second, "سرب من الغربان.")
    gone = bob.tweet("Soon gone.")
    dalia.tweet("I quote what will not stay.", quoteOf=gone)
    bob.ok("DELETE", f"/tweet/{gone}")
    chihiro.tweet("良い質問ですね。", quoteOf=root)
    edited = ann.tweet("A tweet with a tpyo.")
    ann.ok("PATCH", f"/tweet/{edited}", {"content": "A tweet with a typo, mended."})
    ann.ok("POST", f"/like/{root}")
    bob.ok("POST", f"/like/{edited}")
    dalia.ok("POST", f"/retweet/{root}")
    _name_paths(scene, second, edited)


def _name_paths(scene: Scene, conversation: str, edited: str) -> None:
    own = f"/@{scene.ann.handle}"
    scene.paths = {
        "home": "/",
        "public": "/public",
        "conversation": f"/@bob_writes/{conversation}",
        "own-tweet": f"{own}/{edited}",
        "history": f"{own}/{edited}/history",
        "likers": f"{own}/{edited}/likes",
        "compose": "/compose",
        "edit": f"{own}/{edited}/edit",
        "delete": f"{own}/{edited}/delete",
        "reply": f"/@bob_writes/{conversation}/reply",
        "quote": f"/@bob_writes/{conversation}/quote",
        "profile": "/@bob_writes",
        "profile-long": "/@long_name_here",
        "profile-own": own,
        "profile-rtl": "/@dalia",
        "profile-blocked": "/@loud_gull",
        "profile-replies": "/@bob_writes/replies",
        "profile-likes": "/@bob_writes/likes",
        "followers": "/@ann_reads/followers",
        "following": "/@ann_reads/following",
        "explore": "/explore",
        "search": "/explore?q=rooks",
        "search-people": "/explore?q=bob&f=people",
        "search-near": "/explore?f=near&latitude=51.5&longitude=-0.12",
        "search-nothing": "/explore?q=zyzzyva",
        "requests": "/requests",
        "settings": "/settings",
        "settings-password": "/settings/password",
        "settings-sessions": "/settings/sessions",
        "settings-account": "/settings/account",
        "settings-blocked": "/settings/blocked",
        "settings-muted": "/settings/muted",
        "not-found": "/@nobody_here",
    }
    scene.strangers = {
        "landing": "/",
        "signup": "/signup",
        "login": "/login",
        "stranger-profile": "/@bob_writes",
        "stranger-protected": "/@quiet_owl",
        "stranger-conversation": scene.paths["conversation"],
        "stranger-explore": "/explore?q=rooks",
        "stranger-not-found": "/nowhere",
    }
