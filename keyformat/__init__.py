"""The format of what the portal hands out: keys, access tokens, gateways' secrets. No Django."""
