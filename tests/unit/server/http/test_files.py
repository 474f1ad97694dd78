"""The addresses of files and pictures, which need no token."""

from __future__ import annotations

from tests.unit.server.asgi import Site
from tests.unit.server.services.files.test_uploads import DATA, WEB_CLIENT, fetch, share


def test_browsers_run_nothing_of_a_file(site: Site) -> None:
    site.add_room("Ops")
    for declared in (
        b"text/html",
        b"image/svg+xml",
        b"application/xhtml+xml",
        b"text/css",
    ):
        share(site, WEB_CLIENT.replace(b"application/octet-stream", declared))
    share(site, WEB_CLIENT.replace(b"application/octet-stream", b"image/png"))

    *active, picture = site.messages("Ops")

    for message in active:
        reply = fetch(site, message["file"]["url"])
        assert reply.header("Content-Type") == "application/octet-stream"
        assert (reply.header("Content-Disposition") or "").startswith("attachment")
    reply = fetch(site, picture["file"]["url"])
    assert reply.header("Content-Type") == "image/png"
    assert (reply.header("Content-Disposition") or "").startswith("inline")
    assert picture["file"]["thumb_url"] == picture["file"]["url"]
    assert reply.header("X-Content-Type-Options") == "nosniff"
    assert reply.header("Content-Security-Policy") == "default-src 'none'; sandbox"


def test_files_are_read_only_and_only_at_their_addresses(site: Site) -> None:
    site.add_room("Ops")
    share(site, WEB_CLIENT)
    url = site.messages("Ops")[0]["file"]["url"]
    key = url.split("/")[4]

    assert fetch(site, url, "HEAD").header("Content-Length") == str(len(DATA))
    assert fetch(site, url, "HEAD").body == b""
    assert fetch(site, url, "DELETE").status == 405
    for path in (
        f"/files/{key[:-1]}x/a",
        "/files/",
        "/files/../hipkit.db",
        "/files/..%2f..%2fhipkit.db",
        f"/files/{key}/a/b",
        f"/files/{key[:2]}/{key}",
    ):
        assert fetch(site, path).status == 404, path
