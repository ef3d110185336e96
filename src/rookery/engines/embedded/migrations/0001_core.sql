-- The truth. Each table has one service that writes it (docs/architecture.md, Who owns what).

CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- accounts
CREATE TABLE users (
  user_id INTEGER PRIMARY KEY, handle TEXT NOT NULL, handle_folded TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL, bio TEXT NOT NULL, protected INTEGER NOT NULL DEFAULT 0, state INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE credentials (user_id INTEGER PRIMARY KEY, password_hash TEXT NOT NULL) STRICT;
CREATE TABLE sessions (
  session_id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, token_hash BLOB NOT NULL UNIQUE,
  created_ms INTEGER NOT NULL, used_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_of ON sessions (user_id);
CREATE TABLE signing_keys (key_id TEXT PRIMARY KEY, private_jwk BLOB NOT NULL, created_ms INTEGER NOT NULL) STRICT;

-- tweets: a deleted row keeps its ids and loses its text
CREATE TABLE tweets (
  tweet_id INTEGER PRIMARY KEY, owner_id INTEGER NOT NULL, original_id INTEGER NOT NULL DEFAULT 0,
  quoted_id INTEGER NOT NULL DEFAULT 0, content TEXT NOT NULL, links BLOB NOT NULL, latitude REAL, longitude REAL,
  edited_ms INTEGER NOT NULL DEFAULT 0, rev INTEGER NOT NULL DEFAULT 1, deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX tweets_of ON tweets (owner_id, tweet_id, original_id) WHERE deleted = 0;
CREATE UNIQUE INDEX retweets_of ON tweets (original_id, owner_id) WHERE original_id > 0 AND deleted = 0;
CREATE INDEX retweets_by_time ON tweets (original_id, tweet_id) WHERE original_id > 0 AND deleted = 0;
CREATE INDEX quotes_of ON tweets (quoted_id, tweet_id) WHERE quoted_id > 0 AND deleted = 0;
CREATE INDEX public_tweets ON tweets (tweet_id) WHERE original_id = 0 AND deleted = 0;
CREATE TABLE tweet_versions (
  tweet_id INTEGER NOT NULL, rev INTEGER NOT NULL, content TEXT NOT NULL, at_ms INTEGER NOT NULL,
  PRIMARY KEY (tweet_id, rev)
) STRICT, WITHOUT ROWID;
CREATE TABLE likes (
  user_id INTEGER NOT NULL, tweet_id INTEGER NOT NULL, like_id INTEGER NOT NULL, PRIMARY KEY (user_id, tweet_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX likes_by ON likes (user_id, like_id);
CREATE UNIQUE INDEX likers_of ON likes (tweet_id, like_id);
-- likes, retweets and quotes of tweets and of replies
CREATE TABLE tweet_counts (
  tweet_id INTEGER PRIMARY KEY, likes INTEGER NOT NULL DEFAULT 0, retweets INTEGER NOT NULL DEFAULT 0,
  quotes INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE tweet_authors (user_id INTEGER PRIMARY KEY, tweets INTEGER NOT NULL) STRICT;
CREATE TABLE loaded_rows (row_hash BLOB PRIMARY KEY, tweet_id INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- replies
CREATE TABLE replies (
  reply_id INTEGER PRIMARY KEY, owner_id INTEGER NOT NULL, parent_id INTEGER NOT NULL, parent_owner_id INTEGER NOT NULL,
  content TEXT NOT NULL, links BLOB NOT NULL, latitude REAL, longitude REAL,
  edited_ms INTEGER NOT NULL DEFAULT 0, rev INTEGER NOT NULL DEFAULT 1, deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX replies_to ON replies (parent_id, reply_id) WHERE deleted = 0;
CREATE INDEX replies_of ON replies (owner_id, reply_id) WHERE deleted = 0;
CREATE TABLE reply_versions (
  reply_id INTEGER NOT NULL, rev INTEGER NOT NULL, content TEXT NOT NULL, at_ms INTEGER NOT NULL,
  PRIMARY KEY (reply_id, rev)
) STRICT, WITHOUT ROWID;
CREATE TABLE reply_counts (tweet_id INTEGER PRIMARY KEY, replies INTEGER NOT NULL) STRICT;
CREATE TABLE reply_authors (user_id INTEGER PRIMARY KEY, replies INTEGER NOT NULL) STRICT;

-- follows: a row says what holds from the viewer to the other; an id column holds when it began, NULL where it does not hold
CREATE TABLE edges (
  viewer_id INTEGER NOT NULL, other_id INTEGER NOT NULL, follow_id INTEGER, request_id INTEGER, block_id INTEGER,
  blocked_by INTEGER NOT NULL DEFAULT 0, mute_id INTEGER, PRIMARY KEY (viewer_id, other_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX followers_of ON edges (other_id, follow_id) WHERE follow_id IS NOT NULL;
CREATE INDEX followees_of ON edges (viewer_id, follow_id) WHERE follow_id IS NOT NULL;
CREATE INDEX requests_to ON edges (other_id, request_id) WHERE request_id IS NOT NULL;
CREATE INDEX blocks_of ON edges (viewer_id, block_id) WHERE block_id IS NOT NULL;
CREATE INDEX mutes_of ON edges (viewer_id, mute_id) WHERE mute_id IS NOT NULL;
CREATE INDEX muters_of ON edges (other_id) WHERE mute_id IS NOT NULL;
CREATE TABLE follow_counts (
  user_id INTEGER PRIMARY KEY, followers INTEGER NOT NULL DEFAULT 0, following INTEGER NOT NULL DEFAULT 0,
  celebrity_ms INTEGER
) STRICT;
CREATE INDEX celebrities ON follow_counts (user_id) WHERE celebrity_ms IS NOT NULL;
CREATE INDEX most_followed ON follow_counts (followers);

-- the gateway's, written in the write's own transaction
CREATE TABLE idempotency_keys (
  account INTEGER NOT NULL, key TEXT NOT NULL, fingerprint BLOB NOT NULL, subject INTEGER NOT NULL,
  at_ms INTEGER NOT NULL, PRIMARY KEY (account, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_age ON idempotency_keys (at_ms);
CREATE TABLE rate_windows (
  what TEXT NOT NULL, subject TEXT NOT NULL, start_ms INTEGER NOT NULL, ends_ms INTEGER NOT NULL, used INTEGER NOT NULL,
  PRIMARY KEY (what, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX rate_age ON rate_windows (ends_ms);

-- events, numbered by the clock of all ids in commit order
CREATE TABLE outbox (
  event_id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, actor INTEGER NOT NULL, subject INTEGER NOT NULL,
  other INTEGER NOT NULL, backdated INTEGER NOT NULL
) STRICT;

INSERT INTO meta VALUES ('last_id', 0), ('outbox_trimmed', 0), ('upkeep_offset', 0), ('epoch', abs(random()));
