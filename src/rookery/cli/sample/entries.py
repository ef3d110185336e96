"""What a made-up network consists of. Accounts and posts are named by their index, from 0."""

from dataclasses import dataclass
from typing import Literal

PostKind = Literal["tweet", "reply", "quote", "retweet"]


@dataclass(frozen=True, slots=True)
class SampleAccount:
    """An invented person. `handle` and `name` keep to the limits of sign-up."""

    handle: str
    name: str
    bio: str
    protected: bool


@dataclass(frozen=True, slots=True)
class SampleFollow:
    """One account follows another; where that one is protected, it has accepted."""

    follower: int
    followee: int


@dataclass(frozen=True, slots=True)
class SamplePost:
    """Something written or retweeted at `at_ms` (Unix milliseconds). `target` is the post that a reply answers, a quote
    quotes or a retweet repeats, always an earlier one that `author` may see; a retweet has no text."""

    kind: PostKind
    author: int
    text: str
    at_ms: int
    target: int | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class SampleLike:
    """An account likes a post that is no retweet."""

    account: int
    post: int
