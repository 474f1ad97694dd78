"""The function of the page "Lists and histories"; read by mypy and pyright, never run."""

from hipkit.v2 import Message, Sender


def line(message: Message) -> str:
    sender = message.from_
    name = sender.name if isinstance(sender, Sender) else sender
    return f"{message.date:%H:%M} {name or 'unknown'}: {message.message or '(deleted)'}"
