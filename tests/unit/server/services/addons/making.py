"""Modules of every kind, as add-ons write them."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from hipkit.api.model import Model

__all__ = [
    "ACTION",
    "BODIES",
    "GLANCE",
    "ICON",
    "PANEL",
    "content",
    "glance",
    "read_as",
]

M = TypeVar("M", bound=Model)

ICON = {"url": "https://a.example/i.png", "url@2x": "https://a.example/i2.png"}
GLANCE: dict[str, Any] = {"key": "k", "name": {"value": "Builds"}, "icon": ICON}
PANEL: dict[str, Any] = {
    "key": "k",
    "name": {"value": "Panel"},
    "url": "https://a.example/panel",
    "location": "hipchat.sidebar.right",
}
ACTION: dict[str, Any] = {
    "key": "k",
    "name": {"value": "Act"},
    "location": "hipchat.input.action",
    "target": "panel",
}
BODIES: dict[str, dict[str, Any]] = {
    "glance": {
        **GLANCE,
        "queryUrl": "https://a.example/glance",
        "target": {"key": "panel", "options": {"size": "small"}},
        "weight": 5,
        "conditions": [{"condition": "room_is_public", "invert": True}],
    },
    "webPanel": {**PANEL, "icon": ICON, "authentication": "none"},
    "dialog": {
        "key": "k",
        "title": {"value": "Ask", "i18n": "ask"},
        "url": "https://a.example/dialog?for={message.body}",
        "options": {"style": "warning", "size": {"width": "1px", "height": "50%"}},
    },
    "action": ACTION,
    "externalPage": {"key": "k", "url": "https://a.example/page"},
}
"""By kind."""


def glance(**members: Any) -> dict[str, Any]:
    return {**GLANCE, **members}


def content(label: str = "<b>3</b> open", **members: Any) -> dict[str, Any]:
    return {"label": {"type": "html", "value": label}, **members}


def read_as(model: type[M], members: object) -> M:
    """Return a model with the members of a JSON object."""
    return model.from_json(json.dumps(members))
