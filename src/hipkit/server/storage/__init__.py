"""Stores records: one store per aggregate, over a database that is known only by its protocol.

Read `protocol.py` for the protocol, then `sqlite/`, the one database there is so far. The `stores/`
hold every line of SQL, written so that another database can run it: named columns,
`?` for values, numbers for timestamps and booleans, JSON as text.
"""
