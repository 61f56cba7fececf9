"""Checks that the audit tables and indexes are those that the migrations define.

Whoever owns the tables can put a view, a policy, a doctored index or another table in the way of what pages, exports
and checks read. Triggers are fencing.py's, what an index holds is indexes.py's.
"""

from django.db import connection

from audit.integrity.checking import schema_postgres, schema_sqlite

MAX_NAMED = 5


def changed() -> str:
    """What is not as it should be, and the next step. Empty: all of it is."""
    look = (schema_postgres if connection.vendor == "postgresql" else schema_sqlite).differences
    differences = list(dict.fromkeys(look()))
    if differences:  # a month may have begun between two statements: what is found must be found twice
        again = set(look())
        differences = [difference for difference in differences if difference in again]
    if not differences:
        return ""
    named = differences[:MAX_NAMED]
    more = f" and {len(differences) - len(named)} more" if len(differences) > len(named) else ""
    message = f"Audit log tables were changed: {', '.join(named)}{more}."
    return (
        f"{message} Find out who changed them and run .venv/bin/python manage.py check_audit. "
        "To restore them, see docs/integrity.md."
    )
