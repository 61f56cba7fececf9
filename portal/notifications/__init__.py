"""Notifications: who is notified of what, on a page and by email."""
