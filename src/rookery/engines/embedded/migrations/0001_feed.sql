-- Feeds: disposable. A feed exists where its header does; it is complete down to floor.

CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE headers (viewer_id INTEGER PRIMARY KEY, token INTEGER NOT NULL, floor INTEGER NOT NULL) STRICT;
CREATE TABLE entries (
  viewer_id INTEGER NOT NULL, tweet_id INTEGER NOT NULL, original_id INTEGER NOT NULL, PRIMARY KEY (viewer_id, tweet_id)
) STRICT, WITHOUT ROWID;
