"""What `EmoticonStore` and `FileStore` promise, whichever database is below them."""

from __future__ import annotations

from hipkit.server.storage.protocol import Database
from tests.contract.storage.filling import (
    NOW,
    add_group,
)


async def test_emoticons_and_files_are_found_by_their_keys(database: Database) -> None:
    group_id = await add_group(database)
    await database.write(
        lambda s: s.files.add(
            group_id=group_id,
            key="k" * 43,
            name="ö.png",
            size_bytes=7,
            content_type="image/png",
            now_us=NOW,
        )
    )
    emoticon_id = await database.write(
        lambda s: s.emoticons.add(
            group_id=group_id,
            shortcut="Yay",
            kind="group",
            file_key="k" * 43,
            width=1,
            height=2,
            creator_id=None,
        )
    )

    file = await database.stores.files.by_key("k" * 43)
    assert file is not None
    assert (file.name, file.size_bytes) == ("ö.png", 7)
    found = await database.stores.emoticons.by_shortcut(group_id, "yAY")
    assert found is not None
    assert found.id == emoticon_id
    (same,) = await database.stores.emoticons.by_shortcuts(group_id, ["YAY", "nay"])
    assert same == found
    pages = [
        await database.stores.emoticons.page(group_id, kind=kind, start=0, count=5)
        for kind in (None, "group", "global")
    ]
    assert [len(page) for page in pages] == [1, 1, 0]
