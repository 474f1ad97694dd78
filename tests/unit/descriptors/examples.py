"""Descriptors for tests: a correct one, and what changes it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["CORRECT", "changed"]

HOME = "https://karma.example.com"

CORRECT: dict[str, Any] = {
    "key": "com.example.karma",
    "name": "Karma",
    "description": "Counts karma",
    "apiVersion": "1:1",
    "links": {"self": f"{HOME}/capabilities", "homepage": HOME},
    "vendor": {"name": "Example", "url": "https://example.com"},
    "capabilities": {
        "installable": {
            "allowGlobal": True,
            "allowRoom": True,
            "callbackUrl": f"{HOME}/installable",
            "updateCallbackUrl": f"{HOME}/updated",
        },
        "hipchatApiConsumer": {
            "scopes": ["send_notification", "view_room"],
            "fromName": "Karma",
            "avatar": {"url": f"{HOME}/avatar.png"},
        },
        "oauth2Consumer": {"redirectionUrls": [f"{HOME}/authorized"]},
        "configurable": {"url": f"{HOME}/configure"},
        "webhook": [
            {
                "key": "karma",
                "name": "Karma",
                "url": f"{HOME}/webhook/karma",
                "event": "room_message",
                "pattern": r"^/karma(\s|$)",
                "authentication": "jwt",
            }
        ],
        "glance": [
            {
                "key": "karma-glance",
                "name": {"value": "Karma", "i18n": "glance.name"},
                "icon": {"url": f"{HOME}/k.png", "url@2x": f"{HOME}/k2.png"},
                "queryUrl": f"{HOME}/glance",
                "target": "karma-panel",
                "weight": 10,
                "conditions": [
                    {"condition": "user_is_guest", "invert": True},
                    {
                        "type": "or",
                        "conditions": [
                            {"condition": "room_is_public"},
                            {
                                "condition": "glance_matches",
                                "params": {"metadata": [{"attr": "n", "gt": 0}]},
                            },
                        ],
                    },
                ],
            }
        ],
        "webPanel": [
            {
                "key": "karma-panel",
                "name": {"value": "Karma"},
                "url": f"{HOME}/panel",
                "location": "hipchat.sidebar.right",
                "conditions": [],
            }
        ],
        "dialog": [
            {
                "key": "karma-dialog",
                "title": {"value": "Karma"},
                "url": f"{HOME}/dialog?of={{message.sender.mention}}",
                "options": {
                    "size": {"width": "400px", "height": "60%"},
                    "primaryAction": {"name": {"value": "Give"}},
                    "secondaryActions": [],
                },
            }
        ],
        "action": [
            {
                "key": "karma-action",
                "name": {"value": "Give karma"},
                "location": "hipchat.message.action",
                "target": {"key": "karma-dialog", "options": {"size": "small"}},
                "conditions": [
                    {
                        "condition": "message_matches",
                        "params": {"regex": {"pattern": "kar+ma", "flags": "i"}},
                    }
                ],
            },
            {
                "key": "karma-input",
                "name": {"value": "Karma"},
                "location": "hipchat.input.action",
                "target": "karma-glance",
            },
        ],
        "externalPage": [
            {
                "key": "karma-page",
                "name": {"value": "Karma"},
                "url": f"{HOME}/page?m={{message.mid}}&x={{message.metadata.id}}",
            }
        ],
    },
}

Change = Callable[[Any], object]


def changed(*changes: Change) -> Mapping[str, Any]:
    """Return the correct descriptor after changes, each a function of the document."""
    document = copy.deepcopy(CORRECT)
    for change in changes:
        change(document)
    return document
