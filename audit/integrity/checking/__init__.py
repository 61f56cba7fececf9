"""Integrity checks: of the database, of exports offline, and of single rows."""
