"""A stand-in for the API server of a Kubernetes cluster, as much of it as kubectl needs to apply manifests.

It validates objects against the schemas of Kubernetes 1.34, merges what is applied on the server's side, and plays the
controller of Deployments: pods are ready at the second look, unless their image is one of ``broken``.
"""

import copy
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from tests.loopback import listen

# From API version to kinds, each with its name in paths.
KINDS = {
    "v1": {"services": "Service", "serviceaccounts": "ServiceAccount", "pods": "Pod", "namespaces": "Namespace"},
    "apps/v1": {"deployments": "Deployment", "replicasets": "ReplicaSet"},
    "autoscaling/v2": {"horizontalpodautoscalers": "HorizontalPodAutoscaler"},
    "networking.k8s.io/v1": {"networkpolicies": "NetworkPolicy"},
    "policy/v1": {"poddisruptionbudgets": "PodDisruptionBudget"},
}
VERBS = ["create", "delete", "get", "list", "patch"]


class Refused(Exception):
    """An answer that is not 200: status, reason and message."""


class Cluster:
    """Objects by namespace, name in paths and name; ``applied`` has what each manager applied, for those of them."""

    def __init__(self, *namespaces):
        self.objects = {namespace: {} for namespace in namespaces}
        self.applied = {}
        self.broken = {}  # from images to what their containers wait for
        self.writes = []  # verb and path of all that was not a look
        self.absent = 0  # how many of the next looks at a Deployment that is there fail
        self.read_only = False  # whether the user may only look
        self.lock = threading.Lock()

    def names(self, namespace):
        return sorted(f"{kind}/{name}" for kind, name in self.objects[namespace] if kind not in ("replicasets", "pods"))

    def get(self, namespace, kind, name):
        found = self.objects.get(namespace, {}).get((kind, name))
        if found is None:
            raise Refused(404, "NotFound", f'{kind} "{name}" not found')
        if kind == "deployments":
            if self.absent:
                self.absent -= 1
                raise Refused(503, "ServiceUnavailable", "the server is currently unable to handle the request")
            self._control(namespace, found)
        return found

    def list(self, namespace, kind, selector):
        wanted = dict(pair.split("=") for pair in selector.split(",")) if selector else {}
        return [
            one
            for (found, _), one in self.objects[namespace].items()
            if found == kind and wanted.items() <= one["metadata"].get("labels", {}).items()
        ]

    def apply(self, namespace, kind, name, document, query):
        if query["fieldValidation"] != ["Strict"]:
            raise Refused(400, "BadRequest", "the fields are not validated")
        if namespace not in self.objects:
            raise Refused(404, "NotFound", f'namespaces "{namespace}" not found')
        schemas = load_schemas()
        try:
            schemas.validate(document, "1.34", strict=True)
        except schemas.ValidationError as error:
            raise Refused(422, "Invalid", f'{document["kind"]} "{name}" is invalid: {error.message}') from error
        before, manager = self.objects[namespace].get((kind, name)), query["fieldManager"][0]
        owned = self.applied.get((namespace, kind, name, manager), {})
        live = merge(remove(copy.deepcopy(before or {}), owned, document), document)
        if kind == "deployments":  # two of the defaults
            live["spec"].setdefault("replicas", 1)
        live["metadata"] |= {"namespace": namespace, "uid": f"{kind}-{name}"}
        changed = before is None or before["spec"] != live["spec"] if "spec" in live else before is None
        live["metadata"]["generation"] = (before or {"metadata": {"generation": 0}})["metadata"]["generation"] + changed
        if query.get("dryRun") != ["All"]:
            self.objects[namespace][kind, name] = live
            self.applied[namespace, kind, name, manager] = document
        return live

    def delete(self, namespace, kind, name):
        found = self.get(namespace, kind, name)
        del self.objects[namespace][kind, name]
        if kind == "deployments":
            for below in [key for key in self.objects[namespace] if key[0] in ("replicasets", "pods")]:
                del self.objects[namespace][below]
        return found

    def _control(self, namespace, deployment):
        """What the controllers do between two looks at a Deployment."""
        generation, spec = deployment["metadata"]["generation"], deployment["spec"]
        status = deployment.setdefault("status", {})
        ours, template = self.objects[namespace], spec["template"]
        digest = f"{hash(json.dumps(template, sort_keys=True)) % 10**8:x}"
        labels = template["metadata"]["labels"] | {"pod-template-hash": digest}
        revision = sum(kind == "replicasets" for kind, _ in ours) + 1
        annotations = {"deployment.kubernetes.io/revision": str(revision)}
        name = f"{deployment['metadata']['name']}-{digest}"
        if status.get("observedGeneration") != generation:
            ours["replicasets", name] = {
                "apiVersion": "apps/v1",
                "kind": "ReplicaSet",
                "metadata": {"name": name, "labels": labels, "annotations": annotations},
            }
            why = self.broken.get(template["spec"]["containers"][0]["image"], {"reason": "ContainerCreating"})
            ours["pods", name] = {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name, "labels": labels},
                "status": {"containerStatuses": [{"state": {"waiting": why}}]},
            }
            status |= {"observedGeneration": generation, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 0}
        elif template["spec"]["containers"][0]["image"] not in self.broken:
            ours["pods", name]["status"] = {}
            wanted = spec["replicas"]
            status |= {"replicas": wanted, "updatedReplicas": wanted, "availableReplicas": wanted}


@cache
def load_schemas():
    """The package kubernetes_validate, made faster: it reads its schemas, of 2 MB, for each object."""
    sys.modules.setdefault("rfc3987_syntax", None)  # what jsonschema takes seconds to import, and can do without
    from kubernetes_validate import utils

    utils.schema_contents = cache(utils.schema_contents)
    return utils


def merge(live, applied):
    """Fields of ``applied`` over those of ``live``; lists are replaced."""
    for name, value in applied.items():
        live[name] = merge(live.get(name) or {}, value) if isinstance(value, dict) else copy.deepcopy(value)
    return live


def remove(live, owned, applied):
    """``live`` without the fields that were owned and are not applied any more."""
    for name, value in owned.items():
        if name not in applied:
            live.pop(name, None)
        elif isinstance(value, dict) and isinstance(applied[name], dict):
            remove(live.get(name, {}), value, applied[name])
    return live


def discovery(path):
    """What the server says of itself, for a path; None for others."""
    groups = {version: version.partition("/")[0] for version in KINDS if version != "v1"}
    if path == "/version":
        return {"major": "1", "minor": "32", "gitVersion": "v1.32.0"}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        listed = [
            {"name": group, "versions": [one := {"groupVersion": version, "version": version.partition("/")[2]}]}
            | {"preferredVersion": one}
            for version, group in groups.items()
        ]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}
    if path == "/openapi/v3":
        return {
            "paths": {path_of(version): {"serverRelativeURL": f"/openapi/v3/{path_of(version)}"} for version in KINDS}
        }
    for version, kinds in KINDS.items():
        group, _, number = version.rpartition("/")
        if path == f"/{path_of(version)}":
            resources = [
                {"name": name, "singularName": kind.lower(), "namespaced": True, "kind": kind, "verbs": VERBS}
                for name, kind in kinds.items()
            ]
            return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}
        if path == f"/openapi/v3/{path_of(version)}":  # that the server validates fields itself
            parameters = [{"name": name, "in": "query"} for name in ("dryRun", "fieldValidation")]
            patches = {
                f"/{path_of(version)}/namespaces/{{namespace}}/{name}/{{name}}": {
                    "patch": {
                        "parameters": parameters,
                        "responses": {},
                        "x-kubernetes-group-version-kind": {"group": group, "kind": kind, "version": number},
                    }
                }
                for name, kind in kinds.items()
            }
            return {"openapi": "3.0.0", "info": {"title": "fake", "version": "1"}, "paths": patches}
    return None


def path_of(version):
    return f"api{'s' * (version != 'v1')}/{version}"


def answer(cluster, verb, address, content_type, body):
    """The body of an answer; raises Refused."""
    url = urlsplit(address)
    if found := discovery(url.path):
        return found
    before, _, after = url.path.partition("/namespaces/")
    namespace, kind, name, *more = [*after.split("/"), "", ""][:4]
    version = before.removeprefix("/apis/").removeprefix("/api/")
    if kind not in KINDS.get(version, {}) or any(more):
        raise Refused(404, "NotFound", "the server could not find the requested resource")
    query = parse_qs(url.query)
    if cluster.read_only and verb != "GET":
        message = f'{kind} "{name}" is forbidden: User "reader" cannot {verb.lower()} resource "{kind}"'
        raise Refused(403, "Forbidden", message)
    if verb != "GET" and "dryRun" not in query:
        cluster.writes.append(f"{verb} {kind}/{name}")
    if verb == "PATCH" and content_type == "application/apply-patch+yaml":
        return cluster.apply(namespace, kind, name, json.loads(body), query)
    if verb == "DELETE":
        return cluster.delete(namespace, kind, name)
    if verb == "GET" and name:
        return cluster.get(namespace, kind, name)
    if verb == "GET":
        items = cluster.list(namespace, kind, query.get("labelSelector", [""])[0])
        return {"kind": f"{KINDS[version][kind]}List", "apiVersion": version, "metadata": {}, "items": items}
    raise Refused(415, "UnsupportedMediaType", f"{verb} with {content_type}")


@contextmanager
def serving(cluster) -> Iterator[str]:
    """The address of a cluster's API server on loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = self.command, self.path, self.headers.get("Content-Type"), body
            try:
                with cluster.lock:
                    status, found = 200, json.dumps(answer(cluster, *request)).encode()
            except Refused as refused:
                status, reason, message = refused.args
                content = {"status": "Failure", "code": status, "reason": reason, "message": message}
                found = json.dumps({"kind": "Status", "apiVersion": "v1", "metadata": {}} | content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            self.wfile.write(found)

        do_PATCH = do_DELETE = do_POST = do_GET

        def log_message(self, *_):
            pass

    with listen(Handler) as server:
        yield f"http://127.0.0.1:{server.server_port}"
