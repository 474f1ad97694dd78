from __future__ import annotations

import asyncio

import pytest

from hipkit.api.errors import BadRequestError, ForbiddenError
from hipkit.server.services.messages.emoticons import add_emoticon
from tests.unit.server.asgi import Site
from tests.unit.server.services.files.test_pictures import png

PICTURE = png(18, 20)


def add(site: Site, shortcut: str, **members: object) -> int:
    context = site.operator_context()
    return asyncio.run(
        add_emoticon(context, shortcut=shortcut, picture=PICTURE, **members)  # type: ignore[arg-type]  # members as given
    )


def files(site: Site) -> int:
    paths = site.server.runtime.blobs.path.rglob("*")
    return sum(path.is_file() for path in paths)


def test_an_emoticon_is_found_by_id_and_by_shortcut_in_any_case(site: Site) -> None:
    number = add(site, "Yay")

    for reference in (number, "yay", "(YAY)"):
        found = site.get(f"/v2/emoticon/{reference}").json
        assert (found["id"], found["shortcut"]) == (number, "Yay")
        assert (found["width"], found["height"]) == (18, 20)
    assert site.get("/v2/emoticon/nay").status == 404
    assert site.get(f"/v2/emoticon/{number + 1}").status == 404


def test_emoticons_are_listed_by_kind(site: Site) -> None:
    add(site, "ours")
    add(site, "everybodys", kind="global")

    def listed(kind: str) -> list[str]:
        page = site.get(f"/v2/emoticon?type={kind}").json
        return [emoticon["shortcut"] for emoticon in page["items"]]

    assert listed("all") == ["ours", "everybodys"]
    assert listed("group") == ["ours"]
    assert listed("global") == ["everybodys"]


@pytest.mark.parametrize("shortcut", ["", "a b", "(yay)", "YAY", "x" * 51])
def test_an_invalid_or_taken_shortcut_is_rejected_and_leaves_no_file(
    site: Site, shortcut: str
) -> None:
    add(site, "yay")

    with pytest.raises(BadRequestError):
        add(site, shortcut)

    assert files(site) == 1


def test_only_the_operator_adds_emoticons(site: Site) -> None:
    context = site.context_of("Administrator")

    with pytest.raises(ForbiddenError):
        asyncio.run(add_emoticon(context, shortcut="yay", picture=PICTURE))
