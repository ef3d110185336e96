"""Generated avatars: a bird of one's own, made from the user id alone, with the first letter of the name on it."""

import colorsys
import hashlib
import unicodedata
from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple, TypeVar

import regex

T = TypeVar("T")

_NAME_MAX = 50
_CLUSTER_MAX = 12  # code points: a family emoji has 7, a stack of accents has no end
_NOT_XML = regex.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CLUSTER = regex.compile(r"\X")
_SHOWS = regex.compile(r"[\p{L}\p{N}\p{So}\p{Sk}]")


class Palette(NamedTuple):
    """Colours as #rrggbb; `ink` can be read on `body`, which stands out from `sky` and `far`."""

    sky: str
    far: str
    body: str
    shade: str
    beak: str
    ink: str


class _Bird(NamedTuple):
    """A shape, and where the letter stands on it: its middle and its base line, in the square of 96."""

    shape: str
    letter_x: int
    letter_y: int


class Choices:
    """The choices an id makes: spread over all ids, and the same on every machine and in every release."""

    def __init__(self, user_id: int) -> None:
        self._left = int.from_bytes(hashlib.blake2b(b"avatar %d" % user_id, digest_size=24).digest())

    def number(self, count: int) -> int:
        """A number from 0 to count - 1."""
        self._left, number = divmod(self._left, count)
        return number

    def one(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.number(len(options))]


def _hills(choices: Choices, palette: Palette) -> str:
    crest = 56 + 4 * choices.number(4)
    return f'<path fill="{palette.far}" d="M0 {crest}q24-22 48-4t48-8v60H0z"/>'


def _sun(choices: Choices, palette: Palette) -> str:
    x, radius = choices.one((30, 48, 66)), choices.one((30, 36, 40))
    return f'<circle cx="{x}" cy="44" r="{radius}" fill="{palette.far}"/>'


def _stripes(choices: Choices, palette: Palette) -> str:
    width = choices.one((8, 12, 16))
    turn = choices.one((0, 45, 90, 135))
    path = f"M-30 {48 - 2.6 * width:g}h156M-30 48h156M-30 {48 + 2.6 * width:g}h156"
    return (
        f'<path stroke="{palette.far}" stroke-width="{width}" transform="rotate({turn} 48 48)" d="{path}"/>'
    )


def _rays(choices: Choices, palette: Palette) -> str:
    turn = choices.one((0, 10, 20, 30))
    path = "M48 48L30-40h36zM48 48L130 12v-60zM48 48l82 36-4 46zM48 48L30 140h36zM48 48L-34 84v46zM48 48L-34 12v-60z"
    return f'<path fill="{palette.far}" transform="rotate({turn} 48 48)" d="{path}"/>'


def _snow(choices: Choices, palette: Palette) -> str:
    dots = "".join(
        f"M{x + choices.number(8)} {y + choices.number(8)}h0"
        for x in (4, 26, 48, 70, 88)
        for y in (6, 40, 74)
    )
    return f'<path stroke="{palette.far}" stroke-width="9" stroke-linecap="round" d="{dots}"/>'


def _eye(x: float, y: float, radius: float) -> str:
    return (
        f'<circle cx="{x}" cy="{y}" r="{radius}" fill="#fff"/>'
        f'<circle cx="{x}" cy="{y}" r="{radius * 0.55:.1f}" fill="#22201c"/>'
    )


def _egg(choices: Choices, palette: Palette) -> _Bird:
    speckles = (
        (34, 38),
        (50, 26),
        (62, 38),
        (27, 54),
        (69, 56),
        (32, 72),
        (63, 74),
        (48, 80),
        (42, 32),
        (58, 30),
    )
    dots = "".join(f"M{x} {y}h0" for x, y in speckles if choices.number(5) > 1)
    size = choices.one((5, 7, 9))
    return _Bird(
        f'<path fill="{palette.body}" d="M48 10c17 0 29 24 29 44a29 32 0 0 1-58 0c0-20 12-44 29-44z"/>'
        f'<path stroke="{palette.shade}" stroke-width="{size}" stroke-linecap="round" d="{dots}"/>',
        48,
        65,
    )


def _owl(choices: Choices, palette: Palette) -> _Bird:
    tuft = choices.one((8, 14, 20))
    look, size = choices.one((-3, 0, 3)), choices.one((10, 12))
    eyes = "".join(
        f'<circle cx="{x}" cy="38" r="{size}" fill="#fff"/><circle cx="{x + look}" cy="38" r="5" fill="#22201c"/>'
        for x in (36, 60)
    )
    wings = "M20 50q-9 16 4 28zM76 50q9 16-4 28z" if choices.number(2) else ""
    return _Bird(
        f'<path fill="{palette.shade}" d="{wings}"/>'
        f'<path fill="{palette.body}" d="M20 {tuft}l14 10h28l14-10v46a28 {88 - tuft - 46} 0 0 1-56 0z"/>'
        f'{eyes}<path fill="{palette.beak}" d="M43 45h10l-5 9z"/>',
        48,
        80,
    )


def _songbird(choices: Choices, palette: Palette) -> _Bird:
    crest = choices.one(
        ("", "M52 24l-8-16 18 11z", "M52 24l-2-18 7 10 5-10 4 16z", "M46 28q-4-16-16-16 14 0 30 8z")
    )
    tail = choices.one(("M28 58L2 42l4 26z", "M28 52L4 66l10 10z", "M30 50L6 30l-2 12 8 2-6 8z"))
    beak = choices.one(("M75 30l17 7-17 6z", "M75 28l12 9-12 8z", "M75 33l20 3-20 5z"))
    flip = ' transform="matrix(-1 0 0 1 96 0)"' if choices.number(2) else ""
    return _Bird(
        f'<g{flip}><path fill="{palette.shade}" d="{tail}{crest}"/><path fill="{palette.beak}" d="{beak}"/>'
        f'<g fill="{palette.body}"><circle cx="44" cy="60" r="27"/><circle cx="62" cy="36" r="17"/></g>'
        f"{_eye(66, 33, 5)}</g>",
        52 if flip else 44,
        72,
    )


def _hatchling(choices: Choices, palette: Palette) -> _Bird:
    tuft = choices.one(("", "M46 18q-8-8-2-14 0 8 6 14z", "M44 18l-3-12 7 7 7-7-3 12z"))
    cap = f'<path fill="{palette.body}" d="M31 24q17-26 34 0l-6-4-5 5-6-5-6 5-5-5z"/>' if not tuft else ""
    gap = choices.one((8, 10))
    return _Bird(
        f'<g fill="{palette.beak}"><path d="{tuft}"/><circle cx="48" cy="38" r="23"/></g>{cap}'
        f"{_eye(48 - gap, 35, 5)}{_eye(48 + gap, 35, 5)}"
        f'<path fill="{palette.shade}" d="M43 41h10l-5 7z"/>'
        f'<path fill="{palette.body}" d="M17 50l10 7 11-7 10 7 10-7 11 7 10-7c0 26-12 40-31 40S17 76 17 50z"/>',
        48,
        83,
    )


def _feather(choices: Choices, palette: Palette) -> _Bird:
    bend = choices.one((-1, 1))
    turn = choices.one((14, 24, 34)) * bend
    notches = choices.one(("M20 62l13-2-11 9z", "M76 48l-13 3 13 6z", "M20 62l13-2-11 9zM77 44l-13 3 13 6z"))
    return _Bird(
        f'<g transform="rotate({turn} 48 50)">'
        f'<path fill="{palette.body}" d="M48 4c24 16 34 40 24 62-5 10-14 15-24 17-10-2-19-7-24-17C14 44 24 20 48 4z"/>'
        f'<path stroke="{palette.shade}" stroke-width="3" stroke-linecap="round" d="M48 16v78"/>'
        f'<path fill="{palette.sky}" d="{notches}"/></g>'
        f'<circle cx="48" cy="53" r="18" fill="{palette.body}"/>',
        48,
        64,
    )


_SCENES = (_hills, _sun, _stripes, _rays, _snow)
_BIRDS = (_egg, _owl, _songbird, _hatchling, _feather)


def avatar_svg(user_id: int, name: str) -> bytes:
    """A self-contained square SVG under 2 KB, of which everything important lies in the inscribed circle.

    No scripts, styles or links, so that it may be shown under any content security policy. Any `name` is safe.
    """
    choices = Choices(user_id)
    palette = palette_of(choices)
    scene = choices.one(_SCENES)(choices, palette)
    draw: Callable[[Choices, Palette], _Bird] = choices.one(_BIRDS)
    bird = draw(choices, palette)
    title = escape(_NOT_XML.sub("", name)[:_NAME_MAX])
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" width="96" height="96" role="img">'
        f'<title>{title}</title><path fill="{palette.sky}" d="M0 0h96v96H0z"/>{scene}{bird.shape}'
        f'<text x="{bird.letter_x}" y="{bird.letter_y}" fill="{palette.ink}" font-size="30" font-weight="700"'
        f' font-family="system-ui,sans-serif" text-anchor="middle">{escape(initial(name))}</text></svg>'
    ).encode()


def initial(name: str) -> str:
    """The first character of a name as readers see it, in upper case where that is one: a letter with its accents, an
    emoji with its joiners. Punctuation and marks of direction before it are passed over; empty if there is no such."""
    for cluster in _CLUSTER.findall(unicodedata.normalize("NFC", _NOT_XML.sub("", name))):
        if _SHOWS.search(cluster):
            upper: str = cluster.upper()
            return (upper if len(upper) == len(cluster) else cluster)[:_CLUSTER_MAX]
    return ""


def palette_of(choices: Choices) -> Palette:
    """Two hues far enough apart, one light and one dark, and a warm beak."""
    hue = choices.number(24) / 24
    other = hue + choices.one((0.3, 0.4, 0.5, 0.6, 0.7))
    if choices.number(2):
        sky, far, body, shade = (0.87, 0.8), (0.78, 0.62), (0.36, 0.62), (0.27, 0.6)
    else:
        sky, far, body, shade = (0.33, 0.45), (0.26, 0.48), (0.8, 0.8), (0.68, 0.65)
    ink = "#ffffff" if body[0] < 0.5 else "#22201c"
    beak = _colour(0.09 + choices.number(4) * 0.015, 0.55, 0.95)
    return Palette(
        _colour(hue, *sky), _colour(hue, *far), _colour(other, *body), _colour(other, *shade), beak, ink
    )


def _colour(hue: float, lightness: float, saturation: float) -> str:
    """#rrggbb; hues 0-1. Yellows and greens look lighter than blues: they are darkened to match."""
    red, green, blue = colorsys.hls_to_rgb(hue % 1, lightness, saturation)
    seen = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    dim = min(1.0, (lightness + 0.04) / seen) if seen else 1.0
    return "#" + "".join(f"{round(255 * part * dim):02x}" for part in (red, green, blue))
