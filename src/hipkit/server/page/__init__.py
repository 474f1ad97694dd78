"""The web page, for people who run integrations.

Read `application.py` for what happens to every request, `visit.py` for what a view receives and
how it answers, then the module of the view. `streams/` keeps open pages up to date, `advice/` says
why a call failed. Templates extend `base.html`. Only `hipkit serve` imports this package, since it
needs the extra `server`.
"""
