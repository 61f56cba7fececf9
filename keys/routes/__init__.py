"""A route map: canonical request paths, path patterns, and the matcher. No Django models."""
