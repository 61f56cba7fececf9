"""What can be done to keys, and the permission each needs."""

from audit.actions import action

READ = action("key.read", "dashboard_keys:read", "read", agent_scope="agents:read")
MINT = action("key.mint", "dashboard_keys:write", "minted key", agent_scope="agents:admin")
RENAME = action("key.rename", "dashboard_keys:write", "renamed key")
NARROW = action("key.narrow", "dashboard_keys:write", "removed permissions from key")
WIDEN = action("key.widen", "dashboard_keys:write", "added permissions to key", again=True)
ASK = action("key.ask", "dashboard_keys:read", "contacted the owner of key")
HAND_OVER = action(
    "key.hand-over", "dashboard_keys:admin", "changed the owner of key", owner_needs="dashboard_keys:write"
)
DEPRECATE = action("key.deprecate", "dashboard_keys:write", "deprecated key", agent_scope="agents:admin")
UNDEPRECATE = action("key.undeprecate", "dashboard_keys:write", "restored key", agent_scope="agents:admin")
ROTATE = action("key.rotate", "dashboard_keys:write", "rotated key", scope="keys:admin")
DERIVE = action("key.derive", "dashboard_keys:derive", "derived key", scope="keys:derive")
REVOKE = action(
    "key.revoke",
    "dashboard_keys:admin",
    "revoked key",
    scope="keys:admin",
    agent_scope="agents:admin",
    owner_needs="dashboard_keys:write",
)
