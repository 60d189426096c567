"""Run a command whenever a model has a new champion: ``python receive.py MODEL PORT COMMAND …``.

It listens on the loopback address, behind a proxy with TLS. WEBHOOK_SECRET is that of the webhook. Nothing of a request
becomes part of the command: a deployment reads from the registry which version is champion. An event only says that it
is time to look, since events may be late, in another order, or sent twice.
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
SECRET = os.environ["WEBHOOK_SECRET"].encode()
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
        fresh = genuine and abs(time.time() - int(sent)) < AGE
        if fresh:
            event = json.loads(body)
            data = event["data"]
            if event["entity"] == "model_version_alias" and (data["name"], data["alias"]) == (MODEL, "champion"):
                promoted.set()
        elif genuine:
            late = f"{time.time() - int(sent):.0f} seconds old, expected less than {AGE}"
            print(f"warning: refused an event that is {late}: compare the clocks", file=sys.stderr, flush=True)
        self.send_response(202 if fresh else 401)  # at once: MLflow sends it again if it has to wait
        self.end_headers()


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
    threading.Thread(target=run_commands, daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", int(PORT)), Receiver).serve_forever()
