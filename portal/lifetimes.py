"""What the log is told when a process of ours begins and ends: that it keeps the log, and what it is set to.

A log that cannot be written to is said, and keeps nobody from working.
"""

import gc
import logging
import os
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, connection

from audit.actor import Refused, system
from jobs import selectors as clock
from portal import configuration, services

logger = logging.getLogger("attestry.audit")


def web_begins() -> None:
    """Compare what this web process is set to with what the log last knew of one."""
    _settings("web")


def worker_begins() -> None:
    """Say that a worker keeps the log from now on, and compare what it is set to with what the log last knew."""
    _say("start", lambda: services.note_start(actor=system(), version=_version(), now=clock.now()))
    _settings("worker")


def settled() -> None:
    """Let Python's collector of cycles pass by what a process has loaded, which it would walk again and again.

    Of all the processor time of a busy process that was a tenth and more, and single answers waited for it.
    """
    gc.collect()
    gc.freeze()


def worker_ends() -> None:
    """Say that a worker stops keeping the log, of its own accord."""
    _say("stop", lambda: services.note_stop(actor=system(), now=clock.now()))


def _settings(part: str) -> None:
    if not settings.SECRET_KEY_FILE.exists():
        return  # digests would be of this process alone
    found = configuration.Found(part, _version(), configuration.digests(os.environ, settings.SECRET_KEY))
    _say("start", lambda: services.note_configuration(actor=system(), found=found, now=clock.now()))


def _version() -> str:
    return str(settings.SPECTACULAR_SETTINGS["VERSION"])


def _say(what: str, note: Callable[[], None]) -> None:
    try:
        note()
    except (DatabaseError, Refused):
        logger.exception("The log's %s could not be recorded.", what)
    finally:
        connection.close()
