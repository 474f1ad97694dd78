"""Compare a document with the schema, and say in plain words what does not fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from hipkit.api.suggestions import closest, did_you_mean
from hipkit.descriptors.checks.described import resolve
from hipkit.descriptors.checks.findings import Finding, Path, error, member, quoted
from hipkit.descriptors.schema import descriptor_schema
from hipkit.extras import install_hint

if TYPE_CHECKING:  # A module of an extra, which is loaded when it is needed.
    from jsonschema import Draft4Validator
    from jsonschema.exceptions import ValidationError

__all__ = ["find_misfits"]

TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "object": "an object",
    "string": "a text",
}
FORMS = {
    r"^\d+:\d+$": 'Write two numbers with a colon, such as "1:1".',
    r"^[a-zA-Z0-9_\-\.]+$": "Use letters, digits, dots, hyphens and underscores only.",
}


def find_misfits(document: Mapping[str, object]) -> Iterator[Finding]:
    """Yield what does not fit the schema.

    Raises:
        ModuleNotFoundError: The extra `addon` is missing.
        RecursionError: The document is nested too deeply.
    """
    for each in _validator().iter_errors(document):
        yield from _findings(each, (), document)


@cache
def _validator() -> Draft4Validator:
    try:
        from jsonschema import Draft4Validator
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            f"checking descriptors needs the extra addon: {install_hint('addon')}",
            name=missing.name,
        ) from missing
    return Draft4Validator(descriptor_schema())


def _findings(
    misfit: ValidationError, above: Path, document: Mapping[str, object]
) -> Iterator[Finding]:
    path = (*above, *misfit.relative_path)
    value, wanted = cast("Any", misfit.instance), cast("Any", misfit.validator_value)
    schema = cast("Mapping[str, Any]", misfit.schema)
    match misfit.validator:
        case "anyOf":
            yield from _misfits_of_choice(misfit, path, document)
        case "required":
            for name in wanted:
                if name not in value:
                    remedy = _remedy_for_missing(path, name, value, schema, document)
                    yield error((*path, name), "is missing", remedy)
        case "additionalProperties":
            for name in value:
                if name not in schema["properties"]:
                    yield _not_allowed((*path, name), name, value, schema["properties"])
        case "type":
            yield error(path, *_wrong_type(value, [wanted], schema))
        case "enum":
            meant = did_you_mean(value, wanted) if isinstance(value, str) else "."
            shown = quoted(value) if isinstance(value, str) else "not a text"
            problem = f"is {shown}{meant}".rstrip(".")
            choices = ", ".join(wanted)
            yield error(path, problem, f"Use {'one of ' * (len(wanted) > 1)}{choices}.")
        case "pattern":
            yield error(path, f"is {quoted(value)}", FORMS[wanted])
        case "maxLength":
            problem = f"is longer than {wanted} characters"
            yield error(path, problem, f"Shorten it by {len(value) - wanted}.")
        case "minLength":
            yield error(path, "is empty", "Write at least one character.")
        case other:  # No such rule is in the schema.
            raise AssertionError(other)


def _misfits_of_choice(
    misfit: ValidationError, path: Path, document: Mapping[str, object]
) -> Iterator[Finding]:
    """Yield what is wrong with the alternative that a value seems to be meant as."""
    choices = cast("list[Mapping[str, object]]", misfit.validator_value)
    by_choice: dict[int, list[ValidationError]] = {}
    for each in misfit.context or ():
        by_choice.setdefault(cast("int", each.relative_schema_path[0]), []).append(each)
    fitting = [
        errors
        for errors in by_choice.values()
        if not any(
            each.validator == "type" and not each.relative_path for each in errors
        )
    ]
    if not fitting:
        wanted = [cast("str", resolve(each)["type"]) for each in choices]
        yield error(path, *_wrong_type(misfit.instance, wanted, resolve(choices[-1])))
        return
    for each in min(fitting, key=len):
        yield from _findings(each, path, document)


def _remedy_for_missing(
    path: Path,
    name: str,
    value: Mapping[str, object],
    schema: Mapping[str, object],
    document: Mapping[str, object],
) -> str:
    known = cast("Mapping[str, Mapping[str, object]]", schema["properties"])
    strangers = [each for each in value if each not in known]
    misspelt = next((each for each in strangers if closest(each, known) == name), None)
    if misspelt is not None:
        return f"Rename {quoted(misspelt)} to {quoted(name)}."
    if not path and name in member(document, "capabilities"):
        return f"Move capabilities.{name} to the top level."
    meaning = str(known[name].get("description", ""))
    if not meaning:
        return f"Add {quoted(name)}."
    return f"Add {quoted(name)}: {meaning[0].lower()}{meaning[1:]}"


def _not_allowed(
    path: Path, name: str, value: Mapping[str, object], known: Mapping[str, object]
) -> Finding:
    meant = closest(name, known)
    if meant is not None and meant not in value:
        problem = f"is not allowed here, did you mean {meant}?"
        return error(path, problem, f"Rename it to {quoted(meant)}.")
    remedy = f"Remove it; allowed are {', '.join(known)}."
    return error(path, "is not allowed here", remedy)


def _wrong_type(
    value: object, wanted: Sequence[str], schema: Mapping[str, object]
) -> tuple[str, str]:
    problem = (
        f"is {_kind(value)} instead of {' or '.join(TYPES[each] for each in wanted)}"
    )
    return problem, _remedy_for_type(value, wanted[-1], schema)


def _remedy_for_type(value: object, wanted: str, schema: Mapping[str, object]) -> str:
    required = cast("list[str]", schema.get("required", []))
    match wanted, value:
        case _, None:
            return "Remove it, or write a value."
        case "string", bool() | int() | float():
            return "Put it in quotation marks."
        case "boolean", str():
            return "Write true or false, without quotation marks."
        case "integer", str():
            return "Write the number without quotation marks."
        case "array", dict():
            return "Put it in square brackets."
        case "object", str() if required == ["value"]:
            return 'Write it as {"value": "..."}.'
        case "object", _ if required:
            members = ", ".join(f'"{name}": ...' for name in required)
            return f"Write {{{members}}}."
    return f"Write {TYPES[wanted]}."


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
    return "an object"
