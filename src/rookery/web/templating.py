"""The templates, and what they may use."""

import secrets
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from rookery.web import formats
from rookery.web.links import tag_path
from rookery.web.static import Statics

_FOLDER = Path(__file__).parent / "templates"


def environment(statics: Statics) -> Environment:
    """Everything is escaped, and a name that is not given is a fault."""
    made = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["static"] = statics.url
    made.globals["form_key"] = partial(secrets.token_hex, 8)
    made.globals["tag_path"] = tag_path
    made.filters["exact"] = formats.exact
    made.filters["day"] = formats.day
    made.filters["month"] = formats.month
    made.filters["compact"] = formats.compact
    return made
