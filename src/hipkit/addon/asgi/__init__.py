"""The add-on as an ASGI app, without a web framework.

Read next: `app.py`.
"""
