"""The page: what people who run integrations look at in a browser.

Read `application.py` for what happens to every request, `visit.py` for what a view is given and
how it answers, and then the module of the view itself. Templates extend `base.html`. Only
`hipkit serve` loads this room: it needs what the extra `server` installs.
"""
