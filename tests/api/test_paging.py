"""Lists page by their Link: every entry that stays comes exactly once, also while others write."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import pytest

from tests.serving import Person, Server, fields_of, ids_of, sign_up, soon

Make = Callable[..., Person]
COUNT = 11


@dataclass
class Listing:
    """A list of which `expected` are the ids, newest first; `disturb` puts one more on top."""

    reader: Person
    path: str
    query: dict[str, str]
    expected: list[str] = field(default_factory=list)
    disturb: Callable[[], object] = lambda: None


@pytest.fixture(scope="module")
def fans(server: Server) -> list[Person]:
    """People for lists of accounts."""
    return [sign_up(server, f"fan_{number}") for number in range(COUNT + 8)]


def tweets(name: str) -> Callable[[Person, list[Person]], Listing]:
    """A list of what Ann wrote."""

    def make(ann: Person, fans: list[Person]) -> Listing:
        root, word = ann.tweet("root")["tweetId"], f"page{ann.handle}"
        ways: dict[str, tuple[str, dict[str, str], Callable[[], object]]] = {
            "tweets": (f"/user/{ann.id}/tweets", {}, lambda: ann.tweet(word)),
            "feed": ("/feed/", {}, lambda: ann.tweet(word)),
            "quotes": (f"/tweet/{root}/quotes", {}, lambda: ann.tweet(word, quoteOf=root)),
            "search": ("/search/", {"token": word}, lambda: ann.tweet(word)),
            "signs": ("/search/", {"token": f"{word} -a&b=+%20ä"}, lambda: ann.tweet(word)),
            "place": (
                "/search/",
                {"latitude": "1", "longitude": "2", "token": word},
                lambda: placed(ann, word),
            ),
            "replies": (f"/user/{ann.id}/replies", {}, lambda: answer(ann, root)),
            "under": (f"/reply/{root}", {}, lambda: answer(ann, root)),
            "likes": (
                f"/user/{ann.id}/likes",
                {},
                lambda: ann.ok("POST", f"/like/{fans[0].tweet('x')['tweetId']}"),
            ),
        }
        path, query, write = ways[name]
        for _ in range(COUNT):
            write()
        if path == "/search/":
            soon(COUNT, lambda: len(ann.get(path, params={**query, "pageSize": "100"}).json()))
        return Listing(ann, path, query, disturb=write)

    return make


def placed(ann: Person, word: str) -> object:
    """A tweet at a place."""
    return ann.tweet(word, latitude=1, longitude=2)


def answer(ann: Person, root: str) -> object:
    """A reply."""
    return ann.ok("POST", f"/reply/{root}", {"content": "x"})


def users(
    path: str, act: Callable[[Person, Person, str], object]
) -> Callable[[Person, list[Person]], Listing]:
    """A list of accounts that `act` (Ann, a fan, Ann's tweet) puts there."""

    def make(ann: Person, fans: list[Person]) -> Listing:
        tweet = ann.tweet("liked by many")["tweetId"]
        for fan in fans[:COUNT]:
            act(ann, fan, tweet)
        more = iter(fans[COUNT:])
        filled = path.format(ann=ann, tweet=tweet)
        return Listing(ann, filled, {}, disturb=lambda: act(ann, next(more), tweet))

    return make


def follow(who: Person, whom: Person) -> object:
    """A follow or request."""
    return who.ok("POST", "/follow", {"userId": whom.id})


def ask(ann: Person, fan: Person) -> object:
    """A request to Ann, who is protected."""
    ann.ok("PATCH", "/account/", {"protected": True})
    return follow(fan, ann)


LISTS: dict[str, Callable[[Person, list[Person]], Listing]] = {
    **{
        name: tweets(name)
        for name in ("tweets", "feed", "quotes", "search", "signs", "place", "replies", "under", "likes")
    },
    "followers": users("/user/{ann.id}/followers", lambda ann, fan, _: follow(fan, ann)),
    "following": users("/user/{ann.id}/following", lambda ann, fan, _: follow(ann, fan)),
    "requests": users("/follow/requests", lambda ann, fan, _: ask(ann, fan)),
    "blocks": users("/block", lambda ann, fan, _: ann.ok("POST", f"/block/{fan.id}")),
    "mutes": users("/mute", lambda ann, fan, _: ann.ok("POST", f"/mute/{fan.id}")),
    "likers": users("/like/{tweet}", lambda _, fan, tweet: fan.ok("POST", f"/like/{tweet}")),
    "retweeters": users("/retweet/{tweet}", lambda _, fan, tweet: fan.ok("POST", f"/retweet/{tweet}")),
}


@pytest.mark.parametrize("name", LISTS)
def test_pages_give_each_entry_once_while_others_write(person: Make, fans: list[Person], name: str) -> None:
    """Whatever is put on top between two pages, following Link gives what was there, in order, once."""
    listing = LISTS[name](person("pg"), fans)
    whole = ids_of(listing.reader.get(listing.path, params={**listing.query, "pageSize": "100"}).json())
    assert len(set(whole)) == len(whole) >= COUNT
    for size in (1, 4, len(whole) - 1, len(whole)):
        assert (size, whole) == (
            size,
            ids_of(listing.reader.walk(listing.path, **listing.query, pageSize=size)),
        )
    seen: list[str] = []
    for number, page in enumerate(listing.reader.pages(listing.path, **listing.query, pageSize=5)):
        assert 5 == len(page) or len(seen) + len(page) == len(whole)
        seen += ids_of(page)
        if number < 2:
            listing.disturb()
    assert whole == seen


def test_a_cursor_is_any_tweet_id_also_a_deleted_one(person: Make) -> None:
    """On tweet lists a page starts strictly after the id, whatever became of it."""
    ann = person()
    ids = [ann.tweet(str(number))["tweetId"] for number in range(4)][::-1]
    ann.ok("DELETE", f"/tweet/{ids[1]}")
    for path in ("/feed/", f"/user/{ann.id}/tweets"):
        assert ids[2:] == ids_of(ann.walk(path, cursor=ids[1]))
        assert ids[3:] == ids_of(ann.walk(path, cursor=str(int(ids[2]) - 1)))
        assert [] == ann.walk(path, cursor="1")


def test_hidden_entries_do_not_shorten_a_page(person: Make) -> None:
    """A page is filled while entries remain, also where most are hidden from the viewer, and ends without Link."""
    ann, bob, cat, dan = (person() for _ in range(4))
    liked = [(cat if number % 4 else bob).tweet(str(number))["tweetId"] for number in range(12)]
    for one in liked:
        ann.ok("POST", f"/like/{one}")
    cat.ok("POST", f"/block/{dan.id}")
    shown = liked[::4][::-1]
    assert [shown[:2], shown[2:]] == [ids_of(page) for page in dan.pages(f"/user/{ann.id}/likes", pageSize=2)]


@pytest.mark.parametrize("size", ["0", "101", "-1", "x", "1.5", "", "٣", "9" * 30])
def test_page_sizes_are_1_to_100(stranger: Person, size: str) -> None:
    """Any other is a bad field, as is a cursor that is none."""
    answer = stranger.get("/feed/public", params={"pageSize": size, "cursor": "nonsense"})
    assert {"pageSize", "cursor"} == fields_of(answer)


def test_a_page_holds_20_by_default_and_100_at_most(person: Make) -> None:
    """Without pageSize it is 20."""
    ann = person()
    for number in range(101):
        ann.tweet(str(number))
    for query, expected in (({}, [20] * 5 + [1]), ({"pageSize": 100}, [100, 1])):
        assert expected == [len(page) for page in ann.pages(f"/user/{ann.id}/tweets", **query)]


def test_a_ranking_stays_as_it_was_on_the_first_page(person: Make) -> None:
    """sort=top gives each entry once in the first page's order, whatever is liked, written or deleted meanwhile."""
    ann, bob = person("top"), person()
    word = f"ranked{ann.handle}"
    root = ann.tweet("root")["tweetId"]
    tweets_ = [ann.tweet(f"{word} {number}")["tweetId"] for number in range(7)]
    replies = [ann.ok("POST", f"/reply/{root}", {"content": str(number)})["tweetId"] for number in range(7)]
    for ids in (tweets_, replies):
        for one in ids[:3]:
            bob.ok("POST", f"/like/{one}")
        ann.ok("POST", f"/like/{ids[1]}")
    soon(7, lambda: len(bob.walk("/search/", token=word)))

    def top(path: str, query: dict[str, str]) -> list[str]:
        return ids_of(bob.walk(path, **query, sort="top"))

    listings: list[tuple[list[str], str, dict[str, str]]] = [
        (tweets_, "/search/", {"token": word}),
        (replies, f"/reply/{root}", {}),
    ]
    for ids, path, query in listings:
        expected = [ids[place] for place in (1, 2, 0, 6, 5, 4, 3)]
        soon(expected, partial(top, path, query))
        pages = bob.pages(path, **query, sort="top", pageSize=2)
        seen = ids_of(next(pages))
        bob.ok("POST", f"/like/{ids[3]}")
        ann.ok("POST", f"/like/{ids[3]}")
        ann.ok("DELETE", f"/tweet/{ids[5]}")
        ann.tweet(word) if path == "/search/" else ann.ok("POST", f"/reply/{root}", {"content": "new"})
        assert [one for one in expected if one != ids[5]] == seen + [
            one for page in pages for one in ids_of(page)
        ]


def test_a_page_that_is_kept_is_linked_as_it_was_asked_for(server: Server) -> None:
    """The same page of a feed, read again by another spelling of its address, has a Link in that spelling."""
    ann = sign_up(server, "kept_and_linked")
    for number in range(3):
        ann.tweet(str(number))
    paths = ["/feed/?pageSize=2", "/feed?pageSize=2", "/feed/?pageSize=2"]
    links = [ann.get(path).headers["Link"] for path in paths]
    assert links[0] == links[2]
    assert links[0].replace("/feed/", "/feed") == links[1]
