"""The style sheet, the script and the pictures: read once, under an address that changes with what they hold."""

import gzip
from hashlib import blake2b
from pathlib import Path

from rookery.core.errors import not_found
from rookery.core.routes import Answer, Call, Route
from rookery.web.counting import patterns

FOLDER = Path(__file__).parent / "static"
IMMUTABLE = ("Cache-Control", "public, max-age=31536000, immutable")
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
}


class Statics:
    """Every file of the folder by name; `url` says where each is served. Scripts import one another by relative
    addresses, so all have the same folder in their address: the digest of everything."""

    def __init__(self, folder: Path = FOLDER) -> None:
        paths = sorted(path for path in folder.rglob("*") if path.suffix in _TYPES)
        contents = {path.name: path.read_bytes() for path in paths}
        assert len(contents) == len(paths), "two files have the same name"
        contents["patterns.json"] = patterns()
        digest = blake2b(digest_size=8)
        for name, content in contents.items():
            digest.update(b"%b %d " % (name.encode(), len(content)) + content)
        self.digest = digest.hexdigest()
        self._plain = {name: _answer(name, content, ()) for name, content in contents.items()}
        packed = (("Content-Encoding", "gzip"),)
        self._packed = {
            name: _answer(name, gzip.compress(content, mtime=0), packed) for name, content in contents.items()
        }

    def url(self, name: str) -> str:
        """The address of a file."""
        assert name in self._plain, name
        return f"/static/{self.digest}/{name}"

    async def serve(self, call: Call) -> Answer:
        """GET /static/{digest}/{name}. An address of another release has what there is now, and is not kept."""
        call.asked()
        takes_gzip = "gzip" in call.headers.get("accept-encoding", "")
        found = (self._packed if takes_gzip else self._plain).get(call.args["name"])
        if found is None:
            raise not_found("file")
        if call.args["digest"] == self.digest:
            return found
        return Answer(found.body, tuple(one for one in found.headers if one != IMMUTABLE), found.content_type)

    def routes(self) -> list[Route]:
        """The one route."""
        return [
            Route(
                "GET", "/static/{digest}/{name}", self.serve, "A file of the pages", limit="none", page=True
            )
        ]


def _answer(name: str, content: bytes, headers: tuple[tuple[str, str], ...]) -> Answer:
    kept = (IMMUTABLE, ("Vary", "Accept-Encoding"), *headers)
    return Answer(content, kept, _TYPES[Path(name).suffix])
