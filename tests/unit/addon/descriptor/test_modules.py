from __future__ import annotations

from typing import Any

import pytest

from hipkit.addon.descriptor.conditions import glance_matches, user_is_guest
from hipkit.addon.descriptor.modules import (
    button,
    check_key,
    make_action,
    make_dialog,
    make_external_page,
    make_glance,
    make_web_panel,
)
from hipkit.descriptors.modules import Module
from hipkit.v2.models import Icon, Target, TextI18n


def glance(**changes: Any) -> Module:
    usual: dict[str, Any] = {
        "name": "Karma",
        "icon": None,
        "query_url": "glance/g",
        "target": None,
        "weight": None,
        "conditions": None,
    }
    return make_glance(changes.pop("key", "g"), **(usual | changes))


def dialog(**changes: Any) -> Module:
    usual: dict[str, Any] = {
        "title": "Karma",
        "url": "dialog/d",
        "size": None,
        "style": None,
        "hint": None,
        "filter": None,
        "primary_action": None,
        "secondary_actions": None,
    }
    return make_dialog("d", **(usual | changes))


def action(**changes: Any) -> Module:
    usual: dict[str, Any] = {
        "name": "Karma",
        "location": "message",
        "target": "d",
        "weight": None,
        "conditions": None,
    }
    return make_action("a", **(usual | changes))


def panel(**changes: Any) -> Module:
    usual: dict[str, Any] = {
        "name": "Karma",
        "url": "panel/p",
        "icon": None,
        "weight": None,
        "conditions": None,
    }
    return make_web_panel("p", **(usual | changes))


def test_a_glance_has_an_icon_in_both_densities() -> None:
    for icon, expected in [
        (None, ["icon.svg", "icon.svg"]),
        ("a.png", ["a.png", "a.png"]),
        (Icon(url="a.png", url_2x="b.png"), ["a.png", "b.png"]),
    ]:
        found = glance(icon=icon).to_dict()["icon"]
        assert isinstance(found, dict)
        assert [*found.values()] == expected


def test_pages_are_signed() -> None:
    assert panel().to_dict() == {
        "key": "p",
        "name": {"value": "Karma"},
        "url": "panel/p",
        "location": "hipchat.sidebar.right",
        "authentication": "jwt",
    }
    assert dialog().to_dict() == {
        "key": "d",
        "title": {"value": "Karma"},
        "url": "dialog/d",
        "authentication": "jwt",
    }


def test_a_dialog_has_its_options() -> None:
    made = dialog(
        size=("400px", "80%"),
        style="warning",
        hint="Careful",
        filter=TextI18n(value="Search", i18n="search"),
        primary_action="Go",
        secondary_actions=[button("No", key="no", enabled=False)],
    )
    assert made.to_dict()["options"] == {
        "style": "warning",
        "size": {"width": "400px", "height": "80%"},
        "hint": {"value": "Careful"},
        "filter": {"placeholder": {"value": "Search", "i18n": "search"}},
        "primaryAction": {"name": {"value": "Go"}},
        "secondaryActions": [{"name": {"value": "No"}, "key": "no", "enabled": False}],
    }
    assert dialog(size="xlarge").to_dict()["options"] == {"size": "xlarge"}


def test_an_empty_list_of_buttons_is_kept_since_it_hides_the_usual_one() -> None:
    assert dialog(secondary_actions=[]).to_dict()["options"] == {"secondaryActions": []}


def test_an_action_has_a_place_and_a_target() -> None:
    made = action(location="input", target=Target(key="d", options={"size": "small"}))
    assert made.to_dict() == {
        "key": "a",
        "name": {"value": "Karma"},
        "location": "hipchat.input.action",
        "target": {"key": "d", "options": {"size": "small"}},
    }


def test_an_external_page_may_have_a_name() -> None:
    url = "https://a.example/{message.body}"
    assert make_external_page("e", name="E", url=url).to_dict() == {
        "key": "e",
        "url": url,
        "name": {"value": "E"},
    }


@pytest.mark.parametrize("key", ["", "a b", "ä", "a:b", "x" * 41, "a\n"])
def test_an_invalid_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="the key"):
        check_key(key, "glance")


@pytest.mark.parametrize(
    ("make", "changes", "error"),
    [
        (glance, {"name": ""}, "glance g: the name has 1 to 100"),
        (glance, {"name": "x" * 101}, "glance g: the name has 1 to 100"),
        (glance, {"name": TextI18n(value="x", i18n="")}, "i18n has 1 to 40"),
        (glance, {"icon": Icon(url="a.png")}, "needs url_2x"),
        (glance, {"target": "a b"}, "glance g: target: the key"),
        (glance, {"target": Target(key="")}, "glance g: target: the key"),
        (panel, {"conditions": glance_matches("a", eq=1)}, "web panel p: a webPanel"),
        (dialog, {"style": "fancy"}, "dialog d: the style"),
        (dialog, {"size": "huge"}, "dialog d: the size"),
        (dialog, {"size": ("400", "80%")}, "dialog d: the size"),
        (dialog, {"size": ("400px",)}, "dialog d: the size"),
        (dialog, {"secondary_actions": [button("No")]}, "'No' needs a key"),
        (dialog, {"hint": ""}, "dialog d: the hint"),
        (action, {"location": "top"}, "action a: the location"),
    ],
)
def test_an_invalid_argument_is_named(
    make: Any, changes: dict[str, object], error: str
) -> None:
    with pytest.raises(ValueError, match=error):
        make(**changes)


@pytest.mark.parametrize(
    ("make", "changes", "error"),
    [
        (glance, {"key": 3}, "the key must be a text"),
        (glance, {"name": 3}, "glance g: the name must be a text"),
        (glance, {"icon": 3}, "glance g: the icon"),
        (glance, {"weight": "1"}, "glance g: the weight"),
        (glance, {"weight": True}, "glance g: the weight"),
        (glance, {"conditions": True}, "glance g: conditions must be an expression"),
        (
            dialog,
            {"secondary_actions": ["No"]},
            r"a list of button\(...\), and has str",
        ),
        (dialog, {"secondary_actions": 5}, r"a list of button\(...\), not int"),
        (dialog, {"primary_action": 5}, r"a label or button\(...\), not int"),
        (action, {"target": None}, "action a: it needs a target"),
    ],
)
def test_an_argument_of_another_type_is_named(
    make: Any, changes: dict[str, object], error: str
) -> None:
    with pytest.raises(TypeError, match=error):
        make(**changes)


def test_conditions_are_listed() -> None:
    found = panel(conditions=~user_is_guest).to_dict()["conditions"]
    assert found == [{"condition": "user_is_guest", "invert": True}]
