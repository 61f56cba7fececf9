"""An OpenID Connect provider on this machine: it vouches for whomever a test names, or answers what a test says."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

CLIENT = "alter-portal"
SECRET = "hush, hush, hush, hush, hush, hush"


class IdentityProvider:
    """Discovery, keys, token and userinfo. `claims` is what it says of the person; `lies` changes its id token."""

    nonce = ""
    """What the browser that comes next was sent with."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.claims: dict[str, Any] = {}
        self.lies: dict[str, Any] = {}
        self.instead: dict[str, tuple[int, bytes] | None] = {}
        """What is answered at a path in place of the right thing; None: a byte now and then, without end."""
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._say(provider.answer(urlsplit(self.path).path))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self._say(provider.token(parse_qs(body)))

            def _say(self, told: dict[str, Any]) -> None:
                status, body = 200, json.dumps(told).encode()
                if (path := urlsplit(self.path).path) in provider.instead:
                    instead = provider.instead[path]
                    if instead is None:
                        self._trickle()
                        return
                    status, body = instead
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def _trickle(self) -> None:
                try:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                    for letter in b"X-Slow: " + b"y" * 100:
                        self.wfile.write(bytes([letter]))
                        time.sleep(0.05)
                except OSError:
                    pass

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str) -> dict[str, Any]:
        """What it says at an address."""
        if path.endswith("openid-configuration"):
            return {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "jwks_uri": f"{self.issuer}/jwks",
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
            }
        if path == "/jwks":
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
            return {"keys": [public | {"kid": "one", "alg": "RS256", "use": "sig"}]}
        return self.claims

    def signed(self, told: dict[str, Any]) -> str:
        """An id token that says this."""
        return jwt.encode(told, self.key, "RS256", headers={"kid": "one"})

    def token(self, asked: dict[str, list[str]]) -> dict[str, Any]:
        """An id token of `claims`."""
        told = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": int(time.time()),
            "exp": int(time.time()) + 300,
            "nonce": self.nonce,
            **self.claims,
            **self.lies,
        }
        signed = self.signed(told)
        return {"access_token": "a token", "token_type": "Bearer", "id_token": signed, "expires_in": 300}


def sign_in(client: Client, state: str = "", there: str = "/account/oidc/sso/login/?process=login") -> Any:
    """Go to the provider and come back with its word."""
    sent = parse_qs(urlsplit(client.post(there)["Location"]).query)
    IdentityProvider.nonce = sent["nonce"][0]
    told = {"code": "a code", "state": state or sent["state"][0]}
    return client.get("/account/oidc/sso/login/callback/", told)
