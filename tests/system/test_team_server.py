"""What a team shares: PostgreSQL, an S3-compatible store, users with permissions, and a backup of all of it."""

import os
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.server import get_app_client

from sentiment.registry import promotions
from sentiment.registry.trail import drop_void
from tests.system.databases import postgresql, postgresql_programs
from tests.system.processes import (
    FAST_SEARCH,
    NAIVE_BAYES,
    object_store,
    run_step,
    run_steps,
    start_server,
)

KEYS = {"AWS_ACCESS_KEY_ID": "team", "AWS_SECRET_ACCESS_KEY": "s3cret", "AWS_DEFAULT_REGION": "us-east-1"}
CHAIN = (["ingest", "--corpus=reviews.csv"], ["featurize"], FAST_SEARCH, ["compare"], ["register"])


@dataclass(frozen=True)
class Team:
    """Where the stack is.

    Args:
        database: URL of the server's database; that of its users is beside it.
        store: URL of the S3-compatible store.
        folder: of the server's configuration.
        url: of the tracking server.
    """

    database: str
    store: str
    folder: object
    url: str

    def as_user(self, name):
        """The environment of a user who has no access to the database and the store."""
        return {
            "MLFLOW_TRACKING_URI": self.url,
            "MLFLOW_TRACKING_USERNAME": name,
            "MLFLOW_TRACKING_PASSWORD": f"{name}-password",
            "MLFLOW_EXPERIMENT_NAME": "reviews",
        }

    def direct(self):
        return KEYS | {"MLFLOW_S3_ENDPOINT_URL": self.store}

    def bucket(self, name):
        import boto3

        return boto3.resource(
            "s3", endpoint_url=self.store, aws_access_key_id="team", aws_secret_access_key="s3cret"
        ).Bucket(name)


@contextmanager
def logged_in(team, name):
    """This process as a user of the server."""
    with pytest.MonkeyPatch.context() as patch:
        for key, value in team.as_user(name).items():
            patch.setenv(key, value)
        before = mlflow.get_tracking_uri()
        mlflow.set_tracking_uri(team.url)
        try:
            yield MlflowClient()
        finally:
            mlflow.set_tracking_uri(before)


def create_database(url, name):
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed: requirements-team.txt")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")


@contextmanager
def team_server(folder, database, users, store, bucket):
    """The URL of a tracking server as docs/how-to/tracking-server.md starts it."""
    configuration = {
        "database_uri": users,
        "admin_username": "admin",
        "default_permission": "READ",
        "auth_cache_ttl_seconds": 60,
    }
    lines = ["[mlflow]", *(f"{name} = {value}" for name, value in configuration.items())]
    (folder / "auth.ini").write_text("\n".join(lines))
    settings = KEYS | {
        "MLFLOW_S3_ENDPOINT_URL": store,
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
        "MLFLOW_AUTH_ADMIN_PASSWORD": "admin-password",
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "s3cret of the server",
    }
    options = [
        "--app-name",
        "basic-auth",
        "--backend-store-uri",
        database,
        "--artifacts-destination",
        f"s3://{bucket}/a",
    ]
    with start_server(folder, options, **settings) as url:
        yield url


@pytest.fixture(scope="module")
def team(tmp_path_factory):
    """The stack, with the users ada and bob, and the experiment ``reviews``, which ada has created."""
    with ExitStack() as stack:
        database = stack.enter_context(postgresql()).replace("ada@", "ada:secret@")
        store = stack.enter_context(object_store())
        folder = tmp_path_factory.mktemp("server")
        create_database(database, "users")
        users = database.replace("/postgres", "/users")
        started = Team(database, store, folder, "")
        started.bucket("mlflow").create()
        url = stack.enter_context(team_server(folder, database, users, store, "mlflow"))
        started = Team(database, store, folder, url)
        with logged_in(started, "admin"):
            client = get_app_client("basic-auth", tracking_uri=url)
            for name in ("ada", "bob"):
                client.create_user(name, f"{name}-password")
        yield started


@pytest.fixture(scope="module")
def folders(team, tmp_path_factory):
    """The folders of ada and bob, with the same corpus; the chain has run in ada's."""
    words = {"good": "positive", "bad": "negative"}
    rows = [f"{word} film number {number},{label}" for number in range(60) for word, label in words.items()]
    found = {}
    for name in ("ada", "bob"):
        found[name] = tmp_path_factory.mktemp(name)
        (found[name] / "reviews.csv").write_text("\n".join(["text,label", *rows]) + "\n")
        (found[name] / "space.yaml").write_text(NAIVE_BAYES)
    printed = run_steps(found["ada"], *CHAIN, **team.as_user("ada"))
    assert "sentiment version 1 (simple) is champion" in printed
    return found


def grant(team, kind, name, permission):
    with logged_in(team, "admin"):
        client = get_app_client("basic-auth", tracking_uri=team.url)
        client.grant_user_permission("bob", kind, name, permission)


def test_artifacts_go_through_the_server_or_directly_to_the_store(team, folders, tmp_path):
    keys = [item.key for item in team.bucket("mlflow").objects.all()]
    assert any(key.endswith("dataset/train.parquet") for key in keys) and all(key.startswith("a/") for key in keys)
    with logged_in(team, "ada") as client:
        client.create_experiment("direct", artifact_location="s3://mlflow/direct")
    direct = team.as_user("ada") | {"MLFLOW_EXPERIMENT_NAME": "direct"}
    ingest = ["ingest", f"--corpus={folders['ada'] / 'reviews.csv'}"]
    run_steps(tmp_path, ingest, ["featurize"], **direct | team.direct())
    keys = [item.key for item in team.bucket("mlflow").objects.filter(Prefix="direct/")]
    assert any(key.endswith("dataset/train.parquet") for key in keys)
    nothing = {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_CONFIG_FILE": os.devnull,
    }
    refused = run_step(*ingest, cwd=tmp_path, **direct | nothing)
    assert refused.returncode == 1 and refused.stderr.count("\n") == 1
    assert refused.stderr.startswith("error: a file or store cannot be used, NoCredentialsError")


def test_a_user_without_permission_gets_one_line_with_it_reuses_what_is_there_and_restores_a_backup(
    team, folders, tmp_path
):
    ada, bob = folders["ada"], folders["bob"]
    refused = run_step(*CHAIN[0], cwd=bob, **team.as_user("bob"))
    assert refused.returncode == 1 and refused.stderr.count("\n") == 1
    assert refused.stderr.startswith("error: the tracking server refuses this user (")
    with logged_in(team, "ada") as client:
        experiment = client.get_experiment_by_name("reviews").experiment_id
    grant(team, "experiment", experiment, "EDIT")

    # The steps are reused, but who is champion is not for bob to say.
    reuse = [[*step, "--reuse=true"] for step in CHAIN]
    for step in reuse[:-1]:
        assert "nothing changed since run" in run_steps(bob, step, **team.as_user("bob"))
    for step in (["register"], ["rollback"], ["main", "--corpus=reviews.csv", "--families=simple"]):
        refused = run_step(*step, cwd=bob, **team.as_user("bob"))
        assert refused.returncode == 1
        assert refused.stderr.startswith("error: registered_model=sentiment: this user may not change it at http")
        assert refused.stderr.count("\n") == 1
    with logged_in(team, "ada") as client:
        assert len(client.search_model_versions("name = 'sentiment'")) == 1

    grant(team, "registered_model", "sentiment", "MANAGE")
    assert "nothing changed since run" in run_steps(bob, reuse[-1], **team.as_user("bob"))
    (bob / "other.yaml").write_text("classifier: multinomial_nb\nalpha: 5.0\n")
    other = ["tune", "--max_evals=1", "--space=other.yaml"]
    printed = run_steps(
        bob, other, ["compare"], ["register", "--tolerance=1", "--behaviour_tolerance=1"], **team.as_user("bob")
    )
    assert "sentiment version 2 (simple) is champion" in printed
    with logged_in(team, "ada"):
        trail = drop_void(promotions.read("sentiment"))
    assert [(entry.version, entry.replaces) for entry in trail] == [("1", None), ("2", "1")]
    assert sorted(path.name for path in ada.iterdir()) == ["reviews.csv", "space.yaml"]
    assert_backup_restores(team, folders, tmp_path)


def answers(team, name):
    """What the champion says to a user, and the audit trail."""
    with logged_in(team, name) as client:
        model = mlflow.pyfunc.load_model("models:/sentiment@champion")
        said = model.predict(["a good film", "a bad film"]).to_dict("list")
        return said, promotions.read("sentiment"), dict(client.get_registered_model("sentiment").aliases)


def restore_backup(team, folder):
    """Copy databases and artifacts as the documentation says, and drop the artifacts that were copied.

    Returns:
        The URLs of the two databases, and the bucket.
    """
    programs, restored = postgresql_programs(), []
    for name in ("postgres", "users"):
        url, file = team.database.replace("/postgres", f"/{name}"), folder / f"{name}.sql"
        subprocess.run([programs / "pg_dump", "--file", file, url], check=True)
        create_database(team.database, f"restored_{name}")
        restored.append(team.database.replace("/postgres", f"/restored_{name}"))
        load = [programs / "psql", "--quiet", "--set=ON_ERROR_STOP=1", "--file", file, restored[-1]]
        subprocess.run(load, check=True, capture_output=True)
    bucket = team.bucket("restored")
    bucket.create()
    for item in team.bucket("mlflow").objects.all():
        bucket.copy({"Bucket": "mlflow", "Key": item.key}, item.key)
        item.delete()
    return *restored, bucket.name


def assert_backup_restores(team, folders, tmp_path):
    """What the champion says and the audit trail are the same on another server, where the trail goes on."""
    before = answers(team, "ada")
    database, users, bucket = restore_backup(team, tmp_path)
    with team_server(tmp_path, database, users, team.store, bucket) as url:
        restored = Team(database, team.store, tmp_path, url)
        assert answers(restored, "bob") == before
        printed = run_steps(folders["bob"], ["rollback"], **restored.as_user("bob"))
        assert "version 1 is champion again" in printed
        assert len(answers(restored, "ada")[1]) == len(before[1]) + 1
