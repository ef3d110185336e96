"""The Reader: the one way from ids to what a person sees."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Protocol

from rookery.core import ids, visibility
from rookery.core.entities import STRANGER, AccountState, Edge, TweetFacts, UserFacts
from rookery.core.errors import Problem, not_found
from rookery.core.page import CANDIDATES_MAX, Page
from rookery.core.rendering import NULL, answered_piece, tweet_json, unavailable
from rookery.core.visibility import Facts, Witness

Candidate = tuple[int, int]  # (position in the list, id)
Candidates = Callable[
    [int, int], Awaitable[Sequence[Candidate]]
]  # (below this position, how many), newest first
_NOTHING = 0  # in place of an id
Show = Callable[[int, Sequence[int]], Awaitable[Mapping[int, bytes]]]


class FactSource(Protocol):
    """Where facts come from: one per engine. `tracks`: whether it ever knows that something is unchanged."""

    tracks: bool

    async def gather(self, viewer: int, tweet_ids: Collection[int], user_ids: Collection[int] = ()) -> Facts:
        """One snapshot of these tweets, those they retweet, quote and answer, all their authors, and these accounts,
        with the viewer's edges and marks. It is begun after the call, so it holds every write answered before."""

    async def user_ids(self, handles: Sequence[str]) -> Mapping[str, int]:
        """The ids of active accounts by handle, without regard to case; keys are lower case."""

    def unchanged(self, witness: Witness) -> bool:
        """Whether none of what the witness saw changed before the last snapshot was begun."""


class Reader:
    """Applies deletion, blocks, mutes and protection to whatever a list proposes."""

    def __init__(self, source: FactSource) -> None:
        self.source = source

    async def tweets(self, viewer: int, tweet_ids: Sequence[int]) -> Mapping[int, bytes]:
        """Those of the tweets that the viewer sees, as JSON."""
        facts = await self.source.gather(viewer, tweet_ids)
        return {one: render_tweet(facts, one) for one in tweet_ids if visibility.tweet_visible(facts, one)}

    async def tweet(self, viewer: int, tweet_id: int) -> bytes:
        """One tweet as JSON. Raises Problem `not_found`."""
        shown = await self.tweets(viewer, [tweet_id])
        if tweet_id not in shown:
            raise not_found()
        return shown[tweet_id]

    async def look(self, viewer: int, tweet_id: int) -> TweetFacts:
        """The checked accessor of a tweet: its facts for one who sees it. Raises Problem `not_found`."""
        facts = await self.source.gather(viewer, [tweet_id])
        card = facts.tweet(tweet_id)
        if card is None or not visibility.tweet_visible(facts, tweet_id):
            raise not_found()
        return card.facts

    async def target(self, viewer: int, tweet_id: int) -> TweetFacts:
        """What an action on the tweet acts on: a retweet stands for its original. Raises Problem `not_found`."""
        tweet = await self.look(viewer, tweet_id)
        return await self.look(viewer, tweet.original_id) if tweet.original_id else tweet

    async def users(self, viewer: int, user_ids: Sequence[int], *, own: bool = False) -> Mapping[int, bytes]:
        """Those of the accounts that exist, as JSON; those with a block between only in a list that is the viewer's
        `own`: whom one blocks or mutes."""
        facts = await self.source.gather(viewer, (), user_ids)
        return {
            one: render_user(facts, one)
            for one in user_ids
            if visibility.account_exists(facts, one) and (own or not visibility.blocked(facts, one))
        }

    async def doers(self, viewer: int, user_ids: Sequence[int]) -> Mapping[int, bytes]:
        """Those of the accounts whose likes and retweets the viewer may know of, as JSON."""
        facts = await self.source.gather(viewer, (), user_ids)
        return {one: render_user(facts, one) for one in user_ids if visibility.author_visible(facts, one)}

    async def may_read(self, viewer: int, user_id: int) -> bool:
        """Whether no block and no protection stands before what the account wrote; so also of what is deleted."""
        facts = await self.source.gather(viewer, (), [user_id])
        return visibility.may_read(facts, user_id) and not visibility.blocked(facts, user_id)

    async def user(self, viewer: int, user_id: int) -> bytes:
        """One account as JSON. Raises Problem `not_found`."""
        facts = await self.source.gather(viewer, (), [user_id])
        if not visibility.account_exists(facts, user_id):
            raise not_found("account")
        return render_user(facts, user_id)

    async def oneself(self, viewer: int) -> bytes:
        """The viewer's own account as it stands beside what one wrote, as JSON: what changes seldom. Raises Problem
        `not_found`."""
        facts = await self.source.gather(viewer, (), [viewer])
        card = facts.user(viewer)
        if card is None or not visibility.account_exists(facts, viewer):
            raise not_found("account")
        return card.short

    async def account(self, viewer: int, name: str) -> tuple[UserFacts, int]:
        """The checked accessor of an account: `name` is a userId or @handle. Returns its facts and the viewer's Edge
        bits to it. Raises Problem `not_found`."""
        user_id = ids.parse_id(name) or 0
        if name.startswith("@"):
            user_id = (await self.source.user_ids([name[1:]])).get(name[1:].lower(), 0)
        facts = await self.source.gather(viewer, (), [user_id])
        card = facts.user(user_id)
        if card is None or card.facts.state != AccountState.ACTIVE:
            raise not_found("account")
        return card.facts, facts.edge(user_id)

    async def content_of(self, viewer: int, name: str) -> tuple[UserFacts, bool]:
        """The account whose lists are asked for, and whether a block empties them.

        Raises Problem `not_found`, or `protected` where its protection hides them from the viewer.
        """
        account, edge = await self.account(viewer, name)
        if edge & (Edge.BLOCKING | Edge.BLOCKED_BY):
            return account, True
        if account.protected and viewer != account.user_id and not edge & Edge.FOLLOWING:
            raise Problem("protected", "Only followers that the account accepted see this.")
        return account, False

    async def tweet_page(self, viewer: int, candidates: Candidates, before: int, size: int) -> Page[bytes]:
        """A page of a list of tweets, filled with what the viewer sees."""
        return await fill(self.tweets, viewer, candidates, before, size)

    async def user_page(
        self, viewer: int, candidates: Candidates, before: int, size: int, *, own: bool = False
    ) -> Page[bytes]:
        """A page of a list of accounts, filled with what the viewer sees; `own` as in `users`."""
        return await fill(partial(self.users, own=own), viewer, candidates, before, size)


def stopped_at(position: int) -> Candidate:
    """What a list of candidates ends with where it is short of the wanted number and goes on below this position: one
    request looks no further."""
    return position, _NOTHING


async def fill(show: Show, viewer: int, candidates: Candidates, before: int, size: int) -> Page[bytes]:
    """A page of `size` shown entries below a position. It looks at CANDIDATES_MAX candidates at most and then ends
    short, with a cursor; a cursor is given exactly while there is more to look at. Where many are hidden it asks for
    more of them each time, since each time costs a search or a statement."""
    entries: list[bytes] = []
    last, looked = before, 0
    while looked < CANDIDATES_MAX:
        wanted = min(max(size + 1, looked), CANDIDATES_MAX - looked)
        batch = await candidates(before, wanted)
        shown = await show(viewer, [one for _, one in batch if one != _NOTHING])
        for place, one in batch:
            if one == _NOTHING:
                return Page(entries, str(place))
            if one in shown:
                if len(entries) == size:
                    return Page(entries, str(last))
                entries.append(shown[one])
                last = place
            before = place
        looked += len(batch)
        if len(batch) < wanted:
            return Page(entries, None)
    return Page(entries, str(before) if await candidates(before, 1) else None)


def render_user(facts: Facts, user_id: int) -> bytes:
    """The User object of a gathered account."""
    card = facts.user(user_id)
    assert card is not None  # callers render only what they found
    return card.render(None if facts.viewer == STRANGER else facts.edge(user_id))


def render_tweet(facts: Facts, tweet_id: int, *, nested_quote: bool = True) -> bytes:
    """The Tweet object of a gathered, visible tweet; every nested tweet passes the same check as a top one."""
    card = facts.tweet(tweet_id)
    assert card is not None  # callers render only what they found visible
    tweet = card.facts
    owner = facts.user(tweet.owner_id)
    assert owner is not None
    counted = tweet.original_id or tweet_id
    return tweet_json(
        card,
        owner,
        (
            _answered(facts, tweet.parent_id) if tweet.parent_id else NULL,
            render_tweet(facts, tweet.original_id) if tweet.original_id else NULL,
            _quoted(facts, tweet.quoted_id) if tweet.quoted_id and nested_quote else NULL,
        ),
        facts.counts_piece(counted),
        None if facts.viewer == STRANGER else facts.mark(counted),
    )


def _answered(facts: Facts, parent_id: int) -> bytes:
    parent = facts.tweet(parent_id)
    if parent is None or not visibility.tweet_visible(facts, parent_id):
        return answered_piece(parent_id, None)
    return answered_piece(parent_id, facts.user(parent.facts.owner_id))


def _quoted(facts: Facts, quoted_id: int) -> bytes:
    if not visibility.tweet_visible(facts, quoted_id):
        return unavailable(quoted_id)
    return render_tweet(facts, quoted_id, nested_quote=False)
