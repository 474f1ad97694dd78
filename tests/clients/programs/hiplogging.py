"""hiplogging is a handler of Python's logging, over HypChat."""

import logging
import os

import hiplogging

handler = hiplogging.HipChatHandler(
    os.environ["ADMIN_TOKEN"], "Dev Ops", os.environ["ROOT"]
)
logger = logging.getLogger("program")
logger.setLevel(logging.DEBUG)
logger.addHandler(handler)
for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, 60):
    logger.log(level, "at %d @JaneDoe", level)
logger.info("at random", extra={"color": "random", "notify": True})
