"""Convert JSON to a type, accepting deviations of real servers from the documentation (pure).

Tolerance has one source: msgspec's lax mode. A value that lax mode cannot read, such as a date
without UTC offset from a server of 2014, is repaired in place and the document is read again;
ordinary responses do not pay for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import Any, cast

import msgspec

from hipkit.api.bodies.extra import EXTRA, keeps_extra
from hipkit.api.bodies.json_grammar import BOM, parse_json
from hipkit.api.bodies.misfit import Misfit, read_misfit
from hipkit.api.bodies.unions import TaggedUnion
from hipkit.api.bodies.writing import CONTAINERS, NULLS, has_models, wire_names

__all__ = [
    "UnreadableError",
    "convert_json",
    "read_document",
    "read_json",
    "remember",
]

MOST_REPAIRS = 50


class UnreadableError(ValueError):
    """A body cannot be read; `where` is the JSON path of the cause."""

    def __init__(self, text: str, where: str = "") -> None:
        super().__init__(text)
        self.where = where


def read_json(body: bytes, kind: object) -> object:
    """Read a JSON body as a type, tolerantly.

    Raises:
        UnreadableError: The body is not UTF-8, not JSON, too deeply nested or of another shape.
    """
    try:
        value = _decoder(kind).decode(body.removeprefix(BOM))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        return convert_json(read_document(body), kind)
    is_open = keeps_extra(kind)
    # From its end a long body is searched twice as fast as by `in`, which looks at more places.
    if is_open or body.rfind(b"null") >= 0:
        try:
            document = read_document(body)
        except UnreadableError:
            # Members that the type does not read may be too deeply nested, or not UTF-8.
            if is_open:
                raise
            return value
        _remember_all(value, document)
    return value


def read_document(body: bytes) -> object:
    """Read a JSON body as plain values.

    Raises:
        UnreadableError: The body is not UTF-8, not JSON or too deeply nested.
    """
    try:
        return parse_json(body)
    except UnicodeDecodeError as error:
        raise UnreadableError("not UTF-8", f"byte {error.start}") from None
    except RecursionError:
        raise UnreadableError("nested too deeply") from None
    except ValueError as error:
        raise UnreadableError(
            f"not JSON: {error}" if body.strip() else "empty, where JSON was expected"
        ) from None


def convert_json(document: object, kind: object) -> object:
    """Convert plain values to a type, repairing values that do not fit.

    Repairs change `document` in place.

    Raises:
        UnreadableError: The document has another shape; the message says where.
    """
    for _ in range(MOST_REPAIRS):
        try:
            value = msgspec.convert(
                document,
                cast("type[object]", kind),
                strict=False,
                dec_hook=_read_union,
            )
        except msgspec.ValidationError as error:
            misfit = read_misfit(error)
        except RecursionError:
            raise UnreadableError("nested too deeply") from None
        except ValueError as error:  # A number too large for a timestamp.
            raise UnreadableError(str(error)) from None
        else:
            _remember_all(value, document)
            return value
        if not _mend_all(document, misfit):
            break
    raise UnreadableError(misfit.text, misfit.place or "$")


def remember(value: object, source: Any) -> None:
    """Record in the models of `value` what their members cannot hold of their source.

    Which members were null; and further members, in models that keep them.

    Args:
        value: The decoded value.
        source: The plain values from which it was decoded.

    Raises:
        UnreadableError: A further member is not of their type.
    """
    kind = type(source)
    if kind is dict and isinstance(value, msgspec.Struct):
        names, nulls = wire_names(type(value)), []
        if EXTRA in names:
            _keep_extra(value, names, source)
        for wire, part in source.items():
            if part is None:
                if wire in names:
                    nulls.append(wire)
            elif type(part) in CONTAINERS and part and wire in names:
                _remember_in(f".{wire}", getattr(value, names[wire]), part)
        if nulls and hasattr(value, "__dict__"):
            value.__dict__[NULLS] = frozenset(nulls)
    elif kind is dict and isinstance(value, dict) and has_models(value.values()):
        for name, item in value.items():
            _remember_in(f".{name}", item, source.get(name))
    elif kind is list and isinstance(value, list) and has_models(value):
        for index, (item, part) in enumerate(zip(value, source, strict=False)):
            _remember_in(f"[{index}]", item, part)


def _remember_in(step: str, value: object, source: object) -> None:
    try:
        remember(value, source)
    except UnreadableError as error:
        place = f"${step}{error.where.removeprefix('$')}"
        raise UnreadableError(str(error), place) from None


def _remember_all(value: object, source: object) -> None:
    with suppress(RecursionError):
        remember(value, source)


def _keep_extra(value: msgspec.Struct, names: dict[str, str], source: Any) -> None:
    extra = {wire: part for wire, part in source.items() if wire not in names}
    if extra:
        fields = msgspec.structs.fields(value)
        [kind] = [field.type for field in fields if field.encode_name == EXTRA]
        getattr(value, names[EXTRA]).update(convert_json(extra, kind))


@cache
def _decoder(kind: object) -> msgspec.json.Decoder[object]:
    return msgspec.json.Decoder(
        cast("type[object]", kind), strict=False, dec_hook=_read_union
    )


def _read_union(kind: type, value: object) -> object:
    """Read an object as the model that its tag names; as it is, if the tag is not listed."""
    if not issubclass(kind, TaggedUnion):  # It is `object`.
        return value
    if not isinstance(value, dict):
        raise ValueError(f"Expected `object`, got `{type(value).__name__}`")
    tag = value.get(kind.tag)
    model = kind.kinds.get(tag) if isinstance(tag, str) else None
    if model is None:
        return value
    try:
        return convert_json(value, model)
    except UnreadableError as error:
        fault = f"{error.where}: {error}"
    # msgspec adds the place of the object.
    raise ValueError(fault)


def _mend_all(document: object, misfit: Misfit) -> bool:
    """Repair a value that does not fit, and its counterparts in the other items of the list.

    Returns:
        Whether anything changed.
    """
    steps = re.findall(r"\.([^.\[\]]+)|\[[^\]]*\]", misfit.place.removeprefix("$"))
    changed = False
    for owner, key in _places(document, steps):
        value = owner[key]
        owner[key] = mended = _mended(value, misfit)
        changed |= mended != value or type(mended) is not type(value)
    return changed


def _mended(value: object, misfit: Misfit) -> object:
    """Return a value as one of the types that the misfit expects, or unchanged."""
    expected = misfit.expected
    if isinstance(value, str):
        return _mend_date(value) if misfit.is_no_date else value
    if type(value).__name__ in expected:
        return value
    # A number such as `1e30`, which msgspec accepts as a float only.
    if isinstance(value, float) and "int" in expected and value.is_integer():
        return int(value)
    if "str" in expected and isinstance(value, (int, float)):
        return str(value).lower() if isinstance(value, bool) else str(value)
    # A JSON text is expected, as for a card in a history.
    if isinstance(value, dict) and "str" in expected and {*expected} <= {"str", "null"}:
        return msgspec.json.encode(value).decode()
    return value


def _mend_date(value: str) -> str | None:
    """Add HipChat's offset, UTC, to a date without one; read texts that mean nothing as null."""
    if value.strip().lower() in ("", "none", "null", "never"):
        return None
    try:
        timestamp = datetime.fromisoformat(value.strip())
    except ValueError:
        return value
    return timestamp.replace(tzinfo=timestamp.tzinfo or UTC).isoformat()


def _places(value: object, steps: list[str]) -> Iterator[tuple[Any, Any]]:
    """Yield each container and key at a path; an empty step stands for every item."""
    keys: Iterable[object] = ()
    if isinstance(value, dict) and steps:
        keys = {steps[0]} & value.keys() if steps[0] else value.keys()
    elif isinstance(value, list) and steps and not steps[0]:
        keys = range(len(value))
    container = cast("dict[object, object]", value)
    for key in keys:
        if len(steps) == 1:
            yield container, key
        else:
            yield from _places(container[key], steps[1:])
