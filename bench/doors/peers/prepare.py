"""Makes the peers' tables and keys; prints, as JSON, the header that each call to each of them carries.

python -m bench.doors.peers.prepare HOW_MANY
"""

import hashlib
import json
import os
import secrets
import sys

import django
from django.core.management import call_command
from django.db import transaction


def made(how_many: int) -> dict[str, list[str]]:
    """Keys of each peer, as lines of a request's head."""
    from django.contrib.auth.models import User
    from knox.models import get_token_model
    from rest_framework_api_key.models import APIKey

    from bench.doors.peers.models import Key

    # A user each: knox looks at all tokens of a user whenever one of them is used.
    users = User.objects.bulk_create(User(username=f"user-{number}") for number in range(how_many))
    by_hand = [secrets.token_urlsafe(30) for _ in range(how_many)]
    digests = [hashlib.sha256(key.encode()).hexdigest() for key in by_hand]
    Key.objects.bulk_create(Key(digest=digest, name="bench") for digest in digests)
    api_keys = [APIKey.objects.create_key(name="bench")[1] for _ in range(how_many)]
    tokens = [get_token_model().objects.create(user)[1] for user in users]
    return {
        "by-hand": [f"x-api-key: {key}" for key in by_hand],
        "api-key": [f"authorization: Api-Key {key}" for key in api_keys],
        "knox": [f"authorization: Token {token}" for token in tokens],
        "bare": ["x-api-key: none"],
    }


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.doors.peers.settings"
    django.setup()
    call_command("migrate", verbosity=0, run_syncdb=True)
    with transaction.atomic():
        print(json.dumps(made(int(sys.argv[1]))))
