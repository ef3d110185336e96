"""More than the server can take: what it refuses it refuses early, and what it accepts it finishes."""

import json
from collections.abc import Sequence
from pathlib import Path

from tests.api.wire import Reply, at_once, request
from tests.serving import PASSWORD, serving, sign_up

COUNT = 150
BURSTS_MAX = 10
JSON = b"Content-Type: application/json\r\n"


def refused(replies: Sequence[Reply]) -> int:
    """How many were refused; each says why and when to come back, and all others succeeded."""
    refusals = [reply for reply in replies if reply.status != 200]
    for reply in refusals:
        assert ("overloaded", True) == (reply.code, int(reply.headers["retry-after"]) > 0)
    return len(refusals)


def test_writes_that_find_no_room_are_refused_and_the_others_are_kept(tmp_path: Path) -> None:
    """With little room to wait some of many tweets at once are 503 `overloaded`; exactly the others are there, and
    after a restart too."""
    settings = {"LIMITS_ENABLED": "false", "ENGINE_WRITE_QUEUE_MAX": "2", "ENGINE_GROUP_MAX": "1"}
    with serving(tmp_path / "data", settings) as server:
        ann = sign_up(server, "ann")
        headers = JSON + b"Authorization: Bearer %b\r\n" % ann.token.encode()
        tweets = [
            request(b"/tweet/", b"POST", headers, b'{"content":"%d"}' % number) for number in range(COUNT)
        ]
        written: list[str] = []
        for _ in range(BURSTS_MAX):
            replies = at_once(server, tweets)
            assert COUNT == len(replies)
            written += [json.loads(reply.body)["tweetId"] for reply in replies if reply.status == 200]
            if refused(replies):
                break
        assert refused(replies)
        server.stop()
        server.start()
        kept = [tweet["tweetId"] for tweet in ann.walk(f"/user/{ann.id}/tweets", pageSize=100)]
        assert sorted(written, key=int, reverse=True) == kept
        assert len(kept) == ann.ok("GET", "/account/")["tweetCount"]


def test_log_ins_that_find_no_room_are_refused(tmp_path: Path) -> None:
    """Two passwords are hashed at a time and 64 wait; of more at once some are 503 and the others get in."""
    with serving(tmp_path / "data", {"LIMITS_ENABLED": "false"}) as server:
        sign_up(server, "ann")
        form = json.dumps({"handle": "ann", "password": PASSWORD}).encode()
        for _ in range(BURSTS_MAX):
            replies = at_once(server, [request(b"/account/login", b"POST", JSON, form)] * COUNT)
            assert COUNT == len(replies)
            if refused(replies):
                break
        assert 0 < refused(replies) <= COUNT - 64
