"""Makes docs/screens/*.png from the demo portal: `.venv/bin/python -m tools.screenshots`, after `make test` once."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tools.dev import ROOT, child_env, find_chromium, say, serve_command, stop

SCREENS = ROOT / "docs" / "screens"
WIDE: ViewportSize = {"width": 1280, "height": 800}
NARROW: ViewportSize = {"width": 320, "height": 800}
PERSON = "admin@example.com"


def main() -> int:
    """Serve a demo month from a folder that is thrown away, and photograph it."""
    program = find_chromium()
    if program is None:
        stop("No Chromium found: apt-get install chromium, or set PORTAL_TEST_CHROMIUM")
    SCREENS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="portal-screens-") as data, sync_playwright() as playwright:
        password = fill(Path(data))
        # The sandbox does not work for root.
        args = [] if os.geteuid() else ["--no-sandbox"]
        browser = playwright.chromium.launch(executable_path=program, args=args)
        with served(Path(data)) as address:
            photograph(Studio(browser, address, password), Path(data))
        browser.close()
    return 0


def environment(data: Path) -> dict[str, str]:
    """This machine's environment, without what is set for a real portal."""
    env = {name: value for name, value in child_env().items() if not name.startswith("PORTAL_")}
    return env | {"PORTAL_DATA": str(data), "DATABASE_URL": f"sqlite:///{data}/portal.sqlite3"}


def fill(data: Path) -> str:
    """Make a portal with the demo month in `data`, sealed; return its people's password."""
    rows = []
    for words in (["migrate", "-v0"], ["collectstatic", "--noinput", "-v0"], ["demo"], ["tick"]):
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(
            command, cwd=ROOT, env=environment(data), check=True, stdout=subprocess.PIPE, text=True
        )
        rows.append(done.stdout)
    return rows[2].rpartition("the password: ")[2].strip()


@contextmanager
def served(data: Path) -> Iterator[str]:
    """Serve what is in `data` on a free port of this machine for the block; yield its address."""
    port = free_port()
    server = subprocess.Popen(serve_command("127.0.0.1", port), cwd=ROOT, env=environment(data))
    try:
        wait_for(int(port))
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def free_port() -> str:
    """A port that nobody listens on."""
    with socket.socket() as candidate:
        candidate.bind(("127.0.0.1", 0))
        return str(candidate.getsockname()[1])


def wait_for(port: int, tries: int = 600) -> None:
    """Return when somebody listens on `port`."""
    for _ in range(tries):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.1)
    stop(f"Nobody listens on port {port}.")


@dataclass(frozen=True)
class Studio:
    """Where pictures are taken."""

    browser: Browser
    address: str
    password: str


def photograph(studio: Studio, data: Path) -> None:
    """Everything that only reads first, in both colours; then the mint, which adds a key."""
    app, rotated, limited, denied = ids(data)
    keys = f"/apps/{app}/keys/"
    addresses = {
        "keys": keys,
        "key": f"{keys}{rotated}/",
        "mint": f"{keys}mint/?purpose=service&name=reporting-eu",
        "audit": f"/apps/{app}/audit/",
        "denied": f"/apps/{app}/audit/calls/{denied}/",
        "audit-settings": "/settings/audit-log/",
        "users": "/users/",
        "security": "/account/security/",
        "revoke": f"{keys}{limited}/revoke/",
    }
    for colours in ("light", "dark"):
        page = signed_in(studio, colours, WIDE)
        for name, place in addresses.items():
            shoot(page, place, f"{name}-{colours}")
    shoot(signed_in(studio, "light", NARROW), keys, "keys-320")
    for colours in ("light", "dark"):
        page = signed_in(studio, colours, WIDE)
        page.goto("/lookup/")
        page.get_by_label("Key, prefix, fingerprint").fill(prefix(data, rotated))
        page.get_by_role("button", name="Search", exact=True).click()
        page.get_by_text("Fingerprint", exact=True).first.wait_for()
        save(page, f"lookup-{colours}")
        page.goto(addresses["mint"])
        page.get_by_role("button", name="Mint key", exact=True).click()
        page.locator("[data-secret]").wait_for()
        save(page, f"minted-{colours}")


def prefix(data: Path, key: UUID) -> str:
    """What is shown of that key."""
    with closing(sqlite3.connect(data / "portal.sqlite3")) as database:
        row = database.execute("SELECT prefix FROM keys_apikey WHERE id = ?", [key.hex]).fetchone()
    return str(row[0])


def ids(data: Path) -> list[UUID]:
    """The demo's first app, its key that is being rotated, one limited to a network, and a request denied for that."""
    with closing(sqlite3.connect(data / "portal.sqlite3")) as database:
        ids = [
            database.execute(question).fetchone()[0]
            for question in (
                "SELECT id FROM agents_app WHERE name = 'checkout'",
                "SELECT id FROM keys_apikey WHERE grace_ends_at IS NOT NULL",
                "SELECT id FROM keys_apikey WHERE name = 'settlement-worker-prod'",
                "SELECT id FROM audit_call WHERE check_failed = 'address' ORDER BY at DESC LIMIT 1",
            )
        ]
    return list(map(UUID, ids))


def signed_in(studio: Studio, colours: str, window: ViewportSize) -> Page:
    """A window in these colours with the demo's admin signed in."""
    page = studio.browser.new_context(
        base_url=studio.address,
        viewport=window,
        color_scheme="dark" if colours == "dark" else "light",
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="UTC",
    ).new_page()
    page.goto("/account/login/")
    page.locator("input[name=login]").fill(PERSON)
    page.locator("input[name=password]").fill(studio.password)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(lambda url: "/account/login/" not in url)
    return page


def shoot(page: Page, place: str, name: str) -> None:
    """Go to `place` and keep what the window shows."""
    answer = page.goto(place)
    if answer is None or not answer.ok:
        stop(f"{place} answers {answer.status if answer else 'nothing'}.")
    save(page, name)


def save(page: Page, name: str) -> None:
    """Write docs/screens/`name`.png."""
    path = SCREENS / f"{name}.png"
    page.screenshot(path=path)
    say(f"{path.relative_to(ROOT)} {path.stat().st_size // 1024} KB")


if __name__ == "__main__":
    sys.exit(main())
