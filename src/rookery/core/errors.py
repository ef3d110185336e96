"""What can go wrong, as one tree.

RookeryError
+-- Problem            an answer to a client: status, code, a sentence (RFC 9457)
|   +-- Invalid        422 with every bad field named
|   +-- RateLimited    429 with the seconds to wait
+-- OperatorError      an answer to the person at the command line: one sentence that says what to do
    +-- ConfigError    every fault of the settings at once
"""

from collections.abc import Mapping
from dataclasses import dataclass

STATUS: Mapping[str, tuple[int, str]] = {
    "malformed": (400, "The request cannot be read"),
    "use_patch_to_edit": (400, "Use PATCH to edit"),
    "cannot_follow_self": (400, "You cannot follow yourself"),
    "cannot_block_self": (400, "You cannot block or mute yourself"),
    "not_signed_in": (401, "Not signed in"),
    "token_expired": (401, "The token has expired"),
    "token_invalid": (401, "The token is not valid"),
    "wrong_credentials": (401, "Wrong handle or password"),
    "not_yours": (403, "Not yours"),
    "blocked": (403, "Blocked"),
    "protected": (403, "Protected"),
    "origin_refused": (403, "Origin refused"),
    "not_found": (404, "Not found"),
    "method_not_allowed": (405, "Method not allowed"),
    "handle_taken": (409, "The handle is taken"),
    "too_large": (413, "Too large"),
    "unsupported_media_type": (415, "Unsupported media type"),
    "invalid": (422, "Invalid input"),
    "idempotency_mismatch": (422, "The idempotency key belongs to another request"),
    "rate_limited": (429, "Too many requests"),
    "internal": (500, "Internal error"),
    "overloaded": (503, "Overloaded"),
    "engine_unavailable": (503, "Storage unavailable"),
}


class RookeryError(Exception):
    """Anything that Rookery says no to."""


class Problem(RookeryError):
    """An answer to a client that is no success.

    `code` is a key of STATUS, `detail` a sentence for a person that holds nothing secret,
    `retry_after_s` the whole seconds after which trying again makes sense.
    """

    def __init__(self, code: str, detail: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.retry_after_s = retry_after_s

    @property
    def status(self) -> int:
        """The HTTP status that goes with the code."""
        return STATUS[self.code][0]


class Invalid(Problem):
    """Bad input: `errors` maps each bad field to what is wrong with it."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("invalid", "; ".join(f"{field}: {message}" for field, message in errors.items()))
        self.errors = dict(errors)


class RateLimited(Problem):
    """The account or address has used up a limit; `limit` is its size, `reset_s` the seconds to go."""

    def __init__(self, what: str, limit: int, reset_s: int) -> None:
        super().__init__(
            "rate_limited",
            f"The limit of {limit} {what} is used up; try again in {reset_s} s.",
            retry_after_s=reset_s,
        )
        self.limit = limit
        self.reset_s = reset_s


class OperatorError(RookeryError):
    """A sentence for the operator: what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class ConfigFault:
    """One fault of the settings: which (`server.port`), what is wrong with it, and where it was given."""

    setting: str
    problem: str
    where: str

    def __str__(self) -> str:
        return f"{self.setting} {self.problem} (from {self.where})"


class ConfigError(OperatorError):
    """Settings that cannot be used: `faults` holds every one of them."""

    def __init__(self, faults: tuple[ConfigFault, ...]) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = faults


def not_found(what: str = "tweet") -> Problem:
    """404, the same for what never was, what is gone and what the viewer may not see."""
    return Problem("not_found", f"There is no such {what}.")
