"""Stores records: one store per aggregate, over a database that is known only by its protocol.

Read `protocol.py` for the protocol, then `sqlite/` and `postgres/`, the databases. The `stores/`
hold every line of SQL, written so that both can run it: named columns, `?` for values, numbers for
timestamps and booleans, JSON as text.
"""
