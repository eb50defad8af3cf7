"""The Celery application, the clock table, and what a worker starts beside its pool."""

import ctypes
import os
import signal
import sys
import threading
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_process_init, worker_ready, worker_shutting_down

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

CLOCK: dict[str, tuple[float, str]] = {
    "registries.rounds": (15, "registries.rounds"),
    "registries.resync": (60, "registries.resync"),
    "registries.recheck": (3600, "registries.recheck"),
    "pii.sweep": (30, "pii.sweep"),
    "promotions.sweep": (20, "promotions.sweep"),
    "reports.replay": (86400, "reports.replay"),
    "jobs.forget": (300, "jobs.forget"),
    "retention.prune": (86_400, "retention.prune"),
    "retention.lineage": (86_400, "retention.lineage"),
}
"""What runs when: name -> (every so many seconds, errand kind)."""

app = Celery("attestry")
app.conf.update(
    broker_url=os.environ.get("BROKER_URL") or "memory://",
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=8,
    worker_enable_remote_control=False,
    worker_redirect_stdouts=False,
    worker_hijack_root_logger=False,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"polling_interval": 0.1, "visibility_timeout": 3600},
)
app.autodiscover_tasks(
    lambda: [
        "jobs", "audit", "audit.retention", "lineage", "governance.access", "governance.catalog", "governance.pii",
        "governance.policies", "governance.registries", "governance.promotions", "governance.reports",
        "governance.retention",
    ]
)  # fmt: skip

_running: list[tuple[threading.Thread, threading.Event]] = []
_ending = threading.Event()


@setup_logging.connect
def _keep_our_logging(**_: Any) -> None:
    from django.conf import settings  # noqa: PLC0415 - settings load when the worker does
    from django.utils.log import configure_logging  # noqa: PLC0415

    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)


@worker_process_init.connect
def _die_with_the_worker(**_: Any) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _send(kind: str, pk: str) -> None:
    app.send_task(kind, [pk])


@worker_ready.connect
def _start_threads(sender: Any, **_: Any) -> None:
    from audit import carrying, sequence, tasks  # noqa: PLC0415 - needs Django's apps
    from jobs.dispatch import Dispatcher  # noqa: PLC0415
    from lineage import follow  # noqa: PLC0415
    from portal import lifetimes  # noqa: PLC0415

    lifetimes.worker_begins()
    dispatcher = Dispatcher(_send, CLOCK | tasks.clock(), places=sender.controller.concurrency)
    dispatcher.start()
    stop = threading.Event()
    threads = [(each.start(stop), stop) for each in (sequence, follow, carrying)]
    _running.extend([(dispatcher, dispatcher.stopped), *threads])
    lifetimes.settled()


@worker_shutting_down.connect
def _stop_threads(**_: Any) -> None:
    # asked again while the first time is still being noted: this interrupts that very wait
    if _ending.is_set() or not _running:
        return
    _ending.set()
    from portal import lifetimes  # noqa: PLC0415 - needs Django's apps

    # in a thread: this runs inside a signal handler, which may have interrupted the database driver
    noting = threading.Thread(target=lifetimes.worker_ends, daemon=True)
    noting.start()
    noting.join(5)
    for _thread, stop in _running:
        stop.set()
