"""Names this Django app."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class AuditConfig(AppConfig):
    """The record."""

    name = "audit"

    def ready(self) -> None:
        from audit import folding
        from audit.sealing import stored

        connection_created.connect(stored.teach)
        connection_created.connect(folding.teach)
