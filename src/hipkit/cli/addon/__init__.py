"""`hipkit addon`: tools for those who write add-ons.

Read next: `check.py`.
"""

from __future__ import annotations

from hipkit.cli.addon.check import check
from hipkit.cli.options import Group

__all__ = ["addon"]

addon = Group("addon", help="Check an add-on.", commands=[check])
