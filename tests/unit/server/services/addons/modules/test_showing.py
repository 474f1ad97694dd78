"""Glances and other modules, as people see them in a room."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from hipkit.api.errors import ForbiddenError, NotFoundError
from hipkit.server.services.addons.modules.showing import (
    find_module,
    glance_address,
    is_glance_shown,
    page_address,
)
from tests.unit.server.asgi import Site
from tests.unit.server.services.addons.scene import SCOPES, Shown

every = pytest.mark.parametrize

QUERY = "https://a.example/glance"
MATCHES = {
    "condition": "glance_matches",
    "params": {"metadata": [{"attr": "open.count", "gt": 2}]},
}


@pytest.fixture
def scene(site: Site) -> Shown:
    return Shown(site)


def test_glances_are_grouped_by_add_on_and_go_by_weight(scene: Shown) -> None:
    other = scene.site.client_token(SCOPES, name="Alarm bot")
    third = scene.site.client_token(SCOPES, name="aaa")
    scene.put("heavy", weight=200)
    scene.put("usual")
    scene.put("light", weight=-5)
    scene.put("alarm", token=other)
    scene.put("last", token=third, weight=101)

    groups = [
        (group.addon, [one.glance.key for one in group.glances])
        for group in scene.groups()
    ]

    assert groups == [
        ("Build bot", ["light", "usual", "heavy"]),
        ("Alarm bot", ["alarm"]),
        ("aaa", ["last"]),
    ]


def test_a_room_s_glance_takes_the_place_of_the_group_s(scene: Shown) -> None:
    scene.put("k", name={"value": "Everywhere"})
    other = scene.site.add_room("Other")
    scene.put("k", name={"value": "There"}, room=other)
    assert [one.glances[0].glance.name.value for one in scene.groups()] == [
        "Everywhere"
    ]

    scene.put("k", name={"value": "Here"}, room=scene.ops)

    ((shown,),) = [group.glances for group in scene.groups()]
    assert shown.glance.name.value == "Here"


@every(
    ("condition", "who"),
    [
        ({"condition": "room_is_public"}, {"ann", "bob", "gil"}),
        ({"condition": "room_is_public", "invert": True}, set()),
        ({"condition": "user_is_room_owner"}, {"ann"}),
        ({"condition": "user_is_guest"}, {"gil"}),
        ({"condition": "user_is_guest", "invert": True}, {"ann", "bob"}),
        ({"condition": "user_is_admin"}, set()),
        (
            {
                "type": "or",
                "conditions": [
                    {"condition": "user_is_guest"},
                    {"condition": "user_is_room_owner"},
                ],
            },
            {"ann", "gil"},
        ),
    ],
)
def test_a_glance_is_shown_to_those_for_whom_its_conditions_hold(
    scene: Shown, condition: dict[str, object], who: set[str]
) -> None:
    scene.put("k", conditions=[condition])

    assert {name for name in scene.people if scene.keys(name)} == who


def test_conditions_follow_the_room(scene: Shown) -> None:
    scene.put("k", conditions=[{"condition": "room_is_public"}])
    scene.add_member("bob")
    settings = {
        "name": "Ops",
        "privacy": "private",
        "is_archived": False,
        "is_guest_accessible": False,
        "topic": "",
        "owner": {"id": scene.people["ann"]},
    }
    assert scene.site.put(f"/v2/room/{scene.ops}", settings).status == 204

    assert scene.keys() == []


def test_a_condition_on_metadata_waits_for_it(scene: Shown) -> None:
    scene.put("k", conditions=[MATCHES])
    assert scene.keys() == []

    scene.push("k", metadata={"open": {"count": 2}})
    assert scene.keys() == []
    scene.push("k", metadata={"open": {"count": 3}})
    assert scene.keys() == ["k"]
    scene.push("k", f"/user/{scene.people['bob']}", metadata={})
    assert (scene.keys("bob"), scene.keys("ann")) == ([], ["k"])


def test_a_glance_that_is_asked_is_hidden_until_its_metadata_is_known(
    scene: Shown,
) -> None:
    glance_id = scene.put("k", conditions=[MATCHES], queryUrl=QUERY)
    scene.put("free", queryUrl=QUERY)
    scene.put(
        "never",
        conditions=[MATCHES, {"condition": "user_is_admin"}],
        queryUrl=QUERY,
    )

    found = {one.glance.key: one for one in scene.groups()[0].glances}

    assert found.keys() == {"k", "free"}
    assert (found["k"].is_hidden, found["k"].depends_on_answer) == (True, True)
    assert (found["free"].is_hidden, found["free"].depends_on_answer) == (False, False)
    for count, expected in ((2, False), (3, True)):
        metadata = {"open": {"count": count}}
        shown = is_glance_shown(scene.context(), scene.room(), glance_id, metadata)
        assert asyncio.run(shown) is expected
    shown = is_glance_shown(scene.context(), scene.room(), glance_id, None)
    assert asyncio.run(shown) is False


def test_what_was_pushed_comes_with_its_time(scene: Shown) -> None:
    scene.put("k")
    ((shown,),) = [group.glances for group in scene.groups()]
    assert (shown.content, shown.pushed_us) == (None, 0)

    scene.push("k", label="<b>1</b>")

    ((shown,),) = [group.glances for group in scene.groups()]
    assert shown.content is not None
    assert shown.content.label.value == "<b>1</b>"
    assert shown.pushed_us > 0


@every("target", ["panel", {"key": "panel", "options": {}}])
def test_a_glance_opens_the_module_that_its_target_names(
    scene: Shown, target: object
) -> None:
    scene.put("k", target=target)
    assert scene.groups()[0].glances[0].target is None

    everywhere = scene.put("panel", "webPanel")
    found = scene.groups()[0].glances[0].target
    assert found is not None
    assert found.id == everywhere
    here = scene.put("panel", "dialog", room=scene.ops)
    found = scene.groups()[0].glances[0].target
    assert found is not None
    assert found.id == here


def test_a_target_that_the_user_may_not_open_is_none(scene: Shown) -> None:
    scene.put("k", target="panel")
    scene.put("panel", "webPanel", conditions=[{"condition": "user_is_room_owner"}])

    assert scene.groups("bob")[0].glances[0].target is None
    assert scene.groups("ann")[0].glances[0].target is not None


def test_the_address_to_ask_is_signed_for_user_and_room(scene: Shown) -> None:
    glance_id = scene.put("k", queryUrl=f"{QUERY}?a=1#part")
    context = scene.context()

    address = asyncio.run(glance_address(context, scene.room(), glance_id))

    parts = urlsplit(address)
    query = parse_qs(parts.query)
    assert (parts.netloc, parts.path, query["a"]) == ("a.example", "/glance", ["1"])
    assert query["connect_client_api_version"] == ["1"]
    claims = jwt.decode(
        query["signed_request"][0],
        scene.client.secret,
        algorithms=["HS256"],
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims["iss"] == scene.client.id
    assert claims["sub"] == str(scene.people["bob"])
    assert claims["context"] == {"room_id": scene.ops, "user_tz": "UTC"}
    assert claims["iat"] == context.now_us // 1_000_000
    assert claims["exp"] - claims["iat"] == 300
    again = asyncio.run(glance_address(context, scene.room(), glance_id))
    assert again != address


def test_only_a_glance_that_is_shown_and_asked_has_an_address(scene: Shown) -> None:
    other = scene.site.add_room("Other")
    condition = {"condition": "user_is_room_owner"}
    hidden = scene.put("hidden", queryUrl=QUERY, conditions=[condition])
    for glance_id in (
        scene.put("quiet"),
        scene.put("there", queryUrl=QUERY, room=other),
        scene.put("panel", "webPanel"),
        hidden,
        999,
    ):
        with pytest.raises(NotFoundError):
            asyncio.run(glance_address(scene.context(), scene.room(), glance_id))
    assert asyncio.run(glance_address(scene.context("ann"), scene.room(), hidden))


def test_a_module_is_found_where_the_user_may_open_it(scene: Shown) -> None:
    everywhere = scene.put("panel", "webPanel")
    here = scene.put("ask", "dialog", room=scene.ops)
    owners = scene.put(
        "own", "webPanel", conditions=[{"condition": "user_is_room_owner"}]
    )
    other = scene.site.add_room("Other")

    def find(module_id: int, room: int | None, name: str = "bob") -> bool:
        try:
            found = asyncio.run(find_module(scene.context(name), module_id, room))
        except NotFoundError:
            return False
        assert found.addon == "Build bot"
        return True

    assert find(everywhere, None)
    assert find(everywhere, scene.ops)
    assert find(here, scene.ops)
    assert not find(here, None)
    assert not find(here, other)
    assert not find(owners, scene.ops)
    assert find(owners, scene.ops, "ann")
    assert not find(999, None)
    assert find(everywhere, scene.ops, "gil")
    assert not find(everywhere, None, "gil")
    assert not find(everywhere, other, "gil")


def test_a_module_is_not_found_in_a_private_room_of_others(scene: Shown) -> None:
    secret = scene.site.add_room("Secret", is_private=True)
    module = scene.put("panel", "webPanel", room=secret)

    with pytest.raises(ForbiddenError):
        asyncio.run(find_module(scene.context(), module, secret))


def test_an_external_page_has_an_address_without_variables(scene: Shown) -> None:
    url = "https://a.example/{message.mid}/page?q={message.body}"
    page = scene.put("page", "externalPage", url=url)
    panel = scene.put("panel", "webPanel")

    context = scene.context()

    async def address(module_id: int, room: int | None) -> str | None:
        return await page_address(context, await find_module(context, module_id, room))

    opened = asyncio.run(address(page, scene.ops))
    assert opened is not None
    assert opened.startswith("https://a.example//page?q=&signed_request=")
    outside = asyncio.run(address(page, None)) or ""
    token = parse_qs(urlsplit(outside).query)["signed_request"][0]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["context"] == {"user_tz": "UTC"}
    assert claims["exp"] - claims["iat"] == 3_600
    assert asyncio.run(address(panel, None)) is None
