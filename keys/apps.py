"""Names this Django app."""

from django.apps import AppConfig


class KeysConfig(AppConfig):
    """API keys."""

    name = "keys"
