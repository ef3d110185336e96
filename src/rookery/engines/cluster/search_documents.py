"""What stands in the index: every text and account as the truth has it now, under a version that grows with it.

The version adds up the revisions of all rows that a document is made of. Each only ever grows, so what was read later
never has a lower one, whatever the clocks say; and whoever writes last of the same version read the same or later.
"""

from collections.abc import Collection, Mapping, Sequence
from hashlib import blake2b

from rookery.core.clock import now_ms
from rookery.core.content import NO_LINKS
from rookery.core.entities import AccountState
from rookery.core.ids import is_reply
from rookery.core.text import index_terms
from rookery.engines.cluster.dynamo import Dynamo
from rookery.engines.cluster.opensearch import Document, Versioned
from rookery.engines.cluster.tables import REPLIES, TWEETS, USERS, Item, Key
from rookery.services.search.indexing import IndexedText, day_before
from rookery.services.search.people import person_words

NEVER_AGAIN = 1 << 62  # the version of what has no row any more
_WHOLE_MAX = (
    127  # characters; the analyzer that parts at spaces also parts what is longer than 255 UTF-16 units
)


async def texts_of(dynamo: Dynamo, ids: Collection[int]) -> list[Versioned]:
    """The documents of tweets and replies; a retweet has none."""
    found = await dynamo.get_all(
        {
            TWEETS: [(one,) for one in ids if not is_reply(one)],
            REPLIES: [(one,) for one in ids if is_reply(one)],
        }
    )
    rows = {**found[TWEETS], **found[REPLIES]}
    return [*await texts_from(dynamo, rows), *_missing(ids, rows)]


async def texts_from(dynamo: Dynamo, rows: Mapping[Key, Item]) -> list[Versioned]:
    """The documents of rows of TWEETS and REPLIES."""
    kept = {one: row for (one,), row in rows.items() if not row.get("original_id")}
    owners = (await dynamo.get_all({USERS: [(row["owner_id"],) for row in kept.values()]}))[USERS]
    since = day_before(now_ms())
    documents = []
    for one, row in kept.items():
        owner = owners.get((row["owner_id"],), {})
        gone = bool(row.get("deleted"))
        document = _trace(int(one)) if gone else text_document(_text(int(one), row, owner), since)
        documents.append(Versioned(int(one), _version(row, owner), document))
    return documents


async def people_of(dynamo: Dynamo, ids: Collection[int]) -> list[Versioned]:
    """The documents of accounts."""
    rows = (await dynamo.get_all({USERS: [(one,) for one in ids]}))[USERS]
    return [*people_from(rows), *_missing(ids, rows)]


def people_from(rows: Mapping[Key, Item]) -> list[Versioned]:
    """The documents of rows of USERS. Only active accounts are found."""
    return [Versioned(int(one), _version(row), _person(int(one), row)) for (one,), row in rows.items()]


def term(word: str) -> str:
    """A word as it is indexed: a very long one, of an address, under a name that no word has."""
    return word if len(word) <= _WHOLE_MAX else f"~{blake2b(word.encode(), digest_size=16).hexdigest()}"


def text_document(text: IndexedText, since: int) -> Document:
    """The fields of a tweet or reply; hashtags count where it is not older than an id."""
    terms, tags = index_terms(text.content), text.hashtags(since)
    document: Document = {
        "id": text.tweet_id,
        "words": " ".join(map(term, terms.words)),
        "marks": list(terms.marks),
        "author": str(text.owner_id),
    }
    if text.answered_id:
        document["answered"] = str(text.answered_id)
    if text.latitude is not None and text.longitude is not None:
        document["location"] = {"lat": text.latitude, "lon": text.longitude}
        document |= {"latitude": text.latitude, "longitude": text.longitude}
    if tags:
        document |= {"tags": sorted(tags), "spellings": sorted(tags.values())}
    return document


def person_document(user_id: int, handle: str, name: str) -> Document:
    """The fields of an account: a search finds it where one of `starts`, which are its words from each on to the end of
    handle or name, begins with what is sought."""
    starts = [" ".join(words[at:]) for words in person_words(handle, name) for at in range(len(words))]
    return {"id": user_id, "starts": starts}


def _person(user_id: int, row: Item) -> Document:
    if not _active(row):
        return _trace(user_id)
    return person_document(user_id, str(row["handle"]), str(row.get("name", "")))


def _text(tweet_id: int, row: Item, owner: Item) -> IndexedText:
    latitude, longitude = row.get("latitude"), row.get("longitude")
    links = row.get("links", NO_LINKS)
    assert isinstance(links, bytes)
    return IndexedText(
        tweet_id,
        int(row["owner_id"]),
        int(row.get("parent_owner_id", 0)),
        str(row["content"]),
        links,
        None if latitude is None else float(latitude),
        None if longitude is None else float(longitude),
        _active(owner) and not owner.get("protected"),
    )


def _trace(one: int) -> Document:
    return {"id": one, "gone_ms": now_ms()}


def _missing(ids: Collection[int], rows: Mapping[Key, Item]) -> Sequence[Versioned]:
    """What has no row, and an id never comes again."""
    return [Versioned(one, NEVER_AGAIN, _trace(one)) for one in ids if (one,) not in rows]


def _active(row: Item) -> bool:
    return bool(row) and row.get("state", AccountState.ACTIVE) == AccountState.ACTIVE


def _version(*rows: Item) -> int:
    return sum(int(row.get("rev", 0)) for row in rows)
