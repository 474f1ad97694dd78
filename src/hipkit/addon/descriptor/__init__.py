"""The parts of an add-on's descriptor, written strictly: identity, modules, conditions.

Read next: `modules.py`; `describe.py` beside this package puts them together.
"""
