"""An add-on beside a FastAPI service: mounted below a path, started and stopped with the service.

```sh
pip install 'hipkit[addon]' fastapi uvicorn
uvicorn --factory fastapi_addon:create_app
```

GREETER_URL is the https address of the service; the descriptor is at `/hipchat/capabilities` below
it. GREETER_HOSTS names the HipChat servers that may install the add-on.
"""

from __future__ import annotations

import os

from fastapi import FastAPI

from hipkit.addon import AddOn, Message

addon = AddOn(key="com.example.greeter", name="Greeter", scopes=["send_notification"])


@addon.on_message("^hello")
async def hello(message: Message) -> str:
    """Greet back."""
    return f"hello, {message.sender.name}"


def create_app() -> FastAPI:
    """Return the service with the add-on in it."""
    url = os.environ.get("GREETER_URL", "https://www.example.com")
    hosts = os.environ.get("GREETER_HOSTS", "https://chat.example.com")
    hipchat = addon.asgi(
        base_url=f"{url}/hipchat",
        storage=os.environ.get("GREETER_STORAGE", "greeter.sqlite3"),
        allowed_hosts=hosts.split(),
    )
    # Frameworks do not tell a mounted app that they start and stop, so the service does.
    app = FastAPI(lifespan=hipchat.lifespan)
    app.mount("/hipchat", hipchat)

    @app.get("/installations")
    async def installations() -> list[str]:
        """List the servers that have installed the add-on."""
        return [each.host for each in await hipchat.installations()]

    return app
