"""What can be done to keys, and the permission each needs."""

from audit.actions import action

READ = action("key.read", "dashboard_keys:read", "read", agent_scope="agents:read")
MINT = action("key.mint", "dashboard_keys:write", "minted", agent_scope="agents:admin")
RENAME = action("key.rename", "dashboard_keys:write", "renamed")
NARROW = action("key.narrow", "dashboard_keys:write", "narrowed")
WIDEN = action("key.widen", "dashboard_keys:write", "widened", again=True)
ASK = action("key.ask", "dashboard_keys:read", "asked about")
HAND_OVER = action("key.hand-over", "dashboard_keys:write", "handed over")
DEPRECATE = action("key.deprecate", "dashboard_keys:write", "deprecated", agent_scope="agents:admin")
UNDEPRECATE = action("key.undeprecate", "dashboard_keys:write", "undeprecated", agent_scope="agents:admin")
ROTATE = action("key.rotate", "dashboard_keys:write", "rotated", scope="keys:admin")
DERIVE = action("key.derive", "dashboard_keys:derive", "derived", scope="keys:derive")
REVOKE = action(
    "key.revoke", "dashboard_keys:admin", "revoked", scope="keys:admin", agent_scope="agents:admin"
)
