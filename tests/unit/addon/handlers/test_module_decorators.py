from __future__ import annotations

import pytest

from hipkit.addon.addon import AddOn
from hipkit.addon.handlers.replies import Html
from hipkit.addon.handlers.views import ViewRequest


def addon() -> AddOn:
    return AddOn(key="com.example.karma", name="Karma")


async def page(request: ViewRequest) -> Html:
    return Html("")


def test_an_action_opens_the_module_below_it() -> None:
    made = addon()
    made.action("thank", name="Thank", location="message")(
        made.dialog("thank.dialog", title="Thank")(page)
    )
    made.action("more", name="More", location="input", target=page)
    assert made.registry.modules["thank"].to_dict()["target"] == "thank.dialog"
    assert made.registry.modules["more"].to_dict()["target"] == "thank.dialog"


def test_a_page_elsewhere_needs_no_handler() -> None:
    made = addon()
    made.external_page("docs", url="https://docs.example.com")
    made.external_page("report", name="Report")(page)
    assert made.registry.views.keys() == {("page", "report")}
    assert made.registry.modules["report"].to_dict()["url"] == "page/report"


def test_views_are_registered_under_their_kind() -> None:
    made = addon()
    made.web_panel("p", name="P")(page)
    made.dialog("d", title="D")(page)
    made.configuration(page)
    made.glance("g", name="G", target="p")(lambda request: "x")
    assert made.registry.views.keys() == {
        ("panel", "p"),
        ("dialog", "d"),
        ("configuration", "configuration"),
        ("glance", "g"),
    }
    assert made.registry.modules.keys() == {"p", "d", "g"}


def test_a_module_without_handler_is_not_registered() -> None:
    made = addon()
    with pytest.raises(TypeError):
        made.web_panel("p", name="P")(lambda: Html(""))  # type: ignore[arg-type, misc]
    assert not made.registry.modules
