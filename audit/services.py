"""What people do with the log, beside reading it."""

from datetime import datetime

from django.db import transaction

from audit import log, selectors
from audit.actor import Actor, require
from audit.leaf import LOG
from audit.models import Checkpoint


@transaction.atomic(durable=True)
def export(*, actor: Actor, now: datetime) -> Checkpoint:
    """Record that `actor` takes the whole log away, and return the checkpoint they take it at.

    The entry is there before the first byte leaves. It remembers size and root: refused when the log does not extend
    what the export before it showed. Needs `export` over the whole organisation.
    """
    require(actor, "export", None)
    checkpoint = selectors.latest()
    before = selectors.last_export()
    selectors.extends_export(before)
    about = {"size": checkpoint.size, "root": bytes(checkpoint.root).hex(), "before": before.size if before else None}
    log.append(actor=actor, action="audit.exported", subjects=[LOG], at=now, about=about)
    return checkpoint
