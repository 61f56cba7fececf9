"""Makes a portal's tables and a few keys in its data folder; prints the plaintexts, by name, as JSON.

python -m tests.portal.server.prepare, with PORTAL_DATA set
"""

import json
import os

import django
from django.core.management import call_command

FENCED = {"plain": [], "elsewhere": ["203.0.113.0/24"], "here": ["127.0.0.0/8"]}
"""The keys, by the ranges that each may be used from."""


def made() -> dict[str, str]:
    """The plaintexts."""
    from agents import lifecycle as on_agents
    from audit.actors import shell
    from keys import lifecycle
    from keys.networks import parse_networks
    from tests.scopes import parse_scopes

    app, scopes = on_agents.create_app(shell(), name="shop"), parse_scopes(["agents:admin"])
    return {
        name: lifecycle.mint(
            shell(), app, name=name, scopes=scopes, networks=parse_networks(ranges)
        ).plaintext.take()
        for name, ranges in FENCED.items()
    }


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    print(json.dumps(made()))
