"""Run a command whenever a model has a new champion: ``python receive.py MODEL PORT COMMAND …``.

It listens on the loopback address, behind a proxy with TLS. WEBHOOK_SECRET is that of the webhook, which the command
does not get. Nothing of a request becomes part of the command: a deployment reads from the registry which version is
champion. An event only says that it is time to look, since events may be late, in another order, or sent twice.
"""

import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODEL, PORT, *COMMAND = sys.argv[1:]
SECRET = os.environ.pop("WEBHOOK_SECRET", "").encode()
AGE = 300  # seconds after which a request is no longer taken, so that nobody can send a recorded one again
promoted = threading.Event()  # since the last start of the command


class Receiver(BaseHTTPRequestHandler):
    timeout = 10  # seconds to wait for the rest of a request

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        body = self.rfile.read(min(int(length), 100_000)) if length.isdecimal() else b""
        names = "Delivery-Id", "Timestamp", "Signature"
        delivery, sent, signature = (self.headers.get(f"X-MLflow-{name}", "") for name in names)
        signed = hmac.new(SECRET, f"{delivery}.{sent}.".encode() + body, hashlib.sha256).digest()
        genuine = hmac.compare_digest(signature.encode(), b"v1," + base64.b64encode(signed))
        status = self.take(body, sent) if genuine else 401
        self.send_response(status)  # at once: MLflow sends it again if it has to wait
        self.end_headers()

    def take(self, body: bytes, sent: str) -> int:
        """The status of an event that MLflow has signed."""
        try:
            age, event = time.time() - int(sent), json.loads(body)
            alias = event["entity"] == "model_version_alias" and (event["data"]["name"], event["data"]["alias"])
        except (ValueError, KeyError, TypeError) as error:
            print(f"warning: refused an event that is not as expected: {error!r}", file=sys.stderr, flush=True)
            return 400
        if abs(age) >= AGE:
            late = f"{age:.0f} seconds old, expected less than {AGE}"
            print(f"warning: refused an event that is {late}: compare the clocks", file=sys.stderr, flush=True)
            return 401
        if alias == (MODEL, "champion"):
            promoted.set()
        return 202


def run_commands() -> None:
    """One after the other; promotions during a command start it once more."""
    while promoted.wait():
        promoted.clear()
        try:
            subprocess.run(COMMAND)
        except OSError as error:
            line = f"error: the command cannot be started, the next promotion tries again: {error}"
            print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    if len(SECRET) < 32:
        sys.exit("error: WEBHOOK_SECRET is missing or shorter than 32 characters: make one with `openssl rand -hex 32`")
    threading.Thread(target=run_commands, daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", int(PORT)), Receiver).serve_forever()
