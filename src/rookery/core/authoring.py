"""Handlers of what an author does with a tweet or reply: edit, delete, look back. Two services serve them."""

from collections.abc import Callable

import msgspec

from rookery.core.content import EditedText, TextKeeper, owned
from rookery.core.entities import ContentKind
from rookery.core.errors import Invalid, Problem
from rookery.core.ids import timestamp
from rookery.core.objects import Version
from rookery.core.reading import Reader
from rookery.core.routes import Answer, Call


class Authoring:
    """`keeper` says who keeps the text of an id, `arg` how the path names the id."""

    def __init__(
        self, reader: Reader, keeper: Callable[[int], TextKeeper], arg: Callable[[Call], int]
    ) -> None:
        self._reader = reader
        self._keeper = keeper
        self._id = arg

    async def edit(self, call: Call) -> Answer:
        """PATCH: a new text."""
        tweet = await owned(self._reader, call.viewer, self._id(call))
        if tweet.kind == ContentKind.RETWEET:
            raise Invalid({"content": "is not to be changed in a retweet"})
        form = call.body(EditedText)
        await self._keeper(tweet.tweet_id).edit(call.viewer, tweet.tweet_id, form.content, call.ticket)
        return Answer(await self._reader.tweet(call.viewer, tweet.tweet_id))

    async def delete(self, call: Call) -> Answer:
        """DELETE."""
        tweet = await owned(self._reader, call.viewer, self._id(call))
        call.nothing()
        await self._keeper(tweet.tweet_id).delete(call.viewer, tweet.tweet_id, call.ticket)
        return Answer()

    async def delete_by_post(self, call: Call) -> Answer:
        """POST on a tweet's own path deletes it; whoever sends a text meant PATCH."""
        tweet = await owned(self._reader, call.viewer, self._id(call))
        _expect_nothing(call)
        await self._keeper(tweet.tweet_id).delete(call.viewer, tweet.tweet_id, call.ticket)
        return Answer()

    async def deleted(self, call: Call, tweet_id: int) -> Answer:
        """What a delete answers when its idempotency key comes again."""
        return Answer()

    async def history(self, call: Call) -> Answer:
        """The texts that it has and had."""
        tweet = await self._reader.look(call.viewer, self._id(call))
        call.nothing()
        versions = await self._keeper(tweet.tweet_id).history(tweet.tweet_id)
        return Answer(msgspec.json.encode([Version(one.content, timestamp(one.at_ms)) for one in versions]))


def _expect_nothing(call: Call) -> None:
    try:
        call.nothing()
    except Problem as fault:
        if fault.code == "unsupported_media_type" or call.raw_body.strip() in (b"", b"{}"):
            raise
        raise Problem("use_patch_to_edit", "This deletes and takes no body; to edit, send PATCH.") from fault
