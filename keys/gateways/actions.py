"""What can be done to gateways. They stand before every app: only who holds the whole portal may."""

from audit.actions import action

READ = action("gateway.read", "dashboard_members:write", "read")
CREATE = action("gateway.create", "dashboard_members:write", "created gateway", again=True)
ROTATE = action("gateway.rotate", "dashboard_members:write", "rotated the secret of gateway", again=True)
RETIRE = action("gateway.retire", "dashboard_members:write", "deleted gateway", again=True)
