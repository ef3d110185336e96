"""What the search store finds, against the definitions read off in plain Python."""

import asyncio
import csv
import random
from collections.abc import AsyncIterator, Iterator
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rookery.core.clock import now_ms
from rookery.core.content import NewText, OldText
from rookery.core.geo import Place
from rookery.core.ids import ID_MAX, first_id_at, timestamp
from rookery.core.query import Query, parse
from rookery.core.text import index_terms, tokens
from rookery.services.search.cost import WORD_USES_MAX, affordable
from rookery.services.search.people import is_found, runs
from tests.stages.searches import ENGINES, opened
from tests.stages.searching import Documents, SearchStage, expected

YEAR_MS = 365 * 24 * 3_600_000
CITIES = ((52.52, 13.4), (48.86, 2.35), (40.71, -74.0), (-17.7, 179.98), (89.9, 12.0), (36.17, -115.14))


@pytest.fixture(params=ENGINES)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SearchStage]:
    """An empty network."""
    async with opened(request, tmp_path) as stage:
        yield stage


async def fill(stage: SearchStage, rows: list[dict[str, str]], chance: random.Random) -> list[str]:
    """Real texts by a few accounts, spread over a year and over the earth; returns the handles."""
    handles = ["ann", "Bob_1", "c"]
    authors = [await stage.account(handle) for handle in handles]
    answered = await stage.post(authors[0], "what do you all think?")

    async def write(row: dict[str, str]) -> None:
        latitude = longitude = None
        if chance.random() < 0.6:
            city = chance.choice(CITIES)
            latitude = max(-90, min(90, city[0] + chance.gauss(0, 1)))
            longitude = (city[1] + chance.gauss(0, 1) + 180) % 360 - 180
        at_ms = now_ms() - chance.randrange(1, YEAR_MS)
        old = OldText(chance.choice(authors), row["text"], at_ms, latitude, longitude)
        if chance.random() < 0.2:
            await stage.replies.load(old, answered)
        else:
            await stage.tweets.load(old, row_id=row["id"])

    for at in range(0, len(rows), 192):
        part = rows[at : at + 192]
        for few in range(0, len(part), 16):  # as many as a slow machine's DynamoDB answers in time
            await asyncio.gather(*(write(row) for row in part[few : few + 16]))
        await stage.take_in()
    return handles


def searches(documents: Documents, handles: list[str], chance: random.Random) -> Iterator[str]:
    """Searches in words for what stands somewhere: words, phrases, and every operator alone and together."""
    while True:
        text = chance.choice(documents)[1].text
        words = tokens(text)
        if not words:
            continue
        at = chance.randrange(len(words))
        day = timestamp(chance.choice(documents)[1].created_ms)[:10]
        tags = [word for word in text.split() if word[0] in "#@"] or ["#mcgregor"]
        pieces = [
            words[at],
            f'"{" ".join(words[at : at + chance.randint(2, 4)])}"',
            f"-{words[-1]}",
            f'-"{" ".join(words[:2])}"',
            chance.choice(tags),
            f"-{chance.choice(tags)}",
            f"from:{chance.choice(handles)}",
            f"to:{chance.choice(handles)}",
            f"since:{day}",
            f"until:{day}",
            "has:geo",
        ]
        yield from (words[at].upper(), pieces[1], *pieces[4:5], *pieces[6:11])
        yield " ".join(chance.sample(pieces, chance.randint(2, 3)))


def some_place(chance: random.Random) -> Place:
    """A place near where something was written."""
    latitude, longitude = chance.choice(CITIES)
    radius = chance.choice([0.1, 1, 10, 25, 60, 61, 200, 500])
    return Place(max(-90, latitude - chance.random()), longitude, radius)


async def test_finds_what_brute_force_finds(
    stage: SearchStage, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hundreds of searches of real tweets, by words, phrases, operators and places, find what the definition says,
    newest first."""
    monkeypatch.setattr(
        "rookery.core.query.index_terms", lru_cache(2_000)(index_terms)
    )  # each text is looked at 280 times
    chance = random.Random(7)
    with (shared_data / "mayweather-mcgregor_tweets.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["text"]]
    handles = await fill(stage, chance.sample(rows, 1_000), chance)
    assert [] == await stage.faults()
    documents, hits = await stage.documents(), 0
    for token in islice(searches(documents, handles, chance), 220):
        there = expected(documents, parse(token))
        assert there == await stage.found(parse(token)), token
        hits += len(there)
    for token in islice(searches(documents, handles, chance), 60):
        place, query = some_place(chance), parse(chance.choice(["", "", token]))
        there = expected(documents, query, place)
        assert there == await stage.found(query, place), (token, place)
        hits += len(there)
    assert hits > 5_000


async def test_any_text_is_found_by_itself_and_breaks_nothing(stage: SearchStage) -> None:
    """Whatever is typed means what the definition says, quotes, operators and an engine's own syntax included."""
    ann = await stage.account("ann")
    for text in (
        'a "b" c',
        "NEAR(a b)",
        "a AND b OR NOT c",
        "terms : a*",
        "#a·b ~x",
        "日本語 のテスト",
        "ภาษาไทย",
        "🇩🇪 👍🏽",
    ):
        await stage.post(ann, text)
    await stage.take_in()
    alphabet = st.text("ab\"*^:+-()#@~·日本語ไทย🇩🇪👍🏽NEAR\x00'\\ " + "{}", max_size=20)

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(alphabet)
    def typed(token: str) -> None:
        query = parse(token)
        assert (
            expected(documents, query) == asyncio.run_coroutine_threadsafe(stage.found(query), loop).result()
        )

    loop, documents = asyncio.get_running_loop(), await stage.documents()
    await asyncio.to_thread(typed)
    for one, document in documents:
        query = Query(phrases=(tuple(tokens(document.text)),))
        assert one in await stage.found(query)


async def test_the_longest_searches_are_answered(stage: SearchStage) -> None:
    """As many words and refused words as a search may have, with a place of the most cells, are no error."""
    ann = await stage.account("ann")
    words = [f"w{number}" for number in range(90)]
    first = await stage.post(ann, " ".join(words[:70]))
    await stage.take_in()
    assert [first] == await stage.found(parse(" ".join(words[:70])))
    assert [] == await stage.found(parse(" ".join(words)))
    refused = " ".join(f"-x{number}" for number in range(200))
    assert [first] == await stage.found(parse(f"w1 {refused}"))
    assert [] == await stage.found(parse(f"w1 {refused}"), Place(60, 0, 500))


async def test_the_index_follows_every_change(stage: SearchStage) -> None:
    """Edits, deletes, retweets, renames and erasure show after their events, also when these come again, late or in
    another order."""
    ann, bob = await stage.account("ann"), await stage.account("bob")
    place = {"latitude": 1.0, "longitude": 2.0}
    first = await stage.post(ann, "the first words #one")
    edited = await stage.replies.post(bob, first, NewText(content="answering the first @ann #two", **place))
    deleted = await stage.post(bob, "soon gone #three")
    await stage.tweets.store.retweet(bob, first)
    await stage.take_in()
    start = (await stage.news())[2].event_id
    await stage.replies.edit(bob, edited, "other words #four")
    await stage.tweets.delete(bob, deleted)
    await stage.rename(bob, "Robert")
    await stage.take_in()
    ways = (stage.take_in, partial(stage.again_from, start), stage.take_backwards, stage.make_anew)
    for again in ways:
        await again()
        assert [] == await stage.faults()
        assert [edited, first] == await stage.found(parse("words"))
        assert [edited] == await stage.found(parse("has:geo"))
        for gone in ("answering", "#two", "gone", "@ann"):
            assert [] == await stage.found(parse(gone)), gone
    await stage.delete_account(bob)
    await stage.take_in()
    assert [] == await stage.faults()
    assert [first] == await stage.found(parse("words"))


async def test_accounts_are_found_by_the_beginnings_of_their_words(stage: SearchStage) -> None:
    """Each word of a search begins a word of handle or name, in any case and accent; gone and disabled accounts are not
    found."""
    people = {
        await stage.account(handle): (handle, name)
        for handle, name in [
            ("anna_b", "Ännchen von Tharau"),
            ("u2", "Anna Bolika"),
            ("boli", "山田太郎"),
            ("x", "anna-lena o'hara"),
            ("Tharau", "bo"),
        ]
    }
    for user_id, (_, name) in people.items():
        await stage.rename(user_id, name)
    gone = await stage.account("anna_gone")
    await stage.delete_account(gone)
    off = await stage.account("anna_off")
    await stage.disable(off)
    await stage.take_in()
    for token in (
        "an",
        "ANNÄ",
        "anna b",
        "bo",
        "@boli",
        "山",
        "山田",
        "田太",
        "anna-l",
        "o'h",
        "tharau bo",
        "tharau-bo",
        "th v",
        "nna",
        "!",
    ):
        expected = [one for one in sorted(people, reverse=True) if is_found(runs(token), *people[one])]
        assert [(one, one) for one in expected] == await stage.store.people(runs(token), ID_MAX, 50), token
    await stage.enable(off)
    await stage.take_in()
    assert [(off, off)] == await stage.store.people(runs("anna_o"), ID_MAX, 50)
    assert [] == await stage.faults()


async def trends(stage: SearchStage, place: Place | None = None) -> dict[str, int]:
    """The hashtags of the last day with their counts."""
    return dict(await stage.store.trends(place, first_id_at(now_ms() - 86_400_000), 20))


async def test_trends_count_what_stands_and_is_open(stage: SearchStage) -> None:
    """A hashtag counts once a tweet or reply, as most spell it; edited, deleted, protected and disabled ones leave and
    come back."""
    ann, bob = await stage.account("ann"), await stage.account("bob")
    first = await stage.post(ann, "#Rook #rook and #other")
    second = await stage.post(bob, "#rook")
    await stage.replies.post(bob, first, NewText(content="#rook!"))
    await stage.tweets.store.retweet(bob, first)
    yesterday = OldText(bob, "#rook of yesterday", now_ms() - 86_400_000)
    await stage.tweets.load(yesterday, row_id="1")
    await stage.take_in()
    assert {"rook": 3, "other": 1} == await trends(stage)
    await stage.tweets.edit(ann, first, "#another")
    await stage.take_in()
    assert {"rook": 2, "another": 1} == await trends(stage)
    await stage.protect(bob)
    await stage.take_in()
    assert {"another": 1} == await trends(stage)
    await stage.open(bob)
    await stage.disable(ann)
    await stage.take_in()
    assert {"rook": 2} == await trends(stage)
    await stage.enable(ann)
    await stage.tweets.delete(bob, second)
    await stage.take_in()
    assert {"rook": 1, "another": 1} == await trends(stage)
    assert [] == await stage.faults()


async def test_trends_of_a_place(stage: SearchStage) -> None:
    """With a place only what was written in it counts."""
    ann = await stage.account("ann")
    tweet = await stage.post(ann, "#everywhere")
    for latitude in (52.5, 52.6, 48.0):
        text = NewText(content=f"#at{latitude:.0f}", latitude=latitude, longitude=13.4)
        await stage.replies.post(ann, tweet, text)
    await stage.take_in()
    assert {"at52": 1, "at53": 1} == await trends(stage, Place(52.5, 13.4, 50))
    assert {"everywhere": 1, "at52": 1, "at53": 1, "at48": 1} == await trends(stage)


async def test_scores_and_ranges(stage: SearchStage) -> None:
    """A score adds up likes, replies and retweets, of an account its followers; a range has both its ends."""
    ann, bob = await stage.account("ann"), await stage.account("andy")
    made = [await stage.post(ann, "rook") for _ in range(4)]
    await stage.tweets.store.like(bob, made[1])
    await stage.tweets.store.retweet(bob, made[1])
    await stage.replies.post(bob, made[2], NewText(content="fine"))
    await stage.take_in()
    assert {made[1]: 2, made[2]: 1, made[3]: 0} == dict(await stage.store.scored(parse("rook"), None, 3))
    assert [made[2], made[1]] == await stage.store.between(parse("rook"), None, made[1], made[2], 9)
    assert {ann: 0, bob: 0} == dict(await stage.store.scored_people(runs("an"), 9))
    assert [bob, ann] == await stage.store.people_between(runs("an"), ann, bob, 9)


async def test_few_words_in_long_phrases_are_found_as_they_stand(stage: SearchStage) -> None:
    """Phrases that repeat their words, wanted and refused, alone and together, find what the definition says, though
    the index is asked for no word more than some times."""
    chance = random.Random(3)
    ann = await stage.account("ann")
    first = await stage.post(ann, "a b a b a b a b a b")
    for number in range(120):
        text = " ".join(chance.choices("ab", k=chance.randint(3, 14)))
        if number % 4:
            await stage.post(ann, text)
        else:
            await stage.replies.post(ann, first, NewText(content=text))
    await stage.take_in()
    documents, hits = await stage.documents(), 0
    for _ in range(150):
        runs_ = [" ".join(chance.choices("ab", k=chance.randint(1, 8))) for _ in range(chance.randint(1, 4))]
        query = parse(" ".join(f'{chance.choice(("", "", "-"))}"{one}"' for one in runs_))
        there = expected(documents, query)
        assert there == await stage.found(query), query
        asked = affordable(query)
        words = [word for one in (*asked.phrases, *asked.no_phrases) for word in one]
        assert all(words.count(word) <= WORD_USES_MAX for word in words)
        hits += len(there)
    assert hits > 1_000
