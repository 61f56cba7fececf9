"""Audit log settings: integrity, retention, webhooks, and the portal log."""
