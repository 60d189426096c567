"""What a step's process leaves in its run."""

import pytest

from sentiment.errors import UserError, hide_credentials
from sentiment.workflow.process import open_run
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
