"""Requests of targets over real sockets."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from hipkit.api.secret import Secret
from hipkit.relay.message import RelayFile
from hipkit.relay.sending import http
from hipkit.relay.sending.http import send_call
from hipkit.relay.targets.protocol import FILE_MARK, HttpCall, Reply
from hipkit.relay.targets.protocol import Answer as RelayAnswer
from hipkit.server.storage.blobs import BlobStore
from hipkit.transports.direct import DirectTransport
from hipkit.transports.egress import EgressPolicy
from tests.unit.server.receiving import Answer, Posted, receiving

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]
SECRET = "s3cret"


async def send(
    call: HttpCall,
    *,
    policy: EgressPolicy | None = None,
    folder: Path = Path("/nowhere"),
    seconds: float | None = None,
) -> Reply | RelayAnswer:
    policy = policy or EgressPolicy(LOOPBACK, lambda host, port: ["127.0.0.1"])
    transport = DirectTransport(policy.addresses_of, max_connections=2)
    try:
        return await send_call(call, transport, BlobStore(folder), seconds=seconds)
    finally:
        await transport.aclose()
        policy.close()


def call(
    root: str, path: str = f"/hooks/{SECRET}", body: bytes = b"{}", **rest: object
) -> HttpCall:
    return HttpCall(method="POST", url=Secret(root + path), body=body, **rest)  # type: ignore[arg-type]  # as given


async def reply_to(answer: Answer | Callable[[Posted], Answer]) -> Reply | RelayAnswer:
    with receiving() as receiver:
        receiver.answer = (
            (lambda posted: answer) if isinstance(answer, Answer) else answer
        )
        return await send(call(receiver.url))


async def test_request_arrives_as_the_target_rendered_it() -> None:
    with receiving() as receiver:
        headers = (("Authorization", "Bearer t"), ("Content-Type", "application/json"))
        reply = await send(call(receiver.url, body=b'{"a": 1}', headers=headers))
        posted = receiver.next()
    assert isinstance(reply, Reply)
    assert reply.status == 204
    assert (posted.path, posted.json) == (f"/hooks/{SECRET}", {"a": 1})
    assert posted.headers["Authorization"] == "Bearer t"
    assert posted.headers["User-Agent"].startswith("hipkit/")


@pytest.mark.parametrize("status", [200, 202, 400, 429, 503])
async def test_every_status_is_for_the_target_to_read(status: int) -> None:
    reply = await reply_to(Answer(status, b"why", (("Retry-After", "3"),)))
    assert isinstance(reply, Reply)
    assert (reply.status, reply.body) == (status, b"why")
    assert reply.headers["retry-after"] == "3"


async def test_answer_is_read_up_to_a_bound() -> None:
    reply = await reply_to(Answer(200, b"x" * (http.LONGEST_ANSWER_BYTES + 1_000)))
    assert isinstance(reply, Reply)
    assert reply.status == 200
    assert len(reply.body) == http.LONGEST_ANSWER_BYTES


async def test_success_without_an_end_has_arrived() -> None:
    reply = await reply_to(Answer(201, b"x" * (http.LARGEST_ANSWER_BYTES + 1)))
    assert isinstance(reply, Reply)
    assert 200 <= reply.status < 300


async def test_refusal_without_an_end_is_worth_another_try() -> None:
    answer = await reply_to(Answer(500, b"x" * (http.LARGEST_ANSWER_BYTES + 1)))
    assert isinstance(answer, RelayAnswer)
    assert answer.verdict == "later"


async def test_silence_ends_with_the_time_limit() -> None:
    release = threading.Event()

    def wait(posted: Posted) -> Answer:
        release.wait(30)
        return Answer()

    with receiving() as receiver:
        receiver.answer = wait
        try:
            answer = await send(call(receiver.url), seconds=0.05)
        finally:
            release.set()
    assert isinstance(answer, RelayAnswer)
    assert answer.verdict == "later"
    assert SECRET not in str(answer)


async def test_target_that_is_not_there_may_come_back() -> None:
    answer = await send(call("http://127.0.0.1:1"))
    assert isinstance(answer, RelayAnswer)
    assert answer.verdict == "later"
    assert SECRET not in str(answer)


async def test_private_address_is_not_called_and_the_remedy_is_named() -> None:
    with receiving() as receiver:
        answer = await send(call(receiver.url), policy=EgressPolicy())
        assert receiver.all() == []
    assert isinstance(answer, RelayAnswer)
    assert answer.verdict == "later"
    assert "allow_private_network = true" in str(answer.problem)


async def test_address_that_cannot_be_called_breaks_the_route() -> None:
    answer = await send(call("gopher://example.com"))
    assert isinstance(answer, RelayAnswer)
    assert answer.verdict == "route"
    assert SECRET not in str(answer)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirect_within_the_host_is_followed_with_the_message(
    status: int,
) -> None:
    def answer(posted: Posted) -> Answer:
        if posted.path == "/new":
            return Answer(200, b"taken")
        return Answer(status, b"", (("Location", "/new"),))

    with receiving() as receiver:
        receiver.answer = answer
        reply = await send(call(receiver.url, body=b"the message"))
        assert [posted.body for posted in receiver.all()] == [b"the message"] * 2
    assert isinstance(reply, Reply)
    assert (reply.status, reply.body) == (200, b"taken")


@pytest.mark.parametrize(
    "location",
    [
        "http://other.example/new",
        "//other.example/new",
        "http://127.0.0.1:1/new",
        "gopher://127.0.0.1/",
        "http://[/",
        "file:///etc/passwd",
    ],
)
async def test_redirect_elsewhere_is_not_followed(location: str) -> None:
    reply = await reply_to(Answer(307, b"", (("Location", location),)))
    assert isinstance(reply, Reply)
    assert reply.status == 307


async def test_message_that_arrived_by_303_is_not_sent_again() -> None:
    with receiving() as receiver:
        receiver.answer = lambda posted: Answer(303, b"", (("Location", "/new"),))
        reply = await send(call(receiver.url))
        assert len(receiver.all()) == 1
    assert isinstance(reply, Reply)
    assert reply.status == 303


async def test_redirects_in_a_circle_end() -> None:
    with receiving() as receiver:
        receiver.answer = lambda posted: Answer(308, b"", (("Location", "/again"),))
        reply = await send(call(receiver.url))
        assert len(receiver.all()) == 1 + http.MOST_REDIRECTS
    assert isinstance(reply, Reply)
    assert reply.status == 308


def shared(folder: Path, data: bytes) -> RelayFile:
    key = BlobStore(folder).save(data)
    return RelayFile(
        key=key, name="a.png", size_bytes=len(data), content_type="image/png"
    )


async def test_file_is_sent_from_the_store(tmp_path: Path) -> None:
    data = bytes(range(256)) * 1_000
    file = shared(tmp_path, data)
    with receiving() as receiver:
        await send(call(receiver.url, body=b"", file=file), folder=tmp_path)
        posted = receiver.next()
    assert posted.body == data
    assert posted.headers["Content-Length"] == str(len(data))


async def test_file_stands_in_the_form_where_its_mark_was(tmp_path: Path) -> None:
    file = shared(tmp_path, b"bytes")
    with receiving() as receiver:
        frame = b"--x\r\n" + FILE_MARK + b"\r\n--x--"
        await send(call(receiver.url, body=frame, file=file), folder=tmp_path)
        assert receiver.next().body == b"--x\r\nbytes\r\n--x--"


async def test_file_that_is_gone_is_content_that_cannot_be_sent(tmp_path: Path) -> None:
    file = shared(tmp_path, b"bytes")
    path = BlobStore(tmp_path).find(file.key)
    assert path is not None
    path.unlink()
    with receiving() as receiver:
        answer = await send(call(receiver.url, file=file), folder=tmp_path)
        assert receiver.all() == []
    assert isinstance(answer, RelayAnswer)
    assert answer.verdict == "content"
