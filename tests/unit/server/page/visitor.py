"""A browser as far as a test without one needs it: cookies, and forms sent back as they came."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from html import unescape

from starlette.testclient import TestClient

from hipkit.server.dispatch import Dispatcher
from hipkit.server.services.access.authentication import hash_token
from hipkit.server.services.access.keys import new_key
from hipkit.server.storage.protocol import Stores
from tests.unit.server.asgi import PASSWORD, Site

FIELD = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
FORM = re.compile(r"<form [^>]*>.*?</form>", re.DOTALL)


class Visitor:
    """Somebody with a browser of their own."""

    def __init__(
        self, site: Site, scheme: str = "http", peer: str = "testclient"
    ) -> None:
        self.site = site
        self.origin = f"{scheme}://chat.test"
        self.client = TestClient(
            Dispatcher(site.server),
            base_url=self.origin,
            follow_redirects=False,
            client=(peer, 50000),
        )

    def get(self, path: str, **headers: str) -> Answer:
        return Answer(self.client.get(path, headers=_named(headers)))

    def send(
        self, path: str, fields: Mapping[str, str | list[str]], **headers: str
    ) -> Answer:
        """Post just these fields, and say where from, as every browser does."""
        sent = {"origin": self.origin, **_named(headers)}
        return Answer(self.client.post(path, data=fields, headers=sent))

    def share(
        self, path: str, name: str, content: bytes, message: str = "", **headers: str
    ) -> Answer:
        """Post a form with a file, as browsers do."""
        sent = {"origin": self.origin, **_named(headers)}
        files = {"file": (name, content, "application/octet-stream")}
        form = {"message": message}
        return Answer(self.client.post(path, data=form, files=files, headers=sent))

    def fill(self, path: str, action: str, **fields: str | list[str]) -> Answer:
        """Open a page, fill in its form for `action`, and send it."""
        hidden = self.get(path).form(action)
        return self.send(action, {**hidden, **fields})

    def take_session(self, name: str) -> None:
        """Be signed in, without the time that a password takes to check."""
        secret = new_key()
        database, now_us = self.site.server.database, self.site.now_us

        async def command(stores: Stores) -> None:
            user = await stores.users.by_mention(1, name)
            assert user is not None
            await stores.web_sessions.add(
                hash_token(secret),
                user_id=user.id,
                user_agent="a test",
                address="testclient",
                now_us=now_us,
            )

        asyncio.run(database.write(command))
        self.client.cookies.set("hipkit-session", secret, domain="chat.test")

    def sign_in(self, name: str, password: str = PASSWORD) -> Answer:
        return self.fill("/sign-in", "/sign-in", name=name, password=password)


class Answer:
    """What came back."""

    def __init__(self, response: object) -> None:
        self._response = response
        self.status: int = response.status_code  # type: ignore[attr-defined]
        self.text: str = response.text  # type: ignore[attr-defined]
        self.headers: dict[str, str] = dict(response.headers)  # type: ignore[attr-defined]

    @property
    def location(self) -> str | None:
        return self.headers.get("location")

    @property
    def cookies(self) -> list[str]:
        found: list[str] = self._response.headers.get_list("set-cookie")  # type: ignore[attr-defined]
        return found

    def form(self, action: str) -> dict[str, str]:
        """Return the hidden fields of a form."""
        for form in FORM.findall(self.text):
            if f'action="{action}"' in form:
                return {name: unescape(value) for name, value in FIELD.findall(form)}
        raise AssertionError(f"no form for {action} in: {self.text}")


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
