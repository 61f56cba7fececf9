"""Makes the portal's tables and keys; prints, as JSON, the plaintexts.

python -m bench.doors.ours HOW_MANY

The keys are copies of one that was minted: minting a hundred thousand would take as many transactions.
"""

import json
import os
import sys
from typing import Any

import django
from django.core.management import call_command
from django.db import connection, transaction

A_PART = 5000


def made(how_many: int) -> list[str]:
    """The plaintexts of that many keys, in apps of five thousand each."""
    keys: list[str] = []
    while len(keys) < how_many:
        keys += _of_one_app(len(keys), min(A_PART, how_many - len(keys)))
    return keys


def _of_one_app(start: int, how_many: int) -> list[str]:
    from agents import lifecycle as on_agents
    from audit.actors import shell
    from core.ids import new_id
    from keys import lifecycle, plaintext
    from keys.catalogue.builtin import DEFAULT

    app = on_agents.create_app(shell(), name=f"bench-{start}")
    model = lifecycle.mint(shell(), app, name="bench", scopes=DEFAULT.parse(["agents:read"])).key
    fresh = [plaintext.generate("app") for _ in range(how_many)]
    lines = [(new_id(), one.prefix, one.fingerprint, one.digest()) for one in fresh]
    _copy(model.id, lines)
    return [one.take() for one in fresh]


def _copy(model_id: Any, lines: list[tuple[Any, ...]]) -> None:
    own = ("id", "prefix", "fingerprint", "digest")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM keys_apikey LIMIT 0")
        others = ", ".join(column.name for column in cursor.description if column.name not in own)
        cursor.execute(
            f"INSERT INTO keys_apikey ({', '.join(own)}, {others}) SELECT new.*, {others} FROM keys_apikey AS model, "
            "unnest(%s::uuid[], %s::text[], %s::text[], %s::bytea[]) AS new WHERE model.id = %s",
            [*map(list, zip(*lines, strict=True)), model_id],
        )


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    django.setup()
    call_command("migrate", verbosity=0)
    with transaction.atomic():
        print(json.dumps(made(int(sys.argv[1]))))
