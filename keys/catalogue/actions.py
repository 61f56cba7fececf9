"""What can be done to a scope catalogue, and the permission it needs."""

from audit.actions import action

PUBLISH = action("scopes.publish", "dashboard_apps:write", "published scopes of app")
