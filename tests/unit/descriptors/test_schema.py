from __future__ import annotations

import jsonschema

from hipkit.descriptors.schema import descriptor_schema


def test_the_schema_is_one_of_draft_4() -> None:
    schema = descriptor_schema()
    assert schema["$schema"] == "http://json-schema.org/draft-04/schema#"
    jsonschema.Draft4Validator.check_schema(schema)
