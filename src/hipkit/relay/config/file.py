"""Read a relay's file: its routes, who may send, and what holds for all of them.

```toml
[[route]]
name = "ops"
rooms = ["Dev Ops", "Build *"]
to = "mattermost"
url = "file:/run/secrets/mattermost-hook"
```

Read next: `tables.py`, which reads each table.
"""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec

from hipkit.api.addresses import is_web_address
from hipkit.api.suggestions import did_you_mean
from hipkit.client.secret_sources import WRITABLE_BY_OTHERS, read_private_file
from hipkit.relay.config.problems import Problem, RelayFileError
from hipkit.relay.config.references import References
from hipkit.relay.config.tables import RefusedError, TableReader, fields_of
from hipkit.relay.config.values import Duration, Name, Pattern, Template
from hipkit.relay.message import Color
from hipkit.relay.routes.route import Backlog, Conditions, Route
from hipkit.relay.targets import TARGETS
from hipkit.relay.targets.protocol import Notify, Target
from hipkit.server.senders import SenderSettings

__all__ = ["KEEP_DAYS", "RelayFile", "read_relay_file", "read_relay_text"]

KEEP_DAYS = 30
MOST_KEEP_DAYS = 36_500
TOP_LEVEL = ("keep_days", "public_url", "senders", "route")


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayFile:
    """A relay's file."""

    routes: tuple[Route, ...]
    """In the order of the file, which is the order in which they are asked. At least one."""
    references: Mapping[str, Mapping[str, str]] = field(repr=False)
    """The references of each route, by its name and the key: what may be shown of its secrets
    by `shown_reference`."""
    senders: SenderSettings | None = None
    """Who may send, as relay mode has it; `None` where the file does not say."""
    keep_days: int = KEEP_DAYS
    """How long messages are kept."""
    public_url: str | None = None
    """Scheme and host of links, without a slash at the end."""


class WhenTable(msgspec.Struct, frozen=True, kw_only=True):
    """The conditions of a route."""

    color: frozenset[Color] = frozenset()
    sender: tuple[Name, ...] = msgspec.field(default=(), name="from")
    text: Pattern | None = None
    kind: frozenset[Literal["message", "notification", "topic"]] = frozenset()


class RouteTable(msgspec.Struct, frozen=True, kw_only=True):
    """What a route says whatever its target; its other keys are the target's."""

    name: Name
    to: str
    rooms: tuple[Name, ...] = (Name("*"),)
    when: WhenTable = WhenTable()
    private: bool = False
    label: Template = Template("{from}")
    title: Template | None = None
    mentions: dict[str, str] = msgspec.field(default_factory=dict)
    notify: Notify = "normal"
    stop: bool = False
    backlog: Backlog = "summarise"
    drop_older_than: Duration | None = None


COMMON = tuple(each.encode_name for each in fields_of(RouteTable))


def read_relay_file(
    path: Path,
    *,
    targets: Mapping[str, Target[Any]] = TARGETS,
    environment: Mapping[str, str] | None = None,
) -> RelayFile:
    """Read a relay's file, and the secrets that it refers to.

    Args:
        path: The file. Paths in it begin where it is.
        targets: The targets that there are.
        environment: The environment's variables.

    Raises:
        RelayFileError: It cannot be used. The error has every problem, and no secret.
    """
    try:
        # Whoever writes the file chooses where messages go, and programs to run.
        text = read_private_file(path, WRITABLE_BY_OTHERS, "write")
    except ValueError as error:
        problem = str(error).removeprefix(f"{path}: ")
        raise RelayFileError(path, (_of_file(problem),)) from None
    references = References(path.absolute().parent, environment)
    return read_relay_text(text, path, references, targets=targets)


def read_relay_text(
    text: str,
    path: Path,
    references: References,
    *,
    targets: Mapping[str, Target[Any]] = TARGETS,
) -> RelayFile:
    """Read the text of a relay's file.

    Args:
        text: The text.
        path: How problems name the file.
        references: What reads secrets.
        targets: The targets that there are.

    Raises:
        RelayFileError: It cannot be used.
    """
    try:
        document = tomllib.loads(text)
        reader = TableReader(text, references)
        file = _read(document, reader, targets)
    except RecursionError:
        problem = _of_file("it is nested too deeply")
        raise RelayFileError(path, (problem,)) from None
    except ValueError as error:  # Syntax, or a number with thousands of digits.
        raise RelayFileError(path, (_of_file(f"this is not TOML: {error}"),)) from None
    if reader.problems or file is None:
        ordered = sorted(reader.problems, key=lambda each: each.line or 0)
        raise RelayFileError(path, tuple(ordered))
    return file


def _of_file(text: str) -> Problem:
    return Problem(line=None, place="", text=text)


def _read(
    document: dict[str, object],
    reader: TableReader,
    targets: Mapping[str, Target[Any]],
) -> RelayFile | None:
    reader.refuse_unknown(document, TOP_LEVEL, ())
    tables = document.get("route", [])
    if isinstance(tables, Mapping):
        reader.refuse(("route",), "a route is written [[route]], with two brackets")
        tables = []
    elif not isinstance(tables, list):
        reader.refuse(("route",), "a route is a table, written [[route]]")
        tables = []
    elif not tables:
        reader.problems.append(_of_file("it has no route: add a table [[route]]"))
    routes = _read_routes(tables, reader, targets)
    keep_days = _keep_days(document, reader)
    public_url = _public_url(document, reader)
    senders = _read_senders(document, reader, [route.name for route in routes])
    if reader.problems:
        return None
    return RelayFile(
        routes=routes,
        references=_references(tables, targets),
        senders=senders,
        keep_days=keep_days,
        public_url=public_url,
    )


def _keep_days(document: Mapping[str, object], reader: TableReader) -> int:
    days = document.get("keep_days", KEEP_DAYS)
    is_number = isinstance(days, int) and not isinstance(days, bool)
    if not is_number or not 1 <= days <= MOST_KEEP_DAYS:  # type: ignore[operator]  # an int
        reader.refuse(
            ("keep_days",), f"must be a whole number of 1 to {MOST_KEEP_DAYS}"
        )
        return KEEP_DAYS
    return days  # type: ignore[return-value]  # see above


def _public_url(document: Mapping[str, object], reader: TableReader) -> str | None:
    url = document.get("public_url")
    if url is None:
        return None
    if not isinstance(url, str) or not is_web_address(url):
        reader.refuse(
            ("public_url",),
            "must be a scheme and a host, such as https://relay.example.com",
        )
        return None
    return url.rstrip("/")


def _read_senders(
    document: Mapping[str, object], reader: TableReader, names: Iterable[str]
) -> SenderSettings | None:
    if "senders" not in document:
        return None
    try:
        senders = reader.read(SenderSettings, document["senders"], ("senders",))
    except RefusedError:
        return None
    if reader.problems:  # The name that is missing may be that of a broken route.
        return None
    for number, listed in enumerate(senders.token):
        if listed.bridge is None or listed.bridge in names:
            continue
        reader.refuse(
            ("senders", "token", number, "bridge"),
            f"there is no route of this name{did_you_mean(listed.bridge, names)}"
            f" There are {', '.join(names)}",
        )
    return senders


def _read_routes(
    tables: list[object], reader: TableReader, targets: Mapping[str, Target[Any]]
) -> tuple[Route, ...]:
    routes: list[Route] = []
    lines: dict[str, int] = {}
    for number, table in enumerate(tables):
        name = table.get("name") if isinstance(table, Mapping) else None
        if isinstance(name, str) and name.isprintable() and 0 < len(name) <= 100:
            if name in lines:
                reader.refuse(
                    ("route", number, "name"),
                    f"route {lines[name] + 1} has this name too: names are unique,"
                    " for by its name a route is known again",
                )
            else:
                lines[name] = number
                reader.name_route(number, name)
        try:
            routes.append(_read_route(table, number, reader, targets))
        except RefusedError:
            continue
    return tuple(routes)


def _read_route(
    table: object,
    number: int,
    reader: TableReader,
    targets: Mapping[str, Target[Any]],
) -> Route:
    at = ("route", number)
    target = _target(table, number, reader, targets)
    own = () if not isinstance(table, Mapping) else table.keys() - set(COMMON)
    settings = None
    if target is not None and isinstance(table, Mapping):
        names = [each.encode_name for each in fields_of(target.settings)]
        reader.refuse_unknown(own, (*COMMON, *names), at)
        wanted = {key: value for key, value in table.items() if key in names}
        # What else is wrong with the route is told too.
        with contextlib.suppress(RefusedError):
            settings = reader.read(target.settings, wanted, at)
    common = reader.read(RouteTable, table, at, ignored=own)
    if not common.rooms and not common.private:
        reader.refuse(
            (*at, "rooms"), 'names no room: leave it out, or write rooms = "*"'
        )
    if target is None or settings is None:
        raise RefusedError
    when = common.when
    return Route(
        name=common.name,
        rooms=common.rooms,
        when=Conditions(
            color=when.color, sender=when.sender, text=when.text, kind=when.kind
        ),
        private=common.private,
        label=common.label,
        title=common.title,
        mentions={
            name.removeprefix("@"): there for name, there in common.mentions.items()
        },
        notify=common.notify,
        stop=common.stop,
        backlog=common.backlog,
        drop_older_than_seconds=common.drop_older_than,
        target=target,
        settings=settings,
    )


def _target(
    table: object,
    number: int,
    reader: TableReader,
    targets: Mapping[str, Target[Any]],
) -> Target[Any] | None:
    if not isinstance(table, Mapping) or "to" not in table:
        return None
    try:
        name = reader.choose(table["to"], targets, ("route", number, "to"), "target")
    except RefusedError:
        return None
    return targets[name]


def _references(
    tables: list[Any], targets: Mapping[str, Target[Any]]
) -> dict[str, dict[str, str]]:
    """Return the references of each route's target, by key."""
    return {
        table["name"]: {
            key: value
            for key, value in table.items()
            if key in secret_keys(targets[table["to"]])
        }
        for table in tables
    }


def secret_keys(target: Target[Any]) -> set[str]:
    """Return the keys of a target's settings that are references."""
    return {
        each.encode_name
        for each in fields_of(target.settings)
        if "Secret" in str(each.type)
    }
