"""Routes of the feed."""

from collections.abc import Mapping
from typing import ClassVar

from rookery.core.forms import Check, TweetPaging, an_id, position
from rookery.core.objects import Tweet
from rookery.core.routes import Answer, Call, Route
from rookery.services.feed.live import LiveService
from rookery.services.feed.service import FeedService


class FeedPaging(TweetPaging, frozen=True, rename="camel"):
    """A page of the feed; `since` leaves only tweets newer than that one."""

    checks: ClassVar[Mapping[str, Check]] = {**TweetPaging.checks, "since": an_id}
    since: str | None = None


def routes(feed: FeedService, live: LiveService) -> list[Route]:
    """What the feed service serves."""

    async def home(call: Call) -> Answer:
        form = call.query(FeedPaging)
        page = await feed.page(call.viewer, position(form.cursor), form.page_size, int(form.since or 0))
        return call.listing(page, form)

    async def public(call: Call) -> Answer:
        form = call.query(TweetPaging)
        return call.listing(await feed.public_page(call.viewer, position(form.cursor), form.page_size), form)

    async def stream(call: Call) -> Answer:
        call.nothing()
        events = live.stream(call.viewer, call.headers.get("last-event-id"))
        return Answer(content_type="text/event-stream", stream=events)

    return [
        Route(
            "GET",
            "/feed/",
            home,
            "The tweets of those one follows and of oneself, newest first",
            returns=list[Tweet],
            query=FeedPaging,
            needs_account=True,
        ),
        Route(
            "GET",
            "/feed/public",
            public,
            "The newest tweets of unprotected accounts",
            returns=list[Tweet],
            query=TweetPaging,
        ),
        Route(
            "GET",
            "/feed/live",
            stream,
            "The feed as server-sent events: tweet, edit, delete, reset",
            needs_account=True,
            media_type="text/event-stream",
            takes={"Last-Event-ID": "The id of the last `tweet` event that came; resumes after it."},
        ),
    ]
