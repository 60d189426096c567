import mlflow
import pytest

from sentiment.workflow.command_line import validate
from sentiment.workflow.logged_parameters import log_parameters
from sentiment.workflow.naming import name_run
from sentiment.workflow.parameters import (
    ApproveParameters,
    CompareParameters,
    FeaturizeParameters,
    IngestParameters,
    TuneParameters,
)


def named(tracked, entry_point, parameters, inputs=None, **given):
    with mlflow.start_run(**given) as run:
        name_run(entry_point, parameters, inputs or {})
    return tracked.get_run(run.info.run_id).info.run_name


@pytest.mark.parametrize("corpus", ["data/reviews.csv", "s3://texts/reviews/*.parquet", "Ada's texts/reviews"])
def test_a_run_is_named_by_step_family_and_corpus(tracked, corpus):
    with mlflow.start_run() as ingest:
        log_parameters(IngestParameters(corpus=corpus))  # quoted, as MLflow does it
    with mlflow.start_run(tags={"ingest_run": ingest.info.run_id}) as featurize:
        pass
    inputs = {"featurize_run": tracked.get_run(featurize.info.run_id)}
    assert named(tracked, "tune", validate(TuneParameters, {"family": "lstm"}), inputs) == "tune lstm reviews"
    with mlflow.start_run(tags={"featurize_run": featurize.info.run_id}) as tune:
        pass
    inputs = {"tune_runs": [tracked.get_run(tune.info.run_id)]}
    assert named(tracked, "compare", CompareParameters(), inputs) == "compare reviews"
    assert named(tracked, "ingest", IngestParameters()) == "ingest sample"
    assert named(tracked, "approve", ApproveParameters()) == "approve sentiment"


def test_a_corpus_that_a_user_has_logged_with_an_apostrophe_names_runs_as_it_is(tracked):
    with mlflow.start_run() as run:
        mlflow.log_param("corpus", "Ada's reviews")
    inputs = {"ingest_run": tracked.get_run(run.info.run_id)}
    assert named(tracked, "featurize", validate(FeaturizeParameters, {}), inputs) == "featurize Ada's reviews"


GIVEN = [
    {"run_name": "my name"},
    {"run_name": "exp-lstm-2"},  # of the form of MLflow's names, but not of its words
    {"run_name": "lstm", "tags": {"mlflow.parentRunId": "0"}},
]


@pytest.mark.parametrize("given", GIVEN)
def test_a_name_that_was_given_stays(tracked, given):
    assert named(tracked, "ingest", IngestParameters(), **given) == given["run_name"]
