"""What a browser without a script can do: each form does what it says, and says what is wrong."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.serving import PASSWORD, Person, Server, soon
from tests.web.visiting import Element, Visitor, parsed

Make = Callable[[], Visitor]


def tweets_on(page: Element) -> list[str]:
    """The texts of a page's list."""
    return [one.text for one in page.all("div", class_="content")]


def test_a_persons_path_without_a_script(person: Make) -> None:
    """Tweet, search, follow, see, like, retweet, quote, reply, edit, delete: by forms and links alone."""
    ann, bob = person(), person()
    word = f"word{ann.id}"
    assert "/" == ann.done("/", content=f"{word} first")
    assert [f"{word} first"] == tweets_on(ann.read("/"))

    def found() -> list[str]:
        people = bob.read("/explore", q=ann.handle, f="people").all("a", class_="name")
        return [path for one in people if ann.handle in (path := one.attributes["href"])]

    soon([f"/@{ann.handle}"], found)
    profile = bob.read(*found())
    follow = profile.one("form", data_act="follow")
    assert f"/@{ann.handle}" == bob.done(follow.attributes["action"])
    soon([f"{word} first"], lambda: tweets_on(bob.read("/")))
    tweet = next(bob.read("/").all("article", class_="tweet"))
    for act in ("like", "retweet"):
        form = tweet.one("form", data_act=act)
        assert ("post", "false") == (
            form.attributes["method"],
            form.one("button").attributes["aria-pressed"],
        )
        bob.done(form.attributes["action"])
    url = tweet.attributes["data-url"]
    liked = bob.read(url)
    assert "true" == liked.one("form", data_act="unlike").one("button").attributes["aria-pressed"]
    assert "1" == liked.one("form", data_act="unlike").one("span", class_="count").text
    assert "true" == liked.one("form", data_act="unretweet").one("button").attributes["aria-pressed"]

    bob.done(tweet.one("a", class_="quote").attributes["href"], content="a quote")
    reply = bob.done(tweet.one("a", class_="reply").attributes["href"], content="a reply")
    assert reply.startswith(f"{url}#t")
    conversation = bob.read(url)
    assert ["a reply"] == tweets_on(next(conversation.all("ol", data_timeline="replies")))
    own = next(conversation.one("ol", data_timeline="replies").all("article"))
    assert own.attributes["data-url"] == bob.done(
        own.one("a", class_="edit").attributes["href"], content="better"
    )
    assert "better" in tweets_on(bob.read(url))
    asked = bob.read(own.one("a", class_="delete").attributes["href"])
    assert ["better"] == tweets_on(asked)
    bob.done(asked.one("form", class_="confirm").attributes["action"])
    assert "better" not in tweets_on(bob.read(url))


def test_protection_requests_and_blocks(person: Make) -> None:
    """A protected account's page says so, a request is accepted on a page, and a block hides both from each other."""
    ann, bob = person(), person()
    ann.tweet("for few")
    assert "/settings?done=profile" == ann.done("/settings", name="Ann", bio="b", protected="true")
    hidden = bob.read(f"/@{ann.handle}")
    assert "protected" in hidden.text
    assert "for few" not in hidden.text
    assert ["noindex"] == [one.attributes["content"] for one in hidden.all("meta", name="robots")]
    bob.done(f"/@{ann.handle}/follow")
    assert "Requested" in bob.read(f"/@{ann.handle}").text
    accept = ann.read("/requests").one("form", data_act="accept")
    assert "/requests" == ann.done(accept.attributes["action"])
    assert ["for few"] == tweets_on(bob.read(f"/@{ann.handle}"))
    soon(["for few"], lambda: tweets_on(bob.read("/")))
    locked = next(bob.read("/").all("article", class_="tweet"))
    assert [] == list(locked.all("form", data_act="retweet"))

    ann.done(f"/@{bob.handle}/block")
    assert "You blocked" in ann.read(f"/@{bob.handle}").text
    assert "blocked you" in bob.read(f"/@{ann.handle}").text
    assert bob.handle in ann.read("/settings/blocked").text
    ann.done(f"/@{bob.handle}/unblock")
    ann.done(f"/@{bob.handle}/mute")
    assert bob.handle in ann.read("/settings/muted").text
    unmute = ann.read("/settings/muted").one("form", data_act="unmute")
    ann.done(unmute.attributes["action"])
    assert bob.handle not in ann.read("/settings/muted").text


def test_what_was_typed_stays_beside_what_is_wrong(person: Make, stranger: Visitor) -> None:
    """A form that cannot be taken comes again with its text, the fault at its field, and the problem's status; never
    with a password."""
    ann = person()
    long = "x" * 281
    answer = ann.submit("/", content=long, back="/explore")
    page = parsed(answer.text)
    area = page.one("textarea", name="content")
    assert (422, long, "true") == (answer.status_code, area.text.strip(), area.attributes["aria-invalid"])
    assert "at most 280" in page.one(id=area.attributes["aria-describedby"]).text
    assert "/explore" == page.one("input", name="back").attributes["value"]

    taken = stranger.submit("/signup", handle=ann.handle, name="Other", password="correct horse")
    assert (409, "Other") == (
        taken.status_code,
        parsed(taken.text).one("input", name="name").attributes["value"],
    )
    assert "correct horse" not in taken.text
    wrong = stranger.submit("/login", handle=ann.handle, password="not this one")
    assert (401, ann.handle) == (
        wrong.status_code,
        parsed(wrong.text).one("input", name="handle").attributes["value"],
    )
    assert "not this one" not in wrong.text
    empty = parsed(stranger.submit("/signup").text)
    assert {"handle", "password", "name"} == {
        one.attributes["name"] for one in empty.all("input") if "aria-invalid" in one.attributes
    }
    profile = ann.submit("/settings", name="", bio="kept")
    assert (422, "kept") == (
        profile.status_code,
        parsed(profile.text).one("textarea", name="bio").text.strip(),
    )


def test_a_line_break_is_one(person: Make) -> None:
    """Browsers send CRLF; the text has LF, and an edit that changes nothing is none."""
    ann = person()
    ann.done("/", content="one\r\ntwo\r\n\r\nthree")
    (tweet,) = ann.ask("GET", f"/user/{ann.id}/tweets")
    assert "one\ntwo\n\nthree" == tweet["content"]
    path = f"/@{ann.handle}/{tweet['tweetId']}"
    area = ann.read(f"{path}/edit").one("textarea", name="content")
    ann.done(f"{path}/edit", content=area.text.removeprefix("\n").replace("\n", "\r\n"))
    assert ann.ask("GET", f"/tweet/{tweet['tweetId']}")["editedTimeStamp"] is None


@pytest.mark.parametrize("place", ["/", "/compose", "{tweet}", "{tweet}/reply", "{tweet}/quote"])
def test_a_form_that_comes_twice_writes_once(person: Make, place: str) -> None:
    """A second press, also one at the same time, writes nothing again and leads to the same place; another text of the
    same page is written, and so is the same one from a page that was asked for anew."""
    ann = person()
    path = place.format(tweet=ann.tweet("to talk about"))

    def written() -> int:
        return sum(len(ann.ask("GET", f"/user/{ann.id}/{what}")) for what in ("tweets", "replies")) - 1

    def filled_in(content: str) -> tuple[str, dict[str, str]]:
        form = ann.read(path).one("form", class_="composer")
        given = {one.attributes["name"]: one.attributes["value"] for one in form.all("input")}
        return form.attributes["action"], {**given, "content": content}

    action, fields = filled_in("once")
    with ThreadPoolExecutor(4) as pool:
        led = set(pool.map(lambda _: ann.done(action, **fields), range(4)))
    assert (1, 1) == (len(led), written())
    assert led == {ann.done(action, **fields)}
    ann.done(action, **{**fields, "content": "another"})
    assert 2 == written()
    action, anew = filled_in("once")
    assert anew["key"] != fields["key"]
    ann.done(action, **anew)
    assert 3 == written()


def test_a_place_comes_along(person: Make) -> None:
    """Latitude and longitude of the form are those of the tweet; empty ones are none."""
    ann = person()
    ann.done("/", content="here", latitude="51.5", longitude="-0.12")
    ann.done("/", content="nowhere", latitude="", longitude="")
    nowhere, here = ann.ask("GET", f"/user/{ann.id}/tweets")
    assert (None, None) == (nowhere["latitude"], nowhere["longitude"])
    assert (51.5, -0.12) == (here["latitude"], here["longitude"])
    found = ann.read("/explore", f="near", latitude="51.5", longitude="-0.12", radiusKm="1")
    assert "What was found" in [one.attributes.get("aria-label") for one in found.all("ol")]


def test_an_edit_shows_and_keeps_the_old_text(person: Make) -> None:
    """The mark leads to the history, newest first."""
    ann = person()
    path = ann.tweet("before")
    ann.done(f"{path}/edit", content="after")
    mark = next(ann.read(f"/@{ann.handle}").all("a", class_="edited"))
    versions = ann.read(mark.attributes["href"]).one("ol", class_="versions")
    assert ["after", "before"] == tweets_on(versions)


def test_only_the_author_gets_the_forms_to_edit_and_delete(person: Make) -> None:
    """Others see neither link nor page, also after the author has looked."""
    ann, bob = person(), person()
    path = ann.tweet("mine")
    assert [f"{path}/edit"] == [one.attributes["href"] for one in ann.read(path).all("a", class_="edit")]
    assert [] == list(bob.read(path).all("a", class_="edit"))
    assert [403, 403] == [bob.get(f"{path}/{what}").status_code for what in ("edit", "delete")]
    assert [403, 403] == [
        bob.submit(f"{path}/{what}", content="x").status_code for what in ("edit", "delete")
    ]


def test_a_retweet_leads_to_its_original(person: Make) -> None:
    """Its address, and one with another handle, lead to the original's own; acts are on the original."""
    ann, bob = person(), person()
    path = ann.tweet("spread this")
    retweet = bob.ask("POST", f"/retweet/{path.rpartition('/')[2]}")["tweetId"]
    for other in (
        f"/@{bob.handle}/{retweet}",
        f"/@{bob.handle}/{path.rpartition('/')[2]}",
        f"/@nobody/{retweet}",
    ):
        assert (303, path) == (ann.get(other).status_code, ann.get(other).headers["location"])
    article = next(bob.read(f"/@{bob.handle}").all("article", class_="tweet"))
    assert (retweet, path) == (article.attributes["data-entry"], article.attributes["data-url"])


def test_password_and_sessions(person: Make, server: Server) -> None:
    """A new password ends the other sessions; one can be ended from the list; log-out forgets the cookie."""
    ann = person()
    other = Visitor(server)
    other.done("/login", handle=f"@{ann.handle}", password=PASSWORD)
    assert 2 == len(list(ann.read("/settings/sessions").one("ol", class_="lines").all("li")))
    end = [
        one.attributes["action"]
        for one in ann.read("/settings/sessions").all("form")
        if one.attributes["action"].endswith("/end")
    ]
    assert other.get("/settings").status_code == 200
    for path in end:
        if ann.get("/settings").status_code == 200:
            ann.done(path)
    assert [303, 303] == [one.get("/settings").status_code for one in (ann, other)]
    ann.done("/login", handle=ann.handle, password=PASSWORD)
    other.done("/login", handle=ann.handle, password=PASSWORD)
    assert ann.submit("/settings/password", current="wrong", new="another one!").status_code == 401
    ann.done("/settings/password", current=PASSWORD, new="another one!")
    assert [200, 303] == [one.get("/settings").status_code for one in (ann, other)]
    assert "/" == ann.done("/logout")
    assert [] == list(ann.cookies.jar)


def test_the_cookie_is_httponly_and_lax(person: Make, server: Server) -> None:
    """A script cannot read it, another site's form does not send it, and it outlives the browser."""
    ann = person()
    signed = Visitor(server).submit("/login", handle=ann.handle, password=PASSWORD).headers["set-cookie"]
    name, *flags = [part.strip() for part in signed.split(";")]
    assert re.fullmatch(r"rookery_session=[\w-]{40,}", name)
    assert {"Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=34560000"} == set(flags)


def test_an_account_is_deleted_with_its_password(person: Make, stranger: Visitor) -> None:
    """Not without it; afterwards its page is gone and the browser is nobody's."""
    ann = person()
    assert ann.submit("/settings/account", password="wrong one").status_code == 401
    assert "/" == ann.done("/settings/account", password=PASSWORD)
    assert 404 == stranger.get(f"/@{ann.handle}").status_code
    assert 303 == ann.get("/settings").status_code


def test_an_empty_feed_suggests(server: Server, person: Make) -> None:
    """Whoever follows nobody yet gets people to follow and what everyone writes."""
    ann, bob = person(), person()
    bob.tweet("somebody is here")
    page = ann.read("/")
    assert "People to follow" in page.text
    assert "somebody is here" in tweets_on(page)
    ann.tweet("now I am")
    assert ["now I am"] == tweets_on(ann.read("/"))
    assert Person(server).get("/feed/public").status_code == 200


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data; boundary=x"])
def test_a_form_is_a_form(person: Make, kind: str) -> None:
    """Another content type is refused."""
    answer = person().post(
        "/", content=b"content=x", headers={"Content-Type": kind, "Sec-Fetch-Site": "same-origin"}
    )
    assert 415 == answer.status_code
