"""Endpoints of Amazon SageMaker, through MLflow's client; boto3 finds credentials and region in the environment."""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlflow.deployments import get_deploy_client
from mlflow.exceptions import MlflowException

from sentiment.deployment.client import check_labels
from sentiment.deployment.folder import check_image
from sentiment.deployment.settings import read_settings
from sentiment.deployment.targets import Target
from sentiment.errors import UserError, optional_package
from sentiment.workflow.parameters import DeployParameters

# The allowed settings, by their names in MLflow's client.
SETTINGS = (
    "assume_role_arn",
    "bucket",
    "data_capture_config",
    "env",
    "execution_role_arn",
    "instance_count",
    "instance_type",
    "serverless_config",
    "tags",
    "timeout_seconds",
    "vpc_config",
)


def connect(parameters: DeployParameters, hold: Callable[[], None]) -> Target:
    return SageMaker(parameters.image, parameters.settings)


class SageMaker:
    """The target ``sagemaker``.

    Args:
        image: the image of a packaged model in Elastic Container Registry, without a tag.
        settings: path of a YAML file, or empty.
    """

    def __init__(self, image: str, settings: str) -> None:
        with optional_package("target=sagemaker", "boto3", "requirements-team.txt"):
            import boto3
        self._region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        if not self._region:
            raise UserError("target=sagemaker needs a region: set AWS_REGION, such as AWS_REGION=eu-central-1")
        # MLflow's client names the region in some of its requests; for the others boto3 only knows this variable.
        os.environ["AWS_DEFAULT_REGION"] = self._region
        self._image = check_image(image)
        self._settings = read_settings(Path(settings), SETTINGS) if settings else {}
        self._role = self._settings.get("assume_role_arn")
        self._client = get_deploy_client(f"sagemaker:/{self._region}" + (f"/{self._role}" if self._role else ""))
        self._boto3 = boto3

    @property
    def place(self) -> str:
        with _one_line():
            return f"{self._region} of account {self._service('sts').get_caller_identity()['Account']}"

    def create(self, endpoint: str, uri: str, version: str) -> str:
        config = self._config(version)
        with _one_line():
            if self._find(endpoint):
                raise UserError(f"endpoint={endpoint}: it is there already: -P action=update replaces its version")
            with self._undone(endpoint, "nothing is left of it"):
                self._client.create_deployment(endpoint, uri, config=config)
        return self._address(endpoint)

    def update(self, endpoint: str, uri: str, version: str, traffic: float) -> str:
        """With all of the traffic SageMaker replaces the old fleet with a new one; else the new one is added to it."""
        config = self._config(version)
        with _one_line():
            found = self._require_ours(endpoint)
            with self._undone(endpoint, "the earlier versions are unchanged"):
                if traffic == 1:
                    self._client.update_deployment(endpoint, uri, config=config)
                    return self._address(endpoint)
                weights = {variant["VariantName"]: variant["CurrentWeight"] for variant in found["ProductionVariants"]}
                others = {name: weight for name, weight in weights.items() if name != _variant(version)}
                if not others:
                    raise UserError(f"traffic={traffic:g}: endpoint {endpoint} has no other version for the rest of it")
                if _variant(version) not in weights:
                    # With the weight 0, until the next request.
                    self._client.update_deployment(endpoint, uri, config=config | {"mode": "add"})
            if not any(others.values()):  # somebody has stopped all of them
                others = dict.fromkeys(others, 1.0)
            shares = {name: (1 - traffic) * weight / sum(others.values()) for name, weight in others.items()}
            self._service("sagemaker").update_endpoint_weights_and_capacities(
                EndpointName=endpoint,
                DesiredWeightsAndCapacities=[
                    {"VariantName": name, "DesiredWeight": weight}
                    for name, weight in (shares | {_variant(version): traffic}).items()
                ],
            )
        return self._address(endpoint)

    def delete(self, endpoint: str) -> None:
        with _one_line():
            self._require_ours(endpoint)
            self._client.delete_deployment(endpoint, config={"region_name": self._region})

    def predict(self, endpoint: str, texts: list[str], version: str = "") -> list[dict[str, Any]]:
        with _one_line():
            self._require(endpoint)
            answer = self._service("sagemaker-runtime").invoke_endpoint(  # MLflow's client cannot choose a variant
                EndpointName=endpoint,
                Body=json.dumps({"inputs": texts}),
                ContentType="application/json",
                **({"TargetVariant": _variant(version)} if version else {}),
            )
        return check_labels(json.loads(answer["Body"].read())["predictions"], texts)

    def _config(self, version: str) -> dict[str, Any]:
        if not self._image:
            raise UserError("target=sagemaker needs the image of a package in ECR: -P image=…amazonaws.com/sentiment")
        ours = {"region_name": self._region, "image_url": f"{self._image}:{version}", "variant_name": _variant(version)}
        return self._settings | ours

    def _service(self, name: str) -> Any:
        """A client of an AWS service, with the rights of MLflow's client."""
        rights = {}
        if self._role:
            token = self._boto3.client("sts").assume_role(RoleArn=self._role, RoleSessionName="deploy")["Credentials"]
            rights["aws_access_key_id"] = token["AccessKeyId"]
            rights["aws_secret_access_key"] = token["SecretAccessKey"]
            rights["aws_session_token"] = token["SessionToken"]
        return self._boto3.client(name, region_name=self._region, **rights)

    def _find(self, endpoint: str) -> dict[str, Any] | None:
        from botocore.exceptions import ClientError

        try:
            found: dict[str, Any] = self._service("sagemaker").describe_endpoint(EndpointName=endpoint)
            return found
        except ClientError as error:
            if not _is_missing(error):
                raise
            return None

    def _require(self, endpoint: str) -> dict[str, Any]:
        found = self._find(endpoint)
        if found is None:
            raise UserError(f"endpoint={endpoint}: there is none in {self._region} that these credentials may see")
        return found

    def _require_ours(self, endpoint: str) -> dict[str, Any]:
        found = self._require(endpoint)
        for variant in found.get("ProductionVariants", ()):
            if not re.fullmatch(_variant(r"\d+"), name := variant["VariantName"]):
                raise UserError(f"endpoint={endpoint}: deploy did not create its variant {name}: give another endpoint")
        return found

    @contextmanager
    def _undone(self, endpoint: str, undone: str) -> Iterator[None]:
        """If the block fails, delete what it has created: MLflow's client leaves it, at a cost.

        Args:
            endpoint: name of the endpoint.
            undone: the resulting state, in words.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        made: list[tuple[str, dict[str, Any]]] = []
        self._boto3.setup_default_session()  # MLflow's clients use it, and make up the names
        for operation in ("CreateModel", "CreateEndpointConfig"):
            self._boto3.DEFAULT_SESSION.events.register(
                f"provide-client-params.sagemaker.{operation}",
                lambda params, model, **_: made.append((model.name, params)),
            )
        before = self._find(endpoint)
        try:
            yield
        except (BotoCoreError, ClientError, MlflowException) as error:
            try:
                present = self._find(endpoint)
                if present and present["EndpointStatus"] not in ("InService", "Failed"):
                    raise UserError(f"SageMaker: {error}; it is still working on the endpoint") from error
                if present and not before:
                    self._client.delete_deployment(endpoint, config={"region_name": self._region})
                else:
                    self._remove(made)
            except (BotoCoreError, ClientError, MlflowException) as another:
                raise UserError(f"SageMaker: {error}; this could not be undone: {another}") from error
            raise UserError(f"SageMaker: {error}; {undone}") from error
        finally:
            self._boto3.setup_default_session()

    def _remove(self, made: list[tuple[str, dict[str, Any]]]) -> None:
        """Delete configurations and models, with their archives, by the parameters that requested them."""
        from botocore.exceptions import ClientError

        service, store = self._service("sagemaker"), self._service("s3")
        for operation, given in reversed(made):
            try:
                if operation == "CreateEndpointConfig":
                    service.delete_endpoint_config(EndpointConfigName=given["EndpointConfigName"])
                    continue
                bucket, _, key = given["PrimaryContainer"]["ModelDataUrl"].removeprefix("s3://").partition("/")
                store.delete_object(Bucket=bucket, Key=key)
                service.delete_model(ModelName=given["ModelName"])
            except ClientError as error:
                if not _is_missing(error):  # what was refused was never there
                    raise

    def _address(self, endpoint: str) -> str:
        return f"https://runtime.sagemaker.{self._region}.amazonaws.com/endpoints/{endpoint}/invocations"


def _variant(version: str) -> str:
    """The name of a version's variant."""
    return f"version-{version}"


def _is_missing(error: Any) -> bool:
    """Whether AWS reports a missing resource, for which SageMaker has no error code."""
    return "ould not find" in str(error)


@contextmanager
def _one_line() -> Iterator[None]:
    """Errors of AWS and MLflow, as a UserError."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError, MlflowException) as error:
        raise UserError(f"SageMaker: {error}") from error
