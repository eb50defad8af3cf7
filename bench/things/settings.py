"""Settings of one side of the comparison, named by BENCH_SIDE; a peer sees nothing of ours."""

import os

from portal import settings as ours

SIDE = os.environ["BENCH_SIDE"]
PEERS = {"django-auditlog": ["auditlog"], "django-pghistory": ["pgtrigger", "pghistory"]}

if SIDE == "ours":
    globals().update({name: getattr(ours, name) for name in dir(ours) if name.isupper()})
    INSTALLED_APPS = [*ours.INSTALLED_APPS, "bench.things"]
else:
    SECRET_KEY = "bench"
    USE_TZ = True
    DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
    DATABASES = {"default": ours.database(os.environ["DATABASE_URL"])}
    INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", *PEERS[SIDE], "bench.things"]
