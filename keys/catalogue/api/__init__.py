"""The scope catalogue of an app in the management API."""
