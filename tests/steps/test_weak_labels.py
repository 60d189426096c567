"""A corpus that people have not labelled, from ingest to the registered model, in this process."""

import mlflow
import numpy as np
import pandas as pd
import pytest

from sentiment.artifacts import artifacts, log_parquet
from sentiment.errors import UserError
from sentiment.evaluation.metrics import log_loss
from sentiment.evaluation.slices import find_slices
from sentiment.evaluation.truth import describe_truth, summarize_truth
from sentiment.features.store import Features
from sentiment.labelling.agreement import describe_seen
from sentiment.labelling.labelers import registered_model
from sentiment.model.families import get_family
from sentiment.model.training import Training
from sentiment.monitoring.retraining import read_dataset, select_corrected_labels, select_human_labels
from sentiment.reports.table import verdict
from sentiment.search.packaging import log_model
from sentiment.tracking import VALIDATION_PREDICTIONS
from sentiment.workflow.parameters import (
    CompareParameters,
    FeaturizeParameters,
    PredictParameters,
    RegisterParameters,
)
from steps.compare import compare, find_learned
from steps.featurize import featurize
from steps.predict import predict
from steps.register import register
from tests.reports.rows import row
from tests.steps.test_compare import NAIVE_BAYES, run_ingest, run_step


def write_corpus(folder, people):
    """Texts with a polarity, of which people have labelled some, not all of them as VADER does."""
    random = np.random.default_rng(0)
    fillers = random.choice(["film", "story", "actor", "scene", "music"], (240, 3))  # too short for near-duplicates
    words = ["great", "awful"] * 120
    texts = [f"{word} {' '.join(others)} {number}" for number, (word, others) in enumerate(zip(words, fillers))]
    right = [{"great": "pos", "awful": "neg"}[word] for word in words]
    labels = [label if number < people and number % 10 else "" for number, label in enumerate(right)]
    wrong = dict.fromkeys(range(0, people, 10), "neg")
    labels = [wrong.get(number, label) for number, label in enumerate(labels)]
    pd.DataFrame({"text": texts} | ({"label": labels} if people else {})).to_csv(folder / "c.csv", index=False)
    return str(folder / "c.csv")


def ingest_weakly(folder, people):
    return run_ingest(corpus=write_corpus(folder, people), label_by=("vader",))


def tune(ingested):
    """A tune run of a small model on an ingest run's dataset."""
    featurized = run_step(featurize, FeaturizeParameters(), ingested)
    features = Features(artifacts(featurized.info.run_id, "features"), artifacts(ingested.info.run_id, "dataset"))
    model = get_family("simple").fit(features, NAIVE_BAYES, Training(), lambda *_: None)
    with mlflow.start_run(tags={"mlflow.project.entryPoint": "tune", "family": "simple"}) as run:
        tags = {"featurize_run": featurized.info.run_id, "model_uri": log_model("simple", features, model)}
        mlflow.set_tags(tags | {"step.output_digest": "simple", "best_trial": run.info.run_id})
        probabilities = model.predict_split(features, "choice")
        loss = log_loss(features.labels("choice"), probabilities)
        mlflow.log_metrics({"train_seconds": 2.0, "validation_log_loss": loss})
        log_parquet(pd.DataFrame(probabilities, columns=features.classes), VALIDATION_PREDICTIONS)
    return mlflow.get_run(run.info.run_id)


def test_without_labels_of_people_every_page_says_that_the_truth_is_weak(tracked, tmp_path, capsys):
    ingested = ingest_weakly(tmp_path, people=0)
    assert "no text outside the test split" in ingested.data.tags["mlflow.note.content"].lower()
    compared = run_step(compare, CompareParameters(), [tune(ingested)])
    registered = run_step(register, RegisterParameters(), compared)
    documents = int(ingested.data.metrics["documents_test"])
    said = f"the test labels are weak: vader gave all {documents}, none is human"
    comparison = mlflow.artifacts.load_dict(f"runs:/{compared.info.run_id}/comparison.json")
    assert comparison["truth"] == {"labelers": ["vader"], "documents": documents, "by_people": 0}
    version = tracked.get_model_version_by_alias("sentiment", "champion")
    pages = {
        "console": capsys.readouterr().out,
        "note of compare": compared.data.tags["mlflow.note.content"],
        "card": mlflow.artifacts.load_text(f"runs:/{compared.info.run_id}/review.html"),
        "decision": mlflow.artifacts.load_text(f"runs:/{registered.info.run_id}/review.html"),
        "note of register": registered.data.tags["mlflow.note.content"],
        "version": version.description,
        "its tag": version.tags["truth"],
        "gate": mlflow.artifacts.load_text(f"runs:/{registered.info.run_id}/gate.json"),
    }
    assert [page for page, text in pages.items() if said not in text.lower()] == []
    # The champion as a labeler of the next corpus.
    polarities = registered_model.rate_by_model("models:/sentiment/1", ["great film", "awful film"])
    assert polarities[0] > 0.5 and polarities[1] < -0.5
    seen = pd.read_parquet(artifacts(ingested.info.run_id, "dataset") / "train.parquet")[:5].assign(labelled_by="human")
    known = registered_model.training_texts("models:/sentiment/1")
    said = describe_seen("models:/sentiment/1", known, seen)
    assert said and "was trained on 5 of the 5 human-labelled test texts" in said
    assert describe_seen("models:/sentiment/1", known, seen.assign(text="another")) is None
    dataset = artifacts(ingested.info.run_id, "dataset")
    assert find_learned(dataset, seen.assign(labelled_by="vader + models:/sentiment/1")).all()
    assert not find_learned(dataset, seen).any()  # vader has learned none
    # What it scores with an accuracy says how much of that it knows.
    pd.concat([seen[["text", "label"]], seen.tail(1).assign(text="another")]).to_csv("again.csv", index=False)
    with mlflow.start_run():
        predict(PredictParameters(input="again.csv", output="scored.csv"), hold=lambda: None)
    assert "on the 6 labels of the column label, 5 of which are labels of its training texts" in capsys.readouterr().out


def test_with_some_labels_of_people_the_figures_on_these_stand_beside_the_others(tracked, tmp_path):
    ingested = ingest_weakly(tmp_path, people=60)
    metrics = ingested.data.metrics
    assert metrics["labeler_coverage.vader"] == 1.0 and 0.7 < metrics["labeler_accuracy.vader"] < 1.0
    assert metrics["labelled_by_people_train"] == 0 < metrics["labelled_by_people_validation"]
    agreement = mlflow.artifacts.load_dict(f"runs:/{ingested.info.run_id}/labelling/agreement.json")["agreement"]
    assert agreement[0]["documents"] == metrics["labelled_by_people_validation"]
    people, documents = (int(metrics[name]) for name in ("labelled_by_people_test", "documents_test"))
    test = pd.read_parquet(artifacts(ingested.info.run_id, "dataset") / "test.parquet")
    assert (test["labelled_by"] == "human").sum() == people < documents == len(test)
    as_vader = (test["vote"] == test["label"]).to_numpy()
    truth = describe_truth(test, {"simple": as_vader})
    labels = (test["label"] == "pos").to_numpy(int)
    slices = find_slices(test["text"].tolist(), labels, ["neg", "pos"], labelled_by=test["labelled_by"])
    on_people = as_vader[slices["labelled by human"]].mean()
    assert truth["accuracy"] == {"simple": on_people, "labelers": on_people} and on_people < 1
    assert as_vader[slices["labelled by vader"]].all()
    learned = np.arange(documents) < documents // 2
    part = describe_truth(test, {"simple": as_vader}, learned)
    rest = ((test["labelled_by"] == "human") & ~learned).to_numpy()
    assert part["left_out"] == people - rest.sum() > 0 and part["accuracy"]["labelers"] == as_vader[rest].mean()
    rows = [row("simple", 0.9, 0.9)]
    said = verdict({"winner": "simple", "rows": rows, "pairs": [], "truth": part})
    assert f"On human labels that no labeler was trained on ({part['left_out']} are left out) the accuracy" in said
    said = verdict({"winner": "simple", "rows": rows, "pairs": [], "truth": truth})
    assert said.startswith(
        f"{people} of the {documents} test labels are human, the others are from vader. On human labels the accuracy "
        f"of simple is {on_people:.3f}, that of vader alone {on_people:.3f}. simple is the only family"
    )
    # Trained again with a batch added, it has the labels of people alone: the labelers give theirs anew.
    again = select_human_labels(read_dataset(artifacts(ingested.info.run_id, "dataset")))
    again = again[again["split"] == "test"]
    assert (again["label"] != "").tolist() == (test["labelled_by"] == "human").tolist()


def test_labels_on_which_the_labeler_was_corrected_do_not_count_against_it(tracked, tmp_path):
    before = ingest_weakly(tmp_path, people=60)
    texts = pd.read_csv(tmp_path / "c.csv")
    reviewed = texts[60::2].assign(label=["neg", "neg", "pos"] * 30)  # the labeler says pos: two thirds are wrong
    reviewed.to_csv(tmp_path / "reviewed.csv", index=False)
    after = run_ingest(corpus=str(tmp_path / "c.csv"), label_by=("vader",), corrections=str(tmp_path / "reviewed.csv"))
    assert after.data.metrics["corrected_labels"] == 60
    assert "vader, 60 of which were corrected." in after.data.tags["mlflow.note.content"]
    kept = [name for name in before.data.metrics if name.startswith(("labelled_by", "labeler_", "documents_"))]
    assert len(kept) == 8 and all(after.data.metrics[name] == before.data.metrics[name] for name in kept)
    dataset = artifacts(after.info.run_id, "dataset")
    test = pd.read_parquet(dataset / "test.parquet")
    corrected = int((test["labelled_by"] == "corrected").sum())
    as_vader = (test["vote"] == test["label"]).to_numpy()
    truth = describe_truth(test, {"simple": as_vader})
    assert truth["corrected"] == corrected > 0 and truth["labelers"] == ["vader"]
    assert truth["accuracy"]["labelers"] == as_vader[test["labelled_by"] == "human"].mean()
    assert summarize_truth(truth).endswith(f" the others are from vader, {corrected} of which were corrected")
    # Trained again, they are corrected once more.
    again = select_human_labels(read_dataset(dataset))
    again = again[again["split"] == "test"]
    assert (again["label"] != "").tolist() == (test["labelled_by"] == "human").tolist()
    again = select_corrected_labels(read_dataset(dataset))
    wrong = reviewed[reviewed["label"] == "neg"]
    assert sorted(again["text"]) == sorted(wrong["text"]) and set(again["label"]) == {"neg"}
    assert select_corrected_labels(read_dataset(artifacts(before.info.run_id, "dataset"))).empty


def test_a_label_column_that_is_not_there_is_a_mistake_without_labelers_and_where_it_was_named(tracked, tmp_path):
    corpus = write_corpus(tmp_path, people=0)
    with pytest.raises(UserError, match="no column 'label'.* or have the texts labelled, -P label_by=vader"):
        run_ingest(corpus=corpus)
    with pytest.raises(UserError, match="no column 'stars'"):
        run_ingest(corpus=corpus, label_by=("vader",), label_column="stars")
