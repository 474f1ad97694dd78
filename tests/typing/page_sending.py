"""The function of the page "Send messages"; read by mypy and pyright, never run."""

from typing import Literal

from hipkit import HipChat

Color = Literal["yellow", "green", "red", "purple", "gray", "random"]


def announce(client: HipChat, text: str, color: Color = "gray") -> None:
    client.rooms.send_room_notification("Releases", message=text, color=color)
