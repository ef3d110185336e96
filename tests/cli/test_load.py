"""`rookery load` on small files: what becomes of each line, and of a second time."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.serving import PASSWORD, Person, Server, ids_of, serving, sign_up, soon

HEADER = "id,screen_name,created_at,text,latitude,longitude\n"


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """A data folder with nothing in it, and no server on it yet."""
    return Server(tmp_path / "data", {"LIMITS_ENABLED": "false"})


def written(server: Server, name: str, content: str | bytes) -> str:
    """The path of a file beside the data folder."""
    path = server.folder.parent / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def load(server: Server, *arguments: str) -> Any:
    """The figures of a load that must succeed."""
    done = server.run("load", "--json", *arguments)
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout)


def counts(figures: Any, kind: str) -> tuple[int, int, int]:
    """Loaded, there before, skipped."""
    return tuple(figures[kind][name] for name in ("loaded", "present", "skipped"))


def reasons(figures: Any) -> list[tuple[int, str]]:
    """Line and reason of each skipped line, in the order of the lines."""
    return sorted((one["line"], one["reason"]) for one in figures["skipped"])


def test_a_broken_graph_loses_its_broken_lines_alone(server: Server) -> None:
    """Each bad line is told with its number and why; the others are follows, and a second load adds nothing."""
    lines = [
        "# a comment",
        "1 2",
        "",
        "2",
        "2 x",
        "3,1",
        "4 4",
        "1 -2",
        "1 2 3",
        "999999999999999 1",
        "1 2",
        "2 1",
    ]
    graph = written(server, "graph.edges", "\n".join(lines).encode() + b"\n\xff\xfe 1\n")

    first, second = load(server, "--graph", graph), load(server, "--graph", graph)

    assert (3, 0, 0) == counts(first, "accounts")
    assert (3, 1, 7) == counts(first, "follows")
    assert [4, 5, 7, 8, 9, 10, 13] == [line for line, _ in reasons(first)]
    assert (7, "lets 4 follow itself") == reasons(first)[2]
    assert (0, 4, 7) == counts(second, "follows")
    assert (0, 3, 0) == counts(second, "accounts")


def test_a_broken_csv_loses_its_broken_rows_alone(server: Server) -> None:
    """Rows with a bad text, time, place, author, form or encoding are told with the line they begin in, and a quote
    that is never closed costs one row."""
    rows = [
        '1,ann,2026-01-01 10:00:00,"two\nlines",,',
        f"2,ann,2026-01-01 10:00:01,{'x' * 281},,",
        "3,ann,yesterday,late,,",
        "4,ann,2999-01-01,to come,,",
        "5,ann,2026-01-01,half a place,1.5,",
        "6,ann,2026-01-01,no place,far,away",
        "7,ann,2026-01-01,off the map,91,0",
        "8,much_too_long_a_handle,2026-01-01,whose,,",
        "9,,2026-01-01,nobody's,,",
        "10,ann,2026-01-01,one, too many,,",
        '11,ann,2026-01-01,"never closed,,',
        "12,bob,2026-01-01T12:00:00+02:00,good,48.2,16.4",
        "",
        "13,ann,2026-01-01,,,",
        "14,bob,,now,,",
        "12,bob,2026-01-01T12:00:00+02:00,the same id,,",
    ]
    tweets = written(
        server, "tweets.csv", (HEADER + "\n".join(rows)).encode() + b"\n15,ann,2026-01-01,\xe9t\xe9,,\n"
    )

    figures = load(server, "--tweets", tweets)

    assert (3, 1, 12) == counts(figures, "tweets")
    assert [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16, 19] == [line for line, _ in reasons(figures)]
    assert "281" in reasons(figures)[0][1]
    with serving(server.folder, {"LIMITS_ENABLED": "false"}) as running:
        (now, good), (multi,) = (Person(running).walk(f"/user/@{name}/tweets") for name in ("bob", "ann"))
        assert ("now", "good", "two\nlines") == (now["content"], good["content"], multi["content"])
        assert ("2026-01-01T10:00:00.000Z", 48.2, 16.4) == (
            good["createdTimeStamp"],
            good["latitude"],
            good["longitude"],
        )
        began = Person(running).ok("GET", "/user/@ann")["createdTimeStamp"]
        assert began <= multi["createdTimeStamp"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("id,body\n1,x\n", "has no column `text`"), ("", "has no column `text`"), ('"text\n', "is not CSV")],
)
def test_a_file_without_the_column_text_is_refused(server: Server, content: str, sentence: str) -> None:
    """Nothing can be loaded of it: exit code 1 and a sentence."""
    done = server.run("load", "--tweets", written(server, "t.csv", content))
    assert 1 == done.returncode
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--undirected",),
        ("--graph", "absent"),
        ("--tweets", "."),
        ("--authors", "graph"),
        ("--authors", "nobody"),
        ("--edges", "x"),
    ],
)
def test_misuse_is_told(server: Server, arguments: tuple[str, ...]) -> None:
    """Flags that do not go together, or files that are none, exit 2 and make no data folder."""
    done = server.run("load", *arguments)
    assert 2 == done.returncode
    assert "Traceback" not in done.stderr
    assert not server.folder.exists()


def test_tweets_cannot_be_dealt_to_no_accounts(server: Server) -> None:
    """Without a graph, now or before, the sentence says to give one."""
    done = server.run("load", "--tweets", written(server, "t.csv", "text\nx\n"), "--authors", "graph")
    assert 1 == done.returncode
    assert "--graph" in done.stderr


def test_rows_without_id_and_time_are_known_again(server: Server) -> None:
    """Author and text are then what a row is known by; another author's same text is another tweet."""
    tweets = written(server, "t.csv", "screen_name,text\nann,hello\nbob,hello\nann,hello\nANN,bye\n")
    first, second = load(server, "--tweets", tweets), load(server, "--tweets", tweets)
    assert (3, 1, 0) == counts(first, "tweets")
    assert (0, 4, 0) == counts(second, "tweets")


def test_it_works_beside_a_running_server(server: Server) -> None:
    """What is loaded shows in feeds and search when the command returns, to people with warm feeds, too; passwords
    work, equal times are in file order, and dealing goes on where the graph was loaded before."""
    graph = written(server, "graph.edges", "7 10\n10 7\n7 9\n")
    rows = [f"2026-01-01 10:00:0{number // 4},aviary {number}" for number in range(9)]
    tweets = written(server, "tweets.csv", "created_at,text\n" + "\n".join(rows))
    server.start()
    try:
        load(server, "--graph", graph, "--password", PASSWORD)
        reader = Person(server)
        reader.headers["Authorization"] = (
            f"Bearer {reader.ok('POST', '/account/login', {'handle': 'u7', 'password': PASSWORD})['sessionToken']}"
        )
        assert [] == reader.walk("/feed/")
        own = reader.tweet("mine")["tweetId"]
        assert [own] == ids_of(reader.walk("/feed/"))

        done = server.run("load", "--tweets", tweets, "--authors", "graph")

        assert "tweets: 9 loaded, 0 there before, 0 skipped" in done.stdout
        assert ["mine", *(f"aviary {number}" for number in range(8, -1, -1))] == [
            one["content"] for one in reader.walk("/feed/")
        ]
        found = reader.walk("/search/", token="aviary")
        assert [f"aviary {number}" for number in range(8, -1, -1)] == [one["content"] for one in found]
        assert ["u10", "u9", "u7"] == [one["owner"]["handle"] for one in found[:3]]
    finally:
        server.stop()


def test_accounts_that_cannot_take_a_line_are_told(server: Server) -> None:
    """A disabled author's rows and a deleted handle's are skipped; a block between two stands against the follow, and a
    protected account gets a request."""
    server.start()
    try:
        u1, u2, u3, u4 = (sign_up(server, f"u{number}") for number in range(1, 5))
        u1.ok("POST", f"/block/{u2.id}")
        u3.ok("PATCH", "/account/", {"protected": True})
        u4.ok("DELETE", "/account/", {"password": PASSWORD})
        sign_up(server, "u5")
        assert 0 == server.run("account", "disable", "u5").returncode

        figures = load(server, "--graph", written(server, "g.edges", "1 2\n1 3\n1 4\n1 5\n2 3\n"))

        assert (2, 0, 3) == counts(figures, "follows")
        assert [1, 3, 4] == [line for line, _ in reasons(figures)]
        assert "@u5 is disabled" == reasons(figures)[2][1]
        soon(["u2", "u1"], lambda: [one["handle"] for one in u3.walk("/follow/requests")])
    finally:
        server.stop()
