from __future__ import annotations

import inspect

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
