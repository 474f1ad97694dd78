"""What the page shows of a descriptor: shortened, in one line, and linked only where it is safe."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hipkit.server.services.addons.installing.summary import (
    EVENTS,
    MODULES,
    Summary,
    show_module,
    summarize,
)
from hipkit.v2.models import AddonDescriptor
from hipkit.v2.rooms import CreateWebhook
from tests.unit.server.services.addons.conftest import ADDRESS, descriptor
from tests.unit.server.services.addons.making import BODIES

HOOK = {"url": "https://a.example/hook", "event": "room_message"}
ICON = {"url": "https://a.example/i.png", "url@2x": "https://a.example/i2.png"}


def view(address: str = ADDRESS, **members: Any) -> Summary:
    document = {**descriptor(), **members}
    return summarize(AddonDescriptor.from_json(json.dumps(document)), address)


def with_capabilities(**capabilities: Any) -> Summary:
    return view(capabilities=descriptor(**capabilities)["capabilities"])


def test_every_event_and_kind_of_module_has_words() -> None:
    assert EVENTS.keys() == set(CreateWebhook.rules["event"].enum or ())
    assert MODULES.keys() == BODIES.keys()


def test_texts_are_shortened_and_in_one_line() -> None:
    shown = view(name="a\u202e" + "n" * 500, description="\n".join("d" * 9_000))

    assert len(shown.name) == 100
    assert len(shown.description) == 400
    assert not {"\u202e", "\n"} & set(shown.name + shown.description)


def test_a_name_without_letters_gets_words() -> None:
    assert view(name="\u200b").name == "An add-on without a name"


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "/x", "https:// x", ""]
)
def test_only_web_addresses_become_links(address: str) -> None:
    shown = view(
        vendor={"name": "Example", "url": address},
        links={"self": ADDRESS, "homepage": address},
    )

    assert (shown.vendor_url, shown.homepage) == (None, None)


def test_the_address_is_shown_without_what_may_be_secret() -> None:
    shown = view("https://user:word@a.example/capabilities?key=abc#d")

    assert shown.address == "https://a.example/capabilities?…"
    data = "data:application/json;base64," + "A" * 1_000
    assert len(view(data).address) == 101


@pytest.mark.parametrize(("name", "shown"), [("Karma", None), ("Bot\n1", "Bot 1")])
def test_another_name_to_post_under_is_shown(name: str, shown: str | None) -> None:
    consumer = {"scopes": ["send_notification"], "fromName": name}

    assert with_capabilities(hipchatApiConsumer=consumer).from_name == shown


def test_webhooks_alike_are_listed_once_and_all_others_are_listed() -> None:
    hooks = [{**HOOK, "pattern": f"^{number % 40}"} for number in range(80)]

    shown = with_capabilities(webhook=[HOOK, HOOK, *hooks])

    assert len(shown.listened) == 41
    assert [one.pattern for one in shown.listened[:2]] == [None, "^0"]


def test_servers_are_named_by_their_origins() -> None:
    shown = with_capabilities(
        webhook=[HOOK],
        configurable={"url": "http://b.example:8080/configure?secret=1"},
        glance=[
            {"key": "g", "name": {"value": "G"}, "icon": ICON},
            {
                "key": "h",
                "name": {"value": "H"},
                "icon": ICON,
                "queryUrl": "https://c.example/g",
            },
        ],
    )

    assert [one.origin for one in shown.servers] == [
        "https://karma.example",
        "http://b.example:8080",
        "https://a.example",
        "https://c.example",
    ]
    assert [one.origin for one in shown.servers if one.warning] == [
        "http://b.example:8080"
    ]


def test_modules_of_every_kind_are_named() -> None:
    name = {"value": "Name"}
    shown = with_capabilities(
        dialog=[{"key": "d", "title": name, "url": "https://a.example/"}],
        externalPage=[{"key": "page", "url": "https://a.example/"}],
    )

    assert shown.modules == (
        show_module("externalPage", "page"),
        show_module("dialog", "Name"),
    )


def updated(before: dict[str, Any], **capabilities: Any) -> Summary:
    def read(document: dict[str, Any]) -> AddonDescriptor:
        return AddonDescriptor.from_json(json.dumps(document))

    return summarize(
        read(descriptor(**capabilities)),
        ADDRESS,
        installed=read(descriptor(**before)),
        installed_address=ADDRESS,
    )


def test_what_an_update_adds_is_new() -> None:
    every = {**HOOK, "pattern": ""}
    panel = {
        "key": "p",
        "url": "https://p.example/",
        "location": "hipchat.sidebar.right",
    }
    page = {"key": "e", "name": {"value": "E"}, "url": "https://b.example/e"}
    before = {"webhook": [HOOK], "webPanel": [{**panel, "name": {"value": "P"}}]}

    shown = updated(before, webhook=[HOOK, every], externalPage=[page])

    assert [(one.pattern, one.is_new) for one in shown.listened] == [
        (None, False),
        ("", True),
    ]
    assert [(one.name, one.is_new) for one in shown.modules] == [("E", True)]
    assert [one.origin for one in shown.servers if one.is_new] == ["https://b.example"]
    assert shown.news == ["events", "modules", "servers"]


CONFIGURABLE = {"url": "https://karma.example/configure"}


@pytest.mark.parametrize(
    ("added", "news"),
    [
        ({"configurable": CONFIGURABLE}, ["a configuration page"]),
        ({"webhook": [{**HOOK, "url": "https://b.example/hook"}]}, ["servers"]),
        (
            {"installable": {"callbackUrl": "https://b.example/installable"}},
            ["servers"],
        ),
        (
            {"oauth2Consumer": {"redirectionUrls": ["https://b.example/back"]}},
            ["servers"],
        ),
    ],
)
def test_a_server_or_a_configuration_page_is_news(
    added: dict[str, Any], news: list[str]
) -> None:
    before = {"webhook": [HOOK]}
    assert updated(before, **{**before, **added}).news == news
    assert updated({**before, **added}, **{**before, **added}).news == []


def test_what_stays_is_not_new() -> None:
    assert updated({"webhook": [HOOK]}, webhook=[HOOK]).news == []
    assert updated({"webhook": [HOOK]}).news == []


def test_within_a_machine_tls_is_not_missed() -> None:
    for address in ("http://127.0.0.1:8072/c", "http://localhost/c"):
        assert view(address).servers[0].warning is None
    assert view("http://192.168.1.1/c").servers[0].warning
