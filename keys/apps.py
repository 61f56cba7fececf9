"""Names this Django app."""

from importlib import import_module

from django.apps import AppConfig


class KeysConfig(AppConfig):
    """API keys."""

    name = "keys"

    def ready(self) -> None:
        # Declared where the log is read, too: gateways are made with the server command line alone.
        import_module("keys.gateways.actions")
        from audit.search import explain
        from keys.explain.checks import REQUIREMENTS
        from keys.explain.diagnosis import diagnose

        explain.register(REQUIREMENTS, diagnose)
