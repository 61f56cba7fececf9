"""Mints a key from the shell."""

from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser
from django.db.models import Q

from agents.errors import AgentNotFound
from agents.models import Agent, App
from audit.actors import Actor
from audit.shell_command import ShellCommand, comma_list
from core.durations import parse_end
from core.errors import NotFound
from keys.catalogue.store import catalogue_of
from keys.lifecycle import Minted, mint
from keys.networks import parse_networks


class Command(ShellCommand):
    """`manage.py mint_key --app ID --name worker --scopes grants:read --json`."""

    help = "Mint a key and print its plaintext, once."
    example = "mint_key --app checkout --name worker --scopes grants:read --json"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--app", required=True, help="the app's id, or its exact name")
        parser.add_argument("--name", required=True)
        scopes = parser.add_mutually_exclusive_group(required=True)
        scopes.add_argument("--scopes", help="scopes with commas between: grants:read,agents:read")
        scopes.add_argument("--all-scopes", action="store_true", help="everything the catalogue has")
        parser.add_argument("--agent", help="the id of the agent the key is for")
        parser.add_argument(
            "--key-type", choices=["app", "agent"], help="agent without --agent: bound to none"
        )
        parser.add_argument("--cidr", help="ranges it may call from, with commas between")
        parser.add_argument("--rate-limit-rpm", type=int, help="requests per minute, 1 to 100000")
        ends = parser.add_mutually_exclusive_group()
        ends.add_argument("--expires-in", help="30d, 12h or 5m")
        ends.add_argument("--expires-at", help="a moment, 2027-02-20T14:32:00Z, or its last day, 2027-02-20")
        parser.add_argument("--reason", default="")
        parser.add_argument("--json", action="store_true", help="print an object for machines")

    def makes_secret(self, options: dict[str, Any]) -> bool:
        return True

    def act(self, actor: Actor, **options: Any) -> None:
        app = find_app(options["app"])
        catalogue = catalogue_of(app)
        minted = mint(
            actor,
            app,
            name=options["name"],
            scopes=catalogue.parse(
                catalogue.highest() if options["all_scopes"] else comma_list(options["scopes"])
            ),
            agent=find_agent(app, options["agent"]) if options["agent"] is not None else None,
            kind=options["key_type"] or "",
            networks=parse_networks(comma_list(options["cidr"]) if options["cidr"] is not None else ()),
            rate_limit_rpm=options["rate_limit_rpm"],
            expires_at=parse_end(options["expires_in"], options["expires_at"]),
            reason=options["reason"],
        )
        force = " --force" if minted.key.agent_id else ""
        self.ending = (
            f".venv/bin/python manage.py revoke_key --key {minted.key.id} --reason 'never shown'{force}"
        )
        self._show(minted, as_json=options["json"])

    def _show(self, minted: Minted, *, as_json: bool) -> None:
        key = minted.key
        if as_json:
            ends = key.expires_at.isoformat() if key.expires_at else None
            facts = {"id": str(key.id), "name": key.name, "key_prefix": key.prefix, "expires_at": ends}
            self.print_json({**facts, "scopes": key.scopes, "api_key": minted.plaintext.take()})
        else:
            self.stderr.write(f"{key.name}, id {key.id}. This is shown once:")
            self.stdout.write(minted.plaintext.take())


def find_app(words: str) -> App:
    """An app by its id or its exact name. Raises NotFound."""
    app_id = _uuid(words)
    app = App.objects.filter(Q(id=app_id) if app_id else Q(name=words)).first()
    if app is None:
        raise NotFound(
            f"There is no app {words!r}.", hint="To create one: .venv/bin/python manage.py create_app"
        )
    return app


def find_agent(app: App, words: str) -> Agent:
    """An agent of `app` by its id. Raises AgentNotFound."""
    agent_id = _uuid(words)
    agent = app.agents.filter(id=agent_id).first() if agent_id else None
    if agent is None:
        raise AgentNotFound
    return agent


def _uuid(words: str) -> UUID | None:
    try:
        return UUID(words)
    except ValueError:
        return None
