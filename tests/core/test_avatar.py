"""Generated avatars."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rookery.core.avatar import Choices, avatar_svg, initial, palette_of

SVG = "{http://www.w3.org/2000/svg}"
SHAPES = {"svg", "title", "path", "circle", "g", "text"}


def _parsed(svg: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - our own output


def _luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@given(st.integers(1, 2**63 - 1), st.text(max_size=60))
def test_any_name_gives_a_small_inert_image(user_id: int, name: str) -> None:
    """Whatever the id and name are, the avatar is well-formed SVG under 2 KB, made of plain shapes only."""
    svg = avatar_svg(user_id, name)
    assert len(svg) < 2048
    root = _parsed(svg)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= SHAPES
    attributes = {name.lower() for element in root.iter() for name in element.attrib}
    assert not [name for name in attributes if name.startswith("on") or name in {"style", "href", "class"}]


def test_the_name_is_told_to_those_who_cannot_see_it() -> None:
    """The image has the role of one, and the name, markup and all, as its title."""
    root = _parsed(avatar_svg(7, 'Ann <b> & "Bob"'))
    assert "img" == root.get("role")
    assert 'Ann <b> & "Bob"' == root.findtext(f"{SVG}title")
    assert "A" == root.findtext(f"{SVG}text")


def test_an_account_keeps_its_avatar_and_differs_from_its_neighbours() -> None:
    """The same id gives the same picture, and of 2,000 neighbouring ids hardly two share one."""
    assert avatar_svg(41, "Ann") == avatar_svg(41, "Ann")
    assert len({avatar_svg(user_id, "Ann") for user_id in range(2000)}) > 1900


def test_renaming_changes_nothing_but_the_letter_and_the_title() -> None:
    """People go on recognising an account that took another name."""
    renamed = avatar_svg(41, "Zoë").replace(b">Z<", b">A<").replace("Zoë".encode(), b"Ann")
    assert avatar_svg(41, "Ann") == renamed


def test_the_letter_can_be_read() -> None:
    """The letter stands out from the shape it is on by 4.5:1, the contrast that WCAG 2 AA asks of text."""
    for user_id in range(500):
        palette = palette_of(Choices(user_id))
        darker, lighter = sorted((_luminance(palette.body), _luminance(palette.ink)))
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5
        assert palette.body.encode() in avatar_svg(user_id, "Ann")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ada", "A"),
        ("  «Élodie»", "É"),
        ("e\u0301lodie", "É"),
        ("ßen", "ß"),
        ("陽菜", "陽"),
        ("ليلى", "ل"),
        ("\u200fليلى", "ل"),
        ("👩🏽‍🚀 Juno", "👩🏽‍🚀"),
        ("🇯🇵", "🇯🇵"),
        ("_7up", "7"),
        ("...", ""),
        ("", ""),
    ],
)
def test_initial(name: str, expected: str) -> None:
    """The initial is the first whole character that a reader of the name's script would name."""
    assert expected == initial(name)
