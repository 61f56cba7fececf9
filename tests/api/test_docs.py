"""docs/api.md: its examples run in their order against a live server, and it says what the code says."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.urls import resolve

from agents.models import Agent, App
from audit.refusals import every
from keys.gate import LARGEST_BODY
from keys.models import ApiKey
from portal import settings
from portal.models import User
from portal.programs import api
from portal.roles import EVERYTHING
from tests.api.conftest import Of
from tests.factories import member, minted
from tests.server import Server

TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
SCRIPTS = [block for block in re.findall(r"^```sh\n(.*?)^```$", TEXT, re.M | re.S) if "curl" in block]


def asked() -> list[tuple[str, str]]:
    """The method and the path of each curl in the guide."""
    whole = "".join(SCRIPTS).replace("\\\n", " ")
    calls = [line for line in whole.splitlines() if line.startswith("curl")]
    methods = [(re.search(r"-X (\w+)", call) or ["", "GET"])[1] for call in calls]
    paths = [(re.search(r'"\$PORTAL([^"?]+)', call) or ["", ""])[1] for call in calls]
    return list(zip(methods, paths, strict=True))


@pytest.mark.skipif(not (shutil.which("curl") or os.environ.get("CI")), reason="no curl here")
def test_every_example_runs_as_it_is_written(
    served: Server, app: App, agent: Agent, admin: User, of: Of, tmp_path: Path
) -> None:
    known = {
        "APP": app.id,
        "KEY": minted(app).key.id,
        "AGENT": agent.id,
        "PERSON": member("developer", app).id,
        "SUSPECT": minted(app).plaintext.take(),
    }
    script = re.sub(r"^export .*$", "", "\n".join(SCRIPTS), flags=re.M).replace("curl -sS", "curl -sSf")
    told = {"PORTAL": served.url, "TOKEN": of(admin).secret, **{n: str(v) for n, v in known.items()}}
    subprocess.run(
        ["sh", "-euc", script], check=True, cwd=tmp_path, env=os.environ | told, stdout=subprocess.PIPE
    )
    assert (tmp_path / "audit.csv").read_text().startswith("# alter audit log")
    assert ApiKey.objects.filter(name="nightly").count() == 1
    assert Agent.objects.get(id=agent.id).status == "inactive"


@pytest.mark.parametrize(("method", "path"), asked())
def test_an_example_is_of_an_operation_that_is_there(method: str, path: str) -> None:
    assert method in api.NEEDS[resolve(path).route]


def test_the_guide_lists_every_permission() -> None:
    assert sorted(re.findall(r"^\| `(dashboard_\w+:\w+)` \|", TEXT, re.M)) == EVERYTHING


def test_the_codes_it_names_are_there() -> None:
    codes = {kind.code for kind in every() if "code" in vars(kind)}
    table = re.findall(r"^\| \d{3}.*$", TEXT, re.M)
    named = {word for row in table for word in re.findall(r"`([a-z]+(?:_[a-z]+)+|forbidden)`", row)} - {
        "fields"
    }
    assert named and named <= codes


@pytest.mark.parametrize(
    "words",
    [
        f"at most {LARGEST_BODY // 1024} KiB",
        f"requests a minute, {settings.API_RATE_LIMIT_RPM} unless it is set",
    ],
)
def test_a_limit_is_what_the_code_says(words: str) -> None:
    assert words in " ".join(TEXT.split())
