"""What a client may send, read into forms."""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Literal

import pytest

from rookery.core.errors import Invalid, Problem
from rookery.core.forms import Check, Form, an_id
from rookery.core.geo import half_a_place
from rookery.core.ids import ID_MAX, parse_id


class Letter(Form, frozen=True, rename="camel"):
    """A form with a field of each kind."""

    checks: ClassVar[Mapping[str, Check]] = {"answers_to": an_id}
    text: str
    answers_to: str | None = None
    copies: int = 1
    weight: float | None = None
    urgent: bool = False
    way: Literal["air", "sea"] = "air"

    def agree(self, given: Collection[str]) -> Mapping[str, str]:
        """Urgent letters fly."""
        return {"way": "must be air"} if self.urgent and self.way != "air" else {}


def faults(read: Any, raw: bytes) -> dict[str, str]:
    """What is wrong with a request."""
    with pytest.raises(Invalid) as caught:
        read(raw)
    return caught.value.errors


def test_every_fault_of_a_body_is_told_in_words() -> None:
    """Each bad field has its sentence, in no programming language's words."""
    raw = b'{"text":1,"answersTo":"x","copies":1.5,"weight":"1","urgent":"yes","way":"foot","to":"me","to":"you"}'
    assert {
        "text": "must be a string",
        "answersTo": "must be an id: a decimal string",
        "copies": "must be a whole number",
        "weight": "must be a number",
        "urgent": "must be true or false",
        "way": "must be air or sea",
        "to": "is given twice",
    } == faults(Letter.of_json, raw)
    assert {"text": "is required", "extra": "is not a field of this request"} == faults(
        Letter.of_json, b'{"extra":1}'
    )
    assert {"way": "must be air", "text": "is required"} == faults(
        Letter.of_json, b'{"urgent":true,"way":"sea"}'
    )


def test_every_fault_of_a_query_is_told_in_words() -> None:
    """Numbers are read from text, whole ones from digits alone; a parameter comes once, and in UTF-8."""
    assert Letter(text="a b", copies=3, weight=0.5) == Letter.of_query(b"text=a+b&copies=3&weight=5e-1")
    assert {
        "text": "must be UTF-8",
        "copies": "must be a whole number",
        "weight": "must be a number",
        "x": "is given twice",
    } == faults(Letter.of_query, b"text=%ff&copies=3.0&weight=&x=1&x=2")
    for null in (b"null", b"NULL", b"None", b""):
        assert {"weight": "must be a number"} == faults(Letter.of_query, b"text=a&weight=" + null)
    assert "null" == Letter.of_query(b"text=null").text
    assert faults(Letter.of_query, b"text=a&copies=%d9%a3") == {"copies": "must be a whole number"}


@pytest.mark.parametrize("raw", [b'{"text":"text"}', b'{"text":"\\"text\\""}', b'{"text":"a","copies":2}'])
def test_what_reads_like_a_name_is_no_second_one(raw: bytes) -> None:
    """A value that equals a field's name is a value."""
    assert Letter.of_json(raw).text


@pytest.mark.parametrize("name", [b"text", b"te\\u0078t"])
def test_a_name_given_twice_is_found(name: bytes) -> None:
    """Also where the object would be good with either, and however it is spelt."""
    assert {"text": "is given twice"} == faults(Letter.of_json, b'{"text":"a","%b":"b"}' % name)


@pytest.mark.parametrize(
    "raw", [b"[]", b"{", b'{"text":"\xff"}', b"\xef\xbb\xbf{}", b'{"text":NaN}', b"[" * 9_000]
)
def test_what_is_no_object_is_malformed(raw: bytes) -> None:
    """Such a body has no fields that could be named."""
    with pytest.raises(Problem) as caught:
        Letter.of_json(raw)
    assert "malformed" == caught.value.code


def test_half_a_place_is_named() -> None:
    """The half that is missing is told, whatever is wrong with the other."""
    assert {} == half_a_place([]) == half_a_place(["latitude", "longitude", "x"])
    assert ["latitude"] == list(half_a_place(["longitude"]))
    assert ["longitude"] == list(half_a_place(["latitude"]))


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "+1", "01", "1.0", "1e3", " 1", "1 ", "٣", "²", str(ID_MAX + 1)]
)
def test_an_id_is_written_in_one_way(text: str) -> None:
    """Anything but the digits of a number from 1 to 2^63-1 is no id."""
    assert parse_id(text) is None
    assert (1, ID_MAX) == (parse_id("1"), parse_id(str(ID_MAX)))
