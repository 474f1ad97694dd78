"""What `EmoticonStore` promises, whichever database is below it."""

from __future__ import annotations

from hipkit.server.storage.protocol import Database
from hipkit.server.storage.stores.emoticons import NewEmoticon
from tests.contract.storage.filling import (
    add_group,
)


async def test_emoticons_are_found_by_id_and_by_shortcut_in_any_case(
    database: Database,
) -> None:
    group_id = await add_group(database)
    emoticon = NewEmoticon(
        group_id=group_id,
        shortcut="Yay",
        kind="group",
        file_key="k" * 43,
        width=1,
        height=2,
        creator_id=None,
    )
    emoticon_id = await database.write(lambda s: s.emoticons.add(emoticon))

    emoticons = database.stores.emoticons
    found = await emoticons.by_shortcut(group_id, "yAY")
    assert found is not None
    assert found.id == emoticon_id
    assert await emoticons.get(group_id, emoticon_id) == found
    assert await emoticons.get(group_id + 1, emoticon_id) is None
    assert await emoticons.by_shortcuts(group_id, ["YAY", "nay"]) == [found]
    pages = [
        await emoticons.page(group_id, kind=kind, start=0, count=5)
        for kind in (None, "group", "global")
    ]
    assert [len(page) for page in pages] == [1, 1, 0]
