"""What is applied to a cluster and deleted there, with a recorder in place of kubectl."""

import json

import pytest
import yaml

from sentiment.deployment import kubernetes
from sentiment.deployment.kubernetes import Kubernetes


class Recorder:
    """A kubectl whose rollouts are done at once."""

    live = None

    def __init__(self):
        self.deleted = []

    def run(self, *arguments, given=None):
        if arguments[0] == "config":
            context = {"name": "prod", "context": {"namespace": "moods"}}
            cluster = {"name": "east", "cluster": {"server": "https://east.example.org"}}
            return json.dumps({"current-context": "prod", "contexts": [context], "clusters": [cluster]})
        if arguments[0] == "kustomize":
            return yaml.safe_dump_all(self.rendered)
        if arguments[0] == "apply":
            (applied,) = [one for one in map(json.loads, given.splitlines()) if one["kind"] == "Deployment"]
            applied["metadata"]["generation"] = applied["spec"]["replicas"] = 1
            counted = ("observedGeneration", "updatedReplicas", "replicas", "availableReplicas")
            self.live = applied | {"status": dict.fromkeys(counted, 1)}
        if arguments[0] == "delete":
            self.deleted.append(given)
        return json.dumps(self.live) if arguments[:2] == ("get", "deployment") and self.live else ""


@pytest.fixture
def recorder(tmp_path, monkeypatch):
    recorder = Recorder()
    monkeypatch.setattr(kubernetes, "Kubectl", lambda _: recorder)
    recorder.target = Kubernetes("sentiment", str(tmp_path), "", lambda: None)
    return recorder


def manifests(version, scaling):
    labels = {"app.kubernetes.io/version": version}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "model", "image": "mood"}]}}
    kinds = {"Deployment": "apps/v1", "Service": "v1", "HorizontalPodAutoscaler": scaling}
    found = [{"apiVersion": api, "kind": kind, "metadata": {"name": "sentiment"}} for kind, api in kinds.items()]
    found[0]["spec"] = {"template": template}
    return found


def test_an_object_whose_api_version_changes_is_not_deleted_after_the_update(recorder):
    recorder.rendered = manifests("1", "autoscaling/v1")
    recorder.target.create("sentiment", "models:/sentiment/1", "1")
    recorder.rendered = manifests("2", "autoscaling/v2")
    recorder.target.update("sentiment", "models:/sentiment/2", "2", 1.0)
    assert recorder.deleted == []
    recorder.rendered = manifests("2", "autoscaling/v2")[:2]
    recorder.target.update("sentiment", "models:/sentiment/2", "2", 1.0)
    (deleted,) = recorder.deleted
    assert "HorizontalPodAutoscaler" in deleted
