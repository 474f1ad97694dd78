"""The clients: send operations to a server and decode its responses, sync and async.

`client.py` holds the blocking client; `async_client.py` is rendered from it. `exchange.py` decides
every step of a call and does no I/O; the clients do the I/O through `hipkit.transports`.
"""
