"""The cluster engine while DynamoDB throttles, lets transactions clash and cuts connections."""

import time
from pathlib import Path

import pytest

from tests.clusters import cluster_settings
from tests.faults.crowd import Crowd, Writer
from tests.faults.troubled import troubled
from tests.serving import problem_of, serving, sign_up, soon

WRITERS = 6
WRITES = 40  # acknowledged before DynamoDB is overrun, and after
OVERRUN_S = 7  # longer than a request waits for it
WRITTEN_S_MAX = 120

pytestmark = pytest.mark.timeout(400)


class Patient(Writer):
    """Sends the same again for as long as it is told to come later, asks for what must be refused, and reads."""

    reads = ("/feed/", "/account/", "/search/users?token=writer", "/follow/suggestions", "/feed/public")
    in_vain: tuple[tuple[str, str, tuple[int, str]], ...] = ()  # paths to post to, whom to follow, refusals

    def write(self) -> int:
        """One write, and what stands around it. Raises httpx.TransportError."""
        act, headers = self.next_act()
        self.in_doubt = act, headers
        while (answer := self.person.request(act.method, act.path, json=act.body, headers=headers)).is_error:
            if act.method == "DELETE" and answer.status_code == 404 and self.refused:
                break  # it was carried out when its answer was lost
            self.come_later(*problem_of(answer), int(answer.headers.get("retry-after", 0)))
        self.settle(answer)
        self.look_around()
        return 200

    def look_around(self) -> None:
        """Reads something, which may be told to come later, and asks for something that is not allowed."""
        answer = self.person.get(self._random.choice(self.reads))
        assert answer.is_success or problem_of(answer) == (503, "engine_unavailable")
        path, body, refusal = self._random.choice(self.in_vain)
        answer = self.person.post(path, json={"userId": body} if body else None)
        assert problem_of(answer) in (refusal, (503, "engine_unavailable"))

    def come_later(self, status: int, code: str, after_s: int) -> None:
        """Waits as it is told."""
        assert (503, "engine_unavailable") == (status, code)
        assert after_s > 0
        self.refused += 1
        time.sleep(after_s)


def test_nothing_is_lost_or_done_twice_while_dynamodb_is_in_trouble(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """A third of all calls fails in one way or another, for some seconds every one; people who send again what is 503
    find all of it there once, and nothing of what was refused. No other fault is ever told, and the check finds no
    difference."""
    settings = dict(cluster_settings(request))
    with troubled(settings["CLUSTER_DYNAMODB_URL"], seed=5) as dynamo:
        settings |= {"CLUSTER_DYNAMODB_URL": dynamo.url, "LIMITS_ADDRESSES_ENABLED": "false"}
        with serving(tmp_path / "data", settings) as server:
            crowd = Crowd(server, WRITERS, Patient)
            guard = sign_up(server, "guard")
            guarded = guard.tweet("not for you")["tweetId"]
            for writer in crowd.writers:
                guard.ok("POST", f"/block/{writer.person.id}")
            Patient.in_vain = (
                ("/follow", guard.id, (403, "blocked")),
                *((f"/{what}/{guarded}", "", (404, "not_found")) for what in ("like", "retweet", "reply")),
            )
            dynamo.calm = False
            with crowd.writing():
                soon(True, lambda: crowd.acknowledged >= WRITES, WRITTEN_S_MAX)
                dynamo.overrun = True
                time.sleep(OVERRUN_S)
                dynamo.overrun = False
                soon(True, lambda: crowd.acknowledged >= 2 * WRITES, WRITTEN_S_MAX)
            dynamo.calm = True

            assert crowd.refused
            assert 5 == sum(count > 0 for count in dynamo.done.values())
            crowd.check()
            shown = guard.ok("GET", f"/tweet/{guarded}")
            assert [0, 0, 0] == [shown[f"{what}Count"] for what in ("like", "retweet", "reply")]
            assert 0 == guard.ok("GET", "/account/")["followerCount"]
            checked = server.run("check")
            assert 0 == checked.returncode, checked.stdout + checked.stderr
