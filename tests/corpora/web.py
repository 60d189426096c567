"""A web server on loopback that can break."""

import hashlib
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler

from tests.loopback import listen


class Web:
    """A web server.

    Attributes:
        files: content by path.
        ranges: whether it answers a request for a range with one.
        breaks: how often it will break off a file, after half of what it was asked for.
        tags: whether it sends an ETag.
        asked: the Range header of each request, None where it had none.
        url: of the server, once it listens.
    """

    def __init__(self):
        self.files, self.ranges, self.breaks, self.tags, self.asked, self.url = {}, True, 0, True, [], ""
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
                breaks, web.breaks = web.breaks, max(web.breaks - 1, 0)
                self.send_response(206 if ranged else 200)
                self.send_header("Content-Length", str(len(body)))
                if content.startswith(b"<html"):
                    self.send_header("Content-Type", "text/html; charset=utf-8")
                if web.tags:
                    self.send_header("ETag", f'"{hashlib.md5(content).hexdigest()}"')
                self.end_headers()
                if breaks:
                    body = body[: len(body) // 2]
                    self.close_connection = True
                with suppress(BrokenPipeError, ConnectionResetError):  # the reader saw enough
                    self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.handler = Handler


@contextmanager
def serve_web():
    web = Web()
    with listen(web.handler) as server:
        web.url = f"http://127.0.0.1:{server.server_port}"
        yield web
