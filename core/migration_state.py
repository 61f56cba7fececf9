"""Whether all migrations of this version are applied."""

from django.db import connection
from django.db.migrations.loader import MigrationLoader

NOT_PREPARED = "The database is not prepared: run .venv/bin/python manage.py migrate first, as make run does."


def is_prepared() -> bool:
    """Whether every migration is on the database's list of those that were applied."""
    loader = MigrationLoader(connection)
    return not set(loader.graph.nodes) - set(loader.applied_migrations)
