"""Names this Django app and registers its checks."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """People, the way in, the look."""

    name = "portal"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from portal import checks  # noqa: F401, PLC0415
