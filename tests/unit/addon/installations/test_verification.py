"""Verification of HipChat's requests: what is signed passes, everything else is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import jwt
import msgspec
import pytest

from hipkit import SignatureError
from hipkit.addon.installations.claims import LEEWAY_SECONDS, LONGEST_AGE_SECONDS
from hipkit.addon.installations.installation import Installation, Installations
from hipkit.addon.installations.verification import (
    SignedRequest,
    check_event,
    renew,
    verify_request,
    verify_webhook,
)
from hipkit.addon.storage.memory import MemoryStorage
from hipkit.api.secret import Secret
from hipkit.v2.models import EventEnvelope
from hipkit.v2.webhooks import RoomMessageEvent

NOW = 1_480_000_000.0
OAUTH_ID = "ad1333f0-c5ae-4330-9151-38454e7c86a7"
SECRET = "Zm9vYmFyMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0"
USER, ROOM = 1234, 77

INSTALLATION = Installation(
    oauth_id=OAUTH_ID,
    secret=Secret(SECRET),
    host="https://api.hipchat.com",
    capabilities_url="https://api.hipchat.com/v2/capabilities",
    api_url="https://api.hipchat.com/v2",
    token_url="https://api.hipchat.com/v2/oauth/token",
    group_id=1,
    scopes=("view_room",),
    installed_at=NOW,
)


def claims(**changed: object) -> dict[str, object]:
    """Return the claims of a webhook; a claim that is `...` is left out."""
    usual: dict[str, object] = {
        "iss": OAUTH_ID,
        "sub": str(USER),
        "iat": int(NOW),
        "exp": int(NOW) + 3600,
        "jti": "Zx81kQ0bT7Lm2RwE9uYa",
        "context": {"room_id": ROOM, "user_tz": "Europe/Berlin"},
    }
    return {
        name: value for name, value in (usual | changed).items() if value is not ...
    }


def sign(payload: object, secret: str = SECRET, **header: object) -> str:
    """Return a token of any payload and header, signed as HipChat did, by hand."""
    head = {"alg": "HS256", "typ": "JWT", **header}
    parts = [json.dumps(head), json.dumps(payload)]
    signed = ".".join(_base64(part.encode()) for part in parts)
    mac = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_base64(mac)}"


def _base64(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def posted(**changed: object) -> bytes:
    """Return a room message's webhook."""
    sender = {"id": USER, "name": "Jane", "mention_name": "jane"}
    return msgspec.json.encode(
        {
            "event": "room_message",
            "item": {
                "message": {
                    "id": "6a1f9bd6-9b5d-4c0e-9e9f-0d6cf6a9f2a1",
                    "date": "2016-09-09T08:23:02.932694+00:00",
                    "from": sender,
                    "message": "/deploy now",
                    "mentions": [],
                    "type": "message",
                },
                "room": {"id": ROOM, "name": "Ops"},
            },
            "oauth_client_id": OAUTH_ID,
            "webhook_id": 17,
            **changed,
        }
    )


def header(token: str) -> dict[str, str]:
    return {"authorization": f"JWT {token}"}


async def verify(
    token: str, *, installation: Installation = INSTALLATION, once: bool = False
) -> SignedRequest:
    installations = Installations(MemoryStorage())
    await installations.save(installation)
    return await verify_request(
        installations, headers=header(token), now=NOW, once=once
    )


def test_a_signed_webhook_is_the_event_it_brings() -> None:
    event = verify_webhook(header(sign(claims())), posted(), SECRET, now=NOW)
    assert isinstance(event, RoomMessageEvent)
    assert event.oauth_client_id == OAUTH_ID


def test_the_time_may_be_a_datetime_and_the_secret_hidden() -> None:
    now = datetime.fromtimestamp(NOW, UTC)
    verify_webhook(header(sign(claims())), posted(), Secret(SECRET), now=now)


def test_without_a_time_the_clock_decides() -> None:
    with pytest.raises(SignatureError, match="expired"):
        verify_webhook(header(sign(claims())), posted(), SECRET)


@pytest.mark.parametrize(
    "value", ["JWT {}", "jwt {}", "JWT token={}", 'JWT token="{}"', "Bearer {}", "{}"]
)
@pytest.mark.parametrize("name", ["authorization", "Authorization"])
def test_the_token_is_read_from_every_form_of_the_header(name: str, value: str) -> None:
    token = sign(claims())
    verify_webhook({name: value.format(token)}, posted(), SECRET, now=NOW)
    pairs = [(b"host", b"x"), (name.encode(), value.format(token).encode())]
    verify_webhook(pairs, posted(), SECRET, now=NOW)


@pytest.mark.parametrize("query", ["theme=light&signed_request={}", {}])
async def test_the_token_is_read_from_the_address_and_from_a_form(
    query: str | dict[str, str],
) -> None:
    installations = Installations(MemoryStorage())
    await installations.save(INSTALLATION)
    token = sign(claims())
    if isinstance(query, str):
        signed = await verify_request(installations, query=query.format(token), now=NOW)
    else:
        form = {"signed_request": token}
        signed = await verify_request(installations, query=query, form=form, now=NOW)
    assert signed.user_id == USER
    assert signed.room_id == ROOM
    assert signed.timezone == "Europe/Berlin"
    assert signed.token_id == "Zx81kQ0bT7Lm2RwE9uYa"
    assert signed.installation == INSTALLATION


def test_a_webhook_may_have_its_token_in_the_address() -> None:
    query = f"signed_request={sign(claims())}"
    verify_webhook({}, posted(), SECRET, query=query, now=NOW)


def test_an_address_with_very_many_parameters_is_refused() -> None:
    with pytest.raises(SignatureError, match="too many") as caught:
        verify_webhook({}, posted(), SECRET, query="&".join(["a=b"] * 1000), now=NOW)
    assert caught.value.status == 400


async def test_an_issuer_that_is_named_twice_is_one_installation() -> None:
    """What is read before the signature is verified must be what is verified."""
    head, _, _ = sign(claims()).split(".")
    payload = json.dumps(claims())[:-1] + ', "iss": "another"}'
    signed = f"{head}.{_base64(payload.encode())}"
    mac = hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).digest()
    with pytest.raises(SignatureError):
        await verify(f"{signed}.{_base64(mac)}")


async def test_credentials_of_another_kind_do_not_hide_the_address() -> None:
    installations = Installations(MemoryStorage())
    await installations.save(INSTALLATION)
    query = {"signed_request": sign(claims())}
    for other in ("Basic dXNlcjpwYXNzd29yZA==", "Bearer opaque", "Digest a.b.c"):
        headers = {"Authorization": other}
        await verify_request(installations, headers=headers, query=query, now=NOW)


@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": ""}, {"authorization": "JWT"}, {"x": "JWT a.b.c"}],
)
def test_a_webhook_without_a_token_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(SignatureError, match="not signed") as caught:
        verify_webhook(headers, posted(), SECRET, now=NOW)
    assert caught.value.status == 401


def test_two_different_tokens_are_refused() -> None:
    pairs = [("Authorization", f"JWT {sign(claims(jti=jti))}") for jti in ("a", "b")]
    with pytest.raises(SignatureError, match="malformed") as caught:
        verify_webhook(pairs, posted(), SECRET, now=NOW)
    assert caught.value.status == 400


async def test_a_form_counts_before_the_address_that_its_page_was_opened_with() -> None:
    """The page's address keeps its token, and the form sends it beside the page's new one."""
    installations = Installations(MemoryStorage())
    await installations.save(INSTALLATION)
    old, renewed = sign(claims(sub="1")), sign(claims(sub="2"))
    signed = await verify_request(
        installations,
        query={"signed_request": old},
        form={"signed_request": renewed},
        now=NOW,
    )
    assert signed.subject == "2"


FORGED = {
    "another secret": sign(claims(), "another secret that is as long as this"),
    "alg none": jwt.encode(claims(), "", "none"),
    "alg none with a signature": sign(claims(), alg="none"),
    "alg nOnE": sign(claims(), alg="nOnE"),
    "HS512": jwt.encode(claims(), SECRET * 2, "HS512"),
    "RS256": sign(claims(), alg="RS256"),
    "no alg": sign(claims(), alg=None),
    "the signature of another": sign(claims()).rpartition(".")[0]
    + "."
    + sign(claims(sub="1")).rpartition(".")[2],
    "no signature": sign(claims()).rpartition(".")[0] + ".",
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED)
async def test_a_forged_token_is_refused(token: str) -> None:
    with pytest.raises(SignatureError) as caught:
        verify_webhook(header(token), posted(), SECRET, now=NOW)
    assert caught.value.status == 401
    with pytest.raises(SignatureError) as caught:
        await verify(token)
    assert caught.value.status == 401


MALFORMED = {
    "no token": "a.b.c",
    "one part": "abc.",
    "not an object": sign([1]),
    "no issuer": sign(claims(iss=...)),
    "an issuer that is a list": sign(claims(iss=[OAUTH_ID])),
    "no time": sign(claims(iat=..., exp=...)),
    "a time that is text": sign(claims(exp="soon")),
    "a time that is true": sign(claims(exp=True)),
    "a time that is no number": sign(claims(exp=float("nan"))),
    "a time without end": sign(claims(exp=float("inf"))),
    "a time too large": sign(claims(exp=10**400)),
    "a sender that is a list": sign(claims(sub=[USER])),
    "a sender that is true": sign(claims(sub=True)),
    "a room that is a name": sign(claims(context={"room_id": "Ops"})),
    "a room that is half": sign(claims(context={"room_id": 1.5})),
    "critical": sign(claims(), crit=["exp"]),
    "too long": sign(claims(more="x" * 10_000)),
    "too deep": sign(json.loads('{"iss":' * 900 + "1" + "}" * 900)),
    "not ASCII": "ü.ü.ü",
}


@pytest.mark.parametrize("token", MALFORMED.values(), ids=MALFORMED)
async def test_a_malformed_token_is_refused_with_400(token: str) -> None:
    with pytest.raises(SignatureError) as caught:
        verify_webhook(header(token), posted(), SECRET, now=NOW)
    assert caught.value.status == 400
    with pytest.raises(SignatureError) as caught:
        await verify(token)
    assert caught.value.status == 400


async def test_a_token_that_is_too_deep_to_be_read_is_refused_before_it_is_verified() -> (
    None
):
    payload = _base64(b'{"x":' + b"[" * 2_000)
    with pytest.raises(SignatureError) as caught:
        await verify(f"e30.{payload}.e30")
    assert caught.value.status == 400


async def test_an_unknown_issuer_is_refused() -> None:
    with pytest.raises(SignatureError, match="known installation") as caught:
        await verify(sign(claims(iss="another")))
    assert caught.value.status == 401


@pytest.mark.parametrize(
    ("changed", "is_good"),
    [
        ({"exp": NOW - LEEWAY_SECONDS + 1}, True),
        ({"exp": NOW - LEEWAY_SECONDS}, False),
        ({"exp": str(int(NOW + 1))}, True),
        ({"exp": NOW + 0.5}, True),
        ({"iat": NOW + LEEWAY_SECONDS}, True),
        ({"iat": NOW + LEEWAY_SECONDS + 1}, False),
        ({"iat": ...}, True),
        ({"nbf": NOW + LEEWAY_SECONDS + 1}, False),
        ({"exp": ..., "iat": NOW - LONGEST_AGE_SECONDS}, True),
        ({"exp": ..., "iat": NOW - LONGEST_AGE_SECONDS - LEEWAY_SECONDS}, False),
        ({"exp": 0}, False),
    ],
)
def test_a_token_is_good_from_iat_to_exp_with_leeway(
    changed: dict[str, object], is_good: bool
) -> None:
    token = header(sign(claims(**changed)))
    if is_good:
        verify_webhook(token, posted(), SECRET, now=NOW)
        return
    with pytest.raises(SignatureError) as caught:
        verify_webhook(token, posted(), SECRET, now=NOW)
    assert caught.value.status == 401


@pytest.mark.parametrize(
    "token",
    [
        sign(claims(sub=USER)),
        sign(claims(sub=..., prn=str(USER))),
        sign(claims(sub=..., prn=USER)),
        sign(claims(context={"room_id": str(ROOM), "tz": "Europe/Berlin"})),
        sign(claims(context={"room_id": ROOM}, tz="Europe/Berlin")),
    ],
    ids=["a number", "prn", "prn as a number", "room as text", "tz"],
)
async def test_the_forms_of_all_years_are_read(token: str) -> None:
    signed = await verify(token)
    assert (signed.user_id, signed.room_id) == (USER, ROOM)
    assert signed.timezone in (None, "Europe/Berlin")


@pytest.mark.parametrize("context", [None, [], "room", 5, ...])
async def test_a_token_without_context_is_about_no_room(context: object) -> None:
    signed = await verify(sign(claims(context=context, sub=...)))
    assert (signed.user_id, signed.room_id, signed.timezone) == (None, None, None)


async def test_a_sender_that_is_not_a_number_is_kept_as_text() -> None:
    signed = await verify(sign(claims(sub="a client")))
    assert (signed.subject, signed.user_id) == ("a client", None)


async def test_a_room_installation_accepts_its_own_room_only() -> None:
    own, other = (
        replace(INSTALLATION, room_id=room_id) for room_id in (ROOM, ROOM + 1)
    )
    assert (await verify(sign(claims()), installation=own)).room_id == ROOM
    without = await verify(sign(claims(context={})), installation=own)
    assert without.room_id == ROOM
    with pytest.raises(SignatureError, match="another room") as caught:
        await verify(sign(claims()), installation=other)
    assert caught.value.status == 400


DATE = "2016-09-09T08:23:02+00:00"
OTHER_SENDER = {"id": 9, "name": "Mallory", "mention_name": "m"}
CONTRADICTIONS = {
    "installation": posted(oauth_client_id="another"),
    "sender": posted(
        event="room_enter", item={"sender": OTHER_SENDER, "room": {"id": ROOM}}
    ),
    "sender of the topic": posted(
        event="room_topic_change",
        item={"sender": {"id": "9", "name": "M"}, "topic": "x"},
    ),
    "sender of a message": posted(
        item={
            "message": {"id": "x", "date": DATE, "from": OTHER_SENDER, "message": "x"}
        }
    ),
    "sender of an unknown event": posted(
        event="room_burnt", item={"sender": OTHER_SENDER}
    ),
    "room": posted(event="room_enter", item={"room": {"id": ROOM + 1}}),
    "room as text": posted(event="room_exit", item={"room": {"id": str(ROOM + 1)}}),
    "room of an unknown event": posted(
        event="room_burnt", item={"room": {"id": ROOM + 1}}
    ),
}


@pytest.mark.parametrize("body", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
async def test_a_body_that_contradicts_its_signature_is_refused(body: bytes) -> None:
    with pytest.raises(SignatureError, match="another") as caught:
        verify_webhook(header(sign(claims())), body, SECRET, now=NOW)
    assert caught.value.status == 400


AGREEING = {
    "ids as text": posted(
        event="room_enter",
        item={"sender": {"id": str(USER)}, "room": {"id": str(ROOM)}},
    ),
    "no client": posted(oauth_client_id=None),
    "a sender that is a name": posted(
        event="room_notification",
        item={
            "message": {"id": "x", "date": DATE, "from": "Jenkins", "message": "x"},
            "room": {"id": ROOM},
        },
    ),
    "a sender without an id": posted(
        event="room_topic_change", item={"sender": {"name": "Guest"}}
    ),
    "no item": posted(event="room_burnt", item=None),
    "an item that is a list": posted(event="room_burnt", item=[1]),
}


@pytest.mark.parametrize("body", AGREEING.values(), ids=AGREEING)
async def test_a_body_that_says_less_than_its_signature_is_accepted(
    body: bytes,
) -> None:
    event = verify_webhook(header(sign(claims())), body, SECRET, now=NOW)
    check_event(await verify(sign(claims())), event)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"\xff", b'{"event":"room_message"}']
)
def test_a_body_that_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(SignatureError, match="cannot be read") as caught:
        verify_webhook(header(sign(claims())), body, SECRET, now=NOW)
    assert caught.value.status == 400


async def test_a_room_of_the_installation_is_compared_with_the_body() -> None:
    installation = replace(INSTALLATION, room_id=ROOM)
    signed = await verify(sign(claims(context={})), installation=installation)
    event = EventEnvelope(event="room_burnt", item={"room": {"id": ROOM + 1}})
    with pytest.raises(SignatureError, match="another room"):
        check_event(signed, event)


async def test_a_token_is_refused_the_second_time_if_asked_for() -> None:
    installations = Installations(MemoryStorage())
    await installations.save(INSTALLATION)
    for token in (sign(claims()), sign(claims(jti=...))):
        await verify_request(installations, headers=header(token), now=NOW, once=True)
        with pytest.raises(SignatureError, match="before"):
            await verify_request(
                installations, headers=header(token), now=NOW, once=True
            )
        # Nothing is remembered that is not asked for.
        await verify_request(installations, headers=header(token), now=NOW)


async def test_a_token_whose_signature_is_written_in_another_way_was_used_too() -> None:
    installations = Installations(MemoryStorage())
    await installations.save(INSTALLATION)
    token = sign(claims())
    await verify_request(installations, headers=header(token), now=NOW, once=True)
    padded = header(f"{token}=")
    await verify_request(installations, headers=padded, now=NOW)
    with pytest.raises(SignatureError, match="before"):
        await verify_request(installations, headers=padded, now=NOW, once=True)


async def test_a_renewed_token_opens_views_for_an_hour_but_posts_no_events() -> None:
    installations = Installations(MemoryStorage())
    await installations.save(INSTALLATION)
    first = await verify(sign(claims()))
    later = NOW + 3000
    token = header(renew(first, now=later))
    signed = await verify_request(installations, headers=token, now=later + 3000)
    assert signed == msgspec.structs.replace(first, token_id=None, is_renewed=True)
    with pytest.raises(SignatureError, match="token of a view"):
        check_event(signed, EventEnvelope(event="x", item={}))
    with pytest.raises(SignatureError, match="token of a view"):
        verify_webhook(token, posted(), SECRET, now=later)
    with pytest.raises(SignatureError, match="expired"):
        await verify_request(installations, headers=token, now=later + 3700)


@pytest.mark.parametrize(
    "secret", ["short", '{"kty": "oct"}', "ssh-rsa AAAA", "s\u00e9"]
)
def test_the_secret_is_the_hosts_own_choice(secret: str) -> None:
    verify_webhook(header(sign(claims(), secret)), posted(), secret, now=NOW)


def test_an_empty_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        verify_webhook(header(sign(claims(), "")), posted(), "", now=NOW)


@pytest.mark.parametrize("token", [*FORGED.values(), *MALFORMED.values()])
def test_an_error_shows_neither_secret_nor_token(token: str) -> None:
    with pytest.raises(SignatureError) as caught:
        verify_webhook(header(token), posted(), SECRET, now=NOW)
    step = caught.value.__traceback__
    while step is not None:
        module = step.tb_frame.f_globals["__name__"]
        if module.startswith(("hipkit", "jwt")):
            shown = repr(step.tb_frame.f_locals)
            assert SECRET not in shown, module
            assert token not in shown, module
        step = step.tb_next
    assert SECRET not in str(caught.value)
    assert token not in str(caught.value)


def test_a_missing_extra_is_named() -> None:
    program = "import sys; sys.modules['jwt'] = None; import hipkit.addon"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert "hipkit.addon needs the extra addon: pip install" in ran.stderr
