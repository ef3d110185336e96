"""The objects of the API (docs/api.md, Objects), as types: for OpenAPI, and for reading what the Reader rendered."""

from msgspec import UNSET, Struct, UnsetType


class Owner(Struct, rename="camel"):
    """The short form of an account, in a tweet."""

    user_id: str
    handle: str
    name: str
    avatar_url: str
    protected: bool


class User(Struct, rename="camel"):
    """An account; the last six fields are there for a signed-in viewer."""

    user_id: str
    handle: str
    name: str
    bio: str
    avatar_url: str
    created_time_stamp: str
    protected: bool
    follower_count: int
    following_count: int
    tweet_count: int
    following: bool | UnsetType = UNSET
    followed_by: bool | UnsetType = UNSET
    requested: bool | UnsetType = UNSET
    blocking: bool | UnsetType = UNSET
    blocked_by: bool | UnsetType = UNSET
    muting: bool | UnsetType = UNSET


class Hashtag(Struct):
    """A hashtag; start and end count code points of the content."""

    tag: str
    start: int
    end: int


class Mention(Struct, rename="camel"):
    """A mentioned handle, with the account that had it when the text was written."""

    handle: str
    user_id: str | None
    start: int
    end: int


class Url(Struct):
    """A URL in the content."""

    url: str
    start: int
    end: int


class Entities(Struct):
    """What in the content is a link."""

    hashtags: list[Hashtag]
    mentions: list[Mention]
    urls: list[Url]


class Answered(Struct, rename="camel"):
    """What a reply answers; the last two are null where that one is gone or hidden."""

    tweet_id: str
    owner_id: str | None
    handle: str | None


class Tweet(Struct, rename="camel"):
    """A tweet, quote, retweet or reply; the last two fields are there for a signed-in viewer. As a quote or an
    ancestor that the viewer cannot see it is `{tweetId, unavailable: true}`."""

    tweet_id: str
    owner_id: str | UnsetType = UNSET
    owner: Owner | UnsetType = UNSET
    kind: str | UnsetType = UNSET
    content: str | UnsetType = UNSET
    created_time_stamp: str | UnsetType = UNSET
    edited_time_stamp: str | UnsetType | None = UNSET
    in_reply_to: Answered | UnsetType | None = UNSET
    retweet_of: "Tweet | UnsetType | None" = UNSET
    quote_of: "Tweet | UnsetType | None" = UNSET
    latitude: float | UnsetType | None = UNSET
    longitude: float | UnsetType | None = UNSET
    entities: Entities | UnsetType = UNSET
    like_count: int | UnsetType = UNSET
    reply_count: int | UnsetType = UNSET
    retweet_count: int | UnsetType = UNSET
    quote_count: int | UnsetType = UNSET
    liked: bool | UnsetType = UNSET
    retweeted: bool | UnsetType = UNSET
    unavailable: bool | UnsetType = UNSET


class Version(Struct, rename="camel"):
    """A text that a tweet has or had."""

    content: str
    time_stamp: str


class Trend(Struct):
    """A hashtag, without its sign, and how many tweets of the last 24 hours have it."""

    hashtag: str
    count: int
