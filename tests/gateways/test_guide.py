"""What docs/gateways.md and the README tell people to type and to write, done as it stands there."""

import io
import re
import shlex
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from pytest_django import Settings

from agents.models import App
from audit.models import Call, Event
from keys.gateways.config_files import KINDS, secret_text
from keys.gateways.models import Gateway as KnownGateway
from tests.factories import known_gateway, minted
from tests.gateways import gateway
from tests.gateways.conftest import SECRET, require
from tests.gateways.gateway import DOCS, PLACES, Gateway, Ports
from tests.keys.asking import opened
from tests.server import Server

pytestmark = pytest.mark.one_engine

ROOT = DOCS.parents[1]
GUIDE = (ROOT / "docs/gateways.md").read_text()
OTHERS = {
    "PORTAL_TRUSTED_PROXIES=127.0.0.1/32 make run",
    "cp docs/gateways/haproxy.lua /etc/haproxy/alter.lua",
    "nginx -t && systemctl reload nginx",
    "KEY=alter_key_app_…                          # a key with grants:read",
    "mkdir -p var/service/api && echo hello | tee var/service/api/hello var/service/api/x",
    "python3 -m http.server 9000 --bind 127.0.0.1 --directory var/service &",
    "systemctl reload nginx",
    "systemctl restart caddy",
    "systemctl restart traefik",
    "haproxy -c -f /etc/haproxy/haproxy.cfg && systemctl restart haproxy",
}
"""What the guide says besides our commands and curl: programs that are the system's."""


def blocks(text: str, language: str) -> list[str]:
    """What stands in fences of this language."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.S)


def lines(start: str) -> list[str]:
    """The guide's command lines that begin so."""
    return [line for block in blocks(GUIDE, "sh") for line in block.splitlines() if line.startswith(start)]


def run(line: str, root: Path) -> str:
    """A line of `manage.py`, with every file below `root`; what it prints, or writes where the line sends it."""
    words = [word.replace("/etc/", f"{root}/etc/") for word in shlex.split(line)]
    into = words[-1:] if ">" in words else []
    words = words[:-2] if into else words
    said = io.StringIO()
    with redirect_stdout(said):
        call_command(*words[2:], stderr=io.StringIO())
    for place in into:
        Path(place).write_text(said.getvalue())
    return said.getvalue()


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """Folders as the packages make them."""
    for files in KINDS.values():
        for place in (files.place, files.secret_place):
            (tmp_path / place[1:]).parent.mkdir(parents=True, exist_ok=True)
    return tmp_path


def test_every_command_of_the_guide_is_known() -> None:
    every = {line for block in blocks(GUIDE, "sh") for line in block.splitlines() if line.strip()}
    assert every == {*OTHERS, *lines(".venv/bin/python manage.py "), *lines("curl ")}
    assert (ROOT / "docs/gateways/haproxy.lua").exists()
    named = re.findall(r"EnvironmentFile=(\S+)", "".join(blocks(GUIDE, "ini")))
    assert named == [KINDS[kind].secret_place for kind in ("caddy", "traefik", "haproxy")]
    assert f"make run` serves it on\n`{PLACES['portal']}`" in GUIDE


@pytest.mark.django_db
def test_the_guides_commands_do_what_it_says(etc: Path) -> None:
    creating = lines(".venv/bin/python manage.py create_gateway")
    assert len(creating) == len(KINDS)
    for line in creating:
        kind = line.split("--for ")[1].split()[0]
        run(line, etc)
        files, known = KINDS[kind], KnownGateway.objects.get(name=kind)
        held = etc / files.secret_place[1:]
        assert stat.S_IMODE(held.stat().st_mode) == 0o600
        assert known.prefix in held.read_text()
        config = (etc / files.place[1:]).read_text()
        assert config == (DOCS / files.shipped).read_text().replace(files.secret_place, str(held))
        assert known.pair == files.pair
        assert not re.search("alter_gateway_[0-9A-Za-z]{40}", config)
    before = (etc / "etc/nginx/alter-gateway.conf").read_text()
    for line in lines(".venv/bin/python manage.py rotate_gateway"):
        run(line, etc)
    assert (etc / "etc/nginx/alter-gateway.conf").read_text() != before
    [listing], [retiring] = (
        lines(f".venv/bin/python manage.py {verb}_gateway") for verb in ("list", "retire")
    )
    assert "nginx  rotating" in run(listing, etc)
    run(retiring, etc)
    assert "nginx" not in run(listing, etc)
    told = set(re.findall(r"`(gateway\.\w+)`", GUIDE))
    assert told == set(Event.objects.filter(action__startswith="gateway.").values_list("action", flat=True))


def test_the_guides_calls_are_answered_as_it_says(front: Gateway, app: App) -> None:
    secret = opened(minted(app))[1]
    curl = shutil.which("curl")
    if not curl:
        pytest.skip("no curl found")
    for line in lines("curl "):
        command, _, status = line.rpartition("# ")
        words = [word.replace("$KEY", secret) for word in shlex.split(command)]
        words = [curl, "-s", *(word.replace("http://localhost:8080", front.url) for word in words[1:])]
        answer = subprocess.run(words, check=False, capture_output=True, timeout=20).stdout.decode()
        assert answer.split()[1] == status.strip(), line
    paths = Call.objects.order_by("id").values_list("path", flat=True)
    assert list(paths) == ["/api/hello", "/api/hello", "/api/x", "/api/hello", "/api/hello"]


@pytest.fixture
def minimal(
    tmp_path: Path, served: Server, service: int, settings: Settings, request: pytest.FixtureRequest
) -> Iterator[Gateway]:
    """nginx as the README has it."""
    require("nginx")
    [text] = blocks((ROOT / "README.md").read_text(), "nginx")
    held = tmp_path / "alter-gateway.conf"
    held.write_text(secret_text("nginx", SECRET))
    ports = Ports(urlsplit(served.url).port or 0, service, gateway.free_port())
    inner = f"server {{ listen 127.0.0.1:8080; {text} }}"
    inner = gateway.adapt(inner, ports, {KINDS["nginx"].secret_place: held})
    known_gateway(SECRET)
    one = gateway.start_nginx(tmp_path, inner, ports, tmp_path / "api.log")
    yield one
    one.stop()


def test_the_readmes_nginx_passes_on_no_key_and_says_what_is_wrong(minimal: Gateway, app: App) -> None:
    good = opened(minted(app, rate_limit_rpm=2))[1].encode()
    seen = minimal.send(b"x-api-key: " + good).seen
    assert good.decode() not in str(seen)
    assert "x-alter-gateway" not in seen
    assert Call.objects.get().path == "/api/last/7"
    assert good.decode() not in str(minimal.send(b"Authorization: Bearer " + good).seen)
    slow = minimal.send(b"x-api-key: " + good)
    assert (slow.status, int(slow.headers["retry-after"]) > 0) == (429, True)
    weak = opened(minted(app, scopes="spans:emit"))[1].encode()
    assert minimal.send(b"x-api-key: " + weak).status == 403
    assert minimal.send().status == 401
    assert minimal.send(b"x-api-key: x", start=b"GET /api/broken HTTP/1.1").status == 401
