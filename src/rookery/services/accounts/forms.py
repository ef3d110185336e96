"""What a client sends about an account. No form with a password shows it in its text form."""

import re
from collections.abc import Collection, Mapping
from typing import Any, ClassVar
from unicodedata import normalize

from msgspec import UNSET, UnsetType

from rookery.core.forms import Check, Form
from rookery.core.text import clean_text
from rookery.services.accounts.passwords import check_password

NAME_MAX = 50
BIO_MAX = 160
_HANDLE = re.compile(r"[A-Za-z0-9_]{1,15}")


def check_handle(handle: str) -> str:
    """Check: 1 to 15 ASCII letters, digits and underscores."""
    if not _HANDLE.fullmatch(handle):
        raise ValueError("must be 1 to 15 letters, digits or underscores (A-Z, a-z, 0-9, _)")
    return handle


def check_name(name: str) -> str:
    """Check: 1 to NAME_MAX characters, counted after NFC; line breaks are fine as in any text."""
    text = clean_text(name)
    if len(normalize("NFC", text)) > NAME_MAX:
        raise ValueError(f"must be at most {NAME_MAX} characters")
    return text


def check_bio(bio: str) -> str:
    """Check: empty, or a text of at most BIO_MAX characters, counted after NFC."""
    text = clean_text(bio) if bio else ""
    if len(normalize("NFC", text)) > BIO_MAX:
        raise ValueError(f"must be at most {BIO_MAX} characters")
    return text


class SecretForm(Form, frozen=True):
    """A form whose values must not reach a log."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


class SignUp(SecretForm, frozen=True):
    """A new account."""

    checks: ClassVar[Mapping[str, Check]] = {
        "handle": check_handle,
        "name": check_name,
        "password": check_password,
    }
    handle: str
    name: str
    password: str

    def agree(self, given: Collection[str]) -> Mapping[str, str]:
        """The handle is not its own password."""
        if self.password and self.handle and self.password.lower() == self.handle.lower():
            return {"password": "must not be the handle"}
        return {}


class LogIn(SecretForm, frozen=True):
    """Who one is. Anything is taken, so that a handle that cannot be is answered like one that is not."""

    handle: str
    password: str


class LogOut(Form, frozen=True):
    """Which sessions to end: this one, or all."""

    everywhere: bool = False


class ProfileChange(Form, frozen=True):
    """What to change of an account; what is absent stays."""

    checks: ClassVar[Mapping[str, Check]] = {"name": check_name, "bio": check_bio}
    name: str | UnsetType = UNSET
    bio: str | UnsetType = UNSET
    protected: bool | UnsetType = UNSET


class NewPassword(SecretForm, frozen=True):
    """The password as it is and as it shall be."""

    checks: ClassVar[Mapping[str, Check]] = {"new": check_password}
    current: str
    new: str


class Farewell(SecretForm, frozen=True):
    """The password, once more, before an account is deleted."""

    password: str
