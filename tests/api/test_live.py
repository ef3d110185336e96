"""The live stream as a client hears it."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.api.streams import Heard, listening
from tests.serving import PASSWORD, Person, Server, ids_of, problem_of, serving, sign_up, soon

Make = Callable[..., Person]


def follow(who: Person, whom: Person) -> None:
    """A follow."""
    who.ok("POST", "/follow", {"userId": whom.id})


def test_new_tweets_edits_and_deletes_arrive(person: Make) -> None:
    """A follower hears each tweet once with its id and data, then its edit and delete; not those of others."""
    ann, bob, cat = person(), person(), person()
    follow(ann, bob)
    with listening(ann) as heard:
        cat.tweet("not followed")
        tweets = [bob.tweet(str(number))["tweetId"] for number in range(5)]
        soon([("tweet", one) for one in tweets], lambda: in_order(heard, bob.server))
        tweets.append(ann.tweet("my own")["tweetId"])
        expected = [("tweet", one) for one in tweets]
        soon(expected, lambda: in_order(heard, bob.server))
        assert {one: one for one in tweets} == {
            data["tweetId"]: event_id for _, event_id, data in heard.events
        }
        first = next(data for _, event_id, data in heard.events if event_id == tweets[0])
        assert ann.ok("GET", f"/tweet/{tweets[0]}") == first
        bob.ok("PATCH", f"/tweet/{tweets[0]}", {"content": "edited"})
        bob.ok("DELETE", f"/tweet/{tweets[1]}")
        soon([("edit", tweets[0]), ("delete", tweets[1])], lambda: heard.names()[len(expected) :])
        assert "edited" == heard.events[-2][2]["content"]


def in_order(heard: Heard, server: Server) -> list[tuple[str, str]]:
    """What was heard; on the cluster engine, where tweets of one moment may overtake each other, by id."""
    names = heard.names()
    return sorted(names, key=lambda one: int(one[1])) if server.on_cluster else names


def test_the_stream_obeys_the_feeds_rules(person: Make) -> None:
    """Muted and blocked accounts, replies to others, hidden retweets and what is protected are not heard."""
    ann, bob, cat, dan = (person() for _ in range(4))
    for one in (bob, cat):
        follow(ann, one)
    ann.ok("POST", f"/mute/{cat.id}")
    strange = dan.tweet("a stranger's")["tweetId"]
    with listening(ann) as heard:
        quiet = cat.tweet("muted")["tweetId"]
        bob.ok("POST", f"/retweet/{quiet}")
        bob.ok("POST", f"/reply/{strange}", {"content": "to a stranger"})
        shown = bob.ok("POST", f"/retweet/{strange}")["tweetId"]
        soon([("tweet", shown)], heard.names)
        bob.ok("POST", f"/block/{ann.id}")
        bob.tweet("blocked")
        mine = ann.tweet("mine")["tweetId"]
        soon([("tweet", shown), ("tweet", mine)], heard.names)


def test_what_changes_while_one_listens_holds_at_once(person: Make) -> None:
    """A mute, the end of a follow and a protection hold for what is written after them; so does their end."""
    ann, bob, cat, dan = (person() for _ in range(4))
    for one in (bob, cat):
        follow(ann, one)
    follow(dan, bob)
    with listening(ann) as heard:
        expected = [bob.tweet("heard")["tweetId"]]
        soon([("tweet", one) for one in expected], heard.names)
        ann.ok("POST", f"/mute/{bob.id}")
        muted = bob.tweet("while muted")["tweetId"]
        soon(True, lambda: muted in ids_of(dan.walk("/feed/")))  # so it has come to all who follow him
        expected.append(cat.tweet("heard")["tweetId"])
        soon([("tweet", one) for one in expected], heard.names)
        ann.ok("DELETE", f"/mute/{bob.id}")
        expected.append(bob.tweet("heard again")["tweetId"])
        soon([("tweet", one) for one in expected], heard.names)

        ann.ok("DELETE", f"/follow/{cat.id}")
        cat.tweet("followed no more")
        bob.ok("PATCH", "/account/", {"protected": True})
        expected.append(bob.tweet("followers from before stay")["tweetId"])
        soon([("tweet", one) for one in expected], heard.names)
        ann.ok("DELETE", f"/follow/{bob.id}")
        bob.tweet("protected")
        expected.append(ann.tweet("my own")["tweetId"])
        soon([("tweet", one) for one in expected], heard.names)


def test_last_event_id_resumes_without_a_gap(person: Make, server: Server) -> None:
    """Whoever comes back hears what was missed, in order and once; what is no id is answered by reset. The cluster
    engine may repeat tweets of the 2 s before the one that was seen last."""
    ann, bob = person(), person()
    follow(ann, bob)
    tweets = [bob.tweet(str(number))["tweetId"] for number in range(30)]
    soon(30, lambda: len(ann.walk("/feed/")))
    known = {("tweet", one) for one in tweets[:5]} if server.on_cluster else set()
    with listening(ann, tweets[4]) as heard:
        missed = [("tweet", one) for one in tweets[5:]]
        soon(missed, lambda: [one for one in heard.names() if one not in known])
        missed.append(("tweet", bob.tweet("more")["tweetId"]))
        soon(missed, lambda: [one for one in heard.names() if one not in known])
    with listening(ann, "nonsense") as heard:
        soon(["reset"], lambda: [name for name, _, _ in heard.events])
        mine = ann.tweet("after the reset")["tweetId"]
        soon(("tweet", mine), lambda: heard.names()[-1])


def test_a_stream_resumes_after_a_restart(tmp_path: Path) -> None:
    """SIGTERM ends the streams; with Last-Event-ID the next process goes on where they ended."""
    with serving(tmp_path / "data", {"LIMITS_ENABLED": "false"}) as server:
        ann, bob = sign_up(server, "ann"), sign_up(server, "bob")
        follow(ann, bob)
        first = bob.tweet("before")["tweetId"]
        soon(1, lambda: len(ann.walk("/feed/")))
        with listening(ann, str(int(first) - 1)) as heard:
            soon([("tweet", first)], heard.names)
            assert 0 == server.stop()
            soon(True, lambda: heard.ended)
        server.start()
        missed = bob.tweet("while away")["tweetId"]
        with listening(ann, first) as heard:
            soon([("tweet", missed)], heard.names)


def end_session(server: Server, ann: Person, other: Person, end: str) -> None:
    """Ends the session of `other`, another sign-in of Ann, in one of the ways there are."""
    if end == "logout":
        other.ok("POST", "/account/logout")
    elif end == "everywhere":
        ann.ok("POST", "/account/logout", {"everywhere": True})
    elif end == "delete":
        session = next(one for one in ann.ok("GET", "/account/sessions") if not one["current"])
        ann.ok("DELETE", f"/account/sessions/{session['sessionId']}")
    elif end == "password":
        ann.ok("POST", "/account/password", {"current": PASSWORD, "new": "another long one"})
    elif end == "leave":
        ann.ok("DELETE", "/account/", {"password": PASSWORD})
    else:
        assert 0 == server.run("account", "disable", ann.handle).returncode


@pytest.mark.parametrize("token", ["sessionToken", "accessToken"])
@pytest.mark.parametrize("end", ["logout", "everywhere", "delete", "password", "leave", "disable"])
def test_a_stream_ends_with_its_session(server: Server, person: Make, end: str, token: str) -> None:
    """Log-out, the end of the session from elsewhere, a new password, and the end of the account end it, whichever of
    the session's tokens opened it."""
    ann, other = person(), Person(server)
    signed = other.ok("POST", "/account/login", {"handle": ann.handle, "password": PASSWORD})
    other.headers["Authorization"] = f"Bearer {signed[token]}"
    with listening(other) as heard:
        end_session(server, ann, other, end)
        soon(True, lambda: heard.ended)


def test_an_account_has_5_streams_at_most(limited: Server, numbers: object) -> None:
    """The sixth is 429; when one is closed there is room again."""
    ann, bob = sign_up(limited, "streaming"), sign_up(limited, "streaming_too")
    with ExitStack() as streams:
        first = streams.enter_context(ExitStack())
        first.enter_context(listening(ann))
        for _ in range(4):
            streams.enter_context(listening(ann))
        answer = ann.get("/feed/live")
        assert (429, "rate_limited") == problem_of(answer)
        assert 0 < int(answer.headers["retry-after"])
        with listening(bob):
            first.close()
            soon(200, lambda: probe(ann))


def probe(person: Person) -> int:
    """The status of a stream that is closed at once."""
    with person.stream("GET", "/feed/live") as answer:
        return answer.status_code


def test_a_stranger_has_no_stream(stranger: Person) -> None:
    """The stream needs an account."""
    assert (401, "not_signed_in") == stranger.refused("GET", "/feed/live")
