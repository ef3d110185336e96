"""Who sees what: every read surface against every relation to its author ("Who sees what" in docs/api.md)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from tests.serving import PASSWORD, Person, Server, ids_of, problem_of, sign_up, soon

SHOWN, ABSENT = "shown", "absent"


@dataclass
class Scene:
    """Ann is the author whose relation to `viewer` differs; Cat, whom the viewer follows, dealt with what Ann wrote."""

    ann: Person
    cat: Person
    viewer: Person
    tweet: str  # Ann's
    reply: str  # Ann's, to Cat's tweet `cats`
    cats: str
    below: str  # Cat's reply to Ann's tweet
    quote: str  # Cat's quote of Ann's tweet
    retweet: str  # Cat's retweet of Ann's tweet
    mine: str  # Ann's retweet of Cat's tweet


def scene(server: Server, number: int) -> Scene:
    """Everything that Ann and Cat do while nothing stands between them."""
    ann, cat, viewer = (sign_up(server, f"{name}_{number}") for name in ("ann", "cat", "view"))
    tweet = ann.tweet(f"needle{number}")["tweetId"]
    cats = cat.tweet("by cat")["tweetId"]
    made = Scene(
        ann,
        cat,
        viewer,
        tweet,
        ann.ok("POST", f"/reply/{cats}", {"content": f"needle{number} too"})["tweetId"],
        cats,
        cat.ok("POST", f"/reply/{tweet}", {"content": "below"})["tweetId"],
        cat.tweet("see this", quoteOf=tweet)["tweetId"],
        cat.ok("POST", f"/retweet/{tweet}")["tweetId"],
        ann.ok("POST", f"/retweet/{cats}")["tweetId"],
    )
    ann.ok("POST", f"/like/{cats}")
    ann.ok("POST", "/follow", {"userId": cat.id})
    cat.ok("POST", "/follow", {"userId": ann.id})
    viewer.ok("POST", "/follow", {"userId": cat.id})
    return made


def follow(one: Scene) -> None:
    """The viewer follows Ann."""
    one.viewer.ok("POST", "/follow", {"userId": one.ann.id})


def protect(one: Scene) -> None:
    """Ann protects herself."""
    one.ann.ok("PATCH", "/account/", {"protected": True})


def both(*steps: Callable[[Scene], object]) -> Callable[[Scene], None]:
    """Several steps as one."""

    def take(one: Scene) -> None:
        for step in steps:
            step(one)

    return take


def disable(one: Scene) -> None:
    """The operator disables Ann's account while serving."""
    done = one.ann.server.run("account", "disable", one.ann.handle)
    assert 0 == done.returncode, done.stderr


RELATIONS: Mapping[str, Callable[[Scene], object]] = {
    "open": lambda _: None,
    "followed": follow,
    "blocked": both(follow, lambda one: one.ann.ok("POST", f"/block/{one.viewer.id}")),
    "blocking": both(follow, lambda one: one.viewer.ok("POST", f"/block/{one.ann.id}")),
    "muted": both(follow, lambda one: one.viewer.ok("POST", f"/mute/{one.ann.id}")),
    "protected": protect,
    "asked": both(protect, follow),
    "accepted": both(protect, follow, lambda one: one.ann.ok("POST", f"/follow/requests/{one.viewer.id}")),
    "follower": both(follow, protect),
    "deleted": lambda one: one.ann.ok("DELETE", "/account/", {"password": PASSWORD}),
    "disabled": disable,
}


def listed(path: str, sought: str) -> Callable[[Scene], str]:
    """Whether a list shows an id; both are formats over the scene. A refusal is its code."""

    def read(one: Scene) -> str:
        answer = one.viewer.get(path.format(one=one))
        if answer.status_code != 200:
            return problem_of(answer)[1]
        assert "next" not in answer.links
        return SHOWN if sought.format(one=one) in ids_of(answer.json()) else ABSENT

    return read


def there(path: str) -> Callable[[Scene], str]:
    """Whether something is there by its own path."""

    def read(one: Scene) -> str:
        answer = one.viewer.get(path.format(one=one))
        return SHOWN if answer.status_code == 200 else problem_of(answer)[1]

    return read


def writable(method: str, path: str, body: Mapping[str, str] | None = None) -> Callable[[Scene], str]:
    """Whether a write succeeds."""

    def act(one: Scene) -> str:
        filled = {key: value.format(one=one) for key, value in (body or {}).items()}
        answer = one.viewer.request(method, path.format(one=one), json=filled or None)
        return SHOWN if answer.status_code == 200 else problem_of(answer)[1]

    return act


def quoted(one: Scene) -> str:
    """What stands in Cat's quote."""
    quote = one.viewer.ok("GET", f"/tweet/{one.quote}")["quoteOf"]
    return ABSENT if quote == {"tweetId": one.tweet, "unavailable": True} else SHOWN


def answered(one: Scene) -> str:
    """What Cat's reply says it answers."""
    parent = one.viewer.ok("GET", f"/tweet/{one.below}")["inReplyTo"]
    return ABSENT if parent == {"tweetId": one.tweet, "ownerId": None, "handle": None} else SHOWN


def ancestor(one: Scene) -> str:
    """What stands above Cat's reply."""
    (parent,) = one.viewer.ok("GET", f"/reply/{one.below}/ancestors")
    return ABSENT if parent == {"tweetId": one.tweet, "unavailable": True} else SHOWN


def found(one: Scene) -> str:
    """How search finds what Ann wrote; asked after the index has caught up."""
    hits = in_index(one)
    assert hits in ([one.reply, one.tweet], [])
    return SHOWN if hits else ABSENT


def in_index(one: Scene) -> list[str]:
    """What search finds of what Ann wrote."""
    return ids_of(one.viewer.walk("/search/", token=one.viewer.handle.replace("view_", "needle")))


def arrived(one: Scene) -> None:
    """Waits until all that Ann and Cat wrote has come to where others look for it."""
    soon([one.reply, one.tweet], lambda: in_index(one))
    for name in ("people", "public"):
        soon(SHOWN, lambda name=name: SURFACES[name](one))  # type: ignore[misc]


def public(one: Scene) -> str:
    """Whether the newest tweets of everyone hold Ann's."""
    for page in one.viewer.pages("/feed/public", pageSize=100):
        if one.tweet in ids_of(page):
            return SHOWN
        if page and int(page[-1]["tweetId"]) < int(one.tweet):
            break
    return ABSENT


SURFACES: Mapping[str, Callable[[Scene], str]] = {
    "user": there("/user/{one.ann.id}"),
    "handle": there("/user/@{one.ann.handle}"),
    "tweets": listed("/user/{one.ann.id}/tweets", "{one.tweet}"),
    "replies": listed("/user/{one.ann.id}/replies", "{one.reply}"),
    "likes": listed("/user/{one.ann.id}/likes", "{one.cats}"),
    "followers": listed("/user/{one.ann.id}/followers", "{one.cat.id}"),
    "following": listed("/user/{one.ann.id}/following", "{one.cat.id}"),
    "tweet": there("/tweet/{one.tweet}"),
    "reply": there("/tweet/{one.reply}"),
    "her retweet": there("/tweet/{one.mine}"),
    "history": there("/tweet/{one.tweet}/history"),
    "quotes": listed("/tweet/{one.tweet}/quotes", "{one.quote}"),
    "likers": listed("/like/{one.cats}", "{one.ann.id}"),
    "retweeters": listed("/retweet/{one.cats}", "{one.ann.id}"),
    "her replies under": listed("/reply/{one.cats}", "{one.reply}"),
    "replies under hers": listed("/reply/{one.tweet}", "{one.below}"),
    "followers of cat": listed("/user/{one.cat.id}/followers", "{one.ann.id}"),
    "retweet of hers": there("/tweet/{one.retweet}"),
    "retweets of hers": listed("/user/{one.cat.id}/tweets", "{one.retweet}"),
    "quote": quoted,
    "inReplyTo": answered,
    "ancestors": ancestor,
    "feed": listed("/feed/?pageSize=100", "{one.tweet}"),
    "feed retweet": listed("/feed/?pageSize=100", "{one.retweet}"),
    "public": public,
    "search": found,
    "people": listed("/search/users?token={one.ann.handle}", "{one.ann.id}"),
    "like": writable("POST", "/like/{one.tweet}"),
    "answer": writable("POST", "/reply/{one.tweet}", {"content": "an answer"}),
    "spread": writable("POST", "/retweet/{one.tweet}"),
    "cite": writable("POST", "/tweet/", {"content": "cited", "quoteOf": "{one.tweet}"}),
    "follow": writable("POST", "/follow", {"userId": "{one.ann.id}"}),
}

# What differs from "open" in each relation: there everything is shown but Ann's tweet in the feed of one who does not
# follow her, where Cat's retweet stands instead.
GONE = "not_found"
_HIDDEN_FROM = {
    **dict.fromkeys(["tweet", "reply", "her retweet", "history", "quotes", "replies under hers"], GONE),
    **dict.fromkeys(["retweet of hers", "like", "answer", "spread", "cite"], GONE),
    **dict.fromkeys(["likers", "retweeters", "her replies under", "retweets of hers", "quote"], ABSENT),
    **dict.fromkeys(["inReplyTo", "ancestors", "feed", "feed retweet", "public", "search"], ABSENT),
}
_LISTS = ["tweets", "replies", "likes", "followers", "following"]
_BLOCK = {
    **_HIDDEN_FROM,
    **dict.fromkeys([*_LISTS, "people", "followers of cat"], ABSENT),
    "follow": "blocked",
}
_PROTECTION = {**_HIDDEN_FROM, **dict.fromkeys(_LISTS, "protected")}
_FOLLOWED = {"feed": SHOWN, "feed retweet": ABSENT}
_ACCEPTED = {**_FOLLOWED, "public": ABSENT, "spread": "protected", "cite": "protected"}
_NOBODY = {**_BLOCK, **dict.fromkeys(["user", "handle", *_LISTS, "follow"], GONE)}
DIFFERENT: Mapping[str, Mapping[str, str]] = {
    "open": {},
    "followed": _FOLLOWED,
    "blocked": _BLOCK,
    "blocking": _BLOCK,
    "muted": {"feed": ABSENT, "feed retweet": ABSENT},
    "protected": _PROTECTION,
    "asked": _PROTECTION,
    "accepted": _ACCEPTED,
    "follower": _ACCEPTED,
    "deleted": {**_NOBODY, "replies under hers": SHOWN},
    "disabled": _NOBODY,
}
OPEN = {**dict.fromkeys(SURFACES, SHOWN), "feed": ABSENT}


@pytest.mark.parametrize("relation", RELATIONS)
def test_every_surface_shows_what_the_relation_allows(
    server: Server, numbers: Iterator[int], relation: str
) -> None:
    """Each read and write shows Ann's things exactly to whom the rules allow, at once after the relation began."""
    one = scene(server, next(numbers))
    arrived(one)
    soon(True, lambda: one.retweet in ids_of(one.viewer.walk("/feed/")))
    RELATIONS[relation](one)
    expected = {**OPEN, **DIFFERENT[relation]}
    late = {"deleted": {"replies under hers"}}.get(relation, set())
    actual = {name: read(one) for name, read in SURFACES.items() if name not in late}
    assert {name: outcome for name, outcome in expected.items() if name not in late} == actual
    for name in late:
        soon(expected[name], lambda name=name: SURFACES[name](one))  # type: ignore[misc]


@pytest.mark.parametrize("relation", ["open", "protected"])
def test_a_stranger_sees_what_everyone_may_see(server: Server, numbers: Iterator[int], relation: str) -> None:
    """Without an account one sees what a viewer without any relation sees; what needs an account is 401."""
    one = scene(server, next(numbers))
    arrived(one)
    RELATIONS[relation](one)
    handle = one.viewer.handle
    one.viewer = Person(server, handle)
    needs_account = ["feed", "feed retweet", "like", "answer", "spread", "cite", "follow"]
    expected = {**OPEN, **DIFFERENT[relation], **dict.fromkeys(needs_account, "not_signed_in")}
    assert expected == {name: read(one) for name, read in SURFACES.items()}


def test_strangers_see_both_sides_of_a_block(server: Server, numbers: Iterator[int]) -> None:
    """A block is between two: everyone else sees both."""
    one = scene(server, next(numbers))
    one.ann.ok("POST", f"/block/{one.viewer.id}")
    stranger = Person(server)
    assert one.tweet in ids_of(stranger.walk(f"/user/{one.ann.id}/tweets"))
    assert [one.viewer.id] == ids_of(stranger.walk(f"/user/{one.cat.id}/followers"))[:1]


def test_what_a_block_took_away_is_back_after_it_but_no_follow(
    server: Server, numbers: Iterator[int]
) -> None:
    """Unblocking shows everything again; follows stay ended."""
    one = scene(server, next(numbers))
    follow(one)
    one.ann.ok("POST", f"/block/{one.viewer.id}")
    one.ann.ok("DELETE", f"/block/{one.viewer.id}")
    assert SHOWN == SURFACES["tweet"](one)
    assert not one.viewer.ok("GET", f"/user/{one.ann.id}")["following"]
    assert ABSENT == SURFACES["feed"](one)


def test_a_protected_account_that_is_gone_leaves_no_trace(server: Server, numbers: Iterator[int]) -> None:
    """Whoever might not see that a tweet was there does not learn of it when the account is deleted."""
    number = next(numbers)
    ann, stranger = sign_up(server, f"ann_{number}"), Person(server)
    tweet = ann.tweet("hidden")["tweetId"]
    ann.ok("PATCH", "/account/", {"protected": True})
    for path in (f"/tweet/{tweet}", f"/reply/{tweet}", f"/reply/{tweet}/ancestors"):
        assert (404, "not_found") == stranger.refused("GET", path)
    ann.ok("DELETE", "/account/", {"password": PASSWORD})
    for path in (f"/tweet/{tweet}", f"/reply/{tweet}", f"/reply/{tweet}/ancestors"):
        assert (404, "not_found") == stranger.refused("GET", path)
