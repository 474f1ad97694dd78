"""An add-on beside a WSGI application such as Flask's or Django's, by the adapter a2wsgi.

```sh
pip install 'hipkit[addon]' a2wsgi flask gunicorn
gunicorn --threads 8 'flask_addon:create_app()'
```

GREETER_URL is the https address of the application; the descriptor is at `/hipchat/capabilities`
below it. GREETER_HOSTS names the HipChat servers that may install the add-on.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

from a2wsgi import ASGIMiddleware
from flask import Flask

from hipkit.addon import AddOn, AddOnApp, Message

T = TypeVar("T")
Environ = dict[str, Any]
Wsgi = Callable[[Environ, Any], Iterable[bytes]]

PATH = "/hipchat"

addon = AddOn(key="com.example.greeter", name="Greeter", scopes=["send_notification"])


@addon.on_message("^hello")
def hello(message: Message) -> str:
    """Greet back."""
    return f"hello, {message.sender.name}"


class AddOnThread:
    """Runs an add-on in an event loop of its own, since WSGI has none.

    It starts at once and not with the first request, so events that were stored before a restart
    are handled right away. Create it in each process: threads do not survive a fork.
    """

    def __init__(self, app: AddOnApp) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._lifespan = app.lifespan()
        self.do(self._lifespan.__aenter__())
        self.wsgi: Wsgi = ASGIMiddleware(app, loop=self._loop)  # type: ignore[arg-type, assignment]  # its types are narrower than ASGI's
        # Handlers that are at work when the process ends get some seconds to finish.
        atexit.register(self.stop)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the add-on's event loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def stop(self) -> None:
        """Stop the add-on."""
        atexit.unregister(self.stop)
        self.do(self._lifespan.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def beside(application: Wsgi, addon_application: Wsgi) -> Wsgi:
    """Return an application with the add-on below `PATH`, and everything else as before."""

    def dispatch(environ: Environ, start_response: Any) -> Iterable[bytes]:
        is_ours = environ.get("PATH_INFO", "").startswith(f"{PATH}/")
        return (addon_application if is_ours else application)(environ, start_response)

    return dispatch


def make_app() -> AddOnApp:
    """Return the add-on as an ASGI app."""
    url = os.environ.get("GREETER_URL", "https://www.example.com")
    hosts = os.environ.get("GREETER_HOSTS", "https://chat.example.com")
    return addon.asgi(
        base_url=f"{url}{PATH}",
        storage=os.environ.get("GREETER_STORAGE", "greeter.sqlite3"),
        allowed_hosts=hosts.split(),
    )


def create_app() -> Wsgi:
    """Return the Flask application with the add-on beside it."""
    flask = Flask(__name__)

    @flask.get("/")
    def index() -> str:
        return "This is Flask."

    return beside(flask.wsgi_app, AddOnThread(make_app()).wsgi)
