"""/docs: the OpenAPI description as a page to read, without a script."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from rookery.core.errors import STATUS

Json = Mapping[str, Any]
HTML = "text/html; charset=utf-8"

STYLE = b"""\
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --accent: #1a6ed8; }
@media (prefers-color-scheme: dark) { :root { --accent: #7ab8ff; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem 1.25rem 4rem; }
a { color: var(--accent); }
nav ul { columns: 14rem; list-style: none; padding: 0; }
code { font-family: ui-monospace, monospace; font-size: .92em; overflow-wrap: anywhere; }
article { border: 1px solid var(--line); border-radius: .5rem; margin: 1rem 0; padding: .25rem 1rem; }
article h3 { margin: .6rem 0; font-size: 1rem; font-weight: 500; }
.method { display: inline-block; min-width: 4.2rem; font-weight: 700; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem .3rem 0; text-align: left; vertical-align: top; }
:target { background: var(--soft); }
"""


def page(document: Json) -> bytes:
    """The page of an OpenAPI document made by openapi.py."""
    info = document["info"]
    tags: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            tags.setdefault(operation["tags"][0], []).append(_operation(method, path, operation))
    sections = "".join(
        f'<section id="tag-{escape(tag)}"><h2>{escape(tag)}</h2>{"".join(shown)}</section>'
        for tag, shown in tags.items()
    )
    links = "".join(f'<li><a href="#tag-{escape(tag)}">{escape(tag)}</a></li>' for tag in tags)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(info["title"])} API</title><link rel="stylesheet" href="/docs.css"></head><body>'
        f"<header><h1>{escape(info['title'])} API {escape(info['version'])}</h1>"
        f"<p>{escape(info['description'])}</p>"
        '<p>For programs: <a href="/openapi.json">/openapi.json</a>.</p></header>'
        f'<nav aria-label="Parts"><ul>{links}<li><a href="#objects">Objects</a></li>'
        f'<li><a href="#errors">Errors</a></li></ul></nav>'
        f"<main>{sections}{_objects(document['components']['schemas'])}{_problems()}</main></body></html>"
    ).encode()


def _operation(method: str, path: str, operation: Json) -> str:
    parts = [
        f'<article id="{escape(operation["operationId"])}">'
        f'<h3><span class="method">{method.upper()}</span> <code>{escape(path)}</code></h3>'
        f"<p>{escape(operation['summary'])}. {_account(operation['security'])}</p>"
    ]
    if parameters := operation.get("parameters"):
        rows = [
            (_code(one["name"]), one["in"], _kind(one["schema"]), _required(one), _text(one["schema"], one))
            for one in parameters
        ]
        parts.append(_table(("Parameter", "In", "Type", "", "What it is"), rows))
    if body := operation.get("requestBody"):
        parts.append(f"<p>Body: {_kind(body['content']['application/json']['schema'])}</p>")
    for media_type, content in operation["responses"]["200"]["content"].items():
        parts.append(f"<p>Answer: {_kind(content['schema'])} as <code>{escape(media_type)}</code></p>")
    parts.append(f"<p>Errors: {_codes(operation['responses'])}</p></article>")
    return "".join(parts)


def _account(security: Sequence[Json]) -> str:
    if not security:
        return "Takes no token."
    return "With or without an account." if {} in security else "Needs an account."


def _codes(responses: Json) -> str:
    codes = [
        code
        for status, response in responses.items()
        if status != "200"
        for content in response["content"].values()
        for code in content["schema"]["properties"]["code"]["enum"]
    ]
    return ", ".join(f'<a href="#{code}"><code>{code}</code></a>' for code in codes)


def _objects(schemas: Json) -> str:
    shown = []
    for name, schema in schemas.items():
        required = schema.get("required", ())
        rows = [
            (_code(field), _kind(kind), "required" if field in required else "", _text(kind))
            for field, kind in schema.get("properties", {}).items()
        ]
        table = _table(("Field", "Type", "", "What it is"), rows) if rows else "<p>No fields.</p>"
        shown.append(
            f'<article id="object-{escape(name)}"><h3><code>{escape(name)}</code></h3>'
            f"<p>{_text(schema)}</p>{table}</article>"
        )
    return f'<section id="objects"><h2>Objects</h2>{"".join(shown)}</section>'


def _problems() -> str:
    rows = [
        f'<tr id="{code}"><td>{status}</td><td>{_code(code)}</td><td>{escape(title)}</td></tr>'
        for code, (status, title) in STATUS.items()
    ]
    head = '<tr><th scope="col">Status</th><th scope="col">Code</th><th scope="col">Meaning</th></tr>'
    return (
        '<section id="errors"><h2>Errors</h2><p>Every error is a <a href="#object-ProblemDocument">problem '
        f'document</a>.</p><div class="table"><table>{head}{"".join(rows)}</table></div></section>'
    )


def _kind(schema: Json) -> str:
    """A schema's type in a few words."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#object-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    if "maxProperties" in schema:
        return _code("{}")
    return escape(str(schema.get("type", "anything")))


def _text(*described: Json) -> str:
    said = next((one["description"] for one in described if "description" in one), "")
    default = next((one["default"] for one in described if one.get("default") is not None), None)
    return escape(said) if default is None else f"{escape(said)} (default {_code(str(default))})"


def _required(parameter: Json) -> str:
    return "required" if parameter.get("required") else ""


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _table(names: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{name}</th>' if name else "<td></td>" for name in names)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="table"><table><tr>{head}</tr>{body}</table></div>'
