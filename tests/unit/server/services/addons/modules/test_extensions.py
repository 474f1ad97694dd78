"""Modules as add-ons create, change, read and delete them, and as descriptors bring them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hipkit.api.errors import BadRequestError
from hipkit.descriptors.modules import MODULES
from hipkit.server.services.access.clients import AddedClient
from hipkit.server.services.addons.modules import extensions
from hipkit.server.services.addons.modules.extensions import replace_extensions
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.extensions import ExtensionRecord
from hipkit.v2.models import AddonCapabilities
from tests.unit.server.asgi import Site
from tests.unit.server.services.addons.making import (
    BODIES,
    GLANCE,
    ICON,
    PANEL,
    glance,
    read_as,
)

every = pytest.mark.parametrize

SCOPES = ["admin_group", "admin_room", "view_group", "view_room"]
ROOM_SCOPES = ["admin_room", "view_room"]


@every("place", ["/room/Ops", ""], ids=["room", "group"])
@every("kind", MODULES)
def test_a_module_is_created_read_changed_and_deleted(
    site: Site, kind: str, place: str
) -> None:
    room_id = site.add_room("Ops")
    token = site.client_token(SCOPES)
    target = f"/v2{place}/extension/{kind}/k"
    body = BODIES[kind]

    made = site.put(target, body, token=token)

    assert made.status == 201, made.body
    link = f"http://chat.test/v2{place}/extension/{kind}/k"
    link = link.replace("/Ops/", f"/{room_id}/")
    assert made.json["links"] == {"self": link}
    assert made.header("Location") == link
    shown = site.get(target, token=token)
    assert (shown.status, shown.json) == (200, body)
    again = site.put(target, {**body, "key": "ignored"}, token=token)
    assert (again.status, again.json["id"]) == (201, made.json["id"])
    assert site.get(target, token=token).json == body
    assert site.delete(target, token=token).status == 204
    assert site.get(target, token=token).status == 404
    assert site.delete(target, token=token).status == 404


def test_each_add_on_sees_its_own_modules(site: Site) -> None:
    site.add_room("Ops")
    one = site.client_token(SCOPES)
    other = site.client_token(SCOPES, name="Other")
    for target in ("/v2/room/Ops/extension/glance/k", "/v2/extension/glance/k"):
        assert site.put(target, GLANCE, token=one).status == 201

        assert site.get(target, token=other).status == 404
        assert site.delete(target, token=other).status == 404
        mine = site.put(target, glance(name={"value": "Mine"}), token=other)
        assert mine.status == 201
        assert site.get(target, token=one).json["name"] == {"value": "Builds"}


def test_a_key_is_free_again_for_every_kind_and_place(site: Site) -> None:
    site.add_room("Ops")
    token = site.client_token(SCOPES)
    targets = [f"/v2{place}/extension/" for place in ("/room/Ops", "")]
    ids = {
        site.put(f"{target}{kind}/k", BODIES[kind], token=token).json["id"]
        for target in targets
        for kind in MODULES
    }

    assert len(ids) == len(targets) * len(MODULES)


def test_people_and_room_clients_have_no_modules_of_the_group(site: Site) -> None:
    room_id = site.add_room("Ops")
    bound = site.client_token(ROOM_SCOPES, room=room_id)

    assert site.put("/v2/extension/glance/k", GLANCE).status == 403
    assert site.put("/v2/room/Ops/extension/glance/k", GLANCE).status == 403
    assert site.put("/v2/extension/glance/k", GLANCE, token=bound).status == 403
    target = f"/v2/room/{room_id}/extension/glance/k"
    assert site.put(target, GLANCE, token=bound).status == 201


def test_a_room_client_reaches_its_room_only(site: Site) -> None:
    site.add_room("Other")
    bound = site.client_token(ROOM_SCOPES, room=site.add_room("Ops"))

    for call in (site.get, site.delete):
        target = "/v2/room/Other/extension/glance/k"
        assert call(target, token=bound).status == 403
    assert site.put(target, GLANCE, token=bound).status == 403


@every(
    ("body", "field", "validation"),
    [
        ({}, "name", "required"),
        ({"name": {"value": "x"}}, "icon", "required"),
        (glance(name="x"), "name", "type"),
        (glance(name={"value": ""}), "name.value", "minLength"),
        (glance(name={"value": "x" * 101}), "name.value", "maxLength"),
        (
            glance(name={"value": "x", "i18n": "x" * 41}),
            "name.i18n",
            "maxLength",
        ),
        (
            glance(name={"value": "x", "more": 1}),
            "name.more",
            "additionalProperties",
        ),
        (glance(icon={"url": ICON["url"]}), "icon.url@2x", "required"),
        (glance(icon={**ICON, "url@2x": ""}), "icon.url@2x", "minLength"),
        (glance(queryUrl="javascript:0"), "queryUrl", "format"),
        (glance(target={"key": "x" * 41}), "target.key", "maxLength"),
        (glance(weight="heavy"), "weight", "type"),
        (
            glance(conditions=[{"condition": "made_up"}]),
            "conditions[0].condition",
            "enum",
        ),
        (
            glance(conditions=[{"condition": "message_matches"}]),
            "conditions[0].condition",
            "enum",
        ),
    ],
)
def test_what_is_wrong_with_a_module_is_named(
    site: Site, body: dict[str, Any], field: str, validation: str
) -> None:
    token = site.client_token(SCOPES)

    reply = site.put("/v2/extension/glance/k", body, token=token)

    assert reply.status == 400, reply.body
    error = reply.error
    assert (error["code"], error["type"]) == (400, "Bad Request")
    assert error["field"] == field
    assert error["validation"] == validation


@every("key", ["a b", "x" * 41, "é", "a:b"])
def test_a_key_has_letters_digits_and_few_signs(site: Site, key: str) -> None:
    from urllib.parse import quote

    token = site.client_token(SCOPES)
    reply = site.put(f"/v2/extension/glance/{quote(key)}", GLANCE, token=token)

    assert (reply.status, reply.error["field"]) == (400, "key")


def test_an_add_on_has_so_many_modules_in_one_place(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extensions, "MOST_MODULES", 2)
    site.add_room("Ops")
    token = site.client_token(SCOPES)

    def put(place: str, key: str, kind: str = "glance") -> int:
        body = BODIES[kind]
        return site.put(f"/v2{place}/extension/{kind}/{key}", body, token=token).status

    assert [put("", "a"), put("", "b", "dialog"), put("", "c")] == [201, 201, 400]
    assert put("", "a") == 201
    assert put("/room/Ops", "c") == 201


def test_modules_go_with_their_add_on_and_their_room(site: Site) -> None:
    room_id = site.add_room("Ops")
    client = site.add_client(SCOPES)
    token = site.token_of(client)
    site.put(f"/v2/room/{room_id}/extension/glance/k", GLANCE, token=token)
    site.put("/v2/extension/glance/k", GLANCE, token=token)
    assert len(shown_in(site, room_id)) == 2

    assert site.delete(f"/v2/room/{room_id}").status == 204
    assert [one.room_id for one in shown_in(site, room_id)] == [None]
    asyncio.run(site.server.database.write(lambda s: s.clients.delete(client.id)))
    assert shown_in(site, room_id) == []


def shown_in(site: Site, room_id: int) -> list[ExtensionRecord]:
    return asyncio.run(site.server.database.stores.extensions.glances(1, room_id, 99))


# Descriptors.


def install(site: Site, client: AddedClient, members: dict[str, Any] | None) -> None:
    capabilities = None if members is None else read_as(AddonCapabilities, members)
    context = site.operator_context()

    async def command(stores: Stores) -> None:
        record = await stores.clients.get(client.id)
        assert record is not None
        await replace_extensions(context, stores, record, capabilities)

    asyncio.run(context.write(command))


def test_modules_of_a_descriptor_are_replaced_and_those_of_calls_stay(
    site: Site,
) -> None:
    room_id = site.add_room("Ops")
    client = site.add_client(SCOPES)
    token = site.token_of(client)
    install(site, client, {"glance": [GLANCE, glance(key="old")], "webPanel": [PANEL]})
    site.put("/v2/extension/glance/own", GLANCE, token=token)
    before = {one.key: one.id for one in shown_in(site, room_id)}
    assert before.keys() == {"k", "old", "own"}

    install(site, client, {"glance": [glance(name={"value": "New"}), glance(key="n")]})

    after = {one.key: one.id for one in shown_in(site, room_id)}
    assert after.keys() == {"k", "own", "n"}
    assert after["k"] == before["k"]
    shown = site.get("/v2/extension/glance/k", token=token).json
    assert shown["name"] == {"value": "New"}
    assert site.get("/v2/extension/webPanel/k", token=token).status == 404

    install(site, client, None)
    assert [one.key for one in shown_in(site, room_id)] == ["own"]


def test_a_room_s_add_on_has_the_modules_of_its_descriptor_there(site: Site) -> None:
    ops, dev = site.add_room("Ops"), site.add_room("Dev")
    install(site, site.add_client(ROOM_SCOPES, room=ops), {"glance": [GLANCE]})

    assert len(shown_in(site, ops)) == 1
    assert shown_in(site, dev) == []


def test_of_a_descriptor_with_an_error_nothing_is_stored(site: Site) -> None:
    room_id = site.add_room("Ops")
    client = site.add_client(SCOPES)
    install(site, client, {"glance": [GLANCE]})

    with pytest.raises(BadRequestError):
        install(site, client, {"glance": [glance(key="n", queryUrl="x")]})

    assert [one.key for one in shown_in(site, room_id)] == ["k"]


def test_an_empty_target_and_address_of_a_glance_are_none(site: Site) -> None:
    site.add_room("Ops")
    token = site.client_token(SCOPES)
    target = "/v2/room/Ops/extension/glance/k"

    made = site.put(target, glance(queryUrl="", target=""), token=token)

    assert made.status == 201, made.body
    shown = site.get(target, token=token).json
    assert shown.keys() & {"queryUrl", "target"} == set()
    for kind in ("webPanel", "dialog"):
        empty = {**BODIES[kind], "url": ""}
        refused = site.put(f"/v2/extension/{kind}/k", empty, token=token)
        assert refused.status == 400


def test_a_strict_server_refuses_an_empty_address(strict_site: Site) -> None:
    strict_site.add_room("Ops")
    token = strict_site.client_token(SCOPES)

    refused = strict_site.put(
        "/v2/room/Ops/extension/glance/k", glance(queryUrl=""), token=token
    )

    assert (refused.status, refused.json["error"]["field"]) == (400, "queryUrl")
