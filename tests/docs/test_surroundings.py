from __future__ import annotations

import logging
import logging.config

from tests.docs.surroundings import logging_as_before


def test_logging_is_as_before_after_a_page_that_configures_it() -> None:
    root, log = logging.getLogger(), logging.getLogger("tests.docs.known")
    before = root.handlers[:], root.level, log.disabled

    with logging_as_before():
        logging.config.dictConfig({"version": 1, "root": {"level": "DEBUG"}})
        root.handlers.clear()
        assert log.disabled
        log.setLevel("DEBUG")
        log.addHandler(logging.NullHandler())

    assert (root.handlers, root.level, log.disabled) == before
    assert (log.handlers, log.level) == ([], logging.NOTSET)
