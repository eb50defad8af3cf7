"""What is written: a row of a business table. A peer that is measured is told of it in the way its manual says."""

from django.conf import settings
from django.db import models


class Thing(models.Model):
    name = models.CharField(max_length=100)
    value = models.CharField(max_length=500)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


if settings.SIDE == "django-auditlog":
    from auditlog.registry import auditlog

    auditlog.register(Thing)
elif settings.SIDE == "django-pghistory":
    import pghistory

    pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())(Thing)
