"""Arguments of another type are refused on the line that passes them, by all that takes any."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hipkit import HipChat
from hipkit.addon.addon import AddOn
from hipkit.addon.argument_types import check_items, check_type
from hipkit.addon.descriptor.modules import button
from hipkit.addon.storage.memory import MemoryStorage
from hipkit.testing import MemoryTransport
from hipkit.transports.protocol import RawResponse, Request

URL = "https://karma.example.com"
# Calls that no type checker would let pass.
ODD: Any = 5


def unreachable(_: Request) -> RawResponse:
    raise AssertionError("nothing is sent")


def addon() -> AddOn:
    return AddOn(key="com.example.karma", name="Karma", scopes=["send_notification"])


def run(**arguments: Any) -> object:
    return addon().asgi(base_url=URL, **arguments)


def poll(**arguments: Any) -> object:
    transport = MemoryTransport(unreachable)
    with HipChat("x", base_url=f"{URL}/v2", transport=transport) as client:
        return addon().poll(client, **({"rooms": ["ops"]} | arguments))


def action(**arguments: Any) -> object:
    given = {"name": "Thank", "location": "input", "target": "x"} | arguments
    return addon().action("thank", **given)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: run(storage=ODD), "storage must be a file or a storage, not int"),
        (
            lambda: run(storage=MemoryStorage),
            "storage must be a file or a storage, not the class MemoryStorage",
        ),
        (
            lambda: run(transport=ODD),
            "transport must be an asynchronous transport, not int",
        ),
        (
            lambda: run(transport=MemoryTransport(unreachable)),
            "transport must be an asynchronous transport, not MemoryTransport",
        ),
        (lambda: run(now=ODD), "now must be a function, not int"),
        (lambda: run(encryption_key=b"k"), "encryption_key must be a text.*not bytes"),
        (lambda: run(allowed_hosts=ODD), "allowed_hosts must be a list of hosts, not"),
        (lambda: run(allowed_hosts=[ODD]), "a list of hosts, and has int"),
        (lambda: run(allow_http="no"), "allow_http must be True or False, not str"),
        (lambda: run(allow_internal=1), "allow_internal must be True or False"),
        (lambda: run(replay_memory=1), "replay_memory must be True or False"),
        (lambda: addon().descriptor(ODD), "base_url must be a text, not int"),
        (lambda: button("Go", key=ODD), "button: key must be a text, not int"),
        (lambda: button("Go", enabled=ODD), "button: enabled must be True or False"),
        (lambda: action(location=["input"]), "location must be message or input"),
        (lambda: action(target=ODD), "the target, if it is no key, must be a function"),
        (lambda: addon().on_message(ODD), "the pattern must be a text, not int"),
        (lambda: addon().on_message(key=ODD), "key must be a text, not int"),
        (lambda: addon().on_enter(ODD), "a handler must be a function, not int"),
        (lambda: addon().on_install(ODD), "a handler must be a function, not"),
        (lambda: addon().help_command(ODD), "a command's name is a text"),
        (lambda: addon().poll(ODD, rooms=[1]), "client must be a client, not int"),
        (lambda: poll(rooms=ODD), "rooms must be a list of ids or names, not int"),
        (lambda: poll(rooms=[None]), "rooms must be a list of ids or names, and has"),
        (lambda: poll(interval="5"), "interval must be a number of seconds, not str"),
        (lambda: poll(ignore="ada"), "ignore must be a list of ids or mention names"),
        (lambda: poll(stop=ODD), "stop must be a threading.Event, not int"),
    ],
)
def test_it_is_refused_at_once_with_what_was_expected(
    call: Callable[[], object], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        call()


def test_a_value_in_the_wrong_place_is_not_shown() -> None:
    for check in (check_type, check_items):
        with pytest.raises(TypeError) as caught:
            check("storage", b"hunter2", int, "a number")
        assert "hunter2" not in str(caught.value)


def test_items_are_returned_once_they_were_read() -> None:
    hosts = iter(["https://a", "https://b"])
    assert check_items("hosts", hosts, str, "a list") == ("https://a", "https://b")
