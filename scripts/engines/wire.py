"""Questions to a server of this machine, in as much HTTP and RESP as it takes to see that it answers."""

import http.client
import json
import socket
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

HOST = "127.0.0.1"
ANSWER_S_MAX = 10.0
_JSON = MappingProxyType({"Content-Type": "application/json"})
_SIGNED = "AWS4-HMAC-SHA256 Credential=rookery/20200101/us-east-1/dynamodb/aws4_request, SignedHeaders=a, Signature=0"


def ask(
    port: int, method: str, path: str, body: object = None, headers: Mapping[str, str] = _JSON
) -> tuple[int, Any]:
    """Status and JSON of an HTTP answer. Raises OSError where there is none."""
    connection = http.client.HTTPConnection(HOST, port, timeout=ANSWER_S_MAX)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), dict(headers))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")
    except (http.client.HTTPException, ValueError) as fault:
        raise ConnectionError(f"no whole answer: {fault}") from fault
    finally:
        connection.close()


def ask_dynamodb(port: int, action: str, body: object) -> tuple[int, Any]:
    """Status and JSON of DynamoDB Local's answer to an action; it looks at the form of a signature alone."""
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"DynamoDB_20120810.{action}",
        "Authorization": _SIGNED,
    }
    return ask(port, "POST", "/", body, headers)


def ask_redis(port: int, *words: str) -> str:
    """The first line of Redis' answer to a command, for a bulk string its value. Raises OSError where there is none."""
    command = "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in words)
    with (
        socket.create_connection((HOST, port), ANSWER_S_MAX) as connection,
        connection.makefile("rb") as answers,
    ):
        connection.sendall(f"*{len(words)}\r\n{command}".encode())
        first = answers.readline().decode().rstrip("\r\n")
        if not first:
            raise ConnectionError("no answer")
        return answers.read(int(first[1:])).decode() if first.startswith("$") and first != "$-1" else first
