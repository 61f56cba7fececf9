"""The management API of the audit log."""
