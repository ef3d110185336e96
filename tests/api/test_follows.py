"""Follows, requests, blocks, mutes and suggestions as a client sees them."""

from collections.abc import Callable

from tests.serving import Person, ids_of, soon

Make = Callable[..., Person]


def flags(viewer: Person, other: Person) -> set[str]:
    """What stands from the viewer to the other, as the User object tells it."""
    names = ("following", "followedBy", "requested", "blocking", "blockedBy", "muting")
    user = viewer.ok("GET", f"/user/{other.id}")
    return {name for name in names if user[name]}


def follow(who: Person, whom: Person) -> dict[str, bool]:
    """What following answers."""
    answer: dict[str, bool] = who.ok("POST", "/follow", {"userId": whom.id})
    return answer


def test_a_follow_counts_once_and_ends(person: Make) -> None:
    """Following is idempotent, shows from both sides, and ends with its counters."""
    ann, bob = person(), person()
    for _ in range(2):
        assert {"following": True, "requested": False} == follow(ann, bob)
    assert {"following": True, "requested": False} == ann.ok(
        "POST", "/follow", {"userId": f"@{bob.handle.upper()}"}
    )
    assert ({"following"}, {"followedBy"}) == (flags(ann, bob), flags(bob, ann))
    assert 1 == ann.ok("GET", "/account/")["followingCount"]
    soon(1, lambda: bob.ok("GET", "/account/")["followerCount"], bob.server.late_s)
    for _ in range(2):
        assert {} == ann.ok("DELETE", f"/follow/@{bob.handle}")
    assert set() == flags(ann, bob)
    soon(0, lambda: bob.ok("GET", "/account/")["followerCount"], bob.server.late_s)


def test_whom_one_cannot_follow_block_or_mute(person: Make) -> None:
    """Oneself is 400, nobody 404, no id 422; a block is 403 either way."""
    ann, bob = person(), person()
    assert (400, "cannot_follow_self") == ann.refused("POST", "/follow", {"userId": ann.id})
    for name in ("block", "mute"):
        assert (400, "cannot_block_self") == ann.refused("POST", f"/{name}/{ann.id}")
        assert (404, "not_found") == ann.refused("POST", f"/{name}/1")
    assert (404, "not_found") == ann.refused("POST", "/follow", {"userId": "1"})
    assert (422, "invalid") == ann.refused("POST", "/follow", {"userId": "nobody"})
    assert (422, "invalid") == ann.refused("POST", "/follow", {"userId": int(bob.id)})
    ann.ok("POST", f"/block/{bob.id}")
    for who, whom in ((ann, bob), (bob, ann)):
        assert (403, "blocked") == who.refused("POST", "/follow", {"userId": whom.id})


def test_a_protected_account_answers_requests(person: Make) -> None:
    """A request waits, and is taken back, refused or accepted; a follower stays until it ends it."""
    ann, bob, cat = person(), person(), person()
    ann.ok("PATCH", "/account/", {"protected": True})
    for who in (bob, cat):
        assert {"following": False, "requested": True} == follow(who, ann) == follow(who, ann)
    assert {"requested"} == flags(bob, ann)
    assert [cat.id, bob.id] == ids_of(ann.walk("/follow/requests"))
    cat.ok("DELETE", f"/follow/{ann.id}")
    assert [bob.id] == ids_of(ann.walk("/follow/requests"))
    assert (404, "not_found") == ann.refused("POST", f"/follow/requests/{cat.id}")
    assert {} == ann.ok("DELETE", f"/follow/requests/{bob.id}")
    assert set() == flags(bob, ann)
    follow(bob, ann)
    assert {} == ann.ok("POST", f"/follow/requests/{bob.id}")
    assert ({"following"}, []) == (flags(bob, ann), ann.walk("/follow/requests"))
    assert {"following": True, "requested": False} == follow(bob, ann)
    soon(1, lambda: ann.ok("GET", "/account/")["followerCount"], ann.server.late_s)


def test_opening_an_account_accepts_who_waits(person: Make) -> None:
    """All waiting requests become follows, with their feeds."""
    ann, bob = person(), person()
    ann.ok("PATCH", "/account/", {"protected": True})
    tweet = ann.tweet("for followers")["tweetId"]
    follow(bob, ann)
    assert [] == bob.walk("/feed/")
    ann.ok("PATCH", "/account/", {"protected": False})
    soon({"following"}, lambda: flags(bob, ann))
    soon([tweet], lambda: ids_of(bob.walk("/feed/")))
    soon(1, lambda: ann.ok("GET", "/account/")["followerCount"], ann.server.late_s)


def follows_of(who: Person) -> tuple[int, int]:
    """One's followers and those one follows, counted."""
    user = who.ok("GET", "/account/")
    return user["followerCount"], user["followingCount"]


def test_a_block_ends_follows_and_requests_both_ways(person: Make) -> None:
    """Block and its end show in flags, lists and counters; the blocked one's requests are gone."""
    ann, bob, cat = person(), person(), person()
    follow(ann, bob)
    follow(bob, ann)
    ann.ok("PATCH", "/account/", {"protected": True})
    follow(cat, ann)
    for other in (bob, cat):
        for _ in range(2):
            assert {} == ann.ok("POST", f"/block/{other.id}")
    assert [cat.id, bob.id] == ids_of(ann.walk("/block"))
    assert [] == ann.walk("/follow/requests")
    assert ({"blocking"}, {"blockedBy"}) == (flags(ann, bob), flags(bob, ann))
    soon((0, 0), lambda: follows_of(bob), bob.server.late_s)
    assert {} == ann.ok("DELETE", f"/block/{bob.id}")
    assert set() == flags(ann, bob)
    assert (422, "invalid") == ann.refused("GET", f"/block?cursor={'9' * 20}")


def test_a_mute_is_silent(person: Make) -> None:
    """It shows to the one who mutes alone and is out of the feed only."""
    ann, bob, cat = person(), person(), person()
    for whom in (bob, cat):
        follow(ann, whom)
    tweet = bob.tweet("noise")["tweetId"]
    retweet = cat.ok("POST", f"/retweet/{tweet}")["tweetId"]
    ann.ok("POST", f"/mute/{bob.id}")
    assert ({"following", "muting"}, {"followedBy"}) == (flags(ann, bob), flags(bob, ann))
    assert ([], [bob.id]) == (ann.walk("/feed/"), ids_of(ann.walk("/mute")))
    assert [tweet] == ids_of(ann.walk(f"/user/{bob.id}/tweets"))
    ann.ok("DELETE", f"/mute/{bob.id}")
    ann.ok("DELETE", f"/follow/{bob.id}")
    assert [retweet] == ids_of(ann.walk("/feed/"))


def test_suggestions_are_whom_ones_followees_follow_first(person: Make) -> None:
    """Those followed by those one follows come first, more of them earlier; none that one follows, blocked or muted."""
    ann, bob, cat, dan, eve, fay = (person() for _ in range(6))
    for one in (bob, cat):
        follow(ann, one)
        follow(one, dan)
        follow(one, fay)
    follow(bob, eve)
    ann.ok("POST", f"/mute/{fay.id}")
    suggested = ids_of(ann.walk("/follow/suggestions"))
    assert [dan.id, eve.id] == suggested[:2]
    assert {ann.id, bob.id, cat.id, fay.id}.isdisjoint(suggested)
    assert 1 == len(ann.ok("GET", "/follow/suggestions?pageSize=1"))
