"""Endpoints of Amazon SageMaker, through MLflow's client; boto3 finds credentials and region in the environment."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlflow.deployments import get_deploy_client
from mlflow.exceptions import MlflowException

from sentiment.deployment.requests import check_labels
from sentiment.deployment.settings import read_settings
from sentiment.errors import UserError

# What the settings may hold, by the names of MLflow's client.
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


class SageMaker:
    """The target ``sagemaker``.

    Args:
        image: the image of a packaged model in Elastic Container Registry, with its tag or digest.
        settings: path of a YAML file, or empty.
    """

    def __init__(self, image: str, settings: str) -> None:
        try:
            import boto3
        except ModuleNotFoundError as missing:
            raise UserError("target=sagemaker needs boto3: pip install -r requirements-team.txt") from missing
        self._region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        if not self._region:
            raise UserError("target=sagemaker needs a region: set AWS_REGION, such as AWS_REGION=eu-central-1")
        self._image = image
        self._settings = read_settings(Path(settings), SETTINGS) if settings else {}
        role = self._settings.get("assume_role_arn")
        self._client = get_deploy_client(f"sagemaker:/{self._region}" + (f"/{role}" if role else ""))
        self._boto3 = boto3

    def create(self, endpoint: str, uri: str, version: str) -> str:
        with _one_line():
            self._client.create_deployment(endpoint, uri, config=self._config(version))
        return self._address(endpoint)

    def update(self, endpoint: str, uri: str, version: str, traffic: float) -> str:
        """With all of the traffic SageMaker replaces the former fleet by a new one; else the new one is added to it."""
        with _one_line():
            service = self._boto3.client("sagemaker", region_name=self._region)
            before = service.describe_endpoint(EndpointName=endpoint)["ProductionVariants"]
            if traffic == 1:
                self._client.update_deployment(endpoint, uri, config=self._config(version))
                return self._address(endpoint)
            weights = {variant["VariantName"]: variant["CurrentWeight"] for variant in before}
            others = {name: weight for name, weight in weights.items() if name != _variant(version)}
            if not others:
                raise UserError(f"traffic={traffic:g}: endpoint {endpoint} has no other version for the rest of it")
            if _variant(version) not in weights:
                # With the weight 0, until the next request.
                self._client.update_deployment(endpoint, uri, config=self._config(version) | {"mode": "add"})
            shares = {name: (1 - traffic) * weight / sum(others.values()) for name, weight in others.items()}
            service.update_endpoint_weights_and_capacities(
                EndpointName=endpoint,
                DesiredWeightsAndCapacities=[
                    {"VariantName": name, "DesiredWeight": weight}
                    for name, weight in (shares | {_variant(version): traffic}).items()
                ],
            )
        return self._address(endpoint)

    def delete(self, endpoint: str) -> None:
        with _one_line():
            self._client.delete_deployment(endpoint, config={"region_name": self._region})

    def predict(self, endpoint: str, texts: list[str]) -> list[dict[str, Any]]:
        with _one_line():
            answer = self._client.predict(endpoint, inputs=texts)
        return check_labels(answer["predictions"], texts)

    def _config(self, version: str) -> dict[str, Any]:
        if not self._image:
            raise UserError("target=sagemaker needs the image of a package in ECR: -P image=…amazonaws.com/sentiment")
        ours = {"region_name": self._region, "image_url": f"{self._image}:{version}", "variant_name": _variant(version)}
        return self._settings | ours

    def _address(self, endpoint: str) -> str:
        return f"https://runtime.sagemaker.{self._region}.amazonaws.com/endpoints/{endpoint}/invocations"


def _variant(version: str) -> str:
    """The name of a version's part of an endpoint."""
    return f"version-{version}"


@contextmanager
def _one_line() -> Iterator[None]:
    """What AWS and MLflow's client say, as a UserError."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError, MlflowException) as error:
        raise UserError(f"SageMaker: {error}") from error
