"""A time-stamp server (RFC 3161) on this machine, with certificates of its own, made by the openssl program."""

import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

CONFIG = """
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[stamps]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


class Tsa:
    """Answers each query; `roots` is the file of certificates to trust."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.answers = folder, 0
        self.status = 200
        folder.mkdir(exist_ok=True)
        (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
        (folder / "serial").write_text("01\n")
        self._certify()
        self.roots = str(folder / "root.pem")
        self.server = HTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}/tsr"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Close the port."""
        self.server.shutdown()
        self.server.server_close()

    def _certify(self) -> None:
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        self._openssl(
            "req", "-x509", *key, "-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=root", "-days", "9",
            "-config", "tsa.cnf", "-extensions", "root",
        )  # fmt: skip
        self._openssl("req", *key, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=stamps")
        self._openssl(
            "x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-out", "tsa.pem",
            "-days", "9", "-extfile", "tsa.cnf", "-extensions", "stamps", "-set_serial", "2",
        )  # fmt: skip

    def reply(self, query: bytes) -> bytes:
        """A time-stamp response."""
        (self.folder / "query").write_bytes(query)
        self._openssl("ts", "-reply", "-queryfile", "query", "-config", "tsa.cnf", "-out", "answer")
        return (self.folder / "answer").read_bytes()

    def _openssl(self, *words: str) -> None:
        program = shutil.which("openssl")
        assert program, "apt-get install openssl"
        done = subprocess.run(
            [program, *words], cwd=self.folder, capture_output=True, timeout=30, check=False
        )
        assert done.returncode == 0, done.stderr.decode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        mine = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                query = self.rfile.read(int(self.headers["Content-Length"]))
                mine.answers += 1
                self.send_response(mine.status)
                self.end_headers()
                self.wfile.write(mine.reply(query) if mine.status == 200 else b"")

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        return Handler
