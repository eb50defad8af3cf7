from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make our Celery application the current one, which shared tasks belong to."""
        from portal.celery import app  # noqa: PLC0415 - the command line must start without it

        app.set_default()
