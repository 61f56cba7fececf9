"""Leaked keys: reports, the policy for them, and rules for secret scanners."""
