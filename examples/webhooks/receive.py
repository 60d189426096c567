"""Run a command whenever a model has a new champion: ``python receive.py MODEL PORT COMMAND …``.

It listens on the loopback address, behind a proxy with TLS. WEBHOOK_SECRET is that of the webhook. Nothing of a request
becomes part of the command: a deployment reads from the registry which version is champion.
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
from queue import SimpleQueue

MODEL, PORT, *COMMAND = sys.argv[1:]
SECRET = os.environ["WEBHOOK_SECRET"].encode()
AGE = 300  # seconds after which a request is no longer taken, so that nobody can send a recorded one again
promoted: SimpleQueue[str] = SimpleQueue()  # versions


class Receiver(BaseHTTPRequestHandler):
    timeout = 10  # seconds to wait for the rest of a request

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        body = self.rfile.read(min(int(length), 100_000)) if length.isdecimal() else b""
        names = "Delivery-Id", "Timestamp", "Signature"
        delivery, sent, signature = (self.headers.get(f"X-MLflow-{name}", "") for name in names)
        signed = hmac.new(SECRET, f"{delivery}.{sent}.".encode() + body, hashlib.sha256).digest()
        genuine = hmac.compare_digest(signature.encode(), b"v1," + base64.b64encode(signed))
        if genuine and abs(time.time() - int(sent)) < AGE:
            event = json.loads(body)
            data = event["data"]
            if event["entity"] == "model_version_alias" and (data["name"], data["alias"]) == (MODEL, "champion"):
                promoted.put(data["version"])
        self.send_response(202 if genuine else 401)  # at once: MLflow sends it again if it has to wait
        self.end_headers()


def run_commands() -> None:
    """One after the other; MLflow may tell of a promotion more than once."""
    deployed = None
    while True:
        if (version := promoted.get()) != deployed:
            deployed = version if subprocess.run(COMMAND).returncode == 0 else None


if __name__ == "__main__":
    threading.Thread(target=run_commands, daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", int(PORT)), Receiver).serve_forever()
