from __future__ import annotations

import pytest

from codegen.reading.bodies import body
from codegen.reading.document import SpecError
from tests.codegen.packages import operation, read


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [
        ("application/json; charset=utf-8", "json"),
        ("application/vnd.thing+json", "json"),
        ("application/x-www-form-urlencoded", "form"),
        ("multipart/related", "related"),
        ("multipart/form-data", "multipart"),
        ("text/json", "json"),
        ("image/png", "bytes"),
    ],
)
def test_the_kind_of_a_body_follows_from_its_media_type(
    media_type: str, kind: str
) -> None:
    [found] = read({"put": operation(requestBody={"content": {media_type: {}}})})

    content = body(found)

    assert content is not None
    assert content.kind == kind


@pytest.mark.parametrize("media_type", ["multipart/mixed", "text/xml"])
def test_a_body_that_cannot_be_sent_is_an_error(media_type: str) -> None:
    [found] = read({"put": operation(requestBody={"content": {media_type: {}}})})

    with pytest.raises(SpecError, match=f"no body of type {media_type} can be sent"):
        body(found)
