"""The right-hand side of every row of the tables of old and new calls, on a server."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

import hipkit.v1
import hipkit.v2
from hipkit import HipChat, NotFoundError
from hipkit.api.operation import Operation
from hipkit.testing import HipChatServer, MemoryTransport
from tests.docs.reading import read_pages

PAGE = next(page for page in read_pages() if page.name == "coming-from.md")
ROW = re.compile(r"^\| (.*?) \| (.*) \|$", re.MULTILINE)
CALL = re.compile(r"`((?:client\.|found = |HipChat\()[^`]+\))`")


def rows() -> Iterator[tuple[str, list[str]]]:
    for old, new in ROW.findall(PAGE.read_text(encoding="utf-8")):
        if (calls := CALL.findall(new)) and "..." not in new:
            yield old, calls


@pytest.fixture(scope="module")
def server() -> Iterator[HipChatServer]:
    with HipChatServer(room="ops") as server:
        yield server


@pytest.fixture
def names(server: HipChatServer, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Return what the page's names mean; an earlier row may have deleted or made it."""
    monkeypatch.setenv("HIPCHAT_BASE_URL", server.base_url)
    client = server.client
    for name in ("ops", "hidden", "New"):
        with contextlib.suppress(NotFoundError):
            client.rooms.delete_room(name)
    for address in ("bob@example.com", "new@example.com"):
        with contextlib.suppress(NotFoundError):
            client.users.delete_user(address)
    client.rooms.create_room(name="ops")
    client.rooms.create_room(name="hidden", privacy="private")
    bob = client.users.create_user(
        name="Bob Dev", email="bob@example.com", mention_name="Bob", title="Developer"
    )
    client.rooms.add_member("hidden", bob.id)
    message = client.rooms.send_message("ops", message="earlier")

    def connect(token: str, **options: object) -> HipChat:
        if options.pop("verify", None) is not None:
            # It is an option of the transports that use a network.
            HipChat(token, verify=False, **options).close()  # type: ignore[arg-type]
        return HipChat(token, transport=MemoryTransport(app=server.app), **options)  # type: ignore[arg-type]

    return {
        **vars(hipkit.v2),
        **{name: getattr(hipkit.v2, name) for name in hipkit.v2.__all__},
        "HipChat": connect,
        "client": client,
        "color": "green",
        "date": datetime.now(UTC),
        "endpoint": "https://chat.example.com",
        "message_id": message.id,
        "pattern": "^/deploy",
        "private": "hidden",
        "room": "ops",
        "shortcut": "nod",
        "text": "something",
        "token": server.token,
        "url": "https://8.8.8.8/hook",
        "user": "@Bob",
    }


def test_the_tables_are_read() -> None:
    assert len(list(rows())) >= 60


@pytest.mark.parametrize(("old", "calls"), list(rows()))
def test_what_stands_beside_the_old_call_works(
    names: dict[str, object], old: str, calls: list[str]
) -> None:
    for call in calls:
        variable, _, expression = call.rpartition("found = ")
        assert not variable
        # This server has no emoticons, so that is what it says.
        is_missing = "get_emoticon" in expression
        with pytest.raises(NotFoundError) if is_missing else contextlib.nullcontext():
            result = eval(expression, dict(names))  # noqa: S307 - our own page
        if is_missing:
            continue
        if "found = " in call:
            names["found"] = result
        if isinstance(result, Iterator):
            list(result)
        assert not isinstance(result, Operation)
