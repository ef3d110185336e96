"""How two people stand to each other: follows, requests, blocks and mutes."""
