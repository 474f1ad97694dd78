"""Rewrites what each target is sent for each case: `python -m tests.golden.relay`."""

from tests.golden.relay.golden import rewrite

if __name__ == "__main__":
    rewrite()
