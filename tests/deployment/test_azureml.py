"""The step ``deploy`` against a stand-in for Azure's REST API (:mod:`tests.deployment.azure_api`)."""

import json
import os
import sys
from pathlib import Path

import mlflow
import pytest

from sentiment.deployment import azureml
from sentiment.deployment.azureml import share_traffic
from sentiment.errors import UserError
from sentiment.registry import promotions
from sentiment.workflow.command_line import parse
from steps.deploy import deploy
from tests.deployment.azure_api import KEY, TOKEN, Azure, serving
from tests.deployment.registry import register_two_versions

SETTINGS = "subscription_id: s\nresource_group: g\nworkspace: w\ninstance_type: Standard_DS3_v2\n"
ENDPOINT = "/onlineEndpoints/sentiment"


@pytest.fixture
def azure(tracked, tmp_path, monkeypatch):
    """A workspace, whose token comes from the identity of the machine, and a registry with two versions."""
    pytest.importorskip("azure.identity")
    register_two_versions(tracked, tmp_path)
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(azureml, "PAUSE", 0.0)
    Path("azure.yaml").write_text(SETTINGS)
    azure = Azure()
    with serving(azure) as address:
        monkeypatch.setattr(azureml, "MANAGEMENT", address)
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{address}/token")
        monkeypatch.setenv("IDENTITY_HEADER", "header")
        monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")
        yield azure


def run(*arguments):
    ours = ["--target=azureml", "--image=moods.azurecr.io/mood", "--settings=azure.yaml"]
    with mlflow.start_run(tags={"mlflow.user": "ada"}) as started:
        deploy(parse("deploy", [*ours, *arguments]), lambda: None)
    return started


def traffic(azure):
    return azure.resources[ENDPOINT]["properties"]["traffic"]


def test_an_endpoint_is_created_shares_its_traffic_is_replaced_and_leaves_nothing(azure, tracked, capsys):
    run()
    printed = capsys.readouterr().out
    assert "deploy: waiting for Azure ML, 0 min: PUT /onlineEndpoints/sentiment/deployments/version-1\n" in printed
    assert "version-1 (0.90), version-1 (0.90)" in printed and traffic(azure) == {"version-1": 100}
    deployment = azure.resources[f"{ENDPOINT}/deployments/version-1"]
    assert deployment["sku"] == {"name": "Default", "capacity": 1} and deployment["location"] == "westeurope"
    (environment,) = [one for path, one in azure.resources.items() if path.startswith("/environments/sentiment/")]
    assert environment["properties"]["image"] == "moods.azurecr.io/mood:1"
    assert environment["properties"]["inferenceConfig"]["scoringRoute"] == {"path": "/invocations", "port": 8080}

    run("--action=update", "--version=2", "--any_version=true", "--traffic=0.1")
    assert traffic(azure) == {"version-1": 90, "version-2": 10}
    assert "version-2 (0.90), version-2 (0.90)" in capsys.readouterr().out  # it was asked, and not the other one
    run("--action=update", "--version=2", "--any_version=true", "--traffic=0.6")
    assert traffic(azure) == {"version-1": 40, "version-2": 60}

    promotions.promote("sentiment", "2", "1", "better")
    run("--action=update")
    assert traffic(azure) == {"version-2": 100}
    assert azure.names() == [ENDPOINT, f"{ENDPOINT}/deployments/version-2"]
    deployed = [tracked.get_model_version("sentiment", one).tags["deployed.azureml.sentiment"] for one in ("1", "2")]
    assert "version 1 is gone, by ada in run " in deployed[0]
    assert f"version 2 answers 100% of the requests at {azure.address}/sentiment/invocations, by ada" in deployed[1]

    run("--action=test")
    assert "azureml endpoint sentiment answers: version-2 (0.90)" in capsys.readouterr().out
    last = run("--action=delete")
    assert azure.names() == []
    trail = [line for key, line in tracked.get_registered_model("sentiment").tags.items() if "deployment." in key]
    kept = json.dumps([tracked.get_run(last.info.run_id).to_dictionary(), trail])
    assert len(trail) == 8 and TOKEN not in kept and KEY not in kept


def test_what_azure_cannot_make_is_taken_back(azure):
    azure.broken = {"Standard_Big"}
    Path("big.yaml").write_text(SETTINGS.replace("Standard_DS3_v2", "Standard_Big"))
    with pytest.raises(UserError, match=r"version-1: Failed: Not enough quota .*\.; nothing is left of it$"):
        run("--settings=big.yaml")
    assert azure.names() == []
    run()
    with pytest.raises(UserError, match="Not enough quota .*; the earlier versions are unchanged"):
        run("--settings=big.yaml", "--action=update", "--version=2", "--any_version=true")
    assert traffic(azure) == {"version-1": 100} and f"{ENDPOINT}/deployments/version-2" not in azure.resources
    with pytest.raises(UserError, match="endpoint=sentiment: it is there already: -P action=update replaces"):
        run()
    with pytest.raises(UserError, match=r"traffic=0.125: Azure ML takes whole percents"):
        run("--action=update", "--traffic=0.125")
    with pytest.raises(UserError, match="traffic=0.5: the endpoint has no other version for the rest of it"):
        run("--action=update", "--traffic=0.5")


def add_theirs(azure):
    """A deployment that somebody else has added to the endpoint."""
    azure.resources[f"{ENDPOINT}/deployments/blue"] = azure.resources[f"{ENDPOINT}/deployments/version-1"] | {
        "name": "blue"
    }


def test_what_somebody_else_has_deployed_is_kept(azure):
    run()
    add_theirs(azure)
    run("--action=update", "--version=2", "--any_version=true")
    assert azure.names() == [ENDPOINT, f"{ENDPOINT}/deployments/blue", f"{ENDPOINT}/deployments/version-2"]
    with pytest.raises(UserError, match="endpoint=sentiment: deploy did not create its deployment blue: delete it,"):
        run("--action=delete")
    assert ENDPOINT in azure.resources
    del azure.resources[f"{ENDPOINT}/deployments/blue"]
    run("--action=delete")
    assert azure.names() == []


def test_what_somebody_else_has_set_on_the_endpoint_is_kept(azure):
    run()
    azure.resources[ENDPOINT]["tags"] = {"team": "moods"}
    azure.resources[ENDPOINT]["properties"]["description"] = "calls the mood of a text"
    run("--action=update", "--version=2", "--any_version=true")
    found = azure.resources[ENDPOINT]
    assert found["tags"] == {"team": "moods"} and found["identity"] == {"type": "SystemAssigned"}
    assert found["properties"]["description"] == "calls the mood of a text"


def test_a_version_that_does_not_start_again_is_not_deleted(azure):
    run()
    azure.broken = {"Standard_Big"}
    Path("big.yaml").write_text(SETTINGS.replace("Standard_DS3_v2", "Standard_Big"))
    with pytest.raises(UserError, match=r"version-1: Failed: Not enough quota [^;]*$"):
        run("--settings=big.yaml", "--action=update")
    assert f"{ENDPOINT}/deployments/version-1" in azure.resources


@pytest.mark.parametrize(
    "end, expected",
    [
        ({"status": "Canceled", "error": {"code": "Preempted"}}, "Canceled: Preempted; nothing is left of it"),
        (None, "its outcome is unknown; nothing is left of it"),
    ],
)
def test_an_operation_that_does_not_succeed_is_an_error(azure, monkeypatch, end, expected):
    answer = azure.answer

    def answer_about_operations(method, path, body):
        if path.startswith("/operations/") and "PUT" in azure.writes[-1]:
            return (200, {}, end) if end else (404, {}, None)
        return answer(method, path, body)

    monkeypatch.setattr(azure, "answer", answer_about_operations)
    with pytest.raises(UserError, match=expected):
        run()
    assert azure.names() == []


def test_a_deletion_is_done_when_azure_says_so(azure):
    run()
    begun = len(azure.operations)
    run("--action=delete")
    assert [operation["asked"] for operation in azure.operations[begun:]] == [2]


def test_an_endpoint_that_refuses_a_request_is_told_with_its_answer(azure, monkeypatch):
    run()
    answer = azure.answer

    def give_another_key(method, path, body):
        return (200, {}, {"primaryKey": "another"}) if path.endswith("/listKeys") else answer(method, path, body)

    monkeypatch.setattr(azure, "answer", give_another_key)
    with pytest.raises(UserError, match="/sentiment/invocations gives status 401: .*the key"):
        run("--action=test")


def test_an_operation_that_takes_too_long_is_an_error(azure, monkeypatch):
    monkeypatch.setattr(azureml, "OPERATION_TIMEOUT", 0.0)
    with pytest.raises(UserError, match="PUT /onlineEndpoints/sentiment is not done after 0 minutes; this could not "):
        run()


def test_a_request_that_azure_is_too_busy_for_is_repeated(azure, monkeypatch):
    answer, statuses = azure.answer, [429, None, 502, None, 503, None, 504]

    def answer_later(method, path, body):
        status = statuses.pop(0) if statuses else None
        return (status, {}, None) if status else answer(method, path, body)

    monkeypatch.setattr(azure, "answer", answer_later)
    run()
    assert not statuses and traffic(azure) == {"version-1": 100}


def test_as_many_instances_are_started_as_the_settings_say(azure):
    Path("azure.yaml").write_text(f"{SETTINGS}instance_count: 3\n")
    run()
    assert azure.resources[f"{ENDPOINT}/deployments/version-1"]["sku"]["capacity"] == 3


def test_a_former_version_that_azure_does_not_delete_is_told_and_has_no_requests_any_more(azure, tracked, capsys):
    run()
    azure.locked = {f"{ENDPOINT}/deployments/version-1"}
    run("--action=update", "--version=2", "--any_version=true")
    printed = capsys.readouterr().out
    assert "version-1 no longer gets requests, but still exists and costs money: Azure ML: status 409" in printed
    assert "version 1 is gone" in tracked.get_model_version("sentiment", "1").tags["deployed.azureml.sentiment"]
    azure.locked = set()
    run("--action=update", "--version=2", "--any_version=true")
    assert azure.names() == [ENDPOINT, f"{ENDPOINT}/deployments/version-2"]


MISTAKES = [
    (["--version=2"], "version=2: version 1 of sentiment is champion: promote this one first"),
    (["--image="], "target=azureml needs the image of a package: -P image="),
    (["--image=moods.azurecr.io/mood:1"], "image=moods.azurecr.io/mood:1: expected a name in lower case without a tag"),
    (["--action=update"], "endpoint=sentiment: there is none in the workspace w"),
    (["--action=delete"], "endpoint=sentiment: there is none in the workspace w"),
    (
        ["--settings="],
        "needs a YAML file with subscription_id, resource_group, workspace, instance_type",
    ),
    (["--settings=wrong.yaml"], r"wrong.yaml: workspac is not known: did you mean workspace\?"),
    (["--settings=other.yaml"], "settings: there is no workspace /subscriptions/s/resourceGroups/other/"),
]


def test_mistakes_are_one_line_and_change_nothing(azure, monkeypatch):
    Path("wrong.yaml").write_text(SETTINGS.replace("workspace", "workspac"))
    Path("other.yaml").write_text(SETTINGS.replace("resource_group: g", "resource_group: other"))
    for arguments, line in MISTAKES:
        with pytest.raises(UserError, match=line):
            run(*arguments)
    assert azure.writes == []
    azure.forbidden = True
    with pytest.raises(UserError, match="status 403 for PUT .* does not have authorization.; nothing is left of it$"):
        run()
    monkeypatch.setattr(azureml, "RETRIES", 0)
    monkeypatch.setattr(azureml, "MANAGEMENT", "http://127.0.0.1:1")
    with pytest.raises(UserError, match="Azure ML: http://127.0.0.1:1 cannot be reached: "):
        run()
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    with pytest.raises(UserError, match="^Azure ML: .* az login, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and "):
        run()
    monkeypatch.setitem(sys.modules, "azure.identity", None)
    with pytest.raises(UserError, match="target=azureml needs azure-identity: pip install -r requirements-azureml.txt"):
        run()
    assert azure.resources == {}


def test_shares_are_whole_percents_that_add_up():
    assert share_traffic({"a": 1, "b": 2, "c": 97}, "c", 0.5) == {"a": 16, "b": 34, "c": 50}
    assert share_traffic({"a": 0, "b": 0}, "c", 0.3) == {"a": 70, "b": 0, "c": 30}
    assert share_traffic({"a": 60, "b": 40}, "b", 1.0) == {"b": 100}
    assert share_traffic({"a": 100}, "b", 0.29) == {"a": 71, "b": 29}  # in binary a little less
