import pandas as pd

from sentiment.monitoring.metrics import text_metrics


def test_each_of_two_classes_that_differ_in_signs_alone_has_its_own_figures():
    predicted = ["gut?"] * 3 + ["gut!"]
    batch = pd.DataFrame({"predicted": predicted, "label": ["gut?", "gut?", "gut!", "gut!"]})
    batch = batch.assign(score=0.9, words=3, unknown=0.0)
    found = text_metrics(batch, ["gut!", "gut?"])
    named = ("data/share.gut_", "quality/precision.gut_", "quality/recall.gut_")
    assert [found[name] for name in named] == [0.25, 1, 0.5]
    assert [found[f"{name} 2"] for name in named] == [0.75, 2 / 3, 1]
    alone = text_metrics(batch[:3], ["gut!", "gut?"])
    assert (alone["data/share.gut_"], alone["data/share.gut_ 2"]) == (0, 1)  # also where one does not occur
