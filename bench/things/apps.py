from django.apps import AppConfig


class ThingsConfig(AppConfig):
    name = "bench.things"
    label = "things"
    default_auto_field = "django.db.models.BigAutoField"
