from __future__ import annotations

import inspect
import sys
from types import ModuleType

import pytest

from codegen.planning.texts import argument_text
from codegen.reading.limits import Limits
from tests.codegen.packages import Generate, document, operation


@pytest.mark.parametrize(
    ("description", "limits", "default", "expected"),
    [
        ("Size", Limits(), 5, "Size. The server's default is `5`."),
        ("Size; 5 by default", Limits(), 5, "Size; 5 by default."),
        ("Size", Limits(minimum=1, maximum=9), None, "Size. 1 to 9."),
        ("Size, 1 to 9", Limits(minimum=1, maximum=9), None, "Size, 1 to 9."),
        ("Name", Limits(max_length=1), None, "Name. At most 1 character."),
        ("Names", Limits(min_length=2, is_list=True), None, "Names. At least 2 items."),
        ("", Limits(), None, "`size` in the query."),
    ],
)
def test_an_argument_has_its_limits_and_default_unless_the_description_has_them(
    description: str, limits: Limits, default: object, expected: str
) -> None:
    text = argument_text(description, limits, default, fallback="`size` in the query.")

    assert text == expected


def test_help_has_the_texts_of_the_docstring_without_the_terms_of_python(
    generate: Generate,
) -> None:
    schema = {
        "type": "object",
        "properties": {"color": {"type": ["string", "null"], "description": "Color."}},
    }
    put = operation(
        summary="Get a thing",
        description="All of it.",
        requestBody={"content": {"application/json": {"schema": schema}}},
        **{
            "x-auth": "bearer",
            "x-page": True,
            "x-quirks": ["Slow"],
            "x-scopes": ["view_group"],
        },
    )
    package = generate(document({"/thing": {"put": put}}))
    help_texts = __import__(f"{package.__name__}.help", fromlist=["HELP"]).HELP
    docstring = inspect.getdoc(package.Things.get_thing)

    assert help_texts["get_thing"].details == (
        "All of it.",
        "Known quirks:",
        "- Slow.\n",
    )
    assert help_texts["get_thing"].arguments == {"color": "Color."}
    assert help_texts["get_thing"].notes == (
        "Scope: `view_group`. Token: kind not known.",
    )
    assert docstring is not None
    assert "`items()` iterates over all pages" in docstring
    assert "color: Color. `None` sends null." in docstring


def package_with_errors(generate: Generate) -> ModuleType:
    gone = {"404": {"description": "There is none"}}
    full = {"409": {"description": "It is full"}}
    answers = {"204": {"description": "Done"}, **gone}
    paths = {
        f"/{number}": {
            "delete": operation(
                operationId=f"delete_{number}",
                summary="Delete it",
                description="For good.",
                parameters=[{"name": "hard", "in": "query", "schema": {}}],
                responses=answers | (full if number == "one" else {}),
                **{"x-auth": "bearer", "x-scopes": ["admin"], "x-quirks": ["Slow"]},
            )
        }
        for number in ("one", "two", "three")
    }
    return generate(document(paths))


def test_what_many_operations_raise_is_told_once_in_the_module(
    generate: Generate,
) -> None:
    package = package_with_errors(generate)

    module = inspect.getdoc(sys.modules[package.Things.__module__])
    one = inspect.getdoc(package.Things.delete_one)
    two = inspect.getdoc(package.Things.delete_two)

    assert "- `NotFoundError`: There is none.\n" in str(module)
    assert "ConflictError" not in str(module)
    assert "Raises:\n    ConflictError: It is full." in str(one)
    assert "Raises:" not in str(two)


def test_an_async_method_describes_arguments_and_leaves_the_rest_to_the_blocking_one(
    generate: Generate,
) -> None:
    package = package_with_errors(generate)

    blocking = inspect.getdoc(package.Things.delete_one)
    waiting = inspect.getdoc(package.AsyncThings.delete_one)

    assert "Scope: `admin`." in str(blocking)
    assert "- Slow." in str(blocking)
    assert waiting == (
        "Delete it.\n\nFor good.\n\nArgs:\n    hard: `hard` in the query."
    )


def test_the_class_of_an_operation_names_the_method_that_describes_it(
    generate: Generate,
) -> None:
    package = package_with_errors(generate)

    assert package.DeleteOne.__doc__ == "Delete it; see `Things.delete_one`."
