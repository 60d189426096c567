"""What is applied to a cluster and deleted there, with a recorder in place of kubectl."""

import json

import pytest
import yaml

from sentiment.deployment import kubernetes
from sentiment.deployment.kubernetes import Kubernetes
from sentiment.errors import UserError


class Recorder:
    """A kubectl whose rollouts are done at once, or whose Deployment has these statuses in turn."""

    live = None

    def __init__(self):
        self.deleted = []
        self.statuses = []
        self.context = {"namespace": "moods"}
        self.pods = []  # and ReplicaSets

    def run(self, *arguments, given=None):
        if arguments[0] == "config":
            context = {"name": "prod", "context": self.context}
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
        if arguments[:2] == ("get", "replicasets,pods"):
            return json.dumps({"items": self.pods})
        if arguments[:2] == ("get", "deployment") and self.live and self.statuses:
            return json.dumps(self.live | {"status": self.statuses.pop(0)})
        return json.dumps(self.live) if arguments[:2] == ("get", "deployment") and self.live else ""


@pytest.fixture
def recorder(tmp_path, monkeypatch):
    recorder = Recorder()
    monkeypatch.setattr(kubernetes, "Kubectl", lambda _: recorder)
    monkeypatch.setattr(kubernetes, "PAUSE", 0.0)
    recorder.target = Kubernetes("sentiment", str(tmp_path), "", lambda: None)
    return recorder


def manifests(version, scaling="autoscaling/v2"):
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


def test_the_namespace_of_an_endpoint_is_not_deleted_with_it(recorder):
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "moods"}}
    recorder.rendered = [namespace, *manifests("1")]
    recorder.target.create("sentiment", "models:/sentiment/1", "1")
    recorder.target.delete("sentiment")
    (deleted,) = recorder.deleted
    assert "Service" in deleted and "Namespace" not in deleted


def test_a_context_without_a_namespace_means_the_one_called_default(recorder):
    recorder.context = {}
    assert Kubernetes("sentiment", "", "", lambda: None).place == "namespace default of https://east.example.org"


def status(**counted):
    return {"observedGeneration": 1, "updatedReplicas": 1, "replicas": 1, "availableReplicas": 1} | counted


def test_an_update_waits_until_the_controller_has_seen_it_and_no_former_pod_is_left(recorder, capsys):
    recorder.rendered = manifests("1")
    recorder.statuses = [status(observedGeneration=0), status(updatedReplicas=0), status(replicas=2), status()]
    recorder.target.create("sentiment", "models:/sentiment/1", "1")
    assert recorder.statuses == []
    assert "deploy: 0 of 1 new pods are ready\n" in capsys.readouterr().out


def replica_set(revision, digest):
    annotations = {"deployment.kubernetes.io/revision": revision}
    return {"kind": "ReplicaSet", "metadata": {"annotations": annotations, "labels": {"pod-template-hash": digest}}}


def pod(digest, **status):
    return {"kind": "Pod", "metadata": {"labels": {"pod-template-hash": digest}}, "status": status}


def waiting(reason, **more):
    return [{"state": {"waiting": {"reason": reason, "message": f"{reason} of this pod"}}} | more]


KILLED = {"lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}}
FULL = [{"type": "ReplicaFailure", "message": "exceeded quota"}]
LATE = [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]
UNSCHEDULABLE = [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node has 1Gi"}]


@pytest.mark.parametrize(
    "conditions, of_pods, expected",
    [
        (
            [],
            {"containerStatuses": waiting("CrashLoopBackOff", **KILLED)},
            r"CrashLoopBackOff \(OOMKilled, exit code 137: CrashLoopBackOff of this pod\)",
        ),
        ([], {"initContainerStatuses": waiting("ImagePullBackOff")}, "ImagePullBackOff "),
        (FULL + LATE, {"containerStatuses": waiting("ContainerCreating")}, r"ReplicaFailure \(exceeded quota\)"),
        (LATE, {"conditions": UNSCHEDULABLE}, r"Unschedulable \(no node has 1Gi\)"),
        (LATE, {}, "reason unknown"),
    ],
)
def test_what_the_newest_pods_do_not_get_ready_for_is_told(recorder, conditions, of_pods, expected):
    recorder.rendered = manifests("1")
    recorder.statuses = [status(availableReplicas=0, conditions=conditions)]
    former = pod("a", containerStatuses=waiting("ErrImageNeverPull"))
    recorder.pods = [replica_set("9", "a"), replica_set("10", "b"), former, pod("b", **of_pods)]
    with pytest.raises(UserError, match=f"its pods do not become ready: {expected}.*; nothing is left of it"):
        recorder.target.create("sentiment", "models:/sentiment/1", "1")


@pytest.mark.parametrize(
    "change, expected",
    [
        (lambda found: found[1].pop("kind"), "an object in them has no apiVersion, kind or name"),
        (lambda found: found[0]["spec"]["template"].pop("metadata"), "the Deployment has no pods with labels and "),
        (
            lambda found: found[0]["spec"]["template"]["spec"]["containers"][0].update(name="other"),
            "image=mood: the Deployment has no container named model",
        ),
    ],
)
def test_manifests_that_are_no_endpoint_are_refused(recorder, tmp_path, change, expected):
    recorder.rendered = manifests("1")
    change(recorder.rendered)
    with pytest.raises(UserError, match=expected):
        Kubernetes("sentiment", str(tmp_path), "mood", lambda: None).create("sentiment", "models:/sentiment/1", "1")
    assert recorder.live is None


def test_what_cannot_be_undone_is_told_with_the_first_error(recorder):
    recorder.rendered = manifests("1")
    recorder.statuses = [status(availableReplicas=0, conditions=LATE)]
    run = recorder.run

    def refuse_to_delete(*arguments, **given):
        if arguments[0] == "delete":
            raise UserError("kubectl delete: forbidden")
        return run(*arguments, **given)

    recorder.run = refuse_to_delete
    with pytest.raises(UserError, match="do not become ready: .*; this could not be undone: kubectl delete: forbidden"):
        recorder.target.create("sentiment", "models:/sentiment/1", "1")
