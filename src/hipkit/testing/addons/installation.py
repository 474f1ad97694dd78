"""An installation on an `AddOnHost`, and its modules as people open them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from hipkit.descriptors.templates import expand_url
from hipkit.server.services.addons.installing.scopes import granted_scopes
from hipkit.server.services.webhooks.signatures import QUERY_SECONDS, sign_request
from hipkit.testing.addons.context import HostContext
from hipkit.testing.addons.records import TestCall
from hipkit.testing.addons.rooms import TestRoom
from hipkit.testing.values import TestUser
from hipkit.transports.protocol import Options, Request
from hipkit.v2.models import AddonDescriptor, GlanceContent

__all__ = ["TestInstallation", "TestPage"]

CONFIGURATION = "configuration"
ADMINISTRATOR = 1


@dataclass(frozen=True, kw_only=True)
class TestPage:
    """The answer to somebody who opened a module.

    Attributes:
        status: Its status.
        headers: Its headers; their names are in lower case.
        text: Its body.
    """

    __test__ = False  # Not a class of tests, although pytest would take it for one.

    status: int
    headers: Mapping[str, str] = field(repr=False)
    text: str


class TestInstallation:
    """An add-on that is installed. `AddOnHost.install` returns it.

    Attributes:
        id: Its id, `oauthId`.
        key: The add-on's key.
    """

    __test__ = False

    def __init__(self, context: HostContext, client_id: str, key: str) -> None:
        self._context = context
        self.id = client_id
        self.key = key

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes that it has; none once it was removed."""
        return self._context.network.run(self._scopes())

    @property
    def calls(self) -> list[TestCall]:
        """Its calls with a token, in their order."""
        return [each for each in self._context.calls if each.installation_id == self.id]

    def open(
        self,
        key: str = CONFIGURATION,
        *,
        room: TestRoom | None = None,
        user: TestUser | None = None,
        theme: str | None = None,
        form: Mapping[str, str] | None = None,
    ) -> TestPage:
        """Open a web panel, dialog, external page or the configuration page, as a user's browser.

        Args:
            key: The module's key.
            room: The room that the user is in.
            user: The user; without one, the administrator.
            theme: `light` or `dark`.
            form: Fields to send back, as the page's form does; without them, it is opened.

        Raises:
            LookupError: There is no such module.
        """
        return self._context.network.run(self._open(key, room, user, theme, form))

    def ask_glance(
        self, key: str, *, room: TestRoom, user: TestUser | None = None
    ) -> GlanceContent:
        """Return the content that the add-on gives of a glance when a user opens a room.

        Raises:
            LookupError: There is no such glance, or it is not asked.
            AssertionError: The add-on answers with an error.
        """
        page = self._context.network.run(self._open(key, room, user, None, None))
        if page.status != 200:
            raise AssertionError(f"the glance {key} has no content: {page.status}")
        return GlanceContent.from_json(page.text)

    async def _scopes(self) -> frozenset[str]:
        record = await self._context.runtime.stores.installations.get(self.id)
        return frozenset() if record is None else frozenset(granted_scopes(record))

    async def _open(
        self,
        key: str,
        room: TestRoom | None,
        user: TestUser | None,
        theme: str | None,
        form: Mapping[str, str] | None,
    ) -> TestPage:
        running = self._context.network.addons[self.key]
        address = dict(_addresses(running.app.descriptor)).get(key)
        if address is None:
            raise LookupError(f"{self.key} has no page or glance {key}")
        parts = urlsplit(expand_url(address, {}))
        query = {"signed_request": await self._sign(room, user)}
        if theme is not None:
            query["theme"] = theme
        request = Request(
            "GET" if form is None else "POST",
            "https",
            parts.netloc,
            443,
            f"{parts.path}?{urlencode(query)}",
            headers=()
            if form is None
            else (("Content-Type", "application/x-www-form-urlencoded"),),
            content=None if form is None else urlencode(form).encode(),
        )
        answer = await running.transport.send(request, Options())
        await self._context.network.settle()
        return TestPage(
            status=answer.status, headers=answer.headers, text=answer.body.decode()
        )

    async def _sign(self, room: TestRoom | None, user: TestUser | None) -> str:
        """Return a signature of the server, which is of no use once the add-on was removed."""
        runtime = self._context.runtime
        secret = await runtime.stores.clients.signing_secret(self.id)
        return sign_request(
            secret or secrets.token_hex(20),
            client_id=self.id,
            user_id=ADMINISTRATOR if user is None else user.id,
            room_id=None if room is None else room.id,
            timezone="UTC",
            token_id=secrets.token_hex(10),
            now_seconds=int(runtime.clock()),
            good_seconds=QUERY_SECONDS,
        )


def _addresses(descriptor: AddonDescriptor) -> Iterator[tuple[str, str]]:
    """Yield the keys and addresses of what can be opened."""
    capabilities = descriptor.capabilities
    if capabilities is None:
        return
    if capabilities.configurable is not None:
        yield CONFIGURATION, capabilities.configurable.url
    for page in (
        *(capabilities.web_panel or ()),
        *(capabilities.dialog or ()),
        *(capabilities.external_page or ()),
    ):
        yield page.key, page.url
    for glance in capabilities.glance or ():
        if glance.query_url is not None:
            yield glance.key, glance.query_url
