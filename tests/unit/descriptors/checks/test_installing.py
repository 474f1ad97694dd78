from __future__ import annotations

from typing import Any

import pytest

from hipkit.descriptors.checks.installing import find_installation_faults
from tests.unit.descriptors.examples import Change, changed


def faults(*changes: Change) -> list[tuple[str, str]]:
    found = [each.fault() for each in find_installation_faults(changed(*changes))]
    return [(fault.severity, fault.place) for fault in found]


def capabilities(**members: object) -> Change:
    return lambda it: it.update(capabilities=members)


CONSUMER = {"scopes": ["view_room"]}
INSTALLABLE = ("warning", "capabilities.installable")


def test_a_key_has_no_colon_and_is_not_empty() -> None:
    assert faults(lambda it: it.update(key="a:b")) == [("warning", "key")]
    assert faults(lambda it: it.update(key="")) == [("warning", "key")]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1:1", []),
        ("0:0", []),
        ("2:1", [("error", "apiVersion")]),
        ("1:2", [("warning", "apiVersion")]),
        ("1" * 5_000 + ":1", []),
    ],
)
def test_versions_are_those_that_hosts_have(
    version: str, expected: list[tuple[str, str]]
) -> None:
    assert faults(lambda it: it.update(apiVersion=version)) == expected


def test_who_calls_the_api_is_installable() -> None:
    assert faults(capabilities(hipchatApiConsumer=CONSUMER)) == [INSTALLABLE]
    signed = {"url": "https://a", "event": "room_enter", "authentication": "jwt"}
    assert faults(capabilities(webhook=[signed])) == [INSTALLABLE]
    del signed["authentication"]
    assert faults(capabilities(webhook=[signed])) == []


def test_an_installable_without_url_is_a_warning() -> None:
    assert faults(capabilities(installable={})) == [INSTALLABLE]
    assert faults(capabilities(installable={"uninstalledUrl": "x"})) == [INSTALLABLE]
    assert faults(capabilities(installable={"installedUrl": "x"})) == []


@pytest.mark.parametrize("name", ["allowGlobal", "allowGroup"])
def test_some_installation_is_allowed(name: str) -> None:
    def change(it: Any) -> None:
        it["capabilities"]["installable"] = {
            "callbackUrl": "https://a",
            name: False,
            "allowRoom": False,
        }

    assert faults(change) == [("error", "capabilities.installable")]


def test_scopes_are_neither_none_nor_twice() -> None:
    place = "capabilities.hipchatApiConsumer.scopes"
    empty = capabilities(hipchatApiConsumer={"scopes": []}, installable=None)
    assert faults(empty) == [("warning", place)]
    twice = {"scopes": ["view_room", "view_group", "view_room"]}
    assert faults(capabilities(hipchatApiConsumer=twice, installable=None)) == [
        ("warning", f"{place}[2]")
    ]


@pytest.mark.parametrize(
    ("scopes", "allow_room", "is_fine"),
    [
        (["view_room"], True, True),
        # The group's push is not for one room: there it is rejected.
        (["view_group"], True, False),
        (["view_group"], False, True),
        (["send_notification"], True, False),
        (["send_notification"], False, False),
    ],
)
def test_a_glance_without_query_needs_a_scope_to_be_pushed_with(
    scopes: list[str], allow_room: bool, is_fine: bool
) -> None:
    def change(it: Any) -> None:
        it["capabilities"]["installable"]["allowRoom"] = allow_room
        it["capabilities"]["hipchatApiConsumer"]["scopes"] = scopes
        it["capabilities"]["hipchatApiConsumer"].pop("fromName")
        it["capabilities"]["glance"][0].pop("queryUrl")

    glance = ("warning", "capabilities.glance[0]")
    assert faults(change) == ([] if is_fine else [glance])


def test_tokens_of_users_need_the_scopes_of_the_add_on() -> None:
    asked = {"redirectionUrls": ["https://a"]}
    place = ("warning", "capabilities.oauth2Consumer")
    assert faults(capabilities(oauth2Consumer=asked, installable=None)) == [place]
    with_scopes = capabilities(
        oauth2Consumer=asked, installable=None, hipchatApiConsumer=CONSUMER
    )
    assert faults(with_scopes) == []


def test_a_sender_needs_the_scope_to_send_unless_answers_are_posted() -> None:
    consumer = {"scopes": ["view_room"], "fromName": "Karma"}
    alone = capabilities(hipchatApiConsumer=consumer, installable=None)
    place = "capabilities.hipchatApiConsumer.fromName"
    assert faults(alone) == [("warning", place)]
    webhook = {"url": "https://a", "event": "room_enter"}
    answers = capabilities(
        hipchatApiConsumer=consumer, installable=None, webhook=[webhook]
    )
    assert faults(answers) == []
    consumer["scopes"] = ["send_notification"]
    assert faults(alone) == []


def test_a_name_that_notifications_cannot_have_is_a_warning() -> None:
    def change(it: Any) -> None:
        it["capabilities"]["hipchatApiConsumer"]["fromName"] = "x" * 65

    assert faults(change) == [("warning", "capabilities.hipchatApiConsumer.fromName")]


@pytest.mark.parametrize("odd", [None, 1, "x", [], [1], {}])
def test_a_document_of_another_shape_is_passed_over(odd: object) -> None:
    faults(lambda it: it.update(capabilities=odd, key=odd, apiVersion=odd))
    faults(capabilities(installable=odd, hipchatApiConsumer=odd, glance=odd))
    faults(capabilities(hipchatApiConsumer={"scopes": odd, "fromName": odd}))
