"""The scope catalogue of an app: which scopes its keys may hold, in versions."""
