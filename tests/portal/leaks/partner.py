"""A secret-scanning partner on this machine: it publishes keys, signs what it has found, and sends it."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurve, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client

HOST = "127.0.0.1"


class Signer:
    """A key to sign with, under the name it is published by."""

    def __init__(self, name: str = "first", curve: EllipticCurve | None = None) -> None:
        self.name = name
        self._key = generate_private_key(curve or SECP256R1())

    @property
    def published(self) -> dict[str, Any]:
        """As GitHub's list has it."""
        pem = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return {"key_identifier": self.name, "key": pem.decode(), "is_current": True}

    def sign(self, body: bytes) -> str:
        """The signature as it is sent."""
        return base64.b64encode(self._key.sign(body, ECDSA(SHA256()))).decode()


class Partner:
    """Publishes the keys of its `signers`, and counts how often they are read."""

    def __init__(self) -> None:
        self.signer = Signer()
        self.signers = [self.signer]
        self.status, self.reads = 200, 0
        self.server = ThreadingHTTPServer((HOST, 0), self._handler())
        self.url = f"http://{HOST}:{self.server.server_port}/meta/public_keys"

    def send(self, *found: Any, by: Signer | None = None, body: bytes = b"", **headers: str) -> Any:
        """The portal's answer to a message that tells of `found`; `body` is sent in place of what was signed."""
        signed = json.dumps(
            [{"type": "alter_api_key", "url": "", "source": "content"} | one for one in found]
        )
        signer = by or self.signer
        told = {
            "Github-Public-Key-Identifier": signer.name,
            "Github-Public-Key-Signature": signer.sign(signed.encode()),
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        return post(body or signed.encode(), told)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        mine = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                mine.reads += 1
                body = json.dumps({"public_keys": [signer.published for signer in mine.signers]}).encode()
                self.send_response(mine.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *words: Any) -> None: ...

        return Handler

    def __enter__(self) -> "Partner":
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def post(body: bytes, headers: dict[str, str]) -> Any:
    """The portal's answer to `body`, as a program sends it."""
    return Client().post("/leaks/scanner", body, content_type="application/json", headers=headers)
