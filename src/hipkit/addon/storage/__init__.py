"""Where an add-on keeps its installations, tokens and events.

```python
from hipkit.addon.storage import EncryptedStorage, SqliteStorage

storage = EncryptedStorage(SqliteStorage("karma.db"), new_key, older_key)
app = addon.asgi(base_url="https://karma.example.com", storage=storage)
```

Read next: `protocol.py`.
"""

from hipkit.addon.storage.encryption import EncryptedStorage, new_key, open_storage
from hipkit.addon.storage.memory import MemoryStorage
from hipkit.addon.storage.protocol import Storage
from hipkit.addon.storage.sqlite import SqliteStorage

__all__ = [
    "EncryptedStorage",
    "MemoryStorage",
    "SqliteStorage",
    "Storage",
    "new_key",
    "open_storage",
]
