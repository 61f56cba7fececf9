"""Search, facets, charts and explanations for the audit log."""
