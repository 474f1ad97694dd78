"""A server that answers as HipChat did, for programs that still speak to it.

`app.py` puts it together and `serve.py` runs it. A request goes through `http/` (speaks HTTP),
`services/` (decides) and `storage/` (remembers), and an import only ever points that way.
Importing this package needs nothing; what is in it needs the extra `server`.
"""
