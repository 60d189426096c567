"""The tags that say which version is deployed where."""

import mlflow

from sentiment.registry import deployments
from sentiment.tracking import MAX_TAG


def test_a_tag_tells_endpoints_of_one_name_apart_and_keeps_what_fits(versions):
    for place in ("prod", "dev"):
        with mlflow.start_run():
            deployments.record([("m", "1")], "kubernetes", "m", place, " answers")
    with mlflow.start_run():
        deployments.record([("m", "1")], "kubernetes", "m", "dev", deployments.GONE)
        assert deployments.list_deployed("kubernetes", "m", "prod") == [("m", "1")]
        assert deployments.list_deployed("kubernetes", "m", "dev") == []
        for number in range(40):
            deployments.record([("m", "1")], "kubernetes", "m", f"place {number} of many", " answers")
        tag = versions.get_model_version("m", "1").tags["deployed.kubernetes.m"]
        assert tag.count("place 39") == 1 and len(tag) <= MAX_TAG


def test_a_tag_that_was_written_without_a_place_is_still_followed(versions):
    line = "2026-11-01T10:00:00+00:00: local endpoint m, version 1 answers 100% of the requests at …, by ada in run 0"
    versions.set_model_version_tag("m", "1", "deployed.local.m", line)
    assert deployments.list_deployed("local", "m", "here") == [("m", "1")]
    with mlflow.start_run():
        deployments.record([("m", "1")], "local", "m", "here", deployments.GONE)
    assert "answers" not in versions.get_model_version("m", "1").tags["deployed.local.m"]
