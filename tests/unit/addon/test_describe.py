from __future__ import annotations

import pytest

from hipkit.addon.addon import AddOn
from hipkit.addon.describe import check_base_url
from hipkit.addon.descriptor.conditions import room_is_public
from hipkit.addon.handlers.events import Message, RoomEnter
from hipkit.addon.handlers.replies import Html
from hipkit.addon.handlers.views import ViewRequest
from hipkit.descriptors import check_descriptor
from hipkit.v2.models import Icon, Target

BASE = "https://karma.example.com"


async def page(request: ViewRequest) -> Html:
    return Html("")


def full() -> AddOn:
    """Return an add-on that can do everything."""
    addon = AddOn(
        key="com.example.karma",
        name="Karma",
        description="Counts",
        scopes=["send_notification", "view_room"],
        vendor=("Example", "https://example.com"),
        homepage="https://example.com/karma",
        from_name="Bot",
        avatar=Icon(url="avatar.png", url_2x="https://cdn.example.com/avatar.png"),
        allow_global=False,
        allow_room_configuration=True,
        user_tokens=True,
    )

    @addon.on_message(r"^/karma (?P<name>@\w+)")
    async def karma(message: Message, name: str) -> str:
        return name

    @addon.command("/top")
    async def top(message: Message) -> str:
        return ""

    @addon.on_enter
    async def entered(event: RoomEnter) -> None: ...

    addon.web_panel("panel", name="Panel", icon="panel.png")(page)
    addon.dialog("dialog", title="Dialog", size="small")(page)
    addon.external_page("page")(page)
    addon.external_page("docs", url="https://docs.example.com/{message.body}")
    addon.configuration(page)
    addon.glance(
        "glance",
        name="Glance",
        target=Target(key="dialog", options={"size": "large"}),
        conditions=room_is_public,
    )(lambda request: "x")
    addon.action("action", name="Action", location="message", target="glance")
    return addon


def test_the_descriptor_has_everything_that_is_registered() -> None:
    made = full().descriptor(f"{BASE}/v1/").to_dict()
    at = f"{BASE}/v1"
    assert made["links"] == {
        "self": f"{at}/capabilities",
        "homepage": "https://example.com/karma",
    }
    assert made["vendor"] == {"name": "Example", "url": "https://example.com"}
    capabilities = made["capabilities"]
    assert isinstance(capabilities, dict)
    assert capabilities["installable"] == {
        "allowGlobal": False,
        "allowRoom": True,
        "callbackUrl": f"{at}/installable",
        "updateCallbackUrl": f"{at}/installable/update",
        "installedUrl": f"{at}/installed",
        "updatedUrl": f"{at}/updated",
        "uninstalledUrl": f"{at}/uninstalled",
    }
    assert capabilities["hipchatApiConsumer"] == {
        "scopes": ["send_notification", "view_room"],
        "fromName": "Bot",
        "avatar": {
            "url": f"{at}/avatar.png",
            "url@2x": "https://cdn.example.com/avatar.png",
        },
    }
    assert capabilities["oauth2Consumer"] == {"redirectionUrls": [f"{at}/authorized"]}
    assert capabilities["configurable"] == {
        "url": f"{at}/configuration",
        "authentication": "jwt",
        "allowAccessToRoomAdmins": True,
    }
    assert capabilities["webhook"] == [
        {
            "key": "karma",
            "name": "karma",
            "url": f"{at}/webhook/karma",
            "event": "room_message",
            "pattern": r"^/karma (?P<name>@\w+)",
            "authentication": "jwt",
        },
        {
            "key": "top",
            "name": "top",
            "url": f"{at}/webhook/top",
            "event": "room_message",
            "pattern": r"^/top(\s|$)",
            "authentication": "jwt",
        },
        {
            "key": "entered",
            "name": "entered",
            "url": f"{at}/webhook/entered",
            "event": "room_enter",
            "authentication": "jwt",
        },
    ]
    assert capabilities["glance"] == [
        {
            "key": "glance",
            "name": {"value": "Glance"},
            "icon": {"url": f"{at}/icon.svg", "url@2x": f"{at}/icon.svg"},
            "queryUrl": f"{at}/glance/glance",
            "target": {"key": "dialog", "options": {"size": "large"}},
            "conditions": [{"condition": "room_is_public"}],
        }
    ]
    assert capabilities["webPanel"][0]["url"] == f"{at}/panel/panel"
    assert capabilities["webPanel"][0]["icon"]["url@2x"] == f"{at}/panel.png"
    assert capabilities["dialog"][0]["url"] == f"{at}/dialog/dialog"
    assert [each["url"] for each in capabilities["externalPage"]] == [
        f"{at}/page/page",
        "https://docs.example.com/{message.body}",
    ]
    assert capabilities["action"][0]["target"] == "glance"


def test_the_check_of_descriptors_finds_no_fault() -> None:
    body = full().descriptor(BASE).to_json()
    assert [each.problem for each in check_descriptor(body)] == []


def test_an_add_on_without_anything_has_an_installable_only() -> None:
    made = AddOn(key="a", name="A").descriptor(BASE).to_dict()
    assert made["description"] == ""
    assert "vendor" not in made
    assert [*made["capabilities"]] == ["installable"]  # type: ignore[misc]


@pytest.mark.parametrize("target", ["nothing", "glance"])
def test_a_target_that_cannot_be_opened_is_refused(target: str) -> None:
    addon = AddOn(key="a", name="A")
    addon.web_panel("panel", name="Panel")(page)
    addon.glance("glance", name="G", target=target)(lambda request: "x")
    with pytest.raises(ValueError, match=f"target {target} .* there are panel"):
        addon.descriptor(BASE)


def test_an_address_elsewhere_must_be_https() -> None:
    addon = AddOn(key="a", name="A")
    addon.external_page("docs", url="http://docs.example.com")
    with pytest.raises(ValueError, match="must be https"):
        addon.descriptor(BASE)
    assert addon.descriptor("http://127.0.0.1:8000")
    for url in ("https://u:p@docs.example.com", "javascript:x", "https:docs"):
        addon = AddOn(key="a", name="A")
        addon.external_page("docs", url=url)
        with pytest.raises(ValueError, match="must be https"):
            addon.descriptor(BASE)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example", "https://a.example"),
        ("https://a.example/x/", "https://a.example/x"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("http://localhost", "http://localhost"),
        ("http://karma.localhost", "http://karma.localhost"),
    ],
)
def test_a_base_url_loses_its_last_slash(url: str, expected: str) -> None:
    assert check_base_url(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "karma.example.com",
        "ftp://a.example",
        "http://a.example",
        "http://127.0.0.1.example",
        "https://",
        "https://u:p@a.example",
        "https://a.example?x=1",
        "https://a.example#x",
        "https://a.example#",
        "https://a.example/?",
        "https://a.example/a b",
        "https://a.example/{x}",
        "https://a.example:x",
        "https://[a",
        "https://ä.example",
    ],
)
def test_an_invalid_base_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="base_url"):
        check_base_url(url)


def test_http_may_be_allowed_for_private_networks() -> None:
    assert check_base_url("http://addon:8000", allow_http=True) == "http://addon:8000"
    with pytest.raises(TypeError, match="base_url must be a text"):
        check_base_url(None)  # type: ignore[arg-type]
