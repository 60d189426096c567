import io
import warnings

import numpy as np
import pandas as pd

from sentiment.corpora.profile import plot

NAMES = [f"{number:02} very good value for money but slow delivery" for number in range(12)]


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
