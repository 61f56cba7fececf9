"""The pages of an app's scopes."""
