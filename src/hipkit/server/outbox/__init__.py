"""Delivers webhooks: takes events out of the outbox and posts them, each route in its order.

Read `protocol.py` first: what the sender asks of an outbox, and of whatever posts for it.
Then `sender.py`, and `database_outbox.py` of the services for what it stands on here.
"""
