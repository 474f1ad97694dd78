from __future__ import annotations

import inspect
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from hipkit.api.bodies.files import File
from hipkit.api.bodies.form_data import FormDataBody
from hipkit.api.bodies.multipart import RelatedBody
from hipkit.api.operation import RequestParts
from tests.codegen.packages import Generate, document, operation, sent, spec


def test_path_parameters_come_first_and_in_the_paths_order(generate: Generate) -> None:
    package = generate(spec("naming"))

    signature = inspect.signature(package.Api(None).book_shelves.get_book)
    call = sent(package, "book_shelves", "get_book", "top shelf", "4/2")

    assert list(signature.parameters) == ["shelf", "book_id", "page", "options"]
    assert call == RequestParts("GET", "/book/top%20shelf/4%2F2")


def test_a_body_member_named_like_a_path_parameter_gets_the_prefix_body(
    generate: Generate,
) -> None:
    package = generate(spec("naming"))

    call = sent(
        package,
        "book_shelves",
        "put_book",
        "a",
        "1",
        from_="b",
        body_shelf="c",
        page_count=3,
    )

    assert call.content == b'{"from":"b","shelf":"c","pageCount":3}'


def test_lists_are_sent_joined_or_repeated(generate: Generate) -> None:
    package = generate(spec("parameters"))

    call = sent(
        package,
        "things",
        "get_part",
        7,
        "lid",
        order="up",
        expand=["a", "b,c"],
        color=["red", "blue"],
        strict=False,
        if_none_match="x",
        plus="1+1",
    )

    assert call.target == (
        "/thing/7/part/lid?order=up&expand=a%2Cb%2Cc&color=red&color=blue&strict=false&%2B=1%2B1"
    )
    assert call.headers == (("If-None-Match", "x"),)


def test_null_is_sent_only_for_nullable_members(
    generate: Generate,
) -> None:
    package = generate(spec("bodies"))

    assert (
        sent(package, "things", "put_thing", "k", name="n").content
        == b'{"key":"k","name":"n"}'
    )
    with_null = sent(
        package, "things", "put_thing", "k", name="n", color=None, owner=None
    )
    assert with_null.content == b'{"key":"k","name":"n","owner":null}'


def test_an_optional_body_without_members_is_not_sent(generate: Generate) -> None:
    package = generate(spec("bodies"))

    assert sent(package, "things", "change_thing", "k") == RequestParts(
        "PATCH",
        "/thing/k",
        (),
        None,
    )
    assert sent(package, "things", "put_numbers").content is None
    assert (
        sent(package, "things", "change_thing", "k", name="n").content
        == b'{"name":"n"}'
    )


def test_a_body_without_known_members_is_one_argument(generate: Generate) -> None:
    package = generate(spec("bodies"))

    assert (
        sent(package, "things", "add_anything", body={"a": [1]}).content == b'{"a":[1]}'
    )
    numbers = sent(package, "things", "put_numbers", body=[1, 2])
    assert numbers.content == b"[1,2]"
    assert numbers.headers == (("Content-Type", "application/vnd.numbers+json"),)
    picture = sent(package, "things", "put_file", body=b"\x89PNG")
    assert picture.content == b"\x89PNG"
    assert picture.headers == (("Content-Type", "image/png"),)


def test_null_is_sent_for_a_required_body_only(generate: Generate) -> None:
    content: dict[str, object] = {"application/json": {"schema": {}}}
    package = generate(
        document(
            {
                "/thing": {
                    "put": operation(requestBody={"required": True, "content": content})
                },
                "/other": {
                    "put": operation(
                        operationId="get_other", requestBody={"content": content}
                    )
                },
            }
        )
    )

    null = sent(package, "things", "get_thing", body=None)
    assert null.content == b"null"
    assert null.headers == (("Content-Type", "application/json"),)
    assert sent(package, "things", "get_other", body=None).content is None


def test_forms_and_files_are_sent_with_their_media_types(generate: Generate) -> None:
    package = generate(spec("bodies"))

    form = sent(package, "things", "send_form", grant_type="password", scope="a b")
    shared = sent(package, "things", "share_file", file=b"bytes", message="hi")

    assert form.content == b"grant_type=password&scope=a+b"
    assert form.headers == (("Content-Type", "application/x-www-form-urlencoded"),)
    assert isinstance(shared.content, RelatedBody)
    assert b'{"message":"hi"}' in b"".join(shared.content)


def test_authentication_is_bearer_unless_the_document_says_otherwise(
    generate: Generate,
) -> None:
    package = generate(spec("vendor_fields"))

    kinds = (package.GetSession, package.GetToken, package.GetPublicKey)
    assert [kind.auth for kind in kinds] == ["bearer", "basic", "none"]


def test_a_form_with_files_is_sent_in_parts(generate: Generate, tmp_path: Path) -> None:
    package = generate(spec("forms"))
    photo = tmp_path / "photo.png"
    photo.write_bytes(b"\x89PNG")

    call = sent(
        package,
        "things",
        "add_photo",
        "k",
        photo=photo,
        pages=[b"one", File(b"two", name="2.txt")],
        caption="A caf\u00e9",
        tags=["a", "b"],
        size=package.Size(width=3),
        public=True,
    )

    content = call.content
    assert isinstance(content, FormDataBody)
    raw = b"".join(content)
    assert content.size_bytes == len(raw)
    head = f"Content-Type: {content.content_type}\r\n\r\n".encode()
    message = message_from_bytes(head + raw, policy=policy.HTTP)
    assert isinstance(message, EmailMessage)
    parts = [
        (
            part.get_param("name", header="content-disposition"),
            part.get_filename(),
            part.get_content_type() if "content-type" in part else None,
            part.get_payload(decode=True),
        )
        for part in message.iter_parts()
    ]
    assert parts == [
        ("photo", "photo.png", "image/png", b"\x89PNG"),
        ("pages", "file", "application/octet-stream", b"one"),
        ("pages", "2.txt", "text/plain", b"two"),
        ("caption", None, None, "A caf\u00e9".encode()),
        ("tags", None, None, b"a"),
        ("tags", None, None, b"b"),
        ("size", None, "application/json", b'{"width":3}'),
        ("public", None, None, b"true"),
    ]


def test_an_optional_form_without_members_is_not_sent(generate: Generate) -> None:
    package = generate(spec("forms"))

    assert sent(package, "things", "put_notes").content is None


def test_a_file_of_a_swagger_form_makes_it_one_of_parts(generate: Generate) -> None:
    package = generate(
        {
            "swagger": "2.0",
            "info": {"title": "Old", "version": "1"},
            "paths": {
                "/thing": {
                    "post": operation(
                        parameters=[
                            {"name": "file", "in": "formData", "type": "file"},
                            {"name": "note", "in": "formData", "type": "string"},
                        ]
                    )
                }
            },
        }
    )

    content = sent(package, "things", "get_thing", file=b"bytes", note="n").content

    assert isinstance(content, FormDataBody)
    assert b'name="file"; filename="file"' in b"".join(content)


def test_every_style_of_a_list_and_an_object_is_sent_as_the_standard_has_it(
    generate: Generate,
) -> None:
    package = generate(spec("styles"))

    call = sent(
        package,
        "things",
        "get_things",
        [1, 2],
        spaced=["a", "b c"],
        piped=["a", "b"],
        each=["a", "b"],
        filter_color="red",
        filter_min_size=3,
        size=10,
        after="x&y",
        x_kinds=["p", "q"],
    )

    assert call.target == (
        "/things/1,2?size=10&spaced=a%20b%20c&piped=a%7Cb&each=a&each=b"
        "&filter%5Bcolor%5D=red&filter%5Bmin-size%5D=3&after=x%26y"
    )
    assert call.headers == (("X-Kinds", "p,q"),)


def test_a_list_in_the_path_cannot_be_empty_or_lead_elsewhere(
    generate: Generate,
) -> None:
    package = generate(spec("styles"))

    for ids in ([], [".."]):
        with pytest.raises(ValueError, match="path segment would call another"):
            sent(package, "things", "get_things", ids, size=1)
