"""Exports of the audit log: JSON lines, CSV, OCSF, and incremental pulls."""
