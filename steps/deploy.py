"""Create, update, test or delete an endpoint that serves a registered version."""

import http.client
from collections.abc import Callable

import mlflow

from sentiment.commands import curl_command, project_command
from sentiment.deployment.folder import check_package, object_name
from sentiment.deployment.targets import Target, get_target
from sentiment.errors import UserError
from sentiment.registry import deployments
from sentiment.registry.versions import find_version
from sentiment.results import model_files
from sentiment.tracking import MODEL_VERSION, NOTE, PACKAGE_SHA256, REGISTERED_MODEL
from sentiment.workflow.parameters import DeployParameters

TEXTS = ["A gem. I laughed all the way home.", "Two hours that I will never get back."]


def deploy(parameters: DeployParameters, hold: Callable[[], None]) -> None:
    name, kind = parameters.registered_model, parameters.target
    endpoint = parameters.endpoint or object_name(name)
    if object_name(endpoint) != endpoint:
        raise UserError(f"endpoint={endpoint}: expected lower case letters, digits and -, at most 40 of them")
    mlflow.set_tag(REGISTERED_MODEL, name)
    target, advice = get_target(parameters, hold), ""
    if parameters.action == "test":
        summary = f"{kind} endpoint {endpoint} answers: {request(target, endpoint)}"
    elif parameters.action == "delete":
        versions = deployments.list_deployed(kind, endpoint, target.place)
        target.delete(endpoint)
        deployments.record(versions, kind, endpoint, target.place, deployments.GONE)
        summary = f"{kind} endpoint {endpoint} is deleted"
    else:
        summary, address = put(target, endpoint, parameters)
        advice = f"\n\n{usage(parameters, endpoint, address)}"
    mlflow.set_tag(NOTE, summary)
    print(f"deploy: {summary}{advice}", flush=True)


def put(target: Target, endpoint: str, parameters: DeployParameters) -> tuple[str, str]:
    """Create or update an endpoint, ask it, and record what was done; returns a summary and the address."""
    name, kind, traffic = parameters.registered_model, parameters.target, parameters.traffic
    found = find_version(name, parameters.version)
    version = str(found.version)
    deployments.check_champion(name, version, parameters.any_version)
    mlflow.set_tag(MODEL_VERSION, version)
    uri = f"models:/{name}/{version}"
    model_files(uri)  # which raises if they have changed
    if kind == "kubernetes" and not parameters.manifests and PACKAGE_SHA256 in found.tags:
        check_package(name, version, found.tags[PACKAGE_SHA256])
    # For a new endpoint it is what was deleted by other means.
    before = [one for one in deployments.list_deployed(kind, endpoint, target.place) if one != (name, version)]
    if parameters.action == "create":
        if traffic < 1:
            raise UserError("traffic needs action=update: the first version of an endpoint gets all of it")
        address = target.create(endpoint, uri, version)
    else:
        if traffic < 1 and (same := [model for model, number in before if number == version]):
            raise UserError(  # a cloud knows the parts of an endpoint by these numbers
                f"version={version}: endpoint {endpoint} has version {version} of {same[0]} already, and tells "
                f"versions apart only by their numbers: leave traffic out, or give another endpoint"
            )
        address = target.update(endpoint, uri, version, traffic)
    share, does = f"{100 * traffic:g}% of the requests at {address}", "fails the test request, and has"
    try:
        answer = request(target, endpoint, version if traffic < 1 else "")
        does = "answers"
    finally:  # the endpoint has changed, whatever it answers
        part = "the other" if len(before) == 1 else "part of the other"
        rest = f" answers {part} {100 * (1 - traffic):g}% of the requests"
        deployments.record(before, kind, endpoint, target.place, deployments.GONE if traffic == 1 else rest)
        deployments.record([(name, version)], kind, endpoint, target.place, f" {does} {share}")
    return f"{name} version {version} answers {share}: {answer}", address


def usage(parameters: DeployParameters, endpoint: str, address: str) -> str:
    """Next commands for an endpoint that answers."""
    given = {name: getattr(parameters, name) for name in ("registered_model", "target", "settings")}
    named = {name: value for name, value in given.items() if value} | {"endpoint": endpoint}
    lines = [project_command("deploy", **named, action=action) for action in ("test", "delete")]
    if parameters.target == "local":  # the others ask for credentials, or are not reached from everywhere
        lines.insert(0, curl_command(address))
    return "\n".join(lines)


def request(target: Target, endpoint: str, version: str = "") -> str:
    """The answer of an endpoint, or of one of its versions, to two texts, in words."""
    try:
        rows = target.predict(endpoint, TEXTS, version)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise UserError(f"endpoint={endpoint}: unexpected answer to a test request: {error}") from error
    return ", ".join(f"{row['label']} ({row['score']:.2f})" for row in rows)
