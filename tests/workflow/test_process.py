"""What a step's process leaves in its run."""

import os
import socket
import time

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED, UNAUTHENTICATED

from sentiment.errors import UserError, describe_error, has_credentials, hide_credentials
from sentiment.workflow.command_line import parse
from sentiment.workflow.process import check_tracking_file, check_tracking_server, open_run, run_entry_point
from sentiment.workflow.stopping import Stop


@pytest.mark.parametrize(
    "text, shown",
    [
        ("http://ada:s3cret@host:5000/api", "http://host:5000/api"),
        ("https://token@host/repo.git failed", "https://host/repo.git failed"),
        ("postgresql://ada:s@cret@host/db and http://b:c@d", "postgresql://host/db and http://d"),
        ("postgresql://ada:s/cr#et@host/db at http://h:80/a@b", "postgresql://host/db at http://h:80/a@b"),
        ("mail ada@example.org, see http://host/@ada", "mail ada@example.org, see http://host/@ada"),
        ("sqlite:////home/ada/mlflow.db", "sqlite:////home/ada/mlflow.db"),
        ("https://h/a.csv?X-Amz-Signature=s3cret&part=1", "https://h/a.csv?X-Amz-Signature=…&part=1"),
        ("https://h/a.csv?auth=s3cret&jwt=s3cret;x", "https://h/a.csv?auth=…&jwt=…;x"),
        ("postgresql://ada:it's a s3cret@host/db is gone", "postgresql://host/db is gone"),
        ("https://h/a.csv#access_token=s3cret", "https://h/a.csv#access_token=…"),
        (f"hf_{'s3cret' * 6} is refused", "… is refused"),
        ("abfs://reviews@ada.dfs.core.windows.net/a.csv", "abfs://reviews@ada.dfs.core.windows.net/a.csv"),
        ("abfs://reviews:s3cret@ada.dfs.core.windows.net/a.csv", "abfs://ada.dfs.core.windows.net/a.csv"),
    ],
)
def test_credentials_of_urls_are_hidden(text, shown):
    assert hide_credentials(text) == shown == str(UserError(text))
    assert describe_error(OSError(text)) == f"OSError: {shown}"


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_without_an_entry_point_lists_all_of_them(capsys, option):
    run_entry_point(option, [], Stop(option))
    printed = capsys.readouterr().out
    assert "\ncompare " in printed and "\nmonitor    Compare " in printed and "ENTRY_POINT --help" in printed


@pytest.mark.parametrize(
    "given",
    [
        "--corpus=https://ada:s3cret@host/a.csv",
        "--corpus=https://s3cret@host/a.csv",
        "--corpus=https://host/a.csv?sv=2025&sig=s3cret",
        "--corpus=s3://s3cret@bucket/a.csv",
        "--corpus=gs://s3cret@bucket/a.csv",
        "--corpus=delta+s3://s3cret@bucket/reviews",
        "--corpus=hf://s3cret@datasets/ada/reviews",
        "--corpus=abfs://reviews:s3cret@ada.dfs.core.windows.net/a.csv",
        "--corpus=postgresql://ada:s3cret@host/shop",
        "--corpus=postgresql://ada:/s3cret@host/shop",
        "--corpus=postgresql://ada:it's s3cret@host/shop",
        "--corpus=https://host/a.csv?key=AIzaSys3cret0123456789012345",
        "--corpus=https://host/a.csv?subscription-key=s3cret",
        "--corpus=snowflake://account/shop?private_key_file_pwd=s3cret",
        "--corpus=https://host/a.csv?user=ada&pass=s3cret",
        "--corpus=https://host/a.csv?pw=s3cret",
        "--corpus=https://host/a.csv?x-authkey=s3cret",
        "--corpus=https://host/a.csv?private_key=s3cret",
        "--corpus=https://host/a.csv#access_token=s3cret",
        "--corpus=https://host/a.csv?api%5Fkey=s3cret",
        f"--corpus=ghp_{'s3cret' * 6}",
        f"--corpus=https://host/glpat-{'s3cret' * 4}/a.csv",
    ],
)
def test_credentials_in_a_parameter_are_refused_and_logged_nowhere(tracked, monkeypatch, capsys, given):
    with pytest.raises(SystemExit):
        run_entry_point("ingest", [given], Stop("ingest"))
    run = tracked.search_runs(["0"])[0]
    line = capsys.readouterr().err
    assert "holds a password, a token or a signature, and parameters are logged" in line
    assert run.info.status == "FAILED" and run.data.params == {} and f"error: {run.data.tags['error']}\n" in line
    assert "s3cret" not in f"{run.to_dictionary()}{line}"


@pytest.mark.parametrize(
    "text",
    [
        "https://wiki.corp:8443 checked by ann@corp.com",
        "https://host/a.csv?sort-key=name&key=movie_reviews_polarity_v2.csv",
        "https://host/a.csv?bypass=1&compass=north&sort_key=name#section=2",
        "hf_reviews and AKIA",
        "https://host:8080/path@v2",
        "select text from a where mail = 'x: y@z'",
    ],
)
def test_what_lets_nobody_in_is_no_credential(text):
    assert not has_credentials(text) and hide_credentials(text) == text


@pytest.mark.parametrize("text", ["a." * 20_000, "a://b:c" * 10_000, "?a" * 20_000, "a://" + ":" * 20_000])
def test_long_texts_are_searched_for_credentials_in_no_time(text):
    started = time.process_time()
    assert hide_credentials(text) == text
    assert time.process_time() - started < 5


def test_credentials_that_mlflow_run_has_logged_are_told_with_what_to_do(tracked, monkeypatch, capsys):
    run_id = tracked.create_run("0").info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", run_id)
    with pytest.raises(SystemExit):
        run_entry_point("ingest", ["--corpus=https://ada:s3cret@host/a.csv"], Stop("ingest"))
    line = capsys.readouterr().err
    assert f"`mlflow gc --run-ids {run_id}`" in line and "change the password" in line and "s3cret" not in line


def test_parameters_are_logged_in_a_run_of_the_user_and_those_that_it_has_stay(tracked, monkeypatch):
    run_id = tracked.create_run("0").info.run_id
    tracked.log_param(run_id, "family", "of mine")
    monkeypatch.setenv("MLFLOW_RUN_ID", run_id)
    monkeypatch.chdir("/")  # else the parent process would be taken for mlflow run
    with pytest.raises(SystemExit):  # there is no featurize run
        run_entry_point("train", ["--C=0.7", "--epochs=3"], Stop("train"))
    params = tracked.get_run(run_id).data.params
    assert (params["C"], params["epochs"], params["family"]) == ("0.7", "3", "of mine")


def test_a_user_or_a_container_is_no_secret():
    delta = "delta+abfss://reviews@ada.dfs.core.windows.net/reviews"
    abfs = "abfs://reviews@ada.dfs.core.windows.net/a.csv"
    for given in ("postgresql://ada@host/shop", abfs, delta, "https://host/a?b=c"):
        assert parse("ingest", [f"--corpus={given}"]).corpus == given


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


def test_a_store_that_cannot_be_written_is_told_at_once(tmp_path, monkeypatch, capsys):
    (tmp_path / "a file").touch()
    for place in (tmp_path / "a file" / "mlflow.db", tmp_path):
        monkeypatch.setattr("mlflow.get_tracking_uri", lambda place=place: f"sqlite:///{place}")
        with pytest.raises(SystemExit):
            run_entry_point("ingest", [], Stop("ingest"))
        line = capsys.readouterr().err
        assert line.startswith(f"error: {place} cannot be written") and line.count("\n") == 1
        assert "set MLFLOW_TRACKING_URI" in line


def test_a_store_is_made_in_a_folder_that_can_be_written_and_in_no_other(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kept.db").touch()
    for uri in ("sqlite:///mlflow.db", "sqlite:///kept.db", f"sqlite:///{tmp_path}/new/er/mlflow.db"):
        with monkeypatch.context() as as_others:
            check_tracking_file(uri)
            as_others.setattr("os.access", lambda *_: False)  # root may write everywhere
            with pytest.raises(UserError, match="cannot be written"):
                check_tracking_file(uri)
            for elsewhere in ("sqlite://", "sqlite:///:memory:", "postgresql://host/runs", "file:///mlruns"):
                check_tracking_file(elsewhere)


@pytest.mark.parametrize(
    "raised, expected",
    [
        (MlflowException("API request to http://h failed with exception: refused"), "the tracking server stopped"),
        (MlflowException("API request to endpoint /x failed with 403", PERMISSION_DENIED), "refuses this user"),
        (MlflowException("API request to endpoint /x failed with 401", UNAUTHENTICATED), "MLFLOW_TRACKING_USERNAME"),
        (ModuleNotFoundError("No module named 'boto3'"), "No module named 'boto3'; PostgreSQL and S3 need"),
        (ModuleNotFoundError("No module named 'py3langid'"), "than this checkout: pip install -r requirements.txt"),
        (
            PermissionError(13, "Permission denied", "/store/1"),
            "PermissionError: [Errno 13] Permission denied: '/store/1'",
        ),
    ],
)
def test_what_goes_wrong_with_a_store_is_one_line_in_the_run_and_on_the_console(raised, expected, tracked):
    with pytest.raises(UserError) as caught, open_run("ingest", Stop("ingest")):
        raise raised
    (run,) = tracked.search_runs(["0"])
    assert expected in str(caught.value) == run.data.tags["error"] and run.info.status == "FAILED"


def test_a_failed_step_waits_for_minutes_only_once(tracked, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "5")
    with pytest.raises(UserError), open_run("ingest", Stop("ingest")):
        raise MlflowException("API request to http://h failed with exception: refused")
    assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "1"


def test_an_experiment_that_cannot_be_used_is_one_line(tracked, monkeypatch):
    gone = tracked.create_experiment("gone")
    tracked.delete_experiment(gone)
    tracked.create_experiment("other")
    for name, experiment_id, expected in (
        (
            "gone",
            None,
            f"experiment {gone} was deleted: restore it with `mlflow experiments restore --experiment-id {gone}`",
        ),
        ("other", "0", "`0` does not match .*: correct MLFLOW_EXPERIMENT_ID, or unset it"),
        (None, "77", "`77` does not exist .*: correct MLFLOW_EXPERIMENT_ID, or unset it"),
    ):
        for variable, value in (("MLFLOW_EXPERIMENT_NAME", name), ("MLFLOW_EXPERIMENT_ID", experiment_id)):
            monkeypatch.delenv(variable, raising=False)
            if value:
                monkeypatch.setenv(variable, value)
        monkeypatch.setattr("mlflow.tracking.fluent._active_experiment_id", None)
        with pytest.raises(UserError, match=expected), open_run("ingest", Stop("ingest")):
            pass
