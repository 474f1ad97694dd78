"""Metrics for Prometheus, off by default: what a server does, and what it has to do.

`prometheus.py` counts what the server's observer is told, and is all that knows the library;
`listening.py` answers `/metrics` on a port of its own.
"""
