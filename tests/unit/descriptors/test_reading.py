from __future__ import annotations

import json

import pytest

from hipkit.descriptors.faults import DescriptorError
from hipkit.descriptors.reading import read_descriptor

LINKS = {"self": "https://karma.example.com/capabilities"}


def body(capabilities: object = None, **members: object) -> bytes:
    document: dict[str, object] = {
        "key": "com.example.karma",
        "name": "Karma",
        "description": "",
        "links": LINKS,
        **members,
    }
    if capabilities is not None:
        document["capabilities"] = capabilities
    return json.dumps(document).encode()


def test_a_descriptor_is_typed() -> None:
    descriptor = read_descriptor(
        body(
            {
                "hipchatApiConsumer": {"scopes": ["view_room"], "fromName": "Karma"},
                "installable": {"callbackUrl": "https://karma.example.com/i"},
                "webhook": [{"url": "https://karma.example.com/w", "event": "x"}],
                "glance": [
                    {
                        "key": "karma",
                        "name": {"value": "Karma"},
                        "icon": {"url": "https://a/1", "url@2x": "https://a/2"},
                        "conditions": [{"condition": "room_is_public"}],
                    }
                ],
            },
            version="1.0",
        )
    )
    assert descriptor.links.self_ == LINKS["self"]
    capabilities = descriptor.capabilities
    assert capabilities is not None
    assert capabilities.installable is not None
    assert capabilities.installable.allow_global is None
    assert capabilities.hipchat_api_consumer is not None
    assert capabilities.hipchat_api_consumer.scopes == ["view_room"]
    assert capabilities.webhook is not None
    assert capabilities.webhook[0].key is None
    assert capabilities.glance is not None
    assert capabilities.glance[0].icon.url_2x == "https://a/2"


def test_one_webhook_stands_for_a_list_of_one() -> None:
    webhook = {"url": "https://karma.example.com/w", "event": "room_enter"}
    capabilities = read_descriptor(body({"webhook": webhook})).capabilities
    assert capabilities is not None
    assert capabilities.webhook is not None
    assert [each.event for each in capabilities.webhook] == ["room_enter"]


@pytest.mark.parametrize(
    ("installable", "allowed"),
    [
        ({"allowGroup": False}, False),
        ({"allowGroup": False, "allowGlobal": True}, True),
        ({"allowGlobal": "false"}, False),
        ({}, None),
    ],
)
def test_allow_group_is_the_early_name_of_allow_global(
    installable: object, allowed: bool | None
) -> None:
    capabilities = read_descriptor(body({"installable": installable})).capabilities
    assert capabilities is not None
    assert capabilities.installable is not None
    assert capabilities.installable.allow_global is allowed


def test_what_is_missing_is_named_with_its_place() -> None:
    with pytest.raises(DescriptorError) as caught:
        read_descriptor(body({"webhook": [{"event": "room_enter"}]}))
    (fault,) = caught.value.faults
    assert fault.place == "capabilities.webhook[0]"
    assert "url" in fault.problem
