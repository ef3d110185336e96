-- The search index: disposable. Whatever stands here comes from the truth as it was when its last event was taken in.

CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Terms arrive ready: parted by spaces, folded, any other character belonging to them. The rowid is the tweet's id, so
-- newest first needs no sort. A change is INSERT OR REPLACE, because the old text is nowhere to be had.
CREATE VIRTUAL TABLE texts USING fts5 (
  terms, content = '', contentless_delete = 1, tokenize = "ascii tokenchars '!#$%&()*+,-./:;<=>?@[]^_`{|}~'"
);
CREATE TABLE places (tweet_id INTEGER PRIMARY KEY, latitude REAL NOT NULL, longitude REAL NOT NULL) STRICT;

-- Handles and names; the rowid is the account's id. A handle has 15 characters, and each of its prefixes a list of its own.
CREATE VIRTUAL TABLE people USING fts5 (
  terms, content = '', contentless_delete = 1, prefix = '1 2 3 4 5 6 7 8 9 10 11 12 13 14 15',
  tokenize = "ascii tokenchars '!#$%&()*+,-./:;<=>?@[]^_`{|}~'"
);

-- The hashtags of the last day by active, unprotected accounts, and how often each was used.
CREATE TABLE tagged (
  tweet_id INTEGER NOT NULL, tag TEXT NOT NULL, spelling TEXT NOT NULL, cell TEXT, PRIMARY KEY (tweet_id, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX tagged_as ON tagged (tag, tweet_id, spelling);
CREATE INDEX tagged_at ON tagged (cell, tweet_id) WHERE cell IS NOT NULL;
CREATE TABLE tag_counts (tag TEXT PRIMARY KEY, uses INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX most_used ON tag_counts (uses);
CREATE TRIGGER tag_used AFTER INSERT ON tagged BEGIN
  INSERT INTO tag_counts VALUES (NEW.tag, 1) ON CONFLICT DO UPDATE SET uses = uses + 1;
END;
CREATE TRIGGER tag_gone AFTER DELETE ON tagged BEGIN
  UPDATE tag_counts SET uses = uses - 1 WHERE tag = OLD.tag;
  DELETE FROM tag_counts WHERE tag = OLD.tag AND uses = 0;
END;
