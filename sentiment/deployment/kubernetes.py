"""Endpoints in a Kubernetes cluster: the manifests of a package, which kubectl applies to its current namespace.

kubectl has kustomize, in which the manifests are written, and finds the cluster and the credentials as usual.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from sentiment.deployment.client import ask_for_labels
from sentiment.deployment.folder import check_image, package_folder
from sentiment.deployment.kubectl import Kubectl, stream
from sentiment.deployment.targets import Target
from sentiment.errors import UserError
from sentiment.workflow.parameters import DeployParameters

OVERLAY = "kubernetes/overlays/prod"  # of a package
MANAGER = "sentiment"  # of the fields that the manifests set
OBJECTS = "sentiment/objects"  # annotation of the Deployment: everything that was applied with it
VERSION = "app.kubernetes.io/version"  # label of the pods
HASH = "pod-template-hash"  # label of a ReplicaSet and its pods
CONTAINER = "model"  # its image is parameter image
ROLLOUT_TIMEOUT = 900.0  # seconds until all pods have to be ready; the probes of a single one allow ten minutes
PAUSE = 2.0  # seconds
LOOKS = 5  # attempts to look at a rollout until a failure counts
DELETE_TIMEOUT = 120  # seconds until what is deleted is gone
# Reasons for which a pod waits that time does not cure.
HOPELESS = (
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "ErrImageNeverPull",
    "ImagePullBackOff",
    "InvalidImageName",
)
STARTING = ("ContainerCreating", "PodInitializing")


def connect(parameters: DeployParameters, hold: Callable[[], None]) -> Target:
    return Kubernetes(parameters.registered_model, parameters.manifests, parameters.image, hold)


class Kubernetes:
    """The target ``kubernetes``. An endpoint is a Deployment and a Service of its name, and what is applied with them.

    Args:
        model: registered model.
        manifests: a folder with a kustomization; empty for the one in the version's package.
        image: name of the image; empty for the manifests' own.
        hold: to be called before a process is started.
    """

    def __init__(self, model: str, manifests: str, image: str, hold: Callable[[], None]) -> None:
        self._model = model
        self._manifests = manifests
        self._image = check_image(image)
        self._hold = hold
        self._kubectl = Kubectl(hold)
        try:
            config = json.loads(self._kubectl.run("config", "view", "--minify", "--output=json"))
        except UserError as error:
            raise UserError(f"target=kubernetes needs a kubeconfig with a current context: {error}") from error
        self._context = config["current-context"]
        self._server = config["clusters"][0]["cluster"]["server"]  # a context has another name on another machine
        self._namespace = config["contexts"][0]["context"].get("namespace", "default")
        # Switching the context meanwhile has no effect.
        self._kubectl.where = [f"--context={self._context}", f"--namespace={self._namespace}"]

    @property
    def place(self) -> str:
        return f"namespace {self._namespace} of {self._server}"

    def create(self, endpoint: str, uri: str, version: str) -> str:
        documents = self._render(endpoint, version)
        if self._find(endpoint):
            raise UserError(f"endpoint={endpoint}: it is there already: -P action=update replaces its version")
        return self._roll_out(endpoint, documents, None)

    def update(self, endpoint: str, uri: str, version: str, traffic: float) -> str:
        """Kubernetes replaces the pods one by one; it is rolled back if the new ones do not become ready."""
        if traffic < 1:
            raise UserError("traffic does not work with target=kubernetes: a Service gives each pod the same share")
        before = self._require(endpoint)
        return self._roll_out(endpoint, self._render(endpoint, version), before)

    def delete(self, endpoint: str) -> None:
        self._delete(_objects(self._require(endpoint)))

    def predict(self, endpoint: str, texts: list[str], version: str = "") -> list[dict[str, Any]]:
        self._require(endpoint)
        with self._kubectl.forward(endpoint) as port:
            return ask_for_labels(port, texts)

    def _render(self, endpoint: str, version: str) -> list[dict[str, Any]]:
        """The objects of the manifests, which have to match the endpoint and the version."""
        folder = Path(self._manifests or package_folder(self._model, version) / OVERLAY)
        if not folder.is_dir():
            raise UserError(f"manifests={folder}: there is no such folder: -e package -P version={version} writes it")
        documents = [one for one in yaml.safe_load_all(self._kubectl.run("kustomize", str(folder))) if one]
        try:
            objects = [[one["apiVersion"], one["kind"], one["metadata"]["name"]] for one in documents]
        except (KeyError, TypeError) as error:
            raise UserError(f"manifests={folder}: an object in them has no apiVersion, kind or name") from error
        names = {(kind, name) for _, kind, name in objects}
        if not {("Deployment", endpoint), ("Service", endpoint)} <= names:
            found = ", ".join(sorted(f"{kind} {name}" for kind, name in names))
            raise UserError(f"manifests={folder}: expected a Deployment and a Service named {endpoint}, found {found}")
        deployment = _deployment(documents, endpoint)
        namespace = deployment["metadata"].get("namespace", self._namespace)
        if namespace != self._namespace:
            raise UserError(
                f"manifests={folder}: they are for namespace {namespace}, and the current one is {self._namespace}: "
                f"kubectl config set-context --current --namespace={namespace}"
            )
        try:
            labelled = deployment["spec"]["template"]["metadata"]["labels"].get(VERSION)
            containers = {one["name"]: one for one in deployment["spec"]["template"]["spec"]["containers"]}
        except (KeyError, TypeError, AttributeError) as error:
            raise UserError(f"manifests={folder}: the Deployment has no pods with labels and containers") from error
        if labelled != version:
            raise UserError(f"manifests={folder}: their pods are of version {labelled}, not of version {version}")
        if self._image:
            if CONTAINER not in containers:
                raise UserError(f"image={self._image}: the Deployment has no container named {CONTAINER}")
            containers[CONTAINER]["image"] = f"{self._image}:{version}"
        # A namespace holds more than an endpoint: it stays.
        kept = json.dumps([one for one in objects if one[1] != "Namespace"])
        deployment["metadata"]["annotations"] = deployment["metadata"].get("annotations", {}) | {OBJECTS: kept}
        return documents

    def _roll_out(self, endpoint: str, documents: list[dict[str, Any]], before: dict[str, Any] | None) -> str:
        """Apply objects, wait until the pods are ready, and return the address; or restore the Deployment before."""
        deployment = _deployment(documents, endpoint)
        present, former = _objects(deployment), _objects(before) if before else []
        self._hold()
        self._apply(documents, "--dry-run=server")  # so that refusals come before any change
        others = self._list_existing(present)  # which stay, whatever happens
        try:
            self._apply(documents)
            self._wait(endpoint)
        except UserError as error:
            try:
                if before:
                    self._apply([_with_template_of(deployment, before)])
                self._delete([one for one in present if one[1:] not in others])
            except UserError as another:
                raise UserError(f"{error}; this could not be undone: {another}") from error
            undone = "the earlier pods are unchanged" if before else "nothing is left of it"
            raise UserError(f"{error}; {undone}") from error
        kept = [one[1:] for one in present]  # in any API version
        self._delete([one for one in former if one[1:] not in kept])
        return f"http://{endpoint}.{self._namespace}.svc/invocations in the context {self._context}"

    def _wait(self, endpoint: str) -> None:
        """Return when all pods are new and ready, and print meanwhile what they wait for."""
        deadline, said = time.monotonic() + ROLLOUT_TIMEOUT, ""
        while not _is_rolled_out(deployment := _ask(self._require, endpoint)):
            self._hold()
            reasons = _ask(self._waiting_for, deployment)
            status, wanted = deployment.get("status", {}), deployment["spec"]["replicas"]
            conditions = {one["type"]: one for one in status.get("conditions", [])}
            if failure := conditions.get("ReplicaFailure"):
                reasons["ReplicaFailure"] = failure.get("message", "")
            late = conditions.get("Progressing", {}).get("reason") == "ProgressDeadlineExceeded"
            why = "; ".join(f"{reason} ({text})" if text else reason for reason, text in reasons.items())
            if late or time.monotonic() > deadline or set(reasons) & set(HOPELESS):
                raise UserError(f"endpoint={endpoint}: its pods do not become ready: {why or 'reason unknown'}")
            ready = min(status.get("updatedReplicas", 0), status.get("availableReplicas", 0))
            say = f"deploy: {ready} of {wanted} new pods are ready{f': {why}' if why else ''}"
            if say != said:
                print(say, flush=True)
            said = say
            time.sleep(PAUSE)

    def _waiting_for(self, deployment: dict[str, Any]) -> dict[str, str]:
        """What the newest pods wait for: from reasons to the messages of Kubernetes."""
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        selector = ",".join(f"{name}={value}" for name, value in labels.items())
        found = self._kubectl.run("get", "replicasets,pods", f"--selector={selector}", "--output=json")
        listed = json.loads(found)["items"]
        sets = [one["metadata"] for one in listed if one["kind"] == "ReplicaSet"]
        if not sets:
            return {}
        newest = max(sets, key=lambda one: int(one["annotations"]["deployment.kubernetes.io/revision"]))
        reasons = {}
        for pod in listed:
            if pod["kind"] != "Pod" or pod["metadata"]["labels"].get(HASH) != newest["labels"][HASH]:
                continue
            status = pod.get("status", {})
            for condition in status.get("conditions", []):
                if condition["type"] == "PodScheduled" and condition["status"] == "False":
                    reasons[condition["reason"]] = condition.get("message", "")
            for container in status.get("initContainerStatuses", []) + status.get("containerStatuses", []):
                waiting = container.get("state", {}).get("waiting", {})
                ended = container.get("lastState", {}).get("terminated", {})
                if waiting.get("reason") not in (None, *STARTING):
                    cause = f"{ended['reason']}, exit code {ended['exitCode']}: " if ended else ""
                    reasons[waiting["reason"]] = cause + waiting.get("message", "")
        return reasons

    def _find(self, endpoint: str) -> dict[str, Any] | None:
        found = self._kubectl.run("get", "deployment", endpoint, "--ignore-not-found", "--output=json")
        return json.loads(found) if found else None

    def _require(self, endpoint: str) -> dict[str, Any]:
        found = self._find(endpoint)
        if found is None or OBJECTS not in found["metadata"].get("annotations", {}):
            raise UserError(
                f"endpoint={endpoint}: namespace {self._namespace} of {self._context} has no Deployment of this name"
                + (" that deploy has created" if found else "")
            )
        return found

    def _apply(self, documents: list[dict[str, Any]], *options: str) -> None:
        ours = ["--server-side", "--force-conflicts", f"--field-manager={MANAGER}", "--filename=-"]
        self._kubectl.run("apply", *ours, *options, given=stream(documents))

    def _list_existing(self, objects: list[list[str]]) -> list[list[str]]:
        """Kind and name of the objects that exist."""
        found = self._kubectl.run(
            "get", "--ignore-not-found", "--output=json", "--filename=-", given=_references(objects)
        )
        listed: dict[str, Any] = json.loads(found) if found else {"kind": "List", "items": []}
        items = listed["items"] if listed["kind"] == "List" else [listed]
        return [[one["kind"], one["metadata"]["name"]] for one in items]

    def _delete(self, objects: list[list[str]]) -> None:
        """Delete objects, and their dependents; those that are already gone are ignored."""
        if objects:
            given = _references(objects)
            options = ["--ignore-not-found", "--cascade=foreground", f"--timeout={DELETE_TIMEOUT}s", "--filename=-"]
            self._kubectl.run("delete", *options, given=given)


def _ask(look: Callable[[Any], Any], at: Any) -> Any:
    """The answer to a look at the cluster, which may fail now and then during a rollout."""
    for _ in range(LOOKS - 1):
        try:
            return look(at)
        except UserError:
            time.sleep(PAUSE)
    return look(at)


def _deployment(documents: list[dict[str, Any]], endpoint: str) -> dict[str, Any]:
    return next(one for one in documents if one["kind"] == "Deployment" and one["metadata"]["name"] == endpoint)


def _objects(deployment: dict[str, Any]) -> list[list[str]]:
    """API version, kind and name of everything that was applied with a Deployment."""
    objects: list[list[str]] = json.loads(deployment["metadata"]["annotations"][OBJECTS])
    return objects


def _references(objects: list[list[str]]) -> str:
    """Objects as kubectl reads them, by API version, kind and name."""
    return stream([{"apiVersion": api, "kind": kind, "metadata": {"name": name}} for api, kind, name in objects])


def _with_template_of(deployment: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """A Deployment to apply, with the pods of a former one, like ``kubectl rollout undo``."""
    annotations = deployment["metadata"]["annotations"] | {OBJECTS: before["metadata"]["annotations"][OBJECTS]}
    spec = deployment["spec"] | {"template": before["spec"]["template"]}
    return deployment | {"metadata": deployment["metadata"] | {"annotations": annotations}, "spec": spec}


def _is_rolled_out(deployment: dict[str, Any]) -> bool:
    """What ``kubectl rollout status`` waits for."""
    status = deployment.get("status", {})
    updated = status.get("updatedReplicas", 0)
    return bool(
        status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
        and updated >= deployment["spec"]["replicas"]
        and status.get("replicas", 0) <= updated <= status.get("availableReplicas", 0)
    )
