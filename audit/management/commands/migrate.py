"""Django's `migrate`, standing where changing tables is allowed: as their owner, and with the authorizer aside."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connection

from audit import authorizer, roles


class Command(migrate.Command):
    """Bring the tables up to date, as the role that owns them."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what Django does, inside the contexts that allow it; all is as before when it ends, however it ends."""
        with authorizer.aside(connection), roles.as_owner():
            super().handle(*args, **options)
