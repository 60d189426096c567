"""Stores on loopback: a web server that can break, moto's S3, and azurite."""

import hashlib
import os
import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

# azurite's own, in its documentation
AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


class Web:
    """A web server.

    Attributes:
        files: content by path.
        ranges: whether it answers a request for a range with one.
        breaks: how often it will break off a file, after half of what it was asked for.
        tags: whether it sends an ETag.
        asked: the Range header of each request, None where it had none.
    """

    def __init__(self):
        self.files, self.ranges, self.breaks, self.tags, self.asked = {}, True, 0, True, []
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                content = web.files.get(self.path.partition("?")[0])
                if content is None or content == b"refused":
                    self.send_error(404 if content is None else 403)
                    return
                asked = self.headers.get("Range")
                web.asked.append(asked)
                ranged = bool(asked and web.ranges)
                body = content[int(asked.removeprefix("bytes=").rstrip("-")) :] if ranged else content
                self.send_response(206 if ranged else 200)
                self.send_header("Content-Length", str(len(body)))
                if web.tags:
                    self.send_header("ETag", f'"{hashlib.md5(content).hexdigest()}"')
                self.end_headers()
                if web.breaks:
                    web.breaks -= 1
                    body = body[: len(body) // 2]
                    self.close_connection = True
                with suppress(BrokenPipeError, ConnectionResetError):  # the reader saw enough
                    self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@contextmanager
def serve_web():
    web = Web()
    thread = threading.Thread(target=web.server.serve_forever)
    thread.start()
    yield web
    web.server.shutdown()
    thread.join()


@contextmanager
def _serve(command, port):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, f"{command[0]} ended"
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def serve_s3():
    """moto's S3 server; gives the variables that an S3 client needs."""
    program = shutil.which("moto_server")
    if program is None:
        pytest.skip("moto_server is not on the PATH (.ci/run installs it)")
    port = free_port()
    with _serve([program, "-p", str(port)], port):
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_EC2_METADATA_DISABLED": "true",
        }


@contextmanager
def serve_azure(folder):
    """azurite's blob service; gives the variable that its clients need."""
    program = shutil.which("azurite-blob")
    if program is None:
        pytest.skip("azurite-blob is not on the PATH (.ci/run installs it)")
    port = free_port()
    options = ["--silent", "--blobPort", str(port), "--location", os.fspath(folder), "--skipApiVersionCheck"]
    with _serve([program, *options], port):
        endpoint = f"http://127.0.0.1:{port}/devstoreaccount1"
        account = f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={AZURITE_KEY}"
        yield {"AZURE_STORAGE_CONNECTION_STRING": f"{account};BlobEndpoint={endpoint};"}
