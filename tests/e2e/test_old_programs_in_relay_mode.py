"""What programs written for HipChat send, byte for byte, to a server that knows none of them.

Nothing is set up but the names of two rooms. Each program has the tokens and rooms of its
recording (`test_old_programs.py`), and all that it posts has to arrive.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from hipkit.api.catalog import Entry
from hipkit.server.http.routes import MethodNotAllowedError, Router
from hipkit.server.services.senders.operations import ALLOWED
from hipkit.v1.catalog import OPERATIONS as V1
from hipkit.v2.catalog import OPERATIONS as V2
from tests.clients.setting import basic, said
from tests.e2e.relay_mode import COMMAND
from tests.e2e.replaying import PROGRAMS, PUBLIC_URL, Replay
from tests.e2e.serving import Running, serving

ROUTERS = {"v1": Router(V1), "v2": Router(V2)}
REFUSED = {"v1": 401, "v2": 403}
SUCCESS = (200, 201, 202, 204)
NOT_TOLD = re.compile(r"\{\w+ \d+\}")
"""The name of a value that the program had from an answer that senders do not get."""
OF_NOBODY = {"get_user", "users_show", "get_emoticon", "rooms_show"}
"""These make nothing: there may be no such user, emoticon or room."""
NAMES = {
    "admin token": "an-admin-token-of-long-ago",
    "room token": "a-room-token-of-long-ago",
    "jane token": "a-token-of-janes",
    "client credentials": basic("an-addon:its-old-secret"),
    "wrong credentials": basic("an-addon:another-secret"),
    "client id": "an-addon",
    "client secret": "its-old-secret",
    "root": PUBLIC_URL,
    "host": urlsplit(PUBLIC_URL).netloc,
    "addon": "https://addon.example.com",
    "later": "2100-01-01T00%3A00%3A00",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Start a server for all programs, as a company would."""
    with serving(tmp_path_factory.mktemp("relay"), command=COMMAND) as running:
        yield running
        running.stop()
        assert "Traceback" not in "".join(running.stderr_lines)


@pytest.fixture
def replay(server: Running) -> Replay:
    return Replay(server, dict(NAMES))


def operation_of(replay: Replay, call: Mapping[str, Any]) -> tuple[str, Entry]:
    """Return the API's version, and the catalog's entry of the operation that was called."""
    method, target = replay.filled(call["request"]).split(" ")[:2]
    version, _, path = target.partition("?")[0].lstrip("/").partition("/")
    return version, ROUTERS[version].match(method, f"/{path}".encode()).entry


def expected(replay: Replay, call: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the statuses that a recorded call may have now."""
    status = call["status"]
    try:
        version, entry = operation_of(replay, call)
    except MethodNotAllowedError:
        return (status,)
    kind, operation_id = entry.load(), entry.operation_id
    if kind.auth == "none" or not has_token(call):
        return (status,)
    if kind not in ALLOWED:
        return (REFUSED[version],)
    if operation_id in OF_NOBODY:
        return (200, 404)
    return SUCCESS if status in (401, 403, 404) else (status,)


def has_token(call: Mapping[str, Any]) -> bool:
    sent = {name.lower(): value.lower() for name, value in call["headers"]}
    everywhere = call["request"] + call.get("body", "")
    # HipChat never took `Token`.
    is_in_header = sent.get("authorization", "").startswith(("bearer ", "basic "))
    return is_in_header or "auth_token=" in everywhere


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_an_old_program_posts_with_its_old_token_into_its_old_room(
    path: Path, replay: Replay
) -> None:
    program = json.loads(path.read_text())
    for call in program["calls"]:
        if NOT_TOLD.search(replay.filled(call["request"] + call.get("body", ""))):
            continue
        status, answer = replay.call(call)
        assert status in expected(replay, call), (call["request"], answer)
        if "members" in call and status == call["status"] and status < 300:
            assert sorted(answer) == call["members"], call["request"]
            replay.keep(call, answer)

    _, _, page = replay.server.call(
        "GET", "/room/Dev%20Ops/history/latest?max-results=1000"
    )
    shown = [told(message) for message in said({"items": []} | json.loads(page))]
    for recorded in replay.filled_in(program["said"]["room"]):
        assert told(recorded) in shown


def told(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is the same whoever's the token was, and however chance chose a colour."""
    kept = ("message", "type", "message_format", "card")
    return {name: message[name] for name in kept if name in message}
