"""DynamoDB's calls on rows as they go over the wire."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from zlib import crc32

import pytest
import pytest_asyncio
from aiohttp import web
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from rookery.core.errors import Problem
from rookery.engines.cluster import dynamo as dynamo_module
from rookery.engines.cluster.dynamo import Dynamo, connected
from rookery.engines.cluster.tables import LEASES
from rookery.engines.cluster.wire import Keys, Wire, client_of, signed
from tests.tabling import REGION, tables_of_its_own

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
_WORDS = st.text("abcdefghijklmnopqrstuvwxyzABC0123456789/+=", min_size=1, max_size=40)


class Impostor:
    """An address at which something else than DynamoDB answers as a test says; `asked` counts the requests,
    `paths` are theirs."""

    def __init__(self) -> None:
        self.answer: Answer = _hang_up
        self.asked = 0
        self.paths: set[str] = set()
        self.url = ""

    async def hear(self, request: web.Request) -> web.StreamResponse:
        """Answers."""
        self.asked += 1
        self.paths.add(request.path)
        await request.read()
        return await self.answer(request)


async def _hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


def _saying(status: int, body: bytes, **headers: str) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(
            status=status, body=body, headers={one.replace("_", "-"): said for one, said in headers.items()}
        )

    return answer


@pytest_asyncio.fixture
async def impostor(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Impostor]:
    """One that listens."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "rookery")
    made = Impostor()
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", made.hear)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = "http://{}:{}".format(*runner.addresses[0])
    yield made
    await runner.cleanup()


@given(
    _WORDS,
    _WORDS,
    st.none() | _WORDS,
    st.sampled_from(["localhost:8000", "dynamodb.eu-west-1.amazonaws.com"]),
    st.binary(max_size=99),
)
def test_a_request_is_signed_as_amazon_has_it(
    access: str, secret: str, token: str | None, host: str, body: bytes
) -> None:
    """The signature, and what it covers, are those of botocore, with keys for ever and with keys for a while."""
    said = {"content-type": "application/x-amz-json-1.0", "x-amz-target": "DynamoDB_20120810.Query"}
    request = AWSRequest("POST", f"https://{host}/", headers=said, data=body)
    SigV4Auth(Credentials(access, secret, token), "dynamodb", REGION).add_auth(request)
    ours = signed(Keys(access, secret, token), host, REGION, "Query", body, request.headers["X-Amz-Date"])
    assert request.headers["Authorization"] == ours["authorization"]


@pytest_asyncio.fixture
async def dynamo(dynamodb_url: str) -> AsyncIterator[Dynamo]:
    """A table."""
    async with tables_of_its_own(dynamodb_url, [LEASES]) as opened:
        yield opened


async def test_what_dynamodb_refuses_has_its_code(dynamo: Dynamo) -> None:
    """As the error that a caller knows, with the reasons of a cancelled transaction."""
    with pytest.raises(ClientError) as refused:
        await dynamo.client.query(TableName=dynamo.name(LEASES))
    assert "ValidationException" == refused.value.response["Error"]["Code"]
    assert refused.value.response["Error"]["Message"]
    key = {LEASES.key: {"S": "nobody"}}
    check = {"TableName": dynamo.name(LEASES), "Key": key, "ConditionExpression": "attribute_exists(holder)"}
    with pytest.raises(ClientError) as cancelled:
        await dynamo.client.transact_write_items(TransactItems=[{"ConditionCheck": check}])
    assert "TransactionCanceledException" == cancelled.value.response["Error"]["Code"]
    assert ["ConditionalCheckFailed"] == [
        one["Code"] for one in cancelled.value.response["CancellationReasons"]
    ]


async def test_bytes_and_every_sign_come_back(dynamo: Dynamo) -> None:
    """What is put is what is got: bytes of every value, text of every kind, and the largest numbers."""
    row: dict[str, Any] = {
        LEASES.key: "\"'\\ \u00e9\u4e2d\U0001f600\u200f",
        "bytes": bytes(range(256)),
        "none": b"",
        "large": (1 << 63) - 1,
        "below": -(1 << 63),
        "part": -12.375,
        "text": "\x00\n\u2028</script>",
        "said": True,
    }
    await dynamo.put_all([(LEASES, row)])
    assert row == await dynamo.get(LEASES, row[LEASES.key])


@pytest.mark.parametrize(
    "answer",
    [
        _hang_up,
        _saying(502, b"<html>Bad Gateway</html>"),
        _saying(503, b'{"message":"no type"}'),
        _saying(200, b'{"Responses":{}}', x_amz_crc32="1"),
        _saying(200, b"<html>Please sign in</html>"),
        _saying(307, b"", Location="/elsewhere"),
    ],
    ids=["cut off", "a proxy", "no type", "damaged", "a page", "sent on"],
)
async def test_what_is_no_answer_is_asked_for_again(
    impostor: Impostor, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    """A call whose answer is cut off, damaged or not DynamoDB's is repeated, and in the end `engine_unavailable`."""
    monkeypatch.setattr(dynamo_module, "TRIES_MAX", 3)
    impostor.answer = answer
    async with connected(impostor.url, REGION, "test-") as dynamo:
        with pytest.raises(Problem) as told:
            await dynamo.get(LEASES, "nobody")
        assert "engine_unavailable" == told.value.code
        assert 3 <= impostor.asked
        assert {"/"} == impostor.paths  # what is signed goes nowhere else
        body = b'{"Responses":{}}'
        impostor.answer = _saying(200, body, x_amz_crc32=str(crc32(body)))
        assert None is await dynamo.get(LEASES, "nobody")


async def test_without_credentials_it_is_said(impostor: Impostor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent unsigned."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    async with client_of(impostor.url, REGION) as client:
        assert isinstance(client, Wire)
        with pytest.raises(Exception, match="Unable to locate credentials"):
            await client.get_item(TableName="any", Key={})
    assert 0 == impostor.asked
