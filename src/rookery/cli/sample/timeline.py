"""What the made-up people do, moment by moment: who writes, on what, and whom they answer, quote and repeat."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from random import Random

from rookery.cli.sample.entries import PostKind, SamplePost
from rookery.cli.sample.people import Person
from rookery.cli.sample.phrases import EVENT, Book, books
from rookery.cli.sample.writer import Draft, Writer

HOUR_MS = 3_600_000
PLACE_SHARE = 0.12
FRESH_MS = 18 * HOUR_MS
HOT_SHARE = 0.35
# How awake a city is, by the hour of its day.
RHYTHM = (
    0.22, 0.12, 0.07, 0.05, 0.06, 0.12, 0.3, 0.55, 0.7, 0.66, 0.62, 0.66,
    0.8, 0.74, 0.64, 0.62, 0.68, 0.78, 0.88, 0.95, 1.0, 0.95, 0.75, 0.45,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Event:
    """How many hours before the present an event peaks, how many it fills, and its share of all tweets then."""

    peak_h: float
    width_h: float
    share: float


_EVENTS = {
    EVENT + "final": _Event(2.5, 4.0, 0.24),
    EVENT + "meteors": _Event(8.0, 5.0, 0.18),
    EVENT + "count": _Event(15.0, 6.0, 0.13),
}


@dataclass(slots=True)
class Said:
    """A post that others can react to; `reactions` counts how many did."""

    index: int
    author: int
    at_ms: int
    language: str
    topic: str
    kind: PostKind
    subject: Mapping[str, str]
    reactions: int = 0


class Timeline:
    """Makes up one post after another. Times must not go back; indices count from 0."""

    def __init__(self, rng: Random, people: list[Person], followees: list[list[int]], now_ms: int) -> None:
        self._rng = rng
        self._people = people
        self._followees = followees
        self._follows = [set(chosen) for chosen in followees]
        self._now_ms = now_ms
        self._writer = Writer(rng, books())
        self._weights = list(accumulate(person.activity for person in people))
        self._last: list[Said | None] = [None] * len(people)
        self._answers: list[deque[Said]] = [deque(maxlen=3) for _ in people]
        self._retweeted: set[tuple[int, int]] = set()
        self._count = 0
        self.recent: deque[Said] = deque(maxlen=500)

    def post(self, at_ms: int) -> SamplePost:
        """The next post, at this time in Unix milliseconds."""
        author = self._author(at_ms)
        roll = self._rng.random()
        if roll < 0.11 and (said := self._target(author, at_ms, share=True)):
            post = self._retweet(author, at_ms, said)
        elif roll < 0.16 and (said := self._target(author, at_ms, share=True)):
            post = self._reaction("quote", author, at_ms, said)
        elif 0.16 <= roll < 0.43 and (
            said := self._answered(author) or self._target(author, at_ms, share=False)
        ):
            post = self._reaction("reply", author, at_ms, said)
        else:
            post = self._tweet(author, at_ms)
        self._count += 1
        return post

    def sees(self, viewer: int, author: int) -> bool:
        """Whether the viewer may read what the author writes."""
        return (
            not self._people[author].account.protected or viewer == author or author in self._follows[viewer]
        )

    def _author(self, at_ms: int) -> int:
        """Someone talkative who is awake, as far as a few looks find one."""
        for _ in range(6):
            author: int = self._rng.choices(range(len(self._people)), cum_weights=self._weights)[0]
            hour = at_ms // HOUR_MS + self._people[author].home.utc_offset
            if self._rng.random() < RHYTHM[hour % 24]:
                break
        return author

    def _answered(self, author: int) -> Said | None:
        """An answer that the author got and now answers in turn, which is what makes threads long."""
        waiting = self._answers[author]
        if not waiting or self._rng.random() < 0.35:
            return None
        said = waiting.pop()
        return (
            said
            if said.language in self._people[author].languages and self.sees(author, said.author)
            else None
        )

    def _target(self, author: int, at_ms: int, *, share: bool) -> Said | None:
        """A fresh post to react to: by someone followed, or one that many react to."""
        near = [said for followee in self._some_followees(author) if (said := self._last[followee])]
        hot = sorted(self._some_recent(20), key=lambda said: -said.reactions)
        for said in hot + near if self._rng.random() < HOT_SHARE else near + hot:
            if said.author != author and at_ms - said.at_ms < FRESH_MS:
                fitting = self._can_share(author, said) if share else self.sees(author, said.author)
                if fitting and said.language in self._people[author].languages:
                    return said
        return None

    def _can_share(self, author: int, said: Said) -> bool:
        """Protected accounts' posts are not shared, nothing is shared twice, and a remark says little alone."""
        open_to_all = not self._people[said.author].account.protected
        return open_to_all and said.kind == "tweet" and (author, said.index) not in self._retweeted

    def _some_followees(self, author: int) -> list[int]:
        return self._rng.choices(self._followees[author], k=3) if self._followees[author] else []

    def _some_recent(self, count: int) -> list[Said]:
        return self._rng.choices(self.recent, k=count) if self.recent else []

    def _retweet(self, author: int, at_ms: int, said: Said) -> SamplePost:
        said.reactions += 1
        self._retweeted.add((author, said.index))
        return SamplePost("retweet", author, "", at_ms, said.index)

    def _reaction(self, kind: PostKind, author: int, at_ms: int, said: Said) -> SamplePost:
        person, friend = self._people[author], self._friend(author)
        about = (person, said.language, said.topic, friend, said.subject)
        if kind == "quote":
            draft = self._writer.remark(*about)
        else:
            draft = self._writer.reply(*about, to_reply=said.kind == "reply")
        said.reactions += 1
        answer = self._remember(kind, author, at_ms, said.language, said.topic, draft)
        if kind == "reply":
            self._answers[said.author].append(answer)
        return self._placed(SamplePost(kind, author, draft.text, at_ms, said.index))

    def _tweet(self, author: int, at_ms: int) -> SamplePost:
        person = self._people[author]
        language = self._rng.choices(person.languages, (6, 1)[: len(person.languages)])[0]
        book = books()[language]
        topic = self._event(book, at_ms) or self._rng.choice([name for name in person.topics if name in book])
        draft = self._writer.tweet(person, language, topic, self._friend(author), person.home)
        self._remember("tweet", author, at_ms, language, topic, draft)
        return self._placed(SamplePost("tweet", author, draft.text, at_ms))

    def _event(self, book: Book, at_ms: int) -> str | None:
        hours_ago = (self._now_ms - at_ms) / HOUR_MS
        for topic, event in _EVENTS.items():
            closeness = 1 - ((hours_ago - event.peak_h) / event.width_h) ** 2
            if topic in book and closeness > 0 and self._rng.random() < event.share * closeness:
                return topic
        return None

    def _friend(self, author: int) -> str:
        friends = self._followees[author] or range(len(self._people))
        return self._people[self._rng.choice(friends)].account.handle

    def _remember(
        self, kind: PostKind, author: int, at_ms: int, language: str, topic: str, draft: Draft
    ) -> Said:
        said = Said(self._count, author, at_ms, language, topic, kind, draft.subject)
        self._last[author] = said
        self.recent.append(said)
        return said

    def _placed(self, post: SamplePost) -> SamplePost:
        rng = self._rng
        if rng.random() >= PLACE_SHARE:
            return post
        home = self._people[post.author].home
        latitude, longitude = home.latitude + rng.gauss(0, 0.025), home.longitude + rng.gauss(0, 0.04)
        return replace(post, latitude=round(latitude, 5), longitude=round(longitude, 5))
