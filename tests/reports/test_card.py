import mlflow

from sentiment.reports.card import _describe_dataset


def test_the_corpus_is_named_as_it_was_typed_and_not_as_the_shell_needs_it(tracked):
    part = {"documents": 2, "classes": {"neg": 1, "pos": 1}, "length_quantiles": {"0.5": 3}}
    with mlflow.start_run(tags={"dataset.digest": "1"}) as run:
        mlflow.log_params({"corpus": "'zwölf klassen.csv'", "test_size": "0.2", "splits": "''"})
        mlflow.log_dict({"train": part}, "profile/profile.json")
    data = _describe_dataset(mlflow.get_run(run.info.run_id), ["neg", "pos"])
    assert (data["corpus"], data["source"], data["split"]) == (
        "zwölf klassen.csv",
        "zwölf klassen.csv",
        "test_size=0.2",
    )
