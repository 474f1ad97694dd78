from __future__ import annotations

from tests.codegen.packages import Generate, document, operation


def test_secrets_are_known_by_name_unless_the_document_says_otherwise(
    generate: Generate,
) -> None:
    text = {"type": "string"}
    model = {
        "type": "object",
        "properties": {
            "accessToken": text,
            "oauth-secret": text,
            "API_KEY": text,
            "token_type": text,
            "secret": {"type": "boolean"},
            "password": {**text, "x-secret": False},
        },
    }
    package = generate(
        document(
            {
                "/thing/{token}/{secret}": {
                    "get": operation(
                        parameters=[
                            {
                                "name": "token",
                                "in": "path",
                                "required": True,
                                "schema": text,
                            },
                            {
                                "name": "secret",
                                "in": "path",
                                "required": True,
                                "x-secret": False,
                                "schema": text,
                            },
                            {"name": "Api-Key", "in": "query", "schema": text},
                            {
                                "name": "X-Pin",
                                "in": "header",
                                "schema": {**text, "x-secret": True},
                            },
                        ]
                    )
                }
            },
            components={"schemas": {"login": model}},
        )
    )

    call = package.GetThing("geheim", "shown", api_key="geheim", x_pin="geheim")
    login = package.Login.from_json(
        b'{"accessToken":"geheim","oauth-secret":"geheim","API_KEY":"geheim",'
        b'"token_type":"bearer","secret":true,"password":"shown"}'
    )

    assert repr(call) == "GetThing(token=***, secret='shown', api_key=***, x_pin=***)"
    assert str(call) == "GET /thing/{token}/shown"
    assert repr(login) == (
        "Login(access_token=***, oauth_secret=***, api_key=***, token_type='bearer',"
        " secret=True, password='shown')"
    )


def test_a_reference_may_lead_into_another_schema(generate: Generate) -> None:
    thing = {
        "type": "object",
        "properties": {"part": {"type": "object", "properties": {"a": {}}}},
    }
    part = {"$ref": "#/components/schemas/thing/properties/part"}
    content = {"application/json": {"schema": part}}
    package = generate(
        document(
            {
                "/part": {
                    "get": operation(
                        responses={"200": {"description": "", "content": content}}
                    )
                }
            },
            components={"schemas": {"thing": thing}},
        )
    )

    assert package.GetThing.result is package.ThingPart


def test_a_type_that_grows_exponentially_is_generated_as_object(
    generate: Generate,
) -> None:
    schemas: dict[str, object] = {
        f"a{number}": {
            "anyOf": [
                {
                    "type": "array",
                    "items": {"$ref": f"#/components/schemas/a{number + 1}"},
                },
                {
                    "type": "object",
                    "additionalProperties": {
                        "$ref": f"#/components/schemas/a{number + 1}"
                    },
                },
            ]
        }
        for number in range(16)
    }
    schemas["a16"] = {"type": "string"}
    package = generate(
        document({"/thing": {"get": operation()}}, components={"schemas": schemas})
    )

    assert package.GetThing().call().target == "/thing"
