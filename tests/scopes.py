"""Scopes of the catalogue that every app begins with, for tests that have no catalogue of their own."""

from keys.catalogue.builtin import DEFAULT

parse_scope, parse_scopes, stored_scopes, everything = (
    DEFAULT.parse_scope,
    DEFAULT.parse,
    DEFAULT.stored,
    DEFAULT.highest,
)
