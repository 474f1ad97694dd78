"""A HipChat server for the tests of an add-on, which installs the add-on and talks to it.

Read next: `host.py`.
"""

from hipkit.testing.addons.host import AddOnHost
from hipkit.testing.addons.installation import TestInstallation, TestPage
from hipkit.testing.addons.records import GlancePush, TestCall
from hipkit.testing.addons.rooms import TestRoom
from hipkit.testing.addons.tampering import Tampering

__all__ = [
    "AddOnHost",
    "GlancePush",
    "Tampering",
    "TestCall",
    "TestInstallation",
    "TestPage",
    "TestRoom",
]
