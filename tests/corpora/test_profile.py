import io
import warnings

import numpy as np
import pandas as pd

from sentiment.corpora.profile import describe, examples, plot

NAMES = [f"{number:02} very good value for money but slow delivery" for number in range(12)]
PART = pd.DataFrame(
    [
        ("1", "good", "pos", "human"),
        ("2", "not so\n good", "neg", "human"),
        ("3", "it is not so very good", "neg", "vader"),
        ("4", "bad " * 100, "neg", "human"),
        ("5", "as it  was", "neg", "human"),
    ],
    columns=["id", "text", "label", "labelled_by"],
)


def draw(labels, words):
    texts = [" ".join(["word"] * count) for count in words]
    figure = plot({"train": pd.DataFrame({"text": texts, "label": labels})})
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib says where there is no room for the axes
        figure.savefig(io.BytesIO())
    return figure


def test_long_names_of_classes_are_shortened_and_cover_no_axes():
    figure = draw(NAMES * 5, [3] * 60)
    left, right = figure.axes
    assert [label.get_text() for label in left.get_yticklabels()][0] == "00 very good value for m…"
    assert left.get_legend() is None and right.get_legend() is None
    for axes in figure.axes:  # the titles do not run past the figure
        box = axes.title.get_window_extent()
        assert figure.bbox.x0 < box.x0 and box.x1 < figure.bbox.x1


def test_of_very_many_classes_the_largest_are_drawn():
    left, _ = draw([f"class {number}" for number in range(200)] * 2 + ["class 199"], [3] * 401).axes
    shown = [label.get_text() for label in left.get_yticklabels()]
    assert len(shown) == 30 and "class 199" in shown and left.get_title() == "The 30 largest of 200 classes"


def test_lengths_without_gaps_are_drawn_without_gaps():
    _, right = draw(NAMES, np.repeat([4, 5, 6, 7], 3)).axes
    bars = [bar for bar in right.patches if bar.get_height()]
    assert [bar.get_height() for bar in bars] == [3, 3, 3, 3] and [bar.get_x() for bar in bars] == [3.5, 4.5, 5.5, 6.5]


def test_a_profile_has_the_texts_of_each_class_their_words_and_who_gave_the_labels():
    found = describe({"train": PART, "test": PART[:1].drop(columns="labelled_by")})
    assert found["train"]["documents"] == 5 and found["train"]["classes"] == {"neg": 4, "pos": 1}
    assert found["train"]["labelled_by"] == {"human": 4, "vader": 1} and "labelled_by" not in found["test"]
    quantiles = found["train"]["length_quantiles"]
    assert [quantiles[share] for share in ("0", "0.25", "0.5", "0.75", "1")] == [1, 3, 3, 6, 100]


def test_examples_are_the_first_texts_of_each_class_cut_short():
    shown = examples(PART, count=3, width=10)
    assert shown["id"].tolist() == ["2", "3", "4", "1"] and shown["text"].tolist()[2] == "bad bad ba"
