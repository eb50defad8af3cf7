"""Environments, and the policies published for them."""

from uuid import uuid4

from django.db import models

from governance.access.models import Scope
from jobs.moment import Moment


class Environment(models.Model):
    """A named place where a model version can run, bound to the registry alias that points there."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    name = models.CharField(max_length=60, unique=True)
    alias = models.CharField(max_length=100, unique=True)
    position = models.PositiveSmallIntegerField(unique=True)
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Moment())

    def __str__(self) -> str:
        return self.name


class Policy(models.Model):
    """What an environment asks for, as data. Published once; the database refuses to change or delete it."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="policies")
    number = models.PositiveIntegerField()
    body = models.JSONField()
    digest = models.CharField(max_length=71)
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+")
    published_by = models.UUIDField()
    published_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "policies"
        constraints = [models.UniqueConstraint(fields=["environment", "number"], name="policy_number_once")]

    def __str__(self) -> str:
        return f"{self.environment_id} {self.number}"
