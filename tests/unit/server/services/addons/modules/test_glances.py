"""Contents that add-ons push to their glances."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from hipkit.server.services.addons.modules import glances
from hipkit.server.services.addons.modules.glances import LARGEST_CONTENT
from tests.unit.server.asgi import RawResponse, Site
from tests.unit.server.services.addons.making import GLANCE, ICON, content, glance

every = pytest.mark.parametrize

SCOPES = ["admin_group", "admin_room", "view_group", "view_room"]


class Scene:
    """An add-on of the group with a glance everywhere and one in Ops."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.ops, self.dev = site.add_room("Ops"), site.add_room("Dev")
        self.ann = site.add_user("Ann Lee")
        self.client = site.add_client(SCOPES)
        self.token = site.token_of(self.client)
        target = "/v2/extension/glance/all"
        assert site.put(target, GLANCE, token=self.token).status == 201
        target = "/v2/room/Ops/extension/glance/ops"
        assert site.put(target, GLANCE, token=self.token).status == 201

    def push(self, place: str = "", *, key: str = "all", **options: Any) -> RawResponse:
        body = options.pop("body", None) or {
            "glance": [{"key": key, "content": options.pop("content", content())}]
        }
        token = options.pop("token", self.token)
        return self.site.post(f"/v2/addon/ui{place}", body, token=token)

    def seen(self, room_id: int, user_id: int = 1, key: str = "all") -> str | None:
        found = asyncio.run(
            self.site.server.database.stores.glances.seen_by(
                self.client.id, key, room_id=room_id, user_id=user_id
            )
        )
        return None if found is None else found.content


@pytest.fixture
def scene(site: Site) -> Scene:
    return Scene(site)


def test_a_content_is_seen_where_and_by_whom_it_was_pushed_for(scene: Scene) -> None:
    for place, label in (
        ("", "group"),
        ("/room/Ops", "room"),
        (f"/user/{scene.ann}", "user"),
        ("/room/Ops/user/@AnnLee", "both"),
    ):
        reply = scene.push(place, content=content(label))
        assert (reply.status, reply.body) == (204, b""), reply.body

    for room_id, user_id, label in (
        (scene.dev, 1, "group"),
        (scene.ops, 1, "room"),
        (scene.dev, scene.ann, "user"),
        (scene.ops, scene.ann, "both"),
    ):
        assert f'"value":"{label}"' in (scene.seen(room_id, user_id) or "")


def test_status_and_metadata_are_kept(scene: Scene) -> None:
    lozenge = {"type": "lozenge", "value": {"type": "success", "label": "ok"}}
    icon = {"type": "icon", "value": ICON}
    for status in (lozenge, icon):
        pushed = content(status=status, metadata={"open": 3, "deep": {"x": [1]}})
        assert scene.push(content=pushed).status == 204
        assert json.loads(scene.seen(scene.ops) or "") == pushed


def test_several_glances_are_pushed_at_once(scene: Scene) -> None:
    body = {
        "glance": [
            {"key": "all", "content": content("a")},
            {"key": "ops", "content": content("b")},
        ]
    }
    assert scene.push("/room/Ops", body=body).status == 204
    assert '"a"' in (scene.seen(scene.ops) or "")
    assert '"b"' in (scene.seen(scene.ops, key="ops") or "")


@every("place", ["/room/Dev", "/room/Dev/user/1"])
def test_a_glance_of_another_room_cannot_be_pushed_to(scene: Scene, place: str) -> None:
    reply = scene.push(place, key="ops")

    assert (reply.status, reply.error["field"]) == (400, "glance[0].key")
    assert scene.push("/room/Ops", key="ops").status == 204


@every("place", ["", "/user/1", "/room/Ops", "/room/Ops/user/1"])
def test_an_unknown_key_is_an_error_and_nothing_is_stored(
    scene: Scene, place: str
) -> None:
    body = {
        "glance": [
            {"key": "all", "content": content()},
            {"key": "unknown", "content": content()},
        ]
    }
    reply = scene.push(place, body=body)

    assert (reply.status, reply.error["field"]) == (400, "glance[1].key")
    assert scene.seen(scene.ops) is None


def test_another_add_on_s_glance_is_unknown(scene: Scene) -> None:
    other = scene.site.client_token(SCOPES, name="Other")

    assert scene.push(token=other).status == 400


def test_unknown_rooms_and_users_are_not_found(scene: Scene) -> None:
    assert scene.push("/room/None").status == 404
    assert scene.push("/user/@nobody").status == 404
    assert scene.push("/room/Ops/user/@nobody").status == 404


@every("is_full", [False, True])
def test_who_may_not_see_the_group_learns_of_no_user(
    site: Site, monkeypatch: pytest.MonkeyPatch, is_full: bool
) -> None:
    scene = Scene(site)
    token = site.client_token(["admin_room", "view_room"], room=scene.ops)
    target = "/v2/room/Ops/extension/glance/own"
    assert site.put(target, GLANCE, token=token).status == 201
    if is_full:
        monkeypatch.setattr(glances, "MOST_CONTENTS", 0)

    answers = [
        scene.push(f"/room/Ops/user/{user}", key="own", token=token)
        for user in ("ann.lee@example.com", "nobody@example.com", "@nobody", 999)
    ]

    seen = {(answer.status, answer.body) for answer in answers}
    assert len(seen) == 1
    assert answers[0].status == (400 if is_full else 204)


def test_the_scopes_and_kinds_of_tokens_are_checked(scene: Scene) -> None:
    site = scene.site
    viewer = site.client_token(["view_room", "admin_room"], name="Viewer")
    assert scene.push(token=viewer).status == 403
    assert scene.push("/user/1", token=viewer).status == 403
    assert scene.push("", token=site.token).status == 403

    bound = site.client_token(["view_room", "admin_room"], room=scene.ops)
    site.put(f"/v2/room/{scene.ops}/extension/glance/g", GLANCE, token=bound)
    assert scene.push(f"/room/{scene.ops}", key="g", token=bound).status == 204
    assert scene.push(f"/room/{scene.ops}/user/1", key="g", token=bound).status == 204
    assert scene.push(f"/room/{scene.dev}", key="g", token=bound).status == 403
    assert scene.push("", key="g", token=bound).status == 403


LONGEST = {"type": "html", "value": "x" * 1_000}


@every(
    ("pushed", "field"),
    [
        ({}, "label"),
        ({"label": {"type": "html", "value": ""}}, "label.value"),
        ({"label": {"type": "html", "value": "x" + LONGEST["value"]}}, "label.value"),
        ({"label": {"type": "text", "value": "x"}}, "label.type"),
        (content(status={"type": "made up", "value": {}}), "status.type"),
        (
            content(
                status={"type": "lozenge", "value": {"type": "huge", "label": "x"}}
            ),
            "status.value.type",
        ),
        (
            content(
                status={"type": "lozenge", "value": {"type": "new", "label": "x" * 21}}
            ),
            "status.value.label",
        ),
        (
            content(status={"type": "lozenge", "value": {"type": "new"}}),
            "status.value.label",
        ),
        (
            content(status={"type": "lozenge", "value": {"label": "x"}}),
            "status.value.type",
        ),
        (
            content(status={"type": "icon", "value": {"url": ICON["url"]}}),
            "status.value.url@2x",
        ),
        (
            content(status={"type": "icon", "value": {**ICON, "url": "javascript:0"}}),
            "status.value.url",
        ),
        (content(metadata=[1]), "metadata"),
        (content(metadata={"x": "y" * LARGEST_CONTENT}), ""),
    ],
)
def test_what_clients_cannot_show_is_refused(
    scene: Scene, pushed: dict[str, Any], field: str
) -> None:
    reply = scene.push(content=pushed)

    assert reply.status == 400, reply.body
    assert reply.error["field"] == f"glance[0].content.{field}".rstrip(".")
    assert scene.seen(scene.ops) is None


def test_the_longest_label_is_accepted(scene: Scene) -> None:
    assert scene.push(content={"label": LONGEST}).status == 204


def test_an_add_on_pushes_for_so_many_places_and_people(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glances, "MOST_CONTENTS", 2)
    assert scene.push().status == 204
    assert scene.push("/room/Ops").status == 204

    assert scene.push("/user/1").status == 400
    assert scene.push("/room/Ops", content=content("new")).status == 204
    assert "new" in (scene.seen(scene.ops) or "")


def test_contents_go_with_their_glance(scene: Scene) -> None:
    scene.push()
    target = "/v2/extension/glance/all"
    assert scene.site.delete(target, token=scene.token).status == 204
    scene.site.put(target, glance(), token=scene.token)

    assert scene.seen(scene.ops) is None
