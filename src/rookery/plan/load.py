"""The load: how many people come, and what each of them does in a day.

Every ratio has a default and says where that comes from; one that nobody publishes says "assumed".
"""

import math
from dataclasses import dataclass, field, fields, replace

from rookery.core.errors import OperatorError

DAY_S = 86_400
DAU_MAX = 1e10  # more than there are people

S1 = "Twitter's Form S-1 of 3 October 2013"
DDIA = "M. Kleppmann, Designing Data-Intensive Applications (2017), chapter 1, after R. Krikorian, QCon 2012"
PEW = "Pew Research Center, The Behaviors and Attitudes of U.S. Adults on Twitter (November 2021)"


def ratio(default: float, doc: str, source: str, *, most: float = math.inf) -> float:
    """A field of Load: what it is, where its default comes from, and the most that it may be."""
    metadata = {"doc": doc, "source": source, "most": most}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Load:
    """People and their day. Numbers of things are means over all daily users; shares lie between 0 and 1."""

    dau: float = ratio(
        100_000_000,
        "Daily active users.",
        "the size that Rookery is designed for, and Twitter's of 2013",
        most=DAU_MAX,
    )
    posts_per_user: float = ratio(
        5, "Tweets, replies, retweets and quotes of a user in a day.", f"{S1}: 500M a day of 100M daily users"
    )
    retweet_share: float = ratio(0.49, "Share of posts that are retweets.", f"{PEW}: 49% of posts", most=1)
    reply_share: float = ratio(0.33, "Share of posts that are replies.", f"{PEW}: 33% of posts", most=1)
    reads_per_user: float = ratio(
        259.2,
        "Feed pages that a user's clients ask for in a day.",
        f"{DDIA}: 300,000 home timelines a second, over the 100M daily users of the S-1; the S-1 counts 150.9bn"
        " timelines looked at in a quarter, 16.6 a daily user and day: clients ask far more often than people look",
    )
    profiles_per_user: float = ratio(
        8.3,
        "Pages of another account's tweets that a user opens in a day.",
        "half of the 16.6 timelines of the S-1, as DeathStarBench's social network mixes 30% of these with 60% feeds",
    )
    searches_per_user: float = ratio(
        8,
        "Searches of a user in a day.",
        "800M searches a day (B. Stone, Aspen Ideas Festival, July 2010); over 100M users: assumed",
    )
    likes_per_user: float = ratio(5, "Likes of a user in a day.", "assumed: as many as posts")
    follows_per_user: float = ratio(0.1, "New follows of a user in a day.", "assumed: three a month")
    follows: float = ratio(
        208,
        "Accounts that one follows, which is as many as follow one.",
        "Beevolve, October 2012: 208 followers",
    )
    delivered_share: float = ratio(
        0.36,
        "Share of an author's followers to whose feeds a post is written: who came in the last month, of no celebrity.",
        f"{DDIA}: a tweet goes to 75 feeds, of 208 followers",
        most=1,
    )
    monthly_per_daily: float = ratio(
        2.15,
        "Users of a month for each of a day: so many feeds are kept.",
        f"{S1}: 215M monthly, 100M daily users",
    )
    hour_share: float = ratio(
        0.2,
        "Share of a day's users who read in its busiest hour: so long their rows are cached.",
        "assumed",
        most=1,
    )
    cold_share: float = ratio(0.05, "Share of feed pages of which no row is cached.", "assumed", most=1)
    months: float = ratio(12, "Months that tweets are kept, for sizes that grow.", "assumed", most=1_200)
    peak: float = ratio(
        5,
        "Times the mean load at the peak.",
        f"assumed; {DDIA}: 12,000 tweets a second at the peak, 4,600 on average",
    )
    busy_share: float = ratio(
        0.6,
        "Share of a processor that a process may use at the peak, so that queues stay short.",
        "assumed",
        most=1,
    )

    def at(self, dau: float) -> "Load":
        """The same people, more or fewer of them."""
        return replace(self, dau=dau)


def checked(load: Load) -> Load:
    """A load that can be. Raises OperatorError with every fault."""
    faults = []
    for one in fields(load):
        value, most = getattr(load, one.name), one.metadata["most"]
        if not (math.isfinite(value) and 0 <= value <= most):
            bound = "0 or more" if math.isinf(most) else f"from 0 to {most:,.0f}"
            faults.append(f"{option(one.name)} {value:g} must be {bound}")
    faults += [
        f"{option(name)} {getattr(load, name):g} must be {least:g} or more"
        for name, least in (("dau", 1), ("peak", 1), ("busy_share", 0.01))
        if 0 <= getattr(load, name) < least
    ]
    if load.retweet_share + load.reply_share > 1:
        faults.append("--retweet-share and --reply-share together must be at most 1")
    if faults:
        raise OperatorError(f"There is no such load: {'; '.join(faults)}.")
    return load


def option(name: str) -> str:
    """The option of `rookery plan` that sets a field."""
    return f"--{name.replace('_', '-')}"
