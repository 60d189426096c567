"""What train leaves in its run, in this process."""

import mlflow
import pandas as pd

from sentiment.workflow.command_line import validate
from sentiment.workflow.naming import name_run
from sentiment.workflow.parameters import FeaturizeParameters, TrainParameters
from steps.featurize import featurize
from steps.train import train
from tests.steps.test_compare import run_ingest, run_step


def test_a_run_is_named_by_its_hyperparameters_unless_it_was_given_a_name(tracked, tmp_path):
    texts = [f"a {'good' if number % 2 else 'bad'} film {number}" for number in range(60)]
    pd.DataFrame({"text": texts, "label": ["neg", "pos"] * 30}).to_csv(tmp_path / "c.csv", index=False)
    featurized = run_step(featurize, FeaturizeParameters(), run_ingest(corpus=str(tmp_path / "c.csv")))
    parameters = validate(TrainParameters, {"classifier": "multinomial_nb", "max_order": "1"})
    names = []
    for given in ("my baseline", None):
        with mlflow.start_run(run_name=given) as run:
            mlflow.log_params(parameters.hyperparameters)
            name_run("train", parameters, {"featurize_run": featurized})  # as every step is named
            train(parameters, featurized)
        names.append(tracked.get_run(run.info.run_id).info.run_name)
    assert names[0] == "my baseline" and names[1].startswith("simple ") and "classifier=multinomial_nb" in names[1]
