"""Who stands behind a name that a registry or a commit gives."""

from uuid import uuid4

from django.db import models

from governance.access.models import User


class Identity(models.Model):
    """A registry user or commit author, and the person or service account that it is."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    name = models.CharField(max_length=200)
    key = models.CharField(max_length=200, unique=True)
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="identities")
    given_by = models.UUIDField()
    given_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
