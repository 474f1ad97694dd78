"""Sends operations to a server and reads what it answers, sync and async.

`client.py` has both clients, over `exchange.py`, which decides every step of a call and does no
input or output itself, over `hipkit.transports`.
"""
