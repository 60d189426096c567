"""Commands that the program prints: each is complete, and MLflow and the entry point would take it."""

import shlex
from types import SimpleNamespace

import mlflow
import pytest

from sentiment.commands import COMMAND, project_command, remember_command
from sentiment.errors import UserError
from sentiment.monitoring.observation import observe_requests
from sentiment.paths import PROJECT_ROOT
from sentiment.registry.candidate import Candidate
from sentiment.registry.promotions import require_champion
from sentiment.registry.versions import resolve_uri
from sentiment.workflow.upstream import find_tune_runs
from tests.docs.commands import check_command, printed_commands

NAME = "my model"


def champion(client):
    client.create_registered_model(NAME)
    return client.create_model_version(NAME, "file:///nowhere")


def compare_without_a_search(client):
    with mlflow.start_run():
        find_tune_runs(())


# What raises a line with a command in it, and the parameters that the command has to have.
PRINTED = {
    "no champion": (lambda client: require_champion(champion(client).name), {"registered_model": NAME}),
    "no model to score with": (lambda client: resolve_uri(f"models:/{NAME}@champion"), {"registered_model": NAME}),
    "a champion that cannot be loaded": (
        lambda client: Candidate({}, None, champion(client)).champion_model,
        {"registered_model": NAME},
    ),
    "no recorded requests": (
        lambda client: observe_requests(SimpleNamespace(version=champion(client)), "0", 1),
        {"registered_model": NAME, "record": "true"},
    ),
    "nothing to compare": (compare_without_a_search, {"family": "simple"}),
}


@pytest.mark.parametrize("raising, parameters", PRINTED.values(), ids=PRINTED)
def test_a_command_in_an_error_would_be_taken_as_it_is_printed(tracked, monkeypatch, raising, parameters):
    monkeypatch.delenv(COMMAND, raising=False)
    remember_command({})  # a step that was started by hand, in another folder than the project's
    try:
        with pytest.raises(UserError) as error:
            raising(tracked)
    finally:
        monkeypatch.delenv(COMMAND)
    (command,) = printed_commands(str(error.value))
    words = shlex.split(command)
    check_command(words)
    assert words[2] == str(PROJECT_ROOT) and words[words.index("--env-manager") + 1] == "local"
    assert {f"{name}={value}" for name, value in parameters.items()} <= set(words)


@pytest.mark.parametrize(
    "tags, expected",
    [
        ({}, "mlflow run . --env-manager local"),
        ({"mlflow.source.name": f"file://{PROJECT_ROOT}"}, "mlflow run . --env-manager local"),
        (
            {"mlflow.source.name": f"file://{PROJECT_ROOT}", "mlflow.project.env": "virtualenv"},
            "mlflow run . --env-manager virtualenv",
        ),
        # In a user's own checkout, where MLflow would fetch into it.
        (
            {"mlflow.source.name": str(PROJECT_ROOT / "steps/__main__.py"), "mlflow.source.git.branch": "main"},
            "mlflow run . --env-manager local",
        ),
        (
            {"mlflow.source.name": f"file://{PROJECT_ROOT}#model", "mlflow.source.git.commit": "c57ce20"},
            "mlflow run . --env-manager local",
        ),
        (
            {
                "mlflow.source.name": "https://token@example.org/p.git",
                "mlflow.source.git.branch": "v1",
                "mlflow.source.git.commit": "c57ce20",
            },
            "mlflow run https://example.org/p.git --version v1 --env-manager local",
        ),
        (  # a git tag or a commit as the version
            {"mlflow.source.name": "https://example.org/p.git", "mlflow.source.git.commit": "c57ce20"},
            "mlflow run https://example.org/p.git --version c57ce20 --env-manager local",
        ),
        # As MLflow logs file:///repositories/p#model.
        (
            {"mlflow.source.name": "/home/ada/file:/repositories/p#model"},
            "mlflow run 'file:///repositories/p#model' --env-manager local",
        ),
    ],
)
def test_a_command_starts_as_the_users_own_did(monkeypatch, tags, expected):
    monkeypatch.chdir(PROJECT_ROOT)
    monkeypatch.setenv(COMMAND, "")
    monkeypatch.delenv(COMMAND)
    remember_command(tags)
    remember_command({"mlflow.source.name": "git://elsewhere/p"})  # a step below
    assert project_command("rollback", registered_model="my model") == (
        f"{expected} -e rollback -P 'registered_model=my model'"
    )
