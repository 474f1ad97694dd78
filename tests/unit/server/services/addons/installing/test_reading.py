"""Descriptors are read from anywhere, and refused with a reason where they cannot be used."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any
from urllib.parse import quote

import pytest

from hipkit.api.errors import BadRequestError
from tests.unit.server.asgi import Site
from tests.unit.server.services.addons.conftest import (
    MemoryAddon,
    descriptor,
    install_at,
    operator,
    read_offer_of,
)


def refused(host: Site, addon: MemoryAddon, served: Any) -> str:
    addon.descriptor = served
    with pytest.raises(BadRequestError) as error:
        asyncio.run(read_offer_of(host, None))
    assert error.value.message.isprintable()
    assert len(error.value.message) < 1_000
    return error.value.message


def read_at(host: Site, address: str) -> str:
    from hipkit.server.services.addons.installing.offers import read_offer

    async def work() -> str:
        return (await read_offer(await operator(host), address)).descriptor.key

    return asyncio.run(work())


def test_a_descriptor_is_read_from_a_data_address(host: Site) -> None:
    text = json.dumps(descriptor())
    coded = base64.b64encode(text.encode()).decode()

    for address in (
        f"data:application/json;base64,{coded}",
        f"data:application/json;charset=utf-8;base64,{coded.rstrip('=')}",
        f"data:;base64,{quote(coded)}",
        f"data:application/json,{quote(text)}",
        f"  DATA:,{quote(text)}\n",
    ):
        assert read_at(host, address) == "com.example.karma"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "karma.example",
        "ftp://karma.example/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://",
        "http://karma example/",
        "https://u:p@karma.example/",
        "data:",
        "data:application/json;base64",
        "data:;base64,%%%",
        "data:;base64,!",
        "data:," + "x" * 2_000_000,
        "https://karma.example/" + "x" * 3_000,
    ],
)
def test_other_addresses_are_refused(
    host: Site, addon: MemoryAddon, address: str
) -> None:
    with pytest.raises(BadRequestError) as error:
        read_at(host, address)

    assert len(error.value.message) < 300
    assert addon.calls == []


def test_an_address_inside_the_network_is_refused(
    host: Site, addon: MemoryAddon
) -> None:
    with pytest.raises(BadRequestError, match="--webhook-network"):
        read_at(host, "http://wiki.internal/descriptor")
    with pytest.raises(BadRequestError, match="--webhook-network"):
        read_at(host, "http://169.254.169.254/")
    assert addon.calls == []


@pytest.mark.parametrize(
    "capabilities",
    [
        {"installable": {"callbackUrl": "http://wiki.internal/install"}},
        {
            "webhook": [
                {"url": "http://127.0.0.1/hook", "event": "room_enter", "name": "x"}
            ]
        },
    ],
)
def test_what_leads_inside_the_network_is_refused(
    host: Site, addon: MemoryAddon, capabilities: dict[str, Any]
) -> None:
    assert "--webhook-network" in refused(host, addon, descriptor(**capabilities))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"nonsense", b"\xff\xfe", b'{"key": "x"}', b"[" * 100_000]
)
def test_what_is_no_descriptor_is_refused(
    host: Site, addon: MemoryAddon, body: bytes
) -> None:
    assert refused(host, addon, body).startswith("The descriptor cannot be used: ")


def test_a_huge_descriptor_is_refused(host: Site, addon: MemoryAddon) -> None:
    assert "larger than 256 KiB" in refused(host, addon, b" " * 300_000 + b"{}")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"key": ""}, "key is empty"),
        ({"key": "k" * 1_000}, "key is longer than 200"),
        ({"name": " \u200b\u2060 "}, "name is empty"),
        ({"name": "Kar\nma"}, "name holds a control character"),
        ({"name": "Kar\u202ema"}, "name holds a control character"),
        ({"apiVersion": "2:1"}, "apiVersion needs version 2"),
    ],
)
def test_names_and_versions_are_checked(
    host: Site, addon: MemoryAddon, changes: dict[str, Any], expected: str
) -> None:
    assert expected in refused(host, addon, descriptor() | changes)


@pytest.mark.parametrize("version", ["1:1", "0:1", "1:9"])
def test_older_versions_are_accepted(
    host: Site, addon: MemoryAddon, version: str
) -> None:
    addon.descriptor = descriptor() | {"apiVersion": version}
    install_at(host)


@pytest.mark.parametrize(
    "capabilities",
    [
        {"installable": {"installedUrl": "javascript:alert(1)"}},
        {"installable": {"callbackUrl": "/installable"}},
        {"configurable": {"url": "javascript:alert(1)"}},
        {"configurable": {"url": "java\tscript:alert(1)"}},
        {"oauth2Consumer": {"redirectionUrls": ["data:text/html,x"]}},
        {"webhook": [{"url": "ftp://karma.example", "event": "room_enter"}]},
        {
            "dialog": [
                {"key": "d", "title": {"value": "D"}, "url": " JaVaScRiPt:alert(1)"}
            ]
        },
        {"hipchatApiConsumer": {"scopes": [], "avatar": "vbscript:x"}},
    ],
)
def test_addresses_that_a_browser_would_run_are_refused(
    host: Site, addon: MemoryAddon, capabilities: dict[str, Any]
) -> None:
    assert "URL" in refused(host, addon, descriptor(**capabilities))


@pytest.mark.parametrize(
    ("webhooks", "expected"),
    [
        (
            [{"url": "https://k.example", "event": "room_enter"}] * 3_000,
            "more than 5000 values",
        ),
        (
            [{"url": "https://k.example", "event": "room_enter"}] * 150,
            "150 webhooks",
        ),
        (
            [{"url": "https://k.example", "event": "room_enter"}] * 10_000,
            "larger than 256 KiB",
        ),
        ([{"url": "https://karma.example", "event": "room_message"}] * 0, None),
        (
            [{"url": "https://k.example", "event": "room_enter", "key": "a"}] * 2,
            "another webhook has too",
        ),
        ([{"url": "https://k.example", "event": "lunch"}], "webhook[0]"),
        (
            [{"url": "https://k.example", "event": "room_message", "pattern": "("}],
            "webhook[0]",
        ),
        (
            [{"url": "https://k.example", "event": "room_enter", "name": "x" * 999}],
            "webhook[0]",
        ),
    ],
)
def test_webhooks_that_cannot_be_made_are_refused(
    host: Site, addon: MemoryAddon, webhooks: list[Any], expected: str | None
) -> None:
    served = descriptor(webhook=webhooks)
    if expected is None:
        addon.descriptor = served
        install_at(host)
    else:
        assert expected in refused(host, addon, served)


def test_an_unknown_scope_is_refused(host: Site, addon: MemoryAddon) -> None:
    served = descriptor(hipchatApiConsumer={"scopes": ["rule_the_world"]})
    assert "rule_the_world" in refused(host, addon, served)


def test_a_bare_webhook_and_unknown_members_are_accepted(
    host: Site, addon: MemoryAddon
) -> None:
    addon.descriptor = descriptor(
        webhook={"url": "https://k.example", "event": "room_enter"},
        oauth2Provider={"tokenUrl": "x"},
    ) | {"version": "1", "icon": {"url": "x"}}

    install_at(host)


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("http://127.0.0.1:8072/c?key=1", "http://127.0.0.1:8072 leads"),
        ("http://10.1.2.3/c", "--webhook-network 10.1.2.3 "),
        ("http://wiki.internal/c", "--webhook-network NETWORK "),
    ],
)
def test_an_error_names_the_address_and_what_permits_it(
    host: Site, address: str, named: str
) -> None:
    with pytest.raises(BadRequestError) as error:
        read_at(host, address)

    assert named in error.value.message


def test_a_fault_points_to_the_command_that_lists_all(
    host: Site, addon: MemoryAddon
) -> None:
    assert "`hipkit addon check URL`" in refused(host, addon, {"key": "x"})
