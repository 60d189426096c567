"""Labels of a Hugging Face checkpoint as the classes of a corpus."""

import pytest

from sentiment.errors import UserError
from sentiment.model.families.pipeline import match_labels


@pytest.mark.parametrize(
    "labels, classes",
    [
        (["NEGATIVE", "POSITIVE"], ["negative", "positive"]),
        (["POSITIVE", "NEGATIVE"], ["pos", "neg"]),
        (["neg", "neu", "pos"], ["negative", "neutral", "positive"]),
    ],
)
def test_labels_correspond_to_classes_by_their_names(labels, classes):
    assert match_labels(labels, sorted(classes)) == classes


@pytest.mark.parametrize("labels", [["LABEL_0", "LABEL_1"], ["negative", "neutral", "positive"], ["neg", "negative"]])
def test_labels_that_do_not_correspond_are_named_with_the_classes(labels):
    with pytest.raises(UserError, match=rf"\({', '.join(labels)}\) are not the classes of the corpus \(neg, pos\)"):
        match_labels(labels, ["neg", "pos"])
