"""Whom an account might like to follow, out of a bounded part of the graph."""

from collections.abc import Sequence

import apsw

from rookery.engines.embedded.connections import rows_of

FOLLOWEES_MAX = 100  # of the viewer, the newest; as many again of each of them: 10,000 edges, at most 6 ms
POPULAR_MAX = 500  # most followed accounts that are looked at

_NEAR = """
WITH mine AS (
  SELECT other_id AS near FROM edges WHERE viewer_id = ?1 AND follow_id IS NOT NULL ORDER BY follow_id DESC LIMIT ?2
), found AS (
  SELECT e.other_id AS found, count(*) AS shared FROM mine JOIN edges e ON e.viewer_id = near
  WHERE e.follow_id >= coalesce((
    SELECT follow_id FROM edges WHERE viewer_id = near AND follow_id IS NOT NULL
    ORDER BY follow_id DESC LIMIT 1 OFFSET ?2 - 1), 1)
  GROUP BY e.other_id
)
SELECT found FROM found JOIN users u ON u.user_id = found LEFT JOIN follow_counts c ON c.user_id = found
WHERE state = 0 AND found <> ?1 AND NOT EXISTS (SELECT 1 FROM edges WHERE viewer_id = ?1 AND other_id = found)
ORDER BY shared DESC, c.followers DESC, found LIMIT ?3"""
_POPULAR = """
WITH popular AS (SELECT user_id, followers FROM follow_counts WHERE followers > 0 ORDER BY followers DESC LIMIT ?2)
SELECT user_id FROM popular JOIN users USING (user_id)
WHERE state = 0 AND user_id <> ?1 AND NOT EXISTS (SELECT 1 FROM edges WHERE viewer_id = ?1 AND other_id = user_id)
ORDER BY followers DESC, user_id LIMIT ?3"""


def suggested(connection: apsw.Connection, viewer: int, limit: int) -> Sequence[int]:
    """Active accounts with which the viewer has no edge (no follow, request, block either way or mute), best first.

    First those whom the viewer's newest FOLLOWEES_MAX followees follow (their newest FOLLOWEES_MAX each), by how many
    of them do, then by followers; then the most followed of all.
    """
    near = [one for (one,) in rows_of(connection, _NEAR, (viewer, FOLLOWEES_MAX, limit))]
    if len(near) == limit:
        return near
    popular = [one for (one,) in rows_of(connection, _POPULAR, (viewer, POPULAR_MAX, limit))]
    return list(dict.fromkeys([*near, *popular]))[:limit]
