"""An account becomes too widely followed for fan-out, and is less so again, while it tweets."""

from pathlib import Path
from threading import Event, Thread

from tests.serving import Person, ids_of, serving, sign_up, soon

THRESHOLD = 5
SETTINGS = {
    "LIMITS_ENABLED": "false",
    "FEED_CELEBRITY_FOLLOWERS": str(THRESHOLD),
    "FEED_CELEBRITY_GRACE_MS": "300",
}


def test_no_feed_has_a_hole_or_a_double_while_the_threshold_is_crossed(tmp_path: Path) -> None:
    """Upwards, downwards and upwards again, all the while tweeting: every follower's feed has each tweet once."""
    with serving(tmp_path / "data", SETTINGS) as server:
        star, other = sign_up(server, "star"), sign_up(server, "other")
        fans = [sign_up(server, f"fan{number}") for number in range(THRESHOLD + 3)]
        for fan in fans:
            fan.ok("POST", "/follow", {"userId": other.id})
        written: list[str] = []
        stop = Event()
        writers = [Thread(target=write, args=(one, written, stop)) for one in (star, other)]
        for writer in writers:
            writer.start()
        faults: list[str] = []
        for round_ in range(3):
            for fan in fans:
                fan.ok("POST", "/follow", {"userId": star.id})
                faults += doubles(fan)
                stop.wait(0.08)
            stop.wait(0.5)  # past the grace, so that fan-out has stopped
            faults += [fault for fan in fans for fault in doubles(fan)]
            if round_ < 2:
                for fan in fans[THRESHOLD - 3 :]:
                    fan.ok("DELETE", f"/follow/{star.id}")
                    faults += doubles(fan)
                    stop.wait(0.08)
        stop.set()
        for writer in writers:
            writer.join()
        expected = sorted(written, key=int, reverse=True)
        assert len(expected) > 100
        for fan in fans:
            soon(expected, lambda fan=fan: ids_of(fan.walk("/feed/", pageSize=100)))  # type: ignore[misc]
            assert expected == ids_of(fan.walk("/feed/", pageSize=7))
        assert [] == faults


def write(author: Person, written: list[str], stop: Event) -> None:
    """Tweets until told to stop."""
    while not stop.is_set():
        written.append(author.tweet("again")["tweetId"])
        stop.wait(0.02)


def doubles(fan: Person) -> list[str]:
    """What the newest page of a feed has twice or out of order."""
    page = ids_of(fan.ok("GET", "/feed/?pageSize=100"))
    ordered = sorted(set(page), key=int, reverse=True)
    return [] if ordered == page else [f"{fan.handle}: {page}"]
