from __future__ import annotations

import base64

import pytest

from tests.unit.server.asgi import Site
from tests.unit.server.services.files.test_uploads import fetch

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
    + b"\x00\x00\x00\x07\x00\x00\x00\x09"
    + b"rest"
)
GIF = b"GIF89a" + b"\x07\x00\x09\x00" + b"rest"
JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08\x00\x09\x00\x07rest"


@pytest.mark.parametrize(
    ("data", "size"),
    [(PNG, (7, 9)), (GIF, (7, 9)), (JPEG, (7, 9))],
    ids=["png", "gif", "jpeg"],
)
def test_a_picture_replaces_the_one_before_and_can_be_removed(
    site: Site, data: bytes, size: tuple[int, int]
) -> None:
    site.add_room("Ops")
    encoded = base64.b64encode(data).decode()
    for text in (
        encoded,
        f"data:image/png;base64,{encoded}",
        encoded.rstrip("=") + "\n",
    ):
        assert site.put("/v2/room/Ops/avatar", {"avatar": text}).status == 204

        reply = site.get("/v2/room/Ops/avatar")
        assert (reply.status, reply.body) == (302, b"")
        url = reply.header("Location") or ""
        assert fetch(site, url).body == data
        assert site.get("/v2/room/Ops").json["avatar_url"] == url

    folder = site.server.settings.file_folder
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 1
    assert site.delete("/v2/room/Ops/avatar").status == 204
    assert site.delete("/v2/room/Ops/avatar").status == 204
    assert site.get("/v2/room/Ops/avatar").status == 404
    assert fetch(site, url).status == 404


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not base64!",
        base64.b64encode(b"<svg onload=alert(1)>").decode(),
        base64.b64encode(b"plain").decode(),
    ],
)
def test_data_that_is_no_picture_is_rejected(site: Site, text: str) -> None:
    site.add_room("Ops")

    reply = site.put("/v2/room/Ops/avatar", {"avatar": text})

    assert reply.status == 400
    assert reply.error["field"] == "avatar"


def test_users_and_groups_have_pictures_too(site: Site) -> None:
    site.add_user("Ann")
    body = base64.b64encode(PNG).decode()

    assert site.put("/v2/user/@Ann/photo", {"photo": body}).status == 204
    assert site.put("/v2/group/1/avatar", {"avatar": body}).status == 204

    for size in ("small", "big"):
        assert site.get(f"/v2/user/@Ann/photo/{size}").status == 302
    assert site.get("/v2/group/1/avatar").status == 302
    assert site.get("/v2/user/@Ann").json["photo_url"].startswith("http://chat.test/")
    assert site.delete("/v2/user/@Ann/photo").status == 204
    assert site.delete("/v2/group/1/avatar").status == 204
    assert site.get("/v2/group/1/avatar").status == 404
