"""Reads an OpenAPI document: its routes and scopes, and what they would change. No Django models."""
