"""The portal policy: what admins decide for everyone."""
