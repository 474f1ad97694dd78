"""The latest calls: what is remembered, for how long, and what of it is shown."""

from __future__ import annotations

import gc
import json
import sys
from types import FunctionType, ModuleType

import pytest

from hipkit.server.shared.memory import MemoryRecentCalls
from hipkit.server.shared.recent_calls import CallFilter, RecordedCall
from hipkit.server.storage.stores.tokens import TokenRecord
from tests.unit.server.asgi import FORM, Site, basic

SECRET = "s3cr3t-v4lue"
OF_ONE = CallFilter([1])


def token_of(token_id: int) -> TokenRecord:
    return TokenRecord(
        id=token_id,
        grant_id=1,
        hash=b"",
        kind="user",
        group_id=1,
        scopes="",
        expires_us=None,
    )


def heard(token_id: int | None = 1, **members: object) -> RecordedCall:
    values: dict[str, object] = {
        "at_us": 1,
        "peer": "127.0.0.1",
        "method": "POST",
        "target": b"/v2/room/Ops/notification",
        "operation_id": "send_room_notification",
        "request_id": "4f2a",
        "headers": [(b"content-type", b"application/json")],
        "body": b"",
        "status": 204,
        "answer": b"",
        "problem": None,
        "milliseconds": 1.0,
    }
    values["token"] = None if token_id is None else token_of(token_id)
    return RecordedCall(**{**values, **members})  # type: ignore[arg-type]  # as the names say


def test_a_call_is_remembered_with_what_was_asked_and_answered(site: Site) -> None:
    site.add_room("Ops")

    site.post("/v2/room/Ops/notification", {"message": "Hello", "color": "blue"})
    (call,) = site.calls()

    assert (call.method, call.target) == ("POST", "/v2/room/Ops/notification")
    assert (call.operation_id, call.status) == ("send_room_notification", 400)
    assert json.loads(call.request_body) == {"message": "Hello", "color": "blue"}
    assert json.loads(call.answer)["error"]["code"] == 400
    assert "color" in (call.problem or "")
    assert (call.token_id, call.peer) == (1, "127.0.0.1")
    assert ("host", "chat.test") in call.headers


def bytes_of(root: object) -> int:
    """Return how much memory an object takes with all that it alone leads to."""
    seen = {id(type(root))}
    found = [root]
    total = 0
    while found:
        one = found.pop()
        if id(one) in seen or isinstance(one, (type, ModuleType, FunctionType)):
            continue
        seen.add(id(one))
        total += sys.getsizeof(one)
        found += gc.get_referents(one)
    return total


BIG: dict[str, dict[str, object]] = {
    "many short headers": {
        "headers": [(b"%02x" % (at % 256), b"xy") for at in range(1400)]
    },
    "many empty headers": {
        "headers": [(b"%02x" % (at % 256), b"") for at in range(1400)]
    },
    "one long header": {"headers": [(b"x" * 30_000, b"y" * 30_000)]},
    "long headers": {"headers": [(b"x" * 100, b"y" * 100) for _ in range(300)]},
    "a long path": {"target": b"/v2/" + b"x" * 60_000},
    "a long query": {"target": b"/v2/room?" + b"a=b&" * 15_000},
    "a long body": {"body": b"x" * 60_000},
    "a long answer": {"answer": b"x" * 60_000},
    "a long problem": {"problem": "\N{SNOWMAN}" * 60_000},
    "a long address": {"peer": "\N{SNOWMAN}" * 60_000},
    "a long room": {"room": "\N{SNOWMAN}" * 60_000},
}


@pytest.mark.parametrize("members", BIG.values(), ids=BIG.keys())
def test_whatever_a_call_is_made_of_it_takes_a_few_kilobytes(
    members: dict[str, object],
) -> None:
    calls = MemoryRecentCalls()
    for number in range(1100):
        for status in (204, 400):
            own = {name: copy_of(value) for name, value in members.items()}
            calls.add(heard(number % 100, status=status, **own))

    assert bytes_of(calls) < 2000 * 10_000


def copy_of(value: object) -> object:
    """Return an equal value that shares nothing with the first, as every request brings its own."""
    if isinstance(value, list):
        return [tuple(bytes(bytearray(part)) for part in pair) for pair in value]
    if isinstance(value, bytes):
        return bytes(bytearray(value))
    return str(value)[:1] + str(value)[1:]


def test_all_headers_of_an_ordinary_call_are_remembered() -> None:
    headers = [(b"x-browser-%d" % number, b"y" * 100) for number in range(20)]
    calls = MemoryRecentCalls()

    calls.add(heard(headers=headers))

    assert len(calls.find(OF_ONE)[0].headers) == 20


def test_the_newest_call_comes_first(site: Site) -> None:
    site.get("/v2/room")
    site.get("/v2/user")

    assert [call.target for call in site.calls()] == ["/v2/user", "/v2/room"]


def test_calls_without_a_good_token_are_remembered_apart(site: Site) -> None:
    site.get("/v2/room", token=None)
    site.get("/v2/room", token="x" * 40)

    bad, missing = site.calls(None)
    assert (bad.status, missing.status) == (401, 401)
    assert None not in (bad.problem, missing.problem)
    assert dict(bad.headers)["authorization"] == "Bearer ***"
    assert site.calls() == []


def test_calls_of_no_operation_are_remembered(site: Site) -> None:
    site.get("/v2/rooms")
    site.get("/room")
    site.get("/v2/room?a=%ff")
    site.send("PATCH", "/v2/room")

    calls = [*site.calls(), *site.calls(None)]
    assert sorted(call.status for call in calls) == [400, 404, 404, 405]
    assert {call.operation_id for call in calls} == {"unknown"}


def test_a_client_that_hung_up_got_no_answer_to_remember(site: Site) -> None:
    site.add_room("Ops")

    site.post("/v2/room/Ops/message", body=b"{", hangs_up=True)

    assert site.calls() == []


def test_a_token_is_shown_nowhere(site: Site) -> None:
    token = site.token
    site.post(f"/v2/room?auth_token={token}", {"name": token, token: 1})
    site.get(f"/v2/oauth/token/{token}")
    site.get(f"/v2/oauth//token/{token}/?access_token={token}")
    site.get(f"/v2/%6fauth/token/{token}/more")
    client = site.add_client(["send_notification"])
    site.send(
        "POST",
        "/v2/oauth/token",
        body=b"grant_type=client_credentials",
        token=None,
        headers=[basic(client.id, client.secret), FORM],
    )
    calls = [*site.calls(), *site.calls(None)]
    shown = repr(calls)

    assert len(calls) == 5
    assert token not in shown
    assert client.secret not in shown
    assert basic(client.id, client.secret)[1] not in shown
    assert '"access_token": "***"' in shown


@pytest.mark.parametrize(
    "address",
    [
        "https://ann:S3cr3tWord@h.example/",
        r"https:\/\/ann:S3cr3tWord@h.example\/",
        "https://S3cr3tWord@h.example",
        "HTTPS://ann:S3cr3tWord%21@h.example",
        "https%3A%2F%2Fann%3AS3cr3tWord%40h.example%2F",
        "https%3a//ann:S3cr3tWord@h.example",
    ],
)
def test_a_password_in_an_address_is_shown_nowhere(site: Site, address: str) -> None:
    site.add_room("Ops")
    form = f"url={address}&event=room_message&name=x".encode()
    json = b'{"url":"%b","event":"room_message"}' % address.encode()
    for body, headers in (
        (form, [FORM]),
        (json, [("Content-Type", "application/json")]),
    ):
        site.send("POST", "/v2/room/Ops/webhook", body=body, headers=headers)
    site.send("GET", f"/v2/room?page={address}", headers=[("Referer", address)])

    shown = repr(site.calls())

    assert len(site.calls()) == 3
    assert "S3cr3tWord" not in shown
    assert "h.example" in shown


def test_no_call_takes_more_than_a_few_kilobytes() -> None:
    calls = MemoryRecentCalls()
    large = b"x" * 1_000_000
    headers = [(b"x", large), *[(b"name", b"value")] * 10_000]
    call = heard(
        target=large, headers=headers, body=large, answer=large, peer=large.decode()
    )
    calls.add(call)

    assert len(call.peer) < 100
    kept = sum(len(name) + len(value) for name, value in call.headers)
    kept += len(call.target) + len(call.body) + len(call.answer)
    assert kept < 6_000


def test_a_token_that_an_address_names_is_masked_in_its_answer() -> None:
    calls = MemoryRecentCalls()
    path = f"/v2/oauth/token/{SECRET}"
    answer = json.dumps({"links": {"self": f"https://chat.test{path}"}})
    calls.add(heard(1, target=path.encode(), answer=answer.encode()))

    (call,) = calls.find(OF_ONE)

    assert SECRET not in repr(call)
