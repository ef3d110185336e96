"""Routes of follows, requests, blocks and mutes."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import msgspec

from rookery.core.forms import Paging, position
from rookery.core.limits import Ticket
from rookery.core.objects import User
from rookery.core.reading import Candidate, Reader
from rookery.core.rendering import json_array
from rookery.core.routes import Answer, Call, Handler, Route
from rookery.services.follows.service import FollowForm, FollowsService, Suggesting

_Write = Callable[[int, int, Ticket], Awaitable[None]]  # (who acts, on whom, ...)
_Listed = Callable[[int, int, int], Awaitable[Sequence[Candidate]]]


class Followed(msgspec.Struct, rename="camel"):
    """Whether the viewer follows the account now, or waits to be accepted."""

    following: bool
    requested: bool


def routes(follows: FollowsService, reader: Reader) -> list[Route]:
    """What the follows service serves."""
    return [
        *_FollowRoutes(follows, reader).routes(),
        *_request_routes(follows, reader),
        *_kept_routes(
            "block", "Block", follows.block, follows.store.unblock, follows.store.blocks_of, reader
        ),
        *_kept_routes("mute", "Mute", follows.mute, follows.store.unmute, follows.store.mutes_of, reader),
    ]


class _FollowRoutes:
    def __init__(self, follows: FollowsService, reader: Reader) -> None:
        self._follows = follows
        self._reader = reader

    def routes(self) -> list[Route]:
        return [
            Route(
                "POST",
                "/follow",
                self.follow,
                "Follow an account, or ask a protected one",
                returns=Followed,
                body=FollowForm,
                needs_account=True,
                limit="follows",
                codes=("not_found", "blocked", "cannot_follow_self"),
                replay=self.replay,
            ),
            Route(
                "DELETE",
                "/follow/{userId}",
                _write(self._reader, self._follows.store.unfollow),
                "End a follow, or take back a request",
                needs_account=True,
                codes=("not_found",),
            ),
            Route(
                "GET",
                "/follow/suggestions",
                self.suggestions,
                "Whom those one follows follow, then the most followed",
                returns=list[User],
                query=Suggesting,
                needs_account=True,
            ),
        ]

    async def follow(self, call: Call) -> Answer:
        form = call.body(FollowForm)
        followee, _ = await self._reader.account(call.viewer, form.user_id)
        await self._follows.follow(call.viewer, followee.user_id, call.ticket)
        return await self.show(call, followee.user_id)

    async def show(self, call: Call, followee: int) -> Answer:
        return Answer(msgspec.json.encode(Followed(*await self._follows.standing(call.viewer, followee))))

    async def replay(self, call: Call, _subject: int) -> Answer:
        """A follow that stood before wrote no id, so the body says whom it is about."""
        form = call.body(FollowForm)
        followee, _ = await self._reader.account(call.viewer, form.user_id)
        return await self.show(call, followee.user_id)

    async def suggestions(self, call: Call) -> Answer:
        form = call.query(Suggesting)
        return Answer(json_array(await self._follows.suggestions(call.viewer, form.page_size)))


def _request_routes(follows: FollowsService, reader: Reader) -> list[Route]:
    answer = partial(Route, path="/follow/requests/{userId}", needs_account=True, codes=("not_found",))
    return [
        Route(
            "GET",
            "/follow/requests",
            _listing(reader, follows.store.requests_to),
            "Who asks to follow, newest first",
            returns=list[User],
            query=Paging,
            needs_account=True,
        ),
        answer(
            "POST",
            handler=_write(reader, follows.store.accept),
            summary="Accept a request",
            replay=_done,
        ),
        answer("DELETE", handler=_write(reader, follows.store.refuse), summary="Refuse a request"),
    ]


def _kept_routes(
    name: str, verb: str, begin: _Write, end: _Write, listed: _Listed, reader: Reader
) -> list[Route]:
    """A list that an account keeps of others."""
    one = partial(Route, path=f"/{name}/{{userId}}", needs_account=True)
    return [
        one(
            "POST",
            handler=_write(reader, begin),
            summary=f"{verb} an account",
            codes=("not_found", "cannot_block_self"),
            replay=_done,
        ),
        one("DELETE", handler=_write(reader, end), summary=f"End the {name}", codes=("not_found",)),
        Route(
            "GET",
            f"/{name}",
            _listing(reader, listed),
            f"The accounts with a {name} of one's own, newest first",
            returns=list[User],
            query=Paging,
            needs_account=True,
        ),
    ]


def _write(reader: Reader, write: _Write) -> Handler:
    """A handler of a write on the account in the path that has nothing to say."""

    async def handler(call: Call) -> Answer:
        other, _ = await reader.account(call.viewer, call.args["userId"])
        call.nothing()
        await write(call.viewer, other.user_id, call.ticket)
        return Answer()

    return handler


async def _done(call: Call, _subject: int) -> Answer:
    call.nothing()
    return Answer()


def _listing(reader: Reader, listed: _Listed) -> Handler:
    """A handler of one of the viewer's own lists."""

    async def handler(call: Call) -> Answer:
        form = call.query(Paging)
        candidates = partial(listed, call.viewer)
        page = await reader.user_page(
            call.viewer, candidates, position(form.cursor), form.page_size, own=True
        )
        return call.listing(page, form)

    return handler
