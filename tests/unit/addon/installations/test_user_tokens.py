"""Tokens of users: whose browser, whose consent, and one renewal at a time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from hipkit import (
    BadRequestError,
    ForbiddenError,
    HipkitError,
    NotFoundError,
    RequestError,
    SignatureError,
    StorageError,
    UnauthorizedError,
)
from hipkit.addon.installations.installation import Installation, Installations
from hipkit.addon.installations.user_tokens import CONSENT_SECONDS, Consent, UserTokens
from hipkit.addon.installations.verification import SignedRequest
from hipkit.addon.storage.memory import MemoryStorage
from hipkit.api.secret import Secret
from tests.unit.addon.scripted_hosts import OAUTH_ID, SECRET, ScriptedHosts

NOW = 1_480_000_000.0
USER, OTHER = 7, 8
BROWSER, OTHER_BROWSER = "a" * 16, "b" * 16
BACK = "https://karma.example.com/authorized"


class Site:
    """An add-on that acts for users, and its host."""

    def __init__(self) -> None:
        servers = ScriptedHosts()
        self.host = servers.add()
        self.host.add_client()
        self.now = NOW
        self.storage = MemoryStorage()
        self.installations = Installations(self.storage)
        self.installation = Installation(
            oauth_id=OAUTH_ID,
            secret=Secret(SECRET),
            host=self.host.origin,
            capabilities_url=self.host.capabilities_url,
            api_url=f"{self.host.origin}/v2",
            token_url=f"{self.host.origin}/v2/oauth/token",
            authorization_url=f"{self.host.origin}/users/authorize",
            installed_at=NOW,
        )
        self.users = UserTokens(
            self.storage, servers.transport, redirect_url=BACK, now=lambda: self.now
        )

    def signed(self, subject: str | None = str(USER)) -> SignedRequest:
        return SignedRequest(
            installation=self.installation,
            subject=subject,
            room_id=None,
            timezone=None,
            token_id=None,
            is_renewed=False,
        )

    async def begin(self) -> dict[str, str]:
        """Send a browser for consent; return what the host is told."""
        address = await self.users.begin(
            self.signed(), session=BROWSER, scopes=["view_room", "send_message"]
        )
        query = parse_qs(urlsplit(address).query)
        return {name: values[0] for name, values in query.items()}

    def grant(
        self, grant: str, token: str, *, owner: int = USER, **answer: object
    ) -> None:
        """Have the host give a user's token for a code or refresh token."""
        self.host.grants[grant] = {"access_token": token, **answer}
        self.host.owners[token] = owner

    async def consent(self) -> Consent:
        """Go through the whole flow."""
        state = (await self.begin())["state"]
        self.grant("code-1", "user-1", refresh_token="refresh-1")
        return await self.users.finish(
            {"code": "code-1", "state": state}, session=BROWSER
        )


@pytest.fixture
async def site() -> Site:
    made = Site()
    await made.installations.save(made.installation)
    return made


async def test_a_browser_is_sent_with_all_that_the_host_needs(site: Site) -> None:
    query = await site.begin()
    assert len(query.pop("state")) > 30
    assert query == {
        "response_type": "code",
        "client_id": OAUTH_ID,
        "scope": "send_message view_room",
        "redirect_uri": BACK,
        "signup": "0",
    }


async def test_a_consent_page_with_a_query_keeps_it(site: Site) -> None:
    page = "https://hipchat.test/authorize?theme=dark"
    site.installation = replace(site.installation, authorization_url=page)
    address = await site.users.begin(site.signed(), session=BROWSER, scopes=[])
    assert address.startswith(f"{page}&response_type=code&")


async def test_after_consent_the_add_on_acts_for_the_user(site: Site) -> None:
    consent = await site.consent()
    assert consent == Consent(
        installation=site.installation,
        user_id=USER,
        scopes=("send_notification", "view_room"),
    )
    assert site.host.forms[0] == {
        "grant_type": "authorization_code",
        "code": "code-1",
        "redirect_uri": BACK,
    }
    assert await site.users.get(site.installation, USER) == "user-1"
    assert await site.users.scopes(site.installation, USER) == consent.scopes
    site.host.has("/v2/room/1", {"id": 1, "name": "Ops"})
    client = site.users.client(site.installation, USER)
    assert (await client.rooms.get_room(1)).name == "Ops"


@pytest.mark.parametrize(
    "attack", ["other browser", "no browser", "late", "twice", "no"]
)
async def test_a_state_is_good_once_for_one_browser_and_ten_minutes(
    site: Site, attack: str
) -> None:
    state = (await site.begin())["state"]
    site.grant("code-1", "user-1")
    site.grant("code-2", "user-2")
    query, session = {"code": "code-1", "state": state}, BROWSER
    if attack == "other browser":
        session = OTHER_BROWSER
    elif attack == "no browser":
        session = ""
    elif attack == "late":
        site.now += CONSENT_SECONDS
    elif attack == "twice":
        await site.users.finish(query, session=BROWSER)
        query = {"code": "code-2", "state": state}
    else:
        query = {"code": "code-1"}
    calls = site.host.calls.total()
    with pytest.raises(SignatureError, match="not sent for consent") as caught:
        await site.users.finish(query, session=session)
    assert caught.value.status == 400
    assert site.host.calls.total() == calls


async def test_a_code_of_another_person_is_refused(site: Site) -> None:
    state = (await site.begin())["state"]
    site.grant("stolen", "user-9", owner=OTHER)
    with pytest.raises(SignatureError, match="another person"):
        await site.users.finish({"code": "stolen", "state": state}, session=BROWSER)
    for user_id in (USER, OTHER):
        assert await site.users.scopes(site.installation, user_id) is None


async def test_a_person_may_refuse(site: Site) -> None:
    state = (await site.begin())["state"]
    with pytest.raises(ForbiddenError):
        await site.users.finish(
            {"error": "access_denied", "state": state}, session=BROWSER
        )


async def test_a_code_that_the_host_does_not_know_is_its_error(site: Site) -> None:
    state = (await site.begin())["state"]
    with pytest.raises(BadRequestError):
        await site.users.finish({"code": "unknown", "state": state}, session=BROWSER)


async def test_what_cannot_begin_is_an_error(site: Site) -> None:
    with pytest.raises(SignatureError, match="not about a person"):
        await site.users.begin(site.signed(None), session=BROWSER, scopes=[])
    with pytest.raises(ValueError, match="must be a secret"):
        await site.users.begin(site.signed(), session="", scopes=[])
    site.installation = replace(site.installation, authorization_url=None)
    with pytest.raises(NotFoundError, match="no page for consent"):
        await site.users.begin(site.signed(), session=BROWSER, scopes=[])


async def test_an_installation_that_was_removed_ends_all_of_it(site: Site) -> None:
    await site.consent()
    state = (await site.begin())["state"]
    await site.installations.remove(OAUTH_ID)
    with pytest.raises(SignatureError):
        await site.users.finish({"code": "code-1", "state": state}, session=BROWSER)
    with pytest.raises(UnauthorizedError, match="has not allowed"):
        await site.users.get(site.installation, USER)


async def test_who_was_not_asked_has_no_token(site: Site) -> None:
    await site.consent()
    with pytest.raises(UnauthorizedError, match="has not allowed"):
        await site.users.get(site.installation, OTHER)


async def test_a_token_is_renewed_once_and_its_refresh_token_kept(site: Site) -> None:
    await site.consent()
    site.now += 3600
    site.grant("refresh-1", "user-2", refresh_token="refresh-2")
    tasks = [site.users.get(site.installation, USER) for _ in range(20)]
    assert set(await asyncio.gather(*tasks)) == {"user-2"}
    # A host that gives no new refresh token goes on with the old one.
    site.grant("refresh-2", "user-3")
    assert await site.users.get(site.installation, USER, rejected="user-2") == "user-3"
    site.grant("refresh-2", "user-4")
    assert await site.users.get(site.installation, USER, rejected="user-3") == "user-4"
    grants = [form.get("refresh_token") for form in site.host.forms]
    assert grants == [None, "refresh-1", "refresh-2", "refresh-2"]


async def test_a_consent_that_has_ended_is_forgotten(site: Site) -> None:
    await site.consent()
    with pytest.raises(UnauthorizedError, match="consent has ended"):
        await site.users.get(site.installation, USER, rejected="user-1")
    assert await site.users.scopes(site.installation, USER) is None


async def test_a_token_without_refresh_token_ends(site: Site) -> None:
    state = (await site.begin())["state"]
    site.grant("code-1", "user-1")
    await site.users.finish({"code": "code-1", "state": state}, session=BROWSER)
    site.now += 3600
    with pytest.raises(UnauthorizedError, match="has ended"):
        await site.users.get(site.installation, USER)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, UnauthorizedError), (500, HipkitError), (0, RequestError)],
)
async def test_a_failure_that_may_pass_ends_no_consent(
    site: Site, status: int, kind: type[HipkitError]
) -> None:
    await site.consent()
    site.host.token_status, site.host.is_away = status, status == 0
    with pytest.raises(kind):
        await site.users.get(site.installation, USER, rejected="user-1")
    assert await site.users.scopes(site.installation, USER) is not None


async def test_a_person_can_be_forgotten(site: Site) -> None:
    await site.consent()
    await site.users.forget(site.installation, USER)
    assert await site.users.scopes(site.installation, USER) is None


async def test_nothing_stored_can_be_used_as_a_state_or_a_session(site: Site) -> None:
    state = (await site.begin())["state"]
    ((key, value),) = await site.storage.find_all("consent state")
    assert state not in key
    assert BROWSER.encode() not in value


async def test_a_damaged_consent_is_an_error_that_shows_nothing(site: Site) -> None:
    await site.storage.put("user token", f"{OAUTH_ID} {USER}", b'{"hunter2": 1}')
    with pytest.raises(StorageError) as caught:
        await site.users.get(site.installation, USER)
    assert "hunter2" not in str(caught.value)
