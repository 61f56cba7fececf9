"""The audit log at the management API."""
