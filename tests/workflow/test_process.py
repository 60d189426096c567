"""What a step's process leaves in its run."""

import socket

import pytest

from sentiment.errors import UserError, hide_credentials
from sentiment.workflow.process import check_tracking_server, open_run
from sentiment.workflow.stopping import Stop


@pytest.mark.parametrize(
    "text, shown",
    [
        ("http://ada:s3cret@host:5000/api", "http://host:5000/api"),
        ("https://token@host/repo.git failed", "https://host/repo.git failed"),
        ("postgresql://ada:s@cret@host/db and http://b:c@d", "postgresql://host/db and http://d"),
        ("mail ada@example.org, see http://host/@ada", "mail ada@example.org, see http://host/@ada"),
        ("sqlite:////home/ada/mlflow.db", "sqlite:////home/ada/mlflow.db"),
    ],
)
def test_credentials_of_urls_are_hidden(text, shown):
    assert hide_credentials(text) == shown == str(UserError(text))


def test_a_run_keeps_no_credentials_of_its_source_and_its_error(tracked, monkeypatch):
    tags = {"mlflow.source.name": "https://t0ken@host/repo.git#sub", "mlflow.gitRepoURL": "https://t0ken@host/repo.git"}
    run = tracked.create_run("0", tags=tags)
    monkeypatch.setenv("MLFLOW_RUN_ID", run.info.run_id)
    with pytest.raises(ValueError), open_run("ingest", Stop("ingest")):
        raise ValueError("no answer from http://ada:s3cret@host:5000")
    left = tracked.get_run(run.info.run_id).data.tags
    assert not any("t0ken" in value or "s3cret" in value for value in left.values())
    assert left["mlflow.source.name"] == "https://host/repo.git#sub"
    assert left["error"] == "no answer from http://host:5000"


def test_a_tracking_server_behind_a_proxy_is_looked_for_at_the_proxy(monkeypatch):
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        address = f"127.0.0.1:{proxy.getsockname()[1]}"
        monkeypatch.setenv("http_proxy", address)
        check_tracking_server("http://known.to.the.proxy.alone:5000")
    with pytest.raises(UserError, match=f"alone:5000 does not answer through the proxy {address}"):
        check_tracking_server("http://known.to.the.proxy.alone:5000")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(UserError, match="127.0.0.1:1 does not answer [(]"):
        check_tracking_server("http://127.0.0.1:1")
