import io
import warnings

import matplotlib
import numpy as np
import pytest

from sentiment import figures


@pytest.mark.parametrize("found", [(), ("STIXGeneral",)])
def test_signs_that_the_usual_font_lacks_come_from_fonts_that_are_there_or_are_boxes(monkeypatch, found):
    monkeypatch.setattr(figures, "FONTS", (*found, "a font that is nowhere"))
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = figures.new_figure(2, 2)
        figure.suptitle("\u4e2d\u6587")
        figure.savefig(io.BytesIO())
        assert matplotlib.rcParams["font.family"] == ["sans-serif", *found]


@pytest.mark.parametrize("low, high, edge", [(0, 30, None), (5, 1000, None), (0, 420, 400), (3, 25, 22), (7, 7, None)])
def test_every_bin_but_the_first_has_as_many_whole_numbers_and_one_ends_where_it_is_asked_to(low, high, edge):
    edges = figures.integer_edges(low, high, 40, edge)
    assert len(set(np.diff(edges[1:]))) <= 1 and (edges % 1 == 0.5).all() and edges[0] == low - 0.5
    assert edges[0] < low and edges[-1] > high and len(edges) <= 43
    assert edge is None or edge + 0.5 in edges
