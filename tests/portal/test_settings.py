"""A wrong setting stops the start with a sentence that says what to write instead."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PEPPER = "1:" + "ab" * 32


def manage(data: Path, *words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run manage.py on a data folder of its own."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "SYSTEMROOT") if name in os.environ}
    env = kept | {"PORTAL_TEST": "1", "PORTAL_DATA": str(data)} | settings
    command = [sys.executable, "manage.py", *words]
    return subprocess.run(command, check=False, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)


WRONG = {
    "origin without a scheme": ({"PORTAL_ORIGIN": "keys.example.com"}, "write a scheme and a host"),
    "origin with a path": ({"PORTAL_ORIGIN": "https://example.com/keys"}, "and no path"),
    "origin of another kind": ({"PORTAL_ORIGIN": "ftp://example.com"}, "write a scheme and a host"),
    "https and no proxy": ({"PORTAL_ORIGIN": "https://example.com"}, "Set PORTAL_TRUSTED_PROXIES"),
    "a proxy anywhere": ({"PORTAL_TRUSTED_PROXIES": "::/0"}, "Write the IPv4 range itself"),
    "no database address": ({"DATABASE_URL": "nonsense"}, "write sqlite:////path/to/file or postgres://"),
    "another database": (
        {"DATABASE_URL": "mysql://u:p@127.0.0.1/x"},
        "write sqlite:////path/to/file or postgres://",
    ),
    "a port that is none": (
        {"DATABASE_URL": "postgres://u:p@127.0.0.1:port/x"},
        "DATABASE_URL cannot be read",
    ),
    "peppers without numbers": ({"PORTAL_PEPPERS": "ab" * 32}, "write each pepper once, as number:hex"),
    "a pepper too short": ({"PORTAL_PEPPERS": "1:abcd"}, "64 hex digits or more"),
    "a pepper twice": ({"PORTAL_PEPPERS": f"{PEPPER},{PEPPER}"}, "write each pepper once"),
    "a rate of nothing": ({"PORTAL_RATE_LIMIT": "0"}, "from 1 to 100000"),
    "a rate in words": ({"PORTAL_RATE_LIMIT": "many"}, "from 1 to 100000"),
    "no range of addresses": ({"PORTAL_TRUSTED_PROXIES": "everyone"}, "Write ranges with commas between"),
    "a range with host bits": ({"PORTAL_TRUSTED_PROXIES": "10.0.0.1/8"}, "Write ranges with commas between"),
    "syslog by another way": ({"PORTAL_FORWARD_SYSLOG": "http://siem:514"}, "write udp://host:514"),
    "a file in no folder": ({"PORTAL_FORWARD_FILE": "/no/such/folder/a.log"}, "in a folder that is there"),
    "a format of one's own": ({"PORTAL_FORWARD_FORMAT": "xml"}, "write json"),
    "a host that is a range": ({"PORTAL_WEBHOOK_HOSTS": "10.0.0.0/8"}, "is no host"),
    "a provider without a client": ({"PORTAL_OIDC_ISSUER": "https://id.example.com"}, "set them together"),
    "a provider in the clear": (
        {
            "PORTAL_OIDC_ISSUER": "http://id.example.com",
            "PORTAL_OIDC_CLIENT_ID": "alter",
            "PORTAL_OIDC_CLIENT_SECRET": "hush",
        },
        "write an https address",
    ),
    "a mapping to no role": ({"PORTAL_OIDC_ROLES": "groups:ops=king"}, "claim:value=role"),
    "a mapping with two readings": (
        {"PORTAL_OIDC_ROLES": "cognito:groups:platform=support"},
        "can be read in more than one way",
    ),
    "a mapping of JSON with a mistake": (
        {"PORTAL_OIDC_ROLES": '[{"claim": "a"}]'},
        'with "claim" and "roles"',
    ),
    "only a provider that is not there": ({"PORTAL_OIDC_ONLY": "true"}, "set them together"),
    "a break-glass account without a need": (
        {"PORTAL_BREAK_GLASS": "you@example.com"},
        "PORTAL_OIDC_ONLY is true: set that",
    ),
    "a break-glass account that is none": (
        {
            "PORTAL_OIDC_ISSUER": "https://id.example.com",
            "PORTAL_OIDC_CLIENT_ID": "alter",
            "PORTAL_OIDC_CLIENT_SECRET": "hush",
            "PORTAL_OIDC_ONLY": "true",
            "PORTAL_BREAK_GLASS": "root",
        },
        "write the email of one account",
    ),
    "an intake half open": ({"PORTAL_LEAK_INTAKE": "yes"}, "write on or off"),
    "keys at no address": ({"PORTAL_LEAK_KEYS_URL": "file:///etc/keys"}, "write an https address"),
    "a short secret key": ({"PORTAL_SECRET_KEY": "short"}, "at least 50 random characters"),
}


@pytest.mark.parametrize(("env", "sentence"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_setting_stops_the_start(tmp_path: Path, env: dict[str, str], sentence: str) -> None:
    """The sentence is the last thing said: there is no traceback below to hide it. The setting's name is in it."""
    done = manage(tmp_path, "check", **env)
    said = done.stderr.strip().splitlines()
    assert done.returncode != 0
    assert sentence in " ".join(done.stderr.split())
    assert any(name in line for line in said[-4:] for name in env)


def test_no_settings_at_all_are_enough(tmp_path: Path) -> None:
    assert manage(tmp_path / "new" / "folder", "check").returncode == 0


def test_the_data_folder_is_open_to_its_owner_alone(tmp_path: Path) -> None:
    data = tmp_path / "var"
    manage(data, "migrate", "-v0")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in data.iterdir() if path.is_file()}
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert {"secret-key", "peppers", "portal.sqlite3"} <= modes.keys()
    assert set(modes.values()) == {0o600}


def test_a_folder_that_others_could_read_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    manage(tmp_path, "check")
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_the_secrets_of_the_first_start_are_kept(tmp_path: Path) -> None:
    manage(tmp_path, "check")
    before = [(tmp_path / name).read_text() for name in ("secret-key", "peppers")]
    manage(tmp_path, "check")
    assert [(tmp_path / name).read_text() for name in ("secret-key", "peppers")] == before


def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    done = manage(tmp_path / "taken", "check")
    assert "cannot be used as the data folder" in done.stderr


@pytest.fixture(scope="module")
def peppered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose database has a key, digested with pepper 1."""
    folder = tmp_path_factory.mktemp("peppered")
    manage(folder, "migrate", "-v0")
    app = manage(folder, "create_app", "--name", "checkout").stdout.strip()
    manage(folder, "mint_key", "--app", app, "--name", "worker", "--scopes", "grants:read")
    return folder


def test_a_missing_pepper_is_told_at_the_start(peppered: Path) -> None:
    done = manage(peppered, "first_start", PORTAL_PEPPERS="2:" + "cd" * 32)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "digested with pepper 1, which is not there" in done.stderr


def test_a_lost_pepper_file_is_not_replaced_without_a_word(peppered: Path) -> None:
    (peppered / "peppers").rename(peppered / "lost")
    done = manage(peppered, "first_start")
    assert (done.returncode, "pepper 1, which is not there or is another" in done.stderr) == (2, True)


@pytest.mark.parametrize("origin", ["", "https://keys.example.com"])
def test_a_public_portal_passes_the_checks_for_deployment(tmp_path: Path, origin: str) -> None:
    proxies = {"PORTAL_ORIGIN": origin, "PORTAL_TRUSTED_PROXIES": "127.0.0.1/32"}
    done = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **proxies)
    assert (done.returncode == 0) == bool(origin), done.stderr


def test_smtps_is_tls_at_once_and_mail_has_a_deadline(tmp_path: Path) -> None:
    ask = "from django.conf import settings as s; print(s.EMAIL_USE_SSL, s.EMAIL_USE_TLS, s.EMAIL_TIMEOUT)"
    done = manage(tmp_path, "shell", "-v0", "-c", ask, EMAIL_URL="smtps://u:p@mail.example.com:465")
    assert done.stdout.split() == ["True", "False", "10"], done.stderr
