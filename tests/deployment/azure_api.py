"""A stand-in for the REST API of Azure Machine Learning on loopback, as its reference has it, with a managed identity.

It refuses bodies with a name that the reference does not have, takes its time for what takes time there, and answers
requests to an endpoint with the version that they name, or that it sends all of them to, or most.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from tests.loopback import listen

WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
TOKEN, KEY = "secret-token", "secret-key"
# What a body may have, and has to have, from the kind of a resource; and its properties.
BODIES = {
    "onlineEndpoints": ({"location", "identity", "properties", "kind", "sku", "tags"}, {"location", "properties"}),
    "deployments": ({"location", "sku", "properties", "identity", "kind", "tags"}, {"location", "sku", "properties"}),
    "versions": ({"properties"}, {"properties"}),
}
PROPERTIES = {
    "onlineEndpoints": (
        {"authMode", "compute", "description", "keys", "mirrorTraffic", "properties", "publicNetworkAccess", "traffic"},
        {"authMode"},
    ),
    "deployments": (
        {"endpointComputeType", "environmentId", "instanceType", "requestSettings", "environmentVariables"},
        {"endpointComputeType", "environmentId", "instanceType"},
    ),
    "versions": ({"image", "osType", "inferenceConfig", "description"}, {"image", "inferenceConfig"}),
}


class Azure:
    """Resources by their path below the workspace; ``broken`` are instance types that no deployment gets ready on."""

    def __init__(self):
        self.address = ""
        self.resources = {}
        self.operations = []  # for each: how often it was asked about, and its end
        self.broken = set()
        self.forbidden = False
        self.locked = set()  # paths of what cannot be deleted
        self.writes = []

    def names(self):
        return sorted(path for path in self.resources if not path.startswith("/environments/"))

    def answer(self, method, path, body):
        """Status, headers and content of an answer."""
        if path.startswith("/operations/"):
            operation = self.operations[int(path.rpartition("/")[2])]
            operation["asked"] += 1
            return 200, {}, operation["end"] if operation["asked"] > 1 else {"status": "InProgress"}
        if not path.startswith(WORKSPACE):
            return 404, {}, error("ResourceGroupNotFound", "Resource group 'other' could not be found.")
        path = path.removeprefix(WORKSPACE)
        if method != "GET":
            self.writes.append(f"{method} {path}")
            if self.forbidden:
                return 403, {}, error("AuthorizationFailed", "The client 'ada' does not have authorization.")
        if path.endswith("/listKeys") and method == "POST":
            return 200, {}, {"primaryKey": KEY, "secondaryKey": KEY}
        if not path:
            return 200, {}, {"location": "westeurope"}
        if path.endswith("/deployments"):
            return 200, {}, {"value": [one for name, one in self.resources.items() if name.startswith(f"{path}/")]}
        if method == "GET":
            found = self.resources.get(path)
            return (200, {}, found) if found else (404, {}, error("ResourceNotFound", f"{path} was not found."))
        if method == "DELETE" and path in self.locked:
            return 409, {}, error("ScopeLocked", "The scope is locked.")
        if method == "DELETE":
            for below in [name for name in self.resources if f"{name}/".startswith(f"{path}/")]:
                del self.resources[below]
            return 202, {"Location": self.begin(None)}, None
        return self.put(path, body)

    def put(self, path, body):
        kind, name = path.split("/")[-2:]
        for found, (known, required) in ((body, BODIES[kind]), (body["properties"], PROPERTIES[kind])):
            if not required <= found.keys() <= known:
                details = [{"code": "BadArgument", "message": f"{sorted(found.keys() ^ required)} of {kind}"}]
                return 400, {}, error("UserError", "The request is invalid.", details)
        if kind == "versions":
            if path in self.resources and self.resources[path]["properties"] != body["properties"]:
                return 409, {}, error("UserError", "The environment exists already.")
            self.resources[path] = body
            return 201, {}, body
        end = {"status": "Succeeded"}
        if kind == "onlineEndpoints":
            deployments = {one.rpartition("/")[2] for one in self.resources if one.startswith(f"{path}/deployments/")}
            traffic = body["properties"].setdefault("traffic", {})
            if not (traffic.keys() <= deployments and sum(traffic.values()) in (0, 100)):
                return 400, {}, error("UserError", f"traffic {traffic}")
            body["properties"] |= {"scoringUri": f"{self.address}/{name}/invocations", "provisioningState": "Succeeded"}
        elif body["properties"]["instanceType"] in self.broken:
            end = {"status": "Failed"} | error("OutOfQuota", "Not enough quota available for Standard_Big.")
        assert kind != "deployments" or body["properties"]["environmentId"].removeprefix(WORKSPACE) in self.resources
        self.resources[path] = body | {"name": name}
        return 201, {"Azure-AsyncOperation": self.begin(end)}, body

    def begin(self, end):
        self.operations.append({"asked": 0, "end": end})
        return f"{self.address}/operations/{len(self.operations) - 1}"

    def predict(self, texts, deployment):
        (endpoint,) = [one for path, one in self.resources.items() if path.count("/") == 2]
        traffic = endpoint["properties"]["traffic"]
        label = deployment or max(traffic, key=lambda name: traffic[name])
        return {"predictions": [{"label": label, "score": 0.9} for _ in texts]}


def error(code, message, details=()):
    return {"error": {"code": code, "message": message, "details": list(details)}}


@contextmanager
def serving(azure) -> Iterator[str]:
    """The address of the API, which is that of its tokens and of its endpoints, too."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            url = urlsplit(self.path)
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(content) if content else None
            given = self.headers.get("Authorization")
            if url.path == "/token":  # a managed identity, as Azure's own machines have it
                assert parse_qs(url.query)["resource"] == ["https://management.azure.com"]
                found = {"access_token": TOKEN, "expires_on": "4102444800", "resource": "…", "token_type": "Bearer"}
                status, headers = 200, {}
            elif url.path.endswith("/invocations"):
                asked = self.headers.get("azureml-model-deployment")
                status, headers = (200 if given == f"Bearer {KEY}" else 401), {}
                found = azure.predict(body["inputs"], asked) if status == 200 else error("Unauthorized", "the key")
            elif given != f"Bearer {TOKEN}" or not (url.query or url.path.startswith("/operations/")):
                status, headers, found = 401, {}, error("InvalidAuthenticationToken", "the token")
            else:
                status, headers, found = azure.answer(self.command, url.path, body)
            data = b"" if found is None else json.dumps(found).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_PUT = do_POST = do_DELETE = do_GET

        def log_message(self, *_):
            pass

    with listen(Handler) as server:
        azure.address = f"http://127.0.0.1:{server.server_port}"
        yield azure.address
