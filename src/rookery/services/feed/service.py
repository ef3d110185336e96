"""The home feed: candidates from the store, decided at read."""

from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from rookery.core import visibility
from rookery.core.page import CANDIDATES_MAX, Page
from rookery.core.reading import Reader, fill, render_tweet
from rookery.core.rendering import JsonArray
from rookery.core.visibility import Facts, Witness
from rookery.services.feed.store import Entry, FeedStore

_Asked = tuple[int, int, int, int]  # viewer, before, size, since
_PAGE_BYTES, _ID_BYTES = 2_000, 64  # of a page that shows nothing, and of each id that it was made from


@dataclass(frozen=True, slots=True)
class _Kept:
    stamp: Hashable
    witness: Witness
    page: Page[bytes]
    memory: int


@dataclass(frozen=True, slots=True)
class _Choice:
    """What a page shows, and whether there is more: None where that cannot be told, because the entries known so far
    end too early; then `undecided` is the retweet that the entries below may hide, or 0."""

    shown: Sequence[int]
    more: bool | None = None
    undecided: int = 0


class FeedService:
    """Pages of feeds. `retweet_window`: a retweet is hidden when the original, or another retweet of it, is among this
    many entries just older; what arrives on top never hides what is below. `cache_bytes_max`: memory for rendered
    pages."""

    def __init__(
        self, store: FeedStore, reader: Reader, *, retweet_window: int = 40, cache_bytes_max: int = 1 << 27
    ) -> None:
        self._store = store
        self._reader = reader
        self._window = retweet_window
        self._pages: OrderedDict[_Asked, _Kept] = OrderedDict()
        self._pages_bytes = 0
        self._pages_bytes_max = cache_bytes_max

    async def page(self, viewer: int, before: int, size: int, since: int = 0) -> Page[bytes]:
        """The viewer's feed below `before` and above `since`, newest first.

        A page is kept rendered for as long as neither its candidates nor anything that it was made from changed.
        """
        key = (viewer, before, size, since)
        stamp = await self._store.stamp(viewer) if self._reader.source.tracks else None
        kept = self._pages.get(key) if stamp is not None else None
        if kept is not None and kept.stamp == stamp and self._reader.source.unchanged(kept.witness):
            return kept.page
        seen = await self._store.since(viewer, since) if since else 0
        made, facts = await self._make(viewer, before, size, seen)
        entries = JsonArray([rendered for _, rendered in made.entries])
        page: Page[bytes] = Page(entries, made.next_cursor)
        if stamp is not None:
            witness = facts.witness()
            memory = len(entries.whole) + _PAGE_BYTES + _ID_BYTES * len(witness.ids)
            self._keep(key, _Kept(stamp, witness, page, memory))
        return page

    async def shown(self, viewer: int, before: int, size: int, since: int) -> Page[tuple[int, bytes]]:
        """As `page`, each entry with its id, made anew."""
        page, _ = await self._make(viewer, before, size, since)
        return page

    async def public_page(self, viewer: int, before: int, size: int) -> Page[bytes]:
        """The newest tweets of unprotected accounts that the viewer may see."""
        return await fill(self._public, viewer, self._store.public, before, size)

    def _keep(self, asked: _Asked, made: _Kept) -> None:
        """Keeps a page in the place of what it was; those made longest ago go where there are too many."""
        before = self._pages.pop(asked, None)
        self._pages[asked] = made
        self._pages_bytes += made.memory - (before.memory if before else 0)
        while self._pages_bytes > self._pages_bytes_max:
            self._pages_bytes -= self._pages.popitem(last=False)[1].memory

    async def _public(self, viewer: int, tweet_ids: Sequence[int]) -> Mapping[int, bytes]:
        facts = await self._reader.source.gather(viewer, tweet_ids)
        return {one: render_tweet(facts, one) for one in tweet_ids if _open(facts, one)}

    async def _make(
        self, viewer: int, before: int, size: int, since: int
    ) -> tuple[Page[tuple[int, bytes]], Facts]:
        """The page, and the facts that it was made from. At first these are asked for of as many candidates as may
        show; of those below, which may hide a retweet, only where there is one or something did not show."""
        entries: list[Entry] = []
        looked: list[int] = []
        ahead: Sequence[Entry] = ()
        reaches_end = False
        while True:
            if not ahead:
                below = looked[-1] if looked else before
                wanted = min(size + 1 + self._window, CANDIDATES_MAX - len(looked))
                known = await self._store.candidates(viewer, below, wanted + 1)
                ahead, reaches_end = known[:wanted], len(known) <= wanted
            part = ahead if looked else ahead[: size + 1]
            ahead = ahead[len(part) :]
            looked.extend(one for one, _ in part)
            facts = await self._reader.source.gather(viewer, looked)
            entries.extend(entry for entry in part if visibility.in_home_feed(facts, entry[0]))
            whole = reaches_end and not ahead
            choice = self._choose(entries, size, since, whole=whole)
            if len(looked) >= CANDIDATES_MAX and choice.undecided == looked[0]:
                choice = self._choose(entries, size, since, whole=whole, decided=looked[0])
            ended = whole or (looked[-1] <= since and not choice.undecided)
            if choice.more is not None or ended or len(looked) >= CANDIDATES_MAX:
                break
        cursor = None if ended and not choice.more else _cursor(choice, looked)
        return Page([(one, render_tweet(facts, one)) for one in choice.shown], cursor), facts

    def _choose(
        self, entries: Sequence[Entry], size: int, since: int, *, whole: bool, decided: int = 0
    ) -> _Choice:
        """Up to `size` entries that no older one hides. `whole`: there are no more entries than these. What hides the
        retweet `decided` is taken to be among these: a page that could not even tell about its first entry would be
        the same one again."""
        shown: list[int] = []
        for place, (one, original) in enumerate(entries):
            if one <= since:
                return _Choice(shown, more=False)
            if original:
                older = entries[place + 1 : place + 1 + self._window]
                if any(original in entry for entry in older):
                    continue
                if len(older) < self._window and not whole and one != decided:
                    return _Choice(shown, undecided=one)
            if len(shown) == size:
                return _Choice(shown, more=True)
            shown.append(one)
        return _Choice(shown)


def _cursor(choice: _Choice, looked: Sequence[int]) -> str | None:
    """Where the next page begins: below what is shown; or where no more may be looked at, below the last candidate
    that is decided. The undecided one is never the first."""
    if choice.more is not None:
        return str(choice.shown[-1]) if choice.more else None
    return str(looked[looked.index(choice.undecided) - 1] if choice.undecided else looked[-1])


def _open(facts: Facts, tweet_id: int) -> bool:
    card = facts.tweet(tweet_id)
    if card is None or not visibility.tweet_visible(facts, tweet_id):
        return False
    owner = facts.user(card.facts.owner_id)
    return owner is not None and not owner.facts.protected
