"""CPU per request of the pages, the door and the runtime API, as ratios to an empty page measured in the same run.

    .venv/bin/python bench/pages.py

Everything runs in this process, on a SQLite file in a temporary folder: no network, no server.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
ROUNDS, REQUESTS, KEYS = 7, 40, 50


def prepare() -> None:
    """A portal with nothing in it, in a folder that goes with this process."""
    folder = tempfile.TemporaryDirectory(prefix="portal-bench-")
    prepare.folder = folder  # type: ignore[attr-defined]
    os.environ.update(PORTAL_DATA=folder.name, PORTAL_TEST="1", DJANGO_SETTINGS_MODULE="portal.settings")
    os.environ.pop("DATABASE_URL", None)
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def requests() -> dict[str, Callable[[], None]]:
    """What is measured: a name and something that makes one request."""
    from django.test import Client

    from tests.factories import AppFactory, member, minted

    app = AppFactory.create(name="bench")
    plain = [minted(app, name=f"key-{n}", scopes="agents:read").plaintext.take() for n in range(KEYS)]
    client = Client(SERVER_NAME="localhost")
    client.force_login(member("admin", None, email="bench@example.com"))
    key = app.keys.first()

    def page(address: str) -> Callable[[], None]:
        def get() -> None:
            response = client.get(address)
            if response.status_code != 200:
                raise SystemExit(f"{address} answered {response.status_code}")

        return get

    def verify() -> None:
        if client.get("/verify", headers={"x-api-key": plain[0]}).status_code not in (200, 429):
            raise SystemExit("the door did not answer")

    def sdk(target: str) -> Callable[[], None]:
        def get() -> None:
            response = client.get(target, headers=signed(plain[1], target))
            if response.status_code not in (200, 429):
                raise SystemExit(f"{target} answered {response.status_code}")

        return get

    return {
        "an empty page (lookup)": page("/lookup/"),
        f"key list, {KEYS} rows": page(f"/apps/{app.id}/keys/"),
        "a key's page": page(f"/apps/{app.id}/keys/{key.id}/"),
        "audit log, 50 entries": page(f"/apps/{app.id}/audit/"),
        "/verify": verify,
        "/sdk/scopes": sdk("/sdk/scopes"),
        "/sdk/agents, none": sdk("/sdk/agents"),
    }


def signed(secret: str, target: str) -> dict[str, str]:
    """The headers of a GET at the runtime API."""
    from tests.keys import signing

    return {"x-api-key": secret, **signing.signed(secret, target)}


def cpu(request: Callable[[], None]) -> float:
    """CPU milliseconds for one request, averaged over a round."""
    began = time.process_time()
    for _ in range(REQUESTS):
        request()
    return (time.process_time() - began) / REQUESTS * 1000


def main() -> None:
    """Interleave the rounds, so that a busy machine is busy for all alike, and print medians."""
    prepare()
    measured = requests()
    for request in measured.values():
        request()
    rounds = {name: [] for name in measured}
    for _ in range(ROUNDS):
        for name, request in measured.items():
            rounds[name].append(cpu(request))
    medians = {name: statistics.median(times) for name, times in rounds.items()}
    empty = next(iter(medians.values()))
    for name, median in medians.items():
        print(f"{name:26} {median:6.2f} ms CPU   {median / empty:5.2f} x the empty page")


if __name__ == "__main__":
    main()
