"""Does what a document says, block by block, as a reader who pastes it; and says where it does not hold."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.docs import answers
from tests.docs.markdown import Block, Command, blocks, commands
from tests.docs.portal import Portal
from tests.docs.shell import Said, Shell


class Reading:
    """One document, read from its beginning to its end at one terminal."""

    def __init__(self, portal: Portal) -> None:
        self.portal, self.fill_in = portal, dict[str, str]()
        portal.checkout.empty_etc()
        self.shell = Shell(portal.checkout)

    def sign_in_once(self) -> None:
        """Where a document takes `alter` for signed in and linked, as docs/cli.md has it."""
        if not (self.portal.checkout.root / "home/.config/alter/credentials.json").exists():
            self.shell.type(
                f"PATH=.venv/bin:$PATH alter auth login --base-url {self.portal.url} --scopes all"
            )
        if not (self.portal.checkout.folder / ".alter/config.json").exists():
            self.shell.type(
                """.venv/bin/alter link "$(.venv/bin/alter apps list --output json | jq -r '.[0].id')" """
            )

    def read(self, document: Path) -> Iterator[str]:
        """What is wrong with each block that is to be run."""
        try:
            for block in blocks(document):
                if block.not_run:
                    continue
                how = HOW.get(block.language)
                wrong = how(self, block) if how else ["it is neither run nor says why not"]
                yield from (f"{block.place}: {finding}" for finding in wrong)
        finally:
            self.shell.close()

    def commands(self, block: Block) -> Iterator[str]:
        """Each command ends as it says, and what is shown comes."""
        for command in commands(block):
            if re.search(r"(?:^|\s)make run\b", command.text):
                self.portal.serve(command.text)
                continue
            said = self.shell.type(self._filled(command.text))
            if command.text.partition(" # ")[0].rstrip().endswith("&"):
                self._wait_for_service()
            yield from (f"{command.text}\n  {wrong}\n  {said}" for wrong in _judged(command, said))

    def python(self, block: Block) -> Iterator[str]:
        """Statements answer what stands behind them."""
        yield from self.shell.paste(self._filled(block.text))

    def json(self, block: Block) -> Iterator[str]:
        """The command that the comment names answers so."""
        kind, _, command = block.mark.partition(": ")
        if kind != "answers":
            yield "no comment says what answers so"
            return
        said = self.shell.type(self._filled(command))
        yield from answers.differs(json.loads(block.text), json.loads(said.out))

    def nginx(self, block: Block) -> Iterator[str]:
        """nginx takes it, inside the server it would stand in."""
        place = self.portal.checkout.root / "etc/nginx/conf.d/shown.conf"
        text = block.text if "server {" in block.text else f"server {{ listen 127.0.0.1:8080; {block.text} }}"
        place.write_text(self.portal.checkout.localized(text).replace("listen 443", "listen 127.0.0.1:8080"))
        for secret in re.findall(r"include (/etc/\S+);", block.text):
            (self.portal.checkout.root / secret[1:]).touch()
        for name in re.findall(r"ssl_certificate_key (/etc/\S+)\.key;", block.text):
            key = str(self.portal.checkout.root / name[1:])
            self.shell.type(
                f"openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout {key}.key -out {key}.pem"
            )
        said = self.shell.type("nginx -t")
        place.unlink()
        yield from [said.err] if said.code else []

    def sql(self, block: Block) -> Iterator[str]:
        """The database of a newcomer takes it."""
        said = self.shell.type(f"sqlite3 -bail var/portal.sqlite3 <<'SQL'\n{block.text}SQL")
        yield from [said.err] if said.code else []

    def unit(self, block: Block) -> Iterator[str]:
        """A unit of systemd's can be read, and what it starts is there."""
        unit = configparser.ConfigParser(strict=False, interpolation=None)
        unit.read_string(block.text)
        for script in re.findall(r"/opt/alter-portal/(\S+\.py)", block.text):
            if not (self.portal.checkout.folder / script).exists():
                yield f"there is no {script}"

    def settings(self, block: Block) -> Iterator[str]:
        """The portal starts with them."""
        settings = shlex.join(self._filled(block.text).splitlines())
        said = self.shell.type(f"env {settings} .venv/bin/python manage.py check")
        yield from [said.err] if said.code else []

    def _filled(self, text: str) -> str:
        """With what the reader has at hand in the place of an ellipsis."""
        for blank, value in self.fill_in.items():
            text = text.replace(blank, value)
        return self.portal.checkout.localized(text)

    def _wait_for_service(self) -> None:
        ends = time.monotonic() + 20
        with socket.socket() as probe:
            while probe.connect_ex(("127.0.0.1", self.portal.checkout.ports["9000"])):
                assert time.monotonic() < ends, "nothing listens on port 9000"
                time.sleep(0.05)


def _judged(command: Command, said: Said) -> Iterator[str]:
    """What is otherwise than the document says."""
    status = re.match(r"(\d{3})\b(?: (\w+_\w+))?", command.note)
    code = re.match(r"exit code (\d+)", command.note)
    if said.code != (int(code[1]) if code else 0):
        yield f"exit code {said.code}"
    if said.status and not status and not command.shown and not 200 <= said.status < 300:
        yield f"is answered by {said.status}"
    if status and said.status != int(status[1]):
        yield f"is answered by {said.status}"
    if status and status[2] and status[2] not in said.out:
        yield f"does not say {status[2]}"
    yield from answers.differences(command.shown, said.out + said.err) if command.shown else []


HOW: dict[str, Callable[[Reading, Block], Iterator[str]]] = {
    "sh": Reading.commands,
    "console": Reading.commands,
    "python": Reading.python,
    "json": Reading.json,
    "nginx": Reading.nginx,
    "ini": Reading.unit,
    "sql": Reading.sql,
    "dotenv": Reading.settings,
}
"""What is done with a block in each language that blocks may be in, unless it says why it is not run."""
