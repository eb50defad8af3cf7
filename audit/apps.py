from django.apps import AppConfig
from django.db.backends.signals import connection_created


class AuditConfig(AppConfig):
    name = "audit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Watch every connection from its first statement on."""
        from audit import authorizer, bulk  # noqa: PLC0415 - needs the models

        connection_created.connect(authorizer.watch, dispatch_uid="audit.authorizer")
        connection_created.connect(bulk.prepare_only_here, dispatch_uid="audit.bulk")
