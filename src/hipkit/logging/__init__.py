"""Post log records to a room, with the standard library's `logging`.

```python
import logging

from hipkit.logging import HipChatHandler

logging.getLogger().addHandler(HipChatHandler("Dev Ops", level="ERROR"))
```

Read next: `handler.py`; `worker.py` for the queue and its thread, `rendering.py` for the messages.
"""

from hipkit.logging.handler import HipChatHandler

__all__ = ["HipChatHandler"]
