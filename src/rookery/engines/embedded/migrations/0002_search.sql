-- Texts with a place have a term for their finest cell too, so all is made anew. The most used hashtags come out of
-- their index in order, also where very many were used equally often.

DELETE FROM meta WHERE name = 'offset';
DROP INDEX most_used;
CREATE INDEX most_used ON tag_counts (uses DESC, tag);
