"""Forms as operations: who may send them, and what is said to those who may not."""

from __future__ import annotations

import asyncio

import pytest

from hipkit.api.errors import BadRequestError, ForbiddenError
from hipkit.server.page.forms import read_operation
from hipkit.v2.rooms import SetTopic
from hipkit.v2.users import DeleteUser, UpdateUser
from tests.unit.server.asgi import Site


def test_texts_of_a_form_become_an_operation(site: Site) -> None:
    site.add_user("root", mention_name="root", is_group_admin=True)
    members = {"name": "Ann", "email": "a@b.test", "mention_name": "ann", "title": ""}

    request = asyncio.run(
        read_operation(site.context_of("root"), UpdateUser, members, id_or_email=7)
    )

    assert request == UpdateUser(
        "7", name="Ann", email="a@b.test", mention_name="ann", title=""
    )


def test_the_rules_of_the_api_count(site: Site) -> None:
    site.add_user("ann", mention_name="ann")

    with pytest.raises(BadRequestError) as caught:
        asyncio.run(
            read_operation(
                site.context_of("ann"),
                SetTopic,
                {"topic": "x" * 251},
                room_id_or_name=1,
            )
        )

    assert caught.value.field == "topic"


@pytest.mark.parametrize(
    ("is_guest", "words"),
    [(True, "Guests may not"), (False, "Only administrators may")],
)
def test_who_lacks_a_scope_is_told_so_without_naming_it(
    site: Site, is_guest: bool, words: str
) -> None:
    site.add_user("eve", mention_name="eve", is_guest=is_guest)

    with pytest.raises(ForbiddenError, match=words) as caught:
        asyncio.run(
            read_operation(site.context_of("eve"), DeleteUser, {}, id_or_email=1)
        )

    assert "admin_group" not in str(caught.value)
