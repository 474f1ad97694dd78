"""Sends recorded requests of old programs to a server, byte for byte."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.e2e.serving import PATIENCE_SECONDS, Running

PROGRAMS = sorted(Path("tests/data/programs").glob("*.json"))
PUBLIC_URL = "https://chat.example.com"


@dataclass
class Replay:
    """A server, and the values that stand for the names in braces."""

    server: Running
    names: dict[str, str] = field(default_factory=dict)

    def filled(self, text: str) -> str:
        for name, value in self.names.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def filled_in(self, value: object) -> Any:
        """Fill in every text of a value."""
        if isinstance(value, dict):
            return {name: self.filled_in(member) for name, member in value.items()}
        if isinstance(value, list):
            return [self.filled_in(member) for member in value]
        return self.filled(value) if isinstance(value, str) else value

    def call(self, call: Mapping[str, Any]) -> tuple[int, Any]:
        """Send a recorded request, and return the status and what the answer holds."""
        body = self.filled(call.get("body", "")).encode()
        lines = [self.filled(call["request"])]
        for name, value in call["headers"]:
            filled = self.filled(value).replace("{length}", str(len(body)))
            lines.append(f"{name}: {filled}")
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        parts = urlsplit(self.server.base_url)
        address = (parts.hostname or "", parts.port or 0)
        with socket.create_connection(address, PATIENCE_SECONDS) as connection:
            connection.sendall(head + body)
            answer = http.client.HTTPResponse(connection, method=lines[0].split()[0])
            with contextlib.closing(answer):
                answer.begin()
                content = answer.read()
                return answer.status, json.loads(content) if content else None

    def keep(self, call: Mapping[str, Any], answer: Any) -> None:
        """Name values of an answer that later requests repeat."""
        for name, place in call.get("keep", {}).items():
            value = answer
            for step in place:
                value = value[step]
            self.names[name] = value
