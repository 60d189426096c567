"""Managed online endpoints of Azure Machine Learning, through its REST API; azure-identity finds the credentials.

MLflow's plugin, azureml-mlflow, deploys only from the workspace's own registry, which does not take models of MLflow 3.
Here an endpoint runs the image of a packaged model, from any registry.

https://learn.microsoft.com/rest/api/azureml/online-endpoints
"""

import logging
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from sentiment.deployment.client import check_labels
from sentiment.deployment.folder import check_image
from sentiment.deployment.settings import read_settings
from sentiment.deployment.targets import Target
from sentiment.digests import text_digest
from sentiment.errors import UserError, first_line, optional_package
from sentiment.workflow.parameters import DeployParameters

MANAGEMENT = "https://management.azure.com"
SCOPE = "https://management.azure.com/.default"  # what a token is for
API = {"api-version": "2024-10-01"}
REQUIRED = ("subscription_id", "resource_group", "workspace", "instance_type")
SETTINGS = (*REQUIRED, "instance_count")
# Settable parts of an endpoint, except its traffic.
KEPT = ("identity", "kind", "location", "sku", "tags")
KEPT_PROPERTIES = ("authMode", "compute", "description", "mirrorTraffic", "properties", "publicNetworkAccess")
RETRIES = 5  # of an idempotent request
OPERATION_TIMEOUT = 3600.0  # seconds for Azure to create or delete something
PAUSE = 10.0  # seconds
REPORTING = 60.0  # seconds between two lines of progress
REQUEST_TIMEOUT = 300.0  # seconds that a request may take


def connect(parameters: DeployParameters, hold: Callable[[], None]) -> Target:
    return AzureML(parameters.image, parameters.settings, hold)


class AzureML:
    """The target ``azureml``. Each version of an endpoint is one of its deployments.

    Args:
        image: the image of a packaged model, in a registry that the endpoint may read, without a tag.
        settings: path of a YAML file.
        hold: to be called before a request that changes something.
    """

    def __init__(self, image: str, settings: str, hold: Callable[[], None]) -> None:
        with optional_package("target=azureml", "azure-identity", "requirements-azureml.txt"):
            from azure.identity import DefaultAzureCredential
        self._settings = read_settings(Path(settings), SETTINGS) if settings else {}
        if left_out := [name for name in REQUIRED if not self._settings.get(name)]:
            raise UserError(f"target=azureml needs a YAML file with {', '.join(left_out)}: -P settings=azureml.yaml")
        self._image = check_image(image)
        self._hold = hold
        self._workspace = (
            f"/subscriptions/{self._settings['subscription_id']}/resourceGroups/{self._settings['resource_group']}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{self._settings['workspace']}"
        )
        logging.getLogger("azure.identity").setLevel(logging.CRITICAL)  # its errors are raised, too
        self._credential = DefaultAzureCredential()
        self._session = requests.Session()
        again = Retry(RETRIES, backoff_factor=1, status_forcelist=(429, 502, 503, 504), raise_on_status=False)
        self._session.mount(MANAGEMENT, HTTPAdapter(max_retries=again))

    @property
    def place(self) -> str:
        return self._workspace

    def create(self, endpoint: str, uri: str, version: str) -> str:
        environment = self._environment(endpoint, version)
        if self._find(_path(endpoint)) is not None:
            raise UserError(f"endpoint={endpoint}: it is there already: -P action=update replaces its version")
        workspace = self._find("")
        if workspace is None:
            raise UserError(f"settings: there is no workspace {self._workspace}, or you have no access to it")
        location = workspace["location"]
        body = {"location": location, "identity": {"type": "SystemAssigned"}, "properties": {"authMode": "Key"}}
        try:
            self._change("PUT", _path(endpoint), body)
            self._deploy(endpoint, version, environment, location)
            return self._route(endpoint, {_deployment(version): 100})
        except UserError as error:
            raise self._undo(_path(endpoint), error, "nothing is left of it") from error

    def update(self, endpoint: str, uri: str, version: str, traffic: float) -> str:
        """With all of the traffic the version replaces the others once it is ready; else it is added to them."""
        environment = self._environment(endpoint, version)
        found = self._require(endpoint)
        given = found["properties"].get("traffic", {})
        shares = {name: given.get(name, 0) for name in self._list_deployments(endpoint)}
        present = _deployment(version) in shares
        routed = share_traffic(shares, _deployment(version), traffic)
        try:
            self._deploy(endpoint, version, environment, found["location"])
        except UserError as error:
            if present:
                raise
            path = f"{_path(endpoint)}/deployments/{_deployment(version)}"
            raise self._undo(path, error, "the earlier versions are unchanged") from error
        address = self._route(endpoint, routed)
        for name in shares if traffic == 1 else ():
            if name == _deployment(version) or not _is_ours(name):
                continue
            try:
                self._change("DELETE", f"{_path(endpoint)}/deployments/{name}")
            except UserError as error:  # the version answers nevertheless, and the next update retries it
                print(f"deploy: {name} no longer gets requests, but still exists and costs money: {error}", flush=True)
        return address

    def delete(self, endpoint: str) -> None:
        self._require(endpoint)
        if theirs := [name for name in self._list_deployments(endpoint) if not _is_ours(name)]:
            raise UserError(
                f"endpoint={endpoint}: deploy did not create its deployment {theirs[0]}: delete it, or the endpoint, "
                "in Azure"
            )
        self._change("DELETE", _path(endpoint))

    def predict(self, endpoint: str, texts: list[str], version: str = "") -> list[dict[str, Any]]:
        address = self._require(endpoint)["properties"]["scoringUri"]
        key = self._call("POST", f"{_path(endpoint)}/listKeys").json()["primaryKey"]
        chosen = {"azureml-model-deployment": _deployment(version)} if version else {}
        answer = self._send("POST", address, key, {"inputs": texts}, headers=chosen)
        if answer.status_code != 200:
            raise ValueError(f"{address} gives status {answer.status_code}: {answer.text[:300]}")
        return check_labels(answer.json().get("predictions", []), texts)

    def _environment(self, endpoint: str, version: str) -> tuple[str, dict[str, Any]]:
        """Path and body of the environment for the image, which is immutable."""
        if not self._image:
            raise UserError("target=azureml needs the image of a package: -P image=….azurecr.io/sentiment")
        image = f"{self._image}:{version}"
        routes = {"livenessRoute": "/ping", "readinessRoute": "/ping", "scoringRoute": "/invocations"}
        config = {name: {"path": path, "port": 8080} for name, path in routes.items()}
        body = {"properties": {"image": image, "osType": "Linux", "inferenceConfig": config}}
        return f"/environments/{endpoint}/versions/{version}-{text_digest(image)[:8]}", body

    def _deploy(self, endpoint: str, version: str, environment: tuple[str, dict[str, Any]], location: str) -> None:
        """Have an endpoint run a version, without any traffic yet."""
        path, body = environment
        if self._find(path) is None:
            self._change("PUT", path, body)
        properties = {
            "endpointComputeType": "Managed",
            "environmentId": f"{self._workspace}{path}",
            "instanceType": self._settings["instance_type"],
            "requestSettings": {"requestTimeout": "PT1M", "maxConcurrentRequestsPerInstance": 8},
        }
        sku = {"name": "Default", "capacity": self._settings.get("instance_count", 1)}
        deployment = {"location": location, "sku": sku, "properties": properties}
        self._change("PUT", f"{_path(endpoint)}/deployments/{_deployment(version)}", deployment)

    def _route(self, endpoint: str, traffic: dict[str, int]) -> str:
        """Share the requests of an endpoint among its deployments, in percent; returns its address."""
        found = self._require(endpoint)
        # No request sets only the traffic: the rest of the endpoint is sent back unchanged.
        kept = {name: value for name, value in found.items() if name in KEPT}
        properties = {name: value for name, value in found["properties"].items() if name in KEPT_PROPERTIES}
        self._change("PUT", _path(endpoint), kept | {"properties": properties | {"traffic": traffic}})
        return str(found["properties"]["scoringUri"])

    def _require(self, endpoint: str) -> dict[str, Any]:
        found: dict[str, Any] | None = self._find(_path(endpoint))
        if found is None:
            raise UserError(f"endpoint={endpoint}: there is none in the workspace {self._settings['workspace']}")
        return found

    def _list_deployments(self, endpoint: str) -> list[str]:
        return [one["name"] for one in self._find(f"{_path(endpoint)}/deployments")["value"]]

    def _change(self, method: str, path: str, body: dict[str, Any] | None = None) -> None:
        """Create or delete something, and return when it is done."""
        self._hold()
        answer = self._call(method, path, body)
        # The body of the first one has the state; the second one gives status 202 as long as Azure is at work.
        address = answer.headers.get("Azure-AsyncOperation") or answer.headers.get("Location")
        begun, reports = time.monotonic(), 0
        while address:
            spent = time.monotonic() - begun
            if spent > OPERATION_TIMEOUT:
                raise UserError(f"Azure ML: {method} {path} is not done after {spent / 60:.0f} minutes")
            if spent >= reports * REPORTING:
                print(f"deploy: waiting for Azure ML, {spent / 60:.0f} min: {method} {path}", flush=True)
                reports += 1
            time.sleep(PAUSE)
            self._hold()
            answer = self._call("GET", address)
            if answer.status_code == 404:
                raise UserError(f"Azure ML: {method} {path}: its outcome is unknown")
            content = answer.json() if answer.content else {}
            state = "InProgress" if answer.status_code == 202 else content.get("status", "Succeeded")
            if state in ("Failed", "Canceled"):
                raise UserError(f"Azure ML: {method} {path}: {state}: {_reason(content)}")
            if state == "Succeeded":
                return

    def _undo(self, path: str, error: UserError, undone: str) -> UserError:
        """Delete what could not be finished; returns the error with the outcome."""
        try:
            if self._find(path) is not None:
                self._change("DELETE", path)
        except UserError as another:
            return UserError(f"{error}; this could not be undone: {another}")
        return UserError(f"{error}; {undone}")

    def _find(self, path: str) -> Any:
        """What is at a path; None if there is nothing."""
        answer = self._call("GET", path)
        return None if answer.status_code == 404 else answer.json()

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> requests.Response:
        """An answer of Azure's management; a status from 400 on is a UserError, except 404 for a GET."""
        from azure.core.exceptions import ClientAuthenticationError

        try:
            token = self._credential.get_token(SCOPE).token
        except ClientAuthenticationError as error:
            ways = "az login, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"
            raise UserError(f"Azure ML: {first_line(error)} {ways}") from error
        full = path.startswith("http")  # an address that Azure has given
        address = path if full else f"{MANAGEMENT}{self._workspace}{path}"
        try:
            answer = self._send(method, address, token, body, None if full else API)
        except requests.RequestException as error:
            raise UserError(f"Azure ML: {MANAGEMENT} cannot be reached: {first_line(error)}") from error
        if answer.status_code >= 400 and (method, answer.status_code) != ("GET", 404):
            try:
                reason = _reason(answer.json())
            except ValueError:
                reason = answer.text[:300]
            raise UserError(f"Azure ML: status {answer.status_code} for {method} {path or 'the workspace'}: {reason}")
        return answer

    def _send(
        self,
        method: str,
        address: str,
        token: str,
        body: dict[str, Any] | None,
        params: dict[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}", **(headers or {})}
        return self._session.request(
            method, address, headers=headers, json=body, params=params, timeout=REQUEST_TIMEOUT, allow_redirects=False
        )


def share_traffic(present: dict[str, int], name: str, traffic: float) -> dict[str, int]:
    """The percentages of deployments, which are whole numbers and add up to 100.

    Args:
        present: the current ones.
        name: the deployment that gets a share.
        traffic: its share, above 0 and up to 1; the others divide the rest as they did before.

    Raises:
        UserError: the share is not a whole number of percent, or no other deployment gets the rest.
    """
    percent = round(100 * traffic)
    if abs(100 * traffic - percent) > 1e-9:
        raise UserError(f"traffic={traffic:g}: Azure ML takes whole percents, such as 0.1")
    others = {other: share for other, share in present.items() if other != name}
    if percent == 100:
        return {name: 100}
    if not others:
        raise UserError(f"traffic={traffic:g}: the endpoint has no other version for the rest of it")
    rest, total = 100 - percent, sum(others.values())
    shares = {other: rest * share // total if total else 0 for other, share in others.items()}
    shares[max(shares, key=lambda other: shares[other])] += rest - sum(shares.values())
    return shares | {name: percent}


def _reason(content: dict[str, Any]) -> str:
    """Azure's error message, and its first detail."""
    error = content.get("error", {})
    details = [one.get("message", "") for one in error.get("details") or []]
    return " ".join([error.get("message") or error.get("code") or str(content)[:300], *details[:1]])


def _deployment(version: str) -> str:
    """The name of a version's deployment."""
    return f"version-{version}"


def _is_ours(name: str) -> bool:
    """Whether a deployment has a name that :func:`_deployment` gives."""
    return re.fullmatch(_deployment(r"\d+"), name) is not None


def _path(endpoint: str) -> str:
    return f"/onlineEndpoints/{endpoint}"
