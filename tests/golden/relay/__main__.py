"""Rewrites what each target is sent for each case, and the reference that shows it.

`python -m tests.golden.relay`.
"""

from tests.golden.relay.golden import rewrite
from tests.golden.relay.pages import rewrite_pages

if __name__ == "__main__":
    rewrite()
    rewrite_pages()
