"""``-e serve`` waits for its server, past any proxy, and not for ever."""

import http.server
import threading
from types import SimpleNamespace

import pytest

from sentiment.errors import UserError
from steps import serve


@pytest.fixture
def process():
    """A server's process that lives until it is told to end."""
    state = SimpleNamespace(ended=False, poll=lambda: None)
    state.terminate = lambda: setattr(state, "ended", True)
    return state


def test_the_ping_goes_past_a_proxy_that_the_environment_names(process, monkeypatch):
    monkeypatch.setattr(serve, "START_TIMEOUT", 2.0)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)

    class Ping(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Ping) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()  # shutdown waits so long
        serve.wait_until_ready(process, f"http://127.0.0.1:{server.server_port}", lambda: None)
        server.shutdown()
    assert not process.ended


def test_a_server_that_never_answers_is_ended(process, monkeypatch):
    monkeypatch.setattr(serve, "START_TIMEOUT", 0.3)
    with pytest.raises(UserError, match="has not answered in 0 s"):
        serve.wait_until_ready(process, "http://127.0.0.1:1", lambda: None)
    assert process.ended
