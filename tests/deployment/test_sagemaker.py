"""The step ``deploy`` against moto's server, which keeps models, configurations and endpoints as SageMaker does."""

import base64
import json
import os
import urllib.request
from functools import cache

import mlflow
import pytest

from sentiment.errors import UserError
from sentiment.registry import promotions
from sentiment.workflow.command_line import parse
from steps.deploy import deploy
from tests.conftest import copy_store, store
from tests.deployment.registry import register_two_versions

boto3 = pytest.importorskip("boto3")
moto_server = pytest.importorskip("moto.server")
THEIRS = "222222222222"  # an account of somebody else
SETTINGS = "execution_role_arn: arn:aws:iam::123456789012:role/sentiment\nbucket: models\ninstance_type: ml.m5.large\n"


class Clock:
    """Time in which MLflow's waiting, 20 seconds for each update, is over at once."""

    def __init__(self):
        self.now = 0.0

    def time(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture(scope="module")
def aws():
    """The address of moto's server, with the one call that it lacks."""
    from moto.core.responses import ActionResult
    from moto.sagemaker.models import sagemaker_backends
    from moto.sagemaker.responses import SageMakerResponse

    def update_endpoint(self):
        backend = sagemaker_backends[self.current_account][self.region]
        name, config = self._get_param("EndpointName"), self._get_param("EndpointConfigName")
        tags = backend.endpoints[name].tags
        backend.delete_endpoint(name)
        return ActionResult({"EndpointArn": backend.create_endpoint(name, config, tags).arn})

    SageMakerResponse.update_endpoint = update_endpoint
    server = moto_server.ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
    del SageMakerResponse.update_endpoint


@pytest.fixture(scope="module", autouse=True)
def descriptions():
    """What boto3 knows of the services, which each of its sessions reads anew: megabytes of JSON."""
    from botocore.loaders import JSONFileLoader

    read = cache(JSONFileLoader().load_file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", lambda _, path: read(path))
        yield


@pytest.fixture(scope="module")
def registered(tmp_path_factory):
    """The folder of a registry whose model ``sentiment`` has two versions, the first one champion."""
    folder = tmp_path_factory.mktemp("registered")
    with store(folder) as client:
        register_two_versions(client, folder)
    return folder


@pytest.fixture
def tracked(registered, tmp_path):
    copy_store(registered, tmp_path)
    with store(tmp_path) as client:
        yield client


@pytest.fixture
def cloud(aws, tracked, tmp_path, monkeypatch):
    """An account with a bucket, and a registry of its own for a test."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    settings = {
        "ENDPOINT_URL": aws,
        "REGION": "eu-central-1",
        "ACCESS_KEY_ID": "key",
        "SECRET_ACCESS_KEY": "secret-key",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setattr("mlflow.sagemaker.time", Clock())
    urllib.request.urlopen(urllib.request.Request(f"{aws}/moto-api/reset", method="POST"))
    answer = {"predictions": [{"label": "positive", "score": 0.9}, {"label": "negative", "score": 0.8}]}
    for account in ("123456789012", THEIRS):
        results = {"account_id": account, "region": "eu-central-1", "results": [{"Body": json.dumps(answer)}] * 9}
        request = urllib.request.Request(
            f"{aws}/moto-api/static/sagemaker/endpoint-results",
            json.dumps(results).encode(),
            {"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request)
    boto3.client("s3", region_name="eu-central-1").create_bucket(
        Bucket="models", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    (tmp_path / "aws.yaml").write_text(SETTINGS)
    return boto3.client("sagemaker", region_name="eu-central-1")


def run(*arguments, settings="aws.yaml"):
    ours = [
        "--target=sagemaker",
        "--image=123456789012.dkr.ecr.eu-central-1.amazonaws.com/mood",
        f"--settings={settings}",
    ]
    with mlflow.start_run(tags={"mlflow.user": "ada"}) as started:
        deploy(parse("deploy", [*ours, *arguments]), lambda: None)
    return started


def variants(service):
    """From the image's tag of each part of the endpoint to its share of the requests."""
    found = {}
    for variant in service.describe_endpoint(EndpointName="sentiment")["ProductionVariants"]:
        found[variant["VariantName"]] = round(variant["CurrentWeight"], 2)
    return found


def asked():
    """The variants that requests were for, each once; None for a request for any."""
    from moto.sagemakerruntime.models import sagemakerruntime_backends

    (requests,) = sagemakerruntime_backends["123456789012"]["eu-central-1"].results.values()
    headers = [json.loads(base64.b64decode(one)) for one in requests]
    return [one.get("X-Amzn-Sagemaker-Target-Variant") for one in headers]


def left(service):
    """How many models, configurations, endpoints and archives of models there are."""
    archives = boto3.client("s3").list_objects_v2(Bucket="models").get("KeyCount", 0)
    return (
        len(service.list_models()["Models"]),
        len(service.list_endpoint_configs()["EndpointConfigs"]),
        len(service.list_endpoints()["Endpoints"]),
        archives,
    )


def test_an_endpoint_is_created_shares_its_traffic_is_replaced_and_leaves_nothing(cloud, tracked, capsys):
    run()
    assert "positive (0.90), negative (0.80)" in capsys.readouterr().out
    assert variants(cloud) == {"version-1": 1} and left(cloud) == (1, 1, 1, 1)
    (model,) = cloud.list_models()["Models"]
    container = cloud.describe_model(ModelName=model["ModelName"])["PrimaryContainer"]
    assert container["Image"] == "123456789012.dkr.ecr.eu-central-1.amazonaws.com/mood:1"

    run("--action=update", "--version=2", "--any_version=true", "--traffic=0.1")
    assert variants(cloud) == {"version-1": 0.9, "version-2": 0.1} and asked() == [None, "version-2"]
    run("--action=update", "--version=2", "--any_version=true", "--traffic=0.5")  # it is there already
    assert variants(cloud) == {"version-1": 0.5, "version-2": 0.5} and left(cloud)[0] == 2

    stopped = [{"VariantName": name, "DesiredWeight": 0} for name in ("version-1", "version-2")]
    cloud.update_endpoint_weights_and_capacities(EndpointName="sentiment", DesiredWeightsAndCapacities=stopped)
    run("--action=update", "--version=2", "--any_version=true", "--traffic=0.5")
    assert variants(cloud) == {"version-1": 0.5, "version-2": 0.5}

    promotions.promote("sentiment", "2", "1", "better")
    run("--action=update")
    assert variants(cloud) == {"version-2": 1} and left(cloud) == (1, 1, 1, 1)
    deployed = [tracked.get_model_version("sentiment", one).tags["deployed.sagemaker.sentiment"] for one in ("1", "2")]
    assert "version 1 is gone, by ada in run " in deployed[0]
    assert "version 2 answers 100% of the requests at https://runtime.sagemaker.eu-central-1." in deployed[1]

    last = run("--action=delete")
    assert left(cloud) == (0, 0, 0, 0)
    trail = [line for key, line in tracked.get_registered_model("sentiment").tags.items() if "deployment." in key]
    assert len(trail) == 10 and sum("10% of the requests" in line for line in trail) == 1
    assert "secret-key" not in json.dumps([tracked.get_run(last.info.run_id).to_dictionary(), trail])


def test_an_endpoint_of_somebody_else_is_neither_replaced_nor_deleted(cloud):
    container = {"Image": "theirs", "ModelDataUrl": "s3://models/theirs"}
    role = "arn:aws:iam::123456789012:role/theirs"
    cloud.create_model(ModelName="theirs", PrimaryContainer=container, ExecutionRoleArn=role)
    variant = {"VariantName": "AllTraffic", "ModelName": "theirs", "InitialInstanceCount": 1}
    variants = [variant | {"InstanceType": "ml.m5.large"}]
    cloud.create_endpoint_config(EndpointConfigName="theirs", ProductionVariants=variants)
    cloud.create_endpoint(EndpointName="sentiment", EndpointConfigName="theirs")
    for action in (["--action=update"], ["--action=update", "--traffic=0.1"], ["--action=delete"]):
        with pytest.raises(UserError, match="endpoint=sentiment: deploy did not create its variant AllTraffic: give"):
            run(*action)
    assert left(cloud)[:3] == (1, 1, 1)


@pytest.mark.parametrize(
    "arguments, line",
    [
        (["--version=2"], "version=2: version 1 of sentiment is champion: promote this one first"),
        (["--image="], "target=sagemaker needs the image of a package in ECR"),
        (
            ["--image=123456789012.dkr.ecr.eu-central-1.amazonaws.com/mood:1"],
            "mood:1: expected a name .* without a tag",
        ),
        (["--action=update"], "endpoint=sentiment: there is none in eu-central-1"),
        (["--action=test"], "endpoint=sentiment: there is none in eu-central-1"),
        (["--action=delete"], "endpoint=sentiment: there is none in eu-central-1"),
        (["--settings=nowhere.yaml"], "settings=nowhere.yaml: expected a YAML file: "),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(cloud, arguments, line):
    with pytest.raises(UserError, match=line):
        run(*arguments)
    assert left(cloud) == (0, 0, 0, 0)


def test_what_aws_refuses_is_taken_back(cloud, tmp_path):
    (tmp_path / "big.yaml").write_text(SETTINGS.replace("ml.m5.large", "ml.nothing.large"))
    with pytest.raises(UserError, match=r"SageMaker: .*ml.nothing.large.*; nothing is left of it$"):
        run(settings="big.yaml")
    assert left(cloud) == (0, 0, 0, 0)
    run()
    with pytest.raises(UserError, match="endpoint=sentiment: it is there already: -P action=update replaces"):
        run()
    for more in ([], ["--traffic=0.1"]):
        with pytest.raises(UserError, match="ml.nothing.large.*; the earlier versions are unchanged$"):
            run("--action=update", "--version=2", "--any_version=true", *more, settings="big.yaml")
    assert variants(cloud) == {"version-1": 1} and left(cloud) == (1, 1, 1, 1)


def test_an_endpoint_of_another_account_is_updated_by_the_role_that_may(cloud, tmp_path):
    role = f"arn:aws:iam::{THEIRS}:role/deployer"
    token = boto3.client("sts", region_name="eu-central-1").assume_role(RoleArn=role, RoleSessionName="test")[
        "Credentials"
    ]
    theirs = boto3.Session(token["AccessKeyId"], token["SecretAccessKey"], token["SessionToken"], "eu-central-1")
    place = {"LocationConstraint": "eu-central-1"}
    theirs.client("s3").create_bucket(Bucket="theirs", CreateBucketConfiguration=place)
    settings = SETTINGS.replace("bucket: models", "bucket: theirs")
    (tmp_path / "role.yaml").write_text(f"{settings}assume_role_arn: {role}\n")
    run(settings="role.yaml")
    assert cloud.list_endpoints()["Endpoints"] == []
    run("--action=update", "--version=2", "--any_version=true", "--traffic=0.1", settings="role.yaml")
    assert variants(theirs.client("sagemaker")) == {"version-1": 0.9, "version-2": 0.1}


def test_the_region_is_that_of_every_request(cloud, tmp_path):
    (tmp_path / "default.yaml").write_text(SETTINGS.replace("bucket: models\n", ""))
    run(settings="default.yaml")  # MLflow looks for a bucket of its own, and makes it
    assert variants(cloud) == {"version-1": 1}


def test_a_setting_that_is_not_known_and_a_missing_region_are_named(cloud, monkeypatch, tmp_path):
    (tmp_path / "wrong.yaml").write_text("instance_typ: ml.m5.large\n")
    with pytest.raises(UserError, match=r"wrong.yaml: instance_typ is not known: did you mean instance_type\?"):
        run(settings="wrong.yaml")
    monkeypatch.delenv("AWS_REGION"), monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    with pytest.raises(UserError, match="target=sagemaker needs a region: set AWS_REGION"):
        run()
