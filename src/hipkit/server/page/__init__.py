"""The web page, for people who run integrations.

Read `application.py` for what happens to every request, `visit.py` for what a view receives and
how it answers, then the module of the view. Templates extend `base.html`. Only `hipkit serve`
imports this package, since it needs the extra `server`.
"""
