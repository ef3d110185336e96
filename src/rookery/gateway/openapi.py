"""The OpenAPI 3.1 description of every route, made from the routes themselves."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from rookery.core.errors import STATUS
from rookery.core.forms import Form, a_page_size, an_id
from rookery.core.page import PAGE_SIZE_MAX
from rookery.core.routes import Route
from rookery.gateway.idempotency import HEADER as KEY_HEADER
from rookery.gateway.idempotency import KEY_MAX
from rookery.gateway.problems import CONTENT_TYPE, ProblemDocument
from rookery.gateway.table import is_parameter, segments

Json = dict[str, Any]
VERSION = "3.1.0"
ID_PATTERN = "^[1-9][0-9]{0,18}$"
STYLE_SHEET = "text/css"

_EVERYWHERE = (
    "malformed",
    "too_large",
    "unsupported_media_type",
    "invalid",
    "internal",
    "overloaded",
    "engine_unavailable",
)
_TOKENS = ("token_expired", "token_invalid")
_COOKIE_WRITES = ("origin_refused",)
_UNSIGNED = ("none", "sign_up", "login")
_CHECKED: Mapping[Callable[[Any], Any], Json] = {
    an_id: {"pattern": ID_PATTERN},
    a_page_size: {"minimum": 1, "maximum": PAGE_SIZE_MAX},
}
_COMMON_HEADERS: Json = {
    "X-Request-Id": {"description": "The client's own, or one made here.", "schema": {"type": "string"}}
}
_LIMIT_HEADERS: Json = {
    "RateLimit-Limit": {"description": "Of the tightest limit.", "schema": {"type": "integer"}},
    "RateLimit-Remaining": {"schema": {"type": "integer"}},
    "RateLimit-Reset": {"description": "Seconds to go.", "schema": {"type": "integer"}},
}
_LINK_HEADER: Json = {
    "Link": {
        "description": 'The next page, `<...>; rel="next"`, exactly while there is more.',
        "schema": {"type": "string"},
    }
}
_RETRY_HEADER: Json = {
    "Retry-After": {"description": "Seconds to wait.", "required": True, "schema": {"type": "integer"}}
}
_EMPTY: Json = {"type": "object", "maxProperties": 0}
_KEY_PARAMETER: Json = {
    "name": KEY_HEADER,
    "in": "header",
    "description": "Makes a repetition of this request harmless for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_MAX, "pattern": "^[!-~]+$"},
}


def knows_caller(route: Route) -> bool:
    """Whether the gateway asks who sends the request."""
    return route.needs_account or route.limit not in _UNSIGNED


def described(routes: Iterable[Route]) -> list[Route]:
    """The routes that are the API: pages and a style sheet are none of it."""
    return [route for route in routes if not route.page and route.media_type != STYLE_SHEET]


def codes_of(route: Route) -> list[str]:
    """Every error code that a route may give."""
    codes = [*_EVERYWHERE, *route.codes]
    if route.needs_account:
        codes.append("not_signed_in")
    if knows_caller(route):
        codes += _TOKENS
        if route.method != "GET":
            codes += _COOKIE_WRITES
    if route.counted != "none":
        codes.append("rate_limited")
    if route.replay is not None:
        codes.append("idempotency_mismatch")
    return sorted(dict.fromkeys(codes), key=lambda code: (STATUS[code][0], code))


def document(routes: Sequence[Route], version: str) -> Json:
    """The description; `version` is the server's."""
    shown = described(routes)
    schemas = _Schemas(shown)
    paths: dict[str, Json] = {}
    for route in shown:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": VERSION,
        "info": {
            "title": "Rookery",
            "version": version,
            "description": "A path answers the same with and without its trailing slash. Unknown fields and"
            " parameters are refused. Lists are newest first unless said otherwise.",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The session token or the access token (a JWT) from signing up or in.",
                }
            },
        },
    }


class _Schemas:
    """The JSON schemas of everything that the routes name."""

    def __init__(self, routes: Iterable[Route]) -> None:
        types: list[Any] = [ProblemDocument]
        for route in routes:
            types += [one for one in (route.returns, route.body) if one is not None and one not in types]
        found, self.components = msgspec.json.schema_components(
            types, ref_template="#/components/schemas/{name}"
        )
        self._by_type = list(zip(types, found, strict=True))
        for one in types:
            if isinstance(one, type) and issubclass(one, Form):
                _add_rules(one, self.components[self.of(one)["$ref"].rpartition("/")[2]])

    def of(self, wanted: Any) -> Json:
        """The schema of a type, by reference where it has a name."""
        return dict(next(schema for one, schema in self._by_type if one == wanted))


def _add_rules(form: type[Form], schema: Json) -> None:
    """What a form refuses besides wrong types: unknown fields, and what its checks say."""
    schema["additionalProperties"] = False
    for field in msgspec.structs.fields(form):
        if check := form.checks.get(field.name):
            schema["properties"][field.encode_name].update(
                {"description": _said(check), **_CHECKED.get(check, {})}
            )


def _said(check: Callable[[Any], Any]) -> str:
    """The first sentence of a check's docstring, with the values of the bounds that it names."""
    sentence = (
        (check.__doc__ or "").removeprefix("Check: ").partition(".\n")[0].partition(". ")[0].rstrip(".")
    )
    names: Mapping[str, Any] = getattr(check, "__globals__", {})
    return re.sub(r"[A-Z_]+_MAX\b", lambda name: str(names.get(name[0], name[0])), sentence)


def _operation(route: Route, schemas: _Schemas) -> Json:
    operation: Json = {
        "operationId": "_".join([route.method.lower(), *(part.strip("{}") for part in segments(route.path))]),
        "summary": route.summary,
        "tags": [segments(route.path)[0]],
        "security": [{"bearer": []}] if route.needs_account else _optional_security(route),
        "responses": {"200": _success(route, schemas), **_errors(route, schemas)},
    }
    if parameters := _parameters(route):
        operation["parameters"] = parameters
    if route.body is not None:
        operation["requestBody"] = _request_body(route.body, schemas)
    return operation


def _optional_security(route: Route) -> list[Json]:
    return [{}, {"bearer": []}] if knows_caller(route) else []


def _request_body(form: type[Form], schemas: _Schemas) -> Json:
    needed = any(field.required for field in msgspec.structs.fields(form))
    return {"required": needed, "content": {"application/json": {"schema": schemas.of(form)}}}


def _parameters(route: Route) -> list[Json]:
    in_path = [
        {"name": part[1:-1], "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for part in segments(route.path)
        if is_parameter(part)
    ]
    in_header = [
        {"name": name, "in": "header", "description": said, "schema": {"type": "string"}}
        for name, said in route.takes.items()
    ]
    keyed = [_KEY_PARAMETER] if route.replay is not None else []
    return in_path + (_query_parameters(route.query) if route.query else []) + in_header + keyed


def _query_parameters(form: type[Form]) -> list[Json]:
    (schema,) = msgspec.json.schema(form)["$defs"].values()
    _add_rules(form, schema)
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _given(field)}
        for name, field in schema["properties"].items()
    ]


def _given(schema: Json) -> Json:
    """The schema of a parameter where it is given: null only says that it may be absent."""
    kinds = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    rest = {
        key: value for key, value in schema.items() if key != "anyOf" and (key, value) != ("default", None)
    }
    if not kinds:
        return rest
    return {**kinds[0], **rest} if len(kinds) == 1 else {"anyOf": kinds, **rest}


def _success(route: Route, schemas: _Schemas) -> Json:
    if route.media_type != "application/json":
        schema: Json = {"type": "string"}
    else:
        schema = _EMPTY if route.returns is None else schemas.of(route.returns)
    headers = dict(_COMMON_HEADERS)
    if route.counted != "none":
        headers.update(_LIMIT_HEADERS)
    if route.query is not None and "cursor" in route.query.__struct_fields__:
        headers.update(_LINK_HEADER)
    for name, said in route.gives.items():
        headers[name] = {"description": said, "required": True, "schema": {"type": "string"}}
    return {"description": "Done.", "headers": headers, "content": {route.media_type: {"schema": schema}}}


def _errors(route: Route, schemas: _Schemas) -> Json:
    by_status: dict[int, list[str]] = {}
    for code in codes_of(route):
        by_status.setdefault(STATUS[code][0], []).append(code)
    return {str(status): _error(status, codes, schemas) for status, codes in by_status.items()}


def _error(status: int, codes: Sequence[str], schemas: _Schemas) -> Json:
    named = {"properties": {"code": {"enum": list(codes)}}}
    return {
        "description": "; ".join(f"`{code}`: {STATUS[code][1]}" for code in codes),
        "headers": {**_COMMON_HEADERS, **(_RETRY_HEADER if status in (429, 503) else {})},
        "content": {CONTENT_TYPE: {"schema": {**schemas.of(ProblemDocument), **named}}},
    }
