"""Every setting is taken as it is written, or refused with one sentence that names it and keeps its secret."""

import os
import re
import runpy
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal.config import dotenv, listen

ROOT = Path(__file__).resolve().parents[3]
SETTINGS = ROOT / "portal" / "settings.py"
HEX = "ab" * 32
LONG = "x" * 50
OIDC = {
    "PORTAL_OIDC_ISSUER": "https://id.example.com",
    "PORTAL_OIDC_CLIENT_ID": "alter",
    "PORTAL_OIDC_CLIENT_SECRET": "hush",
}
Read = Callable[..., Mapping[str, Any]]


def run_settings() -> dict[str, Any]:
    """What the file of settings defines, run anew."""
    return runpy.run_path(str(SETTINGS))


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Read all settings anew, in an environment of its own."""
    for name in [
        name for name in os.environ if name.startswith("PORTAL_") or name in ("DATABASE_URL", "EMAIL_URL")
    ]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PORTAL_TEST", "1")

    def _read(**settings: str) -> Mapping[str, Any]:
        with monkeypatch.context() as here:
            for name, value in ({"PORTAL_DATA": str(tmp_path)} | settings).items():
                here.setenv(name, value)
            return run_settings()

    return _read


def refusal(read: Read, **settings: str) -> str:
    with pytest.raises(ImproperlyConfigured) as refused:
        read(**settings)
    return str(refused.value)


def database(read: Read, url: str) -> dict[str, Any]:
    return dict(read(DATABASE_URL=url)["DATABASES"]["default"])


TAKEN: list[tuple[dict[str, str], str, object]] = [
    ({"PORTAL_SECRET_KEY": "$aaa" + LONG}, "SECRET_KEY", "$aaa" + LONG),
    ({"PORTAL_SECRET_KEY": " $ # %41 ü' " + LONG}, "SECRET_KEY", " $ # %41 ü' " + LONG),
    ({"PORTAL_PEPPERS": f"1:{HEX}, 2:{HEX}\n"}, "PEPPERS", {n: bytes.fromhex(HEX) for n in (1, 2)}),
    ({"PORTAL_MAC_KEYS": f"\n 3:{HEX}"}, "MAC_KEYS", {3: bytes.fromhex(HEX)}),
    ({"PORTAL_SEAL_KEY": f" {HEX} "}, "SEAL_KEY", bytes.fromhex(HEX)),
    ({"PORTAL_ORIGIN": "HTTPS://Keys.Example.COM.:443/"}, "ORIGIN", "https://keys.example.com"),
    ({"PORTAL_ORIGIN": "http://[FD00:10:0::5]:8341"}, "ORIGIN", "http://[fd00:10::5]:8341"),
    ({"PORTAL_ORIGIN": "https://bücher.example:8443"}, "ORIGIN", "https://xn--bcher-kva.example:8443"),
    (
        {
            "PORTAL_ORIGIN": "http://[fd00::5]:8341",
            "PORTAL_ALLOWED_HOSTS": "a.example, FD00::6 ,[::7],,.B.example,1.2.3.4",
        },
        "ALLOWED_HOSTS",
        [
            "[fd00::5]",
            "a.example",
            "[fd00::6]",
            "[::7]",
            ".b.example",
            "1.2.3.4",
            "localhost",
            "127.0.0.1",
            "[::1]",
        ],
    ),
    ({"PORTAL_TRUSTED_PROXIES": ""}, "TRUSTED_PROXIES", []),
    ({"PORTAL_RATE_LIMIT": ""}, "RATE_LIMIT_RPM", 6000),
    ({"PORTAL_RATE_LIMIT": " 60 "}, "RATE_LIMIT_RPM", 60),
    ({"PORTAL_TICK": "APART"}, "TICK", "apart"),
    ({"PORTAL_LOG_LEVEL": "warning"}, "LOG_LEVEL", "WARNING"),
    ({"PORTAL_FORWARD_SYSLOG": "udp://[::1]:514/"}, "FORWARD_SYSLOG", "udp://[::1]:514"),
    ({"PORTAL_FORWARD_SYSLOG": "unix:///dev/log#1"}, "FORWARD_SYSLOG", "unix:///dev/log#1"),
    (
        {"PORTAL_WEBHOOK_HOSTS": "SIEM.example., [FD00::5],192.0.2.7"},
        "WEBHOOK_HOSTS",
        {"siem.example", "fd00::5", "192.0.2.7"},
    ),
    ({"PORTAL_EMAIL_FROM": "Müller <a@example.com>"}, "DEFAULT_FROM_EMAIL", "Müller <a@example.com>"),
    (
        {"PORTAL_EMAIL_FROM": '"Portal, alter" <a@[IPv6:::1]>'},
        "DEFAULT_FROM_EMAIL",
        '"Portal, alter" <a@[IPv6:::1]>',
    ),
    ({"PORTAL_ORIGIN": "http://[fd00::5]"}, "DEFAULT_FROM_EMAIL", "alter portal <portal@[IPv6:fd00::5]>"),
    ({"EMAIL_URL": ""}, "EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend"),
    ({"EMAIL_URL": "smtps://u:p#a@s@s%w:x%23@mail.example.com"}, "EMAIL_HOST_PASSWORD", "p#a@s@s%w:x#"),
    ({"EMAIL_URL": "smtp+tls://me@example.com:$1+%C3%BC@[::1]:2587"}, "EMAIL_HOST_PASSWORD", "$1+ü"),
    ({"EMAIL_URL": "smtp+tls://me@example.com:$1+%C3%BC@[::1]:2587"}, "EMAIL_HOST", "::1"),
    ({"EMAIL_URL": "smtps://mail.example.com"}, "EMAIL_USE_SSL", True),
    ({"EMAIL_URL": "filemail:////tmp/a%20b+c"}, "EMAIL_FILE_PATH", "/tmp/a b+c"),
    ({"PORTAL_WITNESS": "file:///mnt/a%20b/c.jsonl\nhttps://[::1]:8/witness"}, "WITNESS_SILENCE", 15),
    ({**OIDC, "PORTAL_OIDC_CLIENT_SECRET": "$3cr3t"}, "ORIGIN", ""),
    (
        {**OIDC, "PORTAL_OIDC_ONLY": "True", "PORTAL_BREAK_GLASS": " You@example.com "},
        "BREAK_GLASS",
        "you@example.com",
    ),
    (
        {
            "PORTAL_SERVICE_HOST": "10.0.0.1",
            "PORTAL_PORT": "tcp://10.0.0.1:80",
            "PORTAL_PORT_80_TCP_ADDR": "10.0.0.1",
        },
        "TICK",
        "inside",
    ),
]


def test_what_is_written_is_what_is_taken(read: Read) -> None:
    for given, name, value in TAKEN:
        assert read(**given)[name] == value, given


def test_paths_hold_whatever_paths_may(read: Read, tmp_path: Path) -> None:
    for name in (
        "a#b",
        "a%2Fb",
        "a?b=c",
        "a b ",
        "ä/ü",
        "a$b",
        "$HOME",
        "a+b",
        "a&b;c",
        "a'b\"c",
        "a\\b",
        "file:x",
        "-x",
        "#",
    ):
        folder = tmp_path / name
        found = read(PORTAL_DATA=str(folder))
        assert (found["DATA_DIR"], found["DATABASES"]["default"]["NAME"]) == (
            folder,
            str(folder / "portal.sqlite3"),
        )
        assert (folder / "secret-key").is_file()
        assert read(PORTAL_CHECKPOINTS=str(folder))["CHECKPOINT_DIR"] == folder
        assert read(PORTAL_FORWARD_FILE=str(folder / "log"))["FORWARD_FILE"] == folder / "log"
    assert read(PORTAL_CHECKPOINTS="elsewhere")["CHECKPOINT_DIR"] == ROOT / "elsewhere"


def test_the_address_of_an_sqlite_file_is_its_path(read: Read) -> None:
    for url, path in {
        "sqlite:////srv/a#b+c.sqlite3": "/srv/a#b+c.sqlite3",
        "sqlite:////srv/a b ü.sqlite3": "/srv/a b ü.sqlite3",
        "sqlite:////srv/a%20b%3F.sqlite3": "/srv/a b?.sqlite3",
        "sqlite:////srv/100%.sqlite3": "/srv/100%.sqlite3",
        "SQLITE:///var/p.sqlite3": str(ROOT / "var/p.sqlite3"),
    }.items():
        assert database(read, url)["NAME"] == path, url


def test_a_password_in_an_address_may_hold_what_it_likes(read: Read) -> None:
    for written, meant in {
        "p#w": "p#w",
        "p@w": "p@w",
        "p/w": "p/w",
        "12/w": "12/w",
        "p?w": "p?w",
        "p:w": "p:w",
        "p%w": "p%w",
        "p%23w": "p#w",
        "100%": "100%",
        "$pw": "$pw",
        "p+w": "p+w",
        "p w": "p w",
        "pü": "pü",
        "p%C3%BC": "pü",
        "[pw]": "[pw]",
        "p[w": "p[w",
        "#": "#",
    }.items():
        found = database(
            read, f"postgres://us%40er:{written}@[FD00::5]:5433/na%2Fme+x?sslmode=require&connect_timeout=3"
        )
        assert (found["USER"], found["PASSWORD"], found["HOST"], found["PORT"]) == (
            "us@er",
            meant,
            "fd00::5",
            "5433",
        )
        assert (found["NAME"], found["OPTIONS"]["sslmode"], found["OPTIONS"]["connect_timeout"]) == (
            "na/me+x",
            "require",
            3,
        )


def test_postgresql_compiles_no_statement_unless_it_is_asked_to(read: Read) -> None:
    assert database(read, "postgres:///name")["OPTIONS"]["options"] == "-c jit=off"
    found = database(read, "postgres:///name?options=-c%20jit%3Don")
    assert found["OPTIONS"]["options"] == "-c jit=off -c jit=on"  # the last one holds


def test_an_address_may_leave_out_what_libpq_knows(read: Read) -> None:
    for url, found in {
        "postgres://portal@/name?host=/tmp/a": ("portal", "", "", "name"),
        "postgresql://%2Frun%2Fpg/name": ("", "/run/pg", "", "name"),
        "postgres://a.example:1,b.example:2/name": ("", "a.example,b.example", "1,2", "name"),
        "postgres://DB.example./name": ("", "db.example", "", "name"),
    }.items():
        known = database(read, url)
        assert (known["USER"], known["HOST"], known["PORT"], known["NAME"]) == found, url


SECRET = "s3cr3t"
NUMBERS = ("60s", "1_000", "٣", "0", "-1", "+5", "1e3", "6 0", "999999999999", "0x10", "1.5")
CHOICES = ("yes", "ture", "1", "on # note", "'json'")
PG = f"postgres://u:{SECRET}"
SMTP = f"smtp://u:{SECRET}"
REFUSED: dict[str, Iterable[str]] = {
    "PORTAL_RATE_LIMIT": NUMBERS,
    "PORTAL_API_RATE_LIMIT": NUMBERS,
    "PORTAL_SEAL_EVERY": NUMBERS,
    "PORTAL_WITNESS_SILENCE": NUMBERS,
    "PORTAL_LEAK_INTAKE": CHOICES,
    "PORTAL_OIDC_ONLY": CHOICES,
    "PORTAL_TICK": CHOICES,
    "PORTAL_FORWARD_FORMAT": CHOICES,
    "PORTAL_LOG_LEVEL": CHOICES,
    "PORTAL_SECRET_KEY": (SECRET, SECRET + LONG + "\n"),
    "PORTAL_PEPPERS": (f"1:{SECRET}", SECRET, f"'1:{HEX}'"),
    "PORTAL_MAC_KEYS": (f"1:{SECRET}", SECRET),
    "PORTAL_SEAL_KEY": (SECRET, f"'{HEX}'"),
    "PORTAL_DATA": ("~/portal", " /tmp/x", "/tmp/\udce4"),
    "PORTAL_CHECKPOINTS": ("~/x", " x"),
    "PORTAL_ORIGIN": (
        *("keys.example.com", "$ORIGIN", "https://", "https://[::1", "https://[fe80::1%25eth0]"),
        *(
            f"https://keys.example.com{more}"
            for more in ("/x", "?x", "#x", ":0", ":x", ":70000", ",https://b.example")
        ),
        *(
            f"https://{host}"
            for host in (f"u:{SECRET}@a.example", "a b.example", "256.1.1.1", "1.2.3", "a..b")
        ),
    ),
    "PORTAL_ALLOWED_HOSTS": ("https://a.example", "a.example:80", "a b", "[::1]:80", "a/b", "::g", "a.*"),
    "PORTAL_TRUSTED_PROXIES": ("everyone", "10.0.0.1/8", "10.0.0.1:80", "[::1", "::/0", "a.example"),
    "PORTAL_WEBHOOK_HOSTS": ("10.0.0.0/8", "a.example:80", "*.a.example", "https://a.example"),
    "PORTAL_FORWARD_SYSLOG": (
        *("http://siem:514", "tcp://siem", "tcp://::1:514", "tcp://siem:70000", "udp://siem:514/x", "["),
        *(f"tcp://u:{SECRET}@siem:514", "tcp://[::1:514", "unix://dev/log"),
    ),
    "PORTAL_FORWARD_FILE": ("audit.log", "/no/such/folder/audit.log", "/tmp"),
    "PORTAL_LEAK_KEYS_URL": ("file:///etc/keys", f"https://u:{SECRET}@a.example", "https://", "http://[::1"),
    "PORTAL_WITNESS": (
        *(f"https://u:{SECRET}@a.example/", "https://a.example:0/", "file://a/b", "file:///a?b", "ftp://a"),
        *("tsa+https://[::1", "tsa+https://tsa.example.com", "https://a.example/#1234"),
    ),
    "PORTAL_WITNESS_FOR": (f"a:{SECRET}", f"A:{HEX}", f"a:{HEX},a:{HEX}"),
    "PORTAL_EMAIL_FROM": (
        "portal",
        "Portal, alter <a@b.example>",
        "a@",
        "a <b",
        "a@b.example, c@d.example",
        "a@b@c",
    ),
    "PORTAL_BREAK_GLASS": ("root", "you@example.com"),
    "PORTAL_OIDC_CLIENT_SECRET": (SECRET,),
    "PORTAL_OIDC_ISSUER": (
        *("id.example.com", "http://id.example.com", "https://[::1", "https://id.example.com?x=1"),
        f"https://u:{SECRET}@id.example.com",
    ),
    "PORTAL_OIDC_ROLES": ("groups:ops=king",),
    "PORTAL_OIDC_NAME": ("a\x1bb",),
    "DATABASE_URL": (
        *(
            "nonsense",
            f"mysql://u:{SECRET}@127.0.0.1/x",
            f"postgres://h/x?password={SECRET}&application_name=a@b/c",
        ),
        *(
            f"{PG}@{rest}"
            for rest in ("127.0.0.1:port/x", "127.0.0.1:5432", "h/x#y", "[::1/x", "::1:5432/x", "h:0/x")
        ),
        *(
            f"{PG}@h/x?{options}"
            for options in ("sslmode=require&sslmode=disable", "conn_max_age=abc", "sslmode")
        ),
        *(f"{PG}{rest}@h/x" for rest in ("/@x", "%E4", "%00")),
        *(
            "sqlite://",
            "sqlite:///",
            "sqlite://:memory:",
            "sqlite:////srv/",
            "sqlite:///~/a",
            "sqlite://srv/a",
        ),
        *("sqlite:////srv/a%2Fb", "sqlite:////srv/a?timeout=1", "sqlite:////srv/%E4"),
    ),
    "EMAIL_URL": (
        *(
            "mail.example.com",
            f"imap://u:{SECRET}@mail.example.com",
            "smtp://",
            "filemail://",
            f"{SMTP}@a,b.example",
        ),
        *(f"{SMTP}@{rest}" for rest in ("", "::1:25", "h:smtp", "h/x", "h#x", "h?timeout=3", "[::1")),
    ),
    "PORTAL_ORIGN": (f"https://{SECRET}",),
    "PORTAL_SECRETKEY": (SECRET,),
    "PROTAL_SECRET_KEY": (SECRET,),
    "portal_secret_key": (SECRET,),
    "PORTAL_SOMETHING": (SECRET,),
}


def test_what_cannot_be_taken_is_refused_with_a_sentence(read: Read) -> None:
    for name, values in REFUSED.items():
        whole = OIDC if name == "PORTAL_OIDC_ISSUER" else {}
        for value in values:
            said = refusal(read, **{**whole, name: value})
            assert name in said, (name, value, said)
            assert "\n" not in said and len(said) < 400 and SECRET not in said, (name, value, said)


SECRET_AT = (
    *(f"{scheme}{rest}" for scheme in ("", "https://") for rest in (
        f"u:{SECRET}@h", f"{SECRET}@1.2.3.4", f"h:{SECRET}", f"h/{SECRET}", f"h/x?k={SECRET}", f"u:a {SECRET},b@h",
    )),
    f"10.0.0.0/{SECRET}", f"[::1]:{SECRET}", f"unix://u:{SECRET}@h", f"file://u:{SECRET}@h/x", f"a:u:{SECRET}@h=king",
    *(f"{scheme}://u:{SECRET}@h:{SECRET}/x" for scheme in ("tcp", "postgres", "smtp", "tsa+https")),
    '{"claim": "https://u:S@h", "roles": {"https://u:S@h": "https://u:S@h"}}'.replace("S", SECRET),
)  # fmt: skip
"""A secret in user info, port, path and query, of addresses that were written where something else belongs."""
PATHS = {"PORTAL_DATA", "PORTAL_CHECKPOINTS", "PORTAL_FORWARD_FILE", "PORTAL_WITNESS_TSA_ROOTS"}


def test_no_refusal_of_any_setting_repeats_a_secret(read: Read) -> None:
    names = set(re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M)) - {
        "HOST",
        "PORT",
        "WORKERS",
    }
    refused = set()
    for name in sorted(names):
        whole = OIDC if name.startswith("PORTAL_OIDC") else {}
        for value in SECRET_AT:
            if name in PATHS and "://" not in value and "@" not in value:
                continue  # a path, of which all is shown
            below = f"{SETTINGS}/" if name == "PORTAL_DATA" else ""  # a file, below which no folder is made
            try:
                read(**{**whole, name: below + value})
            except ImproperlyConfigured as wrong:
                refused.add(name)
                assert SECRET.lower() not in str(wrong).lower(), (name, value, str(wrong))
    assert len(refused) > 20, refused


@pytest.mark.parametrize("port", [f"h:{SECRET}", f"https://u:{SECRET}@h", f"80/{SECRET}", f"80?{SECRET}"])
def test_where_to_listen_is_refused_without_a_secret(port: str) -> None:
    with pytest.raises(listen.CannotListen) as refused:
        listen.parse("127.0.0.1", port)
    assert SECRET not in str(refused.value)
    with pytest.raises(listen.CannotListen) as unreachable:
        listen.try_listening(f"http://u:{SECRET}@127.0.0.1", 8460)
    assert SECRET not in str(unreachable.value)


def test_a_control_character_is_refused_wherever_it_stands(read: Read) -> None:
    may_go_over_lines = {"PORTAL_PEPPERS", "PORTAL_MAC_KEYS", "PORTAL_WITNESS", "PORTAL_OIDC_ROLES"}
    example = (ROOT / ".env.example").read_text()
    names = set(re.findall(r"^# ([A-Z_]+)=", example, re.M)) - {"HOST", "PORT", "WORKERS"} - may_go_over_lines
    assert len(names) > 25
    for name in sorted(names):
        assert name in refusal(read, **{name: "a\nb"})


def test_every_empty_setting_is_as_none(read: Read) -> None:
    names = re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M)
    kept = ("ORIGIN", "DATABASES", "ALLOWED_HOSTS", "EMAIL_BACKEND", "TICK", "CHECKPOINT_DIR", "PROVIDER")
    empty, none = read(**{name: "" for name in names if name != "PORTAL_DATA"}), read()
    assert [empty[name] for name in kept] == [none[name] for name in kept]
    assert refusal(read, PORTAL_DATA=str(ROOT / "manage.py")).startswith("PORTAL_DATA")


FILE = {
    "A=v # note": "v",
    "A=v#w": "v#w",
    "A=#v": "#v",
    "A= # note": "",
    "A='$3cr3t # x'": "$3cr3t # x",
    "A='v' # note": "v",
    'A="a\\"b\\\\c\\$d\\n"': 'a"b\\c$d\\n',
    "export A=v": "v",
    "\ufeffA=v": "v",
    "A=v\r\n": "v",
    "# c\r\n\r\n  A = v  ": "v",
    "A=": "",
    "A=''": "",
    "A=a'b\"c": "a'b\"c",
    "A=a\\b": "a\\b",
    "A=${B}": "${B}",
    "A=x=y": "x=y",
    "A=a\u2028b": "a\u2028b",
}
NOT_A_FILE = ("A", "A: v", "A='v", 'A="v', "A='v'w", "A=1\nA=2", "A-B=v", "=v", "A='a\nb'", "1A=v", "A=\0")


def test_a_line_of_the_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    for text, value in FILE.items():
        path.write_bytes(text.encode())
        assert dotenv.read(path) == {"A": value}, text
    for text in NOT_A_FILE:
        path.write_bytes(text.encode())
        with pytest.raises(dotenv.WrongLine, match=r"^\.env[ ,]"):
            dotenv.read(path)
    path.write_bytes("A=ü".encode("latin-1"))
    with pytest.raises(dotenv.WrongLine, match="not UTF-8"):
        dotenv.read(path)
    with pytest.raises(dotenv.WrongLine, match="cannot be read"):
        dotenv.read(tmp_path)
    assert dotenv.read(tmp_path / "none") == {}


def test_the_example_can_be_uncommented_as_it_stands(read: Read, tmp_path: Path) -> None:
    """Every line of .env.example, but for what its placeholders stand for."""
    example = re.sub(r"^# ([A-Z_]+=)", r"\1", (ROOT / ".env.example").read_text(), flags=re.M)
    digits = iter(range(16, 256))
    example = re.sub(r"64-hex-digits", lambda _: f"{next(digits):02x}" * 32, example).replace(
        "at-least-fifty", LONG
    )
    roots = tmp_path / "roots.pem"
    roots.write_text("")
    values = dotenv.parse(example) | {
        "PORTAL_DATA": str(tmp_path), "PORTAL_FORWARD_FILE": str(tmp_path / "x"), "PORTAL_OIDC_CLIENT_SECRET": "x",
        "PORTAL_WITNESS_TSA_ROOTS": str(roots), "PORTAL_OIDC_ONLY": "true",
    }  # fmt: skip
    found = read(**values)
    assert (found["ORIGIN"], found["EMAIL_HOST"]) == ("https://keys.example.com", "mail.example.com")
