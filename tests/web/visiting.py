"""A browser without a script, as far as HTTP goes: cookies, forms, and what is on a page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx

from tests.serving import PASSWORD, PATIENCE_S, Server

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
_VOID = {"meta", "link", "img", "input", "br"}


@dataclass
class Element:
    """An element of a page with the text in it."""

    tag: str
    attributes: Mapping[str, str]
    inside: list["Element"] = field(default_factory=list)
    text: str = ""

    def all(self, tag: str = "", **wanted: str) -> Iterator["Element"]:
        """Those within it with this tag and these attributes (`data_id` is `data-id`); a class is one of several."""
        for one in self.inside:
            if one.tag == (tag or one.tag) and all(one.has(name, value) for name, value in wanted.items()):
                yield one
            yield from one.all(tag, **wanted)

    def has(self, name: str, value: str) -> bool:
        """Whether an attribute is this; of `class_`, whether this is among the classes."""
        if name == "class_":
            return value in self.attributes.get("class", "").split()
        return self.attributes.get(name.replace("_", "-")) == value

    def one(self, tag: str = "", **wanted: str) -> "Element":
        """The only one."""
        (found,) = self.all(tag, **wanted)
        return found


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(attrs) == len(dict(attrs)), f"an attribute comes twice: {tag} {attrs}"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].inside.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].tag == tag, f"</{tag}> ends <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for one in self._open:
            one.text += data


def parsed(html: str) -> Element:
    """A page, or a part of one. Fails where an element is not ended in order."""
    parser = _Parser()
    parser.feed(html)
    parser.close()
    return parser.root


class Visitor(httpx.Client):
    """Somebody with a browser; `handle` once they have an account."""

    def __init__(self, server: Server) -> None:
        headers = {"Accept": "text/html,*/*;q=0.8"}
        super().__init__(base_url=server.url, timeout=PATIENCE_S, headers=headers, verify=server.verify)
        self.handle = ""
        self.id = ""

    def read(self, path: str, **query: Any) -> Element:
        """A page that must be there."""
        answer = self.get(path, params=query or None)
        assert (200, "text/html") == (
            answer.status_code,
            answer.headers["content-type"].partition(";")[0],
        ), (path, answer.status_code, answer.text[:500])
        return parsed(answer.text)

    def submit(self, path: str, /, **fields: str) -> httpx.Response:
        """Posts a form of a page of this site."""
        return self.post(path, data=fields, headers=SAME_ORIGIN)

    def done(self, path: str, /, **fields: str) -> str:
        """Posts a form that must be taken; returns where the browser is sent."""
        answer = self.submit(path, **fields)
        assert answer.status_code == 303, (path, answer.status_code, answer.text[:2_000])
        return str(answer.headers["location"])

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of a request to the API, signed by the cookie."""
        answer = self.request(method, path, json=body, headers=SAME_ORIGIN)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json()

    def tweet(self, content: str, **more: Any) -> str:
        """Writes a tweet and returns the path of its page."""
        written = self.ask("POST", "/tweet/", {"content": content, **more})
        return f"/@{self.handle}/{written['tweetId']}"


def sign_up(server: Server, handle: str) -> Visitor:
    """Somebody who signed up with the form."""
    visitor = Visitor(server)
    assert "/" == visitor.done("/signup", handle=handle, name=handle.title(), password=PASSWORD)
    visitor.handle = handle
    visitor.id = visitor.ask("GET", "/account/")["userId"]
    return visitor
