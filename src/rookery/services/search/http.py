"""Routes of search."""

import msgspec

from rookery.core.objects import Trend, Tweet, User
from rookery.core.routes import Answer, Call, Route
from rookery.services.search.service import Around, PeopleSearch, SearchService, TweetSearch


def routes(search: SearchService) -> list[Route]:
    """What the search service serves."""

    async def tweets(call: Call) -> Answer:
        form = call.query(TweetSearch)
        return call.listing(await search.tweets(call.viewer, form), form)

    async def users(call: Call) -> Answer:
        form = call.query(PeopleSearch)
        return call.listing(await search.users(call.viewer, form), form)

    async def trends(call: Call) -> Answer:
        found = await search.trends(call.query(Around))
        return Answer(msgspec.json.encode([Trend(hashtag, count) for hashtag, count in found]))

    return [
        Route(
            "GET",
            "/search/",
            tweets,
            "Tweets and replies by words, place or both",
            returns=list[Tweet],
            query=TweetSearch,
        ),
        Route(
            "GET",
            "/search/users",
            users,
            "Accounts by the beginnings of handle and name",
            returns=list[User],
            query=PeopleSearch,
        ),
        Route(
            "GET",
            "/search/trends",
            trends,
            "The hashtags most used in the last 24 hours",
            returns=list[Trend],
            query=Around,
        ),
    ]
