"""The add-ons in `examples/`: in tests of their own, and installed by a server over sockets."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import django  # type: ignore[import-untyped]  # Django has no types
import pytest
import uvicorn
from django.conf import settings  # type: ignore[import-untyped]  # Django has no types
from django.core.wsgi import get_wsgi_application  # type: ignore[import-untyped]  # Django has no types
from django.http import HttpResponse  # type: ignore[import-untyped]  # Django has no types
from django.urls import path  # type: ignore[import-untyped]  # Django has no types
from werkzeug.serving import make_server

from examples import fastapi_addon, flask_addon, karma_addon
from examples.flask_addon import AddOnThread, Wsgi
from hipkit.server.runner import Runner
from hipkit.server.serve import listen
from hipkit.server.services.addons.installing.offers import read_offer
from hipkit.server.services.addons.installing.removing import remove
from hipkit.server.services.addons.installing.updating import install
from hipkit.server.services.context import Context
from hipkit.testing import HipChatServer
from hipkit.testing.addons import AddOnHost

# The URLs of the site that Django serves in the test below.
urlpatterns = [path("", lambda _: HttpResponse("This is Django."))]


@pytest.fixture
def points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KARMA_POINTS", str(tmp_path / "points.sqlite3"))


@pytest.mark.usefixtures("points")
def test_karma_is_counted_by_room(addon_host: AddOnHost) -> None:
    installation = addon_host.install(karma_addon.addon)
    jane, bob = addon_host.user("Jane Doe"), addon_host.user("Bob Marsh")
    ops, dev = addon_host.room("ops"), addon_host.room("dev")

    for room in (ops, ops, dev):
        room.say(f"/karma @{bob.mention_name}", user=jane)
    ops.say(f"/karma @{jane.mention_name}", user=jane)
    ops.say("/karma nobody", user=jane)

    assert ops.replies[:3] == [
        "Bob Marsh has 1 now",
        "Bob Marsh has 2 now",
        "Nice try.",
    ]
    assert "Usage: /karma <who>" in ops.replies[3]
    assert dev.replies == ["Bob Marsh has 1 now"]
    assert [each.label for each in addon_host.pushes] == [
        "1 karma",
        "2 karma",
        "1 karma",
    ]
    content = installation.ask_glance("total", room=ops, user=jane)
    assert content.label.value == "2 karma"

    addon_host.remove(karma_addon.addon)
    again = addon_host.install(karma_addon.addon)
    assert again.ask_glance("total", room=ops, user=jane).label.value == "0 karma"


def test_karma_is_served_by_its_factory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KARMA_URL", "https://karma.example.org")
    app = karma_addon.create_app()
    assert app.descriptor_url == "https://karma.example.org/capabilities"


class Site:
    """A site with an add-on, to be served on a port, and a HipChat server that installs it."""

    def __init__(self, server: HipChatServer, listener: socket.socket) -> None:
        self.server = server
        self.listener = listener
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def change(self, work: Callable[[Context], object]) -> None:
        """Do something with add-ons as the operator, in the server's event loop."""

        async def run() -> None:
            runtime = self.server._server.runtime
            actor = (await runtime.operator_context()).actor
            root = self.server.url.removesuffix("/v2")
            await work(runtime.context(actor, root=root))  # type: ignore[misc]  # a coroutine

        assert self.server._loop is not None
        asyncio.run_coroutine_threadsafe(run(), self.server._loop).result()

    def try_addon(self, drain: Callable[[], object]) -> None:
        """Install the add-on, talk to it, and remove it."""

        async def add(context: Context) -> None:
            offer = await read_offer(context, f"{self.url}/hipchat/capabilities")
            await install(context, offer)

        async def end(context: Context) -> None:
            (found,) = await context.stores.installations.of_group(1)
            removed = await remove(context, found.client_id)
            assert removed.problem is None

        self.change(add)
        self.server.client.rooms.send_message("Room", message="hello")
        self.server.deliver_webhooks()
        drain()
        assert self.server.messages()[-1].message == "hello, Administrator"
        self.change(end)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with HipChatServer() as server, listen("127.0.0.1", 0) as listener:
        site = Site(server, listener)
        monkeypatch.setenv("GREETER_URL", site.url)
        monkeypatch.setenv("GREETER_HOSTS", server.url.removesuffix("/v2"))
        monkeypatch.setenv("GREETER_STORAGE", str(tmp_path / "greeter.sqlite3"))
        # Plain http is for this machine only, which the examples' addresses are here.
        yield site


def read(url: str) -> bytes:
    with urlopen(url) as answer:  # noqa: S310 - of this test
        body: bytes = answer.read()
        return body


def test_an_add_on_is_mounted_in_fastapi(site: Site) -> None:
    app = fastapi_addon.create_app()
    runner = Runner(uvicorn.Config(app, lifespan="on", log_config=None))
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        await runner.serve(sockets=[site.listener])

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        (hipchat,) = (each.app for each in app.routes if each.path == "/hipchat")  # type: ignore[attr-defined]  # a mount
        read(f"{site.url}/installations")  # It serves.
        site.try_addon(
            lambda: asyncio.run_coroutine_threadsafe(hipchat.drain(), loops[0]).result()
        )
        assert read(f"{site.url}/installations") == b"[]"
    finally:
        runner.should_exit = True
        thread.join()


@contextmanager
def serving(application: Wsgi, listener: socket.socket) -> Iterator[None]:
    server = make_server(
        "127.0.0.1", 0, application, threaded=True, fd=listener.fileno()
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_add_on_is_served_beside_flask(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[AddOnThread] = []

    class Known(AddOnThread):
        def __init__(self, app: object) -> None:
            super().__init__(app)  # type: ignore[arg-type]  # as it came
            self.app = app
            threads.append(self)

    monkeypatch.setattr(flask_addon, "AddOnThread", Known)
    with serving(flask_addon.create_app(), site.listener):
        assert read(site.url) == b"This is Flask."
        (thread,) = threads
        site.try_addon(lambda: thread.do(thread.app.drain()))  # type: ignore[attr-defined]  # see above
    thread.stop()


def test_an_add_on_is_served_beside_django(site: Site) -> None:
    settings.configure(
        ROOT_URLCONF=__name__, SECRET_KEY="x", ALLOWED_HOSTS=["127.0.0.1"]
    )
    django.setup()
    app = flask_addon.make_app()
    thread = AddOnThread(app)
    application = flask_addon.beside(get_wsgi_application(), thread.wsgi)
    with serving(application, site.listener):
        assert read(site.url) == b"This is Django."
        site.try_addon(lambda: thread.do(app.drain()))
    thread.stop()
