from __future__ import annotations

import pytest

from hipkit.client.error_bodies import error_message


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"error": {"message": "no", "type": "Bad Request"}}, "no"),
        ({"error": "invalid_grant", "error_description": "too old"}, "too old"),
        ({"error": "not found"}, "not found"),
        ({"title": "Gone", "detail": "It left."}, "Gone: It left."),
        ({"title": "Gone"}, "Gone"),
        ({"detail": "It left."}, "It left."),
        ({"message": "first", "title": "Gone"}, "first"),
        ({"error": "Not Found", "errorDescription": "no such page"}, "no such page"),
        ({"error": {"code": 1, "reason": "because"}}, "because"),
        ({"errors": [{"title": "A", "detail": "b"}, "c", {}, 1]}, "A: b; c"),
        ({"errors": ["a", "b", "c", "d"]}, "a; b; c"),
        ([{"message": "a"}, {"msg": "b"}], "a; b"),
        ("text", "text"),
        ({"message": 1, "error": None, "errors": {}}, ""),
        ([[["a"]]], ""),
        (None, ""),
        (7, ""),
    ],
)
def test_a_message_is_found_in_the_forms_that_apis_use(
    document: object, message: str
) -> None:
    assert error_message(document) == message
