"""The values that .env.example shows are taken as they stand there."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.docs.markdown import ROOT

ASSIGNMENT = re.compile(r"^# ([A-Z_]+)=(.*)$", re.M)


def shown(folder: Path) -> dict[str, str]:
    """Each setting with its example; folders are there, and what an example leaves open is filled in."""
    text = (ROOT / ".env.example").read_text()
    found = dict(ASSIGNMENT.findall(text.replace("64-hex-digits", "5a" * 32)))
    (folder / "roots.pem").touch()
    return found | {
        "PORTAL_SECRET_KEY": "x7" * 32,
        "PORTAL_DATA": str(folder / "var"),
        "PORTAL_CHECKPOINTS": str(folder / "checkpoints"),
        "PORTAL_FORWARD_FILE": str(folder / "audit.log"),
        "PORTAL_WITNESS_TSA_ROOTS": str(folder / "roots.pem"),
        "PORTAL_OIDC_CLIENT_SECRET": "from the provider",
    }


def test_the_portal_starts_with_all_of_them(tmp_path: Path) -> None:
    env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    code = "import django; django.setup()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=env | shown(tmp_path) | {"DJANGO_SETTINGS_MODULE": "portal.settings"},
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-800:]
