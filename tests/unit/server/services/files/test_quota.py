from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable

import pytest

from hipkit.server.services.messages.emoticons import add_emoticon
from hipkit.server.services.rooms.changes import remove_room
from tests.unit.server.asgi import RawResponse, Site, call
from tests.unit.server.services.files.test_pictures import png

TYPE = ("Content-Type", "multipart/related; boundary=b")
SHARE = "/v2/room/Ops/share/file"


def share(site: Site, size_bytes: int, target: str = SHARE) -> RawResponse:
    return site.send("POST", target, body=body(size_bytes), headers=[TYPE])


def body(size_bytes: int) -> bytes:
    return (
        b'--b\r\nContent-Disposition: attachment; name="file"; filename="a.bin"\r\n\r\n'
        + bytes(size_bytes)
        + b"\r\n--b--"
    )


def picture(size_bytes: int) -> str:
    return base64.b64encode(png(1, 1).ljust(size_bytes, b"\0")).decode()


def used(site: Site) -> int:
    return asyncio.run(site.server.database.stores.groups.file_bytes(1))


def added_up(site: Site) -> int:
    ((found,),) = site.sql("SELECT SUM(size_bytes) FROM files")
    return int(found or 0)


def kept(site: Site) -> int:
    paths = site.server.runtime.blobs.path.rglob("*")
    return sum(path.stat().st_size for path in paths if path.is_file())


@pytest.fixture
def small(make_site: Callable[..., Site]) -> Site:
    site = make_site(file_quota_bytes=1_000)
    site.add_room("Ops")
    return site


def test_a_quota_is_enforced_to_the_byte(
    small: Site,
) -> None:
    assert share(small, 600).status == 204

    reply = share(small, 401)

    assert reply.status == 413
    assert reply.error["message"] == (
        "The group's files may take 1000 bytes, and 600 are taken: 401 more do not fit"
    )
    assert share(small, 400).status == 204
    assert share(small, 1).status == 413
    assert used(small) == added_up(small) == kept(small) == 1_000
    assert len(small.messages("Ops")) == 2


def test_an_upload_above_the_quota_is_not_read(small: Site) -> None:
    assert share(small, 1_000).status == 204

    # Whoever read the body would find that the client has hung up, and answer nothing.
    reply = small.send("POST", SHARE, body=[], headers=[TYPE], hangs_up=True)

    assert reply.status == 413
    assert kept(small) == 1_000


def test_every_kind_of_file_and_picture_counts(small: Site) -> None:
    ann = small.add_user("Ann Other")
    assert share(small, 100, f"/v2/user/{ann}/share/file").status == 204
    assert small.put("/v2/room/Ops/avatar", {"avatar": picture(100)}).status == 204
    assert small.put(f"/v2/user/{ann}/photo", {"photo": picture(100)}).status == 204
    assert small.put("/v2/group/1/avatar", {"avatar": picture(100)}).status == 204
    emoticon = base64.b64decode(picture(100))
    asyncio.run(add_emoticon(small.operator_context(), shortcut="a", picture=emoticon))
    assert used(small) == added_up(small) == kept(small) == 500

    assert share(small, 500).status == 204
    small.add_room("Other")
    for path, name in (
        ("/v2/room/Other/avatar", "avatar"),
        (f"/v2/user/{small.add_user('Bob Other')}/photo", "photo"),
    ):
        reply = small.put(path, {name: picture(100)})
        assert reply.status == 413
        assert "1000 are taken" in reply.error["message"]
    assert used(small) == added_up(small) == kept(small) == 1_000


def test_a_picture_replaces_the_bytes_of_the_one_before(small: Site) -> None:
    for size_bytes, status in ((900, 204), (1_000, 204), (1_001, 413), (800, 204)):
        reply = small.put("/v2/room/Ops/avatar", {"avatar": picture(size_bytes)})
        assert reply.status == status
    assert used(small) == added_up(small) == kept(small) == 800
    assert small.get("/v2/room/Ops/avatar").status == 302

    assert small.delete("/v2/room/Ops/avatar").status == 204
    assert used(small) == kept(small) == 0


def test_deleted_files_no_longer_count(small: Site) -> None:
    ann = small.add_user("Ann Other")
    assert small.put(f"/v2/user/{ann}/photo", {"photo": picture(200)}).status == 204
    assert share(small, 800).status == 204
    assert share(small, 1).status == 413

    assert small.delete(f"/v2/user/{ann}").status == 204
    assert used(small) == 800
    asyncio.run(remove_room(small.operator_context(), "Ops"))

    assert used(small) == added_up(small) == kept(small) == 0


def test_simultaneous_uploads_do_not_exceed_the_quota(small: Site) -> None:
    headers = [("Host", small.host), ("Authorization", f"Bearer {small.token}"), TYPE]

    async def upload() -> list[RawResponse]:
        data = body(300)
        pieces = [data[start : start + 50] for start in range(0, len(data), 50)]
        calls = [
            call(small.server, "POST", SHARE.encode(), headers, list(pieces))
            for _ in range(10)
        ]
        return await asyncio.gather(*calls)

    replies = asyncio.run(upload())

    assert sorted(reply.status for reply in replies) == [204] * 3 + [413] * 7
    assert used(small) == added_up(small) == kept(small) == 900


def test_a_rejected_message_does_not_count(small: Site) -> None:
    assert share(small, 100, "/v2/room/Nowhere/share/file").status == 404
    assert used(small) == kept(small) == 0


def test_the_count_outlives_the_server_and_the_quota_may_change(
    make_site: Callable[..., Site],
) -> None:
    first = make_site(file_quota_bytes=1_000)
    first.add_room("Ops")
    assert share(first, 900).status == 204
    first.server.close()

    smaller = make_site(file_quota_bytes=500)
    assert used(smaller) == 900
    assert share(smaller, 1).status == 413
    smaller.server.close()

    without = make_site(file_quota_bytes=0)
    assert share(without, 5_000).status == 204
    assert used(without) == 5_900


def test_the_default_quota_is_five_gigabytes(site: Site) -> None:
    assert site.server.settings.file_quota_bytes == 5_000_000_000


def test_each_group_has_its_own_count(small: Site) -> None:
    async def other_group() -> int:
        database = small.server.database
        group_id = await database.write(
            lambda stores: stores.groups.add(name="B", subdomain="b", now_us=1)
        )
        await database.write(
            lambda stores: stores.files.add(
                group_id=group_id,
                key="k" * 43,
                name="a",
                size_bytes=5_000,
                content_type="text/plain",
                now_us=1,
            )
        )
        return await database.stores.groups.file_bytes(group_id)

    assert asyncio.run(other_group()) == 5_000
    assert share(small, 1_000).status == 204
