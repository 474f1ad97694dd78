from __future__ import annotations

import re
import traceback
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest

from hipkit.api.secret import Secret
from hipkit.relay.config.file import (
    COMMON,
    TOP_LEVEL,
    RelayFile,
    read_relay_file,
)
from hipkit.relay.config.problems import RelayFileError
from hipkit.relay.routes.route import Conditions
from hipkit.relay.targets.protocol import Settings, Target
from hipkit.server.senders import SenderToken
from tests.unit.relay.fake_target import FakeTarget

SECRET = "https://chat.example.com/hooks/s3cret-value"
ENVIRONMENT = {"HOOK": SECRET, "CI_TOKEN": "t0ken-of-ci"}
MINIMAL = '[[route]]\nname = "ops"\nto = "hook"\nurl = "env:HOOK"\n'


class HookSettings(Settings, frozen=True, kw_only=True):
    """Settings with a secret, a list and a choice."""

    url: Secret
    icons: tuple[str, ...] = ()
    port: int = 443

    def __post_init__(self) -> None:
        """Check the port and the address."""
        urlsplit(self.url.reveal())
        if self.port < 1:
            raise ValueError("port must be 1 or more")


class HookTarget(FakeTarget):
    """A target whose address is a secret."""

    name: ClassVar[str] = "hook"
    settings: ClassVar[type[Settings]] = HookSettings

    def host(self, settings: Settings) -> str:
        """Return a host that says nothing of the address."""
        return "chat.example.com"


TARGETS: dict[str, Target[Any]] = {"hook": HookTarget(), "fake": FakeTarget()}


class Files:
    """A relay's file."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "relay.toml"

    def read(self, text: str) -> RelayFile:
        self.path.write_text(text)
        return read_relay_file(self.path, targets=TARGETS, environment=ENVIRONMENT)

    def problems(self, text: str) -> list[str]:
        """Return the problems without the file's path: `LINE: PLACE: TEXT`."""
        with pytest.raises(RelayFileError) as told:
            self.read(text)
        shown = "".join(traceback.format_exception(told.value))
        assert "s3cret" not in shown
        assert "t0ken" not in shown
        start = str(self.path)
        lines = told.value.lines()
        assert all(line.startswith(start) for line in lines)
        return [line.removeprefix(start).lstrip(": ") for line in lines]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_a_route_needs_a_name_and_a_target_and_has_defaults(files: Files) -> None:
    file = files.read(MINIMAL)

    [route] = file.routes
    assert (route.name, route.rooms, route.when) == ("ops", ("*",), Conditions())
    assert (route.private, route.label, route.title) == (False, "{from}", None)
    assert (route.mentions, route.notify, route.stop) == ({}, "normal", False)
    assert (route.backlog, route.drop_older_than_seconds) == ("summarise", None)
    assert route.target is TARGETS["hook"]
    assert isinstance(route.settings, HookSettings)
    assert route.settings.url.reveal() == SECRET
    assert (file.keep_days, file.public_url, file.senders) == (30, None, None)


def test_everything_that_a_file_may_say_is_read(files: Files) -> None:
    file = files.read("""
keep_days = 7
public_url = "https://relay.example.com/"

[senders]
accept = ["10.0.0.0/8"]
name = "Old"

[[senders.token]]
token = "env:CI_TOKEN"
name = "Jenkins"
bridge = "ops"

[[route]]
name = "ops"
rooms = ["Dev Ops", "Build *"]
to = "hook"
url = "env:HOOK"
icons = ["a", "b"]
when = { color = ["red", "gray"], from = ["Nagios*"], text = "(?i)down", kind = ["notification"] }
private = true
label = "{from} in {room}"
title = "{color}"
mentions = { bob = "U123", "@eve" = "U456" }
notify = "mention"
stop = true
backlog = "send"
drop_older_than = "2d"
allow_private_network = true

[[route]]
name = "all"
rooms = "*"
when = { color = "red" }
to = "fake"
""")
    route, other = file.routes
    assert route.rooms == ("Dev Ops", "Build *")
    assert route.when == Conditions(
        color=frozenset({"red", "gray"}),
        sender=("Nagios*",),
        text="(?i)down",
        kind=frozenset({"notification"}),
    )
    assert (route.private, route.label, route.title) == (
        True,
        "{from} in {room}",
        "{color}",
    )
    assert route.mentions == {"bob": "U123", "eve": "U456"}
    assert (route.notify, route.stop, route.backlog) == ("mention", True, "send")
    assert route.drop_older_than_seconds == 2 * 86_400
    assert route.settings.allow_private_network
    assert (other.name, other.rooms) == ("all", ("*",))
    assert other.when.color == {"red"}
    assert (file.keep_days, file.public_url) == (7, "https://relay.example.com")
    assert file.senders is not None
    assert (file.senders.accept, file.senders.name) == (("10.0.0.0/8",), "Old")
    assert file.senders.token == (
        SenderToken(token=Secret("t0ken-of-ci"), name="Jenkins", bridge="ops"),
    )


def test_no_secret_is_in_what_is_shown_of_a_file(files: Files) -> None:
    file = files.read(
        MINIMAL + '[senders]\ntoken = [{ token = "env:CI_TOKEN", name = "J" }]\n'
    )

    shown = repr(file) + repr(file.routes[0].settings) + repr(file.references)
    assert "s3cret" not in shown
    assert "t0ken" not in shown
    assert file.references == {"ops": {"url": "env:HOOK"}}


def test_all_problems_are_told_at_once_each_with_line_place_and_remedy(
    files: Files,
) -> None:
    assert files.problems("""\
keep_day = 3
public_url = "relay.example.com"
[[route]]
name = "ops"
to = "hook"
url = "https://chat.example.com/hooks/s3cret-value"
rom = "*"
when = { color = ["rad", "blue"], text = "(" }
drop_older_than = "2 days"
[[route]]
to = "hok"
label = "{colour}"
[[route]]
name = "ops"
to = "hook"
""") == [
        "1: keep_day: there is no key 'keep_day', did you mean keep_days?"
        " Keys here are keep_days, public_url, senders, route",
        "2: public_url: must be a scheme and a host, such as https://relay.example.com",
        '6: route "ops", url: must refer to the secret: file:PATH, env:NAME or'
        " command:PROGRAM; the secret itself does not belong in this file",
        "7: route \"ops\", rom: there is no key 'rom', did you mean rooms? Keys here are name, to,"
        " rooms, when, private, label, title, mentions, notify, stop, backlog,"
        " drop_older_than, allow_private_network, url, icons, port",
        "8: route \"ops\", when.color[1]: there is no color 'rad', did you mean red?"
        " There are yellow, green, red, purple, gray",
        "8: route \"ops\", when.color[2]: there is no color 'blue'."
        " There are yellow, green, red, purple, gray",
        '8: route "ops", when.text: the pattern is not a regular expression:'
        " missing ) at position 1",
        '9: route "ops", drop_older_than: must be a duration such as 30m, 12h or 2d',
        "10: route 2: name is missing",
        "11: route 2, to: there is no target 'hok', did you mean hook? There are hook, fake",
        "12: route 2, label: there is no {colour}, did you mean color?"
        " There are {room}, {from}, {color}",
        "13: route 3: url is missing",
        "14: route 3, name: route 1 has this name too: names are unique, for by its"
        " name a route is known again",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it has no route: add a table [[route]]"),
        ("route = []", "it has no route: add a table [[route]]"),
        ("[route]\n", "1: route: a route is written [[route]], with two brackets"),
        ("route = 1", "1: route: a route is a table, written [[route]]"),
        ("route = [1]", "1: route 1: must be a table of keys and values"),
        (MINIMAL + "to", "this is not TOML: "),
        ("a = " + "[" * 5_000, "it is nested too deeply"),
        ("a = " + "9" * 5_000, "this is not TOML: "),
        ("keep_days = true\n" + MINIMAL, "1: keep_days: must be a whole number"),
        ("keep_days = 0\n" + MINIMAL, "1: keep_days: must be a whole number"),
        ("senders = 1\n" + MINIMAL, "1: senders: must be a table of keys"),
        (MINIMAL + "rooms = []", '5: route "ops", rooms: names no room'),
        (MINIMAL + "rooms = 5", '5: route "ops", rooms: must be a list'),
        (MINIMAL + 'rooms = [""]', '5: route "ops", rooms[1]: must not be empty'),
        (MINIMAL + "stop = 1", '5: route "ops", stop: must be true or false'),
        (MINIMAL + "label = 1", '5: route "ops", label: must be a text in quotes'),
        (MINIMAL + "title = 2020-01-01", '5: route "ops", title: must be a text in'),
        (
            MINIMAL + "mentions = { bob = 1 }",
            '5: route "ops", mentions: Expected `str`',
        ),
        (MINIMAL + "when = 1", '5: route "ops", when: must be a table'),
        (
            MINIMAL + "when = { x = 1 }",
            "5: route \"ops\", when.x: there is no key 'x'.",
        ),
        (MINIMAL + "port = 0", '1: route "ops": port must be 1 or more'),
        (
            MINIMAL + 'notify = "loud"',
            "5: route \"ops\", notify: there is no notify 'loud'.",
        ),
        (
            MINIMAL + '[senders]\naccept = ["10.0.0.0/99"]',
            "5: senders: accept: '10.0.0.0/99' is not a network",
        ),
        (
            MINIMAL
            + '[[senders.token]]\nname = "J"\ntoken = "env:HOOK"\nbridge = "opz"\n',
            "8: senders.token[1].bridge: there is no route of this name, did you mean ops?",
        ),
        (
            MINIMAL + '[[senders.token]]\nname = "J"\ntoken = "t0ken-of-ci"\n',
            "7: senders.token[1].token: must refer to the secret",
        ),
    ],
)
def test_each_problem_is_told_where_it_is(
    files: Files, text: str, problem: str
) -> None:
    [told] = files.problems(text)
    assert told.startswith(problem)


def test_very_many_unknown_keys_are_counted(files: Files) -> None:
    text = MINIMAL + "".join(f"k{number} = 1\n" for number in range(150))
    told = files.problems(text)
    assert len(told) == 101
    assert told[0].endswith("there are 50 more keys that are not known")


def test_a_secret_in_the_wrong_place_is_not_shown(files: Files) -> None:
    for text in (
        f'[[route]]\nname = "ops"\nto = "{SECRET}"\n',
        f'"{SECRET}" = 1\n' + MINIMAL,
        MINIMAL + f'label = "{{{SECRET}}}"\n',
        MINIMAL + f'notify = "{SECRET}"\n',
    ):
        assert files.problems(text)


def test_a_check_of_a_target_does_not_quote_its_secret(files: Files) -> None:
    files.path.write_text(MINIMAL)
    # urlsplit's error has the host and the user of such an address.
    environment = {"HOOK": "https://me:s3cret@\u2100.example.com/"}
    targets = {"hook": TARGETS["hook"]}
    with pytest.raises(RelayFileError) as told:
        read_relay_file(files.path, targets=targets, environment=environment)
    assert "s3cret" not in str(told.value)
    assert "***" in str(told.value)


def test_a_file_that_others_could_change_is_refused(files: Files) -> None:
    files.path.write_text(MINIMAL)
    files.path.chmod(0o666)
    with pytest.raises(RelayFileError, match="other users may write it; run: chmod"):
        read_relay_file(files.path, targets=TARGETS, environment=ENVIRONMENT)


def test_a_missing_file_is_told_once_with_its_path(files: Files) -> None:
    with pytest.raises(RelayFileError) as told:
        read_relay_file(files.path)
    assert str(told.value) == f"{files.path}: No such file or directory"


def test_the_example_has_every_setting_and_is_read(
    repository: Path, tmp_path: Path
) -> None:
    text = (repository / "examples" / "relay.toml").read_text(encoding="utf-8")
    names = re.findall(r'"env:(\w+)"', text)
    path = tmp_path / "relay.toml"
    path.write_text(text)

    file = read_relay_file(path, environment={name: SECRET + name for name in names})

    assert [route.name for route in file.routes][:1] == ["ops"]
    for key in (*TOP_LEVEL, *COMMON):
        assert re.search(rf"^\W*{key}\b", text, re.MULTILINE), key
