"""Convert JSON to a type, accepting deviations of real servers from the documentation (pure).

Tolerance has one source: msgspec's lax mode. A value that lax mode cannot read, such as a date
without UTC offset from a server of 2014, is repaired in place and the document is read again;
ordinary responses do not pay for that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, cast, get_args, get_origin

import msgspec

from hipkit.api.json_grammar import BOM, parse_json
from hipkit.api.misfit import Misfit, read_misfit
from hipkit.api.writing import remember_nulls

__all__ = [
    "UnreadableError",
    "UnreadablePart",
    "convert_json",
    "read_document",
    "read_json",
    "read_parts",
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
    if b"null" in body:
        # Members that the type does not read may still be too deeply nested, or not UTF-8.
        with suppress(ValueError, RecursionError):
            remember_nulls(value, parse_json(body))
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
            value = msgspec.convert(document, cast("type[object]", kind), strict=False)
        except msgspec.ValidationError as error:
            misfit = read_misfit(error)
        except RecursionError:
            raise UnreadableError("nested too deeply") from None
        except ValueError as error:  # A number too large for a timestamp.
            raise UnreadableError(str(error)) from None
        else:
            with suppress(RecursionError):
                remember_nulls(value, document)
            return value
        mend = _mending(misfit)
        if mend is None or not _mend_all(document, misfit.place, mend):
            break
    raise UnreadableError(misfit.text, misfit.place or "$")


@dataclass(frozen=True, slots=True)
class UnreadablePart:
    """An item of a document's list that cannot be read."""

    index: int
    raw: object
    where: str
    reason: str


def read_parts(
    body: bytes, kind: object, where: str
) -> tuple[object, list[UnreadablePart]]:
    """Read a JSON body as a type, leaving out the items of its list that cannot be read.

    Args:
        body: A body that `read_json` could not read.
        kind: The type.
        where: The JSON path at which `read_json` failed, in an item of a list of the document.

    Returns:
        The document with the readable items, and the unreadable items.

    Raises:
        UnreadableError: The cause is not an item of a list.
    """
    # One copy is repaired, the other is passed on unchanged.
    document: Any = read_document(body)
    untouched: Any = read_document(body)
    member = re.match(r"\$\.(\w+)\[\d+\]", where)
    item_kind = member and _item_kind(kind, member[1])
    if not member or item_kind is None:
        return convert_json(document, kind), []
    name = member[1]
    readable, unreadable = [], []
    for index, item in enumerate(document[name]):
        try:
            readable.append(convert_json(item, item_kind))
        except UnreadableError as error:
            raw, place = untouched[name][index], error.where.removeprefix("$")
            place = f"$.{name}[{index}]{place}"
            unreadable.append(UnreadablePart(index, raw, place, str(error)))
    document[name] = []
    whole = cast("msgspec.Struct", convert_json(document, kind))
    field = next(
        each.name for each in msgspec.structs.fields(whole) if each.encode_name == name
    )
    whole = msgspec.structs.replace(whole, **{field: readable})
    remember_nulls(whole, document)
    return whole, unreadable


def _item_kind(kind: object, member: str) -> object | None:
    """Return the item type of a list member; `None` if the member is not a list."""
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return None
    for field in msgspec.structs.fields(kind):
        if field.encode_name == member:
            for part in (field.type, *get_args(field.type)):
                if get_origin(part) is list:
                    return cast("object", get_args(part)[0])
    return None


@cache
def _decoder(kind: object) -> msgspec.json.Decoder[object]:
    return msgspec.json.Decoder(cast("type[object]", kind), strict=False)


def _mending(misfit: Misfit) -> Callable[[object], object] | None:
    expected = set(misfit.expected)
    if misfit.is_no_date:
        return _mend_date
    if "int" in expected and misfit.got == "float":
        return _as_id if "str" in expected else _as_whole_number
    if "str" in expected and misfit.got in ("int", "float", "bool"):
        return _as_text
    if "str" in expected <= {"str", "null"} and misfit.got == "object":
        return _as_json
    return None


def _as_json(value: object) -> object:
    """Encode an object as JSON where a JSON text is expected, as for a card in a history."""
    return msgspec.json.encode(value).decode() if isinstance(value, dict) else value


def _as_text(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else value


def _as_whole_number(value: object) -> object:
    """Convert a number such as `1e30`, which msgspec accepts as a float only."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _as_id(value: object) -> object:
    whole = _as_whole_number(value)
    return _as_text(whole) if isinstance(whole, float) else whole


def _mend_date(value: object) -> object:
    """Add HipChat's offset, UTC, to a date without one; read texts that mean nothing as null."""
    if not isinstance(value, str):
        return value
    if value.strip().lower() in ("", "none", "null", "never"):
        return None
    try:
        timestamp = datetime.fromisoformat(value.strip())
    except ValueError:
        return value
    return timestamp.replace(tzinfo=timestamp.tzinfo or UTC).isoformat()


def _mend_all(document: object, where: str, mend: Callable[[object], object]) -> bool:
    """Repair the value at the path and its counterparts in the other items of the list.

    Returns:
        Whether anything changed.
    """
    steps = re.findall(r"\.([^.\[\]]+)|\[[^\]]*\]", where.removeprefix("$"))
    changed = False
    for owner, key in _places(document, steps):
        mended = mend(owner[key])
        if mended != owner[key] or type(mended) is not type(owner[key]):
            owner[key] = mended
            changed = True
    return changed


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
