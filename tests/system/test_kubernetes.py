"""The step ``deploy`` with kubectl, against a stand-in for an API server (:mod:`tests.system.kubernetes_api`)."""

import json
import shutil
from http.server import BaseHTTPRequestHandler
from importlib.util import find_spec
from pathlib import Path

import mlflow
import pytest
import yaml

from sentiment.deployment import kubectl, kubernetes
from sentiment.deployment.folder import write_templates
from sentiment.errors import UserError
from sentiment.registry import promotions
from sentiment.workflow.command_line import parse
from steps.deploy import deploy
from tests.deployment.registry import register_two_versions
from tests.loopback import listen
from tests.system.kubernetes_api import Cluster, serving

KUBECTL = shutil.which("kubectl")
pytestmark = [
    pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed"),
    pytest.mark.skipif(find_spec("kubernetes_validate") is None, reason="kubernetes_validate is not installed"),
]
ALL = [
    "deployments/sentiment",
    "horizontalpodautoscalers/sentiment",
    "networkpolicies/sentiment",
    "poddisruptionbudgets/sentiment",
    "serviceaccounts/sentiment",
    "services/sentiment",
]
# kubectl, except for its tunnel to a pod, whose protocol (SPDY) the stand-in does not speak.
TUNNEL = """#!/bin/sh
case " $* " in *" port-forward service/sentiment "*)
  echo "Forwarding from 127.0.0.1:{port} -> 8080"; exec sleep 60;;
esac
exec {kubectl} "$@"
"""


class Clock:
    """Time that passes only between two looks at a rollout, and at once."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class Pod(BaseHTTPRequestHandler):
    """The server of a model."""

    def do_POST(self):
        texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["inputs"]
        body = json.dumps({"predictions": [{"label": "positive", "score": 0.9} for _ in texts]}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def pod():
    with listen(Pod) as server:
        yield server.server_port


def configure(server="", namespace="sentiment"):
    """Write a kubeconfig, as the file ``config``."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "east", "cluster": {"server": server}}],
        "users": [{"name": "ci", "user": {"token": "secret-token"}}],
        "contexts": [{"name": "prod", "context": {"cluster": "east", "user": "ci", "namespace": namespace}}],
    }
    Path("config").write_text(yaml.safe_dump(config | ({"current-context": "prod"} if server else {})))


@pytest.fixture
def cluster(pod, tracked, tmp_path, monkeypatch):
    """A cluster with two namespaces, the current one sentiment, and a folder with the packages of two versions."""
    register_two_versions(tracked, tmp_path)
    for version in ("1", "2"):
        image = {"image": "registry.example.org/mood", "python": "3.11.7", "licences": {}}
        memory = {"memory_measured": 300, "memory": 384, "memory_limit": 576}
        names = {"name": "sentiment", "model": "sentiment", "version": version}
        write_templates(tmp_path / f"package-sentiment-{version}", names | image | memory)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "kubectl").write_text(TUNNEL.format(port=pod, kubectl=KUBECTL))
    (tmp_path / "bin" / "kubectl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}", prepend=":")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("KUBECACHEDIR", str(tmp_path / "cache"))
    monkeypatch.setattr(kubernetes, "time", Clock())
    cluster = Cluster("default", "sentiment")
    with serving(cluster) as address:
        configure(address)
        cluster.address = address
        yield cluster


def run(*arguments):
    with mlflow.start_run(tags={"mlflow.user": "ada"}) as started:
        deploy(parse("deploy", ["--target=kubernetes", *arguments]), lambda: None)
    return started


def image(cluster):
    pods = cluster.objects["sentiment"]["deployments", "sentiment"]["spec"]["template"]
    return pods["spec"]["containers"][0]["image"]


def test_an_endpoint_is_created_updated_tested_and_leaves_nothing(cluster, tracked, capsys):
    run()
    printed = capsys.readouterr().out
    assert "deploy: 0 of 1 new pods are ready\n" in printed and "positive (0.90), positive (0.90)" in printed
    assert cluster.names("sentiment") == ALL and image(cluster) == "registry.example.org/mood:1"

    promotions.promote("sentiment", "2", "1", "better")
    # An overlay of the user's own, without the autoscaler, which is removed then.
    own = Path("own")
    own.mkdir()
    (own / "kustomization.yaml").write_text("resources: [../package-sentiment-2/kubernetes/base]\n")
    run("--action=update", "--image=registry.example.org/other", "--manifests=own")
    assert image(cluster) == "registry.example.org/other:2"
    assert cluster.names("sentiment") == [name for name in ALL if "horizontal" not in name and "budget" not in name]
    deployed = [tracked.get_model_version("sentiment", one).tags["deployed.kubernetes.sentiment"] for one in ("1", "2")]
    assert "version 1 is gone, by ada in run " in deployed[0]
    address = "http://sentiment.sentiment.svc/invocations in the context prod"
    assert f"version 2 answers 100% of the requests at {address}, by ada" in deployed[1]

    run("--action=test")
    assert "kubernetes endpoint sentiment answers: positive (0.90)" in capsys.readouterr().out
    last = run("--action=delete")
    assert cluster.names("sentiment") == cluster.names("default") == []
    trail = [line for key, line in tracked.get_registered_model("sentiment").tags.items() if "deployment." in key]
    assert len(trail) == 4 and "secret-token" not in json.dumps(
        [tracked.get_run(last.info.run_id).to_dictionary(), trail]
    )


BACK_OFF = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "registry.example.org/mood:2"'}


def test_pods_that_do_not_get_ready_are_taken_back_and_say_why(cluster):
    cluster.broken = {"registry.example.org/mood:1": {"reason": "ErrImageNeverPull"}}
    with pytest.raises(UserError, match="its pods do not become ready: ErrImageNeverPull; nothing is left of it"):
        run()
    assert cluster.names("sentiment") == []
    metadata = {"name": "sentiment", "namespace": "sentiment", "generation": 1}
    theirs = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}  # was there before, and stays
    cluster.objects["sentiment"]["serviceaccounts", "sentiment"] = theirs
    with pytest.raises(UserError, match="its pods do not become ready: ErrImageNeverPull"):
        run()
    assert cluster.names("sentiment") == ["serviceaccounts/sentiment"]
    cluster.broken = {"registry.example.org/mood:2": BACK_OFF}
    run()
    before = cluster.objects["sentiment"]["deployments", "sentiment"]
    with pytest.raises(
        UserError, match=r"ImagePullBackOff \(Back-off pulling image .*; the earlier pods are unchanged"
    ):
        run("--action=update", "--version=2", "--any_version=true")
    after = cluster.objects["sentiment"]["deployments", "sentiment"]
    assert after["spec"] == before["spec"] and after["metadata"]["annotations"] == before["metadata"]["annotations"]


def test_pods_that_wait_for_a_node_are_waited_for_until_the_time_is_over(cluster, monkeypatch, capsys):
    cluster.broken = {"registry.example.org/mood:1": {"reason": "Pending", "message": "no node has 384Mi"}}
    monkeypatch.setattr(kubernetes, "ROLLOUT_TIMEOUT", 1.0)
    with pytest.raises(UserError, match=r"do not become ready: Pending \(no node has 384Mi\); nothing is left of it"):
        run()
    assert capsys.readouterr().out == "deploy: 0 of 1 new pods are ready: Pending (no node has 384Mi)\n"


def test_a_rollout_goes_on_where_the_cluster_does_not_answer_every_look(cluster):
    cluster.absent = 3
    run()
    assert cluster.absent == 0 and "deployments/sentiment" in cluster.names("sentiment")
    cluster.absent = 100
    with pytest.raises(UserError, match="kubectl get: .*currently unable to handle the request"):
        run("--action=update", "--version=2", "--any_version=true")


MISTAKES = [
    (["--version=2"], "version=2: version 1 of sentiment is champion: promote this one first"),
    (["--action=update"], "endpoint=sentiment: namespace sentiment of prod has no Deployment of this name$"),
    (["--action=delete"], "endpoint=sentiment: namespace sentiment of prod has no Deployment of this name$"),
    (["--action=update", "--traffic=0.1"], "traffic does not work with target=kubernetes"),
    (["--manifests=nowhere"], "manifests=nowhere: there is no such folder: -e package -P version=1 writes it"),
    (["--manifests=model"], "kubectl kustomize: unable to find one of 'kustomization.yaml'"),
    (["--endpoint=mood"], "expected a Deployment and a Service named mood, found Deployment sentiment, "),
    (["--image=Mood:1"], "image=Mood:1: expected a name in lower case without a tag"),
    (["--manifests=package-sentiment-2/kubernetes/base"], "their pods are of version 2, not of version 1"),
    (
        ["--manifests=package-sentiment-1/kubernetes/overlays/dev"],
        "they are for namespace sentiment-dev, and the current one is sentiment: kubectl config set-context ",
    ),
]


def test_mistakes_are_one_line_and_change_nothing(cluster):
    for arguments, line in MISTAKES:
        with pytest.raises(UserError, match=line):
            run(*arguments)
    assert cluster.writes == []


def test_what_the_cluster_refuses_is_one_line_and_changes_nothing(cluster, monkeypatch):
    deployment = Path("package-sentiment-1/kubernetes/base/deployment.yaml")
    manifest = deployment.read_text()
    deployment.write_text(manifest.replace("imagePullPolicy", "imagePulPolicy"))
    with pytest.raises(UserError, match="kubectl apply: .*imagePulPolicy"):
        run()
    deployment.write_text(manifest)
    cluster.read_only = True
    with pytest.raises(UserError, match=r"kubectl apply: Error from server \(Forbidden\): .* is forbidden: User "):
        run()
    cluster.read_only = False
    overlay = Path("package-sentiment-1/kubernetes/overlays/prod/kustomization.yaml")
    overlay.write_text(overlay.read_text().replace("namespace: sentiment", "namespace: moods"))
    configure(cluster.address, namespace="moods")
    with pytest.raises(UserError, match=r'kubectl apply: Error from server \(NotFound\): namespaces "moods" not found'):
        run()
    configure("http://127.0.0.1:1")
    with pytest.raises(UserError, match="kubectl get: The connection to the server 127.0.0.1:1 was refused"):
        run("--action=delete")
    configure()
    with pytest.raises(UserError, match="needs a kubeconfig with a current context: kubectl config: "):
        run()
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UserError, match="target=kubernetes needs kubectl: https://"):
        run()
    assert cluster.writes == []


def test_a_deployment_of_somebody_else_is_left_alone_and_a_pod_that_cannot_be_reached_is_told(cluster, monkeypatch):
    run()
    with pytest.raises(UserError, match="endpoint=sentiment: it is there already: -P action=update "):
        run()
    monkeypatch.setattr(kubectl, "_first_line", lambda messages: messages.splitlines()[-1])
    Path("bin/kubectl").unlink()  # its own tunnel is refused here
    with pytest.raises(UserError, match="kubectl port-forward: .*error upgrading connection|kubectl port-forward: "):
        run("--action=test")
    del cluster.objects["sentiment"]["deployments", "sentiment"]["metadata"]["annotations"]
    with pytest.raises(UserError, match="has no Deployment of this name that deploy has created"):
        run("--action=delete")
    assert cluster.names("sentiment") == ALL
