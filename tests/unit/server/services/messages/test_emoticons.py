"""Emoticons: find them, and add them as the operator."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hipkit.api.errors import BadRequestError, ForbiddenError
from hipkit.server.services.messages.emoticons import add_emoticon
from tests.unit.server.asgi import Site
from tests.unit.server.two_groups import PNG


def files(site: Site) -> set[Path]:
    folder = site.server.settings.file_folder
    return {path for path in folder.rglob("*") if path.is_file()}


def test_emoticons_are_found_by_id_and_shortcut(site: Site) -> None:
    png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x07\x00\x00\x00\x09"
    context = site.operator_context()
    asyncio.run(add_emoticon(context, shortcut="yay", picture=png))

    (item,) = site.get("/v2/emoticon").json["items"]
    full = site.get("/v2/emoticon/yay").json

    assert set(item) == {"id", "shortcut", "url", "type", "links"}
    assert set(full) == set(item) | {"width", "height", "creator"}
    assert (full["width"], full["height"]) == (7, 9)
    assert site.get("/v2/emoticon/1").json == full
    assert site.get("/v2/emoticon/(yay)").json == full
    assert "email" in site.get("/v2/emoticon/1?expand=creator").json["creator"]
    assert site.get("/v2/emoticon?type=global").json["items"] == []
    assert site.get("/v2/emoticon/nay").status == 404


def test_only_the_operator_adds_emoticons(site: Site) -> None:
    site.add_user("boss", mention_name="boss", is_group_admin=True)

    with pytest.raises(ForbiddenError):
        asyncio.run(add_emoticon(site.context_of("boss"), shortcut="yay", picture=PNG))

    assert files(site) == set()


@pytest.mark.parametrize(
    ("shortcut", "emoticon_id", "problem"),
    [
        ("yay", None, "is taken"),
        ("new", 166, "another emoticon's id"),
        ("two words", None, "letters and digits"),
        ("x" * 51, None, "letters and digits"),
    ],
)
def test_an_emoticon_that_cannot_be_leaves_no_file(
    site: Site, shortcut: str, emoticon_id: int | None, problem: str
) -> None:
    operator = site.operator_context()
    asyncio.run(add_emoticon(operator, shortcut="yay", picture=PNG, emoticon_id=166))
    before = files(site)

    with pytest.raises(BadRequestError, match=problem):
        asyncio.run(
            add_emoticon(
                operator, shortcut=shortcut, picture=PNG, emoticon_id=emoticon_id
            )
        )

    assert files(site) == before
