"""A HipChat server for your own tests: in memory, behind a normal client.

With pytest there is nothing to set up: hipkit brings the fixture `hipchat`:

```python
def test_alert(hipchat):
    my_program.alert(hipchat.client, "disk full")
    assert hipchat.messages()[-1].message == "disk full"
```

Elsewhere, `with HipChatServer() as hipchat: ...`. It is the server that `hipkit serve` runs, with
its database in a temporary folder and without limits on calls and messages. Programs that need a
URL get `hipchat.url`, a real port on this machine (extra `server`).

Add-ons are tested with the fixture `addon_host`, a server that installs them: see
`hipkit.testing.addons`.

A program's own calls can be tested without a server too: `MemoryTransport` answers a client from
a function, or from any ASGI app.
"""

from hipkit.testing.memory import AsyncMemoryTransport, MemoryTransport
from hipkit.testing.server import HipChatServer, serve
from hipkit.testing.values import TestClient, TestDelivery, TestUser

__all__ = [
    "AsyncMemoryTransport",
    "HipChatServer",
    "MemoryTransport",
    "TestClient",
    "TestDelivery",
    "TestUser",
    "serve",
]
