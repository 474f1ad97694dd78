"""The main job, on a real server that this program starts: `make demo`.

What is shown was read back from the server; where that is not what was sent, the demo ends and
names the step. The functions below `main` are also a tour of the client.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path

from examples.demo_programs import (
    DemoError,
    Interruption,
    Server,
    other_client,
    running_server,
)
from hipkit import File, ForbiddenError, HipChat, HipkitError, OAuthClient
from hipkit.v2 import DeleteRoom, GetAllUsers, GetRoomHistory
from hipkit.v2.models import Card, CardAttribute, CardAttributeValue, Message

ROOM = "Dev Ops"
REPORT = b"build 7: 412 tests, 1 failed\n" * 1000
GOODBYE = """
The server is stopped and its database removed. To keep one of your own running:

    .venv/bin/hipkit serve --db hipkit.db

It prints its address, and where the administrator's token is. Then, in another terminal:

    export HIPCHAT_BASE_URL=http://127.0.0.1:8070/v2
    export HIPCHAT_TOKEN=$(cat hipkit.db.admin-token)
    .venv/bin/hipkit call create-room --name "Dev Ops"
    .venv/bin/hipkit send "Dev Ops" "Hello HipChat!" --color green

Read on in README.md, docs/tutorial/first-notification.md
and docs/how-to/developers/command-line.md.
"""


class Steps:
    """Numbers the steps, knows which one is under way, and begins none after a signal."""

    def __init__(self, interruption: Interruption) -> None:
        self.number = 0
        self.title = ""
        self._interruption = interruption

    def begin(self, title: str) -> None:
        """Announce a step."""
        if self._interruption.number:
            raise KeyboardInterrupt
        self.number += 1
        self.title = title
        print(f"\n{self.number:2}. {title}", flush=True)

    def show(self, *lines: str) -> None:
        """Show what came back."""
        for line in lines:
            print(f"    {line}", flush=True)


def main() -> int:
    """Run the demo in a temporary folder and return the exit code."""
    with (
        Interruption() as interruption,
        tempfile.TemporaryDirectory(prefix="hipkit-demo-") as folder,
    ):
        steps = Steps(interruption)
        try:
            steps.begin("hipkit serve: a server on a free port, with an empty database")
            with running_server(Path(folder)) as server:
                run_steps(steps, server)
        except (HipkitError, DemoError, OSError, subprocess.SubprocessError) as error:
            if not interruption.number:
                print(
                    f"\nstep {steps.number} failed ({steps.title}): {error}",
                    file=sys.stderr,
                )
                return 1
        except KeyboardInterrupt:
            pass  # from `Steps.begin`, which knows of a signal
    if interruption.number:
        return 128 + interruption.number
    print(GOODBYE)
    return 0


def run_steps(steps: Steps, server: Server) -> None:
    """Do the main job, step by step."""
    with HipChat(server.token, base_url=server.base_url, trust_env=False) as admin:
        ask_who_is_there(steps, server, admin)
        ann_id, bob_id = make_room_and_people(steps, admin)
        client_id, secret, ann_token, bob_token = make_tokens(
            steps, server, ann_id, bob_id
        )
        bot = admin.with_token(get_addon_token(steps, server, client_id, secret))
        ann = admin.with_token(ann_token)
        bob = admin.with_token(bob_token)
        notify_with_card(steps, bot, admin)
        mention(steps, ann)
        share_file(steps, ann)
        post_with_another_client(steps, server, admin)
        walk_history(steps, ann)
        be_refused(steps, bob)
    look_with_the_command_line(steps, server, ann_token)


def ask_who_is_there(steps: Steps, server: Server, admin: HipChat) -> None:
    """Show the server's own words, and where the first token came from."""
    about = admin.capabilities.get_capabilities()
    session = admin.oauth_sessions.get_session(server.token)
    expect(session.owner is not None, "the first token belongs to nobody")
    owner = session.owner.name if session.owner else ""
    mode = server.token_file.stat().st_mode & 0o777
    expect(mode == 0o600, f"the token file's mode is {mode:o}")
    steps.show(
        f"{server.base_url}: {about.name}, {about.description}",
        f"{server.token_file.name} (mode {mode:o}) holds the token of {owner}, "
        f"with {len(session.scopes or [])} scopes",
    )


def make_room_and_people(steps: Steps, admin: HipChat) -> tuple[int, int]:
    """Create them through the API, and read them back."""
    steps.begin("A room and two users, through the API")
    admin.rooms.create_room(name=ROOM, topic="What the builds say")
    ann = admin.users.create_user(name="Ann Ops", email="ann@example.com")
    bob = admin.users.create_user(
        name="Bob Dev", email="bob@example.com", mention_name="bob"
    )
    room = admin.rooms.get_room(ROOM)
    steps.show(f"room {room.id}: {room.name}, {room.privacy}, topic: {room.topic}")
    for user in admin.items(GetAllUsers(expand=["items"])):
        steps.show(f"user {user.id}: {user.name} <{user.email}>, @{user.mention_name}")
    return ann.id, bob.id


def make_tokens(
    steps: Steps, server: Server, ann_id: int, bob_id: int
) -> tuple[str, str, str, str]:
    """Create an OAuth client and two tokens, as the server's administrator does."""
    steps.begin("hipkit admin: an OAuth client, and a token for each of the two")
    client = server.admin(
        *("client", "add", "Build bot"),
        *("--scope", "send_notification", "--scope", "view_room"),
    )
    ann = server.admin("token", "add", "--user", str(ann_id), "--name", "Ann's laptop")
    bob = server.admin("token", "add", "--user", str(bob_id), "--scope", "view_room")
    steps.show(
        f"client {client['id']}: {listed(client['scopes'])}",
        f"Ann's token: {listed(ann['scopes'])}",
        f"Bob's token: {listed(bob['scopes'])}",
    )
    return (
        str(client["id"]),
        str(client["secret"]),
        str(ann["token"]),
        str(bob["token"]),
    )


def get_addon_token(steps: Steps, server: Server, client_id: str, secret: str) -> str:
    """Get an add-on's token with its client id and secret."""
    steps.begin("An add-on's token, by client credentials")
    oauth = OAuthClient(client_id, secret, base_url=server.base_url, trust_env=False)
    with oauth:
        token = oauth.generate_token(grant_type="client_credentials")
        session = oauth.get_session(token.access_token)
    steps.show(
        f"good for {token.expires_in} seconds, for {token.scope}",
        f"the server knows it as a {session.owner_type} token "
        f"of {session.client.name if session.client else '?'}",
    )
    return token.access_token


def notify_with_card(steps: Steps, bot: HipChat, admin: HipChat) -> None:
    """Post a notification as the add-on, and read it back as the administrator."""
    steps.begin("A notification with a card, as the add-on")
    card = Card(
        style="application",
        id="build-7",
        title="Build 7 is red",
        description="One of 412 tests failed.",
        format="medium",
        attributes=[
            CardAttribute(label="Branch", value=CardAttributeValue(label="main"))
        ],
    )
    card.check()
    bot.rooms.send_room_notification(
        ROOM, message="Build 7 is <b>red</b>", color="red", notify=True, card=card
    )
    message = newest(admin)
    drawn = Card.from_json(message.card or "{}")
    expect(drawn.title == card.title, "the card did not come back")
    steps.show(
        line(message),
        f"color {message.color}, card {drawn.style} {drawn.id}: {drawn.title}",
    )


def mention(steps: Steps, ann: HipChat) -> None:
    """Send a message as a person."""
    steps.begin("A message with a mention, as Ann")
    sent = ann.rooms.send_message(ROOM, message="@bob have a look, please")
    message = ann.rooms.get_room_message(ROOM, sent.id).message
    names = [user.name for user in message.mentions or []]
    expect(names == ["Bob Dev"], f"the mentions are {names}")
    steps.show(line(message), f"mentions {listed(names)}")


def share_file(steps: Steps, ann: HipChat) -> None:
    """Share a file, and fetch it again."""
    steps.begin("A file, uploaded and downloaded, as Ann")
    ann.rooms.share_file_with_room(
        ROOM, file=File(REPORT, name="report.txt"), message="the report"
    )
    message = newest(ann)
    fetched = BytesIO()
    if message.file is None:
        raise DemoError("the message has no file")
    size = ann.download(message.file, fetched)
    expect(fetched.getvalue() == REPORT, "the file came back changed")
    steps.show(
        line(message),
        f"{message.file.name}: {size:,} bytes downloaded, identical to the original",
    )


def post_with_another_client(steps: Steps, server: Server, admin: HipChat) -> None:
    """Run a third-party program against the server."""
    steps.begin("hipcat, a third-party client, unmodified")
    text = "posted by hipcat"
    version, printed = other_client(server, server.token, ROOM, text)
    message = newest(admin)
    expect(message.message == text, "hipcat's message is not there")
    steps.show(f"{version} says: {printed}", line(message))


def walk_history(steps: Steps, ann: HipChat) -> None:
    """Walk back through everything that was said, page after page."""
    steps.begin("The history, the newest first, in pages of two")
    pages = GetRoomHistory(ROOM, max_results=2)
    messages = list(ann.history(pages))
    expect(
        len({message.id for message in messages}) == len(messages) >= 4,
        "the walk missed or repeated a message",
    )
    steps.show(*map(line, messages))


def be_refused(steps: Steps, bob: HipChat) -> None:
    """Try what the token has no scope for."""
    steps.begin("What Bob's token may not do")
    asked = bob.auth_test(DeleteRoom(ROOM))
    steps.show(f"checked beforehand: {'allowed' if asked else 'not allowed'}")
    try:
        bob.rooms.delete_room(ROOM)
    except ForbiddenError as error:
        steps.show(f"{type(error).__name__}: {error}")
    else:
        raise DemoError("a token without the scope deleted the room")


def look_with_the_command_line(steps: Steps, server: Server, token: str) -> None:
    """Show the same room with the command `hipkit`."""
    steps.begin(f'hipkit tail "{ROOM}" --no-follow')
    steps.show(*server.hipkit("tail", ROOM, "--no-follow", token=token).splitlines())


def newest(client: HipChat) -> Message:
    """Return the room's newest message."""
    page = client.rooms.get_recent_room_history(ROOM, max_results=1)
    if not page.items:
        raise DemoError("the room has no messages")
    return page.items[-1]


def line(message: Message) -> str:
    """Return a message as one line."""
    sender = message.from_ if isinstance(message.from_, str) else None
    if message.from_ is not None and not isinstance(message.from_, str):
        sender = message.from_.name
    return f"{message.date:%H:%M:%S} {sender}: {message.message}"


def listed(words: object) -> str:
    """Return words with commas between."""
    return ", ".join(map(str, words)) if isinstance(words, list) else str(words)


def expect(condition: bool, otherwise: str) -> None:
    """End the demo where something is not as it should be."""
    if not condition:
        raise DemoError(otherwise)


if __name__ == "__main__":
    sys.exit(main())
