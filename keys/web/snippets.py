"""What people paste elsewhere: how a key is used, without its secret; what the mint form is about to do."""

import shlex
from typing import Any, NamedTuple

from agents.models import Agent, App
from keys.models import ApiKey


class Snippet(NamedTuple):
    """Some lines to paste."""

    slug: str
    title: str
    text: str
    says: str = ""


SET_UP = """pip install alter-sdk
export ALTER_BASE_URL={address}
read -rs ALTER_API_KEY && export ALTER_API_KEY"""
READ = "The last line waits for the key. Paste it and press Enter. It is not saved in the command history."
PROGRAM = """import asyncio
import os

from alter_sdk import {client}


async def main() -> None:
    async with {client}(os.environ["ALTER_API_KEY"]) as {name}:
        print(await {name}.{first})


asyncio.run(main())"""
CURL = """curl -i {address}/verify -H "x-api-key: $ALTER_API_KEY\""""


def uses(key: ApiKey, address: str) -> list[Snippet]:
    """How to call with `key` a portal at `address`: the client for what the key speaks for, and the door."""
    client = "Agent" if (key.parent or key).kind == ApiKey.Kind.AGENT else "App"
    first = "me()" if key.agent_id else "scopes.list()"
    program = PROGRAM.format(client=client, name=client.lower(), first=first)
    return [
        Snippet("set-up", "Set up", SET_UP.format(address=address), READ),
        Snippet("curl", "Verify the key", CURL.format(address=address)),
        Snippet("python", "Call the runtime API", program),
    ]


def mint_command(app: App, agent: Agent | None, chosen: dict[str, Any]) -> str:
    """The shell command that mints what is chosen, one flag a line. Empty until there is a name and a scope."""
    scopes, ends, expires = chosen.get("scopes"), chosen.get("expires_at"), chosen.get("expires", "")
    if not scopes or not chosen.get("name"):
        return ""
    flags = {
        "--app": str(app.id),
        "--agent": str(agent.id) if agent else "",
        "--name": chosen["name"],
        "--scopes": ",".join(scopes.names()),
        "--cidr": ",".join(str(network) for network in chosen.get("network_list") or ()),
        "--rate-limit-rpm": str(chosen.get("rate_limit_rpm") or ""),
        "--expires-in": expires if expires not in ("custom", "never") else "",
        "--expires-at": ends.isoformat(timespec="minutes") if expires == "custom" and ends else "",
        "--reason": chosen.get("why_never", "") if expires == "never" else "",
    }
    given = [f"{flag} {shlex.quote(value)}" for flag, value in flags.items() if value]
    return " \\\n  ".join(["alter keys mint", *given])
