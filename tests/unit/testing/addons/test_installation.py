"""An installation's modules, as people open them."""

from __future__ import annotations

import pytest

from hipkit.addon import AddOn, Html, ViewRequest
from hipkit.testing.addons import AddOnHost


def board() -> AddOn:
    addon = AddOn(key="board", name="Board", scopes=["view_room"])

    @addon.web_panel("ranking", name="Ranking")
    async def ranking(request: ViewRequest) -> Html:
        return Html.format(
            "{user} in {room}, {theme}",
            user=request.user_id,
            room=request.room_id,
            theme=request.theme,
        )

    @addon.glance("score", name="Score", target=ranking)
    async def score(request: ViewRequest) -> str:
        if request.user_id == 1:
            raise LookupError("the administrator has none")
        return f"{request.user_id} points"

    @addon.configuration
    async def configure(request: ViewRequest) -> Html:
        return Html.format(
            "{method} {url}", method=request.method, url=request.form.get("url")
        )

    return addon


def test_a_page_is_opened_by_a_user_in_a_room(addon_host: AddOnHost) -> None:
    installation = addon_host.install(board())
    jane, ops = addon_host.user("Jane"), addon_host.room("ops")

    page = installation.open("ranking", room=ops, user=jane, theme="dark")

    assert (page.status, page.text) == (200, f"{jane.id} in {ops.id}, dark")
    assert page.headers["content-type"].startswith("text/html")


def test_a_form_is_sent_back(addon_host: AddOnHost) -> None:
    installation = addon_host.install(board())
    assert installation.open().text == "GET None"
    page = installation.open(form={"url": "https://example.com"})
    assert page.text == "POST https://example.com"


def test_a_glance_is_asked(addon_host: AddOnHost) -> None:
    installation = addon_host.install(board())
    jane, ops = addon_host.user("Jane"), addon_host.room("ops")

    content = installation.ask_glance("score", room=ops, user=jane)

    assert content.label.value == f"{jane.id} points"
    with pytest.raises(AssertionError, match="500"):
        installation.ask_glance("score", room=ops)
    with pytest.raises(LookupError, match="scores"):
        installation.ask_glance("scores", room=ops)


def test_nothing_opens_once_it_was_removed(addon_host: AddOnHost) -> None:
    addon = board()
    installation = addon_host.install(addon)
    addon_host.remove(addon)
    assert installation.open().status == 401
