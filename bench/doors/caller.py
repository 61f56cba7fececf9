"""A caller that keeps what it was told: one connection, one call after the other, without a library in between."""

import socket


class Broken(Exception):
    """The connection ended before the whole answer was there: what became of the call is not known."""


class Caller:
    """One connection to a server on this machine, opened again when it breaks."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self._left = b""

    def ask(self, key: str, request_id: str) -> int:
        """The status of the answer to a call. Raises Broken."""
        head = (
            f"GET /verify HTTP/1.1\r\nhost: bench\r\nx-api-key: {key}\r\nx-request-id: {request_id}\r\n\r\n"
        )
        try:
            if self._socket is None:
                self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=40)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.sendall(head.encode())
            return self._answer(self._socket)
        except OSError as error:
            self.close()
            raise Broken from error
        except Broken:
            self.close()
            raise

    def close(self) -> None:
        """Hang up."""
        if self._socket:
            self._socket.close()
        self._socket, self._left = None, b""

    def _answer(self, connection: socket.socket) -> int:
        told = self._left
        while b"\r\n\r\n" not in told:
            told += self._more(connection)
        head, _, body = told.partition(b"\r\n\r\n")
        length = _length(head)
        while len(body) < length:
            body += self._more(connection)
        self._left = body[length:]
        return int(head[9:12])

    def _more(self, connection: socket.socket) -> bytes:
        part = connection.recv(65536)
        if not part:
            raise Broken
        return part


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    raise Broken
