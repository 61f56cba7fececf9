"""API keys at the management API and the runtime API."""
