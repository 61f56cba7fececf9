"""Finds what redirects statements on PostgreSQL: policies, search paths, views, functions.

A function or an operator that has the name of a built-in one, and fits better, is taken in its place.
"""

from collections.abc import Iterator

from django.db import connection

_POLICIES = """
SELECT 'the policy ' || left(polname::text, 60) || ' of ' || relname || ' was added' FROM pg_catalog.pg_policy
JOIN pg_catalog.pg_class ON pg_class.oid = polrelid
WHERE relnamespace = current_schema()::regnamespace AND starts_with(relname::text, 'audit_')
"""
_VIEWS = """
SELECT 'the view ' || left(relname::text, 60) || ' was added' FROM pg_catalog.pg_class
WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('v', 'm', 'f') AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend WHERE objid = pg_class.oid AND classid = 'pg_class'::regclass AND deptype = 'e'
)
"""
_FUNCTIONS = """
SELECT DISTINCT 'the function ' || left(proname::text, 60) || ' stands in front of a built-in one'
FROM pg_catalog.pg_proc JOIN pg_catalog.pg_language ON pg_language.oid = prolang
WHERE pronamespace::regnamespace::text = ANY (SELECT quote_ident(name) FROM unnest(current_schemas(false)) AS name)
AND pronamespace <> 'pg_catalog'::regnamespace AND (prokind = 'a' OR lanname NOT IN ('c', 'internal'))
AND EXISTS (
    SELECT FROM pg_catalog.pg_proc AS built WHERE built.proname = pg_proc.proname
    AND built.pronamespace = 'pg_catalog'::regnamespace
)
AND NOT EXISTS (
    SELECT FROM unnest(proargtypes) AS type JOIN pg_catalog.pg_type ON pg_type.oid = type
    WHERE typnamespace <> 'pg_catalog'::regnamespace
)
"""
_OPERATORS = """
SELECT DISTINCT 'the operator ' || oprname || ' stands in front of the built-in one' FROM pg_catalog.pg_operator
WHERE oprnamespace::regnamespace::text = ANY (SELECT quote_ident(name) FROM unnest(current_schemas(false)) AS name)
AND oprnamespace <> 'pg_catalog'::regnamespace AND oprname IN ('=', '<>', '<', '<=', '>', '>=', '~~', '~~*', '~', '~*')
AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_type WHERE pg_type.oid IN (oprleft, oprright)
    AND typnamespace <> 'pg_catalog'::regnamespace
)
"""
_SET = """
SELECT 'the setting ' || left(word, 80) || ' was added' FROM pg_catalog.pg_db_role_setting, unnest(setconfig) AS word
WHERE setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
AND setrole IN (0, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user))
AND starts_with(word, 'search_path=') AND substr(word, 13) <> current_setting('search_path')
AND (SELECT source FROM pg_catalog.pg_settings WHERE name = 'search_path') <> 'client'
"""
LOOKS = (_POLICIES, _VIEWS, _FUNCTIONS, _OPERATORS, _SET)


def find_shadowing() -> Iterator[str]:
    """What is in the way, a phrase for each."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_catalog.current_setting('search_path')")
        path = [word.strip().strip('"') for word in cursor.fetchone()[0].split(",")]
        if "pg_catalog" in path[1:]:
            yield "the search_path names others before pg_catalog"
        for look in LOOKS:
            cursor.execute(look, None)
            yield from (name for (name,) in cursor.fetchall())
