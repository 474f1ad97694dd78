from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path

import pytest

from hipkit import AsyncHipChat, HipChat
from hipkit.client import secret_sources
from hipkit.client.profiles import read_profile
from tests.scripted import TOKEN

BASE = 'base-url = "https://chat.example.com/v2"\n'


class Files:
    """The file of profiles, and a token's file beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "config.toml"
        self.token = folder / "bot.token"
        self.write_token(TOKEN + "\n")

    def write(self, text: str, mode: int = 0o644) -> Path:
        self.path.write_text(text)
        self.path.chmod(mode)
        return self.path

    def write_token(self, text: str, mode: int = 0o600) -> None:
        self.token.write_text(text)
        self.token.chmod(mode)

    def profile(self, *lines: str) -> Path:
        return self.write("[profiles.ops]\n" + BASE + "\n".join(lines) + "\n")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    monkeypatch.setenv("HIPKIT_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("HIPCHAT_BASE_URL", "https://other.example.com/v2")
    monkeypatch.setenv("HIPCHAT_TOKEN", "of-the-environment")
    return Files(tmp_path)


def command(program: str) -> str:
    """Return a setting that runs a Python program."""
    # A JSON list of strings is one of TOML too.
    return f"token-command = {json.dumps([sys.executable, '-c', program])}"


def test_a_profile_is_the_only_source_of_url_and_token(files: Files) -> None:
    files.profile('token-file = "bot.token"')

    with HipChat.from_profile("ops") as client:
        assert client.base_url == "https://chat.example.com/v2"
        authorization = client._state.authorization

    assert authorization is not None
    assert authorization.reveal() == f"Bearer {TOKEN}"


@pytest.mark.anyio
async def test_the_asynchronous_client_has_the_same_constructor(files: Files) -> None:
    files.profile('token-file = "bot.token"', "retries = 0")

    async with AsyncHipChat.from_profile("ops", timeout=7) as client:
        assert client.base_url == "https://chat.example.com/v2"
        assert (client._state.policy.retries, client._state.policy.timeout) == (0, 7)


def test_a_profile_shows_no_password(files: Files) -> None:
    files.profile(
        'proxy = "http://me:s3cret@proxy:3128"',
        'token-command = ["fetch", "--password", "s3cret"]',
    )

    assert "s3cret" not in repr(read_profile("ops"))


def test_a_file_may_be_passed_in_place_of_the_default(files: Files) -> None:
    other = files.folder / "other.toml"
    other.write_text('[profiles.x]\nbase-url = "https://x/v1"\ntoken-file = "t"\n')

    assert read_profile("x", other).base_url == "https://x/v1"
    assert read_profile("x", other).token_file == str(files.folder / "t")


def test_settings_become_options_and_arguments_replace_them(files: Files) -> None:
    files.profile(
        'token-file = "bot.token"',
        "timeout = 5",
        "deadline = 0",
        "allow-http = true",
        'proxy = "http://proxy:3128"',
        'ca-file = "ca.pem"',
    )

    assert read_profile("ops").options({"timeout": 9}) == {
        "timeout": 9,
        "deadline": None,
        "allow_http": True,
        "proxy": "http://proxy:3128",
        "verify": str(files.folder / "ca.pem"),
    }


@pytest.mark.parametrize(
    "content",
    ["\ufefftoken-1\n", "token-1\r\nsecond line\n", "\ntoken-1", "  token-1 \n"],
)
def test_the_token_is_the_first_line(files: Files, content: str) -> None:
    files.profile('token-file = "bot.token"')
    files.write_token(content)

    assert read_profile("ops").read_token().reveal() == "token-1"


def test_a_command_prints_the_token(files: Files) -> None:
    files.profile(command("print('token-2'); print('more')"))

    assert read_profile("ops").read_token().reveal() == "token-2"


def test_a_command_as_text_is_split_and_meets_no_shell(files: Files) -> None:
    python = shlex.quote(sys.executable)
    made = shlex.quote(str(files.folder / "made"))
    text = json.dumps(f"{python} -c 'print(1)' ; touch {made}")
    files.profile(f"token-command = {text}")

    assert read_profile("ops").read_token().reveal() == "1"
    assert not (files.folder / "made").exists()


def test_a_command_gets_nothing_of_the_callers_input(files: Files) -> None:
    files.profile(command("import sys; print(len(sys.stdin.read()), 'x', sep='-')"))

    assert read_profile("ops").read_token().reveal() == "0-x"


def test_a_command_that_fails_shows_its_code_and_not_what_it_printed(
    files: Files,
) -> None:
    files.profile(command("print('token-3'); raise SystemExit(3)"))

    with pytest.raises(ValueError, match="ended with exit code 3") as caught:
        read_profile("ops").read_token()

    assert "token-3" not in str(caught.value)


def test_a_command_that_does_not_end_is_stopped(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret_sources, "COMMAND_SECONDS", 0.05)
    files.profile(command("import threading; threading.Event().wait()"))

    with pytest.raises(ValueError, match="did not end within"):
        read_profile("ops").read_token()


def test_a_command_that_prints_without_end_is_stopped(files: Files) -> None:
    files.profile(command("while True: print('token-4' * 1000)"))

    with pytest.raises(ValueError, match="printed more than 1048576 bytes") as caught:
        read_profile("ops").read_token()

    assert "token-4" not in str(caught.value)


def test_a_command_that_prints_no_token_is_named(files: Files) -> None:
    files.profile(command("print()"))

    with pytest.raises(ValueError, match=r"the token command '.*': the token is empty"):
        read_profile("ops").read_token()


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("nothing-of-this-name", "No such file"),
        ("a\\u0000b", "cannot be run"),
        ("", "the token command ''"),
    ],
)
def test_a_command_that_cannot_be_run_is_named(
    files: Files, program: str, expected: str
) -> None:
    files.profile(f'token-command = ["{program}"]')

    with pytest.raises(ValueError, match=expected):
        read_profile("ops").read_token()


@pytest.mark.parametrize(
    "content", ["", "\n\n", "two words", "caf\u00e9", "\u0000", "\x1b[0m"]
)
def test_what_is_no_token_is_rejected_and_not_repeated(
    files: Files, content: str
) -> None:
    files.profile('token-file = "bot.token"')
    files.write_token(content)

    with pytest.raises(ValueError, match="token is empty, or has a space") as caught:
        HipChat.from_profile("ops")

    assert not content.strip() or content.strip() not in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o777])
def test_a_token_that_others_may_read_is_not_read(files: Files, mode: int) -> None:
    files.profile('token-file = "bot.token"')
    files.write_token(TOKEN, mode)

    with pytest.raises(ValueError, match=r"bot\.token: other users .* chmod 600"):
        read_profile("ops").read_token()


@pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_not_read(files: Files, mode: int) -> None:
    files.write("[profiles.ops]\n" + BASE, mode)

    with pytest.raises(ValueError, match="may write it; run: chmod go-w"):
        read_profile("ops")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has no user ids")
def test_a_file_of_another_user_is_not_read(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.profile('token-file = "bot.token"')
    owner = files.path.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    if owner == 0:
        # Root's files are accepted, so this one has to belong to somebody else.
        os.chown(files.path, 12345, -1)

    with pytest.raises(ValueError, match="belongs to another user"):
        read_profile("ops")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[profiles.ops\n", r"config\.toml: .*line 1"),
        ("", "no profile 'ops'. There are: none"),
        ("[profiles.opz]\n", "no profile 'ops', did you mean opz"),
        ("profiles = 3\n", "a profile is a table"),
        ("[profiles]\nops = 3\n", "profile 'ops': Expected `object`"),
        ("[profiles.ops]\n", "missing required field `base-url`"),
        ('[profiles.ops]\nbase-url = ""\n', "length >= 1"),
        ("[profiles.ops]\n" + BASE, "set either token-file or token-command"),
        (
            "[profiles.ops]\n" + BASE + 'token-file = "x"\ntoken-command = "y"\n',
            "set either token-file or token-command",
        ),
        ("[profiles.ops]\n" + BASE + "token-command = []\n", "set either token-file"),
        ("[profiles.ops]\n" + BASE + 'token-command = " "\n', "set either token-file"),
        ("[profiles.ops]\n" + BASE + 'token-command = "pass \'x"\n', "without an end"),
        ("[profiles.ops]\n" + BASE + 'token-file = "~nobody-here/x"\n', "home folder"),
        ("x = " + "[" * 100_000, "nested too deeply"),
        ("x = " + "1" * 10_000, "4300 digits"),
        ("[profiles.ops]\n" + BASE + 'token = "secret-1"\n', "use token-file or"),
        ("[profiles.ops]\n" + BASE + 'base_url = "x"\n', "did you mean base-url"),
        ("[profiles.ops]\n" + BASE + 'timeout = "x"\n', r"`\$\.timeout`"),
    ],
)
def test_a_wrong_file_gets_an_error_with_file_and_place(
    files: Files, text: str, expected: str
) -> None:
    files.write(text)

    with pytest.raises(ValueError, match=expected) as caught:
        read_profile("ops")

    assert str(files.path) in str(caught.value)
    assert "secret-1" not in str(caught.value)


def test_a_missing_file_is_named(files: Files) -> None:
    with pytest.raises(ValueError, match=r"config\.toml: No such file"):
        read_profile("ops")


def test_a_folder_or_what_is_no_text_is_rejected(files: Files) -> None:
    with pytest.raises(ValueError, match=r"Is a directory|Permission denied"):
        read_profile("ops", files.folder)
    files.path.write_bytes(b"\xff")
    with pytest.raises(ValueError, match="is not UTF-8"):
        read_profile("ops")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
def test_a_pipe_is_not_waited_for(files: Files) -> None:
    files.profile('token-file = "pipe"')
    os.mkfifo(files.folder / "pipe", 0o600)

    with pytest.raises(ValueError, match="pipe: it is not a regular file"):
        read_profile("ops").read_token()


def test_a_name_that_no_file_has_is_rejected_with_its_name(files: Files) -> None:
    files.profile('token-file = "a\\u0000b"')

    with pytest.raises(ValueError, match="a\0b: it cannot be read"):
        read_profile("ops").read_token()


def test_a_file_of_an_editor_on_windows_is_read(files: Files) -> None:
    files.write("\ufeff[profiles.ops]\n" + BASE + 'token-file = "bot.token"\n')

    assert read_profile("ops").read_token().reveal() == TOKEN


def test_a_file_without_end_is_not_read_to_its_end(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret_sources, "MOST_BYTES", 10)
    files.profile('token-file = "bot.token"')

    with pytest.raises(ValueError, match="larger than 10 bytes"):
        read_profile("ops")
