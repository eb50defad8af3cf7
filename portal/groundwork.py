"""What must be there before anything is served: keys, tables, founding rows, static files."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

from audit import keys, rotation
from jobs import selectors as clock
from portal import founding


def lay(say: Callable[[str], None]) -> None:
    """Make the audit key, bring the tables up to date, found every room and gather static files; safe to repeat.

    The data directory and its secret key must be there. `say` hears a word about each step.
    """
    say("keys")
    keys.ensure_key(settings.AUDIT_KEY_FILE)
    say("tables")
    call_command("migrate", interactive=False, verbosity=0)
    say("founding")
    rotation.follow(clock.now())
    founding.found(clock.now())
    rotation.announce(clock.now())
    if gather_static():
        say("static files gathered")


def gather_static() -> bool:
    """Collect and compress the static files when their sources have changed since the last time; returns whether."""
    root = Path(settings.STATIC_ROOT)
    stamp = root / ".gathered"
    wanted = fingerprint()
    if stamp.exists() and stamp.read_text() == wanted:
        return False
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(wanted)
    return True


def fingerprint() -> str:
    """Sizes and times of every static source, with Django's version, as one digest."""
    digest = hashlib.sha256(django.get_version().encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            status = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
