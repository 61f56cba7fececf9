"""Apps and agents at the management API and the runtime API."""
