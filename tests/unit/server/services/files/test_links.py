"""Signed links to files."""

from __future__ import annotations

from pathlib import Path

from tests.unit.server.asgi import Site, open_site
from tests.unit.server.http.test_uploads import TYPE, body
from tests.unit.server.services.files.test_shared import share
from tests.unit.server.two_groups import PNG


def links(site: Site, file_id: str) -> tuple[str, str]:
    told = site.get(f"/v2/file/{file_id}").json
    shown, saved = told["temp_url"], told["temp_download_url"]
    return shown.removeprefix("http://chat.test"), saved.removeprefix(
        "http://chat.test"
    )


def test_a_link_needs_no_token_for_an_hour(site: Site) -> None:
    site.add_room("Ops")
    address, saved = links(site, share(site))

    site.clock[0] += 3590
    reply = site.get(address, token=None)
    assert (reply.status, reply.body) == (200, b"bytes")
    assert reply.header("Cache-Control") == "no-store"
    assert (reply.header("Content-Disposition") or "").startswith("attachment")
    assert site.send("HEAD", saved, token=None).status == 200
    site.clock[0] += 20
    assert [site.get(each, token=None).status for each in (address, saved)] == [404] * 2


def test_one_link_opens_a_picture_and_the_other_saves_it(site: Site) -> None:
    site.add_room("Ops")
    named = b'name="file"; filename="a.bin"'
    picture = body(PNG).replace(named, named + b"\nContent-Type: image/png")
    site.send("POST", "/v2/room/Ops/share/file", body=picture, headers=[TYPE])
    (message,) = site.messages("Ops")

    replies = [site.get(each) for each in links(site, message["id"])]

    dispositions = [reply.header("Content-Disposition") or "" for reply in replies]
    assert [each.partition(";")[0] for each in dispositions] == ["inline", "attachment"]


def test_a_link_is_valid_only_as_it_was_signed(site: Site) -> None:
    site.add_room("Ops")
    file_id, other_id = share(site), ""
    address, saved = links(site, file_id)
    site.send("POST", "/v2/room/Ops/share/file", body=body(b"other"), headers=[TYPE])
    other_id = site.messages("Ops")[1]["id"]
    path, _, query = address.partition("?")
    later = query.replace("expires=17", "expires=18")
    key = site.messages("Ops")[0]["file"]["url"].split("/")[4]

    for bad in (
        path,
        f"{path}?",
        f"{path}?{later}",
        f"{path}?{query}&download=1",
        f"{path}?{query}&signature=x",
        f"{path}?{query}&expires=1",
        saved.replace("download=1&", ""),
        address.replace(file_id, other_id),
        address[:-1],
        f"{path}?expires=&signature=",
        f"{path}?expires=%D9%A1&signature=%F0%9F%98%80",
        f"{path}?expires={'9' * 5000}&signature=x",
        "/files/temporary/x/file",
    ):
        assert site.get(bad, token=None).status == 404, bad
    assert key not in address + saved
    assert site.get(address, token=None).status == 200


def test_a_link_survives_a_restart_and_ends_with_its_room(
    site: Site, tmp_path: Path
) -> None:
    site.add_room("Ops")
    address, _ = links(site, share(site))
    site.server.close()
    again = open_site(tmp_path)
    try:
        assert again.get(address, token=None).status == 200
        again.delete("/v2/room/Ops")
        assert again.get(address, token=None).status == 404
    finally:
        again.server.close()


def test_a_link_signed_with_a_wrong_clock_is_not_valid_for_years(site: Site) -> None:
    site.add_room("Ops")
    file_id = share(site)
    now = site.clock[0]
    site.clock[0] = now + 200 * 86_400
    from_the_future, _ = links(site, file_id)
    site.clock[0] = now
    address, _ = links(site, file_id)

    assert site.get(from_the_future, token=None).status == 404
    site.clock[0] = now - 60  # Clocks are put right by a little all the time.
    assert site.get(address, token=None).status == 200


def test_signatures_of_links_are_not_among_recent_calls(site: Site) -> None:
    site.add_room("Ops")
    file_id = share(site)
    address, saved = links(site, file_id)
    site.get(address, token=None)
    site.post("/v2/room/Ops/notification", {"message": f"see {address} or {saved}"})
    site.post("/v2/room/Ops/notification", {"message": "x", "temp_url": address})

    shown = repr(site.server.runtime.recent_calls.of_token(1))
    shown += repr(site.server.runtime.recent_calls.without_token())

    assert "get_file" in shown
    for link in (address, saved):
        assert link.rpartition("signature=")[2] not in shown
