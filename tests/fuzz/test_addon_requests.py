"""What comes to an add-on is accepted, or refused by a documented error, and nothing else."""

from __future__ import annotations

import asyncio
import json
from typing import TypeVar
from urllib.parse import urlsplit

from hypothesis import example, given, settings
from hypothesis import strategies as st

from hipkit import InstallationError, SignatureError
from hipkit.addon.installations.host_policy import HostPolicy, read_address
from hipkit.addon.installations.hosts import Host, Hosts
from hipkit.addon.installations.installation import Installation, Installations
from hipkit.addon.installations.installing import Installer
from hipkit.addon.installations.tokens import Tokens
from hipkit.addon.installations.verification import (
    SignedRequest,
    check_event,
    verify_request,
    verify_webhook,
)
from hipkit.addon.storage.memory import MemoryStorage
from hipkit.webhooks import WebhookEvent
from tests.unit.addon.installations.test_installing import body
from tests.unit.addon.installations.test_verification import (
    INSTALLATION,
    NOW,
    ROOM,
    SECRET,
    USER,
    claims,
    header,
    posted,
    sign,
)
from tests.unit.addon.scripted_hosts import ScriptedHosts

EXAMPLES = 100

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(0, 2**70)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["1234", "77", "٣", "1_000", "1e3", "-0", " 1", "view_room", NOW, -NOW, 1e308]
    )
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
claim_names = st.sampled_from(
    ["iss", "sub", "prn", "iat", "exp", "nbf", "jti", "aud", "context", "tz"]
)
changed_claims = st.dictionaries(claim_names, st.just(...) | values, max_size=4)
headers = st.dictionaries(
    st.sampled_from(["alg", "typ", "crit", "b64", "kid", "jwk", "x5u", "cty", "zip"]),
    values | st.sampled_from(["none", "HS256", "HS512", "RS256", ["exp"], False]),
    max_size=2,
)
addresses = st.text(max_size=40) | st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["https://", "http://", "HTTPS://", "//", "ftp://", "https:/", ""]),
    st.sampled_from(
        [
            "hipchat.test",
            "hipchat.test.",
            "evil.test",
            "user@hipchat.test",
            "hipchat.test@evil.test",
            "127.0.0.1",
            "[::1]",
            "0x7f.1",
            "2130706433",
            "localhost",
            "hipchat.test:443",
            "hipchat.test:0",
            "[::1",
            "hipchat.test:99999",
            "hipchat.test%00.evil.test",
        ]
    ),
    st.sampled_from(
        ["", "/", "/v2/capabilities", "/../v2", "\\", "?", "#", "\r\n", "/\x00"]
    ),
    st.text(max_size=5),
)


E = TypeVar("E", SignatureError, InstallationError)


def refusal(error: E) -> E:
    """Return an error, which must have a status of its kind and show no secret."""
    statuses = (400, 401) if isinstance(error, SignatureError) else (400, 403, 409)
    assert error.status in statuses
    assert SECRET not in str(error)
    return error


def verified(token: str, content: bytes) -> WebhookEvent | SignatureError:
    try:
        return verify_webhook(header(token), content, SECRET, now=NOW)
    except SignatureError as error:
        return refusal(error)


async def _requested(token: str) -> SignedRequest | SignatureError:
    installations = Installations(MemoryStorage())
    await installations.save(INSTALLATION)
    try:
        return await verify_request(
            installations, headers=header(token), once=True, now=NOW
        )
    except SignatureError as error:
        return refusal(error)


def requested(token: str) -> SignedRequest | SignatureError:
    return asyncio.run(_requested(token))


@given(changed_claims)
@example({"exp": float("nan")})
@example({"exp": 1e308, "iat": -1e308})
@example({"context": {"room_id": 10**400}})
@settings(max_examples=EXAMPLES)
def test_any_claims_are_accepted_or_refused(changed: dict[str, object]) -> None:
    token = sign(claims(**changed))
    event, request = verified(token, posted()), requested(token)
    if not isinstance(event, SignatureError):
        # What is accepted for a body is accepted without one.
        assert isinstance(request, SignedRequest)
        assert request.room_id in (None, ROOM)
        assert request.subject in (None, str(USER))
        check_event(request, event)


@given(changed_claims, headers, st.sampled_from([SECRET, SECRET.lower(), ""]))
@settings(max_examples=EXAMPLES)
def test_only_hs256_with_the_secret_is_accepted(
    changed: dict[str, object], head: dict[str, object], secret: str
) -> None:
    token = sign(claims(**changed), secret, **head)
    if not isinstance(verified(token, posted()), SignatureError):
        assert secret == SECRET
        assert head.get("alg", "HS256") == "HS256"


@given(st.integers(0, 10_000), st.text("aZ0-_=.+/ \n", min_size=0, max_size=3))
@settings(max_examples=EXAMPLES)
def test_no_changed_token_is_accepted(place: int, insertion: str) -> None:
    token = sign(claims())
    at = place % len(token)
    forged = token[:at] + insertion + token[at + 1 :]
    if forged.strip() != token:
        assert isinstance(verified(forged, posted()), SignatureError)


@given(st.text(max_size=60) | st.builds("{} {}".format, st.text(max_size=6), st.text()))
@settings(max_examples=EXAMPLES)
def test_any_header_is_refused(value: str) -> None:
    for place in ({"authorization": value}, [(b"Authorization", value.encode())]):
        try:
            verify_webhook(place, posted(), SECRET, now=NOW)
        except SignatureError as error:
            refusal(error)
        else:
            raise AssertionError(value)


@given(
    st.dictionaries(
        st.sampled_from(["event", "item", "oauth_client_id", "webhook_id"]),
        values
        | st.fixed_dictionaries(
            {},
            optional={
                "sender": values | st.fixed_dictionaries({"id": values}),
                "room": values | st.fixed_dictionaries({"id": values}),
                "message": values | st.fixed_dictionaries({"from": values}),
            },
        )
        | st.sampled_from(["room_enter", "room_burnt", "room_topic_change"]),
    )
)
@settings(max_examples=EXAMPLES)
def test_any_event_is_accepted_or_refused(changed: dict[str, object]) -> None:
    verified(sign(claims()), posted(**changed))


@given(st.binary(max_size=60))
@settings(max_examples=EXAMPLES)
def test_any_body_is_accepted_or_refused(content: bytes) -> None:
    assert isinstance(verified(sign(claims()), content), SignatureError)


class Site:
    """An add-on, a server that may install it, and one that may not be reached."""

    def __init__(self) -> None:
        servers = ScriptedHosts()
        self.host = servers.add()
        self.host.add_client()
        self.inside = servers.add("https://127.0.0.1")
        self.storage = MemoryStorage()
        self.hosts = Hosts(self.storage, servers.transport, HostPolicy())
        self.installer = Installer(
            self.storage,
            self.hosts,
            Tokens(self.storage, servers.transport, now=lambda: NOW),
            now=lambda: NOW,
        )

    async def _install(self, content: bytes) -> Installation | InstallationError:
        try:
            return await self.installer.install(content)
        except InstallationError as error:
            return refusal(error)

    def install(self, content: bytes) -> Installation | InstallationError:
        result = asyncio.run(self._install(content))
        assert not self.inside.calls
        return result

    def read(self) -> Host | InstallationError:
        try:
            return asyncio.run(self.hosts.read(self.host.capabilities_url))
        except InstallationError as error:
            return refusal(error)


@given(
    st.dictionaries(
        st.sampled_from(
            ["oauthId", "oauthSecret", "capabilitiesUrl", "groupId", "roomId"]
        ),
        values | addresses,
    )
)
@settings(max_examples=EXAMPLES)
def test_any_installation_is_accepted_or_refused(changed: dict[str, object]) -> None:
    site = Site()
    installation = site.install(json.dumps(json.loads(body()) | changed).encode())
    if isinstance(installation, Installation):
        assert installation.host == site.host.origin


@given(st.binary(max_size=60))
@settings(max_examples=EXAMPLES)
def test_any_bytes_are_no_installation(content: bytes) -> None:
    assert isinstance(Site().install(content), InstallationError)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "access_token",
                "expires_in",
                "group_id",
                "group_name",
                "scope",
                "token_type",
            ]
        ),
        values,
    )
)
@example({"expires_in": 10**30})
@example({"expires_in": -5})
@example({"scope": "x " * 1000})
@settings(max_examples=EXAMPLES)
def test_any_token_of_a_host_is_accepted_or_refused(answer: dict[str, object]) -> None:
    site = Site()
    site.host.token_answer |= answer
    site.host.has(
        "/v2/oauth/token", site.host.token_answer | {"access_token": "x"} | answer
    )
    site.install(body())


members = st.sampled_from(
    [
        "links",
        "links.self",
        "links.api",
        "links.homepage",
        "links.subdomain",
        "capabilities",
        "capabilities.hipchatApiProvider",
        "capabilities.hipchatApiProvider.url",
        "capabilities.oauth2Provider",
        "capabilities.oauth2Provider.tokenUrl",
        "capabilities.oauth2Provider.authorizationUrl",
        "name",
    ]
)


@given(st.dictionaries(members, values | addresses, max_size=3))
@settings(max_examples=EXAMPLES)
def test_any_document_is_refused_or_about_its_own_server(
    changed: dict[str, object],
) -> None:
    site = Site()
    for path, value in changed.items():
        *parents, name = path.split(".")
        place: object = site.host.document
        for parent in parents:
            place = place.get(parent) if isinstance(place, dict) else None
        if isinstance(place, dict):
            place[name] = value
    site.host.has("/v2/capabilities", json.loads(json.dumps(site.host.document)))
    host = site.read()
    if isinstance(host, Host):
        for address in (host.api_url, host.token_url):
            assert read_address(address).origin == site.host.origin


@given(addresses)
@example("HTTP://HIPCHAT.TEST/@")
@settings(max_examples=EXAMPLES)
def test_any_address_is_refused_or_of_a_server(address: str) -> None:
    try:
        origin = HostPolicy(["hipchat.test", "http://hipchat.test"]).check(address)
    except InstallationError as error:
        refusal(error)
        return
    assert origin in ("https://hipchat.test", "http://hipchat.test")
    # As other programs read it, a browser for example.
    assert urlsplit(address).hostname == "hipchat.test"
    assert urlsplit(address).username is None
    assert not {"\\", "\n", "\r"} & set(address)
