"""The made-up network that the demo shows."""

import re
from collections import Counter
from itertools import islice, pairwise
from statistics import median

import pytest

from rookery.cli.sample import SampleLike, SampleNetwork, SamplePost
from rookery.core.text import clean_text, weighted_length

NOW_MS = 1_795_305_600_000
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def network() -> SampleNetwork:
    """The network as `rookery demo` makes it."""
    return SampleNetwork(now_ms=NOW_MS)


def _may_see(network: SampleNetwork, viewer: int, author: int, follows: set[tuple[int, int]]) -> bool:
    return viewer == author or not network.accounts[author].protected or (viewer, author) in follows


def _follows(network: SampleNetwork) -> set[tuple[int, int]]:
    return {(follow.follower, follow.followee) for follow in network.follows}


def test_a_seed_decides_everything() -> None:
    """The same seed gives the same network, now and later on; another seed gives another."""
    one, same, other = (
        SampleNetwork(now_ms=NOW_MS, seed=seed, accounts=60, tweets=300) for seed in (7, 7, 8)
    )
    assert (one.accounts, one.follows, one.posts, one.likes) == (
        same.accounts,
        same.follows,
        same.posts,
        same.likes,
    )
    assert list(islice(one.next_posts(), 200)) == list(islice(same.next_posts(), 200))
    assert one.posts != other.posts


def test_accounts_could_have_signed_up(network: SampleNetwork) -> None:
    """Handles, names and bios keep to the rules of sign-up, and about one account in fifty is protected."""
    assert 1000 == len(network.accounts) == len({account.handle.lower() for account in network.accounts})
    for account in network.accounts:
        assert re.fullmatch(r"[A-Za-z0-9_]{1,15}", account.handle)
        assert account.name == clean_text(account.name)
        assert 1 <= len(account.name) <= 50
        assert len(account.bio) <= 160
    assert 5 <= sum(account.protected for account in network.accounts) <= 40
    assert not network.accounts[0].protected


def test_follows_have_hubs_and_no_repeats(network: SampleNetwork) -> None:
    """About 30 follows each, none twice or of oneself, and a few accounts with many times the usual followers."""
    follows = _follows(network)
    assert len(network.follows) == len(follows)
    assert not [pair for pair in follows if pair[0] == pair[1]]
    assert 25 <= len(follows) / len(network.accounts) <= 40
    followers = Counter(followee for _, followee in follows)
    assert max(followers.values()) > 8 * median(followers[index] for index in range(len(network.accounts)))


def test_texts_could_be_posted(network: SampleNetwork) -> None:
    """Every text but a retweet's is one that the service takes as it stands."""
    for post in network.posts:
        assert (post.kind == "retweet") == (post.text == "")
        if post.text:
            assert post.text == clean_text(post.text)
            assert weighted_length(post.text) <= 280
            assert len(post.text) <= 200
            assert not re.search(r"[{}]", post.text)


def test_texts_do_not_repeat(network: SampleNetwork) -> None:
    """Of 20,000 posts more than 15,000 have a text of their own, and no 20 tweets in a row begin twice alike."""
    assert len({post.text for post in network.posts}) > 15_000
    openings = [" ".join(post.text.split()[:6]) for post in network.posts if post.kind == "tweet"]
    repeats = sum(len(set(openings[start : start + 20])) < 20 for start in range(0, len(openings), 20))
    assert repeats <= len(openings) / 20 * 0.02


def test_posts_come_in_time_and_refer_back(network: SampleNetwork) -> None:
    """Posts fill the last week in order, and refer only to earlier ones, no retweets, that the author may see."""
    assert all(before.at_ms < after.at_ms for before, after in pairwise(network.posts))
    assert NOW_MS - 7 * DAY_MS <= network.posts[0].at_ms
    assert NOW_MS - 3_600_000 < network.posts[-1].at_ms <= NOW_MS
    follows, retweeted = _follows(network), set()
    for index, post in enumerate(network.posts):
        assert (post.kind == "tweet") == (post.target is None)
        if post.target is None:
            continue
        target = network.posts[post.target]
        assert post.target < index
        assert target.kind != "retweet"
        assert _may_see(network, post.author, target.author, follows)
        if post.kind != "reply":
            assert not network.accounts[target.author].protected
        if post.kind == "retweet":
            assert (post.author, post.target) not in retweeted
            retweeted.add((post.author, post.target))


def test_all_sorts_of_posts_and_threads(network: SampleNetwork) -> None:
    """Each kind has its share, an eighth or so has a place, and answers get answers."""
    kinds = Counter(post.kind for post in network.posts)
    assert {"tweet", "reply", "quote", "retweet"} == {kind for kind, count in kinds.items() if count > 800}
    placed = [post for post in network.posts if post.latitude is not None and post.longitude is not None]
    assert 0.09 <= len(placed) / (len(network.posts) - kinds["retweet"]) <= 0.15
    depths: dict[int, int] = {}
    for index, post in enumerate(network.posts):
        depths[index] = 1 + depths[post.target] if post.kind == "reply" and post.target is not None else 0
    assert max(depths.values()) >= 4


def test_something_trends(network: SampleNetwork) -> None:
    """A hashtag of the last day is used at least three times as much as in the six days before together."""
    recent, before = Counter[str](), Counter[str]()
    for post in network.posts:
        (recent if post.at_ms > NOW_MS - DAY_MS else before).update(re.findall(r"#\w+", post.text))
    hashtag, count = recent.most_common(1)[0]
    assert count >= 30
    assert count > 3 * before[hashtag]


def test_likes_are_allowed(network: SampleNetwork) -> None:
    """Likes are distinct, of posts that are no retweets, by others who may see them."""
    assert 40_000 == len(network.likes) == len(set(network.likes))
    follows = _follows(network)
    for like in network.likes:
        post = network.posts[like.post]
        assert post.kind != "retweet"
        assert post.author != like.account
        assert _may_see(network, like.account, post.author, follows)


def test_it_goes_on_while_one_looks() -> None:
    """After now come posts about a second apart and likes, which refer to what is there by then."""
    network = SampleNetwork(now_ms=NOW_MS, accounts=100, tweets=400)
    posts = list(network.posts)
    for entry in islice(network.next_posts(), 3000):
        if isinstance(entry, SamplePost):
            assert entry.at_ms > posts[-1].at_ms
            assert entry.target is None or entry.target < len(posts)
            posts.append(entry)
        else:
            assert isinstance(entry, SampleLike)
            assert posts[entry.post].kind != "retweet"
    made = len(posts) - len(network.posts)
    assert 900 <= (posts[-1].at_ms - NOW_MS) / made <= 1100
    assert made < 3000


@pytest.mark.parametrize("accounts", [1, 2, 7])
def test_a_handful_of_people_is_a_network_too(accounts: int) -> None:
    """Down to a single account the demo has something to show."""
    network = SampleNetwork(now_ms=NOW_MS, accounts=accounts, tweets=50)
    assert 50 == len(network.posts)
    assert all(post.author < accounts for post in network.posts)
